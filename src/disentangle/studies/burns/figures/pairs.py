"""Burns 2021, Fig. 2 to 4: example view pairs of a dataset variant."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure as Drawing

from disentangle.reporting.drawing import listed, panels, show_image
from disentangle.studies.burns.analysis.subject import NAMES, Subject

SECTION = "Data"
NEEDS = {"of": "every dataset", "files": [], "seeds": 0}
"""It shows a dataset, and reads no cell."""
PAIRS = 5
NUMBERS = {"DC-BC": "Fig. 2", "DC-DL": "Fig. 3", "BC-DL": "Fig. 4"}


@dataclass(frozen=True)
class Figure:
    """The first test pairs, view 0 above view 1."""

    def table(self, subject: Subject) -> pd.DataFrame:
        """Return the factors of each view shown."""
        factors = subject.views.factors
        return pd.DataFrame(
            {"pair": pair, "view": view}
            | {name: subject.class_name(name, int(factors[name][pair, view])) for name in NAMES}
            for view in (0, 1)
            for pair in range(min(PAIRS, len(subject.views.images)))
        )

    def draw(self, subject: Subject, table: pd.DataFrame) -> Drawing:
        """Draw a column a pair; what varies is told above each image, what is held above the pair."""
        figure, axes = panels(2, table["pair"].nunique(), 1.5, 1.9)
        for row in table.to_dict("records"):
            varied = next(name for name in NAMES if name not in subject.tasks)
            shown = [*subject.tasks, varied] if row["view"] == 0 else [varied]
            title = "\n".join(row[name] for name in shown)
            show_image(axes[row["view"]][row["pair"]], subject.views.images[row["pair"], row["view"]], title)
        return figure

    def text(self, subject: Subject) -> dict[str, str]:
        """Return title, caption and alternative text."""
        held = listed([NAMES[name] for name in subject.tasks])
        varied = next(text for name, text in NAMES.items() if name not in subject.tasks)
        number = NUMBERS.get(subject.dataset)
        return {
            "title": f"{f'{number}: v' if number else 'V'}iew pairs of {subject.dataset}",
            "caption": f"The first test pairs of {subject.dataset}, view 0 above view 1: {held} are held, {varied} "
            f"varies, and instances differ. {subject.images_are}",
            "alt": "Pairs of small images of a handwritten digit on a picture, one above the other. In each pair "
            f"{held} are of the same class, and {varied} is not.",
        }
