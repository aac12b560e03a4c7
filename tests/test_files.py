"""Files: the old one or the whole new one, equal bytes for equal content, and damage named by its file."""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import pickle
import re
import select
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from disentangle import files
from disentangle.data import dataset_files
from disentangle.data.views import Views
from disentangle.errors import InputError

ARRAYS = {"b": np.arange(12, dtype=np.int64).reshape(3, 4), "a": np.array([0.5, -2.0], np.float32)}


def listed(folder: Path) -> list[str]:
    """The names in a folder, of temporary files without what makes them unique."""
    return sorted(re.sub(r"\.[0-9a-f]{16}\.part$", ".*.part", path.name) for path in folder.iterdir())


def test_a_block_that_raises_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    files.write_text(path, "old")
    with pytest.raises(ZeroDivisionError), files.atomic(path) as file:
        file.write(b"new")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert listed(tmp_path) == ["file.txt"]


def test_the_old_file_is_there_until_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "file.txt"
    files.write_text(path, "old")
    with files.atomic(path) as file:
        file.write(b"new, and longer")
        file.flush()
        assert path.read_text() == "old"
        assert listed(path.parent) == [".file.txt.*.part", "file.txt"]
    assert path.read_text() == "new, and longer"
    assert listed(path.parent) == ["file.txt"]


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    files.write_text(path, "old")
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom disentangle import files\n"
        "with files.atomic(Path(sys.argv[1])) as file:\n"
        "    file.write(b'new'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    with run(code, path) as writer:
        assert writer.wait(20) == -9
    assert path.read_text() == "old"
    assert listed(tmp_path) == [".file.txt.*.part", "file.txt"]
    files.write_text(path, "newer")
    assert path.read_text() == "newer"
    assert listed(tmp_path) == ["file.txt"]  # the next writer removes what the killed one left


def test_a_writer_removes_what_was_left_of_its_own_file_alone(tmp_path: Path) -> None:
    left, download = tmp_path / f".file.{'0' * 16}.part", tmp_path / ".file.part"
    others = [tmp_path / f".{name}.{'0' * 16}.part" for name in ("file.txt", "fil", "afile")]
    for path in (left, download, *others):
        path.write_bytes(b"some")
    files.write_text(tmp_path / "file", "text")
    assert {*tmp_path.iterdir()} == {tmp_path / "file", download, *others}


@pytest.mark.parametrize("last", ["first", "second"])
def test_of_two_writers_each_writes_whole_and_the_last_stays(tmp_path: Path, last: str) -> None:
    path = tmp_path / "file"
    content = {"first": b"a" * 100_000, "second": b"b" * 10}
    with contextlib.ExitStack() as end:
        for name in sorted(content, key=lambda name: name != last):  # who opens first is the last to end
            file = end.enter_context(files.atomic(path))
            file.write(content[name][:5])
            file.flush()
            end.callback(file.write, content[name][5:])
        assert listed(tmp_path) == [".file.*.part", ".file.*.part"]
    assert path.read_bytes() == content[last]
    assert listed(tmp_path) == ["file"]


WRITE = """
import sys
from pathlib import Path
from disentangle import files
for number in range(200):
    with files.atomic(Path(sys.argv[1])) as file:
        for _ in range(5):
            file.write(sys.argv[2].encode() * 20_000)
"""


def test_many_writers_at_once_leave_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with run(WRITE, path, Path("a")) as one, run(WRITE, path, Path("b")) as two, run(WRITE, path, Path("c")) as three:
        while None in [writer.poll() for writer in (one, two, three)]:
            if path.exists():
                assert path.read_bytes() in [letter * 100_000 for letter in (b"a", b"b", b"c")]
        assert [writer.returncode for writer in (one, two, three)] == [0, 0, 0]
    assert listed(tmp_path) == ["file"]


