"""How the studies differ in what the pipeline does for them; each paper's experiment is one."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from disentangle.cells import REPORTS


@dataclass(frozen=True)
class Study:
    """One paper's experiment."""

    paper: str
    """Authors and year, as reports name it."""
    title: str
    """Of its page."""
    lead: str
    """What its page shows."""
    page: Path
    """Where the page lies that holds its reports and figures; they lie beside it."""
    family: str
    """File name in families/: how its cells are trained and encoded. Its methods tell the same FAMILY."""
    codes: str
    """What a cell is encoded to."""
    evaluated: tuple[str, ...]
    """The stages that evaluate a cell's codes, of EVALUATIONS."""

    @property
    def reported(self) -> tuple[str, ...]:
        """What reports read of a cell."""
        return ("run.json", "timing.json", "history.csv", *(EVALUATIONS[stage].file for stage in self.evaluated))


class Evaluation(NamedTuple):
    """A stage that evaluates codes."""

    plugins: str
    """The key of a study, and the folder, of what it evaluates with."""
    file: str
    """What it writes."""


EVALUATIONS = {"probe": Evaluation("probes", "probe.json"), "measure": Evaluation("metrics", "metrics.json")}
STUDIES = {
    "burns": Study(
        "Burns et al. 2021",
        "Unsupervised disentanglement without autoencoding, reproduced",
        "The tables of Burns et al. 2021 (arXiv 2108.06613) beside ours, with the controls it lacks, its figures drawn "
        "from our data and runs, and its claims put to the test.",
        REPORTS / "index.html",
        "contrastive",
        "r and z of view 0",
        ("probe", "measure"),
    ),
    "locatello": Study(
        "Locatello et al. 2019",
        "Common assumptions in unsupervised disentanglement, challenged anew",
        "The five key results of Locatello et al. 2019 (arXiv 1811.12359) on our own models: published numbers beside "
        "ours, its theorem as a program, and its claims put to the test.",
        REPORTS / "locatello" / "index.html",
        "vae",
        "mean and log-variance of every image of the grid",
        ("measure",),
    ),
}
