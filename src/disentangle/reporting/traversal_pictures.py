"""Traversals as pictures, still and moving: a line a dimension."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from disentangle.reporting.drawing import gif, panels
from disentangle.reporting.layout import number
from disentangle.reporting.sheets import GAP, mosaic
from disentangle.reporting.traversals import STEPS, Line, Traversal, rows

TILE, BESIDE, ABOVE = 0.46, 1.25, 0.3
"""Inches of a picture, of the names at the left and of a title."""
SIDE, SECONDS = 64, 0.16
"""Pixels of a picture in a frame, about, and how long a frame is shown."""
LETTERS, TITLE, WORD = 10, 17, 12
"""Pixels of letters, and of a line of a title and of words below a picture."""
ROUNDED = 8
"""Pixels of the still picture are multiples of it, which no eye sees and nearly halves a file."""
MOVING, BYTES, COLOURS = 4, 150_000, (256, 128, 96, 64, 48, 32, 24, 16)
"""Dimensions that move; their pictures have as many colours as let them be no larger."""


class Walked(Protocol):
    """What a figure of traversals asks of what it shows."""

    @property
    def traversals(self) -> Sequence[Traversal]:
        """A walk a model."""


class Traversals:
    """A block a model, a line a dimension."""

    def table(self, subject: Walked) -> pd.DataFrame:
        """Return one row a (model, dimension, step): what it carries, and the value that is decoded."""
        return rows(subject.traversals)

    def draw(self, subject: Walked, table: pd.DataFrame) -> Figure:  # noqa: ARG002
        """Draw the models one below another."""
        return draw(subject.traversals)

    def frames(self, subject: Walked, table: pd.DataFrame) -> tuple[np.ndarray, float]:  # noqa: ARG002
        """Return frames (L, H, W, 3) uint8, and seconds of each."""
        return frames(subject.traversals)


def draw(traversals: Sequence[Traversal]) -> Figure:
    """Draw the models one below another: the image, true and rebuilt, and a line a dimension."""
    if not traversals:
        return _nothing()
    steps = max((len(line.walked) for own in traversals for line in own.lines), default=STEPS)
    heights = [ABOVE + TILE * (1 + len(own.lines)) for own in traversals]
    size = np.array([BESIDE + TILE * steps, sum(heights)])
    figure, axes = panels(len(traversals), 1, size[0], size[1] / len(traversals))
    figure.set_layout_engine("none")
    for number_of, ((ax,), own) in enumerate(zip(axes, traversals, strict=True)):
        whole = np.full((1 + len(own.lines), steps, *own.true.shape), 255, np.uint8)
        whole[0, :2] = own.true, own.rebuilt
        for place, line in enumerate(own.lines, start=1):
            whole[place] = line.pictures
        below, high = sum(heights[number_of + 1 :]), heights[number_of] - ABOVE
        ax.set_position((BESIDE / size[0], below / size[1], 1 - BESIDE / size[0], high / size[1]))
        ax.imshow(mosaic(_rounded(whole)), interpolation="none", aspect="auto")
        middle = (own.true.shape[0] + GAP) * np.arange(len(whole)) + own.true.shape[0] / 2 - 0.5
        ax.set_yticks(middle, ["true, rebuilt", *("\n".join(_words(line)) for line in own.lines)], fontsize=8)
        ax.set_xticks([])
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        ax.set_title(own.title, loc="left", fontsize=9, x=-BESIDE / (size[0] - BESIDE) + 0.01)
    return figure


def frames(traversals: Sequence[Traversal]) -> tuple[np.ndarray, float]:
    """Return frames (L, H, W, 3) uint8 in which dimensions go there and back, and seconds of each.

    Those are the MOVING ones that carry most.
    """
    shown = [replace(own, lines=own.lines[:MOVING]) for own in traversals]
    for colours in COLOURS:
        found = _frames(shown, colours)
        if len(gif(found, SECONDS)) <= BYTES:
            break
    return found, SECONDS


def _frames(traversals: Sequence[Traversal], colours: int) -> np.ndarray:
    lines = [line for own in traversals for line in own.lines]
    if not lines:
        return _still(["no model", *(own.title for own in traversals)])[None]
    there = [*range(len(lines[0].walked))]
    side = lines[0].pictures.shape[1]
    times = max(1, SIDE // side)
    each, columns = side * times + GAP, 1 + max(len(own.lines) for own in traversals)
    moving = _of_colours(np.stack([line.pictures for line in lines]), colours)
    moving = moving.repeat(times, axis=2).repeat(times, axis=3)
    words = max(len(_narrow(line, each)) for line in lines)
    band = TITLE + each + WORD * words
    paper = Image.new("RGB", (columns * each, band * len(traversals)), "white")
    pen, font = ImageDraw.Draw(paper), _font()
    for number_of, own in enumerate(traversals):
        top = band * number_of
        pen.text((1, top + 2), own.title, "black", font)
        true = own.true.repeat(times, axis=0).repeat(times, axis=1)
        paper.paste(Image.fromarray(true), (0, top + TITLE))
        for place, told in enumerate([["true"], *(_narrow(line, each) for line in own.lines)]):
            for below, word in enumerate(told):
                pen.text((place * each + 1, top + TITLE + each + WORD * below - 1), word, "black", font)
    whole = np.repeat(np.asarray(paper)[None], len(there), axis=0)
    places = [(number_of, place) for number_of, own in enumerate(traversals) for place in range(1, 1 + len(own.lines))]
    for (number_of, place), own_pictures in zip(places, moving, strict=True):
        top, left = band * number_of + TITLE, place * each
        whole[:, top : top + each - GAP, left : left + each - GAP] = own_pictures
    found: np.ndarray = whole[[*there, *there[-2:0:-1]]]
    return found


def _rounded(tiles: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.minimum(np.rint(tiles / ROUNDED) * ROUNDED, 255).astype(np.uint8)
    return found


def _of_colours(tiles: np.ndarray, colours: int) -> np.ndarray:
    """Return pictures (L, T, S, S, 3) in so many colours, those nearest to theirs."""
    whole = Image.fromarray(np.ascontiguousarray(tiles).reshape(-1, tiles.shape[-2], 3))
    found = whole.quantize(colours, kmeans=5, dither=Image.Dither.NONE).convert("RGB")  # without means hues are lost
    return np.asarray(found).reshape(tiles.shape)


def _words(line: Line) -> list[str]:
    return [f"{line.code}: {number(line.share, 2)}", line.factor.replace("_", " ")]


def _narrow(line: Line, width: int) -> list[str]:
    """Return the same, with words below each other that are wider together than a picture."""
    code, factor = _words(line)
    return [code, *([factor] if _font().getlength(factor) <= width else factor.split())]


def _font() -> ImageFont.FreeTypeFont:
    """Return the letters of all figures, Greek ones among them."""
    return ImageFont.truetype(str(Path(mpl.get_data_path(), "fonts/ttf/DejaVuSans.ttf")), LETTERS)


def _still(lines: Sequence[str]) -> np.ndarray:
    """Return lines of text as a picture."""
    width = max(_font().getlength(line) for line in lines)
    paper = Image.new("RGB", (int(width) + 8, TITLE * len(lines) + 4), "white")
    ImageDraw.Draw(paper).text((4, 3), "\n".join(lines), "black", _font())
    return np.asarray(paper)


def _nothing() -> Figure:
    figure, ((ax,),) = panels(1, 1, 3.0, 0.6)
    ax.text(0.5, 0.5, "no model", ha="center", va="center")
    ax.set_axis_off()
    return figure
