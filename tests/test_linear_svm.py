"""Support vector machines of one code against LIBLINEAR run to its optimum, and against answers known by hand."""

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from disentangle.errors import InputError
from disentangle.evaluation.classifiers import linear_svm


def problem(seed: int, classes: int, samples: int = 400, balanced: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    shares = None if balanced else rng.dirichlet(np.full(classes, 3.0))
    labels = rng.choice(classes, size=samples, p=shares)
    return 0.8 * labels + rng.normal(size=samples) - 0.5, labels


def peer(x: np.ndarray, labels: np.ndarray, C: float) -> LinearSVC:
    svc = LinearSVC(C=C, class_weight="balanced", tol=1e-12, max_iter=1_000_000, dual=False)
    return svc.fit(x[:, None], labels)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("C", [0.01, 1.0])
@pytest.mark.parametrize("classes", [2, 3, 7])
def test_it_is_the_optimum_that_liblinear_finds(classes: int, C: float, seed: int) -> None:
    x, labels = problem(seed, classes)
    found, expected = linear_svm.fit(x, labels, C), peer(x, labels, C)
    assert found.weights[:, 0] == pytest.approx(expected.coef_[:, 0], abs=1e-6)
    assert found.weights[:, 1] == pytest.approx(expected.intercept_, abs=1e-6)
    new = np.linspace(-4, 8, 1001)
    assert found.predict(new).tolist() == expected.predict(new[:, None]).tolist()


@pytest.mark.parametrize("scale", [1e-4, 1e3])
@pytest.mark.parametrize("shift", [0, 100.0])
def test_codes_of_any_scale_and_origin(scale: float, shift: float) -> None:
    x, labels = problem(5, 4)
    x = scale * x + shift
    found, expected = linear_svm.fit(x, labels, 0.01), peer(x, labels, 0.01)
    assert found.weights[:, 0] == pytest.approx(expected.coef_[:, 0], rel=1e-4, abs=1e-7)
    assert found.weights[:, 1] == pytest.approx(expected.intercept_, rel=1e-4, abs=1e-5)


def test_labels_may_be_any_integers() -> None:
    x, labels = problem(1, 3)
    names = np.array([4, 7, 30])
    found = linear_svm.fit(x, names[labels], 0.1).predict(x)
    assert found.tolist() == names[linear_svm.fit(x, labels, 0.1).predict(x)].tolist()


@pytest.mark.parametrize("C", [0.01, 0.5])
def test_two_points_by_hand(C: float) -> None:
    """m samples at -1 and m at 1: w^2 / 2 + 2 m C (1 - w)^2 is least at w = 4 m C / (1 + 4 m C), with b = 0."""
    m = 10
    found = linear_svm.fit(np.tile([-1.0, 1], m), np.tile([0, 1], m), C)
    assert found.weights == pytest.approx(np.array([[4 * m * C / (1 + 4 * m * C), 0]]))


def test_a_constant_code_at_zero_by_hand() -> None:
    """b^2 / 2 + C (own (1 - b)^2 + rest (1 + b)^2): b = 2 C (own - rest) / (1 + 2 C (own + rest)), own balanced."""
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    C, own = 0.01, 100 / 3  # whatever its size, a class weighs N / V in all
    rest = 100 - np.array([50, 30, 20])
    found = linear_svm.fit(np.zeros(100), labels, C)
    assert found.weights[:, 0] == pytest.approx(0)
    assert found.weights[:, 1] == pytest.approx(2 * C * (own - rest) / (1 + 2 * C * (own + rest)))
    # the largest class has the least against it
    assert set(found.predict(np.zeros(5))) == {0}


def test_a_code_of_the_other_sign_has_the_other_slope() -> None:
    x, labels = problem(2, 5)
    assert linear_svm.fit(-x, labels, 0.01).weights == pytest.approx(linear_svm.fit(x, labels, 0.01).weights * [-1, 1])


def test_one_class_is_always_told() -> None:
    found = linear_svm.fit(np.arange(4.0), np.full(4, 6), 0.01)
    assert found.predict(np.array([-50.0, 50])).tolist() == [6, 6]


@pytest.mark.parametrize("seed", range(5))
def test_the_derivative_is_none_at_the_end_for_heavy_tails_and_any_costs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, signs, costs = rng.standard_cauchy(300), rng.choice([-1.0, 1], size=(4, 300)), rng.exponential(size=(4, 300))
    w = linear_svm.solve(x, signs, costs)
    slack = np.maximum(0, 1 - signs * (w[:, :1] * x + w[:, 1:]))
    derivative = w - 2 * np.stack([(costs * signs * slack * x).sum(1), (costs * signs * slack).sum(1)], axis=1)
    assert np.abs(derivative).max() < 1e-9 * (costs * np.abs(x)).sum()


def test_more_steps_than_allowed_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear_svm, "MAX_ITERATIONS", 2)
    with pytest.raises(InputError, match=r"^support vector machine: no optimum after 2 steps"):
        linear_svm.fit(*problem(0, 3), 1.0)


@pytest.mark.parametrize("far", [1e3, 1e8, 1e40, 1e90, -1e90])
@pytest.mark.parametrize("seed", range(8))
def test_the_optimum_is_found_beside_a_row_far_out(seed: int, far: float) -> None:
    """No step along a ladder of slopes and intercepts, of the size of either unit, leads down."""
    x, labels = problem(seed, 4, samples=60)
    x[seed] = far
    weights = linear_svm.fit(x, labels, 0.01).weights
    counts = np.bincount(labels, minlength=4)
    for v, (slope, intercept) in enumerate(weights):
        sign, cost = np.where(labels == v, 1, -1), 0.01 * np.where(labels == v, 60 / (4 * counts[v]), 1)

        def value(w: float, b: float, sign: np.ndarray = sign, cost: np.ndarray = cost) -> float:
            return float((w**2 + b**2) / 2 + (cost * np.maximum(0, 1 - sign * (w * x + b)) ** 2).sum())

        best = value(slope, intercept)
        assert best <= cost.sum()
        for size in (1e-3, 1e-1):
            for unit in (1, 1 / abs(far)):
                for w in (-size, 0, size):
                    for b in (-size, 0, size):
                        assert best <= value(slope + w * unit, intercept + b) + 1e-9
