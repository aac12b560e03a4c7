"""Every claim of Burns 2021 that can be tested, and some of ours, on our cells and on the paper's own runs."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from disentangle.reporting.claim import Claim
from disentangle.reporting.claim_tests import tests_of
from disentangle.reporting.claim_text import MARK, columns, counted, effects_table, region_text
from disentangle.reporting.tables import markdown_table
from disentangle.studies.burns.analysis.results import BurnsResults
from disentangle.studies.burns.analysis.runs import MeasuredRuns, PublishedRuns
from disentangle.studies.burns.analysis.setting import setting_text

NEEDS = {
    "reports": ["table1", "table4", "table5", "table6", "table7", "table8", "table9", "extensions"],
    "dataset": "DC-BC",
    "methods": ["infomax", "infomin", "ortho", "p_ortho", "hessian"],
    "seeds": "rerun_seeds",
    "tables": [1, 2, 3, 4, 5, 6, 7, 8, 9],
    "claims": True,
}
"""The cells this report reads: those of these reports, and on DC-BC as many seeds of every setting as of the reruns."""


@dataclass(frozen=True)
class Report:
    """All claims with their verdicts, and the effects behind each."""

    def table(self, results: BurnsResults) -> pd.DataFrame:
        """Return one row an effect."""
        rows = [
            {"claim": name, "effect": ours.what, "says": region_text(ours.region), "unit": ours.unit}
            | columns("", ours)
            | columns("published_", theirs)
            for name, claim, published in self._claims(results)
            for ours, theirs in zip(claim.effects, published.effects, strict=True)
        ]
        return pd.DataFrame(rows)

    def summary(self, results: BurnsResults) -> dict[str, Any]:
        """Return the verdict on each claim, on our cells and on the paper's runs, and how many there are of each."""
        claims = self._claims(results)
        published = {name: paper.verdict for name, _, paper in claims}
        return counted({name: claim for name, claim, _ in claims}) | {"published": published}

    def render(self, results: BurnsResults) -> str:
        """Return the report in Markdown."""
        claims = self._claims(results)
        sections = [INTRODUCTION, "## Verdicts", self._verdicts(claims), LEGEND, "## The effects behind them"]
        for number, (_, claim, published) in enumerate(claims, 1):
            sections += [f"### {number}. {claim.statement}", f"From: {claim.source}. {claim.remark}".rstrip()]
            sections.append(effects_table(claim, published))
        return "\n\n".join([*sections, setting_text(results)])

    def _claims(self, results: BurnsResults) -> list[tuple[str, Claim, Claim]]:
        ours, theirs = MeasuredRuns(results), PublishedRuns(results.published)
        return [(name, test(ours), test(theirs)) for name, test in tests_of("burns").items()]

    def _verdicts(self, claims: list[tuple[str, Claim, Claim]]) -> str:
        rows = [
            [f"{number}. {claim.statement}", claim.source, _on_papers(published), MARK[claim.verdict]]
            for number, (_, claim, published) in enumerate(claims, 1)
        ]
        return markdown_table(["claim", "where", "on the paper's runs", "on ours"], rows)


def _on_papers(claim: Claim) -> str:
    """Return the verdict on the paper's runs; single ones have none."""
    return "– one run" if max(effect.found.n for effect in claim.effects) == 1 else MARK[claim.verdict]


INTRODUCTION = """\
# The claims of Burns et al. 2021, put to the test

Sentences of the paper that runs can decide, and what we ask beside them, as tests. The same test is applied to our
cells and, as far as its tables go, to the paper's own runs, most of which are single and decide nothing. Ours are of
the scale and the data told below: what is contradicted here is contradicted under these conditions."""
LEGEND = """\
A claim says in which region an effect lies. An effect is *supported* if its whole 95 % interval lies there, and
*contradicted* if none of it does. A claim of several effects is supported if all of them are, and contradicted if one
of them is, at a confidence corrected for their number (Bonferroni); a claim of *some* the other way round.

Differences of accuracies are taken seed by seed. The column *test* tells the interval: *exact sign flips* are exact for
differences that are symmetric around their mean, and need six seeds; *Student's t* takes their place with fewer, or at
corrected confidences; *F* and *Pitman-Morgan* compare variances and are exact for normal values, which gaps are
not; *Fisher* and *McNemar* compare counts exactly. A mean of gaps is skewed, so that one-sided errors of its interval
are somewhat larger than stated. Seeds are of the training: the data are drawn once. z0 and z1 enter by their gap,
their mean or the better one, none of which depends on which is called z0. On the paper's runs, the first runs of two
settings are compared where either has one only; – is what they cannot tell."""
