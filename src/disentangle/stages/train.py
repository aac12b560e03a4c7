"""Train one cell."""

import argparse
import csv
import datetime
import io
import platform
from pathlib import Path
from typing import Any

import numpy as np
import torch

from disentangle import dataset_files, files, params, plan, provenance, registry
from disentangle.cells import TRAINED, dataset_folder
from disentangle.errors import InputError
from disentangle.training import checkpoint, device, loop, plateau
from disentangle.training.batches import ViewPairs
from disentangle.views import Views


def run(given: argparse.Namespace) -> None:
    """Train from the dataset's training pairs and write checkpoint, history, run.json and timing.json."""
    settings, cell = params.load(), given.cell
    config, digest = settings.training(cell), plan.train(settings, cell)
    plan.require(given.digest, digest)
    folder = dataset_folder(cell.scale, cell.dataset)
    manifest = dataset_files.read_manifest(folder)
    if manifest["definition"] != settings.dataset(cell.scale, cell.dataset):
        raise InputError(f"{folder}: made with other parameters than params.yaml now has. Run `generate` first.")
    where = device.choose(given.device, given.threads)
    with files.exclusive(cell.resume.with_suffix(".lock")):
        if _is_trained(cell.folder, digest, manifest["files"], device.name_of(where)):
            print("this cell is trained already, with the same parameters, code, data and device", flush=True)
            return
        trained = loop.fit(
            config,
            registry.build("methods", config["method"]["name"], config["method"]["options"]),
            _view_pairs(
                dataset_files.read(folder, "train"), held := tuple(manifest["definition"]["options"]["held"]), where
            ),
            held,
            cell.resume,
            f"{digest} {files.sha256(folder / dataset_files.MANIFEST)} {device.name_of(where)} {torch.__version__}",
            given.checkpoint_every,
            lambda line: print(line, flush=True),
        )
        described = plateau.describe(trained.history, trained.levels)
        stuck = described["left_single_factor"] is None
        checkpoint.save_weights(cell.folder / "checkpoint.safetensors", trained.model)
        files.write_text(cell.folder / "history.csv", _history(trained.history))
        files.write_json(
            cell.folder / "run.json",
            {
                **config,
                "status": "diverged" if trained.diverged else "plateau" if stuck else "done",
                "plateau": described,
                "dataset": manifest["files"],
                "parameters": sum(p.numel() for p in trained.model.parameters()),
                "digest": digest,
                "reading": _reading(config["method"]),
                "device": device.name_of(where),
                "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
            },
        )
        files.write_json(
            cell.folder / "timing.json",
            {
                "seconds": round(trained.seconds, 3),
                "steps": trained.steps,
                "views_per_second": round(2 * config["training"]["batch"] * trained.steps / trained.seconds, 1),
                "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                "revision": provenance.revision(),
            },
        )
        cell.resume.unlink(missing_ok=True)


def _is_trained(folder: Path, digest: str, dataset: dict[str, str], on: str) -> bool:
    """Say whether a folder holds all results of just this training, as an orphan of a killed run leaves them."""
    if not all((folder / name).exists() for name in TRAINED):
        return False
    run = files.read_json(folder / "run.json")
    return (run["digest"], run["dataset"], run["device"]) == (digest, dataset, on)


def _view_pairs(split: Views, held: tuple[str, ...], where: torch.device) -> ViewPairs:
    labels = {factor: split.factors[factor][:, 0] for factor in held} | {"joint": split.factors["joint"]}
    on_device = {name: torch.from_numpy(np.ascontiguousarray(label)).to(where) for name, label in labels.items()}
    return ViewPairs(torch.from_numpy(np.array(split.images)).to(where), on_device)


def _reading(method: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a method that are not its defaults."""
    defaults = registry.options("methods", method["name"])
    return {key: value for key, value in method["options"].items() if value != defaults[key].default}


def _history(history: list[dict[str, float]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, history[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: repr(value) for name, value in row.items()} for row in history)
    return text.getvalue()
