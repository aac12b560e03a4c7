"""A training step of DCoDR against the loop of the authors' kind, on the same images, networks and losses.

Run as `python bench/domains.py` (the demo's cell, one core) or, on a GPU, `--device cuda`. The peer is written after
the description of the released code, not from it: a Dataset returns pictures one by one, the copy through one of
torchvision's four kinds of transforms on a PIL image, a loader collates them, the model runs in PyTorch's default
memory order, and the losses are read at every step. Both take turns; printed are the milliseconds of a step and their
ratio, as medians over turns.
"""

import argparse
import random
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageFilter
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from disentangle import registry
from disentangle.cells import Cell, dataset_folder
from disentangle.data import dataset_files
from disentangle.data.labelled import Labelled
from disentangle.losses.labelled_batch import LabelledBatch
from disentangle.pipeline import params
from disentangle.streams import rng
from disentangle.training import device
from disentangle.training.domain_batches import DomainBatches
from disentangle.training.families import class_supervised
from disentangle.training.labelled_images import DomainOrder, LabelledImages
from disentangle.training.phased_training import PhasedTraining

TURN = 20
"""Steps between two looks at the clock."""


class Pictures(Dataset):
    """Images and copies, one picture at a time."""

    def __init__(self, images: np.ndarray, domain: np.ndarray) -> None:
        self.images, self.domain = images, domain

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor, int, int]:
        image = Image.fromarray(self.images[row])
        return tensor(image), tensor(transformed(image)), int(self.domain[row]), int(row)


def transformed(image: Image.Image) -> Image.Image:
    """Blur, contrast, saturation or crop, one of them."""
    kind = random.randrange(4)
    if kind == 0:
        return image.filter(ImageFilter.GaussianBlur(1))
    if kind in (1, 2):
        enhancer = (ImageEnhance.Contrast, ImageEnhance.Color)[kind - 1]
        return enhancer(image).enhance(random.uniform(1.8, 3.0))
    side = round(image.width * random.uniform(0.5, 1) ** 0.5)
    left, top = random.randint(0, image.width - side), random.randint(0, image.height - side)
    return image.crop((left, top, left + side, top + side)).resize(image.size, Image.Resampling.BILINEAR)


def tensor(image: Image.Image) -> Tensor:
    """Return (3, S, S) in [0, 1]."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous().float().div(255)


def main() -> None:
    """Print both speeds and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--scale", default="demo")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--method", default="dcodr")
    given = parser.parse_args()
    where = device.choose(given.device, 1)
    settings = params.load()
    cell = settings.cells(given.scale, "dcodr", "shapes3d_by_shape", entries=[given.method])[0]
    config = settings.training(Cell(**{**vars(cell), "seed": 0}))
    config["training"] |= {"steps": TURN * (given.turns + 1), "log_every": TURN}
    labelled = made(settings, given.scale)
    domain = labelled.labels[labelled.domain]

    objective = class_supervised._objective(config)
    distance = registry.build("distances", objective.distance, {}).build().to(where) if objective.distance else None
    networks = class_supervised.placed(class_supervised._networks(objective, config, labelled, len(domain)), where)
    images = LabelledImages(torch.from_numpy(labelled.images).to(where), torch.from_numpy(domain).to(where))
    how = device.execution("auto", where)
    with TemporaryDirectory() as folder:
        batches = DomainBatches(config, images, objective, distance)
        ours = PhasedTraining(config, networks, objective, batches, Path(folder, "r"), "", how, lambda _: None)
        peer = Peer(config, objective, distance, labelled, where)
        times: dict[str, list[float]] = {"ours": [], "peer": []}
        for _ in range(given.turns + 1):
            for name, turn in (("ours", ours._row), ("peer", peer.turn)):
                start = time.perf_counter()
                turn()
                times[name].append((time.perf_counter() - start) / TURN * 1000)
    ours_ms, peer_ms = times["ours"][1:], times["peer"][1:]  # the first turn warms up
    ratio = statistics.median(theirs / own for own, theirs in zip(ours_ms, peer_ms, strict=True))
    print(
        f"ours {statistics.median(ours_ms):.1f} ms a step, peer {statistics.median(peer_ms):.1f} ms, ratio {ratio:.2f}"
    )


class Peer:
    """A loop over a loader, in PyTorch's default memory order."""

    def __init__(self, config: dict, objective: object, distance: object, labelled: Labelled, where: object) -> None:
        self.training, self.lam, self.objective = config["training"], config["cell"]["lam"], objective
        self.distance, self.where = distance, where
        networks = class_supervised._networks(objective, config, labelled, len(labelled.images))
        self.networks = torch.nn.ModuleDict(networks).to(where).train()
        rates = objective.rates("joint")
        groups = [{"params": [*self.networks[name].parameters()], "lr": rate} for name, rate in rates.items()]
        self.adam = torch.optim.Adam(groups, betas=(0.5, 0.999))
        domain = labelled.labels[labelled.domain]
        self.order = DomainOrder(domain, self.training["domains"], self.training["each"], 0, torch.device("cpu"))
        steps = (self.order.index(step).tolist() for step in range(10**6))
        self.batches = iter(DataLoader(Pictures(labelled.images, domain), batch_sampler=steps))

    def turn(self) -> None:
        """Train for a turn."""
        generator = torch.Generator(self.where).manual_seed(0)
        for _ in range(TURN):
            x, copy, domain, row = (part.to(self.where) for part in next(self.batches))
            batch = LabelledBatch(
                x,
                (copy,) * self.objective.copies,
                domain,
                row,
                self.order.groups,
                self.training.get("temperature", 1.0),
                self.lam,
                self.training.get("rebuilt", 0),
                generator,
                self.distance,
            )
            losses = self.objective.losses(self.networks, batch, "joint")
            self.adam.zero_grad()
            losses["loss"].backward()
            self.adam.step()
            for value in losses.values():
                value.item()


def made(settings: params.Params, scale: str) -> Labelled:
    """Return the generated dataset where it is there, else make it anew."""
    definition = settings.dataset(scale, "shapes3d_by_shape")
    folder = dataset_folder(scale, "shapes3d_by_shape")
    if (folder / dataset_files.MANIFEST).exists():
        known = dataset_files.read_labelled(folder)
        return Labelled(**{**known, "images": np.array(known["images"])})
    dataset = registry.build("datasets", definition["generator"], definition["options"])
    sources = {
        role: registry.build("sources", source["name"], source["options"])
        for role, source in definition["sources"].items()
    }
    return dataset.generate(sources, lambda *purpose: rng(definition["seed"], *purpose))


if __name__ == "__main__":
    main()
