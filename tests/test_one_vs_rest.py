"""One logistic regression a class: derivatives, optima and choices of C, as scikit-learn before 0.22 made them."""

import math

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from disentangle.evaluation.classifiers import binary_regressions as binary
from disentangle.evaluation.classifiers import logistic_cv, one_vs_rest_cv

STRENGTHS = np.logspace(-4, 4, 10)


def problem(rows: int, classes: int, seed: int = 0, dim: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Overlapping clouds in columns of unlike scales."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=rows)
    centres = np.random.default_rng(99).normal(size=(classes, dim))
    return (centres[labels] + rng.normal(size=(rows, dim))) * np.geomspace(0.1, 3, dim) + 5, labels


def solver(C: float) -> LogisticRegression:
    return LogisticRegression(C=C, solver="newton-cholesky", tol=1e-9, max_iter=500)


class Naive:
    """One problem, fold and C after the other, by scikit-learn's solver; no two classes."""

    def __init__(self, codes: np.ndarray, labels: np.ndarray) -> None:
        self.classes = np.unique(labels)
        self.C, self.fitted = [], []
        for value in self.classes if len(self.classes) > 2 else self.classes[1:]:
            own = labels == value
            scores = [
                [self._accuracy(C, codes, own, seen, held) for C in STRENGTHS] for seen, held in KFold(5).split(codes)
            ]
            self.C.append(STRENGTHS[np.sum(scores, axis=0).argmax()])
            self.fitted.append(solver(self.C[-1]).fit(codes, own))

    @staticmethod
    def _accuracy(C: float, codes: np.ndarray, own: np.ndarray, seen: np.ndarray, held: np.ndarray) -> float:
        if own[seen].all() or not own[seen].any():
            return float(np.mean(own[held] == own[seen][0]))
        return float(np.mean(solver(C).fit(codes[seen], own[seen]).predict(codes[held]) == own[held]))

    def predict(self, codes: np.ndarray) -> np.ndarray:
        z = np.stack([model.decision_function(codes) for model in self.fitted])
        found: np.ndarray = self.classes[z.argmax(0) if len(z) > 1 else (z[0] > 0).astype(int)]
        return found


@pytest.mark.parametrize(("rows", "classes"), [(60, 2), (100, 3), (103, 4), (200, 6)])
@pytest.mark.parametrize("seed", [0, 1])
def test_it_chooses_and_predicts_what_a_regression_a_class_does(rows: int, classes: int, seed: int) -> None:
    codes, labels = problem(rows, classes, seed)
    new, _ = problem(1000, classes, seed + 10)
    model, peer = one_vs_rest_cv.fit(codes, labels), Naive(codes, labels)
    assert np.allclose(model.C, peer.C)
    assert np.mean(model.predict(new) != peer.predict(new)) <= 0.001


@pytest.mark.parametrize("seed", range(4))
def test_folds_that_lack_a_class_say_that_nothing_is_of_it(seed: int) -> None:
    codes, labels = problem(11, 4, seed)
    new, _ = problem(300, 4, seed + 10)
    model, peer = one_vs_rest_cv.fit(codes, labels), Naive(codes, labels)
    assert np.allclose(model.C, peer.C)
    assert np.mean(model.predict(new) != peer.predict(new)) <= 0.01


def test_the_middle_of_three_values_is_no_half_space() -> None:
    """Of points in a row, no threshold tells the middle ones from the rest; a regression of all classes does."""
    codes = np.repeat([[-1.0], [0], [1]], 50, axis=0)[np.random.default_rng(0).permutation(150)]
    labels = codes[:, 0].astype(int)
    assert one_vs_rest_cv.fit(codes, labels).C[1] == pytest.approx(1e-4)
    assert np.mean(logistic_cv.fit(codes, labels).predict(codes) == labels) == 1


def test_ordered_values_are_told_by_one_regression_and_hardly_by_one_a_value() -> None:
    """Ten values of a code that is the factor."""
    labels = np.random.default_rng(0).integers(10, size=500)
    codes = labels[:, None].astype(float)
    assert np.mean(logistic_cv.fit(codes, labels).predict(codes) == labels) == 1
    found = np.mean(one_vs_rest_cv.fit(codes, labels).predict(codes) == labels)
    assert found == np.mean(Naive(codes, labels).predict(codes) == labels)
    assert found < 0.5


def test_one_class_predicts_itself_and_names_are_kept() -> None:
    codes, labels = problem(50, 3)
    assert one_vs_rest_cv.fit(codes, np.full(50, 7)).predict(codes[:4]).tolist() == [7] * 4
    names = np.array(["c", "a", "b"])
    told = one_vs_rest_cv.fit(codes, names[labels]).predict(codes)
    assert np.mean(told == names[one_vs_rest_cv.fit(codes, labels).predict(codes)]) == 1
    pair = one_vs_rest_cv.fit(codes, names[np.minimum(labels, 1)])
    assert set(pair.predict(codes)) == {"a", "c"}
    assert pair.weights.shape == (1, 5)
    assert one_vs_rest_cv.fit(np.full((10, 2), 0.3), np.array([1] * 3 + [5] * 7)).predict(np.ones((2, 2))).tolist() == [
        5,
        5,
    ]


def test_derivatives_are_those_of_differences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binary, "CHUNK", 7)  # which does not divide the samples
    rng = np.random.default_rng(1)
    x, signs = np.vstack([rng.normal(size=(3, 40)), np.ones(40)]), rng.choice([-1.0, 1], size=(5, 40))
    c, w, v = rng.random((5, 4)), rng.normal(size=(5, 4)), rng.normal(size=(5, 4))
    value, gradient, curvature = binary.evaluate(w, x, signs, c)
    naive = -np.log(expit(signs * (w @ x))).sum(1) + (c * w**2).sum(1) / 2
    assert value == pytest.approx(naive)
    h = 1e-5
    ahead, behind = binary.evaluate(w + h * v, x, signs, c), binary.evaluate(w - h * v, x, signs, c)
    assert (gradient * v).sum(1) == pytest.approx((ahead[0] - behind[0]) / (2 * h), rel=1e-6)
    product = np.einsum("kij,kj->ki", binary.hessians(x, curvature), v) + c * v
    assert product == pytest.approx((ahead[1] - behind[1]) / (2 * h), rel=1e-6, abs=1e-7)


