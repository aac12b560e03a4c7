"""SmallNORB without a download: fifty simple toys of its five categories, ray cast under six lights."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentangle.data.factors import SMALLNORB
from disentangle.data.grid import Every, Grid, kept, sizes_of
from disentangle.data.rendering import toys
from disentangle.data.rendering.raycast import dot, normalised, pixels, vector

STAND_IN = "fifty toys of boxes, cylinders and ellipsoids (stand-in for SmallNORB; its factors, not its pictures)"
CREDITS = "Toys: rendered by this project."
ARCHIVES = ()

ELEVATIONS = np.radians(np.arange(30, 75, 5))
AZIMUTHS = np.arange(18) * (2 * np.pi / 18)
LIGHTS = ((-1.2, 0.6, 1.0), (-1.2, 0.6, 0.7), (0.0, 1.5, 1.0), (0.0, 1.5, 0.7), (1.2, 0.6, 1.0), (1.2, 0.6, 0.7))
"""Lamps: how far to the right of the camera and above it, next to 1 towards it, and how bright."""
GREYS = np.array([190, 90, 60, 190, 190], np.float32)
BACKGROUND = 160


@dataclass(frozen=True)
class Source:
    """Draw ten instances of each category, and render each from 9 elevations and 18 sides under 6 lamps."""

    def files(self) -> list[Path]:
        """Return no file: everything is rendered."""
        return []

    def load(self, rng: np.random.Generator, every: Every) -> Grid:
        """Return the grid of (64, 64, 1) images; raises InputError for an unknown factor, stride or value."""
        values = kept(SMALLNORB, every)
        sizes = sizes_of(values)
        proportions = rng.random((SMALLNORB["category"], SMALLNORB["instance"], toys.PROPORTIONS))
        chosen = [[toys.CATEGORIES[c](proportions[c, k]) for k in values["instance"]] for c in values["category"]]
        images = np.empty((*sizes.values(), toys.SIDE, toys.SIDE, 1), np.uint8)
        for i, j in np.ndindex(sizes["elevation"], sizes["azimuth"]):
            camera = toys.Camera(AZIMUTHS[values["azimuth"][j]], ELEVATIONS[values["elevation"][i]])
            for c, instances in enumerate(chosen):
                for k, toy in enumerate(instances):
                    images[c, k, i, j, ..., 0] = pictures(camera, toy, [LIGHTS[light] for light in values["lighting"]])
        return Grid(images.reshape(-1, *images.shape[-3:]), sizes, (toys.SIDE, toys.SIDE, 1), nuisance=("instance",))


def pictures(camera: toys.Camera, toy: toys.Toy, lights: list[tuple[float, float, float]]) -> np.ndarray:
    """Return the images (L, 64, 64) of a matte grey toy under each of L lamps, which light the background as well."""
    rays, normal, material = camera.see(toy)
    seen = np.empty((len(lights), camera.direction.shape[1]), np.float32)
    for values, (right, up, bright) in zip(seen, lights, strict=True):
        lamp = normalised(camera.towards + np.float32(right) * camera.right + vector(0, 0, up))
        values[:] = BACKGROUND * bright
        values[rays] = np.float32(bright) * GREYS[material] * (0.35 + 0.85 * np.maximum(dot(normal, lamp), 0))
    return (pixels(seen, toys.SIDE, toys.SAMPLES) + np.float32(0.5)).astype(np.uint8)
