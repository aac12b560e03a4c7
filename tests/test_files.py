"""Files: the old one or the whole new one, equal bytes for equal content, and damage named by its file."""

import errno
import hashlib
import json
import os
import select
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from disentangle import files
from disentangle.data import dataset_files
from disentangle.data.views import Views
from disentangle.errors import InputError

ARRAYS = {"b": np.arange(12, dtype=np.int64).reshape(3, 4), "a": np.array([0.5, -2.0], np.float32)}


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


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
        assert listed(path.parent) == [".file.txt.part", "file.txt"]
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
    assert listed(tmp_path) == [".file.txt.part", "file.txt"]
    files.write_text(path, "newer")
    assert path.read_text() == "newer"
    assert listed(tmp_path) == ["file.txt"]  # the next writer uses and moves what the killed one left


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


def test_a_failure_without_a_number_keeps_its_words(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"cannot be written \(5 requested and 3 written\)"),
        files.atomic(tmp_path / "a"),
    ):
        raise OSError("5 requested and 3 written")


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


def test_a_path_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match=r"folder: cannot be written \(Is a directory\); nothing was changed"):
        files.write_text(tmp_path / "folder", "text")
    assert listed(tmp_path) == ["folder"]


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


@pytest.mark.parametrize("read", [files.read_arrays, files.read_array, files.read_json])
def test_a_file_that_is_not_there(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path / "deep" / "file")
    assert str(caught.value) == f"{tmp_path / 'deep' / 'file'}: not there. Run the stage that makes it first."


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
    assert str(caught.value).endswith("). Delete it and run again.")


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


def test_json_that_is_no_object(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[1]")
    with pytest.raises(InputError, match=r"a\.json: not a readable JSON file"):
        files.read_json(tmp_path / "a.json")


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


def run(code: str, *arguments: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent / "src")}
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
        f"{tmp_path / damaged}: missing or damaged (it differs from manifest.json). "
        f"Restore it (`dvc checkout {tmp_path}`), or delete {tmp_path} to make it anew."
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
