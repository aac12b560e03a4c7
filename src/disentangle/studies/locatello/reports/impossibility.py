"""Locatello 2019, Theorem 1, shown: factors entangled without a trace in their density, and what the scores see."""

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import special

from disentangle import registry, streams
from disentangle.evaluation.population import Population
from disentangle.reporting.drawing import COLOURS
from disentangle.reporting.results import Results
from disentangle.reporting.tables import markdown_table
from disentangle.studies.locatello.analysis import impossibility
from disentangle.studies.locatello.analysis.drawing import Panel, sheet, short
from disentangle.studies.locatello.analysis.layout import number, page
from disentangle.studies.locatello.analysis.results import SCORES

NEEDS = {
    "place": 6,
    "cells": "none",
    "metrics": ["beta_vae_score", "factor_vae_score", "mig", "dci", "modularity", "sap"],
}
"""It reads no cells, and measures its own codes with these."""
DRAWS = True
FACTORS, POINTS, VALUES, ALPHA = 5, 15_000, 10, 0.2
"""As many factors as dSprites has; as many points as the scores ask for; values of a factor that scores are told of."""
LARGE = 0.1  # from here on an entry of the Jacobian counts as one


@dataclass(frozen=True)
class Report:
    """Marginals, dependence, Jacobian and the six scores before and after."""

    def table(self, results: Results) -> pd.DataFrame:  # noqa: ARG002
        """Return one row a number, for the codes z and f(z) and, of scores, for f(z) dealt to other points."""
        return _numbers()

    def summary(self, results: Results) -> dict[str, Any]:  # noqa: ARG002
        """Return the same numbers."""
        rows = _numbers().set_index("what").round(4).to_dict("index")
        return {str(what): {str(k): v for k, v in row.items() if np.isfinite(v)} for what, row in rows.items()}

    def render(self, results: Results) -> str:
        """Return the report in Markdown."""
        alt = "Points of two factors before and after f, coloured by the first; mean Jacobian; scores before and after."
        rows = [
            [row["what"], *(number(row[key], 3) for key in ("z", "f(z)", "chance"))]
            for row in _numbers().to_dict("records")
        ]
        table = markdown_table(["", "codes z", "codes f(z)", "chance"], rows)
        matrix = impossibility.householder(FACTORS, ALPHA)
        shown = [[f"f{i + 1}", *(number(value, 3) for value in row)] for i, row in enumerate(matrix)]
        text = markdown_table(["A", *(f"z{j + 1}" for j in range(FACTORS))], shown)
        sections = ["## Before and after", table, NOTE, "## The matrix", text, MATRIX]
        return page(results, INTRODUCTION, "impossibility", alt, sections)

    def draw(self, results: Results) -> Figure:  # noqa: ARG002
        """Draw two dimensions before and after, the size of the Jacobian's entries, and the scores."""
        z, turned = _codes()
        groups: list[list[Panel]] = [
            [partial(_points, z, z, "z"), partial(_points, turned, z, "f(z)")],
            [_jacobian, _scores],
        ]
        return sheet(groups, 2, 4.2, 3.2)[0]


@lru_cache(maxsize=1)
def _codes() -> tuple[np.ndarray, np.ndarray]:
    z = streams.rng(0, "impossibility", "factors").random((POINTS, FACTORS))
    return z, impossibility.entangle(z, impossibility.householder(FACTORS, ALPHA))


