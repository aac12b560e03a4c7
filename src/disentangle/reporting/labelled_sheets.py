"""Sheets of labelled images that any study may show: samples of each domain, and each attribute varied."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing

from disentangle.cells import dataset_folder
from disentangle.data import dataset_files
from disentangle.reporting.drawing import listed
from disentangle.reporting.grid_sheets import evenly
from disentangle.reporting.results import Shown, stand_ins_of
from disentangle.reporting.sheets import coloured, sheet
from disentangle.streams import rng

DOMAINS, EACH = 6, 8
"""At most so many domains, and images of each, or values of an attribute, are shown."""


@dataclass(frozen=True)
class LabelledData:
    """A dataset of labelled images, as its figures show it."""

    dataset: str
    manifest: Mapping[str, Any]
    known: Mapping[str, Any]
    """The fields of a ``labelled.Labelled``."""

    @classmethod
    def of(cls, found: Shown) -> "LabelledData":
        """Return what was read with images and labels."""
        known = dataset_files.read_labelled(dataset_folder(found.scale, found.dataset))
        return cls(found.dataset, found.manifest, known)

    @property
    def labels(self) -> Mapping[str, np.ndarray]:
        """The values (N,) of the domain and of each attribute, by name."""
        found: Mapping[str, np.ndarray] = self.known["labels"]
        return found

    @property
    def domain(self) -> str:
        """What the domain is called."""
        return str(self.known["domain"])

    @property
    def attributes(self) -> list[str]:
        """What the attributes are called that have values."""
        return [name for name in self.labels if name != self.domain]

    def word(self, label: str, row: int) -> str:
        """Return what the value of a label is called of an image."""
        return str(self.known["values"][label][self.labels[label][row]])

    def words(self, rows: np.ndarray) -> dict[str, list[str]]:
        """Return what the values of every label are called of rows (N,)."""
        return {label: [self.word(label, row) for row in rows] for label in self.labels}

    def pictures(self, rows: np.ndarray) -> np.ndarray:
        """Return the images (N, S, S, 3) uint8 of rows (N,)."""
        return coloured(np.stack([self.known["images"][row] for row in rows]))


class Domains:
    """Images of each domain, drawn at random."""

    def table(self, subject: LabelledData) -> pd.DataFrame:
        """Return one row an image, from left to right and top to bottom: its row in the dataset, and its labels."""
        rows = by_domain(subject.labels[subject.domain])
        return pd.DataFrame({"row": rows} | subject.words(rows))

    def draw(self, subject: LabelledData, table: pd.DataFrame) -> Drawing:
        """Draw a line a domain."""
        pictures, lines, left = subject.pictures(table["row"].to_numpy()), [], []
        for word, own in table.groupby(subject.domain, sort=False):
            lines.append(pictures[own.index])
            left.append(str(word))
        return sheet(lines, left)

    def text(self, subject: LabelledData) -> dict[str, str]:
        """Return title, caption and alternative text."""
        domains = len(np.unique(subject.labels[subject.domain]))
        shown = f"{DOMAINS} of the {domains}" if domains > DOMAINS else f"the {domains}"
        name = subject.domain.replace("_", " ")
        return {
            "title": f"Samples of {subject.dataset} by domain",
            "caption": f"Images drawn at random, a line a domain: {shown} values of {name}. In all, "
            f"{len(subject.labels[subject.domain]):,} images. {_stand_ins(subject)}".strip(),
            "alt": f"Lines of small images of {subject.dataset}, each line of one {name}.",
        }


class Attributes:
    """Each attribute varied from one image, in its domain, a line an attribute."""

    def table(self, subject: LabelledData) -> pd.DataFrame:
        """Return one row an image: the attribute that is varied, the image's row in the dataset, and its labels.

        ``base`` marks the image that all lines share, ``others`` says whether all other attributes are as there.
        """
        found = varied(subject.labels, subject.domain)
        return found.assign(**subject.words(found["row"].to_numpy()))

    def draw(self, subject: LabelledData, table: pd.DataFrame) -> Drawing:
        """Draw a line an attribute, with a frame around the image that all share."""
        lines, left, framed = [], [], []
        for number, (name, own) in enumerate(table.groupby("attribute", sort=False)):
            size = len(subject.known["values"][name])
            lines.append(subject.pictures(own["row"].to_numpy()))
            left.append(f"{name}\n{size} values" if len(own) == size else f"{name}\n{len(own)} of {size} values")
            framed += [(number, int(place)) for place in np.flatnonzero(own["base"])]
        return sheet(lines, left, framed=framed)

    def text(self, subject: LabelledData) -> dict[str, str]:
        """Return title, caption and alternative text."""
        names = [name.replace("_", " ") for name in subject.attributes]
        numbers = [name.replace("_", " ") for name in subject.known["numbers"]]
        told = f"In each line one attribute is varied, of {listed(names)}" if names else "No attribute has values"
        measured = f" {listed(numbers).capitalize()} are numbers, which are not shown." if numbers else ""
        return {
            "title": f"The attributes of {subject.dataset}",
            "caption": f"{told}; the domain, {subject.domain.replace('_', ' ')}, is held, and so are other attributes "
            "where there is such an image: those of the framed one, which is in every line. What no label tells may "
            f"differ.{measured} {_stand_ins(subject)}".strip(),
            "alt": f"Lines of small images of {subject.dataset}, in one domain; along each line one attribute changes.",
        }


def by_domain(domain: np.ndarray) -> np.ndarray:
    """Return rows of at most ``EACH`` images, drawn at random, of at most ``DOMAINS`` domains (N,), one by one."""
    random, domains = rng(0, "samples"), np.unique(domain)
    shown = domains[evenly(len(domains), DOMAINS)]
    of_each = [random.permutation(np.flatnonzero(domain == value))[:EACH] for value in shown]
    return np.concatenate(of_each)


def varied(labels: Mapping[str, np.ndarray], domain: str) -> pd.DataFrame:
    """Return images of one domain that differ from one image in one attribute; see ``Attributes.table``.

    ``labels`` are values (N,) by name. The image is drawn at random. Of each value of an attribute it is the image that
    shares most other attributes with it, of several the nearest in the order of the dataset, as near images may share
    what no label tells.
    """
    base = int(rng(0, "attributes").integers(len(labels[domain])))
    within = np.flatnonzero(labels[domain] == labels[domain][base])
    attributes = [name for name in labels if name != domain]
    found = []
    for name in attributes:
        others = [other for other in attributes if other != name]
        shared = sum((labels[other][within] == labels[other][base] for other in others), np.zeros(len(within)))
        best = within[np.lexsort((np.abs(within - base), -shared))]
        values = shown_values(np.unique(labels[name][within]), labels[name][base])
        for value in values:
            row = int(best[labels[name][best] == value][0])
            same = all(labels[other][row] == labels[other][base] for other in others)
            found.append({"attribute": name, "value": int(value), "base": row == base, "others": same, "row": row})
    return pd.DataFrame(found, columns=["attribute", "value", "base", "others", "row"])


def shown_values(values: np.ndarray, base: int) -> np.ndarray:
    """Return at most ``EACH`` of the sorted values, evenly between the first and the last, that of ``base`` among them.

    It takes the place of the nearest of them.
    """
    shown: np.ndarray = values[evenly(len(values), EACH)]
    shown[np.abs(shown - base).argmin()] = base
    return shown


def _stand_ins(subject: LabelledData) -> str:
    text = stand_ins_of(subject.manifest).rstrip(".")
    return f"Stand-in data: {text}." if text else ""
