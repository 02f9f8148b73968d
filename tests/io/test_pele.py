"""pele's databases, and pickles that are not arrays."""

import os
import pickle
import sqlite3

import numpy as np
import pytest

from jaxscape.io import FormatError, _unpickling, pele
from jaxscape.io._unpickling import array_from_pickle, pickle_of_array


def test_round_trip(landscape, lj7, tmp_path, differing):
    pele.write(landscape, tmp_path / "lj7.db")
    again = pele.read(tmp_path / "lj7.db", lj7)
    assert differing(landscape, again, but={"plus", "minus", "eigenvector"}) == []
    assert not again.minima.certified.any()
    # The lower id goes first there; the eigenvector points to it.
    states, back = landscape.transition_states, again.transition_states
    turned = states.plus > states.minus
    assert turned.any()
    assert np.array_equal(back.plus, np.minimum(states.plus, states.minus))
    assert np.array_equal(back.minus, np.maximum(states.plus, states.minus))
    signs = np.where(turned, -1.0, 1.0)[:, None]
    assert np.array_equal(back.eigenvector, signs * states.eigenvector)


def test_round_trip_without_points(numbers, tmp_path, same_numbers):
    pele.write(numbers, tmp_path / "numbers.db")
    again = pele.read(tmp_path / "numbers.db")
    fields = ("energy", "log_product", "order", "ts_energy", "ts_log_product", "ts_order")
    assert same_numbers(numbers, again, fields)
    assert again.ids.tolist() == [1, 2, 3]


def test_ids_with_gaps_and_numbers_not_computed(landscape, tmp_path):
    path = tmp_path / "gaps.db"
    pele.write(landscape, path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE tbl_minima SET _id = 9, fvib = NULL, pgorder = NULL WHERE _id=2")
        for column in ("_minimum1_id", "_minimum2_id"):
            connection.execute(f"UPDATE tbl_transition_states SET {column}=9 WHERE {column}=2")
    connection.close()
    again = pele.read(path)
    assert again.minima.energy.tolist() == [-16.5, -15.5, -15.5, -15.9]
    assert np.isnan(again.minima.log_product[3]) and again.minima.order[3] == 1
    assert again.transition_states.plus[0] == 0 and again.transition_states.minus[0] == 3


def change(path, statement, *values):
    with sqlite3.connect(path) as connection:
        connection.execute(statement, values)
    connection.close()


class Intruder:
    def __reduce__(self):
        return os.system, ("touch intruded",)


BROKEN = {
    "code": (
        "UPDATE tbl_minima SET coords = ? WHERE _id = 3", [pickle.dumps(Intruder())],
        "tbl_minima 3, found a pickle with posix.system, which is not loaded",
    ),
    "list": (
        "UPDATE tbl_transition_states SET coords = ? WHERE _id = 2", [pickle.dumps([1.0])],
        "tbl_transition_states 2, found a pickle with a list, not an array",
    ),
    "width": (
        "UPDATE tbl_minima SET coords = ? WHERE _id = 3", [pickle.dumps(np.zeros(20))],
        "expected 21 coordinates of tbl_minima 3, found 20",
    ),
    "none": (
        "UPDATE tbl_minima SET coords = NULL WHERE _id = 1", [],
        "coordinates of tbl_minima 1, found none",
    ),
    "cut": (
        "UPDATE tbl_minima SET coords = ? WHERE _id = 1", [pickle.dumps(np.zeros(21))[:-30]],
        "tbl_minima 1, found a pickle with",
    ),
    "end": (
        "UPDATE tbl_transition_states SET _minimum1_id = 77 WHERE _id = 1", [],
        "transition state 1 that tbl_minima has, found the id 77",
    ),
    "energy": (
        "UPDATE tbl_minima SET energy = 'low' WHERE _id = 1", [], "energy of tbl_minima 1.*low"
    ),
    "version": ("PRAGMA user_version = 1", [], "version 2, found version 1; update it"),
    "table": ("DROP TABLE tbl_transition_states", [], "tables of pele.*no such table"),
    "nothing": ("DELETE FROM tbl_minima", [], "expected minima, found none in tbl_minima"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_broken(case, landscape, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    statement, values, message = BROKEN[case]
    pele.write(landscape, tmp_path / "lj7.db")
    change(tmp_path / "lj7.db", statement, *values)
    with pytest.raises(FormatError, match=message):
        pele.read(tmp_path / "lj7.db")
    assert not (tmp_path / "intruded").exists()


def test_not_a_database(tmp_path):
    for data, message in ((b"SQLite format 4", "another kind"), (b"", "empty file")):
        (tmp_path / "x.db").write_bytes(data)
        with pytest.raises(FormatError, match=message):
            pele.read(tmp_path / "x.db")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "array",
    [np.arange(6.0), np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.arange(3, dtype=">f8"),
     np.arange(3, dtype=np.float32), np.arange(4)],
    ids=["vector", "fortran", "big endian", "single", "integers"],
)  # fmt: skip
def test_pickles_of_arrays(array, protocol):
    found = array_from_pickle(pickle.dumps(array, protocol))
    assert found.dtype == np.float64 and np.array_equal(found, array)
    named = pickle.dumps(array, protocol).replace(b"numpy._core.multi", b"numpy.core.multi")
    if protocol < 4:  # names without lengths
        assert np.array_equal(array_from_pickle(named), array)


@pytest.mark.parametrize(
    "found",
    [
        np.array([{}, 1], object), np.array(["a"]), np.zeros(2, complex), "text", {}, np.float64(1),
        np.zeros(2, "f8,i4"), np.ma.zeros(2), Intruder(), len, np.load,
    ],
    ids=["objects", "letters", "complex", "text", "dict", "scalar", "records", "masked", "class",
         "builtin", "function"],
)  # fmt: skip
@pytest.mark.parametrize("protocol", [2, 5])
def test_pickles_of_anything_else(found, protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="a pickle with"):
        array_from_pickle(pickle.dumps(found, protocol))
    assert not list(tmp_path.iterdir())


def test_a_pickle_cannot_change_what_reads_it():
    # Pushes a function and sets its attribute (BUILD with a state for slots).
    raw = b"\x80\x02c_codecs\nencode\nN}X\x0c\x00\x00\x00__defaults__"
    raw += b"X\x05\x00\x00\x00ascii\x85s\x86b."
    stand_in = _unpickling._KNOWN["_codecs", "encode"]
    before = stand_in.__defaults__
    with pytest.raises(ValueError, match="a pickle with a function, not an array"):
        array_from_pickle(raw)
    assert stand_in.__defaults__ == before


def test_written_pickles_are_numpys():
    array = np.random.default_rng(0).normal(size=5)
    assert np.array_equal(pickle.loads(pickle_of_array(array)), array)
