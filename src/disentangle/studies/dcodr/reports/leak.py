"""Ours: what moves how much of the domain a converged predictor finds in codes of DCoDR-norec."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from disentangle.reporting.drawing import COLOURS, legend, panels
from disentangle.reporting.layout import measured, rounded
from disentangle.reporting.statistics import SHARE
from disentangle.reporting.tables import markdown_table
from disentangle.studies.dcodr.analysis.effects import attributes, chance, domain, score
from disentangle.studies.dcodr.analysis.layout import page
from disentangle.studies.dcodr.analysis.results import (
    DOMAIN,
    LINEAR,
    PREDICTOR,
    DomainResults,
    longest_rule,
    predictions,
    shortest_rule,
    title_of,
)

NEEDS = {"entries": ["leak_*"], "place": 15}
"""The cells this report reads: those of a scale that has such entries, as ``leak``."""
DRAWS = True
KNOBS = {
    "code": "dimensions of a code",
    "steps": "training steps",
    "each": "images of each domain in a batch",
    "temperature": "temperature",
    "images": "training images",
}
SHOWN = {"domain": "domain, converged MLP", "linear": "domain, logistic", "all": "retrieval of all"}


@dataclass(frozen=True)
class Report:
    """The domain's accuracy against each knob, the others as they are in the entry that most share."""

    def table(self, results: DomainResults) -> pd.DataFrame:
        """Return one row a cell: its knobs, what predictors tell, and retrieval."""
        rows = []
        for cell in results.cells:
            method = cell.run["method"]
            if method["name"] != "dcodr_norec" or method["options"]["negatives"] != "domain":
                continue  # told beside it, below
            dataset, entry, seed = str(cell.cell.dataset), str(cell.cell.method), cell.cell.seed
            numbers = {
                "domain": domain(results, dataset, entry),
                "paper_rule": domain(results, dataset, entry, shortest_rule(results)),
                "linear": domain(results, dataset, entry, probe=LINEAR),
                "attributes": attributes(results, dataset, entry),
                "all": score(results, dataset, entry, "all"),
            }
            training = cell.run["training"]
            knobs = {"code": cell.run["model"]["code"], "images": cell.run["training_images"]}
            knobs |= {key: training[key] for key in ("steps", "each", "temperature")}
            told = {name: float(values.get(seed, float("nan"))) for name, values in numbers.items()}
            rows.append(
                {"dataset": dataset, "entry": entry, "seed": seed, **{key: knobs[key] for key in KNOBS}, **told}
            )
        return pd.DataFrame(rows)

    def summary(self, results: DomainResults) -> dict[str, Any]:
        """Return by entry and dataset the converged accuracy of the domain."""
        means = self.table(results).groupby(["entry", "dataset"], sort=False)["domain"].mean()
        return {" ".join(key): rounded(value) for key, value in zip(means.index, means, strict=True)}

    def render(self, results: DomainResults) -> str:
        """Return the report in Markdown."""
        rows = []
        for _, own in self.table(results).sort_values([*KNOBS]).groupby([*KNOBS], sort=False):
            numbers = [
                measured(own[key].to_list(), SHARE) for key in ("domain", "paper_rule", "linear", "attributes", "all")
            ]
            rows.append([*(f"{own[key].iloc[0]:g}" for key in KNOBS), *numbers, len(own)])
        header = [*KNOBS.values(), "domain, converged", "by the paper's rule", "logistic", "attributes", "all", "seeds"]
        alt = "Accuracy of the domain against code size, steps, batch, temperature and number of images."
        floor = ", ".join(f"{chance(results, name):.3f} ({results.title(name)})" for name in results.datasets())
        sections = [
            "## Every setting",
            READ,
            markdown_table(header, rows),
            f"Always the most frequent domain: {floor}.",
        ]
        sections += ["## Noise on the codes", NOISE, self.noise(results)]
        return page(results, INTRODUCTION, sections, ("leak", alt))

    def noise(self, results: DomainResults) -> str:
        """Return a row an entry and dataset: the domain as it is told from noisy codes, by the noise's deviation."""
        own = predictions(results)
        own = own[(own["probe"] == PREDICTOR) & (own["label"] == DOMAIN)]
        rules = [longest_rule(results), *(rule for rule in dict.fromkeys(own["rule"]) if rule.startswith("noise"))]
        rows = []
        for (dataset, entry), each in own.groupby(["dataset", "entry"], sort=False):
            means = (each[each["rule"] == rule].groupby("seed")["accuracy"].mean().to_list() for rule in rules)
            rows.append(
                [f"{title_of(str(entry))}, {results.title(str(dataset))}", *(measured(own, SHARE) for own in means)]
            )
        return markdown_table(["domain told right", *rules], rows)

    def draw(self, results: DomainResults) -> Figure:
        """Draw a panel a knob, of the settings that differ in it alone from the most common one."""
        found = self.table(results)
        common = {key: found[key].mode().iloc[0] for key in KNOBS}
        figure, axes = panels(1, len(KNOBS), 2.6, 2.8, below=0.3)
        for ax, (knob, name) in zip(axes[0], KNOBS.items(), strict=True):
            same = (found[key] == value for key, value in common.items() if key != knob)
            own = found[pd.concat([*same], axis=1).all(axis=1)].groupby(knob)[[*SHOWN]].mean()
            for colour, (column, label) in zip(COLOURS, SHOWN.items(), strict=False):
                ax.plot(own.index, own[column], marker="o", markersize=4, color=colour, label=label)
            ax.set_xscale("log")
            ax.set_xticks(own.index, [f"{value:g}" for value in own.index])
            ax.minorticks_off()
            ax.set_ylim(0, 1.02)
            ax.set_xlabel(name)
        axes[0][0].set_ylabel("share of test images")
        legend(figure, axes[0])
        return figure


INTRODUCTION = """\
# What moves the leak

The paper prints a domain at chance for DCoDR-norec on Shapes3D, .246 of .25. A predictor that is patient finds more in
codes of a small scale. How much of that is due to the size of the code, to steps, batch, temperature or data?"""
NOISE = """\
A code without noise tells a domain however little its codes are shifted against those of others. What is left when
normal noise of some deviation is added to every number of a unit code tells whether shifts are large or small."""
READ = """\
Share of test images whose domain or attributes are told right, and whose nearest neighbour agrees in all attributes;
means over seeds with 95 % intervals. The picture shows the settings that differ in one knob alone from the most common
one."""
