"""Every file the pipeline writes is written here: beside its place first, then renamed into it."""

import contextlib
import csv
import errno
import fcntl
import hashlib
import io
import json
import math
import os
import re
import secrets
import stat
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, TypeVar

import numpy as np

if TYPE_CHECKING:
    import pandas

from disentangle.errors import InputError

T = TypeVar("T")

MOST_TEXT = 1 << 26
"""Bytes of a text, JSON or CSV file, of which the largest that the pipeline writes are a few MB."""

MOST_UNPACKED = 1 << 30
"""Bytes that an archive of arrays may unpack to, unless these are at most four times its own."""


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that takes the place of ``path`` when the block ends without an error.

    A reader sees the old file or the whole new one; an interrupted write leaves the old one. Of two writers at once
    each writes a file of its own, and the last to end stays.
    Raises InputError when it cannot be written, as on a full disk.
    """
    try:
        with _beside(path) as file:
            yield file
            settle(file, path)
    except OSError as error:
        raise _unwritable(path, error) from error


def check_writable(path: Path) -> None:
    """Raise InputError if nothing can be written to ``path``; what is there stays, and its folder is made."""
    try:
        with _beside(path):
            pass
    except OSError as error:
        raise _unwritable(path, error) from error


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[BinaryIO]:
    """Open the temporary file of a path that is no folder, in a folder that is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISDIR(path.stat().st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    with _temporary(path) as file:
        yield file


@contextlib.contextmanager
def _temporary(path: Path) -> Iterator[BinaryIO]:
    """Open and lock a file of a name of its own beside ``path``, and remove it, unless it was renamed, at the end.

    Those that killed writers of the same path have left are removed first.
    """
    remove_left(path)
    while True:
        temporary = path.with_name(f".{_stem(path)}.{secrets.token_hex(8)}.part")
        with open(temporary, "xb") as file:
            try:
                with contextlib.suppress(OSError):  # where files cannot be locked, none is taken for left
                    fcntl.flock(file, fcntl.LOCK_EX)
                if _is_at(file, temporary):  # not so if another writer came before the lock
                    yield file
                    return
            finally:
                with contextlib.suppress(OSError):
                    temporary.unlink()


def remove_left(path: Path) -> None:
    """Remove the temporary files that killed writers of ``path`` have left."""
    form = re.compile(rf"\.{re.escape(_stem(path))}\.[0-9a-f]{{16}}\.part")
    beside = path.parent.iterdir() if path.parent.is_dir() else ()
    for left in [file for file in beside if form.fullmatch(file.name)]:
        with contextlib.suppress(OSError), open(left, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while its writer lives
            left.unlink()


def _stem(path: Path) -> str:
    return os.fsencode(path.name)[:200].decode(errors="ignore")  # a name has 255 bytes at most


def date_back(path: Path) -> None:
    """Set the time of a file that is of days to come, by a clock that was wrong, to now."""
    if path.stat().st_mtime > time.time():
        with contextlib.suppress(OSError):  # of another user's: its bytes are good all the same
            os.utime(path)


def settle(file: BinaryIO | io.FileIO, path: Path) -> None:
    """Rename an open file to ``path``, once its content is on the disk; then its name is."""
    file.flush()
    os.fsync(file.fileno())
    os.replace(file.name, path)
    with contextlib.suppress(OSError):  # not every file system can; the file is in its place
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _is_at(file: BinaryIO | io.FileIO, path: Path) -> bool:
    """Say whether an open file still is the one at ``path``."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    return False


def _unwritable(path: Path, error: OSError) -> InputError:
    said = error.strerror or error
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        blocking = [above for above in path.parents if os.path.lexists(above) and not above.is_dir()]
        said = f"{blocking[0]} is no folder" if blocking else said
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    reason = "the disk is full" if full else f"cannot be written ({said})"
    return InputError(f"{path}: {reason}; nothing was changed. Mend that and run again.")


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes."""
    with atomic(path) as file:
        file.write(content)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text."""
    write_bytes(path, text.encode())


def read_text(path: Path) -> str:
    """Read UTF-8 text; raises InputError that names the file when it is missing or damaged."""
    return _readable(path, "text", lambda: _text(path))


def _text(path: Path) -> str:
    if (size := path.stat().st_size) > MOST_TEXT:
        raise ValueError(f"found {size} bytes; allowed: up to {MOST_TEXT}")
    return path.read_text(encoding="utf-8")


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write JSON with sorted keys, so that equal data are equal bytes."""
    write_text(path, json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of finite numbers; raises InputError that names the file when it is missing or damaged."""
    return _readable(path, "JSON", lambda: _object(_text(path)))


def _object(text: str) -> dict[str, Any]:
    found = json.loads(text, object_pairs_hook=_unique, parse_float=_finite, parse_constant=_finite)
    if not isinstance(found, dict):
        raise ValueError(f"found a {type(found).__name__}; allowed: an object")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        (key, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"key {key!r} is given more than once")
    return found


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"found {text}; allowed: finite numbers")
    return number


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
    return _readable(path, "array", lambda: _npy(path))


def _npz(path: Path) -> dict[str, np.ndarray]:
    found = {}
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        unpacked, most = sum(member.file_size for member in members), max(4 * path.stat().st_size, MOST_UNPACKED)
        if unpacked > most:
            raise ValueError(f"unpacks to {unpacked} bytes; allowed: up to {most}")
        for member in members:
            name = member.filename.removesuffix(".npy")
            if name == member.filename or name in found or {"", "..", "."} & {*name.split("/")}:
                raise ValueError(f"found a member {member.filename!r}; allowed: NAME.npy, each once")
            found[name] = read_member(archive, member, name)
    return found


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> np.ndarray:
    """Read an array of a ``.npz``; raises ValueError, or what reading raises, for one that is damaged or of objects."""
    with archive.open(member) as file:
        check_header(file, member.file_size, name)
    with archive.open(member) as file:  # anew, as its checksum is of what is read from the beginning
        return np.lib.format.read_array(file, allow_pickle=False)


def _npy(path: Path) -> np.ndarray:
    with open(path, "rb") as file:
        check_header(file, path.stat().st_size, path.name)
    return np.lib.format.open_memmap(path, mode="r")


def read_header(file: IO[bytes]) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
    """Return the shape and the dtype that an array's header announces; the file then is where its content starts."""
    first = np.lib.format.read_magic(file) == (1, 0)
    read = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype


def check_header(file: IO[bytes], size: int, name: str) -> None:
    """Raise ValueError unless an array's header announces just what a file of ``size`` bytes holds.

    NumPy would first allocate what is announced.
    """
    shape, dtype = read_header(file)
    held = size - file.tell()
    if dtype.hasobject or not dtype.itemsize:
        raise ValueError(f"{name} is of {dtype}; allowed: numbers, text")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != held:
        raise ValueError(f"{name} is announced as {shape} of {dtype}, which {held} bytes do not hold")


def _readable(path: Path, kind: str, read: Callable[[], T]) -> T:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
            raise ValueError("found a folder or a device")
        return read()
    except FileNotFoundError:
        raise InputError(f"{path}: not there. Run the stage that makes it first.") from None
    except Exception as error:  # of all kinds by where the damage lies, RecursionError and MemoryError too
        said = getattr(error, "strerror", None) or " ".join(str(error).split())[:160] or type(error).__name__
        raise InputError(
            f"{path}: not a readable {kind} file ({said}). Restore or delete it, and run again."
        ) from error


def read_table(path: Path) -> "pandas.DataFrame":
    """Read a CSV with a header; raises InputError that names the file when it is missing or damaged."""
    return _readable(path, "CSV", lambda: _table(_text(path)))


def _table(text: str) -> "pandas.DataFrame":
    import pandas

    if "\0" in text:
        raise ValueError("found a NUL")
    reader = csv.reader(io.StringIO(text), strict=True)
    header: list[str] = []
    for row in filter(None, reader):
        header = header or row
        if len(row) != len(header):  # pandas would fill it with NaN, or take the first column for an index
            raise ValueError(f"line {reader.line_num}: found {len(row)} values; allowed: {len(header)}")
    if not header or len({*header}) < len(header):
        raise ValueError(f"found columns {', '.join(header) or 'none'}; allowed: names, each once")
    return pandas.read_csv(io.StringIO(text))


def sha256(path: Path) -> str:
    """Return the hex SHA-256 of a file's content; raises InputError that names the file when it cannot be read."""
    return _readable(path, "data", lambda: _sha256(path))


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[io.FileIO]:
    """Hold and open the lock file ``path``; waits while another process, such as an orphan of a killed run, holds it.

    What lies in the file stays. Its holder may rename or remove it: who waited then holds a new one.
    Raises InputError when it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _locked(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    with file:
        yield file


def held(path: Path) -> bool:
    """Say whether a process holds the lock file ``path``."""
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unwritable(path, error) from error
    return False


def _made(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o666)


def _locked(path: Path) -> io.FileIO:
    while True:
        with contextlib.ExitStack() as closing:
            file = closing.enter_context(open(path, "r+b", buffering=0, opener=_made))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(f"waiting for another process that holds {path}", flush=True)
                fcntl.flock(file, fcntl.LOCK_EX)
            if _is_at(file, path):
                closing.pop_all()
                return file
