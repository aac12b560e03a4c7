"""Which metrics score what: codes, or edits of codes and of images. Read from their files, without importing one."""

from collections.abc import Sequence

from disentangle import registry
from disentangle.errors import InputError

EDITS = ("prior_edits", "image_edits", "nearest_edits")
"""What is measured of a cell that is edits; all else is codes."""


def metrics_of(kind: str) -> list[str]:
    """Return the names of all metrics that score ``"codes"`` or ``"edits"``, as their constant OF says; codes if none.

    What a metric does not score has no scores of it, or none that mean anything.
    """
    return [name for name in registry.names("metrics") if _kind_of(name) == kind]


def check_measured(code: str, metrics: Sequence[str], where: str) -> None:
    """Raise InputError for one of the metrics of a kind of code, listed at ``where``, that does not score it."""
    kind = "edits" if code in EDITS else "codes"
    for metric in metrics:
        if _kind_of(metric) != kind:
            allowed = ", ".join(metrics_of(kind))
            raise InputError(f"{where}: found '{metric}', which does not score {kind}; allowed: {allowed}.")


def _kind_of(metric: str) -> str:
    return str(registry.constant("metrics", metric, "OF", "codes"))
