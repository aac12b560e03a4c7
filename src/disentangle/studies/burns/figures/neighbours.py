"""Which test images are near to which by each half of a code and by the representation, beyond any classifier."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing

from disentangle.cells import Cell, format_lam
from disentangle.data.labelled import shown_rows
from disentangle.reporting import neighbour_sheets
from disentangle.studies.burns.analysis.subject import NAMES, Subject

SECTION = "Neighbours"
NEEDS = {"of": "every method", "files": ["run.json", "codes.npz"], "seeds": 1}
"""It shows one cell of a method, of the first seed, and reads these files of those of all strengths."""
QUERIES = 3


@dataclass(frozen=True)
class Figure:
    """A line a (code, query): at the greatest strength."""

    def table(self, subject: Subject) -> pd.DataFrame:
        """Return one row a (code, query, neighbour): rows of the test pairs, and which factors of view 0 agree."""
        factors = {name: subject.views.factors[name][:, 0] for name in NAMES}
        every = np.ones(len(subject.views.images), bool)
        queries = shown_rows(factors[subject.tasks[0]], every, QUERIES)
        tables = [
            neighbour_sheets.neighbours(codes, queries, factors, {}).assign(code=name)
            for name, codes in _codes(subject).items()
        ]
        found = pd.concat(tables, ignore_index=True)
        return found[["code", *(name for name in found if name != "code")]]

    def draw(self, subject: Subject, table: pd.DataFrame) -> Drawing:
        """Draw the queries by each code, with their neighbours."""
        rows = {*table["query"], *table["row"]}
        pictures = {int(row): np.asarray(subject.views.images[int(row), 0]) for row in rows}
        lines = [(str(code), own) for (code, _), own in table.groupby(["code", "query"], sort=False)]
        return neighbour_sheets.draw(lines, pictures, NAMES)

    def text(self, subject: Subject) -> dict[str, str]:
        """Return title, caption and alternative text."""
        table = self.table(subject)
        shared = [
            f"by {code}, {neighbour_sheets.told(table[table['code'] == code], NAMES)}" for code in _codes(subject)
        ]
        first, second = (NAMES[task] for task in subject.tasks)
        return {
            "title": f"Nearest neighbours by {subject.method} on {subject.dataset}",
            "caption": f"Test images, and those whose codes are nearest to theirs by cosine, by the halves of a code "
            f"and by all of r. Below each, a colour for every factor that agrees with the query's. A disentangled half "
            f"finds the {first} or the {second}, not both. At λ = {format_lam(_cell(subject).lam)}, first seed.",
            "alt": f"Lines of small images: a query and its nearest neighbours; {'; '.join(shared)}.",
        }


def _cell(subject: Subject) -> Cell:
    """Return the cell of the greatest strength."""
    return max((result.cell for result in subject.cells), key=lambda cell: cell.lam)


def _codes(subject: Subject) -> dict[str, np.ndarray]:
    """Return both halves of z, or of r where there are no heads, and r, by name."""
    stored = subject.codes[_cell(subject)]
    halved = "z" if "z" in stored else "r"
    return {f"{halved}{k}": half for k, half in enumerate(np.split(stored[halved], 2, axis=1))} | {"r": stored["r"]}
