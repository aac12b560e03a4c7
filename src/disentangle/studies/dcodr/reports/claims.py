"""Every claim of Kahana & Hoshen 2022 that runs can decide, and ours, on our cells."""

from dataclasses import dataclass

from disentangle.reporting.claim_report import ClaimReport
from disentangle.studies.dcodr.analysis.layout import page
from disentangle.studies.dcodr.analysis.results import DomainResults

NEEDS = {"claims": True, "place": 12}
"""The cells this report reads: all of the study; and the paper's tables."""


@dataclass(frozen=True)
class Report(ClaimReport):
    """All claims with their verdicts, and the effects behind each."""

    study = "dcodr"

    def render(self, results: DomainResults) -> str:
        """Return the report in Markdown."""
        return page(results, INTRODUCTION, self.sections(results))


INTRODUCTION = """\
# The claims of Kahana & Hoshen 2022, put to the test

Sentences of the paper that runs can decide, and ours, as tests on our cells. Ours are of the scale and the data told
below: what is contradicted here is contradicted under these conditions."""
