"""Recorded steps, on a stand-in for a GPU's recording: what eager ones do, to the bit, and what a full memory does."""

import contextlib
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import ROOT
from recording import WAITS, Recorder, recorder, unwaited
from test_stack import METHODS, Coloured, assert_same_bits, configured, grid, strength
from test_training import CONTRASTIVE, Dispatched, Killed, kill_at, pairs, trained_by, weights
from test_training import configured as contrastive
from torch import Tensor

from disentangle import registry
from disentangle.errors import InputError
from disentangle.training import loop
from disentangle.training import stack as stacking
from disentangle.training import step as recorded_step
from disentangle.training.batches import ViewPairs
from disentangle.training.device import fitting
from disentangle.training.packed import PackedGrid
from disentangle.training.stack import StackedCell, StackedTraining
from disentangle.training.stacked_step import Step
from disentangle.training.step import WARM_UP, Recorded

__all__ = ["grid", "pairs", "recorder"]  # fixtures
STEPS = WARM_UP + 4


def stack(
    grid: PackedGrid,
    folder: Path,
    method: str,
    execution: str,
    announce: Any = lambda line: None,
    every: Any = math.inf,
) -> list[StackedCell]:
    lam = strength(method)
    configs = [configured(lam, 0, steps=STEPS), configured(2 * lam, 1, steps=STEPS)]
    objective = registry.build("methods", method, {})
    given = (configs, objective, grid, Coloured(), folder / "s.pt", "d", execution, announce)
    return StackedTraining(*given).run(every)


@pytest.mark.parametrize("method", METHODS)
def test_a_recorded_stack_is_an_eager_one(
    grid: PackedGrid, tmp_path: Path, method: str, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacking, "AT_ONCE", {})
    eager = stack(grid, tmp_path, method, "eager")
    assert recorder.events == []
    for cell, other in zip(stack(grid, tmp_path, method, "graph"), eager, strict=True):
        assert_same_bits(cell, other)
    steps = eager[0].steps
    assert recorder.events == (["record", *["replay"] * (steps - WARM_UP), "released"] if steps > WARM_UP else [])


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("method", CONTRASTIVE)
def test_a_recorded_cell_is_an_eager_one(
    pairs: ViewPairs, tmp_path: Path, method: str, optimizer: str, recorder: Recorder
) -> None:
    lam = 0.1 if registry.constant("methods", method, "REGULARIZED") else 0.0
    config = contrastive(method, lam, optimizer=optimizer, augmentation="simclr")
    both = [trained_by(pairs, tmp_path, config, execution=execution) for execution in ("eager", "graph")]
    one, two = (training.result() for training in loop.fit(both, math.inf))
    assert weights(one) == weights(two)
    assert one.history == two.history
    assert recorder.events[:6] == ["record", *["replay"] * 5]


@pytest.mark.parametrize("method", ["dip_vae_ii", "factor_vae"])
def test_a_recorded_stack_that_was_killed_ends_in_the_same_bits(
    grid: PackedGrid, tmp_path: Path, method: str, recorder: Recorder
) -> None:
    undisturbed = stack(grid, tmp_path, method, "graph")
    with pytest.raises(Killed):
        stack(grid, tmp_path, method, "graph", kill_at(6), 0)
    for cell, other in zip(stack(grid, tmp_path, method, "graph"), undisturbed, strict=True):
        assert_same_bits(cell, other)


def test_a_recorded_cell_that_was_killed_ends_in_the_same_bits(
    pairs: ViewPairs, tmp_path: Path, recorder: Recorder
) -> None:
    config = contrastive("p_ortho", 0.3, augmentation="simclr")
    (undisturbed,) = loop.fit([trained_by(pairs, tmp_path, config, execution="graph")], math.inf)
    with pytest.raises(Killed):
        list(loop.fit([trained_by(pairs, tmp_path, config, kill_at(6), execution="graph")], 0))
    (resumed,) = loop.fit([trained_by(pairs, tmp_path, config, execution="graph")], math.inf)
    assert weights(resumed.result()) == weights(undisturbed.result())
    assert resumed.result().history == undisturbed.result().history


