"""Lennard-Jones energies, starts, certificates and JSON rows shared by the peer scripts.

Only numpy is needed. Run it to write a file of starts that every script takes:

    python _common.py 38 1000 starts38.npy --seed 0
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def energy_gradient(x: Array) -> tuple[float, Array]:
    """Lennard-Jones energy and gradient of one flat point `x [3N]` (epsilon = sigma = 1)."""
    r = x.reshape(-1, 3)
    d = r[:, None] - r[None]
    r2 = np.einsum("ijk,ijk->ij", d, d)
    np.fill_diagonal(r2, np.inf)
    i2 = 1.0 / r2
    i6 = i2**3
    energy = 2.0 * np.sum(i6 * (i6 - 1.0))
    w = 24.0 * i6 * (1.0 - 2.0 * i6) * i2
    return float(energy), (w.sum(1)[:, None] * r - w @ r).ravel()


def hessian(x: Array) -> Array:
    """Analytic Hessian `[3N, 3N]`."""
    r = x.reshape(-1, 3)
    n = len(r)
    d = r[:, None] - r[None]
    r2 = np.einsum("ijk,ijk->ij", d, d)
    np.fill_diagonal(r2, np.inf)
    i2 = 1.0 / r2
    i6 = i2**3
    w = 24.0 * i6 * (1.0 - 2.0 * i6) * i2
    dw = 96.0 * i6 * (7.0 * i6 - 2.0) * i2 * i2
    np.fill_diagonal(d[..., 0], 0.0)
    blocks = -(
        dw[..., None, None] * d[..., :, None] * d[..., None, :] + w[..., None, None] * np.eye(3)
    )
    blocks[np.arange(n), np.arange(n)] = -blocks.sum(1)
    return blocks.transpose(0, 2, 1, 3).reshape(3 * n, 3 * n)


def rms_gradient(x: Array) -> float:
    """Root mean square of the independent numpy gradient."""
    return float(np.sqrt(np.mean(energy_gradient(x)[1] ** 2)))


def spectrum(x: Array) -> Array:
    """Eigenvalues of the exact Hessian on the complement of translations and rotations.

    The rank of the zero modes is computed, so a linear molecule loses five and not six.
    """
    r = x.reshape(-1, 3) - x.reshape(-1, 3).mean(0)
    axes = np.eye(3)
    modes = [np.tile(a, len(r)) for a in axes] + [np.cross(a, r).ravel() for a in axes]
    u, s, _ = np.linalg.svd(np.stack(modes, 1), full_matrices=True)
    keep = u[:, int(np.sum(s > 1e-6 * s[0])) :]
    return np.linalg.eigvalsh(keep.T @ hessian(x) @ keep)


def index(x: Array, threshold: float = 1e-6) -> int:
    """Number of negative Hessian eigenvalues; -1 where one is too close to zero to tell."""
    values = spectrum(x)
    if np.any(np.abs(values) < threshold):
        return -1
    return int(np.sum(values < 0))


def random_starts(n_atoms: int, count: int, seed: int = 0, shape: str = "ball") -> Array:
    """Uniform starts `[count, 3N]`.

    `ball` has the radius of the original GMIN container (Wales and Doye 1997), `2^(1/6) (1 +
    (3N / 4 pi sqrt 2)^(1/3))`; `cube` is pele's own, side `1.4 N^(1/3)`.
    """
    rng = np.random.default_rng(seed)
    if shape == "cube":
        return rng.uniform(-0.7, 0.7, (count, 3 * n_atoms)) * n_atoms ** (1 / 3)
    radius = 2 ** (1 / 6) * (1 + (3 * n_atoms / (4 * np.pi * np.sqrt(2))) ** (1 / 3))
    direction = rng.normal(size=(count, n_atoms, 3))
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    r = radius * rng.uniform(size=(count, n_atoms, 1)) ** (1 / 3) * direction
    return r.reshape(count, 3 * n_atoms)


def sorted_distances(x: Array) -> Array:
    r = x.reshape(-1, 3)
    i, j = np.triu_indices(len(r), 1)
    return np.sort(np.linalg.norm(r[i] - r[j], axis=1))


@dataclass
class Distinct:
    """Stationary points up to rotation, permutation and inversion.

    Two are the same if energies agree to `energy` and all sorted pair distances to `distance`.
    Looked up by energy bin, so the cost of a new point does not grow with their number.
    """

    energy: float = 3e-6
    distance: float = 2e-3
    x: list[Array] = field(default_factory=list)
    energies: list[float] = field(default_factory=list)
    _bins: dict[int, list[tuple[int, Array]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.x)

    def find(self, x: Array, energy: float) -> int | None:
        """The id of a known point, or None."""
        bin_, print_ = round(energy / self.energy), sorted_distances(x)
        for b in (bin_ - 1, bin_, bin_ + 1):
            for i, other in self._bins.get(b, ()):
                if (
                    abs(self.energies[i] - energy) < self.energy
                    and np.max(np.abs(other - print_)) < self.distance
                ):
                    return i
        return None

    def add(self, x: Array, energy: float) -> tuple[int, bool]:
        """The id of the point and whether it is new."""
        known = self.find(x, energy)
        if known is not None:
            return known, False
        self._bins.setdefault(round(energy / self.energy), []).append(
            (len(self.x), sorted_distances(x))
        )
        self.x.append(np.array(x))
        self.energies.append(float(energy))
        return len(self.x) - 1, True


class Clock:
    """CPU and wall seconds of the code inside `with clock:`, added up."""

    def __init__(self) -> None:
        self.cpu = self.wall = 0.0
        self._since: tuple[float, float] | None = None

    def __enter__(self) -> Clock:
        self._since = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._since is not None
        self.cpu += time.process_time() - self._since[0]
        self.wall += time.perf_counter() - self._since[1]
        self._since = None


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Swallow what a peer prints from Python."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def options(description: str | None, **defaults: Any) -> argparse.ArgumentParser:
    """A parser with one `--name` for each default, of the default's type."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, value in defaults.items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(value), default=value)
    return parser


