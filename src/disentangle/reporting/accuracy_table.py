"""A Burns table: accuracies of a linear classifier on a code and its halves, published beside measured."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from disentangle.cells import format_lam
from disentangle.reporting.results import CellResult, Results, markdown_table
from disentangle.reporting.setting import setting_text
from disentangle.reporting.statistics import Estimate, estimate

GAP = "gap"
MEASURED = """\
*Measured* is the mean over our seeds ± the half width of its 95 % confidence interval (Student's t); seeds are of the
training, the data are drawn once. Runs that diverged have no accuracy; where some did, n tells how many remain."""
PUBLISHED = """\
*Published* is the paper's single run. Behind ours, `=` says that the published run could be one of them (95 %
prediction interval), `▲` that ours are above it, `▼` that ours are below it."""
HALVES = """\
Which half becomes z0 is arbitrary in our runs; in the paper's, z0 is the better one on DC in every run: between single
halves only the gaps compare without a caveat."""
OUTCOMES = """\
*Diagonal*: one half is better on one task and the other on the other, whichever half it is; of halves that are alike,
one cell in two is diagonal by chance. *On a plateau*: at the end InfoMax was not below what embeddings of one factor
alone can reach. Halves that carry one factor each, as the paper wants them, look the same to the loss; their accuracies
tell the two apart."""


@dataclass(frozen=True)
class AccuracyTable:
    """The cells of a report as a table of one code (``z`` or ``r``), its halves, and the gap between them."""

    results: Results
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
            counts["cells"] = len(cells)
            if self._has_code(cells):
                counts["diagonal"] = self._diagonal(cells)
            means.setdefault(method, {})[f"lam={format_lam(lam)}"] = rows | counts
        return means

    def comparison(self) -> str:
        """Return the paper's table, a column a setting: each row published and measured, each for both tasks."""
        settings = self.results.settings()
        header = ["input, task", *(self._title(method, lam) for method, lam in settings)]
        rows = []
        for row, title in self._rows().items():
            for task in self.tasks:
                published, measured = [f"{title} {task} published"], [f"{title} {task} measured"]
                for cells in settings.values():
                    value, ours = self.published(cells[0], row, task), self.measured(cells, row, task)
                    published.append("–" if value is None else f"{value:.1f}")
                    measured.append(_entry(ours, len(cells), value))
                rows += [published, measured] if any(entry != "–" for entry in published[1:]) else [measured]
        return markdown_table(header, rows)

    def outcomes(self) -> str:
        """Return the counts of cells that are diagonal, stuck or diverged, by setting."""
        counted = [f"diagonal in {self.code}", "on a plateau", "diverged"]
        header = ["setting", "cells", *counted, "left the single-factor plateau at step"]
        rows = []
        for (method, lam), cells in self.results.settings().items():
            counts = [
                f"{self._diagonal(cells)} of {len(cells)}" if self._has_code(cells) else "–",
                *(f"{_count(cells, status)} of {len(cells)}" for status in ("plateau", "diverged")),
            ]
            exits = [cell.run["plateau"]["left_single_factor"] for cell in cells]
            steps = ", ".join("never" if step is None else str(step) for step in exits)
            rows.append([self._title(method, lam), len(cells), *counts, steps])
        return markdown_table(header, rows)

    def every_cell(self) -> str:
        """Return each cell's accuracies, whether it is diagonal, and how it ended."""
        places = [(key, task) for key in self.inputs for task in self.tasks]
        header = ["cell", "seed", *(f"{key} {task}" for key, task in places), "diagonal", "status"]
        rows = [
            [
                f"{result.cell.method}, λ = {format_lam(result.cell.lam)}",
                result.cell.seed,
                *("–" if math.isnan(a := result.accuracy(key, task)) else f"{a:.1f}" for key, task in places),
                ("yes" if result.diagonal(self.tasks, self.code) else "no") if result.has(self.code) else "–",
                result.run["status"],
            ]
            for result in self.results.cells
        ]
        return markdown_table(header, rows)

    def published(self, result: CellResult, row: str, task: str) -> float | None:
        """Return the paper's number of a row, its gap computed from its halves; None where the paper has none."""
        if row != GAP:
            return self.results.published_beside(result, row, task)
        halves = [self.results.published_beside(result, key, task) for key in self.inputs[1:]]
        return None if halves[0] is None or halves[1] is None else abs(halves[0] - halves[1])

    def measured(self, cells: list[CellResult], row: str, task: str) -> Estimate:
        """Return our mean of a row over the seeds; the gap is taken in each cell first."""
        return estimate([c.gap(task, self.code) if row == GAP else c.accuracy(row, task) for c in cells])

    def _rows(self) -> dict[str, str]:
        return {key: key for key in self.inputs} | {GAP: f"\\|C({self.inputs[1]}) − C({self.inputs[2]})\\|"}

    def _title(self, method: str, lam: float) -> str:
        """Return a setting's name, in which options stand that are not the method's defaults."""
        run = self.results.settings()[method, lam][0].run
        name = run["method"]["name"]
        reading = "".join(f", {option} {value}" for option, value in run["reading"].items())
        return f"{self.titles.get(name, name)}{reading}, λ = {format_lam(lam)}"

    def _has_code(self, cells: list[CellResult]) -> bool:
        return any(cell.has(self.code) for cell in cells)

    def _diagonal(self, cells: list[CellResult]) -> int:
        return sum(cell.diagonal(self.tasks, self.code) for cell in cells)


def _entry(ours: Estimate, cells: int, published: float | None) -> str:
    """Return a measured value with its verdict, and with n where some cells have no value."""
    verdict = "" if published is None else ours.verdict(published)
    count = f"(n = {ours.n})" if 0 < ours.n < cells else ""
    return " ".join(filter(None, [str(ours), count, verdict]))


def _count(cells: list[CellResult], status: str) -> int:
    return sum(cell.run["status"] == status for cell in cells)


@dataclass(frozen=True)
class AccuracyReport:
    """A report that is one or more accuracy tables; reports/<name>.py says of which cells and codes."""

    introduction: ClassVar[str]
    tasks: ClassVar[tuple[str, str]]
    codes: ClassVar[tuple[str, ...]]
    titles: ClassVar[Mapping[str, str]]
    legend: ClassVar[tuple[str, ...]]

    def table(self, results: Results) -> pd.DataFrame:
        """Return the tidy table: one row a (cell, input, task)."""
        return pd.concat([table.tidy() for table in self._tables(results)], ignore_index=True)

    def summary(self, results: Results) -> dict[str, Any]:
        """Return mean accuracies and gaps by code, and the counts of cells by outcome."""
        return {table.code: table.summary() for table in self._tables(results)}

    def render(self, results: Results) -> str:
        """Return the report in Markdown."""
        sections = [self.introduction, "\n".join(self.legend)]
        for title, part, legend in (
            ("Accuracy", AccuracyTable.comparison, []),
            ("Outcome of the cells", AccuracyTable.outcomes, [OUTCOMES]),
            ("Every cell", AccuracyTable.every_cell, []),
        ):
            sections += [f"## {title}", *(part(table) for table in self._tables(results)), *legend]
        return "\n\n".join([*sections, setting_text(results)])

    def _tables(self, results: Results) -> list[AccuracyTable]:
        return [AccuracyTable(results, self.tasks, code, self.titles) for code in self.codes]
