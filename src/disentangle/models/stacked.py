"""Layers of M models at once: explicit parameters and activations, whose first axis is the model.

Images are (M, B, H, W, C), channels last. A kernel's axes are torch's, after the first: linear (O, I), convolution
(O, C, k, k), transposed convolution (C, O, k, k). Each layer of one model is that of ``torch.nn.functional``, followed
by an activation, which may work in place: here its argument is never the view that a layer returns, whose change in
place would have autograd copy every gradient.

A grouped convolution would be slow in training (pytorch #70954), so a convolution of many models is a matrix product a
model. A kernel of size 4 and stride 2 reads 2x2 blocks: with the image padded by 1 and cut into blocks of 2x2 pixels,
output p sums products of blocks p and p + 1 in each direction. These products, of 4 C by 4 O, are taken block by block
and then summed, which moves a quarter of the memory that copying every 4x4 patch would. Where an image has few channels
the patches are the smaller.

On a CPU, where models take turns, the library's convolutions of one model come nearest to the processor's peak.
"""

import functools
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


def linear(x: Tensor, weight: Tensor, bias: Tensor, activation: Map | None = None) -> Tensor:
    """Return x W^T + b: (M, B, I) to (M, B, O)."""
    return _active(torch.baddbmm(bias[:, None], x, weight.mT), activation)


def conv_k2(x: Tensor, weight: Tensor, bias: Tensor, activation: Map | None = None) -> Tensor:
    """Return a convolution of size 2 and stride 2, without padding: (M, B, 2 h, 2 w, C) to (M, B, h, w, O)."""
    kernel = weight.permute(0, 3, 4, 2, 1).flatten(1, 3)
    return _product(_cut(x), kernel, bias, activation)


def conv_k4(x: Tensor, weight: Tensor, bias: Tensor, activation: Map | None = None) -> Tensor:
    """Return a convolution of size 4 and stride 2, padded by 1: (M, B, 2 h, 2 w, C) to (M, B, h, w, O)."""
    if uses_library(x):
        return _by_library(_convolution, x, weight, bias, activation)
    kernel = _halved(weight)
    blocks = _cut(F.pad(x, (0, 0, 1, 1, 1, 1)))
    if x.shape[-1] <= FEW_CHANNELS:
        patches = _mapped(blocks, _windows, _overlap).flatten(-3)
        return _product(patches, kernel.permute(0, 3, 5, 4, 6, 2, 1).flatten(1, 5), bias, activation)
    products = _product(blocks, kernel.permute(0, 4, 6, 2, 3, 5, 1).flatten(1, 3).flatten(2))
    sums = _mapped(unflatten(products, -1, (2, 2, -1)), _collect, _spread)
    return _active(sums + bias[:, None, None, None], activation)


def deconv_k4(x: Tensor, weight: Tensor, bias: Tensor, activation: Map | None = None) -> Tensor:
    """Return the transposed convolution of size 4 and stride 2, padded by 1: (M, B, h, w, C) to (M, B, 2 h, 2 w, O)."""
    if uses_library(x):
        return _by_library(_deconvolution, x, weight, bias, activation)
    return _active(_deconv_by_products(x, weight, bias), activation)


def _deconv_by_products(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    kernel = _halved(weight)
    if weight.shape[2] <= FEW_CHANNELS:
        patches = _product(x, kernel.permute(0, 1, 3, 5, 4, 6, 2).flatten(2))
        blocks = _mapped(unflatten(patches, -1, (2, 2, -1)), _overlap, _windows)
    else:
        spread = _mapped(x, _spread, _collect).flatten(-3)
        blocks = _product(spread, kernel.permute(0, 3, 5, 1, 4, 6, 2).flatten(1, 3).flatten(2))
    return _joined(blocks)[:, :, 1:-1, 1:-1] + bias[:, None, None, None]


def _halved(weight: Tensor) -> Tensor:
    """Return kernels (M, P, Q, 4, 4) as (M, P, Q, a, i, b, j): row 2 a + i meets pixel i of block a of a window."""
    return unflatten(unflatten(weight, 4, (2, 2)), 3, (2, 2))


def uses_library(x: Tensor) -> bool:
    """Return whether images (M, ...) are convolved by the processor's library: those of one model on a CPU."""
    return x.device.type == "cpu" and len(x) == 1


def _by_library(
    convolution: Callable[[Tensor, Tensor, Tensor], Tensor],
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    activation: Map | None,
) -> Tensor:
    """Return what ``convolution`` makes of one model's images."""
    y = convolution(x.flatten(0, 1).permute(0, 3, 1, 2), weight.flatten(0, 1), bias.flatten(0, 1))
    return _active(y, activation).permute(0, 2, 3, 1)[None]


def _convolution(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.conv2d(x, weight, bias, stride=2, padding=1)


class _Deconvolution(torch.autograd.Function):
    """A transposed convolution of size 4, stride 2 and padding 1, as the derivative of the convolution.

    For that the library has a faster kernel than for what torch calls a transposed convolution; for few channels it is
    slower than a product.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        if weight.shape[1] <= FEW_CHANNELS:
            y = _deconv_by_products(x.permute(0, 2, 3, 1)[None], weight[None], bias[None])[0].permute(0, 3, 1, 2)
            return y.clone()  # a view could not be activated in place
        count, _, height, width = x.shape
        like = x.new_empty(count, 2 * height, 2 * width, weight.shape[1]).permute(0, 3, 1, 2)
        return _derivative(x, like, weight, 0).add_(bias[:, None, None])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        (x, weight), (g,) = ctx.saved_tensors, gradients
        return F.conv2d(g, weight, stride=2, padding=1), _derivative(x, g, weight, 1), g.sum((0, 2, 3))


def _derivative(gradient: Tensor, x: Tensor, weight: Tensor, by: int) -> Tensor:
    """Return the derivative of conv(x, weight) by x (0) or weight (1), given that of its result."""
    wanted, geometry = [k == by for k in range(3)], ([2, 2], [1, 1], [1, 1], False, [0, 0], 1)
    found: Tensor = torch.ops.aten.convolution_backward(gradient, x, weight, None, *geometry, wanted)[by]
    return found


def _deconvolution(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    y: Tensor = _Deconvolution.apply(x, weight, bias)  # type: ignore[no-untyped-call]
    return y


def _product(x: Tensor, kernel: Tensor, bias: Tensor | None = None, activation: Map | None = None) -> Tensor:
    """Return the products of (M, B, h, w, I) and (M, I, O), plus (M, O)."""
    rows = x.flatten(1, 3)
    found = torch.bmm(rows, kernel) if bias is None else torch.baddbmm(bias[:, None], rows, kernel)
    return unflatten(_active(found, activation), 1, x.shape[1:4])


def _active(x: Tensor, activation: Map | None) -> Tensor:
    return x if activation is None else activation(x)


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
    """x[p, q] = sum of y[p - a, q - b, a, b], the adjoint of ``_windows``.

    Of padded parts: where they would be added into one tensor in place, a compiler takes minutes to see through it.
    """
    first, *others = (F.pad(y[..., a, b, :], (0, 0, b, 1 - b, a, 1 - a)) for a, b in OFFSETS)
    return functools.reduce(Tensor.add_, others, first)


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
