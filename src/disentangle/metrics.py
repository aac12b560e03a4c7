"""Each metric as a function of codes (N, D) and factors (N, K): ``from disentangle.metrics import mig``.

A function's name is that of a file in ``evaluation/metrics``, and its options are those of the metric there. It takes
codes and factors as `score` does, and returns floats by name, nan for a score that is not defined.
"""

import functools
import inspect
from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

from disentangle import registry
from disentangle.pipeline.measured import metrics_of
from disentangle.scoring.score import score

COMMON = ("names", "grid", "continuous", "discrete", "seed")
"""What `score` is told of codes and factors, and each function too."""

__all__ = [*metrics_of("codes")]


def __getattr__(name: str) -> Callable[..., dict[str, float]]:
    """Return the function of a metric, imported when it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _function(name)


def __dir__() -> list[str]:
    return __all__


@functools.cache
def _function(name: str) -> Callable[..., dict[str, float]]:
    module = registry.load("metrics", name)
    options = {**inspect.signature(module.Metric).parameters}
    of_score = inspect.signature(score).parameters
    data = [of_score[key].replace(kind=Parameter.POSITIONAL_OR_KEYWORD) for key in ("codes", "factors")]
    told = [*options.values(), *(of_score[key] for key in COMMON)]
    signature = Signature(
        [*data, *(one.replace(kind=Parameter.KEYWORD_ONLY) for one in told)], return_annotation=dict[str, float]
    )

    def metric(*data: Any, **given: Any) -> dict[str, float]:
        try:
            known = signature.bind(*data, **given).arguments
        except TypeError as error:
            how = "codes and factors come first, all else by name"
            raise TypeError(f"{name}(): {error}; {how}, as in help({name})") from None
        chosen = {name: {key: known.pop(key) for key in options if key in known}}
        return score(**known, metrics=[name], options=chosen, chance=0, ceiling=False)[name]

    metric.__name__ = metric.__qualname__ = name
    metric.__module__ = __name__
    metric.__doc__ = f"{inspect.getdoc(module)}\n\n{inspect.getdoc(module.Metric)}"
    metric.__dict__["__signature__"] = signature
    return metric
