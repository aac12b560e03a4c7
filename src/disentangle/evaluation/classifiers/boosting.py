"""Gradient-boosted trees of scikit-learn's GradientBoostingClassifier and -Regressor with their defaults.

Scores F (K, N) of K classes start at the classes' log frequencies. Each of 100 rounds takes p = softmax(F), fits a
regression tree of depth 3 to the residuals y_k - p_k of each class (y one-hot) by least squares, and adds to F_k

    0.1 (K - 1) / K sum_n (y_kn - p_kn) / sum_n p_kn (1 - p_kn), sums over the points of a leaf,

a Newton step on the log-loss. Two classes have one F, of log odds, p = 1 / (1 + exp(-F)), and no (K - 1) / K. Of
numbers y, F starts at their mean, a tree is fitted to y - F, and 0.1 of its mean in a leaf is added.

Source: Friedman 2001 (Annals of Statistics 29, 5), Algorithms 2, 5 and 6. LightGBM finds the trees: told that the
second derivative is 1 everywhere, what it maximises is the decrease of squared error. Its own classifier maximises a
Newton gain that weighs a point by p (1 - p), and DCI scores of that are as far as 0.05 from scikit-learn's.
Deviation: of more than 3,000 points, splits lie between at most 254 bins (see ``binning``), not between any two; DCI
scores of 10,000 points are those of exact splits within 0.005, of codes of all kinds that were tried, and just those
where codes are far apart. Of codes that part a leaf equally well, a random one is split, as there, but the same one in
all trees of a round: LightGBM would take the first, and a copy of a code would have no importance. Which one it is
depends on what codes are, and not on their order or on constant codes beside them. Codes are float64, where
scikit-learn rounds them to float32 and splits no closer than 1e-7: what a code tells in smaller digits is found here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import lightgbm
import numpy as np

from disentangle.evaluation.classifiers import binning
from disentangle.evaluation.classifiers.order import ordered

ROUNDS = 100
EXACT = 3000
"""Training points up to which splits lie between any two values of a code; 254 bins of fewer would move DCI by 0.03."""
BINS = 254
"""As many as a byte numbers, with one for zero; scores of 1,000 are no nearer to those of exact splits."""
TIE = 1e-8
"""By how much, at most, a gain is made smaller: a code's lot of a round, drawn in one and reversed in the next."""
RATE = 0.1
LEAVES = 8

