"""Training of one cell against the loop that public contrastive projects have (bench/peer.py), step for step.

Run as `python bench/step.py` (the demo's cell, on one core), `--augmentation simclr`, `--whole-machine` (a cell a core
against one peer with all of them), or on a GPU as `--device cuda --scale paper --dataset-size 8192 --steps 240
--workers 16 --seeds 1`. On few cores the peer is fastest without worker processes, the default. Both train the same
model on the same data with the same schedule, each in a process of its own; they take turns, so that a machine
that slows down slows both. Printed: milliseconds a step, their ratio turn by turn, and the last losses of all seeds.
"""

import argparse
import multiprocessing
import os
import statistics
import time
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

LAST = 100
"""Steps at the end whose losses are averaged."""


def ours(pipe: Connection, given: argparse.Namespace, seed: int, images: np.ndarray, labels: dict) -> None:
    """Train with the pipeline's own loop; answer each call for a turn with the seconds it took and the mean loss."""
    import torch

    from disentangle import registry
    from disentangle.training import device, loop
    from disentangle.training.batches import ViewPairs

    config = configured(given, seed)
    where = device.choose(given.device, 1)
    views = ViewPairs(
        torch.from_numpy(images).to(where), {name: torch.from_numpy(x).to(where) for name, x in labels.items()}
    )
    objective = registry.build("methods", "infomax", {"heads": 2})
    how = device.execution(given.execution, where)
    with TemporaryDirectory() as folder:
        training = loop.Training(config, objective, views, ("DC", "BC"), Path(folder, "r"), "", how, lambda _: None)
        while pipe.recv():
            start = time.perf_counter()
            training.launch()
            training.read(1e9)
            pipe.send((time.perf_counter() - start, training.result().history[-1]["loss"]))


def peer(pipe: Connection, given: argparse.Namespace, seed: int, images: np.ndarray, labels: dict) -> None:
    """Train with the peer's loop, likewise."""
    import torch
    from peer import PeerLoop

    torch.set_num_threads(given.peer_threads)
    torch.manual_seed(seed)
    torch.backends.cudnn.benchmark = True  # as public loops do
    loop = PeerLoop(configured(given, seed), 2, images, labels["joint"], given.device, given.workers)
    while pipe.recv():
        start = time.perf_counter()
        loop.run(given.turn)
        pipe.send((time.perf_counter() - start, statistics.fmean(loop.losses[-given.turn :])))


def configured(given: argparse.Namespace, seed: int) -> dict:
    """Return the control's configuration with the options of the command line."""
    from disentangle.cells import Cell
    from disentangle.pipeline import params

    config = params.load().training(Cell(given.scale, "burns", "DC-BC", "infomax", 0.0, seed))
    training = {**config["training"], "steps": given.steps, "log_every": given.turn}
    training |= {"batch": given.batch} if given.batch else {}
    training |= {"augmentation": given.augmentation} if given.augmentation else {}
    return {**config, "training": training}


class Runner:
    """A loop in a process of its own, which trains when told to."""

    def __init__(self, loop: object, *given: object) -> None:
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("spawn").Process(target=loop, args=(other, *given))
        self.process.start()
        self.losses: list[float] = []

    def start(self) -> None:
        """Let it train for a turn."""
        self.pipe.send(True)

    def wait(self) -> float:
        """Return the seconds that the turn took."""
        seconds, loss = self.pipe.recv()
        self.losses.append(loss)
        return seconds

    def stop(self, turns: int) -> float:
        """End the process and return the mean of the losses of the last turns."""
        self.pipe.send(False)
        self.process.join()
        return statistics.fmean(self.losses[-turns:])


def data(given: argparse.Namespace) -> tuple[np.ndarray, dict]:
    """Return the images and labels of a generated dataset, or random ones if a size is given."""
    from disentangle.cells import dataset_folder
    from disentangle.data import dataset_files
    from disentangle.pipeline import params

    if given.dataset_size:
        size = params.load().dataset(given.scale, "DC-BC")["options"]["image_size"]
        rng, n = np.random.default_rng(0), given.dataset_size
        labels = {name: rng.integers(10, size=n) for name in ("DC", "BC")}
        labels["joint"] = 10 * labels["DC"] + labels["BC"]
        return rng.integers(256, size=(n, 2, size, size, 3), dtype=np.uint8), labels
    split = dataset_files.read(dataset_folder(given.scale, "DC-BC"), "train")
    labels = {name: np.ascontiguousarray(split.factors[name][:, 0]) for name in ("DC", "BC")}
    return np.array(split.images), labels | {"joint": split.factors["joint"]}


def main() -> None:
    """Print both speeds, their ratio and the last losses."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", default="demo")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--execution", default="auto")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--turn", type=int, default=40, help="steps that one trains before it is the other's turn")
    parser.add_argument("--batch", type=int, help="view pairs a step (default: the scale's own)")
    parser.add_argument("--augmentation", choices=("none", "colour", "simclr"), help="(default: the scale's own)")
    parser.add_argument("--workers", type=int, default=0, help="the peer's worker processes that load data")
    parser.add_argument("--dataset-size", type=int, help="random pairs instead of the generated dataset")
    parser.add_argument("--whole-machine", action="store_true", help="a cell a core, against a peer with every core")
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    at_once = len(cores) if given.whole_machine else 1
    if given.device == "cpu" and not given.whole_machine:
        os.sched_setaffinity(0, cores[-1:])
    given.peer_threads = len(cores) if given.whole_machine or given.device != "cpu" else 1
    images, labels = data(given)
    ratios: list[float] = []
    milliseconds, losses = ([], []), ([], [])
    for seed in range(given.seeds):
        own = [Runner(ours, given, seed + 100 * k, images, labels) for k in range(at_once)]
        other = Runner(peer, given, seed, images, labels)
        for turn in range(given.steps // given.turn):
            for runner in own:
                runner.start()
            seconds = max([runner.wait() for runner in own]) / at_once
            other.start()
            peers = other.wait()
            if turn:  # the first one warms up
                milliseconds[0].append(seconds / given.turn * 1e3)
                milliseconds[1].append(peers / given.turn * 1e3)
                ratios.append(peers / seconds)
        turns = max(1, LAST // given.turn)
        losses[0].extend(runner.stop(turns) for runner in own)
        losses[1].append(other.stop(turns))
    config = configured(given, 0)["training"]
    print(f"{given.scale}, {given.device}, batch {config['batch']}, augmentation {config['augmentation']},", end=" ")
    print(f"{given.steps} steps, {given.seeds} seeds, {at_once} at once against a peer with {given.workers} workers")
    for name, times, last in zip(("ours", "peer"), milliseconds, losses, strict=True):
        spread = f"{min(last):.3f} to {max(last):.3f}"
        print(f"{name}: {statistics.median(times):.1f} ms a step of one cell, last losses {spread}")
    low, high = np.quantile(ratios, (0.1, 0.9))
    print(f"ratio: {statistics.median(ratios):.2f} (eight of ten turns within {low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
