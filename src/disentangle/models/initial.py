"""Initial weights from a stream of their own."""

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def drawn_from(generator: torch.Generator) -> Iterator[None]:
    """Let the modules that are built inside draw PyTorch's default weights from ``generator`` alone.

    Constructors draw from the global stream, which is seeded by one number of ``generator`` and put back afterwards.
    """
    seed = torch.randint(2**62, (), generator=generator, device=generator.device)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(seed))
        yield
