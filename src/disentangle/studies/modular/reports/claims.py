"""Every claim of Valenti & Bacciu 2022 that runs can decide, and ours, on our cells."""

from dataclasses import dataclass

from disentangle.reporting.claim_report import ClaimReport
from disentangle.studies.modular.analysis.layout import page
from disentangle.studies.modular.analysis.results import EditResults

NEEDS = {"claims": True, "place": 7}
"""The cells this report reads: all of the study; and the paper's tables."""


@dataclass(frozen=True)
class Report(ClaimReport):
    """All claims with their verdicts, and the effects behind each."""

    study = "modular"

    def render(self, results: EditResults) -> str:
        """Return the report in Markdown."""
        return page(results, INTRODUCTION, self.sections(results))


INTRODUCTION = """\
# The claims of Valenti & Bacciu 2022, put to the test

Sentences of the paper that runs can decide, and ours, as tests on our cells. Ours are of the scale and the data told
below: what is contradicted here is contradicted under these conditions. Claims of the paper are tested on M-AE with the
labels at work, as its text alone leaves open what ties a partition to its factor; *as written* stands in Tables 1 and
2, and in the claims of ours."""
