"""Multinomial logistic regression with an L2 penalty, minimised to its optimum by a preconditioned Newton method.

Weights W (K, D + 1) of K classes have the bias as last column, samples x (D + 1, N) ones as last row. With labels
y (N,) in 0 .. K - 1, probabilities p = softmax(W x) (K, N), and penalties c (D + 1,), but 0 for the bias,

    f(W) = sum_n -log p[y_n, n] + sum_kd c_d W_kd^2 / 2.

Newton steps end where one lowers f by next to nothing. That is told by its decrement g H^-1 g, twice what is left to
gain of the quadratic around W, which is the same in all units of codes. It is not enough: while a row far out is told
ever more surely, the quadratic is all of that row. So the gradient has to be small as well, in units of ordinary rows.

Where codes tell the classes well, most p are near 0 or 1 and the Hessian is so badly scaled that conjugate gradients
take hundreds of products. An estimate of it from some of the samples, factored, leaves about ten (``preconditioner``).

Source: Nocedal & Wright 2006, Algorithm 7.1 (line search Newton-CG); Boyd & Vandenberghe 2004, section 9.5 (stopping by
the decrement); Byrd et al. 2011, section 3 (the Hessian over a subsample). Deviation: there the subsampled Hessian
takes the place of the Hessian, and samples are drawn at random.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh

PRECONDITIONER_SAMPLES = 2048
"""At least, and two a column, so that no direction of codes is without."""
PRECONDITIONER_UNKNOWNS = 800
"""Of the block that is factored; where there are more, it is of the leading directions of codes alone."""

ROUNDING = 1e-10
"""By how much of themselves second derivatives are raised, so that what depends on each other can be factored."""

HALVINGS = 60
"""Of a step, after which it is no more than rounding."""

ORDINARY = 1e4
"""Units up to which a row that is told for certain is not felt by what is rounded of it."""

STALLED = 0.9
"""Of the last gradient: where one is no smaller, and there is nothing to gain, it is rounding."""

CHUNK = 1536
"""Samples whose products stay in the cache of a core."""


def logits(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return W x_n + b, (N, K), of weights (K, D + 1) whose last column is b, and codes (N, D)."""
    found: np.ndarray = x @ weights[:, :-1].T + weights[:, -1]
    return found


def fit(
    codes: np.ndarray,
    y: np.ndarray,
    C: float | np.ndarray,  # noqa: N803
    tolerance: float,
    max_iterations: int,
    initial: np.ndarray | None = None,
) -> np.ndarray | None:
    """Return W (K, D + 1) of codes (N, D), whose columns are in units that ordinary rows fill; None if not reached.

    The last step has g H^-1 g <= ``tolerance``^2 N and starts where max |df / dW| <= ``tolerance`` N. Penalties are
    1 / C, of one C or of one a column (D,). The search starts at ``initial``, or at 0.
    """
    x = np.vstack([codes.T, np.ones(len(codes))])
    c = np.append(np.broadcast_to(1 / np.asarray(C), codes.shape[1]), 0)
    w: np.ndarray = np.zeros((y.max() + 1, len(x))) if initial is None else initial.copy()
    value, p = objective(w, x, y, c)
    # As many products take the time of a preconditioner: flops of both, those of a product at half the speed.
    factored = min(w.size, PRECONDITIONER_UNKNOWNS)
    dear = factored**2 / w.size * _samples(x) / len(y) / 8
    products, steep, far = dear, np.inf, np.abs(x).max() > ORDINARY
    for _ in range(max_iterations):
        g = gradient(w, x, y, c, p)
        if products >= dear:
            precondition = preconditioner(x, c, p)
        size = float((g * precondition(g)).sum()) / len(y)
        accuracy = min(0.5, max(1e-3, size**0.25))
        product = partial(hessian_product, x=x, c=c, p=p, top=p.argmax(0) if far else None)
        step, products = conjugate_gradients(product, -g, precondition, accuracy)
        slope = float((g * step).sum())
        w, value, p = line_search(w, step, value, slope, partial(objective, x=x, y=y, c=c))
        steep, before = float(np.abs(g).max()), steep
        if -slope <= tolerance**2 * len(y) and (steep <= tolerance * len(y) or steep >= STALLED * before):
            w -= w.mean(0)  # a bias that all classes share changes no probability, and is left to rounding
            return w
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
    excess[y, np.arange(len(y))] = 0
    excess[y, np.arange(len(y))] = -excess.sum(0)
    found: np.ndarray = excess @ x.T + c * w
    return found


def others(p: np.ndarray) -> np.ndarray:
    """Return 1 - p (K, N), of the most probable class as the sum of all others: without the rounding of 1.

    What is certain then adds exactly nothing to H. Else a row far out would, and hide all others.
    """
    top = p.argmax(0), np.arange(p.shape[1])
    rest = p.copy()
    rest[top] = 0
    found: np.ndarray = 1 - p
    found[top] = rest.sum(0)
    return found


