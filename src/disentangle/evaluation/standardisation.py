"""Codes in units of their own."""

import numpy as np


def standardised(codes: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """Return codes (N, D), and others (M, D), less the codes' mean, over their deviation; a constant code is 0."""
    varies = np.ptp(codes, axis=0) > 0
    # In a unit that leaves none above 1, as squares of huge codes are infinite.
    unit = np.where(varies, np.abs(codes).max(axis=0), 1)
    mean = (codes / unit).mean(axis=0)
    deviation = np.where(varies, (codes / unit - mean).std(axis=0), 1)
    return [np.where(varies, (part / unit - mean) / deviation, 0) for part in (codes, *others)]


def in_unit(codes: np.ndarray) -> np.ndarray:
    """Return codes (N, D) in a power of 2, which changes no digit, of which their squares are numbers."""
    found: np.ndarray = np.ldexp(codes, -int(np.frexp(np.abs(codes).max(initial=0))[1]))
    return found
