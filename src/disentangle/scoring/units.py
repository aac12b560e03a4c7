"""What a reader is told of codes whose unit or origin, not what they tell, may decide a score."""

from typing import Any

import numpy as np

from disentangle.evaluation.scores import constant

SMALL = 0.1
"""The largest deviation of codes of which penalties and thresholds, which are made for codes near 1, leave little."""

FAR = 10
"""Deviations from 0."""


def remarks(metric: Any, codes: np.ndarray) -> list[str]:
    """Return a sentence where codes (N, D) are small or far from 0, and by its ``CHANGES`` the metric minds."""
    changes, deviation = constant(metric, "CHANGES", {}), codes.std(axis=0)
    said = []
    if "unit" in changes and 0 < deviation.max() < SMALL:
        said.append(
            f"Scores change with the unit of codes, and the largest deviation of one is {deviation.max():.2g}: "
            "standardised codes may score otherwise."
        )
    far = np.flatnonzero((np.ptp(codes, axis=0) > 0) & (np.abs(codes.mean(axis=0)) > FAR * deviation))
    if "origin" in changes and len(far):
        named = ", ".join(map(str, far[:5])) + f" and {len(far) - 5} more" * (len(far) > 5)
        said.append(
            f"Scores change with the origin of codes, and the mean of code {named} is over {FAR} deviations from 0: "
            "centred codes may score otherwise."
        )
    return said
