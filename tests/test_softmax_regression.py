"""Softmax regression: closed forms, derivatives by differences, the optimum that scikit-learn finds, and symmetries."""

import numpy as np
import pytest
from scipy import optimize, special
from sklearn.linear_model import LogisticRegression

from disentangle.evaluation.classifiers import softmax_regression as softmax

Problem = tuple[np.ndarray, np.ndarray]


def problem(samples: int = 400, classes: int = 4, dim: int = 6, seed: int = 0) -> Problem:
    """Overlapping normal clouds, whose columns are of unlike scales."""
    rng = np.random.default_rng(seed)
    y = rng.integers(classes, size=samples)
    centres = rng.normal(size=(classes, dim))
    return (centres[y] + 1.5 * rng.normal(size=(samples, dim))) * np.geomspace(0.3, 3, dim), y


def fit(codes: np.ndarray, y: np.ndarray, C: float = 1.0, tolerance: float = 1e-10) -> np.ndarray:
    found = softmax.fit(codes, y, C, tolerance, 100)
    assert found is not None
    return found


def test_the_objective_by_hand() -> None:
    """Logits ln 3 and 0 give 3/4 and 1/4; the weight ln 3 costs (ln 3)^2 / 2 C, the bias nothing."""
    w, x = np.array([[np.log(3), 5.0], [0, 5]]), np.array([[1.0, 0], [1, 1]])
    value, p = softmax.objective(w, x, np.array([1, 0]), np.array([1 / 4, 0]))
    assert value == pytest.approx(np.log(4) + np.log(2) + np.log(3) ** 2 / 8)
    assert p == pytest.approx(np.array([[3 / 4, 1 / 2], [1 / 4, 1 / 2]]))
    # logits that overflow an exponential
    value, p = softmax.objective(np.array([[1e4], [0]]), np.ones((1, 1)), np.array([1]), np.zeros(1))
    assert (value, p.tolist()) == (1e4, [[1], [0]])


def test_derivatives_are_those_of_differences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(softmax, "CHUNK", 7)  # which does not divide the samples
    rng = np.random.default_rng(1)
    codes, y = problem(samples=40)
    x, c = np.vstack([codes.T, np.ones(40)]), np.append(np.full(6, 0.5), 0)
    w, v = rng.normal(size=(2, 4, 7)) / 4
    p = softmax.objective(w, x, y, c)[1]

    def slope(at: np.ndarray) -> np.ndarray:
        return softmax.gradient(at, x, y, c, softmax.objective(at, x, y, c)[1])

    h = 1e-5
    difference = (softmax.objective(w + h * v, x, y, c)[0] - softmax.objective(w - h * v, x, y, c)[0]) / (2 * h)
    assert (slope(w) * v).sum() == pytest.approx(difference, rel=1e-7)
    product = softmax.hessian_product(v, x, c, p)
    assert product == pytest.approx((slope(w + h * v) - slope(w - h * v)) / (2 * h), rel=1e-6, abs=1e-6)
    whole = softmax.hessian(x, c, p)
    assert whole @ v.ravel() == pytest.approx(product.ravel())
    assert softmax.hessian(x, c, p[1:3]) == pytest.approx(whole[7:21, 7:21])


def test_codes_that_say_nothing_leave_the_frequencies() -> None:
    y = np.repeat([0, 1, 2], [6, 3, 1])
    w = fit(np.zeros((10, 2)), y)
    assert w[:, :2] == pytest.approx(0)
    assert special.softmax(w[:, 2]) == pytest.approx([0.6, 0.3, 0.1], rel=1e-8)


@pytest.mark.parametrize("C", [0.01, 1.0, 1e6])
def test_two_separable_points_are_as_far_apart_as_the_penalty_allows(C: float) -> None:
    """N samples at -1 and 1 have weights -a and a with N s(-2 a) = a / C, s the logistic function; no bias.

    Where nearly all is told, the loss is flat in the bias: a slope of 1e-12 a sample is 1 / s(-2 a) times as far off.
    """
    codes, y = np.tile([[-1.0], [1]], (50, 1)), np.tile([0, 1], 50)
    a = optimize.brentq(lambda a: 100 * special.expit(-2 * a) - a / C, 0, 100 * C, xtol=1e-13)
    slack = 1e-8 + 1e-12 / special.expit(-2 * a)
    assert fit(codes, y, C, 1e-12) == pytest.approx(np.array([[-a, 0], [a, 0]]), rel=1e-4, abs=slack)


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("solver", ["newton-cg", "lbfgs"])
def test_it_is_the_optimum_that_scikit_learn_finds(C: float, solver: str) -> None:
    codes, y = problem()
    w = fit(codes, y, C)
    peer = LogisticRegression(C=C, tol=1e-9, max_iter=10_000, solver=solver).fit(codes, y)
    assert w[:, :-1] == pytest.approx(peer.coef_, abs=1e-4)
    assert w[:, -1] - w[:, -1].mean() == pytest.approx(peer.intercept_ - peer.intercept_.mean(), abs=1e-4)


def test_two_classes_are_one_logistic_function_of_half_the_penalty() -> None:
    """w_1 = -w_0 = v / 2 costs 2 |v / 2|^2 / (2 C) = |v|^2 / (2 (2 C)), what scikit-learn's one v costs at 2 C."""
    codes, y = problem(classes=2)
    w = fit(codes, y, C=0.1)
    peer = LogisticRegression(C=0.2, tol=1e-10, max_iter=10_000, solver="newton-cg").fit(codes, y)
    assert w[1] - w[0] == pytest.approx(np.append(peer.coef_[0], peer.intercept_), abs=1e-5)