@lru_cache(maxsize=1)
def _numbers() -> pd.DataFrame:
    """Return what is alike of z and f(z), and what is not."""
    z, turned = _codes()
    both = {"z": z, "f(z)": turned}
    slopes = {"z": np.eye(FACTORS), "f(z)": impossibility.jacobian(z, impossibility.householder(FACTORS, ALPHA))}
    rows: list[dict[str, Any]] = [
        {"what": DISTANCE, "chance": special.kolmogi(1 - 0.95 ** (1 / FACTORS)) / np.sqrt(POINTS)}
        | {name: impossibility.distance_to_uniform(codes).max() for name, codes in both.items()},
        {"what": DEPENDENCE, "chance": FACTORS * (FACTORS - 1) / (4 * POINTS)}
        | {name: impossibility.total_correlation(codes) for name, codes in both.items()},
        {"what": "determinant of the Jacobian, mean size"}
        | {name: np.abs(np.linalg.det(slope)).mean() for name, slope in slopes.items()},
        {"what": f"share of its entries larger than {LARGE}"}
        | {name: (np.abs(slope) > LARGE).mean() for name, slope in slopes.items()},
    ]
    factors = np.minimum((z * VALUES).astype(int), VALUES - 1)
    dealt = turned[streams.rng(0, "impossibility", "dealt").permutation(POINTS)]
    names = tuple(f"z{place + 1}" for place in range(FACTORS))
    for score, place in SCORES.items():
        metric = registry.build("metrics", place.metric, {})
        row: dict[str, Any] = {"what": score}
        for name, codes in (both | {"chance": dealt}).items():
            population = Population(codes, factors, names, complete=False)
            row[name] = metric.scores(population, streams.rng(0, "impossibility", place.metric))[place.score]
        rows.append(row)
    return pd.DataFrame(rows, columns=["what", "z", "f(z)", "chance"]).astype({"chance": float})


def _points(codes: np.ndarray, z: np.ndarray, name: str, ax: Axes) -> None:
    ax.scatter(codes[:2000, 0], codes[:2000, 1], c=z[:2000, 0], s=5, cmap="cividis", linewidths=0)
    ax.set(xlabel=f"{name}, first entry", ylabel=f"{name}, second entry", title=f"{name}, coloured by the first factor")


def _jacobian(ax: Axes) -> None:
    sizes = np.median(np.abs(impossibility.jacobian(_codes()[0], impossibility.householder(FACTORS, ALPHA))), axis=0)
    ax.imshow(sizes, cmap="cividis", vmin=0, vmax=1)
    for (row, column), value in np.ndenumerate(sizes):
        ax.text(column, row, f"{value:.2f}", ha="center", va="center", color="white" if value < 0.5 else "black")
    ax.set_xticks(range(FACTORS), [f"z{place + 1}" for place in range(FACTORS)])
    ax.set_yticks(range(FACTORS), [f"f{place + 1}" for place in range(FACTORS)])
    ax.set_title("median size of ∂f/∂z")


def _scores(ax: Axes) -> None:
    found = _numbers().set_index("what").loc[[*SCORES]]
    for place, name in enumerate(("z", "f(z)", "chance")):
        ax.barh(np.arange(len(found)) + 0.27 * (place - 1), found[name], height=0.25, color=COLOURS[place], label=name)
    ax.set_yticks(range(len(found)), list(map(short, found.index)))
    ax.invert_yaxis()
    ax.set_xlim(0, 1)
    ax.set_xlabel("score, at most 1")
    ax.set_title("scores")
    ax.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3, frameon=False)


DISTANCE = "largest distance of a marginal to the uniform one (KS)"
DEPENDENCE = "total correlation (nats)"
INTRODUCTION = """\
# Locatello et al. 2019, Theorem 1: without a bias it cannot be done

Codes that are the factors z themselves, and codes f(z) in which every entry depends on every factor, have the same
density: an objective that sees no more than data cannot prefer the first. The six scores see the factors, and can,
Modularity least."""
NOTE = f"""\
{FACTORS} independent factors, uniform on (0, 1), {POINTS} points of one named stream; scores are told each factor cut
to {VALUES} values. *Chance*: the distance below which 95 % of uniform samples stay, the mean of an independent sample,
and the scores of f(z) dealt to other points. SAP is low even for z, as a linear classifier of one code hardly tells
the middle ones of {VALUES} values apart. The paper proves the theorem and shows no example to stand beside ours."""
MATRIX = """\
f = g⁻¹ ∘ h⁻¹ ∘ A ∘ h ∘ g: g the marginal distribution functions, h the inverse of the normal one, A = I − 2vvᵀ as in
the paper's proof, v = (√α, √((1 − α)/(d − 1)), ...) with α = 0.2, where the paper takes any α below 1/2."""
