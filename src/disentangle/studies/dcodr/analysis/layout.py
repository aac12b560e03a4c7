"""How this study's reports are laid out: numbers with intervals, tables beside the paper's, and the setting below."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from disentangle.cells import format_lam
from disentangle.reporting.statistics import estimate
from disentangle.reporting.tables import markdown_table
from disentangle.studies.dcodr.analysis.results import METHODS, DomainResults, title_of


def measured(values: Sequence[float], digits: int = 3) -> str:
    """Return the mean of finite values with the half width of its 95 % interval over seeds."""
    found = estimate(values)
    if found.n == 0:
        return "–"
    half = "" if math.isnan(found.half_width) else f" ± {found.half_width:.{digits}f}"
    return f"{found.mean:.{digits}f}{half}"


def rounded(value: float, digits: int = 3) -> float | None:
    """Return a number as a summary has it, None where it is not defined."""
    return None if math.isnan(value) else round(float(value), digits)


def nested(means: pd.Series, digits: int = 3) -> dict[str, dict[str, float | None]]:
    """Return numbers indexed by two names as a summary has them: by the first, then by the second."""
    return {
        str(outer): {str(inner): rounded(value, digits) for inner, value in own.droplevel(0).items()}
        for outer, own in means.groupby(level=0, sort=False)
    }


def quoted(value: float, note: str = "") -> str:
    """Return a published number as it is printed, or what its note says of it."""
    if math.isnan(value):
        return "–"
    return note.removeprefix("published as ") if note.startswith("published as ") else f"{value:g}"


def beside_published(
    results: DomainResults,
    dataset: str,
    found: pd.DataFrame,
    published: Mapping[tuple[str, str], str],
    columns: Mapping[str, str],
    optimal: Mapping[str, float] | None = None,
) -> str:
    """Return a row a method: in each column the published number and ours, of ``found`` (entry, column, value).

    Ours alone, where nothing is ``published``.
    """

    def beside(method: str, column: str, ours: str) -> str:
        return f"{published.get((method, column), '–')} / {ours}" if published else ours

    rows = []
    for entry in results.entries(dataset):
        own = found[found["entry"] == entry]
        row: list[str] = [title_of(entry)]
        for column in columns:
            ours = measured(own[own["column"] == column]["value"].to_list())
            row.append(beside(METHODS.get(entry, ""), column, ours))
        rows.append([*row, str(own["seed"].nunique())])
    if optimal is not None:
        best = [beside("Optimal", column, f"{optimal[column]:.3g}") for column in columns]
        rows.append(["Optimal", *best, ""])
    return markdown_table(["published / ours" if published else "ours", *columns.values(), "seeds"], rows)


def page(
    results: DomainResults, introduction: str, sections: Iterable[str], picture: tuple[str, str] = ("", "")
) -> str:
    """Return a report: what is not the paper's data first, the sections, and how the numbers came about.

    ``picture`` is the name of the report and what its picture shows, where it has one.
    """
    name, alt = picture
    parts = [introduction, results.stand_ins(), f"![{alt}]({name}.svg)" if name else "", *sections, setting(results)]
    return "\n\n".join(part for part in parts if part)


def setting(results: DomainResults) -> str:
    """Return the closing section: scale, cells, networks and training, stand-ins for weights, device, revision."""
    if not results.cells:
        return f"## Setting\n\n- scale: {results.scale}; no cell is read"
    runs = [cell.run for cell in results.cells]
    seconds = sum(cell.timing["seconds"] for cell in results.cells)
    rows = [
        ("scale", results.scale),
        ("cells", f"{len(runs)}, of which {sum(run['status'] == 'diverged' for run in runs)} diverged"),
        ("networks", _distinct(_spelled(run["model"]) for run in runs)),
        ("training", _distinct(_spelled(run["training"]) for run in runs) + " (paper: 200 epochs of 4 domains x 32)"),
        ("methods", "; ".join(dict.fromkeys(_method(cell.cell.method, cell.run) for cell in results.cells))),
        ("encoder", _distinct(map(_encoder, runs)) + " (paper: ResNet-50, MoCo-v2)"),
        ("perceptual distance", _distance(runs)),
        ("device", _distinct(run["device"] for run in runs)),
        ("training time", f"{seconds:.0f} s over all cells, {seconds / len(runs):.1f} s a cell"),
        ("versions", _distinct(_spelled(run["versions"]) for run in runs)),
        ("trained at", _distinct(cell.timing["revision"] for cell in results.cells)),
        ("reported at", results.revision),
    ]
    rows += [(f"data, {name}", _data(manifest)) for name, manifest in results.manifests.items()]
    return "## Setting\n\n" + "\n".join(f"- {what}: {value}" for what, value in rows)


def _distinct(values: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(values))


def _spelled(node: Any) -> str:
    if isinstance(node, Mapping):
        return ", ".join(
            f"{key} ({_spelled(value)})" if isinstance(value, Mapping) else f"{key} {_spelled(value)}"
            for key, value in node.items()
        )
    return " ".join(map(str, node)) if isinstance(node, list) else str(node)


def _method(entry: str, run: Mapping[str, Any]) -> str:
    lam = format_lam(run["cell"]["lam"])
    return f"{title_of(entry)}: lam {lam}" + "".join(f", {key} {_spelled(v)}" for key, v in run["reading"].items())


def _encoder(run: Mapping[str, Any]) -> str:
    told = run["encoders"].get("encoder") or run["encoders"]["generative_encoder"]
    weights = told["options"].get("weights", "none")
    return f"{told['network']}, initial weights {'random' if weights == 'none' else weights}"


def _distance(runs: Sequence[Mapping[str, Any]]) -> str:
    told = _distinct(run["distance"] for run in runs if "distance" in run)
    return f"{told or 'none is used'} (paper: VGG16, ImageNet)"


def _data(manifest: Mapping[str, Any]) -> str:
    known = manifest["labelled"]
    labels = ", ".join(f"{name} {len(values)}" for name, values in known["values"])
    credit = "; ".join(
        f"{role}: {part['STAND_IN'] or 'as in the paper'} {part['CREDITS']}".strip()
        for role, part in manifest["made_of"].items()
    )
    options = _spelled(manifest["definition"]["options"])
    return f"domain {known['domain']}; values: {labels}; {options}. {credit}"
