"""Sheets of small pictures: lines of them in one raster, a name at the left of each line."""

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from disentangle.reporting.drawing import COLOURS, panels

GAP = 2
"""Pixels between pictures."""
TILE = 0.46
"""Inches of a picture's width."""
EDGE, LETTER, ABOVE, LEGEND = 0.06, 0.075, 0.2, 0.22
"""Inches around, of a letter at the left, of the names above, and of a line of the legend."""
BESIDE = 4
"""Entries in a line of the legend."""
FRAME = COLOURS[1]
DIFFERS = np.array([222, 222, 222], np.uint8)
"""The colour of a mark of what differs."""


def coloured(pictures: np.ndarray) -> np.ndarray:
    """Return pictures (..., H, W, C) in three channels, grey where they have one."""
    return np.broadcast_to(pictures, (*pictures.shape[:-1], 3))


def mosaic(pictures: np.ndarray, gap: int = GAP) -> np.ndarray:
    """Return pictures (R, C, H, W, 3) uint8 as one, a row below another, white ``gap`` pixels between them."""
    rows, columns, height, width = pictures.shape[:4]
    whole = np.full((rows, height + gap, columns, width + gap, 3), 255, np.uint8)
    whole[:, :height, :, :width] = pictures.transpose(0, 2, 1, 3, 4)
    return whole.reshape(rows * (height + gap), columns * (width + gap), 3)[:-gap, :-gap]


def marked(picture: np.ndarray, agrees: np.ndarray) -> np.ndarray:
    """Return a picture (H, W, 3) above a bar of one part a label, in its colour where it ``agrees`` (L,), else grey.

    The height grows by an eighth and a white line; the colours are those of ``legend``.
    """
    height, width = picture.shape[:2]
    bar = np.full((1 + height // 8, width, 3), 255, np.uint8)
    edges = np.linspace(0, width + 1, len(agrees) + 1).round().astype(int)
    for start, end, colour, same in zip(edges, edges[1:], _rgb(len(agrees)), agrees, strict=False):
        bar[1:, start : end - 1] = colour if same else DIFFERS
    return np.concatenate([picture, bar])


def sheet(
    lines: Sequence[np.ndarray],
    left: Sequence[str],
    above: Sequence[str] = (),
    framed: Iterable[tuple[int, int]] = (),
    labels: Sequence[str] = (),
) -> Figure:
    """Return lines of pictures, each (n, H, W, 3) uint8 with its name at the left, as a figure that holds one raster.

    Lines may be of different n; there may be none. ``above`` names columns; ``framed`` are (line, place) of pictures
    with a frame around; ``labels`` are what the parts of the bars of ``marked`` pictures stand for.
    """
    if not lines:
        figure, ((ax,),) = panels(1, 1, 3.0, 0.6)
        ax.text(0.5, 0.5, "nothing to show", ha="center", va="center")
        ax.set_axis_off()
        return figure
    columns, (height, width) = max(map(len, lines)), lines[0].shape[1:3]
    whole = np.full((len(lines), columns, height, width, 3), 255, np.uint8)
    for number, line in enumerate(lines):
        whole[number, : len(line)] = line
    names = [name.replace("_", " ") for name in left]
    letters = max(len(line) for name in names for line in name.split("\n"))
    box = np.array([columns * TILE, len(lines) * TILE * (height + GAP) / (width + GAP)])
    corner = np.array([EDGE + LETTER * letters, EDGE + LEGEND * -(-len(labels) // BESIDE)])
    size = corner + box + [EDGE, EDGE + ABOVE * bool(above)]
    figure, ((ax,),) = panels(1, 1, *size)
    figure.set_layout_engine("none")
    ax.set_position((*(corner / size), *(box / size)))
    ax.imshow(mosaic(whole), interpolation="none")
    middle = (height + GAP) * np.arange(len(lines)) + height / 2 - 0.5
    ax.set_yticks(middle, names, fontsize=8)
    across = (width + GAP) * np.arange(len(above)) + width / 2 - 0.5
    ax.set_xticks(across, [name.replace("_", " ") for name in above], fontsize=8)
    ax.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    ax.spines[:].set_visible(False)
    for row, place in framed:
        _frame(ax, row * (height + GAP), place * (width + GAP), height, width)
    if labels:
        legend(figure, labels)
    return figure


def legend(figure: Figure, labels: Sequence[str]) -> None:
    """Say below which colour of a bar stands for which label."""
    patches = [
        Patch(color=colour / 255, label=name.replace("_", " "))
        for colour, name in zip(_rgb(len(labels)), labels, strict=True)
    ]
    figure.legend(
        handles=patches, loc="lower center", ncols=BESIDE, fontsize=8, frameon=False, handlelength=1, borderpad=0.2
    )


def _frame(ax: Axes, top: int, left: int, height: int, width: int) -> None:
    """Draw a frame in the gap around a picture, whose corner is at ``top`` and ``left`` of the raster."""
    corner = (left - 0.5 - GAP / 2, top - 0.5 - GAP / 2)
    ax.add_patch(
        Rectangle(corner, width + GAP, height + GAP, fill=False, edgecolor=FRAME, linewidth=1.6, clip_on=False)
    )


def _rgb(count: int) -> np.ndarray:
    """Return the first colours (count, 3) uint8, the same again where there are more."""
    found = [[int(colour[place : place + 2], 16) for place in (1, 3, 5)] for colour in COLOURS]
    return np.array([found[number % len(found)] for number in range(count)], np.uint8)
