"""Write the codes of a trained cell."""

import argparse

import numpy as np

from disentangle import dataset_files, files, plan, registry
from disentangle.cells import dataset_folder
from disentangle.training import checkpoint, device
from disentangle.training.encode import encode
from disentangle.training.loop import build_model


def run(given: argparse.Namespace) -> None:
    """Encode view 0 of every pair of both splits, which is what probes are trained and tested on."""
    cell = given.cell
    plan.require(given.digest, plan.encode(cell))
    config = files.read_json(cell.folder / "run.json")
    objective = registry.build("methods", config["method"]["name"], config["method"]["options"])
    model = build_model(config, objective.heads)
    checkpoint.load_weights(cell.folder / "checkpoint.safetensors", model)
    where = device.choose(given.device, given.threads)
    codes: dict[str, np.ndarray] = {}
    for split in dataset_files.SPLITS:
        images = dataset_files.read(dataset_folder(cell.scale, cell.dataset), split).images[:, 0]
        codes |= {f"{split}_{name}": code for name, code in encode(model, images, where).items()}
        print(f"{split}: {len(images)} images", flush=True)
    files.write_arrays(cell.folder / "codes.npz", codes)
