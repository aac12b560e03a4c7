"""Burns 2021, Table 3: accuracy on DC-BC with the orthogonality and Hessian regularizers, and the controls it lacks."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from disentangle.accuracy_table import LEGEND, AccuracyTable
from disentangle.results import Results
from disentangle.setting import setting_text

NEEDS = {
    "study": "burns",
    "dataset": "DC-BC",
    "table": 3,
    "methods": ["infomax", "infomax_one_head", "ortho", "p_ortho", "hessian"],
}
"""The cells this report reads: all entries of params.yaml that use one of these methods."""

TITLES = {
    "infomax": "Control without a regularizer, two heads",
    "infomax_one_head": "Control without a regularizer, one head",
    "ortho": "Orthogonality without P",
    "p_ortho": "Orthogonality with P",
    "hessian": "Hessian",
}

INTRODUCTION = f"""\
# Burns et al. 2021, Table 3

Accuracy in percent for digit (DC) and background (BC) classification on DC-BC, from a linear classifier on the
projection z or on a half of it, with orthogonality (with and without the permutation P) and Hessian regularization.
{LEGEND}
The λ = 0 columns are controls that the paper does not have: the same model without a regularizer."""


@dataclass(frozen=True)
class Report:
    """Renders the table, its tidy form, and the means that DVC compares."""

    def table(self, results: Results) -> pd.DataFrame:
        """Return the tidy table: one row a (cell, input, task)."""
        return _table(results).tidy()

    def summary(self, results: Results) -> dict[str, Any]:
        """Return mean accuracies and gaps, and the counts of cells by outcome."""
        return _table(results).summary()

    def render(self, results: Results) -> str:
        """Return the report in Markdown."""
        table = _table(results)
        parts = {
            "Published and measured": table.comparison(),
            "Outcome of the cells": table.outcomes(),
            "Every cell": table.every_cell(),
        }
        sections = [f"## {title}\n\n{text}" for title, text in parts.items()]
        return "\n\n".join([INTRODUCTION, *sections, setting_text(results)])


def _table(results: Results) -> AccuracyTable:
    return AccuracyTable(results, "DC-BC", ("DC", "BC"), "z", TITLES)
