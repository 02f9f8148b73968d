"""A run killed at any moment and started again loses nothing it had reported."""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from jaxscape.landscape import load

WRITER = """
import sys
import numpy as np
from jaxscape.landscape import Landscape
from jaxscape.search.results import StationaryPoints

landscape = Landscape(store=sys.argv[1])
print("open", len(landscape.minima), len(landscape.attempts), flush=True)
rng = np.random.default_rng()
while True:
    n = int(rng.integers(1, 40))
    first = len(landscape.minima)
    x = np.arange(first, first + n)[:, None] * np.ones(30)
    zero = np.zeros(n)
    landscape.add(StationaryPoints(
        x=x, energy=x[:, 0] * 1.0, rms_gradient=zero, index=zero.astype(int),
        lowest_eigenvalue=zero, log_product=zero, active=zero.astype(int),
        status=zero.astype(int) + 1, evaluations=zero.astype(int)))
    landscape.record_attempts("single", a=range(first, first + n))
    print("reported", len(landscape.minima), len(landscape.attempts), flush=True)
"""


def write_until_killed(path, seconds):
    """Numbers of minima and attempts: at the start, and last printed before the kill."""
    command = [sys.executable, "-c", WRITER, str(path)]
    # An own environment keeps the writer from starting an accelerator.
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        opened = process.stdout.readline().split()
        assert opened and opened[0] == "open"
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read()
    # The last line may be cut short by the kill.
    lines = [line for line in rest.splitlines(keepends=True) if line.endswith("\n")]
    reports = [opened, *(line.split() for line in lines)]
    return tuple(int(word) for word in opened[1:]), tuple(int(word) for word in reports[-1][1:])


@pytest.mark.parametrize("rounds", [3, pytest.param(25, marks=pytest.mark.slow)])
def test_kill_9_at_random_moments(tmp_path, rounds):
    path = tmp_path / "s.sqlite"
    moments = random.Random(rounds)
    before = (0, 0)
    for _ in range(rounds):
        opened, reported = write_until_killed(path, moments.uniform(0.0, 0.4))
        assert opened == before
        landscape = load(path)
        before = size, _ = len(landscape.minima), len(landscape.attempts)
        assert before >= reported and before[1] >= reported[1]
        np.testing.assert_array_equal(landscape.minima.x, np.arange(size)[:, None] * np.ones(30))
        np.testing.assert_array_equal(landscape.minima.energy, np.arange(size))
    assert min(before) > 0
