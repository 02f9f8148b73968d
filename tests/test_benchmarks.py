"""Every benchmark runs at a tiny size and prints rows that the report understands."""

import importlib
import json
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"

if not BENCHMARKS.exists():
    pytest.skip("benchmarks/ is not part of this copy", allow_module_level=True)

OWN = ("_measure", "_common", "_report", "_plots", "quench", "transition_states", "landscape",
       "basin_hopping", "compile_time", "size", "throughput", "kinetics", "learning", "run",
       "alignment", "alignment_cases", "global_minima", "bands", "mode_bands", "lanes",
       "roughness", "clustering", "_report_learning", "large_quench", "near_pair_cases",
       "heptamer", "evolution", "fill_points")  # fmt: skip


@pytest.fixture
def script(monkeypatch, capsys):
    """`script(name, *words)` runs a benchmark in this process; its rows."""
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), str(BENCHMARKS / "peers"), *sys.path])
    for name in OWN:
        monkeypatch.delitem(sys.modules, name, raising=False)

    def run(name, *words):
        importlib.import_module(name).main([str(word) for word in words])
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    yield run
    for name in OWN:
        sys.modules.pop(name, None)


def test_quench_takes_the_starts_of_the_peers(script, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS / "peers"))
    starts = tmp_path / "starts.npy"
    import numpy as np

    np.save(starts, importlib.import_module("_common").random_starts(5, 8, 3))
    (row,) = script("quench", "--atoms", 5, "--quenches", 8, "--starts", starts)
    assert row["starts"] == "starts.npy" and row["quenches"] == 8
    assert row["failures"] == 0 and row["mean_energy"] == pytest.approx(-9.1039, abs=2e-3)
    assert row["mean_evaluations"] * 8 == pytest.approx(row["evaluations"], rel=1e-2)
    assert row["stages"]["LBFGSSearch"]["evaluations"] == row["evaluations"]
    assert 0 < row["useful_lane_share"] <= 1


def test_the_optbench_protocol_stops_at_a_gradient_norm(script):
    (row,) = script("quench", "--optbench", "--atoms", 5, "--quenches", 8)
    assert row["rms_tolerance"] * 15**0.5 == pytest.approx(0.01)
    assert row["benchmark"] == "quench, OptBench protocol" and row["failures"] == 0


def test_transition_states_are_judged_independently(script):
    (row,) = script("transition_states", "--atoms", 4, "--attempts", 8)
    assert 0 < row["successes"] <= row["attempts"] == 8
    assert row["distinct"] == 1  # LJ4 has one transition state
    assert row["evaluations"] > row["mean_search_evaluations"] * 8
    assert {"HEFSearch", "LBFGSSearch", "certify", "elsewhere"} <= set(row["stages"])


@pytest.mark.slow
@pytest.mark.parametrize("extra", [("--near", 0.01), ("--bands",)])
def test_starts_near_saddles_reach_saddles(script, extra):
    (row,) = script("transition_states", "--near-saddles", "--atoms", 5, "--attempts", 6, *extra)
    assert 0 < row["attempts"] <= 6 and row["failures"] < row["attempts"]
    assert row["min_evaluations"] <= row["mean_evaluations"] <= row["max_evaluations"]
    assert row["rms_from_saddle"] == pytest.approx(0.01, rel=0.5) or extra == ("--bands",)


@pytest.mark.slow
def test_the_landscape_stops_when_it_is_complete(script):
    (row,) = script("landscape", "--atoms", 5, "--seconds", 60, "--batch", 32)
    assert row["complete"] and row["connected"]
    assert (row["minima"], row["transition_states"]) == (1, 2)
    assert (row["judged_minima"], row["judged_transition_states"]) == (1, 2)
    seconds, *counts = row["cpu_s_minima_states"][-1]
    assert counts == [1, 2] and seconds <= row["cpu_s"]


@pytest.mark.slow
def test_basin_hopping_counts_all_work_per_success(script):
    (row,) = script(
        "basin_hopping", "--atoms", 5, "--target", -9.103852, "--chains", 4, "--steps", 20
    )
    assert row["reached"] == 4 == len(row["steps_to_target"])
    assert row["evaluations_to_target"] == pytest.approx(row["evaluations"] / 4, abs=1)


@pytest.mark.slow
def test_global_minima_are_those_of_the_database(script):
    found, total = script("global_minima", "--atoms", 5, 5, "--chains", 4, "--steps", 20)
    assert found["reached"] and found["lowest"] == pytest.approx(-9.103852, abs=1e-5)
    assert total["reached"] == 1 and total["missed"] == []


