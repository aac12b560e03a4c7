"""The training loop of the contrastive methods, from initialisation to the last step."""

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from disentangle.embeddings import Embeddings
from disentangle.losses import collapse_level, factor_level
from disentangle.models.contrastive import ContrastiveModel
from disentangle.models.resnet import ResNet
from disentangle.streams import seed_of
from disentangle.training import checkpoint
from disentangle.training.augment import augment
from disentangle.training.batches import Order, ViewPairs
from disentangle.training.device import place
from disentangle.training.plateau import Levels
from disentangle.training.schedule import learning_rate

SGD_MOMENTUM = 0.9
LEVEL_BATCHES = 20
"""Batches over which the heights of the plateaus are averaged; they depend on the labels alone."""


class Objective(Protocol):
    """What methods/<name>.py holds."""

    heads: int

    def terms(self, batch: Embeddings) -> dict[str, Tensor]:
        """Return the loss's terms: ``infomax_<k>`` and, if there is one, ``regularizer``."""


@dataclass
class Run:
    """A finished training: the model, a row of history every few steps, the plateaus, how and how fast it went."""

    model: ContrastiveModel
    history: list[dict[str, float]]
    levels: list[Levels]
    diverged: bool
    seconds: float
    steps: int


@dataclass
class Window:
    """Terms summed on the device since the last row of history, so that reading them waits once a row."""

    sums: dict[str, Tensor] = field(default_factory=dict)
    steps: int = 0

    def add(self, terms: dict[str, Tensor]) -> None:
        """Add the terms of one step."""
        for name, value in terms.items():
            self.sums[name] = self.sums[name] + value.detach() if name in self.sums else value.detach()
        self.steps += 1

    def flush(self) -> dict[str, float]:
        """Return the mean of each term and start anew."""
        means = {name: float(total) / self.steps for name, total in self.sums.items()}
        self.sums, self.steps = {}, 0
        return means


def build_model(config: dict[str, Any], heads: int) -> ContrastiveModel:
    """Return encoder and projection heads, initialised from the ``init`` stream of the cell's seed."""
    generator = torch.Generator().manual_seed(seed_of(config["cell"]["seed"], "init"))
    encoder, projection = config["encoder"], config["projection"]
    return ContrastiveModel(
        generator,
        ResNet(generator, encoder["blocks"], encoder["widths"], encoder["stem"]),
        heads,
        projection["hidden"],
        projection["dim"],
        projection["batch_norm_output"],
        projection["init_std"],
    )


def build_optimizer(model: nn.Module, training: dict[str, Any], fused: bool) -> torch.optim.Optimizer:
    """Return SGD with momentum or AdamW; weight decay applies to kernels, not to biases and batch norms."""
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": training["weight_decay"]},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if training["optimizer"] == "sgd":
        return torch.optim.SGD(groups, lr=training["lr"], momentum=SGD_MOMENTUM, fused=fused)
    return torch.optim.AdamW(groups, lr=training["lr"], fused=fused)


def total_loss(terms: dict[str, Tensor], lam: float, infomax_scale: float = 1.0) -> Tensor:
    """Return SubInfoMax + lam R, with the InfoMax terms multiplied by ``infomax_scale`` (Burns 2021, Eq. 3)."""
    loss = infomax_scale * torch.stack([value for name, value in terms.items() if name.startswith("infomax")]).sum()
    return loss + lam * terms["regularizer"] if "regularizer" in terms else loss


def targets(objective: Objective, held: tuple[str, str]) -> tuple[str, ...]:
    """Return the label that each InfoMax term is told: the joint one, or without heads each half its own (A.2)."""
    return ("joint",) * objective.heads or held


def plateau_levels(views: ViewPairs, order: Order, held: tuple[str, str], told: tuple[str, ...]) -> list[Levels]:
    """Return the heights of each InfoMax term's plateaus, averaged over the first batches of the run."""
    heights: dict[str, float] = {}
    for label in {*held, *told}:
        batches = [views.labels[label][order.index(step)] for step in range(LEVEL_BATCHES)]
        heights[label] = sum(float(factor_level(batch.repeat_interleave(2))) for batch in batches) / LEVEL_BATCHES
    collapse, single = collapse_level(2 * order.batch), min(heights[factor] for factor in held)
    return [Levels(collapse, single if label == "joint" else None, heights[label]) for label in told]


def fit(
    config: dict[str, Any],
    objective: Objective,
    views: ViewPairs,
    held: tuple[str, str],
    resume: Path,
    digest: str,
    checkpoint_every: float,
    announce: Callable[[str], None],
) -> Run:
    """Train one cell, going on from ``resume`` if it holds a state of the same ``digest``.

    ``config`` is ``Params.training(cell)``; ``checkpoint_every`` is in seconds. The result depends on neither the
    interruptions nor what runs beside it. A run whose loss is not finite stops and is marked as diverged.
    """
    training, lam, seed = config["training"], config["cell"]["lam"], config["cell"]["seed"]
    steps, log_every = training["steps"], training["log_every"]
    infomax_scale = training["temperature"] if training["loss_scale"] == "temperature" else 1.0
    device = views.images.device
    on_gpu = device.type == "cuda"
    half = on_gpu and training["precision"] == "bfloat16"

    model = place(build_model(config, objective.heads), device)
    optimizer = build_optimizer(model, training, fused=True)
    generators = {
        purpose: torch.Generator(device).manual_seed(seed_of(seed, purpose)) for purpose in ("augment", "regularizer")
    }
    order = Order(len(views), training["batch"], seed)
    levels = plateau_levels(views, order, held, targets(objective, held))
    history: list[dict[str, float]] = []
    start, diverged, before = 0, False, 0.0
    if (state := checkpoint.load_state(resume, digest)) is not None:
        start, history, before = state["step"], state["history"], state["seconds"]
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        for purpose, generator in generators.items():
            generator.set_state(state["generators"][purpose])
        announce(f"going on at step {start}")

    model.train()
    window, began = Window(), time.perf_counter()
    saved = began
    for step in range(start, steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, training["lr"], training["warmup"], steps)
        x, labels = views.batch(order.index(step).to(device))
        with torch.autocast(device.type, torch.bfloat16) if half else nullcontext():
            r, z = model(augment(x, training["augmentation"], generators["augment"]))
        pairs = tuple(part.float().unflatten(0, (-1, 2)) for part in (r, *z))
        batch = Embeddings(pairs[0], pairs[1:], labels, held, training["temperature"], generators["regularizer"])
        terms = objective.terms(batch)
        loss = total_loss(terms, lam, infomax_scale)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        window.add({"loss": loss, **terms})
        done = step + 1
        if done % log_every and done < steps:
            continue
        history.append({"step": done, "lr": optimizer.param_groups[0]["lr"], **window.flush()})
        if diverged := not math.isfinite(history[-1]["loss"]):
            announce(f"step {done}/{steps}  loss is not finite: stopped as diverged")
            break
        now = time.perf_counter()
        left = (now - began) / (done - start) * (steps - done)
        announce(f"step {done}/{steps}  loss {history[-1]['loss']:.3f}  {left:.0f} s left")
        if now - saved >= checkpoint_every and done < steps:
            checkpoint.save_state(
                resume,
                {
                    "digest": digest,
                    "step": done,
                    "history": history,
                    "seconds": before + now - began,
                    "model": model.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "generators": {purpose: generator.get_state() for purpose, generator in generators.items()},
                },
            )
            saved = now
    return Run(model, history, levels, diverged, before + time.perf_counter() - began, int(history[-1]["step"]))
