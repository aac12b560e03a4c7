"""Where a run stands: collapsed, stuck with one factor, or past both.

A contrastive loss has plateaus of known height. At the start all embeddings are alike and each InfoMax term is
log(M - 1) for M views. Embeddings that carry one held factor alone cannot get below the mean log-number of other
views with the same value of it. Burns' Fig. 5 shows such a plateau for 55,000 steps.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

COLLAPSE_MARGIN = 0.05
"""Part of the way from the collapse level to the floor that counts as having left it."""


@dataclass(frozen=True)
class Levels:
    """Heights of one InfoMax term in nats: all embeddings alike, one held factor alone, all that it is told.

    ``single_factor`` is None for a term that is told one factor only.
    """

    collapse: float
    single_factor: float | None
    floor: float


def left_collapse(loss: float, levels: Levels) -> bool:
    """Say whether an InfoMax term is below the collapse level by more than the margin."""
    return loss < levels.collapse - COLLAPSE_MARGIN * (levels.collapse - levels.floor)


def left_single_factor(loss: float, levels: Levels) -> bool:
    """Say whether an InfoMax term is lower than embeddings of one factor alone can bring it."""
    return left_collapse(loss, levels) and (levels.single_factor is None or loss < levels.single_factor)


def exit_step(steps: Sequence[int], left: Sequence[bool]) -> int | None:
    """Return the logged step from which on a run had left for good, or None if it had not at its end."""
    found = None
    for step, out in zip(steps, left, strict=True):
        found = (step if found is None else found) if out else None
    return found


def describe(history: Sequence[dict[str, float]], levels: Sequence[Levels]) -> dict[str, Any]:
    """Return the plateaus' heights and the step at which every InfoMax term had left each, None for never."""
    steps = [int(row["step"]) for row in history]

    def exit_of(left: Callable[[float, Levels], bool]) -> int | None:
        return exit_step(
            steps, [all(left(row[f"infomax_{k}"], level) for k, level in enumerate(levels)) for row in history]
        )

    return {
        "levels": [asdict(level) for level in levels],
        "left_collapse": exit_of(left_collapse),
        "left_single_factor": exit_of(left_single_factor),
    }
