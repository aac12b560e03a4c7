"""Training: schedule, order, augmentation, plateaus, and runs that end in the same bits however often they stop."""

import argparse
import contextlib
import copy
import itertools
import math
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from conftest import PARAMS
from recording import WAITS, full
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from disentangle import files, registry
from disentangle.cells import TRAINED, Cell, dataset_folder
from disentangle.data import dataset_files
from disentangle.data.views import Views
from disentangle.errors import InputError
from disentangle.pipeline import params, plan, seals
from disentangle.pipeline.jobs import Jobs
from disentangle.pipeline.sealed import write_seal
from disentangle.stages import train
from disentangle.streams import seed_of
from disentangle.training import augment as augmentation
from disentangle.training import checkpoint, loop, plateau
from disentangle.training.augment import DRAWS, augment, colour, crop_and_flip, draw, rotate_hue
from disentangle.training.batches import Order, ViewPairs, normalise
from disentangle.training.device import choose, execution, name_of
from disentangle.training.encode import CHUNK, encode
from disentangle.training.plateau import Levels, describe, exit_step
from disentangle.training.schedule import learning_rate
from disentangle.training.step import WARM_UP, Recorded, build_optimizer, total_loss, views_of


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# Schedule.


@pytest.mark.parametrize(
    ("step", "expected"),
    [(0, 0.5), (1, 1.0), (3, 2.0), (4, 2.0), (6, 1 + math.sqrt(0.5)), (8, 1.0), (10, 1 - math.sqrt(0.5)), (12, 0.0)],
)
def test_rate_by_hand(step: int, expected: float) -> None:
    assert learning_rate(step, peak=2.0, warmup=4, steps=12) == pytest.approx(expected, abs=1e-12)


def test_rate_without_and_with_nothing_but_warmup() -> None:
    assert learning_rate(0, 0.3, 0, 10) == 0.3
    assert [learning_rate(step, 1.0, 4, 4) for step in range(4)] == [0.25, 0.5, 0.75, 1.0]


# Batches.


def test_each_epoch_is_a_permutation_without_its_partial_batch() -> None:
    order = Order(samples=11, batch=3, seed=0)
    assert order.steps_per_epoch == 3
    epochs = [torch.cat([order.index(3 * epoch + k) for k in range(3)]).tolist() for epoch in range(4)]
    for epoch in epochs:
        assert len(set(epoch)) == 9
        assert set(epoch) <= set(range(11))
    assert len({tuple(epoch) for epoch in epochs}) == 4
    whole = Order(samples=8, batch=8, seed=0)
    assert sorted(whole.index(5).tolist()) == list(range(8))


def test_order_depends_on_seed_and_step_alone() -> None:
    straight = [Order(20, 4, seed=3).index(step).tolist() for step in range(15)]
    order = Order(20, 4, seed=3)
    for step in (14, 2, 7, 7, 0, 13, 5, 1):
        assert order.index(step).tolist() == straight[step]
    assert straight[5] == torch.randperm(20, generator=stream(seed_of(3, "order", 1)))[:4].tolist()
    assert [Order(20, 4, seed=4).index(step).tolist() for step in range(15)] != straight


def test_normalise() -> None:
    images = torch.tensor([0, 51, 255], dtype=torch.uint8).expand(2, 4, 5, 3).clone()
    images[1, 3, 2, 0] = 102
    x = normalise(images)
    assert (x.shape, x.dtype) == ((2, 3, 4, 5), torch.float32)
    assert x[0, :, 1, 1].tolist() == pytest.approx([-1, -0.6, 1])
    assert float(x[1, 0, 3, 2]) == pytest.approx(-0.2)
    assert int((x[1, 0] > -1).sum()) == 1
    assert images[1, 3, 2, 0] == 102


def test_a_batch_holds_a_pairs_views_side_by_side() -> None:
    images = torch.arange(4 * 2, dtype=torch.uint8).view(4, 2, 1, 1, 1).expand(4, 2, 2, 2, 3)
    found, labels = ViewPairs(images, {"joint": torch.tensor([5, 6, 7, 8])}).batch(torch.tensor([3, 1]))
    x = views_of(found, "none", torch.empty(4, 0))
    assert x.shape == (4, 3, 2, 2)
    assert [round((float(view[0, 0, 0]) + 1) * 127.5) for view in x] == [6, 7, 2, 3]
    assert labels["joint"].tolist() == [8, 6]


# Augmentation.


def views(count: int = 6, size: int = 8) -> Tensor:
    return torch.rand(count, 3, size, size, generator=stream(9)) * 2 - 1


def augmented(x: Tensor, preset: str, seed: int) -> Tensor:
    return augment(x, preset, draw(len(x), preset, stream(seed)))


def test_none_is_the_identity_and_draws_nothing() -> None:
    x, generator = views(), stream()
    assert augment(x, "none", draw(len(x), "none", generator)) is x
    assert torch.equal(generator.get_state(), stream().get_state())


