"""Which measures of edits rank runs alike."""

import math

from disentangle.reporting.layout import measured, number
from disentangle.reporting.seeds import rank_correlations
from disentangle.reporting.statistics import CORRELATION
from disentangle.reporting.tables import markdown_table
from disentangle.studies.modular.analysis.results import EditResults, cells_of

PAIRS = (
    ("prior_changed", "image_changed"),
    ("prior_changed", "image_all"),
    ("prior_changed", "nearest_all"),
    ("prior_changed", "edited"),
    ("image_all", "nearest_all"),
    ("image_all", "edited"),
)
SPELLED = {
    "prior_changed": "relation accuracy on the prior",
    "image_changed": "changed factor, encoded again",
    "image_all": "all factors, encoded again",
    "nearest_all": "all factors, by the nearest image",
    "edited": "pixel error",
}


def over_runs(results: EditResults, dataset: str, first: str, second: str) -> float:
    """Return Spearman's correlation of two numbers over all runs of a dataset; NaN of fewer than three."""
    found = rank_correlations(cells_of(results, dataset).assign(seed=0), first, second)
    return found[0] if found else math.nan


def ranks_table(results: EditResults, dataset: str) -> str:
    """Return a row a pair of measures: their rank correlation over all runs, and over entries seed by seed."""
    own = cells_of(results, dataset)
    rows = [
        [
            f"{SPELLED[a]} and {SPELLED[b]}",
            number(over_runs(results, dataset, a, b), 2),
            measured(rank_correlations(own, a, b), CORRELATION, 2),
            len(own[[a, b]].dropna()),
        ]
        for a, b in PAIRS
    ]
    return markdown_table(["rank correlation", "over all runs", "over entries, by seed", "runs"], rows)
