"""What becomes of images that a model encodes and decodes again."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing

from disentangle.cells import format_lam
from disentangle.data.grid import values_of
from disentangle.reporting.grid_images import pictures
from disentangle.reporting.layout import number
from disentangle.reporting.picked import columns_of, described, mig_of
from disentangle.reporting.results import CellResult
from disentangle.reporting.sheets import sheet
from disentangle.streams import rng
from disentangle.studies.locatello.analysis.results import method_title
from disentangle.studies.locatello.analysis.subject import CODE, Subject

SECTION = "Images decoded"
NEEDS = {
    "of": "every method",
    "without": ["untrained"],
    "files": ["run.json", "metrics.json", "checkpoint.safetensors"],
    "seeds": None,
}
"""It shows the best, the median and the worst model of a method, and reads these files of each."""
SHOWN = 7


@dataclass(frozen=True)
class Figure:
    """The true images above, and a line a model."""

    def table(self, subject: Subject) -> pd.DataFrame:
        """Return one row a (model, image): its factors, and the mean squared error of its pixels."""
        rows, grid = _rows(subject), subject.images.grid
        factors = dict(zip(grid.sizes, values_of(rows, grid.sizes).T, strict=True))
        tables = []
        for rank, result in subject.picked:
            true, rebuilt = _images(subject, result)
            known = columns_of(rank, result)
            error = np.square(true - rebuilt).mean((1, 2, 3))
            tables.append(pd.DataFrame({**known, "row": rows, "squared_error": error, **factors}))
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame({"model": []})

    def draw(self, subject: Subject, table: pd.DataFrame) -> Drawing:  # noqa: ARG002
        """Draw the images in lines."""
        found = [_images(subject, result) for _, result in subject.picked]
        lines = [found[0][0], *(rebuilt for _, rebuilt in found)] if found else []
        names = ["true", *(_name(*shown) for shown in subject.picked)]
        return sheet([pictures(line) for line in lines], names[: len(lines)])

    def text(self, subject: Subject) -> dict[str, str]:
        """Return title, caption and alternative text."""
        of = f"{method_title(str(subject.method))} on {subject.dataset}"
        random = " All models are given the same observation of an image." if subject.images.random else ""
        models = described(subject.picked, subject.cells)
        return {
            "title": f"Reconstructions by {of}",
            "caption": f"Images drawn at random, and below them the means of p(x | z) at the means of their codes, of "
            f"{models}.{random}",
            "alt": f"A line of {SHOWN} true images, and below it their reconstructions by {models}.",
        }


def _name(rank: str, result: CellResult) -> str:
    """Return what a model is called, on two lines."""
    mig = mig_of(result, CODE)
    told = rank if mig is None else f"{rank}, MIG {number(mig, 2)}"
    return f"{told}\nλ = {format_lam(result.cell.lam)}, seed {result.cell.seed}"


def _rows(subject: Subject) -> np.ndarray:
    count = len(subject.images.grid.images)
    return rng(0, "reconstructions").choice(count, min(count, SHOWN), replace=False)


def _images(subject: Subject, result: CellResult) -> tuple[np.ndarray, np.ndarray]:
    """Return the images as a model sees them, and what it makes of them, (n, S, S, C) in [0, 1] both."""
    images, model = subject.images.stored(_rows(subject)), subject.opened(result)
    return model.observed(images).numpy(), model.decode(model.encode(images)[model.decoded]).numpy()
