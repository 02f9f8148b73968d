"""The iris data of R. A. Fisher."""

from importlib import resources

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


def iris() -> tuple[Float[Array, "150 4"], Float[Array, "150 3"]]:
    """Standardised inputs (mean zero, variance one per column) and one-hot species.

    The columns are sepal length, sepal width, petal length and petal width.
    R. A. Fisher, Annals of Eugenics 7, 179 (1936); where the file comes from is written in
    `data/iris.LICENSE.txt`.

    >>> inputs, targets = iris()
    >>> inputs.shape, targets.sum(axis=0).tolist()
    ((150, 4), [50.0, 50.0, 50.0])
    """
    file = resources.files("jaxscape.models") / "data" / "iris.csv"
    with file.open(encoding="ascii") as lines:
        table = np.loadtxt(lines, delimiter=",", skiprows=1)
    inputs = table[:, :-1]
    inputs = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
    targets = table[:, -1:] == np.arange(3)
    return jnp.asarray(inputs, float), jnp.asarray(targets, float)
