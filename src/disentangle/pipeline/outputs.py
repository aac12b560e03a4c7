"""What the pipeline puts out: which cells each report and figure reads, and which of them params.yaml has cells for."""

import functools
import itertools
import json
from collections.abc import Iterable, Iterator

from disentangle import registry
from disentangle.cells import Cell
from disentangle.errors import InputError, did_you_mean
from disentangle.pipeline.params import Params
from disentangle.pipeline.study import report_path, studies

Figure = tuple[str, str, str | None]
"""Name, dataset and, of a figure that shows one, method (an entry under ``methods``)."""


def report_cells(params: Params, name: str) -> list[Cell]:
    """Return the cells that a report, ``<study>/<report>``, reads, of the scale that params.yaml selects.

    Its NEEDS name, optionally, a dataset, methods, patterns of entries, strengths and the key of its seeds; without a
    dataset it reads all cells of the study that fit its ``entries``, with ``cells`` "none" none. With ``reports`` it
    also reads what these of its study read, and each of all that as far as params.yaml has it.
    """
    needs = registry.constant("reports", name, "NEEDS")
    of = name.split("/")[0]
    study = params.study(params.scale, of)
    if needs.get("cells") == "none":
        return []
    if "dataset" not in needs and "entries" not in needs:
        return [cell for dataset in study["datasets"] for cell in params.cells(params.scale, of, dataset)]
    cells = [cell for part in needs.get("reports", ()) for cell in report_cells_or_none(params, f"{of}/{part}") or ()]
    if "dataset" not in needs or "reports" not in needs or needs["dataset"] in study["datasets"]:
        given = {key: needs[key] for key in ("methods", "seeds", "lam", "entries") if key in needs}
        datasets = [needs["dataset"]] if "dataset" in needs else study["datasets"]
        cells += itertools.chain(*(params.cells(params.scale, of, dataset, **given) for dataset in datasets))
    if not cells:
        where = f"scales.{params.scale}.studies.{of}.methods"
        strengths = f" at lam {', '.join(map(str, needs['lam']))}" if "lam" in needs else ""
        wanted = ", ".join(needs.get("methods") or needs["entries"])
        raise InputError(f"{where}: report '{name}' needs one of {wanted}{strengths}.")
    return list(dict.fromkeys(cells))


def files_of_report(name: str) -> list[str]:
    """Return what a report reads of each of its cells: what all of its study do, and its NEEDS's ``files``."""
    further = registry.constant("reports", name, "NEEDS").get("files", ())
    return [*studies()[name.split("/")[0]].reported, *further]


def report_cells_or_none(params: Params, name: str) -> list[Cell] | None:
    """Return the cells that a report reads, None where params.yaml lacks what it is about."""
    try:
        return report_cells(params, name)
    except InputError:
        return None


def report_at(path: str) -> str:
    """Return the name of the report that lies at a path, given without a suffix.

    Raises InputError with the nearest known path when there is none.
    """
    known = {str(report_path(name)): name for name in registry.names("reports")}
    if path not in known:
        raise InputError(f"{path}.md: no report makes it: {did_you_mean(path, known)}")
    return known[path]


def figure_at(folder: str, figure: str) -> str:
    """Return a figure's name by the folder of its study's reports; raises InputError if there is none."""
    study = {str(study.folder): name for name, study in studies().items()}.get(folder, folder)
    registry.path("figures", f"{study}/{figure}")
    return f"{study}/{figure}"


def draws(name: str) -> bool:
    """Say whether a report has a picture, ``.svg``, beside it."""
    return bool(registry.constant("reports", name, "DRAWS", False))


def shown_reports(params: Params, study: str) -> list[str]:
    """Return the reports of a study that params.yaml has cells for, in the order of ``_place``."""
    return [name for name in _needed(params).by_report if name.split("/")[0] == study]


