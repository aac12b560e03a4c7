"""The scene of 3D Shapes: one body on the floor of a square room, seen by a camera that orbits it.

The camera, the light and the sizes were fitted by eye to the published animation of the data set (mean absolute
difference about 10 of 255). Lengths are in half sides of the room.
"""

import colorsys

import numpy as np

from disentangle.data.rendering.raycast import (
    FAR,
    Body,
    Box,
    Capsule,
    Cylinder,
    Ellipsoid,
    camera,
    dot,
    normalised,
    orbit,
    pixels,
    vector,
)

SIDE, SAMPLES = 64, 3
SCALES = np.linspace(0.75, 1.25, 8)
ORIENTATIONS = np.radians(np.linspace(-30, 30, 15))
HUES = np.rint([[255 * part for part in colorsys.hsv_to_rgb(k / 10, 1, 1)] for k in range(10)]).astype(np.uint8)
"""The ten saturated colours (10, 3) of floor, wall and object."""
SKY = np.array([153, 226, 249], np.uint8)

WALL_HEIGHT = 0.51
DISTANCE, HEIGHT = 0.46, 0.125
PITCH, FIELD_OF_VIEW = np.radians(2), np.radians(50)
UNIT = 0.066
SUN = normalised(vector(-0.45, -0.03, 1))
SHADOW = 0.33


def body(shape: int, scale: float) -> Body:
    """Return a cube (0), cylinder (1), sphere (2) or capsule (3) that stands on the middle of the floor."""
    u = float(UNIT * scale)
    if shape == 0:
        return Box(vector(-u, -u, 0), vector(u, u, 2 * u))
    if shape == 1:
        return Cylinder(vector(0, 0, u), u, u, 2)
    if shape == 2:
        radius = 1.14 * u
        return Ellipsoid(vector(0, 0, radius), vector(radius, radius, radius))
    radius, height = 0.92 * u, 3.55 * u
    return Capsule(vector(0, 0, height / 2), radius, height / 2 - radius)


class View:
    """The empty room as it is seen from one orientation: what all bodies in it have in common."""

    def __init__(self, orientation: float) -> None:
        outward = orbit(orientation, 0)
        self.origin = DISTANCE * outward + vector(0, 0, HEIGHT)
        self.forward = normalised(np.float32(-np.cos(PITCH)) * outward + vector(0, 0, np.sin(PITCH)))
        self.direction = camera(self.forward, FIELD_OF_VIEW, SIDE, SAMPLES)
        down = self.direction[2] < 0
        floor = np.where(down, -self.origin[2] / np.where(down, self.direction[2], -1), FAR)
        # The ray leaves the room through the nearer of the two walls that it goes towards.
        towards = np.sign(self.direction[:2])
        walls = (towards - self.origin[:2]) / self.direction[:2]
        wall = walls.min(0)
        self.floor = floor < wall
        self.distance = np.minimum(floor, wall)
        self.wall = ~self.floor & (self.origin[2] + wall * self.direction[2] < WALL_HEIGHT)
        inward = np.where(walls[0] < walls[1], [towards[0], 0 * towards[0]], [0 * towards[1], towards[1]])
        facing = (inward * self.forward[:2]).sum(0)
        self.wall_shade = np.clip(0.42 + 0.62 * facing, 0, 1)


def shades(view: View, shape: int, scale: float) -> np.ndarray:
    """Return the maps (64, 64, 4) float32: how much of each pixel is sky, floor, wall and object, times its shade.

    Shades: sky 1; floor 1, in the object's shadow 0.33; wall clip(0.42 + 0.62 n.(-view axis)); object
    clip(0.40 + 0.46 max(n.v, 0) + 0.30 max(n.sun, 0)), v towards the camera. An image is the maps times four colours.
    """
    solid = body(shape, scale)
    distance = solid.distance(view.origin, view.direction)
    visible = distance < view.distance
    floor = np.flatnonzero(view.floor & ~visible)
    ground = view.origin + view.distance[floor] * view.direction[:, floor]
    towards = view.direction[:, visible]
    normal = solid.normal(view.origin + distance[visible] * towards)
    rays = np.zeros((4, len(distance)), np.float32)
    rays[0] = ~(visible | view.floor | view.wall)
    rays[1, floor] = np.where(solid.distance(ground, SUN) < FAR, SHADOW, 1)
    rays[2] = np.where(view.wall & ~visible, view.wall_shade, 0)
    lit = 0.40 + 0.46 * np.maximum(-dot(normal, towards), 0) + 0.30 * np.maximum(dot(normal, SUN), 0)
    rays[3, visible] = np.minimum(lit, 1)
    return np.moveaxis(pixels(rays, SIDE, SAMPLES), 0, -1)
