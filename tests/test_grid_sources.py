"""Sources of factor grids: what the renderers draw, and what the loaders of official files read and refuse."""

import colorsys
import gzip
import hashlib
import io
import math
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import numpy as np
import pytest
from matplotlib.path import Path as Outline
from PIL import Image
from scipy.io import savemat

from disentangle import registry
from disentangle.data.datasets import mpi3d, mpi3d_complex
from disentangle.data.factors import CARS3D, DSPRITES, MPI3D, MPI3D_COMPLEX, SHAPES3D, SMALLNORB
from disentangle.data.grid import Every, Grid, index_of, kept, rows_of, values_of
from disentangle.data.rendering import room, sprites, toys
from disentangle.data.rendering.raycast import (
    Body,
    Box,
    Capsule,
    Cylinder,
    Ellipsoid,
    camera,
    first,
    normalised,
    orbit,
    pixels,
    vector,
)
from disentangle.data.sources import (
    cars3d_official,
    cars3d_rendered,
    dsprites_official,
    dsprites_rendered,
    mpi3d_complex_official,
    mpi3d_official,
    scream_official,
    scream_photograph,
    shapes3d_official,
    shapes3d_rendered,
    smallnorb_official,
    smallnorb_rendered,
)
from disentangle.errors import InputError


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def pictures(grid: Grid) -> np.ndarray:
    """Return the images (*sizes, H, W, C), unpacked."""
    images = np.unpackbits(grid.images, axis=1) if grid.binary else grid.images
    return images.reshape(*grid.sizes.values(), *grid.shape)


RENDERED: dict[ModuleType, tuple[Mapping[str, int], Mapping[str, int], Mapping[str, int]]] = {
    dsprites_rendered: (
        DSPRITES,
        {"scale": 2, "orientation": 13, "x": 5, "y": 10},
        {"shape": 2, "scale": 4, "orientation": 13, "x": 15, "y": 30},
    ),
    shapes3d_rendered: (
        SHAPES3D,
        {"floor_hue": 4, "wall_hue": 3, "object_hue": 5, "scale": 3, "orientation": 7},
        {"floor_hue": 8, "wall_hue": 6, "object_hue": 5, "scale": 6, "shape": 2, "orientation": 7},
    ),
    cars3d_rendered: (CARS3D, {"azimuth": 5, "object": 30}, {"elevation": 2, "azimuth": 10, "object": 90}),
    smallnorb_rendered: (
        SMALLNORB,
        {"instance": 4, "elevation": 4, "azimuth": 9},
        {"category": 2, "instance": 8, "elevation": 4, "azimuth": 9, "lighting": 2},
    ),
}


