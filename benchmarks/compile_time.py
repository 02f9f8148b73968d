"""How long a newcomer waits for the first result: LJ8 in fresh processes.

    python benchmarks/compile_time.py

For `minimise`, `find_transition_states` and `explore`: one process without JAX's persistent
compilation cache, one that fills an empty cache, one that finds it full. CPU and wall seconds
count from the start of the process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time

BEGUN = time.time()  # before the imports below, which a newcomer waits for as well

from _measure import js, options, row, show, stages, started  # noqa: E402

WORKS = ("minimise", "find_transition_states", "explore")


def first_result(work: str, atoms: int, batch: int) -> None:
    """One call in this process, and a row about it."""
    import jax

    imports = started()
    surface = js.systems.lennard_jones(atoms)
    with stages() as record:
        if work == "explore":
            network = js.explore(
                surface, key=jax.random.key(0), searches=batch, batch=batch, progress=False
            )
            result = f"{len(network.minima)} minima, {len(network.transition_states)} states"
        else:
            x0 = surface.sample(jax.random.key(0), batch)
            if work == "minimise":
                result = f"{js.minimise(surface, x0).ok.sum()} minima"
            else:
                found = js.find_transition_states(surface, x0, key=jax.random.key(1))
                result = f"{found.ok.sum()} states"
    cpu = started()
    show(
        row("first result", record, work=work, n_atoms=atoms, batch=batch, result=result)
        | {
            "import_cpu_s": round(imports, 2),
            "cpu_s": round(cpu, 2),
            "wall_s": round(time.time() - float(os.environ.get("BEGUN", BEGUN)), 2),
        }
    )


def in_process(work: str, atoms: int, batch: int, cache: str | None) -> dict[str, object]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JAX_COMPILATION_CACHE")}
    if cache is not None:
        environment |= {
            "JAX_COMPILATION_CACHE_DIR": cache,
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        }
    command = [sys.executable, __file__, "--work", work, f"--atoms={atoms}", f"--batch={batch}"]
    environment["BEGUN"] = str(time.time())
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main(argv: list[str] | None = None) -> None:
    parser = options(__doc__, atoms=8, batch=256)
    parser.add_argument("--work", choices=WORKS, help="one call in this very process")
    parser.add_argument("--only", choices=WORKS, nargs="+", default=WORKS)
    args = parser.parse_args(argv)
    if args.work:
        first_result(args.work, args.atoms, args.batch)
        return
    for work in args.only:
        with tempfile.TemporaryDirectory() as cache:
            for name, folder in (("none", None), ("empty", cache), ("full", cache)):
                show(in_process(work, args.atoms, args.batch, folder) | {"cache": name})


if __name__ == "__main__":
    main()
