"""A trained model as a part to reuse: images in, codes out, and where it has a decoder, codes in, images out.

Each family of methods opens its checkpoints by a file of its name in training/openings, which holds

    opened(run, weights, dataset) -> Opened

``run`` is the content of the cell's run.json, ``weights`` its checkpoint, ``dataset`` the folder of its dataset, of
which no image is read. Nothing that trains or encodes reaches these files: adding to them makes no result stale.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from disentangle.data import dataset_files
from disentangle.errors import InputError

CHUNK = 256
"""Images that the networks are given at a time, as where the pipeline encodes."""

Images: TypeAlias = "np.ndarray | Tensor"


class Opened(nn.Module):
    """The networks of one cell, in evaluation mode, on the CPU at first, their weights without gradients."""

    decoded: str = ""
    """Which of what ``encode`` returns ``decode`` takes; empty where it takes none."""

    def __init__(self, run: Mapping[str, Any], dataset: Path, binary: bool = False) -> None:
        """Images are of values 0 and 255 alone if they are ``binary``; ``shape`` is that of one, (S, S, C)."""
        super().__init__()
        self.run, self.dataset, self.binary = run, dataset, binary
        self.shape = dataset_files.read_shape(dataset)

    def ready(self) -> "Opened":
        """Return itself once its networks are there."""
        return self.eval().requires_grad_(False)

    @property
    def name(self) -> str:
        """The method, as messages name it."""
        return f"method '{self.run['method']['name']}'"

    @property
    def device(self) -> torch.device:
        """Where its weights are; ``to`` moves them."""
        return next(self.parameters()).device

    def encode(self, images: Images) -> dict[str, Tensor]:
        """Return codes (M, D) of images (M, S, S, C) uint8 as its dataset has them, by their names in codes.npz.

        Raises InputError for images of another dtype, shape or range.
        """
        found: dict[str, list[Tensor]] = {}
        for x in self.seen(self.checked(images)):
            for name, codes in self.codes(x).items():
                found.setdefault(name, []).append(codes)
        return {name: torch.cat(parts) for name, parts in found.items()}

    def decode(self, codes: Images) -> Tensor:
        """Return images (M, S, S, C) in [0, 1] of codes (M, D), which are those that ``decoded`` names.

        Raises InputError for codes that are no finite numbers or of another D, and of a method without such a decoder.
        """
        if not self.decoded:
            raise InputError(f"{self.name} has no decoder.")
        z = found = _array("codes", codes)
        if isinstance(z, np.ndarray) and z.dtype.kind == "f":
            z = torch.from_numpy(np.array(z, np.float64))  # of any strides and order of bytes
        size = self.size
        if isinstance(z, np.ndarray) or not z.is_floating_point() or z.shape[1:] != (size,) or not _finite(z):
            raise InputError(f"codes: found {_told(found)}; allowed: finite floats (M, {size}).")
        return torch.cat([self.images(part) for part in torch.split(z.to(self.device, torch.float32), CHUNK)])

    @property
    def size(self) -> int:
        """How many dimensions the codes have that ``decode`` takes."""
        blank = torch.zeros(1, *self.shape, dtype=torch.uint8)
        return self.encode(blank)[self.decoded].shape[1]

    def observed(self, images: Images) -> Tensor:
        """Return what the model sees of images as of ``encode``, (M, S, S, C') floats in [0, 1]: them as they are."""
        return torch.cat([part.float().div_(255) for part in self.parts(self.checked(images))])

    def seen(self, images: Images) -> Iterator[Tensor]:
        """Yield what its networks are given of checked images, CHUNK at a time."""
        raise NotImplementedError

    def codes(self, x: Tensor) -> dict[str, Tensor]:
        """Return codes by name of what its networks are given."""
        raise NotImplementedError

    def images(self, z: Tensor) -> Tensor:
        """Return images (M, S, S, C) in [0, 1] of codes; of a family with decoders."""
        raise NotImplementedError

    def checked(self, images: Images) -> Images:
        """Return images as they are; raises InputError that says what was found and what is allowed."""
        images = _array("images", images)
        allowed = f"uint8 (M, {', '.join(map(str, self.shape))})"
        if images.dtype not in (np.uint8, torch.uint8) or images.shape[1:] != self.shape or not len(images):
            raise InputError(f"images: found {_told(images)}; allowed: {allowed} of 0 to 255, as the dataset has them.")
        return images

    def parts(self, images: Images) -> Iterator[Tensor]:
        """Yield images as tensors on its device, CHUNK at a time."""
        for start in range(0, len(images), CHUNK):
            part = images[start : start + CHUNK]
            if self.binary and bool(((part != 0) & (part != 255)).any()):
                raise InputError(
                    "images: found a value between 0 and 255; allowed: 0 and 255, as the dataset has them."
                )
            # Of another order in memory, sums come in another order.
            whole = part.contiguous() if isinstance(part, Tensor) else torch.from_numpy(np.array(part, order="C"))
            yield whole.to(self.device)


def _array(name: str, given: Images) -> Images:
    """Return a tensor as it is, and all else as an array; raises InputError for what is none."""
    try:
        return given if isinstance(given, Tensor) else np.asarray(given)
    except (TypeError, ValueError, RuntimeError):  # such as lists of different lengths
        found = f"found a {type(given).__name__} that makes no array"
        raise InputError(f"{name}: {found}; allowed: an array or a tensor.") from None


def _finite(z: Tensor) -> bool:
    """Say whether codes are finite as the networks are given them."""
    return bool(z.to(torch.float32).isfinite().all())


def _told(found: Images) -> str:
    dtype = str(found.dtype).removeprefix("torch.")
    return f"{dtype} ({', '.join(map(str, found.shape))})"
