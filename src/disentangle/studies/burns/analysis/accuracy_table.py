"""A Burns table: accuracies of a linear classifier on a code and its halves, published beside measured."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from disentangle.cells import format_lam
from disentangle.reporting.layout import measured, with_interval
from disentangle.reporting.statistics import PERCENT, estimate, proportion_interval
from disentangle.reporting.tables import markdown_table
from disentangle.studies.burns.analysis.controls import control_of, difference
from disentangle.studies.burns.analysis.diagnosis import MEANING
from disentangle.studies.burns.analysis.results import BurnsCell, BurnsResults, diagonal, gap
from disentangle.studies.burns.analysis.setting import setting_text

GAP = "gap"
LINEAR = "logistic"
"""The paper's classifier, by the name of its probe."""
TITLES = {
    "supervised": "Fully supervised pipeline",
    "infomax": "Control",
    "infomin": "InfoMin",
    "ortho": "Ortho without P",
    "p_ortho": "Ortho with P",
    "hessian": "Hessian",
    "hessian_ortho": "Hessian and Ortho",
    "halves_suffice": "Halves suffice",
}
"""Methods as the reports call them."""
LESS_CONTROL = """\
*Less control* is what a setting adds to the control (`infomax`, λ = 0) with as many heads: the mean of differences seed
by seed, in percentage points, with its 95 % interval (exact sign flips from six seeds on, else Student's t)."""
CONTROLS = f"""\
The λ = 0 columns are controls that the paper does not have: the same model without a regularizer. Two heads, as in
*Control*, are those of InfoMin and orthogonality; one, as in *Control, heads 1*, is that of the Hessian.
{LESS_CONTROL}"""
MEASURED = """\
*Measured* is the mean over our seeds with its 95 % confidence interval (Student's t of the logit, which stays within 0
to 100); seeds are of the training, the data are drawn once. Runs that diverged have no accuracy; where some did, n
tells how many remain. *Chance* is always saying the commonest class of the test images."""
PUBLISHED = """\
*Published* is the paper's single run. Behind ours, `=` says that the published run could be one of them (95 %
prediction interval), `▲` that ours are above it, `▼` that ours are below it."""
HALVES = """\
Which half becomes z0 is arbitrary in our runs; in the paper's, z0 is the better one on DC in every run: between single
halves only the gaps compare without a caveat."""
DIAGONAL = """\
*Diagonal*: one half is better on one task and the other on the other, whichever half it is. A cell is *undecided* where
on a task the halves differ by no more than 1.96 standard errors, over which test images were drawn. Of halves that are
alike, one cell in two is diagonal by chance, if which is better on one task tells nothing of the other: *over seeds* a
setting is diagonal, or not, if the exact binomial 95 % interval of the share of its decided cells leaves out one half,
which takes six that agree. *Alike*: mean share, in percent, of one half's variance that the best rotation of the other
explains (Procrustes), and linear CKA. The last column is the logged step from which on InfoMax was lower than
embeddings of one factor alone can bring it."""
DIAGNOSES = "*Diagnosis*, the first that holds:\n\n" + "\n".join(f"- {name}: {text}" for name, text in MEANING.items())


