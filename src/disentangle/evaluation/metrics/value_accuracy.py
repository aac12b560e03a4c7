"""Value accuracy: how often the value of a factor that a method decodes is the true one."""

from dataclasses import dataclass

import numpy as np

from disentangle.evaluation.population import Population

SCORES = ("mean", "all", "<factor>")
"""What holds <factor> stands once for each, under its name."""

CONSTANT = True
"""A code stands for each factor."""
ASKED = True
"""Scored if it is asked for: few codes are decoded values."""

CHANGES = {
    "unit": ("mean", "all", "<factor>"),
    "scale": ("mean", "all", "<factor>"),
    "origin": ("mean", "all", "<factor>"),
    "order": ("mean", "all", "<factor>"),
    "constant": ("mean", "all", "<factor>"),
    "duplicate": ("mean", "all", "<factor>"),
}
"""Codes are values of the factors, in their order."""


@dataclass(frozen=True)
class Metric:
    """Shares in [0, 1] of all rows, of codes that are decoded values: whole numbers, one a factor, in their order.

    With code z and factors y, (N, K) both, <factor> is mean_n [z_nk = y_nk], ``mean`` its mean over factors that
    vary and ``all`` mean_n [z_n = y_n].

    >>> from disentangle.metrics import value_accuracy
    >>> value_accuracy([[0, 0], [0, 1], [1, 1], [1, 2]] * 300, [[0, 0], [0, 1], [1, 0], [1, 1]] * 300)
    {'mean': 0.75, 'all': 0.5, 'factor_0': 1.0, 'factor_1': 0.5}
    """

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return the shares; nan for codes that are no decoded values.

        Source: Valenti & Bacciu 2022, section 4, turn codes into values before they score them. Deviation: none.
        """
        values = population.codes_of(np.arange(len(population.codes)), rng)
        if values.shape != population.factors.shape or (values != np.rint(values)).any():
            return dict.fromkeys(("mean", "all", *population.names), float("nan"))
        right = values == population.factors
        shares = dict(zip(population.names, right.mean(axis=0).tolist(), strict=True))
        mean = float(right[:, population.varying].mean()) if population.varying.any() else float("nan")
        return {"mean": mean, "all": float(right.all(axis=1).mean())} | shares
