"""One step of a stack of variational autoencoders, as a program over tensors of one device.

The cells of a stack share a dataset, a method and an architecture, and differ in strength and seed. Parameters have
the cells as first axis and no sum of values runs over it, so a cell whose loss is not finite leaves its mates alone.
Nothing waits for the host or depends on a value, so a GPU can record it once and replay it as a single launch.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from disentangle.data.grid import Seen
from disentangle.losses.posterior import Posterior, Regularization, kl_divergence
from disentangle.models.discriminator import Discriminator
from disentangle.models.stacked import stack
from disentangle.models.vae import VAE
from disentangle.streams import seed_of
from disentangle.training.device import SideStream, records
from disentangle.training.draws import Draws
from disentangle.training.packed import PackedGrid
from disentangle.training.step import Recorded

BETAS, DISCRIMINATOR_BETAS = (0.9, 0.999), (0.5, 0.9)
"""Of Adam: how fast it forgets first and second moments."""

FINAL = ("loss", "reconstruction", "kl", "regularizer")


def build_model(model: dict[str, Any], grid: PackedGrid, observation: Seen) -> VAE:
    """Return the architecture ``model`` for the observations of a grid."""
    return VAE(grid.shape[0], observation.channels(grid.shape), model["latent"], tuple(model["conv"]), model["hidden"])


def bernoulli_loss(logits: Tensor, x: Tensor) -> Tensor:
    """Return -log p(x | z) of independent pixels, averaged over the batch, in nats an image, (M,).

    L = mean_i sum_p [ log(1 + exp(l_ip)) - x_ip l_ip ]

    Shapes: logits l (M, B, S, S, C) and targets x likewise, in [0, 1]. Source: Locatello et al. 2019, appendix; as
    there, the entropy of targets between 0 and 1 is not taken off. Deviation: none.
    """
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum((2, 3, 4)).mean(1)


class Step:
    """Batch, losses, backward pass and update of M cells, and the sums of their losses.

    ``execution``: ``eager`` launches one kernel after another; ``graph`` records them as a CUDA graph after the first
    steps; ``compiled`` also fuses, with ``torch.compile``, what is between the matrix products of the autoencoders.
    On a GPU each Step has its own stream, on which its caller must work too: ``with step.stream(): ...``.
    """

    def __init__(
        self,
        configs: Sequence[dict[str, Any]],
        objective: Regularization,
        grid: PackedGrid,
        observation: Seen,
        execution: str,
    ) -> None:
        device = grid.images.device
        self.stream = SideStream(device)  # after the grid was made
        self._training, self._device, self._graph = configs[0]["training"], device, records(execution, device)
        self._objective, self._grid, self._observation = objective, grid, observation
        self._vae = build_model(configs[0]["model"], grid, observation)
        cells = [config["cell"] for config in configs]
        self._seeds = list(dict.fromkeys(cell["seed"] for cell in cells))
        with self.stream():
            self._which = torch.tensor([self._seeds.index(cell["seed"]) for cell in cells], device=device)
            self._lam = torch.tensor([float(cell["lam"]) for cell in cells], device=device)
            self._done = torch.zeros((), device=device)
            self.weights = self._initial(self._vae, "init", cells)
            self._optimizers = [self._adam(self.weights, self._training["lr"], BETAS)]
            self._critic: dict[str, Tensor] = {}
            if objective.adversarial:
                given = self._training["discriminator"]
                self._discriminator = Discriminator(self._vae.latent, given["layers"], given["hidden"])
                self._critic = self._initial(self._discriminator, "discriminator", cells)
                self._optimizers.append(self._adam(self._critic, given["lr"], DISCRIMINATOR_BETAS))
            self._draws = self._streams(self._seeds)
            self._drawn = {purpose: part.clone() for purpose, part in self._draws.at(0).items()}
        # Not the discriminators: they are products all but wholly, and one of their two gradients leaves weights alone,
        # which a compiled backward pass would compute as well.
        compiled = execution == "compiled"
        self._fused = torch.compile(self._through, fullgraph=True, dynamic=False) if compiled else self._through
        self._names: tuple[str, ...] = ()
        self._sums, self._steps = torch.empty(0), 0
        self._recorded = self._unrecorded()

    def __call__(self, step: int) -> None:
        """Make the update number ``step``, from 0; a GPU may still be at it when this returns."""
        for purpose, part in self._draws.at(step).items():
            self._drawn[purpose].copy_(part)
        self._done.fill_(step)
        if self._recorded:
            self._recorded(self._program)
        else:
            self._program()
        self._steps += 1

    def means(self) -> list[dict[str, float]]:
        """Wait for the device, return each cell's mean losses over the steps since the last call, and start anew."""
        means = (self._sums / self._steps).T.tolist()
        self._sums.zero_()
        self._steps = 0
        return [dict(zip(self._names, cell, strict=True)) for cell in means]

    @torch.no_grad()
    def final(self, batches: int, done: int) -> list[dict[str, float]]:
        """Return each cell's mean losses over fresh batches, of streams of their own, after ``done`` updates.

        ``elbo`` is -reconstruction - kl. All are in nats an image. The recorded step, which holds the memory that a
        whole step needs, and the gradients, which lie in it, are let go before: another step is recorded anew.
        """
        self._recorded = self._unrecorded()
        for parameter in (*self.weights.values(), *self._critic.values()):
            parameter.grad = None
        self._done.fill_(done)
        draws = self._streams([seed_of(seed, "final") for seed in self._seeds])
        sums = torch.zeros(len(FINAL), len(self._lam), device=self._device)
        with matmuls(self._training["precision"], self._device):
            for batch in range(batches):
                losses, _ = self._losses(draws.at(batch), self._through)
                sums += torch.stack([losses[name] for name in FINAL])
        means = [dict(zip(FINAL, cell, strict=True)) for cell in (sums / batches).T.tolist()]
        return [cell | {"elbo": -cell["reconstruction"] - cell["kl"]} for cell in means]

    def state(self) -> dict[str, Any]:
        """Return all that the next step depends on, but for its number."""
        return {
            "weights": self.weights,
            "discriminator": self._critic,
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
        }

    @torch.no_grad()
    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state; only before the first step."""
        for held, saved in ((self.weights, state["weights"]), (self._critic, state["discriminator"])):
            for name, tensor in held.items():
                tensor.copy_(saved[name])
        for optimizer, saved in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)

    def _initial(self, model: VAE | Discriminator, purpose: str, cells: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
        """Return the parameters of all cells, each drawn from its own stream."""
        generators = [torch.Generator().manual_seed(seed_of(cell["seed"], purpose)) for cell in cells]
        stacked = stack([model.initial(generator) for generator in generators])
        return {name: tensor.to(self._device).requires_grad_() for name, tensor in stacked.items()}

    def _adam(self, weights: dict[str, Tensor], rate: float, betas: tuple[float, float]) -> torch.optim.Adam:
        return torch.optim.Adam(weights.values(), rate, betas, fused=True, capturable=self._graph)

    def _unrecorded(self) -> Recorded | None:
        return Recorded([]) if self._graph else None

    def _streams(self, seeds: Sequence[int]) -> Draws:
        noise = self._observation.noise_shape(self._grid.shape)
        batch, latent, permuted = self._training["batch"], self._vae.latent, self._objective.adversarial
        return Draws(seeds, len(self._grid), batch, latent, noise, permuted, self._device)

    def _through(self, weights: dict[str, Tensor], images: Tensor, noise: Tensor) -> tuple[Tensor, ...]:
        """Return what the autoencoders make of each seed's batch: -log p(x | z) (M,), KL (M,), mean, logvar and z."""
        x, noise = images.index_select(0, self._which), noise.index_select(0, self._which)
        mean, logvar = self._vae.encode(weights, x)
        z = mean + (0.5 * logvar).exp() * noise
        return bernoulli_loss(self._vae.decode(weights, z), x), kl_divergence(mean, logvar), mean, logvar, z

    def _losses(
        self, drawn: dict[str, Tensor], through: Callable[..., tuple[Tensor, ...]]
    ) -> tuple[dict[str, Tensor], Posterior]:
        """Return each cell's losses (M,) and its codes; ``through`` is ``_through``, or that compiled."""
        images = self._observation.observe(self._grid.batch(drawn["order"]), drawn.get("observe"), self._grid.shared)
        reconstruction, kl, mean, logvar, z = through(self.weights, images, drawn["noise"])
        posterior = Posterior(mean, logvar, z, kl, self._done)
        if self._objective.adversarial:
            order = drawn["regularizer"].index_select(0, self._which)
            posterior = replace(posterior, order=order, discriminator=partial(self._discriminator.logits, self._critic))
        regularizer = self._objective.regularizer(posterior, self._lam)
        losses = {"loss": reconstruction + regularizer, "reconstruction": reconstruction, "kl": kl}
        return losses | {"regularizer": regularizer}, posterior

    def _program(self) -> None:
        with matmuls(self._training["precision"], self._device):
            losses, posterior = self._losses(self._drawn, self._fused)
            # Each gradient is taken with respect to its own parameters alone; all before any of them is changed.
            _differentiate(losses["loss"], self.weights, self._objective.adversarial)
            if self._objective.adversarial:
                losses["discriminator"] = self._objective.discriminator_loss(posterior)
                _differentiate(losses["discriminator"], self._critic)
        for optimizer in self._optimizers:
            optimizer.step()
        self._add(losses)

    def _add(self, losses: dict[str, Tensor]) -> None:
        values = torch.stack([value.detach() for value in losses.values()])
        if not self._names:
            self._names, self._sums = tuple(losses), torch.zeros_like(values)
        self._sums += values


def _differentiate(losses: Tensor, weights: dict[str, Tensor], again: bool = False) -> None:
    """Set the parameters' gradients to those of their own cells' losses (M,), laid out like the parameters."""
    parameters = list(weights.values())
    for parameter in parameters:
        parameter.grad = None
    losses.sum().backward(inputs=parameters, retain_graph=again)  # type: ignore[no-untyped-call]


@contextmanager
def matmuls(precision: str, device: torch.device) -> Iterator[None]:
    """Let a GPU's matrix products round their factors to TF32 (10 bits of mantissa), if ``precision`` is ``tf32``."""
    if device.type != "cuda":
        yield
        return
    before = torch.backends.cuda.matmul.fp32_precision
    torch.backends.cuda.matmul.fp32_precision = "tf32" if precision == "tf32" else "ieee"
    try:
        yield
    finally:
        torch.backends.cuda.matmul.fp32_precision = before
