"""Burns 2021, Fig. 1: the eight locations of a digit, on generated images."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Rectangle

from disentangle.data.digit_scene import DIGIT, LOCATIONS, SCENE
from disentangle.reporting.drawing import COLOURS, panels, show_image
from disentangle.studies.burns.analysis.subject import Subject

SECTION = "Data"
NEEDS = {"of": "the first dataset", "files": [], "seeds": 0}
"""It shows a dataset, and reads no cell."""
MARKED = {3: COLOURS[0], 5: COLOURS[2]}
"""The paper boxes locations 3 in blue and 5 in green (counted from 1); the others get a thin box here."""


@dataclass(frozen=True)
class Figure:
    """One test image a location, laid out as the locations are, with the digit's box."""

    def table(self, subject: Subject) -> pd.DataFrame:
        """Return the first test image at each location, and the box of its digit in pixels of the image."""
        location = subject.views.factors["DL"][:, 0]
        scale = subject.views.images.shape[2] / SCENE
        rows = []
        for place, (y, x) in enumerate(LOCATIONS):
            found = np.flatnonzero(location == place)
            image = int(found[0]) if len(found) else -1
            box = {"left": x * scale, "top": y * scale, "side": DIGIT * scale}
            rows.append({"location": place + 1, "test_image": image, **box})
        return pd.DataFrame(rows)

    def draw(self, subject: Subject, table: pd.DataFrame) -> Drawing:
        """Draw two rows of four images."""
        figure, axes = panels(2, 4, 1.5, 1.7)
        for ax, row in zip(axes[0] + axes[1], table.to_dict("records"), strict=True):
            if row["test_image"] < 0:
                ax.set_axis_off()
                continue
            show_image(ax, subject.views.images[row["test_image"], 0], f"location {row['location']}")
            marked = row["location"] in MARKED
            colour, width = MARKED.get(row["location"], "white"), 2.0 if marked else 0.8
            corner = (row["left"] - 0.5, row["top"] - 0.5)
            ax.add_patch(Rectangle(corner, row["side"], row["side"], fill=False, edgecolor=colour, linewidth=width))
        return figure

    def text(self, subject: Subject) -> dict[str, str]:
        """Return title, caption and alternative text."""
        return {
            "title": "Fig. 1: the locations of a digit",
            "caption": f"The first test image of {subject.dataset} at each of the eight locations, with the box of its "
            f"digit; the paper boxes 3 and 5. {subject.images_are}",
            "alt": "Eight small images in two rows of four; in each a handwritten digit lies in a box, whose place "
            "moves from the upper left to the lower right.",
        }
