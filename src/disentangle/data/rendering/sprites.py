"""Sprites of dSprites: a square, an ellipse or a heart, scaled, turned and moved, white on black without grey.

The official renderer is not public; the geometry was fitted to 302 published frames, of which it meets 289 to the
pixel. Lengths are in pixels, x to the right, y down; the centre of pixel i is at i + 1/2.
"""

import numpy as np

SIDE = 64
WINDOW = 28
"""Pixels a side around a sprite's centre that hold all of it."""

SCALES = np.linspace(0.5, 1, 6)
ANGLES = np.arange(40) % 39 * (2 * np.pi / 39)
"""linspace(0, 2 pi, 40), its last value as the first: both are the same image."""
CENTRES = 16 + 32 * np.linspace(0, 1, 32)

HALF_SQUARE = 9.6
SEMI_AXES = 12.76, 7.22
HEART_BINS = 2048
"""Entries a pixel in the heart's table; far fewer miss pixels of its edge."""


def _heart() -> tuple[np.ndarray, np.ndarray]:
    """Return the heart's upper and lower edge v over |u|, at the middle of each bin.

    The curve is |u|(t) = a 16 sin^3 t, v(t) = -b (13 cos t - 5 cos 2t - 2 cos 3t - cos 4t) + c: its upper edge is
    t in [0, pi/2], its lower edge t in [pi/2, pi].
    """
    t = np.linspace(0, np.pi, 20001)
    u = 0.59961 * 16 * np.sin(t) ** 3
    v = -0.66220 * (13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) - 1.43656
    middle = (np.arange(np.ceil(u.max() * HEART_BINS)) + 0.5) / HEART_BINS
    widest = len(t) // 2
    upper = np.interp(middle, u[: widest + 1], v[: widest + 1])
    lower = np.interp(middle, u[: widest - 1 : -1], v[: widest - 1 : -1])
    # One more bin, for all that is wider than the heart: an interval that holds nothing.
    return np.append(upper, np.inf).astype(np.float32), np.append(lower, -np.inf).astype(np.float32)


UPPER, LOWER = _heart()


def inside(shape: int, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Say which points (u, v), relative to the centre of an upright sprite of scale 1, it covers.

    ``shape`` is 0, the square |u|, |v| <= 9.6, 1, the ellipse (u / 12.76)^2 + (v / 7.22)^2 <= 1, or 2, the heart.
    """
    covered: np.ndarray
    if shape == 0:
        covered = (np.abs(u) <= HALF_SQUARE) & (np.abs(v) <= HALF_SQUARE)
    elif shape == 1:
        covered = np.square(u / np.float32(SEMI_AXES[0])) + np.square(v / np.float32(SEMI_AXES[1])) <= 1
    else:
        column = np.minimum(np.abs(u) * HEART_BINS, len(UPPER) - 1).astype(np.int32)
        covered = (UPPER[column] <= v) & (v <= LOWER[column])
    return covered


def frames(shape: int, scale: float, angle: float, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the images (X, Y, 64, 64) uint8 of 0 and 1 of one sprite at all centres (x, y), of (X,) and (Y,) pixels.

    ``angle`` is in radians and turns anticlockwise as seen. At (dx, dy) from the centre of a sprite of scale s:
    u = (dx cos angle - dy sin angle) / s, v = (dx sin angle + dy cos angle) / s.
    """
    (left, dx), (top, dy) = _window(x), _window(y)
    cos, sin = np.float32(np.cos(angle) / scale), np.float32(np.sin(angle) / scale)
    dx, dy = dx[:, None, None, :], dy[None, :, :, None]
    # All positions at once: u and v are sums of a term of the column and a term of the row.
    covered = inside(shape, cos * dx - sin * dy, sin * dx + cos * dy)
    strips = np.zeros((len(x), len(y), SIDE, WINDOW), np.uint8)
    for k, row in enumerate(top):
        strips[:, k, row : row + WINDOW] = covered[:, k]
    images = np.zeros((len(x), len(y), SIDE, SIDE), np.uint8)
    for k, column in enumerate(left):
        images[k, :, :, column : column + WINDOW] = strips[k]
    return images


def _window(centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first pixel (n,) of the window around each centre, and its pixels' offsets (n, 28) from there."""
    first = np.floor(centres - (WINDOW - 1) / 2).astype(int)
    offsets = first[:, None] + np.arange(WINDOW) + 0.5 - centres[:, None]
    return first, offsets.astype(np.float32)
