"""Kahana & Hoshen 2022, Table 1: the invariance of autoencoders to augmentations, averaged over datasets."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from disentangle.reporting.layout import nested
from disentangle.studies.dcodr.analysis.invariance import averaged, found, published, table_of
from disentangle.studies.dcodr.analysis.layout import page
from disentangle.studies.dcodr.analysis.results import DomainResults

NEEDS = {"entries": ["autoencoder"]}
"""The cells this report reads: autoencoders on all datasets of the study."""


@dataclass(frozen=True)
class Report:
    """Both measures, meaned over our datasets, beside the paper's means over its three."""

    def table(self, results: DomainResults) -> pd.DataFrame:
        """Return one row a seed, augmentation and measure."""
        return averaged(found(results))

    def summary(self, results: DomainResults) -> dict[str, Any]:
        """Return the means over seeds by measure and augmentation."""
        means = self.table(results).groupby(["measure", "augmentation"], sort=False)["value"].mean()
        return nested(means, 4)

    def render(self, results: DomainResults) -> str:
        """Return the report in Markdown."""
        over = f"Ours are means over {', '.join(map(results.title, results.datasets()))}; the paper's over Cars3D, "
        over += "Edges2Shoes and CelebA."
        sections = [
            "## Averages over datasets",
            READ,
            over,
            table_of(self.table(results), published(results, "Average")),
        ]
        return page(results, INTRODUCTION, sections)


INTRODUCTION = """\
# Kahana & Hoshen 2022, Table 1: what autoencoders ignore

A plain autoencoder AE is trained on images as they are, then told an image x and an augmented copy t(x). Where what it
makes of both is alike, its kind ignores t; the paper chooses the augmentations of a contrastive method so."""
READ = """\
*f_unnorm* = dist(AE(x), AE(t(x))), *f_norm* = f_unnorm / dist(x, t(x)), meaned over test images. Each pair is published
/ ours; ranks are from the most ignored, 1. Distances are perceptual, by the network told below: where that is not the
paper's, compare ranks only. What an augmentation leaves as it is, as a colour of grey images, has no number, and a mean
over datasets is one over those that have one."""
