"""A function with what belongs to it: bounds, symmetry, and where to start."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from jaxscape._compilation import jit_quickly
from jaxscape._linear_algebra import over_columns
from jaxscape.losses import LossFunction, Metrics, NormalStarts, RaveledStarts, Unravel, measured
from jaxscape.symmetry import NoSymmetry, Symmetry
from jaxscape.units import Units as Units


class Surface(eqx.Module):
    """A scalar function of a flat vector, ready to be explored.

    **Arguments:**

    - `function`: any differentiable JAX callable `x[dim] -> scalar`, closures and Equinox
      modules included.
    - `bounds`: `(lower, upper)`, each a number or `[dim]`; searches stay inside.
    - `symmetry`: which points are the same, see `jaxscape.symmetry`.
    - `sampler`: `sampler(key) -> x[dim]`, a random start. Without one, `sample` draws
      uniformly within finite bounds.
    - `dim`: the width of `x`, where it is known.
    - `scale`: a length over which the function changes its character (a bond, the width of
      a basin); caps on steps are multiples of it. Default: a tenth of the narrowest
      finite bounds, else 1.
    - `name`, `units`: for tables and plots.
    - `tolerance`: where gradients carry noise (those of other programs), the default largest
      root-mean-square gradient of searches. They then also forgive a rise in energy of a tenth
      of it per `scale`. Default: what the floating-point type allows.

    A surface whose function has the class attribute `trailing_lanes = True` is evaluated on
    `[dim, lanes]` directly instead of through `vmap`: every point in one column. If it also has
    a method `products(x, v[k]) -> (energy, gradient, k Hessian-vector products)`, searches use
    that instead of differentiating its gradient.

    >>> surface = Surface(lambda x: jnp.sum(x**2), bounds=(-1.0, 1.0), dim=2)
    >>> float(surface(jnp.ones(2)))
    2.0
    """

    function: Callable
    symmetry: Symmetry
    lower: Array | None
    upper: Array | None
    sampler: Callable | None
    unflatten: Unravel | None
    scale: Array
    dim: int | None = eqx.field(static=True)
    name: str = eqx.field(static=True)
    units: Units = eqx.field(static=True)
    metrics: Metrics = eqx.field(static=True)
    tolerance: float | None = eqx.field(static=True)

    def __init__(
        self,
        function: Callable,
        *,
        bounds=None,
        symmetry: Symmetry | None = None,
        sampler: Callable | None = None,
        dim: int | None = None,
        scale: float | None = None,
        name: str = "",
        units: Units | None = None,
        unflatten: Unravel | None = None,
        metrics: Mapping[str, Callable] | None = None,
        tolerance: float | None = None,
    ):
        if not callable(function):
            raise ValueError(
                f"function is a {type(function).__name__}, not a callable: "
                "pass a JAX function of one flat vector x[dim] that returns a scalar"
            )
        if symmetry is not None and not isinstance(symmetry, Symmetry):
            raise ValueError(
                f"symmetry is {symmetry!r}; pass one of jaxscape.symmetry, such as "
                "Cluster() for atoms, or None"
            )
        self.function = function
        self.symmetry = NoSymmetry() if symmetry is None else symmetry
        self.lower, self.upper = _checked_bounds(bounds, dim)
        self.sampler = sampler
        self.unflatten = unflatten
        self.metrics = Metrics(metrics)
        self.scale = jnp.asarray(_default_scale(self) if scale is None else scale, float)
        self.dim = dim
        self.name = name or getattr(function, "__name__", type(function).__name__)
        self.units = units or Units()
        if tolerance is not None and not 0 < tolerance < float("inf"):
            raise ValueError(f"tolerance is {tolerance}; it must be a positive number, or None")
        self.tolerance = None if tolerance is None else float(tolerance)

    @staticmethod
    def from_loss(
        loss: Callable,
        params: Any,
        *args: Any,
        l2: float = 0.0,
        symmetry: Symmetry | Callable[..., Symmetry] | None = None,
        sampler: Callable | None = None,
        bounds=None,
        frozen: Iterable[str] | str | Callable[[str], bool] = (),
        chunk: int | None = None,
        metrics: Mapping[str, Callable] | None = None,
        name: str = "",
    ) -> "Surface":
        """A surface over the parameters of a model.

        **Arguments:**

        - `loss`: `loss(params, *args) -> scalar`, the same number for the same parameters.
        - `params`: any pytree; its floating-point arrays are the coordinates, everything else
          stays as it is. Equinox modules, Flax `linen` dictionaries, `nnx` modules and their
          states, Haiku's dictionaries. Batch statistics are held, dropout is switched off.
        - `args`: data and whatever else the loss takes; arrays in it are traced, so that other
          data of the same shapes compile nothing.
        - `l2`: adds `l2 * sum(x**2)`, the usual cure for flat directions.
        - `symmetry`: a `Symmetry`, or `jaxscape.symmetry.find_relabelling`, which looks for
          interchangeable neurons by trying.
        - `sampler`: `sampler(key) -> params`, a freshly initialised model; without one,
          starts are normal with the spread of `params`.
        - `frozen`: parameters that keep their values, by name (`"first.bias"`), by what they
          belong to (`"first"`), by pattern (`"*.bias"`), or a function of a name.
        - `chunk`: samples evaluated at a time, for data that do not fit into memory at once. All
          arrays in `args` then have the samples as leading axis, and the loss is their mean or sum.
        - `metrics`: functions of `params` such as `{"accuracy": accuracy_on_other_data}`, see
          `measure`; plots colour minima by their names.

        **Returns:** a surface that also has `.ravel(params) -> x` and `.unravel(x) -> params`.
        Points have JAX's default float type, whatever that of `params`.

        **Raises:** `ValueError` if there is nothing to vary in `params`, or the loss is not a
        scalar, not finite at `params`, or not the same twice.

        >>> s = Surface.from_loss(lambda p, y: jnp.sum((p["w"] - y) ** 2), {"w": jnp.ones(3)}, 2.0)
        >>> s.dim, float(s(s.ravel({"w": jnp.zeros(3)})))
        (3, 12.0)
        """
        function = LossFunction(loss, params, args, l2, frozen, chunk)
        layout = function.layout
        function.check()
        if symmetry is not None and not isinstance(symmetry, Symmetry):
            if not callable(symmetry):
                raise ValueError(
                    f"symmetry is {symmetry!r}; pass one of jaxscape.symmetry, or None"
                )
            symmetry = symmetry(function)
        return Surface(
            function,
            bounds=bounds,
            symmetry=symmetry,
            sampler=RaveledStarts(sampler, layout) if sampler else NormalStarts(function.start),
            dim=layout.dim,
            scale=3.0,  # weights of trained networks are of order one to ten
            name=name or getattr(loss, "__name__", type(loss).__name__),
            units=Units("loss", ""),
            unflatten=Unravel(function.rest, layout),
            metrics=metrics,
        )

    def __call__(self, x: Float[Array, " dim"]) -> Float[Array, ""]:
        return self.function(x)

    @property
    def costly(self) -> bool:
        """Whether points that need no answer are better not asked for; set by the function."""
        return getattr(self.function, "costly", False)

    def value_and_grad(self, x: Float[Array, " dim"]):
        """Energy and gradient at one point."""
        return jax.value_and_grad(self.function)(x)

    def hvp(self, x: Float[Array, " dim"], v: Float[Array, " dim"]) -> Float[Array, " dim"]:
        """Hessian-vector product at one point, without a Hessian."""
        return jax.jvp(jax.grad(self.function), (x,), (v,))[1]

    def hessian(self, x: Float[Array, " dim"]) -> Float[Array, "dim dim"]:
        """The dense Hessian at one point."""
        return jax.hessian(self.function)(x)

    def sample(self, key: PRNGKeyArray, n: int) -> Float[Array, "n dim"]:
        """`n` random starting points.

        **Raises:** `ValueError` if the surface has neither a sampler nor finite bounds.
        """
        if n < 1:
            raise ValueError(f"n is {n}; ask for at least one starting point")
        return _sampled(self.sampler or self._uniform_sampler(), key, n)

    def ravel(self, params: Any) -> Float[Array, " dim"]:
        """Parameters as a flat point (surfaces made by `from_loss`)."""
        return self._unraveler().layout.ravel(params)

    def unravel(self, x: Float[Array, " dim"]) -> Any:
        """A flat point as parameters (surfaces made by `from_loss`)."""
        return self._unraveler()(jnp.asarray(x))

    def positions(self) -> dict[str, Int[np.ndarray, "..."]]:
        """For each parameter by name, which coordinates its entries are (`from_loss`)."""
        return self._unraveler().layout.positions()

    def measure(
        self, x: Float[Array | np.ndarray, "batch dim"]
    ) -> dict[str, Float[np.ndarray, " batch"]]:
        """The `metrics` of the surface at every row of `x`, one point after the other.

        >>> def size(params):
        ...     return jnp.max(jnp.abs(params))
        >>> s = Surface.from_loss(jnp.sum, jnp.ones(2), metrics={"size": size})
        >>> s.measure(np.array([[1.0, -3.0]]))["size"].tolist()
        [3.0]
        """
        if not self.metrics:
            raise ValueError(f"surface {self.name!r} has no metrics: pass metrics= to from_loss")
        x = jnp.asarray(x)
        if x.ndim != 2:
            raise ValueError(f"x has shape {x.shape}; pass points as rows [batch, dim]")
        return measured(self.metrics, self.unflatten, x)

    def _unraveler(self) -> Unravel:
        if self.unflatten is None:
            raise ValueError("this surface was not made by Surface.from_loss: points are flat")
        return self.unflatten

    def _uniform_sampler(self):
        if self.lower is None or self.upper is None:
            raise ValueError(
                f"surface {self.name!r} has no sampler and no bounds: "
                "pass sampler=, bounds=, or your own starting points x0"
            )
        if self.dim is None and np.ndim(self.lower) == 0 and np.ndim(self.upper) == 0:
            raise ValueError("bounds are plain numbers: pass dim= to Surface as well")
        shape = (self.dim,) if self.dim else np.broadcast_shapes(self.lower.shape, self.upper.shape)
        return _Uniform(jnp.broadcast_to(self.lower, shape), jnp.broadcast_to(self.upper, shape))


def as_surface(surface) -> Surface:
    """A surface as it is; a bare callable wrapped."""
    return surface if isinstance(surface, Surface) else Surface(surface)


def check_scalar(surface: Surface, x) -> None:
    """Raise `ValueError` unless the function maps a point like `x` to one real number."""
    shape = jax.ShapeDtypeStruct(np.shape(x), jnp.result_type(x))
    try:
        out = jax.eval_shape(surface.function, shape)
    except (TypeError, ValueError, IndexError) as error:
        raise ValueError(
            f"function {surface.name!r} cannot be evaluated at a point of shape {shape.shape}: "
            f"{error}"
        ) from error
    if not hasattr(out, "shape") or out.shape != ():
        found = getattr(out, "shape", type(out).__name__)
        raise ValueError(
            f"function {surface.name!r} returns {found}, not a scalar: "
            "sum or average it to one number of shape ()"
        )
    if not jnp.issubdtype(out.dtype, jnp.floating):
        raise ValueError(
            f"function {surface.name!r} returns {out.dtype}, not a real floating-point number"
        )


def lane_energy(surface: Surface, x: Float[Array, "dim *lanes"]) -> Float[Array, "*lanes"]:
    """Energies of points in columns."""
    if x.ndim == 1 or getattr(surface.function, "trailing_lanes", False):
        return surface.function(x)
    return _over_lanes(surface.function, 0, x)


def lane_value_and_grad(surface: Surface, x: Float[Array, "dim *lanes"]):
    """Energies `[*lanes]` and gradients `[dim, *lanes]` of points in columns."""
    if x.ndim == 1 or getattr(surface.function, "trailing_lanes", False):
        energy, pullback = jax.vjp(surface.function, x)
        return energy, pullback(jnp.ones_like(energy))[0]
    return _over_lanes(jax.value_and_grad(surface.function), (0, -1), x)


def lane_hvp(surface: Surface, x: Float[Array, "dim *lanes"], v: Float[Array, "k dim *lanes"]):
    """Energy, gradient and `k` Hessian-vector products of points in columns."""
    products = getattr(surface.function, "products", None)
    if products is not None:
        return products(x, v)

    def gradient(y):
        energy, grad = lane_value_and_grad(surface, y)
        return grad, energy

    def push(t):
        return jax.jvp(gradient, (x,), (t,), has_aux=True)

    grad, hv, energy = jax.vmap(push, out_axes=(None, 0, None))(v)
    return energy, grad, hv


def lane_hessian(surface: Surface, x: Float[Array, "dim *lanes"]):
    """Energy, gradient and dense Hessian `[dim, dim, *lanes]` of points in columns."""
    direct = getattr(surface.function, "energy_gradient_hessian", None)
    if direct is not None:
        return direct(x)
    eye = jnp.eye(x.shape[0], dtype=x.dtype).reshape(*x.shape[:1] * 2, *(1,) * (x.ndim - 1))
    return lane_hvp(surface, x, jnp.broadcast_to(eye, (x.shape[0], *x.shape)))


def _over_lanes(function, out_axes, x):
    flat = x.reshape(x.shape[0], -1)
    out = over_columns(function, out_axes, flat)
    return jax.tree.map(lambda leaf: leaf.reshape(*leaf.shape[:-1], *x.shape[1:]), out)


def _checked_bounds(bounds, dim):
    if bounds is None:
        return None, None
    try:
        lower, upper = bounds
    except (TypeError, ValueError):
        raise ValueError(f"bounds is {bounds!r}; pass (lower, upper)") from None
    dtype = jnp.result_type(float)
    pair = []
    for side, value in (("lower", lower), ("upper", upper)):
        value = np.asarray(value, dtype)
        if value.ndim > 1 or (value.ndim == 1 and dim is not None and value.shape != (dim,)):
            expected = "a number or one per coordinate" if dim is None else f"a number or [{dim}]"
            raise ValueError(f"the {side} bound has shape {value.shape}; pass {expected}")
        if np.isnan(value).any():
            raise ValueError(f"the {side} bound contains NaN; use -inf or inf for no bound")
        pair.append(value)
    if pair[0].ndim == pair[1].ndim == 1 and pair[0].shape != pair[1].shape:
        raise ValueError(
            f"the bounds have shapes {pair[0].shape} and {pair[1].shape}; give both the same"
        )
    if not np.all(pair[0] < pair[1]):
        raise ValueError(f"bounds are crossed: lower {pair[0]} is not below upper {pair[1]}")
    return jnp.asarray(pair[0]), jnp.asarray(pair[1])


@jit_quickly
def _sampled(sampler, key, n):
    """Sample `i` uses `fold_in(key, i)`."""
    keys = jax.vmap(lambda i: jax.random.fold_in(key, i))(jnp.arange(n))
    return jax.vmap(sampler)(keys)


def _default_scale(surface):
    if surface.lower is None:
        return 1.0
    width = np.asarray(surface.upper - surface.lower)
    return float(np.min(width)) / 10.0 if np.isfinite(width).all() else 1.0


class _Uniform(eqx.Module):
    lower: Array
    upper: Array

    def __call__(self, key):
        return jax.random.uniform(key, self.lower.shape, self.lower.dtype, self.lower, self.upper)
