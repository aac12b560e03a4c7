"""Burns 2021, Table 3: accuracy on DC-BC with the orthogonality and Hessian regularizers, and the controls it lacks."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from disentangle.cells import format_lam
from disentangle.results import CellResult, Results, markdown_table
from disentangle.setting import setting_text
from disentangle.statistics import Estimate, estimate

NEEDS = {
    "study": "burns",
    "dataset": "DC-BC",
    "table": 3,
    "methods": ["infomax", "infomax_one_head", "ortho", "p_ortho", "hessian"],
}
"""The cells this report reads: all entries of params.yaml that use one of these methods."""

TASKS = ("DC", "BC")
INPUTS = ("z", "z0", "z1")
GAP = "gap"
ROWS = {"z": "z", "z0": "z0", "z1": "z1", GAP: "\\|C(z0) − C(z1)\\|"}
TITLES = {
    "infomax": "Control without a regularizer, two heads",
    "infomax_one_head": "Control without a regularizer, one head",
    "ortho": "Orthogonality without P",
    "p_ortho": "Orthogonality with P",
    "hessian": "Hessian",
}

INTRODUCTION = """\
# Burns et al. 2021, Table 3

Accuracy in percent for digit (DC) and background (BC) classification on DC-BC, from a linear classifier on the
projection z or on a half of it, with orthogonality (with and without the permutation P) and Hessian regularization.
*Published* is the paper's single run. *Measured* is the mean over our seeds with its 95 % interval (Student's t), and
`=` where the published number lies inside that interval, `▲` where ours is above it, `▼` where ours is below it.
The λ = 0 columns are controls that the paper does not have: the same model without a regularizer."""


@dataclass(frozen=True)
class Report:
    """Renders the table, its tidy form, and the means that DVC compares."""

    def table(self, results: Results) -> pd.DataFrame:
        """Return the tidy table: one row a (cell, input, task)."""
        return results.tidy(INPUTS, TASKS)

    def summary(self, results: Results) -> dict[str, Any]:
        """Return mean accuracies and gaps by method, lam, input and task, and the counts of cells by outcome."""
        means: dict[str, Any] = {}
        for (method, lam), cells in results.settings().items():
            rows = {row: {task: round(_measured(cells, row, task).mean, 3) for task in TASKS} for row in (*INPUTS, GAP)}
            counts = {"diagonal": _diagonal(cells), "plateau": _count(cells, "plateau"), "cells": len(cells)}
            means.setdefault(method, {})[f"lam={format_lam(lam)}"] = rows | counts
        return means

    def render(self, results: Results) -> str:
        """Return the report in Markdown."""
        return "\n\n".join(
            [
                INTRODUCTION,
                "## Published and measured",
                self._comparison(results),
                "## Outcome of the cells",
                self._outcomes(results),
                "## Every cell",
                self._cells(results),
                setting_text(results),
            ]
        )

    def _comparison(self, results: Results) -> str:
        panels: dict[str, dict[tuple[str, float], list[CellResult]]] = {}
        for (method, lam), cells in results.settings().items():
            panels.setdefault(_title(method), {})[method, lam] = cells
        return "\n\n".join(f"### {title}\n\n{_panel(results, settings)}" for title, settings in panels.items())

    def _outcomes(self, results: Results) -> str:
        header = ["setting", "cells", "diagonal", "on a plateau", "diverged", "left the single-factor plateau at step"]
        rows = []
        for (method, lam), cells in results.settings().items():
            exits = [cell.run["plateau"]["left_single_factor"] for cell in cells]
            title = f"{_title(method)}, λ = {format_lam(lam)}"
            counts = [_diagonal(cells), _count(cells, "plateau"), _count(cells, "diverged")]
            steps = ", ".join("never" if step is None else str(step) for step in exits)
            rows.append([title, len(cells), *(f"{count} of {len(cells)}" for count in counts), steps])
        explanation = (
            "*Diagonal*: one half is better on DC and the other on BC, whichever half it is; halves that are alike are "
            "diagonal by chance in one of two cells. *On a plateau*: at the end InfoMax was not below what embeddings "
            "of one factor alone can reach."
        )
        return markdown_table(header, rows) + "\n\n" + explanation

    def _cells(self, results: Results) -> str:
        header = ["cell", "seed", *(f"{row} {task}" for row in INPUTS for task in TASKS), "diagonal", "status"]
        rows = [
            [
                f"{result.cell.method}, λ = {format_lam(result.cell.lam)}",
                result.cell.seed,
                *(f"{result.accuracy(row, task):.1f}" for row in INPUTS for task in TASKS),
                "yes" if result.diagonal(TASKS) else "no",
                result.run["status"],
            ]
            for result in results.cells
        ]
        return markdown_table(header, rows)


def _panel(results: Results, settings: dict[tuple[str, float], list[CellResult]]) -> str:
    """Return one method's part of the table: rows as in the paper, each published and measured."""
    header = ["input", *(f"λ = {format_lam(lam)}: {task}" for _, lam in settings for task in TASKS)]
    rows = []
    for row, title in ROWS.items():
        published, measured = [f"{title} published"], [f"{title} measured"]
        for (method, lam), cells in settings.items():
            for task in TASKS:
                value, ours = _published(results, method, lam, row, task), _measured(cells, row, task)
                published.append("–" if value is None else f"{value:.1f}")
                measured.append(str(ours) if value is None else f"{ours} {ours.verdict(value)}".rstrip())
        rows += [published, measured] if any(entry != "–" for entry in published[1:]) else [measured]
    return markdown_table(header, rows)


def _title(method: str) -> str:
    return TITLES.get(method, method)


def _published(results: Results, method: str, lam: float, row: str, task: str) -> float | None:
    halves = [results.published_value("DC-BC", method, lam, key, task) for key in ("z0", "z1")]
    if row != GAP:
        return results.published_value("DC-BC", method, lam, row, task)
    return None if None in halves else abs(halves[0] - halves[1])  # type: ignore[operator]


def _measured(cells: list[CellResult], row: str, task: str) -> Estimate:
    return estimate([cell.gap(task) if row == GAP else cell.accuracy(row, task) for cell in cells])


def _diagonal(cells: list[CellResult]) -> int:
    return sum(cell.diagonal(TASKS) for cell in cells)


def _count(cells: list[CellResult], status: str) -> int:
    return sum(cell.run["status"] == status for cell in cells)
