"""How much of a score's variance method and strength explain: Locatello 2019, section 5.4 and its table."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from disentangle.studies.locatello.analysis.results import SCORES, by_dataset, spelled
from disentangle.studies.locatello.analysis.seeds import JACKKNIFE, Statistic, left_out

REGRESSORS = {"objective": ["method"], "objective x regularization": ["method", "lam"]}
"""What a score is regressed on, one-hot, as the published table names it."""
LEAST = 2
"""Groups below which no share is told."""
PUBLISHED_MODELS = 1800
PUBLISHED_GROUPS = {"objective": 6, "objective x regularization": 36}


def explained(values: np.ndarray, groups: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return R^2 (B,) of least squares on one-hot ``groups`` (n,), values (n,) weighted by ``counts`` (B, n).

    1 − Σ_g Σ_i∈g (x_i − mean_g)² / Σ_i (x_i − mean)², the share of the variance that lies between groups.

    NaN where all values are equal. Source: Locatello et al. 2019, Table 1; in-sample, as there.
    """
    _, group = np.unique(groups, return_inverse=True)
    member = np.eye(group.max() + 1)[group]
    centred = values - values.mean()
    size, total = counts @ member, (counts * centred) @ member
    squares = (counts * centred**2).sum(axis=1)
    all_of_it = squares - total.sum(axis=1) ** 2 / size.sum(axis=1)
    between = np.divide(total**2, size, out=np.zeros_like(total), where=size > 0).sum(axis=1)
    within = np.maximum(squares - between, 0)
    enough = all_of_it > 1e-12 * max(1.0, float(np.square(values).sum()))
    found: np.ndarray = 1 - np.divide(within, all_of_it, out=np.full(len(counts), math.nan), where=enough)
    return found


def adjusted(share: float, models: int, groups: int) -> float:
    """Return 1 − (1 − R²)(n − 1)/(n − k), which is 0 in the mean where groups tell nothing; NaN for n <= k."""
    return 1 - (1 - share) * (models - 1) / (models - groups) if models > groups else math.nan


def by_chance(models: int, groups: int) -> float:
    """Return the mean R² of k groups of n models that tell nothing: (k − 1)/(n − 1)."""
    return (groups - 1) / (models - 1) if models > 1 else math.nan


@dataclass(frozen=True)
class Share:
    """R² of one score on one dataset, as it is and adjusted, of n models in k groups."""

    raw: float
    adjusted: Statistic
    models: int
    groups: int


def share(models: pd.DataFrame, score: str, regressors: str) -> Share:
    """Return the share of a score's variance over the models of one dataset that some regressors explain.

    NaN where all models are in one group: between one method and itself nothing could vary.

    Its interval leaves one seed out after another: a resampled seed would come twice with the same noise, which the
    regression would take for an effect of the setting.
    """
    known = models[models[score].notna()]
    groups = known.groupby(REGRESSORS[regressors], sort=False).ngroup().to_numpy()
    if (present := len(set(groups))) < LEAST:
        return Share(math.nan, Statistic(np.full(1, math.nan), 0, test=JACKKNIFE), len(known), present)
    kept = left_out(known["seed"].to_numpy())
    own = kept[kept.any(axis=1)]
    raw = explained(known[score].to_numpy(), groups, own)
    sizes = [(int(row.sum()), len(set(groups[row > 0]))) for row in own]
    draws = np.array([adjusted(value, n, k) for value, (n, k) in zip(raw, sizes, strict=True)])
    return Share(float(raw[0]), Statistic(draws, known["seed"].nunique(), (-math.inf, 1), JACKKNIFE), *sizes[0])


def shares(models: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Return a row a dataset, score and set of regressors, all in percent, the paper's numbers beside them.

    ``published`` is R² as printed, of the dataset of the same name; ``published_adjusted`` is computed from it, and is
    what ``adjusted`` compares with, as R² itself grows with the share of settings in models. The interval is that of
    ``adjusted``.
    """
    rows = []
    for dataset, own in by_dataset(models).items():
        for regressors in REGRESSORS:
            for score in SCORES:
                found = share(own, score, regressors)
                interval = found.adjusted.interval()
                theirs = published_share(published, dataset, score, regressors)
                fair = 100 * adjusted(theirs / 100, PUBLISHED_MODELS, PUBLISHED_GROUPS[regressors])
                rows.append(
                    {
                        "dataset": dataset,
                        "score": score,
                        "regressors": regressors,
                        "value": 100 * found.raw,
                        "chance": 100 * by_chance(found.models, found.groups),
                        "adjusted": 100 * interval.value,
                        "low": 100 * interval.low,
                        "high": 100 * interval.high,
                        "published": theirs,
                        "published_adjusted": fair,
                        "difference": 100 * interval.value - fair,
                        "models": found.models,
                        "settings": found.groups,
                        "seeds": interval.n,
                    }
                )
    return pd.DataFrame(rows)


def published_share(published: pd.DataFrame, dataset: str, score: str, regressors: str) -> float:
    """Return the paper's R² in percent, NaN where it has none of a dataset of this name."""
    same = (published["dataset"].map(spelled) == spelled(dataset)) & (published["metric"] == score)
    found = published.loc[same & (published["regressors"] == regressors), "percent"]
    return float(found.iloc[0]) if len(found) else math.nan
