"""Tables of rank correlations in percent, as the paper prints them: its numbers, ours a dataset, and the difference."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from disentangle.reporting.results import Results
from disentangle.reporting.tables import markdown_table
from disentangle.studies.locatello.analysis.drawing import short
from disentangle.studies.locatello.analysis.layout import difference, measured, number
from disentangle.studies.locatello.analysis.results import spelled


def correlation_table(
    results: Results,
    found: pd.DataFrame,
    of: str,
    published: Mapping[tuple[str, str], float],
    sign_unknown: Sequence[str] = (),
) -> str:
    """Return a row a pair of ``correlate``: ``published`` numbers, of the dataset ``of``, beside ours in percent.

    Where ours has a dataset of that name, the difference to it stands behind, but for a first score whose published
    sign is unknown.
    """
    datasets = list(dict.fromkeys(found["dataset"]))
    same = next((name for name in datasets if spelled(name) == spelled(of)), None)
    values = {(row["dataset"], row["first"], row["second"]): row for row in found.to_dict("records")}
    rows = []
    for first, second in dict.fromkeys(zip(found["first"], found["second"], strict=True)):
        theirs = published.get((first, second), float("nan"))
        own = [values[dataset, first, second] for dataset in datasets]
        row = [f"{short(first)}, {short(second)}", number(theirs, 0)]
        row += [measured(100 * o["value"], 100 * o["low"], 100 * o["high"], 0) for o in own]
        if same is not None:
            known = math.nan if first in sign_unknown else theirs
            row.append(difference(100 * values[same, first, second]["value"] - known, 0))
        rows.append(row)
    head = ["scores", f"published ({of})", *(f"{results.title(d)}, ours" for d in datasets)]
    return markdown_table([*head, f"difference ({same})"] if same is not None else head, rows)


def models_line(results: Results, found: pd.DataFrame) -> str:
    """Return of how many models and seeds the correlations of each dataset are."""
    parts = []
    for dataset, own in found.groupby("dataset", sort=False):
        least, most = own["models"].min(), own["models"].max()
        count = f"{most}" if least == most else f"{least} to {most}"
        parts.append(f"{results.title(str(dataset))} {count} of {own['seeds'].max()} seeds")
    return f"Models that have both scores: {'; '.join(parts)}. Others, such as diverged ones, are left out of the pair."
