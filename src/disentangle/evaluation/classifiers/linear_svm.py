"""Linear support vector machines of a single code, all classes at once, solved exactly by a finite Newton method.

For codes x (N,), signs s (P, N) of P two-class problems and the costs c (P, N) of samples, each problem minimises

    f(w, b) = (w^2 + b^2) / 2 + sum_n c_n max(0, 1 - s_n (w x_n + b))^2

f is quadratic between the points where samples enter or leave the sum, so that Newton steps end at the optimum: of two
unknowns, and from w = b = 0, whole ones.

Source: Fan et al. 2008 (LIBLINEAR), L2-regularised L2-loss, the solver that scikit-learn's LinearSVC wraps; Mangasarian
2002, a finite Newton method. Deviation: no line search; LIBLINEAR stops before the optimum, where its seed decides.
"""

from dataclasses import dataclass

import numpy as np

from disentangle.errors import InputError

MAX_ITERATIONS = 100


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

    Raises InputError if there are more than MAX_ITERATIONS steps; ten are the most that were seen.
    """
    line = np.stack([x, np.ones(len(x))])
    moments = np.stack([x * x, x, np.ones(len(x))], axis=1)
    w = np.zeros((len(signs), 2))
    for _ in range(MAX_ITERATIONS):
        slack = np.maximum(0, 1 - signs * (w @ line))
        gradient = w - 2 * (costs * signs * slack) @ line.T
        xx, x1, n = (2 * (costs * (slack > 0)) @ moments).T
        hessian = np.stack([1 + xx, x1, x1, 1 + n], axis=-1).reshape(-1, 2, 2)
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        w -= step
        # What f would still fall by, against its value at w = 0.
        if ((gradient * step).sum(axis=1) <= 1e-18 * costs.sum(axis=1)).all():
            return w
    raise InputError(f"support vector machine: no optimum after {MAX_ITERATIONS} steps; are the codes finite?")
