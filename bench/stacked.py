"""Cells of one method in a stack, against the same cells one by one as one would write them with torch.nn.

Run as `python bench/stacked.py` (9 cells of 64x64 pixels on one core), `--size 32`, or on a GPU as `--device cuda
--cells 32 --turn 50 --peers 4` and `--device cuda --cells 300 --turn 50 --peers 4 --precision tf32`. Both train the
published networks with beta = 4 and Adam on the same kind of binary images, which lie on the device; they take turns of
some steps, so that a machine that slows down slows both. Printed: milliseconds a step of one cell (on a CPU of its own
time, which other processes do not take), the rate of multiplications and additions, the hours in which the published
study would be trained at that rate, and the ratio turn by turn.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from disentangle import registry
from disentangle.data.grid import Seen
from disentangle.training import device
from disentangle.training.packed import PackedGrid
from disentangle.training.stack import StackedTraining

BATCH, BETA, RATE = 64, 4.0, 1e-4
MULTIPLY_ADDS = {64: 13.9e6, 32: 3.48e6}
"""Of a forward pass of one image with one channel; a step takes three times as many, but for the first layer."""


class Peer(nn.Module):
    """The published networks."""

    def __init__(self, size: int) -> None:
        super().__init__()
        side = size // 16
        features = 64 * side * side
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 32, 4, 2, 1),
            nn.ReLU(),
            nn.Conv2d(32, 32, 4, 2, 1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 2, 2),
            nn.ReLU(),
            nn.Conv2d(64, 64, 2, 2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(features, 256),
            nn.ReLU(),
        )
        self.mean, self.logvar = nn.Linear(256, 10), nn.Linear(256, 10)
        self.decoder = nn.Sequential(
            nn.Linear(10, 256),
            nn.ReLU(),
            nn.Linear(256, features),
            nn.ReLU(),
            nn.Unflatten(1, (64, side, side)),
            nn.ConvTranspose2d(64, 64, 4, 2, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(64, 32, 4, 2, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(32, 32, 4, 2, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(32, 1, 4, 2, 1),
        )

    def losses(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return reconstruction and divergence."""
        h = self.encoder(x)
        mean, logvar = self.mean(h), self.logvar(h)
        logits = self.decoder(mean + torch.randn_like(mean) * (0.5 * logvar).exp())
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum((1, 2, 3)).mean()
        return reconstruction, 0.5 * (mean**2 + logvar.exp() - 1 - logvar).sum(1).mean()


class PeerLoop:
    """One cell's model and optimizer."""

    def __init__(self, images: Tensor, size: int) -> None:
        self.images, self.model = images, Peer(size).to(images.device)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=RATE)

    def run(self, steps: int) -> float:
        """Train, and return the last loss."""
        for _ in range(steps):
            index = torch.randint(len(self.images), (BATCH,), device=self.images.device)
            reconstruction, kl = self.model.losses(self.images[index].float())
            loss = reconstruction + BETA * kl
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
        return loss.item()


def main() -> None:
    """Print both times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=9)
    parser.add_argument("--size", type=int, default=64, choices=MULTIPLY_ADDS)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--turn", type=int, default=5, help="steps of each cell")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--execution", default="auto")
    parser.add_argument("--precision", default="float32", choices=("float32", "tf32"))
    parser.add_argument("--peers", type=int, help="cells that the peer trains of them (default: all)")
    given = parser.parse_args()
    where = device.choose(given.device, 1)
    if where.type == "cpu":
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-1:])
    generator = torch.Generator().manual_seed(0)
    images = (torch.rand(4096, given.size, given.size, 1, generator=generator) < 0.05).to(torch.uint8).to(where)
    training = {"steps": (given.turns + 1) * given.turn, "batch": BATCH, "lr": RATE, "log_every": given.turn}
    training |= {"final_batches": 1, "precision": given.precision}
    model = {"latent": 10, "conv": [32, 32, 64, 64], "hidden": 256}
    configs = [{"cell": {"lam": BETA, "seed": k}, "model": model, "training": training} for k in range(given.cells)]
    ours = StackedTraining(
        configs,
        registry.build("methods", "beta_vae", {}),
        PackedGrid(255 * images, (given.size, given.size, 1)),
        Seen(),
        Path("none"),
        "",
        device.execution(given.execution, where),
        lambda _: None,
    )
    peers = [PeerLoop(images.permute(0, 3, 1, 2), given.size) for _ in range(given.peers or given.cells)]
    clock: Callable[[], float] = time.process_time if where.type == "cpu" else time.perf_counter
    milliseconds: tuple[list[float], list[float]] = ([], [])
    for turn in range(given.turns + 1):
        start = clock()
        ours.row()
        middle = clock()
        for peer in peers:
            peer.run(given.turn)
        end = clock()
        if turn:  # the first one warms up
            milliseconds[0].append((middle - start) / given.turn / given.cells * 1e3)
            milliseconds[1].append((end - middle) / given.turn / len(peers) * 1e3)
    print(f"{device.name_of(where)}, {given.cells} cells, {given.size} pixels, batch {BATCH}, {given.precision}")
    for name, times in zip(("stacked", "one by one"), milliseconds, strict=True):
        rate = 6 * MULTIPLY_ADDS[given.size] * BATCH / statistics.median(times) / 1e6
        print(f"{name}: {statistics.median(times):.2f} ms a step of one cell, about {rate:.0f} GFLOP/s")
    ratios = [other / own for own, other in zip(*milliseconds, strict=True)]
    print(f"ratio: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
