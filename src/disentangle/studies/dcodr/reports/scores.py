"""Every score of every metric and probe of this study, in tables to sort."""

from dataclasses import dataclass

from disentangle.reporting.score_report import INTRODUCTION, ScoreReport
from disentangle.studies.dcodr.analysis.layout import page
from disentangle.studies.dcodr.analysis.results import DomainResults

NEEDS = {"place": 90}
"""The cells this report reads: all of the study."""


@dataclass(frozen=True)
class Report(ScoreReport):
    """A table a metric and probe."""

    def render(self, results: DomainResults) -> str:
        """Return the report in Markdown."""
        return page(results, INTRODUCTION, self.sections(results))
