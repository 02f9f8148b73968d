"""What the batched searches return: arrays in input order, leading axis the batch."""

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from jaxscape.search.status import Status, count_statuses


class Certificate(eqx.Module):
    """What is known of a polished point; arrays with a leading batch axis.

    `degenerate` tells of a zero eigenvalue beyond those of the symmetry; `eigenvector` is that
    of the lowest eigenvalue; `zero_modes` counts the directions projected out.
    """

    x: Float[Array | np.ndarray, "batch dim"]
    energy: Float[Array | np.ndarray, " batch"]
    rms_gradient: Float[Array | np.ndarray, " batch"]
    index: Int[Array | np.ndarray, " batch"]
    lowest_eigenvalue: Float[Array | np.ndarray, " batch"]
    log_product: Float[Array | np.ndarray, " batch"]
    degenerate: Bool[Array | np.ndarray, " batch"]
    zero_modes: Int[Array | np.ndarray, " batch"]
    active: Int[Array | np.ndarray, " batch"]
    evaluations: Int[Array | np.ndarray, " batch"]
    eigenvector: Float[Array | np.ndarray, "batch dim"]


class StationaryPoints(eqx.Module):
    """A batch of points at which a search ended.

    `x` `[B, dim]`; `energy` `[B]`; `rms_gradient` `[B]` (root mean square of the
    gradient over the free coordinates); `index` `[B]` (negative Hessian eigenvalues with
    zero modes projected out, -1 where not computed); `lowest_eigenvalue` `[B]` (of the
    projected Hessian, NaN where not computed); `log_product` `[B]` (sum of the logarithms of
    the positive eigenvalues, NaN where not computed); `active` `[B]` (coordinates held by
    a bound); `status` `[B]` (`Status`); `evaluations` `[B]` (energy and gradient counts
    one, a Hessian-vector product two); `steps_to_target` (basin-hopping only, else None).

    Arrays are NumPy arrays on the host.
    """

    x: Float[Array | np.ndarray, "batch dim"]
    energy: Float[Array | np.ndarray, " batch"]
    rms_gradient: Float[Array | np.ndarray, " batch"]
    index: Int[Array | np.ndarray, " batch"]
    lowest_eigenvalue: Float[Array | np.ndarray, " batch"]
    log_product: Float[Array | np.ndarray, " batch"]
    active: Int[Array | np.ndarray, " batch"]
    status: Int[Array | np.ndarray, " batch"]
    evaluations: Int[Array | np.ndarray, " batch"]
    steps_to_target: Int[Array | np.ndarray, " chains"] | None = None

    @property
    def ok(self) -> Bool[np.ndarray, " batch"]:
        """True where the point satisfies its certificate."""
        return np.asarray(self.status) == Status.CONVERGED

    def __len__(self) -> int:
        return int(self.x.shape[0])

    def take(self, mask):
        """The points selected by a boolean mask, a slice or an array of positions."""
        # `steps_to_target` has an entry for each chain, not for each point.
        points = eqx.tree_at(
            lambda p: p.steps_to_target, self, None, is_leaf=lambda leaf: leaf is None
        )
        points = jax.tree.map(lambda leaf: np.asarray(leaf)[mask], points)
        return eqx.tree_at(
            lambda p: p.steps_to_target,
            points,
            self.steps_to_target,
            is_leaf=lambda leaf: leaf is None,
        )

    def counts(self) -> dict[str, int]:
        """How many searches ended in each status."""
        return count_statuses(self.status)


class TransitionStates(StationaryPoints):
    """Transition states, with the minima downhill on either side.

    The fields of `StationaryPoints`, and `eigenvector` `[B, dim]` (unit vector of the
    negative mode), `plus` and `minus`: the `StationaryPoints` reached downhill from
    `x + eigenvector` and `x - eigenvector`.
    """

    eigenvector: Float[Array | np.ndarray, "batch dim"] = eqx.field(kw_only=True)
    plus: StationaryPoints = eqx.field(kw_only=True)
    minus: StationaryPoints = eqx.field(kw_only=True)


def no_points(batch: int, dim: int, dtype, status: Status) -> StationaryPoints:
    """Rows that say only why there is no point."""
    numbers = np.full(batch, np.nan, dtype)
    counts = np.zeros(batch, np.int32)
    return StationaryPoints(
        x=np.full((batch, dim), np.nan, dtype),
        energy=numbers,
        rms_gradient=numbers,
        index=counts - 1,
        lowest_eigenvalue=numbers,
        log_product=numbers,
        active=counts,
        status=np.full(batch, status, np.int32),
        evaluations=counts,
    )
