"""Our cells as this study reads them: accuracies of a classifier on codes and their halves, the paper's beside them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pandas as pd

from disentangle.cells import format_lam
from disentangle.reporting.results import CellResult, Results, paper_methods
from disentangle.studies.burns.analysis.diagnosis import diagnose, information

COLUMNS = ["dataset", "method", "lam", "seed", "probe", "input", "task", "value", "published", "status"]

NORMAL = 1.96
"""The 97.5 % point of the normal distribution: of a difference over hundreds of test images."""


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


def diagonal(run: Run, tasks: Sequence[str], code: str = "z") -> str:
    """Say whether the half that is better differs by task, whichever half it is: "yes", "no" or "undecided".

    It is undecided where |C(z0) - C(z1)| of a task is within 1.96 standard errors, which drawing other test images
    would change: which half is better is not known. Of a run whose errors are not known, as the paper's, signs tell
    alone. A tie is none, and a run that diverged is not diagonal.
    """
    differences = {task: _difference(run, task, code) for task in tasks}
    if any(abs(differences[task]) <= NORMAL * run.gap_error(task, code) for task in tasks):
        return "undecided"
    first, second = differences.values()
    return "yes" if first * second < 0 else "no"


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
class BurnsCell(CellResult):
    """One cell, its codes seen through one of the study's probes."""

    through: str

    def accuracy(self, key: str, task: str) -> float:
        """Return a probe's accuracy in percent, NaN where the run diverged."""
        value = self.probe["accuracy"][self.through].get(key, {}).get(task)
        return math.nan if value is None else float(value)

    def gap_error(self, task: str, code: str = "z") -> float:
        """Return the standard error of C(z0) - C(z1) in percentage points, over which test images were drawn."""
        value = self.probe["gap_error"][self.through].get(code, {}).get(task)
        return math.nan if value is None else float(value)

    def has(self, code: str) -> bool:
        """Say whether the method has this code at all: one without projection heads has no z."""
        return code in self.probe["accuracy"][self.through]

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
class BurnsResults:
    """All a report of this study reads: its cells in order, manifests of their datasets, the paper's own numbers."""

    scale: str
    cells: tuple[BurnsCell, ...]
    manifests: dict[str, dict[str, Any]]
    published: pd.DataFrame
    """Accuracies of the paper's linear classifier."""
    statistics: pd.DataFrame
    revision: str
    """Git revision of the code that renders."""
    of_paper: frozenset[str]
    """The method files that the paper has numbers of."""
    probes: tuple[str, ...]
    """In the order of params.yaml: the paper's accuracies stand beside the first, and claims are tested on it."""

    @classmethod
    def of(cls, found: Results, tables: Sequence[int]) -> "BurnsResults":
        """Return what was read with the paper's numbers of some of its tables, seen through the first probe."""
        accuracy, probes = found.published["accuracy"], tuple(found.listed["probes"])
        shown = accuracy[accuracy["table"].isin(tables)]
        cells = tuple(BurnsCell(**vars(cell), through=probes[0]) for cell in found.cells)
        statistics = found.published["statistics"]
        methods = paper_methods(found.published)
        return cls(found.scale, cells, found.manifests, shown, statistics, found.revision, methods, probes)

    def through(self, probe: str) -> "BurnsResults":
        """Return the same results seen through another probe, beside which the paper's are not to be shown."""
        if probe == self.probes[0]:
            return self
        cells = tuple(replace(cell, through=probe) for cell in self.cells)
        return replace(self, cells=cells, published=self.published[:0])

    def settings(self) -> dict[tuple[str, float], list[BurnsCell]]:
        """Return the cells by (entry under ``methods``, lam), in the order of the report."""
        grouped: dict[tuple[str, float], list[BurnsCell]] = {}
        for result in self.cells:
            grouped.setdefault((result.cell.method, result.cell.lam), []).append(result)
        return grouped

    def published_beside(self, result: BurnsCell, key: str, task: str) -> float | None:
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
                "probe": result.through,
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
        return pd.DataFrame(rows, columns=COLUMNS).astype({"published": float})
