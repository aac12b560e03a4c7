"""How processes that run at once share cells: each takes a group that no other one is at."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from disentangle import files
from disentangle.cells import RESUME, Cell
from disentangle.pipeline import gpus
from disentangle.pipeline.jobs import Job
from disentangle.pipeline.params import Params
from disentangle.pipeline.sealed import lock_of

LOCKS = RESUME / "locks/groups"
MOST = 400
"""Cells of one group: each has up to two locks, which are open files, of which a process may have about a thousand."""


def parts(
    settings: Params,
    cell: Cell,
    is_left: Callable[[Cell], bool],
    job: Callable[[Cell], Job],
    most: int = MOST,
) -> Iterator[list[Cell]]:
    """Yield groups of a cell and of its mates that are left, up to the one that holds the cell.

    Mates are the other cells of its dataset and method that params.yaml lists; a group is a GPU's part of them, at most
    so many. That of the cell is the first one, or the last where another process is at it. They are cut in one order,
    whichever cell is asked for, so that a group that was interrupted is found again.
    """
    known = cell.dataset in settings.trained_on(cell.scale, cell.study, cell.dataset)["datasets"]
    listed = settings.cells(cell.scale, cell.study, cell.dataset, entries=[cell.method]) if known else []
    mates = {*listed} - {cell}
    groups = cut(sorted([cell, *filter(is_left, mates)]), min(most, gpus.share(len(mates) + 1)))
    for group in shared(sorted(groups, key=lambda group: cell not in group), job):
        yield group
        if cell in group:
            return


def cut(cells: Sequence[Cell], most: int) -> Iterator[list[Cell]]:
    """Yield cells in their order, at most so many at a time, and no more than MOST."""
    size = min(most, MOST)
    for start in range(0, len(cells), size):
        yield [*cells[start : start + size]]


def shared(groups: Iterable[list[Cell]], job: Callable[[Cell], Job]) -> Iterator[list[Cell]]:
    """Yield groups of cells, those first that no other process is at; others put off the one that is yielded.

    A process is at a group as long as it is yielded, and where it holds the lock of a cell's ``job``.
    """
    left = [*groups]
    while left:
        with contextlib.ExitStack() as holding:
            with files.exclusive(LOCKS / "choice.lock"):  # so that no two choose at once
                free = next((group for group in left if not any(map(files.held, _locks(group, job)))), None)
                if free:
                    holding.enter_context(files.exclusive(_locks(free, job)[0]))
            group = free or left[0]  # which is waited for
            left.remove(group)
            yield group


def _locks(group: Sequence[Cell], job: Callable[[Cell], Job]) -> list[Path]:
    """Return the lock of a group, then those of its cells' jobs, which are taken later."""
    jobs = [job(cell) for cell in group]
    return [LOCKS / jobs[0].seal.with_suffix(".lock"), *map(lock_of, jobs)]
