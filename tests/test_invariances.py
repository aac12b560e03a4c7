"""What a change of codes does to each score of every registered metric of codes: nothing, but what the metric says.

A metric's module says it in ``CHANGES``: by what is done to codes, which scores that may change.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from disentangle import registry
from disentangle.evaluation.labelled_codes import LabelledCodes
from disentangle.evaluation.population import Population
from disentangle.evaluation.scores import scores_of
from disentangle.pipeline.measured import metrics_of

SIZES = {"shape": 2, "size": 3, "place": 5}
ROWS = 240
FEW = {
    "points": ROWS,
    "train_points": ROWS,
    "test_points": 120,
    "variance_points": ROWS,
    "train_votes": 60,
    "test_votes": 30,
    "batch": 8,
    "sizes": [10, 100],
}
"""Options that only cost time, of every metric that has them."""
DRAWS = 3
"""How often a change may be tried until it changes all that it is said to: in few draws, whole numbers can stay."""


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "unit": lambda codes: codes * 0.017,
    "scale": lambda codes: codes * np.geomspace(0.02, 7, codes.shape[1]),
    "origin": lambda codes: codes + rng(2).uniform(-3, 3, codes.shape[1]),
    "order": lambda codes: np.roll(codes, 1, axis=1),
    "constant": lambda codes: np.insert(codes, [1, 1], 0.7, axis=1),
    "duplicate": lambda codes: np.hstack([codes, codes]),
}
"""All codes times a constant, each its own, each plus its own; other places; constant ones between; each twice."""


def sample() -> Population:
    """A code a factor, one of two, and noise."""
    factors = rng(0).integers([*SIZES.values()], size=(ROWS, 3))
    codes = np.column_stack([factors, factors[:, 0] + factors[:, 2], rng(1).normal(size=(ROWS, 2))])
    return Population(codes + 0.3 * rng(4).normal(size=codes.shape), factors, tuple(SIZES), complete=False)


def grid() -> Population:
    factors = np.stack(np.unravel_index(np.arange(30), [*SIZES.values()]), axis=1)
    codes = np.column_stack([factors, factors @ [1, 1, 1]]) + 0.3 * rng(5).normal(size=(30, 4))
    return Population(codes, factors, tuple(SIZES), complete=True)


def numbers() -> Population:
    """A factor of three is continuous."""
    given = sample()
    factors = given.factors + np.array([0, 1, 0]) * rng(6).normal(size=(ROWS, 3))
    codes = np.column_stack([factors, given.codes[:, 3:]]) + 0.1 * rng(7).normal(size=(ROWS, 6))
    return replace(given, codes=codes, factors=factors, continuous=("size",))


def decoded() -> Population:
    """Codes that are values of the factors, most of them the right ones."""
    given = sample()
    other = rng(8).integers([*SIZES.values()], size=(ROWS, 3))
    return replace(given, codes=np.where(rng(9).random((ROWS, 3)) < 0.7, given.factors, other).astype(np.float64))


def labelled() -> Population:
    given, test = sample(), np.arange(ROWS) % 3 == 0
    known: dict[str, Any] = {"domain": "shape", "fit": ~test, "test": test, "sizes": SIZES}
    return LabelledCodes(
        given.codes, given.factors, given.names, complete=False, margins={"place": 1}, numbers={}, **known
    )


POPULATIONS: dict[str, Callable[[], Population]] = {
    made.__name__: made for made in (sample, grid, numbers, decoded, labelled)
}


@cache
def scores(name: str, kind: str, change: str, seed: int) -> dict[str, float | None]:
    """Return a metric's scores of a population, as it is or with its codes changed."""
    population = POPULATIONS[kind]()
    if change:
        population = replace(population, codes=CHANGES[change](population.codes))
    options = {key: FEW[key] for key in registry.options("metrics", name) if key in FEW}
    found = scores_of({name: registry.build("metrics", name, options)}, population, seed)[name]
    assert found is not None
    return found


def said(name: str, change: str) -> set[str]:
    """Return the scores of which a metric says that a change may change them."""
    found: set[str] = set()
    for key in registry.constant("metrics", name, "CHANGES", {}).get(change, ()):
        head, _, rest = key.partition("<")
        found |= {f"{head}{factor}" for factor in SIZES} if rest else {key}
    return found


def word(key: str) -> str:
    """Return the word of a score of a number of points, such as mean_100; another as it is."""
    head, _, points = key.rpartition("_")
    return head if points.isdigit() else key


def changed(name: str, kind: str, change: str, seed: int) -> set[str]:
    """Return the words of the scores that a change changes."""
    before, after = scores(name, kind, "", seed), scores(name, kind, change, seed)
    assert before.keys() == after.keys()
    pairs = {key: [math.nan if value is None else value for value in (before[key], after[key])] for key in before}
    found = {key for key, (old, new) in pairs.items() if new != pytest.approx(old, rel=1e-6, abs=1e-9, nan_ok=True)}
    return {word(key) for key in found}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", metrics_of("codes"))
def test_a_change_of_codes_changes_the_scores_of_which_the_metric_says_so_and_no_other(name: str, change: str) -> None:
    """Of those, it changes each of some codes, so that nothing is said that is not so."""
    defined = {
        word(key) for kind in POPULATIONS for key, value in scores(name, kind, "", 0).items() if value is not None
    }
    told, found = said(name, change) & defined, set[str]()
    for seed in range(DRAWS):
        found |= set().union(*(changed(name, kind, change, seed) for kind in POPULATIONS))
        if told <= found:
            break
    missing, needless = found - said(name, change), told - found
    where = f"{registry.path('metrics', name)}: CHANGES"
    assert not missing, f"{where}: '{change}' changes {sorted(missing)}: say so there and in words, or mend it"
    assert not needless, f"{where}: '{change}' changes none of {sorted(needless)} here"


@pytest.mark.parametrize("name", metrics_of("codes"))
def test_what_is_said_is_of_changes_and_scores_that_there_are(name: str) -> None:
    known = registry.constant("metrics", name, "CHANGES", {})
    assert set(known) <= set(CHANGES)
    assert {key for keys in known.values() for key in keys} <= set(registry.constant("metrics", name, "SCORES"))
