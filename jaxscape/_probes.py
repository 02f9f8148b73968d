"""The measurements behind `check`: numbers only, no verdicts.

Steps are in typical lengths, `max(1, rms(x))`; directions have an rms of one, so that every
coordinate moves by about the step. Everything is evaluated in blocks of `ROWS` points, so that
a check compiles two functions only.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxscape.surface import Surface, lane_energy

ROWS = 32
NEARBY = 0.3  # how far `jump_nearby` looks, in typical lengths


def energies_and_gradients(surface: Surface, points):
    """Float64 NumPy energies `[...]` and gradients `[..., dim]` of points `[..., dim]`."""
    points = np.asarray(points)
    flat = points.reshape(-1, points.shape[-1])
    energy, gradient = _in_blocks(lambda block: _values(surface, block), flat)
    return energy.reshape(points.shape[:-1]), gradient.reshape(points.shape)


def hessian_times(surface: Surface, x, directions):
    """Float64 NumPy Hessian-vector products at `x`, `[k, dim]` like `directions`."""
    return _in_blocks(lambda block: (_products(surface, x, block),), np.asarray(directions))[0]


def columns_agree(surface: Surface, x) -> bool:
    """Whether points in columns have the energies they have one at a time."""
    if not getattr(surface.function, "trailing_lanes", False):
        return True
    points = jnp.stack([x, 1.01 * x], axis=1)
    try:
        together = np.asarray(eqx.filter_jit(lane_energy)(surface, points))
    except Exception:  # a user's function may raise anything
        return False
    single, _ = energies_and_gradients(surface, points.T)
    tolerance = 1e4 * np.finfo(x.dtype).eps
    return together.shape == single.shape and bool(
        np.allclose(together, single, rtol=tolerance, atol=tolerance, equal_nan=True)
    )


def noise_levels(surface: Surface, x, key) -> tuple[float, float]:
    """How far rounding moves energy and gradient: their scatter a few ulps away from `x`."""
    eps = float(np.finfo(x.dtype).eps)
    moves = 4 * eps * _length(x) * jax.random.normal(key, (8, x.size), x.dtype)
    points = np.concatenate([np.asarray(x)[None], np.asarray(x + moves)])
    moves = points[1:].astype(float) - points[0].astype(float)
    energy, gradient = energies_and_gradients(surface, points)
    drift = hessian_times(surface, x, moves.astype(x.dtype))
    return (
        float(np.max(np.abs(energy[1:] - energy[0] - moves @ gradient[0])) + eps * abs(energy[0])),
        float(np.max(np.abs(gradient[1:] - gradient[0] - drift)) + eps * np.max(np.abs(gradient))),
    )


def jump_at(surface: Surface, x, key, noise: float) -> float | None:
    """The difference of one-sided slopes that stays as the step shrinks, None if it goes.

    Where slopes are continuous it goes in proportion to the step; at a kink it stays, and at
    a step of the energy it grows.
    """
    steps = 3e-2 / 4.0 ** np.arange(3) if _single(x) else 1e-3 / 8.0 ** np.arange(5)
    steps = (_length(x) * steps).astype(x.dtype)
    x = _inside(surface, x, steps[0])
    moves = steps[:, None, None] * _directions(key, x)
    energy, _ = energies_and_gradients(surface, np.asarray(x) + np.stack([moves, -moves]))
    middle = energies_and_gradients(surface, np.asarray(x)[None])[0][0]
    jumps = np.abs(energy[0] - 2 * middle + energy[1]) / steps[:, None]
    slopes = np.abs(energy[0] - energy[1])[-1] / (2 * steps[-1])
    floor = 50 * noise / steps[-1] + 1e-4 * np.max(slopes)
    stays = (jumps[-1] > 0.3 * jumps[0]) & (jumps[-1] > floor)
    return float(np.max(jumps[-1][stays])) if stays.any() else None


def jump_nearby(surface: Surface, x, key) -> tuple[float, str]:
    """Distance to a place where values are not finite or jump, and which of the two.

    Walks along random lines, then halves the interval over which the slope changes most:
    a smooth slope changes less and less, a kink keeps its jump, and a step of the energy
    stands for ever steeper slopes.
    """
    grid, halvings = 24, 10 if _single(x) else 16
    directions = _directions(key, x)
    directions = np.concatenate([directions, -directions])
    reach = _reach(surface, x, directions)

    def measured(t):
        shape = (len(directions), *(1,) * (t.ndim - 1), x.size)
        points = np.asarray(x) + t[..., None].astype(x.dtype) * directions.reshape(shape)
        energy, gradient = energies_and_gradients(surface, points)
        return t, energy, np.sum(gradient * directions.reshape(shape), axis=-1)

    ends = measured(np.linspace(0.0, 1.0, grid + 1)[None, :] * reach[:, None])
    bad = ~(np.isfinite(ends[1]) & np.isfinite(ends[2]))
    if bad.any():
        return float(np.min(ends[0][bad])), "not finite"
    at_a, at_b = [v[:, :-1] for v in ends], [v[:, 1:] for v in ends]
    worst = np.argmax(np.add(*_change(at_a, at_b)), axis=1)[:, None]
    at_a, at_b = ([np.take_along_axis(v, worst, 1)[:, 0] for v in at] for at in (at_a, at_b))
    first = np.add(*_change(at_a, at_b))
    before = first
    for halving in range(halvings):
        if halving == halvings - 4:
            before = _change(at_a, at_b)[0]
        middle = measured(0.5 * (at_a[0] + at_b[0]))
        left = np.add(*_change(at_a, middle)) >= np.add(*_change(middle, at_b))
        at_a, at_b = (
            [np.where(left, u, v) for u, v in zip(at_a, middle, strict=True)],
            [np.where(left, u, v) for u, v in zip(middle, at_b, strict=True)],
        )
    slope, step = _change(at_a, at_b)
    eps = float(np.finfo(x.dtype).eps)
    height = np.maximum(np.abs(at_a[1]), np.abs(at_b[1]))
    floor = 50 * eps * height / np.maximum(at_b[0] - at_a[0], 1e-300)
    # A narrow peak is steep as well, but its slope changes ever less over the last intervals.
    steepest = np.maximum(np.max(np.abs(ends[2]), axis=1) / 10, np.abs(at_a[2]))
    floor += (1e-1 if _single(x) else 1e-3) * np.maximum(steepest, np.abs(at_b[2]))
    kink = (slope > 0.5 * before) & (slope > floor)
    cliff = (step > 0.2 * 2**halvings * first) & (step > floor)
    if not (kink | cliff).any():
        return 0.0, ""
    return float(np.min(at_a[0][kink | cliff])), "kink"


def central_differences(surface: Surface, x, key, noises) -> tuple[float, float]:
    """Largest relative differences from extrapolated central differences: gradient, Hessian.

    Energies are differenced for the first, gradients for the second; what rounding (`noises`)
    and the remaining curvature can account for is taken off.
    """
    h = float(np.finfo(x.dtype).eps ** 0.25) * _length(x)
    x = _inside(surface, x, 2 * h)
    directions = _directions(key, x)
    moves = np.array([h, -h, 2 * h, -2 * h], x.dtype)[:, None, None] * directions
    energy, gradient = energies_and_gradients(surface, np.asarray(x) + moves)
    slopes = directions @ energies_and_gradients(surface, np.asarray(x)[None])[1][0]
    products = hessian_times(surface, x, directions)
    results = []
    for values, exact, noise in zip((energy, gradient), (slopes, products), noises, strict=True):
        near, far = (values[0] - values[1]) / (2 * h), (values[2] - values[3]) / (4 * h)
        slack = 8 * noise / h + np.abs(near - far)
        excess = np.maximum(np.abs((4 * near - far) / 3 - exact) - slack, 0.0)
        size = max(float(np.max(np.abs(exact))), float(np.max(np.abs(near))), noise / h)
        results.append(float(np.max(excess)) / size if size > 0 else 0.0)
    return results[0], results[1]


def image_energies(surface: Surface, x, noise: float) -> tuple[float, float]:
    """How far images of `x` under the symmetry differ in energy, and what rounding allows."""
    start = np.asarray(x, float)
    images = [start, *(surface.symmetry.random_image(start, seed) for seed in range(4))]
    energy, gradient = energies_and_gradients(surface, np.stack(images).astype(x.dtype))
    eps = float(np.finfo(x.dtype).eps)
    steepness = float(np.sum(np.abs(gradient[0]))) * _length(x)
    allowed = 100 * noise + 1e3 * eps * (abs(float(energy[0])) + steepness)
    return float(np.max(np.abs(energy - energy[0]))), allowed


def unexplained_zeros(surface: Surface, x) -> tuple[int | None, int]:
    """Zero Hessian eigenvalues beyond the symmetry's zero modes, and how many those are.

    None where rounding hides the softest eigenvalues: at steep points, and in float32.
    """
    modes = np.asarray(surface.symmetry.zero_modes(x), float).reshape(-1, x.size)
    modes = modes[np.sum(modes**2, axis=1) > 0.5]
    if _single(x):
        return None, len(modes)
    hessian = hessian_times(surface, x, np.eye(x.size, dtype=x.dtype))
    beyond = np.linalg.svd(modes)[2][len(modes) :] if len(modes) else np.eye(x.size)
    if not len(beyond):
        return 0, len(modes)
    sizes = np.abs(np.linalg.eigvalsh(beyond @ (hessian + hessian.T) @ beyond.T)) / 2
    largest = float(np.max(sizes))
    if largest == 0.0:
        return len(sizes), len(modes)
    rounding = 100 * float(np.finfo(x.dtype).eps) * largest
    typical = float(np.median(sizes[sizes > 0]))
    if rounding > 1e-3 * typical:
        return None, len(modes)
    return int(np.sum(sizes < max(rounding, 1e-9 * typical))), len(modes)


def _single(x) -> bool:
    return x.dtype != np.float64


def _length(x) -> float:
    return max(1.0, float(np.sqrt(np.mean(np.square(x, dtype=float)))))


def _directions(key, x, most: int = 12):
    """Random directions, and the coordinate axes where they are few."""
    vectors = np.asarray(jax.random.normal(key, (most, x.size), x.dtype))
    vectors = vectors / np.sqrt(np.mean(vectors**2, axis=1, keepdims=True))
    axes = np.eye(x.size, dtype=x.dtype)
    return np.concatenate([vectors, axes]) if x.size <= most else vectors


def _inside(surface, x, margin):
    """`x` moved off the bounds, so that steps to both sides stay in the box."""
    if surface.lower is None or surface.upper is None:
        return x
    room = jnp.minimum(margin * np.sqrt(x.size), 0.5 * (surface.upper - surface.lower))
    return jnp.clip(x, surface.lower + room, surface.upper - room).astype(x.dtype)


def _reach(surface, x, directions):
    """How far each line goes: `NEARBY`, or to the wall of the box."""
    far = np.full(len(directions), NEARBY * _length(x))
    if surface.lower is None or surface.upper is None:
        return far
    wall = np.where(directions > 0, surface.upper, surface.lower) - np.asarray(x)
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(directions == 0, np.inf, wall / directions)
    return np.clip(np.min(room, axis=1), 0.0, far)


def _change(at_a, at_b):
    """Change of slope over an interval, and the mean slope that the slopes do not account for."""
    (a, energy_a, slope_a), (b, energy_b, slope_b) = at_a, at_b
    secant = (energy_b - energy_a) / np.maximum(b - a, 1e-300)
    step = np.where(b > a, np.abs(secant - 0.5 * (slope_a + slope_b)), 0.0)
    return np.abs(slope_b - slope_a), step


def _in_blocks(function, rows):
    """Apply `function` to blocks of `ROWS` rows, the last one filled up."""
    fill = -len(rows) % ROWS
    padded = np.concatenate([rows, np.repeat(rows[-1:], fill, axis=0)])
    blocks = [function(padded[i : i + ROWS]) for i in range(0, len(padded), ROWS)]
    return [np.concatenate(part).astype(float)[: len(rows)] for part in zip(*blocks, strict=True)]


@eqx.filter_jit
def _values(surface, points):
    return jax.vmap(jax.value_and_grad(surface.function))(points)


@eqx.filter_jit
def _products(surface, x, directions):
    gradient = jax.grad(surface.function)
    _, push = jax.linearize(gradient, x)
    return jax.vmap(push)(directions)
