"""Marginal likelihoods of Gaussian processes, in a box of sensible hyperparameters."""

import numpy as np

from jaxscape.models.gaussian_process import GaussianProcess
from jaxscape.surface import Surface


def gaussian_process(inputs, values, **options) -> Surface:
    """Minus the log marginal likelihood of a Gaussian process over its log hyperparameters.

    `options` are those of `jaxscape.models.GaussianProcess`. Lengthscales are kept between a
    tenth of the least distance of inputs in a feature and a hundred times their range, signal
    and noise between 1e-4 and a hundred times the spread of the values: minima on these bounds
    (`landscape.minima.active`) are degenerate fits (noise only, no noise, a constant).

    >>> x = np.linspace(0, 1, 9)[:, None]
    >>> gaussian_process(x, np.sin(9 * x[:, 0]), signal=1.0).dim
    2
    """
    model = GaussianProcess(inputs, values, **options)
    table = np.asarray(model.inputs)
    gaps = np.diff(np.sort(table, axis=0), axis=0)
    short = np.where(gaps > 0, gaps, np.inf).min(axis=0) / 10.0
    long = 100.0 * np.ptp(table, axis=0)
    spread = float(np.std(np.asarray(model.values)))
    lower, upper = [], []
    for name in model.names:
        if name.startswith("log lengthscale"):
            which = int(name.split()[-1]) if model.ard else slice(None)
            lower.append(np.log(np.min(short[which])))
            upper.append(np.log(np.max(long[which])))
        else:
            lower.append(np.log(1e-4 * spread))
            upper.append(np.log(1e2 * spread))
    box = (np.array(lower), np.array(upper))
    return Surface(model, bounds=box, dim=len(lower), scale=1.0, name="gaussian_process")
