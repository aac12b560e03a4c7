"""Downstream tasks: logistic regression against scikit-learn's, its choice of C, and accuracies by size."""

import math
import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import KFold

from disentangle import registry
from disentangle.errors import InputError
from disentangle.evaluation import downstream
from disentangle.evaluation.classifiers import boosting, logistic_cv, one_vs_rest_cv
from disentangle.evaluation.metrics import downstream_gbt, downstream_lr, downstream_lr_multinomial
from disentangle.evaluation.population import Population


def problem(rows: int, classes: int, seed: int = 0, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Overlapping clouds in four columns of unlike scales."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=rows)
    centres = np.random.default_rng(99).normal(size=(classes, 4))
    return (centres[labels] + noise * rng.normal(size=(rows, 4))) * [0.1, 1, 3, 0.5] + [5, 0, -1, 2], labels


def scikit_learn(codes: np.ndarray, labels: np.ndarray) -> LogisticRegressionCV:
    """Carried to the optimum, as by default it is not."""
    peer = LogisticRegressionCV(
        Cs=10,
        cv=KFold(n_splits=5),
        scoring="accuracy",
        l1_ratios=(0,),
        use_legacy_attributes=False,
        solver="newton-cg",
        tol=1e-9,
        max_iter=5000,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # line searches that end in rounding
        return peer.fit(codes, labels)


@pytest.mark.parametrize(("rows", "classes"), [(60, 2), (100, 3), (103, 3), (300, 6), (400, 2)])
@pytest.mark.parametrize("seed", [0, 1])
def test_it_chooses_and_predicts_what_scikit_learn_does(rows: int, classes: int, seed: int) -> None:
    codes, labels = problem(rows, classes, seed)
    new, _ = problem(1000, classes, seed + 10)
    model, peer = logistic_cv.fit(codes, labels), scikit_learn(codes, labels)
    assert math.isclose(model.C, peer.C_)
    assert np.mean(model.predict(new) != peer.predict(new)) <= 0.001


@pytest.mark.parametrize("seed", range(6))
def test_ten_points_of_which_folds_lack_classes(seed: int) -> None:
    """Where a class is absent, scikit-learn's bias of it goes toward minus infinity, as far as its steps reach."""
    codes, labels = problem(10, 5, seed, noise=0.5)
    new, _ = problem(300, 5, seed + 10, noise=0.5)
    model, peer = logistic_cv.fit(codes, labels), scikit_learn(codes, labels)
    assert math.isclose(model.C, peer.C_)
    assert np.mean(model.predict(new) != peer.predict(new)) <= 0.01


@pytest.mark.parametrize(("classes", "C"), [(2, 1.0), (4, 0.01), (4, 100.0)])
def test_weights_are_those_of_raw_codes(classes: int, C: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Centre and unit change nothing: a penalty of one C alone is compared, coefficient by coefficient."""
    monkeypatch.setattr(logistic_cv, "STRENGTHS", np.array([C]))
    monkeypatch.setattr(logistic_cv, "TOLERANCE", 1e-11)
    codes, labels = problem(200, classes)
    model = logistic_cv.fit(codes, labels)
    peer = LogisticRegression(C=C, tol=1e-10, max_iter=5000, solver="newton-cg").fit(codes, labels)
    slopes = model.weights[:, :-1] / model.columns.unit
    biases = model.weights[:, -1] - slopes @ model.columns.centre
    if classes == 2:
        slopes, biases = slopes[1:] - slopes[0], biases[1:] - biases[0]
    else:
        biases -= biases.mean()
    assert slopes == pytest.approx(peer.coef_, rel=1e-4, abs=1e-5)
    assert biases == pytest.approx(peer.intercept_ - (peer.intercept_.mean() if classes > 2 else 0), abs=1e-3)


def test_folds_are_successive_and_of_equals_the_smallest_C_is_chosen() -> None:
    """Two far clouds, which every C tells while classes are as frequent among training points."""
    codes = np.array([[-1.0], [1]] * 10) + 0.01 * np.arange(20)[:, None]
    assert math.isclose(logistic_cv.fit(codes, np.tile([0, 1], 10)).C, 1e-4)
    # A fold of sorted points is of one class, which is then the rarer one: the strongest penalty says the other.
    ordered = np.repeat([0, 1], 10)
    assert logistic_cv.fit(codes[np.argsort(np.tile([0, 1], 10), kind="stable")], ordered).C > 1e-4


def test_tightening_the_tolerance_changes_no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = [problem(rows, classes, seed) for rows in (10, 50, 200) for classes in (2, 4) for seed in range(4)]
    new, _ = problem(500, 4, 99)
    models = [logistic_cv.fit(*given) for given in problems]
    monkeypatch.setattr(logistic_cv, "TOLERANCE", 1e-11)
    tight = [logistic_cv.fit(*given) for given in problems]
    assert [model.C for model in models] == [model.C for model in tight]
    differing = sum(np.sum(m.predict(new) != t.predict(new)) for m, t in zip(models, tight, strict=True))
    assert differing <= 3


def test_one_class_predicts_itself_and_names_are_kept() -> None:
    codes, labels = problem(50, 3)
    one = logistic_cv.fit(codes, np.full(50, 7))
    assert one.predict(codes[:4]).tolist() == [7] * 4
    assert logistic_cv.fit(codes[:1], labels[:1]).predict(codes[:2]).tolist() == [labels[0]] * 2
    names = np.array(["c", "a", "b"])
    assert np.array_equal(
        logistic_cv.fit(codes, names[labels]).predict(codes), names[logistic_cv.fit(codes, labels).predict(codes)]
    )
    constant = logistic_cv.fit(np.full((10, 2), 0.3), np.array([1] * 3 + [5] * 7))
    assert constant.predict(np.full((2, 2), 0.3)).tolist() == [5, 5]


def test_where_codes_are_and_their_unit_changes_the_choice_of_C_alone() -> None:
    """In a unit u of codes, C is C u^2: the unit here makes of each C the next one."""
    codes, labels = problem(200, 4)
    unit = math.sqrt(logistic_cv.STRENGTHS[1] / logistic_cv.STRENGTHS[0])
    model, scaled = logistic_cv.fit(codes, labels), logistic_cv.fit(codes / unit + 1e4, labels)
    assert math.isclose(scaled.C, model.C * unit**2)
    assert np.mean(scaled.predict(codes / unit + 1e4) == model.predict(codes)) > 0.99


def table(rows: int, noise: float = 0.5) -> Population:
    rng = np.random.default_rng(3)
    factors = np.stack([rng.integers(3, size=rows), rng.integers(8, size=rows)], axis=1)
    codes = np.hstack([factors * [1.0, 0.5], np.zeros((rows, 1))]) + noise * rng.normal(size=(rows, 3))
    return Population(codes, factors, ("shape", "place"), complete=False)


class Parrot:
    """Says the first training label."""

    def __init__(self, codes: np.ndarray, labels: np.ndarray) -> None:
        self.sizes.append(len(codes))
        self.label = labels[0]

    sizes: list[int] = []

    def predict(self, codes: np.ndarray) -> np.ndarray:
        return np.full(len(codes), self.label)


def test_means_minima_and_efficiency_by_hand() -> None:
    """Factor 0 is always 1, factor 1 is 5 in a fourth of the rows or 0: a parrot is right always and at times."""
    factors = np.stack([np.ones(40000, int), np.where(np.arange(40000) % 4 == 0, 5, 0)], axis=1)
    given = Population(np.zeros((40000, 1)), factors, ("a", "b"), complete=True)
    Parrot.sizes = []
    found = downstream.scores(given, np.random.default_rng(0), Parrot, (10, 100, 10000), 2000)
    assert Parrot.sizes == [10, 10, 100, 100, 10000, 10000]
    assert list(found) == ["mean_10", "min_10", "mean_100", "min_100", "mean_10000", "min_10000", "efficiency"]
    for size in (10, 100, 10000):
        assert found[f"mean_{size}"] == pytest.approx((1 + found[f"min_{size}"]) / 2)
        assert min(abs(found[f"min_{size}"] - 1 / 4), abs(found[f"min_{size}"] - 3 / 4)) < 0.05
    assert found["efficiency"] == pytest.approx(found["mean_100"] / found["mean_10000"])


def test_sizes_beyond_the_training_pool_are_left_out() -> None:
    """Of 300 rows, 200 are for training."""
    Parrot.sizes = []
    found = downstream.scores(table(300), np.random.default_rng(0), Parrot, (10, 100, 200, 201, 10000), 50)
    assert set(found) == {"mean_10", "min_10", "mean_100", "min_100", "mean_200", "min_200", "efficiency"}
    assert math.isnan(found["efficiency"])


@pytest.mark.parametrize("sizes", [[], [0, 10], [-1]])
def test_sizes_that_cannot_be_are_refused(sizes: list[int]) -> None:
    with pytest.raises(InputError, match="sizes: found .*; allowed: one or more integers >= 1."):
        downstream.scores(table(300), np.random.default_rng(0), Parrot, sizes, 50)


@pytest.mark.parametrize("module", [downstream_lr_multinomial, downstream_gbt])
def test_more_points_tell_more_until_codes_tell_all(module: object) -> None:
    """Values lie 1 and 1/2 apart with normal noise of 1/2: best is the nearest value, right in 0.79 and 0.46 of all."""

    def best(classes: int, apart: float) -> float:
        """Errors are on both sides, of the first and the last value on one."""
        error = math.erfc(apart / 2 / 0.5 / math.sqrt(2))
        return 1 - error * (classes - 1) / classes

    found = module.Metric(sizes=[10, 100, 10000], test_points=5000).scores(table(15000), np.random.default_rng(0))
    expected = best(3, 1), best(8, 0.5)
    assert found["mean_10000"] == pytest.approx(np.mean(expected), abs=0.02)
    assert found["min_10000"] == pytest.approx(min(expected), abs=0.03)
    assert found["mean_10"] < found["mean_100"] - 0.01 < found["mean_10000"]
    assert found["efficiency"] == pytest.approx(found["mean_100"] / found["mean_10000"])


def test_each_task_has_its_classifier() -> None:
    given, rng = table(1500), np.random.default_rng
    tasks = (
        (downstream_lr, one_vs_rest_cv.fit),
        (downstream_lr_multinomial, logistic_cv.fit),
        (downstream_gbt, boosting.fit),
    )
    for module, fit in tasks:
        found = module.Metric(sizes=[100, 500], test_points=300).scores(given, rng(4))
        again = rng(4)
        train, test = given.split(again)
        for size in (100, 500):
            (codes, factors), (new, told) = train.draw(size, again), test.draw(300, again)
            right = [np.mean(fit(codes, factors[:, k]).predict(new) == told[:, k]) for k in range(2)]
            assert found[f"mean_{size}"] == np.mean(right)
            assert found[f"min_{size}"] == np.min(right)


def test_sizes_of_the_publication_are_the_default() -> None:
    for name in ("downstream_lr", "downstream_lr_multinomial", "downstream_gbt"):
        options = registry.options("metrics", name)
        assert list(options["sizes"].default) == [10, 100, 1000, 10000]
        assert options["test_points"].default == 5000
        assert registry.check_options("metrics", name, {"sizes": [5, 6]}, "m")["sizes"] == [5, 6]
