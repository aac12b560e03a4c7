"""What a regularizer changes: a setting less the same model without one, seed by seed."""

from collections.abc import Mapping, Sequence

from disentangle.reporting.statistics import Interval, mean_interval
from disentangle.studies.burns.analysis.results import BurnsCell

CONTROL = "infomax"
"""The method file of the controls."""


def control_of(cells: Sequence[BurnsCell], settings: Mapping[tuple[str, float], list[BurnsCell]]) -> list[BurnsCell]:
    """Return the cells of the control of a setting: the first of ``settings`` with as many heads, none of a control."""
    if _is_control(cells):
        return []
    return next((own for own in settings.values() if _is_control(own) and _heads(own) == _heads(cells)), [])


def difference(ours: Mapping[int, float], control: Mapping[int, float]) -> Interval:
    """Return the mean of accuracies, in percent by seed, less those of the control, of the seeds that both have."""
    shared = sorted(ours.keys() & control.keys())
    return mean_interval([ours[seed] - control[seed] for seed in shared]).cut((-100, 100))


def _is_control(cells: Sequence[BurnsCell]) -> bool:
    return bool(cells[0].run["method"]["name"] == CONTROL)


def _heads(cells: Sequence[BurnsCell]) -> int:
    """Return how many heads a model has: one a term of InfoMax."""
    return len(cells[0].run["plateau"]["levels"])
