"""Write the page that holds all reports and figures of a study."""

import argparse
from typing import Any, get_args

from disentangle import files, outputs, params, plan, provenance, registry
from disentangle.cells import REPORTS
from disentangle.errors import InputError
from disentangle.reporting import page
from disentangle.reporting.claim import Verdict
from disentangle.result_files import read_manifests
from disentangle.studies import EVALUATIONS, STUDIES


def run(given: argparse.Namespace) -> None:
    """Read the reports and the figures' words that params.yaml has cells for, and write the study's page."""
    settings = params.load()
    settings.study(settings.scale, given.study)
    study = STUDIES[given.study]
    plan.require(given.digest, plan.index(settings, given.study))
    shown = outputs.shown_reports(settings, given.study)
    if not shown:
        raise InputError(f"params.yaml: scales.{settings.scale} has no cells for any report of {given.study}.")
    paths = [REPORTS / f"{name}.md" for name in shown]
    reports = [page.report(path.stem, files.read_text(path)) for path in paths]
    galleries: dict[str, list[page.Picture]] = {}
    figures = outputs.all_figures(settings, given.study)
    for figure in figures:
        path = outputs.figure_path(*figure)
        picture = page.Picture(str(path.relative_to(study.page.parent)), **files.read_json(path.with_suffix(".json")))
        galleries.setdefault(registry.constant("figures", figure[0], "SECTION"), []).append(picture)
    claims = any(path.stem == "claims" for path in paths)
    facts = _facts(settings, given.study, len(shown), len(figures), claims)
    files.write_text(study.page, page.render(reports, galleries, facts))


def _facts(settings: params.Params, name: str, reports: int, figures: int, claims: bool) -> dict[str, Any]:
    """Return what the page tells beside reports and figures, all of it read from the cells' own files."""
    study, cells = STUDIES[name], outputs.all_report_cells(settings, name)
    manifests = read_manifests([*outputs.datasets_of(cells)])
    runs, timings = ([files.read_json(cell.folder / f"{name}.json") for cell in cells] for name in ("run", "timing"))
    section = settings.study(settings.scale, name)
    made_of = [made for manifest in manifests.values() for made in manifest["made_of"].values()]
    hours = sum(timing["seconds"] for timing in timings) / 3600
    versions = "python {python}, torch {torch}, numpy {numpy}"
    verdicts = files.read_json(study.page.with_name("claims.json"))["count"] if claims else {}
    return {
        "paper": study.paper,
        "title": study.title,
        "lead": study.lead,
        "scale": settings.scale,
        "revision": provenance.revision(),
        "stand_ins": _distinct(made["STAND_IN"] for made in made_of if made["STAND_IN"]),
        "verdicts": {verdict: verdicts[verdict] for verdict in get_args(Verdict) if verdict in verdicts},
        "stages": [
            ("generate", f"{len(manifests)} datasets"),
            ("train", f"{len(cells)} cells"),
            ("encode", study.codes),
            *((stage, ", ".join(section[EVALUATIONS[stage].plugins])) for stage in study.evaluated),
            ("report", f"{reports} reports" + (f", {figures} figures" if figures else "")),
        ],
        "provenance": [
            ("trained at revision", ", ".join(_distinct(timing["revision"] for timing in timings))),
            ("reported at revision", provenance.revision()),
            ("devices", ", ".join(_distinct(run["device"] for run in runs))),
            ("versions", "; ".join(_distinct(versions.format(**run["versions"]) for run in runs))),
            ("training time", f"{hours:.2f} hours, summed over {len(cells)} cells"),
            ("last training finished", max(timing["finished"] for timing in timings)),
        ],
        "hashes": [(name, file, sha) for name, found in manifests.items() for file, sha in found["files"].items()],
    }


def _distinct(values: Any) -> list[str]:
    return sorted({str(value) for value in values})
