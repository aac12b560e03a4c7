"""Logistic regressions of two classes with an L2 penalty, many on the same codes, each minimised to its optimum.

Problem k of K has weights w_k (D + 1,), whose last is the bias, signs s_k (N,) and penalties c_k (D + 1,), 0 for the
bias; samples x (D + 1, N) have ones as last row. With margins m = s_k (w_k x), each minimises

    f(w_k) = sum_n log(1 + exp(-m_n)) + sum_d c_kd w_kd^2 / 2

by Newton steps, all of them at once: products of all problems are one matrix product. Steps come from conjugate
gradients, preconditioned by the Hessians themselves, or, of many codes, by their blocks of the leading directions and
their diagonals in the others. A problem that is at its optimum is put aside.

Source: Nocedal & Wright 2006, Algorithm 7.1 (line search Newton-CG). Deviation: none; where it stops is told in
``softmax_regression``.
"""

import numpy as np

from disentangle.evaluation.classifiers.softmax_regression import HALVINGS, ROUNDING, STALLED, directions

LEAD = 300
"""Directions of codes whose block of a Hessian is factored."""
CHUNK = 1024
"""Samples whose numbers stay in the cache of a core."""
FEW = 20
"""Codes up to which the products of two are made once for all problems."""
PAIRS = 2**17
"""Of these products stay there."""
NEAR = 10.0
"""Units beyond which a code does not count for the directions, which are those of ordinary rows."""

Evaluated = tuple[np.ndarray, np.ndarray, np.ndarray]


def leading(codes: np.ndarray, penalties: np.ndarray) -> np.ndarray:
    """Return V (D + 1, D + 1), directions of codes (N, D), which vary most for their penalties (D,) in the first."""
    dim = codes.shape[1] + 1
    if dim <= LEAD:
        return np.eye(dim)
    x = np.vstack([np.clip(codes, -NEAR, NEAR).T, np.ones(len(codes))])
    return directions(x / np.sqrt(len(codes)), np.append(penalties, 0))[0]


def fit(
    codes: np.ndarray,
    positive: np.ndarray,
    penalties: np.ndarray,
    basis: np.ndarray,
    tolerance: float,
    max_iterations: int,
    initial: np.ndarray | None = None,
) -> np.ndarray | None:
    """Return w (K, D + 1) of codes (N, D), whose columns are in units that ordinary rows fill; None if not reached.

    ``positive`` (K, N) tells which samples have the sign 1, ``penalties`` are c (K, D). Any invertible ``basis``
    (``leading``) has the same optima. The last step of a problem has g H^-1 g <= ``tolerance``^2 N and starts where
    max |df / dw| <= ``tolerance`` N. Both classes must occur in each problem, or no bias would be large enough.
    """
    x = np.vstack([codes.T, np.ones(len(codes))])
    turned = basis.T @ x
    c = np.hstack([penalties, np.zeros((len(positive), 1))])
    signs = np.where(positive, 1.0, -1.0)
    found = np.zeros(c.shape) if initial is None else initial.copy()
    left = np.arange(len(found))
    w, steep, inverse = found.copy(), np.full(len(found), np.inf), None
    at = evaluate(w, x, signs, c)
    # As many products take the time of the Hessians.
    lead = min(len(x), LEAD)
    dear = lead**2 / (4 * len(x))
    products = dear
    for _ in range(max_iterations):
        value, g, curvature = at
        if inverse is None or products >= dear:
            inverse = preconditioner(turned, basis, curvature, c)
        step, products = conjugate_gradients(x, curvature, c, -g, *inverse, basis)
        slope = (g * step).sum(1)
        w, at = line_search(w, step, value, slope, x, signs, c)
        steep, before = np.abs(g).max(1), steep
        small = (steep <= tolerance * len(codes)) | (steep >= STALLED * before)
        open_ = ~(small & (-slope <= tolerance**2 * len(codes)))
        if not open_.all():
            found[left] = w
            left, w, signs, c, steep = (part[open_] for part in (left, w, signs, c, steep))
            at = at[0][open_], at[1][open_], at[2][open_]
            inverse = inverse[0][open_], inverse[1][open_]
        if not len(left):
            return found
    return None


def evaluate(w: np.ndarray, x: np.ndarray, signs: np.ndarray, c: np.ndarray) -> Evaluated:
    """Return f (K,), df / dw (K, D + 1) and the second derivatives of the losses by their margins (K, N)."""
    value, gradient, curvature = (c * w**2).sum(1) / 2, c * w, np.empty(signs.shape)
    for start in range(0, x.shape[1], CHUNK):
        part = slice(start, start + CHUNK)
        margin = signs[:, part] * (w @ x[:, part])
        small = np.exp(-np.abs(margin))
        value += (np.log1p(small) - np.minimum(margin, 0)).sum(1)
        slack = np.where(margin > 0, small, 1) / (1 + small)
        gradient -= (signs[:, part] * slack) @ x[:, part].T
        curvature[:, part] = small / np.square(1 + small)
    return value, gradient, curvature


