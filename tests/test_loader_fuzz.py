"""Damaged files of every kind that is loaded: each is read, or is one message that names it.

A file that a loader takes is damaged at random, but the same way each time: bits are flipped, parts cut, repeated,
moved or overwritten with numbers as headers have them, within what is compressed as well. The loaders run in a process
of their own, whose memory is limited to 1 GiB beyond what its modules take. ``LOADER_FUZZ_FILES=3000`` says how many
files are damaged, of all kinds together.
"""

import contextlib
import functools
import gzip
import hashlib
import io
import itertools
import json
import os
import random
import resource
import signal
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import h5py
import numpy as np
from PIL import Image
from scipy.io import savemat

from disentangle.data.pictures import read_picture
from disentangle.data.sources import (
    cars3d_official,
    celeba_official,
    dsprites_official,
    edges2shoes_official,
    image_folder,
    labelled_images,
    mnist_idx,
    mpi3d_complex_official,
    shapes3d_official,
    smallnorb_official,
    stl10,
)
from disentangle.errors import InputError

FILES = int(os.environ.get("LOADER_FUZZ_FILES", "400"))
MEMORY = 1 << 30
SECONDS = 10
LONGEST = 300
MESSAGE = f"a message of {LONGEST} characters or fewer, on one line, that names the file or, of several, their folder"

Damage = Callable[[bytes], bytes]
Kind = Callable[[Damage], tuple[Path, Callable[[], object]]]
"""Writes a file, or several, into the folder it is in, one of them damaged; returns which, and what loads them."""


# What is done to bytes


def damaged(content: bytes, draw: random.Random) -> bytes:
    """Return bytes that differ from the given ones in one to four places."""
    for _ in range(draw.choice((1, 1, 2, 4))):
        content = draw.choice((flipped, flipped, cut, spliced, numbered, numbered, numbered))(bytearray(content), draw)
    return content


def place(content: bytearray, draw: random.Random) -> int:
    """Return a place, as often among the first or last bytes, where headers are, as anywhere."""
    near = draw.randrange(min(len(content), 80) + 1)
    return draw.choice((near, len(content) - near, draw.randrange(len(content) + 1)))


def flipped(content: bytearray, draw: random.Random) -> bytes:
    for _ in range(draw.choice((1, 3, 30)) if content else 0):
        content[min(place(content, draw), len(content) - 1)] ^= 1 << draw.randrange(8)
    return bytes(content)


def cut(content: bytearray, draw: random.Random) -> bytes:
    start = place(content, draw)
    end = draw.choice((len(content), start + draw.randrange(1, 40)))
    return bytes(content[:start] + content[end:])


def spliced(content: bytearray, draw: random.Random) -> bytes:
    start, to = place(content, draw), place(content, draw)
    return bytes(
        content[:to] + content[start : start + draw.choice((1, 8, 300))] * draw.choice((1, 2, 50)) + content[to:]
    )


def numbered(content: bytearray, draw: random.Random) -> bytes:
    number = draw.choice((0, 1, 255, 256, 1000, 65535, 10**6, 2**31 - 1, 2**31, 2**32 - 1, 10**12, 2**63, 2**64 - 1))
    width, order = draw.choice((1, 2, 4, 8)), draw.choice(("little", "big"))
    written = (number % 256**width).to_bytes(width, order)  # type: ignore[arg-type]
    start = place(content, draw)
    return bytes(content[:start] + written + content[start + width :])


# The kinds


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def of_idx(role: str, pack: Callable[[bytes], bytes], damage: Damage) -> tuple[Path, Callable[[], object]]:
    content = {"images": idx(noise(40, 28, 28)), "labels": idx(np.arange(40, dtype=np.uint8) % 2)}
    paths = {
        name: write(Path("digits", name), pack(damage(data) if name == role else data))
        for name, data in content.items()
    }
    source = mnist_idx.Source([str(paths["images"])], [str(paths["labels"])])
    return paths[role], lambda: source.load(rng())


def picture(kind: str, mode: str, **options: object) -> bytes:
    pixels = {"I;16": noise(40, 60).astype(np.uint16) * 257}.get(mode, noise(40, 60, 3))
    image = Image.fromarray(pixels) if mode == "I;16" else Image.fromarray(pixels).convert(mode)
    image.getexif()[0x0112] = 6
    image.save(file := io.BytesIO(), kind, **options)
    return file.getvalue()


def of_picture(whole: bytes, damage: Damage) -> tuple[Path, Callable[[], object]]:
    path = write(Path("picture"), damage(whole))
    return path, lambda: read_picture(path)


