"""Parts of the pipeline for programs of one's own: trained models, and datasets as PyTorch has them."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from disentangle import files, registry
from disentangle.cells import RUNS, Cell, dataset_folder
from disentangle.data.dataset_files import MANIFEST
from disentangle.errors import InputError
from disentangle.pipeline import seals
from disentangle.pipeline.seals import Seal

if TYPE_CHECKING:
    import numpy as np

    from disentangle.data.torch_dataset import TorchDataset
    from disentangle.training.opened import Opened

CELL = "<scale>/<study>/<dataset>/<method>/lam=<lam>/seed=<seed>"


def load(cell: str | Path | Cell) -> "Opened":
    """Return the model of a trained cell: ``encode(images)`` and, where its method has a decoder, ``decode(codes)``.

    ``cell`` is its folder, such as ``data/runs/<scale>/<study>/<dataset>/<method>/lam=4/seed=0``, of this project or of
    another one by its full path. Its dataset must lie there too: it says which images are meant. The model is a
    ``torch.nn.Module`` on the CPU, in evaluation mode; ``run`` is what run.json tells of it, its status among it.

    Raises InputError for a folder that is none of a cell, a cell that is not trained, files that are not as their seal
    tells, and a dataset that is another one than the cell was trained on.
    """
    folder, project, place = _placed(cell)
    run, weights = folder / "run.json", folder / "checkpoint.safetensors"
    if not run.exists():
        raise InputError(f"{folder}: no trained cell lies there. Make it: snakemake --cores 1 {place}/codes.npz")
    _check_sealed(project, place / "codes.npz", weights, run)
    told = files.read_json(run)
    data = dataset_folder(told["cell"]["scale"], told["cell"]["dataset"])
    _check_made(project, data)
    family = registry.constant("methods", told["method"]["name"], "FAMILY")
    with _installed("load"):
        opened: Opened = registry.load("openings", family).opened(told, weights, project / data)
    return opened


def stored(cell: str | Path | Cell) -> dict[str, "np.ndarray"]:
    """Return the content of a cell's codes.npz; raises InputError where it is not that of the model beside it."""
    folder, project, place = _placed(cell)
    _check_sealed(project, place / "codes.npz", folder / "codes.npz")
    return files.read_arrays(folder / "codes.npz")


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
    _check_made(Path(), folder)
    return TorchDataset(folder)


def _placed(cell: str | Path | Cell) -> tuple[Path, Path, Path]:
    """Return the folder of a cell as it is given, the project that it is of, and its place there."""
    folder = cell.folder if isinstance(cell, Cell) else Path(cell)
    # Links stay as they are: data/runs may be one, to a bigger disk.
    whole = Path(os.path.normpath(folder.absolute()))
    # Of ``RUNS`` and what names a cell.
    place = Path(*whole.parts[-len(RUNS.parts) - CELL.count("/") - 1 :])
    if place.parts[: len(RUNS.parts)] != RUNS.parts:
        raise InputError(f"{folder}: not the folder of a cell; allowed: {RUNS}/{CELL}.")
    return folder, whole.parents[len(place.parts) - 1], place


def _check_made(project: Path, folder: Path) -> None:
    """Raise InputError unless the manifest of a dataset is as its seal tells; the manifest tells of all other files."""
    manifest = folder / MANIFEST
    if not (project / manifest).exists():
        raise InputError(f"{project / folder}: not generated yet. Make it: snakemake --cores 1 {manifest}")
    _sealed(manifest, project / manifest)


def _check_sealed(project: Path, target: Path, *paths: Path) -> None:
    """Raise InputError unless files of one seal are as it tells, and made of what lies in the project today."""
    for name, sha256 in _sealed(target, *paths).read.items():
        if (project / name).exists() and not files.sha256(project / name).startswith(sha256):
            raise InputError(f"{paths[0]}: made of another {name} than there is. {_again(target)}")


def _sealed(target: Path, *paths: Path) -> Seal:
    """Return the seal of files, named by the first; raises InputError where there is none, or one is not as it tells.

    ``target`` is what Snakemake is asked for to make them anew.
    """
    told = seals.read(paths[0].with_suffix(".seal"))
    if told is None:
        raise InputError(f"{paths[0]}: not finished: it has no seal. {_again(target)}")
    for path in paths:
        if files.sha256(path) != told.files.get(path.name):
            raise InputError(f"{path}: not as its seal tells. {_again(target)}")
    return told


def _again(target: Path) -> str:
    return f"Make it anew: snakemake --cores 1 {target}"


@contextlib.contextmanager
def _installed(of: str) -> Iterator[None]:
    """Raise InputError that says which extra brings what is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        needed = f"`disentangle.{of}` needs {error.name}, which is not installed"
        raise InputError(f"{needed}: pip install 'disentangle-bench[pipeline]'.") from None
