"""Files that others made: each is read or named in one message, none fills the memory, none is waited for."""

import contextlib
import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from disentangle.errors import InputError

MOST = 1 << 30
"""Bytes that are taken of a picture's file or out of a compressed one, which may be made of as many as one likes."""
BLOCK = 1 << 20


def told(what: object, most: int = 120) -> str:
    """Return a thing as a message names it: on one line, escaped if it does not print, of ``most`` characters or fewer.

    Of a longer one, the beginning and the end are kept.
    """
    text = str(what)
    text = text if text.isprintable() else repr(text)[1:-1]
    return text if len(text) <= most else f"{text[: most // 4]}…{text[1 + most // 4 - most :]}"


def regular(path: Path) -> int:
    """Return the bytes of a file; raises InputError unless one is there: to open a pipe would wait for its writer."""
    try:
        found = path.stat()
    except (OSError, ValueError) as error:  # it is not there, a link to itself, no name of a file
        raise InputError(f"{told(path)}: cannot be read ({_reason(error)}).") from error
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe, a socket or a device"
        raise InputError(f"{told(path)}: found {kind}; allowed: a file.")
    return found.st_size


def is_folder(path: Path) -> bool:
    """Say whether a folder is there, of whatever name."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):
        return False


@contextlib.contextmanager
def reading(path: Path, failed: str = "missing or damaged", advice: str = "") -> Iterator[int]:
    """Raise InputError that names the file where none is there, or where reading it fails, which ``failed`` says.

    Yields its bytes. Readers raise all kinds of exceptions, by the kind of damage.
    """
    try:
        yield regular(path)
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{told(path)}: {failed} ({_reason(error)}).{advice and f' {advice}'}") from error


def _reason(error: Exception) -> str:
    strerror = error.strerror if isinstance(error, OSError) else None  # the rest of it is the path again
    return told(" ".join(str(strerror or error).split())) or type(error).__name__


def at_most(read: Callable[[int], bytes], most: int) -> bytearray:
    """Return what a stream, by its method ``read``, has left: ``most`` bytes, and one more that tells of others.

    No more memory is taken than for what came, whatever was announced.
    """
    found = bytearray()
    while len(found) <= most and (block := read(min(BLOCK, most + 1 - len(found)))):
        found += block
    return found


def twins(names: Iterable[str], *, case: bool = True) -> tuple[str, str] | None:
    """Return two names that are spelled alike but for how Unicode writes them or, unless ``case``, for their case."""
    first: dict[str, str] = {}
    for name in names:
        spelled = unicodedata.normalize("NFC", name)
        other = first.setdefault(spelled if case else spelled.casefold(), name)
        if other != name:
            return other, name
    return None
