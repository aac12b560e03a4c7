"""Cells made by hand, whose every number is known: what the tests of this study's reports, claims and figures read."""

import csv
import functools
import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from disentangle import registry, streams
from disentangle.cells import Cell
from disentangle.data.grid import Grid, Seen, values_of
from disentangle.data.relations import relations_of
from disentangle.pipeline.result_files import read_published
from disentangle.reporting.grid_images import GridData, GridImages
from disentangle.reporting.results import CellResult
from disentangle.studies.modular.analysis.results import TITLES, EditResults
from disentangle.studies.modular.analysis.subject import Subject

PUBLISHED = read_published("modular")
V2, FREE, V3, SHAPES = "dsprites_v2", "dsprites_v2_free", "dsprites_v3", "shapes3d_v2"
GRIDS = {
    V2: ({"shape": 3, "scale": 2, "x": 3, "x_within": 2, "y": 3}, ("scale", "x_within")),
    FREE: ({"shape": 3, "scale": 4, "x": 3, "x_within": 2, "y": 3}, ("scale", "x_within")),
    V3: ({"shape": 3, "scale": 5, "x": 3, "x_within": 2, "y": 3}, ("x_within",)),
    SHAPES: ({"object_hue": 10, "shape": 4, "orientation": 2}, ("orientation",)),
}
"""By dataset, the sizes of its grid, and its nuisances."""
RELATIONS = {
    "right": {"factor": "x", "step": 1, "ends": "cyclic"},
    "bigger": {"factor": "scale", "step": 1, "ends": "saturating"},
    "swap": {"factor": "shape", "to": [1, 0, 2]},
    "more_hue": {"factor": "object_hue", "step": 1, "ends": "saturating"},
}
CURVE = ("labels_30", "labels_270", "labels_3000")
ENTRIES = (*TITLES, *CURVE)
ALONE = {"weak_at_work": "weak"} | {name: name for name in TITLES if name in ("weak", "zerodim", "few_labels")}
ALONE |= {"ada_gvae": "ada_gvae", "labels_only": "labels_only"}
"""Method files of the entries that are not of the Modular autoencoder."""
NOTHING = {"warmup_cross_entropy": 0.0, "mixture_cross_entropy": 0.0, "conditional": False, "joint": 0.0}
OPTIONS = {
    "modular": NOTHING | {"warmup_cross_entropy": 0.3, "mixture_cross_entropy": 0.02, "joint": 1.0},
    "conditional": NOTHING | {"conditional": True, "joint": 1.0},
}
EDITING = ("modular", "weak", "zerodim", "few_labels")
METRICS = {"mig": {"points": 200}, "dci": {"train_points": 60, "test_points": 40}}
"""Options of those that figures show."""
SCORES = {"dci": "disentanglement", "mig": "mig", "sap": "sap"}

Level = Callable[[str, str, str], float]
"""From a dataset, an entry and what is asked, such as ``image_edits all``, to a number, the mean of seeds."""


def told(dataset: str) -> dict[str, int]:
    sizes, nuisance = GRIDS[dataset]
    return {name: size for name, size in sizes.items() if name not in nuisance}