@pytest.mark.parametrize("tolerance", [1e-2, 1e-5, 1e-9])
def test_it_stops_at_the_stated_gradient_and_not_far_below(tolerance: float) -> None:
    codes, y = problem()
    w, x, one_hot = fit(codes, y, tolerance=tolerance), np.hstack([codes, np.ones((400, 1))]), np.eye(4)[y]
    slope = (special.softmax(x @ w.T, axis=1) - one_hot).T @ x
    slope[:, :-1] += w[:, :-1]
    assert tolerance**2 / 100 < np.abs(slope).max() / 400 <= tolerance


def test_more_steps_than_allowed_are_told() -> None:
    assert softmax.fit(*problem(), 1.0, 1e-10, 2) is None


def test_order_of_columns_names_of_classes_and_a_constant_column_do_not_matter() -> None:
    codes, y = problem()
    w = fit(codes, y)
    columns, names = np.array([3, 0, 5, 1, 4, 2]), np.array([2, 0, 3, 1])
    assert fit(codes[:, columns], y)[:, :-1] == pytest.approx(w[:, columns], abs=1e-6)
    assert fit(codes, names[y])[names] == pytest.approx(w, abs=1e-6)
    wider = fit(np.hstack([np.zeros((400, 1)), codes]), y)
    assert wider[:, 0] == pytest.approx(0)
    assert wider[:, 1:] == pytest.approx(w, abs=1e-6)


def test_columns_that_depend_on_each_other_under_hardly_a_penalty() -> None:
    """A column given twice shares its weight."""
    codes, y = problem()
    w, twice = fit(codes, y, C=1e15), fit(np.hstack([codes, codes[:, :1]]), y, C=1e15)
    assert twice[:, 0] + twice[:, 6] == pytest.approx(w[:, 0], abs=1e-6)
    assert twice[:, 0] == pytest.approx(twice[:, 6], abs=1e-6)
    assert twice[:, 1:6] == pytest.approx(w[:, 1:6], abs=1e-6)


def test_neither_samples_nor_blocks_of_the_preconditioner_move_the_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    codes, y = problem()
    w = fit(codes, y)
    monkeypatch.setattr(softmax, "PRECONDITIONER_SAMPLES", 50)
    assert fit(codes, y) == pytest.approx(w, abs=1e-6)
    monkeypatch.setattr(softmax, "PRECONDITIONER_UNKNOWNS", 10)
    assert fit(codes, y) == pytest.approx(w, abs=1e-6)


def test_the_preconditioner_inverts_the_hessian_of_few_samples() -> None:
    codes, _ = problem(samples=41)
    x, c, p = np.vstack([codes.T, np.ones(41)]), np.full(7, 0.5), np.random.default_rng(1).dirichlet(np.ones(4), 41).T
    r = np.random.default_rng(2).normal(size=(4, 7))
    assert softmax.preconditioner(x, c, p)(softmax.hessian_product(r, x, c, p)) == pytest.approx(r)


def test_the_preconditioner_of_many_samples_takes_the_uncertain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    codes, _ = problem(samples=42)
    x, c, r = np.vstack([codes.T, np.ones(42)]), np.full(7, 0.5), np.random.default_rng(2).normal(size=(4, 7))
    rng = np.random.default_rng(1)
    monkeypatch.setattr(softmax, "PRECONDITIONER_SAMPLES", 14)
    # all of them equally uncertain: the middle one of each three stands for them
    p = rng.permuted(np.tile([[0.4], [0.3], [0.2], [0.1]], 42), axis=0)
    product = 3 * softmax.hessian_product(r, x[:, 1::3], c / 3, p[:, 1::3])
    assert softmax.preconditioner(x, c, p)(product) == pytest.approx(r)
    # those that are certain add nothing: the others are the whole Hessian
    p[:, np.arange(42) % 3 > 0] = np.array([[1.0], [0], [0], [0]])
    assert softmax.preconditioner(x, c, p)(softmax.hessian_product(r, x, c, p)) == pytest.approx(r)
    # blocks of two classes each know nothing of each other
    monkeypatch.setattr(softmax, "PRECONDITIONER_UNKNOWNS", 14)
    halves = [np.linalg.solve(softmax.hessian(x, c, p[k : k + 2]), r[k : k + 2].ravel()) for k in (0, 2)]
    assert softmax.preconditioner(x, c, p)(r).ravel() == pytest.approx(np.concatenate(halves))


def test_conjugate_gradients_take_a_product_for_each_distinct_scale() -> None:
    scales, right = np.array([[1.0, 1, 100], [100, 4, 4]]), np.arange(1.0, 7).reshape(2, 3)
    found, products = softmax.conjugate_gradients(lambda v: scales * v, right, lambda r: r, 1e-10)
    assert found == pytest.approx(right / scales)
    assert products == 3
    found, products = softmax.conjugate_gradients(lambda v: scales * v, right, lambda r: r / scales, 1e-10)
    assert found == pytest.approx(right / scales)
    assert products == 1


def test_a_step_too_long_is_halved_until_the_objective_falls() -> None:
    """From 1 by -4 for w^2: at -3 it is 9, at -1 as high as before, at 0 least."""

    def square(w: np.ndarray) -> tuple[float, np.ndarray]:
        return float(w[0] ** 2), w

    w, value, p = softmax.line_search(np.array([1.0]), np.array([-4.0]), 1.0, -8.0, square)
    assert (w.tolist(), value, p.tolist()) == ([0], 0, [0])
    assert softmax.line_search(np.array([1.0]), np.array([-0.5]), 1.0, -1.0, square)[0] == 0.5
