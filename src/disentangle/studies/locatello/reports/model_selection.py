"""Locatello 2019, key result 4: recipes for choosing method, strength and training run."""

import functools
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from disentangle.reporting.drawing import legend
from disentangle.reporting.results import Results
from disentangle.studies.locatello.analysis.agreement import correlate
from disentangle.studies.locatello.analysis.correlation_text import correlation_table, models_line
from disentangle.studies.locatello.analysis.drawing import sheet, short
from disentangle.studies.locatello.analysis.layout import INTERVALS, measured, page
from disentangle.studies.locatello.analysis.results import SCORES, UNSUPERVISED, by_dataset, models, tidy
from disentangle.studies.locatello.analysis.selection import curves, most_wins, winners
from disentangle.studies.locatello.analysis.selection_figure import (
    across_datasets,
    score_curves,
    success_bars,
    unsupervised,
)
from disentangle.studies.locatello.analysis.selection_text import (
    published_transfer,
    success_table,
    transfer_table,
    winners_table,
)
from disentangle.studies.locatello.analysis.transfer import dataset_correlations, success

NEEDS = {
    "place": 4,
}
"""The cells this report reads: all of the study; and the paper's tables."""
DRAWS = True
COLUMNS = dict(zip("ABCDEF", SCORES, strict=True))
"""How the columns of the paper's table of unsupervised scores are read: its image names them by letters."""


@dataclass(frozen=True)
class Report:
    """Who wins, whether unsupervised scores tell, and whether settings transfer."""

    def table(self, results: Results) -> pd.DataFrame:
        """Return one row a number of any analysis."""
        parts = {
            "mean over seeds": _curves(results),
            "unsupervised": _unsupervised(results),
            "between datasets": _between(results),
            "trial": _success(results),
        }
        return pd.concat([part.assign(analysis=name) for name, part in parts.items() if len(part)], ignore_index=True)

    def summary(self, results: Results) -> dict[str, Any]:
        """Return the rates of the trial, and the largest share of datasets and scores that one method wins."""
        rates = _success(results).set_index("target")["value"].dropna()
        wins = most_wins(_models(results)).interval()
        found: dict[str, Any] = {"success": {str(target): round(float(value), 2) for target, value in rates.items()}}
        return found | ({"most_wins": round(wins.value, 2)} if wins.n else {})

    def render(self, results: Results) -> str:
        """Return the report in Markdown."""
        alt = (
            "Scores against strength, a line a method; heat maps of unsupervised scores and of datasets; success rates."
        )
        wins = most_wins(_models(results)).interval()
        share = f"Largest share that one method wins: {measured(wins.value, wins.low, wins.high, 0)} percent."
        printed = {
            (row["score"], COLUMNS[row["column"]]): float(row["rank_correlation_percent"])
            for row in results.published["unsupervised_selection_shapes3d"].to_dict("records")
        }
        told = correlation_table(results, _unsupervised(results), "Shapes3D", printed, SIGN_UNKNOWN)
        dci = results.published["transfer_dci"]
        sections = ["## Methods and strengths", WINNERS, winners_table(results, winners(_models(results))), share]
        sections += ["## Unsupervised scores", UNSUPERVISED_TEXT, told, models_line(results, _unsupervised(results))]
        sections += ["## Transfer of settings between datasets", TRANSFER]
        found = _between(results)
        sections.append(transfer_table(results, found, dci) if len(found) else "One dataset: cannot tell.")
        sections += ["The paper's numbers, DCI:", published_transfer(dci)]
        sections += ["## A picked setting against a random one", TRIAL, success_table(_success(results))]
        return page(results, INTRODUCTION, "model_selection", alt, [*sections, INTERVALS])

    def draw(self, results: Results) -> Figure:
        """Draw curves and unsupervised scores a dataset, correlations between datasets, and the trial."""
        datasets = by_dataset(_models(results))
        groups = []
        for dataset in datasets:
            name, own = results.title(dataset), _curves(results)
            own = own[own["dataset"] == dataset]
            groups.append([score_curves(own, score, f"{name}: {short(score)}") for score in SCORES])
        told = _unsupervised(results)
        groups.append([unsupervised(told[told["dataset"] == d], f"{results.title(d)}, × 100") for d in datasets])
        if len(datasets) > 1:
            groups.append([across_datasets(_between(results), [*datasets], score) for score in SCORES])
        groups.append([success_bars(_success(results))])
        figure, axes = sheet(groups, 3, 3.5, 2.7)
        legend(figure, axes, 5)
        return figure


@functools.lru_cache(maxsize=1)
def _models(results: Results) -> pd.DataFrame:
    return models(tidy(results), SCORES | UNSUPERVISED)


@functools.lru_cache(maxsize=1)
def _curves(results: Results) -> pd.DataFrame:
    return curves(_models(results), [*SCORES])


@functools.lru_cache(maxsize=1)
def _unsupervised(results: Results) -> pd.DataFrame:
    return correlate(_models(results), [*UNSUPERVISED], [*SCORES])


@functools.lru_cache(maxsize=1)
def _between(results: Results) -> pd.DataFrame:
    return dataset_correlations(_models(results))


@functools.lru_cache(maxsize=1)
def _success(results: Results) -> pd.DataFrame:
    return success(_models(results), results.published["transfer_success"])


INTRODUCTION = """\
# Locatello et al. 2019, key result 4: is there a recipe?

The paper finds no method that dominates, no strength that is always right, no unsupervised score that tells a good
model from a bad one, and settings that transfer to other data sets and scores little better than by chance."""
SIGN_UNKNOWN = ("Reconstruction", "ELBO")
"""Published with equal signs, which an error and a gain cannot have."""
WINNERS = (
    "The setting with the highest mean over seeds, which favours it by chance; in brackets its 95 % interval "
    "(Student's t of logits)."
)
UNSUPERVISED_TEXT = """\
Spearman's correlation × 100 over the models of a dataset; unrelated scores have 0. Ours: *Reconstruction* is an error
and *ELBO* = −reconstruction − KL, so that they have opposite signs where the KL is small. The paper's rows of the two
have the same sign: one of them is the other way round there, it does not say which. Its columns A to F are read as
BetaVAE, FactorVAE, MIG, DCI, Modularity and SAP."""
TRANSFER = (
    "Spearman's correlation × 100 over settings of scores averaged over seeds, which few seeds bring nearer to 0."
)
TRIAL = """\
Draw a dataset, a score and a seed, and pick the setting of its best model. On a target and another seed, does the model
of that setting match or beat that of a random setting, the picked one included, of the same seed? Ties are successes,
as in the paper, whose reading of the rival is not known; *exact* goes through all trials, of which the draws are a
sample. *Chance* is a random setting in place of the picked one: above 50 % where scores tie."""
