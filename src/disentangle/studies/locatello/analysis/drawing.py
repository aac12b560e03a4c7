"""What the figures of a study share: a colour a method, heat maps with their numbers, strips of models."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from disentangle.reporting.drawing import COLOURS, panels, plain_logarithm
from disentangle.studies.locatello.analysis.results import METHODS

Panel = Callable[[Axes], None]
MARKERS = "osD^vhp<"
SHORT = {
    "BetaVAE Score": "BetaVAE",
    "FactorVAE Score": "FactorVAE",
    "DCI Disentanglement": "DCI",
}
"""Scores as axes name them."""


def short(score: str) -> str:
    """Return a score's name for an axis."""
    return SHORT.get(score, score)


def sheet(groups: Sequence[Sequence[Panel]], columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """Return a figure with a panel for each function, which draws on its axes; each group starts on a row of its own.

    Panels are ``width`` x ``height`` inches; a figure without any has one that says so, and so does a panel on which
    nothing was drawn. Room for a legend is below.
    """
    groups = [group for group in groups if group] or [[_nothing]]
    columns = min(columns, max(len(group) for group in groups))
    rows = [list(group[start : start + columns]) for group in groups for start in range(0, len(group), columns)]
    figure, axes = panels(len(rows), columns, width, height, below=0.5)
    used = []
    for line, drawn in zip(axes, rows, strict=True):
        for place, draw in enumerate(drawn):
            draw(line[place])
            _tell_if_empty(line[place])
        used += line[: len(drawn)]
        for ax in line[len(drawn) :]:
            ax.set_visible(False)
    return figure, used


def _nothing(axes: Axes) -> None:
    axes.text(0.5, 0.5, "no model", ha="center", va="center")
    axes.set_axis_off()


def _tell_if_empty(axes: Axes) -> None:
    if not np.isfinite(axes.dataLim.get_points()).all() and not axes.texts:
        axes.text(0.5, 0.5, "nothing to show", transform=axes.transAxes, ha="center", va="center")
        axes.tick_params(axis="y", which="both", left=False, labelleft=False)


def style(method: str, methods: Sequence[str]) -> tuple[str, str]:
    """Return colour and marker of a method, its own in all figures."""
    place = [*METHODS].index(method) if method in METHODS else len(METHODS) + [*methods].index(method)
    return COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]


class PlainNumbers(LogFormatter):
    """The labels of a logarithmic axis as ``0.3``, where Matplotlib writes ``3e-01``."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the label of a tick, empty where there is no room for one."""
        return f"{x:g}" if super().__call__(x, pos) else ""


def logarithmic(axes: Axes) -> None:
    """Make the y axis logarithmic, with plain numbers, between powers of ten too if there are few of these."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(PlainNumbers())
    axes.yaxis.set_minor_formatter(PlainNumbers(minor_thresholds=(1.5, 0.6)))


def heat_map(axes: Axes, values: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> None:
    """Draw correlations (rows, columns) times 100 as colours from -1 to 1 with their numbers; grey is unknown."""
    axes.set_facecolor("0.85")
    axes.imshow(np.ma.masked_invalid(values), cmap="PuOr_r", vmin=-1, vmax=1, aspect="auto")
    axes.set_xticks(range(len(columns)), columns, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            colour = "white" if abs(value) > 0.65 else "black"
            axes.text(column, row, f"{100 * value:.0f}", ha="center", va="center", color=colour, fontsize=8)


def strengths(axes: Axes) -> None:
    """Make the x axis that of the strengths that are drawn, logarithmic with plain numbers; methods share it."""
    drawn = np.concatenate([np.zeros(0), *(np.asarray(line.get_xdata(), dtype=float) for line in axes.get_lines())])
    axes.set_xlabel("strength (β, γ, λ or capacity)")
    if (drawn > 0).all() and len(drawn):
        axes.set_xscale("log")
        plain_logarithm(axes.xaxis)
    elif (drawn > 0).any():  # 0 has no logarithm
        axes.set_xscale("symlog", linthresh=float(drawn[drawn > 0].min()))
        axes.xaxis.set_major_formatter("{x:,g}")


def beside(lams: pd.Series, place: int, count: int) -> np.ndarray:
    """Return strengths as they are drawn of one of ``count`` methods, so that no bar hides another."""
    return lams.to_numpy(dtype=float) * float(1.03 ** (place - (count - 1) / 2))


def strip(axes: Axes, place: int, values: np.ndarray, colour: str, marker: str) -> None:
    """Draw models as points side by side around a place on the x axis, their median as a bar."""
    known = np.sort(values[np.isfinite(values)])
    # Golden-ratio steps spread neighbours without drawing at random.
    offset = ((np.arange(len(known)) * 0.618034) % 1 - 0.5) * 0.6
    axes.scatter(place + offset, known, s=9, color=colour, marker=marker, alpha=0.6, linewidths=0)
    if len(known):
        axes.hlines(np.median(known), place - 0.38, place + 0.38, color="black", linewidth=1.4)
