"""Sheets of queries and the images whose codes are nearest to theirs, marked where labels agree."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from disentangle.evaluation.labelled_codes import unit
from disentangle.evaluation.metrics.retrieval import matching
from disentangle.evaluation.neighbours import nearest
from disentangle.reporting.drawing import listed
from disentangle.reporting.sheets import marked, sheet

COUNT = 6
"""Neighbours of a query."""


def neighbours(
    codes: np.ndarray, queries: np.ndarray, labels: Mapping[str, np.ndarray], margins: Mapping[str, tuple[int, int]]
) -> pd.DataFrame:
    """Return one row a (query, neighbour), nearest first: their rows, the cosine of their codes, and what they share.

    ``codes`` (N, D), by cosine and exactly; ``queries`` (Q,) are rows. ``labels`` are values (N,) by name, each a
    column that says whether they agree; ``margins`` say of those that go round how many values there are, and by how
    many steps they may differ. Codes that are no numbers have no neighbours.
    """
    known = ["query", "rank", "row", "cosine", *labels]
    directions = unit(codes)
    if not np.isfinite(directions).all():
        return pd.DataFrame(columns=known)
    count = min(COUNT, len(codes) - 1)
    found = nearest(directions, queries, count).ravel()
    of = np.repeat(queries, count)
    columns = {
        "query": of,
        "rank": np.tile(np.arange(1, count + 1), len(queries)),
        "row": found,
        "cosine": (directions[of] * directions[found]).sum(axis=1).round(4),
    }
    for name, values in labels.items():
        size, margin = margins.get(name, (int(values.max()) + 1, 0))
        columns[name] = matching(values[of], values[found], size, margin)
    return pd.DataFrame(columns)


def draw(
    lines: Sequence[tuple[str, pd.DataFrame]], pictures: Mapping[int, np.ndarray], labels: Mapping[str, str]
) -> Figure:
    """Draw lines: what a query is called, the query, and its neighbours (rows of ``neighbours``) with their marks.

    ``pictures`` are (S, S, 3) by row; ``labels`` say what each label is called.
    """
    shown, most = [], max((len(own) for _, own in lines), default=0)
    for _, own in lines:
        query = marked(pictures[int(own["query"].iloc[0])], np.zeros(0, bool))
        found = [
            marked(pictures[int(row)], agrees)
            for row, agrees in zip(own["row"], own[[*labels]].to_numpy(bool), strict=True)
        ]
        shown.append(np.stack([query, *found]))
    above = ["query", *map(str, range(1, most + 1))]
    return sheet(shown, [name for name, _ in lines], above, labels=[*labels.values()])


def told(table: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Return how many of the neighbours share each label: ``of 18 neighbours, 9 share the digit and 3 the shape``."""
    if table.empty:
        return "none, as the codes are no numbers"
    counts = [f"{int(table[name].sum())} the {title}" for name, title in labels.items()]
    return f"of {len(table)} neighbours, {listed(counts)}".replace(" the ", " share the ", 1)
