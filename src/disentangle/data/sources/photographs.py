"""Backgrounds without a download: crops of ten photographs that scikit-image and scikit-learn carry."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import numpy as np
from PIL import Image

from disentangle.data.instances import Instances
from disentangle.errors import InputError

STAND_IN = "crops of ten photographs (stand-in for STL-10; the class is which photograph)"
CREDITS = (
    "Backgrounds, from scikit-image: astronaut (NASA, public domain), chelsea (S. van der Walt, CC0), "
    "coffee (R. Michetti, CC0), rocket (SpaceX, public domain), ihc (no known copyright restrictions), "
    "retina (Wikimedia Commons, CC0), grass and brick (CC0); "
    "from scikit-learn: china (danielbuechele, CC BY 2.0), flower (vultilion, CC BY 2.0). All cropped and recoloured."
)
ARCHIVES = ()

PHOTOGRAPHS = {
    "astronaut": "skimage/data/astronaut.png",
    "chelsea": "skimage/data/chelsea.png",
    "coffee": "skimage/data/coffee.png",
    "rocket": "skimage/data/rocket.jpg",
    "china": "sklearn/datasets/images/china.jpg",
    "flower": "sklearn/datasets/images/flower.jpg",
    "ihc": "skimage/data/ihc.png",
    "retina": "skimage/data/retina.jpg",
    "grass": "skimage/data/grass.png",
    "brick": "skimage/data/brick.png",
}
SIDE = 64
SHORT_SIDES = (288, 336, 384, 448, 512)
"""The sizes, in pixels of the shorter side, at which crops are taken from each photograph."""
TEST_BLOCKS = ((0, 1), (1, 3), (2, 0), (3, 2))
"""(row, column) in a 4x4 grid over each photograph: one block in each row and column."""


@dataclass(frozen=True)
class Source:
    """Take ``crops_per_class`` crops of 64x64 from each photograph, 9/10 for train and 1/10 for test.

    Train crops touch no test block and test crops lie within one, so the two share nothing but what
    resizing smears over an edge, a pixel or two.
    A crop is of a random size level and place, mirrored with probability 1/2, and each of its channels is multiplied by
    a number from U(1 - jitter, 1 + jitter): without that, colour alone would tell the photograph.
    """

    crops_per_class: Annotated[int, ">= 10, <= 1e6"] = 1300
    jitter: Annotated[float, ">= 0, <= 1"] = 0.35

    def files(self) -> list[Path]:
        """Return no file: the photographs are part of installed packages."""
        return []

    def load(self, rng: np.random.Generator) -> tuple[Instances, Instances]:
        """Return the train and test pools of (N, 64, 64, 3) crops, grouped by class.

        Raises InputError when a package or one of its photographs is missing.
        """
        count = (self.crops_per_class * 9 // 10, self.crops_per_class - self.crops_per_class * 9 // 10)
        crops: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
        for file in PHOTOGRAPHS.values():
            picture = _open(file)
            levels = [_resize(picture, short_side) for short_side in SHORT_SIDES]
            corners = [windows(*level.shape[:2]) for level in levels]
            for part in (0, 1):
                crops[part].append(self._crops(levels, [corner[part] for corner in corners], count[part], rng))
        train, test = (
            Instances(np.concatenate(part), np.repeat(np.arange(len(PHOTOGRAPHS)), n), tuple(PHOTOGRAPHS))
            for part, n in zip(crops, count, strict=True)
        )
        return train, test

    def _crops(
        self, levels: list[np.ndarray], corners: list[np.ndarray], count: int, rng: np.random.Generator
    ) -> np.ndarray:
        crops = np.empty((count, SIDE, SIDE, 3), np.uint8)
        of_level = rng.integers(len(levels), size=count)
        for k, (level, corner) in enumerate(zip(levels, corners, strict=True)):
            mine = np.flatnonzero(of_level == k)
            y, x = corner[rng.integers(len(corner), size=len(mine))].T
            places = np.lib.stride_tricks.sliding_window_view(level, (SIDE, SIDE), axis=(0, 1))
            crops[mine] = places[y, x].transpose(0, 2, 3, 1)
        mirrored = rng.random(count) < 0.5
        crops[mirrored] = crops[mirrored, :, ::-1]
        gain = rng.uniform(1 - self.jitter, 1 + self.jitter, (count, 1, 1, 3)).astype(np.float32)
        coloured: np.ndarray = np.rint(np.minimum(crops * gain, 255)).astype(np.uint8)
        return coloured


def windows(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the top-left corners (n, 2) of all 64x64 windows that touch no test block, and of all within one."""
    in_test = np.zeros((height, width), np.int64)
    for row, column in TEST_BLOCKS:
        in_test[height * row // 4 : height * (row + 1) // 4, width * column // 4 : width * (column + 1) // 4] = 1
    # Summed-area table: how many test pixels a window holds is a sum of four of its entries.
    table = np.pad(in_test.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    held = table[SIDE:, SIDE:] - table[:-SIDE, SIDE:] - table[SIDE:, :-SIDE] + table[:-SIDE, :-SIDE]
    return np.argwhere(held == 0), np.argwhere(held == SIDE * SIDE)


def _open(file: str) -> Image.Image:
    # Located without an import: skimage.data would offer to download, scikit-learn takes seconds.
    package, _, inside = file.partition("/")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise InputError("the source 'photographs' needs the packages scikit-image and scikit-learn: pip install them.")
    path = Path(spec.origin).parent / inside
    try:
        return Image.open(path).convert("RGB")
    except Exception as error:  # Pillow raises all kinds, by the kind of damage
        raise InputError(f"{path}: not a readable picture ({error}). Install its package again.") from error


def _resize(picture: Image.Image, short_side: int) -> np.ndarray:
    scale = short_side / min(picture.size)
    size = (round(picture.width * scale), round(picture.height * scale))
    return np.asarray(picture.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC))
