"""Small classifiers of the literature's data, ready to explore."""

from collections.abc import Callable, Sequence
from importlib import resources

import jax.numpy as jnp
import numpy as np

from jaxscape.models import breast_cancer, cross_entropy, digits, iris, wine
from jaxscape.surface import Surface
from jaxscape.systems._arguments import at_least
from jaxscape.systems.networks import mlp


def iris_mlp(
    hidden: int | Sequence[int] = 3,
    l2: float = 1e-2,
    *,
    samples: int | None = None,
    activation: Callable = jnp.tanh,
    loss: Callable = cross_entropy,
    chunk: int | None = None,
) -> Surface:
    """Softmax cross-entropy of a 4-`hidden`-3 tanh network on the 150 irises.

    The mean over samples plus `l2 * sum(x**2)`, biases included; identity up to exchanging
    hidden units and changing their signs. Without `l2` the minima lie at infinity or are
    degenerate. Starts are standard normal.

    **Arguments:**

    - `hidden`: units of the hidden layer, or of several, such as `(3, 3)`.
    - `l2`: the weight of the sum of squares.
    - `samples`: train on so many, drawn at random but always the same.
      `surface.measure(x)["accuracy"]` is that on the samples left out, or of all if there are none.
    - `activation`: such as `jax.nn.softplus`.
    - `loss`: such as `models.auc_loss`.
    - `chunk`: so many samples are evaluated at once; None for all of them.

    **Raises:** `ValueError` if `hidden` is below one or empty, `l2` is negative, or there are not
    so many samples.

    >>> import jax
    >>> iris_mlp(hidden=3).dim, iris_mlp((3, 2), samples=100, activation=jax.nn.softplus).dim
    (27, 32)

    A. J. Ballard et al., Phys. Chem. Chem. Phys. 19, 12585 (2017), review such landscapes.
    """
    return _classifier("iris_mlp", iris(), hidden, l2, samples, activation, loss, chunk)


def wine_mlp(
    hidden: int | Sequence[int] = 3,
    l2: float = 1e-2,
    *,
    samples: int | None = None,
    activation: Callable = jnp.tanh,
    loss: Callable = cross_entropy,
    chunk: int | None = None,
) -> Surface:
    """A 13-`hidden`-3 network on 178 wines of three cultivars; arguments as for `iris_mlp`.

    Data come with scikit-learn (the extra `data`).

    ```python
    jaxscape.systems.wine_mlp(4, 1e-2, loss=jaxscape.models.auc_loss)
    ```
    """
    return _classifier("wine_mlp", wine(), hidden, l2, samples, activation, loss, chunk)


def breast_cancer_mlp(
    hidden: int | Sequence[int] = 3,
    l2: float = 1e-2,
    *,
    samples: int | None = None,
    activation: Callable = jnp.tanh,
    loss: Callable = cross_entropy,
    chunk: int | None = None,
) -> Surface:
    """A 30-`hidden`-2 network on 569 tumours; arguments as for `iris_mlp`.

    Data come with scikit-learn (the extra `data`).

    ```python
    jaxscape.systems.breast_cancer_mlp((3, 3), samples=400)
    ```
    """
    return _classifier(
        "breast_cancer_mlp", breast_cancer(), hidden, l2, samples, activation, loss, chunk
    )


def digits_mlp(
    hidden: int | Sequence[int] = 8,
    l2: float = 1e-3,
    *,
    samples: int | None = None,
    activation: Callable = jnp.tanh,
    loss: Callable = cross_entropy,
    chunk: int | None = None,
) -> Surface:
    """A 64-`hidden`-10 network on 1797 handwritten digits; arguments as for `iris_mlp`.

    Data come with scikit-learn (the extra `data`).

    ```python
    jaxscape.systems.digits_mlp(134, 1e-3, samples=300)  # 10,060 parameters
    ```
    """
    return _classifier("digits_mlp", digits(), hidden, l2, samples, activation, loss, chunk)


def three_atoms_mlp(
    hidden: int | Sequence[int] = 3,
    l2: float = 1e-3,
    *,
    samples: int | None = None,
    activation: Callable = jnp.tanh,
    loss: Callable = cross_entropy,
    chunk: int | None = None,
) -> Surface:
    """A 3-`hidden`-4 network that foretells the fate of three atoms; arguments as for `iris_mlp`.

    Inputs are the standardised distances of 512 starts, classes what becomes of them, both from
    `models.three_atoms(jax.random.key(0), 512)`, stored with the package.

    ```python
    jaxscape.systems.three_atoms_mlp(4, 1e-3, samples=256)
    ```

    A. J. Ballard et al., Phys. Chem. Chem. Phys. 19, 12585 (2017).
    """
    file = resources.files("jaxscape.models") / "data" / "three_atoms.csv"
    with file.open(encoding="ascii") as lines:
        table = np.loadtxt(lines, delimiter=",", skiprows=1)
    inputs = (table[:, :3] - table[:, :3].mean(axis=0)) / table[:, :3].std(axis=0)
    data = inputs, np.eye(4)[table[:, 3].astype(int)]
    return _classifier("three_atoms_mlp", data, hidden, l2, samples, activation, loss, chunk)


def _classifier(name: str, data, hidden, l2, samples, activation, loss, chunk) -> Surface:
    inputs, targets = data
    seen = unseen = slice(None)
    if samples is not None:
        samples = at_least("samples", samples, 1)
        if samples > len(inputs):
            raise ValueError(f"samples is {samples}, but there are {len(inputs)}")
        order = np.random.default_rng(0).permutation(len(inputs))
        seen, unseen = order[:samples], order[samples:] if samples < len(inputs) else order
    widths = [hidden] if np.ndim(hidden) == 0 else list(hidden)
    if not widths:
        raise ValueError("hidden is empty; pass the units of one layer or more")
    widths = [at_least("hidden", width, 1) for width in widths]
    return mlp(
        inputs[seen],
        targets[seen],
        widths,
        l2,
        activation=activation,
        loss=loss,
        test=(inputs[unseen], targets[unseen]),
        chunk=chunk,
        name=name + "_".join(map(str, widths)),
    )
