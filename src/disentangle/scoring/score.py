"""`score`: codes and factors in, scores of all metrics out, each beside its value by chance and at best."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import numpy as np

from disentangle import registry
from disentangle.data.foreign import told
from disentangle.errors import InputError, nearest
from disentangle.evaluation.population import Population
from disentangle.pipeline import provenance
from disentangle.pipeline.measured import metrics_of
from disentangle.scoring.inputs import Given, joined, words
from disentangle.scoring.measuring import Measured, Plan, draws_of_chance, measure
from disentangle.scoring.plugins import built
from disentangle.scoring.result import Result

LIBRARIES = ("disentangle-bench", "numpy", "scipy", "pandas", "lightgbm")
MOST_SEED = 2**32 - 1
MOST_DRAWS = 10_000


def score(
    codes: Any,
    factors: Any,
    *,
    names: Iterable[str] | None = None,
    metrics: Iterable[str] | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    grid: bool = False,
    continuous: Iterable[str] | None = (),
    discrete: Iterable[str] | None = (),
    seed: int = 0,
    chance: int | None = None,
    ceiling: bool = True,
    repeats: int = 1,
    progress: Callable[[str], object] | None = None,
) -> Result:
    """Return the scores of codes (N, D), of any model, that encode N rows of K factors.

    Codes and factors are arrays, tensors or tables with a row each, or mappings of names to arrays (N,). A factor is
    continuous if its numbers have fractions, else discrete, but as ``continuous`` and ``discrete`` name them; ``names``
    are those of the factors of an array. With ``grid`` the rows are all combinations of the factors' values, else a
    sample.

    ``metrics`` are names of files in ``evaluation/metrics``, by default all that need not be asked for, ``options``
    those of a metric by its name. ``seed`` decides all draws. Beside each score are its mean over ``chance`` draws of
    codes that are shuffled against the factors (default: 1, of fewer than 10,000 rows up to 10) and, if ``ceiling``,
    its value of perfect codes, which are the factors.
    With ``repeats`` of more than 1, a score is the mean over so many draws of training and test points, and has an
    interval. ``progress`` is called with a line before each metric, such as ``print``.

    Raises InputError for what cannot be scored: it says what was found and what is allowed.

    >>> import numpy as np
    >>> factors = np.random.default_rng(0).integers([3, 4], size=(900, 2))
    >>> result = score(factors + 0.1, factors, names=["shape", "size"], metrics=["mig"])
    >>> round(result["mig"]["mig"], 2)
    1.0
    >>> result.table().round(2).columns.tolist()
    ['metric', 'score', 'value', 'chance', 'ceiling']
    """
    check_counts(seed, repeats, chance)
    check_flags(grid=grid, ceiling=ceiling)
    if not (progress is None or callable(progress)):
        raise InputError(f"progress: found {told(progress, 60)}; allowed: a function of a line, such as print.")
    chosen = with_options(chosen_of(metrics), {} if options is None else options)
    ready = built(chosen)
    data = joined(codes, factors, names=names, grid=bool(grid), continuous=continuous, discrete=discrete)
    work = Work(data, chosen, ready, planned(data, seed, repeats, chance, ceiling))
    return work.result(list(work.run(progress)))


@dataclass(frozen=True)
class Work:
    """What is to be computed: of which data, by which metrics with all their options, how often."""

    data: Given
    options: Mapping[str, Mapping[str, Any]]
    metrics: Mapping[str, Any]
    """As they are built from these options."""
    plan: Plan
    origin: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Where codes and factors are from, to be told of each."""

    def run(self, progress: Callable[[str], object] | None = None) -> Iterator[Measured]:
        """Yield what is found of each metric."""
        return measure(self.metrics, self.data.population, self.plan, progress)

    def result(self, measured: Iterable[Measured]) -> Result:
        """Return the result of what was found up to now."""
        said = about(self.data.population) | {
            "seed": self.plan.seed,
            "options": {name: dict(given) for name, given in self.options.items()},
            "versions": provenance.versions(LIBRARIES),
        }
        said |= {part: said[part] | from_where for part, from_where in self.origin.items()}
        return Result(tuple(measured), said, self.data.remarks)


