"""Sheets of a grid of factors that any study may show: samples, and each factor varied alone."""

import math
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing

from disentangle.data.grid import Grid, index_of, values_of
from disentangle.reporting.drawing import listed
from disentangle.reporting.grid_images import GridImages
from disentangle.reporting.results import stand_ins_of
from disentangle.reporting.sheets import sheet
from disentangle.streams import rng

LINES, EACH = 4, 8
"""Samples are so many lines of so many pictures; of a factor at most as many values are shown as fit a line."""


class Pictured(Protocol):
    """What these sheets are given."""

    @property
    def dataset(self) -> str:
        """Its name."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What it is made of."""

    @property
    def images(self) -> GridImages:
        """The grid."""


class Samples:
    """Images drawn at random, as models see them."""

    def table(self, subject: Pictured) -> pd.DataFrame:
        """Return one row an image, from left to right and top to bottom: its row in the dataset, and its factors."""
        grid = subject.images.grid
        count = math.prod(grid.sizes.values())
        rows = rng(0, "samples").choice(count, min(count, LINES * EACH), replace=False)
        return pd.DataFrame({"place": np.arange(len(rows)), "row": rows} | factors_of(grid, rows))

    def draw(self, subject: Pictured, table: pd.DataFrame) -> Drawing:
        """Draw the images in lines."""
        pictures = subject.images.seen(table["row"].to_numpy(), rng(0, "samples", "observe"))
        lines = [pictures[start : start + EACH] for start in range(0, len(pictures), EACH)]
        return sheet(lines, [""] * len(lines))

    def text(self, subject: Pictured) -> dict[str, str]:
        """Return title, caption and alternative text."""
        grid = subject.images.grid
        factors = listed([f"{_title(name, grid)} ({size})" for name, size in grid.sizes.items()])
        count = min(math.prod(grid.sizes.values()), LINES * EACH)
        return {
            "title": f"Samples of {subject.dataset}",
            "caption": f"{count} of {math.prod(grid.sizes.values()):,} images, drawn at random. Each is one "
            f"combination of the values of {factors}. {_seen_as(subject)}".strip(),
            "alt": f"Lines of {count} small images of {subject.dataset}, drawn at random from all combinations of "
            f"{listed([_title(name, grid) for name in grid.sizes])}.",
        }


class Factors:
    """Each factor varied alone from one image, a line a factor."""

    def table(self, subject: Pictured) -> pd.DataFrame:
        """Return one row an image: the factor that is varied, the image's row in the dataset, and its factors.

        ``base`` marks the image that all lines share.
        """
        return varied(subject.images.grid)

    def draw(self, subject: Pictured, table: pd.DataFrame) -> Drawing:
        """Draw a line a factor, with a frame around the image that all share."""
        grid = subject.images.grid
        pictures = subject.images.seen(table["row"].to_numpy(), rng(0, "factors", "observe"))
        lines, left, framed = [], [], []
        for number, (factor, own) in enumerate(table.groupby("factor", sort=False)):
            lines.append(pictures[own.index])
            nuisance = "nuisance, " if factor in grid.nuisance else ""
            left.append(f"{factor}\n{nuisance}{_shown_of(len(own), grid.sizes[str(factor)])}")
            framed += [(number, int(place)) for place in np.flatnonzero(own["base"])]
        return sheet(lines, left, framed=framed)

    def text(self, subject: Pictured) -> dict[str, str]:
        """Return title, caption and alternative text."""
        grid = subject.images.grid
        names = [_title(name, grid) for name in grid.sizes if grid.sizes[name] > 1]
        return {
            "title": f"The factors of {subject.dataset}",
            "caption": "In each line one factor is varied and all others are held, those of the framed image, which is "
            f"in every line. {_seen_as(subject)}".strip(),
            "alt": f"Lines of small images of {subject.dataset}; along each line one factor changes: {listed(names)}.",
        }


def varied(grid: Grid) -> pd.DataFrame:
    """Return the images that differ from one image, drawn at random, in one factor alone; see ``Factors.table``.

    Factors of one value are left out.
    """
    shown = {name: evenly(size, EACH) for name, size in grid.sizes.items()}
    random = rng(0, "factors")
    base = np.array([random.choice(values) for values in shown.values()])  # so that it is in every line
    tables = []
    for place, (name, values) in enumerate(shown.items()):
        if len(values) > 1:
            told = np.repeat(base[None], len(values), axis=0)
            told[:, place] = values
            known = {"factor": name, "value": values, "base": values == base[place], "row": index_of(told, grid.sizes)}
            tables.append(pd.DataFrame(known | dict(zip(grid.sizes, told.T, strict=True))))
    return pd.concat(tables, ignore_index=True)


def evenly(size: int, most: int) -> np.ndarray:
    """Return at most ``most`` of the values 0 to size - 1, the first and the last and evenly between them."""
    return np.linspace(0, size - 1, min(size, most)).round().astype(int)


def factors_of(grid: Grid, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the values (N,) of each factor of rows (N,)."""
    return dict(zip(grid.sizes, values_of(rows, grid.sizes).T, strict=True))


def _title(factor: str, grid: Grid) -> str:
    """Return what a factor is called, marked where no method is told of it."""
    return factor.replace("_", " ") + (" (nuisance)" if factor in grid.nuisance else "")


def _shown_of(count: int, size: int) -> str:
    return f"{size} values" if count == size else f"{count} of {size} values"


def _seen_as(subject: Pictured) -> str:
    """Return sentences on how images are seen, and on what they stand in for."""
    random = "Observations are random: each image is seen as a model sees it, with noise of its own."
    stand_ins = stand_ins_of(subject.manifest).rstrip(".")
    sentences = [random if subject.images.random else "", f"Stand-in data: {stand_ins}." if stand_ins else ""]
    return " ".join(filter(None, sentences))
