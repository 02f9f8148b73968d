"""Extended XYZ."""

import numpy as np
import pytest

import jaxscape as js
from jaxscape.io import FormatError, xyz


def test_round_trip(landscape, lj7, tmp_path, differing):
    xyz.write(landscape, tmp_path / "n.xyz", species=["Ar"] * 7)
    again = xyz.read(tmp_path / "n.xyz", lj7)
    assert differing(landscape, again) == []
    assert not again.minima.certified.any()
    bare = xyz.read(tmp_path / "n.xyz")
    assert (bare.name, bare.units) == ("lj7", lj7.units)
    assert differing(landscape, bare) == []


def test_layout(landscape, tmp_path):
    xyz.write(landscape, tmp_path / "n.xyz")
    lines = (tmp_path / "n.xyz").read_text().splitlines()
    assert len(lines) == 9 * 9 and lines[0] == "7"
    assert lines[1].startswith("Properties=species:S:1:pos:R:3 kind=minimum energy=-16.5 ")
    assert "energy_unit=epsilon length_unit=sigma" in lines[1] and 'pbc="F F F"' in lines[1]
    assert lines[2].split() == ["X", *map(repr, landscape.minima.x[0, :3].tolist())]
    assert "Properties=species:S:1:pos:R:3:eigenvector:R:3 kind=transition_state" in lines[37]


def test_species_of_the_symmetry(tmp_path):
    symmetry = js.symmetry.Cluster(species=("Au", "Ag"))
    surface = js.Surface(lambda x: (x[0] - x[3]) ** 2, symmetry=symmetry, dim=6)
    points = {"x": [[0.0, 0, 0, 1, 0, 0]], "energy": [0.0]}
    xyz.write(js.Landscape.from_points(points, surface=surface), tmp_path / "n.xyz")
    assert xyz.read_frames(tmp_path / "n.xyz").species == ("Au", "Ag")


def test_paths(tmp_path):
    images = np.random.default_rng(0).normal(size=(5, 9))
    units = js.surface.Units("eV", "angstrom")
    xyz.write_path(images, tmp_path / "p.xyz", energies=np.arange(5.0), units=units)
    frames = xyz.read_frames(tmp_path / "p.xyz")
    assert np.array_equal(frames.x, images)
    assert [keys["energy"] for keys in frames.keys] == ["0.0", "1.0", "2.0", "3.0", "4.0"]
    assert frames.keys[0]["length_unit"] == "angstrom" and frames.lines == [1, 6, 11, 16, 21]
    with pytest.raises(FormatError, match="expected frames of minima, found 5 frames of other"):
        xyz.read(tmp_path / "p.xyz")
    with pytest.raises(ValueError, match=r"images have shape \(5, 9\) and energies \(4,\)"):
        xyz.write_path(images, tmp_path / "q.xyz", energies=np.arange(4.0))


def test_frames_of_other_programs(tmp_path):
    text = """2
Lattice="9 0 0 0 9 0 0 0 9" Properties=id:I:1:species:S:1:pos:R:3:forces:R:3 energy=-1.25D0
1 Ar 0.0 0.0 0.0 0.1 0.1 0.1
2 Ar 0.0 0.0 1.1D0 0.1 0.1 0.1
2
energy = -1.0
Ar 0 0 0
Ar 0 0 1.5

"""
    (tmp_path / "a.xyz").write_text(text)
    landscape = xyz.read(tmp_path / "a.xyz")
    assert landscape.minima.energy.tolist() == [-1.25, -1.0]
    assert landscape.minima.x[:, 5].tolist() == [1.1, 1.5]


