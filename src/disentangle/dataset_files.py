"""A generated dataset on disk: arrays, factors and a manifest that says what they are and what they are made of."""

from pathlib import Path
from typing import Any

import numpy as np

from disentangle import files
from disentangle.errors import InputError
from disentangle.views import Views

SPLITS = ("train", "test")
MANIFEST = "manifest.json"


def names() -> list[str]:
    """Return the files of a dataset, the manifest last."""
    return [name for split in SPLITS for name in (f"{split}_images.npy", f"{split}_factors.npz")] + [MANIFEST]


def write(folder: Path, splits: dict[str, Views], manifest: dict[str, Any]) -> None:
    """Write the arrays and, last, the manifest with the SHA-256 of each file."""
    for name, split in splits.items():
        files.write_array(folder / f"{name}_images.npy", split.images)
        files.write_arrays(folder / f"{name}_factors.npz", split.factors)
    hashes = {name: files.sha256(folder / name) for name in names() if name != MANIFEST}
    files.write_json(folder / MANIFEST, {**manifest, "files": hashes})


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read what a dataset is."""
    return files.read_json(folder / MANIFEST)


def read_factors(folder: Path, split: str) -> dict[str, np.ndarray]:
    """Read the factors of one split."""
    return files.read_arrays(folder / f"{split}_factors.npz")


def read(folder: Path, split: str) -> Views:
    """Read one split, its images memory-mapped; raises InputError if a file differs from the manifest."""
    hashes = read_manifest(folder)["files"]
    for name in (f"{split}_images.npy", f"{split}_factors.npz"):
        path = folder / name
        if not path.exists() or files.sha256(path) != hashes[name]:
            mend = f"Restore it (`dvc checkout {folder}`), or delete {folder} to make it anew."
            raise InputError(f"{path}: missing or damaged (it differs from {MANIFEST}). {mend}")
    return Views(files.read_array(folder / f"{split}_images.npy"), read_factors(folder, split))
