"""Studies made by hand, whose every number is known: what the tests of Locatello 2019's analyses and reports read."""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from disentangle import streams
from disentangle.cells import Cell
from disentangle.pipeline.result_files import read_published
from disentangle.reporting.results import CellResult, Results
from disentangle.studies.locatello.analysis.results import (
    CONTROL,
    DOWNSTREAM,
    MEAN_TC,
    SCORES,
    UNSUPERVISED,
    Place,
)

PUBLISHED = read_published("locatello")
LAMS: dict[str, Sequence[float]] = {
    "beta_vae": (1, 2, 4, 6, 8, 16),
    "factor_vae": (10, 20, 30, 40, 50, 100),
    "beta_tcvae": (1, 2, 4, 6, 8, 10),
    "dip_vae_i": (1, 2, 5, 10, 20, 50),
    "dip_vae_ii": (1, 2, 5, 10, 20, 50),
    "annealed_vae": (5, 10, 25, 50, 75, 100),
}
PLACES: dict[str, Place] = {**SCORES, **UNSUPERVISED, **DOWNSTREAM, "TC (mean)": MEAN_TC}
LISTED = {
    "probes": [],
    "metrics": [*dict.fromkeys(place.metric for place in PLACES.values() if place.representation != "model")],
}


@dataclass(frozen=True)
class Model:
    """What a number of a made-up model may depend on."""

    dataset: str
    method: str
    strength: int
    seed: int

    def noise(self, *what: object) -> float:
        """A standard normal number of its own."""
        return float(streams.rng(self.seed, self.dataset, self.method, self.strength, *what).standard_normal())


Value = Callable[[Model], float]


def quality(m: Model) -> float:
    """Method 1 step, strength 0.5 a step, seed 1, on dataset or not."""
    return [*LAMS].index(m.method) + 0.5 * m.strength + m.noise("quality") if m.method in LAMS else -3.0


def usual(name: str) -> Value:
    """What the paper says: scores follow one quality, Modularity none; TC falls sampled and rises mean."""

    def value(m: Model) -> float:
        match name:
            case "TC (sampled)":
                return 2.0 / (1 + m.strength) + 0.01 * m.noise(name)
            case "TC (mean)":
                sign = -1 if m.method == "dip_vae_i" else 1
                return 5.0 + sign * 0.5 * m.strength + 0.05 * m.noise(name)
            case "Modularity" | "Reconstruction" | "KL" | "ELBO":
                return 0.8 + 0.02 * m.noise(name)
            case "Efficiency (LR)" | "Efficiency (GBT)":
                return 0.7 + 0.02 * m.noise(name)
        scale = 0.3 if name in ("MIG", "DCI Disentanglement") else 0.4
        return 0.5 + 0.05 * (quality(m) + scale * m.noise(name))

    return value


@dataclass(frozen=True)
class World:
    """A study: numbers as in ``usual`` but for ``changed`` ones; a diverged model has none."""

    datasets: Sequence[str] = ("dSprites", "Shapes3D")
    methods: Sequence[str] = tuple(LAMS)
    strengths: int = 3
    seeds: Collection[int] = range(4)
    changed: dict[str, Value] = field(default_factory=dict)
    diverged: Callable[[Model], bool] = lambda m: False
    control: bool = True
    stand_in: str = "a subset of a generator's grid"

    def results(self) -> Results:
        entries = [(method, rank) for method in self.methods for rank in range(self.strengths)]
        entries += [(CONTROL, 0)] if self.control else []
        cells = [
            self.cell(Model(dataset, method, rank, seed))
            for dataset in self.datasets
            for method, rank in entries
            for seed in self.seeds
        ]
        manifests = {dataset: manifest(self.stand_in if dataset == "dSprites" else "") for dataset in self.datasets}
        return Results("demo", tuple(cells), manifests, PUBLISHED, "def+", LISTED)

    def cell(self, m: Model) -> CellResult:
        lost = self.diverged(m)
        scores: dict[str, Any] = {}
        final: dict[str, float] = {}
        for name, place in PLACES.items():
            number = self.changed.get(name, usual(name))(m)
            if place.representation == "model":
                final[place.score] = number
                continue
            scores.setdefault(place.representation, {}).setdefault(place.metric, {})[place.score] = (
                None if lost or math.isnan(number) else number
            )
            if name in SCORES:
                by_chance = self.changed.get(f"chance {name}", lambda m: 0.1)(m)
                scores.setdefault("shuffled", {}).setdefault(place.metric, {})[place.score] = (
                    None if lost else by_chance
                )
        lam = float(LAMS[m.method][m.strength]) if m.method in LAMS else 0.0
        run = {
            "method": {"name": m.method, "options": {}},
            "reading": {},
            "status": "diverged" if lost else "done",
            "final": {} if lost else final,
            "training": {"steps": 2000, "batch": 64, "lr": 0.0001},
            "model": {"conv": [32, 32, 64, 64], "hidden": 128, "latent": 10},
            "device": "cpu",
            "versions": {"python": "3.11.1", "torch": "2.0", "numpy": "2.1"},
        }
        cell = Cell("demo", "locatello", m.dataset, m.method, lam, m.seed)
        return CellResult(cell, run, {"seconds": 30.0, "revision": "abc"}, {}, {"scores": scores}, pd.DataFrame())


def manifest(stand_in: str) -> dict[str, Any]:
    return {
        "made_of": {"images": {"STAND_IN": stand_in, "CREDITS": "Images: their makers."}},
        "grid": {"sizes": [["shape", 3], ["x", 5000]]},
        "definition": {
            "generator": "dsprites",
            "seed": 0,
            "options": {"every": [1, 1, 4, 2, 2], "image_size": 64},
            "sources": {},
        },
    }


def tables(markdown: str) -> list[list[list[str]]]:
    """Read every Markdown table back, rows of entries with the header first; each row must be as long as the header."""
    found: list[list[list[str]]] = []
    inside = False
    for line in markdown.splitlines():
        if not line.startswith("|"):
            inside = False
            continue
        assert line.endswith("|"), line
        entries = [entry.strip() for entry in line[1:-1].split("|")]
        if not inside:
            found.append([entries])
            inside = True
        elif set("".join(entries)) <= set("-:"):
            assert len(found[-1]) == 1
            assert len(entries) == len(found[-1][0])
        else:
            assert len(entries) == len(found[-1][0]), line
            found[-1].append(entries)
    assert all(len(set(table[0])) == len(table[0]) for table in found)
    return found
