"""Seconds of a probe: our Newton method and scikit-learn's LogisticRegression, on the same codes in the same run.

Run as `OMP_NUM_THREADS=1 python bench/probes.py`; `--size paper` takes many minutes. Codes are clouds of ten
overlapping classes in columns that are strongly correlated, as those of a trained encoder are; all are given them
standardised and in float64. Of scikit-learn's tolerances, 1e-4 is its default; at the others it has our coefficients.
"""

import argparse
import time
import warnings
from collections.abc import Callable

import numpy as np
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from disentangle.evaluation.classifiers.softmax_regression import fit
from disentangle.evaluation.probes.logistic import Probe

SIZES = {"demo": (20_000, (32, 16, 8), 5), "paper": (100_000, (512,), 1)}
"""Training samples, columns, and how often each is run."""
CLASSES, TEST = 10, 10_000
SOLVERS = (("newton-cg", 1e-4), ("newton-cg", 1e-6), ("newton-cholesky", 1e-6), ("lbfgs", 1e-8))


def make_codes(samples: int, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Return standardised codes (N, D) and labels (N,); classes lie 2.5 apart in ``dim`` columns of falling scale."""
    rng = np.random.default_rng(0)
    labels = rng.integers(CLASSES, size=samples)
    centres = rng.normal(size=(CLASSES, dim)) * 2.5 / np.sqrt(2 * dim)
    mixing = rng.normal(size=(dim, dim)) * np.geomspace(1, 1e-2, dim)[:, None]
    codes = (centres[labels] + rng.normal(size=(samples, dim))) @ mixing
    return (codes - codes.mean(0)) / codes.std(0), labels


def scikit_learn(solver: str, tolerance: float, codes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return scikit-learn's coefficients with the intercepts as last column."""
    peer = LogisticRegression(C=Probe.C, tol=tolerance, max_iter=10_000, solver=solver)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the gradient printed says how far it came
        peer.fit(codes, labels)
    return np.column_stack([peer.coef_, peer.intercept_])


def gradient(weights: np.ndarray, codes: np.ndarray, labels: np.ndarray) -> float:
    """Return the largest entry of the gradient of the objective, divided by the number of samples."""
    x = np.column_stack([codes, np.ones(len(codes))])
    slope = (softmax(x @ weights.T, axis=1) - np.eye(CLASSES)[labels]).T @ x
    slope[:, :-1] += weights[:, :-1] / Probe.C
    return float(np.abs(slope).max() / len(codes))


def main() -> None:
    """Print seconds (medians), their ratio to ours, accuracies, gradients, and how far coefficients are from ours."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size", choices=SIZES, default="demo")
    samples, dims, repeats = SIZES[options.parse_args().size]
    for dim in dims:
        codes, labels = make_codes(samples + TEST, dim)
        train, test = (codes[:samples], labels[:samples]), (codes[samples:], labels[samples:])
        run: dict[str, Callable[[], np.ndarray]] = {
            "ours": lambda train=train: fit(*train, Probe.C, Probe.tolerance, Probe.max_iterations),
            **{f"{s} {tol:.0e}": lambda s=s, tol=tol, train=train: scikit_learn(s, tol, *train) for s, tol in SOLVERS},
        }
        seconds: dict[str, list[float]] = {name: [] for name in run}
        found = {}
        for _ in range(repeats):
            for name, solve in run.items():
                start = time.perf_counter()
                found[name] = solve()
                seconds[name].append(time.perf_counter() - start)
        print(f"{samples} samples, {dim} columns, {CLASSES} classes; medians of {repeats}")
        for name, w in found.items():
            median, accuracy = (
                np.median(seconds[name]),
                100 * np.mean((test[0] @ w[:, :-1].T + w[:, -1]).argmax(1) == test[1]),
            )
            print(
                f"  {name:16} {median:8.3f} s  ({median / np.median(seconds['ours']):5.1f} x ours)  "
                f"accuracy {accuracy:.2f} %  gradient {gradient(w, *train):.1e}  "
                f"coefficients within {np.abs(w - found['ours'])[:, :-1].max():.1e}"
            )


if __name__ == "__main__":
    main()
