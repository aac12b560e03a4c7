"""Perceptrons that tell labels and numbers from frozen codes, fitted together, each as it would be alone.

P networks of one shape are a stack: their weights are tensors (P, out, in), a layer of all is one batched product, and
the loss is the sum of theirs. Activations are (P, width, B), so that batch norm takes each unit of each for a channel.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from disentangle import streams
from disentangle.errors import InputError

LAYERS, HIDDEN, BATCH, RATE = 6, 128, 128, 1e-3
VALIDATION = 0.1
"""Of the codes to fit on."""
CHUNK = 1024
"""Codes at a time, where no gradient is asked for."""


@dataclass(frozen=True)
class Task:
    """What is to be told of each of N codes."""

    name: str
    targets: np.ndarray
    """Labels (N,), 0-based, told by cross-entropy, or numbers (N, K), told by their mean absolute error."""
    outputs: int
    """How many values the label has, or K."""
    rules: tuple[int, ...]
    """By which patience its fits are stopped: one answer each."""

    @property
    def numeric(self) -> bool:
        """Whether the targets are numbers."""
        return self.targets.ndim == 2


def kept(errors: Sequence[float], patience: int) -> tuple[int, bool]:
    """Return the epoch whose weights are kept, by the validation errors up to now, and whether the fit has stopped.

    They are those of the first of the smallest errors. The fit stops in the epoch that is more than ``patience`` after
    it, and at an error of 0, as no later one is smaller.

    Source: Kahana & Hoshen 2022, released code. Deviation: none in what is kept.
    """
    best = 0
    for epoch, error in enumerate(errors):
        if error < errors[best]:
            best = epoch
        if epoch - best > patience or error == 0:
            return best, True
    return best, False


def told(
    codes: torch.Tensor,
    tasks: Sequence[Task],
    fit: np.ndarray,
    test: np.ndarray,
    *,
    seeds: int,
    epochs: int,
) -> dict[int, dict[str, np.ndarray]]:
    """Fit on the rows ``fit`` of codes (N, D) float32 and return what is told of the M rows ``test``, by rule and task.

    That is labels (S, M) or numbers (S, M, K) of S = ``seeds`` fits. A rule is a patience, see ``kept``; one run of at
    most ``epochs`` serves all rules of a task, as what counts is what the weights that a rule keeps tell of test rows.

    A seed decides the first weights, which tenth of the rows validates, and the order of the batches; in an epoch, a
    last batch that is not full is left out. Raises InputError for fewer than three rows to fit on.

    Source: Kahana & Hoshen 2022, supplement and released code. Deviation: there the last batch is kept, and a schedule
    of the learning rate is written that never sets in.
    """
    if len(fit) < 3:
        raise InputError(f"images to fit a predictor on: found {len(fit)}; allowed: at least 3.")
    stacks = [[task for task in tasks if not task.numeric], *([task] for task in tasks if task.numeric)]
    found: dict[int, dict[str, np.ndarray]] = {}
    for stacked in filter(None, stacks):
        answers = _told(codes, stacked, fit, test, seeds, epochs)
        for place, task in enumerate(stacked):
            for rule in task.rules:
                own = [answers[place * seeds + seed][rule] for seed in range(seeds)]
                found.setdefault(rule, {})[task.name] = np.stack(own)
    return found


def _told(
    codes: torch.Tensor,
    tasks: Sequence[Task],
    fit: np.ndarray,
    test: np.ndarray,
    seeds: int,
    epochs: int,
) -> list[dict[int, np.ndarray]]:
    """Return by rule the answers of each seed of each task, all tasks labels or all numbers of one K.

    Fits that all their rules have stopped leave the stack.
    """
    targets = torch.tensor(np.stack([task.targets for task in tasks]), device=codes.device)
    loss, error, answer = (_deviation, _deviation, _numbers) if tasks[0].numeric else (_entropy, _wrong, _labels)
    held = max(1, round(VALIDATION * len(fit)))
    mixed = [streams.rng(seed, "predictor", "validation").permutation(fit) for seed in range(seeds)]
    validation = torch.tensor(np.stack(mixed)[:, :held], device=codes.device)
    tested = codes[torch.tensor(test, device=codes.device)]
    batch = min(BATCH, len(fit) - held)
    steps = (len(fit) - held) // batch

    alive = np.arange(len(tasks) * seeds)
    stack = Stack.drawn([(task, seed) for task in tasks for seed in range(seeds)], codes.shape[1], codes.device)
    errors: list[list[float]] = [[] for _ in alive]
    rules = [task.rules for task in tasks for _ in range(seeds)]
    answers: list[dict[int, np.ndarray]] = [{} for _ in alive]
    for epoch in range(epochs):
        task, seed = torch.tensor(np.stack(np.divmod(alive, seeds)), device=codes.device)
        orders = [streams.rng(s, "predictor", "order", epoch).permutation(rows[held:]) for s, rows in enumerate(mixed)]
        rows = torch.tensor(np.stack(orders)[:, : steps * batch].reshape(seeds, steps, batch), device=codes.device)
        given, wanted = codes[rows], targets[task[:, None, None], rows[seed]]
        for step in range(steps):
            stack.step(loss(stack.outputs(given[seed, step], training=True), wanted[:, step]))

        outputs = stack.evaluated(codes[validation[seed]])
        for p, now in zip(alive, error(outputs, targets[task[:, None], validation[seed]]).tolist(), strict=True):
            errors[p].append(now)
        states = [[kept(errors[p], rule) for rule in rules[p]] for p in alive]
        better = [place for place, state in enumerate(states) if any(best == epoch for best, _ in state)]
        if better:
            outputs = stack.at(better).evaluated(tested.expand(len(better), -1, -1))
            for place, told_now in zip(better, answer(outputs).cpu().numpy(), strict=True):
                for rule, (best, _) in zip(rules[alive[place]], states[place], strict=True):
                    if best == epoch:
                        answers[alive[place]][rule] = told_now
        going = [place for place, state in enumerate(states) if not all(stopped for _, stopped in state)]
        if not going:
            break
        if len(going) < len(alive):
            alive, stack = alive[going], stack.at(going)
    return answers


def _entropy(outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy (P,) of logits (P, W, B) and labels (P, B)."""
    return F.cross_entropy(outputs, labels, reduction="none").mean(1)


