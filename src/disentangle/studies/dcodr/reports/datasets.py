"""Every dataset of the study, yours among them: what codes tell of it, and what their nearest neighbours share."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from disentangle.reporting.layout import rounded
from disentangle.studies.dcodr.analysis.layout import page
from disentangle.studies.dcodr.analysis.prediction import told_table
from disentangle.studies.dcodr.analysis.results import DOMAIN, DomainResults, shortest_rule, told
from disentangle.studies.dcodr.analysis.retrieval import (
    ALT,
    DOMAIN_SHARED,
    PICTURED,
    SHARED,
    neighbours,
    shared_table,
    shares,
)

NEEDS = {
    "entries": ["simclr", "lord", "drnet", "ml_vae", "dcodr_norec", "dcodr", "contrast_all"],
    "files": ["codes.npz"],
    "place": 13,
}
"""The cells this report reads, with their codes for the picture."""
DRAWS = True


@dataclass(frozen=True)
class Report:
    """Predictions and retrieval a dataset, ours alone, and neighbours of all of them in one picture."""

    def table(self, results: DomainResults) -> pd.DataFrame:
        """Return one row a cell and number: accuracies by the paper's rule, and shares of neighbours."""
        accuracies = told(results, shortest_rule(results)).rename(columns={"label": "number", "accuracy": "value"})
        shared = shares(results).rename(columns={"score": "number"})
        of = [accuracies.drop(columns="chance").assign(of="prediction"), shared.assign(of="retrieval")]
        return pd.concat(of, ignore_index=True)

    def summary(self, results: DomainResults) -> dict[str, Any]:
        """Return by dataset and entry the accuracy of the domain, and the share of neighbours that agree in all."""
        own = self.table(results)
        chosen = own[(own["of"] == "prediction") & (own["number"] == DOMAIN) | (own["number"] == "all")]
        found: dict[str, Any] = {}
        for (dataset, entry, number), rows in chosen.groupby(["dataset", "entry", "number"], sort=False):
            found.setdefault(str(dataset), {}).setdefault(str(entry), {})[str(number)] = rounded(rows["value"].mean())
        return found

    def render(self, results: DomainResults) -> str:
        """Return the report in Markdown."""
        sections = [READ.format(rule=shortest_rule(results)), f"{SHARED} {DOMAIN_SHARED}", PICTURED]
        for dataset in results.datasets():
            tables = told_table(results, dataset, {}), shared_table(results, dataset, {})
            sections += [f"## {results.title(dataset)}: the domain is {results.domain_of(dataset)}"]
            sections += ["Told right:", tables[0], "Shared by neighbours:", tables[1]]
        return page(results, INTRODUCTION, sections, ("datasets", ALT))

    def draw(self, results: DomainResults) -> Figure:
        """Draw queries and their neighbours, datasets one below another."""
        return neighbours(results, results.datasets())


INTRODUCTION = """\
# What codes tell of every dataset

Tables 3 to 7 anew, of every dataset that the study lists, those of your own included: a code should not tell the
domain, and should tell everything else."""
READ = """\
*Told right*: the share of test images whose label the paper's predictor ({rule}) tells right from the code. All are
means over seeds with their 95 % intervals; *optimal* is the domain at chance."""
