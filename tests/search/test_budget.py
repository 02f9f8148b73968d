"""Budgets: parts of them, and interrupts."""

import math
import time

import jax
import pytest

import jaxscape as js
from jaxscape.search import lanes
from jaxscape.search.budget import Budget


def test_a_part_ends_sooner_and_shares_interrupts():
    whole = Budget(60.0)
    part = whole.part(0.5)
    now = time.monotonic()
    assert part.deadline - now == pytest.approx(30.0, abs=1.0)
    assert whole.deadline - now == pytest.approx(60.0, abs=1.0)
    assert not (part.spent or whole.spent)
    part.interrupted = True
    assert whole.interrupted and whole.spent
    assert Budget().part(0.5).deadline == math.inf


def test_a_part_of_a_spent_budget_is_spent():
    whole = Budget(60.0)
    whole.deadline = time.monotonic() - 1.0
    assert whole.spent and whole.part(0.5).spent


def test_following_modes_leaves_time_for_the_minima(lj7, lj7_starts, monkeypatch):
    deadlines, plain = {}, lanes.run

    def run(search, *arguments, budget, **options):
        deadlines.setdefault(type(search).__name__, []).append(budget.deadline)
        return plain(search, *arguments, budget=budget, **options)

    monkeypatch.setattr(lanes, "run", run)
    budget = Budget(600.0)
    js.find_transition_states(lj7, lj7_starts[:16], key=jax.random.key(0), budget=budget)
    assert all(end == budget.deadline for end in deadlines["LBFGSSearch"])
    assert all(end < budget.deadline - 100.0 for end in deadlines["HEFSearch"])
