"""Augmentations of images in [0, 1], of which each image gets one, batched on the device.

Source: Kahana & Hoshen 2022, supplement (the study of 13 augmentations), with the semantics of torchvision's
transforms; ``simsiam`` is composed of several and stands in transforms_utils.py of the authors' code alone.
Deviations: images are not rounded to 8 bits between; hue is a rotation in the YIQ plane instead of in HSV; the jitters
of ``simsiam`` are applied in one fixed order; a crop or an erased box that would not fit is made to fit, not drawn
again. ``random_erase`` is a box, as torchvision means it: the authors' code hands it images with the channels last,
which makes it erase columns of one or two colours.

All randomness is one tensor of uniform numbers, drawn before: the rest is a pure function without a constant on the
device, which a GPU can record and a compiler fuse. Every augmentation named is computed of the whole batch, and each
image takes the one that it drew: images choose independently and no shape depends on a value.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from disentangle.errors import InputError, did_you_mean
from disentangle.training.augment import LUMA, rotate_hue

RATIO, ERASED_AREA, ERASED_RATIO = (3 / 4, 4 / 3), (0.02, 0.33), (0.3, 3.3)


class Augmentation(NamedTuple):
    """How many uniform numbers an image needs, and the function of images (M, 3, S, S) and of those, (M, 1, 1, 1)."""

    draws: int
    apply: Callable[[Tensor, Sequence[Tensor]], Tensor]


def draw(count: int, names: Sequence[str], generator: torch.Generator) -> Tensor:
    """Draw the uniform numbers in [0, 1) for a number of images, (M, 1 + draws), on the generator's device."""
    draws = max(augmentation.draws for augmentation in _named(names))
    return torch.rand(count, 1 + draws, generator=generator, device=generator.device)


def augment(x: Tensor, names: Sequence[str], drawn: Tensor) -> Tensor:
    """Return images (M, 3, S, S) in [0, 1], each augmented by one of ``names``, chosen uniformly for each image.

    Raises InputError for an unknown name, or for none.
    """
    named = _named(names)
    pick, *u = drawn[:, :, None, None, None].unbind(1)
    chosen = (pick * len(named)).long()
    planes = x.contiguous()  # channels are mixed faster as planes
    y = named[0].apply(planes, u)
    for place, augmentation in enumerate(named[1:], start=1):
        y = torch.where(chosen == place, augmentation.apply(planes, u), y)
    return y.contiguous(memory_format=torch.channels_last)


def _named(names: Sequence[str]) -> list[Augmentation]:
    if not names:
        raise InputError("augmentations: found none; allowed: at least one.")
    for name in names:
        if name not in AUGMENTATIONS:
            raise InputError(f"unknown augmentation '{name}': {did_you_mean(name, AUGMENTATIONS)}")
    return [AUGMENTATIONS[name] for name in names]


def brightness(x: Tensor, factor: Tensor) -> Tensor:
    """Return ``factor`` times the image, kept in [0, 1]."""
    return (x * factor).clamp(0, 1)


def contrast(x: Tensor, factor: Tensor) -> Tensor:
    """Return the image moved away from (``factor`` > 1) or towards its mean brightness, kept in [0, 1]."""
    return torch.lerp(grey(x).mean((2, 3), keepdim=True), x, factor).clamp(0, 1)


def saturation(x: Tensor, factor: Tensor) -> Tensor:
    """Return each pixel moved away from (``factor`` > 1) or towards its own brightness, kept in [0, 1]."""
    return torch.lerp(grey(x), x, factor).clamp(0, 1)


def hue(x: Tensor, turns: Tensor) -> Tensor:
    """Return the image with its colours turned, kept in [0, 1]."""
    return rotate_hue(x, 2 * math.pi * turns).clamp(0, 1)


def grey(x: Tensor) -> Tensor:
    """Return the brightness that an eye sees, (M, 1, S, S)."""
    red, green, blue = x.chunk(3, dim=1)
    return LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue


def blur(x: Tensor, neighbour: float | Tensor, reach: int) -> Tensor:
    """Return the image under a Gaussian window of 2 reach + 1 pixels a side, reflected at the border.

    ``neighbour``: the weight of a neighbour against that of the centre, exp(-1 / 2 sigma^2).
    """
    weights = [neighbour ** (distance**2) for distance in range(1, reach + 1)]
    total = 1 + 2 * sum(weights)
    side = x.shape[-1]
    for dim, padding in ((2, (0, 0, reach, reach)), (3, (reach, reach, 0, 0))):
        padded = F.pad(x, padding, mode="reflect")
        for distance, weight in enumerate(weights, start=1):
            pair = padded.narrow(dim, reach - distance, side) + padded.narrow(dim, reach + distance, side)
            x = x + weight * pair
        x = x / total
    return x


