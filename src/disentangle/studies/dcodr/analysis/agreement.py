"""Four measures of how much codes tell of their domain, and how alike they rank methods."""

import functools

import pandas as pd

from disentangle.reporting import seeds
from disentangle.studies.dcodr.analysis.effects import domain, score
from disentangle.studies.dcodr.analysis.results import LINEAR, TWIN, DomainResults

MEASURES = {
    "predictor": "a converged MLP",
    "linear": "logistic regression",
    "retrieval": "neighbours of the same domain",
    "information": "mutual information of single codes",
}


@functools.lru_cache(maxsize=4)
def measures(results: DomainResults, dataset: str) -> pd.DataFrame:
    """Return one row a method (the paper's, and the twin) and seed, and a column a measure: high is not invariant."""
    rows, compared = [], {*results.published["representation"]["method"], TWIN}
    for entry in (entry for entry in results.entries(dataset) if entry in compared):
        columns = {
            "predictor": domain(results, dataset, entry),
            "linear": domain(results, dataset, entry, probe=LINEAR),
            "retrieval": score(results, dataset, entry, "same_domain"),
            "information": score(results, dataset, entry, "mean", "domain_information"),
        }
        rows.append(pd.DataFrame(columns).rename_axis("seed").reset_index().assign(entry=entry))
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=["seed", "entry", *MEASURES])


def rank_correlations(results: DomainResults, dataset: str, first: str, second: str) -> list[float]:
    """Return Spearman's correlation of two measures over methods, a number a seed; of three methods at least."""
    return seeds.rank_correlations(measures(results, dataset), first, second)
