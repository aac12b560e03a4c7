"""What an objective says of a training in phases: which networks each of its losses changes, when and how fast."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

Networks = nn.ModuleDict
Phases = Mapping[str, Mapping[str, tuple[str, ...]]]


class Phased:
    """What every objective of networks that are trained in phases has; methods/<name>.py override what differs."""

    schedule: str = "constant"
    """How learning rates fall over a phase, see training/rates.py."""

    @property
    def phases(self) -> Phases:
        """The phases of training in order; in each, which networks each loss changes.

        Each phase begins with optimizers anew. A loss's gradient reaches no other network.
        """
        raise NotImplementedError

    def steps(self, phase: str, training: Mapping[str, Any]) -> int:  # noqa: ARG002
        """Return how many steps a phase has, given the key ``training`` of the study's section."""
        return int(training["steps"])

    def rates(self, phase: str) -> dict[str, float]:
        """Return the peak learning rate of each network that a phase changes."""
        raise NotImplementedError

    def momentum(self, loss: str) -> float:  # noqa: ARG002
        """Return Adam's beta_1 for the networks that a loss changes; beta_2 is 0.999."""
        return 0.5

    def begin(self, phase: str, networks: Networks, given: Sequence[Any]) -> None:
        """Change what a phase starts from, of networks that the one before has trained; ``given`` is its batches'."""

    def losses(self, networks: Networks, batch: Any, phase: str) -> dict[str, Tensor]:
        """Return the losses that a phase names, and their terms, as scalars."""
        raise NotImplementedError
