"""Which degenerate solution a cell ended in: those that Burns 2021 describes in sections 4.2 and A.4.5, measured.

Information is what a linear classifier tells beyond the commonest class, as a share of what there is to tell:

    I = (accuracy - chance) / (100 - chance)
"""

import math
from collections.abc import Mapping, Sequence

Information = Mapping[str, float]
"""I by task, of one input."""

TELLS = 0.1
"""An input with less information than this on a task does not tell it."""
KEEPS, LOSES = 0.95, 0.8
"""Shares of the whole's information from which on a half keeps a factor, and below which it has lost some."""
ROTATED = 0.9
"""Share of one half's variance that a rotation of the other explains, from which on they are one another's rotation."""

MEANING = {
    "diverged": "the loss was not finite",
    "collapse": "the whole code tells neither factor (Table 7, *Random*)",
    "dominance": "the easier factor is in both halves, or alone in the code; the harder one is lost in part or whole "
    "(Table 7, *Task difficulty*)",
    "empty half": "one half tells neither factor, as a random vector would",
    "rotation": "one half is a rotation of the other",
    "separated": "each half keeps a factor of its own and does not tell the other: what the paper wants",
    "mixed": "none of these: factors shared between the halves",
}
"""Every diagnosis, in words; the first that holds is a cell's."""
DEGENERATE = ("diverged", "collapse", "dominance", "empty half", "rotation")


def information(accuracy: float, chance: float) -> float:
    """Return I from an accuracy in percent: 0 below chance, NaN where there is no accuracy."""
    return accuracy if math.isnan(accuracy) else max(0.0, (accuracy - chance) / (100 - chance))


def diagnose(whole: Information, halves: Sequence[Information], rotation: float) -> str:
    """Return the diagnosis, a key of MEANING, of a code by the information of it and its halves on two tasks.

    ``rotation`` is the halves' Procrustes similarity, NaN where it is not known.
    """
    tasks = tuple(whole)
    told = [task for task in tasks if whole[task] >= TELLS]
    if not told:
        return "collapse"
    if len(told) == 1:
        return "dominance"  # in full: the other factor is lost as a whole
    if any(all(half[task] < TELLS for task in tasks) for half in halves):
        return "empty half"
    if rotation >= ROTATED:
        return "rotation"
    if any(_dominates(easy, hard, whole, halves) for easy, hard in (tasks, tasks[::-1])):
        return "dominance"
    first, second = halves
    if any(_separates(first, second, order, whole) for order in (tasks, tasks[::-1])):
        return "separated"
    return "mixed"


def _dominates(easy: str, hard: str, whole: Information, halves: Sequence[Information]) -> bool:
    kept = all(half[easy] >= KEEPS * whole[easy] for half in halves)
    return kept and all(half[hard] <= LOSES * whole[hard] for half in halves)


def _separates(first: Information, second: Information, tasks: Sequence[str], whole: Information) -> bool:
    own, other = tasks
    keep = first[own] >= KEEPS * whole[own] and second[other] >= KEEPS * whole[other]
    return keep and first[other] < TELLS and second[own] < TELLS
