"""Official files over HTTP: resumed where they broke off, and checked before they take their place."""

import errno
import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from disentangle.errors import InputError

BLOCK = 1 << 20
SECONDS_WITHOUT_DATA = 30

Progress = Callable[[int, int | None], None]
"""Called as ``on_progress(bytes so far, bytes in all if known)``."""


def fetch(
    url: str,
    path: Path,
    checksum: str,
    algorithm: str = "md5",
    size: int | None = None,
    on_progress: Progress = lambda done, total: None,
) -> None:
    """Download ``url`` to ``path``; a file that is there already is checked and left alone.

    The bytes gather in ``.<name>.part`` beside it. An interrupted download goes on from there (HTTP Range) or, if the
    server cannot do that, starts again. Only bytes with the right ``checksum`` (hex digest, or its first digits where
    no more are published) are renamed to ``path``.
    Raises InputError that names the file and what was expected and found: no network, truncated (``size`` in bytes, or
    what the server announced), a wrong checksum, a full disk.
    """
    if path.exists():
        return verify(path, checksum, algorithm, f"Move it away to download {url}.")
    part = path.with_name(f".{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    advice = f"Run again, or get {url} by other means and put it there as {path} ({algorithm} {checksum})."
    try:
        total = _download(url, part, size, on_progress)
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise InputError(f"{path}: the disk is full. Free some space and run again to go on.") from error
        raise InputError(f"{path}: cannot be downloaded ({error or type(error).__name__}). {advice}") from error
    if total is not None and part.stat().st_size < total:
        raise InputError(f"{path}: truncated: expected {total} bytes, found {part.stat().st_size}. {advice}")
    found = digest(part, algorithm)
    if not found.startswith(checksum):
        part.unlink()  # to go on from wrong bytes would never end well
        raise InputError(f"{path}: what was downloaded has {algorithm} {found}, expected {checksum}. {advice}")
    os.replace(part, path)


def _download(url: str, part: Path, size: int | None, on_progress: Progress) -> int | None:
    """Append what is missing to ``part``; return the size of the whole file, None if nobody says."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=SECONDS_WITHOUT_DATA)
    except urllib.error.HTTPError as error:
        if have and error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return have  # nothing is missing; the checksum decides
        raise
    with response, open(part, "ab") as file:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            have = 0  # the server ignores ranges and sends the file from its beginning
            file.truncate(0)
        announced = response.headers["Content-Length"]
        total = size if size is not None or announced is None else have + int(announced)
        while block := response.read(BLOCK):
            file.write(block)
            have += len(block)
            on_progress(have, total)
        return total


def verify(path: Path, checksum: str, algorithm: str = "md5", advice: str = "") -> None:
    """Raise InputError that names the file, ends in ``advice``, unless its digest is, or begins with, ``checksum``."""
    if not path.exists():
        raise InputError(f"{path}: not found. {advice}")
    found = digest(path, algorithm)
    if not found.startswith(checksum):
        raise InputError(
            f"{path}: not the official file: expected {algorithm} {checksum}, "
            f"found {found} ({path.stat().st_size} bytes). {advice}"
        )


def checksum_of(archive: Mapping[str, Any]) -> tuple[str, str]:
    """Return the checksum of one of a plugin's ARCHIVES, and its algorithm."""
    algorithm = "sha256" if "sha256" in archive else "md5"
    return archive[algorithm], algorithm


def digest(path: Path, algorithm: str) -> str:
    """Return the hex digest of a file's content."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()
