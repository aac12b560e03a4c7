"""Official files over HTTP: resumed where they broke off, and checked before they take their place."""

import errno
import hashlib
import http.client
import io
import os
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from disentangle import files
from disentangle.errors import InputError

BLOCK = 1 << 20
SECONDS_WITHOUT_DATA = 30

SLOWEST, WINDOW = 1000, 60
"""Bytes a second, on average over so many seconds, below which a server is given up; a modem has seven times more."""

MOST_UNANNOUNCED = 1 << 34
"""Bytes taken of a file whose size the server does not tell: a third more than the largest official one, MPI3D's."""

Progress = Callable[[int, int | None], None]
"""Called as ``on_progress(bytes so far, bytes in all if known)``."""


def fetch(
    url: str,
    path: Path,
    checksum: str,
    algorithm: str = "md5",
    on_progress: Progress = lambda done, total: None,
    mirrors: Sequence[str] = (),
) -> None:
    """Download ``url`` to ``path``; a file that is there already is checked and left alone.

    The bytes gather in ``.<name>.part`` beside it, which is locked: a second process waits, then finds the file. An
    interrupted download goes on from there (HTTP Range) or, if the server cannot do that, starts again. Only bytes with
    the right ``checksum`` (hex digest, or its first digits where no more are published) are renamed to ``path``. Where
    an address fails, the ``mirrors`` are tried in order, each of which goes on with what is there.
    Raises InputError that names the file, each address and what was expected and found: no network, a server that sends
    no file, too slowly, less or more than it announced, a wrong checksum; at once for a full disk.
    """
    part = path.with_name(f".{path.name}.part")
    if not os.path.lexists(path):
        with files.exclusive(part) as file:
            if not os.path.lexists(path):
                return _complete(file, (url, *mirrors), path, checksum, algorithm, on_progress)
            part.unlink(missing_ok=True)  # the process that was waited for has finished the file
    verify(path, checksum, algorithm, f"Move it away to download {url}.")


def _complete(
    part: io.FileIO, urls: Sequence[str], path: Path, checksum: str, algorithm: str, on_progress: Progress
) -> None:
    """Download what the open ``part`` lacks, and rename it to ``path`` if it then has the checksum."""
    try:
        # Of a process that was killed just before the end, the part is whole.
        if not _digest(part, algorithm).startswith(checksum):
            failures = list[str]()
            for url in urls:
                failure = _failure(part, url, checksum, algorithm, on_progress)
                if not failure:
                    break
                failures.append(f"{url}: {failure}" if len(urls) > 1 else failure)
            else:
                advice = f"Run again, or put {' or '.join(urls)} there ({algorithm} {checksum})."
                raise InputError(f"{path}: {'; '.join(failures)}. {advice}")
        files.settle(part, path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise InputError(f"{path}: the disk is full. Free some space and run again to go on.") from error
        raise InputError(f"{path}: cannot be written ({error.strerror}).") from error
    finally:
        if not os.fstat(part.fileno()).st_size:
            Path(part.name).unlink(missing_ok=True)


def _failure(part: io.FileIO, url: str, checksum: str, algorithm: str, on_progress: Progress) -> str:
    """Download what ``part`` lacks from one address; return why it has not the checksum then, "" if it has.

    Where what was there was of another file, all of it is asked for. Raises OSError for a full disk.
    """
    had = part.seek(0, os.SEEK_END)
    try:
        total = _download(url, part, on_progress)
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        return f"cannot be downloaded ({' '.join(str(error).split())[:120] or type(error).__name__})"
    size, found = part.tell(), _digest(part, algorithm)
    if found.startswith(checksum):
        return ""
    if total is not None and size < total:
        return f"truncated: expected {total} bytes, found {size}"
    part.truncate(0)  # to go on from wrong bytes would never end well
    if had:
        return _failure(part, url, checksum, algorithm, on_progress)
    return f"what was downloaded is another file, of {algorithm} {found}"


def _download(url: str, part: io.FileIO, on_progress: Progress) -> int | None:
    """Write what ``part`` lacks, and stand behind it; return the size of the whole file, None if nobody says."""
    had = part.seek(0, os.SEEK_END)
    try:
        return _receive(url, had, part, on_progress)
    except _OtherPart:
        if not had:
            raise
        return _receive(url, 0, part, on_progress)


class _OtherPart(http.client.HTTPException):
    """A server sends another part of a file than it was asked for, or has none."""


def _receive(url: str, start: int, part: io.FileIO, on_progress: Progress) -> int | None:
    """Write a file from byte ``start`` on or, where the server sends it whole, from the first; return its size.

    Raises _OtherPart, with nothing written, for any other part.
    """
    with _ask(url, start) as response:
        packed = response.headers.get("Content-Encoding", "identity")
        if packed != "identity" and ".gz" not in Path(part.name).suffixes:  # many servers call gzip files so
            raise http.client.HTTPException(f"the server sends it packed, as {packed}")
        have, total = _extent(response, start)
        # Where all is sent again, it is written over what is there, which stays if this is cut off.
        had = part.seek(0, os.SEEK_END)
        part.seek(have)
        if total is not None and total - had > shutil.disk_usage(Path(part.name).parent).free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        most = MOST_UNANNOUNCED if total is None else total
        while block := response.read1(BLOCK):
            have += len(block)
            if have > most:
                part.truncate(0)
                raise http.client.HTTPException(f"the server sends more than {most} bytes")
            while block:
                block = block[part.write(block) :]
            on_progress(have, total)
        if total is None or have == total:
            part.truncate()
        return total


def _ask(url: str, start: int) -> http.client.HTTPResponse:
    """Return the response to a request for a file from byte ``start`` on."""
    opener = urllib.request.OpenerDirector()  # of HTTP alone, so that no redirection leads to files or FTP
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.UnknownHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        _Redirections,
        _Requests,
    ):
        opener.add_handler(handler())
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        response: http.client.HTTPResponse = opener.open(request, timeout=SECONDS_WITHOUT_DATA)
        return response
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise _OtherPart(str(error)) from error
        raise


