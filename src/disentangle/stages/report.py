"""Write one report: Markdown, the tidy table it shows, and the means that DVC compares."""

import argparse

from disentangle import files, outputs, params, plan, provenance, registry
from disentangle.cells import REPORTS
from disentangle.reporting.results import Results
from disentangle.result_files import read_cell, read_manifests

PUBLISHED = provenance.PACKAGE / "published"


def run(given: argparse.Namespace) -> None:
    """Read the cells that a report needs and write ``reports/<name>.{md,csv,json}``."""
    settings = params.load()
    plan.require(given.digest, plan.report(settings, given.name))
    needs = registry.constant("reports", given.name, "NEEDS")
    accuracy, statistics = (
        files.read_table(PUBLISHED / f"burns2021_{what}.csv") for what in ("accuracy", "statistics")
    )
    cells = outputs.report_cells(settings, given.name)
    results = Results(
        settings.scale,
        tuple(map(read_cell, cells)),
        read_manifests([*outputs.datasets_of(cells)]),
        accuracy[accuracy["table"].isin(needs["tables"])],
        statistics,
        provenance.revision(),
    )
    report = registry.build("reports", given.name, {})
    files.write_text(REPORTS / f"{given.name}.csv", report.table(results).to_csv(index=False))
    files.write_json(REPORTS / f"{given.name}.json", report.summary(results))
    files.write_text(REPORTS / f"{given.name}.md", report.render(results) + "\n")
