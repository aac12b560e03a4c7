"""The training of a cell in phases, from initialisation to the last step."""

import functools
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from torch import nn

from disentangle.losses.phased import Phased
from disentangle.training import checkpoint
from disentangle.training.device import SideStream
from disentangle.training.phase_step import Batches, PhaseStep


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


class PhasedTraining:
    """One cell's training, which changes its ``networks`` in place.

    It goes on from ``resume`` if that holds a state of the same ``digest``. ``config`` is ``Params.training(cell)``,
    ``execution`` that of PhaseStep. The result does not depend on the interruptions.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        networks: nn.ModuleDict,
        objective: Phased,
        batches: Batches,
        resume: Path,
        digest: str,
        execution: str,
        announce: Callable[[str], None],
    ) -> None:
        self._networks, self._objective, self._batches = networks, objective, batches
        self._every, self._phases = config["training"]["log_every"], [*objective.phases]
        self._ends = [*accumulate(objective.steps(phase, config["training"]) for phase in self._phases)]
        self._resume, self._digest, self._announce = resume, digest, announce
        self._stream, self._run = SideStream(batches.device), Run([], 0.0, 0)
        self._phase_step = functools.partial(
            PhaseStep,
            config,
            networks=networks,
            objective=objective,
            batches=batches,
            stream=self._stream,
            execution=execution,
        )
        if (state := checkpoint.load_state(resume, digest)) is not None:
            self._run = Run(state["history"], state["seconds"], state["done"])
            self._step = self._phase_step(phase=self._phases[self._place()[0]])
            with self._stream():
                self._step.restore(state["state"])
            announce(f"going on at step {self._run.steps}")

    def run(self, checkpoint_every: float) -> Run:
        """Train to the end, or until a loss is not finite; save a state if the last is so many seconds old."""
        run, total, start = self._run, self._ends[-1], self._run.steps
        began = saved = time.perf_counter()
        while run.steps < total:
            self._row()
            if run.diverged:
                self._announce(f"step {run.steps}/{total}  a loss is not finite: stopped as diverged")
                break
            now = time.perf_counter()
            left = (now - began) / (run.steps - start) * (total - run.steps)
            self._announce(f"step {run.steps}/{total}  loss {run.history[-1]['loss']:.4f}  {left:.0f} s left")
            if now - saved >= checkpoint_every and run.steps not in self._ends:
                self._save()
                saved = now
        return run

    def _place(self) -> tuple[int, int, int]:
        """Return the number of the phase of the next step, where that phase starts, and where it ends."""
        phase = next(number for number, end in enumerate(self._ends) if self._run.steps < end)
        return phase, self._ends[phase - 1] if phase else 0, self._ends[phase]

    def _row(self) -> None:
        """Train to the end of a row of history; a phase begins with a step of its own."""
        began, (phase, start, last) = time.perf_counter(), self._place()
        done = self._run.steps - start
        with self._stream():
            if not done:
                self._objective.begin(self._phases[phase], self._networks, self._batches.given())
                self._step = self._phase_step(phase=self._phases[phase])
            end = min((done // self._every + 1) * self._every, last - start)
            for step in range(done, end):
                rate = self._step(self._batches.index(start + step), step)
            means = self._step.means()
        self._run.steps += end - done
        self._run.history.append({"step": self._run.steps, "rate": rate, **means})
        self._run.seconds += time.perf_counter() - began

    def _save(self) -> None:
        run = self._run
        with self._stream():
            state = {"done": run.steps, "history": run.history, "state": self._step.state()}
            checkpoint.save_state(self._resume, {"digest": self._digest, "seconds": run.seconds, **state})
