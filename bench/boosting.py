"""Seconds and scores of DCI: our boosted trees and scikit-learn's GradientBoostingClassifier, on the same points.

Run as `OMP_NUM_THREADS=1 python bench/boosting.py`; `--points 1000` takes seconds, the default a minute or more, and
`--sizes 3 6 40 32 32`, the factors of dSprites, many. Codes are a few factors, mixtures of them, and dead ones, with
noise, as an encoder's are. Both fit and predict as many test points as the score does; they take turns by factor.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier

from disentangle.evaluation.classifiers import boosting
from disentangle.evaluation.metrics.dci import completeness, disentanglement

CODES = 10


def make_points(count: int, sizes: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return codes (N, 10) and factors (N, K): a third of the codes are a factor, a third mixtures, the others dead."""
    rng = np.random.default_rng(0)
    factors = np.stack([rng.integers(size, size=count) for size in sizes], axis=1)
    centred = factors / (np.array(sizes) - 1) * 3 - 1.5
    codes = rng.normal(size=(count, CODES)) * 0.02
    codes[:, :4] = centred[:, np.arange(4) % len(sizes)] + 0.2 * rng.normal(size=(count, 4))
    mixing = rng.normal(size=(len(sizes), 3))
    codes[:, 4:7] = np.tanh(centred @ mixing) + 0.2 * rng.normal(size=(count, 3))
    return codes, factors


def ours(codes: np.ndarray, labels: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return importances and predictions."""
    model = boosting.fit(codes, labels)
    return model.importances, model.predict(new)


def scikit_learn(codes: np.ndarray, labels: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return importances and predictions."""
    model = GradientBoostingClassifier(random_state=0).fit(codes, labels)
    return model.feature_importances_, model.predict(new)


def main() -> None:
    """Print, by factor and in all, seconds, their ratio, accuracies, and both scores."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--points", type=int, default=10_000, help="training points; half as many are for testing")
    options.add_argument("--sizes", type=int, nargs="+", default=[3, 6, 10], help="how many values each factor has")
    given = options.parse_args()
    codes, factors = make_points(given.points * 3 // 2, given.sizes)
    train, test = slice(given.points), slice(given.points, None)
    routes: dict[str, Callable] = {"ours": ours, "scikit-learn": scikit_learn}
    seconds: dict[str, list[float]] = {name: [] for name in routes}
    accuracy: dict[str, list[float]] = {name: [] for name in routes}
    importances: dict[str, list[np.ndarray]] = {name: [] for name in routes}
    print(f"{given.points} training points, {CODES} codes; seconds and test accuracies of both")
    for labels, size in zip(factors.T, given.sizes, strict=True):
        for name, route in routes.items():
            start = time.perf_counter()
            importance, predicted = route(codes[train], labels[train], codes[test])
            seconds[name].append(time.perf_counter() - start)
            accuracy[name].append(float(np.mean(predicted == labels[test])))
            importances[name].append(importance)
        a, b = (seconds[name][-1] for name in routes)
        found = ", ".join(f"{accuracy[name][-1]:.4f}" for name in routes)
        print(f"  {size:3} values  {a:7.2f} {b:8.2f}  ratio {b / a:5.1f}  accuracies {found}", flush=True)
    a, b = (sum(seconds[name]) for name in routes)
    print(f"  in all      {a:7.2f} {b:8.2f}  ratio {b / a:5.1f}")
    for score in (disentanglement, completeness):
        a, b = (score(np.stack(importances[name], axis=1)) for name in routes)
        print(f"  {score.__name__:16} {a:.4f}, {b:.4f}  difference {a - b:+.4f}")


if __name__ == "__main__":
    main()