def test_recorded_steps_of_cells_are_launched_in_turn(
    pairs: ViewPairs, tmp_path: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the lengths of their rows and of their trainings are."""
    launch, launched = Recorded.__call__, []

    def noted(recorded: Recorded, program: Callable[[], None]) -> None:
        launched.append(recorded)
        launch(recorded, program)

    monkeypatch.setattr(Recorded, "__call__", noted)
    configs = [contrastive(steps=6, log_every=3), contrastive(steps=8, log_every=4, seed=1)]
    cells = [trained_by(pairs, tmp_path / str(k), config, execution="graph") for k, config in enumerate(configs)]
    one, two = (cell._step._recorded for cell in cells)
    assert [*loop.fit(cells, math.inf)] == cells
    assert launched == [one, two] * 6 + [two] * 2


def test_generators_are_registered_where_their_first_draw_does_not_do_it(
    pairs: ViewPairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From torch 2.14 on, registering warns and does nothing."""
    config, found = contrastive("p_ortho", 0.3, augmentation="simclr"), []
    for version in ("2.11.0", "2.14.0"):
        Recorder(version).install(monkeypatch)
        (training,) = loop.fit([trained_by(pairs, tmp_path, config, execution="graph")], math.inf)
        found.append(weights(training.result()))
    assert found[0] == found[1]


def test_what_only_a_whole_step_needs_is_let_go_before_the_final_losses(
    grid: PackedGrid, tmp_path: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The graph's memory, and the gradients that lie in it: final losses need memory as well."""
    losses, seen = Step._losses, []

    def noted(step: Step, drawn: dict[str, Tensor], through: Any) -> Any:
        gradients = [parameter.grad for parameter in (*step.weights.values(), *step._critic.values())]
        seen.append((recorder.events[-1:], all(gradient is None for gradient in gradients)))
        return losses(step, drawn, through)

    monkeypatch.setattr(stacking, "AT_ONCE", {})
    monkeypatch.setattr(Step, "_losses", noted)
    stack(grid, tmp_path, "factor_vae", "graph")
    # The first steps, the recorded one, and two final batches.
    assert seen == [([], True), *[([], False)] * (WARM_UP - 1), (["record"], False), *[(["released"], True)] * 2]


def test_a_step_after_the_final_losses_is_recorded_anew(grid: PackedGrid, recorder: Recorder) -> None:
    objective = registry.build("methods", "factor_vae", {})
    one, two = (Step([configured()], objective, grid, Coloured(), execution) for execution in ("graph", "eager"))
    for step in (one, two):
        for done in range(2 * STEPS):
            step(done)
            if done == STEPS:
                step.final(2, done)
    assert recorder.events.count("record") == 2
    for name, value in one.weights.items():
        assert torch.equal(value, two.weights[name])


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (lambda: torch.rand(2, generator=torch.Generator()), "a CUDA generator not in capture mode"),
        (lambda: torch.ones(2).sum().item(), "_local_scalar_dense: operation not permitted"),
        (lambda: torch.tensor(1.0), "lift_fresh: operation not permitted"),
        (torch.optim.Adam([torch.ones(1, requires_grad=True)]).step, "capturable is False"),
    ],
)
def test_the_stand_in_fails_where_a_gpu_would(program: Any, message: str, recorder: Recorder) -> None:
    recorded = Recorded([])
    for _ in range(WARM_UP):
        recorded(program)
    with pytest.raises(RuntimeError, match="a previous error during capture") as caught:
        recorded(program)
    assert message in str(caught.value.__context__)


# A device that is not the processor. Its tensors have no content, so to read one fails, as to mix devices does.

META = torch.device("meta")


class Stream(torch.Generator):
    device = META

    def __new__(cls, device: torch.device | str = "cpu") -> "Stream":
        return super().__new__(cls)


class Unmoved:
    """An optimizer, of which there is none on this device."""

    def zero_grad(self, set_to_none: bool) -> None:
        pass

    def step(self) -> None:
        pass


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "Generator", Stream)
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: contextlib.nullcontext())
    monkeypatch.setattr(recorded_step, "build_optimizer", lambda *_: Unmoved())
    monkeypatch.setattr(Step, "_adam", lambda *_: Unmoved())


def reads_nothing(program: Callable[[], None]) -> bool:
    program()
    with Dispatched() as seen:
        program()
    return not seen.names & (WAITS | {"lift_fresh"})


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("method", METHODS)
def test_a_step_of_a_stack_stays_on_its_device(method: str) -> None:
    background = torch.empty(16, 16, 1, device=META)
    images = torch.empty(40, 32, dtype=torch.uint8, device=META)
    grid = PackedGrid(images, (16, 16, 1), True, {"background": background})
    configs = [configured(strength(method), seed) for seed in (0, 1)]
    step = Step(configs, registry.build("methods", method, {}), grid, Coloured(), "eager")
    assert reads_nothing(step._program)
    weights = [*step.weights.values(), *step._critic.values()]
    assert {step._sums.device, *(weight.grad.device for weight in weights)} == {META}


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("method", CONTRASTIVE)
def test_a_step_of_a_cell_stays_on_its_device(method: str) -> None:
    lam = 0.1 if registry.constant("methods", method, "REGULARIZED") else 0.0
    config, objective = contrastive(method, lam, augmentation="simclr"), registry.build("methods", method, {})
    labels = dict.fromkeys(("DC", "BC", "joint"), torch.empty(20, dtype=torch.int64, device=META))
    views = ViewPairs(torch.empty(20, 2, 8, 8, 3, dtype=torch.uint8, device=META), labels)
    model = loop.build_model(config, objective.heads)
    step = recorded_step.Step(config, model, objective, views, ("DC", "BC"), "eager")
    assert reads_nothing(step._program)
    assert {step._sums.device, *(weight.grad.device for weight in model.parameters())} == {META}


# A full memory.


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
)
def test_a_full_memory_is_known_by_what_it_says_and_behind_other_errors(error: RuntimeError) -> None:
    expected = "--together: found 3 cells, more than the memory of cpu holds; allowed here: fewer."
    given = torch.device("cpu"), "--together: found 3 cells", "fewer"
    with pytest.raises(InputError) as caught, fitting(*given):
        raise error
    assert str(caught.value) == expected
    for behind in (ValueError("of no memory"), error):
        with pytest.raises(InputError if behind is error else RuntimeError) as found, fitting(*given):
            try:
                raise behind
            finally:
                raise RuntimeError("operation failed due to a previous error during capture")
        assert (str(found.value) == expected) == (behind is error)
    with pytest.raises(RuntimeError, match="^broken$"), fitting(*given):
        raise RuntimeError("broken")


def test_the_commands_for_a_gpu_run_all_tests_of_one() -> None:
    told = (ROOT / "bench/README.md").read_text()
    assert all(file.name in told for file in (ROOT / "tests").glob("test*_gpu.py"))


def test_a_mode_that_forbids_waiting_ends_with_its_block(monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[str] = []

    def set_mode(mode: str) -> None:
        modes.append(mode)
        if len(modes) == 1:
            warnings.warn("Synchronization debug mode is a prototype feature and does not yet detect all", stacklevel=1)

    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", set_mode)
    with pytest.raises(Killed), unwaited():
        raise Killed
    assert modes == ["error", "default"]
