"""Augmentation on top of the view pairs, batched on the device with its own draw for every view.

Source: the CIFAR-10 recipe of SimCLR and SupCon implementations (crop area 0.2-1, flip 0.5, jitter 0.4/0.4/0.4/0.1
with probability 0.8, grey 0.2, no blur). Burns 2021 states none; its 99.9 % on digit location speaks against crops.
Deviation: the four jitters are applied in one fixed order, and hue is a rotation in the YIQ plane instead of in HSV.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)
JITTER, HUE, JITTER_PROBABILITY, GREY_PROBABILITY = 0.4, 0.1, 0.8, 0.2
CROP_AREA, CROP_ASPECT = (0.2, 1.0), (3 / 4, 4 / 3)


def augment(x: Tensor, preset: str, generator: torch.Generator) -> Tensor:
    """Return views (M, 3, S, S) in [-1, 1] augmented by ``none``, ``colour`` or ``simclr`` (crop, flip and colour)."""
    if preset == "none":
        return x
    if preset == "simclr":
        x = crop_and_flip(x, generator)
    return colour(x, generator)


def _uniform(x: Tensor, low: float, high: float, generator: torch.Generator) -> Tensor:
    """Draw one number a view, (M, 1, 1, 1)."""
    drawn = torch.rand(len(x), 1, 1, 1, generator=generator, device=x.device)
    return low + (high - low) * drawn


def colour(x: Tensor, generator: torch.Generator) -> Tensor:
    """Jitter brightness, contrast, saturation and hue of each view, then turn some grey."""
    luma = x.new_tensor(LUMA).view(1, 3, 1, 1)
    y = (x + 1) / 2
    y = (y * _uniform(x, 1 - JITTER, 1 + JITTER, generator)).clamp(0, 1)
    mean = (y * luma).sum(1, keepdim=True).mean((2, 3), keepdim=True)
    y = (mean + (y - mean) * _uniform(x, 1 - JITTER, 1 + JITTER, generator)).clamp(0, 1)
    grey = (y * luma).sum(1, keepdim=True)
    y = (grey + (y - grey) * _uniform(x, 1 - JITTER, 1 + JITTER, generator)).clamp(0, 1)
    y = rotate_hue(y, 2 * math.pi * _uniform(x, -HUE, HUE, generator)).clamp(0, 1)
    y = torch.where(_uniform(x, 0, 1, generator) < JITTER_PROBABILITY, y, (x + 1) / 2)
    y = torch.where(_uniform(x, 0, 1, generator) < GREY_PROBABILITY, (y * luma).sum(1, keepdim=True), y)
    return y * 2 - 1


def rotate_hue(y: Tensor, angle: Tensor) -> Tensor:
    """Rotate the chroma of RGB images (M, 3, S, S) in the YIQ plane by ``angle`` (M, 1, 1, 1) in radians."""
    to_yiq = y.new_tensor([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
    luma, i, q = torch.einsum("kc,mchw->kmhw", to_yiq, y).unsqueeze(2)
    cos, sin = angle.cos(), angle.sin()
    rotated = torch.cat([luma, cos * i - sin * q, sin * i + cos * q], 1)
    return torch.einsum("ck,mkhw->mchw", torch.linalg.inv(to_yiq), rotated)


def crop_and_flip(x: Tensor, generator: torch.Generator) -> Tensor:
    """Cut a random box out of each view, mirror half of them, and resize to the full size bilinearly."""
    area = _uniform(x, *CROP_AREA, generator)
    aspect = _uniform(x, math.log(CROP_ASPECT[0]), math.log(CROP_ASPECT[1]), generator).exp()
    width, height = (area * aspect).sqrt().clamp(max=1), (area / aspect).sqrt().clamp(max=1)
    left, top = ((1 - side) * _uniform(x, -1, 1, generator) for side in (width, height))
    flip = torch.where(_uniform(x, 0, 1, generator) < 0.5, 1.0, -1.0)
    zero = torch.zeros_like(width)
    rows = [torch.cat([flip * width, zero, left], 3), torch.cat([zero, height, top], 3)]
    grid = F.affine_grid(torch.cat(rows, 2).squeeze(1), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)