def _extent(response: http.client.HTTPResponse, start: int) -> tuple[int, int | None]:
    """Return which byte of a file a response begins with, ``start`` or 0, and the file's size if that is told.

    Raises _OtherPart for another byte, HTTPException for what is no file.
    """
    if response.headers.get_content_type() == "text/html":
        raise http.client.HTTPException("the server sends a page of HTML")
    if response.status == http.HTTPStatus.PARTIAL_CONTENT:
        given = response.headers.get("Content-Range", "")
        found = re.fullmatch(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", given)
        if not start or not found or int(found[1]) != start:
            raise _OtherPart(f"the server sends the part '{given}', asked for all from byte {start}")
        return start, int(found[2]) + 1 if found[3] == "*" else int(found[3])
    if response.status != http.HTTPStatus.OK:
        raise http.client.HTTPException(f"HTTP status {response.status}")
    length = None if response.chunked else response.headers["Content-Length"]
    if length is not None and not re.fullmatch("[0-9]{1,18}", length.strip()):
        raise http.client.HTTPException(f"the server announces '{length}' bytes")
    return 0, None if length is None else int(length)


class _Redirections(urllib.request.HTTPRedirectHandler):
    def http_error_302(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage
    ) -> Any:
        fp.close()  # or its body would be read, however long
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class _Requests(urllib.request.AbstractHTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, request)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_SecureConnection, request)

    http_request = https_request = urllib.request.AbstractHTTPHandler.do_request_


class _Response(http.client.HTTPResponse):
    """A response that is given up where its bytes, those of its head too, come too slowly."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.fp = io.BufferedReader(_Paced(self.fp.detach()))


class _Connection(http.client.HTTPConnection):
    response_class = _Response


class _SecureConnection(http.client.HTTPSConnection):
    response_class = _Response


class _Paced(io.RawIOBase):
    """What is read of a socket; raises TimeoutError where ``WINDOW`` seconds bring less than ``SLOWEST`` a second."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self.raw, self.since, self.count = raw, time.monotonic(), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count = self.raw.readinto(buffer)
        self.count += count or 0
        if count and (now := time.monotonic()) - self.since > WINDOW:  # at the end, nothing is too slow
            if self.count < SLOWEST * WINDOW:
                raise TimeoutError(f"slower than {SLOWEST} bytes a second")
            self.since, self.count = now, 0
        return count

    def close(self) -> None:
        self.raw.close()
        super().close()


def verify(path: Path, checksum: str, algorithm: str = "md5", advice: str = "") -> None:
    """Raise InputError that names the file, ends in ``advice``, unless its digest is, or begins with, ``checksum``."""
    try:
        if not path.is_file():
            raise InputError(f"{path}: {'not a file' if os.path.lexists(path) else 'not found'}. {advice}")
        found = digest(path, algorithm)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}). {advice}") from error
    if not found.startswith(checksum):
        raise InputError(
            f"{path}: not the official file: expected {algorithm} {checksum}, "
            f"found {found} ({path.stat().st_size} bytes). {advice}"
        )


def addresses(archive: Mapping[str, Any]) -> str:
    """Return where one of a plugin's ARCHIVES is to be had, in words: its address, "or" those of its mirrors."""
    return " or ".join((archive["url"], *archive.get("mirrors", ())))


def checksum_of(archive: Mapping[str, Any]) -> tuple[str, str]:
    """Return the checksum of one of a plugin's ARCHIVES, and its algorithm."""
    algorithm = "sha256" if "sha256" in archive else "md5"
    return archive[algorithm], algorithm


def digest(path: Path, algorithm: str) -> str:
    """Return the hex digest of a file's content."""
    with open(path, "rb", buffering=0) as file:
        return _digest(file, algorithm)


def _digest(file: io.FileIO, algorithm: str) -> str:
    file.seek(0)
    return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()
