"""A seal lies beside what a job made: of what, and by which parameters and code, and the hash of every file of it.

It is written last, so a result without one is not finished; it holds its own hash, so a damaged one is none. It says
all that is needed to know whether a result is current, wherever that was made and whatever an engine remembers of it.
"""

import hashlib
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from disentangle import files
from disentangle.cells import DATASETS, REPORTS, RUNS
from disentangle.errors import InputError

PLACES = (DATASETS, RUNS, REPORTS)


@dataclass(frozen=True)
class Seal:
    """What is known of a finished job."""

    stage: str
    digest: str
    """Of the job's own parameters and code."""
    made: str
    """Of these and of those of all jobs above it."""
    read: Mapping[str, str]
    """What the job read, and what that was made of, by path from the project: 16 digits of each file's SHA-256."""
    files: Mapping[str, str]
    """What it made, by path from the seal's folder: the SHA-256 of each file."""
    told: Mapping[str, Any] = field(default_factory=dict)
    """What else the job, when it runs again, wants to know of this time."""


def read(path: Path) -> Seal | None:
    """Read a seal, None where there is none or a damaged one."""
    try:
        found = files.read_json(path)
        return Seal(**found) if found.pop("seal") == _hash(found) else None
    except (InputError, KeyError, TypeError):
        return None


def write(path: Path, seal: Seal) -> None:
    """Write a seal with its own hash."""
    content = asdict(seal)
    files.write_json(path, {**content, "seal": _hash(content)})


def lying(known: Collection[Path] = ()) -> list[Path]:
    """Return the seals that lie in this folder, but for those that are known, sorted."""
    # Unlike ``rglob``, it looks behind links, as to a bigger disk.
    walks = (walk for root in PLACES for walk in os.walk(root, followlinks=True))
    found = {Path(folder, name) for folder, _, names in walks for name in names if name.endswith(".seal")}
    return sorted(found - {*known})


def _hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
