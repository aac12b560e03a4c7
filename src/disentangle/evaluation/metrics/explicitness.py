"""Explicitness: how little capacity it takes to tell factors from codes, and the size of codes.

The part of DCI-ES that is not in `dci`: the area under the loss of trees that grow deeper and deeper.

Source: Eastwood et al. 2023 (arXiv 2210.00364), sections 4.1 and 4.2, and the released code.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from disentangle.evaluation.classifiers import tree
from disentangle.evaluation.population import Population

SCORES = ("explicitness", "informativeness", "size")
CONTINUOUS = True

RANGES = {"explicitness": (-1, 1), "size": (0, None)}

CHANGES = {"constant": ("size",), "duplicate": ("size",)}
"""It counts the codes."""


@dataclass(frozen=True)
class Metric:
    """``explicitness`` E in [-1, 1], ``informativeness`` in [0, 1] and ``size`` K / D, means over factors.

    E asks how soon the best loss is reached, not how good it is: it is 1 for codes of noise, whose best loss is that of
    a guess, so read it beside ``informativeness``, the share of a guess's loss that the best tree saves, 0 for noise.
    Perfect codes of a factor of V equally frequent values need trees of a depth of log2 V.

    Probes are trees of a depth of 1 .. ``depth``, whose depth is their capacity, as of the paper's forests. Deviation:
    there are 100 trees a forest, each of a bootstrap sample, split by Gini's index; one of all rows, split by entropy,
    is deterministic, and gives the losses of all depths at once. Its other probes, perceptrons and random Fourier
    features, are left out.

    >>> from disentangle.metrics import explicitness
    >>> explicitness([[0, 0], [0, 1], [1, 1], [1, 2]] * 300, [[0, 0], [0, 1], [1, 0], [1, 1]] * 300)
    {'explicitness': 0.97..., 'informativeness': 1.0, 'size': 1.0}
    """

    train_points: Annotated[int, ">= 2, <= 1e7"] = 10000
    test_points: Annotated[int, ">= 1, <= 1e7"] = 5000
    depth: Annotated[int, ">= 2, <= 64"] = 32

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return the three scores of freshly drawn rows; nan where a guess tells all factors of the test rows."""
        train, test = population.split(rng)
        codes, factors = train.draw(self.train_points, rng)
        new, wanted = test.draw(self.test_points, rng)
        found = []
        for y, truth, number in zip(factors.T, wanted.T, population.kinds, strict=True):
            guess, losses = curve(codes, y, new, truth, self.depth, bool(number))
            if guess > 0:
                found.append((explicitness(losses, guess), 1 - losses[-1] / guess))
        explicit, informative = np.mean(found, axis=0) if found else (np.nan, np.nan)
        size = factors.shape[1] / codes.shape[1]
        return dict(zip(SCORES, (float(explicit), float(informative), size), strict=True))


def curve(
    codes: np.ndarray, y: np.ndarray, new: np.ndarray, truth: np.ndarray, depth: int, number: bool
) -> tuple[float, np.ndarray]:
    """Return a guess's loss on the test rows, and the least (``depth``,) of trees up to a depth of 1, 2, ...

    Trees are fitted to codes (N, D) and a factor y (N,), and tested on ``new`` codes (M, D) and ``truth`` (M,). The
    loss of labels is the share that are wrong, that of numbers 1 - R^2. A guess is the most frequent label of the
    training rows, or their mean; no loss is larger than its, as a tree may tell the same everywhere.

    Source: as above, released code. Deviation: there the loss of a guess is 1 - 1 / V of V labels.
    """
    if number:
        centre = y.mean()  # of no sum is anything lost in rounding then
        answers = np.vstack([np.zeros(len(new)), tree.told(codes, y - centre, new, depth, number)])
        wrong = ((answers - (truth - centre)) ** 2).mean(axis=1)
        losses = wrong / truth.var() if np.ptp(truth) > 0 else np.zeros(depth + 1)
    else:
        labels = y.astype(np.int64)
        answers = np.vstack(
            [np.full(len(new), np.bincount(labels).argmax()), tree.told(codes, labels, new, depth, number)]
        )
        losses = (answers != truth).mean(axis=1)
    least = np.minimum.accumulate(losses)
    return float(least[0]), least[1:]


def explicitness(losses: np.ndarray, guess: float) -> float:
    """Return E of losses (C,) at evenly spaced capacities, each the least up to there, and the loss of a guess.

    E = 1 - A / Z, with the area A between the losses and the last of them, by trapezia, and Z = guess (C - 1) / 2,
    that above a straight line from the guess's loss to 0. 1: the smallest capacity does it; 0: a straight line;
    -1: only the largest does it at all, if it tells everything.

    Source: Eastwood et al. 2023, section 4.1, and the released code. Deviation: none.
    """
    area = np.trapezoid(losses - losses[-1])
    return float(1 - 2 * area / (guess * (len(losses) - 1)))
