"""Burns 2021, Fig. 5, for any method: the terms of the loss over the steps of training."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from disentangle.cells import format_lam
from disentangle.reporting.drawing import COLOURS, panels
from disentangle.studies.burns.analysis.subject import Subject

SECTION = "Training curves"
NEEDS = {"of": "every method", "files": ["run.json", "history.csv"], "seeds": None}
"""It shows all cells of a method, and reads these files of each."""
LABELS = {"infomax_0": "InfoMax 0", "infomax_1": "InfoMax 1", "regularizer": "regularizer R"}
LEVELS = {
    "collapse": ("collapse", ":"),
    "single_factor": ("one factor alone", "--"),
    "floor": ("all that it is told", "-."),
}


@dataclass(frozen=True)
class Figure:
    """A row a term, a column a strength, a line a seed."""

    def table(self, subject: Subject) -> pd.DataFrame:
        """Return one row a logged value."""
        rows = [
            {
                "dataset": subject.dataset,
                "method": subject.method,
                "lam": format_lam(result.cell.lam),
                "seed": result.cell.seed,
                "step": int(row["step"]),
                "term": term,
                "value": row[term],
            }
            for result in subject.cells
            for row in result.history.to_dict("records")
            for term in LABELS
            if term in row
        ]
        return pd.DataFrame(rows)

    def draw(self, subject: Subject, table: pd.DataFrame) -> Drawing:
        """Draw the lines, and for InfoMax the heights of its plateaus."""
        terms, lams = [term for term in LABELS if term in set(table["term"])], list(dict.fromkeys(table["lam"]))
        figure, axes = panels(len(terms), len(lams), 3.4, 1.9, below=0.7)
        seeds = sorted(set(table["seed"]))
        for row, term in enumerate(terms):
            for ax, lam in zip(axes[row], lams, strict=True):
                for place, seed in enumerate(seeds):
                    line = table[(table["term"] == term) & (table["lam"] == lam) & (table["seed"] == seed)]
                    colour = COLOURS[place % len(COLOURS)]
                    ax.plot(line["step"], line["value"], color=colour, linewidth=1, label=f"seed {seed}")
                if term != "regularizer":
                    _mark_levels(ax, subject.cells[0].run["plateau"]["levels"][int(term[-1])])
            axes[row][0].set_ylabel(LABELS[term] if term == "regularizer" else f"{LABELS[term]} (nats)")
        for above, below, lam in zip(axes[0], axes[-1], lams, strict=True):
            above.set_title(f"λ = {lam}")
            below.set_xlabel("step")
        lines, labels = axes[0][0].get_legend_handles_labels()
        figure.legend(lines, labels, loc="outside lower center", ncols=3, fontsize=8, frameon=False)
        return figure

    def text(self, subject: Subject) -> dict[str, str]:
        """Return title, caption and alternative text."""
        paper = subject.dataset == "DC-BC" and subject.method == "infomin"
        ends = [end for result in subject.cells if math.isfinite(end := result.history["loss"].to_list()[-1])]
        range_of_ends = f"between {min(ends):.2f} and {max(ends):.2f} nats" if ends else "at no finite value"
        return {
            "title": f"{'Fig. 5: l' if paper else 'L'}osses of {subject.method} on {subject.dataset}",
            "caption": "The terms of the loss over the steps of training, means over each logged window, a line a "
            "seed; plateaus as in the first cell."
            + (" The paper plots −R, which it wants to rise; here R is as it is minimised." if paper else ""),
            "alt": f"Line charts of the loss terms of {subject.method} on {subject.dataset} over {len(subject.cells)} "
            f"trainings. The whole loss ends {range_of_ends}.",
        }


def _mark_levels(ax: Axes, levels: Mapping[str, float | None]) -> None:
    """Draw the heights of an InfoMax term's plateaus, those that it has."""
    for name, (label, style) in LEVELS.items():
        height = levels[name]
        if height is not None:
            ax.axhline(height, color="0.55", linestyle=style, linewidth=0.8, label=label)
