"""One tree of a label or a number, grown level by level, and what it tells at each depth.

A node of n training rows that holds n_c rows of class c, or numbers whose sum is s, has the purity

    sum_c n_c log n_c - n log n, of labels, or s^2 / n, of numbers.

The split of a code, between two of its values that occur in the node, is the one for which the purities of both sides
add up to the most: the largest decrease of the entropy, or of the squared error. A node is split as long as its rows
differ in what is told and in some code.

A tree of depth d is the top of one of depth d + 1, so that growing one tree gives those of all depths.

Source: Breiman et al. 1984 (CART), without pruning. Deviation: none. Gini's index would be the same for all splits of
values that are equally frequent, and part them one by one. Of splits that are equally good one is taken that depends on
the ranks of codes, not on their order, and of a code the one between its smallest values.
"""

import numpy as np

from disentangle.evaluation.classifiers.order import ordered

CODES = 32
"""Codes at a time, whose arrays stay in the cache."""

UNIT = 2.0**-30
"""Of entropies, in nats: what is summed are whole numbers of it, so that equals are equal in any order."""


def told(codes: np.ndarray, y: np.ndarray, new: np.ndarray, depth: int, number: bool) -> np.ndarray:
    """Return what trees of depth 1 .. ``depth`` tell of ``new`` codes (M, D): labels or numbers (``depth``, M).

    They are fitted to codes (N, D) and labels, 0-based integers, or, where ``number`` is true, numbers y (N,).
    """
    used = ordered(codes)
    codes, new = codes[:, used], new[:, used]
    ranked = np.argsort(codes, axis=0, kind="stable").T
    place: np.ndarray = np.zeros(len(codes), dtype=np.int64)
    new_place: np.ndarray = np.zeros(len(new), dtype=np.int64)
    answer = np.full(len(new), _answers(place, y, 1, number)[0])
    found = np.empty((depth, len(new)), dtype=answer.dtype)
    for level in range(depth):
        if ranked.size:
            code, threshold = _splits(codes, y, ranked, place, number)
            for x, at in ((codes, place), (new, new_place)):
                rows = np.flatnonzero(at >= 0)
                node = at[rows]
                right = x[rows, code[node]] > threshold[node]
                at[rows] = np.where(code[node] >= 0, 2 * node + right, -1)
            children = 2 * len(code)
            inside, new_inside = place >= 0, new_place >= 0
            answers = _answers(place[inside], y[inside], children, number)
            answer[new_inside] = answers[new_place[new_inside]]
            mixed = _mixed(place[inside], y[inside], children)
            number_of = np.where(mixed, np.cumsum(mixed) - 1, -1)
            for at, own in ((place, inside), (new_place, new_inside)):
                at[own] = number_of[at[own]]
            ranked = _by_node(ranked, place)
        found[level] = answer
    return found


