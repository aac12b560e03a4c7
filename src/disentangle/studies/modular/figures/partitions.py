"""Each latent partition on its two main axes, coloured by every factor, with the components of its prior."""

from collections.abc import Iterator
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Ellipse

from disentangle.reporting.drawing import panels
from disentangle.reporting.projection import MainAxes
from disentangle.streams import rng
from disentangle.studies.modular.analysis.subject import Subject

SECTION = "Latent partitions"
NEEDS = {
    "of": "every method",
    "methods": ["modular", "weak"],
    "files": ["run.json", "codes.npz"],
    "seeds": 1,
}
"""It shows a method with a prior, and reads these files of its first seed."""
POINTS = 600
MOST_ELLIPSES = 40
"""Components of a partition, beyond which ellipses would hide the points."""


@dataclass(frozen=True)
class Figure:
    """A row a partition, a column a factor."""

    def table(self, subject: Subject) -> pd.DataFrame:
        """Return one row a (partition, test image): where it lies on the partition's main axes, and its factors."""
        shown = rng(0, "points").permutation(len(subject.codes["rows"]))[:POINTS]  # the first of a grid are alike
        rows = subject.codes["rows"][shown]
        factors = dict(zip(subject.sizes, subject.values(rows).T, strict=True))
        tables = []
        for part, codes in enumerate(parts_of(subject)):
            places = MainAxes.of(codes).places(codes[shown]).round(4)
            known = {"partition": part, "row": rows, "first": places[:, 0], "second": places[:, 1]}
            tables.append(pd.DataFrame(known | factors))
        return pd.concat(tables, ignore_index=True)

    def draw(self, subject: Subject, table: pd.DataFrame) -> Drawing:
        """Draw a point a test image, and the 1- and 2-sigma ellipses of components where they are of the factor."""
        parts = parts_of(subject)
        figure, axes = panels(len(parts), len(subject.sizes), 1.9, 2.0)
        for part, (line, codes) in enumerate(zip(axes, parts, strict=True)):
            points, main = table[table["partition"] == part], MainAxes.of(codes)
            for place, (ax, factor) in enumerate(zip(line, subject.sizes, strict=True)):
                ax.scatter(
                    points["first"],
                    points["second"],
                    c=colours(points[factor].to_numpy()),
                    s=3,
                    linewidths=0,
                    rasterized=True,
                )
                _ellipses(ax, subject, part, place, main)
                ax.set(xticks=[], yticks=[])
                if part == 0:
                    ax.set_title(f"by {factor.replace('_', ' ')}")
                if len(parts) > 1 and part == place:
                    for spine in ax.spines.values():
                        spine.set(visible=True, linewidth=1.6)
            line[0].set_ylabel(f"of {[*subject.sizes][part].replace('_', ' ')}" if len(parts) > 1 else "the code")
            for ax in line:  # where ellipses are drawn the limits are wider
                widest = line[part if len(parts) > 1 else 0]
                ax.set(xlim=widest.get_xlim(), ylim=widest.get_ylim())
        return figure

    def text(self, subject: Subject) -> dict[str, str]:
        """Return title, caption and alternative text."""
        parts, factors = len(parts_of(subject)), ", ".join(subject.sizes)
        of = f"{parts} partitions, one for each of {factors}" if parts > 1 else f"one code for {factors}"
        drawn = any(True for part in range(parts) for _ in _components(subject, part))
        framed = " The framed panels are of a partition and the factor that it is for." if parts > 1 else ""
        ellipses = " Ellipses: the prior's components, at 1 and 2 deviations." if drawn else ""
        return {
            "title": f"Codes of {subject.title}",
            "caption": "Codes of test images on the two main axes of each partition, coloured by the true value of "
            f"each factor.{framed}{ellipses} First seed.",
            "alt": f"Scatter plots of {of}: where a partition carries a factor, points of one colour lie together.",
        }


def parts_of(subject: Subject) -> list[np.ndarray]:
    """Return the codes (T, d) of each partition: those that the prior has components of."""
    return np.split(subject.codes["codes"], np.cumsum(subject.widths)[:-1], axis=1)


def colours(values: np.ndarray) -> np.ndarray:
    """Return a colour (N, 4) a value: ten that are told apart, then the same again."""
    return np.asarray(mpl.colormaps["tab10"](values % 10))


def ellipse(mean: np.ndarray, covariance: np.ndarray, deviations: float) -> Ellipse:
    """Return the ellipse of a normal distribution of two dimensions at so many deviations, its longer axis first."""
    values, vectors = np.linalg.eigh(covariance)
    width, height = 2 * deviations * np.sqrt(np.maximum(values[::-1], 0))
    angle = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))
    return Ellipse((mean[0], mean[1]), width, height, angle=angle, fill=False)


def _components(subject: Subject, part: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield number, mean and covariance of a partition's components that are known, unless there are too many."""
    means, covariances = subject.codes[f"mean_{part}"], subject.codes[f"covariance_{part}"]
    if len(means) <= MOST_ELLIPSES:
        for number in np.flatnonzero(np.isfinite(means).all(axis=1)):
            yield int(number), means[number], covariances[number]


def _ellipses(ax: Axes, subject: Subject, part: int, place: int, main: MainAxes) -> None:
    """Draw the components of a partition where they are of the factor in this place, in the colour of its value."""
    sizes = [*subject.sizes.values()]
    whole = "mean_1" not in subject.codes
    if (not whole and part != place) or not np.isfinite(main.centre).all():
        return
    for number, mean, covariance in _components(subject, part):
        value = np.unravel_index(number, sizes)[place] if whole else number  # the last factor is the fastest
        for deviations in (1, 2):
            drawn = ellipse(main.places(mean), main.spreads(covariance), deviations)
            drawn.set(edgecolor=colours(np.array([value]))[0], linewidth=1.8 / deviations)
            ax.add_patch(drawn)
