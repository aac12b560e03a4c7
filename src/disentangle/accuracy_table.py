"""A Burns table: accuracies of a linear classifier on a code and its halves, published beside measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from disentangle.cells import format_lam
from disentangle.results import CellResult, Results, markdown_table
from disentangle.statistics import Estimate, estimate

GAP = "gap"
LEGEND = """\
*Published* is the paper's single run. *Measured* is the mean over our seeds with its 95 % interval (Student's t), and
`=` where the published number lies inside that interval, `▲` where ours is above it, `▼` where ours is below it."""

OUTCOMES = """\
*Diagonal*: one half is better on one task and the other on the other, whichever half it is; of halves that are alike,
one cell in two is diagonal by chance. *On a plateau*: at the end InfoMax was not below what embeddings of one factor
alone can reach."""


@dataclass(frozen=True)
class AccuracyTable:
    """The cells of a report as a table of one code (``z`` or ``r``), its halves, and the gap between them."""

    results: Results
    dataset: str
    tasks: tuple[str, str]
    code: str
    titles: Mapping[str, str]

    @property
    def inputs(self) -> tuple[str, str, str]:
        """The code and its halves, as a probe names them."""
        return self.code, f"{self.code}0", f"{self.code}1"

    def tidy(self) -> pd.DataFrame:
        """Return one row a (cell, input, task)."""
        return self.results.tidy(self.inputs, self.tasks)

    def summary(self) -> dict[str, Any]:
        """Return mean accuracies and gaps by method, lam, input and task, and the counts of cells by outcome."""
        means: dict[str, Any] = {}
        for (method, lam), cells in self.results.settings().items():
            estimates = {row: {task: self.measured(cells, row, task) for task in self.tasks} for row in self._rows()}
            rows = {
                row: {task: round(found.mean, 3) for task, found in by_task.items() if found.n}
                for row, by_task in estimates.items()
            }
            counts = {status: _count(cells, status) for status in ("plateau", "diverged")}
            counts |= {"cells": len(cells), "diagonal": self._diagonal(cells)}
            means.setdefault(method, {})[f"lam={format_lam(lam)}"] = rows | counts
        return means

    def comparison(self) -> str:
        """Return one table a method: rows as in the paper, each published and measured."""
        panels: dict[str, dict[tuple[str, float], list[CellResult]]] = {}
        for (method, lam), cells in self.results.settings().items():
            panels.setdefault(self._title(method), {})[method, lam] = cells
        return "\n\n".join(f"### {title}\n\n{self._panel(settings)}" for title, settings in panels.items())

    def outcomes(self) -> str:
        """Return the counts of cells that are diagonal, stuck or diverged, by setting."""
        header = ["setting", "cells", "diagonal", "on a plateau", "diverged", "left the single-factor plateau at step"]
        rows = []
        for (method, lam), cells in self.results.settings().items():
            counts = [self._diagonal(cells), _count(cells, "plateau"), _count(cells, "diverged")]
            exits = [cell.run["plateau"]["left_single_factor"] for cell in cells]
            steps = ", ".join("never" if step is None else str(step) for step in exits)
            title = f"{self._title(method)}, λ = {format_lam(lam)}"
            rows.append([title, len(cells), *(f"{count} of {len(cells)}" for count in counts), steps])
        return f"{markdown_table(header, rows)}\n\n{OUTCOMES}"

    def every_cell(self) -> str:
        """Return each cell's accuracies, whether it is diagonal, and how it ended."""
        places = [(key, task) for key in self.inputs for task in self.tasks]
        header = ["cell", "seed", *(f"{key} {task}" for key, task in places), "diagonal", "status"]
        rows = [
            [
                f"{result.cell.method}, λ = {format_lam(result.cell.lam)}",
                result.cell.seed,
                *(f"{result.accuracy(key, task):.1f}" for key, task in places),
                "yes" if result.diagonal(self.tasks, self.code) else "no",
                result.run["status"],
            ]
            for result in self.results.cells
        ]
        return markdown_table(header, rows)

    def published(self, method: str, lam: float, row: str, task: str) -> float | None:
        """Return the paper's number of a row, its gap computed from its halves; None where the paper has none."""
        if row != GAP:
            return self.results.published_value(self.dataset, method, lam, row, task)
        halves = [self.results.published_value(self.dataset, method, lam, key, task) for key in self.inputs[1:]]
        return None if halves[0] is None or halves[1] is None else abs(halves[0] - halves[1])

    def measured(self, cells: list[CellResult], row: str, task: str) -> Estimate:
        """Return our mean of a row over the seeds; the gap is taken in each cell first."""
        return estimate([c.gap(task, self.code) if row == GAP else c.accuracy(row, task) for c in cells])

    def _rows(self) -> dict[str, str]:
        return {key: key for key in self.inputs} | {GAP: f"\\|C({self.inputs[1]}) − C({self.inputs[2]})\\|"}

    def _title(self, method: str) -> str:
        return self.titles.get(method, method)

    def _panel(self, settings: Mapping[tuple[str, float], list[CellResult]]) -> str:
        header = ["input", *(f"λ = {format_lam(lam)}: {task}" for _, lam in settings for task in self.tasks)]
        rows = []
        for row, title in self._rows().items():
            published, measured = [f"{title} published"], [f"{title} measured"]
            for (method, lam), cells in settings.items():
                for task in self.tasks:
                    value, ours = self.published(method, lam, row, task), self.measured(cells, row, task)
                    published.append("–" if value is None else f"{value:.1f}")
                    measured.append(str(ours) if value is None else f"{ours} {ours.verdict(value)}".rstrip())
            rows += [published, measured] if any(entry != "–" for entry in published[1:]) else [measured]
        return markdown_table(header, rows)

    def _diagonal(self, cells: list[CellResult]) -> int:
        return sum(cell.diagonal(self.tasks, self.code) for cell in cells)


def _count(cells: list[CellResult], status: str) -> int:
    return sum(cell.run["status"] == status for cell in cells)
