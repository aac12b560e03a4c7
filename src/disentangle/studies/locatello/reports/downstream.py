"""Locatello 2019, key result 5, Figs. 5 and 6: whether higher scores help downstream tasks."""

import functools
import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from disentangle.reporting.drawing import legend
from disentangle.reporting.results import Results
from disentangle.reporting.statistics import PERCENT, POSITIVE, mean_within
from disentangle.reporting.tables import markdown_table
from disentangle.studies.locatello.analysis.agreement import correlate
from disentangle.studies.locatello.analysis.correlation_text import correlation_table, models_line
from disentangle.studies.locatello.analysis.drawing import heat_map, sheet, short, style
from disentangle.studies.locatello.analysis.layout import INTERVALS, measured, page
from disentangle.studies.locatello.analysis.results import (
    DOWNSTREAM,
    SCORES,
    by_dataset,
    method_title,
    methods_of,
    models,
    tidy,
)

NEEDS = {"place": 5}
"""The cells this report reads: all of the study; and the paper's table."""
DRAWS = True
EFFICIENCY = "Efficiency (GBT)"


@dataclass(frozen=True)
class Report:
    """Rank correlations of the six scores with accuracies and efficiencies, beside the paper's of dSprites."""

    def table(self, results: Results) -> pd.DataFrame:
        """Return one row a dataset, score and downstream number, with the paper's in percent of dSprites."""
        printed = _printed(results)
        found = _found(results)
        pairs = zip(found["first"], found["second"], strict=True)
        return found.assign(published_dsprites_percent=[printed.get(pair, math.nan) for pair in pairs])

    def summary(self, results: Results) -> dict[str, Any]:
        """Return by dataset and score the mean rank correlation with GBT accuracies, and that with its efficiency."""
        found = _found(results).dropna(subset=["value"])
        means: dict[str, Any] = {}
        for (dataset, score), own in found.groupby(["dataset", "first"], sort=False):
            parts = {"GBT": own["second"].str.startswith("GBT"), EFFICIENCY: own["second"] == EFFICIENCY}
            told = {name: round(float(own.loc[kept, "value"].mean()), 3) for name, kept in parts.items() if kept.any()}
            means.setdefault(str(dataset), {})[str(score)] = told
        return means

    def render(self, results: Results) -> str:
        """Return the report in Markdown."""
        alt = "Heat maps of rank correlations of scores with downstream accuracy; efficiency against FactorVAE score."
        found = _found(results)
        table = correlation_table(results, found, "dSprites", _printed(results))
        sections = ["## Rank correlations", CORRELATIONS, table, models_line(results, found), INTERVALS]
        sections += ["## Accuracies and efficiencies", self.accuracies(results)]
        return page(results, INTRODUCTION, "downstream", alt, sections)

    def accuracies(self, results: Results) -> str:
        """Return mean accuracies over all models and factors in percent, and efficiencies, a row a task."""
        datasets = by_dataset(_models(results))
        rows = []
        for task in DOWNSTREAM:
            row = [task]
            for own in datasets.values():
                mean = mean_within((100 * own[task]).to_list(), POSITIVE if task.startswith("Efficiency") else PERCENT)
                shown = measured(mean.value, mean.low, mean.high, 1)
                row.append(f"{shown} (n = {mean.n})" if mean.n else "–")
            rows.append(row)
        return markdown_table(
            ["in percent, means of all models, intervals over models", *map(results.title, datasets)], rows
        )

    def draw(self, results: Results) -> Figure:
        """Draw a row a dataset: the correlations, and efficiency against the FactorVAE score."""
        groups = [
            [partial(self._correlations, results, dataset), partial(self._efficiency, results, dataset)]
            for dataset in by_dataset(_models(results))
        ]
        figure, axes = sheet(groups, 2, 4.8, 3.3)
        legend(figure, axes)
        return figure

    def _correlations(self, results: Results, dataset: str, ax: Axes) -> None:
        own = _found(results)
        own = own[own["dataset"] == dataset].pivot_table(values="value", index="first", columns="second", dropna=False)
        values = own.reindex(index=[*SCORES], columns=[*DOWNSTREAM]).to_numpy()
        heat_map(ax, values, list(map(short, SCORES)), [name.replace("Efficiency", "Eff.") for name in DOWNSTREAM])
        ax.set_title(f"{results.title(dataset)}: rank correlation × 100")

    def _efficiency(self, results: Results, dataset: str, ax: Axes) -> None:
        own = by_dataset(_models(results))[dataset]
        methods = methods_of(own)
        for method in methods:
            colour, marker = style(method, methods)
            line = own[own["method"] == method].dropna(subset=["FactorVAE Score", EFFICIENCY])
            if len(line):
                ax.scatter(
                    line["FactorVAE Score"],
                    line[EFFICIENCY],
                    s=14,
                    color=colour,
                    marker=marker,
                    alpha=0.7,
                    linewidths=0,
                    label=method_title(method),
                )
        ax.set_xlabel("FactorVAE Score")
        ax.set_ylabel("GBT: acc. of 100 / of 10,000")
        ax.set_title(f"{results.title(dataset)}: efficiency")


@functools.lru_cache(maxsize=1)
def _models(results: Results) -> pd.DataFrame:
    return models(tidy(results), SCORES | DOWNSTREAM)


@functools.lru_cache(maxsize=1)
def _found(results: Results) -> pd.DataFrame:
    return correlate(_models(results), [*SCORES], [*DOWNSTREAM])


def _printed(results: Results) -> dict[tuple[str, str], float]:
    table = results.published["downstream_dsprites"]
    pairs = zip(table["metric"], table["downstream"], strict=True)
    return dict(zip(pairs, map(float, table["rank_correlation_percent"]), strict=True))


INTRODUCTION = """\
# Locatello et al. 2019, key result 5: of use downstream?

The downstream task is to tell the factors from the mean code, by logistic regression (LR, one a value against all
others, as the paper's scikit-learn had it) or boosted trees (GBT) on 10 to 10,000 labelled points. The paper finds no
reliable gain in sample efficiency where scores are higher, though in its table of dSprites all scores but Modularity go
with it."""
CORRELATIONS = """\
Spearman's correlation × 100 over the trained models of a dataset; unrelated numbers have 0. Accuracies are means over
factors. Efficiency is the accuracy of 100 training points over that of 10,000; where there are fewer points, sizes are
missing, and so is the efficiency. The paper's numbers are of dSprites."""
