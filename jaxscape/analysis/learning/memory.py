"""How much memory the searches of a large model will take, told before they run."""

from __future__ import annotations

import dataclasses

import equinox as eqx
import jax
import numpy as np

from jaxscape.search.arguments import positive
from jaxscape.search.lanczos import largest_basis
from jaxscape.search.lbfgs import LBFGS
from jaxscape.search.neb import NEB
from jaxscape.surface import Surface, as_surface

# Vectors that every lane keeps beside its history, and what a search of one point works with.
_LANE, _BAND, _KRYLOV = 6, 8, 24


@dataclasses.dataclass(frozen=True)
class MemoryBound:
    """Bytes that searches of a surface of `dim` coordinates take at most, beside the program.

    `parts`: for each of them its bytes; `total`, their sum. Printing it gives a table.
    """

    dim: int
    parts: dict[str, int]

    @property
    def total(self) -> int:
        """Bytes of all parts together."""
        return sum(self.parts.values())

    def __str__(self) -> str:
        rows = [*self.parts.items(), ("together", self.total)]
        width = max(len(name) for name, _ in rows)
        lines = [f"{self.dim:,} coordinates"]
        lines += [f"{name:<{width}}  {_size(count):>9}" for name, count in rows]
        lines.append(f"{'(a dense Hessian':<{width}}  {_size(8 * self.dim**2):>9})")
        return "\n".join(lines)


def memory_bound(
    surface,
    *,
    lanes: int = 1,
    images: int = 0,
    method: LBFGS = LBFGS(),
    certify: bool = True,
) -> MemoryBound:
    """What minimising, certifying and connecting take at most, for models of many parameters.

    Nothing is dense in the number of coordinates: searches keep a number of vectors, which are
    counted here, and what the compiled loss, its gradient and its Hessian-vector product need
    beside their arguments is asked of XLA, which compiles them for it. Nothing is run. Python,
    JAX and what XLA needs to compile come on top, some 700 MiB whatever the model.

    **Arguments:**

    - `surface`: with a known `dim`; its arrays, such as data, count.
    - `lanes`: searches busy at once, such as `minimise(..., lanes=2)`. Without `lanes` that is
      one for each core from some ten thousand coordinates on, as long as there are as many starts.
    - `images`: of bands busy at once (`mode_connectivity`, `neb`), if any.
    - `method`: of `minimise`; its history counts.
    - `certify`: lowest eigenvalues, too (`certify=True`, `curvature`).

    **Returns:** `MemoryBound`; print it.

    **Raises:** `ValueError` for a surface whose `dim` is not known.

    >>> import jax.numpy as jnp
    >>> surface = Surface(lambda x: jnp.sum(x**4), dim=1_000_000)
    >>> memory_bound(surface).total < 2e9
    True
    """
    surface = as_surface(surface)
    if surface.dim is None:
        raise ValueError("surface has no dim: Surface(function, dim=...)")
    lanes, dim = positive("lanes", lanes), int(surface.dim)
    images = 0 if images == 0 else positive("images", images)
    dtype = np.dtype(jax.numpy.result_type(float))
    vector = dim * dtype.itemsize
    arrays = jax.tree.leaves(eqx.filter(surface, eqx.is_array))
    gradient = _temporary(surface, dim, dtype, lambda f, x: jax.value_and_grad(f)(x))
    # Twice: a batch is held while the next one is made of it.
    parts = {
        "data": sum(leaf.nbytes for leaf in arrays),
        "minimise": lanes * (2 * (2 * method.history + _LANE) * vector + gradient),
    }
    if certify:
        product = _temporary(surface, dim, dtype, lambda f, x: jax.jvp(jax.grad(f), (x,), (x,))[1])
        parts["lowest eigenvalues"] = (2 * largest_basis(2, dim) + _KRYLOV) * vector + product
    if images:
        kept = 2 * (2 * NEB().history + _BAND) * vector
        parts["bands"] = images * (kept + gradient)
    return MemoryBound(dim, parts)


def _temporary(surface: Surface, dim, dtype, work) -> int:
    """Bytes that a compiled function needs beside its arguments."""
    arrays, rest = eqx.partition(surface, eqx.is_array)

    def run(arrays, x):
        return work(eqx.combine(arrays, rest).function, x)

    compiled = jax.jit(run).lower(arrays, jax.ShapeDtypeStruct((dim,), dtype)).compile()
    found = compiled.memory_analysis()
    if found is None:  # some backends do not tell
        return 0
    return int(found.temp_size_in_bytes + found.output_size_in_bytes)


def _size(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB" if count < 2**33 else f"{count / 2**30:,.0f} GiB"
