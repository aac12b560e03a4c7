"""Parts of the pipeline for programs of one's own: trained models, and datasets as PyTorch has them."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from disentangle import files, registry
from disentangle.cells import RUNS, Cell, dataset_folder
from disentangle.data.dataset_files import MANIFEST
from disentangle.errors import InputError

if TYPE_CHECKING:
    from disentangle.data.torch_dataset import TorchDataset
    from disentangle.training.opened import Opened

CELL = "<scale>/<study>/<dataset>/<method>/lam=<lam>/seed=<seed>"


def load(cell: str | Path | Cell) -> "Opened":
    """Return the model of a trained cell: ``encode(images)`` and, where its method has a decoder, ``decode(codes)``.

    ``cell`` is its folder, such as ``data/runs/<scale>/<study>/<dataset>/<method>/lam=4/seed=0``, of this project or of
    another one by its full path. Its dataset must lie there too: it says which images are meant. The model is a
    ``torch.nn.Module`` on the CPU, in evaluation mode; ``run`` is what run.json tells of it, its status among it.

    Raises InputError for a folder that is none of a cell, a cell that is not trained, and damaged files.
    """
    folder = cell.folder if isinstance(cell, Cell) else Path(cell)
    # Of ``RUNS`` and what names a cell.
    place = folder.absolute().parts[-len(RUNS.parts) - CELL.count("/") - 1 :]
    if place[: len(RUNS.parts)] != RUNS.parts:
        raise InputError(f"{folder}: not the folder of a cell; allowed: {RUNS}/{CELL}.")
    run, weights = folder / "run.json", folder / "checkpoint.safetensors"
    if not run.exists():
        raise InputError(f"{folder}: no trained cell lies there. Make it: snakemake --cores 1 {Path(*place)}/codes.npz")
    told = files.read_json(run)
    project = folder.absolute().parents[len(place) - 1]
    data = project / dataset_folder(told["cell"]["scale"], told["cell"]["dataset"])
    _check_made(data)
    family = registry.constant("methods", told["method"]["name"], "FAMILY")
    with _installed("load"):
        opened: Opened = registry.load("openings", family).opened(told, weights, data)
    return opened


def dataset(name: str, scale: str | None = None) -> "TorchDataset":
    """Return a generated dataset of this project as a ``torch.utils.data.Dataset`` of images and factors.

    ``scale`` is by default the one that params.yaml builds. Raises InputError for a dataset that params.yaml does not
    have or that is not generated yet.
    """
    with _installed("dataset"):
        from disentangle.data.torch_dataset import TorchDataset
        from disentangle.pipeline import params
    if scale is None:
        scale = params.load().scale
    folder = dataset_folder(scale, name)
    if not (folder / MANIFEST).exists():
        params.load().dataset(scale, name)
    _check_made(folder)
    return TorchDataset(folder)


def _check_made(folder: Path) -> None:
    if not (folder / MANIFEST).exists():
        raise InputError(f"{folder}: not generated yet. Make it: snakemake --cores 1 {folder / MANIFEST}")


@contextlib.contextmanager
def _installed(of: str) -> Iterator[None]:
    """Raise InputError that says which extra brings what is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        needed = f"`disentangle.{of}` needs {error.name}, which is not installed"
        raise InputError(f"{needed}: pip install 'disentangle-bench[pipeline]'.") from None
