"""The report of every metric and probe of a study, one of your own included: means over seeds, read as they are."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from disentangle import registry
from disentangle.cells import format_lam
from disentangle.reporting.layout import number, rounded, with_interval
from disentangle.reporting.results import CellResult
from disentangle.reporting.statistics import PERCENT, POSITIVE, SHARE, Bounds, Interval, estimate, mean_within
from disentangle.reporting.tables import markdown_table

COLUMNS = ["dataset", "entry", "lam", "by", "of", "score", "mean", "low", "high", "seeds", "undefined", "chance"]
CHANCE = "shuffled"
"""The codes that have no information of their images, by which scores are what they are by chance."""
ACCURACY = "accuracy "
"""Before the label of what a probe tells."""
UNKNOWN = "–"
"""In place of the scores of what all trainings of a dataset lack."""
Part = tuple[str, str]
"""What measures, and what of: a metric and a code, or a probe and its input or rule."""
Setting = tuple[str, str, float]
"""Dataset, entry and strength."""


class ScoreReport:
    """A table a metric and probe: a row a dataset, entry, strength, code and score."""

    def table(self, results: Any) -> pd.DataFrame:
        """Return one row a dataset, entry, strength and score: its mean, interval and n, and how many have none."""
        return pd.DataFrame(_rows(results.cells), columns=COLUMNS)

    def summary(self, results: Any) -> dict[str, Any]:
        """Return the means by dataset, entry and strength, and then by what measures, of what, and score."""
        found: dict[str, Any] = {}
        for row in self.table(results).to_dict("records"):
            setting = found.setdefault(row["dataset"], {}).setdefault(row["entry"], {})
            scores = setting.setdefault(f"lam={row['lam']}", {})
            scores[f"{row['by']}.{row['of']}.{row['score']}"] = rounded(row["mean"])
        return found

    def sections(self, results: Any) -> list[str]:
        """Return a section a metric and probe, for ``render`` to lay out."""
        header = ["entry", "dataset", "λ", "of", "score", "mean [95 % interval]", "chance", "seeds", "undefined"]
        parts = []
        for by, own in self.table(results).groupby("by", sort=False):
            parts += [f"## {by}", markdown_table(header, [_shown(row) for row in own.to_dict("records")])]
        return parts or ["## Scores", "No cell has any."]


def _shown(row: Any) -> list[object]:
    mean = Interval(row["mean"], row["low"], row["high"], row["seeds"], "")
    names = [row[key] for key in ("entry", "dataset", "lam", "of", "score")]
    return [*names, with_interval(mean), number(row["chance"]), row["seeds"], row["undefined"]]


def _rows(cells: Sequence[CellResult]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows: by what measures, in the order of the files, then by dataset, entry and strength."""
    settings: dict[Setting, list[CellResult]] = {}
    names: dict[tuple[str, Part], dict[str, None]] = {}
    for cell in cells:
        settings.setdefault((cell.cell.dataset, cell.cell.method, cell.cell.lam), []).append(cell)
        # One that diverged does not tell what it would have; others of its dataset do.
        for part, scores in _parts(cell).items():
            names.setdefault((cell.cell.dataset, part), {}).update(dict.fromkeys(scores))
    datasets, entries = ([*dict.fromkeys(setting[place] for setting in settings)] for place in (0, 1))
    in_order = sorted(settings, key=lambda of: (datasets.index(of[0]), entries.index(of[1]), of[2]))
    for by in dict.fromkeys(by for _, (by, _) in names):
        for setting in in_order:
            own = settings[setting]
            runs = [_parts(cell) for cell in own]
            for part in dict.fromkeys(part for run in runs for part in run if part[0] == by):
                for score in names[setting[0], part] or (UNKNOWN,):
                    values = _values(runs, part, score)
                    mean = mean_within(values, bounds_of(by, score))
                    found = mean.value, mean.low, mean.high, mean.n, len(values) - mean.n
                    yield (*setting[:2], format_lam(setting[2]), *part, score, *found, _chance(own[0], runs, by, score))


def _parts(result: CellResult) -> dict[Part, dict[str, float | None]]:
    """Return what was measured of a cell: numbers by score, those of several predictors meaned; None is no number."""
    found: dict[Part, dict[str, float | None]] = {}
    for code, metrics in result.metrics.get("scores", {}).items():
        for metric, scores in metrics.items():
            found[metric, code] = dict(scores or {})
    for quantity, by_probe in result.probe.items():
        for probe in result.probe["accuracy"]:
            for group, told in by_probe[probe].items() if isinstance(by_probe, Mapping) and probe in by_probe else ():
                own = {f"{quantity} {label}": _meaned(value) for label, value in told.items()}
                found.setdefault((probe, group), {}).update(own)
    return found


def _meaned(value: float | list[float] | None) -> float | None:
    return sum(value) / len(value) if isinstance(value, list) else value


def _values(runs: Sequence[Mapping[Part, Mapping[str, float | None]]], part: Part, score: str) -> list[float]:
    """Return a score of the runs that have this part measured, NaN where it is not defined."""
    found = (run[part].get(score) for run in runs if part in run)
    return [math.nan if value is None else value for value in found]


def bounds_of(by: str, score: str) -> Bounds:
    """Return between which ends a score lies: as RANGES of the metric's file says, of a probe by what it tells."""
    if by not in registry.names("metrics"):
        return PERCENT if score.startswith(ACCURACY) else POSITIVE
    ranges = registry.constant("metrics", by, "RANGES", {})
    least, most = ranges.get(score if score in ranges else score.rpartition("_")[0], SHARE)
    return -math.inf if least is None else least, math.inf if most is None else most


def _chance(cell: CellResult, runs: Sequence[Mapping[Part, Any]], by: str, score: str) -> float:
    """Return what a score is by chance, NaN where that is not known."""
    if score.startswith(ACCURACY):
        return float(cell.probe["chance"].get(score.removeprefix(ACCURACY), math.nan))
    return estimate(_values(runs, (by, CHANCE), score)).mean


INTRODUCTION = """\
# Every score

All that metrics and probes of `params.yaml` say of the trainings that the reports read, one of your own included: the
mean over seeds with its 95 % interval (Student's t of the logit, where a score has two ends; of the logarithm, where it
has one), how many seeds have a number, and how many have none, as it is not defined or the training diverged.
Accuracies of probes are in percent, those of several predictors are meaned; `gap_error` is the standard error of a
difference of halves. *Chance* is of codes dealt to other images, where these are measured, and of saying the most
frequent value."""
