"""Contents and domains exchanged by every method that has a generator."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from disentangle.reporting.drawing import panels, show_image
from disentangle.studies.dcodr.analysis.layout import page
from disentangle.studies.dcodr.analysis.results import DomainResults, title_of

NEEDS = {"entries": ["lord", "drnet", "ml_vae", "dcodr"], "files": ["codes.npz"], "place": 9}
"""The cells this report reads, with the images that their generators made."""
DRAWS = True


@dataclass(frozen=True)
class Report:
    """A square of images a method and dataset."""

    def table(self, results: DomainResults) -> pd.DataFrame:
        """Return one row an image shown: its method, and the rows of the dataset that content and domain are of."""
        rows = [
            (dataset, entry, int(content), int(domain))
            for dataset, entry, stored in _squares(results)
            for domain in stored["swapped_rows"]
            for content in stored["swapped_rows"]
        ]
        return pd.DataFrame(rows, columns=["dataset", "entry", "content", "domain"])

    def summary(self, results: DomainResults) -> dict[str, Any]:
        """Return which methods are shown by dataset."""
        shown: dict[str, list[str]] = {}
        for dataset, entry, _ in _squares(results):
            shown.setdefault(dataset, []).append(entry)
        return shown

    def render(self, results: DomainResults) -> str:
        """Return the report in Markdown."""
        alt = "Squares of images: a column keeps the content of the image above it, a row the domain of that beside it."
        return page(results, INTRODUCTION, ["## What is made of each content in each domain", READ], ("swaps", alt))

    def draw(self, results: DomainResults) -> Figure:
        """Draw a row a dataset, a square a method."""
        datasets = results.datasets()
        squares = [[square for square in _squares(results) if square[0] == dataset] for dataset in datasets]
        columns = max(map(len, squares))
        figure, axes = panels(len(datasets), columns, 2.6, 2.8)
        for line, own in zip(axes, squares, strict=True):
            for ax in line:
                ax.set_axis_off()
            for ax, (dataset, entry, stored) in zip(line, own, strict=False):
                title = f"{results.title(dataset)}\n{title_of(entry)}".replace(
                    " (", "\n("
                )  # narrow, to part it from the next
                _square(ax, results.labelled(dataset), stored, title)
        return figure


def _squares(results: DomainResults) -> list[tuple[str, str, Any]]:
    return [
        (dataset, entry, results.codes[dataset][entry])
        for dataset in results.datasets()
        for entry in results.entries(dataset)
        if "swapped" in results.codes[dataset][entry]
    ]


def _square(ax: Axes, known: dict[str, Any], stored: Any, title: str) -> None:
    """Draw the images whose contents are taken in the first row, those whose domains in the first column."""
    rows, swapped = stored["swapped_rows"], stored["swapped"]
    count, side = len(rows), swapped.shape[2]
    whole = np.full((count + 1, side + 1, count + 1, side + 1, 3), 255, np.uint8)
    own = np.asarray(known["images"][np.sort(rows)])[np.argsort(np.argsort(rows))]
    whole[0, :side, 1:, :side] = own.transpose(1, 0, 2, 3)
    whole[1:, :side, 0, :side] = own
    whole[1:, :side, 1:, :side] = swapped.transpose(0, 2, 1, 3, 4)
    pixels = whole.reshape((count + 1) * (side + 1), (count + 1) * (side + 1), 3)
    show_image(ax, pixels, title)
    ax.axhline(side, color="black", linewidth=0.8)
    ax.axvline(side, color="black", linewidth=0.8)


INTRODUCTION = """\
# Contents and domains exchanged

What each method's generator makes of the content code of one test image in the domain of another. Where a content code
tells its domain, a generator may take the domain from it, and rows look alike."""
READ = """\
The first row: the images whose contents are taken; the first column: the images whose domains are. Models are those of
the first seed."""
