"""Locatello 2019, key result 2 and Fig. 2: how much the six scores agree on which model is the better one."""

import functools
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from disentangle.reporting.results import Results
from disentangle.reporting.tables import markdown_table
from disentangle.studies.locatello.analysis.agreement import agreement, correlate, pairs_of
from disentangle.studies.locatello.analysis.drawing import heat_map, sheet, short
from disentangle.studies.locatello.analysis.layout import INTERVALS, counted, measured, page
from disentangle.studies.locatello.analysis.results import SCORES, by_dataset, models, tidy

NEEDS = {"place": 2}
"""The cells this report reads: all of the study."""
DRAWS = True
SAID = {
    ("BetaVAE Score", "FactorVAE Score"): "strong",
    ("MIG", "DCI Disentanglement"): "strong",
}
"""What the paper says of single pairs."""


@dataclass(frozen=True)
class Report:
    """Rank correlations of each two scores over the models of a dataset."""

    def table(self, results: Results) -> pd.DataFrame:
        """Return one row a dataset and ordered pair of scores."""
        return _found(results)

    def summary(self, results: Results) -> dict[str, Any]:
        """Return by dataset the mean rank correlations of pairs with and without Modularity."""
        return {
            dataset: {name: round(found.value, 3) for name, found in agreement(own).items() if np.isfinite(found.value)}
            for dataset, own in by_dataset(_models(results)).items()
        }

    def render(self, results: Results) -> str:
        """Return the report in Markdown."""
        alt = "Heat maps of the rank correlations of six disentanglement scores with each other, one a dataset."
        datasets = by_dataset(_models(results))
        head = ["pairs", "the paper says", *map(results.title, datasets)]
        means = [[name, said, *self._means(results, name)] for name, said in MEANS.items()]
        pairs = [
            [f"{short(a)} – {short(b)}", _said(a, b), *(self._shown(results, d, a, b) for d in datasets)]
            for a, b in pairs_of([*SCORES])
        ]
        models_of = ", ".join(
            f"{results.title(d)} {counted(len(own), 'model')} of {counted(own['seed'].nunique(), 'seed')}, of which "
            f"{int(own[[*SCORES]].isna().any(axis=1).sum())} lack a score and are left out of its pairs"
            for d, own in datasets.items()
        )
        sections = ["## Mean agreement", markdown_table(head, means), "## Pair by pair", markdown_table(head, pairs)]
        return page(results, INTRODUCTION, "metric_agreement", alt, [*sections, f"{NOTE} {models_of}.", INTERVALS])

    def draw(self, results: Results) -> Figure:
        """Draw a heat map a dataset."""
        groups = [[partial(self._panel, results, dataset) for dataset in by_dataset(_models(results))]]
        return sheet(groups, 2, 4.4, 3.7)[0]

    def _panel(self, results: Results, dataset: str, ax: Axes) -> None:
        own = _found(results)
        own = own[own["dataset"] == dataset].pivot_table(values="value", index="first", columns="second", dropna=False)
        names = [short(score) for score in SCORES]
        heat_map(ax, own.reindex(index=[*SCORES], columns=[*SCORES]).to_numpy(), names, names)
        ax.set_title(f"{results.title(dataset)}: rank correlation × 100")

    def _shown(self, results: Results, dataset: str, a: str, b: str) -> str:
        table = _found(results)
        row = table[(table["dataset"] == dataset) & (table["first"] == a) & (table["second"] == b)].iloc[0]
        return measured(row["value"], row["low"], row["high"])

    def _means(self, results: Results, name: str) -> list[str]:
        found = [agreement(own)[name].interval() for own in by_dataset(_models(results)).values()]
        return [measured(interval.value, interval.low, interval.high) for interval in found]


def _said(a: str, b: str) -> str:
    return SAID.get((a, b), "–" if "Modularity" in (a, b) else "mild")


@functools.lru_cache(maxsize=1)
def _models(results: Results) -> pd.DataFrame:
    return models(tidy(results), SCORES)


@functools.lru_cache(maxsize=1)
def _found(results: Results) -> pd.DataFrame:
    return correlate(_models(results), [*SCORES], [*SCORES])


MEANS = {"without Modularity": "mild, positive", "with Modularity": "not correlated"}
INTRODUCTION = """\
# Locatello et al. 2019, key result 2: do the scores agree?

Six scores claim to measure disentanglement. The paper finds all but Modularity mildly correlated with each other, the
pairs BetaVAE–FactorVAE and MIG–DCI strongly, and to a degree that changes with the dataset."""
NOTE = """\
Spearman's correlation over all trained models of a dataset, all methods, strengths and seeds together; independent
scores have 0. The paper shows Noisy-dSprites as a figure, whose numbers are not at hand; its words stand beside ours.
Modularity is that of the paper, which codes without information score high on. Models:"""
