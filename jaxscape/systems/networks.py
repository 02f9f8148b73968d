"""Losses of neural networks."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxscape.models import (
    accuracy,
    cross_entropy,
    hidden_layers,
    init_mlp,
    mean_squares,
    xor,
)
from jaxscape.surface import Surface
from jaxscape.symmetry import Blocks, Relabelling
from jaxscape.systems._arguments import at_least


def mlp(
    inputs: Float[Array | np.ndarray, "samples i"],
    targets: Float[Array | np.ndarray, "samples o"],
    hidden: int | Sequence[int] = 3,
    l2: float = 1e-2,
    *,
    activation: Callable = jnp.tanh,
    loss: Callable = cross_entropy,
    test: tuple | None = None,
    chunk: int | None = None,
    name: str = "mlp",
) -> Surface:
    """A classifier of dense layers on data of your own.

    **Arguments:**

    - `inputs`, `targets`: samples, and their classes one-hot.
    - `hidden`: units of the hidden layer, or of several.
    - `l2`: times the sum of squares of all parameters, biases included. Without it the minima
      lie at infinity or are degenerate.
    - `activation`: `jnp.tanh`, whose units may also change sign, `jax.nn.softplus`, or another.
    - `loss`: `loss(params, inputs, targets, activation)`, such as `models.cross_entropy` (a
      mean over samples) or `models.auc_loss`.
    - `test`: other `(inputs, targets)`, whose accuracy `surface.measure` then tells.
    - `chunk`: as in `Surface.from_loss`.

    Starts are standard normal; identity is up to exchanging hidden units (and their signs).

    **Raises:** `ValueError` for labels that are not one-hot, data that do not fit together or
    hold constant columns of NaN, a layer without units, or a negative `l2`.

    >>> mlp(*xor(), hidden=(3, 2)).dim
    23
    """
    inputs, targets = _checked(inputs, targets)
    metrics = None
    if test is not None:
        other = _checked(*test)
        metrics = {"accuracy": lambda p: accuracy(p, *other, activation)}
    return _network(inputs, targets, hidden, l2, activation, loss, chunk, metrics, name)


def regression_mlp(
    inputs: Float[Array | np.ndarray, "samples i"],
    values: Float[Array | np.ndarray, "samples *o"],
    hidden: int | Sequence[int] = 3,
    l2: float = 1e-3,
    *,
    activation: Callable = jnp.tanh,
    test: tuple | None = None,
    chunk: int | None = None,
    name: str = "regression",
) -> Surface:
    """Mean squared error of a network of dense layers that is to predict numbers.

    **Arguments:**

    - `inputs`, `values`: samples and what to predict, best standardised both.
    - `hidden`, `l2`, `activation`, `chunk`: as in `mlp`.
    - `test`: other `(inputs, values)`, whose mean squared error `surface.measure` then tells.

    `models.RegressionNetwork` is such a network fitted to data, as a function of its inputs.

    >>> x = np.linspace(-1.0, 1.0, 9)[:, None]
    >>> regression_mlp(x, np.sin(3 * x[:, 0]), hidden=2).dim
    7
    """
    inputs, targets = _numbers(inputs, values)
    metrics = None
    if test is not None:
        other = _numbers(*test)
        metrics = {"test": lambda p: mean_squares(p, *other, activation)}
    loss = mean_squares
    return _network(inputs, targets, hidden, l2, activation, loss, chunk, metrics, name)


def _network(inputs, targets, hidden, l2, activation, loss, chunk, metrics, name):
    if not l2 >= 0:
        raise ValueError(f"l2 is {l2}; pass zero or a positive number")
    # Default starts are normal with the spread of these parameters.
    layers = {"inputs": inputs.shape[1], "hidden": hidden, "outputs": targets.shape[1]}
    params = jax.jit(lambda key: init_mlp(key, **layers))(jax.random.key(0))
    groups = [
        Blocks(rows, [True] * rows.shape[1] if activation is jnp.tanh else None)
        for rows in hidden_layers(params)
    ]
    return Surface.from_loss(
        loss,
        params,
        inputs,
        targets,
        activation,
        l2=l2,
        symmetry=Relabelling(groups),
        chunk=chunk,
        metrics=metrics,
        name=name,
    )


def xor_mlp(hidden: int = 2, l2: float = 1e-2) -> Surface:
    """Softmax cross-entropy of a 2-`hidden`-2 tanh network on exclusive or.

    The mean over the four samples plus `l2 * sum(x**2)`, biases included; identity up to
    exchanging hidden units, changing their signs, and exchanging the two inputs. Starts are
    standard normal.

    D. Mehta et al., arXiv:1804.02411, look at this landscape for growing `hidden`.

    **Raises:** `ValueError` if `hidden` is below one or `l2` is negative.

    >>> xor_mlp(hidden=2).dim
    12
    """
    hidden = at_least("hidden", hidden, 1)
    surface = mlp(*xor(), hidden, l2, name=f"xor_mlp{hidden}")
    assert isinstance(surface.symmetry, Relabelling)
    swapped = Blocks(surface.positions()["w1"])
    symmetry = Relabelling([*surface.symmetry.groups, swapped])
    return Surface(
        surface.function,
        symmetry=symmetry,
        sampler=surface.sampler,
        dim=surface.dim,
        scale=float(surface.scale),
        name=surface.name,
        units=surface.units,
        unflatten=surface.unflatten,
    )


def _numbers(inputs, values):
    inputs, targets = _arrays(inputs, values)
    targets = targets[:, None] if targets.ndim == 1 else targets
    if inputs.ndim != 2 or targets.ndim != 2 or len(inputs) != len(targets):
        raise ValueError(
            f"inputs have shape {inputs.shape} and values {np.shape(values)}: pass "
            "[samples, i] and [samples] or [samples, outputs]"
        )
    if not (np.isfinite(inputs).all() and np.isfinite(targets).all()):
        raise ValueError("inputs or values are NaN or infinite: leave those samples out")
    return jnp.asarray(inputs), jnp.asarray(targets)


def _checked(inputs, targets):
    inputs, targets = _arrays(inputs, targets)
    if inputs.ndim != 2 or targets.ndim != 2 or len(inputs) != len(targets):
        raise ValueError(
            f"inputs have shape {inputs.shape} and targets {targets.shape}: pass [samples, i] and "
            "one-hot [samples, classes], such as jnp.eye(classes)[labels]"
        )
    if not np.isfinite(inputs).all():
        raise ValueError("inputs are not finite: a constant column, standardised, becomes NaN")
    total = np.sum(targets, axis=1)
    if not (np.all((targets == 0) | (targets == 1)) and np.all(total == 1)):
        row = int(np.argmax(np.abs(total - 1)))
        raise ValueError(
            f"targets are not one-hot, row {row} is {targets[row]}: labels out of "
            "range make rows of zeros"
        )
    return jnp.asarray(inputs), jnp.asarray(targets)


def _arrays(*tables):
    """On the host, where nothing is compiled, in the default type of floats."""
    return [np.asarray(table).astype(jnp.result_type(float)) for table in tables]
