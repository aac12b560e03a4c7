"""How alike the two halves of a code are, up to a rotation.

Burns et al. 2021, section 4.2, name the degenerate solution "two subembeddings could be rotations of one another",
which an orthogonality penalty does not see. Both similarities below are 1 for halves that are.
"""

from dataclasses import dataclass

import numpy as np

from disentangle.evaluation.population import Population
from disentangle.evaluation.standardisation import in_unit

SCORES = ("cka", "procrustes")

UNSUPERVISED = True
ASKED = True
"""Scored if it is asked for: halves of a code mean something to contrastive methods alone."""

CHANGES = {
    "scale": ("cka", "procrustes"),
    "order": ("cka", "procrustes"),
    "constant": ("cka", "procrustes"),
    "duplicate": ("cka", "procrustes"),
}
"""Which codes are halves is told by their places, and codes of a half count by their variance."""


@dataclass(frozen=True)
class Metric:
    """``cka`` and ``procrustes`` of the halves, both in [0, 1]; 0 where a half is constant.

    >>> from disentangle.metrics import half_similarity
    >>> half_similarity([[0, 0], [0, 1], [1, 1], [1, 2]] * 300, [[0, 0], [0, 1], [1, 0], [1, 1]] * 300)["cka"]
    0.5
    """

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:  # noqa: ARG002
        """Return the two similarities of the halves of all codes."""
        codes = population.codes
        half = codes.shape[1] // 2
        a, b = (_centred(in_unit(part)) for part in (codes[:, :half], codes[:, half:]))
        return {"cka": cka(a, b), "procrustes": procrustes(a, b)}


def _centred(codes: np.ndarray) -> np.ndarray:
    """Return codes (N, d) less their mean, in a unit again: they may be near to it."""
    return in_unit(codes - codes.mean(axis=0))


def cka(a: np.ndarray, b: np.ndarray) -> float:
    """Return the linear centred kernel alignment of centred A and B, (N, d) each.

    |A^T B|_F^2 / (|A^T A|_F |B^T B|_F)

    Source: Kornblith et al. 2019 (arXiv 1905.00414), Eq. 3 with a linear kernel. Deviation: none.
    """
    scale = np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)
    return float(np.linalg.norm(a.T @ b) ** 2 / scale) if scale else 0.0


def procrustes(a: np.ndarray, b: np.ndarray) -> float:
    """Return the share of B's variance that the best rotated and scaled A explains; A and B are centred, (N, d) each.

    1 - min_{s, Q^T Q = 1} |B - s A Q|_F^2 / |B|_F^2 = |A^T B|_*^2 / (|A|_F^2 |B|_F^2)

    Source: Schoenemann 1966 (Psychometrika 31, 1), orthogonal Procrustes. Deviation: a scale s; Q may reflect.
    """
    scale = np.linalg.norm(a) ** 2 * np.linalg.norm(b) ** 2
    return float(np.linalg.norm(a.T @ b, "nuc") ** 2 / scale) if scale else 0.0