BROKEN = {
    "count": (0, "seven", "line 1: expected the number of atoms, found 'seven'"),
    "too many": (0, "70", "line 1: .*70|line 2: .*|line 10: expected an atom"),
    "text": (2, "X 1.0 x 2.0", "line 3: expected three numbers for an atom"),
    "short": (2, "X 1.0 2.0", "line 3: expected an atom"),
    "nan": (2, "X 1.0 nan 2.0", "line 3: expected finite positions"),
    "energy": (1, "kind=minimum order=1", "line 2: expected energy=a number, found none"),
    "order": (1, "kind=minimum energy=1 order=x", "line 2: expected order=a whole number"),
    "kind": (1, "kind=maximum energy=1", "line 2: expected kind=.* found 'maximum'"),
    "end": (
        37,
        "kind=transition_state energy=1 order=1 plus=0 minus=4",
        "line 38: expected minus, a min",
    ),
    "properties": (1, "Properties=species:S energy=1", "line 2: expected Properties="),
    "atoms": (38, "Au 0.0 0.0 0.0 0 0 0", "line 37: expected the atoms of the first frame"),
    "last": (80, "", "line 73: expected 7 atoms"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken(case, landscape, tmp_path):
    place, line, message = BROKEN[case]
    path = tmp_path / "n.xyz"
    xyz.write(landscape, path)
    lines = path.read_text().splitlines()
    lines[place] = line
    path.write_text("\n".join(lines))
    with pytest.raises(FormatError, match=message):
        xyz.read(path)


def test_what_cannot_be_written(numbers, landscape, tmp_path):
    with pytest.raises(ValueError, match="no coordinates"):
        xyz.write(numbers, tmp_path / "n.xyz")
    with pytest.raises(ValueError, match="species names 3 atoms, but there are 7"):
        xyz.write(landscape, tmp_path / "n.xyz", species="ABC")
    plane = js.Landscape.from_points({"x": [[0.0, 1.0]], "energy": [0.0]})
    with pytest.raises(ValueError, match="2 coordinates are not three for every atom"):
        xyz.write(plane, tmp_path / "n.xyz")
    assert not list(tmp_path.iterdir())


def test_a_mode_swings_about_the_point(tmp_path):
    rng = np.random.default_rng(0)
    x, mode = rng.normal(size=(2, 9))
    xyz.write_mode(x, mode, tmp_path / "m.xyz", amplitude=0.3, frames=8, species="OHH")
    frames = xyz.read_frames(tmp_path / "m.xyz")
    assert frames.species == ("O", "H", "H") and len(frames.x) == 8
    np.testing.assert_allclose(frames.x.mean(axis=0), x, atol=1e-12)
    off = np.linalg.norm((frames.x - x).reshape(8, 3, 3), axis=2)
    np.testing.assert_allclose(off.max(), 0.3)
    longest = np.linalg.norm(mode.reshape(3, 3), axis=1).max()
    np.testing.assert_allclose(frames.x[2] - x, 0.3 * mode / longest, atol=1e-12)
    with pytest.raises(ValueError, match="no direction"):
        xyz.write_mode(x, 0 * mode, tmp_path / "n.xyz")
    with pytest.raises(ValueError, match=r"mode \(6,\)"):
        xyz.write_mode(x, mode[:6], tmp_path / "n.xyz")


def test_crystals_are_written_with_their_cells(tmp_path):
    read = pytest.importorskip("ase.io").read
    cell = [[4.0, 0.0, 0.0], [1.0, 5.0, 0.0], [0.0, 0.0, 6.0]]
    symmetry = js.symmetry.Crystal(cell=cell, species=["Cu", "Au"])
    surface = js.Surface(lambda x: x[0], symmetry=symmetry, dim=6)
    points = {"x": np.arange(6.0)[None], "energy": [0.5]}
    landscape = js.Landscape.from_points(points, surface=surface)
    js.io.xyz.write(landscape, tmp_path / "crystal.xyz")
    atoms = read(tmp_path / "crystal.xyz")
    np.testing.assert_array_equal(atoms.cell.array, cell)
    assert atoms.pbc.all() and atoms.get_chemical_symbols() == ["Cu", "Au"]
    assert js.io.xyz.read(tmp_path / "crystal.xyz", surface).minima.x.tolist() == [[*range(6)]]
    js.io.xyz.write_path(points["x"], tmp_path / "path.xyz", cell=cell, species=["Cu", "Au"])
    np.testing.assert_array_equal(read(tmp_path / "path.xyz").cell.array, cell)
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        js.io.xyz.write_path(points["x"], tmp_path / "other.xyz", cell=[1.0, 1.0, 1.0])


def test_a_cell_that_varies_is_written_as_it_is(tmp_path):
    read = pytest.importorskip("ase.io").read
    silicon = js.potentials.VariableCell(js.potentials.StillingerWeber([5.431] * 3), atoms=8)
    symmetry = js.symmetry.Crystal(cell=[5.431] * 3, species=["Si"] * 8, variable_cell=True)
    surface = js.Surface(silicon, symmetry=symmetry, dim=30)
    points = {"x": [silicon.point(np.zeros(24), s * np.eye(3)) for s in (5.0, 5.5)]}
    landscape = js.Landscape.from_points(points | {"energy": [0.0, 1.0]}, surface=surface)
    js.io.xyz.write(landscape, tmp_path / "cells.xyz")
    sizes = [atoms.cell.lengths() for atoms in read(tmp_path / "cells.xyz", ":")]
    np.testing.assert_allclose(sizes, [[5.0] * 3, [5.5] * 3], rtol=1e-5)
