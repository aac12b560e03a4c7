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
    assert softmax.hessian_product(v, x, c, p, p.argmax(0)) == pytest.approx(product)
    assert product == pytest.approx((slope(w + h * v) - slope(w - h * v)) / (2 * h), rel=1e-6, abs=1e-6)
    whole = softmax.hessian(x, c, p, 1 - p)
    assert whole @ v.ravel() == pytest.approx(product.ravel())
    assert softmax.hessian(x, c, p[1:3], 1 - p[1:3]) == pytest.approx(whole[7:21, 7:21])


def test_what_is_nearly_certain_keeps_its_digits() -> None:
    """1 - p of the class that has all but 3e-20 is 3e-20; its second derivative is, and not the rounding of 1."""
    p = np.array([[1e-20, 0.25], [1.0, 0.5], [2e-20, 0.25]])
    assert softmax.others(p) == pytest.approx(np.array([[1, 0.75], [3e-20, 0.5], [1, 0.75]]), rel=1e-12, abs=0)
    x, c, v = np.array([[1e9]]), np.zeros(1), np.array([[1.0], [2], [3]])
    product = softmax.hessian_product(v, x, c, p[:, :1], np.array([1]))
    assert product[:, 0] == pytest.approx([-1e-2, -1e-2, 2e-2], rel=1e-12)
    assert softmax.hessian(x, c, p[:, :1], softmax.others(p[:, :1])) @ v[:, 0] == pytest.approx(product[:, 0])
    g = softmax.gradient(np.zeros((3, 1)), x, np.array([1]), c, p[:, :1])
    assert g[:, 0] == pytest.approx([1e-11, -3e-11, 2e-11], rel=1e-12)


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


def test_one_C_a_column_is_a_unit_of_the_column() -> None:
    codes, y = problem()
    unit = np.array([1.0, 7, 0.2, 3, 1, 0.5])
    found = fit(codes / unit, y, 0.3 * unit**2)
    assert found[:, :-1] / unit == pytest.approx(fit(codes, y, 0.3)[:, :-1], abs=1e-8)


def test_a_row_far_out_does_not_hide_the_others() -> None:
    """Its curvature is that of all others until it is told for certain: decrements are small there, gradients not."""
    codes, y = problem()
    codes[0, 0] = 1e7 * np.sign(fit(codes, y)[y[0], 0])
    w = softmax.fit(codes, y, 1.0, 1e-5, 1000)
    assert w is not None

    def f(rest: np.ndarray) -> float:
        z = softmax.logits(rest.reshape(4, 7), codes)
        return float(
            (special.logsumexp(z, axis=1) - z[np.arange(400), y]).sum() + np.square(rest.reshape(4, 7)[:, :6]).sum() / 2
        )

    # downhill from there in units that are good for the others, and back from elsewhere, there is nothing to gain
    assert f(w.ravel()) < f(fit(codes[1:], y[1:]).ravel()) - 1e-3
    steps = np.random.default_rng(0).normal(size=(200, 28)) * 10.0 ** np.random.default_rng(1).uniform(-9, 0, (200, 1))
    assert min(f(w.ravel() + step) for step in steps) > f(w.ravel()) - 1e-6


def test_neither_samples_nor_directions_of_the_preconditioner_move_the_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
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
    r -= r.mean(0)
    assert softmax.preconditioner(x, c, p)(softmax.hessian_product(r, x, c, p, p.argmax(0))) == pytest.approx(r)
    assert softmax.preconditioner(x, c, p)(r + 5.0) == pytest.approx(softmax.preconditioner(x, c, p)(r))


def test_the_preconditioner_of_many_samples_takes_the_uncertain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    codes, _ = problem(samples=42)
    x, c, r = np.vstack([codes.T, np.ones(42)]), np.full(7, 0.5), np.random.default_rng(2).normal(size=(4, 7))
    r -= r.mean(0)
    rng = np.random.default_rng(1)
    monkeypatch.setattr(softmax, "PRECONDITIONER_SAMPLES", 14)

    def product(x: np.ndarray, c: np.ndarray, p: np.ndarray) -> np.ndarray:
        return softmax.hessian_product(r, x, c, p, p.argmax(0))

    # all of them equally uncertain: the middle one of each three stands for them
    p = rng.permuted(np.tile([[0.4], [0.3], [0.2], [0.1]], 42), axis=0)
    assert softmax.preconditioner(x, c, p)(3 * product(x[:, 1::3], c / 3, p[:, 1::3])) == pytest.approx(r)
    # those that are certain add nothing: the others are the whole Hessian
    p[:, np.arange(42) % 3 > 0] = np.array([[1.0], [0], [0], [0]])
    assert softmax.preconditioner(x, c, p)(product(x, c, p)) == pytest.approx(r)


def test_beside_the_leading_directions_classes_and_codes_have_nothing_to_do_with_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where p is the same for all samples, that is so: the inverse is exact whatever share is factored."""
    codes, _ = problem(samples=40)
    x, c, r = np.vstack([codes.T, np.ones(40)]), np.append(np.geomspace(0.1, 9, 6), 0), np.random.default_rng(2)
    p, v = np.tile([[0.4], [0.3], [0.2], [0.1]], 40), r.normal(size=(4, 7))
    v -= v.mean(0)
    for unknowns in (4, 12, 28):
        monkeypatch.setattr(softmax, "PRECONDITIONER_UNKNOWNS", unknowns)
        found = softmax.preconditioner(x, c, p)(softmax.hessian_product(v, x, c, p, p.argmax(0)))
        assert found == pytest.approx(v, rel=1e-6, abs=1e-7)


def test_directions_are_those_of_most_variation_for_their_penalty() -> None:
    x, c = np.diag([3.0, 1, 0, 2]) @ np.eye(4), np.array([9.0, 0, 5, 1])
    basis, penalties = softmax.directions(x, c)
    assert penalties[:3] == pytest.approx([0, 1 / 4, 1], abs=1e-9)
    assert np.abs(basis[:, :3]) == pytest.approx(
        np.array([[0, 0, 1 / 3], [1, 0, 0], [0, 0, 0], [0, 1 / 2, 0]]), abs=1e-6
    )
    assert basis.T @ np.diag(c) @ basis == pytest.approx(np.diag(penalties), rel=1e-6, abs=1e-6)


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
