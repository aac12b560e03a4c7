"""Heat maps of what each code tells of each factor: two matrices a model, side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from disentangle.evaluation.code_matrices import importance_shares, information_shares, order
from disentangle.evaluation.metrics import dci, mig
from disentangle.evaluation.population import Population
from disentangle.reporting.drawing import panels
from disentangle.reporting.layout import number

MATRICES = {
    "information": "mutual information,\nshare of entropy",
    "importance": "importance,\ntrees of DCI",
}
"""Columns of the table, and what they are called."""
ROW, COLUMN = 0.19, 0.42
"""Inches of a code and of a factor."""
TOLD, DARK = 0.05, 0.6
"""From which on a value is written into its cell, and in white."""


def rows(
    population: Population, metrics: Mapping[str, Mapping[str, Any]], codes: Sequence[str], known: Mapping[str, object]
) -> pd.DataFrame:
    """Return one row a code and factor: what is ``known`` of a model, its MIG and its DCI disentanglement, and values.

    ``metrics`` are the options of those that there are. ``codes`` are what the codes (D,) are called; they are in the
    order of what they tell, those that are called alike before a full stop, as of one partition, together. Codes that
    are no numbers have no values.
    """
    found = _matrices(population, mig.Metric(**metrics.get("mig", {})), dci.Metric(**metrics.get("dci", {})))
    factors = [name for name, varies in zip(population.names, population.varying, strict=True) if varies]
    parts = [code.rpartition(".")[0] for code in codes]
    told = [code for part in dict.fromkeys(parts) for code in order(found["information"]) if parts[code] == part]
    ranked = np.sort(found["information"], axis=0)
    of_model = {
        "mig": (ranked[-1] - ranked[-2]).mean() if len(codes) > 1 else np.nan,
        "disentanglement": dci.disentanglement(found["importance"]),
    }
    named = {"code": np.repeat(np.array(codes)[told], len(factors)), "factor": np.tile(factors, len(codes))}
    return pd.DataFrame(
        {**known, **of_model, **named, **{name: values[told].ravel() for name, values in found.items()}}
    )


def _matrices(population: Population, gap: mig.Metric, trees: dci.Metric) -> dict[str, np.ndarray]:
    if not population.finite:
        nothing = np.full((population.codes.shape[1], int(population.varying.sum())), np.nan)
        return dict.fromkeys(MATRICES, nothing)
    return {
        "information": information_shares(population, gap),
        "importance": importance_shares(population, trees),
    }


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the ``rows`` of each model, under its title, the factors named below and one colour bar."""
    if not tables:
        figure, ((ax,),) = panels(1, 1, 3.0, 0.6)
        ax.text(0.5, 0.5, "no model", ha="center", va="center")
        ax.set_axis_off()
        return figure
    some = next(iter(tables.values()))
    codes, factors = some["code"].nunique(), some["factor"].nunique()
    figure, axes = panels(len(tables), 2, 0.45 + COLUMN * factors, 0.35 + ROW * codes, below=1.2)
    for line, (title, table) in zip(axes, tables.items(), strict=True):
        for ax, name in zip(line, MATRICES, strict=True):
            _heat_map(ax, table[name].to_numpy().reshape(codes, factors))
        line[0].set_yticks(range(codes), table["code"][::factors], fontsize=7)
        line[0].set_title(title, loc="left", fontsize=9)
    for ax, text in zip(axes[-1], MATRICES.values(), strict=True):
        names = [str(name).replace("_", " ") for name in some["factor"].unique()]
        ax.set_xticks(range(factors), names, rotation=45, ha="right", rotation_mode="anchor", fontsize=8)
        ax.set_xlabel(text, fontsize=8)
    every = [ax for line in axes for ax in line]
    figure.colorbar(
        axes[0][0].images[0], ax=every, location="bottom", aspect=40, shrink=0.7, pad=0.3 / figure.get_figheight()
    )
    return figure


def _heat_map(ax: Axes, values: np.ndarray) -> None:
    """Draw values (D, K) from 0 to 1 as colours, grey where there is none, and those that tell something as numbers."""
    ax.set_facecolor("0.85")
    ax.imshow(np.ma.masked_invalid(values), cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="none")
    ax.set(xticks=[], yticks=[])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    for (row, column), value in np.ndenumerate(values):
        if value >= TOLD:
            colour = "white" if value > DARK else "black"
            ax.text(column, row, number(value, 2), ha="center", va="center", color=colour, fontsize=7)