def rotate(x: Tensor, degrees: Tensor) -> Tensor:
    """Return the image turned about its centre, each pixel the nearest one's value, white where there was none."""
    angle = torch.deg2rad(degrees.flatten(1))[..., None]
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    rows = [torch.cat([cos, -sin, zero], 2), torch.cat([sin, cos, zero], 2)]
    grid = F.affine_grid(torch.cat(rows, 1), list(x.shape), align_corners=False)
    return 1 - F.grid_sample(1 - x, grid, mode="nearest", padding_mode="zeros", align_corners=False)


def crop(x: Tensor, u: Sequence[Tensor], area: tuple[float, float]) -> Tensor:
    """Return a random box of a share of the ``area``, of aspect 3/4 to 4/3, resized to the full size bilinearly.

    ``u``: four uniform numbers, for area, aspect, top and left. Both directions are products with a matrix that holds
    the two weights of each new pixel.
    """
    side = x.shape[-1]
    top, left, height, width = _box(u, area, RATIO, side, largest=side)
    return _taps(top, height, x) @ x @ _taps(left, width, x).mT


def _taps(start: Tensor, length: Tensor, x: Tensor) -> Tensor:
    """Return the weights (M, 1, S, S) of old pixels (columns) in new ones (rows) along one side."""
    side = x.shape[-1]
    pixel = torch.arange(side, device=x.device, dtype=x.dtype)
    place = ((pixel[:, None] + 0.5) * length / side - 0.5).clamp(min=0)
    place = start + torch.minimum(place, length - 1)
    return (1 - (place - pixel).abs()).clamp(min=0)


def erase(x: Tensor, u: Sequence[Tensor]) -> Tensor:
    """Return the image with a random box of .02 to .33 of its area, of aspect .3 to 3.3, set to 0.

    ``u``: as of ``crop``.
    """
    side = x.shape[-1]
    top, left, height, width = _box(u, ERASED_AREA, ERASED_RATIO, side, largest=side - 1)
    pixel = torch.arange(side, device=x.device)
    row, column = pixel[:, None], pixel
    inside = (row >= top) & (row < top + height) & (column >= left) & (column < left + width)
    return torch.where(inside, 0, x)


def _box(
    u: Sequence[Tensor], area: tuple[float, float], ratio: tuple[float, float], side: int, largest: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return top, left, height and width in whole pixels, uniform in area, log-aspect and place."""
    pixels = between(u[0], *area) * side**2
    root = (between(u[1], math.log(ratio[0]), math.log(ratio[1])) / 2).exp()
    height, width = ((pixels.sqrt() * stretch).round().clamp(1, largest) for stretch in (1 / root, root))
    top, left = ((number * (side - length + 1)).floor() for number, length in ((u[2], height), (u[3], width)))
    return top, left, height, width


def simsiam(x: Tensor, u: Sequence[Tensor]) -> Tensor:
    """Return a crop of .6-1, mirrored (1/2), jittered (.3), turned grey (.2), and blurred by sigma 1-2 (.2)."""
    x = crop(x, u[:4], (0.6, 1))
    x = torch.where(u[4] < 0.5, x.flip(3), x)
    y = contrast(brightness(x, between(u[5], 0.6, 1.4)), between(u[6], 0.6, 1.4))
    y = hue(saturation(y, between(u[7], 0.6, 1.4)), between(u[8], -0.1, 0.1))
    x = torch.where(u[9] < 0.3, y, x)
    x = torch.where(u[10] < 0.2, grey(x), x)
    return torch.where(u[11] < 0.2, blur(x, (-0.5 / between(u[12], 1, 2) ** 2).exp(), reach=1), x)


def between(u: Tensor, low: float, high: float) -> Tensor:
    """Return uniform numbers in [0, 1) as such in [low, high)."""
    return low + (high - low) * u


AUGMENTATIONS = {
    "horizontal_flip": Augmentation(0, lambda x, u: x.flip(3)),
    "vertical_flip": Augmentation(0, lambda x, u: x.flip(2)),
    "low_contrast": Augmentation(1, lambda x, u: contrast(x, between(u[0], 0.3, 0.8))),
    "low_brightness": Augmentation(1, lambda x, u: brightness(x, between(u[0], 0.3, 0.8))),
    # A turn of -.5 to -.2 is one of .5 to .8.
    "color_rotation": Augmentation(1, lambda x, u: hue(x, between(u[0], 0.2, 0.8))),
    "random_erase": Augmentation(4, erase),
    "affine": Augmentation(1, lambda x, u: rotate(x, between(u[0], -40, 40))),
    "grayscale": Augmentation(0, lambda x, u: grey(x).expand_as(x)),
    "crop": Augmentation(4, lambda x, u: crop(x, u[:4], (0.5, 1))),
    "high_brightness": Augmentation(1, lambda x, u: brightness(x, between(u[0], 1.4, 1.8))),
    "high_contrast": Augmentation(1, lambda x, u: contrast(x, between(u[0], 1.8, 3))),
    "high_saturation": Augmentation(1, lambda x, u: saturation(x, between(u[0], 1.8, 3))),
    "gaussian_blur": Augmentation(0, lambda x, u: blur(x, math.exp(-0.5), reach=2)),
    "simsiam": Augmentation(13, simsiam),
}
"""By the names of the published study, and the composed set."""