def method_of(entry: str) -> str:
    return ALONE.get(entry, "modular")


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

    datasets: Sequence[str] = (V2, FREE, V3, SHAPES)
    entries: Sequence[str] = ENTRIES
    seeds: Collection[int] = (0, 1, 2)
    level: Level = drawn
    wobble: float = 0.01
    diverged: Callable[[Cell], bool] = lambda cell: False
    stand_in: str = "rendered"
    changed: Mapping[tuple[str, str, str], float] = field(default_factory=dict)

    def value(self, cell: Cell, what: str) -> float:
        """Return a number of a cell."""
        key = (cell.dataset, cell.method, what)
        return self.changed.get(key, self.level(*key)) + self.wobble * noise(cell.seed, *key)

    def results(self) -> EditResults:
        cells = tuple(
            self.cell(Cell("demo", "modular", dataset, entry, 0.2, seed))
            for dataset in self.datasets
            for entry in self.entries
            for seed in self.seeds
        )
        manifests = {dataset: manifest(dataset, self.stand_in) for dataset in self.datasets}
        read = {
            cell.cell: self.value(cell.cell, "read")
            for cell in cells
            if method_of(cell.cell.method) in EDITING and not self.diverged(cell.cell)
        }
        return EditResults("demo", cells, manifests, PUBLISHED, "abc", {"probes": [], "metrics": []}, read)

    def labels(self, dataset: str, entry: str) -> int:
        if method_of(entry) == "weak":
            return 10 * math.prod(told(dataset).values())
        return int(entry.removeprefix("labels_")) if entry in CURVE else 1000

    def cell(self, cell: Cell) -> CellResult:
        lost, method = self.diverged(cell), method_of(cell.method)
        run = {
            "cell": {"lam": cell.lam},
            "status": "diverged" if lost else "done",
            "model": {"widths": [4], "partition": 2},
            "training": {"steps": 100, "batch": 8, "labels": self.labels(cell.dataset, cell.method)},
            "labelled_images": self.labels(cell.dataset, cell.method),
            "training_images": 60,
            "reading": {"joint": 1.0} if cell.method == "modular" else {},
            "method": {"name": method, "options": OPTIONS.get(cell.method, NOTHING)},
            "device": "cpu",
            "versions": {"torch": "2.0"},
        }
        if method in EDITING:
            run["relations"] = RELATIONS
        if method == "weak":
            run["unlabelled_values"] = 1
        scores = self.scores(cell, method)
        if lost:
            scores = {code: dict.fromkeys(found) for code, found in scores.items()}
        scores = json.loads(json.dumps(scores, sort_keys=True))  # as they are read back: keys in order
        timing = {"seconds": 10.0, "revision": "def"}
        return CellResult(cell, run, timing, {}, {"scores": scores}, pd.DataFrame())

    def scores(self, cell: Cell, method: str) -> dict[str, Any]:
        def ask(what: str) -> float:
            return self.value(cell, what)

        sizes = told(cell.dataset)
        found: dict[str, Any] = {
            code: {metric: {name: ask(f"{code} {metric}")} for metric, name in SCORES.items()}
            for code in ("raw", "values", "perfect", "shuffled")
        }
        found["values"]["value_accuracy"] = {name: ask(f"told {name}") for name in ("mean", "all", *sizes)}
        by_chance = {"chance_changed": 0.3, "chance_all": 1 / math.prod(sizes.values()), "still_changed": 0.125}
        edits = ["image_edits", "nearest_edits"] if method in EDITING else []
        for code in [*edits, *(["prior_edits"] if method in ("modular", "weak") else [])]:
            shares = {name: ask(f"{code} {name}") for name in ("changed", "all")}
            found[code] = {"relation_accuracy": shares | by_chance}
        if edits:
            found["image_edits"]["pixel_error"] = {name: ask(name) for name in ("edited", "still", "rebuilt")}
        return found

    def codes(self, cell: Cell) -> dict[str, np.ndarray]:
        """Return the content of codes.npz: of the prior, components at known places; of edits, known pictures."""
        rng, sizes, shape = (
            streams.rng(cell.seed, "codes", cell.dataset, cell.method),
            told(cell.dataset),
            shape_of(cell.dataset),
        )
        grid = manifest(cell.dataset, "")["grid"]
        count, method = math.prod(dict(grid["sizes"]).values()), method_of(cell.method)
        rows = np.sort(rng.permutation(count)[: count // 2])
        places = [place for place, (name, _) in enumerate(grid["sizes"]) if name in sizes]
        true = values_of(rows, dict(grid["sizes"]))[:, places]
        known = relations_of(RELATIONS, sizes)
        found: dict[str, np.ndarray] = {"rows": rows, "values": true}
        if method in ("modular", "weak"):
            parts = [*sizes.values()] if method == "modular" else [math.prod(sizes.values())]
            component = (
                true.T if method == "modular" else np.ravel_multi_index(tuple(true.T), tuple(sizes.values()))[None]
            )
            codes = []
            for part, (components, own) in enumerate(zip(parts, component, strict=True)):
                mean = rng.standard_normal((components, 3)).astype(np.float32)
                found[f"mean_{part}"] = mean
                found[f"covariance_{part}"] = np.tile(
                    np.diag([0.04, 0.01, 0.01]).astype(np.float32), (components, 1, 1)
                )
                codes.append(mean[own] + 0.1 * rng.standard_normal((len(own), 3)).astype(np.float32))
            found["codes"] = np.concatenate(codes, axis=1)
        else:
            found["codes"] = rng.standard_normal((len(rows), 4)).astype(np.float32)
        if self.diverged(cell):
            found["codes"] = found["codes"] * np.float32(np.nan)
        if method in EDITING:
            shown = rows[:8]
            start = np.tile(true[:20], (len(known), 1, 1))
            chain = [-1, *(number % len(known) for number in range(6))]
            found |= {
                "edit_rows": rows[:20],
                "edit_told": (start + 1) % np.array([*sizes.values()]),
                "shown_rows": shown,
                "shown": rng.integers(0, 256, (len(shown), *shape)).astype(np.uint8),
                "shown_edited": rng.integers(0, 256, (len(known), len(shown), *shape)).astype(np.uint8),
                "chain": rng.integers(0, 256, (len(chain), *shape)).astype(np.uint8),
                "chain_rows": rng.integers(0, count, len(chain)),
                "chain_relation": np.array(chain),
            }
        return found

    def subject(self, dataset: str, entry: str) -> Subject:
        """Return what a figure is given of the first seed."""
        cell = Cell("demo", "modular", dataset, entry, 0.2, min(self.seeds))
        grid = manifest(dataset, "")["grid"]
        return Subject(dataset, entry, self.cell(cell), grid, self.codes(cell), grid_images(dataset), METRICS)

    def data(self, dataset: str) -> GridData:
        """Return what a figure of a dataset is given."""
        return GridData(dataset, manifest(dataset, self.stand_in), grid_images(dataset))


def shape_of(dataset: str) -> tuple[int, int, int]:
    return (8, 8, 3 if dataset == SHAPES else 1)


def images(dataset: str) -> np.ndarray:
    """Return the images of a dataset as it stores them: packed, of the free one."""
    count = math.prod(GRIDS[dataset][0].values())
    found = streams.rng(1, dataset).integers(0, 256, (count, *shape_of(dataset))).astype(np.uint8)
    return np.packbits(found.reshape(count, -1) > 127, axis=1) if dataset == FREE else found


def grid_images(dataset: str) -> GridImages:
    sizes, nuisance = GRIDS[dataset]
    return GridImages(Grid(images(dataset), sizes, shape_of(dataset), dataset == FREE, nuisance), Seen())


def manifest(dataset: str, stand_in: str) -> dict[str, Any]:
    sizes, nuisance = GRIDS[dataset]
    options = {"image_size": 8} | (
        {} if dataset == SHAPES else {"nuisances": "free" if dataset == FREE else "restricted"}
    )
    return {
        "made_of": {"images": {"STAND_IN": stand_in, "CREDITS": "Images: their makers."}},
        "grid": {
            "sizes": [[*size] for size in sizes.items()],
            "nuisance": [*nuisance],
            "shape": [*shape_of(dataset)],
            "binary": dataset == FREE,
        },
        "definition": {"generator": dataset.removesuffix("_free"), "options": options},
    }


def printed(name: str, **keys: object) -> str:
    """Return the number of a published table as its file has it, read as text and shortened; a dash without one."""
    file = registry.path("studies", "modular").parent / "published" / f"{name}.csv"
    with Path(file).open() as table:
        rows = [row for row in csv.DictReader(table) if all(row[key] == str(value) for key, value in keys.items())]
    if not rows:
        return "–"
    (row,) = rows
    return f"{float(row['score' if name == 'scores' else 'accuracy']):g}"
