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


def shown(values: Sequence[float], digits: int = 3) -> str:
    """Return a mean with Student's interval as reports print it, by the book."""
    n, mean = len(values), sum(values) / len(values)
    t = {1: math.nan, 2: 12.706204736432095, 3: 4.302652729911275}[n]
    if n == 1:
        return f"{mean:.{digits}f}"
    half = t * math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1)) / math.sqrt(n)
    return f"{mean:.{digits}f} ± {half:.{digits}f}"
