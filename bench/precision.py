"""What TF32 does to scores, without a GPU: products whose factors are rounded as tensor cores round them.

Run as `PYTHONPATH=src OMP_NUM_THREADS=1 python bench/precision.py`, some minutes a cell. Cells of the demo on dSprites
are trained three times: in float32 as a GPU multiplies; the same with factors of TF32; and in float32 with the
processor's own convolutions, whose sums have another order, which shows how far rounding of any kind carries.
"""

import argparse
import contextlib
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from disentangle import files
from disentangle.cells import Cell
from disentangle.pipeline import params
from disentangle.stages import encode, generate, measure, train
from disentangle.training import stack

ROOT = Path(__file__).resolve().parent.parent
FACTORS = {"bmm": (0, 1), "baddbmm": (1, 2), "mm": (0, 1), "addmm": (1, 2)}
"""Which arguments of the matrix products are multiplied."""
DROPPED = 13
"""Bits of float32's mantissa that TF32 has not."""


def rounded(x: Tensor) -> Tensor:
    """Return float32 rounded to TF32's 10 bits of mantissa, to nearest, ties away from zero (`cvt.rna.tf32.f32`)."""
    bits = x.contiguous().view(torch.int32) + (1 << (DROPPED - 1))
    return (bits & -(1 << DROPPED)).view(torch.float32)


class Tf32(TorchDispatchMode):
    """Matrix products of rounded factors; sums are float32's, as in tensor cores."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        multiplied = FACTORS.get(func.overloadpacket.__name__, ())
        given = [rounded(value) if k in multiplied else value for k, value in enumerate(args)]
        return func(*given, **(kwargs or {}))


@contextlib.contextmanager
def as_a_gpu_multiplies() -> Iterator[None]:
    """Let every layer be matrix products, as for stacked cells on a GPU, and not the processor's convolutions."""
    before = dict(stack.AT_ONCE)
    stack.AT_ONCE.clear()
    try:
        yield
    finally:
        stack.AT_ONCE.update(before)


@contextlib.contextmanager
def tf32_on_a_gpu() -> Iterator[None]:
    """Round the factors of products, of which every layer is made."""
    with as_a_gpu_multiplies(), Tf32():
        yield


def scores(given: argparse.Namespace, arithmetic: contextlib.AbstractContextManager[Any]) -> dict[Cell, Any]:
    """Train, encode and measure the cells in an empty folder, and return the scores of each cell's mean codes."""
    settings = params.load()
    listed = settings.cells("demo", "locatello", "dsprites")
    cells = [cell for cell in listed if cell.method in given.methods and cell.seed < given.seeds]
    compute = {"settings": settings, "device": "cpu", "threads": 1, "execution": "eager", "checkpoint_every": 1e9}
    stage = argparse.Namespace(**compute, scale="demo", dataset="dsprites", digest=None, anew=False, together=None)
    generate.run(stage)
    with arithmetic:
        for method in given.methods:
            train.run_together(stage, [cell for cell in cells if cell.method == method])
    encode.run_together(stage, cells)
    found = {}
    for cell in cells:
        measure.run(argparse.Namespace(**vars(stage), cell=cell))
        measured = files.read_json(cell.folder / "metrics.json")["scores"]["mean"]
        found[cell] = {f"{name}: {key}": value for name, of in measured.items() for key, value in of.items()}
    return found


def table(float32: Mapping[Cell, Any], tf32: Mapping[Cell, Any], order: Mapping[Cell, Any]) -> Iterator[str]:
    """Yield rows of Markdown: means over cells, and paired differences to float32, of TF32 and of the order of sums.

    Of a difference, its mean and the standard error of that, and the largest.
    """
    yield "| score | float32 | TF32 | difference | largest | of the order of sums | largest |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name in next(iter(float32.values())):
        of_cells = ([found[cell][name] for cell in float32] for found in (float32, tf32, order))
        one, two, other = (np.array(values, np.float64) for values in of_cells)
        cells = [f"{one.mean():z.3f}", f"{two.mean():z.3f}"]
        for by in (two - one, other - one):
            cells += [f"{by.mean():z.3f} ± {by.std(ddof=1) / math.sqrt(len(by)):.3f}", f"{abs(by).max():.3f}"]
        yield " | ".join([f"| `{name}`", *cells]) + " |"


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", nargs="+", default=["beta_vae", "factor_vae"])
    parser.add_argument("--seeds", type=int, default=3, help="of each method and strength")
    given = parser.parse_args()
    arms = []
    for arithmetic in (as_a_gpu_multiplies(), tf32_on_a_gpu(), contextlib.nullcontext()):
        with TemporaryDirectory() as folder:
            shutil.copy(ROOT / "params.yaml", folder)
            os.chdir(folder)
            with contextlib.redirect_stdout(None):
                arms.append(scores(given, arithmetic))
            os.chdir(ROOT)
    print(f"{len(arms[0])} cells")
    print("\n".join(table(*arms)))


if __name__ == "__main__":
    main()
