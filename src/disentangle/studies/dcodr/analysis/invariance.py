"""Tables 1 and 2: how far augmentations move what a plain autoencoder makes of an image."""

import functools
import math

import pandas as pd

from disentangle.reporting.layout import measured, quoted
from disentangle.reporting.statistics import POSITIVE
from disentangle.reporting.tables import markdown_table
from disentangle.studies.dcodr.analysis.results import DomainResults

AUGMENTATIONS = {
    "horizontal_flip": "Horizontal Flip",
    "vertical_flip": "Vertical Flip",
    "low_contrast": "Low Contrast",
    "low_brightness": "Low Brightness",
    "color_rotation": "Color Rotation",
    "random_erase": "Random Erase",
    "affine": "Affine Transformation",
    "grayscale": "GrayScale",
    "crop": "Crop",
    "high_brightness": "High Brightness",
    "high_contrast": "High Contrast",
    "high_saturation": "High Saturation",
    "gaussian_blur": "Gaussian Blurring",
}
"""Augmentations by the paper's names, in its order."""
MEASURES = ("f_norm", "f_unnorm")
PAPER_DATASETS = {"cars3d_by_car": "Cars3D", "edges2shoes": "Edges2Shoes", "celeba": "CelebA"}


@functools.lru_cache(maxsize=1)
def found(results: DomainResults) -> pd.DataFrame:
    """Return one row a cell, augmentation and measure; NaN where it is not defined."""
    rows = [
        (cell.cell.dataset, cell.cell.seed, augmentation, measure, math.nan if value is None else value)
        for cell in results.cells
        for augmentation, both in cell.run.get("invariance", {}).items()
        for measure, value in both.items()
    ]
    return pd.DataFrame(rows, columns=["dataset", "seed", "augmentation", "measure", "value"])


def averaged(table: pd.DataFrame) -> pd.DataFrame:
    """Return the means over datasets, seed by seed."""
    keys = ["seed", "augmentation", "measure"]
    return table.groupby(keys, sort=False)["value"].mean().reset_index()


def published(results: DomainResults, dataset: str) -> dict[tuple[str, str], tuple[float, str]]:
    """Return the paper's values of a dataset, or of its "Average", and their notes, by augmentation and measure."""
    table = results.published["augmentation_invariance"]
    rows = table[table["dataset"] == dataset].fillna({"note": ""}).to_dict("records")
    keys = {title: key for key, title in AUGMENTATIONS.items()}
    return {(keys[row["augmentation"]], measure): (row[measure], row["note"]) for row in rows for measure in MEASURES}


def table_of(found: pd.DataFrame, printed: dict[tuple[str, str], tuple[float, str]]) -> str:
    """Return a row an augmentation: published / ours of both measures, with the rank of each number in its column."""
    ours = found.groupby(["augmentation", "measure"])["value"].mean()
    ranks = {measure: ours.xs(measure, level="measure").rank() for measure in MEASURES} if len(found) else {}
    theirs = {
        measure: pd.Series({a: printed[a, m][0] for a, m in printed if m == measure}).rank() for measure in MEASURES
    }
    rows, notes = [], {}
    for augmentation, title in AUGMENTATIONS.items():
        row: list[str] = []
        for measure in MEASURES:
            own = found[(found["augmentation"] == augmentation) & (found["measure"] == measure)]["value"].to_list()
            value, note = printed.get((augmentation, measure), (math.nan, ""))
            if note:
                notes[note] = f"{title}: {note}."
            mark = "*" if note else ""
            rank = ranks.get(measure, pd.Series(dtype=float)).get(augmentation, math.nan)
            place = theirs[measure].get(augmentation, math.nan)
            row += [f"{quoted(value)}{mark} / {measured(own, POSITIVE)}", f"{_place(place)} / {_place(rank)}"]
        rows.append([title, *row])
    header = ["published / ours", "f_norm", "rank", "f_unnorm", "rank"]
    return "\n\n".join([markdown_table(header, rows), *(f"\\* {note}" for note in notes.values())])


def _place(rank: float) -> str:
    return "–" if math.isnan(rank) else f"{rank:g}"
