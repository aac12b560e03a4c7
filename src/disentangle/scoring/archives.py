"""Arrays in files that others made: what is in them is known before any is read, and only what is needed is."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from disentangle import files
from disentangle.data.foreign import reading, told
from disentangle.errors import InputError

FAILED = "not a readable file of arrays"
HEAD = 1 << 16
"""Bytes in which a header is looked for, as it may announce that it has 4 GB."""

TEXT = 'Save text by numpy.asarray(x, dtype="U"), and numbers by dtype=float.'
"""What is said of objects: a reader would run what they hold."""


@dataclass(frozen=True)
class Member:
    """An array in a file, as its header has it."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __str__(self) -> str:
        return f"{told(self.name, 40)} {self.shape} of {self.dtype}"


def members(path: Path) -> dict[str, Member]:
    """Return the arrays of a ``.npz`` by name; what else lies in it is none.

    Raises InputError that names a file that is not there or damaged.
    """
    found: dict[str, Member] = {}
    with reading(path, FAILED), zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.filename.endswith(".npy"):
                name = info.filename.removesuffix(".npy")
                if name in found:
                    raise ValueError(f"found {name} twice")
                with archive.open(info) as file:
                    found[name] = Member(name, *files.read_header(io.BytesIO(file.read(HEAD))))
    return found


def member(path: Path, of: Member) -> np.ndarray:
    """Read an array of a ``.npz``; raises InputError for one that is damaged, of objects, or unpacks to too much."""
    with reading(path, FAILED, TEXT * of.dtype.hasobject), zipfile.ZipFile(path) as archive:
        info, most = archive.getinfo(f"{of.name}.npy"), max(4 * path.stat().st_size, files.MOST_UNPACKED)
        if info.file_size > most:
            raise ValueError(f"{of.name} unpacks to {info.file_size} bytes; allowed: up to {most}")
        return files.read_member(archive, info, of.name)


def array(path: Path) -> np.ndarray:
    """Read a ``.npy``; raises InputError for one that is not there, damaged, or of objects."""
    with reading(path, FAILED), open(path, "rb") as file:
        _, dtype = files.read_header(file)
    with reading(path, FAILED, TEXT * dtype.hasobject) as size, open(path, "rb") as file:
        files.check_header(file, size, path.name)
        file.seek(0)
        return np.lib.format.read_array(file, allow_pickle=False)


def codes_in(path: Path, name: str | None) -> str:
    """Return which array of a ``.npz`` are the codes: that ``name``, else the one called ``codes``, else the only one.

    Numbers alone, such as that of an epoch, are no arrays. Raises InputError that lists its arrays where none of these
    is there.
    """
    known = members(path)
    rows = [*_with_rows(known)]
    chosen = name or ("codes" if "codes" in known else next(iter(rows), ""))
    if chosen not in known or (name is None and chosen != "codes" and len(rows) > 1):
        allowed = "one of these" if name else "one called codes, one in all, or --array NAME to say which"
        wanted = f"no array {told(name, 40)}, but " if name else "arrays "
        raise InputError(f"{told(path)}: found {wanted}{_listed(known)}; allowed: {allowed}.")
    return chosen


def codes(path: Path, name: str | None) -> np.ndarray:
    """Read the codes of a ``.npz``, as :func:`codes_in` has them."""
    return member(path, members(path)[codes_in(path, name)])


def factors(path: Path, names: list[str] | None, codes: str | None = None) -> np.ndarray | dict[str, np.ndarray]:
    """Read the factors of a ``.npz``: the arrays of those ``names``, else that called ``factors``, else all.

    They are one array (N, K), or (N,) each. None of them is that of the ``codes``, where the file holds both; all are
    those but numbers alone, and what is called codes. Raises InputError that lists its arrays where these are something
    else.
    """
    known = {name: found for name, found in members(path).items() if name != codes}
    chosen = names or (["factors"] if "factors" in known else [name for name in _with_rows(known) if name != "codes"])
    if absent := [name for name in chosen if name not in known]:
        found = f"no array {told(', '.join(absent), 60)}, but {_listed(known)}"
        raise InputError(f"{told(path)}: found {found}; allowed: some of these.")
    if len(chosen) == 1 and len(known[chosen[0]].shape) == 2:
        return member(path, known[chosen[0]])
    odd = {name: known[name] for name in chosen if len(known[name].shape) != 1}
    if odd or not chosen:
        found = _listed(odd or known) if known else f"no array{f' but {codes}' if codes else ''}"
        allowed = "one called factors (rows, factors), arrays (rows,), one a factor, or --factor-arrays NAME,..."
        raise InputError(f"{told(path)}: found {found}; allowed: {allowed}.")
    return {name: member(path, known[name]) for name in chosen}


def _with_rows(known: dict[str, Member]) -> dict[str, Member]:
    return {name: found for name, found in known.items() if found.shape}


def _listed(known: dict[str, Member]) -> str:
    return told(", ".join(map(str, known.values())) or "none", 400)
