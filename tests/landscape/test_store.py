import contextlib
import gc
import os
import shutil
import sqlite3
import stat
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from jaxscape.landscape import IdentityTolerance, Landscape, StoreError, load, store as store_module
from jaxscape.landscape.store import Store, open_store, read_store, save_store
from jaxscape.surface import Surface, Units
from jaxscape.symmetry import Cluster, NoSymmetry

GRID = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])


def height(x):
    return jnp.sum(x)


def surface_of(dim=2, **options):
    return Surface(height, dim=dim, name="slope", units=Units("eV", "A"), **options)


@pytest.fixture
def landscape(minima_of, states_of):
    landscape = Landscape(surface_of())
    landscape.add(minima_of(GRID, active=[0, 1, 0]))
    landscape.add(states_of(GRID[:2] + 0.5, GRID[:2], GRID[1:3]))
    landscape.record_attempts("pair", a=[0, 1], b=[1, 2], outcomes=[1, "x"], evaluations=[3, 4])
    return landscape


def assert_equal(a, b):
    for view in ("minima", "transition_states"):
        mine, theirs = getattr(a, view).columns(), getattr(b, view).columns()
        assert list(mine) == list(theirs)
        for name in mine:
            np.testing.assert_array_equal(mine[name], theirs[name], err_msg=name)
            assert mine[name].dtype == theirs[name].dtype
    assert a.attempts.rows() == b.attempts.rows()
    assert (a.name, a.dim, a.units, a.tolerance) == (b.name, b.dim, b.units, b.tolerance)
    assert a.summary() == b.summary()


def files_in(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_save_and_load(landscape, tmp_path):
    landscape.save(tmp_path / "a.sqlite")
    assert files_in(tmp_path) == ["a.sqlite"]
    assert_equal(landscape, load(tmp_path / "a.sqlite"))
    assert_equal(landscape, load(str(tmp_path / "a.sqlite"), surface_of()))


def test_an_empty_landscape_round_trips(tmp_path):
    for number, landscape in enumerate([Landscape(), Landscape(surface_of())]):
        landscape.save(tmp_path / f"{number}.sqlite")
        assert_equal(landscape, load(tmp_path / f"{number}.sqlite"))


numbers = st.floats(allow_nan=True, allow_infinity=True)
finite = st.floats(-9e29, 9e29)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_bit_round_trips(data, minima_of, states_of, tmp_path_factory):
    """What the columns may hold, NaN and infinity included, and any text."""
    dim = data.draw(st.integers(1, 4))

    def draw(size, elements=finite):
        return np.array(data.draw(st.lists(elements, min_size=size, max_size=size)), float)

    size, states = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 4))
    name = data.draw(st.text(st.characters(codec="utf-8"), max_size=8))
    landscape = Landscape(Surface(height, name=name or "f", units=Units("°", name)))
    points = minima_of(draw(size * dim).reshape(size, dim), energy=draw(size))
    object.__setattr__(points, "log_product", draw(size, numbers))
    landscape.add(points)
    batch = states_of(*(draw(states * dim).reshape(states, dim) for _ in range(3)))
    object.__setattr__(batch, "eigenvector", draw(states * dim, numbers).reshape(states, dim))
    object.__setattr__(batch, "lowest_eigenvalue", draw(states, numbers))
    landscape.add(batch)
    landscape.record_attempts(
        data.draw(st.text(st.characters(codec="utf-8"), min_size=1, max_size=5)),
        a=data.draw(st.lists(st.integers(-1, 9), min_size=2, max_size=2)),
        outcomes=data.draw(st.lists(st.integers(0, 9) | st.just("é"), min_size=2, max_size=2)),
    )
    folder = tmp_path_factory.mktemp("round")
    landscape.save(folder / "a.sqlite")
    loaded = load(folder / "a.sqlite")
    assert_equal(landscape, loaded)
    loaded.save(folder / "b.sqlite")
    assert_equal(landscape, load(folder / "b.sqlite"))


def test_zero_has_no_sign(minima_of, tmp_path):
    # SQLite keeps numbers, not their bits: what a file gives back must read the same.
    landscape = Landscape(surface_of())
    landscape.add(minima_of(GRID[:1], energy=np.array([-0.0])))
    landscape.save(tmp_path / "zero.sqlite")
    assert " -0" not in landscape.summary()
    assert_equal(landscape, load(tmp_path / "zero.sqlite"))