def hessian_product(
    v: np.ndarray, x: np.ndarray, c: np.ndarray, p: np.ndarray, top: np.ndarray | None = None
) -> np.ndarray:
    """Return H v (K, D + 1) = q x^T + v c, with u = v x and q_kn = p_kn (u_kn - sum_j p_jn u_jn).

    u less that of the most probable class, ``top`` (N,), changes no q but its rounding (see ``others``).
    """
    found: np.ndarray = c * v
    for part in _parts(x):
        q = v @ x[:, part]
        if top is not None:
            q -= q[top[part], np.arange(q.shape[1])]
        q *= p[:, part]
        q -= p[:, part] * q.sum(0)
        found += q @ x[:, part].T
    return found


def hessian(x: np.ndarray, c: np.ndarray, p: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Return H (K (D + 1), K (D + 1)), for some of the classes where p and 1 - p (K, N) tell only them.

    The block of classes j and k is -sum_n p_jn p_kn x_n x_n^T, and that of class k sum_n p_kn (1 - p_kn) x_n x_n^T + c.
    """
    classes, dim = len(p), len(x)
    found = np.zeros((classes * dim, classes * dim))
    own = np.tile(np.diag(c), (classes, 1, 1))
    for part in _parts(x):
        weighted = p[:, None, part] * x[:, part]
        own += (weighted * rest[:, None, part]) @ x[:, part].T
        weighted = weighted.reshape(classes * dim, -1)
        found -= weighted @ weighted.T
    found.reshape(classes, dim, classes, dim)[range(classes), :, range(classes)] = own
    return found


def _parts(x: np.ndarray) -> list[slice]:
    return [slice(start, start + CHUNK) for start in range(0, x.shape[1], CHUNK)]


def _samples(x: np.ndarray) -> int:
    dim, samples = len(x), x.shape[1]
    return int(min(samples, max(PRECONDITIONER_SAMPLES, 2 * dim)))


def preconditioner(x: np.ndarray, c: np.ndarray, p: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return the map of r (K, D + 1), less what classes share, to A^-1 r, with A an estimate of H.

    It is made of M samples, or of all if there are no more. They stand evenly along the sum of u_n = 1 - sum_k p_kn^2,
    what a sample adds to H, and weigh sum_n u_n / (M u_n). In the ``directions`` of codes, A is H for the leading ones
    and, for the others, what H would be if p and codes had nothing to do with each other,

        A = (sum_n diag(p_n) - p_n p_n^T) / sum_n u_n (x) sum_n u_n x_n x_n^T + c.
    """
    classes, dim = len(p), len(x)
    count = _samples(x)
    rest = others(p)
    u = (p * rest).sum(0)
    likely = u + 1e-12 if count < p.shape[1] else np.ones(count)
    some = np.searchsorted(np.cumsum(likely), (np.arange(count) + 0.5) / count * likely.sum())
    weighted = x[:, some] * np.sqrt(likely.sum() / (count * likely[some]))
    basis, penalties = directions(weighted * np.sqrt(u[some]), c)
    lead = min(dim, max(1, PRECONDITIONER_UNKNOWNS // classes))
    exact = hessian(basis[:, :lead].T @ weighted, penalties[:lead], p[:, some], rest[:, some])
    # What all classes share changes no p, and is left out of r: any curvature of it will do.
    exact.reshape(classes, lead, classes, lead)[:, range(lead), :, range(lead)] += 1 / classes**2
    factor = _factor(exact)
    coupling = -p @ p.T
    coupling[np.diag_indices(classes)] = (p * rest).sum(1)
    scales, mixed = np.linalg.eigh(coupling / max(u.sum(), np.finfo(float).tiny))
    remaining = np.maximum(scales, ROUNDING)[:, None] + penalties[lead:]

    def solve(r: np.ndarray) -> np.ndarray:
        found = (r - r.mean(0)) @ basis
        found[:, :lead] = cho_solve(factor, found[:, :lead].ravel(), check_finite=False).reshape(classes, lead)
        found[:, lead:] = mixed @ (mixed.T @ found[:, lead:] / remaining)
        back: np.ndarray = found @ basis.T
        back -= back.mean(0)
        return back

    return solve


def directions(x: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return V (D, D) and the penalties (D,), ascending, with V^T x x^T V = 1 and V^T c V the penalties on a diagonal.

    Of samples x (D, N) and penalties c (D,): the first directions are those in which codes vary most for their penalty.
    """
    gram = x @ x.T
    scale = np.diag(gram) + c
    scale = 1 / np.sqrt(np.where(scale > 0, scale, 1))
    penalties, basis = eigh(np.diag(scale**2 * c), scale[:, None] * gram * scale + ROUNDING * np.eye(len(c)))
    return scale[:, None] * basis, np.maximum(penalties, 0)


def _factor(matrix: np.ndarray) -> tuple[np.ndarray, bool]:
    """Return the Cholesky factor of a matrix whose diagonal is raised until it has one."""
    diagonal = np.diag(matrix).copy()
    for raised in ROUNDING * 10.0 ** np.arange(9):
        matrix[np.diag_indices_from(matrix)] = diagonal * (1 + raised)
        try:
            found: tuple[np.ndarray, bool] = cho_factor(matrix, check_finite=False)
            return found
        except LinAlgError:
            continue
    return cho_factor(np.diag(diagonal))  # type: ignore[no-any-return]


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
        curvature = float((d * h).sum())
        if curvature <= 0:
            break  # of rounding
        a = size / curvature
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
