"""Pictures of your own as backgrounds: a folder with one subfolder a class."""

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentangle.data.instances import Instances, split_by_class
from disentangle.data.pictures import SIDE, read_picture
from disentangle.errors import InputError

STAND_IN = "pictures from a folder given by the user (stand-in for STL-10)"
CREDITS = "Backgrounds: pictures given by the user (their licence is the user's to state)."
ARCHIVES = ()


@dataclass(frozen=True)
class Source:
    """Read ``path/<class>/<picture>``: any format that Pillow reads; names that begin with a dot are left out.

    Each picture is resized so that its short side is 64 and cropped to the centre 64x64; 90/10 by a random split
    inside every class.
    """

    path: str

    def files(self) -> list[Path]:
        """Return all pictures, sorted by class and name, or the folder itself if there is none of that name."""
        folder = Path(self.path)
        return list(itertools.chain(*_by_class(folder).values())) if folder.is_dir() else [folder]

    def load(self, rng: np.random.Generator) -> tuple[Instances, Instances]:
        """Return the train and test pools of (N, 64, 64, 3) pictures.

        Raises InputError that names the folder or picture: missing, unreadable, fewer than two classes, or fewer than
        10 pictures of a class.
        """
        folder = Path(self.path)
        if not folder.is_dir():
            raise InputError(f"{folder}: not a folder; expected one subfolder of pictures a class.")
        classes = _by_class(folder)
        if len(classes) < 2:
            raise InputError(f"{folder}: found {len(classes)} subfolders; allowed: at least 2, one a class.")
        count = [len(files) for files in classes.values()]
        images = np.empty((sum(count), SIDE, SIDE, 3), np.uint8)
        for image, file in zip(images, itertools.chain(*classes.values()), strict=True):
            image[:] = read_picture(file)
        pool = Instances(images, np.repeat(np.arange(len(count)), count), tuple(classes))
        return split_by_class(pool, rng, folder)


def _by_class(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each subfolder, both sorted by name."""
    classes = (entry for entry in _visible(folder) if entry.is_dir())
    return {entry.name: [file for file in _visible(entry) if file.is_file()] for entry in classes}


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
