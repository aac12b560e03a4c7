"""Retrieval: what the nearest neighbour of a code shares with it.

Paper: Kahana & Hoshen 2022 (DCoDR), section 5: codes that hold the attributes and not the domain have neighbours of the
same attributes, of whatever domain.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from disentangle.evaluation.labelled_codes import LabelledCodes
from disentangle.evaluation.neighbours import nearest
from disentangle.evaluation.population import Population

SCORES = ("<attribute>", "all", "same_domain", "chance_<attribute>", "chance_same_domain")
"""What holds <attribute> stands once for each, under its name."""

CHANGES = {"scale": ("<attribute>", "all", "same_domain")}
"""Distances are in units of the codes."""


@dataclass(frozen=True)
class Metric:
    """Shares in [0, 1] of queries whose nearest neighbour among all images has the same value of each attribute.

    ``all`` is the share that agrees in every attribute, ``same_domain`` in the domain; ``chance_`` stands before what a
    uniformly random other image gives. Queries are the test images, at most ``queries`` of them, 0: all.

    >>> from disentangle.metrics import retrieval
    >>> retrieval([[0, 0], [0, 1], [1, 1], [1, 2]] * 300, [[0, 0], [0, 1], [1, 0], [1, 1]] * 300)["all"]
    1.0
    """

    queries: Annotated[int, ">= 0, <= 1e8"] = 10000

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return the shares; where there is no domain, every factor is an attribute and every row a query.

        Source: Kahana & Hoshen 2022, released code. Deviation: of ``neighbours``; chance is added.
        """
        labelled = population if isinstance(population, LabelledCodes) else None
        rows = np.arange(len(population.codes))
        asked = rows if labelled is None else rows[labelled.test]
        if 0 < self.queries < len(asked):
            asked = np.sort(rng.choice(asked, self.queries, replace=False))
        (neighbours,) = nearest(population.codes_of(rows, rng), asked).T
        shares: dict[str, float] = {}
        chances: dict[str, float] = {}
        every = np.ones(len(asked), bool)
        domain = "" if labelled is None else labelled.domain
        for name, values in zip(population.names, population.factors.T, strict=True):
            size = values.max() + 1 if labelled is None else labelled.sizes[name]
            margin = 0 if labelled is None else labelled.margins.get(name, 0)
            same = matching(values[asked], values[neighbours], size, margin)
            if name != domain:
                every &= same
            key = "same_domain" if name == domain else name
            shares[key], chances[f"chance_{key}"] = float(same.mean()), chance(values, asked, size, margin)
        absent = dict.fromkeys(("same_domain", "chance_same_domain"), float("nan"))
        return absent | shares | {"all": float(every.mean())} | chances


def matching(a: np.ndarray, b: np.ndarray, size: int, margin: int) -> np.ndarray:
    """Return whether values a and b (...) of ``size``, the last beside the first, differ by at most ``margin``.

    min(|a - b|, size - |a - b|) <= margin
    """
    apart = np.abs(a - b)
    found: np.ndarray = np.minimum(apart, size - apart) <= margin
    return found


def chance(values: np.ndarray, asked: np.ndarray, size: int, margin: int) -> float:
    """Return the mean over the rows ``asked`` (Q,) of the share of other rows whose values (N,) match."""
    every = np.arange(size)
    agreeing = matching(every[:, None], every, size, margin) @ np.bincount(values, minlength=size)
    return float((agreeing[values[asked]] - 1).mean() / (len(values) - 1))
