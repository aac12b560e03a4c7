"""How this study's reports are laid out: tables beside the paper's, and what the setting below tells."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from disentangle.reporting import layout
from disentangle.reporting.layout import distinct, measured, of_paper, options, spelled
from disentangle.reporting.results import CellResult
from disentangle.reporting.statistics import SHARE
from disentangle.reporting.tables import markdown_table
from disentangle.studies.dcodr.analysis.results import DomainResults, title_of


def beside_published(
    results: DomainResults,
    dataset: str,
    found: pd.DataFrame,
    published: Mapping[tuple[str, str], str],
    columns: Mapping[str, str],
    constants: Mapping[str, Mapping[str, float]] | None = None,
) -> str:
    """Return a row a method: in each column the published number and ours, of ``found`` (entry, column, value).

    Ours alone, where nothing is ``published``. Below stand ``constants`` by column, such as chance, by their title.
    """

    def beside(method: str, column: str, ours: str) -> str:
        return f"{published.get((method, column), '–')} / {ours}" if published else ours

    rows, printed = [], results.printed()
    for entry in results.entries(dataset):
        own = found[found["entry"] == entry]
        row: list[str] = [title_of(entry)]
        for column in columns:
            ours = measured(own[own["column"] == column]["value"].to_list(), SHARE)
            row.append(beside(entry if entry in printed else "", column, ours))
        rows.append([*row, str(own["seed"].nunique())])
    for title, by_column in (constants or {}).items():
        rows.append([title, *(beside(title, column, f"{by_column[column]:.3g}") for column in columns), ""])
    return markdown_table(["published / ours" if published else "ours", *columns.values(), "seeds"], rows)


def page(
    results: DomainResults, introduction: str, sections: Iterable[str], picture: tuple[str, str] = ("", "")
) -> str:
    """Return a report: its introduction, picture and sections, and how the numbers came about.

    ``picture`` is the name of the report and what its picture shows, where it has one.
    """
    theirs, own = of_paper(results)
    runs = [cell.run for cell in theirs]
    told = [
        ("networks", distinct(spelled(run["model"]) for run in runs)),
        ("training", distinct(spelled(run["training"]) for run in runs) + " (paper: 200 epochs of 4 domains x 32)"),
        ("methods", distinct(map(_method, theirs))),
        ("encoder", distinct(map(_encoder, runs)) + " (paper: ResNet-50, MoCo-v2)"),
        ("perceptual distance", _distance(runs)),
    ]
    told = (told if theirs else []) + ([("not of the paper's experiments", distinct(map(_own, own)))] if own else [])
    return layout.page(introduction, sections, layout.setting(results, told, _data), picture)


def _method(cell: CellResult) -> str:
    return f"{title_of(cell.cell.method)}: {options(cell.run)}"


def _own(cell: CellResult) -> str:
    told = spelled({"networks": cell.run["model"], "training": cell.run["training"]})
    return f"{_method(cell)}, {told}"


def _encoder(run: Mapping[str, Any]) -> str:
    told = run["encoders"].get("encoder") or run["encoders"]["generative_encoder"]
    weights = told["options"].get("weights", "none")
    return f"{told['network']}, initial weights {'random' if weights == 'none' else weights}"


def _distance(runs: Sequence[Mapping[str, Any]]) -> str:
    told = distinct(run["distance"] for run in runs if "distance" in run)
    return f"{told or 'none is used'} (paper: VGG16, ImageNet)"


def _data(manifest: Mapping[str, Any]) -> str:
    known = manifest["labelled"]
    labels = ", ".join(f"{name} {len(values)}" for name, values in known["values"])
    return f"domain {known['domain']}; values: {labels}; {spelled(manifest['definition']['options'])}"
