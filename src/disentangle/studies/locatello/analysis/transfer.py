"""Does a good setting stay good elsewhere? Locatello 2019, section 5.5: correlations across data sets, and the trial.

The trial: draw a data set, a score and a seed, and pick the setting (method and strength) of the best model of that
seed. On a target (the same or another data set, the same or another score) and another seed, compare the model of the
picked setting with that of a random one. What the paper leaves open is settled here so: the rival is uniform over all
settings, the picked one included, and shares the target seed; of equally good models any may be picked; how a tie
counts is an option, and success is told for each, the paper's "match or outperform" first.
"""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from disentangle import streams
from disentangle.studies.locatello.analysis.results import SCORES
from disentangle.studies.locatello.analysis.seeds import Statistic, weights

TIES = {"success": 1.0, "half": 0.5, "failure": 0.0}
"""What a tie of the picked and the random model counts."""
DRAWS = 10_000
Target = tuple[bool, bool]
"""Whether score and data set are the same."""
TARGETS: dict[Target, str] = {
    (True, True): "same metric, same dataset, other seed",
    (True, False): "same metric, other dataset",
    (False, True): "other metric, same dataset",
    (False, False): "other metric, other dataset",
}
"""The four cells by their names in the published table, which lacks the third."""


def cube(models: pd.DataFrame) -> tuple[np.ndarray, list[str], list[int]]:
    """Return scores (datasets, six scores, seeds, settings), NaN where there is none, with datasets and seeds."""
    settings = list(dict.fromkeys(zip(models["method"], models["lam"], strict=True)))
    seeds, datasets = sorted(set(models["seed"])), list(dict.fromkeys(models["dataset"]))
    found = np.full((len(datasets), len(SCORES), len(seeds), len(settings)), math.nan)
    place = pd.MultiIndex.from_tuples(settings).get_indexer(pd.MultiIndex.from_frame(models[["method", "lam"]]))
    dataset, seed = (
        pd.Index(known).get_indexer(models[name]) for known, name in ((datasets, "dataset"), (seeds, "seed"))
    )
    for number, score in enumerate(SCORES):
        found[dataset, number, seed, place] = models[score]
    return found, [str(name) for name in datasets], [int(seed) for seed in seeds]


def best(scores: np.ndarray) -> np.ndarray:
    """Return the chance of each setting to be picked, the shape of ``scores``: that of the best, shared by ties."""
    known = np.where(np.isfinite(scores), scores, -math.inf)
    highest = known.max(axis=-1, keepdims=True)
    top = (known == highest) & np.isfinite(highest)
    picked: np.ndarray = top / np.maximum(top.sum(axis=-1, keepdims=True), 1)
    return picked


class Trials(NamedTuple):
    """Weight of the possible trials of the targets, and of those that succeed: by source seed and target seed."""

    successes: np.ndarray
    possible: np.ndarray


def trials(scores: np.ndarray, tie: float) -> dict[Target, Trials]:
    """Return, for each of the four targets, every possible trial with its probability: the exact expectation.

    P(pick) from ``best``; a pick k of a target (d, m, t) succeeds against a rival r uniform over the models there are
    with [x_k > x_r] + tie [x_k = x_r]. A trial whose picked setting has no model on the target is none.
    """
    datasets, metrics, seeds, _ = scores.shape
    pick = best(scores)
    known = np.isfinite(scores)
    a, b = scores[..., :, None], scores[..., None, :]
    beats = ((a > b) + tie * (a == b)).sum(axis=-1) / np.maximum(known.sum(axis=-1, keepdims=True), 1)
    found = {}
    for same_metric, same_dataset in TARGETS:
        successes, possible = np.zeros((seeds, seeds)), np.zeros((seeds, seeds))
        for d in range(datasets):
            for m in range(metrics):
                for to_d in [d] if same_dataset else [other for other in range(datasets) if other != d]:
                    for to_m in [m] if same_metric else [other for other in range(metrics) if other != m]:
                        successes += pick[d, m] @ np.where(known, beats, 0)[to_d, to_m].T
                        possible += pick[d, m] @ known[to_d, to_m].T
        off = ~np.eye(seeds, dtype=bool)
        found[same_metric, same_dataset] = Trials(successes * off, possible * off)
    return found


def rate(counted: Trials, seeds: np.ndarray) -> Statistic:
    """Return the share of successes in percent; a pair of seeds counts as often as both are resampled."""
    counts = weights(seeds)
    of, all_of = (np.einsum("bs,st,bt->b", counts, table, counts) for table in counted)
    draws = np.divide(100 * of, all_of, out=np.full(len(of), math.nan), where=all_of > 0)
    # Rounded, so that sums of the same trials in another order are equal.
    return Statistic(np.round(draws, 9), len(seeds) if all_of[0] > 0 else 0, (0, 100))


