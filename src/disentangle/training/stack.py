"""Training of many small models in one process: the cells of one dataset and method, of whatever strengths and seeds.

A cell's numbers depend on its own configuration alone. On a GPU each launch serves all cells, and their results are
those of runs alone up to the order of sums. On a CPU, where a cell's products keep a core busy, cells take turns, a row
of history each, and results are those of runs alone to the bit.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from disentangle.data.grid import Seen
from disentangle.losses.posterior import Regularization
from disentangle.models.stacked import unstack
from disentangle.training import checkpoint
from disentangle.training.packed import PackedGrid
from disentangle.training.stacked_step import FINAL, Step

AT_ONCE = {"cpu": 1}
"""Cells that a launch serves, by the kind of device (where it is not named: all)."""


@dataclass
class StackedCell:
    """A trained cell: its parameters, a row of history every few steps, its losses at the end, how and how fast.

    ``final`` holds the mean losses over fresh batches, ``loss``, ``reconstruction``, ``kl``, ``regularizer`` and
    ``elbo``, in nats an image. Of a diverged cell they are nan, and its last row and its steps are those in which its
    loss was not finite.
    """

    weights: dict[str, Tensor]
    history: list[dict[str, float]]
    final: dict[str, float]
    diverged: bool
    seconds: float
    steps: int


@dataclass
class _Part:
    """Cells that share their launches, and what has come of each so far."""

    step: Step
    histories: list[list[dict[str, float]]]
    seconds: float = 0.0
    """Of each cell."""

    def diverged(self) -> list[bool]:
        return [bool(history) and not math.isfinite(history[-1]["loss"]) for history in self.histories]


class StackedTraining:
    """The training of cells that differ in strength and seed alone.

    ``configs`` hold ``cell``, ``model`` and ``training``; all but the cell are one for the stack. It goes on from
    ``resume`` if that holds a state of the same ``digest``, of which the result does not depend. ``execution`` is that
    of ``Step``.
    """

    def __init__(
        self,
        configs: Sequence[dict[str, Any]],
        objective: Regularization,
        grid: PackedGrid,
        observation: Seen,
        resume: Path,
        digest: str,
        execution: str,
        announce: Callable[[str], None],
    ) -> None:
        self._training, self._resume, self._digest, self._announce = configs[0]["training"], resume, digest, announce
        self._total, self._done = objective.steps(self._training["steps"]), 0
        at_once = AT_ONCE.get(grid.images.device.type, len(configs))
        if execution == "compiled":
            torch.compiler.reset()  # else it keeps what it made for stacks of other shapes, and refuses the ninth
        self._parts = []
        for start in range(0, len(configs), at_once):
            mates = configs[start : start + at_once]
            step = Step(mates, objective, grid, observation, execution)
            self._parts.append(_Part(step, [[] for _ in mates]))
        if (state := checkpoint.load_state(resume, digest)) is not None:
            self._restore(state)
            announce(f"going on at step {self._done}")

    def run(self, checkpoint_every: float) -> list[StackedCell]:
        """Train to the end and return the cells in their order.

        A state is saved if the last is ``checkpoint_every`` seconds old and saving takes less than a twentieth of the
        time: that of a large stack is gigabytes.
        """
        began = saved = time.perf_counter()
        start, rest = self._done, checkpoint_every
        while self._done < self._total and not all(all(part.diverged()) for part in self._parts):
            self.row()
            now = time.perf_counter()
            left = (now - began) / (self._done - start) * (self._total - self._done)
            self._announce(f"step {self._done}/{self._total}  {self._summary()}  {left:.0f} s left")
            if now - saved >= rest and self._done < self._total:
                self._save()
                saved = time.perf_counter()
                rest = max(checkpoint_every, 20 * (saved - now)) if checkpoint_every else 0
        return [trained for part in self._parts for trained in self._results(part)]

    def row(self) -> None:
        """Train to the end of a row of history."""
        every = self._training["log_every"]
        end = min((self._done // every + 1) * every, self._total)
        for part in self._parts:
            diverged = part.diverged()
            if all(diverged):
                continue
            start = time.perf_counter()
            with part.step.stream():
                for step in range(self._done, end):
                    part.step(step)
                rows = part.step.means()
            for history, stopped, row in zip(part.histories, diverged, rows, strict=True):
                if not stopped:
                    history.append({"step": end, **row})
            part.seconds += (time.perf_counter() - start) / len(rows)
        self._done = end

    def _summary(self) -> str:
        last = [history[-1]["loss"] for part in self._parts for history in part.histories]
        finite = [loss for loss in last if math.isfinite(loss)]
        losses = f"losses {min(finite):.1f} to {max(finite):.1f}" if finite else "no finite loss"
        return losses + (f", {len(last) - len(finite)} diverged" if len(finite) < len(last) else "")

    def _results(self, part: _Part) -> list[StackedCell]:
        diverged = part.diverged()
        with part.step.stream():
            final = part.step.final(self._training["final_batches"], self._done)
            found = [unstack(part.step.weights, cell) for cell in range(len(diverged))]
        nothing = dict.fromkeys((*FINAL, "elbo"), math.nan)
        return [
            StackedCell(
                weights,
                history,
                nothing if stopped else losses,
                stopped or not math.isfinite(losses["loss"]),
                part.seconds,
                int(history[-1]["step"]) if history else 0,
            )
            for weights, history, losses, stopped in zip(found, part.histories, final, diverged, strict=True)
        ]

    def _save(self) -> None:
        parts = []
        for part in self._parts:
            with part.step.stream():
                parts.append({"histories": part.histories, "seconds": part.seconds, "state": part.step.state()})
        checkpoint.save_state(self._resume, {"digest": self._digest, "step": self._done, "parts": parts})

    def _restore(self, state: dict[str, Any]) -> None:
        self._done = state["step"]
        for part, saved in zip(self._parts, state["parts"], strict=True):
            part.histories, part.seconds = saved["histories"], saved["seconds"]
            with part.step.stream():
                part.step.restore(saved["state"])
