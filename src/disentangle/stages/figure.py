"""Draw one figure: the SVG, the table it shows, and its words."""

import argparse

from disentangle import dataset_files, files, outputs, params, plan, registry
from disentangle.cells import dataset_folder
from disentangle.reporting.drawing import svg
from disentangle.reporting.subject import Subject
from disentangle.result_files import read_cell, read_codes, read_manifest


def run(given: argparse.Namespace) -> None:
    """Read what a figure shows and write ``reports/figures/<name>/<dataset>[/<method>].{svg,csv,json}``."""
    settings = params.load()
    plan.require(given.digest, plan.figure(settings, given.name, given.dataset, given.method))
    needs = registry.constant("figures", given.name, "NEEDS")
    cells = outputs.figure_cells(settings, given.name, given.dataset, given.method)
    subject = Subject(
        given.dataset,
        read_manifest(settings.scale, given.dataset),
        dataset_files.read(dataset_folder(settings.scale, given.dataset), "test"),
        given.method,
        tuple(read_cell(cell, needs["files"]) for cell in cells),
        {cell: read_codes(cell) for cell in cells if "codes.npz" in needs["files"]},
    )
    figure = registry.build("figures", given.name, {})
    table = figure.table(subject)
    place = outputs.figure_path(given.name, given.dataset, given.method)
    with files.atomic(place.with_suffix(".svg")) as file:
        file.write(svg(figure.draw(subject, table)))
    files.write_text(place.with_suffix(".csv"), table.to_csv(index=False))
    files.write_json(place.with_suffix(".json"), figure.text(subject))
