"""STL-10's labelled pictures as the paper uses them: 5,000 + 8,000, ten classes, the centre 64x64 of 96x96."""

import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentangle.data.download import verify
from disentangle.data.foreign import reading
from disentangle.data.instances import Instances, split_in_order
from disentangle.errors import InputError

STAND_IN = ""
CREDITS = "Backgrounds: STL-10, A. Coates, H. Lee and A. Y. Ng, AISTATS 2011 (from ImageNet; no licence stated)."
ARCHIVES = (
    {
        "url": "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz",
        "path": "data/raw/stl10/stl10_binary.tar.gz",
        "md5": "91f7769df0f17e558f3565bffb0c7dfb",
        # Files of the archive that do as well as the whole.
        "instead": (
            "data/raw/stl10/train_X.bin",
            "data/raw/stl10/train_y.bin",
            "data/raw/stl10/test_X.bin",
            "data/raw/stl10/test_y.bin",
        ),
    },
)

ARCHIVE = Path("data/raw/stl10/stl10_binary.tar.gz")
SIDE, CROP = 96, 64
SIZES = {"train_X.bin": 5000 * 3 * SIDE**2, "train_y.bin": 5000, "test_X.bin": 8000 * 3 * SIDE**2, "test_y.bin": 8000}
"""Bytes of each member of the archive that is read, in the order in which they are concatenated."""
CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")


@dataclass(frozen=True)
class Source:
    """Concatenate train and test pictures; the first 90% (11,700) are the train pool (the authors' generator).

    They are read from the four ``.bin`` files where these lie beside the archive, and from the archive otherwise.
    Deviation: the order is that of the files, not that of TensorFlow Datasets, which that generator read.
    """

    def files(self) -> list[Path]:
        """Return the four extracted files if all are there, else the archive."""
        extracted = [ARCHIVE.with_name(name) for name in SIZES]
        return extracted if all(path.exists() for path in extracted) else [ARCHIVE]

    def load(self, rng: np.random.Generator) -> tuple[Instances, Instances]:
        """Return the train and test pools of (11700, 64, 64, 3) and (1300, 64, 64, 3) pictures.

        Raises InputError that names a file that is missing or damaged, of another size, or holds a label outside 1..10.
        """
        files = self.files()
        raw = _unpack(ARCHIVE) if files == [ARCHIVE] else {path.name: _extracted(path) for path in files}
        images = np.concatenate([_pictures(raw[name]) for name in SIZES if "_X" in name])
        for name, labels in raw.items():
            if "_y" in name and (labels.min() < 1 or labels.max() > len(CLASSES)):
                found = f"labels {labels.min()} to {labels.max()}; allowed: 1 to {len(CLASSES)}"
                raise InputError(f"{ARCHIVE.with_name(name)}: found {found}.")
        labels = np.concatenate([raw[name] for name in SIZES if "_y" in name]).astype(np.int64)
        return split_in_order(Instances(images, labels - 1, CLASSES), ARCHIVE.parent)


def _pictures(stored: np.ndarray) -> np.ndarray:
    """Return the centre crops (N, 64, 64, 3) of pictures stored channel by channel, column by column."""
    channel_column_row = stored.reshape(-1, 3, SIDE, SIDE)
    centre = slice((SIDE - CROP) // 2, (SIDE + CROP) // 2)
    return channel_column_row[:, :, centre, centre].transpose(0, 3, 2, 1)


def _extracted(path: Path) -> np.ndarray:
    with reading(path) as size:
        _check_size(path, size)
        return np.fromfile(path, np.uint8)


def _check_size(path: Path, found: int) -> None:
    if found != SIZES[path.name]:
        raise InputError(f"{path}: expected {SIZES[path.name]} bytes, found {found}.")


def _unpack(archive: Path) -> dict[str, np.ndarray]:
    """Read the members from the archive, whose far larger unlabelled part stays compressed."""
    verify(archive, str(ARCHIVES[0]["md5"]), advice=f"Put {ARCHIVES[0]['url']} or its .bin files there.")
    found: dict[str, np.ndarray] = {}
    with reading(archive), tarfile.open(archive, "r|gz") as tar:
        for member in tar:
            path = archive.with_name(Path(member.name).name or ".")
            if path.name in SIZES and member.isfile() and (content := tar.extractfile(member)):
                _check_size(path, member.size)
                found[path.name] = np.frombuffer(content.read(), np.uint8)
            if len(found) == len(SIZES):
                return found
        raise ValueError(f"it lacks {', '.join(sorted({*SIZES} - {*found}))}")
