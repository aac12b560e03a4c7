"""CelebA as published: 202,599 aligned faces of 10,177 people, of whom the training and the testing part are read."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from disentangle.data.foreign import MOST, at_most, reading, told
from disentangle.data.labelled import Pictures
from disentangle.data.official import verify_all
from disentangle.errors import InputError

STAND_IN = ""
CREDITS = "Faces: CelebA, Z. Liu, P. Luo, X. Wang and X. Tang, ICCV 2015 (for research that is not commercial)."
ARCHIVES = (
    {
        "url": "https://drive.usercontent.google.com/download?id=0B7EVK8r0v71pZjFTYXZWM3FlRnM&export=download&confirm=t",
        "mirrors": ("https://s3-us-west-1.amazonaws.com/udacity-dlnfd/datasets/celeba.zip",),
        "path": "data/raw/celeba/img_align_celeba.zip",
        "md5": "00d2c5bc6d35e252742224ab0c1e8fcb",
    },
    {
        "url": "https://drive.usercontent.google.com/download?id=1_ee_0u7vcNLOfNLegJRHmolfH5ICW-XS&export=download",
        "path": "data/raw/celeba/identity_CelebA.txt",
        "md5": "32bd1bd63d3c78cd57e08160ec5ed1e2",
    },
    {
        "url": "https://drive.usercontent.google.com/download?id=0B7EVK8r0v71pY0NSMzRuSXJEVkk&export=download",
        "path": "data/raw/celeba/list_eval_partition.txt",
        "md5": "d32c9cbf5e040fd4025c592c306e6668",
    },
    {
        "url": "https://drive.usercontent.google.com/download?id=0B7EVK8r0v71pd0FJY3Blby1HUTQ&export=download",
        "path": "data/raw/celeba/list_landmarks_align_celeba.txt",
        "md5": "cc24ecafdb5b50baae59b03474781f8c",
    },
)

TRAINING, TESTING = 0, 2
"""Parts in list_eval_partition.txt; 1 is for validation."""
WIDTH, HEIGHT = 178, 218
CROP = 128
SIDE = 64
LEFT, TOP = (WIDTH - CROP) // 2, (HEIGHT - CROP) // 2


@dataclass(frozen=True)
class Source:
    """Halve the centre 128x128 of each picture, as released.

    Deviation: ``landmarks`` are the five official points, x and y of eyes, nose and corners of the mouth; the paper's
    are 68 points of a detector.
    """

    def files(self) -> list[Path]:
        """Return the pictures and the three lists of people, parts and landmarks."""
        return [Path(str(archive["path"])) for archive in ARCHIVES]

    def load(self, rng: np.random.Generator) -> Pictures:
        """Return the pictures of the training and testing people, ``person`` the domain.

        Raises InputError that names a file that is missing, damaged or another one.
        """
        verify_all(ARCHIVES)
        pictures, *lists = self.files()
        people, parts, points = map(_read_list, lists, (1, 1, 10))
        names = [name for name, (part,) in parts.items() if part in (TRAINING, TESTING)]
        if not names:
            raise InputError(f"{lists[1]}: found no picture of training or testing people.")
        for path, known in zip(lists, (people, parts, points), strict=True):
            if missing := next((name for name in names if name not in known), None):
                raise InputError(f"{path}: found no line of {told(missing, 60)}, which {lists[1].name} has.")
        images = np.empty((len(names), SIDE, SIDE, 3), np.uint8)
        with reading(pictures), zipfile.ZipFile(pictures) as archive:
            for image, name in zip(images, names, strict=True):
                with archive.open(f"img_align_celeba/{name}") as file:
                    image[:] = halved_centre(at_most(file.read, MOST))
        with reading(lists[-1]):
            landmarks = np.array([points[name] for name in names], np.float32).reshape(len(names), -1, 2)
        landmarks = (landmarks - np.array([LEFT, TOP], np.float32)) * np.float32(SIDE / CROP)
        return Pictures(
            images,
            {"person": [str(people[name][0]) for name in names]},
            "person",
            np.array([parts[name][0] == TESTING for name in names]),
            {"landmarks": landmarks.reshape(len(names), -1)},
        )


def halved_centre(content: bytes | bytearray) -> np.ndarray:
    """Return the 2x2 means (64, 64, 3), rounded half up, of the centre 128x128 of a picture's file."""
    with Image.open(io.BytesIO(content)) as picture:
        if picture.size != (WIDTH, HEIGHT):
            raise ValueError(f"a picture of {picture.size} pixels, not {WIDTH, HEIGHT}")
        centre = picture.convert("RGB").crop((LEFT, TOP, LEFT + CROP, TOP + CROP))
        return np.asarray(centre.reduce(CROP // SIDE))


def _read_list(path: Path, count: int) -> dict[str, list[int]]:
    """Return so many numbers of each picture by its name; lines that name none are headings."""
    with reading(path):
        rows = filter(None, (line.split() for line in path.read_text("utf-8").splitlines()))
        found = {name: [int(number) for number in numbers] for name, *numbers in rows if name.endswith(".jpg")}
        if wrong := next((name for name, numbers in found.items() if len(numbers) != count), None):
            raise ValueError(f"{len(found[wrong])} numbers of {wrong}, not {count}")
        return found
