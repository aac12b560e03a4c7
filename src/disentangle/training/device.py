"""Where a job computes."""

import os
from typing import TypeVar

import torch
from torch import nn

from disentangle.errors import InputError

Model = TypeVar("Model", bound=nn.Module)


def choose(name: str, threads: int) -> torch.device:
    """Return the device ``name`` (``auto``: a GPU if there is one) and make computation on it repeatable.

    Raises InputError for a device that is not there.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what cuBLAS needs to be repeatable
    torch.set_num_threads(threads)
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)
    available = torch.cuda.device_count()
    if name == "auto":
        return torch.device("cuda" if available else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"--device: found '{name}'; allowed: auto, cpu, cuda, cuda:0, ...") from None
    if device.type == "cuda" and (device.index or 0) >= available:
        raise InputError(f"--device: found '{name}', but torch sees {available} GPUs.")
    return device


def place(model: Model, device: torch.device) -> Model:
    """Move a model to a device, its images in channels-last order, which convolutions prefer."""
    model.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model


def name_of(device: torch.device) -> str:
    """Return a device's name for the record: ``cpu`` or the GPU's product name."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
