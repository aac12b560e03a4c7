"""Shares of variance as tables: ours with chance and the paper's beside them, and the paper's as they stand."""

import pandas as pd

from disentangle.reporting.locatello.drawing import short
from disentangle.reporting.locatello.layout import difference, measured, number
from disentangle.reporting.locatello.results import SCORES, StudyResults
from disentangle.reporting.locatello.variance_explained import REGRESSORS
from disentangle.reporting.results import markdown_table

HEADER = ["regressors, score", "R²", "by chance", "adjusted R²", "published R²", "published, adjusted", "difference"]


def shares_table(results: StudyResults, found: pd.DataFrame, dataset: str) -> str:
    """Return the shares of one dataset, rows of ``shares``, in percent."""
    rows = [
        [
            f"{row['regressors']}, {short(row['score'])}",
            measured(row["value"], digits=1),
            number(row["chance"], 1),
            measured(row["adjusted"], row["low"], row["high"], 1),
            number(row["published"], 0),
            number(row["published_adjusted"], 1),
            difference(row["difference"], 1),
            f"{row['models']} / {row['settings']} / {row['seeds']}",
        ]
        for row in found.to_dict("records")
    ]
    table = markdown_table([*HEADER, "models / settings / seeds"], rows)
    return f"### {results.title(dataset)}, in percent\n\n{table}"


def published_tables(published: pd.DataFrame) -> list[str]:
    """Return the paper's two tables as they stand, with their means."""
    found = []
    for regressors in REGRESSORS:
        own = published[published["regressors"] == regressors]
        wide = own.pivot_table(values="percent", index="dataset", columns="metric", sort=False)[[*SCORES]]
        rows = [
            [name, *(number(value, 0) for value in row)] for name, row in zip(wide.index, wide.to_numpy(), strict=True)
        ]
        mean = f"Mean of all {len(own)}: {own['percent'].mean():.2f} %."
        found += [f"R² in percent on {regressors}. {mean}", markdown_table(["dataset", *SCORES], rows)]
    return found
