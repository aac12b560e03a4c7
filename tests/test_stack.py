"""Stacks of variational autoencoders: their draws and losses, and results that depend on a cell's own configuration."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from recording import WAITS
from test_training import Dispatched, Killed, kill_at
from torch import Tensor

from disentangle import registry
from disentangle.models.discriminator import Discriminator
from disentangle.models.stacked import stack
from disentangle.streams import seed_of
from disentangle.training import draws as drawing
from disentangle.training import posteriors
from disentangle.training import stack as stacking
from disentangle.training.draws import Draws
from disentangle.training.packed import PackedGrid
from disentangle.training.posteriors import CHUNK, encode
from disentangle.training.stack import StackedCell, StackedTraining
from disentangle.training.stacked_step import Step, bernoulli_loss, build_model

METHODS = [name for name in registry.names("methods") if registry.constant("methods", name, "FAMILY") == "vae"]
LAM = {"beta_vae": 4.0, "annealed_vae": 25.0}
TURNED = ("beta_vae", "factor_vae", "beta_tcvae", "dip_vae_i", "dip_vae_ii")
"""Methods that another strength turns: the pull of an annealed capacity is as strong wherever it is."""


def strength(method: str) -> float:
    return LAM.get(method, 5.0) if registry.constant("methods", method, "REGULARIZED") else 0.0


"""Strengths other than 5."""


class AsTheyAre:
    """Observations that are the images."""

    def channels(self, shape: tuple[int, int, int]) -> int:
        return shape[2]

    def noise_shape(self, shape: tuple[int, int, int]) -> tuple[int, ...] | None:
        return None

    def observe(self, images: Tensor, uniform: Tensor | None, shared: Mapping[str, Tensor]) -> Tensor:
        return images


class Coloured(AsTheyAre):
    """Images times one random colour each, over a shared background."""

    def channels(self, shape: tuple[int, int, int]) -> int:
        return 3

    def noise_shape(self, shape: tuple[int, int, int]) -> tuple[int, ...] | None:
        return (3,)

    def observe(self, images: Tensor, uniform: Tensor | None, shared: Mapping[str, Tensor]) -> Tensor:
        assert uniform is not None
        return (images * uniform[..., None, None, :] + shared["background"]).clamp(max=1)


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def grid() -> PackedGrid:
    """Forty binary images, packed."""
    bits = np.random.default_rng(0).integers(2, size=(40, 16 * 16), dtype=np.uint8)
    background = torch.rand(16, 16, 1, generator=stream()) / 4
    return PackedGrid(torch.from_numpy(np.packbits(bits, axis=1)), (16, 16, 1), True, {"background": background})


def configured(lam: float = 4.0, seed: int = 0, **training: Any) -> dict[str, Any]:
    options = {"steps": 7, "batch": 6, "lr": 0.001, "log_every": 3, "final_batches": 2, "precision": "float32"}
    options |= {"discriminator": {"layers": 2, "hidden": 12, "lr": 0.001}}
    return {
        "cell": {"lam": lam, "seed": seed},
        "model": {"latent": 3, "conv": [2, 3, 4, 5], "hidden": 8},
        "training": options | training,
    }


def train(
    grid: PackedGrid,
    folder: Path,
    configs: list[dict[str, Any]],
    method: str = "beta_vae",
    announce: Callable[[str], None] = lambda line: None,
    every: float = math.inf,
    digest: str = "d",
    observation: AsTheyAre | None = None,
    execution: str = "eager",
    **options: Any,
) -> list[StackedCell]:
    objective = registry.build("methods", method, options)
    seen = observation or AsTheyAre()
    return StackedTraining(configs, objective, grid, seen, folder / "s.pt", digest, execution, announce).run(every)


def bits(cell: StackedCell) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in cell.weights.items()}


def assert_same_bits(one: StackedCell, other: StackedCell) -> None:
    assert bits(one) == bits(other)
    assert repr((one.history, one.final, one.diverged, one.steps)) == repr(
        (other.history, other.final, other.diverged, other.steps)
    )


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> None:
    """One launch serves all cells, as on a GPU."""
    monkeypatch.setattr(stacking, "AT_ONCE", {})


# Images.


def test_packed_bits_and_bytes_are_images_in_0_to_1() -> None:
    rng = np.random.default_rng(1)
    binary = rng.integers(2, size=(5, 4, 4, 1), dtype=np.uint8)
    grid = PackedGrid(torch.from_numpy(np.packbits(binary.reshape(5, -1), axis=1)), (4, 4, 1), True)
    index = torch.tensor([[3, 0, 3], [4, 1, 2]])
    x = grid.batch(index)
    assert (x.shape, x.dtype, len(grid)) == ((2, 3, 4, 4, 1), torch.float32, 5)
    assert np.array_equal(x.numpy(), binary[index.numpy()])
    grey = rng.integers(256, size=(5, 4, 4, 3), dtype=np.uint8)
    x = PackedGrid(torch.from_numpy(grey), (4, 4, 3)).batch(index)
    np.testing.assert_allclose(x.numpy(), grey[index.numpy()] / 255, rtol=1e-6)


# Draws.


def drawn(seeds: list[int], step: int, **given: Any) -> dict[str, Tensor]:
    options = {"images": 9, "batch": 4, "latent": 2, "noise_shape": (5,), "permuted": True} | given
    return Draws(seeds, **options, device=torch.device("cpu")).at(step)


def test_draws_depend_on_seed_purpose_and_step_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """With blocks of two to five steps: neither other seeds nor other steps, in whatever order, change a number."""
    monkeypatch.setattr(drawing, "BLOCK", 40)
    draws = Draws([3, 1, 2], 9, 4, 2, (5,), True, torch.device("cpu"))
    for step in (0, 7, 8, 2, 23, 7):
        several, alone = draws.at(step), drawn([2], step)
        assert list(several) == list(alone) == ["order", "noise", "observe", "regularizer"]
        for purpose, numbers in several.items():
            assert numbers.shape == (3, 4, *{"order": (), "observe": (5,)}.get(purpose, (2,)))
            assert torch.equal(numbers[2:], alone[purpose])
            assert not torch.equal(numbers[2], numbers[1])
    steps = [draws.at(step)["noise"][0].flatten().tolist() for step in range(20)]
    assert len({number for numbers in steps for number in numbers}) == 20 * 8
    assert list(drawn([0], 0, noise_shape=None, permuted=False)) == ["order", "noise"]


def test_draws_are_what_they_are_named() -> None:
    draws = Draws([0], 9, 50, 4, (20,), True, torch.device("cpu"))
    many = [draws.at(step) for step in range(40)]
    index, noise, uniform, order = (torch.cat([one[name][0] for one in many]) for name in many[0])
    assert torch.bincount(index).tolist() == pytest.approx([2000 / 9] * 9, abs=60)
    assert (float(noise.mean()), float(noise.std())) == pytest.approx((0, 1), abs=0.05)
    assert (float(uniform.min()), float(uniform.max()), float(uniform.mean())) == pytest.approx((0, 1, 0.5), abs=0.01)
    for permutations in order.unflatten(0, (40, 50)):
        assert torch.equal(permutations.sort(0).values, torch.arange(50)[:, None].expand(50, 4))
        assert not torch.equal(permutations[:, 0], permutations[:, 1])


# Losses.


def test_bernoulli_loss_by_hand() -> None:
    """Logits log 3 and 0: probabilities 3/4 and 1/2; targets 1 and 1/4 in sample 0, 0 and 1 in sample 1."""
    logits = torch.tensor([math.log(3), 0, math.log(3), 0]).view(1, 2, 1, 2, 1)
    x = torch.tensor([1, 0.25, 0, 1]).view(1, 2, 1, 2, 1)
    expected = (-math.log(3 / 4) - math.log(1 / 2) - math.log(1 / 4) - math.log(1 / 2)) / 2
    assert bernoulli_loss(logits, x).tolist() == pytest.approx([expected], rel=1e-6)


def naive_adam_step(config: dict[str, Any], grid: PackedGrid) -> tuple[dict[str, Tensor], dict[str, float]]:
    """The first update of a beta-VAE and its losses, cell by cell, with torch's own functions and optimizer."""
    seed, lam, training = config["cell"]["seed"], config["cell"]["lam"], config["training"]
    model = build_model(config["model"], grid, AsTheyAre())
    weights = {name: value.requires_grad_() for name, value in model.initial(stream(seed_of(seed, "init"))).items()}
    given = drawn([seed], 0, images=len(grid), batch=training["batch"], latent=3)
    x = torch.stack([grid.batch(index) for index in given["order"][0]])
    (mean,), (logvar,) = model.encode({name: value[None] for name, value in weights.items()}, x[None])
    z = mean + logvar.exp().sqrt() * given["noise"][0]
    (logits,) = model.decode({name: value[None] for name, value in weights.items()}, z[None])
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
    kl = sum(0.5 * (mean[i, d] ** 2 + logvar[i, d].exp() - 1 - logvar[i, d]) for i in range(len(x)) for d in range(3))
    kl = kl / len(x)
    loss = reconstruction + lam * kl
    loss.backward()  # type: ignore[no-untyped-call]
    torch.optim.Adam(weights.values(), training["lr"], (0.9, 0.999), 1e-8).step()
    terms = {"loss": loss, "reconstruction": reconstruction, "kl": kl, "regularizer": lam * kl}
    return weights, {name: float(value.detach()) for name, value in terms.items()}


