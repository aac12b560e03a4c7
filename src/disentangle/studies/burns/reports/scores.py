"""Every score of every metric and probe of this study, in tables to sort."""

from dataclasses import dataclass

from disentangle.reporting import layout
from disentangle.reporting.score_report import INTRODUCTION, ScoreReport
from disentangle.studies.burns.analysis.results import BurnsResults
from disentangle.studies.burns.analysis.setting import setting_text

NEEDS = {"reports": ["claims", "sweep", "bc_dl"], "tables": [], "place": 90}
"""The cells this report reads: those of these reports, which are all that any report here reads."""


@dataclass(frozen=True)
class Report(ScoreReport):
    """A table a metric and probe."""

    def render(self, results: BurnsResults) -> str:
        """Return the report in Markdown."""
        return layout.page(INTRODUCTION, self.sections(results), setting_text(results), ("", ""))
