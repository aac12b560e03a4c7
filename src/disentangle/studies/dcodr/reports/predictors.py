"""Ours: the predictor is part of the result. How much of a domain is found depends on when a predictor stops."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from disentangle.reporting.drawing import COLOURS, legend, panels
from disentangle.reporting.layout import measured, rounded
from disentangle.reporting.statistics import SHARE
from disentangle.reporting.tables import markdown_table
from disentangle.studies.dcodr.analysis.layout import page
from disentangle.studies.dcodr.analysis.results import DOMAIN, PREDICTOR, DomainResults, predictions, title_of

NEEDS = {"entries": ["simclr", "lord", "drnet", "ml_vae", "dcodr_norec", "dcodr", "contrast_all"], "place": 10}
"""The cells this report reads."""
DRAWS = True


@dataclass(frozen=True)
class Report:
    """The domain's accuracy by each stopping rule and predictor seed."""

    def table(self, results: DomainResults) -> pd.DataFrame:
        """Return one row a cell, rule and predictor seed."""
        own = predictions(results)
        return own[(own["probe"] == PREDICTOR) & (own["label"] == DOMAIN)].drop(columns=["probe", "label"])

    def summary(self, results: DomainResults) -> dict[str, Any]:
        """Return by dataset, entry and rule the mean accuracy and the largest spread over predictor seeds."""
        found: dict[str, Any] = {}
        for (dataset, entry, rule), own in self.table(results).groupby(["dataset", "entry", "rule"], sort=False):
            told = {"mean": rounded(own["accuracy"].mean()), "spread": rounded(_spread(own))}
            found.setdefault(str(dataset), {}).setdefault(str(entry), {})[str(rule)] = told
        return found

    def render(self, results: DomainResults) -> str:
        """Return the report in Markdown."""
        sections = []
        for dataset in results.datasets():
            own = self.table(results).query("dataset == @dataset")
            rules = list(dict.fromkeys(own["rule"]))
            rows = []
            for entry in results.entries(dataset):
                row = [title_of(entry)]
                for rule in rules:
                    told = own[(own["entry"] == entry) & (own["rule"] == rule)]
                    row += [measured(told.groupby("seed")["accuracy"].mean().to_list(), SHARE), _digits(_spread(told))]
                rows.append(row)
            header = ["domain told right", *(name for rule in rules for name in (rule, "spread"))]
            chance = f"Always the most frequent domain: {float(own['chance'].mean()):.3f}."
            sections += [f"## {results.title(dataset)}", markdown_table(header, rows), chance]
        alt = "Accuracy of the domain by method: a point a predictor seed, one colour a stopping rule."
        return page(results, INTRODUCTION, [READ, *sections], ("predictors", alt))

    def draw(self, results: DomainResults) -> Figure:
        """Draw a panel a dataset, a point a predictor seed of every cell."""
        datasets = results.datasets()
        figure, axes = panels(1, len(datasets), 4.2, 3.4, below=0.3)
        for ax, dataset in zip(axes[0], datasets, strict=True):
            own, entries = self.table(results).query("dataset == @dataset"), results.entries(dataset)
            for shift, (rule, told) in enumerate(own.groupby("rule", sort=False)):
                place = [entries.index(entry) + 0.25 * shift - 0.12 for entry in told["entry"]]
                ax.scatter(place, told["accuracy"], s=9, color=COLOURS[shift], label=str(rule), alpha=0.7)
            ax.axhline(float(own["chance"].mean()), color="0.5", linewidth=0.8, linestyle=":", label="chance")
            ax.set_xticks(range(len(entries)), [title_of(entry) for entry in entries], rotation=40, ha="right")
            ax.set_ylim(0, 1.02)
            ax.set_title(results.title(dataset))
        axes[0][0].set_ylabel("domain told right")
        legend(figure, axes[0])
        return figure


def _digits(number: float) -> str:
    return "–" if math.isnan(number) else f"{number:.3f}"


def _spread(own: pd.DataFrame) -> float:
    by_cell = own.groupby(["dataset", "entry", "seed", "rule"])["accuracy"]
    return float((by_cell.max() - by_cell.min()).max())


INTRODUCTION = """\
# The predictor is part of the result

The same codes, and the same six-layer predictor of the domain, from several predictor seeds. The paper stops a
predictor seven epochs after its best validation accuracy. Near chance that accuracy is noise, so a predictor may stop
before it has learned anything: "at chance" can be said of the code, or of the rule."""
READ = """\
Share of test images whose domain is told right, the mean over seeds with its 95 % interval. *Patience*: epochs without
a better validation accuracy after which a predictor stops. *Spread*: the largest difference between predictor seeds on
one code. In the picture, a point is a predictor, and the dotted line is chance."""