def test_a_store_grows_with_every_call(minima_of, states_of, tmp_path):
    path = tmp_path / "s.sqlite"
    landscape = Landscape(surface_of(), store=path)
    assert landscape.store == path
    steps = [
        lambda: landscape.add(minima_of(GRID)),
        lambda: landscape.add(minima_of(GRID[:1])),  # known: only its hits change
        lambda: landscape.add(states_of(GRID[:2] + 0.5, GRID[:2], GRID[1:3])),
        lambda: landscape.record_attempts("single", a=[0, 1], outcomes=[1, 2]),
        lambda: landscape.add(minima_of(GRID[:1] + 9.0)),
    ]
    for step in steps:
        step()
        assert_equal(landscape, load(path))  # another connection sees what was committed
    landscape.save(path)
    landscape.close()
    assert files_in(tmp_path) == ["s.sqlite"]
    again = Landscape.open(path, surface_of())
    assert_equal(landscape, again)
    assert again.add(minima_of(GRID)).known.tolist() == [0, 1, 2]
    assert again.add(minima_of(GRID[:1] - 9.0)).new.tolist() == [4]
    assert_equal(again, load(path))
    again.close()


def test_width_becomes_known_with_the_first_points(minima_of, tmp_path):
    path = tmp_path / "s.sqlite"
    with Landscape(lambda x: jnp.sum(x), store=path) as landscape:
        assert load(path).dim is None
        landscape.add(minima_of(GRID))
        assert load(path).dim == 2


def test_a_batch_is_one_transaction(minima_of, tmp_path):
    """A reader never sees half a batch, and a failing write leaves the file as it was."""
    path = tmp_path / "s.sqlite"
    landscape = Landscape(surface_of(), store=path)
    landscape.add(minima_of(GRID[:1]))
    seen = []
    connection = landscape._store._connection
    connection.set_progress_handler(lambda: seen.append(len(load(path).minima)), 200)
    x = np.arange(400.0).reshape(200, 2) + 50
    landscape.add(minima_of(x))
    connection.set_progress_handler(None, 0)
    assert seen and set(seen) == {1}
    assert len(load(path).minima) == 201


def test_loaded_landscape_is_not_attached(landscape, minima_of, tmp_path):
    landscape.save(tmp_path / "a.sqlite")
    loaded = load(tmp_path / "a.sqlite", surface_of())
    loaded.add(minima_of(GRID + 5.0))
    assert len(load(tmp_path / "a.sqlite").minima) == 3 and loaded.store is None


def test_without_its_surface_a_landscape_can_be_analysed_but_not_extended(minima_of, tmp_path):
    symmetry = Cluster()
    landscape = Landscape(Surface(height, symmetry=symmetry, dim=15))
    x = np.random.default_rng(0).normal(size=(2, 15))
    landscape.add(minima_of(x, energy=[-1.0, -2.0]))
    landscape.save(tmp_path / "a.sqlite")
    loaded = load(tmp_path / "a.sqlite")
    assert loaded.components() == [{0}, {1}] and loaded.symmetry is None
    with pytest.raises(ValueError, match="loaded without its surface"):
        loaded.add(minima_of(x + 1.0))
    assert len(loaded.minima) == 2


def not_sqlite(path, landscape):
    path.write_text("min.data\n" * 100)


def empty(path, landscape):
    path.touch()


def another_sqlite(path, landscape):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE tbl_minima (energy REAL)")
    connection.close()


def newer(path, landscape):
    landscape.save(path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()


def no_header(path, landscape):
    landscape.save(path)
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM meta WHERE key='symmetry'")
    connection.close()


def gap(path, landscape):
    landscape.save(path)
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM minima WHERE id=1")
    connection.close()


def short_blob(path, landscape):
    landscape.save(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE minima SET x=x'00' WHERE id=1")
    connection.close()


def dangling(path, landscape):
    landscape.save(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE transition_states SET plus=17 WHERE id=1")
    connection.close()


def folder(path, landscape):
    path.mkdir()


def missing(path, landscape):
    pass


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (not_sqlite, "not an SQLite file"),
        (empty, "is empty"),
        (another_sqlite, "not a landscape of jaxscape"),
        (newer, "has format 99.*upgrade jaxscape"),
        (no_header, "damaged: its header lacks 'symmetry'"),
        (gap, "gaps in the ids of its minima"),
        (short_blob, "coordinates are not 2 wide"),
        (dangling, "joins minimum 17"),
        (folder, "is a folder"),
        (missing, "there is no file"),
    ],
)
def test_what_is_no_store_is_refused_and_left_alone(landscape, tmp_path, spoil, message):
    path = tmp_path / "a.sqlite"
    spoil(path, landscape)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreError, match=message):
        load(path)
    if spoil is not missing:
        with pytest.raises(StoreError, match=message):
            Landscape(surface_of(), store=path)
    assert before == (path.read_bytes() if path.is_file() else None)


