"""Layers of M models at once: explicit parameters and activations, whose first axis is the model.

Images are (M, B, H, W, C), channels last. A kernel's axes are torch's, after the first: linear (O, I), convolution
(O, C, k, k), transposed convolution (C, O, k, k). Each layer of one model is that of ``torch.nn.functional``.

A grouped convolution would be slow in training (pytorch #70954), so a convolution of many models is a matrix product a
model. A kernel of size 4 and stride 2 reads 2x2 blocks: with the image padded by 1 and cut into blocks of 2x2 pixels,
output p sums products of blocks p and p + 1 in each direction. These products, of 4 C by 4 O, are taken block by block
and then summed, which moves a quarter of the memory that copying every 4x4 patch would. Where an image has few channels
the patches are the smaller.

On a CPU, where models take turns, the library's convolutions of one model come nearest to the processor's peak.
"""

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, unflatten

FEW_CHANNELS = 4
"""Of an image, up to which its 4x4 patches are copied."""

Map = Callable[[Tensor], Tensor]


def stack(models: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Return the parameters of several models, by name, as one tensor each with the models along a new first axis."""
    return {name: torch.stack([model[name] for model in models]) for name in models[0]}


def unstack(weights: dict[str, Tensor], model: int) -> dict[str, Tensor]:
    """Return the parameters of one of the models, on the CPU."""
    return {name: tensor[model].detach().cpu().clone() for name, tensor in weights.items()}


def layer(weights: dict[str, Tensor], name: str) -> tuple[Tensor, Tensor]:
    """Return the kernel and the bias of a layer."""
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def glorot(name: str, shape: Sequence[int], bias: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Return ``name.weight`` of ``shape``, uniform within +-sqrt(6 / (fan in + fan out)), and ``name.bias`` of zeros.

    The first two axes of a kernel are its outputs and inputs, in whichever order, the others its receptive field.
    Source: Glorot & Bengio 2010, Eq. 16; the default of TensorFlow 1.
    """
    bound = math.sqrt(6 / ((shape[0] + shape[1]) * math.prod(shape[2:])))
    weight = torch.empty(*shape).uniform_(-bound, bound, generator=generator)
    return {f"{name}.weight": weight, f"{name}.bias": torch.zeros(bias)}


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return x W^T + b: (M, B, I) to (M, B, O)."""
    return torch.baddbmm(bias[:, None], x, weight.mT)


def conv_k2(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return a convolution of size 2 and stride 2, without padding: (M, B, 2 h, 2 w, C) to (M, B, h, w, O)."""
    kernel = weight.permute(0, 3, 4, 2, 1).flatten(1, 3)
    return _product(_cut(x), kernel, bias)


def conv_k4(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return a convolution of size 4 and stride 2, padded by 1: (M, B, 2 h, 2 w, C) to (M, B, h, w, O)."""
    few = x.shape[-1] <= FEW_CHANNELS
    if uses_library(x) and not few:
        return _by_library(F.conv2d, x, weight, bias)
    # Row 2 a + i of a kernel meets pixel i of block a.
    kernel = unflatten(unflatten(weight, 4, (2, 2)), 3, (2, 2))  # (M, O, C, a, i, b, j)
    blocks = _cut(F.pad(x, (0, 0, 1, 1, 1, 1)))
    if few:
        patches = _mapped(blocks, _windows, _overlap).flatten(-3)
        return _product(patches, kernel.permute(0, 3, 5, 4, 6, 2, 1).flatten(1, 5), bias)
    products = _product(blocks, kernel.permute(0, 4, 6, 2, 3, 5, 1).flatten(1, 3).flatten(2))
    sums = _mapped(unflatten(products, -1, (2, 2, -1)), _collect, _spread)
    return sums + bias[:, None, None, None]


def deconv_k4(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return the transposed convolution of size 4 and stride 2, padded by 1: (M, B, h, w, C) to (M, B, 2 h, 2 w, O)."""
    few = weight.shape[2] <= FEW_CHANNELS
    if uses_library(x) and not few:
        return _by_library(F.conv_transpose2d, x, weight, bias)
    kernel = unflatten(unflatten(weight, 4, (2, 2)), 3, (2, 2))  # (M, C, O, a, i, b, j)
    if few:
        patches = _product(x, kernel.permute(0, 1, 3, 5, 4, 6, 2).flatten(2))
        blocks = _mapped(unflatten(patches, -1, (2, 2, -1)), _overlap, _windows)
    else:
        spread = _mapped(x, _spread, _collect).flatten(-3)
        blocks = _product(spread, kernel.permute(0, 3, 5, 1, 4, 6, 2).flatten(1, 3).flatten(2))
    return _joined(blocks)[:, :, 1:-1, 1:-1] + bias[:, None, None, None]


def uses_library(x: Tensor) -> bool:
    """Return whether images (M, ...) are convolved by the processor's library: those of one model on a CPU."""
    return x.device.type == "cpu" and len(x) == 1


def _by_library(convolution: Callable[..., Tensor], x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return what ``convolution`` makes of one model's images."""
    x, weight, bias = x.flatten(0, 1), weight.flatten(0, 1), bias.flatten(0, 1)
    return convolution(x.permute(0, 3, 1, 2), weight, bias, stride=2, padding=1).permute(0, 2, 3, 1)[None]


def _product(x: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return the products of (M, B, h, w, I) and (M, I, O), plus (M, O)."""
    rows = x.flatten(1, 3)
    found = torch.bmm(rows, kernel) if bias is None else torch.baddbmm(bias[:, None], rows, kernel)
    return unflatten(found, 1, x.shape[1:4])


def _cut(x: Tensor) -> Tensor:
    """Cut (M, B, 2 h, 2 w, C) into blocks (M, B, h, w, 4 C) of 2x2 pixels."""
    return unflatten(unflatten(x, 3, (-1, 2)), 2, (-1, 2)).transpose(3, 4).flatten(-3)


def _joined(blocks: Tensor) -> Tensor:
    """Undo ``_cut``."""
    return unflatten(blocks, -1, (2, 2, -1)).transpose(3, 4).flatten(4, 5).flatten(2, 3)


class _Mapped(torch.autograd.Function):
    """A linear map whose adjoint is given."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, there: Map, back: Map) -> Tensor:
        ctx.back = back
        return there(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return ctx.back(gradients[0]), None, None


def _mapped(x: Tensor, there: Map, back: Map) -> Tensor:
    mapped: Tensor = _Mapped.apply(x, there, back)  # type: ignore[no-untyped-call]
    return mapped


OFFSETS = tuple(product(range(2), range(2)))
"""(a, b): which block of a window of 2x2."""


def _windows(x: Tensor) -> Tensor:
    """y[p, q, a, b] = x[p + a, q + b]: (..., h + 1, w + 1, F) to (..., h, w, 2, 2, F)."""
    h, w = x.shape[-3] - 1, x.shape[-2] - 1
    y = x.new_empty(*x.shape[:-3], h, w, 2, 2, x.shape[-1])
    for a, b in OFFSETS:
        y[..., a, b, :] = x[..., a : a + h, b : b + w, :]
    return y


def _overlap(y: Tensor) -> Tensor:
    """x[p, q] = sum of y[p - a, q - b, a, b], the adjoint of ``_windows``."""
    h, w = y.shape[-5:-3]
    x = y.new_zeros(*y.shape[:-5], h + 1, w + 1, y.shape[-1])
    for a, b in OFFSETS:
        x[..., a : a + h, b : b + w, :] += y[..., a, b, :]
    return x


def _spread(x: Tensor) -> Tensor:
    """y[p, q, a, b] = x[p - a, q - b], zero outside: (..., h, w, F) to (..., h + 1, w + 1, 2, 2, F)."""
    h, w = x.shape[-3:-1]
    y = x.new_zeros(*x.shape[:-3], h + 1, w + 1, 2, 2, x.shape[-1])
    for a, b in OFFSETS:
        y[..., a : a + h, b : b + w, a, b, :] = x
    return y


def _collect(y: Tensor) -> Tensor:
    """x[p, q] = sum of y[p + a, q + b, a, b], the adjoint of ``_spread``."""
    h, w = y.shape[-5] - 1, y.shape[-4] - 1
    parts = [y[..., a : a + h, b : b + w, a, b, :] for a, b in OFFSETS]
    return (parts[0] + parts[1]).add_(parts[2]).add_(parts[3])
