"""One step of training, as a program over tensors of one device.

Nothing in it waits for the host or depends on a value, so a GPU can record it once and replay it as a single launch.
"""

import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from disentangle.losses.embeddings import Embeddings
from disentangle.models.contrastive import ContrastiveModel
from disentangle.streams import seed_of
from disentangle.training.augment import augment, draw
from disentangle.training.batches import ViewPairs, normalise
from disentangle.training.device import SideStream, place, records

SGD_MOMENTUM = 0.9
WARM_UP = 3
"""Steps that a GPU takes one kernel after another, and that count, before it records one."""


class Objective(Protocol):
    """What methods/<name>.py holds."""

    heads: int

    def terms(self, batch: Embeddings) -> dict[str, Tensor]:
        """Return the loss's terms: ``infomax_<k>`` and, if there is one, ``regularizer``."""


def build_optimizer(
    model: nn.Module, training: dict[str, Any], rate: Tensor, recorded: bool = False
) -> torch.optim.Optimizer:
    """Return fused SGD with momentum or AdamW; weight decay applies to kernels, not to biases and batch norms.

    The learning rate is the 0-dimensional tensor ``rate``, which the caller fills before each step. ``recorded`` says
    that a CUDA graph will hold the step.
    """
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": training["weight_decay"]},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if training["optimizer"] == "sgd":
        return torch.optim.SGD(groups, lr=rate, momentum=SGD_MOMENTUM, fused=True)
    return torch.optim.AdamW(groups, lr=rate, fused=True, capturable=recorded)


def total_loss(terms: dict[str, Tensor], lam: float, infomax_scale: float = 1.0) -> Tensor:
    """Return SubInfoMax + lam R, with the InfoMax terms multiplied by ``infomax_scale`` (Burns 2021, Eq. 3)."""
    loss = infomax_scale * torch.stack([value for name, value in terms.items() if name.startswith("infomax")]).sum()
    return loss + lam * terms["regularizer"] if "regularizer" in terms else loss


def views_of(images: Tensor, preset: str, drawn: Tensor) -> Tensor:
    """Return uint8 images (B, 2, S, S, 3) as augmented views (2B, 3, S, S) in [-1, 1], channels last in memory."""
    views = augment(normalise(images.flatten(0, 1)), preset, drawn)
    return views.contiguous(memory_format=torch.channels_last)


class Step:
    """Views of a batch, loss, backward pass and update of one cell, and the sums of its loss terms.

    ``execution``: ``eager`` launches one kernel after another; ``graph`` records them, after WARM_UP steps, as a CUDA
    graph; ``compiled`` also fuses them with ``torch.compile``. All do the same arithmetic, but for rounding.
    On a GPU each Step has its own stream, on which its caller must work too: ``with step.stream(): ...``.
    """

    def __init__(
        self,
        config: dict[str, Any],
        model: ContrastiveModel,
        objective: Objective,
        views: ViewPairs,
        held: tuple[str, str],
        execution: str,
    ) -> None:
        training, device = config["training"], views.images.device
        self.stream = SideStream(device)  # after the views were made
        with self.stream():
            self.model = place(model, device).train()
            self.rate = torch.zeros((), device=device)
            self.index = torch.zeros(training["batch"], dtype=torch.int64, device=device)
            recorded = records(execution, device)
            self.optimizer = build_optimizer(self.model, training, self.rate, recorded)
        self.generators = {
            purpose: torch.Generator(device).manual_seed(seed_of(config["cell"]["seed"], purpose))
            for purpose in ("augment", "regularizer")
        }
        self._training, self._lam, self._held = training, config["cell"]["lam"], held
        self._objective, self._views, self._views_of = objective, views, views_of
        self._half = device.type == "cuda" and training["precision"] == "bfloat16"
        if execution == "compiled":
            self.model.compile()
            self._views_of = torch.compile(views_of)
        self._names: tuple[str, ...] = ()
        self._sums, self._steps = torch.empty(0), 0
        self._recorded = Recorded([*self.generators.values()]) if recorded else None

    def __call__(self, index: Tensor, rate: float) -> None:
        """Train on the samples ``index`` (B,) at a learning rate; a GPU may still be at it when this returns."""
        self.index.copy_(index)
        self.rate.fill_(rate)
        if self._recorded:
            self._recorded(self._program)
        else:
            self._program()
        self._steps += 1

    def means(self) -> dict[str, float]:
        """Wait for the device, return the mean of each term over the steps since the last call, and start anew."""
        means = {name: total / self._steps for name, total in zip(self._names, self._sums.tolist(), strict=True)}
        self._sums.zero_()
        self._steps = 0
        return means

    def state(self) -> dict[str, Any]:
        """Return all that the next step depends on, but for its arguments."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generators": {purpose: generator.get_state() for purpose, generator in self.generators.items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state; only before the first step."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate
        for purpose, generator in self.generators.items():
            generator.set_state(state["generators"][purpose])

    def _program(self) -> None:
        training, generators = self._training, self.generators
        images, labels = self._views.batch(self.index)
        drawn = draw(2 * len(images), training["augmentation"], generators["augment"])
        x = self._views_of(images, training["augmentation"], drawn)
        with torch.autocast(x.device.type, torch.bfloat16) if self._half else nullcontext():
            r, z = self.model(x)
        pairs = tuple(part.float().unflatten(0, (-1, 2)) for part in (r, *z))
        temperature = training["temperature"]
        batch = Embeddings(pairs[0], pairs[1:], labels, self._held, temperature, generators["regularizer"])
        terms = self._objective.terms(batch)
        loss = total_loss(terms, self._lam, temperature if training["loss_scale"] == "temperature" else 1.0)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self._add({"loss": loss, **terms})

    def _add(self, terms: dict[str, Tensor]) -> None:
        values = torch.stack([value.detach() for value in terms.values()])
        if not self._names:
            self._names, self._sums = tuple(terms), torch.zeros_like(values)
        self._sums += values


class Recorded:
    """Calls of one program on one stream: after the first ones it is recorded as a CUDA graph, and then replayed.

    It does not hold the program, whose owner holds it: a circle would keep a GPU's memory.
    """

    def __init__(self, generators: Sequence[torch.Generator]) -> None:
        self._generators, self._calls = generators, 0
        self._graph: torch.cuda.CUDAGraph | None = None
        # Adam would warn that it may be recorded and, as in the first steps, is not.
        warnings.filterwarnings("ignore", "This instance was constructed with capturable=True")

    def __call__(self, program: Callable[[], None]) -> None:
        """Run the program once."""
        if self._calls < WARM_UP:
            # Libraries choose and allocate, compilers compile, the optimizer makes its state.
            self._calls += 1
            return program()
        if self._graph is None:
            graph = torch.cuda.CUDAGraph()
            if torch.__version__ < "2.14":  # from then on a generator is known by its first draw
                for generator in self._generators:
                    graph.register_generator_state(generator)
            with torch.cuda.graph(graph, stream=torch.cuda.current_stream()):
                program()
            self._graph = graph
        self._graph.replay()
