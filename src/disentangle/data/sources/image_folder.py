"""Pictures of your own as backgrounds: a folder with one subfolder a class."""

import itertools
import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentangle.data.foreign import is_folder, regular, told, twins
from disentangle.data.instances import Instances, check_count, split_by_class
from disentangle.data.pictures import read_pictures
from disentangle.errors import InputError

STAND_IN = "pictures from a folder given by the user (stand-in for STL-10)"
CREDITS = "Backgrounds: pictures given by the user (their licence is the user's to state)."
ARCHIVES = ()

LEFT = re.compile(r"\.DS_Store|\._.*|Thumbs\.db|desktop\.ini", re.DOTALL)
"""What macOS and Windows leave in folders that were looked at or copied."""
NO_TEXT = re.compile("[\ud800-\udfff]")
"""How Python writes bytes of a name that are no UTF-8."""
TEXTS = (".txt", ".md")
"""What the names of files end in that may lie beside the classes."""


@dataclass(frozen=True)
class Source:
    """Read ``path/<class>/<picture>``; what systems leave in folders, and texts beside the classes, is left out.

    Each picture is resized so that its short side is 64 and cropped to the centre 64x64; 90/10 by a random split
    inside every class.
    """

    path: str

    def files(self) -> list[Path]:
        """Return all pictures, sorted by class and name, or the folder itself if there is none of that name.

        Raises InputError as ``load`` does for what is no picture's place or name: to plan without it would hide it.
        """
        folder = Path(self.path)
        return list(itertools.chain(*_by_class(folder).values())) if is_folder(folder) else [folder]

    def load(self, rng: np.random.Generator) -> tuple[Instances, Instances]:
        """Return the train and test pools of (N, 64, 64, 3) pictures.

        Raises InputError that names the folder or picture: missing, unreadable, in a place where none is looked for,
        fewer than two classes, two of names alike, or fewer than 10 pictures of a class.
        """
        folder = Path(self.path)
        if not is_folder(folder):
            raise InputError(f"{told(folder)}: not a folder; expected one subfolder of pictures a class.")
        classes = _by_class(folder)
        if len(classes) < 2:
            raise InputError(f"{told(folder)}: found {len(classes)} subfolders; allowed: at least 2, one a class.")
        count = [len(files) for files in classes.values()]
        check_count(count, [*classes], folder)
        images = read_pictures([*itertools.chain(*classes.values())])
        pool = Instances(images, np.repeat(np.arange(len(count)), count), tuple(classes))
        return split_by_class(pool, rng, folder)


def _by_class(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each subfolder, both sorted by name; raises InputError for what else lies there."""
    classes = {}
    for entry in _listed(folder):
        if is_folder(Path(entry)):
            classes[entry.name] = [_picture(found) for found in _listed(Path(entry))]
        elif Path(entry).suffix not in TEXTS:
            raise InputError(f"{told(entry.path)}: lies beside the classes; allowed: folders of pictures, one a class.")
    if alike := twins(classes, case=False):
        first, other = (ascii(told(name, 60)) for name in alike)
        raise InputError(f"{told(folder)}: classes {first} and {other} differ in case or Unicode alone; rename one.")
    return classes


def _picture(entry: os.DirEntry[str]) -> Path:
    path = Path(entry)
    if not entry.is_file(follow_symlinks=False):  # which the listing has told, without a look at the file
        regular(path)
    return path


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    """Return what lies in a folder, sorted by name, but for what systems leave there."""
    try:
        with os.scandir(folder) as entries:
            found = sorted((entry for entry in entries if not LEFT.fullmatch(entry.name)), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"{told(folder)}: cannot be read ({error.strerror}).") from error
    for entry in found:
        if entry.name.startswith("."):
            raise InputError(f"{told(entry.path)}: is hidden, as its name begins with a dot; rename or remove it.")
        if NO_TEXT.search(entry.name):
            raise InputError(f"{told(entry.path)}: its name is no UTF-8; rename or remove it.")
    return found
