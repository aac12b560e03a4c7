"""A perceptron on frozen codes, the predictor of Kahana & Hoshen 2022 (DCoDR), fitted from several seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import torch

from disentangle import streams
from disentangle.evaluation import predictors
from disentangle.evaluation.labelled_codes import LabelledCodes

DATA = "labelled images"


@dataclass(frozen=True)
class Probe:
    """Six linear layers, 128 wide, with batch norm and leaky ReLU between; Adam at 0.001, batches of 128.

    A tenth of the codes to fit on validates. A fit ends after ``epochs``, or more than ``patience`` epochs after the
    best validation accuracy, of numbers the least error, and its weights are those of that epoch. Each patience is a
    rule of its own; the paper's is 7, with which chance may end a fit long before it has found what there is. Where
    ``converged`` is "domain", the domain alone is told by every rule, and all else by the shortest.

    Each deviation under ``noise`` is a rule too: the domain as it is told, with the longest patience, from codes to
    which normal noise of that deviation is added. Codes without noise tell what is shifted by however little.

    Source: supplement and released code. Deviation: several ``seeds`` and rules; else of ``predictors.told``.
    """

    patience: Annotated[list[int], ">= 0, <= 1e6, len >= 1, len <= 100, distinct"] = (7, 20)  # type: ignore[assignment]  # dataclasses refuse a list here
    converged: Literal["all", "domain"] = "all"
    noise: Annotated[list[float], "> 0, <= 1000, len <= 100, distinct"] = ()  # type: ignore[assignment]
    seeds: Annotated[int, ">= 1, <= 1000"] = 3
    epochs: Annotated[int, ">= 1, <= 1e6"] = 100

    @property
    def rules(self) -> tuple[str, ...]:
        """What the results of each patience and of each noise are called."""
        return (*map(_rule, self.patience), *map(_noise_rule, self.noise))

    def told(self, codes: LabelledCodes) -> Mapping[str, Mapping[str, np.ndarray]]:
        """Fit on the codes to fit on and return, by rule, what is told of the test images, of S seeds.

        That is each label (S, M) and number (S, M, K).
        """
        every = tuple(self.patience)

        def task(name: str, values: np.ndarray, outputs: int) -> predictors.Task:
            all_rules = self.converged == "all" or name == codes.domain
            return predictors.Task(name, values, outputs, every if all_rules else (min(every),))

        tasks = [task(name, values, codes.sizes[name]) for name, values in codes.labels.items()]
        tasks += [task(name, values, values.shape[1]) for name, values in codes.numbers.items()]
        told = {_rule(patience): found for patience, found in self._fitted(codes, codes.codes, tasks).items()}
        longest = max(every)
        domain = predictors.Task(codes.domain, codes.labels[codes.domain], codes.sizes[codes.domain], (longest,))
        for deviation in self.noise:
            drawn = streams.rng(0, "predictor", "noise", deviation).normal(0, deviation, codes.codes.shape)
            told[_noise_rule(deviation)] = self._fitted(codes, codes.codes + drawn, [domain])[longest]
        return told

    def _fitted(
        self, codes: LabelledCodes, inputs: np.ndarray, tasks: Sequence[predictors.Task]
    ) -> Mapping[int, Mapping[str, np.ndarray]]:
        fit, test = np.flatnonzero(codes.fit), np.flatnonzero(codes.test)
        x = torch.tensor(inputs, dtype=torch.float32)
        return predictors.told(x, tasks, fit, test, seeds=self.seeds, epochs=self.epochs)


def _rule(patience: int) -> str:
    return f"patience {patience}"


def _noise_rule(deviation: float) -> str:
    return f"noise {deviation:g}"
