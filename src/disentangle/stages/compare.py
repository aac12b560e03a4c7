"""Write what DVC compares of all that the targets rest on: numbers in ``metrics``, loss curves in ``curves``.

No result rests on these files, so no seal is of them: ``dvc repro`` writes them anew after each run of Snakemake.
"""

import argparse
import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from disentangle import files
from disentangle.cells import Cell
from disentangle.errors import InputError
from disentangle.pipeline.jobs import Jobs, above, cell_at
from disentangle.pipeline.needs import needs
from disentangle.pipeline.outputs import report_at
from disentangle.pipeline.sealed import Found
from disentangle.pipeline.study import EVALUATIONS, study_of
from disentangle.reporting.compared import curve, means, numbers, settings_of

METRICS, CURVES = Path("metrics"), Path("curves")
READ = {"train", *EVALUATIONS, "report"}
"""The stages of whose results some is read."""


def run(given: argparse.Namespace) -> None:
    """Read cells and verdicts, and write a JSON and a CSV a setting and a JSON a study's claims, and nothing else.

    Raises InputError, before anything is written, for results that are not current.
    """
    jobs, found = Jobs(given.settings), Found()
    needed = above(jobs.maker(Path(target)) for target in given.settings.targets)
    for lack in (found.lack(job) for job in needed if job.stage in READ):
        if lack and not lack.known:  # what is missing alone, as a checkpoint, may not be read
            raise InputError(f"{lack}. Run Snakemake first.")
    tables, curves = dict[Path, dict[str, Any]](), dict[Path, str]()
    for place, cells in settings_of(cell_at(job.makes[0].parent) for job in needed if job.stage == "train").items():
        losses = curve(map(_history, cells))
        known = means([*map(_numbers, cells)], study_of(cells[0].study).compared) | {"seeds": len(cells)}
        tables[METRICS / f"{place}.json"] = known | ({"loss": losses[-1][1]} if losses else {})
        if losses:
            curves[CURVES / f"{place}.csv"] = "".join(f"{step},{loss}\n" for step, loss in [("step", "loss"), *losses])
    for path in (job.makes[0] for job in needed if job.stage == "report"):
        report = report_at(str(path.with_suffix("")))
        if needs("reports", report).get("claims"):
            tables[METRICS / f"{report}.json"] = files.read_json(path.with_suffix(".json"))["count"]
    for path in (*tables, *curves):
        files.check_writable(path)
    for path, table in tables.items():
        files.write_json(path, table)
    for path, text in curves.items():
        files.write_text(path, text)
    for folder in (METRICS, CURVES):
        _keep(folder, {*tables, *curves})


def _history(cell: Cell) -> Iterable[dict[str, str]]:
    return csv.DictReader(files.read_text(cell.folder / "history.csv").splitlines())


def _numbers(cell: Cell) -> dict[str, float]:
    found = (files.read_json(cell.folder / EVALUATIONS[stage].file) for stage in study_of(cell.study).evaluated)
    return numbers(result.get("scores", {}) | result.get("accuracy", {}) for result in found)


def _keep(folder: Path, known: set[Path]) -> None:
    """Remove everything of a folder but what is known; the folder stays, as DVC asks for it."""
    folder.mkdir(exist_ok=True)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in known:
            path.unlink()
