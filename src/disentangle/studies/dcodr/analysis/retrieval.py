"""Tables 5 to 7: what the nearest neighbours of codes share, in numbers and in pictures."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from disentangle.data.labelled import shown_rows
from disentangle.evaluation.labelled_codes import unit
from disentangle.evaluation.metrics.retrieval import matching
from disentangle.evaluation.neighbours import nearest
from disentangle.reporting.drawing import COLOURS, panels
from disentangle.reporting.layout import nested, quoted
from disentangle.studies.dcodr.analysis.layout import beside_published, page
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
        return shares(results)

    def summary(self, results: DomainResults) -> dict[str, Any]:
        """Return by entry the means of the shares."""
        found = self.table(results).groupby(["entry", "score"], sort=False)["value"].mean()
        return nested(found)

    def render(self, results: DomainResults) -> str:
        """Return the report in Markdown."""
        dataset = self.needs["dataset"]
        sections = [
            "## Shares of nearest neighbours that agree",
            f"{SHARED} Published number / ours, the mean over seeds with its 95 % interval. {DOMAIN_SHARED}",
            PICTURED,
            shared_table(results, dataset, self.printed(results)),
        ]
        return page(results, self.introduction, sections, (f"table{self.number}", ALT))

    def printed(self, results: DomainResults) -> dict[tuple[str, str], str]:
        """Return the table's published numbers by method and attribute."""
        own = results.published["retrieval"].query("table == @self.number").fillna({"note": ""})
        rows = own.to_dict("records")
        return {(row["method"], row["attribute"]): quoted(row["accuracy"], row["note"]) for row in rows}

    def draw(self, results: DomainResults) -> Figure:
        """Draw a row a query: the image, and its nearest neighbour by the codes of each method's first seed."""
        return neighbours(results, [self.needs["dataset"]])


def shares(results: DomainResults) -> pd.DataFrame:
    """Return one row a cell and score of the retrieval."""
    found = scores(results)
    return found[found["metric"] == "retrieval"].drop(columns="metric")


def shared_table(results: DomainResults, dataset: str, printed: Mapping[tuple[str, str], str]) -> str:
    """Return a row a method: shares of neighbours that agree, beside what is ``printed``; below, those of chance."""
    found = shares(results).query("dataset == @dataset").rename(columns={"score": "column"})
    attributes = [name for name in results.labels(dataset) if name != results.domain_of(dataset)]
    columns = {name: name.replace("_", " ") for name in (*attributes, "all", "same_domain")}
    means = found.groupby("column")["value"].mean()
    chance = [f"{title} {means[f'chance_{name}']:.3f}" for name, title in columns.items() if f"chance_{name}" in means]
    by_chance = f"\n\nA random other image agrees in: {', '.join(chance)}." if chance else ""
    return beside_published(results, dataset, found, printed, columns) + by_chance


def neighbours(results: DomainResults, datasets: Sequence[str]) -> Figure:
    """Draw a row a query of each dataset: the image, and its nearest neighbour by each method's first seed."""
    known = {dataset: results.labelled(dataset) for dataset in datasets}
    rows = {
        dataset: shown_rows(known[dataset]["labels"][known[dataset]["domain"]], known[dataset]["test"], QUERIES)
        for dataset in datasets
    }
    columns = max(len(results.entries(dataset)) for dataset in datasets)
    figure, axes = panels(sum(map(len, rows.values())), 1 + columns, 1.05, 1.2)
    for ax in (ax for line in axes for ax in line):
        ax.set_axis_off()
    lines = iter(axes)
    for dataset in datasets:
        own = list(islice(lines, len(rows[dataset])))
        _titled(own[0][0], "query" if len(datasets) == 1 else f"query of\n{dataset}")
        for line, row in zip(own, rows[dataset], strict=True):
            _shown(line[0], known[dataset], int(row), "black")
        for place, entry in enumerate(results.entries(dataset), start=1):
            codes = results.codes[dataset][entry]["codes"]
            if not np.isfinite(codes).all():
                _titled(own[0][place], f"{title_of(entry)}: diverged")
                continue
            _titled(own[0][place], title_of(entry))
            found = nearest(unit(codes), rows[dataset])[:, 0]
            for line, row, neighbour in zip(own, rows[dataset], found, strict=True):
                _neighbour(known[dataset], line[place], int(row), int(neighbour))
    return figure


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


def _neighbour(known: dict[str, Any], ax: Axes, row: int, other: int) -> None:
    domain = known["labels"][known["domain"]]
    same = " =" if domain[row] == domain[other] else ""
    _shown(ax, known, other, AGREES if agreeing(known, row, other) else DIFFERS, same)


def _shown(ax: Axes, known: dict[str, Any], row: int, frame: str, mark: str = "") -> None:
    image = np.asarray(known["images"][row])
    ax.imshow(np.broadcast_to(image, (*image.shape[:2], 3)), interpolation="nearest")
    ax.set_axis_on()
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set(visible=True, color=frame, linewidth=2)
    domain = known["labels"][known["domain"]][row]
    ax.set_xlabel(f"{known['values'][known['domain']][domain]}{mark}", fontsize=6, labelpad=1)


def _titled(ax: Axes, title: str) -> None:
    ax.set_title(title.replace(", ", ",\n").replace("-norec", "-\nnorec"), fontsize=7)


SHARED = """\
Share of test images whose nearest neighbour among all images, itself left out, has the same value (*all*: of every
attribute)."""
DOMAIN_SHARED = """\
*Same domain* (ours): the share of neighbours of the query's own domain; where it is high, the domain decides what is
near."""
PICTURED = """\
In the picture: queries on the left, and beside each its nearest neighbour by the codes of each method's first seed. A
green frame: every attribute agrees; an orange one: some do not. The word below is the domain, with = where it is the
query's."""
ALT = (
    "Rows of small images: a query, then its nearest neighbour by each method, framed green where all attributes agree."
)
