"""What DVC compares: numbers and loss curves of settings, a dataset, a method and a strength each, over their seeds."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from statistics import fmean
from typing import Any

from disentangle.cells import Cell, format_lam

DIGITS = 4
"""Significant ones: these numbers are read side by side."""


def settings_of(cells: Iterable[Cell]) -> dict[str, list[Cell]]:
    """Return the cells of each setting by its place, ``<study>/<dataset>/<method>``, and ``/lam=<lam>`` of several.

    A method's only strength is not in its place, so that another one, tried instead, is compared with it.
    """
    found: dict[str, dict[float, list[Cell]]] = {}
    for cell in cells:
        found.setdefault(f"{cell.study}/{cell.dataset}/{cell.method}", {}).setdefault(cell.lam, []).append(cell)
    return {
        f"{method}/lam={format_lam(lam)}" if len(by_lam) > 1 else method: of_lam
        for method, by_lam in found.items()
        for lam, of_lam in by_lam.items()
    }


def numbers(results: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Return what a cell's results hold, by dotted name: of nested mappings each number, of a list the mean."""
    return {".".join(names): value for result in results for names, value in _leaves(result, ())}


def _leaves(node: Any, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _leaves(value, (*names, key))
    elif node is not None:
        yield names, fmean(node) if isinstance(node, list) else float(node)


def means(cells: Sequence[Mapping[str, float]], patterns: Iterable[str]) -> dict[str, float]:
    """Return the mean over cells, of those that have it, of every number whose name fits one of some patterns."""
    fitting = dict.fromkeys(
        name for pattern in patterns for cell in cells for name in cell if fnmatchcase(name, pattern)
    )
    return {name: _rounded(fmean(cell[name] for cell in cells if name in cell)) for name in fitting}


def curve(histories: Iterable[Iterable[Mapping[str, str]]]) -> list[tuple[int, float]]:
    """Return (step, mean loss over cells) of the rows of their histories; a run that diverged has fewer."""
    losses: dict[int, list[float]] = {}
    for history in histories:
        for row in history:
            if math.isfinite(loss := float(row["loss"])):
                losses.setdefault(int(row["step"]), []).append(loss)
    return [(step, _rounded(fmean(found))) for step, found in sorted(losses.items())]


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
