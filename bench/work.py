"""What a training step of every cell of params.yaml is made of: floating-point operations, and bytes through memory.

Run as `PYTHONPATH=src python bench/work.py`, some minutes on one core, no GPU: the pipeline's own trainings run on
tensors without values (`FakeTensorMode`), of the sizes of scale `paper`, and every operation that PyTorch is asked for
is counted. The counts lie in `work.csv` beside this file; `hours.py` makes hours of them.
"""

import argparse
import contextlib
import csv
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from unittest import mock

import numpy as np
import random_data
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from disentangle import registry
from disentangle.cells import Cell
from disentangle.pipeline.params import Params, load
from disentangle.pipeline.study import study_of
from disentangle.training import stack
from disentangle.training.job import Job

COUNTED = Path(__file__).with_name("work.csv")
LEFT_OUT = ("steps", "warmup", "log_every", "final_batches", "lr", "weight_decay", "temperature", "labels")
"""Keys of ``training`` that change how long, how fast or to what end is trained, not what a step is made of."""
BY_ROW = ("index_select", "index", "gather", "embedding")
"""Operations that read as much of their first tensor as they return."""

OVERWRITING = ("copy_", "fill_", "zero_", "new_zeros", "zeros_like", "ones_like", "full_like")
"""Operations that do not read their first tensor."""
VGG16_WIDTH = 64
"""Channels at the first resolution of the published one."""
CPU = torch.device("cpu")

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Work:
    """A step of one cell of an entry in one phase of its training, counted on one of its datasets."""

    study: str
    entry: str
    dataset: str
    phase: str
    precision: str
    flop: float
    """Of matrix products and convolutions, forward and backward."""
    product_bytes: float
    """What those read and write."""
    other_bytes: float
    """What all other operations read and write, each by itself, as without fusion."""

    @property
    def bytes(self) -> float:
        """All that is read and written."""
        return self.product_bytes + self.other_bytes


def phases(config: dict[str, Any]) -> dict[str, int]:
    """Return the steps of each phase of a training, by name; methods without phases have one, ``steps``."""
    objective, training = (
        registry.build("methods", config["method"]["name"], config["method"]["options"]),
        config["training"],
    )
    if hasattr(objective, "phases"):
        return {phase: objective.steps(phase, training) for phase in objective.phases}
    return {"steps": objective.steps(training["steps"]) if hasattr(objective, "steps") else training["steps"]}


def alike(settings: Params, scale: str, study: str) -> dict[tuple[str, str], str]:
    """Return for each dataset and entry of a study that has cells the dataset on which the same step is counted.

    It is the first of those of one form on which the entry has the same networks and batches.
    """
    found: dict[tuple[str, str], str] = {}
    first: dict[str, str] = {}
    for dataset in settings.study(scale, study)["datasets"]:
        definition = settings.dataset(scale, dataset)
        for entry, cell in {cell.method: cell for cell in settings.cells(scale, study, dataset)}.items():
            config = settings.training(cell)
            training = {key: value for key, value in config["training"].items() if key not in LEFT_OUT}
            rest = {key: value for key, value in config.items() if key not in ("cell", "method")}
            form = random_data.form(definition)
            key = json.dumps([entry, form, rest | {"training": training}], sort_keys=True)
            if key not in first:
                first[key] = dataset
            found[dataset, entry] = first[key]
    return found


def without_files(config: dict[str, Any]) -> dict[str, Any]:
    """Return a training's configuration with random weights wherever an encoder's would be read from a file."""
    model = {
        key: {**part, "weights": "none"} if isinstance(part, dict) and "weights" in part else part
        for key, part in config.get("model", {}).items()
    }
    return {**config, "model": model} if model else config


def _without_file(kind: str, name: str, options: dict[str, Any]) -> Any:
    """Build a plugin, in place of a distance that reads a file one of the same network with random weights."""
    if kind == "distances" and registry.constant(kind, name, "ARCHIVES"):
        return _build(kind, "random_vgg", {"width": VGG16_WIDTH})
    return _build(kind, name, options)


