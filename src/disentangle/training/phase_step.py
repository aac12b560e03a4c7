"""One step of a training in phases, as a program over tensors of one device.

Nothing in it waits for the host or depends on a value, so a GPU can record it once and replay it as a single launch.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from disentangle.losses.phased import Phased
from disentangle.streams import seed_of
from disentangle.training.device import SideStream, place, records
from disentangle.training.rates import share_of_peak
from disentangle.training.step import Recorded

BETA2 = 0.999


class Batches(Protocol):
    """What steps are made of."""

    device: torch.device
    samples: int
    """Images a step, each of them named by its index."""
    purposes: Sequence[str]
    """The random streams that a batch is drawn with, on the device."""

    def index(self, step: int) -> Tensor:
        """Return the samples (samples,) int64 of a step of the whole training; steps may not go back."""

    def at(self, index: Tensor, generators: Mapping[str, torch.Generator]) -> Any:
        """Return the batch of the samples ``index`` as the objective's ``losses`` want it."""

    def given(self) -> Sequence[Any]:
        """Return what the objective's ``begin`` is given beside its networks."""


class PhaseStep:
    """Batch, losses, gradients and updates of one cell in one phase, and the sums of its losses.

    ``execution`` is ``eager``, or ``graph``, which records the step on a GPU. ``networks`` are on the device already.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        phase: str,
        networks: nn.ModuleDict,
        objective: Phased,
        batches: Batches,
        stream: SideStream,
        execution: str,
    ) -> None:
        device, seed = batches.device, config["cell"]["seed"]
        self._phase, self._steps_of_phase = phase, objective.steps(phase, config["training"])
        self._objective, self._networks, self._batches, self.stream = objective, networks, batches, stream
        self._half = config["training"]["precision"] == "bfloat16"
        recorded = records(execution, device)
        with stream():
            self._share = torch.ones((), device=device)
            self._index = torch.zeros(batches.samples, dtype=torch.int64, device=device)
            self._optimizers = {
                loss: self._adam(trained, objective.momentum(loss), recorded)
                for loss, trained in objective.phases[phase].items()
            }
        self._peaks = [
            (group, group["lr"].clone()) for adam in self._optimizers.values() for group in adam.param_groups
        ]
        self._generators = {
            purpose: torch.Generator(device).manual_seed(seed_of(seed, purpose, phase)) for purpose in batches.purposes
        }
        self._recorded = Recorded([*self._generators.values()]) if recorded else None
        self._names: tuple[str, ...] = ()
        self._sums, self._steps = torch.empty(0), 0

    def __call__(self, index: Tensor, step: int) -> float:
        """Make the update number ``step`` of the phase on the samples ``index``; return its share of the peak rates."""
        self._index.copy_(index)
        share = share_of_peak(self._objective.schedule, step, self._steps_of_phase)
        self._share.fill_(share)
        if self._recorded:
            self._recorded(self._program)
        else:
            self._program()
        self._steps += 1
        return share

    def means(self) -> dict[str, float]:
        """Wait for the device, return the mean of each loss over the steps since the last call, and start anew."""
        means = {name: total / self._steps for name, total in zip(self._names, self._sums.tolist(), strict=True)}
        self._sums.zero_()
        self._steps = 0
        return means

    def state(self) -> dict[str, Any]:
        """Return all that the next step depends on, but for its arguments."""
        return {
            "networks": self._networks.state_dict(),
            "optimizers": {loss: adam.state_dict() for loss, adam in self._optimizers.items()},
            "generators": {purpose: generator.get_state() for purpose, generator in self._generators.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to a state; only before the first step."""
        self._networks.load_state_dict(state["networks"])
        for loss, adam in self._optimizers.items():
            rates = [group["lr"] for group in adam.param_groups]
            adam.load_state_dict(state["optimizers"][loss])
            for group, rate in zip(adam.param_groups, rates, strict=True):
                group["lr"] = rate
        for purpose, generator in self._generators.items():
            generator.set_state(state["generators"][purpose])

    def _adam(self, trained: tuple[str, ...], beta1: float, recorded: bool) -> torch.optim.Adam:
        rates, device = self._objective.rates(self._phase), self._share.device
        groups = [
            {"params": [*self._networks[name].parameters()], "lr": torch.tensor(rates[name], device=device)}
            for name in trained
        ]
        return torch.optim.Adam(groups, betas=(beta1, BETA2), fused=True, capturable=recorded)

    def _program(self) -> None:
        batch = self._batches.at(self._index, self._generators)
        with torch.autocast(self._share.device.type, torch.bfloat16) if self._half else nullcontext():
            losses = self._objective.losses(self._networks, batch, self._phase)
        # Each gradient is taken with respect to its own networks alone; all before any of them is changed.
        for place_of, (loss, adam) in enumerate(self._optimizers.items(), 1):
            parameters = [parameter for group in adam.param_groups for parameter in group["params"]]
            for parameter in parameters:
                parameter.grad = None
            kept = place_of < len(self._optimizers)
            losses[loss].backward(inputs=parameters, retain_graph=kept)  # type: ignore[no-untyped-call]
        for group, peak in self._peaks:
            torch.mul(peak, self._share, out=group["lr"])
        for adam in self._optimizers.values():
            adam.step()
        self._add(losses)

    def _add(self, losses: Mapping[str, Tensor]) -> None:
        values = torch.stack([value.detach().float() for value in losses.values()])
        if not self._names:
            self._names, self._sums = tuple(losses), torch.zeros_like(values)
        self._sums += values


def placed(networks: Mapping[str, nn.Module], device: torch.device) -> nn.ModuleDict:
    """Return networks on a device, to be trained."""
    return place(nn.ModuleDict(networks), device).train()
