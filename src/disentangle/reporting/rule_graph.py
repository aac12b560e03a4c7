"""The pipeline's rules as a picture: boxes in the order of work, heavy arrows along it, light ones to who else reads."""

import itertools
import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from disentangle.reporting import drawing

Edge = tuple[str, str]
"""The names of a rule and of one that reads what it makes."""
Point = tuple[float, float]

COLUMNS = 4
"""Most boxes beside each other: with more of them a phone shows no letters."""
# All in points, from the top left corner down.
WIDTH, MARGIN, GUTTER = 648.0, 3.0, 45.0
BOX = (WIDTH - 2 * MARGIN - COLUMNS * GUTTER) / COLUMNS
INSET, STACKED = 9.0, 16.0  # from a box's edge to its text, from a box to that below it
TRACK, PORT, BEND = 6.5, 10.0, 4.0  # between lines side by side, between arrow heads; radius of corners
NAME, SAYS, LIES = 13.0, 10.0, 9.0  # sizes of text
LEADING = 1.25
INK, PALE, PAPER = "#333333", "#666666", "#f6f7f8"


class Rule(NamedTuple):
    """What is told of a rule."""

    says: str
    """Its docstring; its first clause is shown."""
    lies: str
    """The folder, or the file, of what it makes."""


def clause(sentence: str) -> str:
    """Return the first clause of a sentence."""
    return re.split(r"[,:;.](?:\s|$)", sentence, maxsplit=1)[0]


def merged(rules: Mapping[str, Rule], edges: Iterable[Edge]) -> tuple[dict[str, Rule], set[Edge]]:
    """Return a graph in which rules that say the same are one, under the shortest of their names."""
    name = {twin: min((n for n in rules if rules[n].says == rules[twin].says), key=len) for twin in rules}
    return {name[rule]: rules[name[rule]] for rule in rules}, {(name[a], name[b]) for a, b in edges}


def layers(names: Iterable[str], edges: Collection[Edge]) -> dict[str, int]:
    """Return how many rules lie before each at most, by name; the graph has no circle."""
    found: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in found:
            found[name] = max((depth(a) + 1 for a, b in edges if b == name), default=0)
        return found[name]

    return {name: depth(name) for name in names}
