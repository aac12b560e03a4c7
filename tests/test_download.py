"""Downloads against a server on this machine that can resume, ignore ranges, break off, or fall silent."""

import errno
import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from disentangle.data import download
from disentangle.errors import InputError

CONTENT = bytes(range(256)) * 12
MD5 = hashlib.md5(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT; the attributes say how it misbehaves, ``ranges`` what was asked for."""

    daemon_threads = True
    knows_ranges = True
    announces_length = True
    breaks_off_after: int | None = None
    silent = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str | None] = []
        self.url = f"http://127.0.0.1:{self.server_port}/file.bin"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers["Range"]
        self.server.ranges.append(asked)
        if self.server.silent:
            time.sleep(1)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.knows_ranges else 0
        if self.path != "/file.bin":
            return self.send_error(404)
        if start >= len(CONTENT):
            return self.send_error(416)
        body = CONTENT[start:]
        self.send_response(206 if start else 200)
        if self.server.announces_length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.server.breaks_off_after])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask this machine itself, whatever proxy its environment names, and wait only briefly."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(download, "SECONDS_WITHOUT_DATA", 0.3)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join(5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "raw" / "file.bin"


def part_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def test_a_file_arrives_whole_with_progress(server: Server, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "BLOCK", 1000)
    seen: list[tuple[int, int | None]] = []
    download.fetch(server.url, path, MD5, on_progress=lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert seen == [(1000, 3072), (2000, 3072), (3000, 3072), (3072, 3072)]
    assert list(path.parent.iterdir()) == [path]


def test_other_algorithms(server: Server, path: Path) -> None:
    download.fetch(server.url, path, hashlib.sha256(CONTENT).hexdigest(), "sha256", len(CONTENT))
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_broken_download_goes_on_where_it_stopped(server: Server, path: Path, knows_ranges: bool) -> None:
    server.knows_ranges = knows_ranges
    server.breaks_off_after = 1000
    with pytest.raises(InputError, match=r"file\.bin: truncated: expected 3072 bytes, found 1000\."):
        download.fetch(server.url, path, MD5)
    assert not path.exists()
    assert part_of(path).read_bytes() == CONTENT[:1000]

    server.breaks_off_after = None
    seen: list[tuple[int, int | None]] = []
    download.fetch(server.url, path, MD5, on_progress=lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=1000-"]
    assert seen[-1] == (3072, 3072)
    assert not part_of(path).exists()


def test_a_size_given_finds_what_the_server_does_not_announce(server: Server, path: Path) -> None:
    server.announces_length = False
    server.breaks_off_after = 1000
    with pytest.raises(InputError, match="expected 3072 bytes, found 1000"):
        download.fetch(server.url, path, MD5, size=len(CONTENT))


def test_a_download_that_only_lacked_its_name_is_finished(server: Server, path: Path) -> None:
    path.parent.mkdir()
    part_of(path).write_bytes(CONTENT)
    download.fetch(server.url, path, MD5)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("left_over", [b"", b"x" * 100, b"x" * 4000])
def test_wrong_content_never_takes_the_place(server: Server, path: Path, left_over: bytes) -> None:
    path.parent.mkdir()
    part_of(path).write_bytes(left_over)
    expected = MD5 if left_over else "0" * 32
    with pytest.raises(InputError) as caught:
        download.fetch(server.url, path, expected)
    found = hashlib.md5((left_over + CONTENT[len(left_over) :]) if left_over else CONTENT).hexdigest()
    for said in (str(path), expected, found, server.url):
        assert said in str(caught.value)
    assert list(path.parent.iterdir()) == []  # and the next try starts afresh


def test_a_file_in_place_is_left_alone(server: Server, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    download.fetch(server.url, path, MD5)
    path.write_bytes(b"mine")
    with pytest.raises(InputError) as caught:
        download.fetch(server.url, path, MD5)
    for said in (str(path), MD5, hashlib.md5(b"mine").hexdigest(), "4 bytes"):
        assert said in str(caught.value)
    assert path.read_bytes() == b"mine"
    assert server.ranges == []


def test_without_network_the_message_says_which_file_to_put_where(path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/file.bin"  # nobody listens there
    with pytest.raises(InputError) as caught:
        download.fetch(url, path, MD5)
    for said in (str(path), url, MD5, "refused"):
        assert said in str(caught.value)


def test_an_address_that_is_gone(server: Server, path: Path) -> None:
    with pytest.raises(InputError, match=r"file\.bin: cannot be downloaded \(HTTP Error 404"):
        download.fetch(server.url + ".old", path, MD5)


def test_a_server_that_falls_silent(server: Server, path: Path) -> None:
    server.silent = True
    with pytest.raises(InputError, match=r"cannot be downloaded \(.*timed out"):
        download.fetch(server.url, path, MD5)


def test_a_full_disk_is_not_taken_for_a_missing_network(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download, "_download", full)
    with pytest.raises(InputError, match="the disk is full"):
        download.fetch("http://127.0.0.1:1/x", path, MD5)


def test_the_first_digits_of_a_checksum_do_where_no_more_are_published(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    download.fetch(server.url, path, MD5[:8])
    assert path.read_bytes() == CONTENT
    for wrong in (MD5[1:9], MD5 + "0"):
        with pytest.raises(InputError, match=f"expected md5 {wrong}, found {MD5}"):
            download.verify(path, wrong)
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    download.verify(path, *download.checksum_of({"sha256": sha256}))
    download.verify(path, *download.checksum_of({"md5": MD5}))
