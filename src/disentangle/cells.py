"""A cell is one training run; here is the one place that spells its folder and its lam."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

DATASETS = Path("data/datasets")
RUNS = Path("data/runs")
RESUME = Path("data/resume")
REPORTS = Path("reports")
TRAINED = ("checkpoint.safetensors", "history.csv", "run.json", "timing.json")
"""What a training leaves in its cell's folder."""


def format_lam(lam: float) -> str:
    """Return the shortest text that reads back as the same number: ``0``, ``0.001``, ``10``."""
    return str(int(lam)) if lam == int(lam) else repr(float(lam))


@dataclass(frozen=True, order=True)
class Cell:
    """One (scale, study, dataset, method, lam, seed)."""

    scale: str
    study: str
    dataset: str
    method: str
    lam: float
    seed: int

    @cached_property
    def name(self) -> Path:
        """The cell's path below any folder that holds cells."""
        lam, seed = f"lam={format_lam(self.lam)}", f"seed={self.seed}"
        return Path(self.scale, self.study, self.dataset, self.method, lam, seed)

    @cached_property
    def folder(self) -> Path:
        """Where the cell's results lie, relative to the project."""
        return RUNS / self.name

    @property
    def resume(self) -> Path:
        """The checkpoint of an unfinished training; it is no result, so DVC does not version it."""
        return RESUME / self.name.with_suffix(".pt")

    @property
    def ahead(self) -> Path:
        """Where results lie that another cell's job made beside its own; the cell's own job moves them."""
        return RESUME / self.name

    def __str__(self) -> str:
        return f"{self.dataset}/{self.method} lam={format_lam(self.lam)} seed={self.seed}"


def dataset_folder(scale: str, dataset: str) -> Path:
    """Return where a generated dataset lies, relative to the project."""
    return DATASETS / scale / dataset
