"""A Burns table of reruns: the same setting from other initialisations, the paper's runs and ours each run by run."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from disentangle.cells import format_lam
from disentangle.reporting.layout import measured
from disentangle.reporting.statistics import PERCENT
from disentangle.reporting.tables import markdown_table
from disentangle.studies.burns.analysis.accuracy_table import (
    CONTROLS,
    DIAGNOSES,
    DIAGONAL,
    GAP,
    TITLES,
    AccuracyTable,
    told_diagonal,
)
from disentangle.studies.burns.analysis.results import BurnsResults, Run, diagonal, gap
from disentangle.studies.burns.analysis.runs import PublishedRun, PublishedRuns
from disentangle.studies.burns.analysis.setting import setting_text

TASKS = ("DC", "BC")
SUMMARY = """\
The variance is the population variance, as published. *Recomputed* is from the paper's single runs, which the published
mean and variance should equal. Behind our mean stands its 95 % confidence interval (Student's t of the logit, which
stays within 0 to 100). Which half becomes z0 is arbitrary in our runs; run numbers and seeds do not correspond. Of the
paper's runs the error of the test set is not known: they are diagonal by the signs of their differences alone."""


@dataclass(frozen=True)
class ReproducibilityReport:
    """A table of one method's reruns on DC-BC; reports/<name>.py says of which."""

    introduction: ClassVar[str]
    method: ClassVar[str]
    number: ClassVar[int]

    def table(self, results: BurnsResults) -> pd.DataFrame:
        """Return one row a value: our cells, then the paper's runs, of status ``published``, their number as seed."""
        places = [(key, task) for key in ("z", "z0", "z1") for task in TASKS]
        ours = self._measured(results).tidy().assign(published=math.nan)
        theirs = [
            {"dataset": "DC-BC", "method": self.method, "lam": "0.1", "seed": number, "input": key, "task": task}
            | {"value": math.nan, "published": run.accuracy(key, task), "status": "published"}
            for number, run in self._published(results).items()
            for key, task in places
        ]
        return pd.concat([ours, pd.DataFrame(theirs, columns=ours.columns)], ignore_index=True)

    def summary(self, results: BurnsResults) -> dict[str, Any]:
        """Return accuracies and gaps as in the other tables, and the gaps' population variances."""
        variances = {
            f"{method} lam={format_lam(lam)}": {
                t: round(variance, 3) for t in TASKS if math.isfinite(variance := _spread(cells, t)[1])
            }
            for (method, lam), cells in results.settings().items()
        }
        return {"z": self._measured(results).summary(), "gap_population_variance": variances}

    def render(self, results: BurnsResults) -> str:
        """Return the report in Markdown."""
        table = self._measured(results)
        sections = [f"{self.introduction}\n\n{CONTROLS}", "## Gaps", self.gaps(results), SUMMARY]
        sections += ["## The paper's runs", _run_by_run(self._published(results), "run")]
        sections.append("## Our runs")
        for (method, lam), cells in results.settings().items():
            title = table.title(method, lam)
            sections += [f"{title}:", _run_by_run({cell.cell.seed: cell for cell in cells}, "seed")]
        sections += ["## Outcome of the cells", table.outcomes(), DIAGONAL, DIAGNOSES]
        return "\n\n".join([*sections, setting_text(results)])

    def gaps(self, results: BurnsResults) -> str:
        """Return means and population variances of the gaps: as published, recomputed, and ours."""
        gaps = [f"{what} {t}" for t in TASKS for what in ("mean gap", "variance of gaps")]
        header = ["", "runs", *gaps, "diagonal", "over seeds"]
        own = results.statistics[results.statistics["table"] == self.number]
        printed = own.set_index("task").to_dict("index")
        theirs = self._published(results)
        rows: list[list[object]] = [
            [
                "published",
                len(theirs),
                *(f"{printed[t][c]:.1f}" for t in TASKS for c in ("mean_gap", "population_variance_gap")),
                f"{printed['DC']['diagonal_runs_of_five']} of 5 reruns",
                "–",
            ],
            [
                "recomputed from the paper's runs",
                len(theirs),
                *(f"{number:.1f}" for t in TASKS for number in _spread([*theirs.values()], t)),
                *_diagonal([*theirs.values()]),
            ],
        ]
        for (method, lam), cells in results.settings().items():
            numbers = [
                [measured([gap(cell, t) for cell in cells], PERCENT, 1), _shown(_spread(cells, t)[1])] for t in TASKS
            ]
            title = self._measured(results).title(method, lam)
            rows.append([title, len(cells), *numbers[0], *numbers[1], *_diagonal(cells)])
        return markdown_table(header, rows)

    def _measured(self, results: BurnsResults) -> AccuracyTable:
        return AccuracyTable(results, TASKS, "z", TITLES)

    def _published(self, results: BurnsResults) -> dict[int, PublishedRun]:
        return PublishedRuns(results.published).of("DC-BC", self.method, 0.1)


def _spread(runs: Sequence[Run], task: str) -> tuple[float, float]:
    """Return mean and population variance of the gaps of the runs that have one."""
    gaps = [value for run in runs if math.isfinite(value := gap(run, task))]
    return (float(np.mean(gaps)), float(np.var(gaps))) if gaps else (math.nan, math.nan)


def _diagonal(runs: Sequence[Run]) -> tuple[str, str]:
    return told_diagonal(Counter(diagonal(run, TASKS) for run in runs))


def _shown(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.1f}"


def _run_by_run(runs: Mapping[int, Run], called: str) -> str:
    """Return a table with a row an input and task, the gaps last, and a column a run."""
    rows = [
        [f"{key} {task}", *(_shown(run.accuracy(key, task)) for run in runs.values())]
        for key in ("z", "z0", "z1")
        for task in TASKS
    ]
    rows += [[f"{GAP} {task}", *(_shown(gap(run, task)) for run in runs.values())] for task in TASKS]
    return markdown_table(["input, task", *(f"{called} {number}" for number in runs)], rows)
