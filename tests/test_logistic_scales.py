"""Logistic regressions of codes of unlike scales and with rows far out: the optimum, and never a place far from it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from disentangle.evaluation.classifiers import columns, logistic_cv, logistic_regression, one_vs_rest_cv

CHOOSING: list[Callable[..., Any]] = [logistic_cv.fit, one_vs_rest_cv.fit]


def clouds(rows: int = 500, classes: int = 5, seed: int = 0, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Codes that tell classes, and of them some."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=rows)
    return 4 * rng.normal(size=(classes, 4))[labels] + noise * rng.normal(size=(rows, 4)), labels


def naive(codes: np.ndarray, labels: np.ndarray, C: float) -> np.ndarray:
    """Return the probabilities (N, K) at the optimum, by whole Newton steps, halved while they lead uphill.

    The problem is that of columns in units u of their deviations, with penalties 1 / (C u^2).
    """
    unit = codes.std(0)
    x = np.hstack([(codes - codes.mean(0)) / unit, np.ones((len(codes), 1))])
    y = np.eye(labels.max() + 1)[labels]
    c = np.append(1 / (C * unit**2), 1e-13)[:, None] * np.ones(y.shape[1])
    w = np.zeros(c.shape)

    def f(w: np.ndarray) -> float:
        return float(-(y * np.log(softmax(x @ w, axis=1) + 1e-300)).sum() + (c * w**2).sum() / 2)

    for _ in range(100):
        p = softmax(x @ w, axis=1)
        blocks = np.einsum("nj,nk,na,nb->ajbk", -p, p, x, x, optimize=True)
        blocks += np.einsum("nk,kj,na,nb->ajbk", p, np.eye(y.shape[1]), x, x, optimize=True)
        hessian = blocks.reshape(w.size, w.size) + np.diag(c.ravel() + 1e-12)
        step = np.linalg.solve(hessian, (x.T @ (y - p) - c * w).ravel()).reshape(w.shape)
        t = 1.0
        while f(w + t * step) > f(w) + 1e-9 and t > 1e-9:
            t /= 2
        w = w + t * step
    found: np.ndarray = softmax(x @ w, axis=1)
    return found


@pytest.mark.parametrize("scale", [3e4, 1e6, 1e8, 1e12, 1e100])
def test_a_noise_code_of_any_scale_leaves_what_the_others_tell(scale: float) -> None:
    codes, labels = clouds()
    beside = np.hstack([codes, scale * np.random.default_rng(1).normal(size=(len(codes), 1))])
    assert logistic_regression.fit(beside, labels, 1.0).accuracy(beside, labels) == 1
    for fit in CHOOSING:
        assert np.mean(fit(beside, labels).predict(beside) == labels) == np.mean(
            fit(codes, labels).predict(codes) == labels
        )
    assert np.mean(logistic_cv.fit(beside, labels).predict(beside) == labels) == 1


@pytest.mark.parametrize("scale", [3e4, 1e6, 1e8, 1e12, 1e40])
@pytest.mark.parametrize("count", [1, 3])
def test_rows_far_out_leave_what_the_others_tell(scale: float, count: int) -> None:
    codes, labels = clouds()
    codes[:count] *= scale
    assert logistic_regression.fit(codes, labels, 1.0).accuracy(codes, labels) == 1
    assert np.mean(logistic_cv.fit(codes, labels).predict(codes) == labels) == 1
    rest, found = one_vs_rest_cv.fit(codes[count:], labels[count:]), one_vs_rest_cv.fit(codes, labels)
    assert np.mean(found.predict(codes[count:]) != rest.predict(codes[count:])) <= 0.02


@pytest.mark.parametrize("scales", [[1, 1, 1, 1], [1e-3, 1, 1, 1e4], [1, 1e6, 1, 1e-1], [1e2, 1e7, 1, 1]])
@pytest.mark.parametrize("C", [0.01, 1.0])
def test_the_optimum_is_that_of_a_naive_method_in_units_of_columns(scales: list[float], C: float) -> None:
    codes, labels = clouds(200, 3, noise=4.0)
    codes *= np.array(scales)
    found = logistic_regression.fit(codes, labels, C).probabilities(codes)
    assert found == pytest.approx(naive(codes, labels, C), abs=1e-5)


@pytest.mark.parametrize("far", [1e3, 1e5])
def test_with_a_row_far_out_too(far: float) -> None:
    codes, labels = clouds(200, 3, noise=4.0)
    codes[0] *= far
    found = logistic_regression.fit(codes, labels, 1.0).probabilities(codes)
    assert found == pytest.approx(naive(codes, labels, 1.0), abs=1e-4)


@pytest.mark.parametrize("unit", [1e-9, 1e-3, 1e5, 1e9])
def test_a_unit_of_all_codes_is_one_of_C(unit: float) -> None:
    codes, labels = clouds(noise=4.0)
    one = logistic_regression.fit(codes, labels, 0.1).probabilities(codes)
    moved = codes * unit + 7 * unit
    assert logistic_regression.fit(moved, labels, 0.1 / unit**2).probabilities(moved) == pytest.approx(one, abs=1e-6)


@pytest.mark.parametrize("fit", CHOOSING)
def test_order_of_columns_copies_and_constants_hardly_matter(fit: Callable[..., Any]) -> None:
    """A copy of all columns halves their penalty, which is a C of twice as much; a constant column is none."""
    codes, labels = clouds(300, noise=4.0)
    told = fit(codes, labels).predict(codes)
    constant = np.full((300, 1), 1e7)
    for changed in (codes[:, ::-1], np.hstack([constant, codes]), np.hstack([codes, constant * 0])):
        assert np.mean(fit(changed, labels).predict(changed) != told) <= 0.01


def test_units_are_those_of_ordinary_rows() -> None:
    codes = np.array([[0.0, 5, 7], [1, 5, 7], [-3, 5, 7], [1e9, 5, 8], [2, 5, 7]])
    found = columns.columns(codes)
    assert np.array_equal(found.centre, [1, 5, 7])
    assert np.array_equal(found.unit, [2.5, 1, 1])  # of the distances 1, 4, 1e9 and 1; of none; of 1
    scaled = found.of(codes)
    assert scaled[[0, 1, 2, 4]] == pytest.approx((codes - found.centre)[[0, 1, 2, 4]] / found.unit)
    # one beyond FAR lies there, in its direction
    assert scaled[3] == pytest.approx([columns.FAR, 0, columns.FAR * 2.5 / (1e9 - 1)])
