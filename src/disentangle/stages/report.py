"""Write one report: Markdown, the tidy table it shows, the numbers that DVC compares, and the figure of one."""

import argparse
from typing import Any

from disentangle import files, outputs, params, plan, provenance, registry
from disentangle.cells import REPORTS
from disentangle.reporting.locatello.results import StudyResults
from disentangle.reporting.results import Results
from disentangle.result_files import read_cell, read_manifests

PUBLISHED = provenance.PACKAGE / "published"


def run(given: argparse.Namespace) -> None:
    """Read the cells that a report needs and write ``reports/<name>.{md,csv,json}`` and, if it draws one, ``.svg``."""
    settings = params.load()
    plan.require(given.digest, plan.report(settings, given.name))
    results = _results(settings, given.name)
    report = registry.build("reports", given.name, {})
    files.write_text(REPORTS / f"{given.name}.csv", report.table(results).to_csv(index=False))
    files.write_json(REPORTS / f"{given.name}.json", report.summary(results))
    if hasattr(report, "draw"):
        from disentangle.reporting.drawing import svg  # takes a second, and most reports are text

        with files.atomic(REPORTS / f"{given.name}.svg") as file:
            file.write(svg(report.draw(results)))
    files.write_text(REPORTS / f"{given.name}.md", report.render(results) + "\n")


def _results(settings: params.Params, name: str) -> Any:
    """Read all that a report of its study is given."""
    needs = registry.constant("reports", name, "NEEDS")
    cells = outputs.report_cells(settings, name)
    ours = tuple(map(read_cell, cells)), read_manifests([*outputs.datasets_of(cells)])
    if needs["study"] == "burns":
        accuracy, statistics = (
            files.read_table(PUBLISHED / f"burns2021_{what}.csv") for what in ("accuracy", "statistics")
        )
        shown = accuracy[accuracy["table"].isin(needs["tables"])]
        return Results(settings.scale, *ours, shown, statistics, provenance.revision())
    tables = {what: files.read_table(PUBLISHED / f"locatello2019_{what}.csv") for what in needs["published"]}
    return StudyResults(settings.scale, *ours, tables, provenance.revision())
