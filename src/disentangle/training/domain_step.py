"""One step of a class-supervised training, as a program over tensors of one device.

Nothing in it waits for the host or depends on a value, so a GPU can record it once and replay it as a single launch.
"""

import math
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from disentangle.losses.labelled_batch import ClassSupervised, LabelledBatch
from disentangle.streams import seed_of
from disentangle.training.device import SideStream, place
from disentangle.training.image_augment import augment, draw
from disentangle.training.labelled_images import LabelledImages, seen
from disentangle.training.rates import share_of_peak
from disentangle.training.step import Recorded

BETAS = (0.5, 0.999)


class PhaseStep:
    """Images, copies, losses, gradients and updates of one cell in one phase, and the sums of its losses.

    ``execution`` is ``eager``, or ``graph``, which records the step on a GPU. ``networks`` are on the device already.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        phase: str,
        networks: nn.ModuleDict,
        objective: ClassSupervised,
        distance: nn.Module | None,
        images: LabelledImages,
        groups: int,
        stream: SideStream,
        execution: str,
    ) -> None:
        device = images.images.device
        self._training, self._lam, self._phase = config["training"], config["cell"]["lam"], phase
        self._objective, self._networks, self._images = objective, networks, images
        self._distance, self._groups, self.stream = distance, groups, stream
        self._half = self._training["precision"] == "bfloat16"
        recorded = device.type == "cuda" and execution != "eager"
        with stream():
            self._share = torch.ones((), device=device)
            self._index = torch.zeros(groups * self._training["each"], dtype=torch.int64, device=device)
            self._optimizers = {
                loss: self._adam(trained, objective.rates(phase), recorded)
                for loss, trained in objective.phases[phase].items()
            }
        self._peaks = [
            (group, group["lr"].clone()) for adam in self._optimizers.values() for group in adam.param_groups
        ]
        self._generators = {
            purpose: torch.Generator(device).manual_seed(seed_of(config["cell"]["seed"], purpose, phase))
            for purpose in ("augment", "noise")
        }
        self._recorded = Recorded([*self._generators.values()]) if recorded else None
        self._names: tuple[str, ...] = ()
        self._sums, self._steps = torch.empty(0), 0

    def __call__(self, index: Tensor, step: int) -> float:
        """Make the update number ``step`` of the phase on the samples ``index``; return its share of the peak rates."""
        self._index.copy_(index)
        share = share_of_peak(self._objective.schedule, step, self._training["steps"])
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

    def _adam(self, trained: tuple[str, ...], rates: Mapping[str, float], recorded: bool) -> torch.optim.Adam:
        device = self._share.device
        groups = [
            {"params": [*self._networks[name].parameters()], "lr": torch.tensor(rates[name], device=device)}
            for name in trained
        ]
        return torch.optim.Adam(groups, betas=BETAS, fused=True, capturable=recorded)

    def _program(self) -> None:
        images, generators = self._images, self._generators
        x = seen(images.images.index_select(0, self._index))
        names = self._objective.augmentations
        copies = tuple(
            augment(x, names, draw(len(x), names, generators["augment"])) for _ in range(self._objective.copies)
        )
        # A method that lacks a key has no use for it: of no number, no loss would be finite.
        batch = LabelledBatch(
            x,
            copies,
            images.domain.index_select(0, self._index),
            self._index,
            self._groups,
            self._training.get("temperature", math.nan),
            self._lam,
            self._training.get("rebuilt", 0),
            generators["noise"],
            self._distance,
        )
        with torch.autocast(x.device.type, torch.bfloat16) if self._half else nullcontext():
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
