"""The table and plots of README.md, from the rows in results/."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _plots import draw
from _report_learning import (
    bands_table,
    clustering_table,
    minimisers_table,
    networks_table,
    roughness_table,
)

Row = dict[str, Any]
BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"


@dataclass
class Line:
    """One line of the table: a figure of ours beside one of somebody else's."""

    work: str
    unit: str
    ours: float | None
    other: str
    theirs: float | None
    more_is_better: bool = True
    date: str = ""

    @property
    def ahead(self) -> str:
        if self.ours is None or self.theirs is None:
            return "-"
        ratio = self.ours / self.theirs if self.more_is_better else self.theirs / self.ours
        if 1 / 1.1 < ratio < 1.1:
            return "even"
        return f"**jaxscape**, {ratio:.3g}x" if ratio > 1 else f"{self.other}, {1 / ratio:.3g}x"


class Rows:
    """All rows of a folder; `peers.json` holds older ones, used where nothing newer is."""

    def __init__(self, folder: Path) -> None:
        self.rows: list[Row] = []
        self.machine: Row = {}
        for path in sorted(folder.glob("*.json")):
            document = json.loads(path.read_text())
            if path.name == "peers.json":
                self.rows += [
                    row | {"date": document["date"], "old": True} for row in document["rows"]
                ]
            else:
                self.rows += document["rows"]
                self.machine = document["machine"]

    def find(self, benchmark: str, program: str = "jaxscape", **fields: Any) -> list[Row]:
        """Rows of a benchmark by the beginning of the program's name; the newer ones if any."""
        rows = [
            row
            for row in self.rows
            if row.get("benchmark") == benchmark
            and str(row.get("peer") or row.get("program")).startswith(program)
            and all(row.get(name) == value for name, value in fields.items())
        ]
        return [row for row in rows if not row.get("old")] or rows

    def best(self, name: str, benchmark: str, program: str = "jaxscape", **fields: Any) -> Row:
        """The row with the largest `name`, empty if there is none."""
        rows = [row for row in self.find(benchmark, program, **fields) if row.get(name) is not None]
        return max(rows, key=lambda row: row[name], default={})


def lines(rows: Rows) -> list[Line]:
    table: list[Line] = []
    tolerance = {"quench": 1e-5, "transition states, single-ended": 1e-6}

    def rate(work: str, name: str, benchmark: str, n: int, program: str, label: str) -> None:
        ours = rows.best(name, benchmark, n_atoms=n)
        theirs = rows.best(name, benchmark, program, n_atoms=n, rms_tolerance=tolerance[benchmark])
        unit = {"quenches_per_cpu_s": "quenches per CPU s", "certified_per_cpu_s": "per CPU s"}
        if ours and (theirs or label == "pele"):
            table.append(
                Line(
                    work, unit[name], ours.get(name), label, theirs.get(name),
                    date=theirs.get("date", ""),
                )
            )  # fmt: skip

    for n in (13, 38, 75):
        rate(f"quench of a random LJ{n} start", "quenches_per_cpu_s", "quench", n, "pele", "pele")
    for program, label in (
        ("optimistix", "optimistix, vmapped"),
        ("optax", "optax, vmapped"),
        ("scipy", "SciPy"),
        ("ase", "ASE"),
    ):
        rate("the same, LJ38", "quenches_per_cpu_s", "quench", 38, program, label)
    optbench = min(
        rows.find("quench, OptBench protocol"), key=lambda r: r["mean_evaluations"], default=None
    )
    if optbench:
        same = [
            row["mean_evaluations"]
            for row in rows.find("quench", "pele", n_atoms=38)
            if row["rms_tolerance"] > 1e-4
        ]
        work = (
            f"LJ38 quench by OptBench's protocol, history {optbench['history']} "
            f"({optbench['failures']} failed of {optbench['quenches']})"
        )
        mean = optbench["mean_evaluations"]
        pele = min(same, default=None)
        table.append(Line(work, "evaluations", mean, "pele, same starts", pele, False))
        table.append(Line("the same", "evaluations", mean, "best published", 166, False))
    for n in (7, 13, 38):
        rate(
            f"certified LJ{n} transition states with both minima",
            "certified_per_cpu_s", "transition states, single-ended", n, "pele", "pele",
        )  # fmt: skip
    near = rows.best("mean_evaluations", "transition states, near saddles")
    bands = rows.best("mean_evaluations", "transition states, near saddles (bands)")
    for row, how in ((near, "displaced saddles"), (bands, "tops of bands")):
        if row:
            table.append(
                Line(
                    f"evaluations to an LJ38 saddle from {how} ({row['failures']} failed of "
                    f"{row['attempts']})",
                    "evaluations", row["mean_evaluations"], "OPTIM, published", 145, False,
                )
            )  # fmt: skip
    for n in (7, 8):
        table += landscapes(rows, n)
    for n in (10, 13):
        ours = rows.best("transition_states", "landscape", n_atoms=n)
        theirs = rows.best("transition_states", "landscape", "pele", n_atoms=n)
        if ours and theirs:
            # At the same time: once a network is nearly complete, little is left to find.
            until = theirs["cpu_s"]
            found = [states for cpu, _, states in ours["cpu_s_minima_states"] if cpu <= until]
            table.append(
                Line(
                    f"LJ{n} transition states after {until:.0f} CPU s (at the end "
                    f"{ours['transition_states']:,} after {ours['cpu_s']:,.0f}, "
                    f"{ours['explore_wall_s'] / 60:.1f} minutes by the clock)",
                    "found", max(found, default=0), "pele", theirs["transition_states"],
                    date=theirs.get("date", ""),
                )
            )  # fmt: skip
    for n in (13, 38, 75):
        table += hopping(rows, n)
    return table


