"""Where a job computes."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

import torch
from torch import nn

from disentangle.errors import InputError

Model = TypeVar("Model", bound=nn.Module)
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Options of glibc's mallopt."""
NO_MEMORY = ("out of memory", "ALLOC_FAILED")
"""What errors say when a GPU's memory is full, those of torch's allocator and the driver, and those of cuBLAS."""


def choose(name: str, threads: int) -> torch.device:
    """Return the device ``name`` (``auto``: a GPU if there is one) and make computation on it repeatable.

    Raises InputError for a device that is not there.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what cuBLAS needs to be repeatable
    torch.set_num_threads(threads)
    torch.backends.cudnn.benchmark = False
    # Else convolutions of float32 round their factors to TF32, matrix products do not.
    torch.backends.cudnn.conv.fp32_precision = "ieee"  # type: ignore[attr-defined]
    torch.set_deterministic_debug_mode("warn")  # use_deterministic_algorithms would import the compiler: a second
    # Else every new tensor is filled with NaN, to show who reads it unwritten: a seventh of a small step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    _keep_freed_memory()
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


def execution(name: str, device: torch.device) -> str:
    """Return how a step is run (``Step``): as ``name`` says, or for ``auto`` the fastest way that needs no compiler.

    Raises InputError for a name that is none, and for a graph on a CPU, which can record none.
    """
    possible = ("eager", "compiled") if device.type == "cpu" else ("graph", "eager", "compiled")
    if name != "auto" and name not in possible:
        raise InputError(f"--execution: found '{name}'; allowed on this device: auto, {', '.join(possible)}.")
    return possible[0] if name == "auto" else name


def records(execution: str, device: torch.device) -> bool:
    """Say whether a step that is run so is recorded as a CUDA graph."""
    return execution == "graph" or (device.type == "cuda" and execution == "compiled")


@contextmanager
def fitting(device: torch.device, found: str, allowed: str) -> Iterator[None]:
    """Run a block; where it needs more memory than a GPU has, raise InputError of what is ``found`` and ``allowed``."""
    try:
        yield
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        what = f"{found}, more than the memory of {name_of(device)} holds"
        raise InputError(f"{what}; allowed here: {allowed}.") from error


@contextmanager
def compiling(execution: str) -> Iterator[None]:
    """Run a block; where torch cannot compile a step, as without a C++ compiler, raise InputError that says why."""
    try:
        yield
    except Exception as error:
        if (
            execution != "compiled"
            or out_of_memory(error)
            or not isinstance(error, torch._dynamo.exc.TorchDynamoException)
        ):
            raise
        why = str(getattr(error, "inner_exception", error)).strip().partition("\n")[0]
        raise InputError(
            f"--execution: found compiled, which torch cannot do here ({why}); allowed: auto, eager."
        ) from error


def out_of_memory(error: BaseException | None) -> bool:
    """Say whether an error is, or comes of, a GPU's full memory.

    Where a step runs out of memory while it is recorded, the recording's end raises an error of its own, whose context
    is the one that tells: ``torch.cuda.graph.__exit__`` calls ``capture_end`` before it lets an error pass.
    """
    while error and not (isinstance(error, RuntimeError) and any(words in str(error) for words in NO_MEMORY)):
        error = error.__cause__ or error.__context__
    return error is not None


def _keep_freed_memory() -> None:
    """Let the C library keep what is freed: a step frees and asks for megabytes, and fresh pages cost a fault each."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc has it
    if mallopt:
        mallopt(M_MMAP_THRESHOLD, 2**25)  # the most that all versions allow
        mallopt(M_TRIM_THRESHOLD, 2**30)


class SideStream:
    """A stream of its own on a GPU, and none on a CPU; it goes on from what the current stream is told before."""

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]
        if self._stream:
            self._stream.wait_stream(torch.cuda.current_stream(device))

    def __call__(self) -> AbstractContextManager[Any]:
        """Return the context in which work goes to the stream."""
        return torch.cuda.stream(self._stream) if self._stream else nullcontext()


def place(model: Model, device: torch.device) -> Model:
    """Move a model to a device, its images in channels-last order, which convolutions prefer."""
    model.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model


def name_of(device: torch.device) -> str:
    """Return a device's name for the record: ``cpu`` or the GPU's product name."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def arithmetic_of(device: torch.device) -> dict[str, str]:
    """Return for the record how a GPU's convolutions multiply float32, ``ieee`` or ``tf32``; nothing of a CPU."""
    if device.type != "cuda":
        return {}
    return {"float32_convolutions": torch.backends.cudnn.conv.fp32_precision}  # type: ignore[attr-defined]
