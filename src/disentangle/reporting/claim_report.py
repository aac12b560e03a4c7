"""The report of a study's claims: every sentence that runs can decide, its verdict, and the effects behind it."""

import functools
import math
from typing import Any, ClassVar

import pandas as pd

from disentangle.reporting.claim import Claim, published_of
from disentangle.reporting.claim_tests import tests_of
from disentangle.reporting.claim_text import columns, counted, region_text, sections
from disentangle.reporting.layout import number
from disentangle.reporting.results import Results
from disentangle.reporting.tables import markdown_table


class ClaimReport:
    """All claims with their verdicts, and the effects behind each, with the paper's own number beside."""

    study: ClassVar[str]

    def table(self, results: Results) -> pd.DataFrame:
        """Return one row an effect."""
        rows = [
            {"claim": name, "effect": effect.what, "says": region_text(effect.region)}
            | columns("", effect)
            | {"published": published_of(effect)}
            for name, claim in claims_of(self.study, results).items()
            for effect in claim.effects
        ]
        return pd.DataFrame(rows)

    def summary(self, results: Results) -> dict[str, Any]:
        """Return the verdict on each claim, and how many there are of each."""
        return counted(claims_of(self.study, results))

    def sections(self, results: Results) -> list[str]:
        """Return verdicts, what these say, and the effects of each claim, for ``render`` to lay out."""
        return sections(claims_of(self.study, results).values(), LEGEND, effects_table)


def effects_table(claim: Claim) -> str:
    """Return a row an effect: what the claim says, the paper's number, and ours."""
    rows = [
        [
            effect.what,
            region_text(effect.region),
            number(published_of(effect)),
            number(effect.found.value),
            _interval(effect.found.low, effect.found.high),
            effect.found.n,
            effect.verdict,
        ]
        for effect in claim.effects
    ]
    header = ["effect", "the claim says", "published", "ours", "95 % interval", "n", "verdict"]
    return markdown_table(header, rows) if rows else "No cell that it is about."


def _interval(low: float, high: float) -> str:
    return "–" if math.isnan(low) or math.isnan(high) else f"[{low:.3f}, {high:.3f}]"


@functools.lru_cache(maxsize=1)
def claims_of(study: str, results: Results) -> dict[str, Claim]:
    """Return what the tests of a study say of some results, by the tests' names."""
    return {name: test(results) for name, test in tests_of(study).items()}


LEGEND = """\
An effect is *supported* if its whole 95 % interval over seeds lies in the region that the claim says, *contradicted* if
none of it does. A claim of several effects is supported if all are, and contradicted if one is, at a confidence
corrected for their number (Bonferroni); one of *some* the other way round. n counts seeds, and one cannot tell."""