def landscapes(rows: Rows, n: int) -> list[Line]:
    """Mean CPU seconds to the complete network, over the seeds that both sides ran."""
    ours = rows.find("landscape", n_atoms=n)
    theirs = rows.find("landscape", "pele", n_atoms=n)
    table = []
    if ours:
        failed = sum(not row["complete"] for row in ours)
        note = f", {failed} of {len(ours)} incomplete" if failed else ""
        mean = [mean_of(group, lambda row: row["cpu_s"]) for group in (ours, theirs)]
        table.append(
            Line(
                f"LJ{n}: complete network{note} (ours with start-up and compilation)",
                "CPU s", mean[0], "pele", mean[1], False,
                date=theirs[0].get("date", "") if theirs else "",
            )
        )  # fmt: skip
    return table


# Evaluations to the global minimum (optbench.org): plain; with symmetry moves; symmetrised cores.
GMIN_LJ38 = (
    ("GMIN, published", 2.66e5),
    ("GMIN with symmetry moves, published", 2.271e4),
    ("GMIN with core orbits symmetrised, published", 6421),
)


def hopping(rows: Rows, n: int) -> list[Line]:
    """CPU seconds and evaluations per success, totals over the rounds."""
    theirs = rows.find("basin-hopping", "pele", n_atoms=n)
    theirs = [row for row in theirs if "default" in row["peer"]] or theirs
    table = []
    for compressed, symmetrised in itertools.product((False, True), repeat=2):
        ours = [
            row
            for row in rows.find("basin-hopping", n_atoms=n)
            if bool(row.get("compression")) == compressed
            and row.get("symmetrised", False) == symmetrised
        ]
        if not ours:
            continue
        hits = [sum(row["reached"] for row in group) for group in (ours, theirs)]
        how = ", compressed" * compressed + ", symmetrised" * symmetrised
        for name, unit in (("cpu_s", "CPU s"), ("evaluations", "evaluations")):
            per = [
                sum(row[name] for row in group) / count if count else None
                for group, count in zip((ours, theirs), hits, strict=True)
            ]
            table.append(
                Line(
                    f"basin-hopping to the LJ{n} global minimum{how}, {unit} per success "
                    f"({hits[0]} and {hits[1]} successes)",
                    unit, per[0], "pele", per[1], False,
                    date=theirs[0].get("date", "") if theirs else "",
                )
            )  # fmt: skip
            if name == "evaluations" and n == 38:
                peer, figure = GMIN_LJ38[compressed + symmetrised]
                table.append(Line("the same", unit, per[0], peer, figure, False))
    return table


def mean_of(rows: Iterable[Row], value: Callable[[Row], float]) -> float | None:
    values = [value(row) for row in rows]
    return sum(values) / len(values) if values else None


