"""The results of some cells as data: what every report starts from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from disentangle.cells import Cell, format_lam

COLUMNS = ["dataset", "method", "lam", "seed", "input", "task", "value", "published", "status"]


@dataclass(frozen=True)
class CellResult:
    """One cell with the content of its run.json, timing.json, probe.json."""

    cell: Cell
    run: dict[str, Any]
    timing: dict[str, Any]
    probe: dict[str, Any]

    def accuracy(self, key: str, task: str, probe: str = "logistic") -> float:
        """Return a probe's accuracy in percent, NaN where the run diverged."""
        value = self.probe["accuracy"][probe].get(key, {}).get(task)
        return math.nan if value is None else float(value)

    def has(self, code: str, probe: str = "logistic") -> bool:
        """Say whether the method has this code at all: one without projection heads has no z."""
        return code in self.probe["accuracy"][probe]

    def gap(self, task: str, code: str = "z") -> float:
        """Return |C(z0) - C(z1)| in percentage points, or the same of another code."""
        return abs(self._difference(task, code))

    def diagonal(self, tasks: Sequence[str], code: str = "z") -> bool:
        """Say whether the half that is better differs by task, whichever half it is (a tie is none)."""
        first, second = (self._difference(task, code) for task in tasks)
        return first * second < 0

    def _difference(self, task: str, code: str) -> float:
        return self.accuracy(f"{code}0", task) - self.accuracy(f"{code}1", task)


@dataclass(frozen=True)
class Results:
    """All a report reads: its cells in order, the manifests of their datasets, the paper's own numbers."""

    scale: str
    cells: tuple[CellResult, ...]
    manifests: dict[str, dict[str, Any]]
    published: pd.DataFrame
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
        """Return the paper's number, or None where the paper has none."""
        table = self.published
        same = (table["dataset"] == dataset) & (table["method"] == method) & (table["lam"].fillna(0.0) == lam)
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
                "status": result.run["status"],
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
