"""Relation accuracy: how often an edit ends at the values that its relation wants.

Paper: Valenti & Bacciu 2022, section 4; released code of their predecessor of that year (dsprites/log.py).
"""

from dataclasses import dataclass

import numpy as np

from disentangle.evaluation.edits import Edits
from disentangle.evaluation.population import Population

SCORES = ("changed", "all", "chance_changed", "chance_all", "still_changed", "changed_<relation>", "all_<relation>")
"""What holds <relation> stands once for each, under its name."""

OF = "edits"


@dataclass(frozen=True)
class Metric:
    """Shares in [0, 1] of edits, as means over relations r of shares over their edits e, with w wanted and t told.

    ``changed``: t_k = w_k of the factor k that r changes; ``all``: of every factor. ``changed_`` and ``all_`` before a
    relation's name are its own. Of uniform answers, ``chance_changed`` = mean_r 1 / V_k and ``chance_all`` =
    prod_k 1 / V_k. ``still_changed``: of what leaves the start s as it is, s_k = w_k.
    """

    def scores(self, population: Population | Edits, rng: np.random.Generator) -> dict[str, float]:  # noqa: ARG002
        """Return the shares; nan where nothing is edited.

        Source: as above; of the predecessor, whose component is one of all values, an edit is right as ``all`` has it.
        Deviation: relations are not drawn, each has as many edits; no code of low density is rejected (alpha = 0).
        """
        if not isinstance(population, Edits):
            return dict.fromkeys((key for key in SCORES if "<" not in key), float("nan"))
        right = population.told == population.wanted
        changed, every = population.changed(right).mean(axis=1), right.all(axis=2).mean(axis=1)
        share = 1 / np.array([*population.sizes.values()])
        still = population.changed(population.start == population.wanted).mean(axis=1)
        found = {
            "changed": _mean(changed),
            "all": _mean(every),
            "chance_changed": _mean(share[population.factor]),
            "chance_all": float(share.prod()),
            "still_changed": _mean(still),
        }
        for name, own, whole in zip(population.relations, changed, every, strict=True):
            found |= {f"changed_{name}": float(own), f"all_{name}": float(whole)}
        return found


def _mean(shares: np.ndarray) -> float:
    """Return the mean of shares (R,), nan if there is no relation."""
    return float(shares.mean()) if len(shares) else float("nan")
