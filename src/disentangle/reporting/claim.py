"""A claim: a sentence that can be tested on runs, with the effects that test it and what they say together."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from disentangle.reporting.statistics import Interval

Verdict = Literal["supported", "contradicted", "undecided", "not run"]
Region = tuple[float, float]
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
    found: Interval
    region: Region
    unit: str = "points"

    @property
    def verdict(self) -> Verdict:
        """Supported if the whole interval is in the region, contradicted if none of it is, else undecided."""
        low, high = self.found.low, self.found.high
        if self.found.n == 0:
            return "not run"
        if math.isnan(low) or math.isnan(high):
            return "undecided"
        least, most = self.region
        if (low > least or least == -math.inf) and (high < most or most == math.inf):
            return "supported"
        return "contradicted" if high <= least or low >= most else "undecided"


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

        Of "all": supported if each is, contradicted if one is. Of "any": supported if one is, contradicted if each is.
        """
        verdicts = [effect.verdict for effect in self.effects if effect.verdict != "not run"]
        if not verdicts:
            return "not run"
        each, one = ("supported", "contradicted") if self.holds == "all" else ("contradicted", "supported")
        if one in verdicts:
            return one
        complete = len(verdicts) == len(self.effects)
        return each if complete and set(verdicts) == {each} else "undecided"  # type: ignore[return-value]


Test = Callable[..., Claim]
"""A claim as a function of ``reporting.runs.Runs``; its name is the claim's."""
