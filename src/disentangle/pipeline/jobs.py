"""The jobs of the graph: what each makes of what, and one digest of all that it depends on.

The workflow asks for what a job reads, a stage for what it makes, ``verify`` for all that a result rests on: all of
them here, so that there is one answer.
"""

import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from disentangle.cells import RUNS, TRAINED, Cell, dataset_folder
from disentangle.data.dataset_files import MANIFEST
from disentangle.errors import InputError
from disentangle.pipeline import outputs, plan, seals
from disentangle.pipeline.hashes import Hashes
from disentangle.pipeline.needs import needs
from disentangle.pipeline.params import Params
from disentangle.pipeline.study import EVALUATIONS, FRONT, figure_path, report_path, studies, study_of, with_suffix

CODES = "codes.npz"


@dataclass(frozen=True, eq=False)
class Job:
    """One run of a stage."""

    stage: str
    digest: str
    """Of its own parameters and code."""
    makes: tuple[Path, ...]
    """The files that others may ask for; a dataset has more."""
    reads: tuple[tuple["Job", tuple[Path, ...]], ...] = ()
    """The files that it reads, by the job that makes them."""
    placed: tuple[str, ...] = ()
    """Files that it reads and no job makes: official ones, checked by their published checksums."""

    @functools.cached_property
    def seal(self) -> Path:
        """Where its seal lies: beside the first file that it makes."""
        return self.makes[0].with_suffix(".seal")

    @functools.cached_property
    def made(self) -> str:
        """The digest of its own parameters and code and of those of all jobs above it."""
        above = [(str(job.seal), job.made) for job, _ in self.reads]
        return hashlib.sha256(json.dumps([self.digest, above]).encode()).hexdigest()[:16]

    @property
    def inputs(self) -> Iterator[tuple["Job", Path]]:
        """Each file that it reads, with the job that makes it."""
        return ((job, path) for job, paths in self.reads for path in paths)

    @functools.cached_property
    def lineage(self) -> dict[Path, "Job"]:
        """Each file that it reads or that one of these was made of, with the job that makes it."""
        found: dict[Path, Job] = {}
        for job, paths in self.reads:
            found |= job.lineage | dict.fromkeys(paths, job)
        return found

    def into(self, folder: Path) -> "Job":
        """Return the same job that leaves its files in another folder."""
        return replace(self, makes=tuple(folder / path.name for path in self.makes))


