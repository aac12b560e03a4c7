"""What is measured of a cell: its codes beside the factors of what they are codes of."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from disentangle.data.grid import values_of
from disentangle.evaluation.labelled_codes import LabelledCodes, unit
from disentangle.evaluation.population import Population


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

    ``stored`` holds mean mu and logvar (N, D) of q(z | x) of each image. Sampled: z ~ N(mu, exp(logvar)), anew at each
    draw. Shuffled: the mean of another image, which shows what a score is by chance.
    """
    mean = stored["mean"].astype(np.float64)
    with np.errstate(over="ignore"):
        deviation = np.exp(stored["logvar"].astype(np.float64) / 2)
    told = [place for place, name in enumerate(sizes) if name not in nuisance]
    values = values_of(np.arange(len(mean)), sizes)[:, told]
    whole = Population(mean, values, tuple(name for name in sizes if name not in nuisance), complete=True)
    return {"mean": whole, "sampled": replace(whole, deviation=deviation), "shuffled": replace(whole, shuffled=True)}


def of_labelled(stored: Mapping[str, np.ndarray], images: Mapping[str, Any]) -> dict[str, LabelledCodes]:
    """Return the ``codes`` of labelled images, divided by their norms, with the domain and the attributes.

    ``stored`` holds codes (N, D) of all images, in order; ``images`` are the fields of a ``labelled.Labelled``.
    """
    codes = LabelledCodes(
        unit(stored["codes"]),
        np.stack([*images["labels"].values()], axis=1),
        tuple(images["labels"]),
        complete=False,
        sizes={name: len(found) for name, found in images["values"].items()},
        **{key: images[key] for key in ("domain", "fit", "test", "margins", "numbers")},
    )
    return {"codes": codes}
