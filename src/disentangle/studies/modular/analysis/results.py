"""The results of weakly supervised methods as data: what every report on Valenti & Bacciu 2022 starts from."""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from disentangle import files
from disentangle.cells import Cell
from disentangle.data import grid as grids
from disentangle.reporting.results import CellResult, Results
from disentangle.reporting.seeds import key_of
from disentangle.reporting.statistics import POSITIVE, SHARE, Bounds

WRITTEN = "as_written"
"""The entry that is what the paper's text says of its method: its numbers are printed beside this one, too."""
TITLES = {
    "modular": "M-AE, labels at work",
    "conditional": "M-AE, discriminators told labels",
    "no_joint": "M-AE, no joint discriminator",
    "only_mixture": "M-AE, labels only under the mixture",
    "only_warmup": "M-AE, labels only in warm-up",
    "as_written": "M-AE, as written",
    "weak": "Valenti 2022",
    "weak_at_work": "Valenti 2022, labels at work",
    "zerodim": "ZeroDIM",
    "few_labels": "S2-β-VAE",
    "ada_gvae": "Ada-GVAE",
    "labels_only": "classifier of the labelled alone",
}
"""Entries as tables name and order them."""
LABELS = "labels_"
"""Before a number, an entry that is ``modular`` but for the number of labels."""
VARIANTS = {
    f"{generator}_{version}": f"{name}.{version}"
    for generator, name, versions in (("dsprites", "dSprites", "v2 v3 v4"), ("shapes3d", "Shapes3D", "v2 v3 v5"))
    for version in versions.split()
}
"""What the paper calls what a generator makes."""
WHOLE = "weak"
"""The method file of which a prior's component is a whole combination, and so its published accuracy of all factors."""
SCORES = {"dci": "disentanglement", "mig": "mig", "sap": "sap"}
"""Of each metric of the paper's Table 2, the score that it means."""
ERRORS = ("edited", "still", "rebuilt")
"""The numbers that are no shares, but errors of pixels."""
COLUMNS = {
    **{
        f"{of}_{name}": (f"{of}_edits", "relation_accuracy", name)
        for of in ("prior", "image", "nearest")
        for name in ("changed", "all", "chance_changed", "chance_all", "still_changed")
    },
    **{name: ("image_edits", "pixel_error", name) for name in ERRORS},
    "told": ("values", "value_accuracy", "mean"),
    **{
        f"{code}_{metric}": (code, metric, score)
        for code in ("values", "raw", "perfect", "shuffled")
        for metric, score in SCORES.items()
    },
}
"""The numbers of a cell: what is measured, the metric, and its score."""


@dataclass(frozen=True, eq=False)
class EditResults(Results):
    """The cells, with what the nearest true images tell of plain reconstructions where a report asks for codes."""

    rebuilt: Mapping[Cell, float]
    """The share of factor values that the image nearest to a reconstruction has right."""

    @classmethod
    def of(cls, found: Results, with_codes: bool) -> "EditResults":
        """Return what was read, with codes where they are asked for."""
        rebuilt = {}
        for result in found.cells if with_codes else ():
            stored = files.read_arrays(result.cell.folder / "codes.npz")
            if "rebuilt_nearest" in stored and result.run["status"] != "diverged":
                grid = found.manifests[result.cell.dataset]["grid"]
                rebuilt[result.cell] = share_right(stored["rebuilt_nearest"], stored["edit_rows"], grid)
        return cls(**vars(found), rebuilt=rebuilt)

    def variant(self, dataset: str) -> str:
        """Return what the paper calls a dataset; empty where it has no such one."""
        return VARIANTS.get(self.manifests[dataset]["definition"]["generator"], "")

    def told(self, dataset: str) -> dict[str, int]:
        """Return how many values each factor of a dataset has that methods are told of."""
        return told_sizes(self.manifests[dataset]["grid"])

    def entries(self, dataset: str) -> list[str]:
        """Return the entries that a dataset has cells of, in the order of tables."""
        present = dict.fromkeys(cell.cell.method for cell in self.cells if cell.cell.dataset == dataset)
        order = [*TITLES, *sorted(filter(labels_of, present), key=labels_of)]
        return sorted(present, key=lambda name: [*order, name].index(name))

    def families(self) -> dict[str, dict[str, str]]:
        """Return by data set of the paper its variants that there are cells of, each with the first such dataset."""
        found: dict[str, dict[str, str]] = {}
        for dataset in sorted(self.datasets(), key=self.variant):
            if variant := self.variant(dataset):
                found.setdefault(variant.split(".")[0], {}).setdefault(variant, dataset)
        return found


def told_sizes(grid: Mapping[str, Any]) -> dict[str, int]:
    """Return how many values each factor has that methods are told of, of a manifest's ``grid``."""
    return grids.told_sizes(dict(grid["sizes"]), grid["nuisance"])


def true_values(rows: np.ndarray, grid: Mapping[str, Any]) -> np.ndarray:
    """Return the told factors (N, K) of rows (N,), of a manifest's ``grid``."""
    return grids.told_values(rows, dict(grid["sizes"]), grid["nuisance"])


