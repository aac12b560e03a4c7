"""Linear support vector machines of a single code, all classes at once, solved exactly by a finite Newton method.

For codes x (N,), signs s (P, N) of P two-class problems and the costs c (P, N) of samples, each problem minimises

    f(w, b) = (w^2 + b^2) / 2 + sum_n c_n max(0, 1 - s_n (w x_n + b))^2

f is quadratic between the points where samples enter or leave the sum, so that Newton steps end at the optimum: of two
unknowns, and from w = b = 0, whole ones.

Source: Fan et al. 2008 (LIBLINEAR), L2-regularised L2-loss, the solver that scikit-learn's LinearSVC wraps; Mangasarian
2002, a finite Newton method. Deviation: a line search only where whole steps lead up or do not end, as beside a row
far out; LIBLINEAR stops before the optimum, where its seed decides.
"""

from dataclasses import dataclass

import numpy as np

from disentangle.errors import InputError

MAX_ITERATIONS = 100

WHOLE_STEPS = 20
"""Ten are the most that were seen of codes without outliers."""

HALVINGS = 400


@dataclass(frozen=True)
class Classifier:
    """V classes, and slope and intercept (P, 2) of P = V problems, or of the second class alone if there are two."""

    classes: np.ndarray
    weights: np.ndarray

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the labels (N,) of codes (N,)."""
        z = self.weights @ np.stack([x, np.ones(len(x))])
        found: np.ndarray = self.classes[(z[0] > 0).astype(int) if len(self.classes) == 2 else z.argmax(axis=0)]
        return found


def fit(x: np.ndarray, labels: np.ndarray, C: float) -> Classifier:  # noqa: N803
    """Return the machine of codes (N,) and labels (N,): one class against the rest, as LinearSVC(C, "balanced") has it.

    Class v of V has the balanced weight N / (V n_v). In its own problem it costs C times that and the rest costs C; of
    two classes, whose problem is one, each costs C times its weight.
    """
    classes, y, counts = np.unique(labels, return_inverse=True, return_counts=True)
    weights = len(y) / (len(classes) * counts)
    own = y == np.arange(len(classes))[:, None]
    cost = C * np.where(own, weights[:, None], 1)
    if len(classes) == 2:
        own, cost = own[1:], C * weights[y][None]
    return Classifier(classes, solve(x, np.where(own, 1.0, -1.0), cost))


def solve(x: np.ndarray, signs: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Return the optima (P, 2), slope and intercept, for codes (N,), signs and costs (P, N).

    Raises InputError if there are more than MAX_ITERATIONS steps.
    """
    line = np.stack([x, np.ones(len(x))])
    moments = np.stack([x * x, x, np.ones(len(x))], axis=1)
    w = np.zeros((len(signs), 2))
    ended = was_settled = was_blocked = np.zeros(len(signs), dtype=bool)
    searching, least = False, costs.sum(axis=1) * (1 + 1e-9)
    for done in range(MAX_ITERATIONS):
        with np.errstate(over="ignore"):
            slack = np.maximum(0, 1 - signs * (w @ line))
            if not searching and (done == WHOLE_STEPS or not (_value(w, slack, costs) <= least).all()):
                searching = True
                w, slack = np.zeros_like(w), np.ones_like(slack)
        gradient = w - 2 * (costs * signs * slack) @ line.T
        xx, x1, n = (2 * (costs * (slack > 0)) @ moments).T
        hessian = np.stack([1 + xx, x1, x1, 1 + n], axis=-1).reshape(-1, 2, 2)
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        falls = (gradient * step).sum(axis=1)
        shares = _shares(w, step, falls, line, signs, costs) if searching else np.ones(len(w))
        w -= shares[:, None] * step
        # What f would still fall by, against its value at w = 0.
        left = falls / costs.sum(axis=1)
        # A sample far out that lies on its margin is in the sum or not by rounding alone: with it nothing is left, and
        # without it there is no way.
        settled, blocked = left <= 1e-12, shares < 1e-9
        ended = ended | searching & ((settled & (was_settled | was_blocked)) | (blocked & was_settled))
        was_settled, was_blocked = settled, blocked
        if (ended | (left <= 1e-18)).all():
            return w
    raise InputError(f"support vector machine: no optimum after {MAX_ITERATIONS} steps; are the codes finite?")


def _value(w: np.ndarray, slack: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Return f (P,) at slopes and intercepts (P, 2) that leave a slack (P, N)."""
    found: np.ndarray = (w**2).sum(axis=1) / 2 + (costs * slack**2).sum(axis=1)
    return found


def _shares(
    w: np.ndarray, step: np.ndarray, slope: np.ndarray, line: np.ndarray, signs: np.ndarray, costs: np.ndarray
) -> np.ndarray:
    """Return what share (P,) of steps (P, 2) is taken from w (P, 2): halved until f falls as its ``slope`` promises."""

    def value(w: np.ndarray) -> np.ndarray:
        return _value(w, np.maximum(0, 1 - signs * (w @ line)), costs)

    shares, start = np.ones(len(w)), value(w)
    with np.errstate(over="ignore"):
        for _ in range(HALVINGS):
            short = value(w - shares[:, None] * step) > start - 1e-4 * shares * slope
            if not short.any():
                break
            shares[short] /= 2
    return shares