@pytest.mark.parametrize("preset", ["colour", "simclr"])
def test_augmented_views_keep_shape_and_range_and_repeat_from_the_generator(preset: str) -> None:
    x = views(64)
    before = x.clone()
    y = augmented(x, preset, 1)
    assert torch.equal(x, before)
    assert (y.shape, y.dtype) == (x.shape, x.dtype)
    assert float(y.abs().max()) <= 1 + 1e-5
    assert torch.equal(y, augmented(x, preset, 1))
    assert not torch.equal(y, augmented(x, preset, 2))


@pytest.mark.parametrize("preset", ["colour", "simclr"])
def test_every_view_has_its_own_draw(preset: str) -> None:
    y = augmented(views(1).expand(40, -1, -1, -1), preset, 0)
    distinct = {tuple(view.flatten().tolist()) for view in y}
    # a view is left alone by colour with probability 0.16, and greyed without jitter with 0.04
    assert len(distinct) == 40 if preset == "simclr" else len(distinct) >= 25


@pytest.mark.parametrize("angle", [0.0, 2 * math.pi, -2 * math.pi])
def test_a_whole_turn_of_hue_is_the_identity(angle: float) -> None:
    y = (views() + 1) / 2
    torch.testing.assert_close(rotate_hue(y, torch.full((6, 1, 1, 1), angle)), y, rtol=0, atol=1e-5)


def test_hue_keeps_luma_and_grey_and_adds_up() -> None:
    y, luma = (views() + 1) / 2, torch.tensor(augmentation.LUMA).view(1, 3, 1, 1)
    angles = torch.linspace(-3, 3, 6).view(6, 1, 1, 1)
    turned = rotate_hue(y, angles)
    torch.testing.assert_close((turned * luma).sum(1), (y * luma).sum(1), rtol=0, atol=1e-5)
    assert float((turned - y).abs().max()) > 0.1
    torch.testing.assert_close(rotate_hue(turned, -angles), y, rtol=0, atol=1e-5)
    grey = y[:, :1].expand(-1, 3, -1, -1)
    torch.testing.assert_close(rotate_hue(grey, angles), grey, rtol=0, atol=1e-3)


def test_half_a_turn_negates_the_chroma() -> None:
    red = torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1)
    found = rotate_hue(red, torch.full((1, 1, 1, 1), math.pi)).flatten().tolist()
    # luma 0.299 + (0.299 - (1, 0, 0))
    assert found == pytest.approx([-0.402, 0.598, 0.598], abs=1e-3)


def test_grey_stays_grey_under_colour() -> None:
    x = views(50)[:, :1].expand(-1, 3, -1, -1)
    y = colour(x, draw(len(x), "colour", stream()))
    assert float((y - y.mean(1, keepdim=True)).abs().max()) < 2e-3
    assert float((y - x).abs().max()) > 0.1


def test_how_often_views_turn_grey_or_stay() -> None:
    x = views(4000, size=2)
    y = colour(x, draw(len(x), "colour", stream()))
    grey = (y - y[:, :1]).abs().amax((1, 2, 3)) < 1e-6
    same = (y - x).abs().amax((1, 2, 3)) < 1e-6
    assert float(grey.float().mean()) == pytest.approx(0.2, abs=0.03)
    assert float(same.float().mean()) == pytest.approx(0.2 * 0.8, abs=0.03)


def crop_draws(count: int) -> Tensor:
    return draw(count, "simclr", stream())[:, DRAWS["colour"] :]


def test_a_crop_of_a_ramp_is_a_ramp_as_steep_as_its_box_is_wide() -> None:
    ramp = torch.linspace(-1, 1, 33)[None, None, None].expand(3000, 3, 33, 33)
    y = crop_and_flip(ramp, crop_draws(3000))
    middle = y[:, 0, 16]
    slope = (middle[:, 24] - middle[:, 8]) / (ramp[0, 0, 0, 24] - ramp[0, 0, 0, 8])
    assert float((middle[:, 16] - (middle[:, 24] + middle[:, 8]) / 2).abs().max()) < 1e-4
    # sqrt(0.2 * 3/4) is the narrowest box, 1 the widest
    assert float(slope.abs().min()) >= math.sqrt(0.15) - 1e-4
    assert float(slope.abs().max()) <= 1 + 1e-4
    assert float(slope.abs().max()) > 0.98
    assert float((slope > 0).float().mean()) == pytest.approx(0.5, abs=0.03)
    assert float(y.abs().max()) <= 1 + 1e-5
    flat = torch.full((20, 3, 8, 8), 0.3)
    torch.testing.assert_close(crop_and_flip(flat, crop_draws(20)), flat)


# Plateaus.

LEVELS = Levels(collapse=5.0, single_factor=3.0, floor=1.0)


