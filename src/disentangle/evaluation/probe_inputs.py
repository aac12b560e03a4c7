"""Codes: what a trained encoder makes of a dataset, and the parts of them that a probe is given."""

from collections.abc import Mapping

import numpy as np

INPUTS = ("r", "r0", "r1", "z", "z0", "z1")
"""What a classifier is given: the representation, the projection, and the halves of each."""


def inputs_of(codes: Mapping[str, np.ndarray | None]) -> dict[str, np.ndarray]:
    """Return codes {"r": (N, D), "z": (N, d) or None without heads} with the halves k = 0, 1 of each, (N, D / 2)."""
    found: dict[str, np.ndarray] = {}
    for name, code in codes.items():
        if code is not None:
            half = code.shape[1] // 2
            found |= {name: code, f"{name}0": code[:, :half], f"{name}1": code[:, half:]}
    return {name: found[name] for name in INPUTS if name in found}
