"""Model selection as tables: who wins, what transfers, and how often a picked setting beats a random one."""

import pandas as pd

from disentangle.cells import format_lam
from disentangle.reporting.results import Results
from disentangle.reporting.tables import markdown_table
from disentangle.studies.locatello.analysis.drawing import short
from disentangle.studies.locatello.analysis.layout import difference, measured, number
from disentangle.studies.locatello.analysis.results import method_title, spelled
from disentangle.studies.locatello.analysis.transfer import DRAWS


def winners_table(results: Results, found: pd.DataFrame) -> str:
    """Return the best setting a dataset and score, with the best of another method."""
    rows = [
        [
            f"{results.title(row['dataset'])}, {short(row['score'])}",
            f"{method_title(row['method'])}, {format_lam(row['lam'])}",
            measured(row["value"], row["low"], row["high"], 3),
            f"{method_title(row['next_method'])} {number(row['next_value'], 3)}" if row["next_method"] else "–",
            row["seeds"],
        ]
        for row in found.to_dict("records")
    ]
    return markdown_table(["dataset, score", "best setting", "mean", "best of the other methods", "seeds"], rows)


def success_table(found: pd.DataFrame) -> str:
    """Return the rates of the trial in percent, beside the paper's."""
    header = ["target", "published", "ours, exact", "difference", f"of {DRAWS} draws", "ties half", "ties failure"]
    rows = [
        [
            row["target"],
            number(row["published"], 1),
            measured(row["value"], row["low"], row["high"], 1),
            difference(row["difference"], 1),
            measured(row["drawn"], digits=1),
            measured(row["ties_half"], digits=1),
            measured(row["ties_failure"], digits=1),
            number(row["chance"], 1),
            row["void_draws"],
            f"{row['datasets']} / {row['seeds']}",
        ]
        for row in found.to_dict("records")
    ]
    return markdown_table([*header, "chance", "draws without a trial", "datasets / seeds"], rows)


def transfer_table(results: Results, found: pd.DataFrame, published: pd.DataFrame) -> str:
    """Return a row a score and pair of datasets; the paper's numbers are of DCI."""
    theirs = {
        (spelled(row["dataset_a"]), spelled(row["dataset_b"])): row["rank_correlation_percent"]
        for row in published.to_dict("records")
    }
    rows = []
    for row in found.to_dict("records"):
        key = (spelled(row["dataset_a"]), spelled(row["dataset_b"]))
        printed = theirs.get(key, float("nan")) if row["score"] == "DCI Disentanglement" else float("nan")
        rows.append(
            [
                f"{short(row['score'])}, {results.title(row['dataset_a'])} – {results.title(row['dataset_b'])}",
                number(printed, 0),
                measured(100 * row["value"], 100 * row["low"], 100 * row["high"], 0),
                difference(100 * row["value"] - printed, 0),
                row["seeds"],
            ]
        )
    return markdown_table(["score, datasets", "published (DCI)", "ours", "difference", "seeds"], rows)


def published_transfer(published: pd.DataFrame) -> str:
    """Return the paper's correlations of DCI between datasets as it prints them."""
    wide = published.pivot_table(values="rank_correlation_percent", index="dataset_a", columns="dataset_b", sort=False)
    rows = [[name, *(number(value, 0) for value in row)] for name, row in zip(wide.index, wide.to_numpy(), strict=True)]
    return markdown_table(["dataset", *map(str, wide.columns)], rows)
