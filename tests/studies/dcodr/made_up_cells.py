"""Cells made by hand, whose every number is known: what the tests of this study's reports and claims read."""

import csv
import functools
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from disentangle import registry, streams
from disentangle.cells import Cell
from disentangle.pipeline.result_files import read_published
from disentangle.reporting.results import CellResult
from disentangle.studies.dcodr.analysis.invariance import AUGMENTATIONS, MEASURES
from disentangle.studies.dcodr.analysis.results import METHODS, TWIN, DomainResults

PUBLISHED = read_published("dcodr")
NORB, SHAPES, EDGES = "smallnorb_by_toy", "shapes3d_by_shape", "edges2shoes"
LABELS = {
    NORB: {"toy": 5, "azimuth": 9, "elevation": 3, "lighting": 2},
    SHAPES: {"shape": 4, "floor_hue": 2, "wall_hue": 2, "object_hue": 2, "scale": 2, "orientation": 2},
    EDGES: {"medium": 2, "shoe_type": 2, "gender": 2},
}
"""By dataset, its labels, the domain first, and how many values each has."""
CHANCE = {NORB: 0.2, SHAPES: 0.25, EDGES: 0.5}
ENTRIES = (*METHODS, TWIN)
SINGLE = tuple(f"only_{name}" for name in AUGMENTATIONS)
RULES = SHORT, LONG = ("patience 7", "patience 20")
PREDICTOR_SEEDS = 2

Level = Callable[[str, str, str], float]
"""From a dataset, an entry and what is asked (a label by a rule, a share, a measure) to a number, the mean of seeds."""


OWN = "mine"
"""An entry, and its method file, that the paper does not know, and that has none of the study's encoders."""


def method_of(entry: str) -> str:
    """Return the method file of an entry."""
    return entry if entry in (*METHODS, "autoencoder", OWN) else "dcodr_norec"


@functools.cache
def noise(seed: int, *key: str) -> float:
    """A normal number of its own."""
    return float(streams.rng(seed, *key).standard_normal())


@functools.cache
def drawn(dataset: str, entry: str, what: str) -> float:
    """A uniform number of its own."""
    return float(streams.rng(0, dataset, entry, what).uniform())


