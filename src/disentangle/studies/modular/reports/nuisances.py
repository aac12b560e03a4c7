"""Ours: nuisance factors that vary freely, as the paper says, against those of the authors' repository."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from disentangle.reporting.layout import measured, nested
from disentangle.reporting.statistics import SHARE
from disentangle.reporting.tables import markdown_table
from disentangle.studies.modular.analysis.layout import labels, page, seeds
from disentangle.studies.modular.analysis.results import EditResults, factors_told, title_of, values

NEEDS = {"entries": ["modular", "as_written", "weak", "few_labels", "zerodim", "labels_only"], "place": 6}
"""The cells this report reads."""
CEILING = "labels_only"
"""The entry that is a classifier of the labelled images alone."""
COLUMNS = {"published": "published accuracy", "image_changed": "on images, changed", "image_all": "on images, all"}


@dataclass(frozen=True)
class Report:
    """How often each factor is told right, by what the nuisances may be."""

    def table(self, results: EditResults) -> pd.DataFrame:
        """Return one row a cell and factor."""
        found = factors_told(results)
        return found.assign(nuisances=[nuisances_of(results, str(dataset)) for dataset in found["dataset"]])

    def summary(self, results: EditResults) -> dict[str, Any]:
        """Return by dataset the mean accuracy of the ceiling on each factor."""
        found = factors_told(results).query("entry == @CEILING")
        return nested(found.groupby(["dataset", "factor"], sort=False)["value"].mean())

    def render(self, results: EditResults) -> str:
        """Return the report in Markdown."""
        sections = ["## Factor values told right", READ]
        for datasets in _compared(results):
            for dataset in datasets:
                title = f"### {results.title(dataset)}: nuisances {nuisances_of(results, dataset)}"
                sections += [title, _table(results, dataset)]
            if len(datasets) == 1:
                sections.append(f"There is no other {results.variant(datasets[0]) or datasets[0]} to compare it with.")
        return page(results, INTRODUCTION, sections)


def nuisances_of(results: EditResults, dataset: str) -> str:
    """Return whether the nuisances of a dataset are free or restricted; those that cannot be told are free."""
    return str(results.manifests[dataset]["definition"]["options"].get("nuisances", "free"))


def _compared(results: EditResults) -> list[list[str]]:
    """Return the datasets of which the nuisances alone differ, side by side; if there are none, each by itself."""
    by_generator: dict[str, list[str]] = {}
    for dataset in results.datasets():
        by_generator.setdefault(results.manifests[dataset]["definition"]["generator"], []).append(dataset)
    pairs = [found for found in by_generator.values() if len({nuisances_of(results, name) for name in found}) > 1]
    return pairs or [*by_generator.values()]


def _table(results: EditResults, dataset: str) -> str:
    found, factors = factors_told(results).query("dataset == @dataset"), results.told(dataset)
    rows = []
    for entry in sorted(results.entries(dataset), key=lambda name: name != CEILING):
        own = found[found["entry"] == entry]
        told = [measured(own[own["factor"] == factor]["value"].to_list(), SHARE) for factor in factors]
        ours = [measured(values(results, dataset, entry, column).to_list(), SHARE) for column in COLUMNS]
        rows.append([title_of(entry), labels(results, dataset, entry), *told, *ours, seeds(results, dataset, entry)])
    rows.append(["chance", "", *(f"{1 / size:.3f}" for size in factors.values()), *[""] * len(COLUMNS), ""])
    return markdown_table(["told right", "labels", *factors, *COLUMNS.values(), "seeds"], rows)


INTRODUCTION = """\
# Free nuisances

"No restriction is imposed on the nuisance factors", says the paper. The authors' repository has sprites of three of six
scales, upright within 28 degrees. What that decides is how much a number of labels can tell of the shape at all."""
READ = """\
How often the value of each factor is told right of test images, and what becomes of edits. The *classifier of the
labelled alone* is trained with supervision on so many labelled images, and no others: its accuracy is what their number
allows a method that draws nothing from the images without labels. Others see those too, and may be above it. Means over
seeds with their 95 % intervals."""
