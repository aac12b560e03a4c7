"""Units of codes by column, in which solvers see ordinary rows whatever the scales of columns and of outliers.

A penalty |W|^2 / (2 C) of raw codes is one of C u_d^2 for column d in a unit u_d, and biases are free: neither centre
nor units move an optimum, but derivatives in them are of one size, and no digit of a code near the median is lost.

Deviation: a row farther out than ``FAR`` units is taken to lie that far in its direction. Beyond, double precision
cannot tell the other rows any more; what a row so far out says of weights, it says from there.
"""

from dataclasses import dataclass

import numpy as np

FAR = 1e6


@dataclass(frozen=True)
class Columns:
    """Centres and units (D,), or of all columns."""

    centre: np.ndarray | float = 0.0
    unit: np.ndarray | float = 1.0

    def of(self, codes: np.ndarray) -> np.ndarray:
        """Return codes (N, D) less the centres in the units."""
        found: np.ndarray = (codes - self.centre) / self.unit
        found *= np.minimum(1, FAR / np.maximum(np.abs(found).max(axis=1, initial=1), 1))[:, None]
        return found


RAW = Columns()


def columns(codes: np.ndarray) -> Columns:
    """Return the medians of codes (N, D), and the medians of the distances from them that are not 0, or 1."""
    centre = np.median(codes, axis=0)
    distance = np.abs(codes - centre)
    distance[distance == 0] = np.nan
    distance[:, np.isnan(distance).all(axis=0)] = 1
    return Columns(centre, np.nanmedian(distance, axis=0))
