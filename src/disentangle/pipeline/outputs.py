"""What the pipeline puts out: which cells each report and figure reads, and which of them params.yaml has cells for."""

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from disentangle import registry
from disentangle.cells import Cell
from disentangle.errors import InputError, did_you_mean
from disentangle.pipeline.needs import needs
from disentangle.pipeline.params import Params
from disentangle.pipeline.study import report_path, studies, study_of

Figure = tuple[str, str, str | None]
"""Name, dataset and, of a figure that shows one, method (an entry under ``methods``)."""


def report_cells(params: Params, name: str) -> list[Cell]:
    """Return the cells that a report, ``<study>/<report>``, reads, of the scale that params.yaml selects.

    Its NEEDS name, optionally, a dataset, methods, patterns of entries, strengths and the key of its seeds: it reads
    the cells of its study that fit all of them, with ``cells`` "none" none. With ``reports`` it also reads what these
    read, and nothing else if its NEEDS name none of those. Raises InputError that says what params.yaml lacks for it.
    """
    cells = report_cells_or_none(params, name)
    if cells is None:
        raise InputError(_lacks(params, name))
    return cells


def report_cells_or_none(params: Params, name: str) -> list[Cell] | None:
    """Return the cells that a report reads, None where params.yaml has none of what it is about."""
    asked = needs("reports", name)
    if name.split("/")[0] not in shown_studies(params):
        return None
    return [] if asked.get("cells") == "none" else _cells(params, name, ()) or None


def _cells(params: Params, name: str, above: tuple[str, ...]) -> list[Cell]:
    """Return the cells that a report reads as far as params.yaml has them; ``above`` are reports that read its own."""
    of, asked = name.split("/")[0], needs("reports", name)
    if name in above:
        cycle = " -> ".join((*above, name))
        raise InputError(f"{registry.path('reports', name)}: NEEDS.reports: a cycle, {cycle}.")
    cells = [cell for part in asked.get("reports", ()) for cell in _cells(params, f"{of}/{part}", (*above, name))]
    given = {key: asked[key] for key in ("methods", "seeds", "lam", "entries") if key in asked}
    if asked.get("cells") != "none" and (given or "dataset" in asked or "reports" not in asked):
        study = params.study(params.scale, of)
        _check_seeds(name, study, given.get("seeds", "seeds"))
        for dataset in study["datasets"]:
            if dataset == asked.get("dataset", dataset):
                cells += params.cells(params.scale, of, dataset, **given)
    return list(dict.fromkeys(cells))


def _check_seeds(name: str, study: Mapping[str, Any], key: str) -> None:
    if key not in study:
        lists = [known for known, value in study.items() if isinstance(value, list) and isinstance(value[0], int)]
        raise InputError(f"{registry.path('reports', name)}: NEEDS.seeds: found '{key}': {did_you_mean(key, lists)}")


def _lacks(params: Params, name: str) -> str:
    """Return what of params.yaml a report of no cells needs."""
    of, asked = name.split("/")[0], needs("reports", name)
    where, listed = f"scales.{params.scale}.studies.{of}", params.study(params.scale, of)["datasets"]
    if "dataset" in asked and asked["dataset"] not in listed:
        return (
            f"report '{name}' needs dataset '{asked['dataset']}', which {where}.datasets does not list "
            f"(listed: {', '.join(listed)})."
        )
    strengths = f" at lam {', '.join(map(str, asked['lam']))}" if asked.get("lam") else ""
    if wanted := asked.get("methods") or asked.get("entries"):
        return f"{where}.methods: report '{name}' needs one of {', '.join(wanted)}{strengths}."
    if strengths:
        return f"{where}.methods: report '{name}' needs a method{strengths}."
    return f"{where}: report '{name}' needs what one of the reports {', '.join(asked['reports'])} does."


def files_of_report(name: str) -> list[str]:
    """Return what a report reads of each of its cells: what every report of its study does, and ``files`` of NEEDS."""
    return [*studies()[name.split("/")[0]].reported, *needs("reports", name).get("files", ())]


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


