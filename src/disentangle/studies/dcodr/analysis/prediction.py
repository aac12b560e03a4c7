"""Tables 3 and 4: how well predictors tell the domain and the attributes from a code."""

from collections.abc import Mapping
from typing import Any, ClassVar

import pandas as pd

from disentangle.reporting.layout import measured, nested, quoted
from disentangle.reporting.score_report import bounds_of
from disentangle.reporting.statistics import SHARE
from disentangle.reporting.tables import markdown_table
from disentangle.studies.dcodr.analysis.layout import beside_published, page
from disentangle.studies.dcodr.analysis.results import (
    DOMAIN,
    LINEAR,
    OPTIMUM,
    PREDICTOR,
    DomainResults,
    predictions,
    scores,
    shortest_rule,
    title_of,
    told,
)


class Prediction:
    """Accuracies of the paper's predictor on one dataset, beside the paper's, and what other predictors say."""

    number: ClassVar[int]
    needs: ClassVar[dict[str, Any]]
    introduction: ClassVar[str]

    def table(self, results: DomainResults) -> pd.DataFrame:
        """Return one row a cell, probe, rule, label and predictor seed."""
        return predictions(results)

    def summary(self, results: DomainResults) -> dict[str, Any]:
        """Return by entry the mean accuracy of each label by the paper's rule."""
        found = told(results, shortest_rule(results)).groupby(["entry", "label"], sort=False)["accuracy"].mean()
        return nested(found)

    def render(self, results: DomainResults) -> str:
        """Return the report in Markdown."""
        dataset = self.needs["dataset"]
        sections = [
            f"## The paper's predictor, {shortest_rule(results)}",
            READ,
            told_table(results, dataset, self.printed(results)),
            "## The domain, by stronger and weaker predictors",
            STRENGTH,
            strengths(results, dataset),
            "## What other studies measure",
            OTHERS,
            other_scores(results, dataset),
        ]
        return page(results, self.introduction, sections)

    def printed(self, results: DomainResults) -> dict[tuple[str, str], str]:
        """Return the table's published numbers by method and label."""
        own = results.published["representation"].query("table == @self.number")
        return {(row["method"], row["attribute"]): quoted(row["score"]) for row in own.to_dict("records")}


def told_table(results: DomainResults, dataset: str, printed: Mapping[tuple[str, str], str]) -> str:
    """Return a row a method: how often each label is told right by the paper's rule, beside what is ``printed``."""
    found = told(results, shortest_rule(results)).query("dataset == @dataset")
    found = found.rename(columns={"label": "column", "accuracy": "value"})
    labels = [DOMAIN, *(name for name in dict.fromkeys(found["column"]) if name != DOMAIN)]
    columns = {label: label.replace("_", " ") for label in labels}
    chance = {str(label): float(value) for label, value in found.groupby("column")["chance"].mean().items()}
    optimal = dict.fromkeys(labels, 1.0) | {DOMAIN: chance[DOMAIN]}
    return beside_published(results, dataset, found, printed, columns, {"Optimal": optimal, "Chance": chance})


def strengths(results: DomainResults, dataset: str) -> str:
    """Return a row a method: the domain's accuracy by each probe and rule, and the spread over predictor seeds."""
    own = predictions(results)
    own = own[(own["dataset"] == dataset) & (own["label"] == DOMAIN)]
    probes = list(dict.fromkeys(zip(own["probe"], own["rule"], strict=True)))
    rows = []
    for entry in results.entries(dataset):
        of_entry = own[own["entry"] == entry]
        row = [title_of(entry)]
        for probe, rule in probes:
            by_cell = of_entry[(of_entry["probe"] == probe) & (of_entry["rule"] == rule)].groupby("seed")["accuracy"]
            spread = float((by_cell.max() - by_cell.min()).max())
            row.append(measured(by_cell.mean().to_list(), SHARE) + (f" (spread {spread:.2f})" if spread > 0 else ""))
        rows.append(row)
    names = {LINEAR: "logistic regression", PREDICTOR: "MLP"}
    titles = ((names.get(probe, probe), rule) for probe, rule in probes)
    header = [name if rule == OPTIMUM else f"{name}, {rule}" for name, rule in titles]
    chance = f"Always the most frequent domain: {float(own['chance'].mean()):.3f}."
    return markdown_table(["domain told right", *header], rows) + "\n\n" + chance


def other_scores(results: DomainResults, dataset: str) -> str:
    """Return a row a method: every score of every metric but retrieval, as far as any cell has it."""
    own = scores(results)
    own = own[(own["dataset"] == dataset) & (own["metric"] != "retrieval")].dropna(subset=["value"])
    columns = list(dict.fromkeys(zip(own["metric"], own["score"], strict=True)))
    rows = []
    for entry in results.entries(dataset):
        of_entry = own[own["entry"] == entry]
        values = {(m, s): of_entry[(of_entry["metric"] == m) & (of_entry["score"] == s)]["value"] for m, s in columns}
        rows.append([title_of(entry), *(measured(own.to_list(), bounds_of(*place)) for place, own in values.items())])
    header = [metric if metric == score else f"{metric} {score}".replace("_", " ") for metric, score in columns]
    return markdown_table(["ours", *header], rows) if columns else "No such metric is listed under `metrics`."


READ = """\
Share of test images whose label is told right from the code: *domain* should be as low as chance, attributes high.
Published number / ours, the mean over training seeds (and, in each, over predictor seeds) with its 95 % interval.
*Chance* is always saying the most frequent value of the test images."""
STRENGTH = """\
A predictor that stops early finds less of what a code tells. *Patience* is after how many epochs without a better
validation accuracy it stops; the paper's is 7. *Spread*: the largest difference between predictor seeds on one code."""
OTHERS = """\
Scores of the unit codes with the domain and the attributes as factors: how well single codes serve single factors (DCI,
MIG), how still a code stays under one of them (IRS), and what single codes tell of the domain, as a share of its
entropy."""
