"""What a family of methods is asked to train, and what comes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Job:
    """One cell to train."""

    config: dict[str, Any]
    """``Params.training(cell)``."""
    resume: Path
    """Where the state of an unfinished training lies; of a stack, that of its first cell holds all."""
    digest: str
    """Of all that the training depends on: an unfinished one of another digest is begun anew."""
    say: Callable[[str], None]


@dataclass(frozen=True)
class Fitted:
    """One trained cell to encode."""

    run: Mapping[str, Any]
    """Its run.json."""
    weights: Path


@dataclass(frozen=True)
class Trained:
    """One trained cell."""

    weights: Mapping[str, Tensor]
    history: list[dict[str, float]]
    """A row every few steps."""
    facts: Mapping[str, Any]
    """What run.json tells of it beside its parameters: its ``status`` at least."""
    seconds: float
    steps: int
    samples: int
    """Images a step."""
