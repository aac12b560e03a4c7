"""Valenti & Bacciu 2022, Table 1: how accurate relations are on codes drawn from the prior, a row a variant."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from disentangle.reporting.layout import measured, nested, quoted
from disentangle.reporting.statistics import SHARE
from disentangle.reporting.tables import markdown_table
from disentangle.studies.modular.analysis.layout import NONE, constant, labels, page, seeds
from disentangle.studies.modular.analysis.results import (
    EditResults,
    numbers,
    printed_accuracy,
    title_of,
    values,
)

NEEDS = {"methods": ["modular", "weak"]}
"""The cells this report reads: those of methods with a prior that is drawn from."""
PRINTED = ("weak", "modular")
"""The entries that the paper's table is of."""
COLUMNS = ("prior_changed", "prior_all")


@dataclass(frozen=True)
class Report:
    """Both forms of the accuracy, of every entry with a prior, beside the paper's."""

    def table(self, results: EditResults) -> pd.DataFrame:
        """Return one row a cell: labels, accuracies of the changed factor and of all, chance, and what stays."""
        own = numbers(results)
        kept = [*COLUMNS, "prior_chance_changed", "prior_chance_all", "prior_still_changed"]
        return own[["dataset", "entry", "lam", "seed", "labels", "published", *kept]]

    def summary(self, results: EditResults) -> dict[str, Any]:
        """Return the mean published form by dataset and entry."""
        return nested(numbers(results).groupby(["dataset", "entry"], sort=False)["published"].mean())

    def render(self, results: EditResults) -> str:
        """Return the report in Markdown."""
        header = ["published / ours", "combinations"]
        for entry in PRINTED:
            header += [f"{title_of(entry)}: labels", "changed factor", "all factors"]
        rows = [_variant(results, dataset) for dataset in results.datasets()]
        sections = ["## By variant", READ, markdown_table(header, rows)]
        for dataset in results.datasets():
            of = f", {results.variant(dataset)} of the paper" if results.variant(dataset) else ""
            sections += [f"## {results.title(dataset)}{of}", _entries(results, dataset)]
        return page(results, INTRODUCTION, sections)


def _variant(results: EditResults, dataset: str) -> list[str]:
    """Return a row of the paper's table: its own number stands in the column of the form that it is of."""
    row = [results.variant(dataset) or dataset, f"{math.prod(results.told(dataset).values()):,}"]
    if results.variant(dataset) and results.families()[row[0].split(".")[0]][row[0]] != dataset:
        row[0] = f"{row[0]}, as {dataset}"
    for entry in PRINTED:
        accuracy, printed_labels = printed_accuracy(results, results.variant(dataset), entry)
        row.append(f"{_count(printed_labels)} / {labels(results, dataset, entry) or '–'}")
        for column in COLUMNS:
            ours = measured(values(results, dataset, entry, column).to_list(), SHARE)
            form = "prior_all" if entry == "weak" else "prior_changed"
            row.append(f"{quoted(accuracy)} / {ours}" if column == form else ours)
    return row


def _entries(results: EditResults, dataset: str) -> str:
    """Return a row an entry: published and our accuracies, and what chance and doing nothing give."""
    rows = []
    for entry in results.entries(dataset):
        ours = [measured(values(results, dataset, entry, column).to_list(), SHARE) for column in COLUMNS]
        printed = quoted(printed_accuracy(results, results.variant(dataset), entry)[0])
        row = [title_of(entry), labels(results, dataset, entry), printed, *ours, "0", seeds(results, dataset, entry)]
        rows.append(row)
    if not rows:
        return NONE
    by_chance = [constant(results, dataset, f"prior_chance_{what}") for what in ("changed", "all")]
    still = constant(results, dataset, "prior_still_changed")
    rows.append(["chance", "", "", *by_chance, "", ""])
    rows.append(["an edit that does nothing", "", "", still, still, "", ""])
    header = ["ours", "labels", "published", "changed factor", "all factors", "rejected", "seeds"]
    return markdown_table(header, rows)


def _count(labels: float) -> str:
    return "–" if math.isnan(labels) else f"{labels:,.0f}"


INTRODUCTION = """\
# Valenti & Bacciu 2022, Table 1: relation accuracy

A code is drawn from the prior, a relation is applied to it by the learner, and the component of the prior that is the
densest at the result is its answer. No image is involved, nor the encoder: what becomes of images is the report
*The published measure, put to the test*."""
READ = """\
Shares of edits, 0 to 1: of which the *changed factor* has the value wanted, and of which *all factors* have. The paper
prints one number. In the authors' repository, which is of the predecessor, an edit is right if its whole combination
is, as a component is one of all factors; in the form of partitions, if the partition changed is. A published number
stands beside the form that it is of, and ours of both forms are there for both. Ours are means over seeds with their 95
% intervals. The paper rejects codes of a low density by a threshold that it does not tell; here none is rejected. Its
numbers of M-AE stand beside ours with the labels at work and, below, *as written*: the text alone, which leaves open
what ties a partition to its factor. Priors and what the learner is trained on are fixed at the end of the warm-up, so
that entries which differ afterwards alone have the same numbers here."""
