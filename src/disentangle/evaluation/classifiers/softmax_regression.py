"""Multinomial logistic regression with an L2 penalty, minimised to its optimum by a preconditioned Newton method.

Weights W (K, D + 1) of K classes have the bias as last column, samples x (D + 1, N) ones as last row. With labels
y (N,) in 0 .. K - 1, probabilities p = softmax(W x) (K, N), and penalties c (D + 1,) of 1 / C, but 0 for the bias,

    f(W) = sum_n -log p[y_n, n] + sum_kd c_d W_kd^2 / 2.

Where codes tell the classes well, most p are near 0 or 1 and the Hessian is so badly scaled that conjugate gradients
take hundreds of products. An estimate of it from some of the samples, factored, leaves about ten.

Source: Nocedal & Wright 2006, Algorithm 7.1 (line search Newton-CG); Byrd et al. 2011, section 3 (the Hessian over a
subsample). Deviation: there the subsampled Hessian takes the place of the Hessian, and samples are drawn at random.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.linalg import cho_factor, cho_solve

PRECONDITIONER_SAMPLES = 4096
PRECONDITIONER_UNKNOWNS = 6000
"""Of a block that is factored; where there are more, classes are split into blocks."""

HALVINGS = 60
"""Of a step, after which it is no more than rounding."""

CHUNK = 1536
"""Samples whose products stay in the cache of a core."""


def logits(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return W x_n + b, (N, K), of weights (K, D + 1) whose last column is b, and codes (N, D)."""
    found: np.ndarray = x @ weights[:, :-1].T + weights[:, -1]
    return found


def fit(
    codes: np.ndarray,
    y: np.ndarray,
    C: float,  # noqa: N803
    tolerance: float,
    max_iterations: int,
    initial: np.ndarray | None = None,
) -> np.ndarray | None:
    """Return W (K, D + 1) at which max |df / dW| / N <= ``tolerance``, for codes (N, D); None if not reached.

    The search starts at ``initial``, or at 0.
    """
    x = np.vstack([codes.T, np.ones(len(codes))])
    c = np.append(np.full(codes.shape[1], 1 / C), 0)
    w: np.ndarray = np.zeros((y.max() + 1, len(x))) if initial is None else initial.copy()
    value, p = objective(w, x, y, c)
    # As many products take the time of a preconditioner: flops of both, those of a product at half the speed.
    dear = w.size * min(1, PRECONDITIONER_SAMPLES / len(y)) / 8
    products = dear
    # Penalties of the preconditioner: with one on the bias, and not lost in rounding, it can be factored.
    ridge = np.full(len(x), 1 / C + 1e-10 * np.square(x).sum(1).max())
    for _ in range(max_iterations + 1):  # a gradient more than steps
        g = gradient(w, x, y, c, p)
        size = float(np.abs(g).max()) / len(y)
        if size <= tolerance:
            w -= w.mean(0)  # a bias that all classes share changes no probability, and is left to rounding
            return w
        if products >= dear:
            precondition = preconditioner(x, ridge, p)
        accuracy = min(0.5, size**0.5)
        step, products = conjugate_gradients(partial(hessian_product, x=x, c=c, p=p), -g, precondition, accuracy)
        w, value, p = line_search(w, step, value, float((g * step).sum()), partial(objective, x=x, y=y, c=c))
    return None


def objective(w: np.ndarray, x: np.ndarray, y: np.ndarray, c: np.ndarray) -> tuple[float, np.ndarray]:
    """Return f(W) and the probabilities p (K, N)."""
    z = w @ x
    z -= z.max(0)
    likelihood = z[y, np.arange(len(y))].sum()
    p = np.exp(z, out=z)
    total = p.sum(0)
    p /= total
    return float(np.log(total).sum() - likelihood + (c * w**2).sum() / 2), p


