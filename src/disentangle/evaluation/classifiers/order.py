"""An order of codes that depends on what they are, for choices between equally good ones."""

import numpy as np


def ordered(codes: np.ndarray) -> np.ndarray:
    """Return the places (U,) of the codes of (N, D) that vary, in an order that depends on their ranks alone."""
    varying = np.flatnonzero((codes != codes[0]).any(axis=0))
    ranks = [np.unique(codes[:, d], return_inverse=True)[1].tobytes() for d in varying]
    found: np.ndarray = varying[sorted(range(len(varying)), key=ranks.__getitem__)]
    return found
