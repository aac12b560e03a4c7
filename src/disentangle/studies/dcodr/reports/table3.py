"""Kahana & Hoshen 2022, Table 3: what codes tell of SmallNORB."""

from dataclasses import dataclass

from disentangle.studies.dcodr.analysis.prediction import Prediction

NEEDS = {
    "dataset": "smallnorb_by_toy",
    "entries": ["simclr", "lord", "drnet", "ml_vae", "dcodr_norec", "dcodr", "contrast_all"],
}
"""The cells this report reads."""

INTRODUCTION = """\
# Kahana & Hoshen 2022, Table 3: what codes tell of SmallNORB

The domain is the toy, of fifty. A code should not tell it, and should tell everything else."""


@dataclass(frozen=True)
class Report(Prediction):
    """Domain and attributes of SmallNORB."""

    number = 3
    needs = NEEDS
    introduction = INTRODUCTION