@pytest.mark.parametrize("name", ["a" * 250 + ".json", "ä" * 125 + ".txt", "λ" * 127])
def test_a_long_name(tmp_path: Path, name: str) -> None:
    for text in ("old", "new"):
        files.write_text(tmp_path / name, text)
        assert files.read_text(tmp_path / name) == text
    assert listed(tmp_path) == [name]


def test_a_file_that_cannot_be_locked_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    left = tmp_path / f".file.{'0' * 16}.part"
    left.write_text("of another writer, for all that is known")
    monkeypatch.setattr(files.fcntl, "flock", refuse)
    files.write_text(tmp_path / "file", "text")
    assert (tmp_path / "file").read_text() == "text"
    assert left.exists()
    with (
        pytest.raises(InputError, match=r"cell\.lock: cannot be written \(No locks available\)"),
        files.exclusive(tmp_path / "cell.lock"),
    ):
        pass


def test_both_the_content_and_the_name_are_put_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, synced, sync = tmp_path / "file", [], os.fsync

    def watched(descriptor: int) -> None:
        folder = os.path.samestat(os.fstat(descriptor), tmp_path.stat())
        synced.append(("folder" if folder else "file", path.exists()))
        if folder:
            raise OSError(errno.EINVAL, "a file system that cannot")
        sync(descriptor)

    monkeypatch.setattr(files.os, "fsync", watched)
    files.write_text(path, "text")
    assert synced == [("file", False), ("folder", True)]
    assert path.read_text() == "text"


FULL = """
import resource, sys
from pathlib import Path
import numpy as np
import torch
from disentangle import files
from disentangle.training import checkpoint
path = Path(sys.argv[1])
write = {
    "npy": lambda n: files.write_array(path, np.arange(n)),
    "npz": lambda n: files.write_arrays(path, {"a": np.arange(n), "b": np.arange(3)}),
    "json": lambda n: files.write_json(path, {"a": list(range(n))}),
    "resume": lambda n: checkpoint.save_state(path, {"digest": "d", "x": torch.arange(n)}),
    "weights": lambda n: checkpoint.save_weights(path, torch.nn.Linear(n, 1).state_dict()),
}[sys.argv[2]]
write(3)
old = path.read_bytes()
resource.setrlimit(resource.RLIMIT_FSIZE, (16_000, 16_000))
try:
    write(100_000)
except files.InputError as error:
    print(error, flush=True)
print(path.read_bytes() == old)
"""


@pytest.mark.parametrize("kind", ["npy", "npz", "json", "resume", "weights"])
def test_a_write_that_the_system_refuses_is_explained_for_every_kind_of_file(tmp_path: Path, kind: str) -> None:
    """NumPy, zipfile and torch would each hide why."""
    path = tmp_path / "file"
    with run(FULL, path, Path(kind)) as writer:
        said, _ = writer.communicate(timeout=60)
    assert said.splitlines() == [
        f"{path}: cannot be written (File too large); nothing was changed. Mend that and run again.",
        "True",
    ]
    assert listed(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError("5 requested and 3 written"), "5 requested and 3 written"),
        (FileExistsError(errno.EEXIST, "File exists", "another"), "File exists"),
    ],
)
def test_a_failure_keeps_its_words(tmp_path: Path, error: OSError, said: str) -> None:
    with pytest.raises(InputError, match=rf"cannot be written \({said}\)"), files.atomic(tmp_path / "a"):
        raise error


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("where", ["block", "fsync", "replace"])
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, where: str) -> None:
    path = tmp_path / "file.txt"
    files.write_text(path, "old")

    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    if where != "block":
        monkeypatch.setattr(files.os, where, full)
    with pytest.raises(InputError) as caught, files.atomic(path) as file:
        file.write(b"new")
        if where == "block":
            full()
    assert str(caught.value) == f"{path}: the disk is full; nothing was changed. Mend that and run again."
    assert path.read_text() == "old"
    assert listed(tmp_path) == ["file.txt"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("folder", "Is a directory"),
        ("", "Is a directory"),
        ("file/below.txt", "{}/file is no folder"),
        ("file/deep/er/below.txt", "{}/file is no folder"),
        ("link/below.txt", "{}/link is no folder"),
        ("a" * 256, "File name too long"),
    ],
)
def test_a_path_that_cannot_be_written_is_said_before_the_work(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("a file")
    (tmp_path / "link").symlink_to("nowhere")
    path = tmp_path / name
    with pytest.raises(InputError) as caught, files.atomic(path):
        raise AssertionError("the work was begun")
    said = f"cannot be written ({reason.format(tmp_path)}); nothing was changed. Mend that and run again."
    assert str(caught.value) == f"{path}: {said}"
    assert listed(tmp_path) == ["file", "folder", "link"]
    assert listed(tmp_path / "folder") == []


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    """By nobody, as whom the superuser tries."""
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        os.seteuid(user or 65534)
        try:
            for write in (lambda path: files.write_text(path, "text"), lambda path: files.exclusive(path).__enter__()):
                with pytest.raises(InputError) as caught:
                    write(Path(folder) / "file")
                assert str(caught.value).startswith(f"{folder}/file: cannot be written (Permission denied);")
        finally:
            os.seteuid(user)
            Path(folder).chmod(0o755)


def test_equal_arrays_are_equal_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write_arrays(tmp_path / "one.npz", ARRAYS)
    monkeypatch.setattr(time, "time", lambda: 1.9e9)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(1.9e9))
    files.write_arrays(tmp_path / "two.npz", {name: array.copy() for name, array in ARRAYS.items()})
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.npz") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