def gradient(w: np.ndarray, x: np.ndarray, y: np.ndarray, c: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return df / dW (K, D + 1) = (p - Y) x^T + W c, with Y (K, N) the labels one-hot."""
    excess = p.copy()
    excess[y, np.arange(len(y))] -= 1
    found: np.ndarray = excess @ x.T + c * w
    return found


def hessian_product(v: np.ndarray, x: np.ndarray, c: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return H v (K, D + 1) = q x^T + v c, with u = v x and q_kn = p_kn (u_kn - sum_j p_jn u_jn)."""
    found: np.ndarray = c * v
    for part in _parts(x):
        q = v @ x[:, part]
        q *= p[:, part]
        q -= p[:, part] * q.sum(0)
        found += q @ x[:, part].T
    return found


def hessian(x: np.ndarray, c: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return H (K (D + 1), K (D + 1)), for some of the classes where p (K, N) tells only them.

    The block of classes j and k is sum_n (p_jn [j = k] - p_jn p_kn) x_n x_n^T + c [j = k].
    """
    classes, dim = len(p), len(x)
    found = np.diag(np.tile(c, classes))
    for part in _parts(x):
        weighted = (p[:, None, part] * x[:, part]).reshape(classes * dim, -1)
        found -= weighted @ weighted.T
        for k in range(classes):
            block = slice(k * dim, (k + 1) * dim)
            found[block, block] += weighted[block] @ x[:, part].T
    return found


def _parts(x: np.ndarray) -> list[slice]:
    return [slice(start, start + CHUNK) for start in range(0, x.shape[1], CHUNK)]


def preconditioner(x: np.ndarray, c: np.ndarray, p: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return the map of r (K, D + 1) to A^-1 r, with A an estimate of H from M of the samples, or H of no more.

    They stand evenly along the sum of u_n = 1 - sum_k p_kn^2, what a sample adds to H, and weigh sum_n u_n / (M u_n).
    """
    classes, dim = len(p), len(x)
    count = min(p.shape[1], PRECONDITIONER_SAMPLES)
    u = 1 - np.square(p).sum(0) + 1e-12 if count < p.shape[1] else np.ones(count)
    some = np.searchsorted(np.cumsum(u), (np.arange(count) + 0.5) / count * u.sum())
    weighted = x[:, some] * np.sqrt(u.sum() / (count * u[some]))
    blocks = np.array_split(np.arange(classes), -(-classes * dim // PRECONDITIONER_UNKNOWNS))
    hessians = (hessian(weighted, c, p[np.ix_(block, some)]) for block in blocks)
    factors = [cho_factor(h, overwrite_a=True, check_finite=False) for h in hessians]

    def solve(r: np.ndarray) -> np.ndarray:
        solved = (cho_solve(a, r[block].ravel(), check_finite=False) for block, a in zip(blocks, factors, strict=True))
        found: np.ndarray = np.concatenate([s.reshape(-1, dim) for s in solved])
        return found

    return solve


def conjugate_gradients(
    product: Callable[[np.ndarray], np.ndarray],
    right: np.ndarray,
    precondition: Callable[[np.ndarray], np.ndarray],
    accuracy: float,
) -> tuple[np.ndarray, int]:
    """Return s with H s = ``right`` up to ``accuracy`` of its preconditioned norm, and how many products that took."""
    s, r = np.zeros_like(right), right
    z = precondition(r)
    d, size = z, float((r * z).sum())
    enough = accuracy**2 * size
    products = 0
    while size > enough and products < right.size:
        h = product(d)
        products += 1
        a = size / float((d * h).sum())
        s, r = s + a * d, r - a * h
        z = precondition(r)
        size, last = float((r * z).sum()), size
        d = z + size / last * d
    return s, products


def line_search(
    w: np.ndarray,
    step: np.ndarray,
    value: float,
    slope: float,
    objective: Callable[[np.ndarray], tuple[float, np.ndarray]],
) -> tuple[np.ndarray, float, np.ndarray]:
    """Return the first W + t ``step`` of t = 1, 1/2, 1/4, ... that decreases f enough (Armijo), with f and p there."""
    for t in 0.5 ** np.arange(HALVINGS):
        new = w + t * step
        new_value, p = objective(new)
        # Near the optimum a decrease drowns in the rounding of f.
        if new_value <= value + 1e-4 * t * slope + 1e-12 * abs(value):
            break
    return new, new_value, p
