"""The representations themselves, which Burns 2021 (section 5) propose to look at: both halves, by both factors."""

import math
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing

from disentangle.cells import format_lam
from disentangle.reporting.drawing import panels
from disentangle.reporting.projection import MainAxes
from disentangle.studies.burns.analysis.results import BurnsCell
from disentangle.studies.burns.analysis.subject import Subject

SECTION = "Representations"
NEEDS = {"of": "every method", "files": ["run.json", "probe.json", "codes.npz"], "seeds": 1}
"""It shows a method's cells of the first seed, and reads these files of each."""
POINTS = 600


@dataclass(frozen=True)
class Figure:
    """A row a strength; z0 and z1 (or r0 and r1) on their two main axes, coloured by each held factor."""

    def table(self, subject: Subject) -> pd.DataFrame:
        """Return one row a (cell, half, test image): place on the half's two main axes, and factors."""
        tables = []
        for result in subject.cells:
            code = _code(result)
            codes = subject.codes[result.cell][code][:POINTS]
            factors = {task: subject.views.factors[task][: len(codes), 0] for task in subject.tasks}
            for k, half in enumerate(np.split(codes, 2, axis=1)):
                place = MainAxes.of(half).places(half)
                setting = {"lam": format_lam(result.cell.lam), "seed": result.cell.seed, "half": f"{code}{k}"}
                places = {"x": place[:, 0].round(4), "y": place[:, 1].round(4)}
                tables.append(pd.DataFrame(setting | {"image": np.arange(len(codes))} | places | factors))
        return pd.concat(tables, ignore_index=True)

    def draw(self, subject: Subject, table: pd.DataFrame) -> Drawing:
        """Draw a point a test image."""
        lams, halves = list(dict.fromkeys(table["lam"])), list(dict.fromkeys(table["half"]))
        figure, axes = panels(len(lams), 4, 1.75, 1.95)
        colours = mpl.colormaps["tab10"]
        for row, (lam, result) in enumerate(zip(lams, subject.cells, strict=True)):
            places = [(half, task) for half in halves for task in subject.tasks]
            for ax, (half, task) in zip(axes[row], places, strict=True):
                points = table[(table["lam"] == lam) & (table["half"] == half)]
                colour = colours(points[task].to_numpy() % 10)
                ax.scatter(points["x"], points["y"], c=colour, s=3, linewidths=0, rasterized=True)
                ax.set_title(f"{half} by {task}: {_percent(result.accuracy(half, task))}")
                ax.set(xticks=[], yticks=[])
            axes[row][0].set_ylabel(f"λ = {lam}")
        return figure

    def text(self, subject: Subject) -> dict[str, str]:
        """Return title, caption and alternative text."""
        first, second = subject.tasks
        told = [
            f"at λ = {format_lam(result.cell.lam)}, {half} tells {first} in {_percent(result.accuracy(half, first))} "
            f"and {second} in {_percent(result.accuracy(half, second))}"
            for result in subject.cells
            for half in (f"{_code(result)}0", f"{_code(result)}1")
        ]
        return {
            "title": f"Representations of {subject.method} on {subject.dataset}",
            "caption": f"Both halves of a code on their two main axes, a point a test image, coloured by {first} and "
            f"by {second}; above each, the linear classifier's accuracy. First seed.",
            "alt": f"Scatter plots of the halves of the codes of {subject.method} on {subject.dataset}: "
            f"{'; '.join(told)}.",
        }


def _percent(accuracy: float) -> str:
    return "none, as it diverged" if math.isnan(accuracy) else f"{accuracy:.0f} %"


def _code(result: BurnsCell) -> str:
    return "z" if result.has("z") else "r"
