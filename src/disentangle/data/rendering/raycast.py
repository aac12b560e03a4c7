"""Rays of a pinhole camera, and where they meet boxes, cylinders, ellipsoids and capsules.

Vectors are columns: origins (3, 1) or (3, n), unit directions (3, n), float32; z points up. A ray starts outside of
the bodies that it may meet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

FAR = np.float32(np.inf)
TINY = np.float32(1e-30)
"""In place of a direction's zero, so that a ray along a face divides by something."""


class Body(Protocol):
    """A solid that rays meet."""

    def distance(self, origin: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """Return how far (n,) along each ray the body begins, infinity where the ray misses it."""

    def normal(self, point: np.ndarray) -> np.ndarray:
        """Return the outward unit normals (3, n) at points (3, n) of the surface."""


def vector(*components: float) -> np.ndarray:
    """Return a column (3, 1) of float32."""
    return np.array(components, np.float32)[:, None]


def orbit(azimuth: float, elevation: float) -> np.ndarray:
    """Return the unit vector (3, 1) from the origin to a camera, angles in radians; azimuth 0 is towards -y."""
    level = np.cos(elevation)
    return vector(level * np.sin(azimuth), -level * np.cos(azimuth), np.sin(elevation))


def camera(forward: np.ndarray, field_of_view: float, side: int, samples: int) -> np.ndarray:
    """Return the directions (3, (side * samples)^2) of ``samples`` x ``samples`` rays a pixel of a square image.

    ``forward`` (3, 1) is the axis of view, ``field_of_view`` the angle in radians that the image's side spans. Rays go
    row by row from the top left.
    """
    right = normalised(np.cross(forward, vector(0, 0, 1), axis=0))
    up = np.cross(right, forward, axis=0)
    edge = np.float32(np.tan(field_of_view / 2))
    steps = ((np.arange(side * samples, dtype=np.float32) + 0.5) / (side * samples) * 2 - 1) * edge
    down, along = (part.ravel() for part in np.meshgrid(steps, steps, indexing="ij"))
    return normalised(forward + along * right - down * up)


def pixels(values: np.ndarray, side: int, samples: int) -> np.ndarray:
    """Return the means (..., side, side) over the rays of each pixel of values (..., n) of the rays of ``camera``."""
    picture = values.reshape(*values.shape[:-1], side * samples, side * samples)
    total = np.zeros((*values.shape[:-1], side, side), np.float32)
    for i, j in np.ndindex(samples, samples):
        total += picture[..., i::samples, j::samples]
    return total / np.float32(samples**2)


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the inner products (n,) of columns."""
    product: np.ndarray = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return product


def normalised(vectors: np.ndarray) -> np.ndarray:
    """Return vectors (3, n) over their lengths."""
    scaled: np.ndarray = vectors / np.sqrt(dot(vectors, vectors))
    return scaled


@dataclass(frozen=True)
class Box:
    """The box between two opposite corners (3, 1), its sides along the axes."""

    low: np.ndarray
    high: np.ndarray

    def distance(self, origin: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """A ray is in the box from where it has entered the last of three slabs to where it leaves the first."""
        inverse = 1 / np.where(direction == 0, TINY, direction)
        one, other = (self.low - origin) * inverse, (self.high - origin) * inverse
        # Pairs of rows: NumPy reduces the short axis of an array several times as slowly.
        x, y, z = np.minimum(one, other)
        enter = np.maximum(np.maximum(x, y), z)
        x, y, z = np.maximum(one, other)
        leave = np.minimum(np.minimum(x, y), z)
        return np.where((enter <= leave) & (enter > 0), enter, FAR)

    def normal(self, point: np.ndarray) -> np.ndarray:
        """The face is the one whose axis is, in half sides of the box, the farthest from the centre."""
        offset = (point - (self.low + self.high) / 2) / ((self.high - self.low) / 2)
        face = np.abs(offset).argmax(0) == np.arange(3)[:, None]
        return np.where(face, np.sign(offset), 0)


@dataclass(frozen=True)
class Ellipsoid:
    """The ellipsoid |(p - centre) / radii| <= 1 of columns (3, 1)."""

    centre: np.ndarray
    radii: np.ndarray

    def distance(self, origin: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """In the space where it is the unit ball."""
        start, step = (origin - self.centre) / self.radii, direction / self.radii
        return _entry(dot(step, step), dot(start, step), dot(start, start) - 1)

    def normal(self, point: np.ndarray) -> np.ndarray:
        """The gradient of |(p - centre) / radii|^2, normalised."""
        return normalised((point - self.centre) / self.radii**2)


@dataclass(frozen=True)
class Cylinder:
    """A cylinder with flat ends along one ``axis``, 0 to 2, around its ``centre`` (3, 1)."""

    centre: np.ndarray
    radius: float
    half_length: float
    axis: int

    def distance(self, origin: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """The first of the round side, between the ends, and of that end that faces the ray, within the radius."""
        start, step = origin - self.centre, direction
        (a, c), (b, d) = ((start[k], step[k]) for k in range(3) if k != self.axis)
        along, slope = start[self.axis], np.where(step[self.axis] == 0, TINY, step[self.axis])
        square = np.float32(self.radius**2)
        side = _entry(c * c + d * d, a * c + b * d, a * a + b * b - square)
        height = along + np.where(side < FAR, side, 0) * slope
        side = np.where(np.abs(height) <= self.half_length, side, FAR)
        end = (-np.sign(slope) * np.float32(self.half_length) - along) / slope
        reach = np.clip(end, -1e6, 1e6)  # a ray along the end never meets it, but its square must be a number
        within = (a + reach * c) ** 2 + (b + reach * d) ** 2 <= square
        nearer: np.ndarray = np.minimum(side, np.where(within & (end > 0), end, FAR))
        return nearer

    def normal(self, point: np.ndarray) -> np.ndarray:
        """Along the axis on an end, else away from the axis."""
        offset = point - self.centre
        along = offset[self.axis] / np.float32(self.half_length)
        around = np.where(np.arange(3)[:, None] == self.axis, 0, offset / np.float32(self.radius))
        end = np.abs(along) > np.sqrt(dot(around, around))
        face = np.where(np.arange(3)[:, None] == self.axis, np.sign(along), 0)
        return np.where(end, face, normalised(np.where(end, np.float32(1), around)))


@dataclass(frozen=True)
class Capsule:
    """An upright cylinder with half a ball on each end; ``half_length`` is that of the cylinder."""

    centre: np.ndarray
    radius: float
    half_length: float

    def distance(self, origin: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """The first of the cylinder and the two balls."""
        tip, radii = vector(0, 0, self.half_length), vector(self.radius, self.radius, self.radius)
        middle = Cylinder(self.centre, self.radius, self.half_length, 2).distance(origin, direction)
        balls = (Ellipsoid(self.centre + sign * tip, radii).distance(origin, direction) for sign in (-1, 1))
        nearest: np.ndarray = np.minimum(middle, np.minimum(*balls))
        return nearest

    def normal(self, point: np.ndarray) -> np.ndarray:
        """Away from the nearest point of the cylinder's axis."""
        offset = point - self.centre
        nearest = np.clip(offset[2], -self.half_length, self.half_length) * vector(0, 0, 1)
        return normalised(offset - nearest)


def first(bodies: Sequence[Body], origin: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distance (n,) to the first body that each ray meets, and which it is (n,), anything on a miss."""
    distance = np.full(direction.shape[1], FAR)
    which = np.zeros(direction.shape[1], np.int8)
    for k, body in enumerate(bodies):
        other = body.distance(origin, direction)
        which[other < distance] = k
        distance = np.minimum(distance, other)
    return distance, which


def _entry(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return the smaller root of a t^2 + 2 b t + c where it is real and positive, else infinity; a >= 0."""
    discriminant = b * b - a * c
    root = (-b - np.sqrt(np.maximum(discriminant, 0))) / np.maximum(a, TINY)
    return np.where((discriminant >= 0) & (root > 0), root, FAR)