@dataclass(frozen=True)
class AccuracyTable:
    """The cells of a report as a table of one code (``z`` or ``r``), its halves, and the gap between them."""

    results: BurnsResults
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
            rows = {
                row: {
                    task: round(found.mean, 3)
                    for task in self.tasks
                    if (found := estimate([*self.values(cells, row, task).values()])).n
                }
                for row in self._rows()
            }
            counts = dict.fromkeys(MEANING, 0) | self._diagnoses(cells) | {"cells": len(cells)}
            if self._has_code(cells):
                told = self._diagonal(cells)
                counts |= {"diagonal": told["yes"], "undecided": told["undecided"]}
            means.setdefault(method, {})[f"lam={format_lam(lam)}"] = rows | counts
        return means

    def comparison(self) -> str:
        """Return the paper's table, a column a setting: each row published and measured, each for both tasks."""
        settings = self.results.settings()
        header = ["input, task", *(self.title(method, lam) for method, lam in settings)]
        rows = []
        for row, title in self._rows().items():
            for task in self.tasks:
                lines = [[f"{title} {task} {what}"] for what in ("published", "measured", "less control")]
                for cells in settings.values():
                    theirs, ours = self.published(cells[0], row, task), self.values(cells, row, task)
                    control = self.values(control_of(cells, settings), row, task)
                    shown = ("–" if theirs is None else f"{theirs:.1f}"), _entry(ours, theirs), _change(ours, control)
                    for line, entry in zip(lines, shown, strict=True):
                        line.append(entry)
                rows += [line for line in lines if line is lines[1] or {*line[1:]} != {"–"}]
        for task in self.tasks:
            rows.append([f"chance {task}", *(f"{cells[0].chance(task):.1f}" for cells in settings.values())])
        return markdown_table(header, rows)

    def outcomes(self) -> str:
        """Return the counts of cells that are diagonal and of each diagnosis, by setting."""
        diagnosed = [f"diagnosis of {self.code}", "halves alike (Procrustes, CKA)"]
        found = [f"diagonal in {self.code}", "over seeds", *diagnosed]
        header = ["setting", "cells", *found, "left the single-factor plateau at step"]
        rows = []
        for (method, lam), cells in self.results.settings().items():
            exits = [cell.run["plateau"]["left_single_factor"] for cell in cells]
            rows.append(
                [
                    self.title(method, lam),
                    len(cells),
                    *(told_diagonal(self._diagonal(cells)) if self._has_code(cells) else ("–", "–")),
                    ", ".join(f"{n} {name}" for name, n in self._diagnoses(cells).items()) or "–",
                    self._alike(cells),
                    ", ".join("never" if step is None else str(step) for step in exits),
                ]
            )
        return markdown_table(header, rows)

    def every_cell(self) -> str:
        """Return each cell's accuracies, whether it is diagonal, and its diagnosis."""
        places = [(key, task) for key in self.inputs for task in self.tasks]
        header = ["cell", "seed", *(f"{key} {task}" for key, task in places), "diagonal", f"diagnosis of {self.code}"]
        rows = [
            [
                f"{result.cell.method}, λ = {format_lam(result.cell.lam)}",
                result.cell.seed,
                *("–" if math.isnan(a := result.accuracy(key, task)) else f"{a:.1f}" for key, task in places),
                diagonal(result, self.tasks, self.code) if result.has(self.code) else "–",
                result.diagnosis(self.code),
            ]
            for result in self.results.cells
        ]
        return markdown_table(header, rows)

    def published(self, result: BurnsCell, row: str, task: str) -> float | None:
        """Return the paper's number of a row, its gap computed from its halves; None where the paper has none."""
        if row != GAP:
            return self.results.published_beside(result, row, task)
        halves = [self.results.published_beside(result, key, task) for key in self.inputs[1:]]
        return None if halves[0] is None or halves[1] is None else abs(halves[0] - halves[1])

    def values(self, cells: list[BurnsCell], row: str, task: str) -> dict[int, float]:
        """Return our values of a row by seed; the gap is taken in each cell."""
        return {c.cell.seed: gap(c, task, self.code) if row == GAP else c.accuracy(row, task) for c in cells}

    def _rows(self) -> dict[str, str]:
        return {key: key for key in self.inputs} | {GAP: f"\\|C({self.inputs[1]}) − C({self.inputs[2]})\\|"}

    def title(self, method: str, lam: float) -> str:
        """Return a setting's name, in which options stand that are not the method's defaults."""
        run = self.results.settings()[method, lam][0].run
        name = run["method"]["name"]
        reading = "".join(f", {option} {value}" for option, value in run["reading"].items())
        return f"{self.titles.get(name, name)}{reading}, λ = {format_lam(lam)}"

    def _diagnoses(self, cells: list[BurnsCell]) -> dict[str, int]:
        """Return how many cells have each diagnosis that one has, in the order of MEANING."""
        counted = Counter(cell.diagnosis(self.code) for cell in cells)
        return {name: counted[name] for name in MEANING if name in counted}

    def _alike(self, cells: list[BurnsCell]) -> str:
        """Return how alike the halves are in the mean: Procrustes similarity and CKA in percent."""
        found = [estimate([100 * cell.similarity(name, self.code) for cell in cells]) for name in ("procrustes", "cka")]
        return ", ".join(f"{similarity.mean:.0f}" for similarity in found if similarity.n) or "–"

    def _has_code(self, cells: list[BurnsCell]) -> bool:
        return any(cell.has(self.code) for cell in cells)

    def _diagonal(self, cells: list[BurnsCell]) -> Counter[str]:
        return Counter(diagonal(cell, self.tasks, self.code) for cell in cells)


