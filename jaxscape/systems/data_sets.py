"""Surfaces fitted to data sets."""

from collections.abc import Callable

import numpy as np

from jaxscape.models.data_set import DataSet
from jaxscape.models.interpolation import Interpolation
from jaxscape.surface import Surface


def data_set(
    data: DataSet,
    *,
    smoothing: float = 0.0,
    kernel: str = "thin_plate_spline",
    epsilon: float | None = None,
    degree: int | None = None,
    samples: int | None = None,
    fit: Callable[[DataSet], Callable] | None = None,
) -> Surface:
    """The interpolated response of a data set, within the range of its features.

    **Arguments:**

    - `data`: as it is (see its `without_duplicates` and `normalised`).
    - `fit`: makes another function of the features from the data, in place of an interpolation:
      `lambda data: models.RegressionNetwork(data.inputs, data.response, key=key)`.
    - the others as in `jaxscape.models.Interpolation`, `samples` as in its method `padded`.

    An interpolation's weights of close points are large and cancel: ask searches for a
    `tolerance` of 1e-6.

    >>> rng = np.random.default_rng(0)
    >>> data_set(DataSet(rng.uniform(size=(20, 3)), rng.normal(size=20))).dim
    3
    """
    if fit is None:
        model = Interpolation(
            data.inputs,
            data.response,
            smoothing=smoothing,
            kernel=kernel,
            epsilon=epsilon,
            degree=degree,
        )
        model = model if samples is None else model.padded(samples)
    else:
        model = fit(data)
        if not callable(model):
            raise ValueError(
                f"fit made a {type(model).__name__}; pass data -> a function of the features"
            )
    box = (np.min(data.inputs, axis=0), np.max(data.inputs, axis=0))
    return Surface(model, bounds=box, dim=data.inputs.shape[1], name="_".join(data.names))
