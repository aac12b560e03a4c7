"""Codes of a scalar a factor: an embedding of each value, and a classifier that mixes them. ZeroDIM's, see its method.

``networks`` has ``classifier``, a models/factor_logits.py: FactorLogits, and ``embeddings``, a table of one dimension
that holds the values of all factors one after another.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from disentangle.losses.phased import Networks


def embeddings(networks: Networks) -> tuple[Tensor, ...]:
    """Return the embeddings (V,) of the values of each factor."""
    classifier: Any = networks["classifier"]
    table: Any = networks["embeddings"]
    return torch.split(table.weight[:, 0], [*classifier.sizes])


def log_probabilities(networks: Networks, x: Tensor) -> list[Tensor]:
    """Return the log-probabilities (M, V) of each factor's values."""
    classifier: Any = networks["classifier"]
    return [own.log_softmax(1) for own in classifier.split(classifier(x))]


def mixed(networks: Networks, told: Sequence[Tensor]) -> Tensor:
    """Return the embeddings (M, K) that log-probabilities (M, V) make expect; no gradient reaches the table."""
    tables = embeddings(networks)
    return torch.stack([(own.exp() * table.detach()).sum(1) for own, table in zip(told, tables, strict=True)], 1)


def embedded(networks: Networks, values: Tensor) -> Tensor:
    """Return the embeddings (M, K) of values (M, K)."""
    own = zip(embeddings(networks), values.T, strict=True)
    return torch.cat([F.embedding(value, table[:, None]) for table, value in own], 1)


def expected(networks: Networks, x: Tensor) -> Tensor:
    """Return the embeddings (M, K) that the classifier expects of images."""
    return mixed(networks, log_probabilities(networks, x))


def entropy(told: Sequence[Tensor]) -> Tensor:
    """Return the mean entropy of log-probabilities (M, V), over images and factors."""
    return torch.stack([-(own.exp() * own).sum(1).mean() for own in told]).mean()


def cross_entropy(told: Sequence[Tensor], values: Tensor) -> Tensor:
    """Return the sum over factors of the mean cross-entropy of log-probabilities (M, V) of values (M, K)."""
    return torch.stack([F.nll_loss(own, value) for own, value in zip(told, values.T, strict=True)]).sum()


def nearest(networks: Networks, z: Tensor) -> Tensor:
    """Return the values (M, K) whose embeddings are the nearest to the first dimensions of codes (M, D)."""
    apart = ((own[:, None] - table).abs() for own, table in zip(z.T, embeddings(networks), strict=False))
    return torch.stack([own.argmin(1) for own in apart], 1)
