"""How far an augmentation moves what a trained autoencoder makes of an image."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from disentangle.losses.labelled_batch import ClassSupervised
from disentangle.losses.phased import Networks
from disentangle.streams import seed_of
from disentangle.training.image_augment import augment, draw
from disentangle.training.labelled_images import seen

CHUNK = 128
ROUNDING = 1e-5
"""Images nearer than this to their copies differ from them by rounding alone, such as grey ones turned grey."""


@torch.inference_mode()
def invariances(
    objective: ClassSupervised, networks: Networks, distance: nn.Module | None, images: Tensor, seed: int
) -> dict[str, dict[str, float | None]]:
    """Return both measures of each of the objective's ``invariances`` t, means over images x (M, S, S, C) uint8.

    ``f_unnorm`` = dist(AE(x), AE(t(x))),  ``f_norm`` = dist(AE(x), AE(t(x))) / dist(x, t(x))

    Source: Kahana & Hoshen 2022, supplement, Eq. 1 and 2. Deviation: images that t leaves as they are have neither;
    None where that is all of them, or where the model has diverged.
    """
    assert distance is not None
    networks.eval()
    found: dict[str, dict[str, float | None]] = {}
    for name in objective.invariances:
        generator = torch.Generator(images.device).manual_seed(seed_of(seed, "invariance", name))
        pairs = [
            _moved(objective, networks, distance, seen(part), [name], generator) for part in torch.split(images, CHUNK)
        ]
        after, before = (torch.cat(part).double().cpu() for part in zip(*pairs, strict=True))
        after, before = after[before > ROUNDING], before[before > ROUNDING]
        means = {"f_unnorm": float(after.mean()), "f_norm": float((after / before).mean())}
        found[name] = {key: value if math.isfinite(value) else None for key, value in means.items()}
    return found


def _moved(
    objective: ClassSupervised,
    networks: Networks,
    distance: nn.Module,
    x: Tensor,
    names: Sequence[str],
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Return the distances (M,) of an image from its augmented copy, rebuilt and as they are."""
    copy = augment(x, names, draw(len(x), names, generator))
    rebuilt, of_copy = (objective.rebuilt(networks, image).expand_as(x) for image in (x, copy))
    return distance(rebuilt, of_copy), distance(x, copy)
