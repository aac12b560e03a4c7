"""How this study's reports are laid out: rows of entries, and what the setting below tells."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from disentangle.cells import format_lam
from disentangle.reporting import layout
from disentangle.reporting.layout import distinct, measured, of_paper, spelled
from disentangle.reporting.results import CellResult
from disentangle.reporting.tables import markdown_table
from disentangle.studies.modular.analysis.results import (
    EditResults,
    bounds_of,
    cells_of,
    title_of,
    told_sizes,
    values,
)


def page(results: EditResults, introduction: str, sections: Iterable[str], picture: tuple[str, str] = ("", "")) -> str:
    """Return a report: its introduction, picture and sections, and how the numbers came about.

    ``picture`` is the name of the report and what its picture shows, where it has one.
    """
    theirs, own = of_paper(results)
    runs = [cell.run for cell in theirs]
    compared = [
        ("networks", distinct(spelled(run["model"]) for run in runs) + PAPER_NETWORKS),
        ("training", distinct(map(_training, runs)) + PAPER_TRAINING),
        ("methods", distinct(map(_method, theirs))),
    ]
    relations = distinct(spelled(cell.run["relations"]) for cell in results.cells if "relations" in cell.run)
    told = [*(compared if theirs else []), ("relations", relations)]
    told += [("not of the paper's experiments", distinct(map(_own, own)))] if own else []
    return layout.page(introduction, sections, layout.setting(results, told, _data), picture)


def table(results: EditResults, dataset: str, entries: Sequence[str], columns: Mapping[str, str]) -> str:
    """Return a row an entry: its title, its labels, the mean of each of ``columns``, by their titles, and its seeds."""
    rows = [
        [
            title_of(entry),
            labels(results, dataset, entry),
            *(measured(values(results, dataset, entry, column).to_list(), bounds_of(column)) for column in columns),
            seeds(results, dataset, entry),
        ]
        for entry in entries
    ]
    return markdown_table(["ours", "labels", *columns.values(), "seeds"], rows) if rows else NONE


def labels(results: EditResults, dataset: str, entry: str) -> str:
    """Return how many images are labelled of a cell of an entry."""
    return distinct(f"{count:,}" for count in cells_of(results, dataset, entry)["labels"])


def seeds(results: EditResults, dataset: str, entry: str) -> str:
    """Return how many seeds an entry has, and how many of them diverged, if any."""
    runs = {
        cell.cell.seed: cell.run["status"] == "diverged"
        for cell in results.cells
        if (cell.cell.dataset, cell.cell.method) == (dataset, entry)
    }
    diverged = sum(runs.values())
    return f"{len(runs)} ({diverged} diverged)" if diverged else str(len(runs))


def constant(results: EditResults, dataset: str, column: str) -> str:
    """Return a number that is the same of all cells of a dataset, such as chance."""
    found = cells_of(results, dataset)[column].dropna()
    return layout.number(float(found.mean()) if len(found) else math.nan)


def _training(run: Mapping[str, Any]) -> str:
    return spelled({key: value for key, value in run["training"].items() if key != "labels"})


def _method(cell: CellResult) -> str:
    unknown = cell.run.get("unlabelled_values", 0)
    missing = f" ({unknown} components without a label on {cell.cell.dataset})" if unknown else ""
    lam = format_lam(cell.cell.lam)
    return f"{title_of(cell.cell.method)}: lam {lam}, {spelled(cell.run['method']['options'])}{missing}"


def _own(cell: CellResult) -> str:
    return f"{_method(cell)}, {spelled({'networks': cell.run['model']})}, training ({_training(cell.run)})"


def _data(manifest: Mapping[str, Any]) -> str:
    sizes, told = dict(manifest["grid"]["sizes"]), told_sizes(manifest["grid"])
    nuisances = ", ".join(f"{name} {sizes[name]}" for name in manifest["grid"]["nuisance"])
    factors = ", ".join(f"{name} {size}" for name, size in told.items())
    made = f"{math.prod(sizes.values()):,} images; {spelled(manifest['definition']['options'])}"
    return f"told {factors}; nuisances {nuisances or 'none'}; {made}"


NONE = "No cell that it is about."
PAPER_NETWORKS = " (paper: partitions of 8, discriminators and learner of 3 layers of 1,024)"
PAPER_TRAINING = " (paper: batches of 1,024, 128 of the learner, 1,000 labels, Adam with a rate of 1e-4, 5,000 epochs)"
