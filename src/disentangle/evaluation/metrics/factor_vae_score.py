"""FactorVAE score: the code that varies least where a factor is fixed must tell which factor that was.

Papers: Kim and Mnih 2018 (arXiv 1802.05983), section 4; Locatello et al. 2019 (arXiv 1811.12359), appendix.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from disentangle.evaluation.population import Population, Rows

SCORES = ("train", "test", "active_dims")

CHUNK = 2**20
"""Numbers that are gathered at a time."""

RANGES = {"active_dims": (0, None)}

CHANGES = {
    "unit": ("train", "test", "active_dims"),
    "scale": ("train", "test", "active_dims"),
    "duplicate": ("active_dims",),
}
"""The threshold is in units of the codes; copies are active too."""


@dataclass(frozen=True)
class Metric:
    """``train`` and ``test`` accuracy in [0, 1] of the majority vote, and how many codes are active.

    A code is active if its standard deviation over ``variance_points`` rows is at least ``threshold``; the others are
    dropped. The threshold is not relative: a code that is scaled may fall below it.

    >>> from disentangle.metrics import factor_vae_score
    >>> factor_vae_score([[0, 0], [0, 1], [1, 1], [1, 2]] * 300, [[0, 0], [0, 1], [1, 0], [1, 1]] * 300)
    {'train': 1.0, 'test': 1.0, 'active_dims': 2.0}
    """

    variance_points: Annotated[int, ">= 2, <= 1e7"] = 10000
    train_votes: Annotated[int, ">= 1, <= 1e7"] = 10000
    test_votes: Annotated[int, ">= 1, <= 1e7"] = 5000
    batch: Annotated[int, ">= 1, <= 10000"] = 64
    threshold: Annotated[float, ">= 0, <= 1000"] = 0.05

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return the accuracies; nan of one factor alone, or where no code is active or no two rows share a value.

        Source: as above. Deviation: ``active_dims`` counts the codes kept, where disentanglement_lib says how many
        there are; its accuracy is 0 where no code is active; of a sample, rows alone with their value are not drawn,
        as their variance is 0 in every code.
        """
        train, test = population.split(rng)
        held = train.shares_each() and test.shares_each()
        codes, _ = train.draw(self.variance_points, rng)
        variances = codes.var(axis=0, ddof=1)
        active = (np.ptp(codes, axis=0) > 0) & (np.sqrt(variances) >= self.threshold)
        if not held or not active.any():
            return {"train": float("nan"), "test": float("nan"), "active_dims": float(active.sum())}
        scale = np.where(active, variances, np.nan)
        cast = votes(train, self.train_votes, self.batch, scale, rng)
        told = cast.argmax(axis=1)
        new = votes(test, self.test_votes, self.batch, scale, rng)
        return {
            "train": float(cast.max(axis=1).sum() / cast.sum()),
            "test": float(new[np.arange(len(new)), told].sum() / new.sum()),
            "active_dims": float(active.sum()),
        }

    def remarks(self, population: Population) -> list[str]:
        """Return that no code is active, if so."""
        deviation = population.codes.std(axis=0)
        if (deviation >= self.threshold).any():
            return []
        found = f"the largest standard deviation of a code is {deviation.max():.2g}"
        return [f"No code is active: {found}, and the threshold, in units of the codes, {self.threshold:g}."]


def votes(pool: Rows, count: int, batch: int, scale: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return how often (D, K) code d varied least while factor k was fixed, in ``count`` votes.

    A vote fixes a uniform factor k at a value that ``batch`` rows share, and is for argmin_d var(code d) / scale_d of
    them (N - 1 in the variance). Codes whose scale (D,) is nan get no vote.
    """
    dim, kinds = pool.population.codes.shape[1], pool.population.factors.shape[1]
    cast = np.zeros((dim, kinds), dtype=np.int64)
    for k, groups in enumerate(np.bincount(rng.integers(kinds, size=count), minlength=kinds)):
        rows = pool.draw_sharing(k, groups, batch, rng)
        for part in np.array_split(rows, -(-rows.size * dim // CHUNK) or 1):
            codes = pool.population.codes_of(part, rng)
            spread = np.nan_to_num(codes.var(axis=1, ddof=1) / scale, nan=np.inf)
            cast[:, k] += np.bincount(spread.argmin(axis=1), minlength=dim)
    return cast