def _wrong(outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the share (P,) of labels (P, B) that logits (P, W, B) do not tell."""
    return (_labels(outputs) != labels).double().mean(1)


def _labels(outputs: torch.Tensor) -> torch.Tensor:
    """Return the labels (P, B) that logits (P, W, B) tell."""
    return outputs.argmax(1)


def _deviation(outputs: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
    """Return the mean absolute error (P,) of outputs (P, K, B) and numbers (P, B, K)."""
    return (_numbers(outputs) - numbers).abs().mean((1, 2))


def _numbers(outputs: torch.Tensor) -> torch.Tensor:
    """Return the numbers (P, B, K) of outputs (P, K, B)."""
    return outputs.mT


class Stack:
    """P perceptrons of linear layers, each but the last with batch norm and a leaky ReLU after it, and their optimizer.

    Where a label has fewer values than the one that has most, logits of -inf fill up: they neither count nor learn.
    """

    def __init__(self, learnt: Sequence[torch.Tensor], running: Sequence[torch.Tensor]) -> None:
        self._learnt, self._running = [tensor.requires_grad_() for tensor in learnt], running
        self._optimizer = torch.optim.Adam(self._learnt, RATE, fused=True)

    @classmethod
    def drawn(cls, fits: Sequence[tuple[Task, int]], dim: int, device: torch.device) -> "Stack":
        """Return networks for codes (B, ``dim``), one a task and seed, whose weights are drawn from its own stream.

        Those of a layer of n inputs are uniform within 1 / sqrt(n), as torch has them.
        """
        width = max(task.outputs for task, _ in fits)
        shapes = [(HIDDEN, dim), *[(HIDDEN, HIDDEN)] * (LAYERS - 2), (width, HIDDEN)]
        weights = [np.zeros((len(fits), *shape), np.float32) for shape in shapes]
        bias = np.full((len(fits), width, 1), -np.inf, np.float32)
        for place, (task, seed) in enumerate(fits):
            rng = streams.rng(seed, "predictor", "weights", task.name)
            *hidden, last = (weight[place] for weight in weights)
            for part in (*hidden, last[: task.outputs]):
                part[:] = rng.uniform(-1, 1, part.shape) / np.sqrt(part.shape[1])
            bias[place, : task.outputs] = rng.uniform(-1, 1, (task.outputs, 1)) / np.sqrt(HIDDEN)
        zeros = np.zeros((LAYERS - 1, len(fits), HIDDEN), np.float32)
        learnt, running = [*weights, bias, *(zeros + 1), *zeros], [*zeros, *(zeros + 1)]
        return cls(*([torch.tensor(array, device=device) for array in arrays] for arrays in (learnt, running)))

    def outputs(self, codes: torch.Tensor, training: bool = False) -> torch.Tensor:
        """Return outputs (P, W, B) of codes (P, B, D); in training, batch norm takes the statistics of the batch."""
        *hidden, last, bias = self._learnt[: LAYERS + 1]
        norms = [*self._running, *self._learnt[LAYERS + 1 :]]
        activations = codes.mT
        for layer, weight in enumerate(hidden):
            linear = torch.bmm(weight, activations)
            mean, var, scale, shift = (tensor.view(-1) for tensor in norms[layer :: LAYERS - 1])
            normed = F.batch_norm(linear.view(1, -1, linear.shape[2]), mean, var, scale, shift, training)
            activations = F.leaky_relu(normed, inplace=True).view_as(linear)
        return torch.baddbmm(bias, last, activations)

    @torch.no_grad()
    def evaluated(self, codes: torch.Tensor) -> torch.Tensor:
        """Return outputs (P, W, B) of codes (P, B, D) without a gradient, with the running statistics."""
        return torch.cat([self.outputs(chunk) for chunk in torch.split(codes, CHUNK, dim=1)], dim=2)

    def step(self, losses: torch.Tensor) -> None:
        """Take one step of Adam down the losses (P,)."""
        self._optimizer.zero_grad()
        torch.autograd.backward(losses.sum())
        self._optimizer.step()

    def at(self, places: Sequence[int]) -> "Stack":
        """Return a stack of some of the networks, which go on from where they are."""
        part = Stack([tensor.detach()[places] for tensor in self._learnt], [tensor[places] for tensor in self._running])
        for own, theirs in zip(part._learnt, self._learnt, strict=True):
            state = self._optimizer.state[theirs]
            part._optimizer.state[own] = {k: v[places] if v.ndim else v.clone() for k, v in state.items()}
        return part
