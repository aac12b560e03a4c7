"""Second moments of codes over a batch, for M models at once, and their distance from the identity."""

import torch
from torch import Tensor


def covariance(x: Tensor) -> Tensor:
    """Return the biased covariance E[x x^T] - E[x] E[x]^T over a batch: (M, B, D) to (M, D, D)."""
    centred = x - x.mean(1, keepdim=True)
    return centred.mT @ centred / x.shape[1]


def distance_from_identity(matrix: Tensor, off_diagonal: Tensor, diagonal: Tensor) -> Tensor:
    """Return lambda_od sum_{i != j} c_ij^2 + lambda_d sum_i (c_ii - 1)^2 of matrices c (M, D, D), (M,).

    Shapes: the weights lambda_od and lambda_d (M,).
    Source: Kumar et al. 2018 (arXiv 1711.00848), Eqs. 5 and 6. Deviation: none.
    """
    variances = matrix.diagonal(dim1=1, dim2=2)
    off = (matrix - torch.diag_embed(variances)).square().sum((1, 2))
    return off_diagonal * off + diagonal * (variances - 1).square().sum(1)
