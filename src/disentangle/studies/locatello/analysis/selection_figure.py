"""Model selection as panels: scores against strength, unsupervised scores, transfer."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from disentangle.reporting.drawing import COLOURS
from disentangle.studies.locatello.analysis.drawing import Panel, beside, heat_map, short, strengths, style
from disentangle.studies.locatello.analysis.results import method_title, methods_of


def score_curves(curves: pd.DataFrame, score: str, title: str) -> Panel:
    """Draw the mean of a score over seeds by strength, a line a method, with its interval."""

    def draw(ax: Axes) -> None:
        methods = methods_of(curves)
        for place, method in enumerate(methods):
            line = curves[(curves["method"] == method) & (curves["score"] == score)].sort_values("strength")
            colour, marker = style(method, methods)
            x = beside(line["lam"], place, len(methods))
            ax.plot(x, line["value"], color=colour, marker=marker, markersize=4, label=method_title(method))
            ax.vlines(x, line["low"], line["high"], color=colour, linewidth=1)
        ax.set_title(title)
        strengths(ax)
        ax.set_ylabel(short(score))

    return draw


def unsupervised(found: pd.DataFrame, title: str) -> Panel:
    """Draw the rank correlations of unsupervised scores and the six of one dataset."""

    def draw(ax: Axes) -> None:
        wide = found.pivot_table(values="value", index="first", columns="second", sort=False, dropna=False)
        heat_map(ax, wide.to_numpy(), [*wide.index], list(map(short, wide.columns)))
        ax.set_title(title)

    return draw


def across_datasets(found: pd.DataFrame, datasets: list[str], score: str) -> Panel:
    """Draw the rank correlations between datasets of one score."""

    def draw(ax: Axes) -> None:
        values = np.eye(len(datasets))
        for row in found[found["score"] == score].to_dict("records"):
            a, b = datasets.index(row["dataset_a"]), datasets.index(row["dataset_b"])
            values[a, b] = values[b, a] = row["value"]
        heat_map(ax, values, datasets, datasets)
        ax.set_title(f"{short(score)} between datasets")

    return draw


def success_bars(found: pd.DataFrame) -> Panel:
    """Draw how often a picked setting beats a random one, the paper's as crosses, chance as a line."""

    def draw(ax: Axes) -> None:
        place = np.arange(len(found))
        names = [target.replace(", other seed", "").replace(", ", "\n") for target in found["target"]]
        ax.barh(place, found["value"], color=COLOURS[5], height=0.6, label="ours, ties as success")
        ax.hlines(place, found["low"], found["high"], color="black", linewidth=1)
        ax.scatter(found["published"], place, color=COLOURS[1], marker="X", s=40, zorder=3, label="published")
        for y, value in zip(place, found["value"], strict=True):
            if not np.isfinite(value):
                ax.text(3, float(y), "cannot tell", va="center")
        if np.isfinite(found["chance"].iloc[0]):
            ax.axvline(found["chance"].iloc[0], color="0.3", linestyle="--", linewidth=1, label="chance")
        ax.set_yticks(place, names)
        ax.invert_yaxis()
        ax.set_xlim(0, 100)
        ax.set_xlabel("success in percent")
        ax.set_title("a picked setting against a random one")

    return draw
