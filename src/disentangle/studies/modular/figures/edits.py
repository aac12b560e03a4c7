"""A grid of images: the true one, its reconstruction, and each relation's edit beside the true image of its target."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing

from disentangle.reporting.drawing import panels
from disentangle.reporting.sheets import GAP, coloured
from disentangle.studies.modular.analysis.subject import Subject, show

SECTION = "Edits"
NEEDS = {
    "of": "every method",
    "methods": ["modular", "weak", "few_labels", "zerodim"],
    "files": ["run.json", "codes.npz"],
    "seeds": 1,
}
"""It shows a method that can edit, and reads these files of its first seed."""


@dataclass(frozen=True)
class Figure:
    """A row an image, two columns a relation."""

    def table(self, subject: Subject) -> pd.DataFrame:
        """Return one row an image and relation: rows of the true images before and after, values wanted and told."""
        rows, found = subject.codes["shown_rows"], []
        for number, relation in enumerate(subject.relations):
            factor, wanted = [*subject.sizes][relation.factor], subject.wanted(rows, relation)
            told = subject.codes["edit_told"][number, : len(rows)]
            for row, target, values, all_told in zip(rows, wanted, subject.values(wanted), told, strict=True):
                known = {"factor": factor, "wanted": values[relation.factor], "told": all_told[relation.factor]}
                others = bool((np.delete(values, relation.factor) == np.delete(all_told, relation.factor)).all())
                found.append({"relation": relation.name, "row": row, "target": target} | known | {"others": others})
        return pd.DataFrame(found)

    def draw(self, subject: Subject, table: pd.DataFrame) -> Drawing:  # noqa: ARG002
        """Draw the images as one picture."""
        rows = subject.codes["shown_rows"]
        columns, names = [subject.pictures(rows), coloured(subject.codes["shown"])], ["true", "rebuilt"]
        for relation, edited in zip(subject.relations, subject.codes["shown_edited"], strict=True):
            columns += [coloured(edited), subject.pictures(subject.wanted(rows, relation))]
            names += [relation.name, "wanted"]
        figure, axes = panels(1, 1, 0.6 * len(columns), 0.6 * len(rows) + 0.4)
        show(axes[0][0], np.stack(columns, axis=1), names)
        each = columns[0].shape[1] + GAP
        for place in range(2, len(columns), 2):
            axes[0][0].axvline(each * place - GAP / 2 - 0.5, color="0.4", linewidth=0.8)
        return figure

    def text(self, subject: Subject) -> dict[str, str]:
        """Return title, caption and alternative text."""
        names = ", ".join(relation.name.replace("_", " ") for relation in subject.relations)
        return {
            "title": f"Edits of {subject.title}",
            "caption": "Test images, their reconstructions, and what each relation makes of them, each beside the true "
            "image of the values that it wants. First seed.",
            "alt": "Rows of small images: a true one, its reconstruction, and pairs of an edit and its target, by "
            f"{names}.",
        }