class Jobs:
    """The jobs of one params.yaml, each made once."""

    def __init__(self, params: Params, hashes: Hashes | None = None) -> None:
        """``hashes`` know the user's own raw files."""
        self._params = params
        self._hashes = hashes or Hashes()
        self._known: dict[Any, Job] = {}

    def generate(self, scale: str, dataset: str) -> Job:
        """Return the job that makes a dataset."""

        def job() -> Job:
            placed = tuple(plan.official_files(self._params, scale, dataset))
            digest = plan.generate(self._params, scale, dataset, self._hashes)
            return Job("generate", digest, (dataset_folder(scale, dataset) / MANIFEST,), (), placed)

        return self._once(("generate", scale, dataset), job)

    def train(self, cell: Cell) -> Job:
        """Return the job that trains a cell."""

        def job() -> Job:
            data, placed = self.generate(cell.scale, cell.dataset), tuple(plan.weight_files(self._params, cell))
            return Job("train", plan.train(self._params, cell), _of(cell, *TRAINED), ((data, data.makes),), placed)

        return self._once(("train", cell), job)

    def encode(self, cell: Cell) -> Job:
        """Return the job that writes a cell's codes."""

        def job() -> Job:
            data, trained = self.generate(cell.scale, cell.dataset), self.train(cell)
            reads = ((data, data.makes), (trained, _of(cell, "checkpoint.safetensors", "run.json")))
            return Job("encode", plan.encode(self._params, cell), _of(cell, CODES), reads)

        return self._once(("encode", cell), job)

    def evaluate(self, stage: str, cell: Cell) -> Job:
        """Return the job that evaluates a cell's codes: ``probe`` or ``measure``."""

        def job() -> Job:
            data, trained, encoded = self.generate(cell.scale, cell.dataset), self.train(cell), self.encode(cell)
            reads = ((data, data.makes), (trained, _of(cell, "run.json")), (encoded, encoded.makes))
            digest = {"probe": plan.probe, "measure": plan.measure}[stage](self._params, cell)
            return Job(stage, digest, _of(cell, EVALUATIONS[stage].file), reads)

        return self._once((stage, cell), job)

    def report(self, name: str) -> Job:
        """Return the job that writes a report, ``<study>/<report>``."""

        def job() -> Job:
            cells = outputs.report_cells(self._params, name)
            suffixes = (".md", ".csv", ".json", *([".svg"] if outputs.draws(name) else []))
            reads = (*self._datasets(cells), *self._of_cells(cells, outputs.files_of_report(name)))
            return Job("report", plan.report(self._params, name), _beside(report_path(name), suffixes), reads)

        return self._once(("report", name), job)

    def figure(self, name: str, dataset: str, method: str | None) -> Job:
        """Return the job that draws a figure, ``<study>/<figure>``, of a dataset or of a method on it."""

        def job() -> Job:
            data = self.generate(self._params.scale, dataset)
            cells = outputs.figure_cells(self._params, name, dataset, method)
            reads = ((data, data.makes), *self._of_cells(cells, needs("figures", name)["files"]))
            suffixes = (*outputs.pictures(name), ".csv", ".json")
            digest = plan.figure(self._params, name, dataset, method)
            return Job("figure", digest, _beside(figure_path(name, dataset, method), suffixes), reads)

        return self._once(("figure", name, dataset, method), job)

    def page(self, study: str) -> Job:
        """Return the job that writes the page of a study."""

        def job() -> Job:
            of = study_of(study)
            self._params.study(self._params.scale, study)
            cells = outputs.all_report_cells(self._params, study)
            reads = [*self._of_cells(cells, ("run.json", "timing.json")), *self._datasets(cells)]
            for part in (
                *map(self.report, outputs.shown_reports(self._params, study)),
                *(self.figure(*figure) for figure in outputs.all_figures(self._params, study)),
            ):
                reads.append((part, tuple(path for path in part.makes if path.suffix != ".csv")))
            return Job("page", plan.page(self._params, study), (of.page, of.card), tuple(reads))

        return self._once(("page", study), job)

    def front(self) -> Job:
        """Return the job that writes the page of all studies."""

        def job() -> Job:
            pages = map(self.page, outputs.shown_studies(self._params))
            return Job("front", plan.front(self._params), (FRONT,), tuple((page, page.makes) for page in pages))

        return self._once(("front",), job)

    def of_cell(self, cell: Cell, name: str) -> Job:
        """Return the job that makes a file of a cell's folder."""
        if name in TRAINED:
            return self.train(cell)
        if name == CODES:
            return self.encode(cell)
        stage = next((stage for stage, evaluation in EVALUATIONS.items() if evaluation.file == name), None)
        if stage is None:
            raise InputError(f"{cell.folder / name}: no stage makes it.")
        return self.evaluate(stage, cell)

    def maker(self, path: Path) -> Job:
        """Return the job that makes a file or its seal; raises InputError where params.yaml has none."""
        job = self._maker(path)
        if path not in (job.seal, *job.makes):
            sealed = seals.read(job.seal)  # of a dataset, which has more files
            if path.parent != job.seal.parent or not sealed or path.name not in sealed.files:
                raise InputError(f"{path}: no stage makes it.")
        return job

    def _maker(self, path: Path) -> Job:
        if path == FRONT:
            return self.front()
        for name, study in studies().items():
            if path in (study.page, study.card):
                return self.page(name)
        match path.parts:
            case ("data", "datasets", scale, dataset, _):
                return self.generate(scale, dataset)
            case ("data", "runs", *_):
                return self.of_cell(cell_at(path.parent), path.name)
        return self._report_or_figure(path)

    def _report_or_figure(self, path: Path) -> Job:
        if "figures" in path.parts:
            at = path.parts.index("figures")
            match path.with_suffix("").parts[at + 1 :]:
                case (figure, dataset, *method) if len(method) < 2:
                    name = outputs.figure_at(str(Path(*path.parts[:at])), figure)
                    return self.figure(name, dataset, method[0] if method else None)
            raise InputError(f"{path}: no figure lies there.")
        return self.report(outputs.report_at(str(path.with_suffix(""))))

    def _datasets(self, cells: Iterable[Cell]) -> Iterator[tuple[Job, tuple[Path, ...]]]:
        for scale, dataset in outputs.datasets_of(cells):
            data = self.generate(scale, dataset)
            yield data, data.makes

    def _of_cells(self, cells: Iterable[Cell], names: Iterable[str]) -> Iterator[tuple[Job, tuple[Path, ...]]]:
        names = tuple(dict.fromkeys(names))
        for cell in cells:
            made: dict[Job, list[Path]] = {}
            for name in names:
                made.setdefault(self.of_cell(cell, name), []).append(cell.folder / name)
            yield from ((job, tuple(paths)) for job, paths in made.items())

    def _once(self, key: Any, job: Callable[[], Job]) -> Job:
        if key not in self._known:
            self._known[key] = job()
        return self._known[key]


def above(jobs: Iterable[Job]) -> list[Job]:
    """Return some jobs and all that they rest on, each once, a job behind those that it reads of."""
    found: dict[Path, Job] = {}

    def visit(job: Job) -> None:
        if job.seal not in found:
            for read, _ in job.reads:
                visit(read)
            found[job.seal] = job

    for job in jobs:
        visit(job)
    return [*found.values()]


def _of(cell: Cell, *names: str) -> tuple[Path, ...]:
    return tuple(cell.folder / name for name in names)


def _beside(place: Path, suffixes: Iterable[str]) -> tuple[Path, ...]:
    return tuple(with_suffix(place, suffix) for suffix in suffixes)


def cell_at(folder: Path) -> Cell:
    """Return the cell whose folder it is; raises InputError where it is that of none."""
    try:
        scale, study, dataset, method, lam, seed = folder.relative_to(RUNS).parts
        cell = Cell(scale, study, dataset, method, float(lam.removeprefix("lam=")), int(seed.removeprefix("seed=")))
    except ValueError:
        raise InputError(f"{folder}: not the folder of a cell.") from None
    if cell.folder != folder:
        raise InputError(f"{folder}: the folder of this cell is {cell.folder}.")
    return cell
