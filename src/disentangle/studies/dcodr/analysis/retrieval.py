"""Tables 5 to 7: what the nearest neighbours of codes share, in numbers and in pictures."""

from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from disentangle.evaluation.labelled_codes import unit
from disentangle.evaluation.metrics.retrieval import matching
from disentangle.evaluation.neighbours import nearest
from disentangle.reporting.drawing import COLOURS, panels, show_image
from disentangle.studies.dcodr.analysis.layout import beside_published, page, quoted
from disentangle.studies.dcodr.analysis.results import DomainResults, scores, title_of

QUERIES = 6
AGREES, DIFFERS = COLOURS[2], COLOURS[1]


class Retrieval:
    """Shares of test images whose nearest neighbour has the same attributes, beside the paper's, and neighbours."""

    number: ClassVar[int]
    needs: ClassVar[dict[str, Any]]
    introduction: ClassVar[str]

    def table(self, results: DomainResults) -> pd.DataFrame:
        """Return one row a cell and score of the retrieval."""
        found = scores(results)
        return found[found["metric"] == "retrieval"].drop(columns="metric")

    def summary(self, results: DomainResults) -> dict[str, Any]:
        """Return by entry the means of the shares."""
        found = self.table(results).groupby(["entry", "score"], sort=False)["value"].mean()
        return {
            str(entry): {str(score): round(float(value), 3) for score, value in own.droplevel("entry").items()}
            for entry, own in found.groupby(level="entry", sort=False)
        }

    def render(self, results: DomainResults) -> str:
        """Return the report in Markdown."""
        found = self.table(results).rename(columns={"score": "column"})
        names = list(dict.fromkeys(found["column"]))
        chance = {name.removeprefix("chance_") for name in names if name.startswith("chance_")}
        attributes = [name for name in names if name in chance - {"same_domain"}]
        columns = {name: name.replace("_", " ") for name in (*attributes, "all", "same_domain")}
        columns["same_domain"] = "same domain"
        dataset = self.needs["dataset"]
        sections = [
            "## Shares of nearest neighbours that agree",
            READ,
            beside_published(results, dataset, found, self.printed(results), columns),
            self.chance(found, columns),
        ]
        return page(results, self.introduction, sections, (f"table{self.number}", ALT))

    def printed(self, results: DomainResults) -> dict[tuple[str, str], str]:
        """Return the table's published numbers by method and attribute."""
        own = results.published["retrieval"].query("table == @self.number").fillna({"note": ""})
        rows = own.to_dict("records")
        return {(row["method"], row["attribute"]): quoted(row["accuracy"], row["note"]) for row in rows}

    def chance(self, found: pd.DataFrame, columns: dict[str, str]) -> str:
        """Return what a random image would share."""
        means = found.groupby("column")["value"].mean()
        told = [
            f"{title} {means[f'chance_{name}']:.3f}" for name, title in columns.items() if f"chance_{name}" in means
        ]
        return f"A random other image agrees in: {', '.join(told)}."

    def draw(self, results: DomainResults) -> Figure:
        """Draw a row a query: the image, and its nearest neighbour by the codes of each method's first seed."""
        dataset = self.needs["dataset"]
        known, entries = results.labelled(dataset), results.entries(dataset)
        rows = queries_of(known)
        figure, axes = panels(len(rows), 1 + len(entries), 1.05, 1.2)
        for line, row in zip(axes, rows, strict=True):
            _shown(line[0], known, int(row), "query" if row == rows[0] else "", "black")
        for place, entry in enumerate(entries, start=1):
            codes = results.codes[dataset][entry]["codes"]
            if not np.isfinite(codes).all():
                continue
            found = nearest(unit(codes), rows)[:, 0]
            draw = partial(_neighbour, known)
            for line, row, neighbour in zip(axes, rows, found, strict=True):
                draw(line[place], int(row), int(neighbour), title_of(entry) if row == rows[0] else "")
        return figure


def queries_of(known: dict[str, Any]) -> np.ndarray:
    """Return test images of domains in turn, the first of each, then the second of each, until there are enough."""
    domain = known["labels"][known["domain"]]
    tested = [np.flatnonzero(known["test"] & (domain == value)) for value in np.unique(domain[known["test"]])]
    turns = [rows[turn] for turn in range(QUERIES) for rows in tested if turn < len(rows)]
    return np.array(turns[:QUERIES])


def agreeing(known: dict[str, Any], row: int, other: int) -> bool:
    """Say whether two images have the same value of every attribute, within its margin."""
    names = [name for name in known["labels"] if name != known["domain"]]
    return all(
        bool(
            matching(
                known["labels"][name][row],
                known["labels"][name][other],
                len(known["values"][name]),
                known["margins"].get(name, 0),
            )
        )
        for name in names
    )


def _neighbour(known: dict[str, Any], ax: Axes, row: int, other: int, title: str) -> None:
    domain = known["labels"][known["domain"]]
    same = " =" if domain[row] == domain[other] else ""
    _shown(ax, known, other, title, AGREES if agreeing(known, row, other) else DIFFERS, same)


def _shown(ax: Axes, known: dict[str, Any], row: int, title: str, frame: str, mark: str = "") -> None:
    image = np.asarray(known["images"][row])
    show_image(ax, np.broadcast_to(image, (*image.shape[:2], 3)), "")
    ax.set_axis_on()
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set(visible=True, color=frame, linewidth=2)
    ax.set_title(title.replace(", ", ",\n").replace("-norec", "-\nnorec"), fontsize=7)
    domain = known["labels"][known["domain"]][row]
    ax.set_xlabel(f"{known['values'][known['domain']][domain]}{mark}", fontsize=6, labelpad=1)


READ = """\
Share of test images whose nearest neighbour among all images, itself left out, has the same value (*all*: of every
attribute). Published number / ours, the mean over seeds with its 95 % interval. *Same domain* (ours): the share of
neighbours of the query's own domain; where it is high, the domain decides what is near.

In the picture, below: queries on the left, and beside each its nearest neighbour by the codes of each method's first
seed. A green frame: every attribute agrees; an orange one: some do not. The word below is the domain, with = where it
is the query's."""
ALT = (
    "Rows of small images: a query, then its nearest neighbour by each method, framed green where all attributes agree."
)