SETTINGS = {
    "objective": "none",
    "metric": "none",
    "max_depth": 3,
    "num_leaves": LEAVES,
    # LightGBM's own limits (20 points a leaf, 3 a bin, bins of 200,000 points) make constants of ten training points.
    "min_data_in_leaf": 1,
    "min_data_in_bin": 1,
    "min_sum_hessian_in_leaf": 0.0,
    # Equal bytes on every run: one order of summation, and no timing that picks it.
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 0,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Trees:
    """K sums of trees that were fitted to codes (N, D)."""

    importances: np.ndarray
    """(D,) How much all splits on a code lower the squared error, as a share of all splits; zeros if there is none."""
    fitted: np.ndarray
    """(K, N) The sums at the training points, which training leaves behind."""
    _start: np.ndarray
    _grown: "_Grown | None"

    def at(self, codes: np.ndarray) -> np.ndarray:
        """Return the sums (K, M) at codes (M, D)."""
        sums = np.tile(self._start, len(codes))
        if self._grown is not None:
            sums += self._grown.at(codes).T
        return sums


@dataclass(frozen=True)
class _Grown:
    """What LightGBM grew of some of the codes, in an order of their own."""

    used: np.ndarray
    bins: binning.Bins
    booster: lightgbm.Booster
    dataset: lightgbm.Dataset

    def at(self, codes: np.ndarray) -> np.ndarray:
        """Return the sum of all trees (M, K) at codes (M, D)."""
        numbered = self.bins.of(codes[:, self.used])
        return _sum(self.booster, self.dataset.create_valid(numbered, params=self.dataset.params))


@dataclass(frozen=True)
class Model:
    """Trees that were fitted to codes (N, D) and labels (N,)."""

    classes: np.ndarray
    trees: Trees

    @property
    def importances(self) -> np.ndarray:
        """Those of the trees (D,)."""
        return self.trees.importances

    @property
    def fitted(self) -> np.ndarray:
        """What is predicted for the training points (N,)."""
        return self._most_probable(self.trees.fitted)

    def predict(self, codes: np.ndarray) -> np.ndarray:
        """Return the most probable class (M,) of codes (M, D), in the spelling of the labels."""
        return self._most_probable(self.trees.at(codes))

    def _most_probable(self, scores: np.ndarray) -> np.ndarray:
        """Return the class (N,) of the highest of scores (K, N), or of two the second where scores (1, N) exceed 0."""
        chosen: np.ndarray = self.classes[scores.argmax(0) if len(scores) > 1 else (scores[0] > 0).astype(int)]
        return chosen


@dataclass(frozen=True)
class NumberModel:
    """Trees that were fitted to codes (N, D) and numbers (N,), in deviations from their mean."""

    trees: Trees
    mean: float
    deviation: float

    @property
    def importances(self) -> np.ndarray:
        """Those of the trees (D,)."""
        return self.trees.importances

    @property
    def fitted(self) -> np.ndarray:
        """What is predicted for the training points (N,)."""
        found: np.ndarray = self.mean + self.deviation * self.trees.fitted[0]
        return found

    def predict(self, codes: np.ndarray) -> np.ndarray:
        """Return the numbers (M,) of codes (M, D)."""
        found: np.ndarray = self.mean + self.deviation * self.trees.at(codes)[0]
        return found


def fit(codes: np.ndarray, labels: np.ndarray) -> Model:
    """Fit trees to codes (N, D) and labels (N,) of any values; of constant codes, predict the most frequent label.

    Deviation: scikit-learn refuses labels of a single value.
    """
    classes, y, counts = np.unique(labels, return_inverse=True, return_counts=True)
    start = np.log(counts / len(y))[:, None]
    share = (len(classes) - 1) / len(classes)
    one_hot = np.arange(len(classes))[:, None] == y
    if len(classes) == 2:
        start, share, one_hot = start[1:] - start[0], 1.0, one_hot[1:]

    def derivatives(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p = probabilities(scores)
        return p - one_hot, p * (1 - p)

    return Model(classes, _boosted(codes, one_hot.astype(np.float64), start, derivatives, RATE * share))


def fit_numbers(codes: np.ndarray, numbers: np.ndarray) -> NumberModel:
    """Fit trees to codes (N, D) and numbers (N,); of constant codes, predict their mean."""
    mean, deviation = float(numbers.mean()), float(numbers.std()) or 1.0
    y = (numbers - mean)[None] / deviation
    ones = np.ones(y.shape)
    return NumberModel(_boosted(codes, y, np.zeros((1, 1)), lambda sums: (sums - y, ones), RATE), mean, deviation)


def _boosted(
    codes: np.ndarray,
    targets: np.ndarray,
    start: np.ndarray,
    derivatives: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    rate: float,
) -> Trees:
    """Return K sums of trees from ``start`` (K, 1) on, of steps -rate sum slope / sum curvature at codes (N, D).

    ``derivatives`` are slope and curvature (K, N) of the loss at sums (K, N), and ``targets`` (K, N) what a tree is to
    tell in the first round.
    """
    rows = len(codes)
    sums = np.repeat(start, rows, axis=1)
    importances = np.zeros(codes.shape[1])
    used = ordered(codes)
    if not np.ptp(targets, axis=1).any() or not len(used):
        return Trees(importances, sums, start, None)
    bins = binning.fit(codes[:, used], targets.T, BINS if rows > EXACT else rows)
    numbered = bins.of(codes[:, used])
    # LightGBM sets zero apart, and has it as a bin of its own.
    settings = SETTINGS | {
        "num_class": len(start),
        "max_bin": int(numbered.max()) + 1,
        "bin_construct_sample_cnt": rows,
    }
    dataset = lightgbm.Dataset(numbered, np.zeros(rows), params=settings)
    booster = lightgbm.Booster(settings, dataset)
    first = LEAVES * np.arange(len(start))[:, None]
    ones = np.ones(sums.size, np.float32)
    ties = np.random.default_rng(0)
    lots: np.ndarray = np.zeros(len(used))
    for done in range(ROUNDS):
        lots = 1 - lots if done % 2 else ties.random(lots.shape)
        booster.reset_parameter({"feature_contri": (1 - TIE * lots).tolist()})
        slope, curvature = derivatives(sums)
        if _add_trees(booster, slope.astype(np.float32).ravel(), ones):
            break
        leaf = np.asarray(booster.predict(numbered, start_iteration=done, num_iteration=1, pred_leaf=True))
        leaf = np.add(leaf.reshape(rows, -1).T, first, order="C").ravel()  # numbered over all K
        top = np.bincount(leaf, slope.ravel(), first.size * LEAVES)
        bottom = np.bincount(leaf, curvature.ravel(), first.size * LEAVES)
        step = np.divide(-rate * top, bottom, out=np.zeros_like(top), where=bottom > 1e-150)
        sums += step[leaf].reshape(sums.shape)
        for at in np.flatnonzero(np.bincount(leaf)).tolist():
            booster.set_leaf_output(done * len(start) + at // LEAVES, at % LEAVES, step[at])
    gains = booster.feature_importance("gain")
    importances[used] = gains / gains.sum() if gains.any() else gains
    return Trees(importances, sums, start, _Grown(used, bins, booster, dataset))


def _add_trees(booster: lightgbm.Booster, slope: np.ndarray, curvature: np.ndarray) -> bool:
    """Add a tree a class that fits -slope / curvature; return whether none of them has a split that gains anything."""
    return bool(booster.update(fobj=lambda *_: (slope, curvature)))


def probabilities(scores: np.ndarray) -> np.ndarray:
    """Return the probabilities of scores (K, N), or (1, N) that of the second of two classes."""
    if len(scores) == 1:
        odds: np.ndarray = 1 / (1 + np.exp(-scores))
        return odds
    p: np.ndarray = np.exp(scores - scores.max(0))
    p /= p.sum(0)
    return p


def _sum(booster: lightgbm.Booster, points: lightgbm.Dataset) -> np.ndarray:
    """Return the sum of all trees at M points, (M, K).

    It is read by a function that LightGBM takes for a measure of success: points are then binned as the training points
    are, and each tree runs over all of them, in a third of the time of ``Booster.predict`` and with equal bits.
    """
    found: list[np.ndarray] = []

    def read(scores: np.ndarray, _: lightgbm.Dataset) -> tuple[str, float, bool]:
        found.append(scores.reshape(len(scores), -1))
        return "none", 0.0, True

    booster.eval(points, "points", read)
    scores: np.ndarray = found[0]
    return scores
