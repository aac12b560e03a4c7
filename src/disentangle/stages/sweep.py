"""Train every cell of a report one after another, on a machine without Snakemake; with ``--until report``, do all."""

import argparse
import importlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from disentangle import registry
from disentangle.cells import Cell
from disentangle.pipeline import outputs, sharing
from disentangle.pipeline.jobs import Jobs
from disentangle.pipeline.sealed import Found
from disentangle.pipeline.study import study_of


def run(given: argparse.Namespace) -> None:
    """Run the stages from the datasets on; datasets and trainings that are there and current are not made again."""
    settings = given.settings
    cells = outputs.report_cells(settings, given.name)
    for scale, dataset in outputs.datasets_of(cells):
        _prepare(given, scale, dataset)
    train = importlib.import_module("disentangle.stages.train")
    jobs, found, count = Jobs(settings), Found(), 0
    groups = _together(cells, given.together, lambda cell: bool(found.place(jobs.train(cell), cell.ahead)))
    for together in sharing.shared(groups, jobs.train):
        count += len(together)
        print(f"[{count}/{len(cells)}] {', '.join(map(str, together))}", flush=True)
        train.run_together(argparse.Namespace(**vars(given), anew=False), together)
    if given.until == "report":
        encode = importlib.import_module("disentangle.stages.encode")
        for _, alike in itertools.groupby(cells, lambda cell: (cell.scale, cell.dataset)):
            encoded = [*alike]
            encode.run_together(argparse.Namespace(**vars(given), anew=False), encoded)
            for cell in encoded:
                for stage in study_of(cell.study).evaluated:
                    _run(stage, given, cell=cell)
        _run("report", given)


def _together(cells: Sequence[Cell], most: int, trained: Callable[[Cell], bool]) -> Iterator[list[Cell]]:
    """Yield cells that train together, at most so many; those that are trained take no place in a stack of others."""
    for _, alike in itertools.groupby(cells, _trains_with):
        done = {cell: trained(cell) for cell in alike}
        for group in ([cell for cell in done if not done[cell]], [cell for cell in done if done[cell]]):
            yield from sharing.cut(group, most)


def _trains_with(cell: Cell) -> tuple[str, ...]:
    """Return what cells that train together have in common: their data and, in a stack, their method."""
    stacked = registry.load("families", study_of(cell.study).family).STACKED
    return (cell.scale, cell.dataset, cell.method) if stacked else (cell.scale, cell.dataset)


def _prepare(given: argparse.Namespace, scale: str, dataset: str) -> None:
    """Fetch and generate what a dataset lacks."""
    job = Jobs(given.settings).generate(scale, dataset)
    if Found().lack(job) is None:
        return
    for path in job.placed:
        _run("fetch", given, path=path)
    _run("generate", given, scale=scale, dataset=dataset)


def _run(stage: str, given: argparse.Namespace, **more: Any) -> None:
    """Run a stage as its own command would; there is no plan whose digest it could have fallen out of."""
    options = {**vars(given), **more, "digest": None, "anew": False}
    importlib.import_module(f"disentangle.stages.{stage}").run(argparse.Namespace(**options))
