"""How fast a scale trains here: views a second and the share of this machine's matrix products (MFU), by the stem.

Run as `python bench/throughput.py --scale paper`, on a machine with a GPU if there is one. The training is the
pipeline's own loop on random images, once for each stem; the matrix product is measured in the same run and precision.
A small --batch times a smaller step, as where the scale's own does not fit. `hours.py` makes hours of such seconds.
"""

import argparse
import itertools
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch.utils.flop_counter import FlopCounterMode

from disentangle import registry
from disentangle.models.resnet import STEMS
from disentangle.pipeline import outputs, params
from disentangle.training import device, loop
from disentangle.training.batches import ViewPairs

ROWS = 5
"""Parts into which the timed steps are cut, of which the median is told; one more comes first and is not timed."""


def seconds_a_step(config: dict, batch: int, size: int, steps: int, where: torch.device, execution: str) -> float:
    """Return the seconds of one step of training, after a warm-up."""
    pairs = 4 * batch
    images = torch.randint(256, (pairs, 2, size, size, 3), dtype=torch.uint8, device=where)
    labels = {name: torch.randint(10, (pairs,), device=where) for name in ("DC", "BC", "joint")}
    row = -(-steps // ROWS)
    training = {**config["training"], "steps": (ROWS + 1) * row, "warmup": 0, "batch": batch, "log_every": row}
    objective = registry.build("methods", config["method"]["name"], config["method"]["options"])
    times: list[float] = []
    with TemporaryDirectory() as folder:
        cell = loop.Training(
            {**config, "training": training},
            objective,
            ViewPairs(images, labels),
            ("DC", "BC"),
            Path(folder, "resume"),
            "bench",
            execution,
            lambda _: times.append(time.perf_counter()),
        )
        list(loop.fit([cell], 1e9))
    return statistics.median(after - before for before, after in itertools.pairwise(times)) / row


def flops_a_view(config: dict, size: int) -> float:
    """Return the floating-point operations of one view, forward and backward."""
    objective = registry.build("methods", config["method"]["name"], config["method"]["options"])
    model = loop.build_model(config, objective.heads).train()
    with FlopCounterMode(display=False) as counter:
        r, z = model(torch.randn(2, 3, size, size))
        sum(part.sum() for part in (r, *z)).backward()
    return counter.get_total_flops() / 2


def peak_flops(where: torch.device, dtype: torch.dtype) -> float:
    """Return the operations a second of a large matrix product."""
    side = 8192 if where.type == "cuda" else 2048
    a, b = (torch.randn(side, side, device=where, dtype=dtype) for _ in range(2))
    best = float("inf")
    for _ in range(10):
        start = time.perf_counter()
        a @ b
        if where.type == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return 2 * side**3 / best


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", default="paper")
    parser.add_argument("--stems", nargs="+", choices=STEMS, default=list(STEMS))
    parser.add_argument("--batch", type=int, help="view pairs a step (default: the scale's own)")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--execution", default="auto", help="eager, graph or compiled (default: as in training)")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    settings = params.load()
    settings = params.Params(given.scale, settings.targets, settings.scales)
    where = device.choose(given.device, given.threads)
    execution = device.execution(given.execution, where)
    cell = outputs.report_cells(settings, "burns/table3")[0]
    config, size = settings.training(cell), settings.dataset(given.scale, cell.dataset)["options"]["image_size"]
    batch = given.batch or config["training"]["batch"]
    half = where.type == "cuda" and config["training"]["precision"] == "bfloat16"
    peak = peak_flops(where, torch.bfloat16 if half else torch.float32)
    print(f"{device.name_of(where)}, torch {torch.__version__}, {execution}, {given.threads} threads")
    print(f"{cell}, batch {batch}, images of {size}; a large matrix product: {peak / 1e12:.2f} TFLOP/s")
    for stem in given.stems:
        stemmed = {**config, "encoder": {**config["encoder"], "stem": stem}}
        step = seconds_a_step(stemmed, batch, size, given.steps, where, execution)
        views = 2 * batch / step
        work = flops_a_view(stemmed, size)
        achieved = views * work
        print(f"{stem} stem: {step * 1e3:.1f} ms a step, {views:,.0f} views/s,", end=" ")
        print(f"{work / 1e9:.2f} GFLOP a view, {achieved / 1e12:.2f} TFLOP/s, MFU {achieved / peak:.0%}")


if __name__ == "__main__":
    main()
