"""Train one cell, or several side by side."""

import argparse
import contextlib
import csv
import datetime
import io
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from disentangle import files, registry
from disentangle.cells import TRAINED, Cell, dataset_folder
from disentangle.data import dataset_files
from disentangle.errors import InputError
from disentangle.pipeline import plan, provenance
from disentangle.pipeline.params import Params
from disentangle.pipeline.study import study_of
from disentangle.training import checkpoint, device
from disentangle.training.job import Job, Trained


class Planned(NamedTuple):
    """What is known of a cell before it is trained."""

    config: dict[str, Any]
    """``Params.training(cell)``."""
    digest: str


def run(given: argparse.Namespace) -> None:
    """Train from the dataset and write checkpoint, history, run.json and timing.json.

    Of a family that trains stacked, a GPU trains the untrained cells of the same dataset and method at once, at most
    ``--together``. Their results wait at ``Cell.ahead`` for their own jobs, which put them into place.
    """
    settings, cell = given.settings, given.cell
    planned = {cell: _planned(settings, cell)}
    plan.require(given.digest, planned[cell].digest)
    stacked = registry.load("families", study_of(cell.study).family).STACKED
    on_gpu = device.choose(given.device, given.threads).type == "cuda"
    if stacked and on_gpu and not plan.trained_with(cell, planned[cell].digest, ahead=True):
        planned |= _untrained_mates(settings, cell)
    _train(given, dict([*planned.items()][: given.together]), [cell])


def run_together(given: argparse.Namespace, cells: Sequence[Cell]) -> None:
    """Train cells of one dataset side by side on one device, each to what it would be alone."""
    _train(given, {cell: _planned(given.settings, cell) for cell in cells}, cells)


def _planned(settings: Params, cell: Cell) -> Planned:
    config = settings.training(cell)
    return Planned(config, plan.train(settings, cell, config))


def _untrained_mates(settings: Params, cell: Cell) -> dict[Cell, Planned]:
    """Return the other cells of a cell's dataset and method that params.yaml lists and nobody has trained."""
    listed = settings.cells(cell.scale, cell.study, cell.dataset)
    mates = {mate: _planned(settings, mate) for mate in listed if mate.method == cell.method and mate != cell}
    return {
        mate: planned
        for mate, planned in mates.items()
        if not any(plan.trained_with(mate, planned.digest, ahead) for ahead in (False, True))
    }


def _train(given: argparse.Namespace, planned: Mapping[Cell, Planned], asked: Sequence[Cell]) -> None:
    """Train the cells that are not trained yet, and put the results of those that were asked for into place."""
    cells = [*planned]
    folder = dataset_folder(cells[0].scale, cells[0].dataset)
    manifest = dataset_files.read_manifest(folder)
    if manifest["definition"] != given.settings.dataset(cells[0].scale, cells[0].dataset):
        raise InputError(f"{folder}: made with other parameters than params.yaml now has. Run `generate` first.")
    where = device.choose(given.device, given.threads)
    made_by = {"device": device.name_of(where), "execution": device.execution(given.execution, where)}
    with contextlib.ExitStack() as locks:
        for cell in sorted(cells):  # in one order, so that no two processes wait for each other
            locks.enter_context(files.exclusive(cell.resume.with_suffix(".lock")))
        data = files.sha256(folder / dataset_files.MANIFEST)
        made = {cell: {"digest": planned[cell].digest, "dataset": manifest["files"], **made_by} for cell in cells}
        jobs: dict[Job, Cell] = {}
        for cell in sorted(cells):  # so that a stack knows its state again, whichever of its cells is asked for
            say = _prefixed(f"{cell}: " if len(cells) > 1 else "")
            if _is_trained(cell.folder, made[cell]):
                say("this cell is trained already, with the same parameters, code, data and device")
                continue
            if _is_trained(cell.ahead, made[cell]):
                if cell in asked:
                    say("this cell was trained beside another one")
                    _put_in_place(cell)
                continue
            made_of = f"{planned[cell].digest} {data} {' '.join(made_by.values())} {torch.__version__}"
            jobs[Job(planned[cell].config, cell.resume, made_of, say)] = cell
        if not jobs:
            return
        family = registry.load("families", study_of(cells[0].study).family)
        for job, trained in family.train([*jobs], folder, where, made_by["execution"], given.checkpoint_every):
            cell = jobs[job]
            _write(cell.folder if cell in asked else cell.ahead, job.config, trained, made[cell])
            cell.resume.unlink(missing_ok=True)
            if cell in asked:
                shutil.rmtree(cell.ahead, ignore_errors=True)  # of other parameters or code


def _prefixed(name: str) -> Callable[[str], None]:
    return lambda line: print(f"{name}{line}", flush=True)


def _put_in_place(cell: Cell) -> None:
    """Copy the results of a cell that was trained ahead, and forget them once all are there."""
    for name in TRAINED:
        with files.atomic(cell.folder / name) as file:
            file.write((cell.ahead / name).read_bytes())
    shutil.rmtree(cell.ahead)


def _is_trained(folder: Path, made: dict[str, Any]) -> bool:
    """Say whether a folder holds all results of just this training, as an orphan of a killed run leaves them."""
    if not all((folder / name).exists() for name in TRAINED):
        return False
    run = files.read_json(folder / "run.json")
    return {key: run.get(key) for key in made} == made


def _write(folder: Path, config: dict[str, Any], trained: Trained, made: dict[str, Any]) -> None:
    """Write the results of a cell, with what they were ``made`` of and by."""
    checkpoint.save_weights(folder / "checkpoint.safetensors", trained.weights)
    files.write_text(folder / "history.csv", _history(trained.history))
    versions = {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}
    known = {**config, **made, **trained.facts, "reading": _reading(config["method"]), "versions": versions}
    files.write_json(folder / "run.json", known)
    files.write_json(
        folder / "timing.json",
        {
            "seconds": round(trained.seconds, 3),
            "steps": trained.steps,
            "images_per_second": round(trained.samples * trained.steps / max(trained.seconds, 1e-9), 1),
            "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "revision": provenance.revision(),
        },
    )


def _reading(method: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a method that are not its defaults."""
    defaults = registry.options("methods", method["name"])
    return {key: value for key, value in method["options"].items() if value != defaults[key].default}


def _history(history: list[dict[str, float]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, history[0] if history else ["step"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: repr(value) for name, value in row.items()} for row in history)
    return text.getvalue()