def of_chunks(whole: bytes, damage: Damage) -> tuple[Path, Callable[[], object]]:
    """A PNG of which one chunk is damaged, and its sum set right."""
    chunks, at = [], 8
    while at < len(whole):
        end = at + 8 + int.from_bytes(whole[at : at + 4], "big")
        chunks.append((whole[at + 4 : at + 8], whole[at + 8 : end]))
        at = end + 4
    which = len(damage(b"\0" * 64)) % len(chunks)
    path = Path("picture.png")
    content = whole[:8]
    for k, (name, data) in enumerate(chunks):
        if k == which:
            data = zlib.compress(damage(zlib.decompress(data))) if name == b"IDAT" else damage(data)
        content += len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")
    write(path, content)
    return path, lambda: read_picture(path)


def of_folder(damage: Damage) -> tuple[Path, Callable[[], object]]:
    whole = picture("PNG", "L")
    paths = [Path(f"pictures/{name}/{k}.png") for name in "ab" for k in range(10)]
    for path in paths:
        write(path, damage(whole) if path == paths[13] else whole)
    return paths[13], lambda: image_folder.Source("pictures").load(rng())


def of_table(damage: Damage) -> tuple[Path, Callable[[], object]]:
    names = [f"pictures/{k}.png" for k in range(6)]
    for name in names:
        write(Path(name), picture("PNG", "L"))
    rows = [f'{k}.png,{"ab"[k % 2]},{"xyz"[k % 3]},"ä, {k}",{"train" if k < 4 else "test"}\r\n' for k in range(6)]
    table = write(Path("pictures/labels.csv"), damage(("file,domain,colour,size,split\r\n" + "".join(rows)).encode()))
    return table, lambda: labelled_images.Source("pictures").load(rng())


def official(module: ModuleType, **constants: object) -> Callable[[], object]:
    """Return what loads a source that takes what lies in its place for the official files."""

    def load() -> object:
        archives = module.ARCHIVES
        with contextlib.ExitStack() as stack:
            for name, value in constants.items():
                stack.enter_context(patch.object(module, name, value))
            there = [archive | {"md5": md5(Path(archive["path"]))} for archive in archives]
            stack.enter_context(patch.object(module, "ARCHIVES", there))
            every = () if module in (celeba_official, edges2shoes_official, stl10) else ({},)
            return module.Source().load(rng(), *every)

    return load


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes() if path.exists() else b"").hexdigest()


SPRITES = {"shape": 3, "scale": 1, "orientation": 1, "x": 2, "y": 2}