def drawn(scores: np.ndarray, target: Target, rng: np.random.Generator, count: int = DRAWS) -> tuple[float, float, int]:
    """Return percent of successes with ties as success, percent of ties, and how many of ``count`` trials were none.

    The paper's own experiment: as many random trials. NaN where no trial is possible.
    """
    datasets, metrics, seeds, settings = scores.shape
    same_metric, same_dataset = target
    if seeds < 2 or (datasets < 2 and not same_dataset):
        return math.nan, math.nan, count
    d, m, s, r = (rng.integers(size, size=count) for size in (datasets, metrics, seeds, settings))
    # One of the others: a step from 1 to size - 1 around the circle.
    to_s = (s + rng.integers(1, seeds, size=count)) % seeds
    to_d = d if same_dataset else (d + rng.integers(1, datasets, size=count)) % datasets
    to_m = m if same_metric else (m + rng.integers(1, metrics, size=count)) % metrics
    share = best(scores)[d, m, s]
    picks = np.argmax(share.cumsum(axis=1) > rng.random((count, 1)), axis=1)
    # The rival is uniform over the models that there are: the first known one in a random order.
    ours, theirs = scores[to_d, to_m, to_s, picks], scores[to_d, to_m, to_s, r]
    for trial in np.flatnonzero(np.isnan(theirs)):
        others = scores[to_d[trial], to_m[trial], to_s[trial]]
        others = others[np.isfinite(others)]
        theirs[trial] = rng.choice(others) if len(others) else math.nan
    known = np.isfinite(ours) & np.isfinite(theirs) & (share.sum(axis=1) > 0)
    if not known.any():
        return math.nan, math.nan, count
    wins, ties = ours[known] >= theirs[known], ours[known] == theirs[known]
    return 100 * float(wins.mean()), 100 * float(ties.mean()), int(count - known.sum())


def success(models: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Return a row a target: the rates by how ties count, exact and of 10,000 draws, beside the paper's and chance.

    Chance is what a random setting in place of the picked one gets, with ties as success: above 50 %.
    """
    scores, _, names = cube(models)
    seeds = np.array(names)
    by_tie = {name: trials(scores, tie) for name, tie in TIES.items()}
    theirs = dict(zip(published["setting"], published["percent"], strict=True))
    known = np.isfinite(scores)
    a, b = scores[..., :, None], scores[..., None, :]
    pairs = known[..., :, None] & known[..., None, :]
    chance = 100 * float(((a >= b) & pairs).sum()) / max(1, int(pairs.sum())) if pairs.any() else math.nan
    rows = []
    for target, name in TARGETS.items():
        found = {tie: rate(counted[target], seeds) for tie, counted in by_tie.items()}
        interval = found["success"].interval()
        by_draws, ties, void = drawn(scores, target, streams.rng(0, "transfer", name))
        rows.append(
            {
                "target": name,
                "value": interval.value,
                "low": interval.low,
                "high": interval.high,
                "ties_half": found["half"].value,
                "ties_failure": found["failure"].value,
                "drawn": by_draws,
                "drawn_ties": ties,
                "void_draws": void,
                "chance": chance,
                "published": theirs.get(name, math.nan),
                "difference": interval.value - theirs.get(name, math.nan),
                "datasets": scores.shape[0],
                "seeds": interval.n,
            }
        )
    return pd.DataFrame(rows)


def setting_means(scores: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return means over seeds (B, settings) of scores (seeds, settings) weighted by counts (B, seeds)."""
    known = np.isfinite(scores)
    size = counts @ known
    total = counts @ np.where(known, scores, 0)
    found: np.ndarray = np.divide(total, size, out=np.full(size.shape, math.nan), where=size > 0)
    return found


def midranks(values: np.ndarray) -> np.ndarray:
    """Return the midranks of each row of values (B, K)."""
    a, b = values[:, :, None], values[:, None, :]
    found: np.ndarray = (a > b).sum(axis=2) + ((a == b).sum(axis=2) + 1) / 2
    return found


def across(first: np.ndarray, second: np.ndarray, seeds: np.ndarray) -> Statistic:
    """Return Spearman's correlation of two tables (seeds, settings) of scores, averaged over seeds, over settings."""
    counts = weights(seeds)
    a, b = (setting_means(scores, counts) for scores in (first, second))
    known = np.isfinite(a[0]) & np.isfinite(b[0])
    if known.sum() < 3:
        return Statistic(np.full(len(counts), math.nan), 0, (-1, 1))
    x, y = (midranks(means[:, known]) for means in (a, b))
    x, y = (r - r.mean(axis=1, keepdims=True) for r in (x, y))
    scale = np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    draws = np.divide((x * y).sum(axis=1), scale, out=np.full(len(scale), math.nan), where=scale > 1e-9)
    # A resample without any model of a setting says nothing.
    draws[~(np.isfinite(a[:, known]).all(axis=1) & np.isfinite(b[:, known]).all(axis=1))] = math.nan
    return Statistic(draws, len(seeds), (-1, 1))


def dataset_correlations(models: pd.DataFrame) -> pd.DataFrame:
    """Return Spearman's correlation between each two datasets of each score over settings, averaged over seeds."""
    scores, datasets, names = cube(models)
    rows = []
    for number, score in enumerate(SCORES):
        for place, a in enumerate(datasets):
            for other in range(place + 1, len(datasets)):
                statistic = across(scores[place, number], scores[other, number], np.array(names))
                found = statistic.interval()
                rows.append((score, a, datasets[other], found.value, found.low, found.high, statistic.seeds))
    return pd.DataFrame(rows, columns=["score", "dataset_a", "dataset_b", "value", "low", "high", "seeds"])
