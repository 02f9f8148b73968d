"""Is this function fit for exploring? Looked at around one point, before any search."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxscape._probes import (
    NEARBY,
    central_differences,
    columns_agree,
    energies_and_gradients,
    hessian_times,
    image_energies,
    jump_at,
    jump_nearby,
    noise_levels,
    unexplained_zeros,
)
from jaxscape.surface import Surface, as_surface, check_scalar

LARGEST_HESSIAN = 200


@dataclasses.dataclass(frozen=True)
class Finding:
    """One question asked of a surface: what it was, the answer, and what to do about it."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{'ok     ' if self.ok else 'PROBLEM'}  {self.name}: {self.detail}"
        return f"{line}\n         -> {self.remedy}" if self.remedy else line


@dataclasses.dataclass(frozen=True)
class CheckReport:
    """What `check` found; prints as one line a question."""

    name: str
    dim: int
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """True where nothing stands in the way of a search."""
        return all(finding.ok for finding in self.findings)

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that do stand in the way."""
        return tuple(finding for finding in self.findings if not finding.ok)

    def __str__(self) -> str:
        verdict = "fit for exploring" if self.ok else f"{len(self.problems)} problem(s)"
        title = f"{self.name}, {self.dim} coordinates: {verdict}"
        return "\n".join([title, *map(str, self.findings)])


def check(surface, x: Float[Array, " dim"], *, key: PRNGKeyArray | None = None) -> CheckReport:
    """Examine a function around a point: is it a smooth, real energy with the symmetry it claims?

    **Arguments:**

    - `surface`: a `Surface` or a bare callable `x[dim] -> scalar`.
    - `x`: the point to look around, `[dim]`, best a typical start rather than a minimum.
    - `key`: seeds the random directions and images; the same key gives the same report.

    **Returns:** a `CheckReport`; `report.ok`, and `print(report)` for a line per question with
    a remedy where there is a problem. Compared are the gradient with differences of energies,
    Hessian-vector products with differences of gradients, and energies of symmetry images; looked
    for are values that are not finite, kinks and steps at `x` and nearby, and zero Hessian
    eigenvalues beyond those of the symmetry (up to 200 coordinates).

    **Raises:** `ValueError` if `x` is not one point of floating-point numbers, or has another
    width than the surface.

    >>> check(lambda x: jnp.sum(x**4 + x**2), jnp.array([0.5, -1.0])).ok
    True
    """
    surface = as_surface(surface)
    x = _one_point(surface, x)
    key = jax.random.key(0) if key is None else key
    findings = [*_of_input(surface, x)]
    output = _of_output(surface, x)
    findings.append(output)
    if output.ok and findings[0].ok:
        finite = _of_finiteness(surface, x)
        findings.append(finite)
        if finite.ok:
            findings += _of_derivatives(surface, x, key)
    return CheckReport(surface.name, x.size, tuple(findings))


def _one_point(surface: Surface, x):
    x = jnp.asarray(x)
    if x.ndim != 1:
        raise ValueError(f"x has shape {x.shape}; pass one point [dim], such as x0[0]")
    if x.size == 0:
        raise ValueError("x is empty; pass one point [dim]")
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise ValueError(f"x holds {x.dtype}; pass floating-point numbers")
    if surface.dim is not None and x.size != surface.dim:
        raise ValueError(f"x has {x.size} coordinates, {surface.name!r} takes {surface.dim}")
    return x


def _of_input(surface, x):
    bad = int(np.sum(~np.isfinite(x)))
    yield Finding(
        "point",
        bad == 0,
        f"{x.size} finite numbers" if bad == 0 else f"{bad} of {x.size} numbers are not finite",
        "" if bad == 0 else "start from a point without NaN or infinity",
    )
    if x.dtype == jnp.float64:
        yield Finding("dtype", True, "float64")
    else:
        yield Finding(
            "dtype",
            True,
            f"{x.dtype}: gradients are good to about 1e-4",
            "for certificates of 1e-8, jax.config.update('jax_enable_x64', True) first",
        )
    if surface.lower is not None and surface.upper is not None and bad == 0:
        outside = int(np.sum((x < surface.lower) | (x > surface.upper)))
        yield Finding(
            "bounds",
            outside == 0,
            "inside" if outside == 0 else f"{outside} coordinates are outside the bounds",
            "" if outside == 0 else "move the point into the box, or correct bounds=",
        )


def _of_output(surface, x):
    remedy = "return one real number of shape (), with jax.numpy operations only"
    try:
        check_scalar(surface, x)
        energy = jax.eval_shape(surface.function, x)
        value = float(energies_and_gradients(surface, x[None])[0][0])
    except Exception as error:  # whatever the user's function raises belongs into the report
        return Finding("output", False, str(error).split("\n")[0], remedy)
    if energy.dtype != x.dtype:
        return Finding(
            "output",
            False,
            f"{energy.dtype} for a point of {x.dtype}",
            f"keep {x.dtype} inside the function: look for arrays of another dtype, or casts",
        )
    if not columns_agree(surface, x):
        return Finding(
            "output",
            False,
            "points in columns give other energies than one at a time",
            "sum over axis 0 only, or drop the attribute trailing_lanes",
        )
    return Finding("output", True, f"a real scalar, {value:.8g} at x")


def _of_finiteness(surface, x):
    energy, gradient = energies_and_gradients(surface, x[None])
    curvature = hessian_times(surface, x, jnp.ones_like(x)[None])
    for what, value in (
        ("energy", energy),
        ("gradient", gradient),
        ("Hessian-vector product", curvature),
    ):
        bad = int(np.sum(~np.isfinite(value)))
        if bad:
            where = "" if value.size == 1 else f" in {bad} of {value.size} coordinates"
            return Finding(
                "finite",
                False,
                f"the {what} is not finite{where}",
                "look for divisions by zero, logarithms, and roots whose argument reaches zero; "
                "in jnp.where both branches are differentiated, so guard the argument as well",
            )
    return Finding("finite", True, "energy, gradient and Hessian-vector product")


def _of_derivatives(surface, x, key):
    keys = jax.random.split(key, 3)
    noises = noise_levels(surface, x, keys[0])
    jump = jump_at(surface, x, keys[1], noises[0])
    if jump is not None:
        yield Finding(
            "smooth at x",
            False,
            f"one-sided slopes differ by {jump:.3g}, however small the step",
            "a kink or a step: replace abs, max, round or relu by smooth forms, "
            "or do not expect certificates here",
        )
        return
    yield Finding("smooth at x", True, "one-sided slopes agree")
    yield _smooth_nearby(surface, x, keys[1])
    wanted = 1e-5 if x.dtype == jnp.float64 else 2e-2
    remedy = "look for custom derivatives, stop_gradient, integer or cast steps, randomness"
    slope, curvature = central_differences(surface, x, keys[2], noises)
    for name, differs, source in (
        ("gradient", slope, "energies"),
        ("Hessian-vector product", curvature, "gradients"),
    ):
        detail = f"within {differs:.1e} of differences of {source}"
        ok = differs <= wanted
        yield Finding(name, ok, detail, "" if ok else remedy)
    symmetric = _symmetric(surface, x, noises[0])
    yield symmetric
    if symmetric.ok and x.size <= LARGEST_HESSIAN:
        yield _flat(surface, x)


def _smooth_nearby(surface, x, key):
    distance, kind = jump_nearby(surface, x, key)
    if kind == "not finite":
        return Finding(
            "smooth nearby",
            False,
            f"energy or gradient is not finite at a distance of {distance:.3g}",
            "give bounds= that keep searches out of that region, or extend the function smoothly",
        )
    if kind == "kink":
        return Finding(
            "smooth nearby",
            False,
            f"energy or gradient jumps at a distance of {distance:.3g}",
            "replace abs, max, round or relu by smooth forms: searches that end on a kink "
            "report STALLED",
        )
    return Finding("smooth nearby", True, f"no kink found within {NEARBY:g} typical lengths")


def _symmetric(surface, x, noise):
    name = surface.symmetry.describe().split("(")[0]
    remedy = (
        "the function is not invariant: correct or drop symmetry= (unlike atoms need species=, "
        "an external field has no rotations, chirality needs inversion=False)"
    )
    try:
        worst, allowed = image_energies(surface, x, noise)
    except (ValueError, IndexError, TypeError) as error:
        return Finding("symmetry", False, f"{name} does not fit: {error}", remedy)
    detail = f"{name}: images differ in energy by {worst:.1e}"
    return Finding("symmetry", worst <= allowed, detail, "" if worst <= allowed else remedy)


def _flat(surface, x):
    extra, explained = unexplained_zeros(surface, x)
    name, beyond = "zero eigenvalues", f"beyond the {explained} of the symmetry"
    if extra is None:
        hint = "look again in float64 and closer to a minimum"
        return Finding(name, True, "lost in rounding at this point", hint)
    if extra == 0:
        return Finding(name, True, f"none {beyond}")
    remedy = (
        "a coordinate without effect, or a symmetry not declared: pass symmetry=, "
        "fix the coordinate, or add l2="
    )
    return Finding(name, False, f"{extra} {beyond}", remedy)
