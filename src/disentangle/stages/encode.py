"""Write the codes of a trained cell, or of several of one dataset in one process."""

import argparse
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from disentangle import files, registry
from disentangle.cells import Cell, dataset_folder
from disentangle.errors import InputError
from disentangle.pipeline import sharing
from disentangle.pipeline.jobs import Job, Jobs
from disentangle.pipeline.sealed import (
    Found,
    all_locked,
    check_inputs,
    forget,
    lock_of,
    locked,
    put_in_place,
    renewed,
    require,
    write_seal,
)
from disentangle.pipeline.study import study_of
from disentangle.training import device
from disentangle.training.job import Fitted


def run(given: argparse.Namespace) -> None:
    """Encode the cell's dataset as its family of methods does.

    On a GPU, which is idle while a process starts and reads a dataset, that of the first cell encodes all trained cells
    of its dataset and method, or a part of them for each GPU. Their codes wait at ``Cell.ahead`` for their own jobs,
    which put them into place. Where another process is at the cell's own part, those that nobody is at are encoded
    meanwhile. A cell that is made anew is encoded alone.
    """
    jobs, cell = Jobs(given.settings), given.cell
    require(given.digest, jobs.encode(cell).made)
    on_gpu = device.choose(given.device, given.threads).type == "cuda"
    together = on_gpu and not given.anew
    for part in sharing.parts(given.settings, cell, jobs.encode, after=jobs.train) if together else [[cell]]:
        _encode(given, jobs, part, [cell])


def run_together(given: argparse.Namespace, cells: Sequence[Cell]) -> None:
    """Encode cells of one dataset, which is read once for as many as a process may hold the locks of."""
    for part in sharing.cut(cells):
        _encode(given, Jobs(given.settings), part, part)


def _encode(given: argparse.Namespace, jobs: Jobs, cells: Sequence[Cell], asked: Sequence[Cell]) -> None:
    """Encode the cells that are not encoded yet, and put the codes of those that were asked for into place."""
    folder = dataset_folder(cells[0].scale, cells[0].dataset)
    where = device.choose(given.device, given.threads)
    with contextlib.ExitStack() as locks:
        locks.enter_context(all_locked([jobs.encode(cell) for cell in sorted(cells)]))
        found = Found()
        todo: dict[Cell, tuple[Fitted, Mapping[str, str]]] = {}
        for cell in sorted(cells):
            place = cell.folder if cell in asked else _of_mate(jobs.train(cell), cell.ahead, found, locks)
            if place is None:
                continue
            job = jobs.encode(cell)
            try:
                read = _checked(job, place)
            except InputError:
                if cell in asked:
                    raise
                continue  # a mate's own job tells it
            if cell in asked:
                cell.resume.unlink(missing_ok=True)  # the training has ended well
            if not given.anew and renewed(job, read):
                print(f"{job.makes[0]}: current already, with the same parameters, code and data", flush=True)
                if cell in asked:
                    forget(job.into(cell.ahead))  # where they were being put into place
            elif not given.anew and renewed(job.into(cell.ahead), read):
                if cell in asked:
                    print(f"{job.makes[0]}: encoded beside another cell", flush=True)
                    put_in_place(job, cell.ahead, read)
            else:
                fitted = Fitted(files.read_json(place / "run.json"), place / "checkpoint.safetensors")
                todo[cell] = fitted, read
        if not todo:
            return
        family = registry.load("families", study_of(cells[0].study).family)
        told = f"--device: found {'one cell' if len(todo) == 1 else f'{len(todo)} cells'} to encode"
        with device.fitting(where, told, "a device with more memory, as cpu"):
            all_codes = family.encode([fitted for fitted, _ in todo.values()], folder, where)
            for (cell, (_, known)), codes in zip(todo.items(), all_codes, strict=True):
                job = jobs.encode(cell)
                made = job if cell in asked else job.into(cell.ahead)
                files.write_arrays(made.makes[0], codes)
                write_seal(made, known)
                if cell in asked:
                    forget(job.into(cell.ahead))  # of other parameters or code


def _of_mate(trained: Job, ahead: Path, found: Found, locks: contextlib.ExitStack) -> Path | None:
    """Return where a mate's training lies; None where it lies nowhere, or its own job may be moving it."""
    place = found.place(trained, ahead)
    if place == ahead:
        if files.held(lock_of(trained)):
            return None
        locks.enter_context(locked(trained))
        place = Found().place(trained, ahead)  # as it is now
    return place


def _checked(job: Job, place: Path) -> dict[str, str]:
    """Return what ``check_inputs`` does of an encoding, for which a training lies in ``place`` as if at its own."""
    data, (trained, paths) = job.reads
    there = tuple(place / path.name for path in paths)
    read = check_inputs(replace(job, reads=(data, (trained.into(place), there))))
    belongs = dict(zip(map(str, there), map(str, paths), strict=True))
    return {belongs.get(path, path): sha256 for path, sha256 in read.items()}
