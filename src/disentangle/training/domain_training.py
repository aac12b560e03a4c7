"""The training of a class-supervised cell, from initialisation through its phases to the last step."""

import functools
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from disentangle.losses.labelled_batch import ClassSupervised
from disentangle.training import checkpoint
from disentangle.training.device import SideStream
from disentangle.training.domain_step import PhaseStep
from disentangle.training.labelled_images import DomainOrder, LabelledImages


@dataclass
class Run:
    """A training: a row of history every few steps, how long and how far it went, over all phases."""

    history: list[dict[str, float]]
    seconds: float
    steps: int

    @property
    def diverged(self) -> bool:
        """Whether a loss of the last row is not finite."""
        return not all(map(math.isfinite, self.history[-1].values())) if self.history else False


class DomainTraining:
    """One cell's training, which changes its ``networks`` in place.

    It goes on from ``resume`` if that holds a state of the same ``digest``. ``config`` is ``Params.training(cell)``,
    ``execution`` that of PhaseStep. The result does not depend on the interruptions.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        networks: nn.ModuleDict,
        objective: ClassSupervised,
        distance: nn.Module | None,
        images: LabelledImages,
        resume: Path,
        digest: str,
        execution: str,
        announce: Callable[[str], None],
    ) -> None:
        self._training, self._phases = config["training"], [*objective.phases]
        self._resume, self._digest, self._announce = resume, digest, announce
        device, domain = images.images.device, images.domain.cpu().numpy()
        asked = self._training["domains"], self._training["each"]
        self._order = DomainOrder(domain, *asked, config["cell"]["seed"], device)
        self._stream, self._run = SideStream(device), Run([], 0.0, 0)
        self._phase_step = functools.partial(
            PhaseStep,
            config,
            networks=networks,
            objective=objective,
            distance=distance,
            images=images,
            groups=self._order.groups,
            stream=self._stream,
            execution=execution,
        )
        if (state := checkpoint.load_state(resume, digest)) is not None:
            self._run = Run(state["history"], state["seconds"], state["done"])
            self._step = self._phase_step(phase=self._phases[self._run.steps // self._training["steps"]])
            with self._stream():
                self._step.restore(state["state"])
            announce(f"going on at step {self._run.steps}")

    @property
    def samples(self) -> int:
        """Images a step."""
        return self._order.groups * int(self._training["each"])

    def run(self, checkpoint_every: float) -> Run:
        """Train to the end, or until a loss is not finite; save a state if the last is so many seconds old."""
        run, total, start = self._run, self._training["steps"] * len(self._phases), self._run.steps
        began = saved = time.perf_counter()
        while run.steps < total:
            self._row()
            if run.diverged:
                self._announce(f"step {run.steps}/{total}  a loss is not finite: stopped as diverged")
                break
            now = time.perf_counter()
            left = (now - began) / (run.steps - start) * (total - run.steps)
            self._announce(f"step {run.steps}/{total}  loss {run.history[-1]['loss']:.4f}  {left:.0f} s left")
            if now - saved >= checkpoint_every and run.steps % self._training["steps"]:
                self._save()
                saved = now
        return run

    def _row(self) -> None:
        """Train to the end of a row of history; a phase begins with a step of its own."""
        began, steps, every = time.perf_counter(), self._training["steps"], self._training["log_every"]
        phase, done = divmod(self._run.steps, steps)
        if not done:
            self._step = self._phase_step(phase=self._phases[phase])
        end = min((done // every + 1) * every, steps)
        with self._stream():
            for step in range(done, end):
                rate = self._step(self._order.index(phase * steps + step), step)
            means = self._step.means()
        self._run.steps += end - done
        self._run.history.append({"step": self._run.steps, "rate": rate, **means})
        self._run.seconds += time.perf_counter() - began

    def _save(self) -> None:
        run = self._run
        with self._stream():
            state = {"done": run.steps, "history": run.history, "state": self._step.state()}
            checkpoint.save_state(self._resume, {"digest": self._digest, "seconds": run.seconds, **state})
