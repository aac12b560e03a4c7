"""The pipeline's rules as a picture: boxes in the order of work, heavy arrows along it, light ones to other readers."""

import functools
import re
from collections.abc import Collection, Iterable, Mapping
from graphlib import TopologicalSorter
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from disentangle.reporting import drawing

Edge = tuple[str, str]
"""The names of a rule and of one that reads what it makes."""
Point = tuple[float, float]

COLUMNS = 4
"""Boxes side by side, then a new row begins: with more of them a phone shows no letters."""
# Lengths are points, from the top left corner.
WIDTH, MARGIN = 648.0, 4.0
TRACK, PORT, HEAD, BEND = 6.5, 11.0, 12.0, 5.0  # between lines, between their ends; length of an end, radius of a bend
INSET, GAP, STACKED = 8.0, 4.0, 16.0  # from a box to its text, between its parts, to the box below it
NAME, SAYS, LIES, LEADING = 14.0, 11.5, 9.0, 1.25  # sizes of text; of a line in sizes
INK, PALE, PAPER = "#333333", "#666666", "#f7f8f9"
COLOURS = ("#2f6690", "#a8622d", "#3d7f63", "#84567f", "#8a7a2f")
"""Of rules that many read, and their lines."""


class Rule(NamedTuple):
    """What is told of a rule."""

    says: str
    """Its docstring, of which the first clause is shown."""
    lies: str
    """The folder, or the file, of what it makes."""

    @property
    def clause(self) -> str:
        """What it does, in few words."""
        return re.split(r"[,:;.](?:\s|$)", self.says, maxsplit=1)[0]


def merged(rules: Mapping[str, Rule], edges: Iterable[Edge]) -> tuple[dict[str, Rule], set[Edge]]:
    """Return a graph in which rules of one docstring are one rule, under the shortest of their names."""
    named = {twin: min((name for name in rules if rules[name].says == rules[twin].says), key=len) for twin in rules}
    return {name: rules[name] for name in named.values()}, {(named[a], named[b]) for a, b in edges}


def layers(rules: Iterable[str], edges: Iterable[Edge]) -> dict[str, int]:
    """Return the longest way to each rule, in edges; raises ValueError if they run in a circle."""
    sources: dict[str, set[str]] = {rule: set() for rule in rules}
    for a, b in edges:
        sources[b].add(a)
    found: dict[str, int] = {}
    for rule in TopologicalSorter(sources).static_order():
        found[rule] = max((found[source] + 1 for source in sources[rule]), default=0)
    return found


def steps(edges: Collection[Edge]) -> set[Edge]:
    """Return the edges without those that a longer way stands for."""

    @functools.cache
    def leads(a: str, b: str) -> bool:
        return a == b or any(leads(c, b) for start, c in edges if start == a)

    return {(a, b) for a, b in edges if not any(leads(c, b) for start, c in edges if start == a and c != b)}


