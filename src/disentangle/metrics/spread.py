"""How far codes are spread over directions: the collapse of a contrastive loss puts all of them in one."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Metric:
    """``whole``, ``half_0`` and ``half_1``: the spread of a code's and its halves' directions, in [0, 1]."""

    def scores(self, codes: np.ndarray, factors: Mapping[str, np.ndarray]) -> dict[str, float]:  # noqa: ARG002
        """Return the three spreads of codes (N, D)."""
        half = codes.shape[1] // 2
        return {"whole": spread(codes), "half_0": spread(codes[:, :half]), "half_1": spread(codes[:, half:])}


def spread(codes: np.ndarray) -> float:
    """Return 1 - |mean_n u_n|^2 with u_n = x_n / |x_n|: 0 if all of (N, d) point one way, 1 if they cancel out.

    It is the variance of the directions, mean_n |u_n - mean u|^2. A zero vector has no direction and counts as zero.
    Source: directional statistics (Mardia & Jupp 2000), where |mean u| is the mean resultant length.
    Deviation: its square, so that the spread is a variance.
    """
    codes = codes.astype(np.float64)
    length = np.linalg.norm(codes, axis=1, keepdims=True)
    u = np.divide(codes, length, out=np.zeros_like(codes), where=length > 0)
    # as a variance, in which equal directions do not leave a rounding error of 1 - 1
    return float(((u - u.mean(axis=0)) ** 2).sum(axis=1).mean())
