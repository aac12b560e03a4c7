"""Locatello 2019, key result 3, Fig. 3 and Table 1: how much of a score is due to method, strength and seed."""

import functools
import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from disentangle.cells import format_lam
from disentangle.reporting.drawing import legend
from disentangle.reporting.results import Results
from disentangle.studies.locatello.analysis.drawing import sheet, strip, style
from disentangle.studies.locatello.analysis.layout import page
from disentangle.studies.locatello.analysis.references import references
from disentangle.studies.locatello.analysis.results import SCORES, by_dataset, method_title, methods_of, models, tidy
from disentangle.studies.locatello.analysis.shares_text import published_tables, shares_table
from disentangle.studies.locatello.analysis.variance_explained import shares

NEEDS = {"place": 3}
"""The cells this report reads: all of the study; and the paper's table."""
DRAWS = True
SHOWN = "FactorVAE Score"
"""The score that the figure shows, as the paper's does."""


@dataclass(frozen=True)
class Report:
    """Shares of variance beside the paper's, and scores of an untrained encoder and of chance."""

    def table(self, results: Results) -> pd.DataFrame:
        """Return one row a dataset, score and set of regressors."""
        return _shares(results)

    def summary(self, results: Results) -> dict[str, Any]:
        """Return mean adjusted shares in percent over the scores, by dataset and regressors."""
        means = _shares(results).groupby(["dataset", "regressors"], sort=False)["adjusted"].mean().dropna()
        found: dict[str, Any] = {}
        for row in means.reset_index().to_dict("records"):
            found.setdefault(row["dataset"], {})[row["regressors"]] = round(row["adjusted"], 2)
        return found

    def render(self, results: Results) -> str:
        """Return the report in Markdown."""
        alt = f"Strips of the {SHOWN} of every model, by method, and by strength for FactorVAE."
        sections = ["## Variance explained", SHARES]
        sections += [shares_table(results, own, dataset) for dataset, own in by_dataset(_shares(results)).items()]
        sections += [
            "## The paper's numbers",
            *published_tables(results.published["variance_explained"]),
            "## References",
            REFERENCES,
        ]
        for dataset, own in by_dataset(tidy(results)).items():
            sections.append(f"### {results.title(dataset)}\n\n{references(own)}")
        return page(results, INTRODUCTION, "methods_and_seeds", alt, sections)

    def draw(self, results: Results) -> Figure:
        """Draw a row a dataset: all models by method, and those of FactorVAE by strength."""
        groups = [
            [partial(self._by_method, results, dataset), partial(self._by_strength, results, dataset)]
            for dataset in by_dataset(_models(results))
        ]
        figure, axes = sheet(groups, 2, 4.6, 3.0)
        legend(figure, axes)
        return figure

    def _by_method(self, results: Results, dataset: str, ax: Axes) -> None:
        own = by_dataset(_models(results))[dataset]
        methods = methods_of(own)
        for place, method in enumerate(methods):
            strip(ax, place, own.loc[own["method"] == method, SHOWN].to_numpy(), *style(method, methods))
        ax.set_xticks(range(len(methods)), map(method_title, methods), rotation=25, ha="right", rotation_mode="anchor")
        self._reference(results, dataset, ax)
        ax.set_title(f"{results.title(dataset)}: all methods")
        ax.set_ylabel(SHOWN)

    def _by_strength(self, results: Results, dataset: str, ax: Axes) -> None:
        own = by_dataset(_models(results))[dataset]
        own = own[own["method"] == "factor_vae"]
        lams = sorted(set(own["lam"]))
        for place, lam in enumerate(lams):
            strip(ax, place, own.loc[own["lam"] == lam, SHOWN].to_numpy(), *style("factor_vae", []))
        ax.set_xticks(range(len(lams)), map(format_lam, lams))
        self._reference(results, dataset, ax)
        ax.set_xlabel("γ")
        ax.set_title(f"{results.title(dataset)}: FactorVAE, by strength")
        ax.set_ylabel(SHOWN)

    def _reference(self, results: Results, dataset: str, ax: Axes) -> None:
        """Mark the mean of untrained encoders."""
        control = models(tidy(results), SCORES, control=True)
        value = float(control.loc[control["dataset"] == dataset, SHOWN].mean()) if len(control) else math.nan
        if math.isfinite(value):
            ax.axhline(value, color="0.3", linestyle="--", linewidth=1, label="mean of untrained encoders")


@functools.lru_cache(maxsize=1)
def _models(results: Results) -> pd.DataFrame:
    return models(tidy(results), SCORES)


@functools.lru_cache(maxsize=1)
def _shares(results: Results) -> pd.DataFrame:
    return shares(_models(results), results.published["variance_explained"])


INTRODUCTION = """\
# Locatello et al. 2019, key result 3: method, strength or seed?

The paper regresses each score on the method, and on method and strength together: on average they explain 37 % and 59 %
of its variance. The rest is due to the random seed, and scores of the methods overlap. Bars are medians."""
SHARES = """\
R² is in-sample, as in the paper, so that it grows with the share of settings in models: *by chance* is what settings
without any effect reach. Only the adjusted R², 0 without an effect, compares with the paper's 1,800 models of 50 seeds
a dataset, whose R² is adjusted likewise; *difference* is between the two, of the dataset of the same name. Brackets are
95 % intervals that leave out one seed after another (jackknife, Student's t); without them there are too few seeds."""
REFERENCES = """\
Untrained encoders take no part in any comparison of methods. Means with their 95 % interval over models (Student's t
of logits); chance is the score of a model's codes once they are dealt to other images. A FactorVAE score of 0 says that
no code has a standard deviation of 0.05, below which codes are left out: untrained ones hardly vary."""
