"""What the page of a study begins with: what was run, on what data, at what cost, and which claims are decided."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from disentangle.cells import format_lam
from disentangle.reporting.results import CellResult


def overview(cells: Sequence[CellResult], manifests: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return in words what was done, n, the cost and the data, and the entries as rows of a table.

    Of each cell ``run.json`` and ``timing.json`` are read, of each manifest what its parts are made of.
    """
    return {
        "done": _done(cells),
        "n": _seeds(cells),
        "cost": [*_cost(cells)],
        "data": [*_data(manifests)],
        "entries": [*_entries(cells)],
    }


def decided(claims: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the claims that are supported, and those that are contradicted, as ``6. What it states``.

    Of a statement stands what is before its first colon or bracket.
    """
    return {
        word: [f"{claim['number']}. {_lead(claim['statement'])}" for claim in claims if claim["verdict"] == word]
        for word in ("supported", "contradicted")
    }


def _lead(statement: str) -> str:
    return re.split(r": | \(", statement)[0].removesuffix(".")


def _done(cells: Sequence[CellResult]) -> str:
    if not cells:
        return "No training."
    entries, methods = {cell.cell.method for cell in cells}, {cell.run["method"]["name"] for cell in cells}
    datasets = list(dict.fromkeys(cell.cell.dataset for cell in cells))
    diverged = sum(cell.run["status"] == "diverged" for cell in cells)
    words = f"{_count(len(cells), 'training')}: {_count(len(entries), 'entry')} of {_count(len(methods), 'method')} on "
    return f"{words}{_count(len(datasets), 'data set')}, {', '.join(datasets)}; {diverged or 'none'} diverged."


def _seeds(cells: Sequence[CellResult]) -> str:
    """Return how many seeds the settings have: entries at a strength, on a dataset."""
    settings = Counter((cell.cell.dataset, cell.cell.method, cell.cell.lam) for cell in cells)
    by_count = sorted(Counter(settings.values()).items(), reverse=True)
    return ", ".join(f"{_count(seeds, 'seed')} in {_count(many, 'setting')}" for seeds, many in by_count)


def _cost(cells: Sequence[CellResult]) -> Iterator[str]:
    """Yield of each device how long trainings took on it."""
    for device in dict.fromkeys(cell.run["device"] for cell in cells):
        seconds = [cell.timing["seconds"] for cell in cells if cell.run["device"] == device]
        each = f"{_count(len(seconds), 'training')}, {median(seconds):.1f} s in the median"
        yield f"{spent(sum(seconds))} on {device} ({each})"


def spent(seconds: float) -> str:
    """Return a time in hours, of less than a tenth of one in seconds."""
    return f"{seconds:.0f} s" if seconds < 360 else f"{seconds / 3600:.2f} hours"


def _data(manifests: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield each part of datasets with what it stands in for, nothing where it is the paper's; those alike at once."""
    alike: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for name, manifest in manifests.items():
        parts = tuple((role, part["STAND_IN"].rstrip(".")) for role, part in manifest["made_of"].items())
        alike.setdefault(parts, []).append(name)
    yield from ((", ".join(names), [*parts]) for parts, names in alike.items())


def _entries(cells: Sequence[CellResult]) -> Iterator[tuple[str, ...]]:
    """Yield a row an entry: its method, strengths, datasets, seeds, cells, and how many diverged."""
    for entry in dict.fromkeys(cell.cell.method for cell in cells):
        own = [cell for cell in cells if cell.cell.method == entry]
        diverged = sum(cell.run["status"] == "diverged" for cell in own)
        yield (
            entry,
            own[0].run["method"]["name"],
            ", ".join(map(format_lam, sorted({cell.cell.lam for cell in own}))),
            ", ".join(dict.fromkeys(cell.cell.dataset for cell in own)),
            ", ".join(map(str, sorted({cell.cell.seed for cell in own}))),
            str(len(own)),
            str(diverged),
        )


def _count(number: int, word: str) -> str:
    if number == 1:
        return f"1 {word}"
    return f"{number:,} {word[:-1]}ies" if word.endswith("y") else f"{number:,} {word}s"