def about(population: Population) -> dict[str, Any]:
    """Return what scores are of, as it is written beside them; a continuous factor has no size."""
    sizes = (population.factors.max(axis=0) + 1).tolist()
    kinds = population.kinds.tolist()
    return {
        "rows": len(population.codes),
        "protocol": "grid" if population.complete else "sample",
        "codes": {"dim": population.codes.shape[1]},
        "factors": {
            "names": list(population.names),
            "kinds": ["continuous" if kind else "discrete" for kind in kinds],
            "sizes": [None if kind else int(size) for kind, size in zip(kinds, sizes, strict=True)],
        },
    }


def chosen_of(metrics: Iterable[str] | None) -> list[str]:
    """Return the metrics that are named, by default all that score codes but those with the constant ``ASKED``.

    Raises InputError for one that is unknown, or that does not score codes.
    """
    known = metrics_of("codes")
    if metrics is None:
        return [name for name in known if not registry.constant("metrics", name, "ASKED", False)]
    names = list(dict.fromkeys(words("metrics", metrics)))
    for name in names:
        if name in registry.names("metrics") and name not in known:
            raise InputError(f"metrics: found '{name}', which does not score codes; allowed: {', '.join(known)}.")
        if name not in known:
            near = nearest(name, known)
            meant = f"did you mean '{near}'? " if near else ""
            raise InputError(f"unknown metric '{told(name, 60)}': {meant}Known: {', '.join(known)}.")
    if not names:
        raise InputError("metrics: found none; allowed: one or more.")
    return names


def with_options(names: Iterable[str], options: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return all options of each metric; raises InputError for one that is unknown, or of no metric that is chosen."""
    chosen = list(names)
    if not isinstance(options, Mapping):
        example = "{'mig': {'bins': 30}}"
        raise InputError(f"options: found {told(options, 60)}; allowed: options by metric, as in {example}.")
    for name, given in options.items():
        if name not in chosen:
            raise InputError(
                f"options: found '{told(name, 60)}'; allowed: metrics that are computed: {', '.join(chosen)}."
            )
        if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
            raise InputError(f"options: found {told(given, 60)} for '{name}'; allowed: its options by name.")
    return {name: registry.check_options("metrics", name, _plain(options.get(name, {})), name) for name in chosen}


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with numbers and arrays of NumPy as those of Python."""
    return {
        key: value.tolist() if isinstance(value, np.generic | np.ndarray) else value for key, value in options.items()
    }


def check_flags(**given: Any) -> None:
    """Raise InputError for what is neither true nor false."""
    for name, value in given.items():
        if not isinstance(value, bool | np.bool):
            raise InputError(f"{name}: found {told(value, 60)}; allowed: True or False.")


def check_counts(seed: int, repeats: int, chance: int | None) -> None:
    """Raise InputError for numbers out of range."""
    for name, value, least, most in (
        ("seed", seed, 0, MOST_SEED),
        ("repeats", repeats, 1, MOST_DRAWS),
        ("chance", 0 if chance is None else chance, 0, MOST_DRAWS),
    ):
        if isinstance(value, bool) or not isinstance(value, Integral) or not least <= value <= most:
            raise InputError(f"{name}: found {told(value, 40)}; allowed: an integer from {least} to {most}.")


def planned(data: Given, seed: int, repeats: int, chance: int | None, ceiling: bool) -> Plan:
    """Return how often metrics are computed; how many draws tell chance, unless it is said, the data's rows decide."""
    draws = draws_of_chance(data.population) if chance is None else int(chance)
    return Plan(int(seed), int(repeats), draws, bool(ceiling))
