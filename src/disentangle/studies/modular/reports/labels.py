"""Ours: how much is gained by more labels, on codes of the prior and on images."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from disentangle.reporting.drawing import COLOURS, legend, panels, plain_logarithm
from disentangle.reporting.layout import rounded
from disentangle.studies.modular.analysis.layout import page, table
from disentangle.studies.modular.analysis.results import EditResults, cells_of, labels_of, numbers

NEEDS = {"methods": ["modular", "weak"], "entries": ["labels_*", "modular", "weak"], "place": 3}
"""The cells this report reads."""
DRAWS = True
COLUMNS = {
    "published": "relation accuracy, as published",
    "image_changed": "on images, changed factor",
    "image_all": "on images, all factors",
    "told": "factor values told right",
}


@dataclass(frozen=True)
class Report:
    """Accuracies by the number of labels."""

    def table(self, results: EditResults) -> pd.DataFrame:
        """Return one row a cell."""
        return numbers(results)[["dataset", "entry", "seed", "labels", *COLUMNS]]

    def summary(self, results: EditResults) -> dict[str, Any]:
        """Return the means of the curve by dataset and number of labels."""
        return {
            dataset: {
                str(labels): {column: rounded(own[column].mean()) for column in COLUMNS}
                for labels, own in _curve(results, dataset).groupby("labels")
            }
            for dataset in _datasets(results)
        }

    def render(self, results: EditResults) -> str:
        """Return the report in Markdown."""
        sections = ["## Accuracies", READ]
        for dataset in _datasets(results):
            sections += [f"### {results.title(dataset)}", table(results, dataset, _entries(results, dataset), COLUMNS)]
        alt = "Four accuracies against the number of labels, a panel a dataset; crosses are the predecessor's."
        return page(results, INTRODUCTION, sections, ("labels", alt))

    def draw(self, results: EditResults) -> Figure:
        """Draw a panel a dataset: a line an accuracy over labels, and the predecessor's as crosses."""
        datasets = _datasets(results)
        figure, axes = panels(1, len(datasets), max(3.4, 5.6 / len(datasets)), 3.0, below=0.7)
        for ax, dataset in zip(axes[0], datasets, strict=True):
            curve, own = _curve(results, dataset), cells_of(results, dataset, "weak")
            for colour, (column, title) in zip(COLOURS, COLUMNS.items(), strict=False):
                means = curve.groupby("labels")[column].mean().dropna()
                ax.plot(means.index, means, color=colour, marker="o", markersize=3, label=title)
                ax.scatter(curve["labels"], curve[column], color=colour, s=5, alpha=0.4, linewidths=0)
                ax.scatter(own["labels"].astype(float), own[column], color=colour, marker="x", s=22)
            labels = cells_of(results, dataset)["labels"]  # where all diverged, there is nothing else to scale by
            ax.set(xscale="log", xlim=(labels.min() / 1.4, labels.max() * 1.4), ylim=(-0.02, 1.05), xlabel="labels")
            ax.set_title(results.title(dataset))
            plain_logarithm(ax.xaxis)
        axes[0][0].set_ylabel("share")
        legend(figure, axes[0], 2)
        return figure


def _entries(results: EditResults, dataset: str) -> list[str]:
    """Return the entries of a dataset by their number of labels, the predecessor last."""
    fewest = {entry: cells_of(results, dataset, entry)["labels"].min() for entry in results.entries(dataset)}
    return sorted(fewest, key=lambda entry: (entry == "weak", fewest[entry]))


def _curve(results: EditResults, dataset: str) -> pd.DataFrame:
    own = cells_of(results, dataset)
    return own[own["entry"] != "weak"]


def _datasets(results: EditResults) -> list[str]:
    """Return the datasets with more than one number of labels; all, if none has."""
    return [name for name in results.datasets() if any(_more(results, name))] or results.datasets()


def _more(results: EditResults, dataset: str) -> Iterator[bool]:
    return (labels_of(entry) > 0 for entry in results.entries(dataset))


INTRODUCTION = """\
# What labels buy

M-AE, labels at work, trained alike but for how many images are labelled. The paper has one number, 1,000, and gives its
predecessor ten a combination."""
READ = """\
Relation accuracy in the form that the paper prints, which is of codes drawn from the prior (of Valenti 2022, of all
factors); the same of images that are
encoded, edited, decoded and encoded again; and how often the values told of test images are right. Means over seeds
with their 95 % intervals. In the picture, a small point is a cell, and a cross is one of the predecessor's."""
