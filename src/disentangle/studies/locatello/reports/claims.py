"""Every claim of Locatello 2019 that runs can decide, and ours, on our models."""

import functools
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from disentangle.reporting.claim import Claim, published_of
from disentangle.reporting.claim_tests import tests_of
from disentangle.reporting.claim_text import columns, counted, region_text, sections
from disentangle.reporting.drawing import COLOURS
from disentangle.reporting.results import Results
from disentangle.reporting.tables import markdown_table
from disentangle.studies.locatello.analysis.drawing import sheet
from disentangle.studies.locatello.analysis.layout import measured, number, page
from disentangle.studies.locatello.analysis.study import Study

NEEDS = {"claims": True}
"""The cells this report reads: all of the study; and the paper's tables."""
DRAWS = True
HUES = {"supported": COLOURS[0], "contradicted": COLOURS[1], "undecided": "0.6", "not run": "0.85"}


@dataclass(frozen=True)
class Report:
    """All claims with their verdicts, and the effects behind each."""

    def table(self, results: Results) -> pd.DataFrame:
        """Return one row an effect."""
        rows = [
            {"claim": name, "effect": effect.what, "says": region_text(effect.region), "unit": effect.unit}
            | columns("", effect)
            | {"published": round(published_of(effect), 6)}
            for name, claim in _claims(results).items()
            for effect in claim.effects
        ]
        return pd.DataFrame(rows)

    def summary(self, results: Results) -> dict[str, Any]:
        """Return the verdict on each claim, and how many there are of each."""
        return counted(_claims(results))

    def render(self, results: Results) -> str:
        """Return the report in Markdown."""
        alt = "How many effects of each claim are supported, contradicted, undecided or not run."
        parts = sections(_claims(results).values(), LEGEND, effects_table)
        return page(results, INTRODUCTION, "claims", alt, parts)

    def draw(self, results: Results) -> Figure:
        """Draw a bar a claim, of its effects by verdict."""
        claims = _claims(results)
        return sheet([[partial(_bars, claims)]], 1, 8.0, 0.8 + 0.32 * len(claims))[0]


def effects_table(claim: Claim) -> str:
    """Return a row an effect: what the claim says, what the paper's tables and our models say."""
    rows = [
        [
            effect.what,
            region_text(effect.region),
            number(published_of(effect)),
            measured(effect.found.value, effect.found.low, effect.found.high),
            effect.unit or "–",
            effect.found.n,
            effect.found.test,
            effect.verdict,
        ]
        for effect in claim.effects
    ]
    header = ["effect", "the claim says", "published", "ours", "unit", "n", "test", "verdict"]
    return markdown_table(header, rows) if rows else "No model that it is about."


def _bars(claims: dict[str, Claim], ax: Axes) -> None:
    left = np.zeros(len(claims))
    for verdict, hue in HUES.items():
        share = [
            100 * sum(effect.verdict == verdict for effect in claim.effects) / max(1, len(claim.effects))
            for claim in claims.values()
        ]
        ax.barh(range(len(claims)), share, left=left, color=hue, label=verdict, edgecolor="white")
        left += share
    names = [f"{name.replace('_', ' ')}: {claim.verdict}" for name, claim in claims.items()]
    ax.set_yticks(range(len(claims)), names)
    ax.invert_yaxis()
    ax.set_xlim(0, 100)
    ax.set_xlabel("effects of the claim in percent, by verdict")
    ax.legend(fontsize=8, ncols=4, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0))


@functools.lru_cache(maxsize=1)
def _claims(results: Results) -> dict[str, Claim]:
    study = Study(results)
    return {name: test(study) for name, test in tests_of("locatello").items()}


INTRODUCTION = """\
# The claims of Locatello et al. 2019, put to the test

Sentences of the paper that runs can decide, and two of ours, as tests on our models. Ours are of the scale and the data
told below: what is contradicted here is contradicted under these conditions."""
LEGEND = """\
An effect is *supported* if its whole 95 % interval lies in the region that the claim says, *contradicted* if none of
it does. A claim of several effects is supported if all are, and contradicted if one is, at a confidence corrected for
their number (Bonferroni); one of *some* the other way round. n counts seeds; fewer than two cannot tell, and leave the
claim undecided. *Bootstrap* and *jackknife over seeds*: the standard error over seeds that are resampled, or left out
one after another, with all their models, times Student's quantile; else the interval of a mean over seeds. Datasets are
not resampled: a verdict is on those that are here."""
