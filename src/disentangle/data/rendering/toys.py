"""Toys of a few boxes, cylinders and ellipsoids: what stands in for the cars of Cars3D and the toys of SmallNORB.

A toy stands on z = 0 around the origin, its front towards +x, and is at most 2 long. Its proportions are given by
numbers in [0, 1), one a proportion.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from disentangle.data.rendering.raycast import FAR, Body, Box, Cylinder, Ellipsoid, camera, first, orbit, vector

BODY, GLASS, TYRE, LAMP, TAIL = range(5)
"""Materials: what a part is made of, an index into a palette."""
PROPORTIONS = 6
SIDE, SAMPLES = 64, 2
FIELD_OF_VIEW = np.radians(34)
DISTANCE = 4.0


@dataclass(frozen=True)
class Toy:
    """Parts with the material of each, and the half length, half width and height of a box that holds them."""

    parts: Sequence[tuple[Body, int]]
    extent: tuple[float, float, float]


class Camera:
    """A camera that looks at a toy's middle from ``azimuth`` (0: its right side) and ``elevation``, in radians."""

    def __init__(self, azimuth: float, elevation: float) -> None:
        self.towards = orbit(azimuth, elevation)
        self.right = vector(np.cos(azimuth), np.sin(azimuth), 0)
        self.origin = DISTANCE * self.towards + vector(0, 0, 0.35)
        self.direction = camera(-self.towards, FIELD_OF_VIEW, SIDE, SAMPLES)

    def see(self, toy: Toy) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return which rays (m,) meet a toy, and of each the normal (3, m) and the material (m,) there."""
        length, width, height = toy.extent
        around = Box(vector(-length, -width, 0), vector(length, width, height))
        near = np.flatnonzero(around.distance(self.origin, self.direction) < FAR)
        distance, part = first([body for body, _ in toy.parts], self.origin, np.take(self.direction, near, axis=1))
        met = distance < FAR
        rays, part = near[met], part[met]
        point = self.origin + distance[met] * self.direction[:, rays]
        normal = np.empty_like(point)
        for k, (body, _) in enumerate(toy.parts):
            mine = part == k
            normal[:, mine] = body.normal(point[:, mine])
        return rays, normal, np.array([material for _, material in toy.parts])[part]


def _span(low: float, high: float, share: float) -> float:
    return float(low + (high - low) * share)


def _block(x: tuple[float, float], half_width: float, z: tuple[float, float]) -> Box:
    return Box(vector(x[0], -half_width, z[0]), vector(x[1], half_width, z[1]))


def _ball(centre: tuple[float, float, float], radii: tuple[float, float, float]) -> Ellipsoid:
    return Ellipsoid(vector(*centre), vector(*radii))


def _rod(centre: tuple[float, float, float], radius: float, half_length: float, axis: int) -> Cylinder:
    return Cylinder(vector(*centre), radius, half_length, axis)


def car(share: np.ndarray) -> Toy:
    """Return a car: a body box, a cabin of glass under a roof, wheels, lamps in front and behind."""
    length, width = _span(0.8, 1, share[0]), _span(0.34, 0.44, share[1])
    wheel, waist, top = _span(0.15, 0.21, share[2]), _span(0.42, 0.52, share[3]), _span(0.68, 0.85, share[4])
    back = _span(-0.95, -0.55, share[5]) * length  # from a van to a car with a boot
    front = back + _span(0.9, 1.2, (share[0] + share[5]) % 1) * length
    parts: list[tuple[Body, int]] = [
        (_block((-length, length), width, (0.7 * wheel, waist)), BODY),
        (_block((back, front), 0.86 * width, (waist, top)), GLASS),
        (_block((back, front - 0.1), 0.88 * width, (top, top + 0.05)), BODY),
        (_block((length, length + 0.02), 0.85 * width, (waist - 0.14, waist - 0.05)), LAMP),
        (_block((-length - 0.02, -length), 0.85 * width, (waist - 0.14, waist - 0.05)), TAIL),
    ]
    parts += [(_rod((x * length, 0, wheel), wheel, width + 0.02, 1), TYRE) for x in (-0.6, 0.6)]
    return Toy(parts, (length + 0.02, width + 0.02, top + 0.05))


def truck(share: np.ndarray) -> Toy:
    """Return a truck: a cab with a windscreen, a load behind it that is as high or higher, wheels."""
    length, width, wheel = _span(0.75, 0.9, share[0]), _span(0.32, 0.4, share[1]), _span(0.15, 0.2, share[2])
    cab, load, start = _span(0.65, 0.8, share[3]), _span(0.8, 1, share[4]), _span(0.25, 0.5, share[5]) * length
    parts: list[tuple[Body, int]] = [
        (_block((-length, length), 0.9 * width, (wheel, wheel + 0.1)), TYRE),
        (_block((start + 0.05, length), width, (wheel + 0.1, cab)), BODY),
        (_block((length, length + 0.02), 0.85 * width, (0.6 * cab, 0.92 * cab)), GLASS),
        (_block((-length, start), width, (wheel + 0.12, load)), BODY),
    ]
    parts += [(_rod((x * length, 0, wheel), wheel, width, 1), TYRE) for x in (-0.75, -0.4, 0.7)]
    return Toy(parts, (length + 0.02, width, load))


def airplane(share: np.ndarray) -> Toy:
    """Return an airplane: a fuselage, wings, a fin and a tailplane."""
    length, girth, height = _span(0.85, 1, share[0]), _span(0.11, 0.17, share[1]), _span(0.3, 0.4, share[2])
    wings, chord, place = _span(0.7, 0.95, share[3]), _span(0.16, 0.28, share[4]), _span(-0.05, 0.25, share[5])
    parts: list[tuple[Body, int]] = [
        (_ball((0, 0, height), (length, girth, girth)), BODY),
        (_block((place - chord, place + chord), wings, (height - 0.03, height + 0.03)), BODY),
        (_block((-length, -0.72 * length), 0.025, (height, height + 0.4)), BODY),
        (_block((-length, -0.76 * length), 0.4 * wings, (height + 0.02, height + 0.07)), BODY),
        (_ball((0.6 * length, 0, height + 0.5 * girth), (0.15, 0.7 * girth, 0.7 * girth)), GLASS),
    ]
    return Toy(parts, (length, wings, height + 0.4))


def human(share: np.ndarray) -> Toy:
    """Return a human: head, torso, arms held forward, legs and feet."""
    height, width, depth = _span(1.05, 1.35, share[0]), _span(0.2, 0.3, share[1]), _span(0.12, 0.2, share[2])
    head, hip, reach = _span(0.12, 0.16, share[3]), _span(0.42, 0.5, share[4]) * height, _span(0.25, 0.5, share[5])
    neck = height - 1.8 * head
    parts: list[tuple[Body, int]] = [
        (_ball((0, 0, height - head), (head, head, head)), BODY),
        (_ball((0, 0, (hip + neck) / 2), (depth, width, (neck - hip) / 2 + 0.08)), BODY),
    ]
    for side in (-1, 1):
        parts.append((_rod((0, side * 0.5 * width, hip / 2), 0.09, hip / 2, 2), BODY))
        parts.append((_ball((0.1, side * 0.5 * width, 0.06), (0.19, 0.09, 0.06)), TYRE))
        parts.append((_rod((reach / 2, side * width, neck - 0.12), 0.06, reach / 2, 0), BODY))
    return Toy(parts, (max(reach, 0.3), width + 0.06, height))


def animal(share: np.ndarray) -> Toy:
    """Return an animal: a trunk on four legs, a head in front, a tail behind."""
    length, girth, legs = _span(0.55, 0.7, share[0]), _span(0.2, 0.32, share[1]), _span(0.25, 0.5, share[2])
    head, neck, leg = _span(0.16, 0.24, share[3]), _span(0.05, 0.4, share[4]), _span(0.06, 0.1, share[5])
    middle = legs + 0.7 * girth
    parts: list[tuple[Body, int]] = [
        (_ball((0, 0, middle), (length, girth, girth)), BODY),
        (_ball((0.95 * length, 0, middle + neck), (1.3 * head, head, head)), BODY),
        (_rod((0.75 * length, 0, middle + neck / 2), 0.6 * head, neck / 2 + 0.05, 2), BODY),
        (_rod((-length - 0.05, 0, middle + 0.05), 0.04, 0.15, 0), BODY),
    ]
    for x in (-0.6, 0.6):
        for side in (-1, 1):
            parts.append((_rod((x * length, side * 0.55 * girth, middle / 2), leg, middle / 2, 2), BODY))
    return Toy(
        parts,
        (max(0.95 * length + 1.3 * head, length + 0.2), max(girth, head), middle + max(neck + head, girth)),
    )


CATEGORIES: tuple[Callable[[np.ndarray], Toy], ...] = (animal, human, airplane, truck, car)
"""In the official order of SmallNORB."""