def hessians(x: np.ndarray, curvature: np.ndarray) -> np.ndarray:
    """Return sum_n h_kn x_n x_n^T, (K, D, D), of curvatures h (K, N) and codes x (D, N)."""
    dim = len(x)
    if dim > FEW:
        halves = (x * np.sqrt(h) for h in curvature)
        return np.stack([half @ half.T for half in halves])  # half of the products of any other two matrices
    first, second = np.triu_indices(dim)
    packed = np.zeros((len(curvature), len(first)))
    size = max(1, PAIRS // len(first))
    for start in range(0, x.shape[1], size):
        part = slice(start, start + size)
        packed += curvature[:, part] @ (x[first, part] * x[second, part]).T
    found = np.empty((len(curvature), dim, dim))
    found[:, first, second] = packed
    found[:, second, first] = packed
    return found


def preconditioner(
    turned: np.ndarray, basis: np.ndarray, curvature: np.ndarray, c: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return L^-1 (K, d, d), H = L L^T in the d leading directions, and the roots (K, D + 1 - d) of 1 / H_jj beyond.

    ``turned`` are samples V^T x (D + 1, N) in the directions V of the ``basis``, a column each.
    """
    lead = min(len(turned), LEAD)
    blocks = hessians(turned[:lead], curvature)
    blocks += np.einsum("di,kd,dj->kij", basis[:, :lead], c, basis[:, :lead], optimize=True)
    diagonal = np.einsum("kii->ki", blocks)
    raised = diagonal.copy()
    raised[raised <= 0] = np.finfo(float).tiny
    scale = 1 / np.sqrt(raised)
    blocks *= scale[:, :, None] * scale[:, None]
    rest = curvature @ np.square(turned[lead:]).T + c @ np.square(basis[:, lead:])
    return _inverse_factors(blocks) * scale[:, None], 1 / np.sqrt(np.maximum(rest, np.finfo(float).tiny))


def _inverse_factors(matrices: np.ndarray) -> np.ndarray:
    """Return L^-1 of each of matrices (K, d, d) with diagonals of 1, which are raised until all have a factor L."""
    one = np.eye(matrices.shape[1])
    for raised in ROUNDING * 10.0 ** np.arange(9):
        try:
            found: np.ndarray = np.linalg.inv(np.linalg.cholesky(matrices + raised * one))
            return found
        except np.linalg.LinAlgError:
            continue
    return np.broadcast_to(one, matrices.shape).copy()


def conjugate_gradients(
    x: np.ndarray,
    curvature: np.ndarray,
    c: np.ndarray,
    right: np.ndarray,
    inner: np.ndarray,
    outer: np.ndarray,
    basis: np.ndarray,
) -> tuple[np.ndarray, int]:
    """Return s (K, D + 1) with H s = ``right``, as nearly as Newton steps gain from, and how many products it took.

    Preconditioned by inner^T inner in the leading directions and outer^2 in the others (``preconditioner``).
    """
    lead = inner.shape[1]

    def precondition(r: np.ndarray) -> np.ndarray:
        turned = r @ basis
        turned[:, :lead] = np.matmul(inner.transpose(0, 2, 1), np.matmul(inner, turned[:, :lead, None]))[:, :, 0]
        turned[:, lead:] *= outer**2
        back: np.ndarray = turned @ basis.T
        return back

    s, r = np.zeros_like(right), right
    z = precondition(r)
    d, size = z, (r * z).sum(1)
    accuracy = np.clip((size / x.shape[1]) ** 0.25, 1e-3, 0.5)
    enough = accuracy**2 * size
    products = 0
    while (size > enough).any() and products < right.shape[1]:
        h = c * d
        for start in range(0, x.shape[1], CHUNK):
            part = slice(start, start + CHUNK)
            h += (d @ x[:, part] * curvature[:, part]) @ x[:, part].T
        products += 1
        bend = (d * h).sum(1)
        go = (size > enough) & (bend > 0)  # a problem that is solved rests
        if not go.any():
            break
        a = np.where(go, size / np.where(go, bend, 1), 0)
        s, r = s + a[:, None] * d, r - a[:, None] * h
        z = precondition(r)
        last, size = size, np.where(go, (r * z).sum(1), np.minimum(size, enough))
        d = z + np.where(last > 0, size / np.where(last > 0, last, 1), 0)[:, None] * d
    return s, products


def line_search(
    w: np.ndarray,
    step: np.ndarray,
    value: np.ndarray,
    slope: np.ndarray,
    x: np.ndarray,
    signs: np.ndarray,
    c: np.ndarray,
) -> tuple[np.ndarray, Evaluated]:
    """Return w + t ``step`` of the first t = 1, 1/2, 1/4, ... that decreases f enough (Armijo), with what is there."""
    t = np.ones(len(w))
    new = w + step
    at = evaluate(new, x, signs, c)
    for _ in range(HALVINGS):
        # Near the optimum a decrease drowns in the rounding of f.
        far = np.flatnonzero(~(at[0] <= value + 1e-4 * t * slope + 1e-12 * np.abs(value)))
        if not len(far):
            break
        t[far] /= 2
        new[far] = w[far] + t[far, None] * step[far]
        for whole, part in zip(at, evaluate(new[far], x, signs[far], c[far]), strict=True):
            whole[far] = part
    return new, at
