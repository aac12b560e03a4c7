"""Write one report: Markdown, the tidy table it shows, its main numbers, and its picture if it has one."""

import argparse
from pathlib import Path
from typing import Any

from disentangle import files, registry
from disentangle.cells import dataset_folder
from disentangle.data.dataset_files import MANIFEST
from disentangle.errors import InputError
from disentangle.pipeline import outputs, plan, provenance
from disentangle.pipeline.jobs import Jobs
from disentangle.pipeline.needs import needs
from disentangle.pipeline.params import Params
from disentangle.pipeline.result_files import read_cell, read_manifests, read_published
from disentangle.pipeline.sealed import making
from disentangle.pipeline.study import module_of, report_path
from disentangle.reporting.layout import warned
from disentangle.reporting.origin import origin
from disentangle.reporting.results import Results

LIBRARIES = ("numpy", "pandas", "scipy", "scikit-learn", "lightgbm")
"""What numbers of reports are computed with, beside torch, which trainings tell of."""


def run(given: argparse.Namespace) -> None:
    """Read the cells that a report needs, let its study make of them what its reports are given, and write it."""
    settings, name = given.settings, given.name
    with making(Jobs(settings).report(name), given.digest, given.anew) as work:
        if not work.done:
            _write(settings, name, work.job.made)


def _write(settings: Params, name: str, made: str) -> None:
    study, cells, asked = name.split("/")[0], outputs.report_cells(settings, name), needs("reports", name)
    datasets = [*outputs.datasets_of(cells)]
    found = Results(
        settings.scale,
        tuple(map(read_cell, cells)),
        read_manifests(datasets),
        read_published(study),
        provenance.revision(),
        plan.evaluated_with(settings, study),
    )
    results, file, place = module_of(study).results(found, asked), registry.path("reports", name), report_path(name)
    report = registry.build("reports", name, {}, *(["draw"] if outputs.draws(name) else []))
    files.write_text(place.with_suffix(".csv"), report.table(results).to_csv(index=False))
    files.write_json(place.with_suffix(".json"), _counted(report.summary(results), asked, file))
    if outputs.draws(name):
        from disentangle.reporting.drawing import svg  # takes a second, and many reports are text

        files.write_bytes(place.with_suffix(".svg"), svg(report.draw(results)))
    data = {dataset: files.sha256(dataset_folder(scale, dataset) / MANIFEST) for scale, dataset in datasets}
    libraries = provenance.versions(LIBRARIES)
    of = origin(found, plan.parameters(settings, study, cells), made, data, libraries)
    rendered = warned(_titled(report.render(results), file), found.stand_ins())
    files.write_text(place.with_suffix(".md"), f"{rendered}\n\n{of}\n")


def _counted(summary: dict[str, Any], asked: dict[str, Any], file: Path) -> dict[str, Any]:
    """Return a summary; raises InputError unless that of claims counts them by verdict, as the pages show."""
    if asked.get("claims") and not isinstance(summary.get("count"), dict):
        raise InputError(f"{file}: summary: the key 'count' is missing, which holds how many claims have each verdict.")
    return summary


def _titled(markdown: str, file: Path) -> str:
    """Return a report's Markdown; raises InputError unless it starts with a title, as the page of its study shows."""
    if not markdown.startswith("# "):
        raise InputError(
            f"{file}: render: found {markdown[:40]!r}; allowed: Markdown that starts with '# ' and a title."
        )
    return markdown
