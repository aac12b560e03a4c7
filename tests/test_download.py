"""Downloads against a server on this machine that can resume, ignore ranges, break off, fall silent, send anything."""

import contextlib
import datetime
import errno
import hashlib
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from disentangle.data import download
from disentangle.errors import InputError

CONTENT = bytes(range(256)) * 12
MD5 = hashlib.md5(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT; the attributes say how it misbehaves, ``ranges`` what was asked for.

    ``answer``, where given, is all that is sent for /file.bin, a block after another.
    """

    daemon_threads = True
    knows_ranges = True
    announces_length = True
    breaks_off_after: int | None = None
    silent = False
    answer: Callable[[str | None], Iterable[bytes]] | None = None

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
        if self.server.answer and self.path == "/file.bin":
            with contextlib.suppress(OSError):  # the client may have enough
                for block in self.server.answer(asked):
                    self.wfile.write(block)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.knows_ranges else 0
        if self.path != "/file.bin":
            return self.send_error(404)
        if start >= len(CONTENT):
            return self.send_error(416)
        body = CONTENT[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
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
    download.fetch(server.url, path, hashlib.sha256(CONTENT).hexdigest(), "sha256")
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


def test_a_download_that_only_lacked_its_name_is_finished_without_a_server(server: Server, path: Path) -> None:
    path.parent.mkdir()
    part_of(path).write_bytes(CONTENT)
    download.fetch(server.url, path, MD5)
    assert path.read_bytes() == CONTENT
    assert list(path.parent.iterdir()) == [path]
    assert server.ranges == []


def test_wrong_content_never_takes_the_place(server: Server, path: Path) -> None:
    with pytest.raises(InputError) as caught:
        download.fetch(server.url, path, "0" * 32)
    for said in (str(path), "0" * 32, MD5, server.url):
        assert said in str(caught.value)
    assert list(path.parent.iterdir()) == []  # and the next try starts afresh


def test_what_goes_on_from_wrong_bytes_is_asked_for_whole(server: Server, path: Path) -> None:
    path.parent.mkdir()
    part_of(path).write_bytes(b"x" * 100)
    download.fetch(server.url, path, MD5)
    assert path.read_bytes() == CONTENT
    assert server.ranges == ["bytes=100-", None]


@pytest.mark.parametrize("announces_length", [True, False])
@pytest.mark.parametrize("knows_ranges", [True, False])
def test_what_is_longer_than_the_file_is_downloaded_anew(
    server: Server, path: Path, knows_ranges: bool, announces_length: bool
) -> None:
    server.knows_ranges, server.announces_length = knows_ranges, announces_length
    path.parent.mkdir()
    part_of(path).write_bytes(b"x" * 4000)
    download.fetch(server.url, path, MD5)
    assert path.read_bytes() == CONTENT
    assert server.ranges == ["bytes=4000-", None][: 1 + knows_ranges]


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


def test_a_mirror_goes_on_where_the_first_address_broke_off(server: Server, path: Path) -> None:
    with Server() as mirror:
        threading.Thread(target=mirror.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        server.breaks_off_after = 1000
        download.fetch(server.url, path, MD5, mirrors=[f"{server.url}.old", mirror.url])
        assert path.read_bytes() == CONTENT
        assert (server.ranges, mirror.ranges) == ([None, "bytes=1000-"], ["bytes=1000-"])
        path.unlink()
        server.breaks_off_after = None
        server.answer = lambda asked: [head("200 OK", "Content-Length: 3000") + b"x" * 200]  # of another file, cut off
        download.fetch(server.url, path, MD5, mirrors=[mirror.url])
        assert path.read_bytes() == CONTENT
        assert mirror.ranges[1:] == ["bytes=200-", None]
        path.unlink()
        download.fetch(mirror.url, path, MD5, mirrors=[server.url])
        assert len(server.ranges) == 3  # the first that serves
        mirror.shutdown()


def test_where_no_mirror_has_the_file_one_message_names_each(server: Server, path: Path) -> None:
    server.answer = lambda asked: [head("200 OK") + b"another"]
    said = f"what was downloaded is another file, of md5 {hashlib.md5(b'another').hexdigest()}"
    with pytest.raises(InputError) as caught:
        download.fetch(f"{server.url}.old", path, MD5, mirrors=[server.url])
    assert str(caught.value) == (
        f"{path}: {server.url}.old: cannot be downloaded (HTTP Error 404: Not Found); {server.url}: {said}. "
        f"Run again, or put {server.url}.old or {server.url} there (md5 {MD5})."
    )


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


def secure(server: Server, certificate: Path) -> None:
    """Let a server speak TLS under a name of its own, which it signs itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    signed = x509.CertificateBuilder(name, name, key.public_key(), 1, now - day, now + day)
    signed = signed.add_extension(names, critical=True).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    certificate.write_bytes(private + signed.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.url = f"https://localhost:{server.server_port}/file.bin"


def test_a_server_whose_name_is_certified_and_no_other(
    server: Server, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    secure(server, tmp_path / "certificate.pem")
    assert "CERTIFICATE_VERIFY_FAILED" in message(server.url, path)
    assert server.ranges == []
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    assert "IP address mismatch" in message(server.url.replace("localhost", "127.0.0.1"), path)
    download.fetch(server.url, path, MD5)
    assert path.read_bytes() == CONTENT


# What servers send.


def message(url: str, path: Path) -> str:
    """Return the one line that a download ends in, which names the file, its address and its checksum."""
    with pytest.raises(InputError) as caught:
        download.fetch(url, path, MD5)
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    assert url in said
    assert said.endswith(f"(md5 {MD5}).")
    assert "\n" not in said
    assert len(said) - len(str(path)) - len(url) < 300
    assert not path.exists()
    return said


def head(status: str, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode()


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


CHUNKED = head("200 OK", "Transfer-Encoding: chunked")
ODD = {
    "a length in words": (head("200 OK", "Content-Length: abc") + CONTENT, "announces 'abc' bytes"),
    "a negative length": (head("200 OK", "Content-Length: -5") + CONTENT, "announces '-5' bytes"),
    "an empty length": (head("200 OK", "Content-Length:") + CONTENT, "announces '' bytes"),
    "a length of 5,000 digits": (head("200 OK", f"Content-Length: {'9' * 5000}") + CONTENT, "announces '999"),
    "a part nobody asked for": (
        head("206 Partial Content", "Content-Range: bytes 5-9/3072") + CONTENT[5:10],
        "sends the part 'bytes 5-9/3072', asked for all from byte 0",
    ),
    "a part of no place": (head("206 Partial Content") + CONTENT, "sends the part ''"),
    "nothing": (head("204 No Content"), "HTTP status 204"),
    "a page": (head("200 OK", "Content-Type: text/html; charset=utf-8") + b"<!doctype html>Log in", "a page of HTML"),
    "packed": (head("200 OK", "Content-Encoding: gzip") + CONTENT, "sends it packed, as gzip"),
    "less than the file": (head("200 OK", "Content-Length: 9") + CONTENT, "is another file, of md5"),
    "another file": (head("200 OK") + b"another", f"is another file, of md5 {hashlib.md5(b'another').hexdigest()}"),
    "a redirection to a file": (head("302 Found", "Location: file:///etc/hostname"), "HTTP Error 302"),
    "a redirection to FTP": (head("302 Found", "Location: ftp://127.0.0.1/file.bin"), "unknown url type: ftp"),
    "a redirection to nowhere": (head("302 Found", "Location: http://[::1/"), "Invalid IPv6 URL"),
    "redirections in a circle": (head("302 Found", "Location: /file.bin"), "infinite loop"),
    "a proxy that asks who": (head("407 Proxy Authentication Required"), "HTTP Error 407"),
    "too many requests": (head("429 Too Many Requests", "Retry-After: 5"), "HTTP Error 429"),
    "an error": (head("500 Internal Server Error"), "HTTP Error 500"),
    "an error of many words": (head("500 " + "so sorry " * 1000), "HTTP Error 500: so sorry"),
    "no HTTP": (b"hello\n", "cannot be downloaded (hello"),
    "nothing at all": (b"", "without response"),
    "more headers than allowed": (head("200 OK", *(f"A{k}: b" for k in range(200))), "got more than 100 headers"),
}


@pytest.mark.parametrize("case", ODD)
def test_what_is_no_file_is_one_message(server: Server, path: Path, case: str) -> None:
    sent, said = ODD[case]
    server.answer = lambda asked: [sent]
    assert said in message(server.url, path)
    assert list(path.parent.iterdir()) == []
    server.answer = None
    download.fetch(server.url, path, MD5)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("case", ["a length in words", "nothing", "a page", "packed", "an error", "no HTTP"])
def test_what_is_no_file_costs_nothing_of_what_is_there(server: Server, path: Path, case: str) -> None:
    path.parent.mkdir()
    part_of(path).write_bytes(CONTENT[:1000])
    server.answer = lambda asked: [ODD[case][0]]
    message(server.url, path)
    assert part_of(path).read_bytes() == CONTENT[:1000]


WHOLE = {
    "chunks": CHUNKED + chunk(CONTENT[:2000]) + chunk(CONTENT[2000:]) + b"0\r\n\r\n",
    "chunks with another length": (
        head("200 OK", "Transfer-Encoding: chunked", "Content-Length: abc") + chunk(CONTENT) + b"0\r\n\r\n"
    ),
    "no length": head("200 OK") + CONTENT,
    "a length too large": head("200 OK", "Content-Length: 4000") + CONTENT,
}


@pytest.mark.parametrize("there", [b"", CONTENT[:1000]])
@pytest.mark.parametrize("case", WHOLE)
def test_a_whole_file_is_taken_however_it_is_announced(server: Server, path: Path, case: str, there: bytes) -> None:
    path.parent.mkdir()
    part_of(path).write_bytes(there)
    server.answer = lambda asked: [WHOLE[case]]
    download.fetch(server.url, path, MD5)
    assert path.read_bytes() == CONTENT


def test_a_gzip_file_that_a_server_calls_packed_is_taken_as_it_is(server: Server, tmp_path: Path) -> None:
    server.answer = lambda asked: [head("200 OK", "Content-Encoding: x-gzip") + CONTENT]
    download.fetch(server.url, tmp_path / "file.tar.gz", MD5)
    assert (tmp_path / "file.tar.gz").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "sent",
    [CHUNKED + chunk(CONTENT[:1000]) + b"8", CHUNKED + b"c00\r\n" + CONTENT[:1000]],
    ids=["between chunks", "inside a chunk"],
)
def test_chunks_that_break_off_are_kept(server: Server, path: Path, sent: bytes) -> None:
    server.answer = lambda asked: [sent]
    assert "IncompleteRead" in message(server.url, path)
    assert part_of(path).read_bytes() == CONTENT[:1000]
    server.answer = None
    download.fetch(server.url, path, MD5)
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=1000-"]


def test_a_server_without_ranges_that_breaks_off_earlier_costs_nothing(server: Server, path: Path) -> None:
    server.knows_ranges = False
    path.parent.mkdir()
    part_of(path).write_bytes(CONTENT[:2000])
    server.breaks_off_after = 500
    assert "truncated: expected 3072 bytes, found 500" in message(server.url, path)
    assert part_of(path).read_bytes() == CONTENT[:2000]


@pytest.mark.parametrize("given", ["bytes 0-3071/3072", "bytes 900-3071/3072", "bytes 1000-", "1000-3071/3072", ""])
def test_another_part_than_asked_for_is_not_taken(server: Server, path: Path, given: str) -> None:
    path.parent.mkdir()
    part_of(path).write_bytes(CONTENT[:1000])
    other = [head("206 Partial Content", f"Content-Range: {given}") + b"x" * 2072]
    server.answer = lambda asked: other if asked else [head("200 OK") + CONTENT]
    download.fetch(server.url, path, MD5)
    assert path.read_bytes() == CONTENT
    assert server.ranges == ["bytes=1000-", None]


def test_a_part_of_a_file_of_unknown_size_is_taken(server: Server, path: Path) -> None:
    path.parent.mkdir()
    part_of(path).write_bytes(CONTENT[:1000])
    server.answer = lambda asked: [head("206 Partial Content", "Content-Range: bytes 1000-3071/*") + CONTENT[1000:]]
    download.fetch(server.url, path, MD5)
    assert path.read_bytes() == CONTENT


def endless(first: bytes, block: bytes) -> Iterator[bytes]:
    """Send without end: a test whose client reads on would not end either, so a thousand times what is allowed."""
    yield first
    for _ in range(10_000):
        yield block


@pytest.mark.parametrize("first", [head("200 OK"), CHUNKED], ids=["no length", "chunks"])
def test_a_body_without_end_is_given_up(
    server: Server, path: Path, first: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "MOST_UNANNOUNCED", 10_000)
    server.answer = lambda asked: endless(first, chunk(b"x" * 1000))
    assert "sends more than 10000 bytes" in message(server.url, path)
    assert list(path.parent.iterdir()) == []


def test_a_part_that_is_longer_than_announced_is_given_up(server: Server, path: Path) -> None:
    path.parent.mkdir()
    part_of(path).write_bytes(CONTENT[:1000])
    first = head("206 Partial Content", "Content-Range: bytes 1000-3071/3072")
    server.answer = lambda asked: endless(first, b"x" * 1000)
    assert "sends more than 3072 bytes" in message(server.url, path)
    assert list(path.parent.iterdir()) == []


def test_the_body_of_a_redirection_is_not_read(server: Server, path: Path) -> None:
    sent: list[bytes] = []

    def answer(asked: str | None) -> Iterator[bytes]:
        for block in endless(head("302 Found", "Location: /moved.bin"), b"x" * 100_000):
            sent.append(block)
            yield block

    server.answer = answer
    assert "HTTP Error 404" in message(server.url, path)
    assert len(sent) < 1000


def slowly(first: bytes, rest: bytes) -> Iterator[bytes]:
    yield first
    for k in range(len(rest)):
        time.sleep(0.01)
        yield rest[k : k + 1]


SLOW = {
    "head": (head("200 OK").removesuffix(b"\r\n"), b"X: " + b"x" * 2000),
    "body": (head("200 OK", "Content-Length: 3072") + CONTENT[:1000], CONTENT[1000:]),
    "size of a chunk": (CHUNKED + chunk(CONTENT[:1000]), b"10;" + b"x" * 2000),
}


@pytest.mark.parametrize("case", SLOW)
def test_a_server_of_a_byte_at_a_time_is_given_up(
    server: Server, path: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "WINDOW", 0.2)
    monkeypatch.setattr(download, "SLOWEST", 10_000)
    server.answer = lambda asked: slowly(*SLOW[case])
    assert "slower than 10000 bytes a second" in message(server.url, path)
    assert case == "head" or part_of(path).read_bytes()[:1000] == CONTENT[:1000]


def test_a_slow_server_is_waited_for(server: Server, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "WINDOW", 0.02)
    monkeypatch.setattr(download, "SLOWEST", 10_000)  # 200 bytes in the window; 256 come at a time

    def answer(asked: str | None) -> Iterator[bytes]:
        yield head("200 OK", "Content-Length: 3072", "X: " + "x" * 200)
        for k in range(0, len(CONTENT), 256):
            time.sleep(0.01)
            yield CONTENT[k : k + 256]

    server.answer = answer
    download.fetch(server.url, path, MD5)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "http://",
        "http://[::1/file.bin",
        "http://127.0.0.1:port/file.bin",
        "http://a host/file.bin",
        "http://127.0.0.1/Ä.bin",
        f"http://{'a' * 70}.org/file.bin",
        "file:///etc/hostname",
        "ftp://127.0.0.1/file.bin",
        "data:,content",
    ],
)
def test_an_address_that_is_none_of_the_web(path: Path, url: str) -> None:
    assert "cannot be downloaded (" in message(url, path)
    assert list(path.parent.iterdir()) == []


# Where files cannot be written, or are not the program's own.


@contextlib.contextmanager
def read_only() -> Iterator[Path]:
    """Give a folder that may be read but not written, not by the superuser either, as whom tests may be run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        user = os.geteuid()
        os.seteuid(user or 65534)
        try:
            yield folder
        finally:
            os.seteuid(user)
            folder.chmod(0o755)


def test_a_folder_that_cannot_be_written(server: Server) -> None:
    with (
        read_only() as folder,
        pytest.raises(InputError, match=r"file\.bin.*: cannot be written \(Permission denied\)"),
    ):
        download.fetch(server.url, folder / "file.bin", MD5)
    assert server.ranges == []


def test_a_file_where_the_folder_should_be(server: Server, tmp_path: Path) -> None:
    (tmp_path / "raw").write_text("mine")
    for path in (tmp_path / "raw" / "file.bin", tmp_path / "raw" / "deep" / "file.bin"):
        with pytest.raises(InputError, match=rf"file\.bin.*: cannot be written \({tmp_path / 'raw'} is no folder\)"):
            download.fetch(server.url, path, MD5)
    assert server.ranges == []


def put_folder(path: Path) -> None:
    path.mkdir()


def put_pipe(path: Path) -> None:
    os.mkfifo(path)


def put_dangling_link(path: Path) -> None:
    path.symlink_to("elsewhere")


@pytest.mark.parametrize("put", [put_folder, put_pipe, put_dangling_link])
def test_what_is_no_file_is_left_in_its_place(server: Server, path: Path, put: Callable[[Path], None]) -> None:
    path.parent.mkdir()
    put(path)
    before = path.lstat()
    with pytest.raises(InputError, match=rf"file\.bin: not a file\. Move it away to download {server.url}\."):
        download.fetch(server.url, path, MD5)
    assert path.lstat() == before
    assert server.ranges == []


@pytest.mark.parametrize("put", [put_folder, put_pipe])
def test_what_is_no_file_where_the_bytes_should_gather(server: Server, path: Path, put: Callable[[Path], None]) -> None:
    path.parent.mkdir()
    put(part_of(path))
    with pytest.raises(InputError, match=r"file\.bin.*(Is a directory|Illegal seek)"):
        download.fetch(server.url, path, MD5)
    assert server.ranges == []


def test_a_file_that_the_disk_has_no_room_for_is_not_begun(server: Server, path: Path) -> None:
    server.answer = lambda asked: endless(head("200 OK", f"Content-Length: {10**17}"), b"x" * 1000)
    with pytest.raises(InputError, match=r"file\.bin: the disk is full\. Free some space and run again to go on\."):
        download.fetch(server.url, path, MD5)
    assert list(path.parent.iterdir()) == []


# Killed, and together.

FETCH = """
import os, signal, sys
from pathlib import Path
from disentangle.data import download
url, path, md5, when = sys.argv[1:]
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
def late(*names, rename=os.replace):
    rename(*names)
    die()
download.BLOCK = 1000
if when == "asking":
    download.urllib.request.OpenerDirector.open = die
if when == "syncing":
    os.fsync = die
if when == "renaming":
    os.replace = die
if when == "renamed":
    os.replace = late
download.fetch(url, Path(path), md5, on_progress=lambda done, total: when.isdigit() and done >= int(when) and die())
"""


@pytest.mark.parametrize("knows_ranges", [True, False])
@pytest.mark.parametrize("when", ["asking", "1", "1000", "3000", "3072", "syncing", "renaming", "renamed"])
def test_a_killed_download_ends_in_the_file_by_the_same_command(
    server: Server, path: Path, when: str, knows_ranges: bool
) -> None:
    server.knows_ranges = knows_ranges
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent / "src")}
    command = [sys.executable, "-c", FETCH, server.url, path, MD5, when]
    assert subprocess.run(command, env=environment, timeout=60, check=False).returncode == -9
    known = [file.read_bytes() for file in (path, part_of(path)) if file.exists()]
    assert len(known) == 1
    assert CONTENT.startswith(known[0])
    kept = len(known[0])
    assert kept >= (0 if when == "asking" else int(when) if when.isdigit() else len(CONTENT))
    server.ranges.clear()

    download.fetch(server.url, path, MD5)
    assert path.read_bytes() == CONTENT
    assert list(path.parent.iterdir()) == [path]
    assert server.ranges == ([] if kept == len(CONTENT) else [f"bytes={kept}-"] if kept else [None])


def test_a_second_download_waits_for_the_first_and_finds_its_file(
    server: Server, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    under_way, go_on = threading.Event(), threading.Event()

    def hold(done: int, total: int | None) -> None:
        under_way.set()
        assert go_on.wait(20)

    waiting = f"waiting for another process that holds {part_of(path)}\n"
    with ThreadPoolExecutor() as pool:
        first = pool.submit(download.fetch, server.url, path, MD5, on_progress=hold)
        assert under_way.wait(20)
        second = pool.submit(download.fetch, server.url, path, MD5)
        said = ""
        while waiting not in said and not second.done():
            said += capsys.readouterr().out
            time.sleep(0.01)
        go_on.set()
        first.result(20)
        second.result(20)
    assert said == waiting
    assert server.ranges == [None]
    assert path.read_bytes() == CONTENT
    assert list(path.parent.iterdir()) == [path]


def test_a_second_download_takes_over_where_the_first_fails(server: Server, path: Path) -> None:
    server.breaks_off_after = 1000
    under_way, go_on = threading.Event(), threading.Event()

    def hold(done: int, total: int | None) -> None:
        server.breaks_off_after = None
        under_way.set()
        assert go_on.wait(20)

    with ThreadPoolExecutor() as pool:
        first = pool.submit(download.fetch, server.url, path, MD5, on_progress=hold)
        assert under_way.wait(20)
        second = pool.submit(download.fetch, server.url, path, MD5)
        go_on.set()
        assert "truncated: expected 3072 bytes, found 1000" in str(first.exception(20))
        second.result(20)
    assert server.ranges == [None, "bytes=1000-"]
    assert path.read_bytes() == CONTENT
    assert list(path.parent.iterdir()) == [path]
