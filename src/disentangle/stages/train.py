"""Train one cell, or several side by side."""

import argparse
import contextlib
import csv
import datetime
import gc
import io
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from disentangle import files, registry
from disentangle.cells import Cell, dataset_folder
from disentangle.data import dataset_files
from disentangle.errors import InputError
from disentangle.pipeline import provenance, sharing
from disentangle.pipeline.jobs import Job, Jobs
from disentangle.pipeline.params import Params
from disentangle.pipeline.sealed import (
    all_locked,
    check_inputs,
    forget,
    put_in_place,
    renewed,
    require,
    write_seal,
)
from disentangle.pipeline.study import study_of
from disentangle.training import checkpoint, device
from disentangle.training import job as training
from disentangle.training.job import Trained


class Planned(NamedTuple):
    """What is known of a cell before it is trained."""

    config: dict[str, Any]
    """``Params.training(cell)``."""
    job: Job


def run(given: argparse.Namespace) -> None:
    """Train from the dataset and write checkpoint, history, run.json and timing.json.

    Of a family that trains stacked, a GPU trains the untrained cells of the same dataset and method at once: a part of
    them for each GPU, at most ``--together``. Their results wait at ``Cell.ahead`` for their own jobs, which put them
    into place. Where another process is at the cell's own part, those that nobody is at are trained meanwhile. A cell
    that is made anew is trained alone.
    The state from which the training could go on stays until its codes are made: Snakemake deletes the results of a job
    that ends badly, be it after its last write. That of a stack lies at its first cell, and serves the whole of it.
    """
    jobs, cell = Jobs(given.settings), given.cell
    require(given.digest, jobs.train(cell).made)
    stacked = registry.load("families", study_of(cell.study).family).STACKED
    on_gpu = device.choose(given.device, given.threads).type == "cuda"
    together = stacked and on_gpu and not given.anew
    for part in sharing.parts(given.settings, cell, jobs.train, most=given.together) if together else [[cell]]:
        _train(given, {each: _planned(given.settings, jobs, each) for each in part}, [cell])


def run_together(given: argparse.Namespace, cells: Sequence[Cell]) -> None:
    """Train cells of one dataset side by side on one device, each to what it would be alone."""
    jobs = Jobs(given.settings)
    _train(given, {cell: _planned(given.settings, jobs, cell) for cell in cells}, cells)
    for cell in cells:
        cell.resume.unlink(missing_ok=True)


def _planned(settings: Params, jobs: Jobs, cell: Cell) -> Planned:
    return Planned(settings.training(cell), jobs.train(cell))


def _train(given: argparse.Namespace, planned: Mapping[Cell, Planned], asked: Sequence[Cell]) -> None:
    """Train the cells that are not trained yet, and put the results of those that were asked for into place."""
    cells = [*planned]
    folder = dataset_folder(cells[0].scale, cells[0].dataset)
    where = device.choose(given.device, given.threads)
    family = registry.load("families", study_of(cells[0].study).family)
    execution = device.execution(given.execution, where)
    if execution == "compiled" and not family.COMPILED:
        raise InputError("--execution: found compiled; allowed for this study: auto, eager, and graph on a GPU.")
    made_by = {"device": device.name_of(where), "execution": execution, **device.arithmetic_of(where)}
    with contextlib.ExitStack() as locks:
        locks.enter_context(all_locked([planned[cell].job for cell in sorted(cells)]))
        # All cells read the same dataset and files of weights.
        read = check_inputs(planned[cells[0]].job)
        made_of = {"dataset": dataset_files.read_manifest(folder)["files"], **made_by}
        jobs: dict[training.Job, Cell] = {}
        for cell in sorted(cells):  # so that a stack knows its state again, whichever of its cells is asked for
            say, job = _prefixed(f"{cell}: " if len(cells) > 1 else ""), planned[cell].job
            if given.anew:
                cell.resume.unlink(missing_ok=True)
            if not given.anew and renewed(job, read):
                say("this cell is trained already, with the same parameters, code and data")
                if cell in asked:
                    forget(job.into(cell.ahead))  # where it was being put into place
                continue
            if not given.anew and renewed(job.into(cell.ahead), read):
                if cell in asked:
                    say("this cell was trained beside another one")
                    put_in_place(job, cell.ahead, read)
                continue
            # What is finished is of whatever device made it; what is not goes on where it began.
            state = f"{job.digest} {[*read.values()]} {' '.join(made_by.values())} {torch.__version__}"
            jobs[training.Job(planned[cell].config, cell.resume, state, say)] = cell
        if not jobs:
            return
        written: list[Job] = []
        locks.enter_context(device.fitting(where, *_memory(len(jobs))))
        locks.enter_context(device.compiling(execution))
        for job, made in family.train([*jobs], folder, where, execution, given.checkpoint_every):
            cell = jobs[job]
            written.append(planned[cell].job if cell in asked else planned[cell].job.into(cell.ahead))
            _write(written[-1].seal.parent, job.config, made, made_of)
            # A stack is finished as a whole: what is left of one has no state to go on from.
            if not family.STACKED or len(written) == len(jobs):
                for whole in written:
                    write_seal(whole, read)
                written.clear()
            if cell in asked:
                shutil.rmtree(cell.ahead, ignore_errors=True)  # of other parameters or code
    gc.collect()  # a compiled model holds itself, and with it memory of the device that others may want


def _memory(cells: int) -> tuple[str, str]:
    """Return what is found where cells need more memory than there is, and what is allowed."""
    if cells == 1:
        return "--device: found one cell to train", "a device with more memory, or a smaller batch in params.yaml"
    return f"--together: found {cells} cells at once", "fewer; under Snakemake, set TOGETHER in the environment"


def _prefixed(name: str) -> Callable[[str], None]:
    return lambda line: print(f"{name}{line}", flush=True)


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
