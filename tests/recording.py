"""A stand-in for the recording of a GPU's work, on the CPU.

As on a GPU, what is recorded is not done, a replay does it with the tensors that the recording met, and what a CUDA
graph cannot hold is an error: a wait for a value, a constant of the host, a generator that is not registered.
"""

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.torch_version import TorchVersion
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from disentangle.training.step import WARM_UP

WAITS = {"_local_scalar_dense", "nonzero", "masked_select", "_unique2", "unique_dim", "linalg_inv_ex"}
WAITS |= {"scatter_add", "scatter_add_", "index_add", "index_add_", "index_put", "index_put_", "_index_put_impl_"}
"""Operations for which the host waits for the device: they read a value, have a result whose size depends on one, or
are waited for where results are to be repeatable."""


class Tape(TorchDispatchMode):
    """Every operation that reaches a kernel; of all memory that they meet, what it held before."""

    def __init__(self, generators: list[torch.Generator], lazily: bool) -> None:
        super().__init__()
        self.generators, self.lazily = generators, lazily
        self.states = [generator.get_state() for generator in generators]
        self.calls: list[tuple[Any, Any, dict[str, Any], list[Any]]] = []
        self.before: dict[int, tuple[Any, Any]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name, kwargs = func.overloadpacket.__name__, kwargs or {}
        if name in WAITS | {"lift_fresh"}:
            raise RuntimeError(f"{name}: operation not permitted when stream is capturing")
        drawn = kwargs.get("generator")
        if drawn is not None and drawn.initial_seed() not in {known.initial_seed() for known in self.generators}:
            if not self.lazily:
                raise RuntimeError("Attempt to increase offset for a CUDA generator not in capture mode.")
            self.generators.append(drawn)
            self.states.append(drawn.get_state())
        for storage in map(Tensor.untyped_storage, tensors((args, kwargs))):
            if storage.data_ptr() not in self.before:
                self.before[storage.data_ptr()] = storage, storage.clone()
        result = func(*args, **kwargs)
        for storage in map(Tensor.untyped_storage, tensors(result)):
            self.before.setdefault(storage.data_ptr(), (storage, None))
        self.calls.append((func, args, kwargs, tensors(result)))
        return result

    def undo(self) -> None:
        for storage, content in self.before.values():
            if content is not None:
                storage.copy_(content)
        for generator, state in zip(self.generators, self.states, strict=True):
            generator.set_state(state)

    @torch.no_grad()
    def replay(self) -> None:
        for func, args, kwargs, result in self.calls:
            for old, new in zip(result, tensors(func(*args, **kwargs)), strict=True):
                if old.untyped_storage().data_ptr() != new.untyped_storage().data_ptr():
                    old.copy_(new)


def tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


class Recorder:
    """What torch.cuda is to the code that records; ``events`` are what became of each graph."""

    def __init__(self, version: str = "2.13.0") -> None:
        self.version, self.events, self.capturing = TorchVersion(version), list[str](), False

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        recorder = self

        class Graph:
            def __init__(self) -> None:
                self.generators: list[torch.Generator] = []
                self.tape: Tape | None = None

            def register_generator_state(self, generator: torch.Generator) -> None:
                assert recorder.version < "2.14", "register_generator_state is deprecated"
                self.generators.append(generator)

            def replay(self) -> None:
                assert self.tape is not None
                recorder.events.append("replay")
                self.tape.replay()

            def __del__(self) -> None:
                recorder.events.append("released")

        monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
        monkeypatch.setattr(torch.cuda, "graph", self.graph)
        monkeypatch.setattr(torch.cuda, "current_stream", lambda: "the cell's stream")
        monkeypatch.setattr(torch, "__version__", self.version)
        # What an optimizer asks before each update.
        device = torch.device("cuda")
        asked = "current_accelerator"
        monkeypatch.setattr(torch.accelerator, asked, lambda check_available=False: device if check_available else None)
        stream = SimpleNamespace(is_capturing=lambda: self.capturing)
        monkeypatch.setattr(torch.accelerator, "current_stream", lambda: stream)

    @contextlib.contextmanager
    def graph(self, recording: Any, stream: str) -> Iterator[None]:
        assert stream == "the cell's stream" and not self.capturing
        tape, self.capturing = Tape(recording.generators, self.version >= "2.14"), True
        self.events.append("record")
        try:
            with tape:
                yield
        except Exception:
            # torch/cuda/graphs.py, graph.__exit__: capture_end comes first, and raises where the capture is broken.
            raise RuntimeError("CUDA error: operation failed due to a previous error during capture")  # noqa: B904
        finally:
            self.capturing = False
            tape.undo()
        recording.tape = tape


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Let steps be recorded on the CPU."""
    found = Recorder()
    found.install(monkeypatch)
    return found


def full(call: Callable[..., Any], when: Callable[[], bool] = lambda: True) -> Callable[..., Any]:
    """Return a function that finds no memory left at a time, and else is ``call``."""

    def allocate(*given: Any, **named: Any) -> Any:
        if when():
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return call(*given, **named)

    return allocate


@contextlib.contextmanager
def unwaited() -> Iterator[None]:
    """Fail where the host waits for the GPU, within the block alone.

    Once a process torch warns that it does not see every wait, and where warnings are errors the mode is set none the
    less: torch/csrc/cuda/Module.cpp, THCPModule_cudaSetSyncDebugMode.
    """
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Synchronization debug mode is a prototype")
            torch.cuda.set_sync_debug_mode("error")
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def assert_phases_alike(cells: Mapping[str, Any], recorder: Recorder, begin: Callable[[Any, str], None]) -> None:
    """Assert that a cell whose phases are recorded, ``graph``, ends as one whose are not, ``eager``, to the last bit.

    ``begin`` is what a phase of a cell begins with, before its step is built.
    """
    found: dict[str, list[dict[str, float]]] = {execution: [] for execution in cells}
    for execution, cell in cells.items():
        for phase in cell.objective.phases:
            begin(cell, phase)
            step = cell.step(phase, execution)
            for k in range(WARM_UP + 2):
                step(cell.batches.index(k), k)
            found[execution].append(step.means())
    assert found["graph"] == found["eager"]
    assert recorder.events.count("replay") == 2 * len(found["graph"])
    for name, value in cells["eager"].networks.state_dict().items():
        assert torch.equal(cells["graph"].networks.state_dict()[name], value)
