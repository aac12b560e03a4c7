"""Cars3D as published: 183 cars from 4 elevations and 24 sides."""

import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from disentangle.data.factors import CARS3D
from disentangle.data.foreign import reading, told
from disentangle.data.grid import Every, Grid, kept, sizes_of
from disentangle.data.official import MOST, mat_variable, resized, verify_all
from disentangle.errors import InputError

STAND_IN = ""
CREDITS = "Cars: S. Reed, Y. Zhang, Y. Zhang and H. Lee, Deep Visual Analogy-Making, 2015 (no licence stated)."
ARCHIVES = (
    {
        "url": "http://www.scottreed.info/files/nips2015-analogy-data.tar.gz",
        "path": "data/raw/cars3d/nips2015-analogy-data.tar.gz",
        "md5": "4e866a7919c1beedf53964e6f7a23686",
    },
)

ARCHIVE = Path("data/raw/cars3d/nips2015-analogy-data.tar.gz")
STORED = (128, 128, 3, 24, 4)
"""Rows, columns, channels, azimuths and elevations of a car's array."""
SIDE = 64


@dataclass(frozen=True)
class Source:
    """Read ``data/cars/*.mat`` from the archive and halve the images.

    Deviation: cars are numbered by the names of their files; as released, by the order in which the file system lists
    them. No score depends on it.
    """

    def files(self) -> list[Path]:
        """Return the archive."""
        return [ARCHIVE]

    def load(self, rng: np.random.Generator, every: Every) -> Grid:
        """Return the grid of (64, 64, 3) images.

        Raises InputError when the file is missing, damaged or another one; for an unknown factor, stride or value.
        """
        values = kept(CARS3D, every)
        verify_all(ARCHIVES)
        with reading(ARCHIVE):
            cars = _cars(values["elevation"], values["azimuth"])
        if len(cars) != CARS3D["object"]:
            raise InputError(f"{ARCHIVE}: found {len(cars)} cars; allowed: {CARS3D['object']}.")
        names = sorted(cars)
        images = np.stack([cars[names[k]] for k in values["object"]], axis=2)
        return Grid(images.reshape(-1, SIDE, SIDE, 3), sizes_of(values), (SIDE, SIDE, 3))


def _cars(elevations: np.ndarray, azimuths: np.ndarray) -> dict[str, np.ndarray]:
    """Return the images (elevations, azimuths, 64, 64, 3) of each car by the name of its file."""
    cars: dict[str, np.ndarray] = {}
    with tarfile.open(ARCHIVE, "r|gz") as tar:
        for member in tar:
            name = PurePosixPath(member.name)
            if name.suffix != ".mat" or name.parent.name != "cars" or not member.isfile():
                continue
            content = tar.extractfile(member)
            if content is None or member.size > MOST:
                raise ValueError(f"{name} of {member.size} bytes")
            stored = mat_variable(content.read(), "im")
            if stored.shape != STORED or stored.dtype != np.uint8:
                found = f"{told(name)} of shape {told(stored.shape)}, {told(stored.dtype)}"
                raise InputError(f"{ARCHIVE}: found {found}; allowed: {STORED}, uint8.")
            wanted = stored[..., azimuths, :][..., elevations].transpose(4, 3, 0, 1, 2)
            images = np.empty((len(elevations), len(azimuths), SIDE, SIDE, 3), np.uint8)
            for place in np.ndindex(images.shape[:2]):
                images[place] = resized(wanted[place], SIDE)
            cars[name.name] = images
    return cars
