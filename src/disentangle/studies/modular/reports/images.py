"""Ours: whether relation accuracy on codes of the prior tells what becomes of images."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from disentangle.reporting.drawing import COLOURS, legend, panels
from disentangle.reporting.layout import rounded
from disentangle.studies.modular.analysis.layout import NONE, constant, page, table
from disentangle.studies.modular.analysis.ranks import PAIRS, over_runs, ranks_table
from disentangle.studies.modular.analysis.results import EditResults, cells_of, edits, numbers, title_of

NEEDS = {"methods": ["modular", "weak", "few_labels", "zerodim"], "files": ["codes.npz"], "place": 4}
"""The cells this report reads: those that can edit, with what the nearest images tell of plain reconstructions."""
DRAWS = True
COLUMNS = {
    "published": "published",
    "image_changed": "encoded again: changed",
    "image_all": "all",
    "nearest_changed": "nearest image: changed",
    "nearest_all": "all",
    "read": "reads reconstructions",
    "edited": "pixel error",
    "rebuilt": "rebuilt",
    "still": "no edit",
}
MARKERS = "osD^"


@dataclass(frozen=True)
class Report:
    """The published measure beside three of what edits make of images."""

    def table(self, results: EditResults) -> pd.DataFrame:
        """Return one row a cell."""
        return numbers(results)[["dataset", "entry", "lam", "seed", *COLUMNS]]

    def summary(self, results: EditResults) -> dict[str, Any]:
        """Return by dataset the rank correlations over all runs."""
        return {
            dataset: {f"{a} {b}": rounded(over_runs(results, dataset, a, b), 2) for a, b in PAIRS}
            for dataset in results.datasets()
        }

    def render(self, results: EditResults) -> str:
        """Return the report in Markdown."""
        sections = ["## What becomes of images", READ]
        for dataset in results.datasets():
            sections += [f"### {results.title(dataset)}", _table(results, dataset)]
        sections += ["## What ranks alike", RANKS]
        for dataset in results.datasets():
            sections += [f"### {results.title(dataset)}", ranks_table(results, dataset)]
        alt = "A point a run: accuracy on images against the published accuracy, a panel a dataset."
        return page(results, INTRODUCTION, sections, ("images", alt))

    def draw(self, results: EditResults) -> Figure:
        """Draw a panel a dataset, a point a run: images encoded again (filled), and by the nearest image (hollow)."""
        datasets, entries = (
            results.datasets(),
            list(dict.fromkeys(entry for _, entry in edits(results, "prior_changed"))),
        )
        figure, axes = panels(
            1, len(datasets), max(3.6, 6 / len(datasets)), 3.4, below=0.25 + 0.2 * math.ceil(len(entries) / 3)
        )
        for ax, dataset in zip(axes[0], datasets, strict=True):
            ax.plot([0, 1], [0, 1], color="0.8", linewidth=0.8, zorder=0)
            for entry, colour, marker in _looks(entries):
                own = cells_of(results, dataset, entry)
                look: dict[str, Any] = {"marker": marker, "s": 22}
                ax.scatter(own["prior_changed"], own["nearest_all"], facecolors="none", edgecolors=colour, **look)
                ax.scatter(own["prior_changed"], own["image_all"], color=colour, label=title_of(entry), **look)
            ax.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), title=results.title(dataset))
            ax.set_xlabel("changed factor right on the prior")
        axes[0][0].set_ylabel("all factors right on images")
        legend(figure, axes[0][:1], min(max(1, len(entries)), 3 if len(datasets) > 1 else 2))
        return figure


def _looks(entries: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield every entry with a colour and a marker that no other has together."""
    for place, entry in enumerate(entries):
        yield entry, COLOURS[place % len(COLOURS)], MARKERS[place // len(COLOURS)]


def _table(results: EditResults, dataset: str) -> str:
    entries = results.entries(dataset)
    if not entries:
        return NONE
    chance = [constant(results, dataset, f"image_{what}") for what in ("chance_changed", "chance_all", "still_changed")]
    by_chance = f"By chance, the changed factor is right in {chance[0]} of edits, and all are in {chance[1]}."
    still = f"What is not edited has the factor wanted, and so all, in {chance[2]}."
    return f"{table(results, dataset, entries, COLUMNS)}\n\n{by_chance} {still}"


INTRODUCTION = """\
# The published measure, put to the test

Relation accuracy as published never touches an image: codes are drawn from the prior, edited, and told by the prior.
Does it say what becomes of an image that is encoded, edited and decoded?"""
READ = """\
*Published*: relation accuracy on the prior, in the form that the paper prints, of Valenti 2022 that of all factors.
*Encoded again*: true test images are encoded, edited, decoded and encoded again; shares of edits with the changed
factor right, and with all. That has the model's own blind spots. *Nearest image*: the same, told by the true image of
the grid that is the nearest to the edited one, pixel by pixel: no network, but it misreads blurred images; *reads
reconstructions* is how many factor values it tells right of plain reconstructions, its own ceiling. *Pixel error*: mean
squared error, pixels in 0 to 1, of the edited image from the true one of the values wanted; *rebuilt* is that of the
true one's own reconstruction, *no edit* that of the image as it was: an edit that is above it has the factor at the
cost of what should stay. Means over seeds with their 95 % intervals. In the picture, filled points are images encoded
again, hollow ones by the nearest image; the line is where images do as codes of the prior. What trains the prior and
the learner ends with the warm-up: entries that differ afterwards alone, such as *as written* and *labels only under the
mixture*, have the same accuracy on the prior to the last digit, whatever becomes of images."""
RANKS = """\
Spearman's correlation over all runs, and over entries seed by seed (their mean with its interval), of all methods in
one form: accuracy on the prior is that of the changed factor. Entries alike up to the warm-up's end are tied there. A
pixel error is better where it is lower, so that a measure which agrees with it has a negative one."""
