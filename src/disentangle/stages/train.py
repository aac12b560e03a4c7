"""Train one cell, or several side by side."""

import argparse
import contextlib
import csv
import datetime
import io
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from disentangle import dataset_files, files, params, plan, provenance, registry
from disentangle.cells import TRAINED, Cell, dataset_folder
from disentangle.errors import InputError
from disentangle.training import checkpoint, device, loop, plateau
from disentangle.training.batches import ViewPairs
from disentangle.views import Views


def run(given: argparse.Namespace) -> None:
    """Train from the dataset's training pairs and write checkpoint, history, run.json and timing.json."""
    run_together(given, [given.cell])


def run_together(given: argparse.Namespace, cells: Sequence[Cell]) -> None:
    """Train cells of one dataset side by side on one device, each to what it would be alone."""
    settings, folder = params.load(), dataset_folder(cells[0].scale, cells[0].dataset)
    digests = {cell: plan.train(settings, cell) for cell in cells}
    for digest in digests.values():
        plan.require(given.digest, digest)
    manifest = dataset_files.read_manifest(folder)
    if manifest["definition"] != settings.dataset(cells[0].scale, cells[0].dataset):
        raise InputError(f"{folder}: made with other parameters than params.yaml now has. Run `generate` first.")
    where = device.choose(given.device, given.threads)
    made_by = {"device": device.name_of(where), "execution": device.execution(given.execution, where)}
    with contextlib.ExitStack() as locks:
        for cell in sorted(cells):  # in one order, so that no two processes wait for each other
            locks.enter_context(files.exclusive(cell.resume.with_suffix(".lock")))
        say = {cell: _prefixed(f"{cell}: " if len(cells) > 1 else "") for cell in cells}
        results = {cell: {"digest": digests[cell], "dataset": manifest["files"], **made_by} for cell in cells}
        for cell in cells:
            if _is_trained(cell.folder, results[cell]):
                say[cell]("this cell is trained already, with the same parameters, code, data and device")
                del results[cell]
        if not results:
            return
        held = tuple(manifest["definition"]["options"]["held"])
        views = _view_pairs(dataset_files.read(folder, "train"), held, where)
        data = files.sha256(folder / dataset_files.MANIFEST)
        trainings: dict[loop.Training, Cell] = {}
        for cell in results:
            config = settings.training(cell)
            objective = registry.build("methods", config["method"]["name"], config["method"]["options"])
            made_of = f"{digests[cell]} {data} {' '.join(made_by.values())} {torch.__version__}"
            training = loop.Training(
                config, objective, views, held, cell.resume, made_of, made_by["execution"], say[cell]
            )
            trainings[training] = cell
        for training in loop.fit([*trainings], given.checkpoint_every):
            cell = trainings[training]
            _write(cell, settings.training(cell), training.result(), results[cell])


def _prefixed(name: str) -> Callable[[str], None]:
    return lambda line: print(f"{name}{line}", flush=True)


def _is_trained(folder: Path, made: dict[str, Any]) -> bool:
    """Say whether a folder holds all results of just this training, as an orphan of a killed run leaves them."""
    if not all((folder / name).exists() for name in TRAINED):
        return False
    run = files.read_json(folder / "run.json")
    return {key: run.get(key) for key in made} == made


def _view_pairs(split: Views, held: tuple[str, ...], where: torch.device) -> ViewPairs:
    labels = {factor: split.factors[factor][:, 0] for factor in held} | {"joint": split.factors["joint"]}
    on_device = {name: torch.from_numpy(np.ascontiguousarray(label)).to(where) for name, label in labels.items()}
    return ViewPairs(torch.from_numpy(np.array(split.images)).to(where), on_device)


def _write(cell: Cell, config: dict[str, Any], trained: loop.Run, made: dict[str, Any]) -> None:
    """Write the results of a cell, with what they were ``made`` of and by, and forget its unfinished state."""
    described = plateau.describe(trained.history, trained.levels)
    stuck = described["left_single_factor"] is None
    checkpoint.save_weights(cell.folder / "checkpoint.safetensors", trained.model)
    files.write_text(cell.folder / "history.csv", _history(trained.history))
    files.write_json(
        cell.folder / "run.json",
        {
            **config,
            **made,
            "status": "diverged" if trained.diverged else "plateau" if stuck else "done",
            "plateau": described,
            "parameters": sum(p.numel() for p in trained.model.parameters()),
            "reading": _reading(config["method"]),
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
