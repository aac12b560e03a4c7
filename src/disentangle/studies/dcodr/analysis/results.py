"""The results of class-supervised methods as data: what every report on Kahana & Hoshen 2022 starts from."""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from disentangle import files
from disentangle.cells import dataset_folder
from disentangle.data import dataset_files
from disentangle.reporting.results import Results, paper_methods
from disentangle.reporting.seeds import CELL, key_of, measured_scores
from disentangle.studies.dcodr import study

METHODS = {
    "simclr": "SimCLR",
    "lord": "LORD",
    "drnet": "DrNet",
    "ml_vae": "ML-VAE",
    "dcodr_norec": "DCoDR-norec",
    "dcodr": "DCoDR",
}
"""Entries as the paper's tables name and order them."""
TWIN = "contrast_all"
"""The entry of DCoDR-norec whose negatives are of the whole batch."""
TITLES = METHODS | {
    TWIN: "DCoDR-norec, all negatives",
    "autoencoder": "autoencoder",
}
DOMAIN = "domain"
"""What every dataset's domain is called in these tables."""
PREDICTOR, LINEAR = study.PREDICTOR, "logistic"
"""The probes of which reports and claims tell by name; the second need not be under ``probes``."""
OPTIMUM = "optimum"
"""The rule of a probe that has but one."""


@dataclass(frozen=True, eq=False)
class DomainResults(Results):
    """The cells, with the codes of their first seed where a report shows pictures."""

    codes: Mapping[str, Mapping[str, Mapping[str, np.ndarray]]]
    """By dataset and entry, the content of codes.npz of the first seed."""

    @classmethod
    def of(cls, found: Results, with_codes: bool) -> "DomainResults":
        """Return what was read, with codes where they are asked for."""
        codes: dict[str, dict[str, dict[str, np.ndarray]]] = {}
        for result in found.cells if with_codes else ():
            cell = result.cell
            own = codes.setdefault(cell.dataset, {})
            if cell.method not in own:
                own[cell.method] = files.read_arrays(cell.folder / "codes.npz")
        return cls(**vars(found), codes=codes)

    def labelled(self, dataset: str) -> dict[str, Any]:
        """Return the fields of a dataset's images and labels."""
        return dataset_files.read_labelled(dataset_folder(self.scale, dataset))

    def domain_of(self, dataset: str) -> str:
        """Return what the domain of a dataset is called."""
        return str(self.manifests[dataset]["labelled"]["domain"])

    def labels(self, dataset: str) -> list[str]:
        """Return what the labels of a dataset are called, in its order."""
        return [name for name, _ in self.manifests[dataset]["labelled"]["values"]]

    def printed(self) -> frozenset[str]:
        """Return the entries beside which the paper's numbers stand: those called as their method, which it has."""
        theirs = paper_methods(self.published)
        named = {cell.cell.method: cell.run["method"]["name"] for cell in self.cells}
        return frozenset(entry for entry, method in named.items() if entry == method and method in theirs)

    def entries(self, dataset: str) -> list[str]:
        """Return the entries that a dataset has cells of: the paper's methods in its order, then others."""
        present = list(dict.fromkeys(cell.cell.method for cell in self.cells if cell.cell.dataset == dataset))
        return sorted(present, key=lambda name: ([*METHODS, name].index(name), present.index(name)))


def title_of(entry: str) -> str:
    """Return what an entry is called; one of a name of its own keeps it."""
    return TITLES.get(entry, entry.replace("_", " "))


@functools.lru_cache(maxsize=1)
def predictions(results: DomainResults) -> pd.DataFrame:
    """Return one row a cell, probe, rule, label and predictor seed: how often a label is told right, 0 to 1.

    The domain is called ``domain``; ``chance`` is the share of the most frequent value.
    """
    rows = []
    for result in results.cells:
        domain = results.domain_of(result.cell.dataset)
        for probe, rules in result.probe["accuracy"].items():
            for rule in sorted(rules, key=_place):
                for label in (label for label in results.labels(result.cell.dataset) if label in rules[rule]):
                    name = DOMAIN if label == domain else label
                    chance, told = result.probe["chance"][label] / 100, rules[rule][label]
                    for seed, percent in enumerate([math.nan] if told is None else told):
                        rows.append((*key_of(result), probe, rule, name, seed, percent / 100, chance))
    columns = [*CELL, "probe", "rule", "label", "predictor_seed", "accuracy", "chance"]
    return pd.DataFrame(rows, columns=columns)


def scores(results: DomainResults) -> pd.DataFrame:
    """Return one row a cell, metric and score; NaN where it is not defined."""
    return measured_scores(results).drop(columns="code")


def told(results: DomainResults, rule: str) -> pd.DataFrame:
    """Return one row a cell and label: the predictor's accuracy by one rule, the mean over predictor seeds."""
    own = predictions(results)
    own = own[(own["probe"] == PREDICTOR) & (own["rule"] == rule)]
    return own.groupby([*CELL, "label"], sort=False, as_index=False)[["accuracy", "chance"]].mean()


def shortest_rule(results: DomainResults) -> str:
    """Return the least patient rule of the predictor; the paper's, patience 7, unless params.yaml has a shorter one."""
    return _rules(results)[0]


def longest_rule(results: DomainResults) -> str:
    """Return the rule of the predictor that is the most patient: the nearest to convergence."""
    return _rules(results)[-1]


def _rules(results: DomainResults) -> list[str]:
    rules = predictions(results).query("probe == @PREDICTOR")["rule"].unique()
    return sorted((str(rule) for rule in rules if rule.startswith("patience")), key=_place)


def _place(rule: str) -> tuple[str, float]:
    """Return what rules are sorted by: "patience 7" before "patience 20", those of noise last."""
    kind, _, number = rule.partition(" ")
    return {"noise": "z"}.get(kind, ""), float(number or 0)
