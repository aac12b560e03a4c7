"""Metrics of a population with what their scores are worth: by chance, at best, and over draws."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from disentangle import registry, streams
from disentangle.evaluation.population import Population
from disentangle.evaluation.scores import remarks_of, scores_of
from disentangle.evaluation.standardisation import standardised
from disentangle.scoring import cost, plugins, undefined, units
from disentangle.scoring.undefined import Found

LONG = 60
"""Seconds that are told beforehand."""


@dataclass(frozen=True)
class Measured:
    """All draws of the scores of one metric."""

    name: str
    draws: tuple[Found, ...]
    chance: tuple[Found, ...] = ()
    ceiling: Found | None = None
    remarks: tuple[str, ...] = ()


MOST_CHANCE = 10
"""Draws of codes by chance, unless it is told how many."""


@dataclass(frozen=True)
class Plan:
    """What is computed of each metric: with the first of ``repeats`` the scores of ``seed`` alone."""

    seed: int
    repeats: int
    chance: int
    ceiling: bool

    def runs(self, name: str) -> int:
        """Return how often a metric is computed."""
        return self.repeats + (0 if unsupervised(name) else self.chance + self.ceiling)


@dataclass
class Progress:
    """A line before each metric, and how long it takes where that is over a minute, as soon as it is known."""

    say: Callable[[str], object]
    count: int
    done: int = field(default=0, init=False)
    told: bool = field(default=False, init=False)

    def start(self, name: str) -> None:
        """Say that a metric is computed now."""
        self.done, self.told = self.done + 1, False
        self.say(f"{self.done} of {self.count}: {name}")

    def takes(self, name: str, what: str, seconds: float) -> None:
        """Say how long something takes, unless it is short or was said."""
        if seconds > LONG and not self.told:
            minutes = round(seconds / 60)
            self.say(f"{name}: {what}about {minutes} minute{'s' * (minutes > 1)}")
            self.told = True


def measure(
    metrics: Mapping[str, Any], population: Population, plan: Plan, say: Callable[[str], object] | None = None
) -> Iterator[Measured]:
    """Yield what is found of each metric, one after another.

    A draw of chance is of :func:`by_chance` codes, the ceiling of :func:`perfect` ones, with the same number of points.
    """
    progress = Progress(say or (lambda _: None), len(metrics))
    for name, metric in metrics.items():

        def scores(of: Population, seed: int, name: str = name, metric: Any = metric) -> Found:
            found = scores_of({name: metric}, of, seed)[name] or {}
            plugins.check_scores(name, metric, of, found)
            return undefined.applicable(metric, of, found)

        runs = plan.runs(name)
        progress.start(name)
        progress.takes(name, "", cost.seconds(name, metric, population) * runs if say else 0)
        start = time.perf_counter()
        first = scores(population, plan.seed)
        progress.takes(name, "for chance, ceiling and repeats ", (time.perf_counter() - start) * (runs - 1))
        seeds = [streams.seed_of(plan.seed, "repeat", repeat) for repeat in range(1, plan.repeats)]
        draws = first, *(scores(population, seed) for seed in seeds)
        chance: tuple[Found, ...] = ()
        ceiling = None
        if not unsupervised(name):
            seeds = [streams.seed_of(plan.seed, "chance", draw) for draw in range(plan.chance)]
            chance = tuple(scores(by_chance(population, seed), seed) for seed in seeds)
            ceiling = scores(perfect(population), plan.seed) if plan.ceiling else None
        measured = Measured(name, draws, chance, ceiling)
        yield replace(measured, remarks=tuple(_remarks(metric, population, measured)))


def _remarks(metric: Any, population: Population, found: Measured) -> Iterator[str]:
    """Yield what a reader must know of a metric's scores, in sentences."""
    name, value = found.name, _defined(found.draws)
    yield from remarks_of({name: metric}, population).get(name, ())
    yield from units.remarks(metric, population.codes)
    yield from plugins.remarks_of(name, value)
    yield from undefined.remarks(name, metric, population, value)
    known = undefined.names_of(metric, population, value)
    if found.chance:
        shuffled = by_chance(population, 0)
        yield from undefined.remarks(name, metric, shuffled, _defined(found.chance), known, " by chance")
    if found.ceiling is not None:
        yield from undefined.remarks(name, metric, perfect(population), found.ceiling, known, " at best")
    numbers = {key: number for key, number in value.items() if number is not None}
    same = (math.isclose(draw[key] or 0, number) for key, number in numbers.items() for draw in found.draws)
    if len(found.draws) > 1 and numbers and all(same):
        yield f"All {len(found.draws)} draws are the same, as where all rows are used: the intervals have no width."


def _defined(draws: tuple[Found, ...]) -> Found:
    """Return of each score a draw of which it is defined, None where it is of none."""
    return {key: next((draw[key] for draw in draws if draw.get(key) is not None), None) for key in draws[0]}


def draws_of_chance(population: Population) -> int:
    """Return how many draws tell the mean by chance: those of few rows differ more, and cost less.

    10,000 / N of N rows, from 1 to 10.
    """
    return 1 if population.complete else int(np.clip(cost.DRAWN // len(population.codes), 1, MOST_CHANCE))


def unsupervised(name: str) -> bool:
    """Say whether a metric's scores do not depend on factors, so that neither chance nor a ceiling is theirs."""
    return bool(registry.constant("metrics", name, "UNSUPERVISED", False))


def by_chance(population: Population, seed: int) -> Population:
    """Return a population whose codes are in a random order, so that they tell nothing of factors.

    Each is there once, as it is in what is compared with it: codes that recur would be fitted less, and reach less far.
    Of a grid, where a training point may be a test point too, a code is that of a random row each time it is drawn.
    """
    if population.complete:
        return replace(population, shuffled=True)
    rows = streams.rng(seed, "shuffle").permutation(len(population.codes))
    deviation = None if population.deviation is None else population.deviation[rows]
    return replace(population, codes=population.codes[rows], deviation=deviation)


def perfect(population: Population) -> Population:
    """Return a population whose codes (N, K) are its factors that vary, each of mean 0 and deviation 1."""
    (codes,) = standardised(population.factors[:, population.varying].astype(np.float64))
    return replace(population, codes=codes, deviation=None)


def interval(values: list[float]) -> tuple[float, float, float]:
    """Return the mean of n draws, and the ends of the 95 % interval of what the mean of ever more of them tends to.

    m -+ t s / sqrt(n), with t the 97.5 % quantile of Student's distribution of n - 1 degrees of freedom and s the
    deviation of the draws; nan of fewer than two. Source: Student 1908. Deviation: none.
    """
    mean, deviation = moments(values)
    if len(values) < 2:
        return mean, float("nan"), float("nan")
    from scipy.special import stdtrit

    half = float(stdtrit(len(values) - 1, 0.975) * deviation / np.sqrt(len(values)))
    return mean, mean - half, mean + half


def moments(values: list[float]) -> tuple[float, float]:
    """Return the mean of n draws, nan of none, and their deviation s (n - 1), nan of fewer than two.

    Both are of their distances to the first: of draws that are the same they are just it and 0.
    """
    if not values:
        return float("nan"), float("nan")
    apart = np.array(values) - values[0]
    power = np.frexp(np.abs(apart).max())[1]  # squares of what is much larger than 1 are infinite
    deviation = np.ldexp(np.ldexp(apart, -power).std(ddof=1), power) if len(values) > 1 else np.nan
    return values[0] + float(apart.mean()), float(deviation)
