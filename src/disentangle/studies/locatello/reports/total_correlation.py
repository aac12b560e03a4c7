"""Locatello 2019, key result 1 and Fig. 1: total correlation of the sampled and of the mean code against strength."""

import functools
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from disentangle.cells import format_lam
from disentangle.reporting.drawing import legend
from disentangle.reporting.results import Results
from disentangle.reporting.tables import markdown_table
from disentangle.studies.locatello.analysis.drawing import Panel, beside, logarithmic, sheet, strengths, style
from disentangle.studies.locatello.analysis.layout import measured, page
from disentangle.studies.locatello.analysis.results import (
    CELL,
    MEAN_TC,
    SAMPLED_TC,
    by_dataset,
    method_title,
    methods_of,
    models,
    tidy,
)
from disentangle.studies.locatello.analysis.trend import curve, trend

NEEDS = {"place": 1}
"""The cells this report reads: all of the study."""
DRAWS = True
CODES = {"sampled": SAMPLED_TC, "mean": MEAN_TC}


@dataclass(frozen=True)
class Report:
    """Curves a dataset, and how both total correlations rank with strength, a method."""

    def table(self, results: Results) -> pd.DataFrame:
        """Return one row a model and code: its total correlation in nats."""
        return _models(results).melt(CELL, [*CODES], "representation", "total_correlation")

    def summary(self, results: Results) -> dict[str, Any]:
        """Return the rank correlation of strength and total correlation by method and code, where there is one."""
        found = {
            method: {code: trend(_models(results), method, code) for code in CODES}
            for method in methods_of(_models(results))
        }
        return {
            method: {code: round(t.value, 3) for code, t in trends.items() if t.n} for method, trends in found.items()
        }

    def render(self, results: Results) -> str:
        """Return the report in Markdown."""
        alt = "Line charts of the total correlation of sampled and of mean codes over strengths, a line a method."
        sections = ["## Trend with strength", self.trends(results), TRENDS]
        sections.append("## Total correlation by strength")
        sections += [self.curves(results, dataset) for dataset in by_dataset(_models(results))]
        return page(results, INTRODUCTION, "total_correlation", alt, sections)

    def trends(self, results: Results) -> str:
        """Return a row a method: rank correlation with strength over seeds, of either code, beside what is expected."""
        rows = []
        for method in methods_of(_models(results)):
            found = [trend(_models(results), method, code) for code in CODES]
            shown = [measured(t.value, t.low, t.high) for t in found]
            rows.append([method_title(method), *EXPECTED.get(method, ("–", "–")), *shown, max(t.n for t in found)])
        return markdown_table(["method", "sampled, paper", "mean, paper", "sampled, ours", "mean, ours", "seeds"], rows)

    def curves(self, results: Results, dataset: str) -> str:
        """Return medians and quartiles over seeds of both total correlations, a row a setting."""
        own = by_dataset(_models(results))[dataset]
        rows = []
        for method in methods_of(own):
            by_lam: dict[str, list[str]] = {}
            for code in CODES:
                for row in curve(own, method, code).to_dict("records"):
                    entry = f"{measured(row['median'], row['low'], row['high'])} (n = {row['seeds']:.0f})"
                    by_lam.setdefault(f"{method_title(method)}, {format_lam(row['lam'])}", []).append(entry)
            rows += [[setting, *entries] for setting, entries in by_lam.items() if len(entries) == len(CODES)]
        table = markdown_table(["method, strength", "sampled [quartiles]", "mean [quartiles]"], rows)
        return f"### {results.title(dataset)}\n\n{table}"

    def draw(self, results: Results) -> Figure:
        """Draw a row a dataset: sampled and mean, medians and quartiles over seeds by strength."""
        groups = [
            [self._panel(own, code, f"{results.title(dataset)}: {code} code") for code in CODES]
            for dataset, own in by_dataset(_models(results)).items()
        ]
        figure, axes = sheet(groups, 2, 4.4, 2.8)
        legend(figure, axes)
        return figure

    def _panel(self, own: pd.DataFrame, code: str, title: str) -> Panel:
        def draw(ax: Axes) -> None:
            methods = [method for method in methods_of(own) if method != "annealed_vae"]
            for place, method in enumerate(methods):
                line, (colour, marker) = curve(own, method, code), style(method, methods)
                x = beside(line["lam"], place, len(methods))
                ax.plot(x, line["median"], color=colour, marker=marker, markersize=4, label=method_title(method))
                ax.vlines(x, line["low"], line["high"], color=colour, linewidth=1)
            logarithmic(ax)
            ax.set_title(title)
            strengths(ax)
            ax.set_ylabel("total correlation (nats)")

        return draw


@functools.lru_cache(maxsize=1)
def _models(results: Results) -> pd.DataFrame:
    return models(tidy(results), CODES)


EXPECTED = {
    "beta_vae": ("falls", "rises"),
    "factor_vae": ("falls", "rises"),
    "beta_tcvae": ("falls", "rises"),
    "dip_vae_i": ("falls", "does not rise"),
    "dip_vae_ii": ("falls", "rises"),
}
INTRODUCTION = """\
# Locatello et al. 2019, key result 1: total correlation

Most of the methods want the dimensions of a code to be independent. The paper finds that a stronger regularizer lowers
the total correlation of *sampled* codes, and raises that of the *mean* codes, which are what is used as representation;
only DIP-VAE-I penalises the means and is an exception. Total correlation is that of a fitted Gaussian, in nats."""
TRENDS = """\
Spearman's correlation of total correlation with the rank of the strength, over the models of a seed and dataset, meaned
over datasets; in brackets the 95 % interval of its mean over seeds (exact sign flips from six seeds, else Student's t).
What the paper has of this is a figure of Color-dSprites and its words, so there are no numbers to stand beside ours.
AnnealedVAE is not part of the paper's figure: its strength is a capacity, and more of it regularizes less."""
