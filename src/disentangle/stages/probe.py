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
    train, test = ({name: codes.get(f"{split}_{name}") for name in ("r", "z")} for split in dataset_files.SPLITS)
    labels = {split: dataset_files.read_factors(folder, split) for split in dataset_files.SPLITS}
    train_labels, test_labels = ({t: labels[split][t][:, 0] for t in tasks} for split in dataset_files.SPLITS)
    files.write_json(
        cell.folder / "probe.json",
        {
            "accuracy": {
                name: accuracies(
                    registry.build("probes", name, settings.probe(cell.scale, cell.study, name)),
                    inputs_of(train),
                    inputs_of(test),
                    train_labels,
                    test_labels,
                )
                for name in settings.study(cell.scale, cell.study)["probes"]
            },
            # Of a classifier that always says the most frequent class.
            "chance": {task: 100 * float(np.bincount(label).max() / len(label)) for task, label in test_labels.items()},
            "test_samples": len(test_labels[tasks[0]]),
        },
    )


def accuracies(
    probe: Any,
    train: dict[str, np.ndarray],
    test: dict[str, np.ndarray],
    train_labels: dict[str, np.ndarray],
    test_labels: dict[str, np.ndarray],
) -> dict[str, dict[str, float | None]]:
    """Return the accuracy by input and task; None where codes are not finite, as after a run that diverged."""
    found: dict[str, dict[str, float | None]] = {}
    for key in train:
        finite = np.isfinite(train[key]).all() and np.isfinite(test[key]).all()
        found[key] = {
            task: probe.accuracy((train[key], train_labels[task]), (test[key], test_labels[task])) if finite else None
            for task in train_labels
        }
        print(f"{key}: " + ", ".join(f"{task} {value}" for task, value in found[key].items()), flush=True)
    return found
