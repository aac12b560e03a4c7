"""Write one report: Markdown, the tidy table it shows, the numbers that DVC compares, and its picture if it has one."""

import argparse

from disentangle import files, registry
from disentangle.pipeline import outputs, plan, provenance
from disentangle.pipeline.result_files import read_cell, read_manifests, read_published
from disentangle.pipeline.study import module_of, report_path
from disentangle.reporting.results import Results


def run(given: argparse.Namespace) -> None:
    """Read the cells that a report needs, let its study make of them what its reports are given, and write it."""
    settings, name = given.settings, given.name
    plan.require(given.digest, plan.report(settings, name))
    study, cells = name.split("/")[0], outputs.report_cells(settings, name)
    found = Results(
        settings.scale,
        tuple(map(read_cell, cells)),
        read_manifests([*outputs.datasets_of(cells)]),
        read_published(study),
        provenance.revision(),
        plan.evaluated_with(settings, study),
    )
    results = module_of(study).results(found, registry.constant("reports", name, "NEEDS"))
    report, place = registry.build("reports", name, {}), report_path(name)
    files.write_text(place.with_suffix(".csv"), report.table(results).to_csv(index=False))
    files.write_json(place.with_suffix(".json"), report.summary(results))
    if outputs.draws(name):
        from disentangle.reporting.drawing import svg  # takes a second, and many reports are text

        files.write_bytes(place.with_suffix(".svg"), svg(report.draw(results)))
    files.write_text(place.with_suffix(".md"), report.render(results) + "\n")
