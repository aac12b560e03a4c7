"""Write the page that holds all reports and figures of a study, and the card that the front page shows of it."""

import argparse
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from disentangle import files, registry
from disentangle.cells import Cell
from disentangle.pipeline import outputs, provenance
from disentangle.pipeline.jobs import Jobs
from disentangle.pipeline.needs import needs
from disentangle.pipeline.params import Params
from disentangle.pipeline.result_files import read_cell, read_manifests
from disentangle.pipeline.sealed import making
from disentangle.pipeline.study import EVALUATIONS, Study, figure_path, report_path, study_of, with_suffix
from disentangle.reporting import page
from disentangle.reporting.claim import Verdict
from disentangle.reporting.overview import decided, overview, spent


def run(given: argparse.Namespace) -> None:
    """Read the reports and the figures' words that params.yaml has cells for, and write the study's page and card."""
    settings, study = given.settings, study_of(given.study)
    with making(Jobs(settings).page(study.name), given.digest, given.anew) as work:
        if not work.done:
            _write(settings, study)


def _write(settings: Params, study: Study) -> None:
    shown, figures = outputs.shown_reports(settings, study.name), outputs.all_figures(settings, study.name)
    reports = [
        page.report(path.name, _from(study, path), outputs.draws(name), files.read_text(with_suffix(path, ".md")))
        for name, path in ((name, report_path(name)) for name in shown)
    ]
    galleries: dict[str, list[page.Picture]] = {}
    names, datasets = ([*dict.fromkeys(figure[place] for figure in figures)] for place in (0, 1))
    # Methods that only some reports ask for come last in the list, whatever their dataset.
    for figure in sorted(figures, key=lambda figure: (names.index(figure[0]), datasets.index(figure[1]))):
        path = figure_path(*figure)
        picture = page.Picture(
            _from(study, path), outputs.animated(figure[0]), **files.read_json(with_suffix(path, ".json"))
        )
        galleries.setdefault(registry.constant("figures", figure[0], "SECTION"), []).append(picture)
    cells = outputs.all_report_cells(settings, study.name)
    built = _stages(settings, study, len(cells), len(shown), len(figures))
    facts = _facts(settings, study, cells) | {"stages": built}
    text = page.render(reports, galleries, facts)
    files.write_text(study.page, text)
    size = {"page": len(text.encode()), "pictures": sum(path.stat().st_size for path in _pictures(shown, figures))}
    files.write_json(study.card, _card(settings, study, facts, len(cells), shown, figures) | {"bytes": size})


def _pictures(reports: list[str], figures: list[outputs.Figure]) -> Iterator[Path]:
    """Yield the pictures that the page shows: of what moves the frames."""
    yield from (with_suffix(report_path(name), ".svg") for name in reports if outputs.draws(name))
    for figure in figures:
        yield with_suffix(figure_path(*figure), outputs.pictures(figure[0])[-1])


def _from(study: Study, path: Path) -> str:
    """Return a path as links on the study's page spell it."""
    return Path(os.path.relpath(path, study.page.parent)).as_posix()


def _facts(settings: Params, study: Study, cells: list[Cell]) -> dict[str, Any]:
    """Return what the page tells beside reports and figures, all of it read from the cells' own files."""
    manifests = read_manifests([*outputs.datasets_of(cells)])
    found = [read_cell(cell, ("run.json", "timing.json")) for cell in cells]
    runs, timings = [cell.run for cell in found], [cell.timing for cell in found]
    made_of = [made for manifest in manifests.values() for made in manifest["made_of"].values()]
    time = spent(sum(timing["seconds"] for timing in timings))
    versions = "python {python}, torch {torch}, numpy {numpy}"
    return {
        "paper": study.paper,
        "title": study.title,
        "lead": study.lead,
        "words": {"asked": study.asked, "easy": study.easy, "hard": study.hard},
        "overview": overview(found, manifests),
        "scale": settings.scale,
        "revision": provenance.revision(),
        "stand_ins": _distinct(made["STAND_IN"] for made in made_of if made["STAND_IN"]),
        **_claims(settings, study),
        "provenance": [
            ("trained at revision", ", ".join(_distinct(timing["revision"] for timing in timings))),
            ("reported at revision", provenance.revision()),
            ("devices", ", ".join(_distinct(run["device"] for run in runs))),
            ("versions", "; ".join(_distinct(versions.format(**run["versions"]) for run in runs))),
            ("training time", f"{time}, summed over {len(cells)} cells"),
            ("last training finished", max((timing["finished"] for timing in timings), default="–")),
        ],
        "hashes": [(name, file, sha[:16]) for name, found in manifests.items() for file, sha in found["files"].items()],
    }


def _stages(settings: Params, study: Study, cells: int, reports: int, figures: int) -> list[tuple[str, str]]:
    """Return each stage of the pipeline with how much of what it makes."""
    section = settings.study(settings.scale, study.name)
    datasets = len(dict.fromkeys(outputs.datasets_of(outputs.all_report_cells(settings, study.name))))
    return [
        ("generate", f"{datasets} dataset{'' if datasets == 1 else 's'}"),
        ("train", f"{cells} cells"),
        ("encode", study.codes),
        *((stage, ", ".join(asked(section, EVALUATIONS[stage].plugins))) for stage in study.evaluated),
        ("report", f"{reports} reports" + (f", {figures} figures" if figures else "")),
    ]


def asked(section: Mapping[str, Any], kind: str) -> list[str]:
    """Return the metrics or probes of a section, of metrics those that some code is measured with."""
    measured = section.get("measured") if kind == "metrics" else None
    return [name for name in section[kind] if measured is None or any(name in names for names in measured.values())]


def _claims(settings: Params, study: Study) -> dict[str, Any]:
    """Return how many claims have each verdict, and those that are decided; nothing where none is tested.

    A report of claims need not list them.
    """
    told = [
        files.read_json(with_suffix(report_path(name), ".json"))
        for name in outputs.shown_reports(settings, study.name)
        if needs("reports", name).get("claims")
    ]
    verdicts = {verdict: sum(summary["count"].get(verdict, 0) for summary in told) for verdict in get_args(Verdict)}
    claims = [claim for summary in told for claim in summary.get("claims", [])]
    return {"verdicts": verdicts if told else {}, "decided": decided(claims)}


def _card(
    settings: Params, study: Study, facts: dict[str, Any], cells: int, reports: list[str], figures: list[outputs.Figure]
) -> dict[str, Any]:
    """Return what the front page tells of the study, with the first picture that it names."""
    drawn = [report_path(name) for name in reports if outputs.draws(name) and name.endswith(f"/{study.picture}")]
    drawn += [figure_path(*figure) for figure in figures if figure[0].endswith(f"/{study.picture}")]
    return {
        "paper": study.paper,
        "title": study.title,
        "lead": study.lead,
        "scale": settings.scale,
        "cells": cells,
        "reports": len(reports),
        "figures": len(figures),
        "datasets": [name for _, name in outputs.datasets_of(outputs.all_report_cells(settings, study.name))],
        "stand_ins": bool(facts["stand_ins"]),
        "verdicts": facts["verdicts"],
        "picture": f"{drawn[0]}.svg" if drawn else None,
    }


def _distinct(values: Any) -> list[str]:
    return sorted({str(value) for value in values})
