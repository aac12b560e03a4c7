"""Runs to test claims on: ours, and the paper's own as far as its tables give them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import pandas as pd

from disentangle.reporting.claim import Effect, Region, Test, above
from disentangle.reporting.statistics import (
    discordant_interval,
    mean_interval,
    odds_ratio_interval,
    two_sample_interval,
)
from disentangle.studies.burns.analysis.results import BurnsCell, BurnsResults, Run, diagonal, gap

LOW, HIGH = 0.001, 0.1
"""The paper's two strengths."""
TASKS = {"DC-BC": ("DC", "BC"), "DC-DL": ("DC", "DL"), "BC-DL": ("BC", "DL")}
BOTH = TASKS["DC-BC"]
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

    def reruns_of(self, dataset: str, method: str, lam: float) -> Mapping[int, Any]:
        """Return the runs that were made to see how often something happens, without one that made it look."""


@dataclass(frozen=True)
class MeasuredRuns:
    """Our cells."""

    results: BurnsResults
    paired: bool = True

    def of(self, dataset: str, method: str, lam: float, **options: Any) -> dict[int, BurnsCell]:
        """Return the cells of a setting by seed."""
        return {
            result.cell.seed: result
            for result in self.results.cells
            if (result.cell.dataset, result.run["method"]["name"], result.cell.lam) == (dataset, method, lam)
            and result.run["reading"] == options
        }

    def reruns_of(self, dataset: str, method: str, lam: float) -> dict[int, BurnsCell]:
        """Return all cells of a setting: none was looked at before the others were made."""
        return self.of(dataset, method, lam)


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

    def reruns_of(self, dataset: str, method: str, lam: float) -> dict[int, PublishedRun]:
        """Return runs 1 to 5, as the paper counts them: run 0 is the one of its Table 3."""
        return {number: run for number, run in self.of(dataset, method, lam).items() if number}


def accuracy_of(key: str, task: str) -> Measure:
    """Return the measure: accuracy of an input on a task."""
    return lambda run: run.accuracy(key, task)


def mean_half(task: str) -> Measure:
    """Return the measure: mean accuracy of z0 and z1."""
    return lambda run: (run.accuracy("z0", task) + run.accuracy("z1", task)) / 2


def best_half(task: str) -> Measure:
    """Return the measure: accuracy of the better of z0 and z1, NaN where one has none."""
    return lambda run: float(np.max([run.accuracy("z0", task), run.accuracy("z1", task)]))


def gap_of(task: str, code: str = "z") -> Measure:
    """Return the measure: |C(z0) - C(z1)|, or the same of another code."""
    return lambda run: gap(run, task, code)


def above_chance(key: str, task: str) -> Measure:
    """Return the measure: accuracy less that of always saying the commonest class."""
    return lambda run: run.accuracy(key, task) - run.chance(task)


def less(first: Measure, second: Measure) -> Measure:
    """Return the measure: one less another, of the same run."""
    return lambda run: first(run) - second(run)


PARTS: dict[str, Callable[[str], Measure]] = {"z": lambda task: accuracy_of("z", task), "mean half": mean_half}
"""Accuracy of the whole and of its halves, as functions of the task."""
Group = Mapping[int, Run]
"""The runs of a setting by seed."""


def mean_of(groups: Sequence[Group], measure: Measure) -> dict[int, float]:
    """Return a measure averaged over settings, by the seeds that all of them have."""
    shared = set.intersection(*(set(group) for group in groups)) if groups else set()
    return {seed: sum(measure(group[seed]) for group in groups) / len(groups) for seed in sorted(shared)}


def values(group: Group, measure: Measure) -> Test:
    """Test a measure's mean over the runs of a setting."""
    return partial(mean_interval, [measure(run) for run in group.values()])


def compare(
    runs: Runs,
    first: Group | Sequence[Group],
    second: Group | Sequence[Group],
    measure: Measure,
    of_second: Measure | None = None,
) -> Test:
    """Test the mean of a measure over one setting less that over another, run by run where runs share their seed.

    Several settings are averaged first, seed by seed. ``of_second`` is measured on the second, if not the same.
    Runs of the paper share no seed: where both settings have several, Welch's interval compares them; else the first
    of each.
    """
    a, b = (
        mean_of([group] if isinstance(group, Mapping) else group, what)
        for group, what in ((first, measure), (second, of_second or measure))
    )
    if not runs.paired and min(len(a), len(b)) > 1:
        return partial(two_sample_interval, list(a.values()), list(b.values()))
    return partial(mean_interval, [a[seed] - b[seed] for seed in sorted(set(a) & set(b))])


def more_often(
    first: Sequence[Mapping[int, Any]], second: Sequence[Mapping[int, Any]], holds: Callable[[Any], bool]
) -> tuple[str, Test]:
    """Test how often something holds in one of two runs of a pair alone, and then of the first; and say the counts.

    Pairs are of settings in order, run by run. Were it as frequent in both, every second such pair would be of the
    first: the exact test of McNemar.
    """
    pairs = [
        (holds(a[seed]), holds(b[seed])) for a, b in zip(first, second, strict=True) for seed in sorted(set(a) & set(b))
    ]
    alone = [a for a, b in pairs if a != b]
    counts = f"{sum(a for a, _ in pairs)} of {len(pairs)} against {sum(b for _, b in pairs)} of {len(pairs)}"
    return counts, partial(discordant_interval, sum(alone), len(alone), len(pairs))


def diagonal_runs(group: Group) -> tuple[int, int]:
    """Return in how many runs on DC-BC halves are diagonal, and in how many it is decided whether they are."""
    told = [diagonal(run, TASKS["DC-BC"]) for run in group.values()]
    return told.count("yes"), len(told) - told.count("undecided")


def of_strength(
    runs: Runs, dataset: str, method: str, measures: Mapping[str, Measure], region: Region, unit: str = "points"
) -> list[Effect]:
    """Return the effects of the higher strength of a method against the lower, one a measure."""
    high, low = (runs.of(dataset, method, lam) for lam in (HIGH, LOW))
    return [
        Effect(f"{what}, λ = {HIGH:g} less {LOW:g}", compare(runs, high, low, measure), region, unit)
        for what, measure in measures.items()
    ]


def diagonal_odds(first: tuple[str, Group], second: tuple[str, Group]) -> Effect:
    """Return the effect that halves are diagonal with larger odds in the first named group of runs."""
    (name, (found, n)), (other, (of_other, m)) = ((called, diagonal_runs(group)) for called, group in (first, second))
    what = f"odds of diagonal halves, {name} ({found} of {n} decided) over {other} ({of_other} of {m})"
    return Effect(what, partial(odds_ratio_interval, (found, n), (of_other, m)), above(1), "times")
