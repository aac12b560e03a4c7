"""What relations make of codes and of images, as numbers that are scored and pictures that are shown."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from disentangle.data.relations import Relation, related_rows
from disentangle.losses.weak_batch import WeaklySupervised
from disentangle.streams import rng, seed_of
from disentangle.training.weak_batches import CHUNK, WeakImages

DRAWN = 1280
"""Codes drawn of the prior for each relation, ten batches of 128 as in the released code of the authors."""
EDITED = 500
"""Held-out images, at most, that each relation is applied to."""
SHOWN = 8
CHAIN = 12
"""Edits of one image after another."""
COMPARED_SIDE = 32
"""Pixels a side at which the nearest true image is looked for."""


def of_prior(
    objective: WeaklySupervised, networks: nn.ModuleDict, relations: Sequence[Relation], device: torch.device
) -> dict[str, np.ndarray]:
    """Return values (R, P, K) of which codes are drawn, ``prior_start``, and that edited codes tell, ``prior_told``.

    No image is involved. Empty of a method without a prior. Source: Valenti & Bacciu 2022, section 4, and the released
    code of its predecessor. Deviation: no code is rejected for its low density.
    """
    start, told = [], []
    for number in range(len(relations)):
        drawn = objective.drawn(networks, DRAWN, torch.Generator(device).manual_seed(seed_of(0, "drawn", number)))
        if drawn is None:
            return {}
        z, values = drawn
        edited = objective.edited(networks, z, number)
        if edited is None:
            return {}
        start.append(values)
        # Of thousands of components not all codes at once.
        told.append(torch.cat([objective.told(networks, part) for part in torch.split(edited, CHUNK)]))
    return {"prior_start": _stacked(start), "prior_told": _stacked(told)} if start else {}


def of_images(
    objective: WeaklySupervised,
    networks: nn.ModuleDict,
    relations: Sequence[Relation],
    images: WeakImages,
    rows: np.ndarray,
) -> dict[str, np.ndarray]:
    """Return what becomes of EDITED of ``rows``, drawn at random: images of which each relation changes the code.

    ``edit_rows`` (E,); by relation ``edit_told`` (R, E, K), the values that the edited image tells, encoded again, and
    ``edit_nearest`` (R, E, K), those of the nearest true image; mean squared errors (R, E) from the true image of the
    target, that has the same nuisances: ``edit_error`` of the edited image, ``still_error`` of the image as it is,
    ``rebuilt_error`` of the target's own reconstruction. ``rebuilt_nearest`` (E, K) is of the reconstruction without an
    edit. ``shown``, ``shown_edited``, ``chain`` and their rows are uint8 pictures. Empty of a method that cannot edit.
    """
    device = images.told.device
    rows = rng(0, "edited").permutation(rows)[:EDITED]  # the first of a grid are alike
    if not relations or not len(rows):
        return {}
    x = images.seen(torch.from_numpy(rows).to(device))
    z = objective.codes(networks, x).float()
    rebuilt = objective.decoded(networks, z)
    if rebuilt is None or objective.edited(networks, z[:1], 0) is None:
        return {}
    found: dict[str, list[Any]] = {}
    compared = [rebuilt]
    for number, relation in enumerate(relations):
        _, edited = _edited(objective, networks, z, number)
        compared.append(edited)
        target = related_rows(rows, relation, images.sizes, images.names)
        wanted = images.seen(torch.from_numpy(target).to(device))
        remade = objective.decoded(networks, objective.codes(networks, wanted).float())
        assert remade is not None
        told = {
            "edit_told": objective.told(networks, objective.codes(networks, edited).float()),
            "edit_error": _error(edited, wanted),
            "still_error": _error(x, wanted),
            "rebuilt_error": _error(remade, wanted),
            "shown_edited": _picture(edited[:SHOWN]),
        }
        for name, value in told.items():
            found.setdefault(name, []).append(value)
    # All at once: the grid is gone through once.
    of_rebuilt, *of_edited = torch.split(nearest(images, torch.cat(compared)), len(rows))
    found["edit_nearest"] = of_edited
    return {
        "edit_rows": rows,
        "rebuilt_nearest": of_rebuilt.cpu().numpy(),
        "shown_rows": rows[:SHOWN],
        "shown": _picture(rebuilt[:SHOWN]).cpu().numpy(),
        **{name: _stacked(values) for name, values in found.items()},
        **_chain(objective, networks, relations, images, rows[0], z[:1], rebuilt[:1]),
    }


def nearest(images: WeakImages, pictures: Tensor) -> Tensor:
    """Return the told values (M, K) of the true images nearest to pictures (M, C, S, S), by the squares of pixels.

    Exact, as it goes through all images of the grid, whatever they are used for, at COMPARED_SIDE pixels a side.
    """
    asked = _compared(pictures)
    best = torch.full((len(asked),), torch.inf, device=asked.device)
    row = torch.zeros(len(asked), dtype=torch.int64, device=asked.device)
    count = len(images.grid)
    for start in range(0, count, 8 * CHUNK):
        part = torch.arange(start, min(start + 8 * CHUNK, count), device=asked.device)
        true = _compared(images.seen(part))
        # |a - b|^2 less |a|^2, which is the same for all b.
        found, place = torch.addmm(true.square().sum(1), asked, true.T, alpha=-2).min(1)
        nearer = found < best
        best, row = torch.where(nearer, found, best), torch.where(nearer, part[place], row)
    return images.told[row]


def _compared(pictures: Tensor) -> Tensor:
    """Return pictures (M, C, S, S) at COMPARED_SIDE pixels a side, if they have more, as rows (M, D)."""
    if pictures.shape[-1] > COMPARED_SIDE:
        pictures = torch.nn.functional.avg_pool2d(pictures, pictures.shape[-1] // COMPARED_SIDE)
    return pictures.flatten(1)


def _edited(objective: WeaklySupervised, networks: nn.ModuleDict, z: Tensor, relation: int) -> tuple[Tensor, Tensor]:
    """Return codes after a relation, and their images, of a method that has both."""
    edited = objective.edited(networks, z, relation)
    assert edited is not None
    images = objective.decoded(networks, edited)
    assert images is not None
    return edited, images


def _chain(
    objective: WeaklySupervised,
    networks: nn.ModuleDict,
    relations: Sequence[Relation],
    images: WeakImages,
    row: int,
    z: Tensor,
    rebuilt: Tensor,
) -> dict[str, np.ndarray]:
    """Return CHAIN edits of one code after another, the relations in turn, none of which looks at an image again."""
    frames, rows, asked = [_picture(rebuilt)], [int(row)], [-1]
    for step in range(CHAIN):
        number = step % len(relations)
        z, frame = _edited(objective, networks, z, number)
        frames.append(_picture(frame))
        rows += related_rows(np.array(rows[-1:]), relations[number], images.sizes, images.names).tolist()
        asked.append(number)
    pictures = torch.cat(frames).cpu().numpy()
    return {"chain": pictures, "chain_rows": np.array(rows), "chain_relation": np.array(asked)}


def _error(a: Tensor, b: Tensor) -> Tensor:
    return (a.float() - b).square().flatten(1).mean(1)


def _picture(x: Tensor) -> Tensor:
    """Return images (M, C, S, S) in [0, 1] as (M, S, S, C) uint8."""
    return (255 * x.float().clamp(0, 1)).round().to(torch.uint8).permute(0, 2, 3, 1)


def _stacked(parts: Sequence[Tensor]) -> np.ndarray:
    found: np.ndarray = torch.stack([*parts]).cpu().numpy()
    return found
