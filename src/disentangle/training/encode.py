"""Codes of a dataset: what a trained model, its batch norms frozen, makes of every image."""

import numpy as np
import torch

from disentangle.models.contrastive import ContrastiveModel
from disentangle.training.batches import normalise
from disentangle.training.device import place

CHUNK = 256
"""Images at a time: activations of more, at the size of the demo, are out of the cache and faulted in page by page."""


@torch.inference_mode()
def encode(model: ContrastiveModel, images: np.ndarray, device: torch.device) -> dict[str, np.ndarray]:
    """Return r (N, D) and, with heads, z (N, K d), the heads' outputs side by side, of images (N, S, S, 3) uint8."""
    model = place(model, device).eval()
    parts: dict[str, list[np.ndarray]] = {"r": [], "z": []}
    for start in range(0, len(images), CHUNK):
        r, z = model(normalise(torch.from_numpy(np.ascontiguousarray(images[start : start + CHUNK])).to(device)))
        parts["r"].append(r.float().cpu().numpy())
        if z:
            parts["z"].append(torch.cat(z, 1).float().cpu().numpy())
    return {name: np.concatenate(part) for name, part in parts.items() if part}
