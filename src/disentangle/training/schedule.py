"""The learning rate over steps."""

import math


def learning_rate(step: int, peak: float, warmup: int, steps: int) -> float:
    """Return the rate of a step (from 0): linear warm-up to ``peak``, then a cosine to 0 at ``steps``.

    lr = peak (step + 1) / warmup before ``warmup``, peak (1 + cos(pi (step - warmup) / (steps - warmup))) / 2 after.
    Source: the schedule of SimCLR and SupCon implementations; the paper states none.
    """
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) / 2
