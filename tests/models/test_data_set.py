import numpy as np
import pytest

from jaxscape.models import DataSet

RNG = np.random.default_rng(1)


def test_duplicates_leave_the_first_of_each():
    table = np.array([[1.0, 2.0], [3.0, 5.0], [1.0, 2.0 + 1e-9], [3.0, 5.0], [0.0, 7.0]])
    data = DataSet(table, [1.0, 2.0, 3.0, 6.0, 5.0])
    with pytest.warns(UserWarning, match=r"2 samples .* row 3 \(6\) those of row 1 \(2\)"):
        first = data.without_duplicates()
    kept = data.without_duplicates(average=False)
    assert kept.response.tolist() == first.response.tolist()
    assert first.inputs.tolist() == [[1, 2], [3, 5], [0, 7]]
    assert first.response.tolist() == [1, 2, 5]
    assert data.without_duplicates(average=True).response.tolist() == [2, 4, 5]
    assert len(data) == 5


def test_duplicates_that_agree_are_dropped_without_a_word():
    table = np.array([[1.0, 2.0], [3.0, 5.0], [1.0, 2.0]])
    assert len(DataSet(table, [1.0, 2.0, 1.0 + 1e-9]).without_duplicates()) == 2  # warnings raise


def test_scaling():
    data = DataSet(RNG.normal(3, 5, (30, 3)), RNG.normal(size=30), names=["a", "b", "c"])
    zero_to_one = data.normalised()
    np.testing.assert_allclose(zero_to_one.inputs.min(axis=0), 0.0)
    np.testing.assert_allclose(zero_to_one.inputs.max(axis=0), 1.0)
    assert (zero_to_one.response.min(), zero_to_one.response.max()) == (0.0, 1.0)
    standard = data.standardised()
    np.testing.assert_allclose(standard.inputs.std(axis=0), 1.0)
    np.testing.assert_allclose(standard.response.mean(), 0.0, atol=1e-12)
    assert data.features(["c", 0]).names == ("c", "a")


@pytest.mark.parametrize("features", [1, 2, 3, 7])
def test_the_hull_holds_mixtures_of_samples_and_nothing_beyond(features):
    data = DataSet(RNG.normal(size=(30, features)), np.arange(30.0))
    shares = RNG.dirichlet(np.ones(30), size=20)
    assert data.inside_hull(shares @ data.inputs).all()
    assert data.inside_hull(data.inputs).all()
    away = data.inputs[data.inputs[:, 0].argmax()] + np.eye(features)[0] * 1e-3
    assert not data.inside_hull(np.stack([away, 10 + away])).any()


COLUMNS = np.column_stack([np.arange(4.0), np.ones(4), np.arange(4.0)])


def test_useless_columns_are_named_or_dropped():
    with pytest.raises(ValueError, match=r"column 1 \(b\) is constant, 1; column 2 \(c\) repeats"):
        DataSet(COLUMNS, np.arange(4.0), names=["a", "b", "c"])
    kept = DataSet(COLUMNS, np.arange(4.0), names=["a", "b", "c"], drop=True)
    assert kept.names == ("a",)
    with pytest.raises(ValueError, match="every column is constant"):
        DataSet(np.ones((3, 2)), np.arange(3.0), drop=True)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DataSet([[1.0], [np.nan]], [0.0, 1.0]), "first is row 1"),
        (lambda: DataSet([[1.0], [2.0]], [0.0, np.inf]), "response are NaN or infinite"),
        (lambda: DataSet([[1.0], [2.0]], [0.0]), r"pass one for each point, \[2\]"),
        (lambda: DataSet([[1.0]], [0.0]), "2 or more are needed"),
        (lambda: DataSet([["x"], ["y"]], [0.0, 1.0]), "no numbers"),
        (lambda: DataSet(np.eye(3), np.zeros(3), names=["a", "a", "b"]), "3 different ones"),
        (lambda: DataSet(np.eye(3), np.zeros(3)).normalised(), "response is 0.0 everywhere"),
        (lambda: DataSet(np.eye(3), np.arange(3.0)).features([3]), "no feature 3"),
        (lambda: DataSet(np.eye(3), np.arange(3.0)).features(["y"]), "no feature 'y'"),
    ],
)
def test_bad_data_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
