"""Fit every probe on every input and task of one cell."""

import argparse
from typing import Any

import numpy as np

from disentangle import dataset_files, files, params, plan, registry
from disentangle.cells import dataset_folder
from disentangle.codes import inputs_of


def run(given: argparse.Namespace) -> None:
    """Read a cell's codes and the factors of view 0, and write accuracies in percent by probe, input and task."""
    settings, cell = params.load(), given.cell
    plan.require(given.digest, plan.probe(settings, cell))
    folder = dataset_folder(cell.scale, cell.dataset)
    tasks = dataset_files.read_manifest(folder)["definition"]["options"]["held"]
    codes = files.read_arrays(cell.folder / "codes.npz")
    labels = {split: dataset_files.read_factors(folder, split) for split in dataset_files.SPLITS}
    result: dict[str, Any] = {"accuracy": {}, "chance": {}, "test_samples": len(codes["test_r"])}
    for task in tasks:
        result["chance"][task] = 100 * float(np.bincount(labels["test"][task][:, 0]).max() / result["test_samples"])
    for name in settings.study(cell.scale, cell.study)["probes"]:
        probe = registry.build("probes", name, settings.probe(cell.scale, cell.study, name))
        result["accuracy"][name] = accuracies = {}
        by_split = [inputs_of(_codes(codes, split)) for split in dataset_files.SPLITS]
        for key, train in by_split[0].items():
            test = by_split[1][key]
            finite = bool(np.isfinite(train).all() and np.isfinite(test).all())
            accuracies[key] = {
                task: probe.accuracy((train, labels["train"][task][:, 0]), (test, labels["test"][task][:, 0]))
                if finite
                else None
                for task in tasks
            }
            print(f"{name} on {key}: {accuracies[key]}", flush=True)
    files.write_json(cell.folder / "probe.json", result)


def _codes(codes: dict[str, np.ndarray], split: str) -> dict[str, np.ndarray]:
    return {name: codes[f"{split}_{name}"] for name in ("r", "z") if f"{split}_{name}" in codes}