def _by_node(ranked: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return the rows of open nodes (D, n), by node and in each as they were, in the order of a code."""
    ranked = ranked[place[ranked] >= 0].reshape(len(ranked), -1)
    if not ranked.size:
        return ranked
    # The narrower the integers, the faster they are sorted.
    narrow = place.astype(np.min_scalar_type(place.max()))
    return np.stack([order[np.argsort(narrow[order], kind="stable")] for order in ranked])


def _answers(place: np.ndarray, y: np.ndarray, nodes: int, number: bool) -> np.ndarray:
    """Return each node's most frequent label, the first of equals, or its mean."""
    if number:
        total: np.ndarray = np.bincount(place, y, nodes) / np.maximum(np.bincount(place, minlength=nodes), 1)
        return total
    kinds = y.max(initial=0) + 1
    counts = np.bincount(place * kinds + y, minlength=nodes * kinds).reshape(nodes, kinds)
    found: np.ndarray = counts.argmax(axis=1)
    return found


def _mixed(place: np.ndarray, y: np.ndarray, nodes: int) -> np.ndarray:
    """Return which nodes (nodes,) have rows that differ in y."""
    least, most = np.full(nodes, np.inf), np.full(nodes, -np.inf)
    np.minimum.at(least, place, y)
    np.maximum.at(most, place, y)
    return most > least


def _splits(
    codes: np.ndarray, y: np.ndarray, ranked: np.ndarray, place: np.ndarray, number: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the code, -1 if all are constant, and the threshold of each node's split."""
    node = place[ranked[0]]
    size = np.bincount(node)
    start = np.cumsum(size) - size
    here = np.arange(len(node))
    best, code, row = np.full(len(size), -np.inf), np.full(len(size), -1), np.zeros(len(size), dtype=np.int64)
    for first in range(0, len(ranked), CODES):
        order = ranked[first : first + CODES]
        values = codes[order, first + np.arange(len(order))[:, None]]
        purity = _purity_of_numbers if number else _purity_of_labels
        gain = purity(y[order], node, start, size)
        # The last value of a node, and one that is not less than the next, part nothing.
        gain[:, :-1][values[:, :-1] >= values[:, 1:]] = -np.inf
        gain[:, start + size - 1] = -np.inf
        most = np.maximum.reduceat(gain, start, axis=1)
        chosen = most.argmax(axis=0)
        most = most[chosen, np.arange(len(size))]
        at = np.minimum.reduceat(np.where(gain[chosen[node], here] == most[node], here, len(here)), start)
        better = most > best
        best[better], code[better], row[better] = most[better], first + chosen[better], at[better]
    parted = code >= 0
    threshold = np.zeros(len(size))
    of, at = code[parted], row[parted]
    below, above = codes[ranked[of, at], of], codes[ranked[of, at + 1], of]
    middle = below + (above - below) / 2
    threshold[parted] = np.where(middle < above, middle, below)
    return code, threshold


def _purity_of_numbers(y: np.ndarray, node: np.ndarray, start: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return the sum of both sides' purities (D, n) if a node is split behind a row, for numbers (D, n) in order."""
    below = _sums(y, node, start)
    above = below[:, start + size - 1][:, node] - below
    left = np.arange(len(node)) - start[node] + 1
    found: np.ndarray = below**2 / left + above**2 / np.maximum(size[node] - left, 1)
    return found


def _purity_of_labels(y: np.ndarray, node: np.ndarray, start: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return the same of labels: a row of class c adds (l_c + 1) log(l_c + 1) - l_c log l_c to the left's sum."""
    kinds = int(y.max()) + 1
    cell = node * kinds + y
    counts = np.bincount(cell[0], minlength=len(size) * kinds)
    first = np.cumsum(counts) - counts
    earlier = np.empty(cell.shape, dtype=np.int64)  # rows of the same class and node that come before
    narrow = cell.astype(np.min_scalar_type(cell.max()))
    for own, small, into in zip(cell, narrow, earlier, strict=True):
        grouped = np.argsort(small, kind="stable")
        into[grouped] = np.arange(len(grouped)) - first[own[grouped]]
    n = np.arange(size.max() + 1)
    term = np.rint(n * np.log(np.maximum(n, 1)) / UNIT).astype(np.int64)
    more = np.diff(term)
    left = np.arange(len(node)) - start[node] + 1
    whole = term[counts].reshape(-1, kinds).sum(axis=1)
    below = _sums(more[earlier], node, start)
    above = whole[node] - _sums(more[counts[cell] - earlier - 1], node, start)
    found: np.ndarray = (below + above - term[left] - term[size[node] - left]).astype(np.float64)
    return found


def _sums(x: np.ndarray, node: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return the sums (D, n) of x (D, n) up to each row, within its node."""
    every = np.cumsum(x, axis=1)
    before = np.concatenate([np.zeros((len(x), 1), dtype=every.dtype), every[:, start[1:] - 1]], axis=1)
    found: np.ndarray = every - before[:, node]
    return found
