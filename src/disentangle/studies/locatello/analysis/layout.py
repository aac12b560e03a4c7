"""How a report on a study is put together, and how its numbers are told."""

import math
from collections.abc import Sequence

from disentangle.reporting import layout
from disentangle.reporting.results import Results
from disentangle.studies.locatello.analysis.seeds import RESAMPLES
from disentangle.studies.locatello.analysis.setting import setting_text

UNKNOWN = "cannot tell"
"""Where the models there are do not allow a number."""
INTERVALS = f"""\
Brackets are 95 % intervals over training seeds: the standard error from seeds resampled with all their models
({RESAMPLES} draws), times Student's quantile, as seeds are few. Without brackets there are fewer than two seeds."""


def page(results: Results, head: str, name: str, alt: str, sections: Sequence[str]) -> str:
    """Return a report: its head (title and first paragraph), its figure, sections, and the setting."""
    return layout.page(head, sections, setting_text(results), (name, alt))


def number(value: float, digits: int = 2) -> str:
    """Return a number that may be unknown, such as a published one."""
    return "–" if math.isnan(value) else f"{value:.{digits}f}".replace("-", "−")


def measured(value: float, low: float = math.nan, high: float = math.nan, digits: int = 2) -> str:
    """Return a measured value with its interval, or that the models cannot tell it."""
    if math.isnan(value):
        return UNKNOWN
    bounds = "" if math.isnan(low) or math.isnan(high) else f" [{number(low, digits)}, {number(high, digits)}]"
    return number(value, digits) + bounds


def difference(value: float, digits: int = 2) -> str:
    """Return a difference with its sign."""
    return "–" if math.isnan(value) else f"{value:+.{digits}f}".replace("-", "−")


def counted(count: int, word: str) -> str:
    """Return ``1 seed``, ``5 seeds``."""
    return f"{count} {word}{'' if count == 1 else 's'}"
