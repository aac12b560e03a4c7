"""Theorem 1 of Locatello et al. 2019 in numbers: independent factors, entangled without a change of their density.

f = g⁻¹ ∘ h⁻¹ ∘ A ∘ h ∘ g, with g the marginal distribution functions, h the inverse of the standard normal one and A
orthogonal without a zero entry: g makes the factors uniform, h normal, A turns them. Normal independent variables stay
so when they are turned, so that f(z) is distributed as z is, while each of its entries depends on every factor.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy import special

Marginal = Callable[[np.ndarray], np.ndarray]


def householder(dimension: int, alpha: float) -> np.ndarray:
    """Return A = I − 2 v vᵀ (d, d) with v = (√α, √((1 − α)/(d − 1)), ...): orthogonal, symmetric, no entry zero.

    Source: Locatello et al. 2019, proof of Theorem 1. Raises ValueError unless 0 < α < 1/2 and d > 1.
    """
    if dimension < 2 or not 0 < alpha < 0.5:
        raise ValueError(f"d = {dimension}, alpha = {alpha}: needs d > 1 and 0 < alpha < 1/2")
    v = np.full(dimension, math.sqrt((1 - alpha) / (dimension - 1)))
    v[0] = math.sqrt(alpha)
    matrix: np.ndarray = np.eye(dimension) - 2 * np.outer(v, v)
    return matrix


def entangle(
    z: np.ndarray, matrix: np.ndarray, cdf: Marginal | None = None, quantile: Marginal | None = None
) -> np.ndarray:
    """Return f(z) = g⁻¹(h⁻¹(A h(g(z)))) of factors z (N, d).

    ``cdf`` and ``quantile`` are g and its inverse, columnwise on (N, d); without them z is uniform on (0, 1).

    Source: Locatello et al. 2019, proof of Theorem 1. Deviation: none.
    """
    uniform = z if cdf is None else cdf(z)
    turned: np.ndarray = special.ndtr(special.ndtri(uniform) @ matrix.T)
    return turned if quantile is None else quantile(turned)


def jacobian(u: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return ∂f_i/∂u_j (N, d, d) of f on uniform factors u (N, d): A_ij φ((A h(u))_i) / φ(h(u_j)).

    Its determinant is that of A, ±1, as A keeps lengths: the density is the same at u and at f(u).
    """
    x = special.ndtri(u)
    y = x @ matrix.T
    found: np.ndarray = matrix * np.exp((x[:, None, :] ** 2 - y[:, :, None] ** 2) / 2)
    return found


def distance_to_uniform(u: np.ndarray) -> np.ndarray:
    """Return the Kolmogorov-Smirnov distance (d,) of each column of u (N, d) to the uniform distribution.

    sup_t |F_N(t) − t|; of N uniform values it stays below 1.358/√N in 95 % of samples.
    """
    n = len(u)
    ordered, step = np.sort(u, axis=0), np.arange(1, n + 1)[:, None] / n
    found: np.ndarray = np.maximum(step - ordered, ordered - (step - 1 / n)).max(axis=0)
    return found


def total_correlation(u: np.ndarray) -> float:
    """Return the total correlation, in nats, of a Gaussian with the correlations of h(u), u (N, d) uniform.

    −½ log det corr(h(u)); 0 for independent columns, about d (d − 1)/4N in a sample.
    """
    _, logarithm = np.linalg.slogdet(np.corrcoef(special.ndtri(u), rowvar=False))
    return float(-logarithm / 2)
