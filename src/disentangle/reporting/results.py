"""The results of some cells as data: what every report starts from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from disentangle.cells import Cell, format_lam
from disentangle.reporting.diagnosis import diagnose, information

COLUMNS = ["dataset", "method", "lam", "seed", "input", "task", "value", "published", "status"]


class Run(Protocol):
    """One training, ours or the paper's, with what is known of it: NaN or None where that is nothing."""

    @property
    def history(self) -> pd.DataFrame | None:
        """The loss's terms over the steps."""

    def accuracy(self, key: str, task: str) -> float:
        """Return the accuracy in percent of a classifier on an input."""

    def chance(self, task: str) -> float:
        """Return the accuracy in percent of always saying the commonest class."""

    def gap_error(self, task: str, code: str = "z") -> float:
        """Return the standard error of C(z0) - C(z1) in percentage points, over which test images were drawn."""

    def similarity(self, name: str, code: str = "z") -> float:
        """Return ``cka`` or ``procrustes`` of the halves."""


def gap(run: Run, task: str, code: str = "z") -> float:
    """Return |C(z0) - C(z1)| in percentage points, or the same of another code."""
    return abs(_difference(run, task, code))


def diagonal(run: Run, tasks: Sequence[str], code: str = "z") -> bool:
    """Say whether the half that is better differs by task, whichever half it is (a tie is none)."""
    first, second = (_difference(run, task, code) for task in tasks)
    return first * second < 0


def diagnosis(run: Run, tasks: Sequence[str], code: str = "z") -> str:
    """Return the degenerate solution that a code ended in: a key of ``diagnosis.MEANING``."""
    whole, *halves = (
        {task: information(run.accuracy(key, task), run.chance(task)) for task in tasks}
        for key in (code, f"{code}0", f"{code}1")
    )
    if any(math.isnan(value) for value in whole.values()):
        return "diverged"
    return diagnose(whole, halves, run.similarity("procrustes", code))


def _difference(run: Run, task: str, code: str) -> float:
    return run.accuracy(f"{code}0", task) - run.accuracy(f"{code}1", task)


@dataclass(frozen=True)
class CellResult:
    """One cell with the content of its run.json, timing.json, probe.json, metrics.json and history.csv."""

    cell: Cell
    run: dict[str, Any]
    timing: dict[str, Any]
    probe: dict[str, Any]
    metrics: dict[str, Any]
    history: pd.DataFrame

    def accuracy(self, key: str, task: str, probe: str = "logistic") -> float:
        """Return a probe's accuracy in percent, NaN where the run diverged."""
        value = self.probe["accuracy"][probe].get(key, {}).get(task)
        return math.nan if value is None else float(value)

    def gap_error(self, task: str, code: str = "z", probe: str = "logistic") -> float:
        """Return the standard error of C(z0) - C(z1) in percentage points, over which test images were drawn."""
        value = self.probe["gap_error"][probe].get(code, {}).get(task)
        return math.nan if value is None else float(value)

    def has(self, code: str, probe: str = "logistic") -> bool:
        """Say whether the method has this code at all: one without projection heads has no z."""
        return code in self.probe["accuracy"][probe]

    def similarity(self, name: str, code: str = "z") -> float:
        """Return ``cka`` or ``procrustes`` of the code's halves, NaN where the run diverged."""
        scores = self.metrics["scores"].get(code, {}).get("half_similarity")
        return float(scores[name]) if scores else math.nan

    def chance(self, task: str) -> float:
        """Return the accuracy in percent of always saying the commonest class."""
        return float(self.probe["chance"][task])

    def diagnosis(self, code: str) -> str:
        """Return the diagnosis of ``z`` or ``r``, ``absent`` for a code that the method does not have."""
        return diagnosis(self, tuple(self.probe["chance"]), code) if self.has(code) else "absent"


@dataclass(frozen=True)
class Results:
    """All a report reads: its cells in order, the manifests of their datasets, the paper's own numbers."""

    scale: str
    cells: tuple[CellResult, ...]
    manifests: dict[str, dict[str, Any]]
    published: pd.DataFrame
    statistics: pd.DataFrame
    revision: str
    """Git revision of the code that renders."""

    def settings(self) -> dict[tuple[str, float], list[CellResult]]:
        """Return the cells by (entry under ``methods``, lam), in the order of the report."""
        grouped: dict[tuple[str, float], list[CellResult]] = {}
        for result in self.cells:
            grouped.setdefault((result.cell.method, result.cell.lam), []).append(result)
        return grouped

    def published_beside(self, result: CellResult, key: str, task: str) -> float | None:
        """Return the paper's number beside a cell's, None where the paper has none or ours is another reading."""
        if result.run["reading"]:
            return None
        return self.published_value(result.cell.dataset, result.run["method"]["name"], result.cell.lam, key, task)

    def published_value(self, dataset: str, method: str, lam: float, key: str, task: str) -> float | None:
        """Return the paper's number, of its first run where it has several, or None where the paper has none.

        A published row without a lam stands beside every one: the method has none, or (Table 5) it is not stated.
        """
        table = self.published
        same = (table["dataset"] == dataset) & (table["method"] == method) & (table["lam"].fillna(lam) == lam)
        found = table.loc[same & (table["input"] == key) & (table["task"] == task), "accuracy_percent"]
        return float(found.iloc[0]) if len(found) else None

    def tidy(self, inputs: Sequence[str], tasks: Sequence[str]) -> pd.DataFrame:
        """Return one row a value; accuracies in percent, lam = 0 rows are the controls."""
        rows = [
            {
                "dataset": result.cell.dataset,
                "method": result.cell.method,
                "lam": format_lam(result.cell.lam),
                "seed": result.cell.seed,
                "input": key,
                "task": task,
                "value": round(result.accuracy(key, task), 4),
                "published": self.published_beside(result, key, task),
                "status": result.diagnosis(key[0]),
            }
            for result in self.cells
            for key in inputs
            for task in tasks
        ]
        return pd.DataFrame(rows, columns=COLUMNS)


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table, aligned as plain text too: its first column to the left, the others to the right."""
    lines = [[str(entry) for entry in line] for line in (header, *rows)]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(header))]
    lines.insert(1, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    aligned = (
        [line[0].ljust(widths[0]), *(entry.rjust(width) for entry, width in zip(line[1:], widths[1:], strict=True))]
        for line in lines
    )
    return "\n".join("| " + " | ".join(line) + " |" for line in aligned)
