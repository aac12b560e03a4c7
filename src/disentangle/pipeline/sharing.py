"""How processes that run at once share cells: each takes a group that no other one is at."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from disentangle import files
from disentangle.cells import RESUME, Cell
from disentangle.pipeline import gpus
from disentangle.pipeline.jobs import Job
from disentangle.pipeline.params import Params
from disentangle.pipeline.sealed import Found, lock_of

LOCKS = RESUME / "locks/groups"
MOST = 400
"""Cells of one group: each has up to two locks, which are open files, of which a process may have about a thousand."""


def parts(
    settings: Params,
    cell: Cell,
    job: Callable[[Cell], Job],
    after: Callable[[Cell], Job] | None = None,
    most: int | None = None,
) -> Iterator[list[Cell]]:
    """Yield groups of a cell and of its mates whose ``job`` is left to do, up to the one that holds the cell.

    Mates are the other cells of its dataset and method that params.yaml lists, those whose job ``after``, on which this
    one rests, is done; a group is a GPU's part of them, at most so many. That of the cell is the first one, or the
    last where another process is at it. They are cut in one order, whichever cell is asked for, so that a group that
    was interrupted is found again. A cell whose own job is done is a group by itself.
    """
    found = Found()

    def is_done(job: Callable[[Cell], Job], cell: Cell) -> bool:
        return found.place(job(cell), cell.ahead) is not None

    if is_done(job, cell):
        yield [cell]
        return
    known = cell.dataset in settings.trained_on(cell.scale, cell.study, cell.dataset)["datasets"]
    listed = settings.cells(cell.scale, cell.study, cell.dataset, entries=[cell.method]) if known else []
    mates = {*listed} - {cell}
    left = [mate for mate in mates if (after is None or is_done(after, mate)) and not is_done(job, mate)]
    share = gpus.share(len(mates) + 1)
    groups = cut(sorted([cell, *left]), min(most or share, share))
    for group in shared(sorted(groups, key=lambda group: cell not in group), job):
        yield group
        if cell in group:
            return


def cut(cells: Sequence[Cell], most: int | None = None) -> Iterator[list[Cell]]:
    """Yield cells in their order, at most so many at a time, and no more than MOST."""
    size = min(most or MOST, MOST)
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
