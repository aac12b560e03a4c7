"""What is measured of a cell: its codes beside the factors of what they are codes of, and its edits."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from disentangle.data.grid import told_sizes, told_values
from disentangle.data.relations import relations_of
from disentangle.errors import InputError
from disentangle.evaluation.edits import Edits
from disentangle.evaluation.labelled_codes import LabelledCodes, unit
from disentangle.evaluation.population import Population

ERRORS = {"edited": "edit", "still": "still", "rebuilt": "rebuilt"}
"""Pixel errors as they are scored, and as they are stored."""


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
    values = told_values(np.arange(len(mean)), sizes, nuisance)
    whole = Population(mean, values, tuple(told_sizes(sizes, nuisance)), complete=True)
    return {"mean": whole, "sampled": replace(whole, deviation=deviation), "shuffled": replace(whole, shuffled=True)}


def of_rows(
    stored: Mapping[str, np.ndarray],
    sizes: Mapping[str, int],
    nuisance: tuple[str, ...],
    relations: Mapping[str, Mapping[str, Any]],
) -> dict[str, Population | Edits]:
    """Return codes of some rows of a grid, with the factors but the nuisance, and edits; what is not stored is absent.

    ``raw`` are the codes (T, D) as they are, a sample. ``values`` (T, K) are decoded ones, ``perfect`` the true ones
    and ``shuffled`` the decoded ones of another row: what a score can be, and what it is by chance. All three are drawn
    with replacement, so that scores of few rows are of as many points as those of many.

    ``relations`` is that key of params.yaml. ``prior_edits`` are of codes drawn from the prior; ``image_edits`` of true
    images, as the model reads what it made of them, and ``nearest_edits`` as the nearest true image tells it.
    """
    told = told_sizes(sizes, nuisance)
    factors = told_values(stored["rows"], sizes, nuisance)
    perfect = Population(factors.astype(np.float64), factors, tuple(told), complete=True)
    found: dict[str, Population | Edits] = {
        "raw": replace(perfect, codes=stored["codes"].astype(np.float64), complete=False),
        "perfect": perfect,
    }
    if "values" in stored:
        values = replace(perfect, codes=stored["values"].astype(np.float64))
        found |= {"values": values, "shuffled": replace(values, shuffled=True)}

    known = relations_of(relations, told)
    for name in ("prior_start", "prior_told", "edit_told", "edit_nearest"):
        if name in stored and len(stored[name]) != len(known):
            raise InputError(f"codes.npz: {name}: found {len(stored[name])} relations; allowed: {len(known)}.")
    if "prior_told" in stored:
        found["prior_edits"] = Edits.of(known, told, stored["prior_start"], stored["prior_told"], {})
    if "edit_told" in stored:
        start = np.tile(told_values(stored["edit_rows"], sizes, nuisance), (len(known), 1, 1))
        # An image that is no numbers has a nearest one too: its errors tell that neither reading means anything.
        numbers = {key: stored[f"{array}_error"] for key, array in ERRORS.items()}
        for code, array in (("image_edits", "edit_told"), ("nearest_edits", "edit_nearest")):
            found[code] = Edits.of(known, told, start, stored[array], numbers)
    return found


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
