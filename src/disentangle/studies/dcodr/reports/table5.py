"""Kahana & Hoshen 2022, Table 5: what nearest neighbours share on SmallNORB."""

from dataclasses import dataclass

from disentangle.studies.dcodr.analysis.retrieval import Retrieval

NEEDS = {
    "dataset": "smallnorb_by_toy",
    "entries": ["simclr", "lord", "drnet", "ml_vae", "dcodr_norec", "dcodr", "contrast_all"],
    "files": ["codes.npz"],
}
"""The cells this report reads, with their codes for the picture."""
DRAWS = True

INTRODUCTION = """\
# Kahana & Hoshen 2022, Table 5: neighbours on SmallNORB

The domain is the toy. An azimuth within two steps, either way round, counts as the same (the paper: a margin of 3)."""


@dataclass(frozen=True)
class Report(Retrieval):
    """Neighbours on SmallNORB."""

    number = 5
    needs = NEEDS
    introduction = INTRODUCTION
