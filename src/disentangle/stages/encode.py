"""Write the codes of a trained cell, or of several of one dataset in one process."""

import argparse
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from disentangle import files, registry
from disentangle.cells import Cell, dataset_folder
from disentangle.pipeline import gpus, sharing
from disentangle.pipeline.jobs import Job, Jobs
from disentangle.pipeline.sealed import Found, check_inputs, forget, locked, put_in_place, renewed, require, write_seal
from disentangle.pipeline.study import study_of
from disentangle.training import device
from disentangle.training.job import Fitted


def run(given: argparse.Namespace) -> None:
    """Encode the cell's dataset as its family of methods does.

    On a GPU, which is idle while a process starts and reads a dataset, that of the first cell encodes all trained cells
    of its dataset and method, or a part of them for each GPU. Their codes wait at ``Cell.ahead`` for their own jobs,
    which put them into place. Where another process is at the cell's own part, those that nobody is at are encoded
    meanwhile.
    """
    jobs, cell = Jobs(given.settings), given.cell
    require(given.digest, jobs.encode(cell).made)
    on_gpu = device.choose(given.device, given.threads).type == "cuda"
    parts: Iterable[list[Cell]] = [[cell]]
    if on_gpu and (given.anew or not Found().place(jobs.encode(cell), cell.ahead)):
        mates = _unencoded_mates(given, jobs, cell)
        parts = sharing.until_made(cell, mates, gpus.share(len(mates) + 1), jobs.encode)
    for part in parts:
        of_part = argparse.Namespace(**vars(given) | {"anew": given.anew and cell in part})
        _encode(of_part, jobs, part, [cell])


def run_together(given: argparse.Namespace, cells: Sequence[Cell]) -> None:
    """Encode cells of one dataset, which is read once for as many as a process may hold the locks of."""
    for part in sharing.cut(cells, len(cells)):
        _encode(given, Jobs(given.settings), part, part)


def _unencoded_mates(given: argparse.Namespace, jobs: Jobs, cell: Cell) -> list[Cell]:
    """Return the other cells of a cell's dataset and method that params.yaml lists, trained and not encoded."""
    found = Found()
    return [
        mate
        for mate in given.settings.cells(cell.scale, cell.study, cell.dataset, entries=[cell.method])
        if mate != cell and found.place(jobs.train(mate), mate.ahead) and not found.place(jobs.encode(mate), mate.ahead)
    ]


def _encode(given: argparse.Namespace, jobs: Jobs, cells: Sequence[Cell], asked: Sequence[Cell]) -> None:
    """Encode the cells that are not encoded yet, and put the codes of those that were asked for into place."""
    folder = dataset_folder(cells[0].scale, cells[0].dataset)
    where = device.choose(given.device, given.threads)
    with contextlib.ExitStack() as locks:
        # In one order, so that no two processes wait for each other.
        for job in map(jobs.encode, sorted(cells)):
            locks.enter_context(locked(job))
        found = Found()
        for mate in sorted({*cells} - {*asked}):
            if found.place(jobs.train(mate), mate.ahead) == mate.ahead:  # from where its own job would move it
                locks.enter_context(locked(jobs.train(mate)))
        found = Found()  # as it is now
        todo: dict[Cell, tuple[Fitted, Mapping[str, str]]] = {}
        for cell in sorted(cells):
            job, place = jobs.encode(cell), cell.folder if cell in asked else found.place(jobs.train(cell), cell.ahead)
            if place is None:
                continue
            read = _checked(job, place)
            if cell in asked:
                cell.resume.unlink(missing_ok=True)  # the training has ended well
            if not given.anew and renewed(job, read):
                print(f"{job.makes[0]}: current already, with the same parameters, code and data", flush=True)
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


def _checked(job: Job, place: Path) -> dict[str, str]:
    """Return what ``check_inputs`` does of an encoding, for which a training lies in ``place`` as if at its own."""
    data, (trained, paths) = job.reads
    there = tuple(place / path.name for path in paths)
    read = check_inputs(replace(job, reads=(data, (trained.into(place), there))))
    belongs = dict(zip(map(str, there), map(str, paths), strict=True))
    return {belongs.get(path, path): sha256 for path, sha256 in read.items()}
