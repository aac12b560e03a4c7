"""What is measured of a cell: its codes beside the factors of what they are codes of."""

from collections.abc import Mapping

import numpy as np

from disentangle.grid import values_of
from disentangle.population import Population
from disentangle.streams import rng


def of_views(stored: Mapping[str, np.ndarray], factors: Mapping[str, np.ndarray]) -> dict[str, Population]:
    """Return the test codes ``r`` and, with projection heads, ``z`` of view 0 with its factors.

    ``stored`` is what families/contrastive.py encodes, ``factors`` those of the test split of view pairs.
    """
    of_view = {name: factor[:, 0] for name, factor in factors.items() if factor.ndim == 2}
    values, names = np.stack([*of_view.values()], axis=1), tuple(of_view)
    codes = {name: stored[f"test_{name}"] for name in ("r", "z") if f"test_{name}" in stored}
    return {name: Population(code.astype(np.float64), values, names, complete=False) for name, code in codes.items()}


def of_grid(
    stored: Mapping[str, np.ndarray], sizes: Mapping[str, int], nuisance: tuple[str, ...]
) -> dict[str, Population]:
    """Return three codes of a whole grid: ``mean``, ``sampled`` and ``shuffled``, with the factors but the nuisance.

    ``stored`` holds mean mu and logvar (N, D) of q(z | x) of each image. Sampled: mu + exp(logvar / 2) e with
    e ~ N(0, 1). Shuffled: the means, each beside the factors of another image, which shows what a score is by chance.
    The draws are the same for every model of a dataset, so that scores are paired.
    """
    mean = stored["mean"].astype(np.float64)
    noise = rng(0, "measure", "sampled").standard_normal(mean.shape)
    with np.errstate(over="ignore", invalid="ignore"):  # of a model that diverged; it is not measured
        sampled = mean + np.exp(stored["logvar"].astype(np.float64) / 2) * noise
    codes = {"mean": mean, "sampled": sampled, "shuffled": mean[rng(0, "measure", "shuffled").permutation(len(mean))]}
    told = [place for place, name in enumerate(sizes) if name not in nuisance]
    values = values_of(np.arange(len(mean)), sizes)[:, told]
    names = tuple(name for name in sizes if name not in nuisance)
    return {name: Population(code, values, names, complete=True) for name, code in codes.items()}
