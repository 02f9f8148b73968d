"""Networks of dense layers, and the losses of classifying with them."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

Params = dict[str, Array]


def init_mlp(
    key: PRNGKeyArray,
    *,
    inputs: int,
    hidden: int | Sequence[int],
    outputs: int,
    spread: float = 1.0,
) -> Params:
    """Normal parameters of standard deviation `spread`, biases included.

    `hidden` units are those of one layer, or of several, first to last.

    **Returns:** `w1 [inputs, hidden]`, `b1 [hidden]`, `w2 [hidden, outputs]`, `b2 [outputs]`, and
    so on with more layers.

    **Raises:** `ValueError` unless every layer has at least one unit.

    >>> sorted(init_mlp(jax.random.key(0), inputs=4, hidden=3, outputs=2))
    ['b1', 'b2', 'w1', 'w2']
    """
    layers = [hidden] if isinstance(hidden, int | np.integer) else list(hidden)
    names = ["inputs", *("hidden" for _ in layers), "outputs"]
    widths = [inputs, *layers, outputs]
    for name, size in zip(names, widths, strict=True):
        if size < 1:
            raise ValueError(f"{name} is {size}; a layer needs at least one unit")
    shapes = {}
    for i, (one, next_one) in enumerate(zip(widths, widths[1:], strict=False), start=1):
        shapes |= {f"w{i}": (one, next_one), f"b{i}": (next_one,)}
    keys = jax.random.split(key, len(shapes))
    return {
        name: spread * jax.random.normal(k, shape)
        for k, (name, shape) in zip(keys, shapes.items(), strict=True)
    }


def predict(
    params: Params, inputs: Float[Array, "samples i"], activation: Callable = jnp.tanh
) -> Float[Array, "samples o"]:
    """Logits of each sample: `activation(inputs w1 + b1) w2 + b2`, and so on with more layers.

    >>> params = init_mlp(jax.random.key(0), inputs=4, hidden=3, outputs=2)
    >>> predict(params, jnp.zeros((5, 4))).shape
    (5, 2)
    """
    depth = len(params) // 2
    for i in range(1, depth):
        inputs = activation(inputs @ params[f"w{i}"] + params[f"b{i}"])
    return inputs @ params[f"w{depth}"] + params[f"b{depth}"]


def cross_entropy(
    params: Params,
    inputs: Float[Array, "samples i"],
    targets: Float[Array, "samples o"],
    activation: Callable = jnp.tanh,
) -> Float[Array, ""]:
    """Softmax cross-entropy in nats, the mean over samples; `targets` are one-hot.

    >>> params = init_mlp(jax.random.key(0), inputs=4, hidden=3, outputs=2, spread=0.0)
    >>> round(float(cross_entropy(params, jnp.ones((1, 4)), jnp.eye(2)[:1])), 4)
    0.6931
    """
    logits = predict(params, inputs, activation)
    picked = jnp.sum(logits * targets, axis=-1)
    return jnp.mean(jax.scipy.special.logsumexp(logits, axis=-1) - picked)


def auc_loss(
    params: Params,
    inputs: Float[Array, "samples i"],
    targets: Float[Array, "samples o"],
    activation: Callable = jnp.tanh,
    sharpness: float = 10.0,
) -> Float[Array, ""]:
    """One minus the area under the receiver operating characteristic, made smooth.

    For every class all pairs of a sample inside and one outside count
    `1 - sigmoid(sharpness * (p_in - p_out))`, `p` the softmax probabilities of the class; the
    mean over pairs, then over classes. The larger `sharpness`, the closer to counting pairs in
    the wrong order. It couples samples, so it cannot be evaluated in chunks.

    L. Yan, R. Dodier, M. C. Mozer and R. Wolniewicz, ICML 20, 848 (2003).

    >>> params = init_mlp(jax.random.key(0), inputs=4, hidden=3, outputs=2, spread=0.0)
    >>> float(auc_loss(params, jnp.ones((2, 4)), jnp.eye(2)))
    0.5
    """
    chances = jax.nn.softmax(predict(params, inputs, activation), axis=-1)
    gaps = chances[:, None, :] - chances[None, :, :]
    pairs = targets[:, None, :] * (1.0 - targets[None, :, :])
    counted = jnp.sum(pairs * jax.nn.sigmoid(-sharpness * gaps), axis=(0, 1))
    total = jnp.sum(pairs, axis=(0, 1))
    present = total > 0
    return jnp.sum(jnp.where(present, counted / jnp.where(present, total, 1.0), 0.0)) / jnp.sum(
        present
    )


def accuracy(
    params: Params,
    inputs: Float[Array, "samples i"],
    targets: Float[Array, "samples o"],
    activation: Callable = jnp.tanh,
) -> Float[Array, ""]:
    """Share of samples whose largest logit is that of their class; `targets` are one-hot.

    >>> params = {"w1": jnp.eye(2), "b1": jnp.zeros(2), "w2": jnp.eye(2), "b2": jnp.zeros(2)}
    >>> float(accuracy(params, jnp.eye(2), jnp.eye(2)))
    1.0
    """
    chosen = jnp.argmax(predict(params, inputs, activation), axis=-1)
    return jnp.mean((chosen == jnp.argmax(targets, axis=-1)).astype(jnp.result_type(float)))


def hidden_units(params: Params) -> tuple[Int[np.ndarray, "h m"], tuple[bool, ...]]:
    """Where each hidden unit's parameters lie in the flat vector, and which of them flip.

    Units may change places, and as tanh is odd, all weights of one may change sign together.

    **Returns:** positions `[h, m]` and signs `[m]`, all True, for `symmetry.Relabelling`.

    **Raises:** `ValueError` for several hidden layers: `hidden_layers` has them all.

    >>> params = init_mlp(jax.random.key(0), inputs=1, hidden=2, outputs=1)
    >>> hidden_units(params)[0].tolist()
    [[0, 3, 5], [1, 4, 6]]
    """
    layers = hidden_layers(params)
    if len(layers) != 1:
        raise ValueError(f"there are {len(layers)} hidden layers: use hidden_layers")
    return layers[0], (True,) * layers[0].shape[1]


def hidden_layers(params: Params) -> list[Int[np.ndarray, "h m"]]:
    """`hidden_units` of every hidden layer, first to last: positions of each unit's parameters.

    >>> params = init_mlp(jax.random.key(0), inputs=1, hidden=(2, 3), outputs=1)
    >>> [layer.shape for layer in hidden_layers(params)]
    [(2, 5), (3, 4)]
    """
    # As JAX flattens a dictionary: by name.
    where, first = {}, 0
    for name, leaf in sorted(params.items()):
        where[name] = np.arange(first, first + leaf.size).reshape(leaf.shape)
        first += leaf.size
    found = []
    for i in range(1, len(params) // 2):
        columns = [where[f"b{i}"][:, None], where[f"w{i}"].T, where[f"w{i + 1}"]]
        found.append(np.concatenate(columns, axis=1))
    return found
