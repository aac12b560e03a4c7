"""Test images and the six images whose codes are nearest, marked where domain and attributes agree."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing

from disentangle.data.labelled import shown_rows
from disentangle.reporting import neighbour_sheets
from disentangle.studies.dcodr.analysis.results import title_of
from disentangle.studies.dcodr.analysis.retrieval import QUERIES
from disentangle.studies.dcodr.analysis.subject import Subject

SECTION = "Neighbours"
NEEDS = {"of": "every method", "files": ["run.json", "codes.npz"], "seeds": 1}
"""It shows the first seed of a method, and reads these files of it."""


@dataclass(frozen=True)
class Figure:
    """A line a query, those of the tables of retrieval."""

    def table(self, subject: Subject) -> pd.DataFrame:
        """Return one row a (query, neighbour), and whether domain and attributes agree, within their margins."""
        queries = shown_rows(subject.labels[subject.domain], subject.known["test"], QUERIES)
        sizes, margins = subject.known["values"], subject.known["margins"]
        going_round = {name: (len(sizes[name]), margin) for name, margin in margins.items()}
        return neighbour_sheets.neighbours(subject.codes, queries, _labels(subject), going_round)

    def draw(self, subject: Subject, table: pd.DataFrame) -> Drawing:
        """Draw the queries, each with its neighbours."""
        rows = np.unique(table[["query", "row"]].to_numpy(int))
        pictures = dict(zip(rows.tolist(), subject.pictures(rows), strict=True)) if len(rows) else {}
        lines = [
            (subject.word(subject.domain, row), table[table["query"] == row])
            for row in table["query"].unique().tolist()
        ]
        return neighbour_sheets.draw(lines, pictures, _titles(subject))

    def text(self, subject: Subject) -> dict[str, str]:
        """Return title, caption and alternative text."""
        shared = neighbour_sheets.told(self.table(subject), _titles(subject))
        return {
            "title": f"Nearest neighbours by {title_of(subject.method)} on {subject.dataset}",
            "caption": "Test images, and the images whose codes are nearest to theirs by cosine, the nearest first. "
            "Below each, a colour for every label that agrees with the query's, within its margin, and grey for one "
            f"that does not. Codes without the domain have neighbours of any. {shared.capitalize()}. First seed.",
            "alt": f"Lines of small images: a query and its nearest neighbours; {shared}.",
        }


def _labels(subject: Subject) -> dict[str, np.ndarray]:
    """Return the values of the domain and of each attribute, the domain first."""
    return {name: subject.labels[name] for name in (subject.domain, *subject.attributes)}


def _titles(subject: Subject) -> dict[str, str]:
    return {name: name.replace("_", " ") for name in _labels(subject)}
