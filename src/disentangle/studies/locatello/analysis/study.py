"""What the claims are tested on: the models of a study with all scores they are about."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from disentangle.reporting.results import Results
from disentangle.studies.locatello.analysis.results import (
    DOWNSTREAM,
    MEAN_TC,
    SCORES,
    UNSUPERVISED,
    by_dataset,
    chance_of,
    models,
    tidy,
)

CHANCE = "chance "
"""Before the name of a score: the same with the codes' rows permuted."""
STRONG = 0.5
"""Rank correlation from which on it is called strong, as by Cohen's convention a large one."""


@dataclass(frozen=True, eq=False)
class Study:
    """The trained models, the untrained ones, and the paper's tables."""

    results: Results

    @cached_property
    def models(self) -> pd.DataFrame:
        """One row a trained model, a column a score; those by chance too."""
        return self._with_chance(control=False)

    @cached_property
    def control(self) -> pd.DataFrame:
        """The same of untrained encoders."""
        return self._with_chance(control=True)

    @property
    def datasets(self) -> dict[str, pd.DataFrame]:
        """The trained models of each dataset, by its name as a report tells it."""
        return {self.results.title(name): own for name, own in by_dataset(self.models).items()}

    def published(self, table: str) -> pd.DataFrame:
        """Return a table of the paper."""
        return self.results.published[table]

    def _with_chance(self, control: bool) -> pd.DataFrame:
        scores = SCORES | UNSUPERVISED | DOWNSTREAM | {"TC (mean)": MEAN_TC}
        by_chance = {CHANCE + name: chance_of(place) for name, place in SCORES.items()}
        return models(tidy(self.results), scores | by_chance, control)


def mean_published(table: pd.DataFrame, column: str, kept: Callable[[pd.DataFrame], pd.Series]) -> float:
    """Return the mean of the rows of a published table that are kept."""
    return float(np.mean(table.loc[kept(table), column].to_numpy(dtype=float)))
