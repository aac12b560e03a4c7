"""What only a GPU can show: recorded and compiled steps, streams side by side, runs that repeat and go on.

`python -m pytest tests/test_gpu.py` on a machine with one; elsewhere these tests are skipped. Tolerances: losses within
a part in 1,000 in float32 and in 50 in bfloat16, of runs of a few steps; of repeated runs within one in 100,000.
"""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from recording import unwaited
from test_training import Killed, as_before, configured, kill_at, trained_by

from disentangle.training import loop
from disentangle.training.batches import ViewPairs
from disentangle.training.device import choose
from disentangle.training.step import WARM_UP

__all__ = ["as_before"]  # a fixture
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")]
STEPS = 4 * WARM_UP


@pytest.fixture(autouse=True)
def as_in_a_job(as_before: None) -> None:
    choose("cuda", 1)


@pytest.fixture(scope="module")
def pairs() -> ViewPairs:
    generator = torch.Generator().manual_seed(7)
    images = torch.randint(256, (40, 2, 32, 32, 3), generator=generator, dtype=torch.uint8)
    first, second = torch.randint(2, (2, 40), generator=generator)
    labels = {"DC": first, "BC": second, "joint": 2 * first + second}
    return ViewPairs(images.cuda(), {name: label.cuda() for name, label in labels.items()})


def config(precision: str = "float32", **training: Any) -> dict[str, Any]:
    settings = {"optimizer": "sgd", "lr": 0.01, "batch": 16, "steps": STEPS, "log_every": 3, "augmentation": "simclr"}
    return configured("p_ortho", 0.1, precision=precision, **settings | training)


def losses(training: loop.Training) -> list[float]:
    assert list(loop.fit([training], math.inf)) == [training]
    return [row["loss"] for row in training.result().history]


OF_THE_COMPILER = pytest.mark.filterwarnings("ignore")  # that float32 is not TF32, and others of its own


@pytest.mark.parametrize("execution", ["graph", pytest.param("compiled", marks=OF_THE_COMPILER)])
@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-3), ("bfloat16", 0.02)])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_recorded_steps_compute_what_eager_ones_do(
    pairs: ViewPairs, tmp_path: Path, execution: str, precision: str, tolerance: float, optimizer: str
) -> None:
    given = config(precision, optimizer=optimizer, lr=0.001)
    eager = losses(trained_by(pairs, tmp_path / "eager", given))
    assert len(set(eager)) == len(eager)
    assert losses(trained_by(pairs, tmp_path / "other", given, execution=execution)) == pytest.approx(
        eager, rel=tolerance
    )


def test_a_recorded_run_repeats(pairs: ViewPairs, tmp_path: Path) -> None:
    one, two = (losses(trained_by(pairs, tmp_path, config(), execution="graph")) for _ in range(2))
    assert one == pytest.approx(two, rel=1e-5)


def test_a_killed_run_goes_on_with_the_same_draws(pairs: ViewPairs, tmp_path: Path) -> None:
    """A lost or repeated draw of the augmentation would change every later loss."""
    undisturbed = losses(trained_by(pairs, tmp_path, config(), execution="graph"))
    with pytest.raises(Killed):
        list(loop.fit([trained_by(pairs, tmp_path, config(), kill_at(9), execution="graph")], 0))
    resumed = trained_by(pairs, tmp_path, config(), execution="graph")
    assert losses(resumed) == pytest.approx(undisturbed, rel=1e-3)


def test_neighbours_on_other_streams_change_nothing(pairs: ViewPairs, tmp_path: Path) -> None:
    alone = [losses(trained_by(pairs, tmp_path / str(k), config(batch=8 + 4 * k), execution="graph")) for k in (0, 1)]
    together = [trained_by(pairs, tmp_path / str(k), config(batch=8 + 4 * k), execution="graph") for k in (0, 1)]
    assert len(list(loop.fit(together, math.inf))) == 2
    for training, expected in zip(together, alone, strict=True):
        assert [row["loss"] for row in training.result().history] == pytest.approx(expected, rel=1e-5)


def test_no_step_waits_for_the_gpu(pairs: ViewPairs, tmp_path: Path) -> None:
    training = trained_by(pairs, tmp_path, config())
    training.launch()  # the first steps make the optimizer's state
    with unwaited():
        training.launch()
