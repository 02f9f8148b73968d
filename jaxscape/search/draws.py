"""Random vectors for jobs, drawn on the host: no compilation, and independent of the batch."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PRNGKeyArray


def generators(key: PRNGKeyArray, stream: int, jobs) -> list[np.random.Generator]:
    """One generator a job, depending on the key, the stream and the number of the job only.

    **Raises:** `ValueError` if `key` is no key of `jax.random`.
    """
    check_key(key)
    words = [int(word) for word in np.asarray(jax.random.key_data(key)).ravel()]
    return [np.random.default_rng([*words, stream, int(job)]) for job in jobs]


def unit_vectors(
    key: PRNGKeyArray, stream: int, jobs, dim: int, dtype
) -> Float[np.ndarray, "batch dim"]:
    """Random unit vectors, one a job."""
    draws = np.stack([g.standard_normal(dim) for g in generators(key, stream, jobs)])
    return (draws / np.linalg.norm(draws, axis=1, keepdims=True)).astype(dtype)


def check_key(key) -> None:
    """Raise `ValueError` unless `key` is a typed key of `jax.random`."""
    if not isinstance(key, jax.Array) or not jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        raise ValueError(f"key is {key!r}: pass jax.random.key(seed)")
