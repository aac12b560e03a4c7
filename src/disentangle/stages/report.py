"""Write one report: Markdown, the tidy table it shows, and the means that DVC compares."""

import argparse
from pathlib import Path
from typing import Any

import pandas as pd

from disentangle import dataset_files, files, params, plan, provenance, registry
from disentangle.cells import dataset_folder
from disentangle.reporting.results import CellResult, Results

REPORTS = Path("reports")
ACCURACY = provenance.PACKAGE / "published" / "burns2021_accuracy.csv"


def run(given: argparse.Namespace) -> None:
    """Read the cells that a report needs and write ``reports/<name>.{md,csv,json}``."""
    settings = params.load()
    plan.require(given.digest, plan.report(settings, given.name))
    needs = registry.constant("reports", given.name, "NEEDS")
    cells = params.report_cells(settings, given.name)
    published = pd.read_csv(ACCURACY)
    results = Results(
        settings.scale,
        tuple(CellResult(cell, *(files.read_json(cell.folder / f"{name}.json") for name in _FILES)) for cell in cells),
        {name: _manifest(scale, name) for scale, name in params.datasets_of(cells)},
        published[published["table"] == needs["table"]],
        provenance.revision(),
    )
    report = registry.build("reports", given.name, {})
    files.write_text(REPORTS / f"{given.name}.csv", report.table(results).to_csv(index=False))
    files.write_json(REPORTS / f"{given.name}.json", report.summary(results))
    files.write_text(REPORTS / f"{given.name}.md", report.render(results) + "\n")


def _manifest(scale: str, dataset: str) -> dict[str, Any]:
    manifest = dataset_files.read_manifest(dataset_folder(scale, dataset))
    credit = plan.credits_of(manifest["definition"])
    made_of = {role: made | credit[role] for role, made in manifest["made_of"].items()}
    return {**manifest, "made_of": made_of}


_FILES = ("run", "timing", "probe")