@pytest.mark.parametrize("spoil", [not_sqlite, empty, another_sqlite, folder])
def test_save_does_not_overwrite_other_files(landscape, tmp_path, spoil):
    path = tmp_path / "notes"
    spoil(path, landscape)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreError, match="is not replaced|is a folder"):
        landscape.save(path)
    assert before is None or path.read_bytes() == before


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_truncated_files_are_refused(landscape, minima_of, tmp_path, part):
    path = tmp_path / "a.sqlite"
    landscape.add(minima_of(np.arange(4000.0).reshape(2000, 2) + 10))
    landscape.save(path)
    with path.open("r+b") as file:
        file.truncate(int(part * path.stat().st_size))
    with pytest.raises(StoreError, match="damaged or truncated"):
        load(path)
    with pytest.raises(StoreError, match="damaged or truncated"):
        Landscape(surface_of(), store=path)


@pytest.mark.parametrize("seed", range(20))
def test_scrambled_pages_never_end_in_another_error(landscape, minima_of, tmp_path, seed):
    path = tmp_path / "a.sqlite"
    landscape.add(minima_of(np.arange(400.0).reshape(200, 2) + 10))
    landscape.save(path)
    rng = np.random.default_rng(seed)
    data = bytearray(path.read_bytes())
    start = int(rng.integers(16, len(data) - 600))
    data[start : start + 600] = rng.bytes(600)
    path.write_bytes(data)
    try:
        load(path)
    except StoreError as error:
        assert str(path) in str(error)


def test_another_surface_is_refused_by_name(landscape, tmp_path):
    path = tmp_path / "a.sqlite"
    landscape.save(path)
    for other in (surface_of(dim=3), surface_of(symmetry=Cluster())):
        for attempt in (lambda: load(path, other), lambda: Landscape(other, store=path)):  # noqa: B023
            with pytest.raises(StoreError, match="belongs to another surface") as caught:
                attempt()
            text = str(caught.value)
            assert "2 coordinates" in text and repr(NoSymmetry().describe()) in text
            assert repr(other.symmetry.describe()) in text and f"{other.dim} coordinates" in text


def test_another_function_of_the_same_width_is_refused(landscape, tmp_path):
    path = tmp_path / "a.sqlite"
    landscape.save(path)
    with pytest.raises(StoreError, match=r"minimum 0 has energy 0\.0, where 'other' gives 7\.0"):
        load(path, Surface(lambda x: jnp.sum(x) + 7.0, dim=2, name="other"))
    with pytest.raises(StoreError, match="belongs to another surface"):
        Landscape(lambda x: jnp.sum(x) * jnp.nan, store=path)


def test_save_replaces_a_landscape_of_the_same_surface_only(landscape, minima_of, tmp_path):
    path = tmp_path / "a.sqlite"
    landscape.save(path)
    landscape.add(minima_of(GRID + 50.0))
    landscape.save(path)
    assert_equal(landscape, load(path))
    with pytest.raises(StoreError, match="is not replaced.*another surface"):
        Landscape(surface_of(dim=7)).save(path)
    assert_equal(landscape, load(path))


def test_no_log_of_a_replaced_store_is_left_to_spoil_the_new_file(landscape, minima_of, tmp_path):
    """As after a killed run: the old store still has its write-ahead log."""
    path, copy = tmp_path / "s.sqlite", tmp_path / "copy.sqlite"
    running = Landscape(surface_of(), store=path)
    running.add(minima_of(GRID[:1]))
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
    assert len(load(copy).minima) == 1
    landscape.save(copy)
    assert_equal(landscape, load(copy))
    assert not copy.with_name("copy.sqlite-wal").exists()
    with pytest.raises(StoreError, match="in use by another process"):
        landscape.save(path)
    running.add(minima_of(GRID))
    assert_equal(running, load(path))


def test_two_writers_are_refused(minima_of, tmp_path):
    path = tmp_path / "s.sqlite"
    one, two = Landscape(surface_of(), store=path), Landscape(surface_of(), store=path)
    one.add(minima_of(GRID))
    with pytest.raises(StoreError, match="another process has written"):
        two.add(minima_of(GRID + 9.0))
    one.add(minima_of(GRID - 9.0))
    assert_equal(one, load(path))
    assert len(two.minima) == 3


