"""Ours: what the labels do in each variant of M-AE, and which sentences the paper is missing."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from disentangle.reporting.layout import measured, nested
from disentangle.reporting.statistics import SHARE
from disentangle.reporting.tables import markdown_table
from disentangle.studies.modular.analysis.layout import page, table
from disentangle.studies.modular.analysis.results import EditResults, edits, numbers, title_of, values

NEEDS = {
    "entries": ["as_written", "conditional", "only_warmup", "only_mixture", "no_joint", "modular"],
    "place": 5,
}
"""The cells this report reads."""
COLUMNS = {
    "published": "published accuracy",
    "prior_all": "on the prior, all",
    "image_changed": "on images, changed",
    "image_all": "on images, all",
    "nearest_all": "nearest image, all",
    "told": "values told right",
    "values_dci": "DCI",
    "values_mig": "MIG",
    "values_sap": "SAP",
    "edited": "pixel error",
}

OPTIONS = {
    "warmup_cross_entropy": "classifier in warm-up",
    "mixture_cross_entropy": "cross-entropy under the mixture",
    "conditional": "discriminators told labels",
    "joint": "joint discriminator",
}
"""What is added to the text, by the options of the method."""


@dataclass(frozen=True)
class Report:
    """The ablations side by side, and three sentences."""

    def table(self, results: EditResults) -> pd.DataFrame:
        """Return one row a cell."""
        return numbers(results)[["dataset", "entry", "lam", "seed", *COLUMNS]]

    def summary(self, results: EditResults) -> dict[str, Any]:
        """Return the mean accuracy of all factors on images, by dataset and entry."""
        return nested(numbers(results).groupby(["dataset", "entry"], sort=False)["image_all"].mean())

    def render(self, results: EditResults) -> str:
        """Return the report in Markdown."""
        sections = ["## Side by side", _options(results), READ]
        for dataset in results.datasets():
            sections += [f"### {results.title(dataset)}", table(results, dataset, results.entries(dataset), COLUMNS)]
        sections += ["## What the paper is missing"]
        for says, column, words, entries in MISSING:
            told = [
                sentence for dataset in results.datasets() if (sentence := _told(results, dataset, column, entries))
            ]
            sections.append("\n".join([says, *(f"  - {words}, {sentence}" for sentence in told)]))
        return page(results, INTRODUCTION, sections)


def _options(results: EditResults) -> str:
    """Return a row an entry: the weight of what is added to the text, as its first run had it."""
    runs: dict[str, dict[str, Any]] = {}
    for cell in results.cells:
        runs.setdefault(cell.cell.method, cell.run["method"]["options"])
    order = [entry for dataset in results.datasets() for entry in results.entries(dataset)]
    rows = [[title_of(entry), *(_weight(runs[entry][key]) for key in OPTIONS)] for entry in dict.fromkeys(order)]
    return markdown_table(["weights", *OPTIONS.values()], rows)


def _weight(value: bool | float) -> str:
    return ("yes" if value is True else f"{value:g}") if value else "–"


def _told(results: EditResults, dataset: str, column: str, entries: tuple[str, ...]) -> str:
    """Return a number of those entries that a dataset has."""
    known = [entry for entry in entries if (dataset, entry) in edits(results, column)]
    found = (
        f"{measured(values(results, dataset, entry, column).to_list(), SHARE)} ({title_of(entry)})" for entry in known
    )
    return f"{results.title(dataset)}: {', '.join(found)}" if known else ""


INTRODUCTION = """\
# Labels at work

As the paper is written, labels tell the means and covariances of the prior's components at the end of the warm-up, and
nothing else. What is added to that here, one by one: a linear classifier of each partition in warm-up; the
cross-entropy of labelled codes under the mixture afterwards, or discriminators that are told the label; and one more
discriminator, of all partitions together, whose true codes are independent draws."""
READ = """\
DCI, MIG and SAP are of decoded values. Means over seeds with their 95 % intervals."""
MISSING = (
    (
        "- **Nothing ties partition i to factor i.** Every partition sees the whole image, and its discriminator asks "
        "for the shape of its mixture alone, not for images at their own component. A factor that is hard to see may "
        "be found in no partition:",
        "told",
        "values told right",
        ("as_written", "only_warmup", "modular"),
    ),
    (
        '- **Nothing makes partitions independent.** Priors are to be "independent from the others", but each '
        "discriminator sees one partition, and all may hold copies of a factor. An edit of one copy leaves the decoder "
        "with a contradiction:",
        "image_all",
        "all factors right on images",
        ("no_joint", "modular"),
    ),
    (
        "- **Labels act once**, at the estimate. Before it nothing parts the values of a factor, and means that lie "
        "together then stay together; after it nothing holds images at their component:",
        "values_mig",
        "MIG of decoded values",
        ("as_written", "only_warmup", "only_mixture", "conditional", "modular"),
    ),
)
"""Sentences, with the number that shows what they cost, in words and by its column, and of which entries."""
