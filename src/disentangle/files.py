"""Every file the pipeline writes is written here: beside its place first, then renamed into it."""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import numpy as np

if TYPE_CHECKING:
    import pandas

from disentangle.errors import InputError

T = TypeVar("T")


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that takes the place of ``path`` when the block ends without an error.

    A reader sees the old file or the whole new one; an interrupted write leaves the old one.
    Raises InputError when it cannot be written, as on a full disk.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = "the disk is full" if full else f"cannot be written ({error.strerror or error})"
        raise InputError(f"{path}: {reason}; nothing was changed. Mend that and run again.") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes."""
    with atomic(path) as file:
        file.write(content)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text."""
    write_bytes(path, text.encode())


def read_text(path: Path) -> str:
    """Read UTF-8 text; raises InputError that names the file when it is missing or damaged."""
    return _readable(path, "text", path.read_text)


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write JSON with sorted keys, so that equal data are equal bytes."""
    write_text(path, json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; raises InputError that names the file when it is missing or damaged."""
    try:
        return dict(json.loads(path.read_text()))
    except FileNotFoundError:
        raise InputError(f"{path}: not there. Run the stage that makes it first.") from None
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: not a readable JSON file ({error}). Delete it and run again.") from error


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays as an uncompressed ``.npz`` (its bytes depend on the arrays alone)."""
    with atomic(path) as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def write_array(path: Path, array: np.ndarray) -> None:
    """Write one array as ``.npy``, which can be memory-mapped."""
    with atomic(path) as file:
        np.lib.format.write_array(_Plain(file), array)


class _Plain:
    """A file as NumPy does not know it: it would write past Python to a real one, and hide the reason of a failure."""

    def __init__(self, file: BinaryIO) -> None:
        self.write = file.write


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read a ``.npz`` whole; raises InputError that names the file when it is missing or damaged."""
    return _readable(path, "array", lambda: _npz(path))


def read_array(path: Path) -> np.ndarray:
    """Memory-map a ``.npy``; raises InputError that names the file when it is missing or damaged."""
    return _readable(path, "array", lambda: np.load(path, mmap_mode="r"))


def _npz(path: Path) -> dict[str, np.ndarray]:
    with open(path, "rb") as file, np.load(file) as archive:  # given a path, NumPy leaves a damaged file open
        return {name: archive[name] for name in archive.files}


def _readable(path: Path, kind: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except FileNotFoundError:
        raise InputError(f"{path}: not there. Run the stage that makes it first.") from None
    except Exception as error:  # NumPy raises OSError, ValueError, EOFError or BadZipFile by the kind of damage
        raise InputError(f"{path}: not a readable {kind} file ({error}). Delete it and run again.") from error


def read_table(path: Path) -> "pandas.DataFrame":
    """Read a CSV; raises InputError that names the file when it is missing or damaged."""
    import pandas

    return _readable(path, "CSV", lambda: pandas.read_csv(path))


def sha256(path: Path) -> str:
    """Return the hex SHA-256 of a file's content."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file ``path``; waits while another process, such as an orphan of a killed run, holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another process that holds {path}", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
