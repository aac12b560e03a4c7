"""3D Shapes without a download: the official factor grid, ray cast anew."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentangle.data.factors import SHAPES3D
from disentangle.data.grid import Every, Grid, kept, sizes_of
from disentangle.data.rendering import room

STAND_IN = "a ray-cast imitation of 3D Shapes (its colours and factors, camera and light fitted by eye)"
CREDITS = "Scenes: rendered by this project after 3D Shapes, C. Burgess and H. Kim, 2018."
ARCHIVES = ()


@dataclass(frozen=True)
class Source:
    """Render four bodies of eight sizes from fifteen sides, in a room of ten colours each of floor, wall and body."""

    def files(self) -> list[Path]:
        """Return no file: everything is rendered."""
        return []

    def load(self, rng: np.random.Generator, every: Every) -> Grid:
        """Return the grid of (64, 64, 3) images; raises InputError for an unknown factor, stride or value."""
        values = kept(SHAPES3D, every)
        sizes = sizes_of(values)
        floors, walls, objects = (room.HUES[values[name]][:, None, None] for name in list(sizes)[:3])
        images = np.empty((*sizes.values(), room.SIDE, room.SIDE, 3), np.uint8)
        for k, orientation in enumerate(room.ORIENTATIONS[values["orientation"]]):
            view = room.View(orientation)
            for i, j in np.ndindex(sizes["scale"], sizes["shape"]):
                maps = room.shades(view, int(values["shape"][j]), room.SCALES[values["scale"][i]])
                sky, floor, wall, body = (maps[..., part : part + 1] for part in range(4))
                # Colours do not touch geometry: an image is a sum of one term a part, each made once a hue.
                behind = (sky * room.SKY + floor * floors)[:, None] + wall * walls + np.float32(0.5)
                for o, hue in enumerate(objects):
                    images[:, :, o, i, j, k] = behind + body * hue  # floor hue, wall hue
        return Grid(images.reshape(-1, room.SIDE, room.SIDE, 3), sizes, (room.SIDE, room.SIDE, 3))
