"""Relations: each maps the values of one factor, which an edit of an image follows. params.yaml lists them by name.

``{factor: x, step: 1, ends: cyclic}``: the target of value v of V is (v + step) mod V;
``{factor: scale, step: 1, ends: saturating}``: it is min(max(v + step, 0), V - 1);
``{factor: shape, to: [1, 0, 2]}``: any map, value by value.

Valenti and Bacciu 2022 edit by such; in the code of their preceding paper those of dSprites are cyclic, and those of
3D Shapes saturate, but for the shape's.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from disentangle.data.grid import index_of, values_of
from disentangle.errors import InputError, did_you_mean


class Relation(NamedTuple):
    """A relation for one dataset."""

    name: str
    factor: int
    """Which of the factors told it changes, from 0."""
    target: tuple[int, ...]
    """The value that each of its V values is changed to."""


def relations_of(section: Mapping[str, Mapping[str, Any]], sizes: Mapping[str, int]) -> tuple[Relation, ...]:
    """Return the relations that a dataset has; ``sizes`` are the numbers of values of the factors told, in order.

    They are in the order of their names, whatever that of the section is: JSON, and so run.json, keeps none. Those of
    other factors are left out, and so are maps of another number of values than the factor has here.
    Raises InputError for a map to a value that is none.
    """
    found = []
    for name, relation in sorted(section.items()):
        _check_map(relation, f"relations.{name}")
        for place, (factor, size) in enumerate(sizes.items()):
            if factor == relation["factor"] and (target := _target(relation, size)):
                found.append(Relation(name, place, target))
    return tuple(found)


def related_rows(rows: np.ndarray, relation: Relation, sizes: Mapping[str, int], told: Sequence[str]) -> np.ndarray:
    """Return the rows (N,) of a grid of what a relation makes of ``rows`` (N,): its factor changed, all else as it was.

    ``sizes`` are those of all factors of the grid, ``told`` the names of those that relations count.
    """
    values = values_of(rows, sizes)
    place = [*sizes].index(told[relation.factor])
    values[:, place] = np.array(relation.target)[values[:, place]]
    return index_of(values, sizes)


def check(
    section: Mapping[str, Mapping[str, Any]],
    told: Iterable[Mapping[str, int]],
    elsewhere: Iterable[str],
    where: str,
) -> None:
    """Raise InputError for a relation of a factor that there is not, or a map that fits none of the datasets.

    ``told`` are the ``sizes`` of each dataset of a study. Factors ``elsewhere`` have no relation there, and may be
    listed: a scale of fewer datasets has those of its base.
    """
    known: dict[str, set[int]] = {name: set() for name in elsewhere}
    for sizes in told:
        for factor, size in sizes.items():
            known.setdefault(factor, set()).add(size)
    for name, relation in section.items():
        place, factor = f"{where}.{name}", relation["factor"]
        if factor not in known:
            raise InputError(f"{place}.factor: no dataset tells of '{factor}': {did_you_mean(factor, known)}")
        _check_map(relation, place)
        if known[factor] and not any(_target(relation, size) for size in known[factor]):
            allowed = " or ".join(map(str, sorted(known[factor])))
            raise InputError(
                f"{place}.to: found {len(relation['to'])} values; allowed: {allowed}, one each of {factor}."
            )


def _check_map(relation: Mapping[str, Any], where: str) -> None:
    for value in relation.get("to", ()):
        if not 0 <= value < len(relation["to"]):
            raise InputError(
                f"{where}.to: found value {value}; allowed: 0 to {len(relation['to']) - 1}, the values that it maps."
            )


def _target(relation: Mapping[str, Any], size: int) -> tuple[int, ...] | None:
    """Return the targets of a factor's values, None where it is a map of another number of them."""
    if "to" in relation:
        return tuple(relation["to"]) if len(relation["to"]) == size else None
    moved = [value + relation["step"] for value in range(size)]
    if relation["ends"] == "cyclic":
        return tuple(value % size for value in moved)
    return tuple(min(max(value, 0), size - 1) for value in moved)