def test_a_write_broken_off_anywhere_is_made_up_for(minima_of, tmp_path):
    path = tmp_path / "s.sqlite"
    landscape = Landscape(surface_of(), store=path)
    x = np.arange(60.0).reshape(30, 2)
    failures = 0
    for step in range(30):
        calls = []

        def interrupt(step=step, calls=calls):
            calls.append(1)
            return len(calls) == step + 1

        landscape._store._connection.set_progress_handler(interrupt, 4)
        try:
            landscape.add(minima_of(x[step : step + 1]))
        except StoreError as error:
            assert "Nothing is lost" in str(error)
            failures += 1
        landscape._store._connection.set_progress_handler(None, 0)
        assert len(load(path).minima) <= step + 1
    landscape.flush()
    assert failures > 3 and len(landscape.minima) == 30
    assert_equal(landscape, load(path))


def test_a_transaction_left_open_is_rolled_back(minima_of, tmp_path):
    """As when rolling back failed, too."""
    landscape = Landscape(surface_of(), store=tmp_path / "s.sqlite")
    landscape._store._connection.execute("BEGIN")
    landscape._store._connection.execute("DELETE FROM meta")
    landscape.add(minima_of(GRID))
    assert_equal(landscape, load(tmp_path / "s.sqlite"))


@pytest.mark.parametrize("call", range(6))
def test_ctrl_c_in_a_write_loses_nothing(minima_of, tmp_path, monkeypatch, call):
    """Before, within and right after the transaction."""
    path = tmp_path / "s.sqlite"
    landscape = Landscape(surface_of(), store=path)
    landscape.add(minima_of(GRID[:1]))
    calls = []

    def interrupting(function):
        def wrapped(*arguments):
            calls.append(function)
            if len(calls) == call + 1:
                raise KeyboardInterrupt
            return function(*arguments)

        return wrapped

    with monkeypatch.context() as patch:
        for name in ("write_header", "_insert", "_sizes"):
            patch.setattr(store_module, name, interrupting(getattr(store_module, name)))
        patch.setattr(Store, "_data_version", interrupting(Store._data_version))
        with contextlib.suppress(KeyboardInterrupt):
            landscape.add(minima_of(GRID))
    assert len(calls) > call
    assert len(landscape.minima) == 3
    landscape.add(minima_of(GRID + 9.0))
    assert_equal(landscape, load(path))


def test_a_full_disk_loses_nothing_in_memory(minima_of, tmp_path):
    path = tmp_path / "s.sqlite"
    landscape = Landscape(surface_of(), store=path)
    landscape.add(minima_of(GRID))
    connection = landscape._store._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages + 1}")
    x = np.arange(2000.0).reshape(1000, 2) + 100
    with pytest.raises(StoreError, match="disk is full.*Nothing is lost in memory"):
        landscape.add(minima_of(x))
    assert len(landscape.minima) == 1003 and len(load(path).minima) == 3
    landscape.save(tmp_path / "elsewhere.sqlite")
    assert_equal(landscape, load(tmp_path / "elsewhere.sqlite"))
    connection.execute("PRAGMA max_page_count=100000")
    landscape.record_attempts("single", a=[0])
    assert_equal(landscape, load(path))


FULL_DISK = """
import resource, sys
import numpy as np
from jaxscape.landscape import Landscape, StoreError, load
path = sys.argv[1]
landscape = load(path)
size = len(landscape.attempts)
landscape.attempts.record("single", a=list(range(20000)))
resource.setrlimit(resource.RLIMIT_FSIZE, (40000, 40000))
try:
    landscape.save(path)
except StoreError as error:
    print(error)
assert len(landscape.attempts) == size + 20000
"""


def run(script, *arguments, **options):
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_a_full_disk_at_save_time_leaves_the_old_file(landscape, tmp_path):
    """A limit on the size of files makes the system refuse the write."""
    path = tmp_path / "a.sqlite"
    landscape.save(path)
    outcome = run(FULL_DISK, path)
    assert outcome.returncode == 0, outcome.stderr
    assert "The disk is full or failing" in outcome.stdout
    assert "Nothing is lost in memory" in outcome.stdout
    assert_equal(landscape, load(path))
    assert files_in(tmp_path) == ["a.sqlite"]


