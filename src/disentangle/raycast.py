"""Rays of a pinhole camera, and where they meet boxes, cylinders, ellipsoids and capsules.

Vectors are columns: origins (3, 1) or (3, n), unit directions (3, n), float32; z points up. A ray starts outside of what
it meets. A hit is a pair of the distance (n,), infinite where the ray misses, and the outward unit normal (3, n), which
means nothing there.
"""

from collections.abc import Callable, Sequence

import numpy as np

Hit = tuple[np.ndarray, np.ndarray]
Part = Callable[[np.ndarray, np.ndarray], Hit]
"""A body: from origins and directions of rays to their hits."""

FAR = np.float32(np.inf)


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
    right = np.cross(forward, vector(0, 0, 1), axis=0)
    right /= np.linalg.norm(right)
    up = np.cross(right, forward, axis=0)
    edge = np.float32(np.tan(field_of_view / 2))
    steps = ((np.arange(side * samples, dtype=np.float32) + 0.5) / (side * samples) * 2 - 1) * edge
    down, along = (part.ravel() for part in np.meshgrid(steps, steps, indexing="ij"))
    return normalised(forward + along * right - down * up)


def pixels(values: np.ndarray, side: int, samples: int) -> np.ndarray:
    """Return the means (..., side, side) over the rays of each pixel of values (..., n) of the rays of ``camera``."""
    mean: np.ndarray = values.reshape(*values.shape[:-1], side, samples, side, samples).mean((-3, -1))
    return mean


def normalised(vectors: np.ndarray) -> np.ndarray:
    """Return vectors (3, n) over their lengths."""
    scaled: np.ndarray = vectors / np.sqrt(np.square(vectors).sum(0))
    return scaled


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the inner products (n,) of columns."""
    product: np.ndarray = (a * b).sum(0)
    return product


def box(origin: np.ndarray, direction: np.ndarray, low: np.ndarray, high: np.ndarray) -> Hit:
    """Return the hits of the box with corners ``low`` and ``high`` (3, 1): where a ray has entered all three slabs."""
    direction = np.where(direction == 0, np.finfo(np.float32).tiny, direction)
    forward = direction > 0
    enter = (np.where(forward, low, high) - origin) / direction
    leave = (np.where(forward, high, low) - origin) / direction
    axis = enter.argmax(0)
    distance = enter.max(0)
    normal = np.zeros(direction.shape, np.float32)
    rays = np.arange(direction.shape[1])
    normal[axis, rays] = np.where(forward[axis, rays], -1, 1)
    return np.where((distance <= leave.min(0)) & (distance > 0), distance, FAR), normal


def ellipsoid(origin: np.ndarray, direction: np.ndarray, centre: np.ndarray, radii: np.ndarray) -> Hit:
    """Return the hits of the ellipsoid |(p - centre) / radii| = 1; ``radii`` (3, 1)."""
    start, step = (origin - centre) / radii, direction / radii
    distance = _enter(dot(step, step), dot(start, step), dot(start, start) - 1)
    point = start + _finite(distance) * step
    return distance, normalised(point / radii)


def cylinder(
    origin: np.ndarray, direction: np.ndarray, centre: np.ndarray, radius: float, half_length: float, axis: int
) -> Hit:
    """Return the hits of a cylinder with flat ends along one ``axis``, 0 to 2."""
    start, step = np.broadcast_arrays(origin - centre, direction)
    across = [k for k in range(3) if k != axis]
    (a, b), (c, d) = start[across], step[across]
    side = _enter(c * c + d * d, a * c + b * d, a * a + b * b - np.float32(radius**2))
    height = start[axis] + _finite(side) * step[axis]
    side = np.where(np.abs(height) <= half_length, side, FAR)
    # Of the two ends a ray can enter through the one that faces it.
    facing = -np.sign(step[axis])
    end = (facing * np.float32(half_length) - start[axis]) / np.where(step[axis] == 0, 1, step[axis])
    within = (a + end * c) ** 2 + (b + end * d) ** 2 <= np.float32(radius**2)
    end = np.where(within & (facing != 0) & (end > 0), end, FAR)
    normal = np.zeros(step.shape, np.float32)
    round_side = side < end
    reach = _finite(side)
    normal[across[0]] = np.where(round_side, (a + reach * c) / np.float32(radius), 0)
    normal[across[1]] = np.where(round_side, (b + reach * d) / np.float32(radius), 0)
    normal[axis] = np.where(round_side, 0, facing)
    return np.minimum(side, end), normal


def capsule(origin: np.ndarray, direction: np.ndarray, centre: np.ndarray, radius: float, half_length: float) -> Hit:
    """Return the hits of an upright cylinder with half a ball on each end; ``half_length`` is that of the cylinder."""
    tip, radii = vector(0, 0, half_length), vector(radius, radius, radius)
    distance, normal, _ = nearest(
        cylinder(origin, direction, centre, radius, half_length, 2),
        ellipsoid(origin, direction, centre + tip, radii),
        ellipsoid(origin, direction, centre - tip, radii),
    )
    return distance, normal


def nearest(*hits: Hit) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return distance (n,) and normal (3, n) of each ray's first hit, and which of ``hits`` (n,) it is."""
    distance, normal = hits[0]
    which = np.zeros(distance.shape, np.int8)
    for k, (further, other) in enumerate(hits[1:], start=1):
        closer = further < distance
        distance = np.where(closer, further, distance)
        normal = np.where(closer, other, normal)
        which[closer] = k
    return distance, normal, which


def cast(parts: Sequence[Part], origin: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return distance (n,), normal (3, n) and part (n,) of the first body that each ray meets."""
    return nearest(*(part(origin, direction) for part in parts))


def _enter(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return the smaller root of a t^2 + 2 b t + c = 0 where it is real and positive, else infinity."""
    discriminant = b * b - a * c
    safe = np.where(a == 0, 1, a)
    root = (-b - np.sqrt(np.maximum(discriminant, 0))) / safe
    return np.where((discriminant >= 0) & (root > 0) & (a > 0), root, FAR)


def _finite(distance: np.ndarray) -> np.ndarray:
    """Return distances with 0 for a miss, to compute with."""
    return np.where(np.isfinite(distance), distance, np.float32(0))
