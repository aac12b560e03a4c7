"""A claim: a sentence that can be tested on runs, with the effects that test it and what they say together."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from disentangle.reporting.statistics import Interval

Verdict = Literal["supported", "contradicted", "undecided", "not run"]
Region = tuple[float, float]
Test = Callable[[float], Interval]
"""What was found of an effect, as a function of the confidence of the interval."""
CONFIDENCE = 0.95
MARGIN = 2.0
"""Percentage points below which a difference of accuracies is called none."""
NEAR_CHANCE = 5.0
"""Percentage points above chance that still count as near it."""


def above(bound: float) -> Region:
    """Return the region of values larger than a bound."""
    return bound, math.inf


def below(bound: float) -> Region:
    """Return the region of values smaller than a bound."""
    return -math.inf, bound


def within(margin: float) -> Region:
    """Return the region of values nearer to 0 than a margin."""
    return -margin, margin


@dataclass(frozen=True)
class Effect:
    """One number that a claim is about, and the region in which the claim says that it lies."""

    what: str
    test: Test
    region: Region
    unit: str = "points"

    @cached_property
    def found(self) -> Interval:
        """The value with its 95 % interval."""
        return self.test(CONFIDENCE)

    @property
    def verdict(self) -> Verdict:
        """The verdict by the 95 % interval."""
        return self.judge(self.found)

    def judge(self, found: Interval) -> Verdict:
        """Say supported if the whole interval is in the region, contradicted if none of it is, else undecided."""
        low, high = found.low, found.high
        if found.n == 0:
            return "not run"
        if math.isnan(low) or math.isnan(high):
            return "undecided"
        least, most = self.region
        if (low > least or least == -math.inf) and (high < most or most == math.inf):
            return "supported"
        return "contradicted" if high <= least or low >= most else "undecided"


@dataclass(frozen=True)
class PaperEffect(Effect):
    """An effect with the paper's own number, as far as its tables give one; NaN where they do not."""

    published: float = math.nan


def published_of(effect: Effect) -> float:
    """Return the paper's own number of an effect, NaN where there is none."""
    return effect.published if isinstance(effect, PaperEffect) else math.nan


@dataclass(frozen=True)
class Claim:
    """A statement with its source and effects: "all" of them must hold, or "any" one."""

    statement: str
    source: str
    effects: Sequence[Effect]
    holds: Literal["all", "any"] = "all"
    remark: str = ""

    @property
    def verdict(self) -> Verdict:
        """What the effects that were measured say together.

        Of "all": supported if each of them is, contradicted if one is. Of "any": supported if one is, contradicted if
        each is. Where one of k effects suffices its interval is of confidence 1 - 0.05 / k (Bonferroni), so that
        either verdict is wrong in one case of twenty at most.
        """
        effects = [effect for effect in self.effects if effect.found.n]
        if not effects:
            return "not run"
        strict = 1 - (1 - CONFIDENCE) / len(self.effects)
        each: Verdict = "supported" if self.holds == "all" else "contradicted"
        one: Verdict = "contradicted" if self.holds == "all" else "supported"
        if any(effect.verdict == one and effect.judge(effect.test(strict)) == one for effect in effects):
            return one
        complete = len(effects) == len(self.effects)
        return each if complete and all(effect.verdict == each for effect in effects) else "undecided"