@pytest.mark.parametrize("stacked", [False, True])
def test_a_step_is_that_of_an_ordinary_loop(
    grid: PackedGrid, tmp_path: Path, stacked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if stacked:
        monkeypatch.setattr(stacking, "AT_ONCE", {})
    configs = [configured(lam, seed, steps=1) for lam, seed in ((1.0, 0), (8.0, 0), (2.5, 3))]
    for config, cell in zip(configs, train(grid, tmp_path, configs), strict=True):
        weights, terms = naive_adam_step(config, grid)
        assert cell.history == [
            {"step": 1, **{name: pytest.approx(value, rel=1e-5, abs=1e-5) for name, value in terms.items()}}
        ]
        for name, value in weights.items():
            torch.testing.assert_close(cell.weights[name], value.detach(), rtol=0, atol=2e-5)


def test_rows_are_means_since_the_last_one(grid: PackedGrid, tmp_path: Path) -> None:
    every, third = (train(grid, tmp_path, [configured(log_every=n)])[0].history for n in (1, 3))
    assert [row["step"] for row in third] == [3, 6, 7]
    for row, part in zip(third, (every[:3], every[3:6], every[6:]), strict=True):
        for name in ("loss", "reconstruction", "kl", "regularizer"):
            assert row[name] == pytest.approx(sum(step[name] for step in part) / len(part), rel=1e-5)
        assert row["loss"] == pytest.approx(row["reconstruction"] + 4 * row["kl"], rel=1e-5)


def test_the_final_losses_are_of_fresh_batches(grid: PackedGrid, tmp_path: Path) -> None:
    """Recomputed batch by batch; no batch of the training is among them."""
    config = configured(final_batches=5)
    (cell,) = train(grid, tmp_path, [config])
    model = build_model(config["model"], grid, AsTheyAre())
    weights, rows = {name: value[None] for name, value in cell.weights.items()}, []
    for step in range(5):
        given = drawn([seed_of(0, "final")], step, images=40, batch=6, latent=3)
        assert not torch.equal(given["noise"], drawn([0], step, images=40, batch=6, latent=3)["noise"])
        x = grid.batch(given["order"])
        mean, logvar = model.encode(weights, x)
        z = mean + (0.5 * logvar).exp() * given["noise"]
        kl = 0.5 * (mean**2 + logvar.exp() - 1 - logvar).sum(2).mean()
        rows.append((float(bernoulli_loss(model.decode(weights, z), x)), float(kl)))
    reconstruction, kl = np.mean(rows, axis=0)
    expected = {"loss": reconstruction + 4 * kl, "reconstruction": reconstruction, "kl": kl, "regularizer": 4 * kl}
    assert cell.final == pytest.approx(expected | {"elbo": -reconstruction - kl}, rel=1e-5, abs=1e-5)


def test_the_annealed_capacity_follows_the_updates(grid: PackedGrid, tmp_path: Path) -> None:
    """C is 0, 1, 2, ... nats; the final losses see that of the last step."""
    options = {"gamma": 10.0, "ramp_steps": 25}
    (cell,) = train(grid, tmp_path, [configured(25.0, log_every=1)], "annealed_vae", **options)
    for step, row in enumerate(cell.history):
        assert row["regularizer"] == pytest.approx(10 * abs(row["kl"] - step), rel=1e-4)
    assert cell.final["regularizer"] == pytest.approx(10 * abs(cell.final["kl"] - 7), rel=1e-2)


# What a cell's result depends on.


@pytest.mark.parametrize("method", METHODS)
def test_cells_of_a_stack_end_in_the_bits_of_cells_alone(grid: PackedGrid, tmp_path: Path, method: str) -> None:
    lam = strength(method)
    configs = [configured(lam, 0), configured(2 * lam, 0), configured(lam, 1)]
    cells = train(grid, tmp_path, configs, method, observation=Coloured())
    for config, cell in zip(configs, cells, strict=True):
        (alone,) = train(grid, tmp_path, [config], method, observation=Coloured())
        assert_same_bits(cell, alone)
    different = len({str(bits(cell)) for cell in cells})
    assert different == 3 if method in TURNED else different >= 2


@pytest.mark.usefixtures("together")
@pytest.mark.parametrize("method", METHODS)
def test_cells_that_share_their_launches_equal_cells_alone(grid: PackedGrid, tmp_path: Path, method: str) -> None:
    """Within a part in 1,000 after seven steps: the order of sums differs, nothing else."""
    lam = strength(method)
    configs = [configured(lam, 0), configured(2 * lam, 0), configured(lam, 1)]
    for config, cell in zip(configs, train(grid, tmp_path, configs, method, observation=Coloured()), strict=True):
        (alone,) = train(grid, tmp_path, [config], method, observation=Coloured())
        assert [row["step"] for row in cell.history] == [row["step"] for row in alone.history]
        for row, other in zip([*cell.history, cell.final], [*alone.history, alone.final], strict=True):
            assert row == pytest.approx(other, rel=1e-3, abs=1e-5)
        for name, value in alone.weights.items():
            torch.testing.assert_close(cell.weights[name], value, rtol=0, atol=1e-4)


def test_mates_do_not_change_a_cell(grid: PackedGrid, tmp_path: Path) -> None:
    configs = {lam: configured(lam, int(lam) % 3) for lam in (1.0, 2.0, 3.0, 4.0)}
    every = dict(zip(configs, train(grid, tmp_path, list(configs.values()), "factor_vae"), strict=True))
    for lams in ([4.0, 2.0], [3.0, 1.0, 4.0]):
        some = train(grid, tmp_path, [configs[lam] for lam in lams], "factor_vae")
        for lam, cell in zip(lams, some, strict=True):
            assert_same_bits(cell, every[lam])


def test_equal_seeds_see_the_same_images_and_start_alike(grid: PackedGrid) -> None:
    seeds, steps = (5, 5, 6), {}
    configs = [configured(lam, seed) for lam, seed in zip((1.0, 9.0, 1.0), seeds, strict=True)]
    for method in ("beta_vae", "dip_vae_i"):
        steps[method] = Step(configs, registry.build("methods", method, {}), grid, AsTheyAre(), "eager")
    for name, value in steps["beta_vae"].weights.items():
        assert torch.equal(value, steps["dip_vae_i"].weights[name])
        assert torch.equal(value[0], value[1])
        if name.endswith("weight"):
            assert not torch.equal(value[0], value[2])
    assert torch.equal(steps["beta_vae"]._draws.at(3)["order"], steps["dip_vae_i"]._draws.at(3)["order"])


def test_gradients_of_a_cell_reach_no_other(grid: PackedGrid) -> None:
    configs = [configured(lam) for lam in (1.0, 2.0, 3.0)]
    for method in METHODS:
        step = Step(configs, registry.build("methods", method, {}), grid, AsTheyAre(), "eager")
        losses, _ = step._losses(step._draws.at(0), step._through)
        gradients = torch.autograd.grad(losses["loss"][1], list(step.weights.values()))
        for name, gradient in zip(step.weights, gradients, strict=True):
            assert gradient[1].any(), (method, name)
            assert not gradient[[0, 2]].any(), (method, name)


@pytest.mark.parametrize("launch", [1, 3])
@pytest.mark.parametrize("method", ["beta_vae", "factor_vae"])
def test_a_cell_that_diverges_leaves_its_mates_alone(
    grid: PackedGrid, tmp_path: Path, method: str, launch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacking, "AT_ONCE", {"cpu": launch})
    said: list[str] = []
    sound = train(grid, tmp_path, [configured(lam) for lam in (1.0, 2.0, 3.0)], method)
    mixed = train(grid, tmp_path, [configured(lam) for lam in (1.0, math.inf, 3.0)], method, said.append)
    assert_same_bits(mixed[0], sound[0])
    assert_same_bits(mixed[2], sound[2])
    assert [cell.diverged for cell in mixed] == [False, True, False]
    assert mixed[1].steps == 3
    assert [row["step"] for row in mixed[1].history] == [3]
    assert all(math.isnan(value) for value in mixed[1].final.values())
    assert mixed[1].final.keys() == sound[1].final.keys()
    assert "1 diverged" in said[-1]
    (alone,) = train(grid, tmp_path, [configured(math.inf)], method, said.append)
    assert (alone.diverged, alone.steps) == (True, 3)
    assert "no finite loss" in said[-1]


# Interruptions.


@pytest.mark.parametrize("launch", [1, 3])
@pytest.mark.parametrize("method", [m for m in METHODS if registry.build("methods", m, {}).steps(1)])
def test_a_stack_killed_twice_ends_in_the_same_bits(
    grid: PackedGrid, tmp_path: Path, method: str, launch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with blocks of draws that end within rows, and with a cell that has diverged."""
    monkeypatch.setattr(stacking, "AT_ONCE", {"cpu": launch})
    monkeypatch.setattr(drawing, "BLOCK", 40)
    configs = [configured(lam, seed, steps=9, log_every=2) for lam, seed in ((5.0, 0), (math.inf, 0), (2.0, 1))]
    undisturbed = train(grid, tmp_path, configs, method, observation=Coloured())
    assert list(tmp_path.iterdir()) == []
    said: list[str] = []
    for step in (4, 8):
        with pytest.raises(Killed):
            train(grid, tmp_path, configs, method, kill_at(step), every=0, observation=Coloured())
    resumed = train(grid, tmp_path, configs, method, said.append, every=0, observation=Coloured())
    assert said[0] == "going on at step 6"
    for one, other in zip(undisturbed, resumed, strict=True):
        if one.diverged:
            assert (one.steps, len(one.history)) == (other.steps, len(other.history)) == (2, 1)
        else:
            assert_same_bits(one, other)


def test_a_state_of_another_digest_is_left_alone_and_a_damaged_one_named(grid: PackedGrid, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        train(grid, tmp_path, [configured()], announce=kill_at(6), every=0, digest="old")
    said: list[str] = []
    train(grid, tmp_path, [configured()], announce=said.append, digest="new")
    assert said[0].startswith("step 3/7")
    (tmp_path / "s.pt").write_bytes(b"rubbish")
    said.clear()
    train(grid, tmp_path, [configured()], announce=said.append, digest="new")
    assert said[0].startswith("step 3/7")


# The discriminator.


def critics(step: Step) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in step._critic.items()}


def factor_step(grid: PackedGrid, gamma: float, rate: float, options: dict[str, Any]) -> Step:
    config = configured(gamma, discriminator={"layers": 2, "hidden": 12, "lr": rate})
    return Step([config], registry.build("methods", "factor_vae", options), grid, AsTheyAre(), "eager")


def test_neither_gradient_reaches_the_others_parameters(grid: PackedGrid) -> None:
    """One update from the same start: only the weight gamma moves the model, only the rate the discriminator."""
    steps = {given: factor_step(grid, *given, {}) for given in ((10.0, 0.01), (40.0, 0.01), (10.0, 0.5))}
    start = critics(steps[10.0, 0.01])
    for step in steps.values():
        step(0)
    weak, strong, fast = steps.values()
    assert all(torch.equal(value, strong._critic[name]) for name, value in weak._critic.items())
    assert not any(torch.equal(value, start[name]) for name, value in weak._critic.items())
    assert all(torch.equal(value, fast.weights[name]) for name, value in weak.weights.items())
    assert any(not torch.equal(value, strong.weights[name]) for name, value in weak.weights.items())
    assert any(not torch.equal(value, fast._critic[name]) for name, value in weak._critic.items())


def test_the_discriminators_gradient_is_that_of_codes_held_fixed(grid: PackedGrid) -> None:
    step = factor_step(grid, 10.0, 0.01, {})
    weights = {name: value.detach().clone() for name, value in step.weights.items()}
    critic = {name: value.requires_grad_() for name, value in critics(step).items()}
    given = step._draws.at(0)
    step(0)
    model = build_model(configured()["model"], grid, AsTheyAre())
    mean, logvar = model.encode(weights, grid.batch(given["order"]))
    z = mean + (0.5 * logvar).exp() * given["noise"]
    permuted = torch.stack([z[0, given["regularizer"][0, :, d], d] for d in range(3)], 1)[None]
    discriminator = Discriminator(3, 2, 12)
    real, fake = torch.zeros(6, dtype=torch.int64), torch.ones(6, dtype=torch.int64)
    loss = 0.5 * F.cross_entropy(discriminator.logits(critic, z)[0], real)
    loss = loss + 0.5 * F.cross_entropy(discriminator.logits(critic, permuted)[0], fake)
    assert step.means()[0]["discriminator"] == pytest.approx(float(loss.detach()), rel=1e-5)
    for name, gradient in zip(critic, torch.autograd.grad(loss, list(critic.values())), strict=True):
        torch.testing.assert_close(step._critic[name].grad, gradient, rtol=1e-4, atol=1e-6)


def test_the_models_gradient_is_that_of_a_discriminator_held_fixed(grid: PackedGrid) -> None:
    step = factor_step(grid, 10.0, 0.01, {})
    weights = {name: value.detach().clone().requires_grad_() for name, value in step.weights.items()}
    critic, given = critics(step), step._draws.at(0)
    step(0)
    model = build_model(configured()["model"], grid, AsTheyAre())
    x = grid.batch(given["order"])
    mean, logvar = model.encode(weights, x)
    z = mean + (0.5 * logvar).exp() * given["noise"]
    kl = 0.5 * (mean**2 + logvar.exp() - 1 - logvar).sum(2).mean()
    odds = Discriminator(3, 2, 12).logits(critic, z)[0]
    loss = bernoulli_loss(model.decode(weights, z), x).sum() + kl + 10 * (odds[:, 0] - odds[:, 1]).mean()
    for name, gradient in zip(weights, torch.autograd.grad(loss, list(weights.values())), strict=True):
        torch.testing.assert_close(step.weights[name].grad, gradient, rtol=1e-4, atol=1e-4)


def test_as_released_makes_half_the_updates(grid: PackedGrid, tmp_path: Path) -> None:
    (half,) = train(grid, tmp_path, [configured(10.0)], "factor_vae", updates="as_released")
    (whole,) = train(grid, tmp_path, [configured(10.0, steps=3)], "factor_vae")
    assert_same_bits(half, whole)
    assert half.steps == 3


# What training does.


def test_an_untrained_cell_keeps_its_initialisation(grid: PackedGrid, tmp_path: Path) -> None:
    config = configured(0.0, 4)
    (cell,) = train(grid, tmp_path, [config], "untrained")
    initial = build_model(config["model"], grid, AsTheyAre()).initial(stream(seed_of(4, "init")))
    assert all(torch.equal(cell.weights[name], value) for name, value in initial.items())
    assert (cell.history, cell.steps, cell.diverged, cell.seconds) == ([], 0, False, 0)
    assert cell.final["loss"] == pytest.approx(256 * math.log(2), rel=0.05)


def test_a_beta_vae_learns_how_full_an_image_is(tmp_path: Path) -> None:
    """Sixteen images, whose first 0 to 15 rows are white; 177 nats at log 2 a pixel.

    What one code for all could reach is 16 pixels times the entropies of rows of which k in 16 images have white,
    127 nats; with codes that tell all images apart, log 16 = 2.8 nats would do.
    """
    full = torch.arange(16)[:, None] > torch.arange(16)
    images = 255 * full[:, :, None, None].expand(16, 16, 16, 1).to(torch.uint8)
    shares = full.float().mean(0)
    blind = 16 * float(torch.special.entr(shares).add(torch.special.entr(1 - shares)).sum())
    assert blind == pytest.approx(127, abs=0.1)
    grid = PackedGrid(images, (16, 16, 1))
    config = configured(1.0, steps=300, batch=32, lr=0.005, log_every=100, final_batches=20)
    config["model"] = {"latent": 3, "conv": [8, 8, 8, 8], "hidden": 32}
    (cell,) = train(grid, tmp_path, [config])
    assert cell.history[0]["loss"] > 50
    assert cell.history[-1]["loss"] < 20
    assert cell.final["elbo"] > -20
    assert 2 < cell.final["kl"] < 10
    codes = encode(build_model(config["model"], grid, AsTheyAre()), [cell.weights], grid, AsTheyAre(), 0)[0]["mean"]
    fullness = np.arange(16)
    assert max(abs(np.corrcoef(fullness, code)[0, 1]) for code in codes.T) > 0.9


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.usefixtures("together")
def test_a_step_never_waits_for_the_device_and_makes_no_constants(grid: PackedGrid, method: str) -> None:
    """What a CUDA graph cannot hold."""
    configs = [configured(lam) for lam in (1.0, 2.0)]
    step = Step(configs, registry.build("methods", method, {}), grid, Coloured(), "eager")
    step._program()
    with Dispatched() as seen:
        step._program()
    assert {"bmm", "_fused_adam_"} & seen.names
    assert not seen.names & (WAITS | {"lift_fresh"})


# Codes.


@pytest.mark.parametrize("observation", [AsTheyAre(), Coloured()])
def test_posteriors_of_a_grid(observation: AsTheyAre) -> None:
    bytes_of = torch.randint(256, (CHUNK + 9, 16, 16, 1), generator=stream(), dtype=torch.uint8)
    grid = PackedGrid(bytes_of, (16, 16, 1), shared={"background": torch.full((16, 16, 1), 0.1)})
    model = build_model(configured()["model"], grid, observation)
    weights = model.initial(stream(1))
    (found,) = encode(model, [weights], grid, observation, seed=3)
    noise = observation.noise_shape(grid.shape)
    uniform = None if noise is None else torch.rand(len(grid), *noise, generator=stream(3))
    x = observation.observe(grid.batch(torch.arange(len(grid))), uniform, grid.shared)
    for name, expected in zip(("mean", "logvar"), model.encode(stack([weights]), x[None]), strict=True):
        assert (found[name].shape, found[name].dtype) == ((CHUNK + 9, 3), np.float32)
        np.testing.assert_allclose(found[name], expected[0].detach().numpy(), rtol=0, atol=1e-5)
    assert np.array_equal(encode(model, [weights], grid, observation, seed=3)[0]["mean"], found["mean"])
    other = encode(model, [weights], grid, observation, seed=4)[0]["mean"]
    assert np.array_equal(other, found["mean"]) == (noise is None)


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_models_encoded_together_see_the_same_observations(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each as alone: to the bit where models take turns, as on a CPU, and else up to the order of sums."""
    bytes_of = torch.randint(256, (CHUNK + 9, 16, 16, 1), generator=stream(), dtype=torch.uint8)
    grid = PackedGrid(bytes_of, (16, 16, 1), shared={"background": torch.full((16, 16, 1), 0.1)})
    model = build_model(configured()["model"], grid, Coloured())
    weights = [model.initial(stream(k)) for k in range(3)]
    alone = [encode(model, [own], grid, Coloured(), seed=3)[0] for own in weights]
    monkeypatch.setattr(posteriors, "AT_ONCE", {"cpu": at_once})
    for one, other in zip(alone, encode(model, weights, grid, Coloured(), seed=3), strict=True):
        for name, codes in one.items():
            assert np.array_equal(other[name], codes) or at_once > 1
            np.testing.assert_allclose(other[name], codes, rtol=0, atol=1e-5)


def test_the_optimizers_are_the_published_ones(grid: PackedGrid, tmp_path: Path) -> None:
    """Adam of 0.9 and 0.999 for the model, of 0.5 and 0.9 for FactorVAE's discriminator, each with its own rate."""
    discriminator = {"layers": 2, "hidden": 4, "lr": 0.02}
    configs = [configured(lr=0.01, discriminator=discriminator)]
    objective = registry.build("methods", "factor_vae", {})
    training = StackedTraining(
        configs, objective, grid, AsTheyAre(), tmp_path / "s.pt", "d", "eager", lambda line: None
    )
    found = [optimizer.defaults for optimizer in training._parts[0].step._optimizers]
    assert [(one["betas"], one["eps"], float(one["lr"])) for one in found] == [
        ((0.9, 0.999), 1e-8, pytest.approx(0.01)),
        ((0.5, 0.9), 1e-8, pytest.approx(0.02)),
    ]
    assert not any(one["weight_decay"] or one["amsgrad"] for one in found)