def test_margins_that_overflow_an_exponential() -> None:
    at = binary.evaluate(np.array([[1e4], [-1e4], [40.0]]), np.ones((1, 1)), np.ones((3, 1)), np.zeros((3, 1)))
    assert at[0] == pytest.approx([0, 1e4, math.exp(-40)], rel=1e-12, abs=0)
    assert at[1][:, 0] == pytest.approx([0, -1, -math.exp(-40)], rel=1e-12, abs=0)
    assert at[2][:, 0] == pytest.approx([0, 0, math.exp(-40)], rel=1e-12, abs=0)


@pytest.mark.parametrize("dim", [3, 30, 90])
def test_hessians_are_sums_over_samples(dim: int) -> None:
    x, h = np.random.default_rng(0).normal(size=(dim, 50)), np.random.default_rng(1).random((3, 50))
    assert binary.hessians(x, h) == pytest.approx(np.einsum("in,kn,jn->kij", x, h, x))


@pytest.mark.parametrize("lead", [2, 5, 64])
@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
def test_optima_are_those_of_scikit_learn_whatever_is_factored(
    C: float,
    lead: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(binary, "LEAD", lead)
    codes, labels = problem(300, 3, dim=7)
    codes -= codes.mean(0)
    own, penalties = labels == np.arange(3)[:, None], np.full(7, 1 / C)
    basis = binary.leading(codes, penalties)
    found = binary.fit(codes, own, np.tile(penalties, (3, 1)), basis, 1e-8, 200)
    assert found is not None
    for w, y in zip(found, own, strict=True):
        peer = solver(C).fit(codes, y)
        assert w[:-1] == pytest.approx(peer.coef_[0], rel=1e-4, abs=1e-5)
        assert w[-1] == pytest.approx(peer.intercept_[0], rel=1e-4, abs=1e-5)


def test_each_problem_has_its_penalty_and_a_start_does_not_move_it() -> None:
    codes, labels = problem(200, 3)
    codes -= codes.mean(0)
    own, basis = labels == np.arange(3)[:, None], np.eye(5)
    penalties = np.array([[0.01], [1], [100]]) * np.ones(4)
    together = binary.fit(codes, own, penalties, basis, 1e-8, 200)
    assert together is not None
    for k in range(3):
        alone = binary.fit(codes, own[k : k + 1], penalties[k : k + 1], basis, 1e-8, 200, together[k : k + 1] + 0.3)
        assert alone == pytest.approx(together[k : k + 1], abs=1e-6)
    assert binary.fit(codes, own, penalties, basis, 1e-8, 1) is None
