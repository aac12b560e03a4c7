"""A generated dataset on disk: arrays, and a manifest that says what they are and what they are made of."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from disentangle import files
from disentangle.data.dataset_checks import check_grid, check_labelled, check_views
from disentangle.data.views import Views
from disentangle.errors import InputError

SPLITS = ("train", "test")
"""Of view pairs; a factor grid is whole."""
USES = ("train", "fit", "test")
"""Of labelled images: what each may be used for."""
MANIFEST = "manifest.json"
"""Written last: where it is, the dataset is complete."""


def write(folder: Path, splits: Mapping[str, Views], manifest: Mapping[str, Any]) -> None:
    """Write view pairs: ``<split>_images.npy`` and ``<split>_factors.npz`` of each split, and the manifest.

    This and the next two raise InputError, before anything is written, for what is not as ``dataset_checks`` has it.
    """
    with _of(manifest):
        for name, split in splits.items():
            check_views(name, split.images, split.factors)
    images = {f"{name}_images.npy": split.images for name, split in splits.items()}
    _write(folder, images, {f"{name}_factors.npz": split.factors for name, split in splits.items()}, manifest)


def write_grid(folder: Path, grid: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
    """Write the fields of a ``grid.Grid``: ``images.npy``, ``shared.npz``, and in the manifest all others."""
    with _of(manifest):
        check_grid(grid["images"], grid["sizes"], grid["shape"], grid["binary"])
    # A list, as JSON is written with sorted keys and the order of the factors is that of the grid.
    known = {"sizes": [[*size] for size in grid["sizes"].items()], "shape": [*grid["shape"]]}
    known |= {"binary": grid["binary"], "nuisance": [*grid["nuisance"]]}
    arrays = {"images.npy": grid["images"]}
    _write(folder, arrays, {"shared.npz": grid["shared"]}, {**manifest, "grid": known})


def write_labelled(folder: Path, images: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
    """Write the fields of a ``labelled.Labelled``: ``images.npy``, ``labels.npz``, and in the manifest all others."""
    with _of(manifest):
        check_labelled(images)
    known = {
        "domain": images["domain"],
        "values": [[name, [*values]] for name, values in images["values"].items()],  # a list, to keep the order
        "margins": {**images["margins"]},
        "numbers": [*images["numbers"]],
        "shape": [*images["images"].shape[1:]],
    }
    arrays = {use: images[use] for use in USES}
    arrays |= {f"{kind} {name}": found for kind in ("labels", "numbers") for name, found in images[kind].items()}
    _write(folder, {"images.npy": images["images"]}, {"labels.npz": arrays}, {**manifest, "labelled": known})


@contextlib.contextmanager
def _of(manifest: Mapping[str, Any]) -> Iterator[None]:
    """Let a message begin with the dataset and the generator that it is of."""
    try:
        yield
    except InputError as error:
        generator = manifest.get("definition", {}).get("generator", "unknown")
        raise InputError(f"dataset '{manifest.get('dataset', '')}', of generator '{generator}': {error}") from None


def _write(
    folder: Path,
    arrays: Mapping[str, np.ndarray],
    archives: Mapping[str, Mapping[str, np.ndarray]],
    manifest: Mapping[str, Any],
) -> None:
    for name, array in arrays.items():
        files.write_array(folder / name, array)
    for name, archive in archives.items():
        files.write_arrays(folder / name, archive)
    hashes = {name: files.sha256(folder / name) for name in (*arrays, *archives)}
    files.write_json(folder / MANIFEST, {**manifest, "files": hashes})


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read what a dataset is."""
    return files.read_json(folder / MANIFEST)


def read_shape(folder: Path) -> tuple[int, int, int]:
    """Read height, width and channels of a dataset's images, whatever kind it is of."""
    manifest = read_manifest(folder)
    known = manifest.get("grid") or manifest.get("labelled")
    shape = known["shape"] if known else files.read_array(folder / f"{SPLITS[0]}_images.npy").shape[2:]
    height, width, channels = shape
    return height, width, channels


def read_factors(folder: Path, split: str) -> dict[str, np.ndarray]:
    """Read the factors of one split of view pairs; raises InputError if the file differs from the manifest."""
    _verify(folder, f"{split}_factors.npz")
    return files.read_arrays(folder / f"{split}_factors.npz")


def read(folder: Path, split: str) -> Views:
    """Read one split of view pairs, its images memory-mapped.

    Raises InputError if a file differs from the manifest.
    """
    _verify(folder, f"{split}_images.npy")
    return Views(files.read_array(folder / f"{split}_images.npy"), read_factors(folder, split))


def read_grid(folder: Path) -> dict[str, Any]:
    """Read the fields of a ``grid.Grid``, its images memory-mapped.

    Raises InputError if a file differs from the manifest.
    """
    _verify(folder, "images.npy")
    return {"images": files.read_array(folder / "images.npy"), **read_known(folder)}


def read_known(folder: Path) -> dict[str, Any]:
    """Read what is known of a grid: the fields of a ``grid.Grid`` but for the images themselves.

    Raises InputError if the file differs from the manifest.
    """
    _verify(folder, "shared.npz")
    known = read_manifest(folder)["grid"]
    tuples = {key: tuple(known[key]) for key in ("shape", "nuisance")}
    shared = files.read_arrays(folder / "shared.npz")
    return {"shared": shared, **tuples, "sizes": dict(known["sizes"]), "binary": known["binary"]}


def read_labelled(folder: Path) -> dict[str, Any]:
    """Read the fields of a ``labelled.Labelled``, its images memory-mapped.

    Raises InputError if a file differs from the manifest.
    """
    _verify(folder, "images.npy")
    return {"images": files.read_array(folder / "images.npy"), **read_labels(folder)}


def read_labels(folder: Path) -> dict[str, Any]:
    """Read what is known of labelled images: the fields of a ``labelled.Labelled`` but for the images themselves.

    Raises InputError if the file differs from the manifest.
    """
    _verify(folder, "labels.npz")
    known, arrays = read_manifest(folder)["labelled"], files.read_arrays(folder / "labels.npz")
    values = {name: tuple(names) for name, names in known["values"]}
    return {
        "labels": {name: arrays[f"labels {name}"] for name in values},
        "values": values,
        "numbers": {name: arrays[f"numbers {name}"] for name in known["numbers"]},
        **{key: known[key] for key in ("domain", "margins")},
        **{use: arrays[use] for use in USES},
    }


def _verify(folder: Path, *names: str) -> None:
    hashes = read_manifest(folder)["files"]
    for name in names:
        path = folder / name
        if not path.exists() or files.sha256(path) != hashes[name]:
            raise InputError(f"{path}: missing or damaged: it differs from {MANIFEST}. Run again to make it anew.")
