"""Write the page that holds all reports and figures."""

import argparse
from typing import Any, get_args

from disentangle import files, outputs, params, plan, provenance, registry
from disentangle.cells import REPORTS
from disentangle.errors import InputError
from disentangle.reporting import page
from disentangle.reporting.claim import Verdict
from disentangle.result_files import read_manifests


def run(given: argparse.Namespace) -> None:
    """Read the reports and the figures' words that params.yaml has cells for, and write ``reports/index.html``."""
    settings = params.load()
    plan.require(given.digest, plan.index(settings))
    shown = outputs.shown_reports(settings)
    if not shown:
        raise InputError(f"params.yaml: scales.{settings.scale} has no cells for any report.")
    reports = [page.report(name, files.read_text(REPORTS / f"{name}.md")) for name in shown]
    galleries: dict[str, list[page.Picture]] = {}
    figures = outputs.all_figures(settings)
    for figure in figures:
        path = outputs.figure_path(*figure)
        picture = page.Picture(str(path.relative_to(REPORTS)), **files.read_json(path.with_suffix(".json")))
        galleries.setdefault(registry.constant("figures", figure[0], "SECTION"), []).append(picture)
    files.write_text(REPORTS / "index.html", page.render(reports, galleries, _facts(settings, shown, figures)))


def _facts(settings: params.Params, shown: list[str], figures: list[outputs.Figure]) -> dict[str, Any]:
    """Return what the page tells beside reports and figures, all of it read from the cells' own files."""
    cells = outputs.all_report_cells(settings)
    manifests = read_manifests([*outputs.datasets_of(cells)])
    runs, timings = ([files.read_json(cell.folder / f"{name}.json") for cell in cells] for name in ("run", "timing"))
    study = settings.study(settings.scale, cells[0].study)
    made_of = [made for manifest in manifests.values() for made in manifest["made_of"].values()]
    hours = sum(timing["seconds"] for timing in timings) / 3600
    versions = "python {python}, torch {torch}, numpy {numpy}"
    verdicts = files.read_json(REPORTS / "claims.json")["count"] if "claims" in shown else {}
    return {
        "scale": settings.scale,
        "revision": provenance.revision(),
        "stand_ins": _distinct(made["STAND_IN"] for made in made_of if made["STAND_IN"]),
        "verdicts": {verdict: verdicts[verdict] for verdict in get_args(Verdict) if verdict in verdicts},
        "stages": [
            ("generate", f"{len(manifests)} datasets"),
            ("train", f"{len(cells)} cells"),
            ("encode", "r and z of view 0"),
            ("probe", ", ".join(study["probes"])),
            ("measure", ", ".join(study["metrics"])),
            ("report", f"{len(shown)} reports, {len(figures)} figures"),
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