_build = registry.build


def rows(
    settings: Params,
    cell: Cell,
    folder: Path,
    look: Callable[[], Seen],
    each: int,
    count: int = 1,
    cells: int = 1,
    device: torch.device = CPU,
    execution: str = "eager",
) -> dict[str, list[Seen]]:
    """Train ``cells`` like one, and return by phase what a ``look`` at the end of each row finds, the start's first.

    A phase has ``count`` rows of ``each`` steps and one before them, which warms up. The cells differ in their seeds.
    """
    config = without_files(settings.training(cell))
    steps = each * (count + 1)
    short = {"steps": steps, "warmup": steps, "log_every": each, "final_batches": 1}
    config["training"] = {**config["training"], **{key: short[key] for key in short if key in config["training"]}}
    looks: list[Seen] = []
    jobs = [
        Job({**config, "cell": {**config["cell"], "seed": seed}}, folder / "none", "", lambda _: None)
        for seed in range(cells)
    ]
    jobs[0] = replace(jobs[0], say=lambda _: looks.append(look()))
    family = registry.load("families", study_of(cell.study).family)
    with mock.patch.object(registry, "build", _without_file):
        for _ in family.train(jobs, folder, device, execution, math.inf):
            pass
    every = iter(looks)
    return {phase: [next(every) for _ in range(total // each)] for phase, total in phases(config).items() if total}


class Counter(TorchDispatchMode):
    """Counts operations, and answers with 0 and false where a program asks for a value that a fake tensor lacks."""

    def __init__(self) -> None:
        super().__init__()
        self.flop = self.product_bytes = self.other_bytes = 0.0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        if name in ("_local_scalar_dense", "item", "is_nonzero"):
            return 0.0 if args[0].is_floating_point() else 0
        if name == "index":  # a mask, as if it were all true
            places = [torch.arange(len(i)) if i is not None and i.dtype == torch.bool else i for i in args[1]]
            args = (args[0], places)
        found = func(*args, **kwargs)
        moved = _moved(func, name, args, kwargs, found)
        if func.overloadpacket in flop_registry:
            self.flop += flop_registry[func.overloadpacket](*args, **kwargs, out_val=found)
            self.product_bytes += moved
        else:
            self.other_bytes += moved
        return found

    def counts(self) -> np.ndarray:
        """Return what was counted so far: operations, bytes of products and of all else."""
        return np.array([self.flop, self.product_bytes, self.other_bytes])


def _moved(func: Any, name: str, args: Any, kwargs: Any, found: Any) -> float:
    """Return the bytes that an operation reads and writes: none of one that returns a view or memory as it is."""
    returns = func._schema.returns
    views = any(r.alias_info and not r.alias_info.is_write for r in returns) or name == "_unsafe_view"
    if func.namespace != "aten" or views or "empty" in name:
        return 0
    given = [*zip(func._schema.arguments, args, strict=False)]
    given += [(argument, kwargs[argument.name]) for argument in func._schema.arguments if argument.name in kwargs]
    read = [[_bytes(part) for part in tree_leaves(value)] for _, value in given]
    written = sum(sum(sizes) for (argument, _), sizes in zip(given, read, strict=True) if argument.is_write)
    if not any(argument.is_write for argument, _ in given):
        written = sum(_bytes(part) for part in tree_leaves(found))
    if name in BY_ROW:
        read[0] = [min(read[0][0], written)]
    if name in OVERWRITING:
        read = read[1:]
    return written + sum(map(sum, read))


def _bytes(value: object) -> float:
    """Return the size of a tensor in memory, each element counted once."""
    if not isinstance(value, Tensor):
        return 0
    return value.element_size() * math.prod(n for n, stride in zip(value.shape, value.stride(), strict=True) if stride)


def _converted(module: nn.Module, change: Callable[[Tensor], Tensor], recurse: bool = True) -> nn.Module:
    """Do as ``nn.Module._apply``, which cannot swap fake tensors."""
    for child in module.children() if recurse else ():
        child._apply(change)
    for name, parameter in module._parameters.items():
        if parameter is not None:
            with torch.no_grad():
                module._parameters[name] = nn.Parameter(change(parameter), parameter.requires_grad)
    for name, buffer in module._buffers.items():
        if buffer is not None:
            module._buffers[name] = change(buffer)
    return module


def _with_values(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return what makes or moves tensors so that those that have values keep them: the data, of which batches are."""

    def kept(given: Any, *more: Any, **named: Any) -> Any:
        if isinstance(given, FakeTensor):
            return _zeros(given) if function is _numpy else function(given, *more, **named)
        with _disable_current_modes():
            return function(given, *more, **named)

    return kept


_numpy = Tensor.numpy


def _zeros(tensor: Tensor) -> np.ndarray:
    return np.zeros(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))


@contextlib.contextmanager
def counting(precision: str) -> Iterator[Counter]:
    """Run what is inside on tensors without values, in a GPU's precision, all cells of a stack at once."""
    with contextlib.ExitStack() as stacked:
        stacked.enter_context(mock.patch.object(stack, "AT_ONCE", {}))
        stacked.enter_context(mock.patch.object(nn.Module, "_apply", _converted))
        for owner, name in ((torch, "from_numpy"), (Tensor, "to"), (Tensor, "cpu"), (Tensor, "numpy")):
            stacked.enter_context(mock.patch.object(owner, name, _with_values(getattr(owner, name))))
        stacked.enter_context(torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"))
        stacked.enter_context(FakeTensorMode(allow_non_fake_inputs=True))
        yield stacked.enter_context(Counter())


def count(settings: Params, cell: Cell, folder: Path) -> list[Work]:
    """Return the work of a step of a cell in each phase, given a folder with a dataset of the kind of its own."""
    config = settings.training(cell)
    # Of one cell alone a CPU would ask its library, as no GPU does; of two, each is half of what is counted.
    cells = 2 if registry.load("families", study_of(cell.study).family).STACKED else 1
    precision = config["training"]["precision"]
    with counting(precision) as counter:
        found = rows(settings, cell, folder, counter.counts, 1, cells=cells)
    return [
        Work(cell.study, cell.method, cell.dataset, phase, precision, *(float(x) for x in (last - before) / cells))
        for phase, (before, last) in found.items()
    ]


def representatives(settings: Params, scale: str, study: str) -> dict[tuple[str, str], Cell]:
    """Return by (entry, dataset) a cell of each kind of step that a study has."""
    chosen = {(entry, dataset) for (_, entry), dataset in alike(settings, scale, study).items()}
    return {
        (entry, dataset): next(c for c in settings.cells(scale, study, dataset) if c.method == entry)
        for entry, dataset in sorted(chosen)
    }


def counted(file: Path = COUNTED) -> list[Work]:
    """Read what was counted."""
    kinds = {field.name: float if field.type is float else str for field in fields(Work)}
    with open(file, newline="") as opened:
        return [Work(**{name: kinds[name](value) for name, value in row.items()}) for row in csv.DictReader(opened)]


def written(works: Sequence[Work]) -> str:
    """Return counts as CSV, to four digits."""
    lines = [",".join(field.name for field in fields(Work))]
    lines += [",".join(f"{x:.4g}" if isinstance(x, float) else x for x in astuple(work)) for work in works]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Count the steps of all studies and write them down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", default="paper")
    parser.add_argument("--out", type=Path, default=COUNTED)
    given = parser.parse_args()
    torch.set_num_threads(1)
    settings, found = load(), list[Work]()
    with TemporaryDirectory() as temporary:
        for study in settings.section(given.scale)["studies"]:
            for (entry, dataset), cell in representatives(settings, given.scale, study).items():
                folder = Path(temporary, dataset)
                if not folder.exists():
                    random_data.write(folder, settings.dataset(given.scale, dataset))
                found += count(settings, cell, folder)
                print(f"{study} {entry} on {dataset}", flush=True)
    given.out.write_text(written(found))


if __name__ == "__main__":
    main()
