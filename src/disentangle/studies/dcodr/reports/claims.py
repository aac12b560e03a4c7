"""Every claim of Kahana & Hoshen 2022 that runs can decide, and ours, on our cells."""

import functools
import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from disentangle.reporting.claim import Claim, published_of
from disentangle.reporting.claim_tests import tests_of
from disentangle.reporting.claim_text import columns, counted, region_text, sections
from disentangle.reporting.tables import markdown_table
from disentangle.studies.dcodr.analysis.layout import page
from disentangle.studies.dcodr.analysis.results import DomainResults

NEEDS = {"claims": True, "place": 12}
"""The cells this report reads: all of the study; and the paper's tables."""


@dataclass(frozen=True)
class Report:
    """All claims with their verdicts, and the effects behind each."""

    def table(self, results: DomainResults) -> pd.DataFrame:
        """Return one row an effect."""
        rows = [
            {"claim": name, "effect": effect.what, "says": region_text(effect.region)}
            | columns("", effect)
            | {"published": published_of(effect)}
            for name, claim in _claims(results).items()
            for effect in claim.effects
        ]
        return pd.DataFrame(rows)

    def summary(self, results: DomainResults) -> dict[str, Any]:
        """Return the verdict on each claim, and how many there are of each."""
        return counted(_claims(results))

    def render(self, results: DomainResults) -> str:
        """Return the report in Markdown."""
        return page(results, INTRODUCTION, sections(_claims(results).values(), LEGEND, effects_table))


def effects_table(claim: Claim) -> str:
    """Return a row an effect: what the claim says, the paper's number, and ours."""
    rows = [
        [
            effect.what,
            region_text(effect.region),
            _number(published_of(effect)),
            _number(effect.found.value),
            _interval(effect.found.low, effect.found.high),
            effect.found.n,
            effect.verdict,
        ]
        for effect in claim.effects
    ]
    header = ["effect", "the claim says", "published", "ours", "95 % interval", "n", "verdict"]
    return markdown_table(header, rows) if rows else "No cell that it is about."


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _interval(low: float, high: float) -> str:
    return "–" if math.isnan(low) or math.isnan(high) else f"[{low:.3f}, {high:.3f}]"


@functools.lru_cache(maxsize=1)
def _claims(results: DomainResults) -> dict[str, Claim]:
    return {test.__name__: test(results) for test in tests_of("dcodr")}


INTRODUCTION = """\
# The claims of Kahana & Hoshen 2022, put to the test

Sentences of the paper that runs can decide, and ours, as tests on our cells. Ours are of the scale and the data told
below: what is contradicted here is contradicted under these conditions."""
LEGEND = """\
An effect is *supported* if its whole 95 % interval over seeds lies in the region that the claim says, *contradicted* if
none of it does. A claim of several effects is supported if all are, and contradicted if one is, at a confidence
corrected for their number (Bonferroni); one of *some* the other way round. n counts seeds, and one cannot tell."""