def told_diagonal(told: Counter[str]) -> tuple[str, str]:
    """Return how many of some cells are diagonal, and what they say of their setting."""
    undecided, decided = told["undecided"], told["yes"] + told["no"]
    share = proportion_interval(told["yes"], decided)
    verdict = "diagonal" if share.low > 50 else "not diagonal" if share.high < 50 else "undecided"
    return f"{told['yes']} of {told.total()}" + (f", {undecided} undecided" if undecided else ""), verdict


def _entry(ours: Mapping[int, float], published: float | None) -> str:
    """Return the mean of measured values with its verdict, and with n where some cells have no value."""
    found = estimate([*ours.values()])
    verdict = "" if published is None else found.verdict(published)
    count = f"(n = {found.n})" if 0 < found.n < len(ours) else ""
    return " ".join(filter(None, [measured([*ours.values()], PERCENT, 1), count, verdict]))


def _change(ours: Mapping[int, float], control: Mapping[int, float]) -> str:
    """Return the mean difference to the control, with its sign."""
    found = difference(ours, control)
    return f"{'+' if found.value > 0 else ''}{with_interval(found, 1)}"


def _classifiers(probes: tuple[str, ...]) -> list[str]:
    """Return which classifiers there are, where they are others than the paper's, of which an introduction tells."""
    if probes == (LINEAR,):
        return []
    return [
        f"The classifiers here: {', '.join(probes)}. What the paper gives, of a linear one, stands beside the first."
    ]


@dataclass(frozen=True)
class AccuracyReport:
    """A report that is one or more accuracy tables; reports/<name>.py says of which cells and codes."""

    introduction: ClassVar[str]
    tasks: ClassVar[tuple[str, str]]
    codes: ClassVar[tuple[str, ...]]
    titles: ClassVar[Mapping[str, str]] = TITLES
    legend: ClassVar[tuple[str, ...]]

    def table(self, results: BurnsResults) -> pd.DataFrame:
        """Return the tidy table: one row a (cell, probe, input, task)."""
        return pd.concat([table.tidy() for table in self._tables(results).values()], ignore_index=True)

    def summary(self, results: BurnsResults) -> dict[str, Any]:
        """Return mean accuracies and gaps by code, and the counts of cells by outcome."""
        return {name: table.summary() for name, table in self._tables(results).items()}

    def render(self, results: BurnsResults) -> str:
        """Return the report in Markdown."""
        tables = self._tables(results)
        sections = [self.introduction, *_classifiers(results.probes), "\n\n".join(self.legend)]
        for title, part, legend in (
            ("Accuracy", AccuracyTable.comparison, []),
            ("Outcome of the cells", AccuracyTable.outcomes, [DIAGONAL, DIAGNOSES]),
            ("Every cell", AccuracyTable.every_cell, []),
        ):
            sections.append(f"## {title}")
            for name, table in tables.items():
                sections += [f"*{name}*:", part(table)] if len(results.probes) > 1 else [part(table)]
            sections += legend
        return "\n\n".join([*sections, setting_text(results)])

    def _tables(self, results: BurnsResults) -> dict[str, AccuracyTable]:
        """Return a table a code and probe, by the code's name and, behind the first probe, that of the probe."""
        return {
            code if probe == results.probes[0] else f"{code}, {probe}": AccuracyTable(
                results.through(probe), self.tasks, code, self.titles
            )
            for probe in results.probes
            for code in self.codes
        }
