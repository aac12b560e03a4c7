"""Nearest-neighbour information against loops over single rows, scikit-learn, closed forms, and what may not count."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

from disentangle.evaluation import mutual_information as mi
from disentangle.evaluation.neighbour_information import ksg, ross, self_information


def ksg_by_loops(x: np.ndarray, y: np.ndarray, k: int) -> float:
    x, y = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    rows, total = range(len(x)), 0.0
    for i in rows:
        radius = sorted(max(abs(x[i] - x[j]), abs(y[i] - y[j])) for j in rows if j != i)[k - 1]
        for part in (x, y):
            total += digamma(1 + sum(abs(part[i] - part[j]) < radius for j in rows if j != i))
    return max(0.0, float(digamma(len(x)) + digamma(k) - total / len(x)))


def ross_by_loops(x: np.ndarray, labels: np.ndarray, k: int) -> float:
    kept = [i for i in range(len(x)) if (labels == labels[i]).sum() > 1]
    total = 0.0
    for i in kept:
        own = sorted(abs(x[i] - x[j]) for j in kept if labels[j] == labels[i] and j != i)
        near = min(k, len(own))
        nearer = 1 + sum(abs(x[i] - x[j]) < own[near - 1] for j in kept if j != i)
        total += digamma(near) - digamma(len(own) + 1) - digamma(nearer)
    return max(0.0, float(digamma(len(kept)) + total / len(kept)))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.integers(6, 40), st.integers(1, 5), st.floats(0, 0.95))
def test_both_are_what_loops_find(seed: int, rows: int, k: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    x, labels = rng.normal(size=rows), rng.integers(3, size=rows)
    y = share * x + (1 - share) * rng.standard_cauchy(rows)
    assert ksg(x, y, k) == pytest.approx(ksg_by_loops(x, y, k), abs=1e-9)
    assert ross(y + labels, labels, k) == pytest.approx(ross_by_loops(y + labels, labels, k), abs=1e-9)


@pytest.mark.parametrize("rows", [200, 2000])
@pytest.mark.parametrize("kind", ["related", "independent", "heavy tails", "few values"])
def test_both_are_scikit_learns(kind: str, rows: int) -> None:
    rng = np.random.default_rng(rows)
    x = rng.standard_t(2, rows) if kind == "heavy tails" else rng.normal(size=rows)
    y = rng.normal(size=rows) + (0 if kind == "independent" else x)
    labels = (x > 0) + (x > 1) * 1
    x = labels * 1.0 if kind == "few values" else x
    expected = mutual_info_regression(x[:, None], y, discrete_features=False, random_state=0)[0]
    assert ksg(x, y) == pytest.approx(expected, abs=1e-6)
    expected = mutual_info_classif(y[:, None], labels, discrete_features=False, random_state=0)[0]
    assert ross(y, labels) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("step", [0.02, 0.1, 0.5])
def test_values_that_repeat_do_not_bias(step: float) -> None:
    """Of scikit-learn's another draw of the noise: they differ by as much as two of its own."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=2000)
    x, y = (np.round(part / step) * step for part in (x, x + rng.normal(size=2000)))
    assert ksg(x, y) == pytest.approx(math.log(2) / 2, abs=0.06)
    theirs = [mutual_info_regression(x[:, None], y, discrete_features=False, random_state=s)[0] for s in range(5)]
    assert ksg(x, y) == pytest.approx(np.mean(theirs), abs=5 * np.std(theirs) + 0.01)


@pytest.mark.parametrize("correlation", [0.0, 0.6, -0.9])
def test_of_normal_numbers_it_is_the_closed_form(correlation: float) -> None:
    """-ln(1 - r^2) / 2."""
    rng = np.random.default_rng(1)
    x, noise = rng.normal(size=(2, 8000))
    y = correlation * x + math.sqrt(1 - correlation**2) * noise
    assert ksg(x, y) == pytest.approx(-math.log(1 - correlation**2) / 2, abs=0.03)


