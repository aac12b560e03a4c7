"""How the studies differ in what the pipeline does for them; each paper's experiment is one."""

from dataclasses import dataclass
from pathlib import Path

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
    reported: tuple[str, ...]
    """What reports read of a cell."""
    evaluated: tuple[str, ...]
    """The stages that evaluate a cell's codes."""


_TRAINED = ("run.json", "timing.json", "history.csv")
STUDIES = {
    "burns": Study(
        "Burns et al. 2021",
        "Unsupervised disentanglement without autoencoding, reproduced",
        "The tables of Burns et al. 2021 (arXiv 2108.06613) beside ours, with the controls it lacks, its figures drawn "
        "from our data and runs, and its claims put to the test.",
        REPORTS / "index.html",
        "contrastive",
        "r and z of view 0",
        (*_TRAINED, "probe.json", "metrics.json"),
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
        (*_TRAINED, "metrics.json"),
        ("measure",),
    ),
}
