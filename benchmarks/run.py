"""Run the benchmarks, the peers side by side, and rewrite the table and plots of README.md.

    python benchmarks/run.py --pele venv-pele/bin/python --peers venv-peers/bin/python
    python benchmarks/run.py --quick                 # small sizes, README.md stays
    python benchmarks/run.py --only quench38 ts13
    python benchmarks/run.py --report-only           # the table and plots from results/*.json

Interpreters may also come from BENCHMARK_PELE, BENCHMARK_PEERS and BENCHMARK_TOPSEARCH; how to make
those environments is told in peers/README.md. Without them the last results of a peer stay.

Runs alternate (jaxscape, peer, jaxscape, peer) and the least CPU time of each counts: on a shared
machine the others were disturbed. Quenches and transition-state searches are held to one core, as
the peers use one: with both cores busy a CPU second does less. Works are begun in order of
importance until `--minutes` are used up; those left out keep their old results, with the date of
when they were made.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))

from _report import write_report  # noqa: E402


@dataclass
class Work:
    """One line of the programme; `{round}`, `{seeds...}` and file names are filled in."""

    name: str
    seconds: float  # roughly, on two cores with nothing else running
    ours: list[str]
    peers: dict[str, list[str]] = field(default_factory=dict)  # environment: command
    rounds: int = 2
    cold: bool = False  # compilation is part of what is timed: no cache
    one_core: bool = False  # CPU seconds of two busy cores are longer, and peers use one
    quick: dict[str, str] = field(default_factory=dict)  # what --quick replaces


def quenches(n: int, count: int, seconds: float) -> Work:
    common = f"--atoms {n} --quenches {count} --starts {{starts{n}}}"
    return Work(
        f"quench{n}",
        seconds,
        [f"quench.py {common}"],
        {"pele": [f"pele_quench.py {common}"]},
        one_core=True,
        quick={f"--quenches {count}": "--quenches 64"},
    )


def states(n: int, seconds: float, attempts: int = 1000) -> Work:
    common = f"--atoms {n} --starts {{minima{n}}} --attempts"
    return Work(
        f"ts{n}",
        seconds,
        # More searches than lanes, so that lanes are refilled; pele goes on one by one.
        [f"transition_states.py {common} {attempts}"],
        {"pele": [f"pele_transition_states.py {common} 300"]},
        one_core=True,
        quick={f"--attempts {attempts}": "--attempts 40", "--attempts 300": "--attempts 20"},
    )


PROGRAMME = [
    quenches(38, 1000, 20),
    states(13, 40),
    states(38, 80, attempts=500),
    Work(
        "landscape8",
        75,
        ["landscape.py --atoms 8 --seconds 60 --seed {round}"],
        {
            "pele": [
                "pele_landscape.py --atoms 8 --minima 8 --transition-states 42 "
                "--budget 60 --seed {round}"
            ]
        },
        rounds=3,
        cold=True,
        quick={"--atoms 8": "--atoms 5", "--minima 8": "--minima 1", "-states 42": "-states 2"},
    ),
    Work(
        "hopping38",
        300,
        [
            "basin_hopping.py --atoms 38 --chains 16 --steps 3000 --seed {from16} --seconds 80 "
            "--temperature 0.8 --quench-tolerance 1e5",
            "basin_hopping.py --atoms 38 --chains 16 --steps 3000 --seed {from16} --seconds 80 "
            "--temperature 0.8 --quench-tolerance 1e5 --compression 20",
            "basin_hopping.py --atoms 38 --chains 16 --steps 3000 --seed {from16} --seconds 80 "
            "--temperature 0.8 --quench-tolerance 1e5 --symmetrised",
            "basin_hopping.py --atoms 38 --chains 16 --steps 3000 --seed {from16} --seconds 80 "
            "--temperature 0.8 --quench-tolerance 1e5 --symmetrised --compression 20",
        ],
        {
            "pele": [
                "pele_basin_hopping.py --atoms 38 --target -173.928427 --seeds 6 "
                "--first-seed {from6} --budget 12"
            ]
        },
        one_core=True,
        quick={"--steps 3000": "--steps 3", "--budget 12": "--budget 0.5"},
    ),
    Work(
        "hopping75",
        120,
        [
            "basin_hopping.py --atoms 75 --chains 32 --steps 600 --seed {from16} --seconds 100 "
            "--temperature 0.8 --symmetrised --compression 20 --restart-after 60"
        ],
        {},
        rounds=1,
        quick={"--steps 600": "--steps 3"},
    ),
    quenches(13, 1000, 16),
    quenches(75, 300, 26),
    Work(
        "optbench",
        35,
        [
            "quench.py --optbench --atoms 38 --quenches 1000 --history 6 25 --starts {grown38}",
            "quench.py --optbench --atoms 38 --quenches 1000 --history 100 --max-step 0.0187 "
            "--starts {grown38}",
        ],
        {
            "pele": [
                "pele_quench.py --atoms 38 --quenches 1000 --tolerance 9.3659e-4 --memory 100 "
                "--max-step 0.2 --starts {grown38}"
            ]
        },
        rounds=1,
        quick={"--quenches 1000": "--quenches 40"},
    ),
    Work("saddles", 25, ["transition_states.py --near-saddles"], rounds=1,
         quick={"saddles": "saddles --attempts 8"}),
    states(7, 30),
    Work("compile", 85, ["compile_time.py"], rounds=1, cold=True,
         quick={"time.py": "time.py --only minimise --batch 32"}),
    Work("size", 50, ["size.py --points 100000"], rounds=1,
         quick={"100000": "3000 --batch 300"}),
    Work("throughput", 50, ["throughput.py"], rounds=1,
         quick={"throughput.py": "throughput.py --lanes 1 16 --atoms 7 13 --per-lane 1"}),
    Work("lanes", 60, ["lanes.py"], rounds=1,
         quick={"lanes.py": "lanes.py --atoms 7 --lanes 16 --queue 2"}),
    Work("hopping13", 25,
         ["basin_hopping.py --atoms 13 --chains 64 --steps 500 --seed {from16}"],
         {"pele": ["pele_basin_hopping.py --atoms 13 --target -44.326801 --seeds 64 --budget 2"]},
         rounds=1, one_core=True, quick={"--chains 64": "--chains 8", "--seeds 64": "--seeds 4"}),
    Work(
        "jaxminimisers38",
        50,
        [],
        {
            "peers": [
                "jax_minimisers.py --atoms 38 --quenches 256 --lanes 64 --starts {starts38}",
                "python_minimisers.py --atoms 38 --quenches 40 --peers scipy --starts {starts38}",
            ]
        },
        rounds=1,
        one_core=True,
        quick={"--quenches 256": "--quenches 64", "--quenches 40": "--quenches 4"},
    ),
    Work("saddles_bands", 30, ["transition_states.py --near-saddles --bands"], rounds=1,
         quick={"--bands": "--bands --attempts 8"}),
    Work("landscape10", 75, ["landscape.py --atoms 10 --seconds 60"], rounds=1, cold=True,
         quick={"--seconds 60": "--seconds 4"}),
    Work("landscape13", 75, ["landscape.py --atoms 13 --seconds 60"], rounds=1, cold=True,
         quick={"--seconds 60": "--seconds 4"}),
    Work("learning", 45, ["learning.py --hidden 5 --starts 16"], rounds=1,
         quick={"--hidden 5 --starts 16": "--hidden 2 --starts 2 --l2 0.1 --tolerance 1e-4"}),
    Work("connect", 170,
         ["learning.py --connect --hidden 134 --starts 8 --l2 1e-3 --tolerance 1e-10"], rounds=1,
         quick={"--hidden 134 --starts 8 --l2 1e-3 --tolerance 1e-10":
                "--hidden 3 --starts 2 --l2 1e-2 --samples 50 --band-steps 2"}),
    Work("parameters", 350,
         ["learning.py --size --hidden 280 280 --l2 1e-2 --tolerance 1e-9"], rounds=1,
         quick={"--hidden 280 280": "--hidden 5 --samples 50 --band-steps 2"}),
    Work("mode_bands", 60, ["mode_bands.py"], rounds=1,
         quick={"bands.py": "bands.py --copies 2 --hidden 3 --samples 50 --l2 1e-2 "
                "--tolerance 1e-6 --steps 5 --rates 1 --ours 5"}),
    Work("roughness", 250, ["roughness.py --count"], rounds=1,
         quick={"--count": "--samples 60 --pairs 0,1 --seeds 0 --searches 0"}),
    Work("clustering", 200, ["clustering.py"], rounds=1,
         quick={"clustering.py": "clustering.py --clusters 2 --runs 64"}),
    Work("global_minima", 1500, ["global_minima.py"], rounds=1,
         quick={"minima.py": "minima.py --atoms 4 6 --chains 4 --steps 20"}),
    Work("landscape7", 20, ["landscape.py --atoms 7 --seconds 30"], rounds=1, cold=True,
         quick={"--seconds 30": "--seconds 4"}),
]  # fmt: skip


class Runner:
    """Runs commands with their interpreters, files and environment."""

    def __init__(self, args: argparse.Namespace, folder: Path) -> None:
        self.python = {
            "ours": sys.executable,
            "pele": args.pele,
            "peers": args.peers,
            "topsearch": args.topsearch,
        }
        self.folder, self.quick = folder, args.quick
        self.end = time.monotonic() + 60 * args.minutes
        self.files: dict[str, str] = {}

    def left(self) -> float:
        return self.end - time.monotonic()

    def file(self, name: str) -> str:
        """Starts or minima for both sides, made when first asked for."""
        if name not in self.files:
            path = self.folder / f"{name}.npy"
            atoms = name.removeprefix("starts").removeprefix("minima")
            if name.startswith("starts"):
                command = [str(HERE / "peers/_common.py"), atoms, "1000", str(path)]
            elif name == "grown38":
                command = [str(HERE / "quench.py"), "--atoms", "38", "--write-starts", str(path)]
            else:
                count = "40" if self.quick else "1000"
                command = [
                    str(HERE / "transition_states.py"), "--atoms", atoms,
                    "--attempts", count, "--write-minima", str(path),
                ]  # fmt: skip
            subprocess.run(
                [sys.executable, *command], check=True, env=self.environment(False), timeout=300
            )
            self.files[name] = str(path)
        return self.files[name]

    def environment(self, cold: bool) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if "COMPILATION_CACHE" not in k}
        clean |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        if not cold:
            # Saves compiling again in the second round; compile time is that of the first.
            clean["JAX_COMPILATION_CACHE_DIR"] = str(self.folder / "cache")
        return clean

    def command(self, text: str, work: Work, round_: int) -> list[str]:
        if self.quick:
            for old, new in work.quick.items():
                text = text.replace(old, new)
        fields = {"round": round_, "from6": 6 * round_, "from16": 16 * round_}
        for name in ("starts", "minima", "grown"):
            for atoms in (7, 13, 38, 75):
                if f"{{{name}{atoms}}}" in text:
                    fields[f"{name}{atoms}"] = self.file(f"{name}{atoms}")
        return text.format(**fields).split()

    def run(self, side: str, text: str, work: Work, round_: int) -> list[dict[str, Any]]:
        interpreter = self.python[side]
        if not interpreter:
            return []
        folder = HERE if side == "ours" else HERE / "peers"
        base = {"side": side, "round": round_}
        try:
            script, *rest = self.command(text, work, round_)
            begun = time.monotonic()
            done = subprocess.run(
                [interpreter, str(folder / script), *rest],
                env=self.environment(work.cold),
                capture_output=True,
                text=True,
                timeout=max(60.0, self.left() + 60.0),
                preexec_fn=on_one_core if work.one_core else None,
            )
        except (subprocess.SubprocessError, OSError) as error:
            print(f"  {work.name}: {error}", file=sys.stderr)
            return [base | {"error": str(error)[-500:]}]
        print(f"  {side}, round {round_ + 1}: {time.monotonic() - begun:.0f} s", flush=True)
        rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode:
            print(f"  {work.name}: {done.stderr[-2000:]}", file=sys.stderr)
            rows.append({"error": done.stderr[-500:]})
        return [row | base | {"command": " ".join(portable([script, *rest]))} for row in rows]


def on_one_core() -> None:
    """Keep this process to one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def portable(words: list[str]) -> list[str]:
    """A command without the folders of this machine."""
    return [Path(word).name if word.startswith("/") else word for word in words]


