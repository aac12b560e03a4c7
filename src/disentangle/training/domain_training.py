"""The training of a class-supervised cell, from initialisation through its phases to the last step."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from disentangle.losses.labelled_batch import ClassSupervised
from disentangle.training import checkpoint
from disentangle.training.device import SideStream
from disentangle.training.domain_step import PhaseStep
from disentangle.training.labelled_images import DomainOrder, LabelledImages


@dataclass
class Run:
    """A finished training."""

    networks: nn.ModuleDict
    history: list[dict[str, float]]
    diverged: bool
    seconds: float
    steps: int


def train(
    config: Mapping[str, Any],
    networks: nn.ModuleDict,
    objective: ClassSupervised,
    distance: nn.Module | None,
    images: LabelledImages,
    resume: Path,
    digest: str,
    execution: str,
    checkpoint_every: float,
    announce: Callable[[str], None],
) -> Run:
    """Train through all phases; goes on from ``resume`` if that holds a state of the same ``digest``.

    The result does not depend on the interruptions. A run whose loss is not finite stops and is marked as diverged.
    ``checkpoint_every`` is in seconds.
    """
    training, device = config["training"], images.images.device
    steps, phases = training["steps"], [*objective.phases]
    stream = SideStream(device)
    state = checkpoint.load_state(resume, digest)
    done, history, seconds = (state["done"], state["history"], state["seconds"]) if state else (0, [], 0.0)
    if state:
        announce(f"going on at step {done}")
    domain, seed = images.domain.cpu().numpy(), config["cell"]["seed"]
    order = DomainOrder(domain, training["domains"], training["each"], seed, device)
    began = saved = now = time.perf_counter()
    first, run = done, Run(networks, history, False, seconds, done)
    for number in range(done // steps, len(phases)):
        step = PhaseStep(config, phases[number], networks, objective, distance, images, order.groups, stream, execution)
        if state and done // steps == number:
            with stream():
                step.restore(state["state"])
        local = run.steps - number * steps
        while local < steps:
            until = min((local // training["log_every"] + 1) * training["log_every"], steps)
            with stream():
                for k in range(local, until):
                    share = step(order.index(number * steps + k), k)
                means = step.means()
            local, run.steps = until, number * steps + until
            run.seconds += time.perf_counter() - now
            now = time.perf_counter()
            run.history.append({"step": run.steps, "rate": share, **means})
            if not all(map(math.isfinite, means.values())):
                run.diverged = True
                announce(f"step {run.steps}  a loss is not finite: stopped as diverged")
                return run
            left = (now - began) / (run.steps - first) * (len(phases) * steps - run.steps)
            announce(f"{phases[number]} {local}/{steps}  loss {means['loss']:.4f}  {left:.0f} s left")
            if now - saved >= checkpoint_every and local < steps:
                with stream():
                    kept = {"done": run.steps, "history": run.history, "state": step.state()}
                    checkpoint.save_state(resume, {"digest": digest, "seconds": run.seconds, **kept})
                saved = now
    if device.type == "cuda":
        torch.cuda.current_stream(device).synchronize()
    return run
