"""Which GPU of several a process computes on, and what part of cells."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch

from disentangle import files
from disentangle.cells import RESUME

LOCKS = RESUME / "locks/gpus"


@contextmanager
def taken(name: str) -> Iterator[str]:
    """Hold, among several GPUs, the one that a device's ``name`` means, and yield its own name, ``cuda:1``.

    ``auto`` and ``cuda`` mean the one that the fewest processes of this project hold, the first of these. Its name
    counts what torch sees (``CUDA_VISIBLE_DEVICES``); its locks are of the GPU itself, whatever each process sees, and
    end with the process, be it killed. Other names, and all where there are not several GPUs, stay as they are.
    Raises InputError when a lock cannot be made.
    """
    count = torch.cuda.device_count()
    meant = [index for index in range(count) if name in ("auto", "cuda", f"cuda:{index}")]
    if count < 2 or not meant:
        yield name
        return
    folders = {index: LOCKS / str(torch.cuda.get_device_properties(index).uuid) for index in meant}
    with ExitStack() as holding:
        with files.exclusive(LOCKS / "choice.lock"):  # so that no two choose at once
            index = min(meant, key=lambda index: sum(map(files.held, folders[index].glob("*.lock"))))
            holding.enter_context(files.exclusive(_free(folders[index])))
        torch.cuda.set_device(index)  # what names no device, as the start of a recording, is of the first one else
        yield f"cuda:{index}"


def share(cells: int) -> int:
    """Return how many of so many cells are a GPU's part, where torch sees several."""
    return -(-cells // max(torch.cuda.device_count(), 1))


def _free(folder: Path) -> Path:
    """Return the first of a GPU's locks that nobody holds."""
    return next(path for n in itertools.count() if not files.held(path := folder / f"{n}.lock"))
