"""Boosted trees: steps by hand, the same algorithm by loops, scikit-learn's classifier, and what they do not see."""

import math

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
from sklearn.tree import DecisionTreeRegressor

from disentangle.evaluation.classifiers import binning, boosting
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
    assert model.trees.at(np.array([[-1.0], [1]])) == pytest.approx(
        np.array([[math.log(3) - 0.1 / (1 / 4), math.log(3) + 0.1 / (3 / 4)]])
    )
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
    assert model.trees.at(codes) == pytest.approx(scores, abs=1e-9)
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
    assert model.trees._grown is not None
    grown = model.trees._grown
    scores = np.asarray(grown.booster.predict(grown.bins.of(new[:, grown.used]), raw_score=True))
    assert np.array_equal(model.trees.at(new), model.trees._start + scores.T)
    assert np.array_equal(model.predict(new), model.trees.at(new).argmax(axis=0))
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


def test_neither_the_order_of_codes_nor_constant_ones_beside_them_count() -> None:
    codes, labels = problem(4, rows=1000)
    codes = np.column_stack([codes, codes[:, 0]])  # copies share by lot
    order = [3, 1, 4, 0, 5, 2]
    model, ordered = boosting.fit(codes, labels), boosting.fit(codes[:, order], labels)
    assert ordered.importances[[0, 1, 2, 5]].tolist() == model.importances[order][[0, 1, 2, 5]].tolist()
    assert sorted(ordered.importances) == sorted(model.importances)
    assert np.array_equal(ordered.fitted, model.fitted)
    beside = boosting.fit(np.insert(codes, [0, 3], 0.3, axis=1), labels)
    assert np.delete(beside.importances, [0, 4]).tolist() == model.importances.tolist()
    assert beside.importances[[0, 4]].tolist() == [0, 0]
    new = problem(4, seed=1)[0]
    new = np.column_stack([new, new[:, 0]])
    assert np.array_equal(beside.predict(np.insert(new, [0, 3], 7.0, axis=1)), model.predict(new))


@pytest.mark.parametrize("copies", [2, 4])
def test_copies_of_a_code_share_its_importance(copies: int) -> None:
    codes, labels = problem(4)
    alone = boosting.fit(codes[:, :1], labels).importances
    assert alone.tolist() == [1]
    shared = boosting.fit(np.repeat(codes[:, :1], copies, axis=1), labels)
    assert shared.importances == pytest.approx(1 / copies, abs=0.3 / copies)
    assert np.array_equal(shared.fitted, boosting.fit(codes[:, :1], labels).fitted)


@pytest.mark.parametrize("rows", [600, boosting.EXACT + 500])  # the latter more values than bins
@pytest.mark.parametrize(
    "monotone", [np.sinh, np.cbrt, np.exp, lambda x: 1e-3 * x, lambda x: x + 100, lambda x: x - 2, lambda x: 1e150 * x]
)
def test_an_increasing_map_of_codes_changes_no_tree(monotone: np.ufunc, rows: int) -> None:
    codes, labels = problem(3, rows=rows)
    model, mapped = boosting.fit(codes, labels), boosting.fit(monotone(codes), labels)
    assert mapped.importances.tobytes() == model.importances.tobytes()
    assert np.array_equal(mapped.fitted, model.fitted)


def test_importances_are_of_codes_that_tell() -> None:
    codes, labels = problem(4)
    found = boosting.fit(codes, labels).importances
    assert found.sum() == pytest.approx(1)
    assert found.argmax() == 0
    assert found[4] < 0.05


@pytest.mark.parametrize("shift", [0, 0.02, -0.02, 1e4])
def test_a_split_between_two_neighbours_is_midway_whatever_their_signs(shift: float) -> None:
    """From -0.02 to 0.06 that is 0.02, not 0."""
    codes = np.repeat([-0.02, 0.06], 10)[:, None] + shift
    model = boosting.fit(codes, np.repeat([0, 1], 10))
    new = np.array([[0.01], [0.0199], [0.0201], [0.03]]) + shift
    assert model.predict(new).tolist() == [0, 0, 1, 1]


