"""What reports and figures say in NEEDS that they read, checked once a process, before any job exists."""

import functools
from collections.abc import Iterable
from typing import Any

from disentangle import registry
from disentangle.cells import TRAINED
from disentangle.errors import InputError
from disentangle.pipeline.params import fault
from disentangle.pipeline.study import EVALUATIONS, study_of

SUBJECTS = ("the first dataset", "every dataset", "every method")
"""What a figure can be of."""
DEFAULTS = {"DRAWS": (False,), "ANIMATED": (False,)}
ASKS = {"DRAWS": "draw", "ANIMATED": "frames"}
"""The functions that these constants ask for."""


@functools.cache
def needs(kind: str, name: str) -> dict[str, Any]:
    """Return NEEDS of one of ``reports`` or ``figures``.

    Raises InputError that names its file and the key for an unknown key, a value that is not allowed, or a missing one;
    where its file has no such class, or a file of claims that it tests no CLAIMS.
    """
    study = name.split("/")[0]
    evaluated = (EVALUATIONS[stage].file for stage in study_of(study).evaluated)
    files = _some([*TRAINED, "codes.npz", *evaluated])
    allowed = _of_report(study, files) if kind == "reports" else _of_figure(files)
    given = {key: registry.constant(kind, name, key, *DEFAULTS.get(key, ())) for key in allowed}
    if wrong := fault({"properties": allowed}, given):
        raise InputError(f"{registry.path(kind, name)}: {wrong}")
    registry.options(kind, name)  # read from its class, which must be there
    for key in ASKS:
        if given.get(key):
            registry.check_defined(kind, name, ASKS[key], f", which {key} asks for")
    for claims in registry.of_study("claims", study) if given["NEEDS"].get("claims") else ():
        registry.assigned("claims", claims, "CLAIMS")
    return dict(given["NEEDS"])


def _of_report(study: str, files: dict[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {
        "dataset": {"type": "string"},
        "methods": _some(registry.names("methods")),
        "entries": {"type": "array", "items": {"type": "string"}},
        "lam": {"type": "array", "items": {"type": "number"}},
        "seeds": {"type": "string"},
        "reports": _some(report.split("/")[1] for report in registry.of_study("reports", study)),
        "files": files,
        "cells": {"enum": ["none"]},
        "place": {"type": "number"},
        "claims": {"type": "boolean"},
        "metrics": _some(registry.names("metrics")),
    }
    own: dict[str, Any] = {key: {} for key in study_of(study).needs}
    return {"NEEDS": _mapping(own | known), "DRAWS": {"type": "boolean"}}


def _of_figure(files: dict[str, Any]) -> dict[str, Any]:
    required = {"of": {"enum": [*SUBJECTS]}, "files": files, "seeds": {"type": ["integer", "null"], "minimum": 0}}
    known = required | dict.fromkeys(("methods", "without"), _some(registry.names("methods")))
    asked = _mapping(known) | {"required": [*required]}
    return {"NEEDS": asked, "SECTION": {"type": "string"}, "ANIMATED": {"type": "boolean"}}


def _mapping(known: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": known}


def _some(names: Iterable[str]) -> dict[str, Any]:
    return {"type": "array", "items": {"enum": sorted(names)}}