@pytest.mark.slow
def test_every_search_is_run_over_a_queue(script):
    rows = script("lanes", "--atoms", 5, "--lanes", 16, "--queue", 3)
    searches = ["LBFGSSearch", "HEFSearch", "BandSearch", "HoppingSearch"]
    assert [row["search"] for row in rows] == searches
    assert all(0 < row["useful_share"] <= 1 and row["jobs"] == 48 for row in rows)


def test_size_enters_every_point_once(script):
    (row,) = script("size", "--points", 400, "--batch", 100, "--rows", 2)
    assert row["points"] == row["minima"] + row["transition_states"] >= 400
    assert row["leaves"] == row["minima"]
    assert [mark["points"] for mark in row["curve"]][-1] == row["points"]


@pytest.mark.parametrize("kind", ["random", "funnel", "space"])
def test_kinetics_counts_digits(script, kind):
    rows = script("kinetics", "--states", 60, "--temperatures", 0.5, 0.002, "--kind", kind)
    assert [row["temperature"] for row in rows] == [0.5, 0.5, 0.002, 0.002]
    warm, solved, cold, lost = rows
    assert warm["error"] == 0 and solved["error"] < 1e-9
    assert cold["log_mean_time"] > warm["log_mean_time"] and "may be wrong" in lost["problem"]


@pytest.mark.slow
def test_throughput_has_a_row_for_each_width_and_size(script):
    rows = script("throughput", "--lanes", 4, "--atoms", 5, "--per-lane", 1, "--lanes-atoms", 5)
    assert [row["axis"] for row in rows] == ["lanes", "atoms"]
    assert all(row["quenches_per_cpu_s"] > 0 for row in rows)


@pytest.mark.slow
def test_compile_time_runs_without_and_with_a_cache(script):
    rows = script("compile_time", "--only", "minimise", "--atoms", 5, "--batch", 8)
    assert [row["cache"] for row in rows] == ["none", "empty", "full"]
    assert rows[2]["cpu_s"] < rows[0]["cpu_s"]


@pytest.mark.slow
def test_learning_judges_everybody_alike(script):
    rows = script("learning", "--hidden", 2, "--starts", 4, "--l2", 0.05, "--tolerance", 1e-5)
    names = [row.get("peer", "jaxscape") for row in rows]
    assert names[:2] == ["jaxscape"] * 2 and len(set(names[2:])) == 3
    assert all(row["reached"] == 4 for row in rows)
    losses = [row["mean_loss"] for row in rows]
    assert max(losses) - min(losses) < 1e-4


@pytest.mark.slow
def test_bands_of_everybody_end_below_the_straight_line(script):
    words = ["--copies", 2, "--hidden", 3, "--samples", 60, "--l2", 1e-2, "--tolerance", 1e-8]
    rows = script("mode_bands", *words, "--steps", 100, "--rates", 0.1, "--ours", 1, 40)
    assert all(row["certified"] == 2 and row["pairs"] == 1 for row in rows)
    start, ours, published = rows
    assert published["peer"].startswith("optax") and published["images"] == ours["images"] == 9
    # Both find a way below the first guess.
    for row in (ours, published):
        assert 0 < row["mean_barrier"] < start["mean_barrier"]
    assert published["evaluations"] == 100 * (5 + 7 + 9)


@pytest.mark.slow
def test_roughness_of_a_few_samples_is_complete(script):
    rows = script(
        "roughness", "--pairs", "0,3", "--samples", 25, "--searches", 0, "--seeds", 0, "--count"
    )
    assert [row["missing"] for row in rows] == [0]
    assert rows[0]["frustration"] > 0 and rows[0]["stored"][:2] == [114, 153]


@pytest.mark.slow
def test_lloyd_runs_are_in_the_network(script):
    (row,) = script("clustering", "--clusters", 3, "--runs", 500)
    assert row["of_them_found"] == row["costs_of_the_runs"] >= 3
    assert row["minima"] >= row["of_them_found"] and row["lowest"] == 78.851441


