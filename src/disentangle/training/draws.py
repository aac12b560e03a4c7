"""Random numbers of training steps: each depends on a cell's seed, a purpose and the step alone.

Cells of one seed share them. Each seed's are drawn for a block of steps at once, so that drawing costs few launches;
a block has a generator of its own, so that no state is carried from one to the next.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from disentangle.streams import seed_of

BLOCK = 2**20
"""Numbers, about, that are drawn at once for one seed."""

Draw = Callable[[tuple[int, ...], torch.Generator], Tensor]


class Stream:
    """The numbers of one purpose, (S, *shape) a step, for S seeds; ``draw`` makes (steps, *shape) of one seed.

    A generator is on ``device``; what it draws is moved to ``target``.
    """

    def __init__(
        self,
        seeds: Sequence[int],
        purpose: str,
        shape: tuple[int, ...],
        draw: Draw,
        device: torch.device,
        target: torch.device,
    ) -> None:
        self.purpose = purpose
        self._seeds, self._shape, self._draw = seeds, shape, draw
        self._device, self._target = device, target
        self._steps = max(1, BLOCK // math.prod(shape))
        self._block, self._drawn = -1, torch.empty(0)

    def at(self, step: int) -> Tensor:
        """Return the numbers (S, *shape) of a step."""
        block, position = divmod(step, self._steps)
        if block != self._block:
            self._block = block
            self._drawn = torch.stack([self._numbers(seed, block) for seed in self._seeds], 1)
        return self._drawn[position]

    def _numbers(self, seed: int, block: int) -> Tensor:
        generator = torch.Generator(self._device).manual_seed(seed_of(seed, self.purpose, block))
        return self._draw((self._steps, *self._shape), generator).to(self._target, non_blocking=True)


class Draws:
    """Everything that steps draw for S seeds: batches of ``batch`` of ``images``, for codes of ``latent`` dimensions.

    ``noise_shape`` is that of the uniform numbers of one observation, if it has any; ``permuted`` says whether
    permutations are drawn. Which images a batch holds is drawn on the CPU, the same for every device.
    """

    def __init__(
        self,
        seeds: Sequence[int],
        images: int,
        batch: int,
        latent: int,
        noise_shape: tuple[int, ...] | None,
        permuted: bool,
        device: torch.device,
    ) -> None:
        def stream(purpose: str, shape: tuple[int, ...], draw: Draw, source: torch.device = device) -> Stream:
            return Stream(seeds, purpose, shape, draw, source, device)

        self._streams = [
            stream("order", (batch,), _indices(images), torch.device("cpu")),
            stream("noise", (batch, latent), _normal),
        ]
        if noise_shape is not None:
            self._streams.append(stream("observe", (batch, *noise_shape), _uniform))
        if permuted:
            self._streams.append(stream("regularizer", (batch, latent), _permutations))

    def at(self, step: int) -> dict[str, Tensor]:
        """Return what a step draws for S seeds.

        ``order`` (S, B) int64, which images; ``noise`` (S, B, D), standard normal, of the codes; where they are needed,
        ``observe`` (S, B, ...) in [0, 1), of the observations, and ``regularizer`` (S, B, D) int64, for each dimension
        a permutation of the batch.
        """
        return {stream.purpose: stream.at(step) for stream in self._streams}


def _indices(images: int) -> Draw:
    return lambda shape, generator: torch.randint(images, shape, generator=generator)


def _normal(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=generator, device=generator.device)


def _uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=generator, device=generator.device)


def _permutations(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return _uniform(shape, generator).argsort(dim=1)
