"""Kahana & Hoshen 2022, Fig. 1: invariance and informativeness of DCoDR-norec with a single augmentation."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from disentangle.reporting.drawing import COLOURS, apart, panels
from disentangle.reporting.layout import measured, rounded
from disentangle.reporting.statistics import SHARE
from disentangle.reporting.tables import markdown_table
from disentangle.studies.dcodr.analysis.invariance import AUGMENTATIONS
from disentangle.studies.dcodr.analysis.layout import page
from disentangle.studies.dcodr.analysis.results import DOMAIN, DomainResults, longest_rule, shortest_rule, told

NEEDS = {"dataset": "smallnorb_by_toy", "entries": ["only_*", "dcodr_norec"], "place": 8}
"""The cells this report reads."""
DRAWS = True
FOUR = ("gaussian_blur", "high_contrast", "high_saturation", "crop")
"""The augmentations that the paper chose."""


@dataclass(frozen=True)
class Report:
    """Domain and mean attribute accuracy a single augmentation, and of the paper's four."""

    def table(self, results: DomainResults) -> pd.DataFrame:
        """Return one row a cell: its augmentation, the domain's accuracy by both rules, and that of the attributes."""
        short, patient = (
            self._by_cell(told(results, rule)) for rule in (shortest_rule(results), longest_rule(results))
        )
        by_both = {"domain": patient["domain"], "domain_by_the_paper_s_rule": short["domain"]}
        return short.assign(**by_both).reset_index()

    def summary(self, results: DomainResults) -> dict[str, Any]:
        """Return both accuracies by augmentation, meaned over seeds."""
        means = self.table(results).groupby("augmentation", sort=False)[["domain", "attributes"]].mean()
        return {
            str(name): {"domain": rounded(row["domain"]), "attributes": rounded(row["attributes"])}
            for name, row in means.iterrows()
        }

    def render(self, results: DomainResults) -> str:
        """Return the report in Markdown."""
        found = self.table(results)
        rows = []
        for name, own in found.groupby("augmentation", sort=False):
            numbers = [
                measured(own[column].to_list(), SHARE)
                for column in ("domain", "domain_by_the_paper_s_rule", "attributes")
            ]
            rows.append([_title(str(name)), *numbers, len(own)])
        header = ["augmentation", "domain, at convergence", "domain, paper's rule", "attributes", "seeds"]
        alt = "Points, one an augmentation: accuracy of the domain against mean accuracy of the attributes."
        sections = ["## Single augmentations", READ, markdown_table(header, rows)]
        return page(results, INTRODUCTION, sections, ("figure1", alt))

    def draw(self, results: DomainResults) -> Figure:
        """Draw a point an augmentation."""
        figure, ((ax,),) = panels(1, 1, 6.4, 4.6)
        means = self.table(results).groupby("augmentation", sort=False)[["domain", "attributes"]].mean()
        for name, row in means.iterrows():
            colour = COLOURS[0] if name in FOUR else COLOURS[1] if name in AUGMENTATIONS else COLOURS[6]
            ax.scatter(row["domain"], row["attributes"], color=colour, s=24)
        ax.margins(0.08)
        ranked, (low, high) = means.dropna().sort_values(["attributes", "domain"]), ax.get_ylim()
        # Names stand in a column beside the points, where none hides another.
        places = apart([(value - low) / (high - low) for value in ranked["attributes"]], 1 / 20)
        for place, (name, row) in zip(places, ranked.iterrows(), strict=True):
            ax.annotate(
                _title(str(name)),
                (row["domain"], row["attributes"]),
                (1.04, place),
                textcoords="axes fraction",
                arrowprops={"arrowstyle": "-", "color": "0.75", "linewidth": 0.6},
                fontsize=7,
                va="center",
            )
        ax.set_xlabel("domain told right (lower: more invariant)")
        ax.set_ylabel("attributes told right, mean")
        ax.set_title(f"{results.title('smallnorb_by_toy')}:\nDCoDR-norec with one augmentation")
        return figure

    def _by_cell(self, found: pd.DataFrame) -> pd.DataFrame:
        named = found.assign(augmentation=found["entry"].str.removeprefix("only_").replace("dcodr_norec", "all four"))
        keys = ["augmentation", "seed"]
        domain = named[named["label"] == DOMAIN].set_index(keys)["accuracy"].rename("domain")
        rest = named[named["label"] != DOMAIN].groupby(keys, sort=False)["accuracy"].mean().rename("attributes")
        return pd.concat([domain, rest], axis=1)


def _title(name: str) -> str:
    return AUGMENTATIONS.get(name, name)


INTRODUCTION = """\
# Kahana & Hoshen 2022, Fig. 1: one augmentation at a time

DCoDR-norec on SmallNORB, its positives made by one augmentation alone. The paper prints a figure without numbers, and
says that crop does well on invariance and extremely well on informativeness, so that it joined the other three."""
READ = """\
Share of test images told right by the paper's predictor: the domain, which should be at chance, and the attributes,
meaned. *At convergence*: by the most patient rule, as in the picture. Blue there: the four that the paper chose."""