def of_npz(member: str, damage: Damage) -> tuple[Path, Callable[[], object]]:
    """Of dSprites: one of the arrays is damaged, or all of the archive."""
    classes = np.pad(
        np.stack(np.meshgrid(*map(range, SPRITES.values()), indexing="ij"), -1).reshape(12, 5), [(0, 0), (1, 0)]
    )
    with zipfile.ZipFile(file := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in {"imgs": noise(12, 64, 64) % 2, "latents_classes": classes}.items():
            np.lib.format.write_array(plain := io.BytesIO(), array)
            archive.writestr(f"{name}.npy", damage(plain.getvalue()) if name == member else plain.getvalue())
    path = write(dsprites_official.NPZ, file.getvalue() if member else damage(file.getvalue()))
    return path, official(dsprites_official, DSPRITES=SPRITES)


def of_hdf5(damage: Damage) -> tuple[Path, Callable[[], object]]:
    with h5py.File(file := io.BytesIO(), "w") as store:
        store.create_dataset("images", data=noise(6, 64, 64, 3), chunks=(1, 64, 64, 3), compression="gzip")
    path = write(shapes3d_official.HDF5, damage(file.getvalue()))
    sizes = {"floor_hue": 2, "wall_hue": 3, "object_hue": 1, "scale": 1, "shape": 1, "orientation": 1}
    return path, official(shapes3d_official, SHAPES3D=sizes)


def of_mpi3d(damage: Damage) -> tuple[Path, Callable[[], object]]:
    np.savez(file := io.BytesIO(), images=noise(4, 64, 64, 3))
    path = write(mpi3d_complex_official.NPZ, damage(file.getvalue()))
    return path, official(mpi3d_complex_official, MPI3D_COMPLEX={"object_color": 2, "object_shape": 2})


def of_norb(file: int, damage: Damage) -> tuple[Path, Callable[[], object]]:
    sizes = {"category": 1, "instance": 2, "elevation": 1, "azimuth": 1, "lighting": 1}
    paths = smallnorb_official.Source().files()
    for k, path in enumerate(paths):
        others = np.array([[k // 3, 0, 0, 0]], "<i4")
        array = [noise(1, 2, 96, 96), np.zeros(1, "<i4"), others][k % 3]
        kind = {"u1": 0x1E3D4C55, "i4": 0x1E3D4C54}[array.dtype.str[1:]]
        axes = [*array.shape, 1, 1, 1][: max(3, array.ndim)]
        content = np.array([kind, array.ndim, *axes], "<i4").tobytes() + array.tobytes()
        write(path, gzip.compress(damage(content) if k == file else content))
    return paths[file], official(smallnorb_official, SMALLNORB=sizes)


def tarred(content: dict[str, bytes], damage: Damage) -> bytes:
    with tarfile.open(fileobj=(file := io.BytesIO()), mode="w") as tar:
        for name, data in content.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return gzip.compress(damage(file.getvalue()), 1)


def unharmed(content: bytes) -> bytes:
    return content


@functools.cache
def car() -> bytes:
    savemat(file := io.BytesIO(), {"im": np.zeros((128, 128, 3, 24, 4), np.uint8)}, do_compression=True)
    return file.getvalue()


def of_cars(part: str, damage: Damage) -> tuple[Path, Callable[[], object]]:
    member = damage(car()) if part == "member" else car()
    content = tarred({"data/cars/a.mat": member}, damage if part == "tar" else unharmed)
    path = write(cars3d_official.ARCHIVE, damage(content) if part == "archive" else content)
    few = {"elevation": 1, "azimuth": 1, "object": 1}
    return path, official(cars3d_official, CARS3D=few)


def of_stl10(part: str, damage: Damage) -> tuple[Path, Callable[[], object]]:
    whole = {
        f"{name}_{letter}.bin": data
        for name, count in (("train", 12), ("test", 8))
        for letter, data in (
            ("X", noise(count, 3, 96, 96).tobytes()),
            ("y", bytes(1 + k % 2 * 9 for k in range(count))),
        )
    }
    sizes = {name: len(data) for name, data in whole.items()}
    if part == "tar":
        path = write(stl10.ARCHIVE, tarred({f"stl10_binary/{name}": data for name, data in whole.items()}, damage))
    else:
        for name, data in whole.items():
            write(stl10.ARCHIVE.with_name(name), damage(data) if name == part else data)
        path = stl10.ARCHIVE.with_name(part)
    return path, official(stl10, SIZES=sizes)


def of_celeba(file: int, damage: Damage) -> tuple[Path, Callable[[], object]]:
    face = Image.fromarray(noise(218, 178, 3))
    face.save(jpeg := io.BytesIO(), "JPEG")
    with zipfile.ZipFile(archive := io.BytesIO(), "w") as faces:
        for k in range(1, 4):
            faces.writestr(f"img_align_celeba/00000{k}.jpg", jpeg.getvalue())
    landmarks = " ".join(map(str, range(60, 70)))
    content = [archive.getvalue()]
    for words in ("7", "2", landmarks):
        content.append("\n".join(["3", "a heading", *(f"00000{k}.jpg {words}" for k in range(1, 4))]).encode())
    paths = celeba_official.Source().files()
    for k, (path, data) in enumerate(zip(paths, content, strict=True)):
        write(path, damage(data) if k == file else data)
    return paths[file], official(celeba_official)


def of_shoes(name: str, damage: Damage) -> tuple[Path, Callable[[], object]]:
    folder = edges2shoes_official.FOLDER
    cells = np.empty((3, 1), object)
    cells[:, 0] = [f"Shoes/{k}.jpg" for k in range(3)]
    savemat(mat := io.BytesIO(), {"imagepath": cells}, do_compression=True)
    Image.fromarray(noise(256, 512, 3)).save(pair := io.BytesIO(), "JPEG")
    table = "CID,Category,SubCategory,Gender\n1,Shoes,Flats,Men\n2,Boots,Ankle,Women;Girls\n3,Shoes,Flats,Women\n"
    content = {
        "edges2shoes/train/1_AB.jpg": pair.getvalue(),
        "ut-zap50k-data/image-path.mat": mat.getvalue(),
        "ut-zap50k-data/meta-data.csv": table.encode(),
        **{f"ut-zap50k-images-square/Shoes/{k}.jpg": picture("JPEG", "RGB") for k in range(3)},
    }
    for place, data in content.items():
        write(folder / place, damage(data) if place.endswith(name) else data)
    return next(folder / place for place in content if place.endswith(name)), official(edges2shoes_official)


PICTURES = {
    "png": lambda: picture("PNG", "RGB"),
    "png of 16 bits": lambda: picture("PNG", "I;16"),
    "png of a palette": lambda: picture("PNG", "P", transparency=3),
    "png with alpha": lambda: picture("PNG", "RGBA"),
    "jpeg": lambda: picture("JPEG", "RGB"),
    "progressive cmyk jpeg": lambda: picture("JPEG", "CMYK", progressive=True),
    "gif": lambda: picture("GIF", "P"),
    "bmp": lambda: picture("BMP", "RGB"),
    "tiff": lambda: picture("TIFF", "RGB"),
    "packed tiff": lambda: picture("TIFF", "I;16", compression="tiff_lzw"),
    "tiff of jpeg": lambda: picture("TIFF", "YCbCr", compression="jpeg"),
    "webp": lambda: picture("WEBP", "RGBA"),
    "avif": lambda: picture("AVIF", "RGB"),
    "jpeg 2000": lambda: picture("JPEG2000", "RGB"),
    "ppm": lambda: picture("PPM", "RGB"),
}
KINDS: dict[str, Kind] = {
    "idx images": functools.partial(of_idx, "images", unharmed),
    "idx labels": functools.partial(of_idx, "labels", unharmed),
    "packed idx": functools.partial(of_idx, "images", gzip.compress),
    **{name: lambda damage, whole=whole: of_picture(whole(), damage) for name, whole in PICTURES.items()},
    "chunks of a png": lambda damage: of_chunks(PICTURES["png of a palette"](), damage),
    "folder": of_folder,
    "table": of_table,
    **{f"npz {name}": functools.partial(of_npz, name) for name in ("", "imgs", "latents_classes")},
    "hdf5": of_hdf5,
    "mpi3d": of_mpi3d,
    **{f"norb {k}": functools.partial(of_norb, k) for k in range(3)},
    **{f"cars {part}": functools.partial(of_cars, part) for part in ("archive", "tar", "member")},
    **{f"stl10 {part}": functools.partial(of_stl10, part) for part in ("tar", "train_X.bin", "test_y.bin")},
    **{f"celeba {k}": functools.partial(of_celeba, k) for k in range(4)},
    **{f"shoes {name}": functools.partial(of_shoes, name) for name in ("1_AB.jpg", ".mat", ".csv", "/0.jpg")},
}


# One process tries all of them, another watches


def wrong(path: Path, load: Callable[[], object], whole: bool) -> str | None:
    """Return what is wrong with how a file, damaged or ``whole``, is loaded, None if nothing is."""
    begin = time.monotonic()
    try:
        load()
    except InputError as error:
        said, cause = str(error), error.__cause__
        if whole or isinstance(cause, MemoryError):
            return f"refused{'' if whole else ' for want of memory'}: {said}"
        if len(said) > LONGEST or not said.isprintable() or not (path.name in said or str(path.parent) in said):
            return f"not {MESSAGE}: {said}"
    except BaseException:
        return traceback.format_exc()
    seconds = time.monotonic() - begin
    return f"{seconds:.1f} s" if seconds > SECONDS else None


def trials(count: int) -> Iterator[tuple[str, int]]:
    """Yield as many kinds, in turn, each with the number of its damage; 0 is none."""
    return itertools.islice(((name, seed) for seed in itertools.count() for name in KINDS), count)


def attempt(name: str, seed: int) -> str | None:
    draw = random.Random(f"{name} {seed}")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        path, load = KINDS[name](lambda content: damaged(content, draw) if seed else content)
        signal.alarm(4 * SECONDS)
        found = wrong(path, load, not seed)
        signal.alarm(0)
        return found


def main(count: int) -> None:
    """Try files; print a line of JSON before each, and one of what is wrong with it."""
    for name in KINDS:
        attempt(name, 0)  # imports what it needs before memory is limited
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, resource.RLIM_INFINITY))
    for name, seed in trials(count):
        print(json.dumps([name, seed]), flush=True)
        if found := attempt(name, seed):
            print(json.dumps([name, seed, found]), flush=True)
    print(json.dumps(["done"]))


def test_a_damaged_file_is_read_or_named() -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, __file__, str(max(FILES, 2 * len(KINDS)))],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines and lines[-1] == ["done"], f"{lines[-1:]} ended it ({done.returncode}): {done.stderr[-2000:]}"
    failures = [line for line in lines if len(line) == 3]
    assert not failures, "\n".join(f"{name} {seed}: {found}" for name, seed, found in failures)
    whole = [line for line in lines if line[1:] == [0]]
    assert len(whole) == len(KINDS)


if __name__ == "__main__":
    main(int(sys.argv[1]))
