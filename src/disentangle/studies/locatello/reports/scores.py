"""Every score of every metric and probe of this study, in tables to sort."""

from dataclasses import dataclass

from disentangle.reporting import layout
from disentangle.reporting.results import Results
from disentangle.reporting.score_report import INTRODUCTION, ScoreReport
from disentangle.studies.locatello.analysis.setting import setting_text

NEEDS = {"place": 90}
"""The cells this report reads: all of the study."""


@dataclass(frozen=True)
class Report(ScoreReport):
    """A table a metric and probe."""

    def render(self, results: Results) -> str:
        """Return the report in Markdown."""
        return layout.page(INTRODUCTION, self.sections(results), setting_text(results), ("", ""))
