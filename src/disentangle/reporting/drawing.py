"""How figures look, and their bytes: the same table gives the same SVG."""

import io
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter
from PIL import Image

STYLE: Any = {
    "svg.hashsalt": "disentangle",  # otherwise identifiers are drawn at random
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.dpi": 100,
}
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#444444", "#f0e442")
"""Okabe and Ito's palette, told apart by most eyes."""


def panels(rows: int, columns: int, width: float, height: float, below: float = 0.0) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure of axes, a list a row, each ``width`` x ``height`` inches; ``below`` is room for a legend."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(columns * width, rows * height + below), layout="constrained")
        axes: list[list[Axes]] = figure.subplots(rows, columns, squeeze=False).tolist()
    return figure, axes


def show_image(axes: Axes, image: np.ndarray, title: str) -> None:
    """Draw an image (S, S, 3) uint8 pixel by pixel, without axes."""
    axes.imshow(image, interpolation="nearest")
    axes.set_title(title)
    axes.set_axis_off()


def plain_logarithm(axis: Axis) -> None:
    """Label a logarithmic axis at 1, 3, 10, 30, ... in plain numbers: labels of a narrow panel do not overlap."""
    axis.set_major_locator(LogLocator(subs=(1, 3)))
    axis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axis.set_minor_locator(NullLocator())


def apart(places: Sequence[float], gap: float) -> list[float]:
    """Return places from 0 to 1, which ascend, moved apart by as little as makes them differ by ``gap`` or more.

    Where there is no room for that many they are spread evenly.
    """
    count = len(places)
    if gap * (count - 1) >= 1:
        return [place / (count - 1) for place in range(count)]
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + gap) if moved else place)
    for back in range(1, count + 1):
        moved[-back] = min(moved[-back], 1 - gap * (back - 1))
    return moved


def legend(figure: Figure, axes: Sequence[Axes], columns: int = 6) -> None:
    """Put one legend of all that the panels name below them."""
    named: dict[str, Artist] = {}
    for ax in axes:
        lines, labels = ax.get_legend_handles_labels()
        named |= dict(zip(labels, lines, strict=True))
    if named:
        figure.legend([*named.values()], [*named], loc="outside lower center", ncols=columns, fontsize=8, frameon=False)


def svg(figure: Figure) -> bytes:
    """Return a figure as SVG without date, its text as outlines, so that it looks alike everywhere."""
    buffer = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def png(figure: Figure) -> bytes:
    """Return a figure as PNG, twice as large as it is meant to be seen, without what differs between versions."""
    buffer = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="png", dpi=2 * figure.dpi, metadata={"Software": None})
    return buffer.getvalue()


def gif(frames: np.ndarray, seconds: float) -> bytes:
    """Return frames (L, H, W, 3) uint8 as a GIF that repeats, ``seconds`` each; the same frames are the same bytes.

    A frame keeps its own palette of 256 colours, without dithering, which would flicker.
    """
    pictures = [Image.fromarray(frame).quantize(256, dither=Image.Dither.NONE) for frame in frames]
    buffer = io.BytesIO()
    first, *rest = pictures
    first.save(buffer, "GIF", save_all=True, append_images=rest, duration=round(1000 * seconds), loop=0)
    return buffer.getvalue()


def listed(words: Sequence[str]) -> str:
    """Return words as an enumeration: ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
