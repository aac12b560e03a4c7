"""Latent traversals: what each dimension of a code carries, and the codes of a walk along it.

Source: none; as Higgins et al. 2017 and Locatello et al. 2019 show their models. The aggregate posterior is that of the
means of the codes of a dataset. Deviation: a walk ends at quantiles of it, not at multiples of the prior's deviation,
so that it leads where codes are, whatever their scale.
"""

from typing import NamedTuple

import numpy as np

ENDS = (0.05, 0.95)
"""The quantiles of the aggregate posterior between which a walk leads."""

DECIMALS = 9
"""Of shares: of sums in another order the last bits differ, and rank nothing."""


class Carried(NamedTuple):
    """A dimension of a code, and what it tells most of."""

    dimension: int
    factor: int
    share: float
    """Of the factor's entropy, in [0, 1]."""


def carried(shares: np.ndarray) -> list[Carried]:
    """Return every dimension with the factor that it tells most of, those that tell the largest share first.

    ``shares`` (D, K) are I(z_d; factor k) / H(factor k), as ``code_matrices.information_shares`` has them. Of
    dimensions that tell alike the first comes first, and of factors that one tells alike.
    """
    told = shares.round(DECIMALS)
    factor, share = told.argmax(axis=1), told.max(axis=1)
    order = np.argsort(-share, kind="stable")
    return [Carried(int(d), int(factor[d]), float(share[d])) for d in order]


def walk(codes: np.ndarray, at: np.ndarray, dimension: int, steps: int) -> np.ndarray:
    """Return ``steps`` codes (steps, D) that are ``at`` (D,) but in one dimension.

    That goes in even steps from the 5 % to the 95 % quantile of ``codes`` (N, D), with two steps or more.
    """
    found = np.tile(at, (steps, 1))
    low, high = np.quantile(codes[:, dimension], ENDS)
    found[:, dimension] = np.linspace(low, high, steps)
    return found
