"""Networks to write, and the way to compare them."""

import os
from pathlib import Path

import numpy as np
import pytest

import jaxscape as js

FOLDER = os.environ.get("JAXSCAPE_REFERENCE")


def lj7_landscape(surface):
    """The four minima of LJ7 and transition states between them, polished here."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 21)) * 0.8
    states = rng.normal(size=(5, 21))
    return js.Landscape.from_points(
        {"x": x, "energy": [-16.5, -15.9, -15.5, -15.5], "log_product": rng.normal(size=4) + 67.0},
        {
            "x": states,
            "energy": [-15.3, -15.2, -15.4, -15.0, -15.1],
            "log_product": rng.normal(size=5) + 65.0,
            "eigenvector": states / np.linalg.norm(states, axis=1, keepdims=True),
            "lowest_eigenvalue": -rng.random(5),
            "order": [1, 2, 1, 1, 3],
            "plus": np.array([0, 3, 1, 0, 2]),
            "minus": np.array([1, 2, 1, 1, 0]),
        },
        surface=surface,
    )


@pytest.fixture(scope="session")
def pairs():
    return [("double_ended", 0, 1, "", 0, 1.0), ("double_ended", 3, 2, "", 0, 2.0)]


@pytest.fixture
def landscape(lj7, pairs):
    """Made-up points of LJ7, with a duplicate energy, a degenerate transition state, attempts."""
    made = lj7_landscape(lj7)
    made.attempts.extend(pairs)
    return made


@pytest.fixture
def numbers():
    """A network without coordinates."""
    return js.KineticNetwork(
        [0.0, 0.25, 0.1], np.array([0, 2, 1, 0]), np.array([1, 1, 1, 1]),
        [1.0, 1.0 / 3.0, 2.0, 0.9], log_product=[3.0, 2.5, 0.1], ts_log_product=[2.0, 1, 0, 1],
        order=np.array([1, 2, 6]), ts_order=np.array([1, 1, 2, 1]),
    )  # fmt: skip


def columns_that_differ(one, other, but=()):
    """Names of the columns in which two landscapes are not the same to the last bit."""
    found = []
    for kind in ("minima", "transition_states"):
        first, second = (getattr(part, kind).columns() for part in (one, other))
        for name, column in first.items():
            floats = column.dtype.kind == "f"
            same = np.array_equal(column, second[name], equal_nan=floats)
            if not same and name not in but:
                found.append(f"{kind}.{name}")
    return found


@pytest.fixture(scope="session")
def differing():
    return columns_that_differ


FIELDS = ("energy", "log_product", "order", "ts_energy", "ts_log_product", "ts_order")


@pytest.fixture(scope="session")
def same_numbers():
    def same(one, other, fields=(*FIELDS, "plus", "minus")):
        return all(np.array_equal(getattr(one, f), getattr(other, f)) for f in fields)

    return same


@pytest.fixture(scope="session")
def reference():
    """A folder of real files, where the environment names one."""
    if not FOLDER or not Path(FOLDER).is_dir():
        pytest.skip("JAXSCAPE_REFERENCE names no folder of reference files")
    return Path(FOLDER)


@pytest.fixture(scope="session")
def edited():
    """`edited(path, old, new)`: replace a text in a file, which has to be there."""

    def edit(path, old, new):
        text = Path(path).read_text()
        assert old in text, f"{old!r} is not in {path}"
        Path(path).write_text(text.replace(old, new, 1))

    return edit
