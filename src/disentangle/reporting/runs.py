"""Runs to test claims on: ours, and the paper's own as far as its tables give them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from disentangle.reporting.results import CellResult, Results, Run, diagonal, gap
from disentangle.reporting.statistics import Interval, mean_interval, two_sample_interval

LOW, HIGH = 0.001, 0.1
"""The paper's two strengths."""
TASKS = {"DC-BC": ("DC", "BC"), "DC-DL": ("DC", "DL"), "BC-DL": ("BC", "DL")}
CHANCE = {"DC": 10.0, "BC": 10.0, "DL": 12.5}
"""Chance in percent where only the paper's accuracies are known: its classes are balanced but for the digits."""

Measure = Callable[[Run], float]
"""A number of one run."""


class Runs(Protocol):
    """Where a claim finds its runs."""

    paired: bool
    """Whether runs of one number share their seed, so that two settings are compared run by run."""

    def of(self, dataset: str, method: str, lam: float, **options: Any) -> Mapping[int, Run]:
        """Return the runs of a setting by seed; ``options`` are those of the method that are not its defaults."""


@dataclass(frozen=True)
class MeasuredRuns:
    """Our cells."""

    results: Results
    paired: bool = True

    def of(self, dataset: str, method: str, lam: float, **options: Any) -> dict[int, CellResult]:
        """Return the cells of a setting by seed."""
        return {
            result.cell.seed: result
            for result in self.results.cells
            if (result.cell.dataset, result.run["method"]["name"], result.cell.lam) == (dataset, method, lam)
            and result.run["reading"] == options
        }


@dataclass(frozen=True)
class PublishedRun:
    """One run of the paper: accuracies by (input, task), and nothing else."""

    accuracies: Mapping[tuple[str, str], float]
    history: None = None

    def accuracy(self, key: str, task: str) -> float:
        """Return the published accuracy, NaN where there is none."""
        return self.accuracies.get((key, task), math.nan)

    def chance(self, task: str) -> float:
        """Return the accuracy of a guess."""
        return CHANCE[task]

    def gap_error(self, task: str, code: str = "z") -> float:  # noqa: ARG002
        """Return NaN: the paper does not give it."""
        return math.nan

    def similarity(self, name: str, code: str = "z") -> float:  # noqa: ARG002
        """Return NaN: the paper does not give it."""
        return math.nan


@dataclass(frozen=True)
class PublishedRuns:
    """The paper's runs; its tables 3 and 6 have one each, which tables 8 and 9 repeat as run 0."""

    table: pd.DataFrame
    paired: bool = False

    def of(self, dataset: str, method: str, lam: float, **options: Any) -> dict[int, PublishedRun]:
        """Return the runs of a setting by their number in the paper, 0 where it numbers none."""
        t = self.table
        # A column of table 7 is told by what it shows; it is no run of table 6.
        chosen = t[
            (t["dataset"] == dataset) & (t["method"] == method) & (t["lam"].fillna(lam) == lam) & (t["table"] != 7)
        ]
        runs: dict[int, dict[tuple[str, str], float]] = {}
        for row in chosen.to_dict("records") if not options else ():
            number = 0 if pd.isna(row["run"]) else int(row["run"])
            runs.setdefault(number, {})[row["input"], row["task"]] = row["accuracy_percent"]
        return {number: PublishedRun(accuracies) for number, accuracies in sorted(runs.items())}


def accuracy_of(key: str, task: str) -> Measure:
    """Return the measure: accuracy of an input on a task."""
    return lambda run: run.accuracy(key, task)


def mean_half(task: str, code: str = "z") -> Measure:
    """Return the measure: mean accuracy of the two halves."""
    return lambda run: (run.accuracy(f"{code}0", task) + run.accuracy(f"{code}1", task)) / 2


def best_half_less_whole(task: str, code: str = "z") -> Measure:
    """Return the measure: accuracy of the better half less that of the whole."""
    return lambda run: (
        _larger(run.accuracy(f"{code}0", task), run.accuracy(f"{code}1", task)) - run.accuracy(code, task)
    )


def gap_of(task: str, code: str = "z") -> Measure:
    """Return the measure: |C(z0) - C(z1)|."""
    return lambda run: gap(run, task, code)


def above_chance(key: str, task: str) -> Measure:
    """Return the measure: accuracy less that of always saying the commonest class."""
    return lambda run: run.accuracy(key, task) - run.chance(task)


def _larger(a: float, b: float) -> float:
    return math.nan if math.isnan(a) or math.isnan(b) else max(a, b)


def mean_of(groups: Sequence[Mapping[int, Run]], measure: Measure) -> dict[int, float]:
    """Return a measure averaged over settings, by the seeds that all of them have."""
    shared = set.intersection(*(set(group) for group in groups)) if groups else set()
    return {seed: sum(measure(group[seed]) for group in groups) / len(groups) for seed in sorted(shared)}


def values(group: Mapping[int, Run], measure: Measure, confidence: float = 0.95) -> Interval:
    """Return a measure's mean over the runs of a setting."""
    return mean_interval([measure(run) for run in group.values()], confidence)


def compare(
    runs: Runs,
    first: Mapping[int, Run] | Sequence[Mapping[int, Run]],
    second: Mapping[int, Run] | Sequence[Mapping[int, Run]],
    measure: Measure,
    of_second: Measure | None = None,
    confidence: float = 0.95,
) -> Interval:
    """Return the mean of a measure over one setting less that over another: by seed where runs are paired.

    Several settings are averaged first, seed by seed. ``of_second`` is measured on the second, if not the same.
    """
    a, b = (
        mean_of([group] if isinstance(group, Mapping) else group, what)
        for group, what in ((first, measure), (second, of_second or measure))
    )
    if not runs.paired:
        return two_sample_interval(list(a.values()), list(b.values()), confidence)
    return mean_interval([a[seed] - b[seed] for seed in sorted(set(a) & set(b))], confidence)


def count(group: Mapping[int, Run], holds: Callable[[Run], bool]) -> tuple[int, int]:
    """Return of how many runs something holds, and how many there are."""
    return sum(holds(run) for run in group.values()), len(group)


def is_diagonal(dataset: str, code: str = "z") -> Callable[[Run], bool]:
    """Return the test: one half is better on one task, the other on the other."""
    return lambda run: diagonal(run, TASKS[dataset], code)
