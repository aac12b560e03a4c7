"""How fast factor grids are rendered: images a second on one core, and as a ratio to a loop over images.

Run as `OMP_NUM_THREADS=1 python bench/rendering.py`. The loop draws the same images one at a time: of dSprites, each
on all of its 64x64 pixels; of 3D Shapes, each with rays of its own. It draws a random part of what ours draws.
"""

import time
from collections.abc import Callable, Mapping

import numpy as np

from disentangle.data.factors import DSPRITES, SHAPES3D
from disentangle.data.grid import values_of
from disentangle.data.rendering import room, sprites
from disentangle.data.sources import dsprites_rendered, shapes3d_rendered

REPEATS, LOOPED = 3, {"dsprites": 4000, "shapes3d": 200}
EVERY = {"dsprites": {"orientation": 4}, "shapes3d": {"scale": 3, "orientation": 7}}


def sprite(shape: int, scale: int, orientation: int, x: int, y: int) -> np.ndarray:
    """Draw one image of dSprites."""
    place = np.arange(64, dtype=np.float32) + np.float32(0.5)
    dx, dy = ((place - sprites.CENTRES[k]).astype(np.float32) for k in (x, y))
    angle, size = sprites.ANGLES[orientation], sprites.SCALES[scale]
    cos, sin = np.float32(np.cos(angle) / size), np.float32(np.sin(angle) / size)
    inside = sprites.inside(shape, cos * dx - sin * dy[:, None], sin * dx + cos * dy[:, None])
    return np.packbits(inside)


def scene(floor: int, wall: int, body: int, scale: int, shape: int, orientation: int) -> np.ndarray:
    """Draw one image of 3D Shapes."""
    maps = room.shades(room.View(room.ORIENTATIONS[orientation]), shape, room.SCALES[scale])
    colours = np.stack([room.SKY, room.HUES[floor], room.HUES[wall], room.HUES[body]])
    return (maps @ colours.astype(np.float32) + np.float32(0.5)).astype(np.uint8)


def compare(name: str, source: object, sizes: Mapping[str, int], draw: Callable[..., np.ndarray]) -> None:
    """Print images a second of both and their ratio, medians of several runs."""
    ours, loop = [], []
    every = EVERY[name]
    for repeat in range(REPEATS):
        start = time.perf_counter()
        grid = source.load(np.random.default_rng(0), every)  # type: ignore[attr-defined]
        ours.append(len(grid.images) / (time.perf_counter() - start))
        chosen = np.random.default_rng(repeat).integers(len(grid.images), size=LOOPED[name])
        official = values_of(chosen, grid.sizes) * [every.get(factor, 1) for factor in sizes]
        start = time.perf_counter()
        drawn = [draw(*values) for values in official.tolist()]
        loop.append(len(drawn) / (time.perf_counter() - start))
        # The last bit of a float may round otherwise.
        off = np.abs(np.stack(drawn).astype(int) - grid.images[chosen])
        assert (off > 1).mean() < 1e-4, f"{(off > 1).sum()} of {off.size} differ"
    print(f"{name}: {np.median(ours):,.0f} images/s ({min(ours):,.0f} to {max(ours):,.0f}), {len(grid.images):,} a run")
    print(f"{name}, loop over images: {np.median(loop):,.0f} images/s ({min(loop):,.0f} to {max(loop):,.0f})")
    print(f"{name}, ratio: {np.median(ours) / np.median(loop):.1f}")


if __name__ == "__main__":
    compare("dsprites", dsprites_rendered.Source(), DSPRITES, sprite)
    compare("shapes3d", shapes3d_rendered.Source(), SHAPES3D, scene)
