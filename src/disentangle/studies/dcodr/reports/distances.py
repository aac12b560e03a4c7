"""Ours: what stands in for the perceptual distance of VGG16, compared."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from disentangle.reporting.layout import measured, rounded
from disentangle.reporting.statistics import POSITIVE, SHARE
from disentangle.reporting.tables import markdown_table
from disentangle.studies.dcodr.analysis.effects import attributes, domain, score
from disentangle.studies.dcodr.analysis.layout import page
from disentangle.studies.dcodr.analysis.results import DomainResults

NEEDS = {"dataset": "shapes3d_by_shape", "entries": ["dcodr_norec", "dcodr", "distance_*"], "place": 14}
"""The cells this report reads."""
COLUMNS = {
    "domain": "domain told right, at convergence",
    "attributes": "attributes told right",
    "all": "retrieval of all",
    "seconds": "seconds of training",
}


@dataclass(frozen=True)
class Report:
    """DCoDR by the distance that its generator is trained with, and without any."""

    def table(self, results: DomainResults) -> pd.DataFrame:
        """Return one row a cell."""
        dataset, rows = "shapes3d_by_shape", []
        for cell in results.cells:
            entry, seed = cell.cell.method, cell.cell.seed
            numbers = {
                "domain": domain(results, dataset, entry),
                "attributes": attributes(results, dataset, entry),
                "all": score(results, dataset, entry, "all"),
            }
            told = {name: float(values.get(seed, float("nan"))) for name, values in numbers.items()}
            distance = cell.run.get("distance", "none: DCoDR-norec")
            lam = cell.cell.lam
            rows.append({"distance": distance, "lam": lam, "seed": seed, **told, "seconds": cell.timing["seconds"]})
        return pd.DataFrame(rows)

    def summary(self, results: DomainResults) -> dict[str, Any]:
        """Return the means over seeds by distance, but for seconds."""
        means = self.table(results).groupby("distance", sort=False)[["domain", "attributes", "all"]].mean()
        return {str(name): {key: rounded(value) for key, value in row.items()} for name, row in means.iterrows()}

    def render(self, results: DomainResults) -> str:
        """Return the report in Markdown."""
        rows = [
            [
                name,
                f"{lam:g}",
                *(
                    measured(own[key].to_list(), *((POSITIVE, 1) if key == "seconds" else (SHARE, 3)))
                    for key in COLUMNS
                ),
                len(own),
            ]
            for (name, lam), own in self.table(results).groupby(["distance", "lam"], sort=False)
        ]
        header = ["perceptual distance", "λ", *COLUMNS.values(), "seeds"]
        return page(results, INTRODUCTION, ["## Distances", READ, markdown_table(header, rows)])


INTRODUCTION = """\
# What stands in for VGG16

DCoDR's generator is trained with a perceptual distance. The paper's, of VGG16 trained on ImageNet, needs a file that
can be fetched but not shipped; what else there is, on Shapes3D."""
READ = """\
Means over seeds with their 95 % intervals. A distance has its own scale, so one lam means another weight for each."""
