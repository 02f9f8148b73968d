"""From a table of data to the roughness of every pair of its features."""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from jaxtyping import Float, PRNGKeyArray

from jaxscape.analysis.frustration import Contributions, frustration, frustration_contributions
from jaxscape.data_set_landscape import data_set_landscape
from jaxscape.landscape import Landscape
from jaxscape.models import DataSet


@dataclasses.dataclass(frozen=True)
class DataRoughness:
    """Frustration of the landscapes of pairs of features.

    `pairs` (positions of the features), `values` `[pairs]` (their frustration), `landscapes`
    and `inside` (which minima lie in the convex hull of the data), all in the same order;
    `names` of the features, `lengthscale`.
    """

    pairs: tuple[tuple[int, int], ...]
    values: Float[np.ndarray, " pairs"]
    landscapes: tuple[Landscape, ...]
    inside: tuple[np.ndarray, ...]
    names: tuple[str, ...]
    lengthscale: float

    @property
    def mean(self) -> float:
        """Mean over the pairs: the roughness of the data set."""
        return float(np.mean(self.values))

    @property
    def matrix(self) -> Float[np.ndarray, "features features"]:
        """Frustration of each pair; NaN on the diagonal and where none was computed."""
        matrix = np.full((len(self.names),) * 2, np.nan)
        for (i, j), value in zip(self.pairs, self.values, strict=True):
            matrix[i, j] = matrix[j, i] = value
        return matrix

    def without(self, feature: int | str) -> float:
        """Mean over the pairs that do not contain a feature: what the data are like without it.

        **Raises:** `ValueError` if there is no such pair.
        """
        number = self.names.index(feature) if isinstance(feature, str) else feature
        left = [v for p, v in zip(self.pairs, self.values, strict=True) if number not in p]
        if not left:
            raise ValueError(f"every pair contains feature {feature!r}")
        return float(np.mean(left))

    def contributions(self, pair: int) -> Contributions:
        """The terms of the frustration of a pair, by its position in `pairs`."""
        return frustration_contributions(
            self.landscapes[pair], self.lengthscale, keep=self.inside[pair]
        )

    def __str__(self) -> str:
        lines = [f"roughness {self.mean:.4f} (mean of {len(self.pairs)} pairs)"]
        for (i, j), value, network, inside in zip(
            self.pairs, self.values, self.landscapes, self.inside, strict=True
        ):
            states = network.transition_states
            kept = int(np.sum(inside[states.plus] & inside[states.minus]))
            lines.append(
                f"{self.names[i]}, {self.names[j]}: {value:.4f} "
                f"({int(inside.sum())} minima, {kept} transition states inside the hull)"
            )
        return "\n".join(lines)


def data_roughness(
    data: DataSet,
    *,
    key: PRNGKeyArray,
    pairs: Iterable[Sequence[int | str]] | None = None,
    smoothing: float = 1e-4,
    lengthscale: float = 0.8,
    searches: int = 256,
    fit: Callable[[DataSet], Callable] | None = None,
    progress: bool = False,
) -> DataRoughness:
    """How rough a data set is, from the landscapes of pairs of its features.

    Each pair is freed of duplicates (of samples that differ in other features only the first
    counts), normalised, interpolated by a thin-plate spline and explored; minima outside of the
    convex hull of the data, where the fit knows nothing, do not count.

    **Arguments:**

    - `data`: a `jaxscape.models.DataSet`, not yet scaled.
    - `pairs`: of features, by position or name; default all of them.
    - `lengthscale`: of `frustration`, in units of the normalised range; `smoothing`, `searches`,
      `fit`: as in `data_set_landscape`.

    ```python
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(12, 2))
    found = data_roughness(DataSet(x, np.cos(9 * x[:, 0])), key=jax.random.key(0), searches=64)
    found.pairs, bool(found.mean > 0.1)
    # (((0, 1),), True)
    ```

    Dicks et al., Mol. Syst. Des. Eng. (2024), doi 10.1039/D3ME00189J.
    """
    if pairs is None:
        chosen = list(itertools.combinations(range(len(data.names)), 2))
    else:
        chosen = [tuple(data.features(pair).names) for pair in pairs]
        chosen = [tuple(data.names.index(name) for name in pair) for pair in chosen]
    if not chosen or any(len(pair) != 2 for pair in chosen):
        raise ValueError(f"pairs are {chosen}; pass pairs of different features")
    data = data.without_duplicates()  # says where samples contradict each other
    # Of two features alone they may well: the others tell them apart.
    parts = [data.features(pair).without_duplicates(average=False).normalised() for pair in chosen]
    most = max(map(len, parts))
    networks, inside, values = [], [], []
    for part in parts:
        network = data_set_landscape(
            part,
            key=key,
            smoothing=smoothing,
            searches=searches,
            samples=most,
            fit=fit,
            progress=progress,
        )
        networks.append(network)
        inside.append(part.inside_hull(network.minima.x))
        values.append(frustration(network, lengthscale, keep=inside[-1]))
    return DataRoughness(
        tuple(chosen),  # type: ignore
        np.array(values),
        tuple(networks),
        tuple(inside),
        data.names,
        lengthscale,
    )
