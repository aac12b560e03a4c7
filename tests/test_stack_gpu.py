"""What only a GPU can show of stacks: recorded steps, cells that share launches, runs that go on, no waiting.

`python -m pytest tests/test_stack_gpu.py` on a machine with one; elsewhere these tests are skipped. Tolerance: losses
of runs of a few steps within a part in 1,000.
"""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from recording import unwaited
from test_stack import METHODS, Coloured, configured
from test_training import Killed, as_before, kill_at

from disentangle import registry
from disentangle.training.device import choose
from disentangle.training.packed import PackedGrid
from disentangle.training.stack import StackedCell, StackedTraining
from disentangle.training.stacked_step import Step
from disentangle.training.step import WARM_UP

__all__ = ["as_before"]  # a fixture
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")]


@pytest.fixture(autouse=True)
def as_in_a_job(as_before: None) -> None:
    choose("cuda", 1)


@pytest.fixture(scope="module")
def grid() -> PackedGrid:
    bits = np.random.default_rng(0).integers(2, size=(40, 16 * 16), dtype=np.uint8)
    background = torch.rand(16, 16, 1, generator=torch.Generator().manual_seed(0)) / 4
    packed = torch.from_numpy(np.packbits(bits, axis=1)).cuda()
    return PackedGrid(packed, (16, 16, 1), True, {"background": background.cuda()})


CONFIGS = [
    configured(lam, seed, steps=4 * WARM_UP, log_every=3) for lam, seed in ((5.0, 0), (math.inf, 1), (2.0, 0), (2.0, 1))
]


def train(
    grid: PackedGrid,
    folder: Path,
    method: str,
    execution: str,
    cells: list[int],
    announce: Callable[[str], None] = lambda line: None,
    every: float = math.inf,
) -> list[StackedCell]:
    objective, configs = registry.build("methods", method, {}), [CONFIGS[cell] for cell in cells]
    given = (configs, objective, grid, Coloured(), folder / "s.pt", "d", execution, announce)
    return StackedTraining(*given).run(every)


def losses(cell: StackedCell) -> list[float]:
    return [row["loss"] for row in [*cell.history, cell.final]]


OF_THE_COMPILER = pytest.mark.filterwarnings("ignore")  # its own


@pytest.mark.parametrize(
    ("method", "execution"),
    [(name, "graph") for name in METHODS]
    + [pytest.param(name, "compiled", marks=OF_THE_COMPILER) for name in ("beta_vae", "factor_vae")],
)
def test_recorded_steps_of_a_stack_compute_what_eager_ones_of_cells_alone_do(
    grid: PackedGrid, tmp_path: Path, method: str, execution: str
) -> None:
    for cell, stacked in zip((0, 2, 3), train(grid, tmp_path, method, execution, [0, 2, 3]), strict=True):
        (alone,) = train(grid, tmp_path, method, "eager", [cell])
        assert losses(stacked) == pytest.approx(losses(alone), rel=1e-3)


def test_a_diverged_cell_leaves_its_mates_alone(grid: PackedGrid, tmp_path: Path) -> None:
    mixed, sound = (train(grid, tmp_path, "beta_vae", "graph", cells) for cells in ([0, 1, 2], [0, 3, 2]))
    assert [cell.diverged for cell in mixed] == [False, True, False]
    for cell in (0, 2):
        assert losses(mixed[cell]) == pytest.approx(losses(sound[cell]), rel=1e-5)


@pytest.mark.parametrize("method", ["dip_vae_ii", "factor_vae"])
def test_a_killed_stack_goes_on_with_the_same_draws(grid: PackedGrid, tmp_path: Path, method: str) -> None:
    undisturbed = train(grid, tmp_path, method, "graph", [0, 2])
    with pytest.raises(Killed):
        train(grid, tmp_path, method, "graph", [0, 2], kill_at(9), 0)
    for one, other in zip(undisturbed, train(grid, tmp_path, method, "graph", [0, 2]), strict=True):
        assert losses(other) == pytest.approx(losses(one), rel=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_no_step_waits_for_the_gpu(grid: PackedGrid, method: str) -> None:
    step = Step([CONFIGS[0], CONFIGS[2]], registry.build("methods", method, {}), grid, Coloured(), "eager")
    with step.stream():
        step(0)  # the optimizer makes its state
        with unwaited():
            step(1)