def figure(value: float | None) -> str:
    if value is None:
        return "-"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def markdown(rows: Rows) -> str:
    """The generated part of README.md."""
    m = rows.machine
    dates = sorted({row["date"] for row in rows.rows if not row.get("old")})
    text = [
        f"Measured on {dates[-1] if dates else '-'}: {m.get('cpu', '-')}, {m.get('cores')} cores, "
        f"{m.get('memory_gib')} GiB, no accelerator; Python {m.get('python')}, jax "
        f"{m.get('jax')}, numpy {m.get('numpy')}; {peer_versions(rows)}. "
        f"Load average at the end: {m.get('load')}.",
        "",
        "| work | unit | jaxscape | compared with | its figure | ahead |",
        "|---|---|---:|---|---:|---|",
    ]
    newest = dates[-1] if dates else ""
    for line in lines(rows):
        other = line.other
        if line.date and line.date != newest:
            other += f" ({line.date})"
        text.append(
            f"| {line.work} | {line.unit} | {figure(line.ours)} | {other} | "
            f"{figure(line.theirs)} | {line.ahead} |"
        )
    tables = (lanes_table, queue_table, compile_table, size_table, minima_table, minimisers_table)
    for table in (*tables, networks_table, bands_table, roughness_table, clustering_table):
        if lines_of_table := table(rows):
            text += ["", *lines_of_table]
    return "\n".join(text).rstrip() + "\n"


def peer_versions(rows: Rows) -> str:
    seen = {
        str(row["peer"]).split()[0].rstrip(","): row["version"]
        for row in rows.rows
        if row.get("peer") and row.get("version")
    }
    return ", ".join(f"{name} {number}" for name, number in sorted(seen.items()))