@pytest.mark.parametrize("module", RENDERED, ids=lambda module: module.__name__.split(".")[-1])
def test_a_sub_grid_is_the_strided_whole(module: ModuleType) -> None:
    sizes, fine, coarse = RENDERED[module]
    whole, part = module.Source().load(rng(), fine), module.Source().load(rng(), coarse)
    steps = tuple(slice(None, None, coarse.get(name, 1) // fine.get(name, 1)) for name in sizes)
    expected = pictures(whole)[steps]
    assert list(part.sizes) == list(sizes) and tuple(part.sizes.values()) == expected.shape[: len(sizes)]
    np.testing.assert_array_equal(pictures(part), expected)
    with pytest.raises(InputError, match="every: no factor 'colour'"):
        module.Source().load(rng(), {"colour": 1})
    assert module.Source().files() == []


@pytest.mark.parametrize("module", RENDERED, ids=lambda module: module.__name__.split(".")[-1])
def test_listed_values_are_shown_as_listed(module: ModuleType) -> None:
    sizes, _, coarse = RENDERED[module]
    strided = module.Source().load(rng(), coarse)
    backwards = {name: kept[::-1].tolist() for name, kept in kept(sizes, coarse).items()}
    listed = module.Source().load(rng(), backwards)
    assert (listed.sizes, listed.shape, listed.binary) == (strided.sizes, strided.shape, strided.binary)
    np.testing.assert_array_equal(pictures(listed), pictures(strided)[(slice(None, None, -1),) * len(sizes)])


# dSprites


@pytest.fixture(scope="module")
def whole() -> np.ndarray:
    """All of dSprites, packed, as (3, 6, 40, 32, 32, 512)."""
    grid = dsprites_rendered.Source().load(rng(), {})
    assert grid.images.shape == (737_280, 512) and grid.images.dtype == np.uint8
    assert grid.binary and grid.shape == (64, 64, 1) and grid.sizes == DSPRITES
    return grid.images.reshape(3, 6, 40, 32, 32, 512)


def frame(whole: np.ndarray, *values: int) -> np.ndarray:
    return np.unpackbits(whole[values]).reshape(64, 64)


def naive_sprite(shape: int, scale: float, angle: float, cx: float, cy: float) -> np.ndarray:
    """Draw one frame in float64, all of its pixels, the heart as the polygon of its curve."""
    y, x = np.mgrid[:64, :64] + 0.5
    turn = np.exp(1j * angle)  # with y down, a factor of e^{i a} turns the plane clockwise; here the pixels are turned
    z = ((x - cx) + 1j * (y - cy)) * turn / scale
    u, v = z.real, z.imag
    if shape == 0:
        return np.maximum(abs(u), abs(v)) <= 9.6
    if shape == 1:
        return (u / 12.76) ** 2 + (v / 7.22) ** 2 <= 1
    t = np.linspace(0, 2 * np.pi, 3000)
    a = 0.59961 * 16 * np.sin(t) ** 3
    b = -0.66220 * (13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) - 1.43656
    inside = Outline(np.column_stack([a, b])).contains_points(np.column_stack([u.ravel(), v.ravel()]))
    return inside.reshape(64, 64)


def test_frames_equal_a_naive_drawing(whole: np.ndarray) -> None:
    drawn = rng(3)
    for shape in range(3):
        wrong = 0
        for _ in range(80):
            i, j, x, y = (int(drawn.integers(n)) for n in (6, 40, 32, 32))
            scale, angle = 0.5 + 0.1 * i, 2 * np.pi * j / 39
            expected = naive_sprite(shape, scale, angle, 16 + 32 * x / 31, 16 + 32 * y / 31)
            wrong += int((frame(whole, shape, i, j, x, y) != expected).sum())
        assert wrong <= 3, shape  # of some 12,000 white pixels: those that lie on an edge to within rounding


def test_the_square_by_hand(whole: np.ndarray) -> None:
    large = np.zeros((64, 64), np.uint8)
    large[6:26, 6:26] = 1  # centre 16, half a side 9.6: pixel centres 6.5 to 25.5
    np.testing.assert_array_equal(frame(whole, 0, 5, 0, 0, 0), large)
    small = np.zeros((64, 64), np.uint8)
    small[43:53, 11:21] = 1  # half a side 4.8, around x 16, y 48
    np.testing.assert_array_equal(frame(whole, 0, 0, 0, 0, 31), small)


def test_areas_are_those_of_the_curves(whole: np.ndarray) -> None:
    t = np.linspace(0, np.pi, 20001)
    u = 0.59961 * 16 * np.sin(t) ** 3
    v = 0.66220 * (13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
    heart = 2 * abs(np.trapezoid(u, v))
    for shape, area in enumerate((19.2**2, math.pi * 12.76 * 7.22, heart)):
        for k, scale in enumerate(np.linspace(0.5, 1, 6)):
            ink = np.unpackbits(whole[shape, k, :39, ::5, ::5], axis=-1).sum(-1).mean()
            assert ink == pytest.approx(area * scale**2, rel=0.005)


def test_the_heart_is_symmetric_and_points_down(whole: np.ndarray) -> None:
    for x in (0, 31):  # centres 16 and 48, between two pixels
        heart = frame(whole, 2, 5, 0, x, 12)
        centre = 16 + 32 * x // 31
        around = heart[:, centre - 16 : centre + 16]
        np.testing.assert_array_equal(around, around[:, ::-1])
    rows = np.flatnonzero(heart.any(1))
    assert heart[rows[0]].sum() > 2 and heart[rows[0], 47:49].sum() == 0  # two lobes, a notch between them
    assert heart[rows[-1]].sum() <= 2  # the tip


def test_sprites_turn_anticlockwise_and_come_back(whole: np.ndarray) -> None:
    np.testing.assert_array_equal(whole[:, :, 0], whole[:, :, 39])
    turned = frame(whole, 2, 5, 10, 0, 0)  # 92 degrees: the tip, at first below, is to the right
    columns = np.flatnonzero(turned.any(0))
    assert turned[:, columns[-1]].sum() <= 2 and turned[14:18, columns[-1]].any()
    assert turned[:, columns[:4]].sum() > 2 * turned[:, columns[-4:]].sum()  # the lobes, to the left
    assert not turned[15:17, columns[:2]].any()  # with a notch between them
    y, x = np.nonzero(frame(whole, 1, 5, 5, 0, 0))  # 46 degrees: the ellipse rises to the right
    assert np.corrcoef(x, -y)[0, 1] > 0.4


def test_positions_are_32_31sts_of_a_pixel_apart(whole: np.ndarray) -> None:
    ink = np.unpackbits(whole[1, 5, 0], axis=-1).reshape(32, 32, 64, 64)
    total = ink.sum((-2, -1))
    middle = np.arange(64) + 0.5
    x, y = (ink.sum(2) @ middle) / total, (ink.sum(3) @ middle) / total
    expected = 16 + 32 * np.arange(32) / 31
    np.testing.assert_allclose(x, np.broadcast_to(expected[:, None], x.shape), atol=0.3)
    np.testing.assert_allclose(y, np.broadcast_to(expected, y.shape), atol=0.3)
    np.testing.assert_array_equal(ink[31, 31, 32:, 32:], ink[0, 0, :32, :32])  # 32 whole pixels
    assert (np.diff(ink.any(2).argmax(-1), axis=0) >= 0).all() and ink[0].any(1).argmax(-1).max() < 32
    # nothing is cut off at the edges of the image
    edges = np.unpackbits(whole[:, 5, ::3, ::31, ::31], axis=-1).reshape(-1, 64, 64)
    assert not edges[:, [0, -1]].any() and not edges[:, :, [0, -1]].any()


def test_scales_and_angles() -> None:
    np.testing.assert_allclose(sprites.SCALES, [0.5, 0.6, 0.7, 0.8, 0.9, 1])
    np.testing.assert_allclose(sprites.ANGLES[:39], np.linspace(0, 2 * np.pi, 40)[:39])
    assert sprites.ANGLES[39] == sprites.ANGLES[0] == 0


# The ray caster

ROUND = vector(0.1, -0.2, 0.3)
BODIES: dict[str, tuple[Body, Any]] = {
    "box": (
        Box(vector(-0.4, -0.2, 0), vector(0.3, 0.5, 0.6)),
        lambda p: (np.abs(p - vector(-0.05, 0.15, 0.3)) / vector(0.35, 0.35, 0.3)).max(0) - 1,
    ),
    "ellipsoid": (
        Ellipsoid(ROUND, vector(0.3, 0.5, 0.2)),
        lambda p: np.sqrt((((p - ROUND) / vector(0.3, 0.5, 0.2)) ** 2).sum(0)) - 1,
    ),
    "capsule": (
        Capsule(ROUND, 0.2, 0.3),
        lambda p: np.linalg.norm((p - ROUND) - np.clip((p - ROUND)[2], -0.3, 0.3) * vector(0, 0, 1), axis=0) / 0.2 - 1,
    ),
}
for axis in range(3):
    BODIES[f"cylinder{axis}"] = (
        Cylinder(ROUND, 0.25, 0.4, axis),
        lambda p, axis=axis: (
            np.maximum(np.linalg.norm(np.delete(p - ROUND, axis, 0), axis=0) / 0.25, np.abs((p - ROUND)[axis]) / 0.4)
            - 1
        ),
    )


@pytest.mark.parametrize(("body", "outside"), BODIES.values(), ids=BODIES)
def test_rays_meet_a_body_where_they_first_enter_it(body: Body, outside: Any) -> None:
    """``outside`` is negative within the body: of each ray, sampled finely, the first such point is near the hit."""
    origin = normalised(rng(1).normal(size=(3, 400)).astype(np.float32)) * np.float32(2)
    aim = rng(2).uniform(-0.5, 0.7, (3, 400)).astype(np.float32)
    direction = normalised(aim - origin)
    distance = body.distance(origin, direction)
    steps = np.linspace(0, 4, 2001)
    along = origin[:, :, None].astype(float) + direction[:, :, None] * steps
    within = np.stack([outside(along[:, k]) for k in range(400)]) < -1e-4
    entered = within.any(1)
    assert 50 < entered.sum() < 390
    np.testing.assert_allclose(distance[entered], steps[within.argmax(1)][entered], atol=0.02)
    grazing = np.isfinite(distance) & ~entered
    assert grazing.sum() <= 4  # between two samples of a ray
    point = origin + np.where(np.isfinite(distance), distance, 0) * direction
    hit = np.isfinite(distance)
    np.testing.assert_allclose(outside(point[:, hit]), 0, atol=1e-4)
    normal = body.normal(point[:, hit])
    np.testing.assert_allclose(np.linalg.norm(normal, axis=0), 1, rtol=1e-5)
    assert (outside(point[:, hit] + 0.01 * normal) > 0).all() and (outside(point[:, hit] - 0.01 * normal) < 0).all()
    assert ((normal * direction[:, hit]).sum(0) < 1e-3).all()  # it faces where the ray comes from
    behind = body.distance(origin[:, hit], -direction[:, hit])
    assert np.isinf(behind).all()


def test_hits_by_hand() -> None:
    origin, forward = vector(0, -2, 0.5), vector(0, 1, 0)
    cases: list[tuple[Body, float]] = [
        (Box(vector(-1, -0.5, 0), vector(1, 1, 1)), 1.5),
        (Ellipsoid(vector(0, 0, 0.5), vector(0.1, 0.3, 0.1)), 1.7),
        (Cylinder(vector(0, 0, 0.5), 0.2, 0.6, 0), 1.8),
        (Cylinder(vector(0, 0, 0.5), 0.2, 0.6, 1), 1.4),
        (Capsule(vector(0, 0, 0), 0.25, 0.6), 1.75),
    ]
    for body, distance in cases:
        assert body.distance(origin, forward)[0] == pytest.approx(distance)
        assert body.normal(origin + np.float32(distance) * forward)[:, 0].tolist() == pytest.approx(
            [0, -1, 0], abs=1e-6
        )
        assert np.isinf(body.distance(origin, -forward))
        assert np.isinf(body.distance(origin + vector(3, 0, 0), forward))
    distance, which = first([body for body, _ in cases], origin, forward)
    assert (distance[0], which[0]) == (pytest.approx(1.4), 3)


def test_the_camera() -> None:
    for azimuth, towards in ((0, (0, -1, 0)), (90, (1, 0, 0)), (180, (0, 1, 0))):
        assert orbit(np.radians(azimuth), 0)[:, 0].tolist() == pytest.approx(towards, abs=1e-6)
    assert orbit(0, np.radians(30))[:, 0].tolist() == pytest.approx([0, -math.sqrt(3) / 2, 0.5])
    rays = camera(vector(0, 1, 0), np.radians(90), 4, 2).reshape(3, 8, 8)
    np.testing.assert_allclose(np.linalg.norm(rays, axis=0), 1, rtol=1e-6)
    # at a distance of 1 the image spans -1 to 1: eight rays a side, at -7/8, -5/8, ...
    steps = np.arange(-7, 8, 2) / 8
    np.testing.assert_allclose(rays[0] / rays[1], np.broadcast_to(steps, (8, 8)), rtol=1e-5)  # to the right
    np.testing.assert_allclose(rays[2] / rays[1], np.broadcast_to(-steps[:, None], (8, 8)), rtol=1e-5)  # down
    values = np.arange(16, dtype=np.float32)
    assert pixels(values, 2, 2).tolist() == [[2.5, 4.5], [10.5, 12.5]]


# 3D Shapes


def test_hues_are_the_ten_saturated_ones() -> None:
    assert [tuple(hue) for hue in room.HUES.tolist()] == [
        (255, 0, 0),
        (255, 153, 0),
        (204, 255, 0),
        (51, 255, 0),
        (0, 255, 102),
        (0, 255, 255),
        (0, 102, 255),
        (51, 0, 255),
        (204, 0, 255),
        (255, 0, 153),
    ]


def scene(*values: int) -> np.ndarray:
    """Return one image of 3D Shapes by its official values, from a grid that holds little else."""
    every = {
        name: max(value, 1) if value else size for (name, size), value in zip(SHAPES3D.items(), values, strict=True)
    }
    grid = pictures(shapes3d_rendered.Source().load(rng(), every))
    return grid[tuple(min(value, 1) for value in values)].astype(int)


def test_colours_of_a_scene_are_exact() -> None:
    """Red floor, green wall, blue body of a middle size, seen from the middle: the shades leave the hues apart."""
    for shape in range(4):
        image = scene(0, 3, 7, 4, shape, 7)
        assert (image[:10] == (153, 226, 249)).all()  # the sky
        assert (image[-4:] == (255, 0, 0)).all()  # the floor before the body
        assert (image[28, :16] == (51, 255, 0)).all()  # the far wall, fully lit
        shadow = (image == (84, 0, 0)).all(-1)  # 0.33 of 255
        assert shadow.sum() > 8
        columns = np.nonzero(shadow)[1]
        assert columns.mean() > 34 and columns.max() > 38 and columns.min() > 20  # the sun is to the left
        maps = room.shades(room.View(0), shape, room.SCALES[4])
        body = (maps[..., :3] == 0).all(-1)
        assert body[38, 31] and body.sum() > 60
        expected = maps[body][:, 3:] * [51, 0, 255]  # blue, as bright as its shade
        np.testing.assert_allclose(image[body], expected, atol=0.5 + 1e-3)
        assert 100 < image[body][:, 2].min() < image[body][:, 2].max() <= 255


def test_the_three_hues_colour_their_own_part_alone() -> None:
    base = scene(1, 1, 1, 4, 2, 3)
    changed = [np.abs(scene(*hues, 4, 2, 3) - base).max(-1) > 0 for hues in ((2, 1, 1), (1, 2, 1), (1, 1, 2))]
    view = room.View(room.ORIENTATIONS[3])
    maps = room.shades(view, 2, room.SCALES[4])
    for part, where in zip((1, 2, 3), changed, strict=True):
        np.testing.assert_array_equal(where[maps[..., part] > 0.05], True)
        np.testing.assert_array_equal(where[maps[..., part] == 0], False)


@pytest.mark.parametrize("degrees", [-30, 0, 17.5])
def test_shades_of_walls_follow_their_angle(degrees: float) -> None:
    maps = room.shades(room.View(np.radians(degrees)), 2, 1.0)
    level = math.cos(math.radians(2))
    far = min(0.42 + 0.62 * math.cos(math.radians(degrees)) * level, 1)
    near = 0.42 + 0.62 * math.sin(math.radians(abs(degrees))) * level
    walls = maps[..., 2]
    assert np.isclose(walls, far, atol=1e-5).sum() > 200
    assert (np.isclose(walls, near, atol=1e-5).sum() > 50) == (degrees != 0)
    assert walls.max() <= far + 1e-5
    if degrees:  # from the left the camera looks at the right wall
        columns = np.nonzero(np.isclose(walls, near, atol=1e-5))[1]
        assert columns.min() > 31 if degrees < 0 else columns.max() < 32


def naive_sphere(scale: float, degrees: float) -> np.ndarray:
    """Cast the scene of a sphere ray by ray, in float64, with its own camera and its own intersections."""
    theta, tilt, radius = math.radians(degrees), math.radians(2), 1.14 * 0.066 * scale
    eye = np.array([0.46 * math.sin(theta), -0.46 * math.cos(theta), 0.125])
    axis = np.array([-math.sin(theta) * math.cos(tilt), math.cos(theta) * math.cos(tilt), math.sin(tilt)])
    right = np.array([math.cos(theta), math.sin(theta), 0])
    up = np.cross(right, axis)
    sun = np.array([-0.45, -0.03, 1]) / np.linalg.norm([-0.45, -0.03, 1])
    ball = np.array([0, 0, radius])

    def meets(start: np.ndarray, ray: np.ndarray) -> float:
        closest = (ball - start) @ ray
        gap = np.linalg.norm(start + closest * ray - ball)
        return closest - math.sqrt(radius**2 - gap**2) if gap < radius and closest > 0 else math.inf

    maps = np.zeros((64, 64, 4))
    edge = math.tan(math.radians(25))
    for row, column in np.ndindex(192, 192):
        ray = axis + edge * ((2 * column + 1) / 192 - 1) * right - edge * ((2 * row + 1) / 192 - 1) * up
        ray /= np.linalg.norm(ray)
        hit = meets(eye, ray)
        to_walls = [(math.copysign(1, ray[k]) - eye[k]) / ray[k] for k in (0, 1)]
        wall, k = min((t, k) for k, t in enumerate(to_walls))
        if math.isfinite(hit):
            normal = (eye + hit * ray - ball) / radius
            shade = min(0.40 + 0.46 * max(-normal @ ray, 0) + 0.30 * max(normal @ sun, 0), 1)
            part = 3
        elif ray[2] < 0 and -eye[2] / ray[2] < wall:
            part, shade = 1, 0.33 if math.isfinite(meets(eye - eye[2] / ray[2] * ray, sun)) else 1
        elif eye[2] + wall * ray[2] < 0.51:
            part, shade = 2, min(0.42 + 0.62 * math.copysign(1, ray[k]) * axis[k], 1)
        else:
            part, shade = 0, 1
        maps[row // 3, column // 3, part] += shade / 9
    return maps


def test_maps_equal_a_naive_ray_caster() -> None:
    for scale, k in ((0.75, 3),):
        expected = naive_sphere(scale, np.linspace(-30, 30, 15)[k])
        found = room.shades(room.View(room.ORIENTATIONS[k]), 2, scale)
        assert np.abs(found - expected).max() < 0.12  # a ray that passes an edge otherwise is a ninth of a pixel
        assert (np.abs(found - expected) > 1e-4).sum() <= 6


# Toys


@pytest.mark.parametrize("build", toys.CATEGORIES, ids=lambda build: build.__name__)
def test_toys_lie_within_their_extent_and_the_image(build: Any) -> None:
    for seed in range(6):
        toy = build(rng(seed).random(toys.PROPORTIONS))
        for azimuth, elevation in ((0, 5), (100, 30), (222, 70)):
            view = toys.Camera(np.radians(azimuth), np.radians(elevation))
            rays, normal, material = view.see(toy)
            distance, part = first([body for body, _ in toy.parts], view.origin, view.direction)
            np.testing.assert_array_equal(rays, np.flatnonzero(np.isfinite(distance)))
            np.testing.assert_array_equal(material, np.array([m for _, m in toy.parts])[part[rays]])
            np.testing.assert_allclose(np.linalg.norm(normal, axis=0), 1, rtol=1e-4)
            seen = np.zeros(128 * 128, bool)
            seen[rays] = True
            picture = seen.reshape(128, 128)
            assert 0.03 < picture.mean() < 0.6
            assert (
                not picture[0].any() and not picture[-1].any() and not picture[:, 0].any() and not picture[:, -1].any()
            )


def test_cars_turn_rise_and_have_their_own_colours() -> None:
    grid = cars3d_rendered.Source().load(rng(), {"azimuth": 6, "object": 61})
    images = pictures(grid).astype(int)  # 4 elevations, azimuths 0, 90, 180, 270 degrees, 3 cars
    assert (images[..., 0, :, :] == 255).all()  # white around
    tyres = images.max(-1) < 40
    assert tyres[:, ::2].sum((-2, -1)).min() > 20  # seen from both sides
    inked = (images < 255).any(-1)
    width = inked.any(-2).sum(-1)
    assert (width[:, [0, 2]] > 1.5 * width[:, [1, 3]]).all()  # long from the side, short from before and behind
    np.testing.assert_array_equal(inked[:, 0], inked[:, 2, :, :, ::-1])  # the two sides mirror each other
    height = inked.any(-1).sum(-1)
    assert (np.diff(height, axis=0) >= 0).all()  # more of the top is seen from higher
    before = cars3d_rendered.palette(np.array([0.0, 0.0, 1.0]))
    assert before[toys.BODY].tolist() == [255, 0, 0]
    hue, _, _ = colorsys.rgb_to_hsv(*cars3d_rendered.palette(np.array([0.6, 0.5, 0.2]))[toys.BODY] / 255)
    assert hue == pytest.approx(0.6)


def test_a_front_has_lamps_and_a_back_has_others() -> None:
    car = toys.car(np.full(toys.PROPORTIONS, 0.5))
    for azimuth, lamp, other in ((90, toys.LAMP, toys.TAIL), (270, toys.TAIL, toys.LAMP)):
        _, normal, material = toys.Camera(np.radians(azimuth), 0.1).see(car)
        assert (material == lamp).sum() > 50 and (material == other).sum() == 0
        along = normal[0, material == lamp]
        np.testing.assert_allclose(along[np.abs(along) > 0.5], 1 if lamp == toys.LAMP else -1)
    _, _, material = toys.Camera(0, 0.1).see(car)
    assert set(material.tolist()) >= {toys.BODY, toys.GLASS, toys.TYRE}


def test_lights_shade_toys_and_background() -> None:
    grid = smallnorb_rendered.Source().load(rng(), {"instance": 9, "elevation": 4, "azimuth": 6})
    images = pictures(grid)[..., 0].astype(float)  # 5 categories, 2 instances, 3 elevations, 3 azimuths, 6 lights
    assert grid.nuisance == ("instance",)
    np.testing.assert_array_equal(images[..., ::2, 0, 0], 160)
    np.testing.assert_array_equal(images[..., 1::2, 0, 0], 112)
    np.testing.assert_allclose(images[..., 1::2, :, :], 0.7 * images[..., ::2, :, :], atol=1.01)  # dimmed
    ball = toys.Toy([(Ellipsoid(vector(0, 0, 0.5), vector(0.5, 0.5, 0.5)), toys.BODY)], (0.5, 0.5, 1))
    left, right = smallnorb_rendered.pictures(
        toys.Camera(0.7, 0.6), ball, [smallnorb_rendered.LIGHTS[0], smallnorb_rendered.LIGHTS[4]]
    ).astype(int)
    np.testing.assert_allclose(left, right[:, ::-1], atol=2)  # from the one side and from the other
    assert left[30, 24] > left[30, 39] + 40


# Official files


def hdf5(path: Path, **arrays: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array, chunks=(1, *array.shape[1:]), compression="gzip")


def accept(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a source take the files that are there for the official ones."""
    now = [
        archive | {"md5": hashlib.md5(Path(archive["path"]).read_bytes()).hexdigest()} for archive in module.ARCHIVES
    ]
    monkeypatch.setattr(module, "ARCHIVES", tuple(now))


def message(source: Any, every: Every | None = None) -> str:
    with pytest.raises(InputError) as caught:
        source.load(rng(), every or {})
    assert "\n" not in str(caught.value)
    return str(caught.value)


TINY = {"shape": 3, "scale": 2, "orientation": 2, "x": 3, "y": 2}
TINY_COUNT = 72


@pytest.fixture
def tiny_sprites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """A dSprites of 72 random images; the source is told its sizes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dsprites_official, "DSPRITES", TINY)
    dsprites_official.HDF5.parent.mkdir(parents=True)
    return {
        "imgs": rng(7).integers(0, 2, (TINY_COUNT, 64, 64), dtype=np.uint8),
        "latents_classes": np.pad(values_of(np.arange(TINY_COUNT), TINY), ((0, 0), (1, 0))),
        "metadata": np.array({"date": "a pickle, which is never opened"}, dtype=object),
    }


@pytest.mark.parametrize("twin", ["hdf5", "npz"])
@pytest.mark.parametrize("every", [{}, {"scale": 2, "x": 2}, {"shape": [2, 0], "x": [1, 2, 0], "y": [1]}])
def test_dsprites_are_read_from_either_file(
    tiny_sprites: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch, twin: str, every: Every
) -> None:
    monkeypatch.setattr("disentangle.data.official.BLOCK", 10)
    if twin == "hdf5":
        hdf5(dsprites_official.HDF5, imgs=tiny_sprites["imgs"])
        accept(dsprites_official, monkeypatch)
    else:
        np.savez_compressed(dsprites_official.NPZ, **tiny_sprites)
    source = dsprites_official.Source()
    assert source.files() == [dsprites_official.HDF5.with_suffix(f".{twin}")]
    grid = source.load(rng(), every)
    expected = tiny_sprites["imgs"].reshape(*TINY.values(), 64, 64)[np.ix_(*kept(TINY, every).values())]
    assert (grid.binary, grid.shape, tuple(grid.sizes.values())) == (True, (64, 64, 1), expected.shape[:5])
    np.testing.assert_array_equal(pictures(grid)[..., 0], expected)


def test_dsprites_say_what_they_cannot_use(
    tiny_sprites: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, h5, npz = dsprites_official.Source(), dsprites_official.HDF5, dsprites_official.NPZ
    assert "hdf5: not found. Put https://github.com/deepmind/dsprites-dataset/raw/master/" in message(source)
    assert "every: no factor 'colour'" in message(source, {"colour": 1})
    table = tiny_sprites["latents_classes"]
    for name, changed, found in (
        ("imgs", tiny_sprites["imgs"][:-1], "found 'imgs' of shape (71, 64, 64), uint8; allowed: (72, 64, 64), uint8."),
        ("imgs", tiny_sprites["imgs"].astype(bool), "found 'imgs' of shape (72, 64, 64), bool"),
        ("imgs", tiny_sprites["imgs"] * 255, "missing or damaged (pixels of 255, not 0 or 1)"),
        ("latents_classes", table[::-1], "its latents_classes are not those of the official file (colour 1, shape 3,"),
        ("latents_classes", table[:, 1:], "found 'latents_classes' of shape (72, 5), int64; allowed: (72, 6), int64."),
        ("latents_classes", table.astype(object), "found 'latents_classes' of shape (72, 6), object; allowed: (72, 6)"),
    ):
        np.savez(npz, **(tiny_sprites | {name: changed}))
        assert message(source).startswith(f"{npz}: {found}")
    np.savez(npz, imgs=tiny_sprites["imgs"])
    assert message(source).startswith(f"{npz}: missing or damaged (")
    np.savez(npz, **tiny_sprites)
    npz.write_bytes(npz.read_bytes()[:-3000])
    assert message(source).startswith(f"{npz}: missing or damaged (")
    h5.write_bytes(b"half of it")  # beside the twin: what is called official must be
    assert f"{h5}: not the official file: expected md5 b331c4447a651c44bf5e8ae09022e230, found" in message(source)
    accept(dsprites_official, monkeypatch)
    assert message(source).startswith(f"{h5}: missing or damaged (")
    hdf5(h5, images=tiny_sprites["imgs"])
    accept(dsprites_official, monkeypatch)
    assert message(source).startswith(f"{h5}: missing or damaged (")
    with h5py.File(h5, "w") as file:
        file.create_group("imgs")
    accept(dsprites_official, monkeypatch)
    assert message(source).startswith(f"{h5}: missing or damaged (")
    with h5py.File(h5, "w") as file:  # one chunk of 1 GiB, of which nothing is stored
        file.create_dataset("imgs", (72, 64, 64), "u1", chunks=(72, 64, 64), maxshape=(None, 64, 64), compression=1)
    monkeypatch.setattr("disentangle.data.official.BLOCK", 71)
    accept(dsprites_official, monkeypatch)
    assert message(source) == f"{h5}: missing or damaged (chunks of (72, 64, 64))."


@pytest.mark.parametrize("name", ["imgs", "latents_classes"])
def test_arrays_of_dsprites_are_as_long_as_they_say(
    tiny_sprites: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    source, npz = dsprites_official.Source(), dsprites_official.NPZ
    whole = {}
    for other in ("imgs", "latents_classes"):
        np.lib.format.write_array(file := io.BytesIO(), tiny_sprites[other])
        whole[other] = file.getvalue()
    body = whole[name][128:]

    def said(content: bytes) -> str:
        with zipfile.ZipFile(npz, "w", zipfile.ZIP_DEFLATED) as archive:
            for other, array in (whole | {name: content}).items():
                archive.writestr(f"{other}.npy", array)
        tracemalloc.start()
        try:
            found = message(source)
            assert tracemalloc.get_traced_memory()[1] < 1 << 24
            return found
        finally:
            tracemalloc.stop()

    trillion = whole[name].replace(b"(72,", b"(1000000000000,", 1)[: -len(body)] + body
    header = np.lib.format.magic(1, 0) + struct.pack("<H", len(text := trillion[10 : -len(body)])) + text
    assert said(header + body).startswith(f"{npz}: found '{name}' of shape (1000000000000, ")
    assert said(whole[name] + bytes(1 << 26)).startswith(
        f"{npz}: missing or damaged ({name} goes on behind its 72 rows"
    )
    assert said(whole[name][:-1]).startswith(f"{npz}: missing or damaged (")
    assert said(b"not an array").startswith(f"{npz}: missing or damaged (")


def test_shapes3d_is_read_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("disentangle.data.official.BLOCK", 7)
    sizes = {"floor_hue": 2, "wall_hue": 3, "object_hue": 2, "scale": 1, "shape": 2, "orientation": 1}
    monkeypatch.setattr(shapes3d_official, "SHAPES3D", sizes)
    source, path = shapes3d_official.Source(), shapes3d_official.HDF5
    assert source.files() == [path]
    assert message(source).startswith(f"{path}: not found. Put https://storage.googleapis.com/3d-shapes/3dshapes.h5")
    images = rng(1).integers(0, 256, (24, 64, 64, 3), dtype=np.uint8)
    hdf5(path, images=images, labels=np.zeros((24, 6)))
    assert "not the official file: expected md5 099a2078d58cec4daad0702c55d06868" in message(source)
    accept(shapes3d_official, monkeypatch)
    whole = source.load(rng(), {})
    np.testing.assert_array_equal(whole.images, images)
    assert (whole.sizes, whole.shape, whole.binary) == (sizes, (64, 64, 3), False)
    part = source.load(rng(), {"wall_hue": 2, "object_hue": 2})
    np.testing.assert_array_equal(pictures(part), images.reshape(2, 3, 2, 1, 2, 1, 64, 64, 3)[:, ::2, ::2])
    part = source.load(rng(), {"wall_hue": [2, 0], "shape": [1, 0]})
    np.testing.assert_array_equal(
        pictures(part), images.reshape(2, 3, 2, 1, 2, 1, 64, 64, 3)[:, [2, 0]][:, :, :, :, ::-1]
    )
    hdf5(path, images=images[1:])
    accept(shapes3d_official, monkeypatch)
    assert message(source) == (
        f"{path}: found 'images' of shape (23, 64, 64, 3), uint8; allowed: (24, 64, 64, 3), uint8."
    )


def pack_cars(cars: dict[str, np.ndarray]) -> None:
    cars3d_official.ARCHIVE.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(cars3d_official.ARCHIVE, "w:gz") as tar:
        content = {"data/sprites/sprites.mat": b"never read", "data/cars/list.txt": b"b\na\n"}
        for name, array in cars.items():
            savemat(file := io.BytesIO(), {"im": array})
            content[f"data/cars/{name}.mat"] = file.getvalue()
        for name, data in content.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


def test_cars3d_are_turned_sorted_and_halved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cars3d_official, "CARS3D", CARS3D | {"object": 2})
    source, archive = cars3d_official.Source(), cars3d_official.ARCHIVE
    assert source.files() == [archive]
    assert message(source).startswith(f"{archive}: not found. Put http://www.scottreed.info/files/nips2015")
    cars = {}
    for name, red in (("b", 200), ("a", 100)):
        cars[name] = np.zeros((128, 128, 3, 24, 4), np.uint8)
        cars[name][:64, :, 0] = red  # the upper half
        cars[name][..., 1, :, :] = np.arange(24)[:, None]  # green tells the azimuth
        cars[name][..., 2, :, :] = 50 * np.arange(4)  # blue the elevation
    pack_cars(cars)
    assert "not the official file: expected md5 4e866a7919c1beedf53964e6f7a23686" in message(source)
    accept(cars3d_official, monkeypatch)
    grid = source.load(rng(), {})
    assert (grid.shape, len(grid.images), grid.binary) == ((64, 64, 3), 4 * 24 * 2, False)
    for elevation, azimuth, k in ((0, 0, 0), (3, 0, 1), (1, 17, 0), (2, 23, 1)):
        image = grid.images[index_of(np.array([elevation, azimuth, k]), grid.sizes)]
        assert image[5, 40].tolist() == [(100, 200)[k], azimuth, 50 * elevation]
        assert image[60, 3].tolist() == [0, azimuth, 50 * elevation]
    part = source.load(rng(), {"elevation": 3, "azimuth": 7, "object": 2})
    np.testing.assert_array_equal(pictures(part), pictures(grid)[::3, ::7, ::2])
    part = source.load(rng(), {"elevation": [3, 1], "azimuth": [5, 23, 0], "object": [1, 0]})
    np.testing.assert_array_equal(pictures(part), pictures(grid)[[3, 1]][:, [5, 23, 0]][:, :, ::-1])

    noise = rng(1).integers(0, 256, (128, 128, 3, 24, 4), dtype=np.uint8)
    pack_cars({"a": noise, "b": noise})
    accept(cars3d_official, monkeypatch)
    found = source.load(rng(), {"elevation": 4, "azimuth": 24}).images[1]
    expected = Image.fromarray(np.ascontiguousarray(noise[..., 0, 0])).resize((64, 64), Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(found, np.asarray(expected))

    entry = tarfile.TarInfo("data/cars/a.mat")
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
        entry.type, entry.linkname = kind, "/dev/zero"
        with tarfile.open(archive, "w:gz") as tar:
            tar.addfile(entry)
        accept(cars3d_official, monkeypatch)
        assert message(source) == f"{archive}: found 0 cars; allowed: 2."
    entry.type, entry.size = tarfile.REGTYPE, 1 << 40
    archive.write_bytes(gzip.compress(entry.tobuf()))
    accept(cars3d_official, monkeypatch)
    assert message(source) == f"{archive}: missing or damaged (data/cars/a.mat of 1099511627776 bytes)."
    for changed, complaint in (
        ({"a": noise}, f"{archive}: found 1 cars; allowed: 2."),
        ({"a": noise[..., :3]}, f"{archive}: found data/cars/a.mat of shape (128, 128, 3, 24, 3), uint8; allowed:"),
        ({"a": noise / 255}, f"{archive}: found data/cars/a.mat of shape (128, 128, 3, 24, 4), float64; allowed:"),
    ):
        pack_cars(changed)
        accept(cars3d_official, monkeypatch)
        assert message(source).startswith(complaint)
    archive.write_bytes(archive.read_bytes()[:2000])
    accept(cars3d_official, monkeypatch)
    assert message(source).startswith(f"{archive}: missing or damaged (")


def norb(array: np.ndarray) -> bytes:
    """Return an array as a compressed file of NORB: numbers of 32 bits, little end first, at least three axes."""
    kind = {"u1": 0x1E3D4C55, "i4": 0x1E3D4C54}[array.dtype.str[1:]]
    axes = [*array.shape, 1, 1, 1][: max(3, array.ndim)]
    return gzip.compress(np.array([kind, array.ndim, *axes], "<i4").tobytes() + array.tobytes())


TINY_NORB = {"category": 2, "instance": 4, "elevation": 1, "azimuth": 2, "lighting": 3}


@pytest.fixture
def tiny_norb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """A SmallNORB of 48 pairs in random order, instances 1 and 3 to train with, 0 and 2 to test with."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(smallnorb_official, "SMALLNORB", TINY_NORB)
    factors = rng(1).permutation(values_of(np.arange(48), TINY_NORB))
    arrays = []
    for odd in (1, 0):
        mine = factors[factors[:, 1] % 2 == odd]
        pairs = np.zeros((24, 2, 96, 96), np.uint8)
        pairs[:, 0] = (5 * index_of(mine, TINY_NORB))[:, None, None]  # the left image tells its index
        pairs[:, 1] = 255
        arrays += [pairs, mine[:, 0].astype("<i4"), (mine[:, 1:] * [1, 1, 2, 1]).astype("<i4")]
    return arrays


def place_norb(arrays: list[np.ndarray]) -> None:
    for archive, array in zip(smallnorb_official.ARCHIVES, arrays, strict=True):
        path = Path(archive["path"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(norb(array))


def test_smallnorb_is_put_in_order(tiny_norb: list[np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    source = smallnorb_official.Source()
    assert [path.name.rpartition("-")[2] for path in source.files()] == 2 * ["dat.mat.gz", "cat.mat.gz", "info.mat.gz"]
    assert "training-dat.mat.gz: not found. Put https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/" in message(source)
    place_norb(tiny_norb)
    assert "expected md5 66054832f9accfe74a0f4c36a75bc0a2" in message(source)
    accept(smallnorb_official, monkeypatch)
    grid = source.load(rng(), {})
    assert (grid.shape, grid.nuisance, grid.images.dtype) == ((64, 64, 1), ("instance",), np.uint8)
    np.testing.assert_array_equal(grid.images, np.broadcast_to(5 * np.arange(48)[:, None, None, None], (48, 64, 64, 1)))
    for every in ({"instance": 3, "lighting": 2}, {"instance": [3, 0], "lighting": (2, 1)}):
        part = source.load(rng(), every)
        np.testing.assert_array_equal(part.images[:, 0, 0, 0], 5 * rows_of(kept(TINY_NORB, every), TINY_NORB))
        assert list(part.sizes.values()) == [2, 2, 1, 2, 2]

    tiny_norb[0][:, 0] = rng(2).integers(0, 256, (24, 96, 96))
    place_norb(tiny_norb)
    accept(smallnorb_official, monkeypatch)
    category, info = int(tiny_norb[1][0]), tiny_norb[2][0]
    index = index_of(np.array([category, info[0], info[1], info[2] // 2, info[3]]), TINY_NORB)
    expected = Image.fromarray(tiny_norb[0][0, 0]).resize((64, 64), Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(source.load(rng(), {}).images[index, ..., 0], np.asarray(expected))


def test_smallnorb_says_what_it_cannot_use(tiny_norb: list[np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    source, folder = smallnorb_official.Source(), Path("data/raw/smallnorb")

    def complaint() -> str:
        accept(smallnorb_official, monkeypatch)
        return message(source)

    twice = [*tiny_norb[:1], tiny_norb[1][[*range(23), 0]], tiny_norb[2][[*range(23), 0]], *tiny_norb[3:]]
    beyond = [*tiny_norb[:1], tiny_norb[1] + 5, *tiny_norb[2:]]
    for arrays in (twice, beyond, [*tiny_norb[:3], *(array[:-1] for array in tiny_norb[3:])]):
        place_norb(arrays)
        assert complaint() == f"{folder}: the files do not hold each of 48 combinations of the factors once."
    place_norb([tiny_norb[0][:-1], *tiny_norb[1:]])
    assert complaint().startswith(
        f"{source.files()[0]}: found images of shape (23, 2, 96, 96); allowed: (24, 2, 96, 96)"
    )
    place_norb(tiny_norb)
    last = source.files()[-1]
    whole = gzip.decompress(last.read_bytes())
    trillion = whole[:8] + np.array([2**31 - 1], "<i4").tobytes() + whole[12:]
    ranks = [whole[:4] + np.array([rank], "<i4").tobytes() + whole[8:] for rank in (-1, 0, 3, 2**31 - 1)]
    behind = whole + bytes(1 << 26)
    for content in (whole[:-2], whole[:6], b"<html> and no more", b"\x51" + whole[1:], trillion, *ranks, behind):
        last.write_bytes(gzip.compress(content))
        assert complaint().startswith(f"{last}: missing or damaged (")
    last.write_bytes(whole)
    assert complaint().startswith(f"{last}: missing or damaged (")


TINY_ARM = dict(zip(MPI3D, (2, 3, 2, 1, 1, 2, 1), strict=True))


@pytest.fixture
def tiny_arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """The 24 random images (24, 64, 64, 3) of an MPI3D; both sources are told its sizes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("disentangle.data.official.BLOCK", 7)
    monkeypatch.setattr(mpi3d_official, "MPI3D", TINY_ARM)
    monkeypatch.setattr(mpi3d_complex_official, "MPI3D_COMPLEX", TINY_ARM)
    Path("data/raw/mpi3d/repacked").mkdir(parents=True)
    return rng(3).integers(0, 256, (24, 64, 64, 3), dtype=np.uint8)


def test_sizes_of_mpi3d() -> None:
    assert math.prod(MPI3D.values()) == 1_036_800
    assert math.prod(MPI3D_COMPLEX.values()) == 460_800
    assert [*MPI3D] == [*MPI3D_COMPLEX]
    assert (mpi3d.Dataset().count, mpi3d_complex.Dataset().count) == (1_036_800, 460_800)
    assert mpi3d_complex.Dataset(every=[2, 1, 1, 1, 1, 40, 20]).told_sizes["object_color"] == 2


@pytest.mark.parametrize("variant", ["toy", "realistic", "real", "complex"])
@pytest.mark.parametrize("packed", [True, False])
def test_mpi3d_is_read_in_order(
    tiny_arm: np.ndarray, monkeypatch: pytest.MonkeyPatch, variant: str, packed: bool
) -> None:
    source: Any = mpi3d_complex_official.Source() if variant == "complex" else mpi3d_official.Source(variant)
    (path,) = source.files()
    (np.savez_compressed if packed else np.savez)(path, images=tiny_arm)
    if variant != "complex":
        assert path == Path(f"data/raw/mpi3d/mpi3d_{variant}.npz")
        assert f"{path}: not the official file: expected md5 " in message(source)
        path.rename(path.parent / "repacked" / path.name)
        assert source.files() == [path.parent / "repacked" / path.name]
    whole = source.load(rng(), {})
    np.testing.assert_array_equal(whole.images, tiny_arm)
    assert (whole.sizes, whole.shape, whole.binary, whole.nuisance) == (TINY_ARM, (64, 64, 3), False, ())
    cube = tiny_arm.reshape(2, 3, 2, 1, 1, 2, 1, 64, 64, 3)
    part = source.load(rng(), {"object_shape": 2, "horizontal_axis": [1]})
    np.testing.assert_array_equal(pictures(part), cube[:, ::2, :, :, :, 1:])
    part = source.load(rng(), {"object_color": [1, 0], "object_shape": [2]})
    np.testing.assert_array_equal(pictures(part), cube[::-1, 2:])
    assert "every: no factor 'object_colour'" in message(source, {"object_colour": 1})


def test_an_mpi3d_file_is_checked_by_its_own_checksum(tiny_arm: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    for variant, name in (("toy", "mpi3d_toy"), ("realistic", "mpi3d_realistic"), ("real", "real")):
        source, bucket = mpi3d_official.Source(variant), "https://storage.googleapis.com/mpi3d_disentanglement_dataset"
        path = Path(f"data/raw/mpi3d/mpi3d_{variant}.npz")
        assert message(source) == (
            f"{path}: not found. Put https://huggingface.co/datasets/waleedgondal/mpi3d/resolve/main/{path.name} or "
            f"{bucket}/data/{name}.npz there, or what has its array as data/raw/mpi3d/repacked/{path.name}."
        )
        np.savez(path, images=tiny_arm)
        np.savez(path.parent / "repacked" / path.name, images=tiny_arm[1:])  # of the two, the official one is read
    accept(mpi3d_official, monkeypatch)
    np.testing.assert_array_equal(mpi3d_official.Source("real").load(rng(), {}).images, tiny_arm)
    path.unlink()
    assert message(mpi3d_official.Source("real")).startswith(
        f"data/raw/mpi3d/repacked/{path.name}: found 'images' of shape (23, 64, 64, 3), uint8; allowed: (24, 64, 64, 3)"
    )


def test_an_mpi3d_file_that_is_no_such_array_is_named(tiny_arm: np.ndarray) -> None:
    source, path = mpi3d_complex_official.Source(), mpi3d_complex_official.NPZ
    assert message(source).startswith(f"{path}: not found. Put https://drive.google.com/file/d/1Tp8")
    for array, found in (
        (tiny_arm[1:], "shape (23, 64, 64, 3), uint8"),
        (tiny_arm.reshape(-1, 32, 32, 3), "shape (96, 32, 32, 3), uint8"),
        (tiny_arm / 255, "shape (24, 64, 64, 3), float64"),
    ):
        np.savez(path, images=array)
        assert message(source) == f"{path}: found 'images' of {found}; allowed: (24, 64, 64, 3), uint8."
    np.savez(path, imgs=tiny_arm)
    assert message(source).startswith(f"{path}: missing or damaged (")
    np.savez(path, images=tiny_arm)
    whole = path.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]  # one bit of one pixel
    for content in (whole[:-20_000], whole[: len(whole) // 3], b"", b"<html>Quota exceeded</html>", flipped):
        path.write_bytes(content)
        assert message(source).startswith(f"{path}: missing or damaged (")
        with pytest.raises(InputError, match="missing or damaged"):
            source.load(rng())  # as planning does
    path.write_bytes(whole)
    assert len(source.load(rng()).images) == 1


def test_a_source_of_another_set_of_mpi3d_is_told_by_its_sizes(tiny_arm: np.ndarray) -> None:
    np.savez(mpi3d_complex_official.NPZ, images=tiny_arm)
    for dataset in (mpi3d.Dataset(every=[1, 1, 1, 1, 1, 1, 1]), mpi3d_complex.Dataset()):
        with pytest.raises(InputError) as caught:
            dataset.generate({"images": mpi3d_complex_official.Source()}, lambda purpose: rng())
        sizes = " x ".join(map(str, dataset.factors.values()))
        assert str(caught.value) == f"images: found a source of 2 x 3 x 2 x 1 x 1 x 2 x 1 values; allowed: {sizes}."


# Paintings


def test_the_painting_is_read_from_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    source, path = scream_official.Source(), scream_official.PAINTING
    with pytest.raises(InputError) as caught:
        source.load(rng())
    assert str(caught.value) == (
        f"{path}: not found. Put https://upload.wikimedia.org/wikipedia/commons/f/f4/The_Scream.jpg there, "
        "or use the source 'scream_photograph'."
    )
    assert source.files() == [path] == [Path("data/raw/scream/The_Scream.jpg")]
    path.parent.mkdir(parents=True)
    Image.new("L", (120, 153), 77).save(path)
    painting = source.load(rng())
    assert painting.shape == (153, 120, 3) and painting.dtype == np.uint8
    assert (painting == 77).all()
    path.write_bytes(b"\xff\xd8\xff\xe0 and no more")
    with pytest.raises(InputError, match=f"^{path}: not a readable picture"):
        source.load(rng())
    Image.fromarray(np.full((120, 153), 77 * 257, np.uint16)).save(path, "PNG")
    assert (source.load(rng()) == 77).all()


def test_the_photograph_is_a_colourful_stand_in() -> None:
    picture = scream_photograph.Source().load(rng())
    assert picture.shape == (400, 600, 3) and picture.dtype == np.uint8
    assert (picture.std((0, 1)) > 40).all()
    assert "stand-in" in registry.constant("sources", "scream_photograph", "STAND_IN")


def test_sources_say_whether_they_stand_in() -> None:
    for name in registry.names("sources"):
        official = name.endswith("_official")
        if official or name.endswith("_rendered"):
            assert (registry.constant("sources", name, "STAND_IN") == "") == official, name