def draw(rules: Mapping[str, Rule], edges: Collection[Edge]) -> Figure:
    """Draw the graph; the SVG's groups are named ``rule-<name>`` and ``edge-<name>-<name>``."""
    plan = _Plan(rules, edges)
    figure, [[axes]] = drawing.panels(1, 1, WIDTH / 72, plan.height / 72)
    axes.set_position((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(plan.height, 0))
    axes.set_axis_off()
    heavy = steps(edges)
    for edge in sorted(edges, key=lambda edge: (edge in heavy, edge)):
        arrow = FancyArrowPatch(
            path=_rounded(plan.route(*edge)),
            arrowstyle="-|>,head_length=0.6,head_width=0.3",
            mutation_scale=HEAD,
            linewidth=2.2 if edge in heavy else 1.0,
            color=plan.colour.get(edge[0], INK),
            joinstyle="miter",
            capstyle="butt",
            gid=f"edge-{'-'.join(edge)}",
        )
        axes.add_patch(arrow)
    for name in plan.place:
        _draw_box(axes, plan, name, rules[name])
    return figure


class _Place(NamedTuple):
    row: int
    column: int
    slot: int
    """How many boxes are above it in its column."""
    last: bool
    """Whether none is below it."""


class _Plan:
    """Where everything is.

    A line to the next column runs in the gutter between the two. Any other leaves its box for a rail below the row, one
    for each box, and comes to its end in the gutter before it.
    """

    def __init__(self, rules: Mapping[str, Rule], edges: Collection[Edge]) -> None:
        self.edges = sorted(edges)
        self.place = _places(rules, edges)
        rails = sorted({a for a, b in edges if not self._adjacent(a, b)}, key=lambda name: self.place[name])
        self.colour = dict(zip(rails, COLOURS, strict=False))
        rows, gutters = range(1 + max(place.row for place in self.place.values())), range(COLUMNS + 1)
        self.tracks = {(row, gutter): self._tracks(row, gutter, rails) for row in rows for gutter in gutters}
        lines = [max(len(self.tracks[row, gutter]) for row in rows) for gutter in gutters]
        self.gutters = [TRACK * (most + 1) + HEAD if most else MARGIN for most in lines]
        self.wide = (WIDTH - sum(self.gutters)) / COLUMNS
        self.lines = {name: _wrapped(rule.clause, self.wide - 2 * INSET) for name, rule in rules.items()}
        self.tall = 2 * INSET + NAME + LEADING * SAYS * max(map(len, self.lines.values())) + 2 * GAP + LIES
        self.deepest = [max(place.slot for place in self.place.values() if place.row == row) for row in rows]
        self.row: list[float] = []
        self.rail: dict[str, float] = {}
        self.height = MARGIN
        for row in rows:
            self.row.append(self.height)
            bottom = self.height + self.tall + self.deepest[row] * (self.tall + STACKED)
            below = [name for name in rails if self.place[name].row == row]
            self.rail |= {name: bottom + TRACK * (2 + number) for number, name in enumerate(below)}
            self.height = bottom + (TRACK * (3 + len(below)) if below else MARGIN)

    def _adjacent(self, a: str, b: str) -> bool:
        return self.place[a].row == self.place[b].row and self.place[a].column + 1 == self.place[b].column

    def _tracks(self, row: int, gutter: int, rails: list[str]) -> list[tuple[str, str]]:
        """Return the lines that run up or down before a column, from left to right, so that few of them cross."""

        def order(name: str) -> tuple[int, int]:
            place, rail = self.place[name], rails.index(name)
            return (0, rail) if place.row == row else (2, rail) if place.column >= gutter else (1, -rail)

        beside = [name for name, place in self.place.items() if (place.row, place.column + 1) == (row, gutter)]
        straight = {a for a, b in self.edges if self._adjacent(a, b)} | {a for a in rails if not self.place[a].last}
        arrive = {a for a, b in self.edges if self.place[b][:2] == (row, gutter) and not self._adjacent(a, b)}
        leave = [("leave", name) for name in beside if name in straight]
        return leave + [("arrive", name) for name in sorted(arrive, key=order)]

    def left(self, name: str) -> float:
        column = self.place[name].column
        return sum(self.gutters[: column + 1]) + column * self.wide

    def top(self, name: str) -> float:
        place = self.place[name]
        deepest = max(other.slot for other in self.place.values() if other[:2] == place[:2])
        return self.row[place.row] + (place.slot + (self.deepest[place.row] - deepest) / 2) * (self.tall + STACKED)

    def middle(self, name: str) -> float:
        return self.top(name) + self.tall / 2

    def _track(self, row: int, gutter: int, line: tuple[str, str]) -> float:
        before = sum(self.gutters[:gutter]) + gutter * self.wide
        return before + TRACK * (self.tracks[row, gutter].index(line) + 1)

    def _port(self, a: str, b: str) -> float:
        """Return the height at which the line from ``a`` ends at ``b``: a level one in its middle, if there is one."""
        row, column, *_ = self.place[b]
        arrive = [name for kind, name in self.tracks[row, column] if kind == "arrive" and (name, b) in self.edges]
        above = [name for name in reversed(arrive) if self.place[name].row < row]
        below = [name for name in arrive if self.place[name].row == row]
        direct = sorted((x for x, reader in self.edges if reader == b and self._adjacent(x, b)), key=self.middle)
        order = [*above, *direct, *below]
        level = [order.index(name) for name in direct if self.middle(name) == self.middle(b)]
        centre = level[0] if level else (len(order) - 1) / 2
        apart = min(PORT, (self.tall / 2 - INSET) / max(centre, len(order) - 1 - centre, 1))
        return self.middle(b) + apart * (order.index(a) - centre)

    def route(self, a: str, b: str) -> list[Point]:
        """Return the corners of the line from ``a`` to ``b``."""
        out, into, port = self.place[a], self.place[b], self._port(a, b)
        x, y, end = self.left(a) + self.wide / 2, self.top(a) + self.tall, (self.left(b), port)
        start = [(x, y)]
        if self._adjacent(a, b) or not out.last:
            x, y = self._track(out.row, out.column + 1, ("leave", a)), self.middle(a)
            start = [(self.left(a) + self.wide, y), (x, y)]
        if self._adjacent(a, b):
            return [*start, (x, port), end]
        down = self._track(into.row, into.column, ("arrive", a))
        return [*start, (x, self.rail[a]), (down, self.rail[a]), (down, port), end]


def _places(rules: Iterable[str], edges: Collection[Edge]) -> dict[str, _Place]:
    """Return where each rule's box is; those of a column are in the order of what they read."""
    depth = layers(rules, edges)
    found: dict[str, _Place] = {}
    for layer in range(1 + max(depth.values())):
        height = {
            name: fmean([found[a].slot for a, b in edges if b == name and depth[a] == layer - 1] or [0])
            for name in depth
            if depth[name] == layer
        }
        stack = sorted(height, key=lambda name: (height[name], name))
        for slot, name in enumerate(stack):
            found[name] = _Place(layer // COLUMNS, layer % COLUMNS, slot, name == stack[-1])
    return found


def _wrapped(text: str, width: float) -> list[str]:
    """Return text in lines of a width, as it is drawn."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and TextPath((0, 0), longer, size=SAYS).get_extents().width <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _rounded(corners: list[Point]) -> Path:
    """Return a line along level and upright pieces, with round bends."""
    corners = [point for point, after in pairwise([*corners, (-1.0, -1.0)]) if point != after]
    points, codes = [corners[0]], [Path.MOVETO]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        points += [_towards(corner, before), corner, _towards(corner, after)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    return Path([*points, corners[-1]], [*codes, Path.LINETO])


def _towards(a: Point, b: Point) -> Point:
    """Return the point a bend's radius from ``a`` on the way to ``b``, or half-way if that is less."""
    length = abs(b[0] - a[0]) + abs(b[1] - a[1])
    part = min(BEND / length, 0.5)
    return a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])


def _draw_box(axes: Axes, plan: _Plan, name: str, rule: Rule) -> None:
    x, y, colour = plan.left(name), plan.top(name), plan.colour.get(name, INK)
    shape = f"round,pad=0,rounding_size={BEND}"
    axes.add_patch(FancyBboxPatch((x, y), plan.wide, plan.tall, shape, fc=PAPER, ec=colour, lw=1.2, gid=f"rule-{name}"))
    axes.text(x + INSET, y + INSET + 0.8 * NAME, name, size=NAME, weight="bold", color=colour)
    for number, line in enumerate(plan.lines[name], 1):
        below = INSET + NAME + GAP + number * LEADING * SAYS - 0.4 * SAYS
        axes.text(x + INSET, y + below, line, size=SAYS, color=INK)
    axes.text(x + INSET, y + plan.tall - INSET, rule.lies, size=LIES, family="monospace", color=PALE)
