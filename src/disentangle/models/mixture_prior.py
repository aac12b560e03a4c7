"""The adaptive prior of a code in partitions: a mixture a partition, and what its components stand for."""

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor, nn

from disentangle.losses import mixtures
from disentangle.losses.mixtures import Mixture


class MixturePrior(nn.Module):
    """A mixture for each of P ``parts``, the factors (places in ``sizes``) whose combinations are its components.

    It is state, not weights: ``estimate`` sets it, training does not change it. Codes are (M, P, d).
    """

    mean: Tensor
    factor: Tensor
    whitening: Tensor
    known: Tensor
    known_first: Tensor
    counts: Tensor
    centre: Tensor
    spread: Tensor

    def __init__(self, sizes: Sequence[int], parts: Sequence[Sequence[int]], dim: int) -> None:
        super().__init__()
        self.sizes, self.parts, self.dim = tuple(sizes), tuple(map(tuple, parts)), dim
        counts = [prod(self._sizes(part)) for part in self.parts]
        self.values = max(counts)
        shape = len(self.parts), self.values
        self.register_buffer("mean", torch.zeros(*shape, dim))
        self.register_buffer("factor", torch.eye(dim).repeat(*shape, 1, 1))
        self.register_buffer("whitening", torch.eye(dim).repeat(*shape, 1, 1))
        self.register_buffer("known", torch.zeros(shape, dtype=torch.bool))
        self.register_buffer("known_first", torch.zeros(shape, dtype=torch.int64))
        self.register_buffer("counts", torch.tensor(counts), persistent=False)
        self.register_buffer("centre", torch.zeros(shape[0], dim))
        self.register_buffer("spread", torch.ones(shape[0], dim))

    @property
    def mixture(self) -> Mixture:
        """The components as the functions of losses/mixtures.py take them."""
        return Mixture(self.mean, self.factor, self.whitening, self.known)

    def estimate(self, codes: Tensor, values: Tensor, scale: float, ridge: float) -> None:
        """Set the components to those of labelled codes (N, P, d) of factor values (N, K)."""
        found = mixtures.estimate(codes, self.components(values), self.values, scale, ridge)
        for name, tensor in found._asdict().items():
            getattr(self, name).copy_(tensor)
        self.known_first.copy_(self.known.int().argsort(dim=1, descending=True, stable=True))
        self.centre.copy_(codes.mean(0))
        self.spread.copy_(codes.std(0, correction=0).clamp(min=1e-6))

    def components(self, values: Tensor) -> Tensor:
        """Return which component (M, P) of each partition factor values (M, K) are."""
        found = []
        for part in self.parts:
            number = torch.zeros_like(values[:, 0])
            for place in part:
                number = number * self.sizes[place] + values[:, place]
            found.append(number)
        return torch.stack(found, 1)

    def values_of(self, components: Tensor) -> Tensor:
        """Return the factor values (M, K) of components (M, P): what ``components`` makes of them."""
        found = [torch.empty(0)] * len(self.sizes)
        for number, part in zip(components.T, self.parts, strict=True):
            rest = number
            for place in reversed(part):
                found[place] = rest % self.sizes[place]
                rest = rest // self.sizes[place]
        return torch.stack(found, 1)

    def draw_components(self, count: int, generator: torch.Generator) -> Tensor:
        """Return components (count, P), uniform over those that are known, each partition's on its own."""
        uniform = torch.rand(count, len(self.parts), generator=generator, device=self.mean.device)
        place = (uniform * self.known.sum(1)).long()
        part = torch.arange(len(self.parts), device=self.mean.device)
        return self.known_first[part, place]

    def sample(self, components: Tensor, generator: torch.Generator) -> Tensor:
        """Return a draw (M, P, d) of each component (M, P)."""
        shape = (*components.shape, self.dim)
        noise = torch.randn(shape, generator=generator, device=self.mean.device)
        return mixtures.sample(self.mixture, components, noise)

    def log_density(self, z: Tensor) -> Tensor:
        """Return the log-densities (M, P, V) of codes under each component."""
        return mixtures.log_density(self.mixture, z)

    def told(self, z: Tensor) -> Tensor:
        """Return the factor values (M, K) of the densest component of each partition."""
        return self.values_of(self.log_density(z).argmax(-1))

    def exists(self) -> Tensor:
        """Return which components (P, V) stand for a value: partitions of fewer are padded."""
        return torch.arange(self.values, device=self.mean.device) < self.counts[:, None]

    def _sizes(self, part: Sequence[int]) -> list[int]:
        return [self.sizes[place] for place in part]
