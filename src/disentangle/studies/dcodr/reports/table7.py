"""Kahana & Hoshen 2022, Table 7: what nearest neighbours share on Edges2Shoes."""

from dataclasses import dataclass

from disentangle.studies.dcodr.analysis.retrieval import Retrieval

NEEDS = {
    "dataset": "edges2shoes",
    "entries": ["simclr", "lord", "drnet", "ml_vae", "dcodr_norec", "dcodr", "contrast_all"],
    "files": ["codes.npz"],
}
"""The cells this report reads, with their codes for the picture."""
DRAWS = True

INTRODUCTION = """\
# Kahana & Hoshen 2022, Table 7: neighbours on Edges2Shoes

The domain is the medium, photograph or edge map."""


@dataclass(frozen=True)
class Report(Retrieval):
    """Neighbours on Edges2Shoes."""

    number = 7
    needs = NEEDS
    introduction = INTRODUCTION
