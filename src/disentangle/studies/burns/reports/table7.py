"""Burns 2021, Table 7: the degenerate solutions of orthogonality without P on DC-DL, and how often we find them."""

import math
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from disentangle.reporting.layout import measured
from disentangle.reporting.statistics import PERCENT
from disentangle.reporting.tables import markdown_table
from disentangle.studies.burns.analysis.accuracy_table import DIAGNOSES, DIAGONAL, TITLES, AccuracyTable
from disentangle.studies.burns.analysis.results import BurnsResults
from disentangle.studies.burns.analysis.setting import setting_text

NEEDS = {"dataset": "DC-DL", "tables": [7], "methods": ["ortho"], "lam": [0.1]}
"""The cells this report reads: all entries of params.yaml that use this method, at this strength."""
TASKS = ("DC", "DL")
COLUMNS = {"random": ("Random", "collapse"), "task_difficulty": ("Task Difficulty", "dominance")}
"""The paper's columns with their titles, and the diagnosis that each illustrates."""


@dataclass(frozen=True)
class Report:
    """Table 7, with the mean of our cells of the same diagnosis beside each column."""

    def table(self, results: BurnsResults) -> pd.DataFrame:
        """Return one row a value; the published column is that of a cell's diagnosis."""
        tidy = self._cells(results).tidy()
        published = _published(results)
        column = {diagnosis: run for run, (_, diagnosis) in COLUMNS.items()}
        places = zip(tidy["status"], tidy["input"], tidy["task"], strict=True)
        beside = [published.get((column.get(status, ""), key, task), math.nan) for status, key, task in places]
        return tidy.assign(published=beside)

    def summary(self, results: BurnsResults) -> dict[str, Any]:
        """Return mean accuracies and gaps, and the counts of cells by diagnosis."""
        return {"z": self._cells(results).summary()}

    def render(self, results: BurnsResults) -> str:
        """Return the report in Markdown."""
        cells = self._cells(results)
        return "\n\n".join(
            [
                INTRODUCTION,
                "## Accuracy",
                self.comparison(results),
                "## Outcome of the cells",
                cells.outcomes(),
                DIAGONAL,
                DIAGNOSES,
                "## Every cell",
                cells.every_cell(),
                setting_text(results),
            ]
        )

    def comparison(self, results: BurnsResults) -> str:
        """Return the paper's two columns, beside each the mean of our cells with that diagnosis."""
        published = _published(results)
        header, found, cells = ["input, task"], {}, self._cells(results).results.cells
        for run, (title, diagnosis) in COLUMNS.items():
            found[run] = [cell for cell in cells if cell.diagnosis("z") == diagnosis]
            count = f"{len(found[run])} of {len(cells)}"
            header += [f"{title}, published", f"{title}, measured: {diagnosis} in {count} cells"]
        rows = []
        for key in ("z", "z0", "z1"):
            for task in TASKS:
                row: list[str] = [f"{key} {task}"]
                for run, alike in found.items():
                    row += [
                        f"{published[run, key, task]:.1f}",
                        measured([c.accuracy(key, task) for c in alike], PERCENT, 1),
                    ]
                rows.append(row)
        rows += [
            [f"chance {task}", *(2 * ["–", f"{cells[0].chance(task):.1f}"] if cells else 4 * ["–"])] for task in TASKS
        ]
        return markdown_table(header, rows)

    def _cells(self, results: BurnsResults) -> AccuracyTable:
        """Return the cells of the paper's reading; another has no counterpart there."""
        same = tuple(cell for cell in results.cells if not cell.run["reading"])
        return AccuracyTable(replace(results, cells=same), TASKS, "z", TITLES)


def _published(results: BurnsResults) -> dict[tuple[str, str, str], float]:
    """Return the paper's accuracies by column, input and task."""
    numbers = results.published
    keys = zip(numbers["run"], numbers["input"], numbers["task"], strict=True)
    return dict(zip(keys, numbers["accuracy_percent"], strict=True))


INTRODUCTION = """\
# Burns et al. 2021, Table 7

Degenerate solutions on DC-DL: accuracy in percent for digit (DC) and location (DL) classification, from a linear
classifier on the projection z or on a half of it, with orthogonality without P at λ = 0.1. The paper shows two single
runs. Beside each stands the mean, with its 95 % interval (Student's t of the logit), of those of our cells with that
diagnosis, which the same rule gives to the paper's two columns."""
