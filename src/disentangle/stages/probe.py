"""Fit every probe on every input and task of one cell."""

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from disentangle import files, registry
from disentangle.cells import Cell, dataset_folder
from disentangle.data import dataset_files
from disentangle.errors import InputError
from disentangle.evaluation import labelled_probes, measured_codes
from disentangle.evaluation.probe_inputs import inputs_of
from disentangle.evaluation.sampling_error import clustered_error
from disentangle.pipeline import plan
from disentangle.pipeline.jobs import Jobs
from disentangle.pipeline.sealed import kept_parts, making

BY_PROBE = {"accuracy", "error", "gap_error"}
"""Results of each probe; all others are of the codes and labels."""


def run(given: argparse.Namespace) -> None:
    """Read a cell's codes and what they are codes of, and write what each probe tells from them.

    What probes that have not changed tell from the same codes is that of the last time.
    """
    settings, cell = given.settings, given.cell
    with making(Jobs(settings).evaluate("probe", cell), given.digest, given.anew) as work:
        if work.done:
            return
        options = settings.evaluation("probes", cell.scale, cell.study)
        work.told["parts"] = plan.parts(settings, "probe", cell)
        kept = kept_parts(work)
        earlier = files.read_json(cell.folder / "probe.json") if kept else {}
        probes = {name: registry.build("probes", name, chosen) for name, chosen in options.items() if name not in kept}
        manifest = dataset_files.read_manifest(dataset_folder(cell.scale, cell.dataset))
        found = of_labelled(cell, probes) if "labelled" in manifest else of_views(cell, probes, manifest["definition"])
        for results in BY_PROBE & {*found}:
            found[results] |= {name: earlier[results][name] for name in kept}
        files.write_json(cell.folder / "probe.json", found)


def of_labelled(cell: Cell, probes: Mapping[str, Any]) -> dict[str, Any]:
    """Return accuracies in percent by probe, rule and label, one a seed, and mean absolute errors of numbers."""
    known = dataset_files.read_labels(dataset_folder(cell.scale, cell.dataset))
    codes = measured_codes.of_labelled(files.read_arrays(cell.folder / "codes.npz"), known)["codes"]
    if files.read_json(cell.folder / "run.json")["status"] == "diverged":
        # A model that diverged may have finite codes, which mean nothing.
        codes = dataclasses.replace(codes, codes=np.full_like(codes.codes, np.nan))
    accuracy, error = {}, {}
    for name, probe in probes.items():
        accuracy[name], error[name] = labelled_probes.results(probe, codes)
        print(f"{name}: {accuracy[name]} {error[name]}", flush=True)
    return {
        "accuracy": accuracy,
        "error": error,
        "chance": labelled_probes.chances(codes),
        "test_samples": int(codes.test.sum()),
    }


def of_views(cell: Cell, probes: Mapping[str, Any], definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return accuracies in percent by probe, input and task, told of view 0.

    Raises InputError for a probe that is made for labelled images.
    """
    folder, tasks = dataset_folder(cell.scale, cell.dataset), definition["options"]["held"]
    codes = files.read_arrays(cell.folder / "codes.npz")
    train, test = ({name: codes.get(f"{split}_{name}") for name in ("r", "z")} for split in dataset_files.SPLITS)
    factors = {split: dataset_files.read_factors(folder, split) for split in dataset_files.SPLITS}
    train_labels, test_labels = ({t: factors[split][t][:, 0] for t in tasks} for split in dataset_files.SPLITS)
    pools = [factors["test"][name][:, 0] for name in registry.constant("datasets", definition["generator"], "POOLS")]
    accuracy, gap_error = {}, {}
    for name, probe in probes.items():
        if not hasattr(probe, "correct"):
            raise InputError(f"probes.{name}: found for view pairs; allowed: for labelled images alone.")
        right = correct(probe, inputs_of(train), inputs_of(test), train_labels, test_labels)
        accuracy[name] = accuracies(right, tasks)
        gap_error[name] = gap_errors(right, tasks, pools)
    return {
        "accuracy": accuracy,
        # Standard error of C(k0) - C(k1) in percentage points, over which test images were drawn.
        "gap_error": gap_error,
        # Of a classifier that always says the most frequent class.
        "chance": {task: 100 * float(np.bincount(label).max() / len(label)) for task, label in test_labels.items()},
        "test_samples": len(test_labels[tasks[0]]),
    }


Correct = Mapping[str, Mapping[str, np.ndarray | None]]
"""Which test labels a probe tells right, by input and task; None where codes are not finite."""


def correct(
    probe: Any,
    train: dict[str, np.ndarray],
    test: dict[str, np.ndarray],
    train_labels: dict[str, np.ndarray],
    test_labels: dict[str, np.ndarray],
) -> Correct:
    """Fit a probe for each input and task; there is none where codes are not finite, as after a run that diverged."""
    found: dict[str, dict[str, np.ndarray | None]] = {}
    for key in train:
        finite = np.isfinite(train[key]).all() and np.isfinite(test[key]).all()
        found[key] = {
            task: probe.correct((train[key], train_labels[task]), (test[key], test_labels[task])) if finite else None
            for task in train_labels
        }
        print(f"{key}: " + ", ".join(f"{t} {_percent(right)}" for t, right in found[key].items()), flush=True)
    return found


def accuracies(right: Correct, tasks: Sequence[str]) -> dict[str, dict[str, float | None]]:
    """Return the accuracy in percent by input and task."""
    return {key: {task: _percent(by_task[task]) for task in tasks} for key, by_task in right.items()}


def gap_errors(right: Correct, tasks: Sequence[str], pools: Sequence[np.ndarray]) -> dict[str, dict[str, float | None]]:
    """Return the standard error of C(k0) - C(k1) by code k and task; ``pools`` tell the instances in each test image.

    Both halves are tested on the same images, so it is that of the mean of the differences.
    """
    found: dict[str, dict[str, float | None]] = {}
    for code in (key for key in right if f"{key}0" in right):
        found[code] = {}
        for task in tasks:
            first, second = right[f"{code}0"][task], right[f"{code}1"][task]
            if first is None or second is None:
                found[code][task] = None
            else:
                found[code][task] = 100 * clustered_error(first.astype(float) - second, pools)
    return found


def _percent(right: np.ndarray | None) -> float | None:
    return None if right is None else 100 * float(right.mean())