def perform(work: Work, runner: Runner) -> list[dict[str, Any]]:
    """Rounds of jaxscape and its peers in turn."""
    rows: list[dict[str, Any]] = []
    for round_ in range(1 if runner.quick else work.rounds):
        if round_ and runner.left() < work.seconds / work.rounds:
            break
        for text in work.ours:
            rows += runner.run("ours", text, work, round_)
        for side, texts in work.peers.items():
            for text in texts:
                rows += runner.run(side, text, work, round_)
    return rows


def store(work: Work, rows: list[dict[str, Any]], folder: Path) -> None:
    """Write the rows; a side that did not run keeps its older ones, marked by their date."""
    path = folder / f"{work.name}.json"
    good = [row for row in rows if "error" not in row]
    if not good:
        return
    today = datetime.date.today().isoformat()
    good = [row | {"date": today} for row in good]
    old = json.loads(path.read_text())["rows"] if path.exists() else []
    fresh = {row["side"] for row in good}
    rows = good + [row for row in old if row["side"] not in fresh]
    text = json.dumps({"work": work.name, "machine": machine(), "rows": rows}, indent=1)
    path.write_text(text + "\n")


def machine() -> dict[str, Any]:
    cpu, memory = platform.processor(), 0
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        values = dict(line.split(":", 1) for line in lines if ":" in line)
        values = {key.strip(): value.strip() for key, value in values.items()}
        cpu = values.get("model name", cpu)
        cpu += f" (family {values.get('cpu family')}, model {values.get('model')})"
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    packages = ("jax", "jaxlib", "equinox", "numpy", "scipy")
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gib": memory,
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
        **{name: version(name) for name in packages},
    }


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=12.0, help="budget of the whole run")
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, results into the temporary folder"
    )
    parser.add_argument("--only", nargs="+", choices=[work.name for work in PROGRAMME])
    parser.add_argument("--report-only", action="store_true")
    parser.add_argument("--results", type=Path, help="folder of the JSON files")
    for name in ("pele", "peers", "topsearch"):
        parser.add_argument(f"--{name}", default=os.environ.get(f"BENCHMARK_{name.upper()}"))
    args = parser.parse_args(argv)
    quick = Path(tempfile.gettempdir()) / "jaxscape-benchmarks-quick"
    results = args.results or (quick if args.quick else RESULTS)
    results.mkdir(parents=True, exist_ok=True)
    readme = None if args.quick or args.results else HERE / "README.md"
    if not args.report_only:
        with tempfile.TemporaryDirectory() as folder:
            runner = Runner(args, Path(folder))
            for work in PROGRAMME:
                if args.only and work.name not in args.only:
                    continue
                if runner.left() < 0.7 * work.seconds and not args.quick and not args.only:
                    print(f"{work.name}: left out, no time")
                    continue
                print(f"{work.name} ({runner.left():.0f} s left)", flush=True)
                store(work, perform(work, runner), results)
    write_report(results, readme)


if __name__ == "__main__":
    main()
