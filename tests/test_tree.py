"""Trees of every depth against tables worked by hand, a recursion, and scikit-learn."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from disentangle.evaluation.classifiers import tree
from disentangle.evaluation.classifiers.order import ordered


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)[:, None]


def test_a_split_lies_in_the_middle_between_two_values() -> None:
    told = tree.told(column(0, 1, 2, 4), np.array([1, 1, 0, 0]), column(-9, 1.49, 1.51, 9), 2, False)
    assert told.tolist() == [[1, 1, 0, 0]] * 2
    numbers = tree.told(column(0, 1, 2, 4), np.array([-3.0, -3, 3, 3]), column(-9, 1.49, 1.51, 9), 1, True)
    assert numbers.tolist() == [[-3, -3, 3, 3]]


def test_equally_frequent_values_are_halved_at_each_depth() -> None:
    """Of eight values in order, trees of depth 1, 2, 3 tell the half, the quarter, the value: its first."""
    values = np.repeat(np.arange(8), 5)
    told = tree.told(values[:, None] * 1.0, values, column(*range(8)), 5, False)
    assert told.tolist() == [[0] * 4 + [4] * 4, [0, 0, 2, 2, 4, 4, 6, 6], *[list(range(8))] * 3]


def test_the_purer_of_two_codes_is_split() -> None:
    """In the order of code 0 labels are 0 1 0 1, in that of code 1 they are 0 0 1 1, parted at 6."""
    codes, y = np.array([[0.0, 5], [2, 3], [1, 7], [3, 8]]), np.array([0, 0, 1, 1])
    new = np.array([[9.0, 5.9], [-9, 6.1]])
    assert tree.told(codes, y, new, 1, False).tolist() == [[0, 1]]
    assert tree.told(codes[:, ::-1], y, new[:, ::-1], 1, False).tolist() == [[0, 1]]
    assert tree.told(codes, 2.0 * y, new, 1, True).tolist() == [[0, 2]]


def test_two_codes_that_tell_only_together_are_split_one_after_the_other() -> None:
    codes, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    assert tree.told(codes, y, codes, 2, False)[1].tolist() == [0, 1, 1, 0]
    assert tree.told(codes, y - 0.5, codes, 2, True)[1].tolist() == [-0.5, 0.5, 0.5, -0.5]


@pytest.mark.parametrize("number", [False, True])
def test_where_there_is_nothing_to_split_the_start_is_told(number: bool) -> None:
    """Codes are constant, or all rows are alike."""
    y = np.array([2, 1, 1, 2, 1])
    guess = y.mean() if number else 1
    assert tree.told(np.full((5, 2), 0.3), y, np.zeros((3, 2)), 3, number) == pytest.approx(np.full((3, 3), guess))
    assert (tree.told(np.arange(10.0).reshape(5, 2), np.full(5, 7), np.zeros((3, 2)), 3, number) == 7).all()


@pytest.mark.parametrize("low", [1, math.nextafter(1, 2)])
def test_neighbouring_floats_are_parted(low: float) -> None:
    """Their middle is rounded to the lower of one pair, and to the higher of the other."""
    codes = column(low, math.nextafter(low, 2))
    assert tree.told(codes, np.array([0, 1]), codes, 1, False).tolist() == [[0, 1]]


def test_of_many_codes_none_is_missed() -> None:
    rng = np.random.default_rng(0)
    codes, y = rng.normal(size=(200, 3 * tree.CODES + 1)), rng.integers(2, size=200)
    for place in (0, tree.CODES, 2 * tree.CODES - 1, 3 * tree.CODES):
        informative = codes.copy()
        informative[:, place] = y + 0.1 * rng.normal(size=200)
        assert (tree.told(informative, y, informative, 1, False)[0] == y).all()


def recursion(codes: np.ndarray, y: np.ndarray, new: np.ndarray, depth: int) -> float:
    """Return what a tree tells of one new row, by trying each split."""
    counts = np.bincount(y)
    best: tuple[float, int, float] | None = None
    if depth and len(set(y)) > 1:
        for d in range(codes.shape[1]):
            values = sorted(set(codes[:, d]))
            for low, high in pairwise(values):
                threshold = (low + high) / 2
                sides = [y[codes[:, d] <= threshold], y[codes[:, d] > threshold]]
                entropy = sum(-sum(n * math.log(n / len(s)) for n in np.bincount(s) if n) for s in sides)
                if best is None or entropy < best[0] - 1e-7:
                    best = entropy, d, threshold
    if best is None:
        return int(counts.argmax())
    _, d, threshold = best
    side = codes[:, d] <= threshold if new[d] <= threshold else codes[:, d] > threshold
    return recursion(codes[side], y[side], new, depth - 1)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 25), st.integers(1, 3), st.integers(1, 4))
def test_labels_are_those_of_a_recursion(seed: int, rows: int, dim: int, kinds: int) -> None:
    rng = np.random.default_rng(seed)
    codes, y = rng.integers(5, size=(rows, dim)).astype(np.float64), rng.integers(kinds, size=rows)
    new = rng.integers(-1, 6, size=(8, dim)) + 0.25
    told = tree.told(codes, y, new, 6, False)
    used = ordered(codes)
    codes, new = codes[:, used], new[:, used]
    for depth in range(6):
        assert told[depth].tolist() == [recursion(codes, y, row, depth + 1) for row in new]


@pytest.mark.parametrize("seed", range(4))
def test_trees_are_those_of_scikit_learn(seed: int) -> None:
    """But where two splits are equally good, which small nodes have: it takes a random one, and rounds codes."""
    rng = np.random.default_rng(seed)
    codes, new = rng.normal(size=(1500, 4)), rng.normal(size=(400, 4))
    truth = codes[:, 0] * codes[:, 1] + np.sin(3 * codes[:, 2]) + 0.3 * rng.normal(size=1500)
    labels = np.digitize(truth, [-1, 0, 0.5])
    for number, y in ((True, truth), (False, labels)):
        told = tree.told(codes, y, new, 64, number)
        for depth in range(1, 7):
            peer = DecisionTreeRegressor() if number else DecisionTreeClassifier(criterion="entropy")
            expected = peer.set_params(max_depth=depth, random_state=0).fit(codes, y).predict(new)
            same = np.isclose(told[depth - 1], expected, rtol=0, atol=1e-10).mean()
            assert same == 1 if depth < 3 else same > 0.98
        # Grown to the end, it knows its own rows.
        assert (tree.told(codes, y, codes, 64, number)[-1] == y).all()


@pytest.mark.parametrize("number", [False, True])
def test_the_order_of_codes_does_not_count_nor_does_a_constant_code_or_a_copy(number: bool) -> None:
    """Of few rows and whole numbers, many splits are equally good."""
    rng = np.random.default_rng(0)
    codes, y, new = rng.integers(4, size=(60, 5)) * 1.0, rng.integers(3, size=60) * 1.0, rng.normal(2, 2, size=(50, 5))
    y = y if number else y.astype(int)
    told = tree.told(codes, y, new, 8, number)
    moved, moved_new = (np.column_stack([x[:, [3, 0, 4, 2, 1, 0]], np.full(len(x), 7)]) for x in (codes, new))
    assert np.array_equal(tree.told(moved, y, moved_new, 8, number), told)
