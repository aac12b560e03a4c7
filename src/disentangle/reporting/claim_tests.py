"""The tests behind a study's claims: functions from its runs to a claim, found by their files."""

from collections.abc import Callable
from typing import Any

from disentangle import registry
from disentangle.reporting.claim import Claim


def tests_of(study: str) -> dict[str, Callable[[Any], Claim]]:
    """Return what a study's files in ``claims/`` list in ``CLAIMS``, by name, the files by their ``PLACE`` and name.

    Where a file before has a function of the same name, it is called ``<file>.<name>``.
    """
    names = registry.of_study("claims", study)
    found: dict[str, Callable[[Any], Claim]] = {}
    for file in sorted(names, key=lambda name: (registry.constant("claims", name, "PLACE", 0), name)):
        for test in registry.load("claims", file).CLAIMS:
            name = test.__name__
            found[f"{file.split('/')[1]}.{name}" if name in found else name] = test
    return found
