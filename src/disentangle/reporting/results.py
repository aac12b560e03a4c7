"""The results of some cells as data: what every report starts from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from disentangle.cells import Cell


@dataclass(frozen=True)
class CellResult:
    """One cell with the content of its run.json, timing.json, probe.json, metrics.json and history.csv."""

    cell: Cell
    run: dict[str, Any]
    timing: dict[str, Any]
    probe: dict[str, Any]
    metrics: dict[str, Any]
    history: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Results:
    """All a report reads: its cells in order, the manifests of their datasets, the paper's own numbers.

    Compared by identity, so that what follows from thousands of cells is computed once.
    """

    scale: str
    cells: tuple[CellResult, ...]
    manifests: dict[str, dict[str, Any]]
    published: dict[str, pd.DataFrame]
    """The paper's tables by the name of their file in the study's folder ``published``."""
    revision: str
    """Git revision of the code that renders."""
    listed: Mapping[str, Sequence[str]]
    """The names under ``probes`` and ``metrics`` of the study, in the order of params.yaml."""

    def datasets(self) -> list[str]:
        """Return the datasets that there are cells of."""
        return list(dict.fromkeys(cell.cell.dataset for cell in self.cells))

    def is_stand_in(self, dataset: str) -> bool:
        """Say whether a dataset is, in any part, not the paper's."""
        return any(part["STAND_IN"] for part in self.manifests[dataset]["made_of"].values())

    def title(self, dataset: str) -> str:
        """Return a dataset's name, marked where it is a stand-in."""
        return f"{dataset} (stand-in)" if self.is_stand_in(dataset) else dataset

    def stand_ins(self) -> str:
        """Return what stands in for the paper's data, a sentence for datasets alike; empty where there is none."""
        alike: dict[str, list[str]] = {}
        for name, manifest in self.manifests.items():
            alike.setdefault(stand_ins_of(manifest).rstrip("."), []).append(name)
        return " ".join(f"Stand-in in {', '.join(names)}: {text}." for text, names in alike.items() if text)


@dataclass(frozen=True, eq=False)
class Shown:
    """All a figure reads: a dataset, or the cells of one method on it."""

    scale: str
    dataset: str
    manifest: dict[str, Any]
    method: str | None
    """The entry under ``methods``; None where the dataset itself is shown."""
    cells: tuple[CellResult, ...]
    files: Sequence[str]
    """What the figure asked for of each cell; its CellResults hold what of it is a table or JSON."""
    listed: Mapping[str, Sequence[str]]
    """The names under ``probes`` and ``metrics`` of the study, in the order of params.yaml."""
    metrics: Mapping[str, Mapping[str, Any]]
    """The options of the study's metrics; a figure that reads them reads metrics.json too, which rests on them."""


def stand_ins_of(manifest: Mapping[str, Any]) -> str:
    """Return what the parts of a dataset stand in for; empty where all are the paper's."""
    return "; ".join(part["STAND_IN"] for part in manifest["made_of"].values() if part["STAND_IN"])


def paper_methods(published: Mapping[str, pd.DataFrame]) -> frozenset[str]:
    """Return the method files that a paper has numbers of: what the columns ``method`` of its tables name."""
    return frozenset().union(*(table["method"] for table in published.values() if "method" in table))
