"""Draw one figure: the SVG, the table it shows, its words and, of what is animated, its frames."""

import argparse

from disentangle import files, registry
from disentangle.pipeline import outputs, plan
from disentangle.pipeline.jobs import Jobs
from disentangle.pipeline.needs import needs
from disentangle.pipeline.params import Params
from disentangle.pipeline.result_files import read_cell, read_manifest
from disentangle.pipeline.sealed import making
from disentangle.pipeline.study import figure_path, module_of, with_suffix
from disentangle.reporting.drawing import gif, svg
from disentangle.reporting.results import Shown


def run(given: argparse.Namespace) -> None:
    """Read what a figure shows, let its study make of it what its figures are given, and write its files."""
    settings, subject = given.settings, (given.name, given.dataset, given.method)
    with making(Jobs(settings).figure(*subject), given.digest, given.anew) as work:
        if not work.done:
            _draw(settings, *subject)


def _draw(settings: Params, name: str, dataset: str, method: str | None) -> None:
    study, files_read = name.split("/")[0], needs("figures", name)["files"]
    cells = outputs.figure_cells(settings, name, dataset, method)
    found = Shown(
        settings.scale,
        dataset,
        read_manifest(settings.scale, dataset),
        method,
        tuple(read_cell(cell, files_read) for cell in cells),
        files_read,
        plan.evaluated_with(settings, study),
        settings.evaluation("metrics", settings.scale, study),
    )
    subject = module_of(study).subject(found)
    figure = registry.build("figures", name, {}, *(["frames"] if outputs.animated(name) else []))
    place = figure_path(name, dataset, method)
    table = figure.table(subject)
    files.write_bytes(with_suffix(place, ".svg"), svg(figure.draw(subject, table)))
    if outputs.animated(name):
        files.write_bytes(with_suffix(place, ".gif"), gif(*figure.frames(subject, table)))
    files.write_text(with_suffix(place, ".csv"), table.to_csv(index=False))
    files.write_json(with_suffix(place, ".json"), figure.text(subject))
