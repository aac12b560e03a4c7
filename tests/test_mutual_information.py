"""Mutual information of counted bins against tables worked by hand, loops, and scikit-learn."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score

from disentangle.evaluation import mutual_information as mi


def test_bins_are_of_equal_width_over_the_codes_own_range() -> None:
    """Edges 0, 2, 4, 6, 8: a value on an edge is in the bin above it, the largest in the last."""
    code = np.array([0.0, 1.9, 2, 3.9, 4, 7.9, 8, 10])
    assert mi.binned(code[:, None], 5)[:, 0].tolist() == [0, 0, 1, 1, 2, 3, 4, 4]
    # the second code has a range of its own; an outlier leaves the bins between empty
    both = np.column_stack([code, [0, 0, 0, 0, 0, 0, 0, 100.0]])
    assert mi.binned(both, 5).T.tolist() == [[0, 0, 1, 1, 2, 3, 4, 4], [0] * 7 + [4]]


@pytest.mark.parametrize("value", [0.0, 0.3, 1e9, -7.0])
def test_a_constant_code_has_one_bin_and_says_exactly_nothing(value: float) -> None:
    cut = mi.binned(np.full((30, 1), value), 20)
    assert len(set(cut[:, 0])) == 1
    factor = np.random.default_rng(0).integers(7, size=(30, 1))
    assert mi.matrix(cut, factor).tolist() == [[0.0]]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 30), st.integers(2, 60))
def test_bins_hold_as_many_as_a_histogram(seed: int, bins: int, samples: int) -> None:
    code = np.random.default_rng(seed).normal(size=samples)
    counts = np.bincount(mi.binned(code[:, None], bins)[:, 0], minlength=bins)
    assert counts.tolist() == np.histogram(code, bins)[0].tolist()


@pytest.mark.parametrize(
    ("joint", "expected"),
    [
        ([[5, 0], [0, 5]], math.log(2)),
        ([[0, 3], [3, 0]], math.log(2)),
        ([[2, 4], [3, 6]], 0),
        # half of the rows overlap: a code of {0}, {0, 1} at 1/4, 1/2, 1/4
        ([[1, 0], [1, 1], [0, 1]], math.log(2) / 2),
        ([[2, 1], [1, 2]], 2 / 3 * math.log(4 / 3) + 1 / 3 * math.log(2 / 3)),
        # of four values the code tells the pair
        ([[1, 1, 0, 0], [0, 0, 1, 1]], math.log(2)),
        ([[3, 0], [0, 1]], math.log(4) - 3 / 4 * math.log(3)),
        ([[7]], 0),
        ([[2, 3, 5]], 0),
    ],
)
def test_tables_by_hand(joint: list[list[int]], expected: float) -> None:
    assert float(mi.of_counts(np.array(joint))) == pytest.approx(expected, abs=1e-12)
    if expected == 0:
        assert float(mi.of_counts(np.array(joint))) == 0


def test_joint_counts_by_hand() -> None:
    codes, factor = np.array([[0, 2], [0, 1], [1, 1], [0, 2]]), np.array([1, 0, 1, 1])
    expected = [[[1, 2], [0, 1], [0, 0]], [[0, 0], [1, 1], [0, 2]]]
    assert mi.joint_counts(codes, factor).tolist() == expected


def loops(a: np.ndarray, b: np.ndarray) -> float:
    total = 0.0
    for x in set(a):
        for y in set(b):
            both = sum(1 for i, j in zip(a, b, strict=True) if (i, j) == (x, y)) / len(a)
            if both:
                total += both * math.log(both / ((a == x).mean() * (b == y).mean()))
    return total


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_a_matrix_equals_loops_and_scikit_learn(seed: int, samples: int) -> None:
    rng = np.random.default_rng(seed)
    codes, factors = rng.integers(4, size=(samples, 3)), rng.integers(3, size=(samples, 2))
    found = mi.matrix(codes, factors)
    assert found.shape == (3, 2)
    for d, k in np.ndindex(3, 2):
        assert found[d, k] == pytest.approx(loops(codes[:, d], factors[:, k]), abs=1e-12)
        assert found[d, k] == pytest.approx(mutual_info_score(codes[:, d], factors[:, k]), abs=1e-12)


def test_entropies_by_hand() -> None:
    factors = np.array([[0, 0, 5], [0, 1, 5], [0, 2, 5], [0, 3, 9]])
    assert mi.entropies(factors) == pytest.approx([0, math.log(4), math.log(4) - 3 / 4 * math.log(3)])


def test_degrees_of_freedom_count_values_that_occur() -> None:
    codes = np.array([[0, 19, 7], [5, 19, 7], [19, 0, 7]])
    factors = np.array([[0, 2], [3, 2], [1, 9]])
    assert mi.degrees_of_freedom(codes, factors).tolist() == [[4, 2], [2, 1], [0, 0]]


def test_independent_variables_have_the_stated_mutual_information_on_average() -> None:
    rng = np.random.default_rng(0)
    codes, factors = rng.integers(20, size=(10_000, 30)), rng.integers(40, size=(10_000, 1))
    bias = mi.degrees_of_freedom(codes, factors) / 20_000
    assert bias == pytest.approx(np.full((30, 1), 19 * 39 / 20_000))
    assert mi.matrix(codes, factors).mean() == pytest.approx(bias.mean(), rel=0.03)
