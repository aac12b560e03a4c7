"""Train one cell, or several side by side."""

import argparse
import contextlib
import csv
import datetime
import io
import platform
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from disentangle import dataset_files, files, params, plan, provenance, registry
from disentangle.cells import TRAINED, Cell, dataset_folder
from disentangle.errors import InputError
from disentangle.studies import STUDIES
from disentangle.trained import Job, Trained
from disentangle.training import checkpoint, device


def run(given: argparse.Namespace) -> None:
    """Train from the dataset and write checkpoint, history, run.json and timing.json.

    Of a family that trains stacked, a GPU trains the untrained cells of the same dataset and method at once, at most
    ``--together``. Their results wait at ``Cell.ahead`` for their own jobs, which put them into place.
    """
    settings, cell = params.load(), given.cell
    plan.require(given.digest, plan.train(settings, cell))
    stacked = registry.load("families", STUDIES[cell.study].family).STACKED
    on_gpu = device.choose(given.device, given.threads).type == "cuda"
    alone = plan.trained_now(settings, cell, ahead=True) or not (stacked and on_gpu)
    mates = [] if alone else _untrained_mates(settings, cell)
    _train(given, settings, [cell, *mates][: given.together], [cell])


def run_together(given: argparse.Namespace, cells: Sequence[Cell]) -> None:
    """Train cells of one dataset side by side on one device, each to what it would be alone."""
    _train(given, params.load(), cells, cells)


def _untrained_mates(settings: params.Params, cell: Cell) -> list[Cell]:
    """Return the other cells of a cell's dataset and method that params.yaml lists and nobody has trained."""
    listed = settings.cells(cell.scale, cell.study, cell.dataset)
    mates = [mate for mate in listed if mate.method == cell.method and mate != cell]
    return [mate for mate in mates if not any(plan.trained_now(settings, mate, ahead) for ahead in (False, True))]


def _train(given: argparse.Namespace, settings: params.Params, cells: Sequence[Cell], asked: Sequence[Cell]) -> None:
    """Train the cells that are not trained yet, and put the results of those that were asked for into place."""
    folder = dataset_folder(cells[0].scale, cells[0].dataset)
    configs = {cell: settings.training(cell) for cell in cells}
    digests = {cell: plan.train(settings, cell) for cell in cells}
    manifest = dataset_files.read_manifest(folder)
    if manifest["definition"] != settings.dataset(cells[0].scale, cells[0].dataset):
        raise InputError(f"{folder}: made with other parameters than params.yaml now has. Run `generate` first.")
    where = device.choose(given.device, given.threads)
    made_by = {"device": device.name_of(where), "execution": device.execution(given.execution, where)}
    with contextlib.ExitStack() as locks:
        for cell in sorted(cells):  # in one order, so that no two processes wait for each other
            locks.enter_context(files.exclusive(cell.resume.with_suffix(".lock")))
        data = files.sha256(folder / dataset_files.MANIFEST)
        made = {cell: {"digest": digests[cell], "dataset": manifest["files"], **made_by} for cell in cells}
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
            made_of = f"{digests[cell]} {data} {' '.join(made_by.values())} {torch.__version__}"
            jobs[Job(configs[cell], cell.resume, made_of, say)] = cell
        if not jobs:
            return
        family = registry.load("families", STUDIES[cells[0].study].family)
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
