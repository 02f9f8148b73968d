"""One certified single-ended transition-state search with pele."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from _common import Array, Clock, index, quiet, rms_gradient
from pele.optimize import lbfgs_cpp
from pele.potentials import LJ
from pele.transition_states import FindTransitionState, minima_from_ts, orthogopt

logging.disable(logging.CRITICAL)

SETTINGS: dict[str, dict[str, Any]] = {
    # pele's own, as its LJCluster uses them.
    "default": {},
    # The fastest of about 40 combinations tried on LJ13 and LJ38. With so few eigenvector steps
    # pele's own stability screen rarely completes, so its `success` is ignored: the exact Hessian
    # below decides.
    "tuned": {
        "nsteps": 300,
        "check_negative": False,
        "lowestEigenvectorQuenchParams": {"nsteps": 10},
    },
}


@dataclass
class Found:
    """What one search returned; `ts` is None where nothing certified was found."""

    ts: Array | None
    energy: float
    plus: Array | None
    minus: Array | None
    evaluations: int
    converged: bool


class Searcher:
    """Searches whose CPU time (pele only) goes to `clock`; certification goes to `check`."""

    def __init__(self, settings: str, tolerance: float) -> None:
        self.potential = LJ()
        self.settings = SETTINGS[settings]
        self.tolerance = tolerance
        self.clock, self.check = Clock(), Clock()

    def quench(self, x: Array) -> Any:
        return lbfgs_cpp(x, self.potential, tol=self.tolerance, nsteps=100_000)

    def search(self, x: Array) -> Found:
        settings = {k: dict(v) if isinstance(v, dict) else v for k, v in self.settings.items()}
        nothing = Found(None, np.nan, None, None, 0, False)
        with self.clock, quiet():
            try:
                result = FindTransitionState(
                    x,
                    self.potential,
                    tol=self.tolerance,
                    orthogZeroEigs=orthogopt,
                    verbosity=0,
                    **settings,
                ).run()
            except Exception:
                return nothing
        ts = np.array(result.coords)
        nothing.evaluations = int(result.nfev)
        with self.check:
            nothing.converged = rms_gradient(ts) <= self.tolerance * (1 + 1e-6)
            if not nothing.converged or index(ts) != 1:
                return nothing
        with self.clock:
            sides = minima_from_ts(self.potential, ts, n=result.eigenvec, quench=self.quench)
        plus, minus = (np.array(side.coords) for side in sides)
        evaluations = nothing.evaluations + sum(int(side.nfev) for side in sides)
        with self.check:
            for side in (plus, minus):
                if rms_gradient(side) > self.tolerance * (1 + 1e-6) or index(side) != 0:
                    return Found(None, np.nan, None, None, evaluations, True)
        return Found(ts, float(result.energy), plus, minus, evaluations, True)
