"""The training loop of the contrastive methods, from initialisation to the last step."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from disentangle.losses.contrastive import collapse_level, factor_level
from disentangle.models.contrastive import ContrastiveModel
from disentangle.models.resnet import ResNet
from disentangle.streams import seed_of
from disentangle.training import checkpoint
from disentangle.training.batches import Order, ViewPairs
from disentangle.training.plateau import Levels
from disentangle.training.schedule import learning_rate
from disentangle.training.step import Objective, Step

LEVEL_BATCHES = 20
"""Batches over which the heights of the plateaus are averaged; they depend on the labels alone."""


@dataclass
class Run:
    """A finished training: the model, a row of history every few steps, the plateaus, how and how fast it went."""

    model: ContrastiveModel
    history: list[dict[str, float]]
    levels: list[Levels]
    diverged: bool
    seconds: float
    steps: int


def build_model(config: Mapping[str, Any], heads: int) -> ContrastiveModel:
    """Return encoder and projection heads, initialised from the ``init`` stream of the cell's seed."""
    generator = torch.Generator().manual_seed(seed_of(config["cell"]["seed"], "init"))
    encoder = config["encoder"]
    resnet = ResNet(generator, encoder["blocks"], encoder["widths"], encoder["stem"])
    if not heads:
        return ContrastiveModel(generator, resnet)
    given = config["projection"]
    shape = given["hidden"], given["dim"], given["batch_norm_output"], given["init_std"]
    return ContrastiveModel(generator, resnet, heads, *shape)


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


class Training:
    """One cell's training, a row of history at a time, so that several cells can share a device.

    It goes on from ``resume`` if that holds a state of the same ``digest``. ``config`` is ``Params.training(cell)``,
    ``execution`` that of Step. The result depends on neither the interruptions nor what runs beside it. A run whose
    loss is not finite stops and is marked as diverged.
    """

    def __init__(
        self,
        config: dict[str, Any],
        objective: Objective,
        views: ViewPairs,
        held: tuple[str, str],
        resume: Path,
        digest: str,
        execution: str,
        announce: Callable[[str], None],
    ) -> None:
        self._training, self._resume, self._digest, self._announce = config["training"], resume, digest, announce
        self._step = Step(config, build_model(config, objective.heads), objective, views, held, execution)
        self._history: list[dict[str, float]] = []
        self._done, self._diverged, self._seconds, self._rate = 0, False, 0.0, 0.0
        with self._step.stream():
            self._order = Order(len(views), self._training["batch"], config["cell"]["seed"], views.images.device)
            self._levels = plateau_levels(views, self._order, held, targets(objective, held))
            if (state := checkpoint.load_state(resume, digest)) is not None:
                self._done, self._history, self._seconds = state["step"], state["history"], state["seconds"]
                self._step.restore(state["state"])
                announce(f"going on at step {self._done}")
        self._start = self._launched = self._done
        self._began = self._now = self._saved = time.perf_counter()

    @property
    def finished(self) -> bool:
        """Whether the last step is done and read, or the run has diverged."""
        return self._diverged or self._done == self._training["steps"]

    @property
    def launched(self) -> bool:
        """Whether all steps of the next row of history are started."""
        return not self._launched % self._training["log_every"] or bool(self._launched == self._training["steps"])

    def launch(self) -> None:
        """Start the next step; a GPU works it off while the host goes on."""
        step, training = self._launched, self._training
        self._rate = learning_rate(step, training["lr"], training["warmup"], training["steps"])
        with self._step.stream():
            self._step(self._order.index(step), self._rate)
        self._launched += 1

    def read(self, checkpoint_every: float, sharing: int = 1) -> None:
        """Wait for the steps that were started, keep their row, and save a state if the last is seconds old.

        Of the time since the last row, a cell has used its share of the ``sharing`` ones.
        """
        with self._step.stream():
            means = self._step.means()
        self._done, steps, now = self._launched, self._training["steps"], time.perf_counter()
        self._history.append({"step": self._done, "lr": self._rate, **means})
        self._seconds += (now - self._now) / sharing
        self._now = now
        if not math.isfinite(means["loss"]):
            self._diverged = True
            self._announce(f"step {self._done}/{steps}  loss is not finite: stopped as diverged")
            return
        left = (now - self._began) / (self._done - self._start) * (steps - self._done)
        self._announce(f"step {self._done}/{steps}  loss {means['loss']:.3f}  {left:.0f} s left")
        if now - self._saved >= checkpoint_every and not self.finished:
            self._save()
            self._saved = now

    def result(self) -> Run:
        """Return what came of it."""
        return Run(self._step.model, self._history, self._levels, self._diverged, self._seconds, self._done)

    def _save(self) -> None:
        with self._step.stream():
            state = {"step": self._done, "history": self._history, "state": self._step.state()}
            checkpoint.save_state(self._resume, {"digest": self._digest, "seconds": self._seconds, **state})


def fit(trainings: Sequence[Training], checkpoint_every: float) -> Iterator[Training]:
    """Train cells side by side and yield each at its end; ``checkpoint_every`` is in seconds.

    Steps are launched in turn: a driver takes a bounded number of launches, and a row of one cell's would keep the
    others' from starting beside it.
    """
    running = list(trainings)
    while running:
        for training in tuple(running):
            training.launch()
            if training.launched:
                training.read(checkpoint_every, len(running))
                if training.finished:
                    running.remove(training)
                    yield training