READ_ONLY = """
import os, sys
import jax.numpy as jnp
import numpy as np
from jaxscape.landscape import Landscape, StoreError, load
from jaxscape.surface import Surface
folder = sys.argv[1]
surface = Surface(jnp.sum, dim=2)
# Packages import more at their first use, and the environment may be closed to others.
len(load(os.path.join(folder, "read-only.sqlite")).minima)
if os.getuid() == 0:
    os.setgid(65534); os.setuid(65534)
for name in ("read-only.sqlite", "folder/a.sqlite", "wal/s.sqlite"):
    path = os.path.join(folder, name)
    print(len(load(path).minima))
    for attempt in (lambda: Landscape(surface, store=path), lambda: load(path).save(path)):
        try:
            attempt()
        except StoreError as error:
            print(error)
"""


def test_read_only_places_can_be_read_but_not_written(landscape, minima_of, tmp_path):
    """As an ordinary user, whom permissions bind. The store in wal/ still has its log."""
    for name in ("folder", "wal"):
        (tmp_path / name).mkdir()
    running = Landscape(surface_of(), store=tmp_path / "s.sqlite")
    running.add(minima_of(GRID[:2]))
    for suffix in ("", "-wal"):
        shutil.copy(tmp_path / f"s.sqlite{suffix}", tmp_path / "wal" / f"s.sqlite{suffix}")
    for path in (tmp_path / "read-only.sqlite", tmp_path / "folder" / "a.sqlite"):
        landscape.save(path)
        path.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
    (tmp_path / "folder").chmod(0o555)
    (tmp_path / "wal").chmod(0o555)
    for parent in [tmp_path, *tmp_path.parents][:4]:
        parent.chmod(parent.stat().st_mode | 0o055)
    try:
        outcome = run(READ_ONLY, tmp_path, cwd=os.getcwd())
    finally:
        (tmp_path / "folder").chmod(0o755)
        (tmp_path / "wal").chmod(0o755)
    assert outcome.returncode == 0, outcome.stderr
    lines = outcome.stdout.splitlines()
    assert [line for line in lines if line.isdigit()] == ["3", "3", "2"]
    assert len(lines) == 9
    assert sum("read-only" in line.lower() for line in lines) >= 5, outcome.stdout


def test_a_file_is_replaced_as_a_whole_or_not_at_all(landscape, minima_of, tmp_path, monkeypatch):
    path = tmp_path / "a.sqlite"
    landscape.save(path)
    before = path.read_bytes()
    landscape.add(minima_of(GRID + 50.0))
    seen = []

    def refuse(source, target):
        # By now the new file is complete, and the old one untouched.
        seen.append((len(load(source).minima), target.read_bytes() == before))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_module.os, "replace", refuse)
    with pytest.raises(StoreError, match="disk is full.*no file was changed"):
        landscape.save(path)
    assert seen == [(6, True)]
    assert path.read_bytes() == before and files_in(tmp_path) == ["a.sqlite"]


def test_saving_into_no_folder(landscape, tmp_path):
    with pytest.raises(StoreError, match="there is no folder"):
        landscape.save(tmp_path / "nowhere" / "a.sqlite")
    with pytest.raises(StoreError, match="is a folder"):
        landscape.save(tmp_path)
    with pytest.raises(StoreError, match="there is no folder"):
        Landscape(surface_of(), store=tmp_path / "nowhere" / "a.sqlite")


def test_forgotten_stores_close_themselves(tmp_path):
    landscape = Landscape(surface_of(), store=tmp_path / "s.sqlite")
    connection = landscape._store._connection
    del landscape
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_tolerance_is_kept(tmp_path, minima_of):
    path = tmp_path / "a.sqlite"
    Landscape(surface_of(), tolerance=IdentityTolerance(1e-5, 1e-2)).save(path)
    assert load(path).tolerance == IdentityTolerance(1e-5, 1e-2)


def test_functions_of_the_store_alone(landscape, tmp_path):
    """The layer below works without a surface."""
    contents = landscape._contents
    save_store(tmp_path / "a.sqlite", contents)
    assert read_store(tmp_path / "a.sqlite").header == contents.header
    store, found = open_store(tmp_path / "a.sqlite", None, contents)
    assert len(found.minima) == 3
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        store.write(found)


def test_a_closed_store_is_one_file_and_reading_leaves_none_beside_it(minima_of, tmp_path):
    landscape = Landscape(surface_of(), store=tmp_path / "s.sqlite")
    landscape.add(minima_of(GRID))
    landscape.close()
    assert len(load(tmp_path / "s.sqlite").minima) == len(landscape.minima)
    assert files_in(tmp_path) == ["s.sqlite"]
