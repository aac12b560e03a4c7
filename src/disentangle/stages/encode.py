"""Write the codes of a trained cell."""

import argparse

from disentangle import files, registry
from disentangle.cells import dataset_folder
from disentangle.pipeline.jobs import CODES, Jobs
from disentangle.pipeline.sealed import making
from disentangle.pipeline.study import study_of
from disentangle.training import device


def run(given: argparse.Namespace) -> None:
    """Encode the cell's dataset as its family of methods does."""
    cell = given.cell
    with making(Jobs(given.settings).encode(cell), given.digest, given.anew) as work:
        cell.resume.unlink(missing_ok=True)  # the training has ended well
        if work.done:
            return
        config = files.read_json(cell.folder / "run.json")
        where = device.choose(given.device, given.threads)
        family = registry.load("families", study_of(cell.study).family)
        folder = dataset_folder(cell.scale, cell.dataset)
        with device.fitting(where, "--device: found one cell to encode", "a device with more memory, as cpu"):
            codes = family.encode(config, cell.folder / "checkpoint.safetensors", folder, where)
        files.write_arrays(cell.folder / CODES, codes)
