"""Pictures of rendered toys and cars beside their edge maps: two domains, as those of Edges2Shoes.

What stands in for Edges2Shoes in Kahana and Hoshen 2022 (DCoDR) where that cannot be had. Photographs have colour and
shading, which their edge maps lack; both have the kind of thing and where it is seen from. As there, single images are
drawn for testing: the photograph of an edge map that is tested on may be trained on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from disentangle.data.grid import Grid, values_of
from disentangle.data.labelled import TEST_SHARE, Labelled, resized, split_at_random
from disentangle.data.rendering.edges import edge_map

DATA = "labelled images"
ROLES = ("toys", "cars")
STAND_IN = "pictures of rendered toys and cars beside edge maps of themselves (stand-in for Edges2Shoes)"

TOYS = {"elevation": 2, "azimuth": 3, "lighting": 2}
"""Strides in SmallNORB's factors: elevations of 30, 40, ... degrees, every 60 degrees around, the brighter lamps."""
CARS = {"azimuth": 4, "object": 3}
"""Strides in those of Cars3D: elevations of 5, 15, 25 and 35 degrees, every 60 degrees around, a third of the cars."""
KINDS = ("animal", "human", "airplane", "truck", "car")
AZIMUTHS = ("0", "60", "120", "180", "240", "300")
ELEVATIONS = ("0", "10", "20", "30")
"""Degrees above the lowest that a kind is seen from: 5 of cars, 30 of toys."""


@dataclass(frozen=True)
class Dataset:
    """Four kinds of toys and coloured cars in place of the fifth; a random 90% of all images are trained and fitted on.

    Each photograph is taken in light of a colour of its own, whose channels are of U(1 - tint, 1).
    """

    image_size: Literal[64, 32] = 64
    tint: Annotated[float, ">= 0, <= 1"] = 0.5

    def generate(self, sources: Mapping[str, Any], stream: Callable[..., np.random.Generator]) -> Labelled:
        """Return pairs, a photograph and its edge map, of ``sources["toys"]`` and then of ``sources["cars"]``.

        The sources are grids of SmallNORB's and of Cars3D's factors, whose azimuths begin at the same side.
        """
        toys: Grid = sources["toys"].load(stream("toys"), TOYS)
        cars: Grid = sources["cars"].load(stream("cars"), CARS)
        category, _, above, around, _ = values_of(np.arange(len(toys.images)), toys.sizes).T
        used = (category < KINDS.index("car")) & (above < len(ELEVATIONS))
        seen = np.column_stack([category, around, above])[used]
        height, side, _ = values_of(np.arange(len(cars.images)), cars.sizes).T
        seen = np.concatenate([seen, np.column_stack([np.full(len(height), KINDS.index("car")), side, height])])
        grey = np.broadcast_to(toys.images[used], (used.sum(), *cars.shape))
        pictures = np.concatenate([grey, cars.images])

        light = stream("light").uniform(1 - self.tint, 1, (len(pictures), 1, 1, 3)).astype(np.float32)
        pairs = np.empty((len(pictures), 2, *cars.shape), np.uint8)
        for pair, picture, colour in zip(pairs, pictures, light, strict=True):
            pair[0] = picture * colour + np.float32(0.5)
            pair[1] = edge_map(picture)[..., None]
        images = resized(pairs.reshape(-1, *cars.shape), self.image_size)
        test = split_at_random(len(images), TEST_SHARE, stream("split"))
        kind, azimuth, elevation = np.repeat(seen, 2, axis=0).T
        labels = {"medium": np.arange(len(images)) % 2, "kind": kind, "azimuth": azimuth, "elevation": elevation}
        values = dict(zip(labels, (("photo", "edges"), KINDS, AZIMUTHS, ELEVATIONS), strict=True))
        return Labelled(images, labels, values, "medium", ~test, ~test, test)