def pictures(figure: str) -> list[str]:
    """Return the suffixes of a figure's pictures: ``.svg``, and ``.gif`` of what is ANIMATED."""
    return [".svg", *([".gif"] if animated(figure) else [])]


def animated(figure: str) -> bool:
    """Say whether a figure has frames too."""
    return bool(registry.constant("figures", figure, "ANIMATED", False))


def shown_reports(params: Params, study: str) -> list[str]:
    """Return the reports of a study that params.yaml has cells for, in the order of ``_place``.

    Raises InputError that says what one of them needs where there is none.
    """
    shown = [name for name in _needed(params).by_report if name.split("/")[0] == study]
    if not shown:
        lacking = min(registry.of_study("reports", study), key=_place, default=None)
        why = _lacks(params, lacking) if lacking else f"{study_of(study).home}/reports: there is none."
        raise InputError(f"no report of '{study}' has cells: {why}")
    return shown


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
    return not table, needs("reports", report).get("place", 0), report


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
    asked = needs("figures", name)
    study, figure = name.split("/")
    if (asked["of"] == "every method") != (method is not None):
        subject = "<dataset>/<method>" if asked["of"] == "every method" else "<dataset>"
        raise InputError(
            f"figure '{name}' is of {asked['of']}: {studies()[study].folder}/figures/{figure}/{subject}.svg."
        )
    if method is None:
        listed = params.study(params.scale, study)["datasets"]
        if dataset not in listed:
            where = f"scales.{params.scale}.studies.{study}.datasets"
            raise InputError(f"figure '{name}': {where}: no dataset '{dataset}': {did_you_mean(dataset, listed)}")
        return []
    cells = _needed(params).by_subject.get(study, {}).get((dataset, method), [])
    if cells and not _is_of(params, name, method):
        some = (
            f"of {', '.join(asked['methods'])} alone" if "methods" in asked else f"not of {', '.join(asked['without'])}"
        )
        raise InputError(f"figure '{name}' of {dataset}/{method}: it is {some}.")
    if not cells:
        raise InputError(f"figure '{name}' of {dataset}/{method}: no report has a cell of this method and dataset.")
    seeds = list(dict.fromkeys(cell.seed for cell in cells))[: asked["seeds"]]
    return [cell for cell in cells if cell.seed in seeds]


def _is_of(params: Params, figure: str, entry: str) -> bool:
    """Say whether a figure is of an entry: of any, unless its NEEDS name method files, or some that it is without."""
    asked, entries = needs("figures", figure), params.study(params.scale, figure.split("/")[0])["methods"]
    method = entries[entry].get("method", entry)
    return method in asked.get("methods", [method]) and method not in asked.get("without", ())


def all_figures(params: Params, study: str | None = None) -> list[Figure]:
    """Return (name, dataset, method) of every figure of the reports' cells, of one study or of all."""
    names = registry.names("figures") if study is None else registry.of_study("figures", study)
    found: list[Figure] = []
    for name in sorted(names, key=lambda name: (registry.constant("figures", name, "SECTION"), name)):
        methods = _needed(params).by_subject.get(name.split("/")[0], {})
        datasets: list[tuple[str, str | None]] = [(name, None) for name in dict.fromkeys(name for name, _ in methods)]
        subjects: dict[str, list[tuple[str, str | None]]] = {
            "the first dataset": datasets[:1],
            "every dataset": datasets,
            "every method": [subject for subject in methods if _is_of(params, name, subject[1])],
        }
        found += [(name, *subject) for subject in subjects[needs("figures", name)["of"]]]
    return found


def datasets_of(cells: Iterable[Cell]) -> Iterator[tuple[str, str]]:
    """Yield each (scale, dataset) of some cells once."""
    yield from dict.fromkeys((cell.scale, cell.dataset) for cell in cells)