def test_of_a_label_that_parts_two_intervals_it_is_what_they_overlap_by() -> None:
    """Uniform on [0, 2] and [1, 3]: half of the rows tell their label, ln 2 / 2."""
    rng = np.random.default_rng(2)
    labels = rng.integers(2, size=8000)
    assert ross(rng.uniform(0, 2, 8000) + labels, labels) == pytest.approx(math.log(2) / 2, abs=0.02)
    assert ross(rng.uniform(0, 1, 8000) + labels, labels) == pytest.approx(math.log(2), abs=0.002)
    assert ross(rng.uniform(0, 1, 8000), labels) < 0.02


def test_a_number_tells_most_of_itself() -> None:
    x = np.random.default_rng(3).normal(size=500)
    most = digamma(500) - digamma(4)
    assert self_information(x) == pytest.approx(most, abs=1e-12)
    for same in (x, -x, x**3, np.exp(x)):
        assert ksg(same, x) <= most + 1e-9
    assert ksg(x, x) == ksg(-2 * x + 5, x) == pytest.approx(most, abs=1e-9)
    # of few values of many rows, it is their entropy
    few = np.repeat([0.1, 0.2, 0.7, 0.8], 5000)
    assert self_information(few) == pytest.approx(math.log(4), abs=1e-3)
    assert ksg(few, few) == pytest.approx(math.log(4), abs=0.02)


@pytest.mark.parametrize("value", [0.0, 0.3, -1e9])
def test_what_is_constant_or_of_one_row_tells_exactly_nothing(value: float) -> None:
    rng = np.random.default_rng(4)
    constant, x, labels = np.full(60, value), rng.normal(size=60), rng.integers(3, size=60)
    assert ksg(constant, x) == ksg(x, constant) == ross(constant, labels) == self_information(constant) == 0
    assert ksg(x[:1], x[:1]) == ross(x, np.arange(60)) == 0
    assert ross(x, np.zeros(60, int)) == 0


@pytest.mark.parametrize("scale", [1e-200, 1e-9, 1e9, 1e200])
def test_neither_scale_nor_sign_counts(scale: float) -> None:
    rng = np.random.default_rng(5)
    x, labels = rng.normal(size=300), rng.integers(3, size=300)
    y = x + labels + rng.normal(size=300)
    assert ksg(scale * y, -x) == pytest.approx(ksg(y, x), abs=1e-9)
    assert ksg(x, -scale * y) == pytest.approx(ksg(y, x), abs=1e-9)
    assert ross(-scale * y, labels) == pytest.approx(ross(y, labels), abs=1e-9)


def test_information_of_both_kinds_of_factors() -> None:
    """Of each kind as alone, at most the normaliser: a code that is a factor has just that."""
    rng = np.random.default_rng(6)
    factors = np.column_stack([rng.integers(4, size=1000), rng.normal(size=1000), rng.integers(3, size=1000)])
    codes = np.column_stack([factors, rng.normal(size=1000)])
    kinds = np.array([False, True, False])
    found, most = mi.information(codes, factors, kinds, 20), mi.normalisers(factors, kinds)
    cut, discrete = mi.binned(codes, 20), factors[:, ~kinds].astype(int)
    assert np.array_equal(found[:, ~kinds], mi.matrix(cut, discrete))
    assert found[:, 1].tolist() == [ksg(code, factors[:, 1]) for code in codes.T]
    assert most[~kinds] == pytest.approx(mi.entropies(discrete))
    assert most[1] == self_information(factors[:, 1])
    assert found[[0, 1, 2], [0, 1, 2]] == pytest.approx(most)
    assert (found <= most + 1e-9).all()
    # all of one kind
    assert np.array_equal(mi.information(codes, discrete, np.zeros(2, bool), 20), mi.matrix(cut, discrete))
    assert np.array_equal(mi.information(codes, factors[:, 1:2], np.ones(1, bool), 20), found[:, 1:2])


def test_codes_of_a_factor_of_few_values_never_have_more_than_its_normaliser() -> None:
    rng = np.random.default_rng(7)
    factor = rng.integers(40, size=(2000, 1)) / 40
    codes = np.column_stack([factor, -factor, factor**3, np.floor(factor * 8), rng.normal(size=2000)])
    found, most = mi.information(codes, factor, np.ones(1, bool), 20), mi.normalisers(factor, np.ones(1, bool))
    assert (found <= most).all()
    assert found[:3, 0] == pytest.approx(np.full(3, math.log(40)), abs=0.05)
    assert found[3, 0] == pytest.approx(math.log(8), abs=0.1)