@dataclass(frozen=True)
class World:
    """A study: numbers as ``level`` says and, by the seed, ``wobble`` more or less; a diverged cell has none."""

    datasets: Sequence[str] = (NORB, SHAPES, EDGES)
    entries: Sequence[str] = ENTRIES
    seeds: Collection[int] = (0, 1, 2)
    level: Level = drawn
    wobble: float = 0.01
    diverged: Callable[[Cell], bool] = lambda cell: False
    stand_in: str = "rendered"
    converged: str = "all"
    probes: Mapping[str, Sequence[str]] = field(default_factory=lambda: {"logistic": ["optimum"], "predictor": RULES})
    """The rules of each probe."""
    method_of: Callable[[str], str] = method_of
    changed: Mapping[tuple[str, str, str], float] = field(default_factory=dict)

    def value(self, cell: Cell, what: str) -> float:
        """Return a number of a cell, as told by the first seed of a predictor; each other one says 0.01 more."""
        key = (cell.dataset, cell.method, what)
        return self.changed.get(key, self.level(*key)) + self.wobble * noise(cell.seed, *key)

    def results(self) -> DomainResults:
        cells = tuple(
            self.cell(Cell("demo", "dcodr", dataset, entry, 0.3, seed))
            for dataset in self.datasets
            for entry in self.entries
            for seed in self.seeds
        )
        manifests = {dataset: manifest(dataset, self.stand_in) for dataset in self.datasets}
        codes = {
            dataset: {entry: self.codes(dataset, entry) for entry in self.entries if entry not in ("autoencoder",)}
            for dataset in self.datasets
        }
        return MadeUp("demo", cells, manifests, PUBLISHED, "abc", {"probes": [], "metrics": []}, codes)

    def cell(self, cell: Cell) -> CellResult:
        lost = self.diverged(cell)
        run = {
            "cell": {"lam": cell.lam},
            "status": "diverged" if lost else "done",
            "model": {"code": 12},
            "training": {"steps": 100, "domains": 4, "each": 32, "temperature": 0.1},
            "training_images": 60,
            "reading": {},
            "method": {"name": self.method_of(cell.method), "options": {"negatives": "domain"}},
            "encoders": {} if cell.method == OWN else {"encoder": {"network": "conv", "options": {"widths": [4]}}},
            "device": "cpu",
            "versions": {"torch": "2.0"},
        }
        if cell.method not in ("simclr", "dcodr_norec", OWN):
            run["distance"] = "L1"
        if cell.method == "autoencoder":
            run["invariance"] = {
                name: {m: None if lost else self.value(cell, f"{name} {m}") for m in MEASURES} for name in AUGMENTATIONS
            }
        domain, *attributes = LABELS[cell.dataset]
        told: dict[str, Any] = {probe: {rule: {} for rule in rules} for probe, rules in self.probes.items()}
        for rules in told.values():
            for rule in rules:
                of_domain_alone = self.converged == "domain" and rule == LONG and not lost
                for label in (domain,) if of_domain_alone else (domain, *attributes):
                    seeds = 1 if rule == "optimum" else PREDICTOR_SEEDS
                    own = [100 * (self.value(cell, f"{label} {rule}") + 0.01 * seed) for seed in range(seeds)]
                    rules[rule][label] = None if lost else own
        chance = {name: 100 / size for name, size in LABELS[cell.dataset].items()}
        probe = {"accuracy": told, "error": {}, "chance": chance, "test_samples": 20}
        shares = [*attributes, "all", "same_domain"]
        retrieval = {name: self.value(cell, name) for name in shares}
        retrieval |= {
            f"chance_{name}": 1 / (1 + LABELS[cell.dataset].get(name, 3)) for name in (*attributes, "same_domain")
        }
        information = {name: self.value(cell, f"information {name}") for name in ("mean", "largest")}
        scores: dict[str, Any] = {"retrieval": retrieval, "domain_information": information}
        if lost:
            scores = dict.fromkeys(scores)
        # as they are read back: keys in order
        probe, scores = (json.loads(json.dumps(part, sort_keys=True)) for part in (probe, scores))
        timing = {"seconds": 10.0, "revision": "def"}
        return CellResult(cell, run, timing, probe, {"scores": {"codes": scores}}, pd.DataFrame())

    def codes(self, dataset: str, entry: str) -> dict[str, np.ndarray]:
        """Return the content of codes.npz of the first seed: codes and, of what has a generator, swaps."""
        known, rng = labelled(dataset), streams.rng(1, dataset, entry)
        count = len(known["images"])
        found = {"codes": rng.standard_normal((count, 3)).astype(np.float32)}
        if self.diverged(Cell("demo", "dcodr", dataset, entry, 0.3, min(self.seeds))):
            found["codes"][0] = np.nan
        if entry in ("lord", "drnet", "ml_vae", "dcodr"):
            rows = np.flatnonzero(known["test"])[[4, 0, 2]]  # out of order, as they may be
            side = known["images"].shape[1]
            found |= {"swapped_rows": rows, "swapped": rng.integers(0, 256, (3, 3, side, side, 3)).astype(np.uint8)}
        return found


class MadeUp(DomainResults):
    """Results whose images are made, not read."""

    def labelled(self, dataset: str) -> dict[str, Any]:
        return labelled(dataset)


def labelled(dataset: str) -> dict[str, Any]:
    """Return what a dataset on disk holds: 24 images of 4 pixels a side, half of them tested on."""
    rng = streams.rng(2, dataset)
    domain = next(iter(LABELS[dataset]))
    return {
        "images": rng.integers(0, 256, (24, 4, 4, 1 if dataset == NORB else 3)).astype(np.uint8),
        "labels": {name: rng.integers(0, size, 24) for name, size in LABELS[dataset].items()},
        "values": {name: tuple(f"{name} {k}" for k in range(size)) for name, size in LABELS[dataset].items()},
        "domain": domain,
        "margins": {"azimuth": 2} if dataset == NORB else {},
        "test": np.arange(24) % 2 == 0,
    }


def manifest(dataset: str, stand_in: str) -> dict[str, Any]:
    values = [[name, [str(k) for k in range(size)]] for name, size in LABELS[dataset].items()]
    return {
        "made_of": {"images": {"STAND_IN": stand_in, "CREDITS": "Images: their makers."}},
        "labelled": {"domain": next(iter(LABELS[dataset])), "values": values},
        "definition": {"options": {"image_size": 32}},
    }


def printed(name: str, **keys: object) -> str:
    """Return the number of a published table as its file has it, read as text; a dash where it has none."""
    file = registry.path("studies", "dcodr").parent / "published" / f"{name}.csv"
    with Path(file).open() as table:
        rows = [row for row in csv.DictReader(table) if all(row[key] == str(value) for key, value in keys.items())]
    if not rows:
        return "–"
    (row,) = rows
    return row["score" if name == "representation" else "accuracy"]
