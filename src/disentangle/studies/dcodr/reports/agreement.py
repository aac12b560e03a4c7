"""Ours: whether a predictor, a linear probe, retrieval and mutual information rank methods by invariance alike."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from disentangle.reporting.drawing import COLOURS, legend, panels
from disentangle.reporting.layout import measured, rounded
from disentangle.reporting.statistics import CORRELATION, SHARE
from disentangle.reporting.tables import markdown_table
from disentangle.studies.dcodr.analysis.agreement import MEASURES, measures, rank_correlations
from disentangle.studies.dcodr.analysis.layout import page
from disentangle.studies.dcodr.analysis.results import DomainResults, title_of

NEEDS = {"entries": ["simclr", "lord", "drnet", "ml_vae", "dcodr_norec", "dcodr", "contrast_all"], "place": 11}
"""The cells this report reads."""
DRAWS = True


@dataclass(frozen=True)
class Report:
    """Four measures a method, and their rank correlations."""

    def table(self, results: DomainResults) -> pd.DataFrame:
        """Return one row a dataset, method and seed."""
        return pd.concat([measures(results, name).assign(dataset=name) for name in results.datasets()])

    def summary(self, results: DomainResults) -> dict[str, Any]:
        """Return the mean rank correlations by dataset and pair."""
        return {
            dataset: {
                f"{first} {second}": _mean(rank_correlations(results, dataset, first, second))
                for first, second in combinations(MEASURES, 2)
            }
            for dataset in results.datasets()
        }

    def render(self, results: DomainResults) -> str:
        """Return the report in Markdown."""
        sections = []
        for dataset in results.datasets():
            own = measures(results, dataset)
            rows = [
                [title_of(str(entry)), *(measured(each[name].to_list(), SHARE) for name in MEASURES)]
                for entry, each in own.groupby("entry", sort=False)
            ]
            pairs = [
                [
                    f"{MEASURES[a]} and {MEASURES[b]}",
                    measured(rank_correlations(results, dataset, a, b), CORRELATION, 2),
                ]
                for a, b in combinations(MEASURES, 2)
            ]
            sections += [
                f"## {results.title(dataset)}",
                markdown_table(["domain, by", *MEASURES.values()], rows),
                markdown_table(["rank correlation over methods", "mean over seeds"], pairs),
            ]
        alt = "Four measures of how much codes tell of their domain, method by method, a panel a dataset."
        return page(results, INTRODUCTION, [READ, *sections], ("agreement", alt))

    def draw(self, results: DomainResults) -> Figure:
        """Draw a panel a dataset: every measure against the converged predictor."""
        datasets = results.datasets()
        figure, axes = panels(1, len(datasets), 4.0, 3.4, below=0.6)
        for ax, dataset in zip(axes[0], datasets, strict=True):
            means = measures(results, dataset).groupby("entry", sort=False)[[*MEASURES]].mean()
            for colour, name in zip(COLOURS, [*MEASURES][1:], strict=False):
                ax.scatter(means["predictor"], means[name], color=colour, s=18, label=MEASURES[name])
            ax.set_title(results.title(dataset))
            ax.set_xlabel(f"domain told right by {MEASURES['predictor']}")
            ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes[0][0].set_ylabel("domain told, by the others")
        legend(figure, axes[0], 1)
        return figure


def _mean(values: list[float]) -> float | None:
    return rounded(sum(values) / len(values)) if values else None


INTRODUCTION = """\
# Is invariance one thing?

How much a code tells of its domain can be asked of a predictor, as the paper does, of a linear probe, of the nearest
neighbours, or of the mutual information of each code with the domain. Do they rank methods alike?"""
READ = """\
All four are the higher the more of the domain is told: accuracies of a converged six-layer MLP and of logistic
regression, the share of nearest neighbours of the same domain, and the mean mutual information of a single code with
the domain as a share of the domain's entropy. Rank correlations are Spearman's over methods, seed by seed."""
