"""Disentangled-representation research as one cached, reproducible pipeline.

Beside it, `score` for codes of any model, and `load` and `dataset` for programs of one's own.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from disentangle.pipeline.parts import dataset as dataset
    from disentangle.pipeline.parts import load as load
    from disentangle.scoring.score import score as score

    __version__: str

HOMES = {"dataset": "pipeline.parts", "load": "pipeline.parts", "score": "scoring.score"}
"""Where what is lent lies."""
__all__ = ["dataset", "load", "score"]


def __getattr__(name: str) -> Any:
    """Return what is lent, or the version, found when it is asked for: a stage imports no more than it uses."""
    if name in HOMES:
        return getattr(importlib.import_module(f"disentangle.{HOMES[name]}"), name)
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("disentangle-bench")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