def quench_rows(ours, theirs):
    row = {"benchmark": "quench", "n_atoms": 38, "date": "2030-01-02", "version": "1"}
    stages = {"elsewhere": {"cpu_share": 0.1}}
    return [
        row | {"program": "jaxscape", "side": "ours", "quenches_per_cpu_s": ours, "cpu_s": 1.0,
               "useful_lane_share": 0.9, "stages": stages},
        row | {"peer": "pele lbfgs_cpp", "side": "pele", "quenches_per_cpu_s": theirs,
               "rms_tolerance": 1e-5},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ours", "verdict"), [(200.0, "**jaxscape**, 2x"), (50.0, "pele, 2x"), (101.0, "even")]
)
def test_the_table_says_who_is_ahead(script, tmp_path, ours, verdict):
    run = importlib.import_module("run")
    report = importlib.import_module("_report")
    run.store(run.Work("quench38", 1, []), quench_rows(ours, 100.0), tmp_path)
    readme = tmp_path / "README.md"
    readme.write_text(f"before {report.BEGIN} stale {report.END} after")
    report.write_report(tmp_path, readme)
    text = readme.read_text()
    assert text.startswith("before") and text.endswith("after") and "stale" not in text
    assert verdict in text and "a random LJ38 start" in text


def test_a_side_that_did_not_run_keeps_its_rows(script, tmp_path):
    run = importlib.import_module("run")
    work = run.Work("quench38", 1, [])
    run.store(work, quench_rows(1.0, 100.0), tmp_path)
    run.store(work, quench_rows(2.0, 0.0)[:1], tmp_path)
    run.store(work, [{"error": "no interpreter"}], tmp_path)
    rows = json.loads((tmp_path / "quench38.json").read_text())["rows"]
    rates = {row["side"]: row["quenches_per_cpu_s"] for row in rows}
    assert rates == {"ours": 2.0, "pele": 100.0}


def test_every_command_of_the_programme_can_be_filled_in(script):
    run = importlib.import_module("run")
    runner = type("", (), {"quick": False, "file": lambda self, name: name})()
    for quick in (False, True):
        runner.quick = quick
        for work in run.PROGRAMME:
            for text in [*work.ours, *(t for ts in work.peers.values() for t in ts)]:
                words = run.Runner.command(runner, text, work, 1)
                assert not any("{" in word for word in words), words
            # What --quick replaces has to be there.
            everything = " ".join([*work.ours, *(t for ts in work.peers.values() for t in ts)])
            assert all(old in everything for old in work.quick), work.name


def test_copies_align_to_nothing(script, tmp_path):
    import numpy as np

    starts = tmp_path / "points.npy"
    np.save(starts, np.random.default_rng(0).normal(size=(4, 15)))
    copies, others = script("alignment", "--atoms", 5, "--pairs", 3, "--starts", starts)
    assert copies["largest_distance"] < 1e-10 < others["mean_distance"]


@pytest.mark.slow
def test_thousands_of_atoms_come_to_rest(script):
    (row,) = script("large_quench", "--cells", 4)
    assert row["ok"] and row["n_atoms"] == 256 and row["rms_gradient"] <= 1e-6
    assert row["evaluations"] < 200


@pytest.mark.long
def test_both_searches_of_the_heptamer_are_judged_alike(script):
    ours, theirs = script("heptamer", "--starts", 2, "--steps", 300)
    assert [ours["program"], theirs["program"]] == ["jaxscape", "ase"]
    for row in (ours, theirs):
        assert 0 <= row["saddles"] <= 2 and row["evaluations"] >= 2
    assert ours["saddles"] == 2


@pytest.mark.slow
def test_bands_and_strings_end_on_the_same_path(script):
    rows = script("bands", "--systems", "lj7", "--images", 9)
    assert len(rows) == 6 and all(row["converged"] == row["paths"] == 6 for row in rows)
    tops = [row["top"] for row in rows]
    assert max(tops) - min(tops) < 0.02
    evaluations = {row["method"]: row["mean_evaluations"] for row in rows}
    assert evaluations["String, line"] < evaluations["NEB, line"]


def test_populations_reach_the_icosahedron(script):
    (row,) = script("evolution", "--atoms", 13, "--runs", 2, "--generations", 30)
    assert row["reached"] == 2 and row["lowest"] == -44.326801
    assert len(row["quenches_to_target"]) == 2
    assert row["evaluations_to_target"] * 2 == pytest.approx(row["evaluations"], rel=1e-3)


def test_a_latent_space_is_filled(script):
    pytest.importorskip("sklearn")
    (row,) = script("fill_points", "--seeds", 2, "--samples", 30, "--steps", 50, "--draws", 1)
    assert row["seeds"] == 2 and row["loss_without"] > 0
    assert len(row["standard_errors"]) == 2
