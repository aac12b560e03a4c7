"""Valenti & Bacciu 2022, Table 2: disentanglement scores of decoded values, of codes, and of perfect values."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from disentangle.reporting.layout import measured, nested, number, quoted
from disentangle.reporting.statistics import SHARE
from disentangle.reporting.tables import markdown_table
from disentangle.studies.modular.analysis.layout import page, seeds
from disentangle.studies.modular.analysis.results import (
    SCORES,
    EditResults,
    cells_of,
    numbers,
    printed_score,
    title_of,
    values,
)

NEEDS = {"place": 2}
"""The cells this report reads: all of the study."""
LUCK = 0.005
"""Above the ceiling, what a draw or rounding may add."""


@dataclass(frozen=True)
class Report:
    """DCI, MIG and SAP of every entry, published beside ours, with the ceiling and chance below."""

    def table(self, results: EditResults) -> pd.DataFrame:
        """Return one row a cell, code and metric."""
        keys = ["dataset", "entry", "lam", "seed"]
        scores = [f"{code}_{metric}" for code in ("values", "raw", "perfect", "shuffled") for metric in SCORES]
        found = numbers(results).melt(keys, scores, "score", "value")
        found[["code", "metric"]] = found["score"].str.split("_", expand=True)
        return found[[*keys, "code", "metric", "value"]]

    def summary(self, results: EditResults) -> dict[str, Any]:
        """Return the means of decoded values by dataset and entry, metric by metric."""
        own = numbers(results).groupby(["dataset", "entry"], sort=False)
        return {metric: nested(own[f"values_{metric}"].mean()) for metric in SCORES}

    def render(self, results: EditResults) -> str:
        """Return the report in Markdown."""
        sections = ["## Scores", READ]
        for dataset in results.datasets():
            sections += [f"### {results.title(dataset)}", _scores(results, dataset)]
        flags = [row for family, variants in results.families().items() for row in _flags(results, family, variants)]
        header = ["published", "metric", "score", "highest ceiling here", "it"]
        told = markdown_table(header, flags) if flags else "No dataset of the paper's, so no ceiling to compare with."
        return page(results, INTRODUCTION, [*sections, "## Published scores against the ceiling", CEILING, told])


def _scores(results: EditResults, dataset: str) -> str:
    rows = []
    for entry in results.entries(dataset):
        ours = {
            code: [measured(values(results, dataset, entry, f"{code}_{metric}").to_list(), SHARE) for metric in SCORES]
            for code in ("values", "raw")
        }
        printed = [quoted(printed_score(results, results.variant(dataset), entry, metric)) for metric in SCORES]
        beside = [f"{theirs} / {own}" for theirs, own in zip(printed, ours["values"], strict=True)]
        rows.append([title_of(entry), *beside, *ours["raw"], seeds(results, dataset, entry)])
    for title, code in (("perfect values", "perfect"), ("chance: values of other images", "shuffled")):
        scores = (measured(_all(results, dataset, f"{code}_{metric}"), SHARE) for metric in SCORES)
        rows.append([title, *scores, *[""] * len(SCORES), ""])
    names = [metric.upper() for metric in SCORES]
    return markdown_table(["published / ours", *names, *(f"{name}, raw" for name in names), "seeds"], rows)


def ceiling(results: EditResults, variants: dict[str, str], metric: str) -> tuple[float, str]:
    """Return the highest score that values can have over the variants of a data set, and of which it is.

    That is the score of perfect values; of SAP, whose classifiers see where on a line values are placed, it is the mean
    over factors of 1 - 1 / V, which no placing exceeds.
    """
    if metric == "sap":
        known = {
            variant: float(np.mean([1 - 1 / size for size in results.told(dataset).values()]))
            for variant, dataset in variants.items()
        }
    else:
        means = {variant: _all(results, dataset, f"perfect_{metric}") for variant, dataset in variants.items()}
        known = {variant: sum(found) / len(found) for variant, found in means.items() if found}
    best = max(known, key=lambda variant: known[variant], default="")
    return known.get(best, math.nan), best


def flags(results: EditResults, family: str, variants: dict[str, str]) -> list[dict[Any, Any]]:
    """Return every published score of a data set with the ceiling, whether it is above, and what is noted of it."""
    own = results.published["scores"].fillna({"note": ""})
    found = []
    for row in own[own["dataset"] == family].to_dict("records"):
        highest, of = ceiling(results, variants, row["metric"].lower())
        found.append({**row, "ceiling": highest, "of": of, "above": bool(row["score"] > highest + LUCK)})
    return found


def _flags(results: EditResults, family: str, variants: dict[str, str]) -> Iterator[list[str]]:
    for row in flags(results, family, variants):
        told = [
            f"is above the ceiling, {row['of']}'s" if row["above"] else "",
            "may stand in the other's column" if "swapped" in row["note"] else "",
        ]
        title = f"{family}, {row['title']}"
        said = "; ".join(filter(None, told)) or "–"
        yield [title, row["metric"], quoted(row["score"]), number(row["ceiling"]), said]


def _all(results: EditResults, dataset: str, column: str) -> list[float]:
    """Return what all cells of a dataset have of a number, the mean of them by seed."""
    return [float(value) for value in cells_of(results, dataset).groupby("seed")[column].mean().dropna()]


INTRODUCTION = """\
# Valenti & Bacciu 2022, Table 2: disentanglement scores

The paper turns codes into the factor values that they stand for, and scores these. It says neither of which variant of
a data set Table 2 is, nor by which implementation; other papers' methods in it were scored on their codes, with other
factors. Published numbers stand beside every variant of their data set."""
READ = """\
Published / ours of decoded values, then ours of the codes as they are (*raw*). *DCI* is its disentanglement. *Perfect
values* are the true ones, 0, 1, 2, ..., as a code. *Chance* are decoded values of other images. All cells are scored on
the same draws of test images, so that what perfect values score has no interval. Means over seeds with their 95 %
intervals. A diverged cell has no score, and a classifier of the labelled images has logits for a code."""
CEILING = """\
A published score above what values can have, on whichever variant that is the highest, was not measured as here. For
DCI and MIG that is what perfect values score; for SAP, whose classifiers depend on where on a line values are placed,
it is the mean of 1 - 1 / V over factors of V values, which no placing exceeds. Gabbay's MIG and SAP may have changed
columns: a SAP of 1 exceeds that bound, and a MIG of 1 is what a perfect code has."""
