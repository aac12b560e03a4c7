"""How the learning rates of class-supervised methods fall over a phase of training."""

import math

FALL, FALLS_EVERY = 0.33, 0.15
"""Of "steps": the factor, and the share of the steps after which it comes anew (30 of 200 epochs, as released)."""


def share_of_peak(schedule: str, step: int, steps: int) -> float:
    """Return the rate of a step (from 0) of a phase of ``steps``, as a share of its peak.

    "constant": 1. "cosine": (1 + cos(pi step / steps)) / 2. "steps": 0.33^floor(step / (0.15 steps)).
    Source of "steps": Kahana & Hoshen 2022, released code. Raises KeyError for another schedule.
    """
    if schedule == "steps":
        return FALL ** int(step / (FALLS_EVERY * steps))
    return {"constant": 1.0, "cosine": (1 + math.cos(math.pi * step / steps)) / 2}[schedule]
