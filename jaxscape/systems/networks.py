"""Losses of neural networks."""

import jax

from jaxscape.models import cross_entropy, hidden_units, init_mlp, iris
from jaxscape.surface import Surface
from jaxscape.symmetry import Relabelling
from jaxscape.systems._arguments import at_least


def iris_mlp(hidden: int = 3, l2: float = 1e-2) -> Surface:
    """Softmax cross-entropy of a 4-`hidden`-3 tanh network on the 150 irises.

    The mean over samples plus `l2 * sum(x**2)`, biases included; identity up to exchanging
    hidden units and changing their signs. Without `l2` the minima lie at infinity or are
    degenerate. Starts are standard normal.

    **Raises:** `ValueError` if `hidden` is below one or `l2` is negative.

    >>> iris_mlp(hidden=3).dim
    27
    """
    hidden = at_least("hidden", hidden, 1)
    if not l2 >= 0:
        raise ValueError(f"l2 is {l2}; pass zero or a positive number")
    inputs, targets = iris()
    # Default starts are normal with the spread of these parameters.
    params = init_mlp(jax.random.key(0), inputs=4, hidden=hidden, outputs=3)
    return Surface.from_loss(
        cross_entropy,
        params,
        inputs,
        targets,
        l2=l2,
        symmetry=Relabelling(*hidden_units(params)),
        name=f"iris_mlp{hidden}",
    )
