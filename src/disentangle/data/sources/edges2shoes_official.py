"""Edges2Shoes as published, with labels of the pictures of UT-Zappos50K that it was made of."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, ImageFilter

from disentangle.data.foreign import at_most, reading, told
from disentangle.data.labelled import Pictures
from disentangle.data.official import mat_variable
from disentangle.data.pictures import read_rgb
from disentangle.errors import InputError

STAND_IN = ""
CREDITS = (
    "Shoes: UT-Zappos50K, A. Yu and K. Grauman, CVPR 2014 (for academic use, not commercial); "
    "edge maps: P. Isola, J.-Y. Zhu, T. Zhou and A. A. Efros, pix2pix, CVPR 2017."
)
ARCHIVES = ()

FOLDER = Path("data/raw/edges2shoes")
PIX2PIX = "http://efrosgans.eecs.berkeley.edu/pix2pix/datasets/edges2shoes.tar.gz"
ZAPPOS = "https://vision.cs.utexas.edu/projects/finegrained/utzap50k"
PLACES = {
    "edges2shoes": PIX2PIX,
    "ut-zap50k-images-square": f"{ZAPPOS}/ut-zap50k-images-square.zip",
    "ut-zap50k-data": f"{ZAPPOS}/ut-zap50k-data.zip",
}
"""Folders, and the archive that each is unpacked from; no checksums are published."""
MIDDLE, SIDE = 256, 64
"""The column where an edge map ends and its photograph begins, and what both are shrunk to."""
SEEN = 32
"""Pixels a side at which photographs are compared with pictures of UT-Zappos50K."""
LABELS = {"shoe_type": "Category", "gender": "Gender"}
"""Attributes, and their columns in meta-data.csv."""
FEWEST = 250
"""Values of so many pictures or fewer become OTHER, as do missing ones."""
OTHER = "Other"
MOST = 1 << 25
"""Bytes of a table of UT-Zappos50K."""
CHUNK = 1024
"""Photographs compared at a time."""


@dataclass(frozen=True)
class Source:
    """Read ``{train,val}/<n>_AB.jpg``, edge map and photograph side by side; lines of edge maps are thickened.

    A photograph has the labels of the picture of UT-Zappos50K that is the nearest to it at 32x32 pixels, as released.
    Deviations: pictures are shrunk by means of blocks, not by what lies at their middle; lines alone are thickened,
    where the released script does so to photographs as well; square pictures of UT-Zappos50K are compared.
    """

    def files(self) -> list[Path]:
        """Return no file: official ones are not edited, and 100,000 are too many to look through at every plan."""
        return []

    def load(self, rng: np.random.Generator) -> Pictures:
        """Return each photograph and then its edge map, ``medium`` the domain.

        Raises InputError that names a folder or file that is missing or damaged.
        """
        for name, url in PLACES.items():
            if not (FOLDER / name).is_dir():
                raise InputError(f"{FOLDER / name}: not found. Unpack {url} in {FOLDER}.")
        halves = FOLDER / "edges2shoes"
        pairs = [path for part in ("train", "val") for path in sorted((halves / part).glob("*_AB.jpg"), key=_number)]
        if not pairs:
            raise InputError(f"{halves}: found no train/*_AB.jpg nor val/*_AB.jpg; unpack {PIX2PIX} in {FOLDER}.")
        images = np.empty((len(pairs), 2, SIDE, SIDE, 3), np.uint8)
        small = np.empty((len(pairs), SEEN, SEEN, 3), np.uint8)
        for both, seen, path in zip(images, small, pairs, strict=True):
            with reading(path):
                both[0], both[1], seen[:] = _halves(read_rgb(path))
        known, labels = _zappos()
        match = nearest(small.reshape(len(small), -1), known.reshape(len(known), -1))
        words = {name: [found[row] for row in match for _ in range(2)] for name, found in labels.items()}
        media = ["photo", "edges"] * len(pairs)
        return Pictures(images.reshape(-1, SIDE, SIDE, 3), {"medium": media, **words}, "medium")


def _number(path: Path) -> tuple[int, str]:
    digits = path.name.partition("_")[0]
    return (int(digits) if digits.isdecimal() else 0, path.name)


def _halves(picture: Image.Image) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return photograph and edge map (64, 64, 3), and the photograph (32, 32, 3)."""
    if picture.size != (2 * MIDDLE, MIDDLE):
        raise ValueError(f"{picture.size} pixels, not {2 * MIDDLE, MIDDLE}")
    edges, photo = (picture.crop((left, 0, left + MIDDLE, MIDDLE)) for left in (0, MIDDLE))
    thick = edges.filter(ImageFilter.MinFilter(5))  # black lines dilated by 3x3, twice
    shrink = MIDDLE // SIDE
    return np.asarray(photo.reduce(shrink)), np.asarray(thick.reduce(shrink)), _seen(photo)


def _seen(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.resize((SEEN, SEEN), Image.Resampling.BICUBIC))


def _zappos() -> tuple[np.ndarray, dict[str, list[str]]]:
    """Return the pictures (Z, 32, 32, 3) of UT-Zappos50K and the words of each, in the order of its tables."""
    table, paths = (FOLDER / "ut-zap50k-data" / name for name in ("meta-data.csv", "image-path.mat"))
    with reading(paths):
        names = [str(cell[0]) for cell in mat_variable(_content(paths), "imagepath")[:, 0]]
        for name in names:
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                raise ValueError(f"'{told(name)}' is outside of the folder of pictures")
    with reading(table):
        rows = list(csv.DictReader(io.StringIO(_content(table).decode(), newline="")))
        labels = {name: simplified([row[column] for row in rows]) for name, column in LABELS.items()}
    if len(rows) != len(names):
        raise InputError(f"{table}: found {len(rows)} rows for the {len(names)} pictures of {paths}.")
    images = np.empty((len(names), SEEN, SEEN, 3), np.uint8)
    for image, name in zip(images, names, strict=True):
        image[:] = _seen(read_rgb(FOLDER / "ut-zap50k-images-square" / name))
    return images, labels


def _content(path: Path) -> bytes:
    """Return what a file of UT-Zappos50K holds, of which the published ones are of a few MB."""
    with open(path, "rb") as file:
        content = bytes(at_most(file.read, MOST))
    if len(content) > MOST:
        raise ValueError(f"more than {MOST} bytes")
    return content


def simplified(words: Sequence[str]) -> list[str]:
    """Return the first of several words that a semicolon parts, and "Other" for what 250 or fewer have."""
    first = [word.split(";")[0] or OTHER for word in words]
    count = Counter(first)
    return [word if count[word] > FEWEST else OTHER for word in first]


def nearest(rows: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return which of the ``known`` (Z, D) uint8 is the nearest, by squared distance, to each of the rows (N, D)."""
    centred = known.astype(np.float32) - 128  # small numbers: sums of squares lose less in float32
    square = np.square(centred).sum(axis=1)
    found = np.empty(len(rows), np.int64)
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK].astype(np.float32) - 128
        found[start : start + CHUNK] = (square - 2 * chunk @ centred.T).argmin(axis=1)
    return found
