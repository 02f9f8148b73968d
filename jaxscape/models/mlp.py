"""A network with one hidden layer of tanh units, and its cross-entropy."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PRNGKeyArray

Params = dict[str, Array]


def init_mlp(
    key: PRNGKeyArray, *, inputs: int, hidden: int, outputs: int, spread: float = 1.0
) -> Params:
    """Normal parameters of standard deviation `spread`, biases included.

    **Returns:** `w1 [inputs, hidden]`, `b1 [hidden]`, `w2 [hidden, outputs]`, `b2 [outputs]`.

    **Raises:** `ValueError` unless every layer has at least one unit.

    >>> sorted(init_mlp(jax.random.key(0), inputs=4, hidden=3, outputs=2))
    ['b1', 'b2', 'w1', 'w2']
    """
    for name, size in (("inputs", inputs), ("hidden", hidden), ("outputs", outputs)):
        if size < 1:
            raise ValueError(f"{name} is {size}; a layer needs at least one unit")
    shapes = {
        "w1": (inputs, hidden),
        "b1": (hidden,),
        "w2": (hidden, outputs),
        "b2": (outputs,),
    }
    keys = jax.random.split(key, len(shapes))
    return {
        name: spread * jax.random.normal(k, shape)
        for k, (name, shape) in zip(keys, shapes.items(), strict=True)
    }


def predict(params: Params, inputs: Float[Array, "samples i"]) -> Float[Array, "samples o"]:
    """Logits of each sample: `tanh(inputs w1 + b1) w2 + b2`.

    >>> params = init_mlp(jax.random.key(0), inputs=4, hidden=3, outputs=2)
    >>> predict(params, jnp.zeros((5, 4))).shape
    (5, 2)
    """
    return jnp.tanh(inputs @ params["w1"] + params["b1"]) @ params["w2"] + params["b2"]


def cross_entropy(
    params: Params, inputs: Float[Array, "samples i"], targets: Float[Array, "samples o"]
) -> Float[Array, ""]:
    """Softmax cross-entropy in nats, the mean over samples; `targets` are one-hot.

    >>> params = init_mlp(jax.random.key(0), inputs=4, hidden=3, outputs=2, spread=0.0)
    >>> round(float(cross_entropy(params, jnp.ones((1, 4)), jnp.eye(2)[:1])), 4)
    0.6931
    """
    logits = predict(params, inputs)
    picked = jnp.sum(logits * targets, axis=-1)
    return jnp.mean(jax.scipy.special.logsumexp(logits, axis=-1) - picked)


def hidden_units(params: Params) -> tuple[Int[np.ndarray, "h m"], tuple[bool, ...]]:
    """Where each hidden unit's parameters lie in the flat vector, and which of them flip.

    Units may change places, and as tanh is odd, all weights of one may change sign together.

    **Returns:** positions `[h, m]` and signs `[m]`, all True, for `symmetry.Relabelling`.

    >>> params = init_mlp(jax.random.key(0), inputs=1, hidden=2, outputs=1)
    >>> hidden_units(params)[0].tolist()
    [[0, 3, 5], [1, 4, 6]]
    """
    size = sum(leaf.size for leaf in params.values())
    flat, unravel = ravel_pytree(jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, int), params))
    where = unravel(jnp.arange(size, dtype=flat.dtype))
    columns = [where["b1"][:, None], where["w1"].T, where["w2"]]
    blocks = np.asarray(jnp.concatenate(columns, axis=1))
    return blocks, (True,) * blocks.shape[1]
