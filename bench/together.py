"""Several small cells on one device: one after another, side by side in one process, in processes, or stacked.

Run as `python bench/together.py --cells 4`. Timed are steps of the pipeline's loop at the demo's size; on a GPU each
cell of one process has its stream and its recorded step. "Stacked" is all cells' encoders as one with grouped
convolutions, forward and backward without loss and update, against the same of separate encoders.
"""

import argparse
import multiprocessing
import statistics
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from disentangle import registry
from disentangle.cells import Cell
from disentangle.pipeline import params
from disentangle.training import device, loop
from disentangle.training.batches import ViewPairs

ROW = 20
"""Steps of a row of history."""


def trainings(given: argparse.Namespace, seeds: list[int], folder: str) -> list[loop.Training]:
    """Return cells that differ in their seeds, on random images."""
    where = device.choose(given.device, 1)
    config = params.load().training(Cell("demo", "burns", "DC-BC", "infomax", 0.0, 0))
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (2048, 2, 32, 32, 3), dtype=torch.uint8, generator=generator).to(where)
    labels = {name: torch.randint(10, (2048,), generator=generator).to(where) for name in ("DC", "BC", "joint")}
    training = {**config["training"], "steps": (given.rows + 1) * ROW, "log_every": ROW}
    return [
        loop.Training(
            {**config, "training": training, "cell": {**config["cell"], "seed": seed}},
            registry.build("methods", "infomax", {"heads": 2}),
            ViewPairs(images, labels),
            ("DC", "BC"),
            Path(folder, str(seed)),
            "bench",
            device.execution(given.execution, where),
            lambda _: None,
        )
        for seed in seeds
    ]


def warm_up(cells: list[loop.Training]) -> None:
    """Train each cell for its first row."""
    for cell in cells:
        for _ in range(ROW):
            cell.launch()
        cell.read(1e9)


def seconds_to_end(cells: list[loop.Training]) -> float:
    """Train cells side by side to their ends and return the seconds it took."""
    start = time.perf_counter()
    list(loop.fit(cells, 1e9))
    return time.perf_counter() - start


def in_process(given: argparse.Namespace, seed: int, ready: Barrier, done: Barrier) -> None:
    """Train one cell when all are warm."""
    with TemporaryDirectory() as folder:
        cells = trainings(given, [seed], folder)
        warm_up(cells)
        ready.wait()
        seconds_to_end(cells)
        done.wait()


def grouped(module: nn.Module, cells: int) -> nn.Module:
    """Turn an encoder in place into one of several, whose channels lie side by side."""
    for name, child in module.named_children():
        if isinstance(child, nn.Conv2d):
            new = (
                child.in_channels * cells,
                child.out_channels * cells,
                child.kernel_size,
                child.stride,
                child.padding,
            )
            setattr(module, name, nn.Conv2d(*new, groups=cells, bias=False))
        elif isinstance(child, nn.BatchNorm2d):
            setattr(module, name, nn.BatchNorm2d(child.num_features * cells))
        else:
            grouped(child, cells)
    return module


def stacked(given: argparse.Namespace) -> float:
    """Return how many times as fast as separate encoders one with grouped convolutions is."""
    where = device.choose(given.device, 1)
    config = params.load().training(Cell("demo", "burns", "DC-BC", "infomax", 0.0, 0))
    n, views = given.cells, 2 * config["training"]["batch"]
    encoder, *others = (device.place(loop.build_model(config, 0).encoder, where) for _ in range(n + 1))
    many = device.place(grouped(encoder, n), where)
    x = torch.randn(views, 3 * n, 32, 32, device=where).to(memory_format=torch.channels_last)
    parts = [part.contiguous(memory_format=torch.channels_last) for part in x.chunk(n, 1)]

    def seconds(work: list[tuple[nn.Module, Tensor]]) -> float:
        start = time.perf_counter()
        for model, images in work:
            model(images).sum().backward()
        if where.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    pairs = list(zip(others, parts, strict=True))
    return statistics.median([seconds(pairs) / seconds([(many, x)]) for _ in range(given.rows * 4)][2:])


def main() -> None:
    """Print cell-steps a second of each way, and its ratio to one after another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=4)
    parser.add_argument("--rows", type=int, default=5, help=f"rows of {ROW} steps to time")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--execution", default="auto")
    given = parser.parse_args()
    seeds, total = list(range(given.cells)), given.cells * given.rows * ROW
    with TemporaryDirectory() as folder:
        cells = trainings(given, seeds, folder)
        warm_up(cells)
        one = sum(seconds_to_end([cell]) for cell in cells)
    with TemporaryDirectory() as folder:
        cells = trainings(given, seeds, folder)
        warm_up(cells)
        side = seconds_to_end(cells)
    context = multiprocessing.get_context("spawn")
    ready, done = context.Barrier(given.cells + 1), context.Barrier(given.cells + 1)
    processes = [context.Process(target=in_process, args=(given, seed, ready, done)) for seed in seeds]
    for process in processes:
        process.start()
    ready.wait()
    start = time.perf_counter()
    done.wait()
    apart = time.perf_counter() - start
    for process in processes:
        process.join()
    print(f"{device.name_of(device.choose(given.device, 1))}, {given.cells} cells of the demo's size")
    for name, seconds in (("one after another", one), ("side by side", side), ("in processes", apart)):
        print(f"{name}: {total / seconds:.1f} steps/s, {one / seconds:.2f} times")
    print(f"stacked encoders alone: {stacked(given):.2f} times separate ones")


if __name__ == "__main__":
    main()
