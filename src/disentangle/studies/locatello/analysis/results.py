"""The results of a study of autoencoders as data: what every report on Locatello et al. 2019 starts from."""

import functools
import math
import re
from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from disentangle.reporting.results import Results

CELL = ["dataset", "method", "lam", "strength", "seed"]
"""The columns that name a model; ``strength`` is the rank of lam within its method, from 0."""
COLUMNS = [*CELL, "representation", "metric", "score", "value", "status"]
CONTROL = "untrained"
"""The entry under ``methods`` that is never trained: a reference, and no method to be compared."""
METHODS = {
    "beta_vae": "β-VAE",
    "factor_vae": "FactorVAE",
    "beta_tcvae": "β-TCVAE",
    "dip_vae_i": "DIP-VAE-I",
    "dip_vae_ii": "DIP-VAE-II",
    "annealed_vae": "AnnealedVAE",
    CONTROL: "untrained",
}
"""Methods as the paper calls them, in the order of its figures."""


class Place(NamedTuple):
    """Where a score stands in a cell's results."""

    representation: str
    metric: str
    score: str


SCORES = {
    "BetaVAE Score": Place("mean", "beta_vae_score", "test"),
    "FactorVAE Score": Place("mean", "factor_vae_score", "test"),
    "MIG": Place("mean", "mig", "mig"),
    "DCI Disentanglement": Place("mean", "dci", "disentanglement"),
    "Modularity": Place("mean", "modularity", "as_published"),
    "SAP": Place("mean", "sap", "sap"),
}
"""The paper's six scores by its names."""
SAMPLED_TC = Place("sampled", "gaussian", "total_correlation")
MEAN_TC = Place("mean", "gaussian", "total_correlation")
UNSUPERVISED = {
    "Reconstruction": Place("model", "final", "reconstruction"),
    "TC (sampled)": SAMPLED_TC,
    "KL": Place("model", "final", "kl"),
    "ELBO": Place("model", "final", "elbo"),
}
"""What can be told of a model without labels; the reconstruction is an error, the ELBO a gain, both in nats."""
SIZES = (10, 100, 1000, 10000)
"""Training points of the downstream tasks."""
DOWNSTREAM = {
    f"{name}{size}": Place("mean", f"downstream_{name.lower()}", f"mean_{size}")
    for name in ("LR", "GBT")
    for size in SIZES
} | {f"Efficiency ({name})": Place("mean", f"downstream_{name.lower()}", "efficiency") for name in ("LR", "GBT")}
"""Mean accuracies over factors, and statistical efficiencies, of logistic regressions, one a class, and trees."""


@functools.lru_cache(maxsize=1)
def tidy(results: Results) -> pd.DataFrame:
    """Return one row a value, NaN where there is none; a model has at least the rows of its own losses."""
    lams: dict[str, list[float]] = {}
    for result in results.cells:
        lams[result.cell.method] = sorted({*lams.get(result.cell.method, []), result.cell.lam})
    rows = []
    for result in results.cells:
        cell = result.cell
        model = (cell.dataset, cell.method, cell.lam, lams[cell.method].index(cell.lam), cell.seed)
        status = result.run["status"]
        final = result.run.get("final") or {}
        rows += [
            (*model, *place, _number(final.get(place.score)), status)
            for place in UNSUPERVISED.values()
            if place.representation == "model"
        ]
        rows += [
            (*model, representation, metric, score, _number(value), status)
            for representation, metrics in (result.metrics.get("scores") or {}).items()
            for metric, scores in (metrics or {}).items()
            for score, value in (scores or {}).items()
        ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _number(value: float | None) -> float:
    return math.nan if value is None or not math.isfinite(value) else float(value)


def models(table: pd.DataFrame, scores: Mapping[str, Place], control: bool = False) -> pd.DataFrame:
    """Return one row a trained model of a tidy table, or of the ``control``, with a column a score beside CELL."""
    chosen = table[(table["method"] == CONTROL) == control]
    found = chosen[CELL].drop_duplicates().set_index(CELL)
    for name, place in scores.items():
        same = (
            (chosen["representation"] == place.representation)
            & (chosen["metric"] == place.metric)
            & (chosen["score"] == place.score)
        )
        found[name] = chosen[same].set_index(CELL)["value"].reindex(found.index)
    return found.reset_index()


def chance_of(place: Place) -> Place:
    """Return the place of the same score with the codes' rows permuted: what a code without information gets."""
    return place._replace(representation="shuffled")


def spelled(name: str) -> str:
    """Return what two spellings of a dataset's name have in common: ``Color-dSprites`` and ``color_dsprites``."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def method_title(method: str) -> str:
    """Return a method's name; an entry of a name of its own keeps it."""
    return METHODS.get(method, method)


def methods_of(table: pd.DataFrame) -> list[str]:
    """Return the methods of a table in the order of the paper, others behind."""
    present = list(dict.fromkeys(table["method"]))
    return sorted(present, key=lambda name: ([*METHODS, name].index(name), present.index(name)))


def by_dataset(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows of each dataset, in the order of the table."""
    return {str(name): rows.reset_index(drop=True) for name, rows in table.groupby("dataset", sort=False)}