def test_levels_are_left_below_their_heights() -> None:
    # 5 % of the way from 5 to 1 is 0.2
    assert [plateau.left_collapse(loss, LEVELS) for loss in (5.1, 4.81, 4.79, 1.0)] == [False, False, True, True]
    assert [plateau.left_single_factor(loss, LEVELS) for loss in (4.0, 3.0, 2.99)] == [False, False, True]
    told_one = Levels(5.0, None, 1.0)
    assert [plateau.left_single_factor(loss, told_one) for loss in (4.9, 4.0)] == [False, True]
    assert not plateau.left_single_factor(math.nan, LEVELS)


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        ([False, False, False], None),
        ([True, True, True], 10),
        ([False, True, True], 20),
        ([True, False, True], 30),
        ([True, True, False], None),
    ],
)
def test_exit_step_is_where_a_run_left_for_good(left: list[bool], expected: int | None) -> None:
    assert exit_step([10, 20, 30], left) == expected
    assert exit_step([], []) is None


def test_every_term_must_have_left() -> None:
    terms = [(5.0, 5.0), (4.0, 4.9), (2.0, 4.0), (2.0, 2.9), (2.0, 2.5)]
    history = [{"step": 10.0 * k, "infomax_0": a, "infomax_1": b} for k, (a, b) in enumerate(terms)]
    found = describe(history, [LEVELS, LEVELS])
    assert (found["left_collapse"], found["left_single_factor"]) == (20, 30)
    assert found["levels"] == [{"collapse": 5.0, "single_factor": 3.0, "floor": 1.0}] * 2
    assert describe(history[:3], [LEVELS, LEVELS])["left_single_factor"] is None


def test_heights_by_hand() -> None:
    """8 pairs, 2 classes of 4 and 4 classes of 2, all in every batch: a view has 7, 3 or (joint) 1 others."""
    first = torch.arange(8) % 2
    second = torch.arange(8) // 2
    data = ViewPairs(torch.zeros(8, 2, 1, 1, 3, dtype=torch.uint8), {"A": first, "B": second, "joint": torch.arange(8)})
    order = Order(8, 8, seed=0)
    found = loop.plateau_levels(data, order, ("A", "B"), ("joint", "joint"))
    assert found == [Levels(math.log(15), pytest.approx(math.log(3)), pytest.approx(0, abs=1e-6))] * 2
    told = loop.plateau_levels(data, order, ("A", "B"), ("A", "B"))
    assert told == [
        Levels(math.log(15), None, pytest.approx(math.log(7))),
        Levels(math.log(15), None, pytest.approx(math.log(3))),
    ]


def test_targets_are_the_joint_label_of_each_head_or_the_factors() -> None:
    heads = {name: registry.build("methods", name, {}) for name in ("ortho", "hessian", "supervised")}
    assert {name: loop.targets(method, ("DC", "BC")) for name, method in heads.items()} == {
        "ortho": ("joint", "joint"),
        "hessian": ("joint",),
        "supervised": ("DC", "BC"),
    }


# The loop.

TERMS = {"infomax_0": 2.0, "infomax_1": 3.0, "regularizer": 0.5}


@pytest.mark.parametrize("lam", [0, 0.37, 2.5])
@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_total_loss(lam: float, scale: float) -> None:
    terms = {name: torch.tensor(value) for name, value in TERMS.items()}
    assert float(total_loss(terms, lam, scale)) == pytest.approx(5 * scale + 0.5 * lam)
    del terms["regularizer"]
    assert float(total_loss(terms, lam, scale)) == pytest.approx(5 * scale)
    del terms["infomax_1"]
    assert float(total_loss(terms, lam, scale)) == pytest.approx(2 * scale)


def configured(method: str = "infomax", lam: float = 0.0, seed: int = 0, **training: Any) -> dict[str, Any]:
    options = {"steps": 8, "batch": 6, "optimizer": "adamw", "lr": 0.01, "weight_decay": 0.1, "warmup": 2}
    options |= {"temperature": 0.2, "loss_scale": "none", "augmentation": "none", "precision": "float32"}
    return {
        "cell": {"lam": lam, "seed": seed},
        "method": {"name": method},
        "encoder": {"blocks": [1], "widths": [8], "stem": "cifar"},
        "projection": {"hidden": 8, "dim": 4, "batch_norm_output": True, "init_std": None},
        "training": options | {"log_every": 2} | training,
    }


@pytest.fixture(scope="module")
def pairs() -> ViewPairs:
    generator = stream(7)
    images = torch.randint(256, (20, 2, 8, 8, 3), generator=generator, dtype=torch.uint8)
    first, second = torch.randint(2, (2, 20), generator=generator)
    return ViewPairs(images, {"DC": first, "BC": second, "joint": 2 * first + second})


def fit(
    pairs: ViewPairs,
    folder: Path,
    config: dict[str, Any],
    announce: Callable[[str], None] = lambda line: None,
    every: float = math.inf,
    digest: str = "d",
    **options: Any,
) -> loop.Run:
    (training,) = loop.fit([trained_by(pairs, folder, config, announce, digest, **options)], every)
    return training.result()


def trained_by(
    pairs: ViewPairs,
    folder: Path,
    config: dict[str, Any],
    announce: Callable[[str], None] = lambda line: None,
    digest: str = "d",
    execution: str = "eager",
    **options: Any,
) -> loop.Training:
    method = registry.build("methods", config["method"]["name"], options)
    return loop.Training(config, method, pairs, ("DC", "BC"), folder / "cell.pt", digest, execution, announce)


