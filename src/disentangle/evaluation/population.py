"""Codes with the factors of what they encode, and the draws from them that metrics are made of."""

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

TEST_SHARE = 1 / 3
"""Of a sample's rows: 5,000 test to 10,000 training points, as published."""


@dataclass(frozen=True)
class Population:
    """Codes (N, D) float64 and factors (N, K) of 0-based integers, row by row.

    Where some factors are ``continuous``, factors are float64: those as they are, the others whole numbers from 0.

    A ``complete`` population is a whole factor grid, so that a uniform row is an i.i.d. draw of all factors; training
    and test points are drawn from all of it, with replacement, as Locatello et al. 2019 do. Any other is a sample: its
    rows are parted at random into training and test rows, and :meth:`Rows.draw` takes a row at most once, as it does
    where factors are continuous: a row that is there twice is its own nearest neighbour.

    What is random in a code is drawn anew each time that a row is: else a training point that is a test point too would
    tell its noise.
    """

    codes: np.ndarray
    factors: np.ndarray
    names: tuple[str, ...]
    complete: bool
    deviation: np.ndarray | None = None
    """(N, D): a code is drawn from the normal distribution around ``codes`` with this deviation."""
    shuffled: bool = False
    """A code is that of another row, so that it tells nothing."""
    continuous: tuple[str, ...] = ()
    """The names of factors that are numbers, where near ones are alike."""

    @property
    def finite(self) -> bool:
        """Whether codes can be scored: those of a model that diverged are no numbers."""
        return all(bool(np.isfinite(part).all()) for part in (self.codes, self.deviation) if part is not None)

    @property
    def kinds(self) -> np.ndarray:
        """(K,) bool: which factors are continuous."""
        return np.array([name in self.continuous for name in self.names], dtype=bool)

    @property
    def varying(self) -> np.ndarray:
        """(K,) bool: which factors have more than one value."""
        found: np.ndarray = (self.factors != self.factors[:1]).any(axis=0)
        return found

    def of(self, keep: np.ndarray) -> Self:
        """Return the same population with the factors alone where ``keep`` (K,) is true."""
        names = tuple(name for name, kept in zip(self.names, keep, strict=True) if kept)
        continuous = tuple(name for name in self.continuous if name in names)
        factors = self.factors[:, keep]
        return replace(
            self, factors=factors if continuous else factors.astype(np.int64), names=names, continuous=continuous
        )

    def codes_of(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return one draw of the codes (..., D) of row numbers (...)."""
        if self.shuffled:
            rows = rng.integers(len(self.codes), size=rows.shape)
        found: np.ndarray = self.codes[rows]
        return found if self.deviation is None else found + self.deviation[rows] * rng.standard_normal(found.shape)

    def whole(self) -> "Rows":
        """Return the pool of all rows."""
        return Rows(self, np.arange(len(self.codes)))

    def split(self, rng: np.random.Generator) -> tuple["Rows", "Rows"]:
        """Return the pools of training and of test points."""
        if self.complete:
            pool = self.whole()
            return pool, pool
        rows = rng.permutation(len(self.codes))
        train = len(rows) - round(len(rows) * TEST_SHARE)
        return Rows(self, np.sort(rows[:train])), Rows(self, np.sort(rows[train:]))


@dataclass(frozen=True)
class Rows:
    """The rows of a population that may be drawn."""

    population: Population
    rows: np.ndarray
    _sorted: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    def draw(self, count: int, rng: np.random.Generator, once: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Return codes (n, D) and factors (n, K) of n = ``count`` uniform rows.

        Of a sample, of continuous factors, and if ``once`` is asked for, no row comes twice, and n is at most their
        number.
        """
        if self.population.complete and not (once or self.population.continuous):
            chosen = self.rows[rng.integers(len(self.rows), size=count)]
        else:
            chosen = rng.permutation(self.rows)[:count]
        return self.population.codes_of(chosen, rng), self.population.factors[chosen]

    def draw_sharing(self, factor: int, groups: int, size: int, rng: np.random.Generator) -> np.ndarray:
        """Return row numbers (groups, size): of each group, uniform ones that share the value of one factor.

        The value is that of a uniform row; on a grid, the other factors are drawn i.i.d., and of a sample too the rows
        of a group are drawn with replacement, but for rows that no other shares its value with, which are not drawn.
        Raises ValueError where there are groups but no two rows share a value.
        """
        rows, starts, counts = self._by_value(factor)
        shared = np.searchsorted(starts, rng.integers(len(rows), size=groups), side="right") - 1
        place = starts[shared, None] + rng.integers(counts[shared, None], size=(groups, size))
        return rows[place]

    def draw_pairs(self, factor: int, pairs: int, rng: np.random.Generator) -> np.ndarray:
        """Return row numbers (pairs, 2) as ``draw_sharing`` does, of a sample two that differ: one row is no pair."""
        if self.population.complete:
            return self.draw_sharing(factor, pairs, 2, rng)
        rows, starts, counts = self._by_value(factor)
        first = rng.integers(len(rows), size=pairs)
        shared = np.searchsorted(starts, first, side="right") - 1
        start, count = starts[shared], counts[shared]
        second = start + (first - start + rng.integers(1, count)) % count
        return np.stack([rows[first], rows[second]], axis=1)

    def shares(self, factor: int) -> bool:
        """Return whether groups can be drawn that share the value of a factor."""
        return len(self._by_value(factor)[0]) > 0

    def shares_each(self) -> bool:
        """Return whether that is so of each factor, and there are several to be told apart."""
        kinds = range(self.population.factors.shape[1])
        return len(kinds) > 1 and all(map(self.shares, kinds))

    def _by_value(self, factor: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the rows sorted by a factor, where each of its values starts, and how many rows have it, if any.

        Of a sample they are the rows that share their value with another.
        """
        if factor not in self._sorted:
            rows, values = self.rows, self.population.factors[self.rows, factor]
            counts = np.bincount(values)
            if not self.population.complete:
                several = counts[values] > 1
                rows, values, counts = rows[several], values[several], np.where(counts > 1, counts, 0)
            # The narrower the integers, the faster they are sorted.
            order = rows[np.argsort(values.astype(np.min_scalar_type(values.max(initial=0))), kind="stable")]
            self._sorted[factor] = order, np.cumsum(counts) - counts, counts
        return self._sorted[factor]
