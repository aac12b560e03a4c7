"""Checkpoints: the state of an unfinished run, and the weights of a finished one."""

import contextlib
import hashlib
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from disentangle import files
from disentangle.errors import InputError

HASH = hashlib.sha256().digest_size
"""Bytes."""


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write the state from which a run can go on exactly where it was, behind the SHA-256 of it."""
    buffer = io.BytesIO()  # torch would hide the reason of a failed write
    torch.save(state, buffer)
    with files.atomic(path) as file:
        file.write(hashlib.sha256(buffer.getbuffer()).digest())
        file.write(buffer.getbuffer())


def load_state(path: Path, digest: str) -> dict[str, Any] | None:
    """Read the state of an unfinished run, or None where there is none of the same parameters and code.

    A damaged one is told, and is none: what it held is computed again.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}). Move it away and run again.") from error
    kept, content = content[:HASH], content[HASH:]
    if hashlib.sha256(content).digest() != kept:
        print(f"{path}: a damaged checkpoint; training begins anew", flush=True)
        return None
    state: dict[str, Any] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    return state if state["digest"] == digest else None


def save_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Write parameters and buffers by name as safetensors, on the CPU and in their canonical layout."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    with files.atomic(path) as file:
        file.write(safetensors.torch.save(plain))


def load_weights(path: Path, model: nn.Module) -> None:
    """Read parameters and buffers into a model; raises InputError when the file is damaged or of another model."""
    with _explained(path):
        model.load_state_dict(safetensors.torch.load(path.read_bytes()))


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read tensors by name; raises InputError when the file is damaged."""
    with _explained(path):
        return safetensors.torch.load(path.read_bytes())


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, safetensors.SafetensorError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"{path}: a damaged checkpoint ({reason}). Delete it and run again to retrain.") from error
