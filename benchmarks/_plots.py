"""Plots of the benchmarks: throughput against lanes and atoms, growth, size of networks, paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.ticker import NullFormatter, NullLocator  # noqa: E402

OURS, PEER = "#0b6e99", "#c4622d"


def draw(rows: Any, folder: Path) -> dict[str, str]:
    """Write those plots for which there are rows; their file names and titles."""
    made = {}
    for name, title, plot in (
        ("throughput.png", "Quench rates against lanes and atoms", throughput),
        ("landscape.png", "Transition states found against CPU seconds", growth),
        ("size.png", "Cost against the size of the network", size),
        ("minima.png", "Evaluations to the global minima of Lennard-Jones clusters", minima),
        ("connect.png", "Loss between networks trained from different seeds", connect),
    ):
        figure = plot(rows)
        if figure is not None:
            figure.savefig(folder / name, dpi=150)
            plt.close(figure)
            made[name] = title
    return made


def minima(rows: Any) -> Any:
    found = sorted(rows.find("global minimum"), key=lambda r: r["n_atoms"])
    if not found:
        return None
    figure, axes = plt.subplots(figsize=(9, 3.2), layout="constrained")
    for searches, colour, label in (
        (1, OURS, "compressed and symmetrised"),
        (2, PEER, "plain steps after them"),
    ):
        some = [r for r in found if r["searches"] == searches and r["reached"]]
        axes.bar(
            [r["n_atoms"] for r in some],
            [r["evaluations_to_target"] for r in some],
            color=colour, label=label,
        )  # fmt: skip
    axes.set(yscale="log", xlabel="atoms", ylabel="energies and gradients\nper chain that arrived")
    axes.set_xlim(found[0]["n_atoms"] - 1, found[-1]["n_atoms"] + 1)
    axes.legend(frameon=False, loc="upper left")
    return figure


def throughput(rows: Any) -> Any:
    found = rows.find("throughput")
    if not found:
        return None
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    lanes = sorted((r for r in found if r["axis"] == "lanes"), key=lambda r: r["lanes"])
    if lanes:
        n = lanes[0]["n_atoms"]
        x = [r["lanes"] for r in lanes]
        left.plot(x, [r["quenches_per_cpu_s"] for r in lanes], "o-", color=OURS, label="jaxscape")
        pele = rows.best("quenches_per_cpu_s", "quench", "pele", n_atoms=n, rms_tolerance=1e-5)
        if pele:
            left.axhline(pele["quenches_per_cpu_s"], color=PEER, ls="--", label="pele (C++)")
        left.set(xscale="log", xlabel="lanes in a tile", ylabel=f"LJ{n} quenches per CPU second")
        left.set_xticks(x, [str(v) for v in x], minor=False)
        left.minorticks_off()
        left.set_ylim(bottom=0)
        left.legend(frameon=False)
    atoms = sorted((r for r in found if r["axis"] == "atoms"), key=lambda r: r["n_atoms"])
    if atoms:
        right.loglog(
            [r["n_atoms"] for r in atoms],
            [r["us_per_evaluation"] for r in atoms],
            "o-", color=OURS, label="jaxscape",
        )  # fmt: skip
        sizes = [r["n_atoms"] for r in atoms]
        pele = []
        for n in (13, 38, 75):
            found = rows.find("quench", "pele", n_atoms=n, rms_tolerance=1e-5)
            if found:
                pele.append((n, min(r["us_per_evaluation"] for r in found)))
        if pele:
            right.loglog(*zip(*pele, strict=True), "s--", color=PEER, label="pele (C++)")
        right.set(xlabel="atoms", ylabel="CPU us per evaluation,\nwhole minimiser")
        right.set_xticks(sizes, [str(n) for n in sizes], minor=False)
        right.xaxis.set_minor_locator(NullLocator())
        right.yaxis.set_major_formatter("{x:g}")
        right.yaxis.set_minor_formatter(NullFormatter())
        right.legend(frameon=False)
    return figure


def growth(rows: Any) -> Any:
    """One panel a cluster: transition states against CPU seconds, every seed a line."""
    panels = [n for n in (8, 10, 13) if rows.find("landscape", n_atoms=n)]
    if not panels:
        return None
    figure, axes = plt.subplots(
        1, len(panels), figsize=(3.6 * len(panels), 3.4), layout="constrained", squeeze=False
    )
    for n, axis in zip(panels, axes[0], strict=True):
        goal = None
        for program, colour in (("jaxscape", OURS), ("pele", PEER)):
            label = program
            for row in rows.find("landscape", program, n_atoms=n):
                seconds, _, states = zip(*row["cpu_s_minima_states"], strict=True)
                axis.step(seconds, states, where="post", color=colour, label=label, lw=1.3)
                label = None
                goal = row.get("goal", [0, goal])[1] or goal
        if goal:
            axis.axhline(goal, color="0.6", ls=":", lw=1)
        axis.set(xlabel="CPU seconds (jaxscape: from process start)", title=f"LJ{n}")
        axis.set(ylim=(0, None), xlim=(0, None))
        axis.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel("transition states found")
    axes[0, 0].legend(frameon=False, loc="lower right")
    return figure


def size(rows: Any) -> Any:
    found = rows.find("size")
    if not found:
        return None
    curve = max(found, key=lambda r: r["points"])["curve"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    x = [mark["points"] for mark in curve]
    left.plot(x, [mark["add_us_per_point"] for mark in curve], "o-", color=OURS)
    left.set(xlabel="stationary points", ylabel="one more point, CPU us", ylim=(0, None))
    right.plot(x, [mark["tree_cpu_s"] for mark in curve], "o-", color=OURS)
    right.set(xlabel="stationary points", ylabel="disconnectivity tree, CPU s", ylim=(0, None))
    for axis in (left, right):
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axis.spines[["top", "right"]].set_visible(False)
    return figure


def connect(rows: Any) -> Any:
    """Losses along straight lines and bands, as trained and aligned; all barriers beside them."""
    found = rows.find("learning, connect")
    if not found:
        return None
    row = max(found, key=lambda r: r["parameters"])
    kinds = [
        ("as_trained_straight", "as trained, straight", PEER, "-"),
        ("as_trained_band", "as trained, band", PEER, "--"),
        ("aligned_straight", "aligned, straight", OURS, "-"),
        ("aligned_band", "aligned, band", OURS, "--"),
    ]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for name, label, colour, style in kinds:
        for profile in row[f"{name}_profiles"]:
            share = [i / (len(profile) - 1) for i in range(len(profile))]
            left.plot(share, profile, style, color=colour, lw=0.8, alpha=0.7, label=label)
            label = None
    left.set(xlabel="share of the path", ylabel="loss", xlim=(0, 1))
    figure.legend(loc="outside upper center", ncols=4, frameon=False)
    for place, (name, _, colour, _) in enumerate(kinds):
        barriers = row[name]
        spots = [place + 0.5 * (i / max(len(barriers) - 1, 1) - 0.5) for i in range(len(barriers))]
        right.plot(spots, barriers, "o", color=colour, ms=3, alpha=0.7)
    right.set(yscale="log", ylabel="barrier")
    right.set_xticks(range(len(kinds)), [label.replace(", ", ",\n") for _, label, _, _ in kinds])
    for axis in (left, right):
        axis.spines[["top", "right"]].set_visible(False)
    return figure
