"""The tests behind a study's claims: functions from its runs to a claim, found by their files."""

from collections.abc import Callable
from typing import Any

from disentangle import registry
from disentangle.reporting.claim import Claim


def tests_of(study: str) -> list[Callable[[Any], Claim]]:
    """Return what a study's files in ``claims/`` list in ``CLAIMS``, the files by their ``PLACE`` and name."""
    names = registry.of_study("claims", study)
    files = sorted(names, key=lambda name: (registry.constant("claims", name, "PLACE", 0), name))
    return [test for name in files for test in registry.load("claims", name).CLAIMS]
