"""Cars3D without a download: 183 simple cars, ray cast from the official number of sides."""

import colorsys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentangle.data.factors import CARS3D
from disentangle.data.grid import Every, Grid, kept, sizes_of
from disentangle.data.rendering import toys
from disentangle.data.rendering.raycast import dot, normalised, pixels, vector

STAND_IN = "183 cars of boxes and cylinders (stand-in for Cars3D; its factors, not its pictures)"
CREDITS = "Cars: rendered by this project."
ARCHIVES = ()

ELEVATIONS = np.radians([5, 15, 25, 35])
AZIMUTHS = np.arange(24) * (2 * np.pi / 24)


@dataclass(frozen=True)
class Source:
    """Draw 183 cars' proportions and colours, and render each from 4 elevations and 24 sides on white."""

    def files(self) -> list[Path]:
        """Return no file: everything is rendered."""
        return []

    def load(self, rng: np.random.Generator, every: Every) -> Grid:
        """Return the grid of (64, 64, 3) images; raises InputError for an unknown factor, stride or value."""
        values = kept(CARS3D, every)
        sizes = sizes_of(values)
        proportions = rng.random((CARS3D["object"], toys.PROPORTIONS))
        paints = rng.random((CARS3D["object"], 3))
        cars = [(toys.car(proportions[k]), palette(paints[k])) for k in values["object"]]
        images = np.empty((*sizes.values(), toys.SIDE, toys.SIDE, 3), np.uint8)
        for i, j in np.ndindex(sizes["elevation"], sizes["azimuth"]):
            camera = toys.Camera(AZIMUTHS[values["azimuth"][j]], ELEVATIONS[values["elevation"][i]])
            for k, (car, colours) in enumerate(cars):
                images[i, j, k] = picture(camera, car, colours)
        return Grid(images.reshape(-1, *images.shape[-3:]), sizes, (toys.SIDE, toys.SIDE, 3))


def palette(paint: np.ndarray) -> np.ndarray:
    """Return the colours (5, 3), 0 to 255, of a car's materials; ``paint`` (3,) in [0, 1) draws that of its body."""
    hue, saturation, value = float(paint[0]), 1 - float(paint[1]) ** 3, 0.5 + 0.5 * float(paint[2])
    body = [255 * part for part in colorsys.hsv_to_rgb(hue, saturation, value)]
    return np.array([body, [70, 85, 100], [35, 35, 35], [255, 240, 170], [200, 20, 20]], np.float32)


def picture(camera: toys.Camera, car: toys.Toy, colours: np.ndarray) -> np.ndarray:
    """Return one image (64, 64, 3): matte colours under a lamp above the camera and to its left, on white."""
    lamp = normalised(camera.towards - np.float32(0.4) * camera.right + vector(0, 0, 0.6))
    rays, normal, material = camera.see(car)
    seen = np.full((3, camera.direction.shape[1]), 255, np.float32)
    seen[:, rays] = colours[material].T * (0.45 + 0.55 * np.maximum(dot(normal, lamp), 0))
    return np.moveaxis(pixels(seen, toys.SIDE, toys.SAMPLES) + np.float32(0.5), 0, -1).astype(np.uint8)