def gaps(rows: int, values: int, noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Codes that are a label each, with a little noise, and one of noise alone."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(values, size=(rows, 2))
    return np.column_stack([labels, rng.normal(size=rows)]) + noise * rng.normal(size=(rows, 3)), labels


@pytest.mark.parametrize("values", [3, 40, 120])
def test_no_gap_between_labels_is_lost(values: int) -> None:
    """With edges that straddle gaps, a hundredth is told wrong and told by the noise."""
    codes, labels = gaps(boosting.EXACT + 3000, values, 0.02)
    bins = binning.fit(codes, np.eye(values)[labels[:, 0]], boosting.BINS)
    edges = bins.edges[0]
    assert len(edges) < boosting.BINS
    for value in range(values - 1):
        assert ((edges > value + 0.1) & (edges < value + 0.9)).sum() == 1
    if values < 40:
        model = boosting.fit(codes, labels[:, 0])
        assert model.importances == pytest.approx([1, 0, 0], abs=1e-6)
        new, told = gaps(2000, values, 0.02, seed=1)
        assert (model.predict(new) == told[:, 0]).all()


@pytest.mark.parametrize("kind", ["normal", "heavy tails", "half zeros"])
def test_scores_of_bins_are_those_of_exact_splits(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    factors = np.stack([rng.integers(size, size=5000) for size in (2, 3)], axis=1)
    noise = rng.standard_t(1.5, (5000, 4)) if kind == "heavy tails" else rng.normal(size=(5000, 4))
    codes = np.hstack([factors, factors[:, :1] + factors[:, 1:], factors[:, :1]]) + 0.3 * noise
    codes = np.maximum(codes, 0.5) if kind == "half zeros" else codes
    found = []
    for exact in (3000, 10**6):
        monkeypatch.setattr(boosting, "EXACT", exact)
        found.append(np.stack([boosting.fit(codes, labels).importances for labels in factors.T], axis=1))
    for score in (disentanglement, completeness):
        assert score(found[0]) == pytest.approx(score(found[1]), abs=0.005)


def test_edges_by_hand() -> None:
    """Of six places two are kept: in each half that where labels change."""
    codes = np.array([[0.0], [1], [2], [3], [4], [5], [7]])
    labels = np.array([0, 1, 1, 1, 1, 2, 2])
    bins = binning.fit(codes, np.eye(3)[labels], 3)
    assert [edges.tolist() for edges in bins.edges] == [[0.5, 4.5]]
    assert bins.of(np.array([[-9.0], [0.5], [0.51], [4.5], [4.6], [99]]))[:, 0].tolist() == [1, 1, 2, 2, 3, 3]
    # all of them, midway, if there may be as many
    assert binning.fit(codes, np.eye(3)[labels], 7).edges[0].tolist() == [0.5, 1.5, 2.5, 3.5, 4.5, 6]
    # a middle that rounding puts on the upper neighbour is the lower one
    close = np.array([1.0, np.nextafter(1, 2)])
    assert binning.fit(close[:, None], np.eye(2), 2).of(close[:, None])[:, 0].tolist() == [1, 2]


@pytest.mark.parametrize("most", [2, 5, 37])
@pytest.mark.parametrize("kind", ["distinct", "one value has most points", "few values"])
def test_bins_are_no_more_than_allowed_and_of_about_as_many_points(kind: str, most: int) -> None:
    rng = np.random.default_rng(5)
    code = rng.normal(size=4000)
    code = np.maximum(code, 1) if kind == "one value has most points" else code
    code = np.round(code) if kind == "few values" else code
    bins = binning.fit(code[:, None], rng.normal(size=(4000, 1)), most)
    counts = np.bincount(bins.of(code[:, None])[:, 0].astype(int))[1:]
    assert len(counts) <= most
    assert (counts > 0).all()
    if kind == "distinct":
        assert len(counts) == most
        assert counts[1:-1].max(initial=0) <= 2 * 4000 / (most - 1) + 1
    if kind == "one value has most points" and most == 37:
        assert len(counts) > 20
    if kind == "few values" and most == 37:
        assert len(counts) == len(np.unique(code))


# Numbers.


def regression(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    codes = rng.normal(size=(rows, 4))
    return codes, codes[:, 0] + np.abs(codes[:, 1]) + 0.3 * rng.normal(size=rows)


def test_a_round_of_numbers_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 0, 0, 0, 8 at -1, 1, 1, 1 the mean is 2; leaves are -2 and 2 / 3 beside it, of which a tenth is added."""
    monkeypatch.setattr(boosting, "ROUNDS", 1)
    model = boosting.fit_numbers(np.array([[-1.0], [1], [1], [1]]), np.array([0.0, 0, 0, 8]))
    assert model.predict(np.array([[-5.0], [5]])) == pytest.approx([1.8, 2 + 1 / 15])
    assert model.fitted == pytest.approx([1.8, *[2 + 1 / 15] * 3])
    assert model.importances.tolist() == [1]


@pytest.mark.parametrize("rows", [60, 800])
def test_numbers_are_those_of_scikit_learn(rows: int) -> None:
    codes, y = regression(rows)
    new, told = regression(500, seed=1)
    model, peer = boosting.fit_numbers(codes, y), GradientBoostingRegressor(random_state=0).fit(codes, y)
    assert model.fitted == pytest.approx(peer.predict(codes), abs=1e-3)
    assert model.importances == pytest.approx(peer.feature_importances_, abs=0.3 / rows)  # leaves may tie
    # Where a leaf has a gap, both may split anywhere in it.
    assert np.square(model.predict(new) - told).mean() == pytest.approx(
        np.square(peer.predict(new) - told).mean(), 0.05
    )


@pytest.mark.parametrize(("scale", "origin"), [(1e-30, 0), (1e30, 0), (1, 1e4)])
def test_units_of_numbers_do_not_count(scale: float, origin: float) -> None:
    codes, y = regression(300)
    model, scaled = boosting.fit_numbers(codes, y), boosting.fit_numbers(codes, scale * y + origin)
    assert scaled.importances == pytest.approx(model.importances, abs=1e-6)
    assert (scaled.fitted - origin) / scale == pytest.approx(model.fitted, abs=1e-6)


def test_constant_numbers_and_constant_codes_have_no_importances() -> None:
    codes, y = regression(50)
    one = boosting.fit_numbers(codes, np.full(50, 0.3))
    assert one.importances.tolist() == [0] * 4
    assert one.predict(codes[:2]) == pytest.approx([0.3, 0.3])
    none = boosting.fit_numbers(np.full((50, 2), 0.3), y)
    assert none.importances.tolist() == [0, 0]
    assert none.predict(np.ones((1, 2))) == pytest.approx([y.mean()])