def test_arrays_come_back(tmp_path: Path) -> None:
    files.write_arrays(tmp_path / "a.npz", ARRAYS)
    found = files.read_arrays(tmp_path / "a.npz")
    assert list(found) == ["b", "a"]
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
    files.write_array(tmp_path / "a.npy", ARRAYS["b"])
    mapped = files.read_array(tmp_path / "a.npy")
    assert isinstance(mapped, np.memmap)
    np.testing.assert_array_equal(mapped, ARRAYS["b"])


def test_json_is_sorted_and_keeps_its_letters(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    files.write_json(path, {"b": [1, 2.5], "a": "λ"})
    assert path.read_bytes() == '{\n  "a": "λ",\n  "b": [\n    1,\n    2.5\n  ]\n}\n'.encode()
    assert files.read_json(path) == {"a": "λ", "b": [1, 2.5]}


def npz(path: Path) -> None:
    files.write_arrays(path, ARRAYS)


def npy(path: Path) -> None:
    files.write_array(path, ARRAYS["b"])


def text(path: Path) -> None:
    files.write_json(path, {"a": "λ" * 20})


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def scramble(path: Path) -> None:
    path.write_bytes(bytes(255 - byte for byte in path.read_bytes()))


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


READERS = [files.read_arrays, files.read_array, files.read_json, files.read_table, files.read_text, files.sha256]


@pytest.mark.parametrize("read", READERS)
def test_a_file_that_is_not_there(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path / "deep" / "file")
    assert str(caught.value) == f"{tmp_path / 'deep' / 'file'}: not there. Run the stage that makes it first."


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("damage", [folder, pipe])
def test_what_is_no_file(tmp_path: Path, read: Callable[[Path], Any], damage: Callable[[Path], None]) -> None:
    path = tmp_path / "file"
    text(path)
    damage(path)
    with pytest.raises(InputError, match=rf"^{path}: not a readable \w+ file \(found a folder or a device\)"):
        read(path)


@pytest.mark.parametrize("damage", [truncate, empty, scramble, folder])
@pytest.mark.parametrize(
    ("write", "read", "kind"),
    [(npz, files.read_arrays, "array"), (npy, files.read_array, "array"), (text, files.read_json, "JSON")],
    ids=["npz", "npy", "json"],
)
def test_damage_is_named_by_its_file(
    tmp_path: Path,
    write: Callable[[Path], None],
    read: Callable[[Path], Any],
    kind: str,
    damage: Callable[[Path], None],
) -> None:
    path = tmp_path / "file"
    write(path)
    damage(path)
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: not a readable {kind} file (")
    assert str(caught.value).endswith("). Restore or delete it, and run again.")


def test_a_table_and_a_text_are_read_and_their_damage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("step,loss\n20,1.5\n40,0.5\n")
    assert files.read_table(path).to_dict("list") == {"step": [20, 40], "loss": [1.5, 0.5]}
    assert files.read_text(path).startswith("step,loss")
    path.write_bytes(b"a,b\n1,2\n1,2,3,4\n")
    with pytest.raises(InputError, match=r"a\.csv: not a readable CSV file"):
        files.read_table(path)
    path.write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(InputError, match=r"a\.csv: not a readable text file"):
        files.read_text(path)


def test_one_flipped_byte_in_an_array_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    npz(path)
    content = bytearray(path.read_bytes())
    place = content.index(np.float32(-2).tobytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.npz: not a readable array file \(Bad CRC-32"):
        files.read_arrays(path)


def refused(read: Callable[[Path], Any], path: Path, kind: str) -> str:
    """Return what is said of a file that is none of its kind, behind its name, with the end that says what to do."""
    with pytest.raises(InputError) as caught:
        read(path)
    message = str(caught.value).removeprefix(f"{path}: not a readable {kind} file (")
    assert message.endswith("). Restore or delete it, and run again.")
    return message


JSON = {
    "a list": (b"[1]", "found a list; allowed: an object"),
    "a list of pairs": (b'[["a", 1]]', "found a list; allowed: an object"),
    "an empty list": (b"[]", "found a list; allowed: an object"),
    "null": (b"null", "found a NoneType; allowed: an object"),
    "brackets": (b"[" * 100_000, "maximum recursion depth exceeded"),
    "braces": (b'{"a":' * 100_000, "maximum recursion depth exceeded"),
    "NaN": (b'{"a": [NaN]}', "found NaN; allowed: finite numbers"),
    "infinity": (b'{"a": -Infinity}', "found -Infinity; allowed: finite numbers"),
    "a number too large": (b'{"a": 1e999}', "found 1e999; allowed: finite numbers"),
    "an integer too long": (b'{"a": ' + b"9" * 5000 + b"}", "Exceeds the limit"),
    "a key twice": (b'{"a": {"b": 1, "c": 2, "b": 1}}', "key 'b' is given more than once"),
    "a long key twice": (b'{"%s": 1, "%s": 2}' % (b"k" * 5000, b"k" * 5000), "key 'kkk"),
    "Latin-1": ('{"a": "é"}'.encode("latin-1"), "'utf-8' codec can't decode byte 0xe9"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "'utf-8' codec can't decode byte 0xff"),
    "NUL": (b'{"a": 1}\0', "Extra data"),
    "nothing but space": (b" \n", "Expecting value"),
}


@pytest.mark.parametrize("case", JSON)
def test_json_that_is_no_object_of_finite_numbers(tmp_path: Path, case: str) -> None:
    content, said = JSON[case]
    path = tmp_path / "a.json"
    path.write_bytes(content)
    message = refused(files.read_json, path, "JSON")
    assert message.startswith(said)
    assert len(message) < 200


@pytest.mark.parametrize("read", [files.read_json, files.read_text, files.read_table])
def test_a_text_far_larger_than_any_is_not_read(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    path = tmp_path / "file"
    with open(path, "wb") as file:
        file.truncate(300_000_000)
    with pytest.raises(InputError, match=r"\(found 300000000 bytes; allowed: up to 67108864\)"):
        assert allocated(lambda: read(path)) is None
    assert peak[-1] < 1_000_000


def test_text_is_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    files.write_json(tmp_path / "file", {"a": "λ"})
    code = "import sys\nfrom pathlib import Path\nfrom disentangle import files\n"
    code += "print(ascii(files.read_json(Path(sys.argv[1]))))"
    with run(code, tmp_path / "file", LC_ALL="POSIX", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0") as reader:
        assert reader.communicate(timeout=20)[0] == "{'a': '\\u03bb'}\n"


TABLES = {
    "nothing": (b"", "found columns none; allowed: names, each once"),
    "blank lines": (b"\n\n", "found columns none; allowed: names, each once"),
    "a NUL": (b"a,b\n1,\0\n", "found a NUL"),
    "a row too long": (b"a,b\n1,2\n1,2,3\n", "line 3: found 3 values; allowed: 2"),
    "a row too short": (b"a,b\n1,2\n\n1\n", "line 4: found 1 values; allowed: 2"),
    "all rows too long": (b"a,b\n1,2,3\n4,5,6\n", "line 2: found 3 values; allowed: 2"),
    "a row with a comma at its end": (b"a,b\n1,2,\n", "line 2: found 3 values; allowed: 2"),
    "a column twice": (b"a,b,a\n1,2,3\n", "found columns a, b, a; allowed: names, each once"),
    "a quote without end": (b'a,b\n1,"2\n3,4\n', "unexpected end of data"),
    "Latin-1": ("a,b\n1,é\n".encode("latin-1"), "'utf-8' codec can't decode byte 0xe9"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", "'utf-8' codec can't decode byte 0x89"),
    "a value without end": (b"a,b\n1," + b"x" * 200_000, "field larger than field limit"),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_table_that_is_none(tmp_path: Path, case: str) -> None:
    content, said = TABLES[case]
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    assert refused(files.read_table, path, "CSV").startswith(said)


def test_a_table_keeps_what_pandas_writes(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    mixed = pd.DataFrame({"a, b": ['x "y"', "two\nlines"], "c": [0.1, np.nan]})
    for table in (mixed, mixed[["c"]], mixed[:0][["c"]].astype(object)):
        files.write_text(path, table.to_csv(index=False))
        pd.testing.assert_frame_equal(files.read_table(path), table)


# Arrays that announce other than they hold.

peak: list[int] = []


def allocated(read: Callable[[], Any]) -> Any:
    """Return what is read, and note how many bytes were allocated at most."""
    tracemalloc.start()
    try:
        return read()
    finally:
        peak.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()


def stored(shape: str, dtype: str = "'<f8'", content: bytes = b"", version: tuple[int, int] = (1, 0)) -> bytes:
    """The bytes of a ``.npy`` that announces ``shape``."""
    head = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY" + bytes(version) + len(head).to_bytes(2 if version[0] == 1 else 4, "little") + head + content


HEADERS = {
    "rows beyond count": (stored("(1000000000000,)", content=b"x" * 80), "is announced as (1000000000000,) of float64"),
    "rows of no bytes": (stored("(1000000000000,)", "'|S0'"), "is of |S0; allowed: numbers, text"),
    "a cut": (stored("(10,)", content=b"x" * 79), "is announced as (10,) of float64, which 79 bytes do not hold"),
    "more than announced": (stored("(10,)", content=b"x" * 81), "which 81 bytes do not hold"),
    "a column less": (stored("(5, 1)", content=b"x" * 80), "is announced as (5, 1) of float64"),
    "fewer than no rows": (stored("(-2, -5)", content=b"x" * 80), "is announced as (-2, -5) of float64"),
    "objects": (stored("(1,)", "'|O'", pickle.dumps([1])), "is of object; allowed: numbers, text"),
    "objects in fields": (stored("(1,)", "[('a', '|O')]", pickle.dumps([1])), "is of [('a', 'O')]; allowed"),
    "brackets": (stored("(" * 9000), ""),
    "code": (stored("__import__('os')"), ""),
    "a long header": (stored("(10,)" + " " * 20_000, content=b"x" * 80, version=(2, 0)), "Header info length"),
    "another version": (stored("(10,)", content=b"x" * 80, version=(9, 0)), ""),
    "a pickle": (pickle.dumps([1]), "the magic string is not correct"),
    "no array": (b"some text", "the magic string is not correct"),
    "nothing": (b"", "EOF"),
}


def zipped(path: Path, *members: tuple[str, bytes], compression: int = zipfile.ZIP_STORED) -> None:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as archive:
        warnings.simplefilter("ignore")  # a name is given twice
        for name, content in members:
            archive.writestr(name, content)


@pytest.mark.parametrize("kind", ["npz", "npy"])
@pytest.mark.parametrize("case", HEADERS)
def test_an_array_that_is_announced_otherwise_is_not_allocated(tmp_path: Path, kind: str, case: str) -> None:
    path = tmp_path / "file"
    content, said = HEADERS[case]
    path.write_bytes(content) if kind == "npy" else zipped(path, ("a.npy", content))
    with pytest.raises(InputError) as caught:
        allocated(lambda: (files.read_array if kind == "npy" else files.read_arrays)(path))
    message = str(caught.value)
    assert message.startswith(f"{path}: not a readable array file (")
    assert said in message
    assert "\n" not in message
    assert len(message) - len(str(path)) < 250
    assert peak[-1] < 20_000_000


def test_an_archive_is_not_taken_for_an_array_nor_an_array_for_an_archive(tmp_path: Path) -> None:
    npz(tmp_path / "file")
    with pytest.raises(InputError, match="the magic string is not correct"):
        files.read_array(tmp_path / "file")
    npy(tmp_path / "file")
    with pytest.raises(InputError, match="File is not a zip file"):
        files.read_arrays(tmp_path / "file")


@pytest.mark.parametrize("name", ["../x.npy", "/x.npy", "a/../x.npy", "x.txt", ".npy", "folder/", "a//b.npy"])
def test_a_member_that_is_no_array_by_its_name(tmp_path: Path, name: str) -> None:
    zipped(tmp_path / "file", (name, stored("(1,)", content=b"x" * 8)))
    with pytest.raises(InputError, match=re.escape(f"(found a member '{name}'; allowed: NAME.npy, each once)")):
        files.read_arrays(tmp_path / "file")
    assert listed(tmp_path) == ["file"]


def test_a_member_that_is_there_twice(tmp_path: Path) -> None:
    zipped(tmp_path / "file", *[("a.npy", stored("(1,)", content=b"x" * 8))] * 2)
    with pytest.raises(InputError, match=r"found a member 'a\.npy'; allowed: NAME\.npy, each once"):
        files.read_arrays(tmp_path / "file")


def test_a_compressed_archive_is_read_if_what_it_unpacks_to_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    np.savez_compressed(path.with_suffix(".npz"), a=np.zeros(1_000_000))
    path.with_suffix(".npz").rename(path)
    np.testing.assert_array_equal(files.read_arrays(path)["a"], np.zeros(1_000_000))
    monkeypatch.setattr(files, "MOST_UNPACKED", 1_000_000)
    with pytest.raises(InputError, match=r"unpacks to 8000128 bytes; allowed: up to 1000000\)"):
        allocated(lambda: files.read_arrays(path))
    assert peak[-1] < 1_000_000


def test_an_archive_that_unpacks_to_more_than_it_says(tmp_path: Path) -> None:
    path, content = tmp_path / "file", stored("(1000000,)", content=bytes(8_000_000))
    zipped(path, ("a.npy", content), compression=zipfile.ZIP_DEFLATED)
    said = len(stored("(1000000,)")) + 80
    path.write_bytes(path.read_bytes().replace(len(content).to_bytes(4, "little"), said.to_bytes(4, "little")))
    with pytest.raises(InputError, match="Bad CRC-32"):
        allocated(lambda: files.read_arrays(path))
    assert peak[-1] < 1_000_000


@given(
    hypothesis.extra.numpy.arrays(
        hypothesis.extra.numpy.scalar_dtypes() | hypothesis.extra.numpy.unicode_string_dtypes(min_len=1),
        hypothesis.extra.numpy.array_shapes(min_dims=0, min_side=0),
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_array_comes_back(tmp_path: Path, array: np.ndarray) -> None:
    files.write_array(tmp_path / "a.npy", array)
    files.write_arrays(tmp_path / "a.npz", {"a": array, "by column": array.copy("F")})
    found = files.read_arrays(tmp_path / "a.npz")
    for again in (files.read_array(tmp_path / "a.npy"), found["a"], found["by column"]):
        assert again.dtype == array.dtype
        assert again.shape == array.shape
        assert again.tobytes() == array.tobytes()


def test_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc" * 100_000)
    assert files.sha256(tmp_path / "a") == hashlib.sha256(b"abc" * 100_000).hexdigest()


# Locks.

HOLD = """
import sys
from pathlib import Path
from disentangle import files
with files.exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def run(code: str, *arguments: Path, **variables: str) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent / "src")} | variables
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], env=environment, stdin=pipe, stdout=pipe, text=True
    )


@pytest.mark.parametrize("end", ["finishes", "is killed"])
def test_a_second_process_waits_for_the_first(tmp_path: Path, end: str) -> None:
    lock = tmp_path / "deep" / "cell.lock"
    with run(HOLD, lock) as holder:
        assert holder.stdout.readline() == "held\n"
        with run(HOLD, lock) as waiter:
            try:
                assert select.select([waiter.stdout], [], [], 20)[0]
                assert waiter.stdout.readline() == f"waiting for another process that holds {lock}\n"
                assert not select.select([waiter.stdout], [], [], 0.5)[0]
                if end == "finishes":
                    holder.stdin.close()
                else:
                    holder.kill()
                assert select.select([waiter.stdout], [], [], 20)[0]
                assert waiter.stdout.readline() == "held\n"
            finally:
                holder.kill()
                waiter.kill()


def test_whether_a_lock_is_held(tmp_path: Path) -> None:
    lock = tmp_path / "cell.lock"
    assert not files.held(lock)
    assert not lock.exists()
    with files.exclusive(lock):
        assert files.held(lock)
    assert not files.held(lock)
    with pytest.raises(InputError, match=r"cell\.lock/lock: cannot be written \(.*cell\.lock is no folder\)"):
        files.held(lock / "lock")


@pytest.mark.parametrize("end", ["unlink", "rename"])
def test_who_waited_for_a_lock_file_that_is_gone_holds_a_new_one(tmp_path: Path, end: str) -> None:
    lock = tmp_path / "lock"
    with files.exclusive(lock) as file:
        file.write(b"content")
        with run(HOLD, lock) as waiter:
            try:
                assert waiter.stdout.readline() == f"waiting for another process that holds {lock}\n"
                lock.unlink() if end == "unlink" else lock.rename(tmp_path / "done")
                file.close()
                assert waiter.stdout.readline() == "held\n"
                assert lock.read_bytes() == b""
                with pytest.raises(BlockingIOError), open(lock, "rb") as other:
                    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            finally:
                waiter.kill()
    assert end == "unlink" or (tmp_path / "done").read_bytes() == b"content"


@pytest.mark.parametrize(
    ("name", "reason"), [("folder", "Is a directory"), ("file/lock", "{}/file is no folder")], ids=["folder", "file"]
)
def test_a_lock_that_cannot_be_made(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("a file")
    with pytest.raises(InputError) as caught, files.exclusive(tmp_path / name):
        pass
    assert str(caught.value).startswith(f"{tmp_path / name}: cannot be written ({reason.format(tmp_path)});")


def test_other_locks_do_not_wait(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with files.exclusive(tmp_path / "a.lock"), files.exclusive(tmp_path / "b.lock"):
        pass
    with files.exclusive(tmp_path / "a.lock"):
        pass
    assert capsys.readouterr().out == ""


# A dataset's folder.

PAIR_FILES = ("train_images.npy", "train_factors.npz", "test_images.npy", "test_factors.npz")


def splits() -> dict[str, Views]:
    rng = np.random.default_rng(0)
    return {
        name: Views(
            rng.integers(256, size=(count, 2, 4, 4, 3), dtype=np.uint8),
            {"DC": rng.integers(10, size=(count, 2)), "joint": np.arange(count)},
        )
        for name, count in (("train", 6), ("test", 3))
    }


def test_a_dataset_comes_back_with_its_hashes(tmp_path: Path) -> None:
    made = splits()
    dataset_files.write(tmp_path / "d", made, {"dataset": "DC-BC"})
    assert listed(tmp_path / "d") == sorted([*PAIR_FILES, "manifest.json"])
    manifest = dataset_files.read_manifest(tmp_path / "d")
    assert manifest == {
        "dataset": "DC-BC",
        "files": {name: hashlib.sha256((tmp_path / "d" / name).read_bytes()).hexdigest() for name in PAIR_FILES},
    }
    for name, split in made.items():
        found = dataset_files.read(tmp_path / "d", name)
        np.testing.assert_array_equal(found.images, split.images)
        for factor, values in split.factors.items():
            np.testing.assert_array_equal(found.factors[factor], values)


def test_the_manifest_is_written_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, data: object) -> None:
        assert listed(tmp_path) == sorted(PAIR_FILES)
        raise ZeroDivisionError

    monkeypatch.setattr(files, "write_json", refuse)
    with pytest.raises(ZeroDivisionError):
        dataset_files.write(tmp_path, splits(), {})


@pytest.mark.parametrize("damaged", ["train_images.npy", "train_factors.npz"])
@pytest.mark.parametrize("damage", [Path.unlink, truncate, scramble])
def test_a_damaged_dataset_names_the_file(tmp_path: Path, damaged: str, damage: Callable[[Path], None]) -> None:
    dataset_files.write(tmp_path, splits(), {})
    damage(tmp_path / damaged)
    with pytest.raises(InputError) as caught:
        dataset_files.read(tmp_path, "train")
    assert str(caught.value) == (
        f"{tmp_path / damaged}: missing or damaged: it differs from manifest.json. Run again to make it anew."
    )
    assert len(dataset_files.read(tmp_path, "test").images) == 3
    assert json.loads((tmp_path / "manifest.json").read_text())["files"].keys() == set(PAIR_FILES)


def grid() -> dict[str, Any]:
    return {
        "images": np.arange(24, dtype=np.uint8).reshape(6, 2, 2, 1),
        "sizes": {"x": 3, "a": 2},  # not in the order of the alphabet
        "shape": (2, 2, 1),
        "binary": False,
        "nuisance": ("a",),
        "shared": {"painting": np.ones((3, 4, 3), np.float32)},
    }


def test_a_grid_comes_back_with_the_order_of_its_factors(tmp_path: Path) -> None:
    dataset_files.write_grid(tmp_path, grid(), {"dataset": "d"})
    assert listed(tmp_path) == ["images.npy", "manifest.json", "shared.npz"]
    found, expected = dataset_files.read_grid(tmp_path), grid()
    np.testing.assert_array_equal(found.pop("images"), expected.pop("images"))
    np.testing.assert_array_equal(found.pop("shared")["painting"], expected.pop("shared")["painting"])
    assert found == expected
    assert list(found["sizes"]) == ["x", "a"]


@pytest.mark.parametrize("damaged", ["images.npy", "shared.npz"])
@pytest.mark.parametrize("damage", [Path.unlink, truncate, scramble])
def test_a_damaged_grid_names_the_file(tmp_path: Path, damaged: str, damage: Callable[[Path], None]) -> None:
    dataset_files.write_grid(tmp_path, grid(), {})
    damage(tmp_path / damaged)
    with pytest.raises(InputError, match=f"{damaged}: missing or damaged"):
        dataset_files.read_grid(tmp_path)