def weights(run: loop.Run) -> dict[str, bytes]:
    return {name: value.contiguous().numpy().tobytes() for name, value in run.model.state_dict().items()}


def test_equal_seeds_end_in_equal_bits(pairs: ViewPairs, tmp_path: Path) -> None:
    one = fit(pairs, tmp_path, configured("p_ortho", 0.1, augmentation="colour"))
    torch.rand(5)  # the global stream is nobody's
    two = fit(pairs, tmp_path, configured("p_ortho", 0.1, augmentation="colour"))
    assert weights(one) == weights(two)
    assert one.history == two.history
    assert weights(one) != weights(fit(pairs, tmp_path, configured("p_ortho", 0.1, seed=1, augmentation="colour")))
    assert weights(one) != weights(fit(pairs, tmp_path, configured("p_ortho", 0.2, augmentation="colour")))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("method", "heads"), [("ortho", 2), ("infomin", 2), ("p_ortho", 2), ("hessian", 1)])
def test_without_strength_a_regularizer_changes_no_bit(
    pairs: ViewPairs, tmp_path: Path, method: str, heads: int
) -> None:
    regularized = fit(pairs, tmp_path, configured(method, 0.0))
    control = fit(pairs, tmp_path, configured("infomax", 0.0), heads=heads)
    assert weights(regularized) == weights(control)
    assert [row["loss"] for row in regularized.history] == [row["loss"] for row in control.history]
    assert "regularizer" in regularized.history[0]
    assert weights(fit(pairs, tmp_path, configured(method, 0.5))) != weights(control)


def test_history_holds_means_since_the_last_row(pairs: ViewPairs, tmp_path: Path) -> None:
    every = fit(pairs, tmp_path, configured("ortho", 0.5, steps=7, log_every=1)).history
    third = fit(pairs, tmp_path, configured("ortho", 0.5, steps=7, log_every=3)).history
    assert [row["step"] for row in third] == [3, 6, 7]
    for row, part in zip(third, (every[:3], every[3:6], every[6:]), strict=True):
        assert list(row) == ["step", "lr", "loss", "infomax_0", "infomax_1", "regularizer"]
        assert row["lr"] == learning_rate(int(row["step"]) - 1, 0.01, 2, 7)
        for name in ("loss", "infomax_0", "regularizer"):
            assert row[name] == pytest.approx(sum(step[name] for step in part) / len(part), rel=1e-5)
        assert row["loss"] == pytest.approx(row["infomax_0"] + row["infomax_1"] + 0.5 * row["regularizer"], rel=1e-5)
    scaled = fit(pairs, tmp_path, configured("ortho", 0.5, steps=1, loss_scale="temperature")).history[0]
    infomax = scaled["infomax_0"] + scaled["infomax_1"]
    assert scaled["loss"] == pytest.approx(0.2 * infomax + 0.5 * scaled["regularizer"], rel=1e-5)


class Killed(Exception):
    pass


def kill_at(step: int) -> Callable[[str], None]:
    def announce(line: str) -> None:
        if line.startswith(f"step {step}/"):
            raise Killed

    return announce


def test_a_cell_counts_its_share_of_the_time(pairs: ViewPairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that ticks when asked: at two starts, then at the rows 2 and 4 of one cell and 2, 4, 6 of the other."""
    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=itertools.count(100.0).__next__))
    cells = [trained_by(pairs, tmp_path / str(k), configured(steps=steps)) for k, steps in enumerate((4, 6))]
    # The first starts at 100, is read at 102 and 104; the second starts at 101, is read at 103, 105 and 106.
    seconds = [training.result().seconds for training in loop.fit(cells, math.inf)]
    assert seconds == [(2 + 2) / 2, 2 / 2 + 2 + 1]


@pytest.mark.parametrize(
    ("method", "lam", "optimizer", "augmentation_name"),
    [("infomax", 0.0, "sgd", "none"), ("p_ortho", 0.3, "adamw", "colour"), ("p_ortho", 0.3, "sgd", "simclr")],
)
def test_a_run_killed_twice_ends_in_the_same_bits(
    pairs: ViewPairs, tmp_path: Path, method: str, lam: float, optimizer: str, augmentation_name: str
) -> None:
    config = configured(method, lam, optimizer=optimizer, augmentation=augmentation_name, steps=9)
    options = {"permutation": "per_sample"} if method == "p_ortho" else {}
    undisturbed = fit(pairs, tmp_path, config, **options)
    said: list[str] = []
    for step in (4, 8):
        with pytest.raises(Killed):
            fit(pairs, tmp_path, config, kill_at(step), every=0, **options)
        assert (tmp_path / "cell.pt").exists()
    resumed = fit(pairs, tmp_path, config, said.append, every=0, **options)
    assert said[0] == "going on at step 6"
    assert weights(resumed) == weights(undisturbed)
    assert resumed.history == undisturbed.history
    assert resumed.levels == undisturbed.levels
    assert undisturbed.steps == resumed.steps == 9


def test_seconds_add_up_over_interruptions(pairs: ViewPairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that ticks when asked: at the start, and at each of the rows 2, 4, 6, 8 and 9."""
    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=itertools.count(100.0).__next__))
    config = configured(steps=9)
    assert fit(pairs, tmp_path, config).seconds == 5
    for step, seconds in ((4, 1), (8, 3)):  # as of the states after steps 2 and 6: the lost steps do not count
        with pytest.raises(Killed):
            fit(pairs, tmp_path, config, kill_at(step), every=0)
        state = checkpoint.load_state(tmp_path / "cell.pt", "d")
        assert state is not None
        assert (state["step"], state["seconds"]) == (step - 2, seconds)
    assert fit(pairs, tmp_path, config, every=0).seconds == 5


