"""What a training objective sees of one batch."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Embeddings:
    """One batch of B view pairs: what the networks made of it, and what is known about it.

    An objective (``methods/<name>.py``) reads nothing else. Its ``heads`` says how many projection heads the model
    needs; its ``terms(batch)`` returns scalars in nats: ``infomax_<k>``, and ``regularizer`` if it has one, which the
    training loop weights by lam.
    """

    r: Tensor
    """Representation, (B, 2, D)."""
    z: tuple[Tensor, ...]
    """One (B, 2, d) tensor a projection head, L2-normalised over d; empty without heads."""
    labels: dict[str, Tensor]
    """Integer labels, (B,) each: "joint", and every held factor by its name."""
    held: tuple[str, str]
    """Names of the two held factors in order, such as ("DC", "BC")."""
    temperature: float
    """tau of Eq. 1."""
    generator: torch.Generator
    """The run's "regularizer" stream; in a captured CUDA graph it must be on the device of ``z``."""
