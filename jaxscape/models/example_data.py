"""Data to learn from: scikit-learn's small sets, exclusive or, and fates of three atoms."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

Data = tuple[Float[Array, "samples i"], Float[Array, "samples o"]]


def xor() -> tuple[Float[Array, "4 2"], Float[Array, "4 2"]]:
    """Exclusive or: four inputs of zeros and ones, and their one-hot classes.

    >>> xor()[1].argmax(axis=1).tolist()
    [0, 1, 1, 0]
    """
    inputs = jnp.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return inputs, jnp.eye(2)[jnp.array([0, 1, 1, 0])]


def wine() -> Data:
    """178 wines of three cultivars, 13 standardised measurements (scikit-learn's copy)."""
    return _standardised("load_wine")


def breast_cancer() -> Data:
    """569 tumours, malignant or benign, 30 standardised measurements (scikit-learn's copy)."""
    return _standardised("load_breast_cancer")


def digits() -> Data:
    """1797 handwritten digits of 8 x 8 pixels between zero and one (scikit-learn's copy)."""
    table = _loaded("load_digits")
    return jnp.asarray(table.data / 16.0, float), jnp.asarray(np.eye(10)[table.target], float)


def three_atoms(
    key: PRNGKeyArray, samples: int, *, strength: float = 2.0, spread: float = 0.6
) -> tuple[Float[Array, "samples 3"], Float[Array, "samples 4"]]:
    """Which minimum do three atoms end in? Distances at the start, and the fate as a class.

    Lennard-Jones atoms with the triple-dipole energy of Axilrod and Teller, `strength` times
    `(1 + 3 cos cos cos) / (r12 r13 r23)^3`, have four minima: a triangle (class 0), and a chain
    with atom 1, 2 or 3 in the middle. Starts are normal with standard deviation `spread` around
    the corners of a triangle; atoms then roll downhill. Inputs are `r12`, `r13`, `r23`.

    A. J. Ballard et al., Phys. Chem. Chem. Phys. 19, 12585 (2017) learn such data.

    **Raises:** `ValueError` unless at least one sample is asked for.

    >>> three_atoms(jax.random.key(0), 3)[0].shape
    (3, 3)
    """
    if samples < 1:
        raise ValueError(f"samples is {samples}; ask for at least one")
    corners = 1.2 * jnp.array([[0.0, 0.0], [1.0, 0.0], [0.5, 0.75**0.5]])
    starts = corners + spread * jax.random.normal(key, (samples, 3, 2))
    ends = jax.jit(jax.vmap(lambda x: _downhill(x, strength)))(starts)
    return jax.vmap(_sides)(starts), jnp.eye(4)[jax.vmap(_shape)(ends)]


def _sides(atoms):
    first, second = np.array([0, 0, 1]), np.array([1, 2, 2])
    return jnp.sqrt(jnp.sum((atoms[first] - atoms[second]) ** 2, axis=-1) + 1e-12)


def _energy(atoms, strength):
    r = jnp.maximum(_sides(atoms), 0.5)  # atoms that start on top of each other fly apart gently
    square = r * r
    opposite = square[jnp.array([2, 1, 0])]  # of atoms 1, 2, 3
    total = jnp.sum(square)
    # Law of cosines: the two sides at an atom and the one opposite.
    cosines = jnp.prod((total - 2 * opposite) / (2 * jnp.prod(r) / jnp.sqrt(opposite)))
    pairs = 4 * jnp.sum(r**-12 - r**-6)
    return pairs + strength * (1 + 3 * cosines) / jnp.prod(r) ** 3


def _downhill(atoms, strength):
    """Steepest descent with steps that grow while the energy falls and shrink where it rises."""
    value_and_grad = jax.value_and_grad(_energy)

    def step(carry, _):
        x, energy, gradient, rate = carry
        length = jnp.sqrt(jnp.sum(gradient**2))
        move = rate * gradient * jnp.minimum(1.0, 0.05 / (rate * length + 1e-12))
        new_energy, new_gradient = value_and_grad(x - move, strength)
        better = new_energy <= energy
        x = jnp.where(better, x - move, x)
        gradient = jnp.where(better, new_gradient, gradient)
        rate = jnp.where(better, 1.2 * rate, 0.3 * rate)
        return (x, jnp.where(better, new_energy, energy), gradient, rate), None

    start = (atoms, *value_and_grad(atoms, strength), jnp.asarray(1e-3))
    return jax.lax.scan(step, start, length=1500)[0][0]


def _shape(atoms):
    """0 for a triangle, else which atom lies in the middle of the chain (1 to 3)."""
    r = _sides(atoms)
    longest = jnp.argmax(r)
    chain = r[longest] > 1.4 * jnp.median(r)
    return jnp.where(chain, 3 - longest, 0)


def _standardised(name) -> Data:
    table = _loaded(name)
    inputs = (table.data - table.data.mean(axis=0)) / table.data.std(axis=0)
    classes = len(table.target_names)
    return jnp.asarray(inputs, float), jnp.asarray(np.eye(classes)[table.target], float)


def _loaded(name):
    try:
        from sklearn import datasets
    except ImportError as error:
        raise ImportError(
            'these data come with scikit-learn: pip install "jaxscape-landscapes[data]"'
        ) from error
    return getattr(datasets, name)()
