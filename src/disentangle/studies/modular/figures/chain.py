"""A chain of edits of one image, ours beside the true images, as a strip and as frames that move."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing
from PIL import Image, ImageDraw, ImageFont

from disentangle.reporting.drawing import panels
from disentangle.reporting.sheets import GAP, coloured, mosaic
from disentangle.studies.modular.analysis.subject import Subject, show

SECTION = "Edits"
NEEDS = {
    "of": "every method",
    "methods": ["modular", "weak", "few_labels", "zerodim"],
    "files": ["run.json", "codes.npz"],
    "seeds": 1,
}
"""It shows a method that can edit, and reads these files of its first seed."""
ANIMATED = True
SECONDS = 0.9
SIDE, ABOVE = 160, 22
"""Pixels of an image in a frame, about, and of the words above it."""


@dataclass(frozen=True)
class Figure:
    """Frame by frame, what became of an image and what should have."""

    def table(self, subject: Subject) -> pd.DataFrame:
        """Return one row a frame: the relation, the row of the true image, and its factors."""
        rows = subject.codes["chain_rows"]
        known = {"frame": np.arange(len(rows)), "relation": _names(subject), "row": rows}
        return pd.DataFrame(known | dict(zip(subject.sizes, subject.values(rows).T, strict=True)))

    def draw(self, subject: Subject, table: pd.DataFrame) -> Drawing:
        """Draw all frames side by side, ours above the true images."""
        ours, true = _pictures(subject)
        figure, axes = panels(1, 1, 0.7 * len(ours) + 0.5, 1.9)
        show(axes[0][0], np.stack([ours, true]), table["relation"].to_list())
        side = ours.shape[1]
        axes[0][0].set_yticks([side / 2, side * 3 / 2 + GAP], ["ours", "true"])
        return figure

    def frames(self, subject: Subject, table: pd.DataFrame) -> tuple[np.ndarray, float]:
        """Return the frames (L, H, W, 3) uint8, ours on the left, the true image on the right; and seconds of each."""
        font = ImageFont.load_default(13)
        found = []
        for ours, true, name in zip(*_pictures(subject), table["relation"], strict=True):
            times = max(1, SIDE // len(ours))
            pair = mosaic(np.stack([ours, true])[None].repeat(times, axis=2).repeat(times, axis=3), gap=8)
            frame = np.full((pair.shape[0] + ABOVE, pair.shape[1], 3), 255, np.uint8)
            frame[ABOVE:] = pair
            picture = Image.fromarray(frame)
            draw, right = ImageDraw.Draw(picture), pair.shape[1] - times * len(ours)
            draw.text((2, 3), name.replace("_", " "), "black", font)
            draw.text((right + 2, 3), "true", "black", font)
            found.append(np.asarray(picture))
        return np.stack(found), SECONDS

    def text(self, subject: Subject) -> dict[str, str]:
        """Return title, caption and alternative text."""
        return {
            "title": f"A chain of edits by {subject.title}",
            "caption": "One test image is encoded, and its code edited again and again, each time by the relation that "
            "is named, without another look at an image; beside it the true image. First seed.",
            "alt": f"Pairs of images, ours and the true one, after each of {len(_names(subject)) - 1} edits.",
        }


def _names(subject: Subject) -> list[str]:
    """Return the relation that each frame follows; the first is a reconstruction."""
    asked = subject.codes["chain_relation"]
    return [subject.relations[number].name if number >= 0 else "rebuilt" for number in asked]


def _pictures(subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    """Return ours and the true images, (L, S, S, 3) both."""
    return coloured(subject.codes["chain"]), subject.pictures(subject.codes["chain_rows"])
