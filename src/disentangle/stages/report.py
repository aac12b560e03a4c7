"""Write one report: Markdown, the tidy table it shows, and the means that DVC compares."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from disentangle import dataset_files, files, params, plan, provenance, registry
from disentangle.cells import Cell, dataset_folder
from disentangle.reporting.results import CellResult, Results

REPORTS = Path("reports")
PUBLISHED = provenance.PACKAGE / "published"


def run(given: argparse.Namespace) -> None:
    """Read the cells that a report needs and write ``reports/<name>.{md,csv,json}``."""
    settings = params.load()
    plan.require(given.digest, plan.report(settings, given.name))
    needs = registry.constant("reports", given.name, "NEEDS")
    accuracy, statistics = (pd.read_csv(PUBLISHED / f"burns2021_{what}.csv") for what in ("accuracy", "statistics"))
    cells = params.report_cells(settings, given.name)
    results = Results(
        settings.scale,
        read_cells(cells),
        {name: read_manifest(scale, name) for scale, name in params.datasets_of(cells)},
        accuracy[accuracy["table"].isin(needs["tables"])],
        statistics,
        provenance.revision(),
    )
    report = registry.build("reports", given.name, {})
    files.write_text(REPORTS / f"{given.name}.csv", report.table(results).to_csv(index=False))
    files.write_json(REPORTS / f"{given.name}.json", report.summary(results))
    files.write_text(REPORTS / f"{given.name}.md", report.render(results) + "\n")


def read_cells(cells: Sequence[Cell]) -> tuple[CellResult, ...]:
    """Read what the stages before left in the folder of each cell."""
    return tuple(
        CellResult(
            cell,
            **{name: files.read_json(cell.folder / f"{name}.json") for name in ("run", "timing", "probe", "metrics")},
            history=files.read_table(cell.folder / "history.csv"),
        )
        for cell in cells
    )


def read_manifest(scale: str, dataset: str) -> dict[str, Any]:
    """Read what a dataset is and is made of, with whom to credit."""
    manifest = dataset_files.read_manifest(dataset_folder(scale, dataset))
    credit = plan.credits_of(manifest["definition"])
    made_of = {role: made | credit[role] for role, made in manifest["made_of"].items()}
    return {**manifest, "made_of": made_of}
