"""Disentangled-representation research as one cached, reproducible pipeline, and `score` for codes of any model."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from disentangle.scoring.score import score as score

    __version__: str

__all__ = ["score"]


def __getattr__(name: str) -> Any:
    """Return `score` or the version, found when it is asked for: a stage imports no more than it uses."""
    if name == "score":
        return importlib.import_module("disentangle.scoring.score").score
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("disentangle-bench")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