def share_right(values: np.ndarray, rows: np.ndarray, grid: Mapping[str, Any]) -> float:
    """Return the share of values (N, K) that are those of the images in ``rows`` (N,)."""
    return float((values == true_values(rows, grid)).mean())


def labels_of(entry: str) -> int:
    """Return the number of labels in the name of an entry of the label curve, 0 of another entry."""
    number = entry.removeprefix(LABELS)
    return int(number) if entry.startswith(LABELS) and number.isdecimal() else 0


def title_of(entry: str) -> str:
    """Return what an entry is called; one of a name of its own keeps it."""
    labels = labels_of(entry)
    return f"M-AE, {labels:,} labels" if labels else TITLES.get(entry, entry.replace("_", " "))


@functools.lru_cache(maxsize=4)
def numbers(results: EditResults) -> pd.DataFrame:
    """Return one row a cell: the numbers of ``COLUMNS``, and ``published``, ``labels`` and ``read``; NaN where none is.

    ``published`` is the relation accuracy on codes of the prior in the form that the paper prints of the method: of the
    changed factor, or of all where a component is of all. ``read`` is how much of plain reconstructions is told right.
    """
    rows = []
    for result in results.cells:
        row: dict[str, Any] = dict(zip(("dataset", "entry", "lam", "seed"), key_of(result), strict=True))
        row["labels"] = result.run["labelled_images"]
        row |= {name: _score(result, *place) for name, place in COLUMNS.items()}
        whole = result.run["method"]["name"] == WHOLE
        row["published"] = row["prior_all" if whole else "prior_changed"]
        row["read"] = results.rebuilt.get(result.cell, math.nan)
        rows.append(row)
    return pd.DataFrame(rows, columns=["dataset", "entry", "lam", "seed", "labels", *COLUMNS, "published", "read"])


@functools.lru_cache(maxsize=4)
def factors_told(results: EditResults) -> pd.DataFrame:
    """Return one row a cell and factor: how often its value is told right; NaN of a cell that diverged."""
    rows = [
        (*key_of(result), factor, _score(result, "values", "value_accuracy", factor))
        for result in results.cells
        for factor in results.told(result.cell.dataset)
    ]
    return pd.DataFrame(rows, columns=["dataset", "entry", "lam", "seed", "factor", "value"])


def bounds_of(column: str) -> Bounds:
    """Return between which ends a number lies."""
    return POSITIVE if column in ERRORS else SHARE


def cells_of(results: EditResults, dataset: str, entry: str = "") -> pd.DataFrame:
    """Return the ``numbers`` of a dataset's cells, or of one entry's alone."""
    own = numbers(results)
    return own[(own["dataset"] == dataset) & (own["entry"] == (entry or own["entry"]))]


def values(results: EditResults, dataset: str, entry: str, column: str) -> pd.Series:
    """Return a number by seed, of those that have it."""
    means = _by_seed(results)
    own: Any = means.loc[(dataset, entry)] if (dataset, entry) in means.index else means.iloc[:0].droplevel([0, 1])
    found: pd.Series = own[column].dropna()
    return found


@functools.lru_cache(maxsize=4)
def _by_seed(results: EditResults) -> pd.DataFrame:
    return numbers(results).groupby(["dataset", "entry", "seed"]).mean()


def edits(results: EditResults, column: str) -> list[tuple[str, str]]:
    """Return every (dataset, entry) that has a number, in the order of tables."""
    return [
        (dataset, entry)
        for dataset in results.datasets()
        for entry in results.entries(dataset)
        if len(values(results, dataset, entry, column))
    ]


def _printed(results: EditResults, table: str, entry: str) -> pd.DataFrame:
    """Return the rows of a published table that are of an entry's method: of one that is called so, or as written."""
    known, name = results.published[table], "modular" if entry == WRITTEN else entry
    files = {cell.run["method"]["name"] for cell in results.cells if cell.cell.method == entry}
    return known[known["method"] == (name if files <= {name} else "")]


def printed_accuracy(results: EditResults, variant: str, entry: str) -> tuple[float, float]:
    """Return the paper's relation accuracy and its number of labels of an entry, NaN where Table 1 has none."""
    own = _printed(results, "relation_accuracy", entry)
    own = own[own["variant"] == variant]
    return (float(own["accuracy"].iloc[0]), float(own["labels"].iloc[0])) if len(own) else (math.nan, math.nan)


def printed_score(results: EditResults, variant: str, entry: str, metric: str) -> float:
    """Return the paper's score of an entry on the data set of a variant, NaN where Table 2 has none."""
    own = _printed(results, "scores", entry)
    own = own[own["dataset"] == variant.split(".")[0]]
    own = own[own["metric"] == metric.upper()]
    return float(own["score"].iloc[0]) if len(own) else math.nan


def _score(result: CellResult, code: str, metric: str, score: str) -> float:
    found = (result.metrics["scores"].get(code, {}).get(metric) or {}).get(score)
    return math.nan if found is None else float(found)
