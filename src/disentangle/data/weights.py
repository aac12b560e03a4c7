"""Files of pre-trained weights: checked against what is published, then read as names and tensors."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from disentangle.data.download import checksum_of, verify
from disentangle.data.foreign import reading
from disentangle.errors import InputError


def read(archive: Mapping[str, Any], instead: str) -> dict[str, Any]:
    """Return the content of one of a plugin's ARCHIVES, its tensors on the CPU.

    Raises InputError that names a missing or damaged file, where to get it, and what needs no file (``instead``).
    """
    advice = f"Run 'python -m disentangle fetch {archive['path']}', put {archive['url']} there, or use {instead}."
    return _read(Path(archive["path"]), *checksum_of(archive), advice)


def read_packaged(package: str, requirement: str, file: str, sha256: str, instead: str) -> dict[str, Any]:
    """Return the content of a file that comes with an installed ``package``, its tensors on the CPU.

    Raises InputError that says what to install, or what needs no file (``instead``).
    """
    advice = f"Run 'pip install --force-reinstall {requirement}', or use {instead}."
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise InputError(f"the package {package} is not installed. Run 'pip install {requirement}', or use {instead}.")
    return _read(Path(spec.submodule_search_locations[0]) / file, sha256, "sha256", advice)


def _read(path: Path, checksum: str, algorithm: str, advice: str) -> dict[str, Any]:
    verify(path, checksum, algorithm, advice)
    with reading(path, advice=advice):
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        return content
