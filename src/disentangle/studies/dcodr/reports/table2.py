"""Kahana & Hoshen 2022, Table 2: the invariance of autoencoders to augmentations, on each dataset."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from disentangle.reporting.layout import nested
from disentangle.studies.dcodr.analysis.invariance import PAPER_DATASETS, found, published, table_of
from disentangle.studies.dcodr.analysis.layout import page
from disentangle.studies.dcodr.analysis.results import DomainResults

NEEDS = {"entries": ["autoencoder"]}
"""The cells this report reads: autoencoders on all datasets of the study."""


@dataclass(frozen=True)
class Report:
    """Both measures a dataset, beside the paper's where it has it."""

    def table(self, results: DomainResults) -> pd.DataFrame:
        """Return one row a dataset, seed, augmentation and measure."""
        return found(results)

    def summary(self, results: DomainResults) -> dict[str, Any]:
        """Return the mean f_norm over seeds by dataset and augmentation."""
        own = found(results).query("measure == 'f_norm'")
        means = own.groupby(["dataset", "augmentation"], sort=False)["value"].mean()
        return nested(means, 4)

    def render(self, results: DomainResults) -> str:
        """Return the report in Markdown."""
        sections = []
        for dataset in results.datasets():
            own = found(results)
            printed = published(results, PAPER_DATASETS.get(dataset, ""))
            sections += [f"## {results.title(dataset)}", table_of(own[own["dataset"] == dataset], printed)]
        return page(results, INTRODUCTION, sections)


INTRODUCTION = """\
# Kahana & Hoshen 2022, Table 2: what autoencoders ignore, by dataset

Table 1 before it is averaged. Pairs are published / ours, with a dash where the paper has no such dataset; ranks are
from the most ignored, 1."""