def starts_options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument(
        "--starts", type=Path, help="starts [B, 3N] as .npy, instead of random ones"
    )
    parser.add_argument("--shape", choices=("ball", "cube"), default="ball")
    return parser


def load_starts(args: argparse.Namespace, count: int) -> Array:
    if args.starts is None:
        return random_starts(args.atoms, count, args.seed, args.shape)
    starts = np.asarray(np.load(args.starts), dtype=np.float64)
    if starts.ndim != 2 or starts.shape[1] != 3 * args.atoms:
        raise ValueError(f"{args.starts}: want [B, {3 * args.atoms}], found {list(starts.shape)}")
    return starts[:count]


def quench_row(
    peer: str,
    distribution: str,
    args: argparse.Namespace,
    clock: Clock,
    results: list[Array],
    evaluations: Array,
) -> dict[str, Any]:
    """One row of a quench benchmark; success is judged by the gradient computed here."""
    rms = np.array([rms_gradient(x) for x in results])
    good = rms <= args.tolerance * (1 + 1e-6)
    energies = np.array([energy_gradient(x)[0] for x in results])
    return {
        "benchmark": "quench",
        "peer": peer,
        "version": version(distribution),
        "n_atoms": args.atoms,
        "starts": str(args.starts.name) if args.starts else f"{args.shape}, seed {args.seed}",
        "rms_tolerance": args.tolerance,
        "quenches": len(results),
        "failures": int(np.sum(~good)),
        "mean_energy": round(float(np.mean(energies[good])), 4) if good.any() else None,
        "mean_evaluations": round(float(np.mean(evaluations)), 1),
        "max_evaluations": int(np.max(evaluations)),
        "cpu_s": round(clock.cpu, 3),
        "wall_s": round(clock.wall, 3),
        "us_per_evaluation": round(1e6 * clock.cpu / float(np.sum(evaluations)), 2),
        "quenches_per_cpu_s": round(float(np.sum(good)) / clock.cpu, 2),
    }


def show(row: dict[str, Any]) -> None:
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    command = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.add_argument("atoms", type=int)
    command.add_argument("count", type=int)
    command.add_argument("file", type=Path)
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--shape", choices=("ball", "cube"), default="ball")
    asked = command.parse_args()
    np.save(asked.file, random_starts(asked.atoms, asked.count, asked.seed, asked.shape))
