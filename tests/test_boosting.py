"""Boosted trees: steps by hand, the same algorithm by loops, scikit-learn's classifier, and what they do not see."""

import math

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.tree import DecisionTreeRegressor

from disentangle.evaluation.classifiers import boosting
from disentangle.evaluation.metrics.dci import completeness, disentanglement


def problem(classes: int, rows: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels told by code 0, less by code 1, by codes 2 and 3 together, not by code 4."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=rows)
    codes = rng.normal(size=(rows, 5))
    codes[:, 0] += 2 * labels
    codes[:, 1] -= labels
    codes[:, 2] += 1.5 * (labels % 2) * np.sign(codes[:, 3])
    return codes, labels


def loops(codes: np.ndarray, y: np.ndarray, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores (K, N) that Friedman's algorithm has after some rounds, and the importances; K > 2."""
    classes = y.max() + 1
    scores = np.array([[math.log(np.mean(y == k))] * len(y) for k in range(classes)])
    gains = np.zeros(codes.shape[1])
    for _ in range(rounds):
        p = np.array([np.exp(f) for f in scores])
        p = p / sum(p)
        for k in range(classes):
            residual = (y == k) - p[k]
            tree = DecisionTreeRegressor(max_depth=3, random_state=0).fit(codes, residual)
            gains += tree.tree_.compute_feature_importances(normalize=False)
            leaf = tree.apply(codes)
            for at in set(leaf):
                inside = leaf == at
                newton = residual[inside].sum() / (p[k][inside] * (1 - p[k][inside])).sum()
                scores[k][inside] += 0.1 * (classes - 1) / classes * newton
    return scores, gains / gains.sum()


def test_a_round_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two classes at -1 and 1, 1 and 3 points: F = ln 3, p = 3/4; a step adds 0.1 (1 - p) / (p (1 - p)) or so."""
    monkeypatch.setattr(boosting, "ROUNDS", 1)
    model = boosting.fit(np.array([[-1.0], [1], [1], [1]]), np.array([0, 1, 1, 1]))
    assert model._trees is not None
    booster, dataset = model._trees
    found = (
        model._start + boosting._sum(booster, dataset.create_valid(np.array([[-1.0], [1]]), params=dataset.params)).T
    )
    assert found == pytest.approx(np.array([[math.log(3) - 0.1 / (1 / 4), math.log(3) + 0.1 / (3 / 4)]]))
    assert model.importances.tolist() == [1]
    # still ln 3 - 0.4 > 0 where the one point of class 0 is
    assert model.predict(np.array([[-1.0], [1]])).tolist() == [1, 1]


@pytest.mark.parametrize(("classes", "rows"), [(3, 900), (4, 2000)])
def test_scores_are_those_of_loops_over_exact_regression_trees(
    classes: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each value has a bin of its own, and no leaf has unlike splits that gain as much; 10 rounds."""
    monkeypatch.setattr(boosting, "ROUNDS", 10)
    codes, labels = problem(classes, rows)
    model = boosting.fit(codes, labels)
    scores, importances = loops(codes, labels, 10)
    assert model._trees is not None
    booster, dataset = model._trees
    found = model._start + boosting._sum(booster, dataset.create_valid(codes, params=dataset.params)).T
    assert found == pytest.approx(scores, abs=1e-9)
    assert model.fitted.tolist() == scores.argmax(0).tolist()
    # Of codes that part a leaf alike, both split any.
    assert model.importances == pytest.approx(importances, abs=0.02)


def test_importances_are_the_decreases_of_squared_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the labels are drawn at random, so that codes hardly ever part a leaf equally well."""
    monkeypatch.setattr(boosting, "ROUNDS", 3)
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(boosting.EXACT, 4))
    told = (codes[:, 0] > 0) + (codes[:, 1] > 0.5) * 1
    labels = np.where(rng.random(len(codes)) < 0.5, told, rng.integers(3, size=len(codes)))
    assert boosting.fit(codes, labels).importances == pytest.approx(loops(codes, labels, 3)[1], abs=1e-4)


def test_scores_of_new_points_are_those_of_the_library_to_the_bit() -> None:
    codes, labels = problem(4)
    model = boosting.fit(codes, labels)
    new, _ = problem(4, seed=1)
    assert model._trees is not None
    booster, dataset = model._trees
    scores = boosting._sum(booster, dataset.create_valid(new, params=dataset.params))
    assert np.array_equal(scores, booster.predict(new, raw_score=True))
    assert np.array_equal(model.predict(new), np.argmax(model._start.T + scores, axis=1))
    assert np.array_equal(model.predict(new), model.predict(new))


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_what_training_leaves_is_what_is_predicted_for_its_points(classes: int) -> None:
    codes, labels = problem(classes)
    model = boosting.fit(codes, labels)
    assert np.array_equal(model.fitted, model.predict(codes))
    assert np.mean(model.fitted == labels) > 0.9


@pytest.mark.parametrize("rows", [400, 1500])
def test_dci_is_that_of_scikit_learn(rows: int) -> None:
    ours, theirs = [], []
    rng = np.random.default_rng(2)
    factors = np.stack([rng.integers(size, size=rows + 1000) for size in (2, 3, 6)], axis=1)
    codes = np.hstack([factors, factors[:, :1] + factors[:, 1:2], factors[:, 1:2] * factors[:, 2:]])
    codes = codes + 0.3 * rng.normal(size=codes.shape)
    for labels in factors.T:
        model = boosting.fit(codes[:rows], labels[:rows])
        peer = GradientBoostingClassifier(random_state=0).fit(codes[:rows], labels[:rows])
        ours.append(model.importances)
        theirs.append(peer.feature_importances_)
        accuracy = np.mean(peer.predict(codes[rows:]) == labels[rows:])
        assert np.mean(model.predict(codes[rows:]) == labels[rows:]) == pytest.approx(accuracy, abs=0.02)
    found, expected = np.stack(ours, axis=1), np.stack(theirs, axis=1)
    assert disentanglement(found) == pytest.approx(disentanglement(expected), abs=0.02)
    assert completeness(found) == pytest.approx(completeness(expected), abs=0.02)


def test_ten_points_are_enough_to_learn_from() -> None:
    """LightGBM's own limits would leave constants."""
    codes = np.arange(10.0)[:, None]
    labels = np.repeat([0, 1, 2], [3, 4, 3])
    model = boosting.fit(codes, labels)
    assert model.predict(codes).tolist() == labels.tolist()
    assert model.predict(np.array([[2.4], [2.6], [6.4], [6.6]])).tolist() == [0, 1, 1, 2]  # splits in the middle


def test_labels_may_have_any_names() -> None:
    codes, labels = problem(3)
    names = np.array(["sphere", "cube", "cone"])
    model, named = boosting.fit(codes, labels), boosting.fit(codes, names[labels])
    assert named.classes.tolist() == ["cone", "cube", "sphere"]
    assert np.array_equal(named.fitted, names[model.fitted])
    assert named.importances == pytest.approx(model.importances, abs=1e-6)


def test_one_class_and_constant_codes_have_no_importances() -> None:
    codes, _ = problem(3)
    one = boosting.fit(codes, np.full(len(codes), 7))
    assert (one.importances.tolist(), set(one.fitted), set(one.predict(codes[:9]))) == ([0] * 5, {7}, {7})
    assert len(one.predict(codes[:9])) == 9
    constant = boosting.fit(np.full((6, 2), 0.3), np.array([4, 4, 1, 1, 1, 2]))
    assert (constant.importances.tolist(), constant.predict(np.ones((3, 2))).tolist()) == ([0, 0], [1, 1, 1])
    two = boosting.fit(np.zeros((3, 1)), np.array([0, 0, 1]))
    assert two.predict(np.ones((2, 1))).tolist() == [0, 0]


def test_the_same_bytes_on_every_run() -> None:
    codes, labels = problem(4)
    model, again = boosting.fit(codes, labels), boosting.fit(codes.copy(), labels.copy())
    assert model.importances.tobytes() == again.importances.tobytes()
    assert model.fitted.tobytes() == again.fitted.tobytes()


def test_the_order_of_codes_counts_where_they_part_a_leaf_equally_well_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    codes, labels = problem(4, rows=4000)
    order = [3, 1, 4, 0, 2]
    model, ordered = boosting.fit(codes, labels), boosting.fit(codes[:, order], labels)
    assert ordered.importances == pytest.approx(model.importances[order], abs=0.01)
    monkeypatch.setattr(boosting, "ROUNDS", 1)  # whose leaves are large
    codes = codes + 3 * np.random.default_rng(3).normal(size=codes.shape)
    model, ordered = boosting.fit(codes, labels), boosting.fit(codes[:, order], labels)
    assert ordered.importances == pytest.approx(model.importances[order], abs=1e-6)
    assert np.array_equal(ordered.fitted, model.fitted)


@pytest.mark.parametrize("copies", [2, 4])
def test_copies_of_a_code_share_its_importance(copies: int) -> None:
    codes, labels = problem(4)
    alone = boosting.fit(codes[:, :1], labels).importances
    assert alone.tolist() == [1]
    shared = boosting.fit(np.repeat(codes[:, :1], copies, axis=1), labels)
    assert shared.importances == pytest.approx(1 / copies, abs=0.3 / copies)
    assert np.array_equal(shared.fitted, boosting.fit(codes[:, :1], labels).fitted)


@pytest.mark.parametrize("monotone", [np.sinh, np.cbrt, lambda x: 1e-3 * x, lambda x: x + 0.1 * x**3])
def test_an_odd_increasing_map_of_codes_changes_no_tree(monotone: np.ufunc) -> None:
    codes, labels = problem(3, rows=boosting.EXACT + 500)  # more values than bins
    model, mapped = boosting.fit(codes, labels), boosting.fit(monotone(codes), labels)
    assert mapped.importances.tobytes() == model.importances.tobytes()
    assert np.array_equal(mapped.fitted, model.fitted)


def test_importances_are_of_codes_that_tell() -> None:
    codes, labels = problem(4)
    found = boosting.fit(codes, labels).importances
    assert found.sum() == pytest.approx(1)
    assert found.argmax() == 0
    assert found[4] < 0.05
