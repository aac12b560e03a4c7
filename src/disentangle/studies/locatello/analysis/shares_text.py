"""Shares of variance as tables: ours with chance and the paper's beside them, and the paper's as they stand."""

import pandas as pd

from disentangle.reporting.results import Results
from disentangle.reporting.tables import markdown_table
from disentangle.studies.locatello.analysis.drawing import short
from disentangle.studies.locatello.analysis.layout import difference, measured, number
from disentangle.studies.locatello.analysis.results import SCORES
from disentangle.studies.locatello.analysis.variance_explained import REGRESSORS

HEADER = ["regressors, score", "R²", "by chance", "adjusted R²", "published R²", "published, adjusted", "difference"]


def shares_table(results: Results, found: pd.DataFrame, dataset: str) -> str:
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