def test_a_state_of_other_parameters_or_code_is_left_alone(pairs: ViewPairs, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        fit(pairs, tmp_path, configured(lr=0.5), kill_at(4), every=0, digest="old")
    said: list[str] = []
    run = fit(pairs, tmp_path, configured(), said.append, digest="new")
    assert said[0].startswith("step 2/8")
    assert weights(run) == weights(fit(pairs, tmp_path / "empty", configured()))


def flipped(content: bytes) -> bytes:
    place = len(content) * 2 // 3
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize("damage", [lambda _: b"", lambda _: b"rubbish", lambda kept: kept[:1000], flipped])
def test_a_damaged_state_is_named_and_none(
    pairs: ViewPairs, tmp_path: Path, damage: Callable[[bytes], bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cell.pt"
    with pytest.raises(Killed):
        fit(pairs, tmp_path, configured(), kill_at(4), every=0)
    path.write_bytes(damage(path.read_bytes()))
    said: list[str] = []
    run = fit(pairs, tmp_path, configured(), said.append)
    assert f"{path}: a damaged checkpoint; training begins anew" in capsys.readouterr().out
    assert said[0].startswith("step 2/8")
    assert weights(run) == weights(fit(pairs, tmp_path / "empty", configured()))


@pytest.mark.parametrize(("lam", "lr"), [(math.inf, 0.01), (0.1, 1e38)])
def test_a_loss_that_is_not_finite_stops_the_run(pairs: ViewPairs, tmp_path: Path, lam: float, lr: float) -> None:
    said: list[str] = []
    run = fit(pairs, tmp_path, configured("ortho", lam, optimizer="sgd", lr=lr), said.append, every=0)
    assert run.diverged
    assert len(run.history) < 4
    assert not math.isfinite(run.history[-1]["loss"])
    assert said[-1].endswith("loss is not finite: stopped as diverged")
    assert run.steps == run.history[-1]["step"]
    assert not fit(pairs, tmp_path / "other", configured("ortho", 0.1)).diverged


class Dispatched(TorchDispatchMode):
    """Notes every operation that reaches a kernel, backward passes and updates included."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.add(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


CONTRASTIVE = [
    name for name in registry.names("methods") if registry.constant("methods", name, "FAMILY") == "contrastive"
]


@pytest.mark.parametrize("preset", DRAWS)
@pytest.mark.parametrize("method", CONTRASTIVE)
def test_a_step_never_waits_for_the_device_and_makes_no_constants(
    pairs: ViewPairs, tmp_path: Path, method: str, preset: str
) -> None:
    """What a CUDA graph cannot hold: waiting for a value, and copying one from the host (``lift_fresh``)."""
    lam = 0.1 if registry.constant("methods", method, "REGULARIZED") else 0.0
    training = trained_by(pairs, tmp_path, configured(method, lam, augmentation=preset))
    program = training._step._program
    program()  # the optimizer makes its state at its first step
    with Dispatched() as seen:
        program()
    assert {"convolution_backward", "_fused_adamw_", "native_batch_norm"} & seen.names
    assert not seen.names & (WAITS | {"lift_fresh"})


def test_the_noticing_of_waits_works() -> None:
    with Dispatched() as seen:
        float(torch.ones(3).sum())
        torch.tensor([1.0, 2.0])[torch.tensor([True, False])]
    assert {"_local_scalar_dense", "lift_fresh"} <= seen.names


def test_neighbours_change_no_bit(pairs: ViewPairs, tmp_path: Path) -> None:
    configs = [
        configured("p_ortho", 0.1, augmentation="colour"),
        configured("hessian", 0.1, seed=1, optimizer="sgd", steps=5),
        configured("ortho", math.inf, log_every=1),  # diverges in its first row
    ]
    alone = [fit(pairs, tmp_path / str(k), config) for k, config in enumerate(configs)]
    together = [trained_by(pairs, tmp_path / str(k), config) for k, config in enumerate(configs)]
    assert list(loop.fit(together, math.inf)) == [together[2], together[1], together[0]]  # as they end
    for one, training in zip(alone, together, strict=True):
        assert weights(training.result()) == weights(one)
        assert repr(training.result().history) == repr(one.history)  # nan is not equal to itself
    assert [run.steps for run in alone] == [8, 5, 1]
    assert [run.diverged for run in alone] == [False, False, True]


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler on a CPU")
@pytest.mark.filterwarnings("ignore")  # of the compiler's own
@pytest.mark.parametrize("preset", ["none", "simclr"])
def test_compiled_steps_compute_what_eager_ones_do(pairs: ViewPairs, tmp_path: Path, preset: str) -> None:
    """Within a part in 10,000 of losses and weights after 4 steps: the order of sums differs, nothing else."""
    config = configured("p_ortho", 0.1, augmentation=preset, optimizer="sgd", steps=4, log_every=1)
    both = [trained_by(pairs, tmp_path, config, execution=how) for how in ("eager", "compiled")]
    one, two = (training.result() for training in loop.fit(both, math.inf))
    assert two.model._compiled_call_impl is not None
    for row, other in zip(one.history, two.history, strict=True):
        assert other == pytest.approx(row, rel=1e-4)
    for name, value in one.model.state_dict().items():
        torch.testing.assert_close(two.model.state_dict()[name], value, rtol=1e-4, atol=1e-4)


def test_a_program_is_recorded_once_and_then_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU is not needed to see in which order things happen."""
    events: list[str] = []

    class Graph:
        def register_generator_state(self, generator: torch.Generator) -> None:
            events.append(f"register {generator.initial_seed()}")

        def replay(self) -> None:
            events.append("replay")

    @contextlib.contextmanager
    def graph(recording: Graph, stream: str) -> Iterator[None]:
        events.append(f"record on {stream}")
        yield
        events.append("recorded")

    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", graph)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: "the cell's stream")
    recorded = Recorded([stream(1), stream(2)])
    for _ in range(WARM_UP + 3):
        recorded(lambda: events.append("run"))
    recording = ["register 1", "register 2", "record on the cell's stream", "run", "recorded"]
    assert events == ["run"] * WARM_UP + recording + ["replay"] * 3


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_weight_decay_is_on_kernels_alone(optimizer: str) -> None:
    config = configured(optimizer=optimizer, lr=0.5, weight_decay=0.1)
    model = loop.build_model(config, heads=2)
    before = copy.deepcopy(model.state_dict())
    built = build_optimizer(model, config["training"], torch.tensor(0.5))
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    built.step()
    kernels = 0
    for name, parameter in model.named_parameters():
        kernel = parameter.ndim > 1
        kernels += kernel
        torch.testing.assert_close(parameter.detach(), before[name] * (0.95 if kernel else 1.0))
    assert kernels == 3 + 2 * 2


def test_models_start_from_the_cells_seed_alone() -> None:
    one, two, other = (loop.build_model(configured(seed=seed), heads=2).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(one["encoder.conv1.weight"], other["encoder.conv1.weight"])


# Codes and checkpoints.


@pytest.mark.parametrize(("heads", "size"), [(0, None), (1, 8), (2, 8)])
def test_codes_are_the_frozen_models_of_every_image(heads: int, size: int | None) -> None:
    model = loop.build_model(configured(), heads)
    generator = stream(3)
    for name, buffer in model.named_buffers():
        if "running" in name:
            buffer.copy_(torch.rand(buffer.shape, generator=generator) + 0.5)
    images = torch.randint(256, (CHUNK + 9, 4, 4, 3), generator=generator, dtype=torch.uint8).numpy()
    codes = encode(model.train(), images, torch.device("cpu"))
    x = torch.from_numpy(images.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1)
    with torch.no_grad():
        r, z = model.eval()(x)
    np.testing.assert_allclose(codes["r"], r.numpy(), rtol=0, atol=1e-5)
    assert codes["r"].shape == (CHUNK + 9, 8)
    assert codes["r"].dtype == np.float32
    if size is None:
        assert list(codes) == ["r"]
    else:
        assert codes["z"].shape == (CHUNK + 9, size)
        np.testing.assert_allclose(codes["z"], torch.cat(z, 1).numpy(), rtol=0, atol=1e-5)


def test_weights_come_back_and_their_bytes_do_not_depend_on_the_memory_format(tmp_path: Path) -> None:
    model, other = (loop.build_model(configured(seed=seed), heads=2) for seed in (0, 1))
    checkpoint.save_weights(tmp_path / "a", model.state_dict())
    checkpoint.save_weights(tmp_path / "b", copy.deepcopy(model).to(memory_format=torch.channels_last).state_dict())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    checkpoint.load_weights(tmp_path / "a", other)
    for name, value in model.state_dict().items():
        assert torch.equal(other.state_dict()[name], value)


@pytest.mark.parametrize("content", [b"", b"rubbish", None])
def test_damaged_weights_are_named(tmp_path: Path, content: bytes | None) -> None:
    model, path = loop.build_model(configured(), heads=2), tmp_path / "checkpoint.safetensors"
    checkpoint.save_weights(path, model.state_dict())
    path.write_bytes(path.read_bytes()[:-100] if content is None else content)
    with pytest.raises(InputError) as caught:
        checkpoint.load_weights(path, model)
    assert str(caught.value).startswith(f"{path}: a damaged checkpoint (")
    checkpoint.save_weights(path, loop.build_model(configured(), heads=1).state_dict())
    with pytest.raises(InputError, match="a damaged checkpoint"):
        checkpoint.load_weights(path, model)
    path.unlink()
    with pytest.raises(InputError, match="No such file"):
        checkpoint.load_weights(path, model)


@pytest.fixture
def as_before() -> Iterator[None]:
    """What a stage sets for its process."""
    before = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    rounded = torch.backends.cudnn.conv.fp32_precision
    filled = torch.utils.deterministic.fill_uninitialized_memory
    yield
    torch.set_num_threads(before[0])
    torch.set_deterministic_debug_mode(before[1])
    torch.backends.cudnn.conv.fp32_precision = rounded
    torch.utils.deterministic.fill_uninitialized_memory = filled


@pytest.mark.usefixtures("as_before")
def test_a_device_that_is_not_there() -> None:
    assert name_of(choose("cpu", 1)) == "cpu"
    with pytest.raises(InputError, match=r"--device: found 'gpu'; allowed: auto, cpu, cuda"):
        choose("gpu", 1)
    with pytest.raises(InputError, match=r"--device: found 'cuda:99', but torch sees \d+ GPUs"):
        choose("cuda:99", 1)


def test_how_a_step_is_run() -> None:
    assert [execution("auto", torch.device(name)) for name in ("cpu", "cuda")] == ["eager", "graph"]
    assert execution("compiled", torch.device("cpu")) == "compiled"
    assert [execution(name, torch.device("cuda")) for name in ("eager", "graph")] == ["eager", "graph"]
    for name in ("graph", "fast"):
        with pytest.raises(InputError, match=f"--execution: found '{name}'; allowed on this device: auto, eager, comp"):
            execution(name, torch.device("cpu"))


@pytest.mark.usefixtures("as_before")
def test_a_repeatable_cublas_is_asked_for_but_not_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    choose("cpu", 1)
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":16:8"
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    choose("cpu", 1)
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert torch.are_deterministic_algorithms_enabled()


# The stage.

DIFFER = ("timing.json", "checkpoint.seal")
"""What is of its run alone: how long it took, and the seal that has the hash of that."""

ALL_PAIRS = {"infomax": {"lam": [0]}, "ortho": {"lam": [0.1], "pairs": "all"}}


class Stage:
    """A project of a params.yaml and a dataset, and the cell that is trained in it."""

    def __init__(self, folder: Path, method: str, lam: float) -> None:
        data = copy.deepcopy(PARAMS)
        data["scales"]["tiny"]["studies"]["burns"]["methods"] = ALL_PAIRS
        (folder / "params.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
        self.cell = Cell("tiny", "burns", "DC-BC", method, lam, 0)
        self.dataset = dataset_folder("tiny", "DC-BC")
        definition = params.load().dataset("tiny", "DC-BC")
        rng, splits = np.random.default_rng(0), {}
        for name, count in (("train", 64), ("test", 40)):
            factors = {factor: np.repeat(rng.integers(3, size=(count, 1)), 2, 1) for factor in ("DC", "BC")}
            factors["joint"] = 3 * factors["DC"][:, 0] + factors["BC"][:, 0]
            images = rng.integers(256, size=(count, 2, 32, 32, 3), dtype=np.uint8)
            splits[name] = Views(images, factors)
        dataset_files.write(self.dataset, splits, {"dataset": "DC-BC", "definition": definition})
        write_seal(Jobs(params.load()).generate("tiny", "DC-BC"), {})

    def run(self, every: float = math.inf) -> None:
        train.run(self.given(every))

    def given(self, every: float = math.inf) -> argparse.Namespace:
        compute = {"device": "cpu", "threads": 1, "execution": "auto", "checkpoint_every": every, "together": None}
        return argparse.Namespace(cell=self.cell, settings=params.load(), digest=None, anew=False, **compute)

    def read(self, name: str) -> dict[str, Any]:
        return files.read_json(self.cell.folder / name)

    def bytes(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.cell.folder.iterdir()}


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_before: None) -> Stage:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    return Stage(tmp_path, "ortho", 0.1)


def test_what_a_training_leaves_behind(stage: Stage) -> None:
    stage.run(every=0)
    assert sorted(stage.bytes()) == [
        "checkpoint.safetensors",
        "checkpoint.seal",
        "history.csv",
        "run.json",
        "timing.json",
    ]
    run, timing = stage.read("run.json"), stage.read("timing.json")
    assert run["reading"] == {"pairs": "all"}
    assert run["method"] == {"name": "ortho", "options": {"pairs": "all"}}
    seal = seals.read(stage.cell.folder / "checkpoint.seal")
    assert seal is not None and seal.digest == plan.train(params.load(), stage.cell)
    assert seal.read == {str(stage.dataset / "manifest.json"): files.sha256(stage.dataset / "manifest.json")[:16]}
    assert run["dataset"] == dataset_files.read_manifest(stage.dataset)["files"]
    assert (timing["steps"], timing["revision"]) == (6, "unknown")
    assert timing["images_per_second"] == pytest.approx(2 * 16 * 6 / timing["seconds"], rel=0.05)
    assert stage.cell.resume.exists()  # until its codes are made
    stage.cell = Cell("tiny", "burns", "DC-BC", "infomax", 0.0, 0)
    stage.run()
    assert stage.read("run.json")["reading"] == {}


def test_cells_trained_together_leave_what_each_leaves_alone(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    cells = [Cell("tiny", "burns", "DC-BC", "ortho", 0.1, 0), Cell("tiny", "burns", "DC-BC", "infomax", 0.0, 3)]
    alone = {}
    for stage.cell in cells:
        stage.run()
        alone[stage.cell] = stage.bytes()
        shutil.rmtree(stage.cell.folder)
    stage.cell = cells[1]
    stage.run()
    capsys.readouterr()
    train.run_together(stage.given(), [cells[1], cells[0]])
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("DC-BC/infomax lam=0 seed=3: this cell is trained already")
    assert [line.split("  ")[0] for line in said[1:]] == [f"{cells[0]}: step {done}/6" for done in (2, 4, 6)]
    for stage.cell in cells:
        assert {name: data for name, data in stage.bytes().items() if name not in DIFFER} == {
            name: data for name, data in alone[stage.cell].items() if name not in DIFFER
        }


def test_a_memory_that_does_not_hold_cells_side_by_side_is_one_message(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the second cell's start; the first has no results yet."""
    built: list[str] = []
    monkeypatch.setattr(loop, "build_model", full(loop.build_model, lambda: bool(built) or built.append("one")))
    cells = [Cell("tiny", "burns", "DC-BC", "ortho", 0.1, 0), Cell("tiny", "burns", "DC-BC", "infomax", 0.0, 3)]
    with pytest.raises(InputError, match="^--together: found 2 cells at once, more than the memory of cpu holds; "):
        train.run_together(stage.given(), cells)
    with pytest.raises(InputError, match="^--device: found one cell to train, more than the memory of cpu holds; "):
        train.run_together(stage.given(), cells[:1])
    assert not any(cell.folder.exists() for cell in cells)


@pytest.mark.parametrize(
    ("left", "diverged", "status"), [(None, False, "done"), (4, False, "done"), (None, True, "diverged")]
)
def test_the_status_of_a_run(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, left: int | None, diverged: bool, status: str
) -> None:
    result = loop.Training.result
    monkeypatch.setattr(loop.Training, "result", lambda training: replace(result(training), diverged=diverged))
    monkeypatch.setattr(plateau, "describe", lambda *_: {"left_single_factor": left})
    stage.run()
    run = stage.read("run.json")
    assert (run["status"], run["plateau"]) == (status, {"left_single_factor": left})


def test_a_cell_that_is_trained_is_left_alone_by_one_that_waited(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.run()
    before = stage.bytes()
    capsys.readouterr()
    stage.run()
    assert capsys.readouterr().out == "this cell is trained already, with the same parameters, code and data\n"
    assert stage.bytes() == before

    started: list[str] = []

    def start(*given: Any) -> None:
        started.append(given[5])
        raise Killed

    monkeypatch.setattr(loop, "Training", start)
    (stage.cell.folder / "history.csv").unlink()
    with pytest.raises(Killed):
        stage.run()
    for name in TRAINED:  # as of other data, code or device, or damaged
        (stage.cell.folder / "history.csv").write_bytes(before["history.csv"])
        (stage.cell.folder / "checkpoint.seal").write_bytes(before["checkpoint.seal"])
        (stage.cell.folder / name).write_bytes(before[name] + b" ")
        with pytest.raises(Killed):
            stage.run()
        (stage.cell.folder / name).write_bytes(before[name])
    (stage.cell.folder / "checkpoint.seal").unlink(missing_ok=True)
    with pytest.raises(Killed):
        stage.run()
    manifest = files.sha256(stage.dataset / "manifest.json")[:16]
    digest = plan.train(params.load(), stage.cell)
    # what a resumed run must have in common with the one that was interrupted
    assert started == [f"{digest} {[manifest]} cpu eager {torch.__version__}"] * 6
    (stage.cell.folder / "checkpoint.seal").write_bytes(before["checkpoint.seal"])
    stage.run()
    assert stage.bytes() == before


def test_a_dataset_of_other_parameters_is_refused(stage: Stage) -> None:
    data = yaml.safe_load(Path("params.yaml").read_text())
    data["scales"]["tiny"]["datasets"]["DC-BC"]["seed"] = 1
    Path("params.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
    with pytest.raises(InputError) as caught:
        stage.run()
    assert str(caught.value) == (
        "data/datasets/tiny/DC-BC/manifest.json: made with other parameters or code than today's. Run `generate` first."
    )
    assert not stage.cell.folder.exists()