def lanes_table(rows: Rows) -> list[str]:
    text = [
        "### Where the time goes",
        "",
        "Useful lane-steps are those of lanes still searching; the share in device code is that of "
        "the drivers' wall time. *Elsewhere* is CPU time outside every search and certificate.",
        "",
        "| work | lane-steps useful | in device code | certificates | elsewhere | compile, CPU s |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    wanted = [("quench", n, f"quench LJ{n}") for n in (13, 38, 75)]
    wanted += [("transition states, single-ended", n, f"transition states LJ{n}") for n in (13, 38)]
    wanted += [("basin-hopping", 38, "basin-hopping LJ38"), ("landscape", 13, "explore LJ13")]
    for benchmark, n, label in wanted:
        found = rows.find(benchmark, n_atoms=n)
        if not found:
            continue
        row = min(found, key=lambda r: r["cpu_s"])
        stages = row["stages"]
        device = [
            (stage["device_share"], stage["wall_s"])
            for stage in stages.values()
            if "device_share" in stage
        ]
        weight = sum(w for _, w in device) or 1.0
        apart = [r["compile_cpu_s"] for r in found if "compile_cpu_s" in r]
        compiling = f"{max(apart):.3g}" if apart else "included"
        text.append(
            f"| {label} | {percent(row['useful_lane_share'])} | "
            f"{percent(sum(d * w for d, w in device) / weight)} | "
            f"{percent(stages.get('certify', {}).get('cpu_share', 0.0))} | "
            f"{percent(stages['elsewhere']['cpu_share'])} | {compiling} |"
        )
    return text if len(text) > 6 else []


SEARCHES = {
    "LBFGSSearch": "`minimise`",
    "HEFSearch": "`find_transition_states`",
    "BandSearch": "`neb`, 7 images",
    "HoppingSearch": "`basin_hopping`, 10 steps a chain",
}


def queue_table(rows: Rows) -> list[str]:
    found = rows.find("lanes")
    if not found:
        return []
    atoms = sorted({row["n_atoms"] for row in found})
    text = [
        "### How full lanes are kept",
        "",
        f"Queues of {found[0]['jobs'] // found[0]['lanes']} times the lanes "
        f"({found[0]['lanes']}): lane-steps of lanes still searching, and in brackets the share of "
        "the drivers' wall time in compiled code. What is missing is the end of the queue, when "
        "the longest searches go on alone.",
        "",
        "| search | " + " | ".join(f"LJ{n}" for n in atoms) + " |",
        "|---|" + "---:|" * len(atoms),
    ]
    cells = {
        (row["search"], row["n_atoms"]): f"{percent(row['useful_share'])} "
        f"({percent(row['device_share'])})"
        for row in found
    }
    for name, label in SEARCHES.items():
        text.append(f"| {label} | " + " | ".join(cells.get((name, n), "-") for n in atoms) + " |")
    return text


def minima_table(rows: Rows) -> list[str]:
    found = sorted(rows.find("global minimum"), key=lambda r: r["n_atoms"])
    if not found:
        return []
    missed = [str(row["n_atoms"]) for row in found if not row["reached"]]
    second = [str(row["n_atoms"]) for row in found if row["searches"] > 1 and row["reached"]]
    hard = sorted(
        (row for row in found if row["reached"]), key=lambda r: -r["evaluations_to_target"]
    )
    return [
        "### Global minima of Lennard-Jones clusters",
        "",
        f"LJ{found[0]['n_atoms']} to LJ{found[-1]['n_atoms']} from random starts, the same budget "
        f"for every size: {found[0]['chains']} compressed and symmetrised chains of 200 quenches, "
        "and where none of them arrives as many with plain steps, 400 quenches each. "
        f"{len(found) - len(missed)} of {len(found)} sizes are reached (to 1e-5 of the Cambridge "
        "Cluster Database, at a certified minimum)"
        + (f"; not {', '.join(missed)}" if missed else "")
        + f". Plain steps were needed for {', '.join(second) or 'none'}. "
        f"{sum(row['evaluations'] for row in found):,} evaluations and "
        f"{sum(row['cpu_s'] for row in found):,.0f} CPU s in all, compilation apart. The dearest, "
        "by evaluations of all chains for each one that arrived: "
        + ", ".join(f"LJ{row['n_atoms']} {row['evaluations_to_target']:,}" for row in hard[:5])
        + ".",
    ]


def compile_table(rows: Rows) -> list[str]:
    found = rows.find("first result")
    if not found:
        return []
    text = [
        "### First result of a fresh process, LJ8",
        "",
        "CPU (wall) seconds from the start of the process, imports included.",
        "",
        "| call | no cache | fills JAX's persistent cache | finds it full |",
        "|---|---:|---:|---:|",
    ]
    for work in ("minimise", "find_transition_states", "explore"):
        cells = {row["cache"]: row for row in found if row["work"] == work}
        if cells:
            text.append(
                f"| `{work}` | "
                + " | ".join(
                    f"{cells[c]['cpu_s']:.1f} ({cells[c]['wall_s']:.1f})" if c in cells else "-"
                    for c in ("none", "empty", "full")
                )
                + " |"
            )
    return text


def size_table(rows: Rows) -> list[str]:
    found = rows.find("size")
    if not found:
        return []
    row = max(found, key=lambda r: r["points"])
    text = [
        "### Size of the network",
        "",
        f"Made-up points of {row['dim']} coordinates, entered with a store attached; reading the "
        f"whole back takes {row['load_cpu_s']} CPU s, peak memory {row['peak_memory_mb']} MiB.",
        "",
        "| stationary points | one more costs, us | disconnectivity tree, CPU s | file, MB |",
        "|---:|---:|---:|---:|",
    ]
    curve = row["curve"]
    for mark in [*curve[:1], *curve[len(curve) // 2 : len(curve) // 2 + 1], *curve[-1:]]:
        text.append(
            f"| {mark['points']:,} | {mark['add_us_per_point']} | {mark['tree_cpu_s']} | "
            f"{mark['file_mb']} |"
        )
    return text


def percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f}%"


def write_report(folder: Path, readme: Path | None) -> None:
    """Plots into the folder; the table into the README between its markers, or to the screen."""
    rows = Rows(folder)
    if not rows.rows:
        return
    pictures = draw(rows, folder)
    text = markdown(rows)
    if readme is None:
        print(text)
        return
    links = "\n\n".join(f"![{title}](results/{name})" for name, title in pictures.items())
    old = readme.read_text()
    head, rest = old.split(BEGIN, 1)
    tail = rest.split(END, 1)[1]
    readme.write_text(f"{head}{BEGIN}\n{text}\n{links}\n{END}{tail}")
