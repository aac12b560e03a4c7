"""Reports read back: their tables, and numbers as they print them."""

import math
from collections.abc import Sequence


def tables(markdown: str) -> list[list[list[str]]]:
    """Read every Markdown table back, rows of entries with the header first."""
    found: list[list[list[str]]] = [[]]
    for line in markdown.splitlines():
        if line.startswith("|"):
            entries = [entry.strip() for entry in line.strip("|").split("|")]
            assert not found[-1] or len(entries) == len(found[-1][0]), line
            if not set("".join(entries)) <= {"-", ":"}:
                found[-1].append(entries)
        elif found[-1]:
            found.append([])
    return [table for table in found if table]


def shown(values: Sequence[float], digits: int = 3, ends: tuple[float, float] = (0, 1)) -> str:
    """Return a mean with Student's interval of its logit, as reports print it, no zero signed, by the book."""
    n, mean = len(values), sum(values) / len(values)
    if n == 1:
        return f"{mean:z.{digits}f}"
    step, low, high = half_width(values), min(ends[0], *values), max(ends[1], *values)
    if step == 0:
        around = mean, mean
    elif math.isinf(high):
        factor, above = math.exp(step / (mean - low)), mean - low
        around = low + above / factor, low + above * factor
    else:
        share = (mean - low) / (high - low)
        step *= 1 / (mean - low) + 1 / (high - mean)
        around = tuple(low + (high - low) / (1 + (1 / share - 1) * math.exp(sign * step)) for sign in (1, -1))
    return f"{mean:z.{digits}f} [{around[0]:z.{digits}f}, {around[1]:z.{digits}f}]"


def half_width(values: Sequence[float]) -> float:
    """Return the half width of Student's 95 % interval of a mean, by the book."""
    n, mean = len(values), sum(values) / len(values)
    t = {2: 12.706204736432095, 3: 4.302652729911275}[n]
    return t * math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1)) / math.sqrt(n)
