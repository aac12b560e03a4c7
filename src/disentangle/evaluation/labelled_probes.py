"""What a probe tells of labelled images from their codes, as it is written."""

from typing import Any

import numpy as np

from disentangle.evaluation.labelled_codes import LabelledCodes

RULE = "optimum"
"""Of a probe that is fitted in one way, and to the end."""

Told = dict[str, dict[str, list[float] | None]]
"""By rule and label or number, one value a seed; None where codes are not finite."""


def results(probe: Any, codes: LabelledCodes) -> tuple[Told, Told]:
    """Return how many percent of the test images a probe tells right, by rule and label, and errors by rule and number.

    A probe has either ``correct``, which is fitted label by label, or ``rules`` and ``told``, which is fitted to all
    labels and numbers at once. An error is mean |x - y| over test images and the K numbers of each, in their unit.
    """
    finite = bool(np.isfinite(codes.codes).all())
    wanted = {name: y[codes.test] for name, y in codes.labels.items()}
    numbers = {name: y[codes.test] for name, y in codes.numbers.items()}
    if hasattr(probe, "correct"):
        fit, test = codes.codes[codes.fit], codes.codes[codes.test]
        right = {
            name: _percent(probe.correct((fit, y[codes.fit]), (test, wanted[name]))[None]) if finite else None
            for name, y in codes.labels.items()
        }
        return {RULE: right}, {RULE: {}}
    accuracy: Told = {rule: dict.fromkeys(wanted) for rule in probe.rules}
    error: Told = {rule: dict.fromkeys(numbers) for rule in probe.rules}
    for rule, told in (probe.told(codes) if finite else {}).items():
        accuracy[rule] = {name: _percent(told[name] == wanted[name]) for name in wanted if name in told}
        error[rule] = {name: _error(told[name], numbers[name]) for name in numbers if name in told}
    return accuracy, error


def chances(codes: LabelledCodes) -> dict[str, float]:
    """Return how many percent of test images have a label's most frequent value, by label."""
    return {name: 100 * float(np.bincount(y[codes.test]).max() / codes.test.sum()) for name, y in codes.labels.items()}


def _error(told: np.ndarray, numbers: np.ndarray) -> list[float]:
    """Return the mean absolute error of what is told (S, M, K) of numbers (M, K), one a seed."""
    found: list[float] = np.abs(told - numbers).mean((1, 2)).tolist()
    return found


def _percent(right: np.ndarray) -> list[float]:
    """Return the percent of right (S, M), one a seed."""
    found: list[float] = (100 * right.mean(axis=1)).tolist()
    return found
