"""Paths that keep atoms apart: ends stay, shapes hold, and nothing depends on the frame."""

import numpy as np
import pytest

import jaxscape as js

# n-butane's carbons and hydrogens, built by bond lengths and angles alone.
BONDS = [(0, 1), (1, 2), (2, 3), (0, 4), (0, 5), (0, 6), (3, 7), (3, 8), (3, 9)]
BONDS += [(1, 10), (1, 11), (2, 12), (2, 13)]


def butane(turn, seed=0):
    """A chain whose last carbon, with its hydrogens, is turned about the middle bond."""
    rng = np.random.default_rng(seed)
    x = np.array(
        [
            [-1.9, 0.4, 0], [-0.7, -0.5, 0], [0.7, 0.5, 0], [1.9, -0.4, 0],
            [-2.8, -0.2, 0], [-1.9, 1.0, 0.9], [-1.9, 1.0, -0.9],
            [2.8, 0.2, 0], [1.9, -1.0, 0.9], [1.9, -1.0, -0.9],
            [-0.7, -1.1, 0.9], [-0.7, -1.1, -0.9], [0.7, 1.1, 0.9], [0.7, 1.1, -0.9],
        ]
    )  # fmt: skip
    x = x + 0.02 * rng.normal(size=x.shape)
    axis = (x[2] - x[1]) / np.linalg.norm(x[2] - x[1])
    moving = [3, 7, 8, 9, 12, 13]
    v = x[moving] - x[2]
    along = np.outer(v @ axis, axis)
    x[moving] = x[2] + along + np.cos(turn) * (v - along) + np.sin(turn) * np.cross(axis, v)
    return x.ravel()


def line(a, b, images=9):
    return np.linspace(a, b, images)[None]


def shortest(path):
    atoms = path.reshape(*path.shape[:-1], -1, 3)
    i, j = np.triu_indices(atoms.shape[-2], 1)
    return np.linalg.norm(atoms[..., i, :] - atoms[..., j, :], axis=-1).min()


@pytest.mark.parametrize(
    "bend", [js.IDPP(), js.DihedralInterpolation(BONDS), js.Geodesic("CCCC" + 10 * "H")]
)
@pytest.mark.parametrize("turn", [1.2, -2.9])
def test_atoms_stay_apart_and_ends_where_they_are(bend, turn):
    straight = line(butane(0.0), butane(turn))
    path = bend(straight)
    np.testing.assert_array_equal(path[:, [0, -1]], straight[:, [0, -1]])
    assert shortest(path) > 0.95 * shortest(straight[:, [0, -1]])
    # Not one of the images is far from its neighbours.
    steps = np.linalg.norm(np.diff(path[0], axis=0), axis=1)
    assert steps.max() < 2.5 * np.median(steps)


def test_a_turn_about_a_bond_keeps_everything_else():
    path = js.DihedralInterpolation(BONDS)(line(butane(0.0), butane(2.0), 5))[0]
    for share, x in zip(np.linspace(0, 1, 5), path, strict=True):
        ours, exact = x.reshape(-1, 3), butane(2.0 * share).reshape(-1, 3)
        i, j = np.triu_indices(14, 1)
        np.testing.assert_allclose(
            np.linalg.norm(ours[i] - ours[j], axis=1),
            np.linalg.norm(exact[i] - exact[j], axis=1),
            atol=1e-9,
        )


def test_distances_of_idpp_change_evenly():
    a, b = butane(0.0), butane(1.0)
    path = js.IDPP(spring=1e-6)(line(a, b, 3))[0]
    i, j = np.triu_indices(14, 1)
    d = [np.linalg.norm(x.reshape(-1, 3)[i] - x.reshape(-1, 3)[j], axis=1) for x in path]
    off = np.abs(d[1] - 0.5 * (d[0] + d[2]))
    straight = np.linalg.norm(
        (0.5 * (a + b)).reshape(-1, 3)[i] - (0.5 * (a + b)).reshape(-1, 3)[j], axis=1
    )
    bonded = d[0] < 1.3
    assert off[bonded].max() < 0.3 * np.abs(straight - 0.5 * (d[0] + d[2]))[bonded].max()


def scaled(r, r0):
    return np.exp(-1.7 * (r - r0) / r0) + 0.01 * r0 / r


def test_a_geodesic_runs_evenly_through_scaled_distances():
    # Two atoms pulled apart along a line: the equation of the path has one solution.
    ends = np.array([[0.0, 0, 0, 0, 0, 0.8], [0.0, 0, 0, 0, 0, 2.0]])
    path = js.Geodesic("HH", friction=1e-9)(line(*ends, 41))[0]
    found = scaled(np.linalg.norm(path[:, 3:] - path[:, :3], axis=1), 0.62)
    np.testing.assert_allclose(np.diff(found), (found[-1] - found[0]) / 40, rtol=0.1)


def test_geodesics_are_shorter_than_other_paths():
    species = np.array(list("CCCC" + 10 * "H"))
    single = np.where(species == "C", 0.76, 0.31)
    i, j = np.triu_indices(14, 1)

    def length(path):
        dense = np.concatenate(
            [np.linspace(a, b, 20) for a, b in zip(path[:-1], path[1:], strict=True)]
        )
        atoms = dense.reshape(len(dense), -1, 3)
        q = scaled(np.linalg.norm(atoms[:, i] - atoms[:, j], axis=2), single[i] + single[j])
        return np.linalg.norm(np.diff(q, axis=0), axis=1).sum()

    straight = line(butane(0.0), butane(-2.9), 5)
    paths = [bend(straight)[0] for bend in (js.Geodesic(species, max_steps=100), js.IDPP())]
    assert length(paths[0]) < 0.97 * length(paths[1]) < length(straight[0])


def test_bands_start_from_it():
    surface = js.Surface(lambda x: (x**2).sum(), dim=6)
    swap = np.array([[0.0, 0, 0, 1.0, 0, 0], [1.0, 0, 0, 0, 0, 0.0]])
    from jaxscape.search.neb import first_paths

    path = first_paths(surface, swap[:1], swap[1:], js.NEB(images=5, interpolation=js.IDPP()))
    assert path.shape == (1, 5, 6) and shortest(path) > 0.8


def test_geodesics_are_refused_in_a_periodic_cell():
    def quadratic(x):
        return (x**2).sum()

    crystal = js.Surface(quadratic, dim=6, symmetry=js.symmetry.Crystal(cell=[4.0] * 3))
    ends = np.array([[[0.0, 0, 0, 1.0, 0, 0]], [[0.1, 0, 0, 1.2, 0, 0]]])
    for align in (True, False):
        with pytest.raises(ValueError, match="sees no images"):
            js.neb(crystal, *ends, method=js.NEB(interpolation=js.Geodesic()), align=align)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: js.IDPP(spring=0.0), "spring is 0.0"),
        (lambda: js.IDPP()(np.zeros((1, 3, 4))), r"shape \(1, 3, 4\)"),
        (
            lambda: js.DihedralInterpolation([(0, 1)])(line(np.arange(9.0), np.arange(9.0))),
            "atom 2",
        ),
        (lambda: js.Geodesic(friction=0.0), "friction is 0.0"),
        (lambda: js.Geodesic("HQ"), "known for Q"),
        (lambda: js.Geodesic("HH")(np.zeros((1, 3, 9))), "species names 2 atoms"),
        (lambda: js.DihedralInterpolation([(0, 9)])(line(np.arange(9.0), np.arange(9.0))), "bond"),
    ],
)
def test_bad_input_is_refused_with_a_remedy(make, message):
    with pytest.raises(ValueError, match=message):
        make()
