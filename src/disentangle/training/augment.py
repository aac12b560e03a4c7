"""Augmentation on top of the view pairs, batched on the device with its own draw for every view.

Source: the CIFAR-10 recipe of SimCLR and SupCon implementations (crop area 0.2-1, flip 0.5, jitter 0.4/0.4/0.4/0.1
with probability 0.8, grey 0.2, no blur). Burns 2021 states none; its 99.9 % on digit location speaks against crops.
Deviation: the four jitters are applied in one fixed order, and hue is a rotation in the YIQ plane instead of in HSV.

All randomness is one tensor of uniform numbers, drawn before: the rest is a pure function without a constant on the
device, which a GPU can record and a compiler fuse.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)
TO_YIQ = (LUMA, (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))
FROM_YIQ = torch.linalg.inv(torch.tensor(TO_YIQ, dtype=torch.float64)).tolist()
JITTER, HUE, JITTER_PROBABILITY, GREY_PROBABILITY = 0.4, 0.1, 0.8, 0.2
CROP_AREA, CROP_ASPECT = (0.2, 1.0), (3 / 4, 4 / 3)
COLOUR_DRAWS, CROP_DRAWS = 6, 5
DRAWS = {"none": 0, "colour": COLOUR_DRAWS, "simclr": COLOUR_DRAWS + CROP_DRAWS}
"""Uniform numbers that each preset needs for a view."""


def draw(views: int, preset: str, generator: torch.Generator) -> Tensor:
    """Draw the uniform numbers in [0, 1) for a number of views, (M, DRAWS), on the generator's device."""
    if not DRAWS[preset]:
        return torch.empty(views, 0, device=generator.device)
    return torch.rand(views, DRAWS[preset], generator=generator, device=generator.device)


def augment(x: Tensor, preset: str, drawn: Tensor) -> Tensor:
    """Return views (M, 3, S, S) in [-1, 1] augmented by ``none``, ``colour`` or ``simclr`` (crop, flip and colour)."""
    if preset == "none":
        return x
    if preset == "simclr":
        x = crop_and_flip(x, drawn[:, COLOUR_DRAWS:])
    return colour(x, drawn[:, :COLOUR_DRAWS])


def colour(x: Tensor, drawn: Tensor) -> Tensor:
    """Jitter brightness, contrast, saturation and hue of each view, then turn some grey; ``drawn`` is (M, 6)."""
    u = drawn[:, :, None, None, None].unbind(1)
    plain = ((x + 1) / 2).contiguous()  # channels are mixed faster as planes
    y = (plain * _between(u[0], 1 - JITTER, 1 + JITTER)).clamp_(0, 1)
    y = torch.lerp(_luma(y).mean((2, 3), keepdim=True), y, _between(u[1], 1 - JITTER, 1 + JITTER)).clamp_(0, 1)
    y = torch.lerp(_luma(y), y, _between(u[2], 1 - JITTER, 1 + JITTER)).clamp_(0, 1)
    y = rotate_hue(y, 2 * math.pi * _between(u[3], -HUE, HUE)).clamp_(0, 1)
    y = torch.where(u[4] < JITTER_PROBABILITY, y, plain)
    y = torch.where(u[5] < GREY_PROBABILITY, _luma(y), y)
    return y.mul_(2).sub_(1)


def rotate_hue(y: Tensor, angle: Tensor) -> Tensor:
    """Rotate the chroma of RGB images (M, 3, S, S) in the YIQ plane by ``angle`` (M, 1, 1, 1) in radians."""
    cos, sin = angle.cos(), angle.sin()
    channels = y.chunk(3, dim=1)
    turned = []
    for row in range(3):
        # FROM_YIQ [[1, 0, 0], [0, cos, -sin], [0, sin, cos]] TO_YIQ, one row of it
        (luma, i, q), mixed = FROM_YIQ[row], []
        for (to_luma, to_i, to_q), channel in zip(zip(*TO_YIQ, strict=True), channels, strict=True):
            mixed.append((luma * to_luma + (i * to_i + q * to_q) * cos + (q * to_i - i * to_q) * sin) * channel)
        turned.append(mixed[0] + mixed[1] + mixed[2])
    return torch.cat(turned, 1)


def crop_and_flip(x: Tensor, drawn: Tensor) -> Tensor:
    """Cut a random box out of each view, mirror half of them, and resize to the full size bilinearly.

    ``drawn`` is (M, 5).
    """
    u = drawn[:, :, None, None].unbind(1)
    area = _between(u[0], *CROP_AREA)
    aspect = _between(u[1], math.log(CROP_ASPECT[0]), math.log(CROP_ASPECT[1])).exp()
    width, height = (area * aspect).sqrt().clamp(max=1), (area / aspect).sqrt().clamp(max=1)
    left, top = (1 - width) * _between(u[2], -1, 1), (1 - height) * _between(u[3], -1, 1)
    flip = torch.where(u[4] < 0.5, 1.0, -1.0)
    zero = torch.zeros_like(width)
    rows = [torch.cat([flip * width, zero, left], 2), torch.cat([zero, height, top], 2)]
    grid = F.affine_grid(torch.cat(rows, 1), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)


def _between(u: Tensor, low: float, high: float) -> Tensor:
    return low + (high - low) * u


def _luma(y: Tensor) -> Tensor:
    """Return the brightness that an eye sees, (M, 1, S, S)."""
    red, green, blue = y.chunk(3, dim=1)
    return LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