def shown_studies(params: Params) -> list[str]:
    """Return the studies that params.yaml lists at its scale."""
    return [*params.section(params.scale)["studies"]]


def all_report_cells(params: Params, study: str | None = None) -> list[Cell]:
    """Return the cells of all reports together, each once, of one study or of all."""
    return [cell for cell in _needed(params).cells if study in (None, cell.study)]


class _Needed:
    """The cells of all reports together, each once, and the same by report and by (dataset, method)."""

    def __init__(self, params: Params) -> None:
        names = sorted(registry.names("reports"), key=_place)
        found = {name: report_cells_or_none(params, name) for name in names}
        self.by_report = {name: cells for name, cells in found.items() if cells is not None}
        self.cells = list(dict.fromkeys(cell for cells in self.by_report.values() for cell in cells))
        self.by_subject: dict[str, dict[tuple[str, str], list[Cell]]] = {}
        for cell in self.cells:
            of_study = self.by_subject.setdefault(cell.study, {})
            of_study.setdefault((cell.dataset, cell.method), []).append(cell)


def _place(report: str) -> tuple[bool, int, str]:
    """Return what reports are sorted by: tables first, then by their ``place`` in the paper, then by name."""
    table = report.split("/")[1].startswith("table")
    return not table, registry.constant("reports", report, "NEEDS").get("place", 0), report


def _needed(params: Params) -> _Needed:
    return _needed_at(params.scale, json.dumps(params.section(params.scale)))


# Every figure asks for them. The key is all that they follow from, as text, because a dict cannot be one.
@functools.lru_cache(maxsize=1)
def _needed_at(scale: str, section: str) -> _Needed:
    return _Needed(Params(scale, (), {scale: json.loads(section)}))


def figure_cells(params: Params, name: str, dataset: str, method: str | None) -> list[Cell]:
    """Return the cells that a figure, ``<study>/<figure>``, reads.

    They are those of one entry under ``methods``, as far as some report asks for them. Raises InputError when there is
    no such figure.
    """
    needs = registry.constant("figures", name, "NEEDS")
    study, figure = name.split("/")
    if (needs["of"] == "every method") != (method is not None):
        subject = "<dataset>/<method>" if needs["of"] == "every method" else "<dataset>"
        raise InputError(
            f"figure '{name}' is of {needs['of']}: {studies()[study].folder}/figures/{figure}/{subject}.svg."
        )
    if method is None:
        params.dataset(params.scale, dataset)
        return []
    cells = _needed(params).by_subject.get(study, {}).get((dataset, method), [])
    if not cells:
        raise InputError(f"figure '{name}' of {dataset}/{method}: no report has a cell of this method and dataset.")
    seeds = list(dict.fromkeys(cell.seed for cell in cells))[: needs["seeds"]]
    return [cell for cell in cells if cell.seed in seeds]


def all_figures(params: Params, study: str | None = None) -> list[Figure]:
    """Return (name, dataset, method) of every figure of the reports' cells, of one study or of all."""
    names = registry.names("figures") if study is None else registry.of_study("figures", study)
    found: list[Figure] = []
    for name in sorted(names, key=lambda name: (registry.constant("figures", name, "SECTION"), name)):
        needs = registry.constant("figures", name, "NEEDS")
        methods = _needed(params).by_subject.get(name.split("/")[0], {})
        datasets: list[tuple[str, str | None]] = [(name, None) for name in dict.fromkeys(name for name, _ in methods)]
        subjects: dict[str, list[tuple[str, str | None]]] = {
            "the first dataset": datasets[:1],
            "every dataset": datasets,
            "every method": [*methods],
        }
        found += [(name, *subject) for subject in subjects[needs["of"]]]
    return found


def datasets_of(cells: Iterable[Cell]) -> Iterator[tuple[str, str]]:
    """Yield each (scale, dataset) of some cells once."""
    yield from dict.fromkeys((cell.scale, cell.dataset) for cell in cells)
