"""Codes on the two axes that tell most of them, as figures show them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class MainAxes:
    """The centre (d,) of some codes, and their two principal axes (2, d)."""

    centre: np.ndarray
    axes: np.ndarray

    @classmethod
    def of(cls, codes: np.ndarray) -> "MainAxes":
        """Return those of codes (N, d), each axis turned so that its largest loading is positive.

        NaN for the codes of a run that diverged.
        """
        if not np.isfinite(codes).all():
            return cls(np.full(codes.shape[1], np.nan), np.full((2, codes.shape[1]), np.nan))
        centre = codes.mean(axis=0, dtype=np.float64)
        axes = np.linalg.svd(codes.astype(np.float64) - centre, full_matrices=False)[2][:2]
        axes = np.pad(axes, ((0, 2 - len(axes)), (0, 0)))  # codes of one dimension lie on a line
        return cls(centre, axes * np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None])

    def places(self, codes: np.ndarray) -> np.ndarray:
        """Return (..., 2), where codes (..., d) lie."""
        return np.asarray((codes.astype(np.float64) - self.centre) @ self.axes.T)

    def spreads(self, covariances: np.ndarray) -> np.ndarray:
        """Return (..., 2, 2), what covariances (..., d, d) are on these axes."""
        return np.asarray(self.axes @ covariances.astype(np.float64) @ self.axes.T)
