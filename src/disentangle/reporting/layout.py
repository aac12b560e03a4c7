"""How a report is laid out: its parts in order, numbers with intervals over seeds, and the setting below."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from disentangle.cells import format_lam
from disentangle.reporting.results import CellResult, Results, paper_methods
from disentangle.reporting.statistics import Bounds, Interval, mean_within

INTERVALS = (
    "95 % of means over training seeds, Student's t of the logit, of errors of the logarithm, so that they stay within "
    "the values that there are; of seeds that agree to the last digit it has no width"
)


def page(introduction: str, sections: Iterable[str], setting: str, picture: tuple[str, str]) -> str:
    """Return a report: its introduction, picture and sections, and how the numbers came about.

    ``picture`` is the name of the report and what its picture shows; two empty texts where it has none.
    """
    name, alt = picture
    parts = [introduction, f"![{alt}]({name}.svg)" if name else "", *sections, setting]
    return "\n\n".join(part for part in parts if part)


def warned(markdown: str, stand_ins: str) -> str:
    """Return a report with what stands in for the paper's data below its title, above its first number."""
    title, _, rest = markdown.partition("\n")
    return f"{title}\n\n> **Not the paper's data.** {stand_ins}\n{rest}" if stand_ins else markdown


def measured(values: Sequence[float], bounds: Bounds, digits: int = 3) -> str:
    """Return the mean of finite values with its 95 % interval over seeds, within ``bounds``: ``0.85 [0.80, 0.89]``."""
    return with_interval(mean_within(values, bounds), digits)


def with_interval(found: Interval, digits: int = 3) -> str:
    """Return a value with its interval, if n allows one; a dash where it is not defined. No zero has a sign."""
    if math.isnan(found.value):
        return "–"
    bounds = "" if math.isnan(found.low) else f" [{found.low:z.{digits}f}, {found.high:z.{digits}f}]"
    return f"{found.value:z.{digits}f}{bounds}"


def number(value: float, digits: int = 3) -> str:
    """Return a number as a table has it, a dash where it is not defined. No zero has a sign."""
    return "–" if math.isnan(value) else f"{value:z.{digits}f}"


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


def setting(results: Results, told: Iterable[tuple[str, str]], data: Callable[[Mapping[str, Any]], str]) -> str:
    """Return the closing section: scale, cells, what the study has ``told``, device, time, versions and data.

    ``data`` says of a manifest what the dataset is.
    """
    if not results.cells:
        return f"## Setting\n\n- scale: {results.scale}; no cell is read"
    runs = [cell.run for cell in results.cells]
    seconds = sum(cell.timing["seconds"] for cell in results.cells)
    rows = [
        ("scale", results.scale),
        ("cells", f"{len(runs)}, of which {sum(run['status'] == 'diverged' for run in runs)} diverged"),
        *told,
        ("intervals", INTERVALS),
        ("device", distinct(run["device"] for run in runs)),
        ("training time", f"{seconds:.0f} s over all cells, {seconds / len(runs):.1f} s a cell"),
        ("versions", distinct(spelled(run["versions"]) for run in runs)),
        ("trained at", distinct(cell.timing["revision"] for cell in results.cells)),
        ("reported at", results.revision),
        *((f"data, {name}", f"{data(manifest)}. {made_of(manifest)}") for name, manifest in results.manifests.items()),
    ]
    return "## Setting\n\n" + "\n".join(f"- {what}: {value}" for what, value in rows)


def of_paper(results: Results) -> tuple[list[CellResult], list[CellResult]]:
    """Return the cells of methods that the paper has numbers of, with which ours compare, and those of others."""
    theirs = paper_methods(results.published)
    split: tuple[list[CellResult], list[CellResult]] = ([], [])
    for cell in results.cells:
        split[cell.run["method"]["name"] not in theirs].append(cell)
    return split


def options(run: Mapping[str, Any]) -> str:
    """Return the strength of a run, and which options of its method were given: ``lam 0.3, negatives all``."""
    return ", ".join(
        [f"lam {format_lam(run['cell']['lam'])}", *(f"{key} {spelled(v)}" for key, v in run["reading"].items())]
    )


def made_of(manifest: Mapping[str, Any]) -> str:
    """Return what each part of a dataset is of, and whom to credit."""
    return "; ".join(
        f"{role}: {part['STAND_IN'] or 'as in the paper'} {part['CREDITS']}".strip()
        for role, part in manifest["made_of"].items()
    )


def distinct(values: Iterable[str]) -> str:
    """Return values each once, in the order of their first."""
    return "; ".join(dict.fromkeys(values))


def spelled(node: Any) -> str:
    """Return parameters as text: ``steps 100, learner (hidden 64, lr 0.001)``."""
    if isinstance(node, Mapping):
        return ", ".join(
            f"{key} ({spelled(value)})" if isinstance(value, Mapping) else f"{key} {spelled(value)}"
            for key, value in node.items()
        )
    return " ".join(map(str, node)) if isinstance(node, list) else str(node)
