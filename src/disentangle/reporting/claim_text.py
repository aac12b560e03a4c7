"""Claims as text and as columns: what a report shows of an effect on our runs and on the paper's."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from disentangle.reporting.claim import Claim, Effect, Region
from disentangle.reporting.statistics import Interval
from disentangle.reporting.tables import markdown_table

MARK = {
    "supported": "✓ supported",
    "contradicted": "✗ contradicted",
    "undecided": "? undecided",
    "not run": "– not run",
}
"""Verdicts as tables show them."""


def counted(claims: Mapping[str, Claim]) -> dict[str, Any]:
    """Return the verdict on each claim, its statement, and how many there are of each: the summary of the report."""
    verdicts = {name: claim.verdict for name, claim in claims.items()}
    count = Counter(map(str, verdicts.values()))
    numbered = [
        {"number": place, "statement": claim.statement, "verdict": claim.verdict}
        for place, claim in enumerate(claims.values(), 1)
    ]
    return {"count": {verdict: count[verdict] for verdict in MARK}, "verdicts": verdicts, "claims": numbered}


def sections(claims: Iterable[Claim], legend: str, table: Callable[[Claim], str]) -> list[str]:
    """Return the parts of a report of claims: verdicts, what these say, and the ``table`` of each claim's effects."""
    numbered = [*enumerate(claims, 1)]
    rows = [[f"{place}. {claim.statement}", claim.source, MARK[claim.verdict]] for place, claim in numbered]
    parts = ["## Verdicts", markdown_table(["claim", "where", "on ours"], rows), legend, "## The effects behind them"]
    for place, claim in numbered:
        parts += [f"### {place}. {claim.statement}", f"From: {claim.source}. {claim.remark}".rstrip(), table(claim)]
    return parts


def effects_table(claim: Claim, published: Claim) -> str:
    """Return a row an effect: what the claim says, what our runs and the paper's say."""
    header = ["effect", "the claim says", "ours", "interval", "n", "test", "verdict", "the paper's runs"]
    rows = [
        [
            ours.what,
            region_text(ours.region),
            _number(ours.found.value, ours.unit),
            _bounds(ours.found),
            ours.found.n,
            ours.found.test,
            ours.verdict,
            _published(theirs),
        ]
        for ours, theirs in zip(claim.effects, published.effects, strict=True)
    ]
    return markdown_table(header, rows)


def _published(effect: Effect) -> str:
    found = effect.found
    if found.n == 0:
        return "–"
    value = _number(found.value, effect.unit)
    return f"{value} (one run)" if found.n == 1 else f"{value} {_bounds(found)}, n = {found.n}: {effect.verdict}"


def region_text(region: Region) -> str:
    """Return a region as text."""
    least, most = region
    if math.isinf(least):
        return f"< {most:g}"
    return f"> {least:g}" if math.isinf(most) else f"{least:g} to {most:g}"


def _number(value: float, unit: str) -> str:
    if math.isnan(value):
        return "–"
    text = "∞" if math.isinf(value) else f"{value:.2f}"
    return f"{text} {unit}".rstrip()


def _bounds(found: Interval) -> str:
    if math.isnan(found.low) or math.isnan(found.high):
        return "–"
    return f"[{found.low:.2f}, {'∞' if math.isinf(found.high) else f'{found.high:.2f}'}]"


def columns(prefix: str, effect: Effect) -> dict[str, object]:
    """Return what was found of an effect as columns of a tidy table."""
    found = effect.found
    numbers = {"value": found.value, "low": found.low, "high": found.high}
    found_columns: dict[str, object] = {f"{prefix}{name}": round(number, 6) for name, number in numbers.items()}
    return found_columns | {f"{prefix}n": found.n, f"{prefix}test": found.test, f"{prefix}verdict": effect.verdict}
