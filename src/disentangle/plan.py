"""What each stage of the pipeline depends on, as one digest a job: asked by the workflow and checked by the stage."""

import hashlib
from pathlib import Path

import numpy as np

from disentangle import files, provenance, registry
from disentangle.cells import Cell, dataset_folder
from disentangle.errors import InputError
from disentangle.params import Params, report_cells

STAGES = provenance.PACKAGE / "stages"


def generate(params: Params, scale: str, dataset: str) -> str:
    """Return the digest of a dataset: its definition, the user's own raw files, and the code that makes it."""
    definition = params.dataset(scale, dataset)
    sources = definition["sources"].values()
    code = [STAGES / "generate.py", registry.path("datasets", definition["generator"])]
    code += [registry.path("sources", source["name"]) for source in sources]
    return provenance.digest([definition, raw_files(params, scale, dataset)], code)


def raw_files(params: Params, scale: str, dataset: str) -> dict[str, str]:
    """Return a fingerprint of the user's own raw files by source.

    Where they are gone and the dataset that was made of them is here, its manifest tells their fingerprint.
    """
    found = {}
    for role, source in params.dataset(scale, dataset)["sources"].items():
        own = not registry.constant("sources", source["name"], "ARCHIVES")
        paths = registry.build("sources", source["name"], source["options"]).files() if own else []
        if paths:
            found[role] = _fingerprint(paths)
    manifest = dataset_folder(scale, dataset) / "manifest.json"
    if "missing" in found.values() and manifest.exists():
        return dict(files.read_json(manifest)["raw_files"])
    return found


def check_raw_files(params: Params, scale: str, dataset: str) -> None:
    """Read the user's own raw files if the dataset is about to be made of them.

    Raises InputError for one that cannot be used, while the dataset that was made of its predecessor is still there.
    """
    definition = params.dataset(scale, dataset)
    manifest = dataset_folder(scale, dataset) / "manifest.json"
    raw = raw_files(params, scale, dataset)
    if not manifest.exists() or files.read_json(manifest)["raw_files"] != raw:
        for role in raw:
            source = definition["sources"][role]
            registry.build("sources", source["name"], source["options"]).load(np.random.default_rng())


def _fingerprint(paths: list[Path]) -> str:
    if not all(path.exists() for path in paths):
        return "missing"
    content = hashlib.sha256()
    for path in paths:
        content.update(path.name.encode() + b"\0" + path.read_bytes())
    return content.hexdigest()[:16]


def official_files(params: Params, scale: str, dataset: str) -> list[str]:
    """Return the official files that a dataset is made of: an archive, or the files of it that were placed instead."""
    sources = params.dataset(scale, dataset)["sources"].values()
    paths: list[str] = []
    for source in sources:
        for archive in registry.constant("sources", source["name"], "ARCHIVES"):
            instead = archive.get("instead", ())
            placed = instead and not Path(archive["path"]).exists() and all(Path(path).exists() for path in instead)
            paths += instead if placed else [archive["path"]]
    return paths


def train(params: Params, cell: Cell) -> str:
    """Return the digest of a cell's training."""
    config = params.training(cell)
    return provenance.digest(config, [STAGES / "train.py", registry.path("methods", config["method"]["name"])])


def encode(cell: Cell) -> str:
    """Return the digest of a cell's encoding; its parameters are those of the training, which it reads from there."""
    return provenance.digest(str(cell), [STAGES / "encode.py"])


def probe(params: Params, cell: Cell) -> str:
    """Return the digest of a cell's probes."""
    probes = params.study(cell.scale, cell.study)["probes"]
    options = {name: params.probe(cell.scale, cell.study, name) for name in probes}
    return provenance.digest(options, [STAGES / "probe.py", *(registry.path("probes", name) for name in probes)])


def report(params: Params, name: str) -> str:
    """Return the digest of a report: its code, the published numbers, and which cells it shows."""
    published = sorted((provenance.PACKAGE / "published").glob("*.csv"))
    cells = [str(cell) for cell in report_cells(params, name)]
    return provenance.digest([params.scale, cells], [STAGES / "report.py", registry.path("reports", name), *published])


def require(expected: str | None, actual: str) -> None:
    """Raise InputError if params.yaml or the code changed between the planning of a job and its start."""
    if expected is not None and expected != actual:
        raise InputError("params.yaml or the code changed while the pipeline was running. Run the same command again.")
