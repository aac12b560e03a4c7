"""Gradient-boosted trees that classify, those of scikit-learn's GradientBoostingClassifier with its defaults.

Scores F (K, N) of K classes start at the classes' log frequencies. Each of 100 rounds takes p = softmax(F), fits a
regression tree of depth 3 to the residuals y_k - p_k of each class (y one-hot) by least squares, and adds to F_k

    0.1 (K - 1) / K sum_n (y_kn - p_kn) / sum_n p_kn (1 - p_kn), sums over the points of a leaf,

a Newton step on the log-loss. Two classes have one F, of log odds, p = 1 / (1 + exp(-F)), and no (K - 1) / K.

Source: Friedman 2001 (Annals of Statistics 29, 5), Algorithms 5 and 6. LightGBM finds the trees: told that the second
derivative is 1 everywhere, what it maximises is the decrease of squared error. Its own classifier maximises a Newton
gain that weighs a point by p (1 - p), and DCI scores of that are as far as 0.05 from scikit-learn's.
Deviation: of more than 3,000 points, splits lie between at most 255 bins of about equally many, not between any two;
DCI scores differ by 0.001 at 10,000 points. Of codes that part a leaf equally well, a random one is split, as there,
but the same one in all trees of a round: LightGBM would take the first, and a copy of a code would have no importance.
"""

from dataclasses import dataclass

import lightgbm
import numpy as np

ROUNDS = 100
EXACT = 3000
"""Training points up to which each value of a code has a bin of its own; 255 bins of fewer would move DCI by 0.03."""
BINS = 255
TIE = 1e-8
"""By how much, at most, a gain is made smaller: a code's lot of a round, drawn in one and reversed in the next."""
RATE = 0.1
LEAVES = 8

SETTINGS = {
    "objective": "none",
    "metric": "none",
    "max_depth": 3,
    "num_leaves": LEAVES,
    # LightGBM's own limits (20 points a leaf, 3 a bin) make constants of ten training points.
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
class Model:
    """Trees that were fitted to codes (N, D) and labels (N,)."""

    classes: np.ndarray
    importances: np.ndarray
    """(D,) How much all splits on a code lower the squared error, as a share of all splits; zeros if there is none."""
    fitted: np.ndarray
    """(N,) What is predicted for the training points, which training leaves behind."""
    _start: np.ndarray
    _trees: tuple[lightgbm.Booster, lightgbm.Dataset] | None

    def predict(self, codes: np.ndarray) -> np.ndarray:
        """Return the most probable class (M,) of codes (M, D), in the spelling of the labels."""
        scores = np.tile(self._start, len(codes))
        if self._trees is not None:
            booster, dataset = self._trees
            scores += _sum(booster, dataset.create_valid(codes, params=dataset.params)).T
        return _most_probable(self.classes, scores)


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
    scores = np.repeat(start, len(y), axis=1)
    if len(classes) == 1 or not np.ptp(codes, axis=0).any():
        return Model(classes, np.zeros(codes.shape[1]), _most_probable(classes, scores), start, None)
    bins = BINS if len(y) > EXACT else len(y) + 1  # one more for zero, which LightGBM always sets apart
    settings = SETTINGS | {"num_class": len(start), "max_bin": bins}
    dataset = lightgbm.Dataset(codes, y, params=settings)
    booster = lightgbm.Booster(settings, dataset)
    first = LEAVES * np.arange(len(start))[:, None]
    ones = np.ones(scores.size, np.float32)
    ties, lots = np.random.default_rng(0), np.zeros(codes.shape[1:])
    for done in range(ROUNDS):
        lots = 1 - lots if done % 2 else ties.random(codes.shape[1:])
        booster.reset_parameter({"feature_contri": (1 - TIE * lots).tolist()})
        p = probabilities(scores)
        slope = p - one_hot
        if _add_trees(booster, slope.astype(np.float32).ravel(), ones):
            break
        leaf = np.asarray(booster.predict(codes, start_iteration=done, num_iteration=1, pred_leaf=True))
        leaf = np.add(leaf.reshape(len(y), -1).T, first, order="C").ravel()  # numbered over all classes
        top = np.bincount(leaf, slope.ravel(), first.size * LEAVES)
        bottom = np.bincount(leaf, (p * (1 - p)).ravel(), first.size * LEAVES)
        step = -RATE * share * np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 1e-150)
        scores += step[leaf].reshape(scores.shape)
        for at in np.flatnonzero(np.bincount(leaf)).tolist():
            booster.set_leaf_output(done * len(start) + at // LEAVES, at % LEAVES, step[at])
    gains = booster.feature_importance("gain")
    importances = gains / gains.sum() if gains.any() else gains
    return Model(classes, importances, _most_probable(classes, scores), start, (booster, dataset))


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


def _most_probable(classes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the class (N,) of the highest of scores (K, N), or of two the second where scores (1, N) exceed 0."""
    chosen: np.ndarray = classes[scores.argmax(0) if len(scores) > 1 else (scores[0] > 0).astype(int)]
    return chosen
