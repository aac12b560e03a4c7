"""Class-supervised methods: what all of them keep, trained and encoded by their family, and losses against loops."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from recording import WAITS, Recorder, assert_phases_alike, recorder
from test_class_supervised_losses import looped_contrast
from test_training import Dispatched, Killed
from torch import Tensor, nn

from disentangle import registry
from disentangle.data import dataset_files
from disentangle.data.labelled import Labelled, shown_rows
from disentangle.errors import InputError
from disentangle.losses.image_distance import l1
from disentangle.losses.labelled_batch import ClassSupervised, LabelledBatch, Setting
from disentangle.models.feature_distance import PixelDistance
from disentangle.streams import seed_of
from disentangle.training import checkpoint
from disentangle.training.device import SideStream
from disentangle.training.domain_batches import DomainBatches
from disentangle.training.families import class_supervised as family
from disentangle.training.image_augment import augment, draw
from disentangle.training.invariance import invariances
from disentangle.training.job import Fitted, Job, Trained
from disentangle.training.labelled_images import LabelledImages, seen
from disentangle.training.phase_step import PhaseStep, placed
from disentangle.training.rates import share_of_peak
from disentangle.training.step import WARM_UP

__all__ = ["recorder"]  # a fixture
METHODS = [
    name for name in registry.names("methods") if registry.constant("methods", name, "FAMILY") == "class_supervised"
]
CPU = torch.device("cpu")
SIDE, DOMAINS, CODE = 16, 4, 3
NETWORK = {"network": "conv", "widths": [4, 4], "hidden": 8}
SECTION = {
    "model": {
        "code": CODE,
        "domain": 2,
        "encoder": NETWORK,
        "generative_encoder": NETWORK,
        "generator": {"form": "light"},
        "decoder": {"widths": [4, 4]},
    },
    "training": {
        "steps": 5,
        "domains": 3,
        "each": 4,
        "rebuilt": 2,
        "temperature": 0.2,
        "precision": "float32",
        "log_every": 2,
    },
}
"""With every key that some method reads."""


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def options_of(method: str, **given: Any) -> dict[str, Any]:
    known = registry.options("methods", method)
    small = {"distance": "multi_scale", "invariances": ["horizontal_flip", "grayscale"]}
    return registry.check_options("methods", method, {k: v for k, v in small.items() if k in known} | given, method)


def configured(method: str, seed: int = 0, without: set[str] | None = None, **training: Any) -> dict[str, Any]:
    """What Params.training says of a cell: the keys that the method uses alone, or all but those named."""
    unused = set(family.OPTIONAL) - set(registry.constant("methods", method, "USES")) if without is None else without
    model, trained = (
        {key: value for key, value in SECTION[part].items() if f"{part}.{key}" not in unused} for part in SECTION
    )
    lam = 0.3 if registry.constant("methods", method, "REGULARIZED") else 0.0
    return {
        "cell": {"lam": lam, "seed": seed},
        "method": {"name": method, "options": options_of(method)},
        "model": model,
        "training": trained | training,
    }


def images_of(channels: int = 3, counts: tuple[int, ...] = (9, 8, 7, 12), seed: int = 0) -> Labelled:
    """Random images, of each domain in a range of its own; of each domain every third is for tests."""
    rng = np.random.default_rng(seed)
    domain = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    images = rng.integers(128, size=(len(domain), SIDE, SIDE, channels)) + 40 * (domain % 4)[:, None, None, None]
    test = np.zeros(len(domain), bool)
    for value in range(len(counts)):
        test[np.flatnonzero(domain == value)[2::3]] = True
    labels, values = {"who": domain}, {"who": tuple(f"person {k}" for k in range(len(counts)))}
    return Labelled(images.astype(np.uint8), labels, values, "who", ~test, ~test, test)


def written(folder: Path, labelled: Labelled) -> Path:
    dataset_files.write_labelled(folder, vars(labelled), {})
    return folder


@pytest.fixture(scope="module")
def colour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("data") / "colour", images_of())


def fit(
    dataset: Path,
    folder: Path,
    config: dict[str, Any],
    say: Callable[[str], None] = lambda line: None,
    every: float = math.inf,
    execution: str = "eager",
) -> Trained:
    job = Job(config, folder / "resume.pt", "d", say)
    ((same, trained),) = family.train([job], dataset, CPU, execution, every)
    assert same is job
    return trained


def bits(trained: Trained) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in trained.weights.items()}


def codes_of(trained: Trained, dataset: Path, folder: Path, config: dict[str, Any]) -> dict[str, np.ndarray]:
    checkpoint.save_weights(folder / "weights", trained.weights)
    return next(family.encode([Fitted(config | trained.facts, folder / "weights")], dataset, CPU))


# The contract.


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("method", METHODS)
def test_a_method_trains_and_encodes_with_no_more_than_the_keys_it_uses(
    tmp_path: Path, method: str, channels: int
) -> None:
    """A fifth domain has images for tests alone, a sixth fewer than a batch takes of each."""
    labelled = images_of(channels, (9, 8, 7, 12, 1, 2))
    fifth = labelled.labels["who"] == 4
    labelled = replace(labelled, train=labelled.train & ~fifth, fit=~labelled.test & ~fifth, test=labelled.test | fifth)
    data, config = written(tmp_path / "data", labelled), configured(method, domains=5)
    phases = len(registry.build("methods", method, options_of(method)).phases)
    trained = fit(data, tmp_path, config)
    assert trained.facts["status"] == "done"
    assert (trained.steps, trained.samples) == (5 * phases, 5 * 4)
    assert [row["step"] for row in trained.history] == [5 * p + end for p in range(phases) for end in (2, 4, 5)]
    # A phase has losses of its own: what a row has no value of is not a number.
    assert all(math.isfinite(row["loss"]) and row["rate"] <= 1 for row in trained.history)
    assert len({tuple(row) for row in trained.history}) == 1
    assert trained.facts["training_images"] == labelled.train.sum()
    assert trained.facts["parameters"] == sum(
        value.numel() for name, value in trained.weights.items() if "running" not in name and "num_b" not in name
    )
    options = registry.check_options("encoders", "conv", {k: NETWORK[k] for k in ("widths", "hidden")}, "")
    uses = {key.removeprefix("model.") for key in registry.constant("methods", method, "USES")}
    assert trained.facts["encoders"] == {
        key: {"network": "conv", "options": options} for key in ("encoder", "generative_encoder") if key in uses
    }

    found = codes_of(trained, data, tmp_path, config)
    assert found["codes"].shape == (len(labelled.images), CODE) and found["codes"].dtype == np.float32
    assert np.isfinite(found["codes"]).all() and (found["codes"].std(0) > 0).all()
    if "swapped" in found:
        assert found["swapped"].shape == (6, 6, SIDE, SIDE, channels) and found["swapped"].dtype == np.uint8
        assert found["swapped_rows"].tolist() == shown_rows(labelled.labels["who"], labelled.test, 6).tolist()


@pytest.mark.parametrize("method", METHODS)
def test_a_method_uses_each_key_that_it_names_and_no_other(colour: Path, tmp_path: Path, method: str) -> None:
    """Without one of the keys that are not every method's, a run fails, or has no loss, just where the key is used."""

    def fails(key: str) -> bool:
        try:
            trained = fit(colour, tmp_path, configured(method, without={key}, steps=1))
        except KeyError as missing:
            assert missing.args == (key.split(".")[1],)
            return True
        return bool(trained.facts["status"] == "diverged")

    assert {key for key in family.OPTIONAL if fails(key)} == set(registry.constant("methods", method, "USES"))


class Cell:
    """What a phase's step is made of, as the family makes it."""

    def __init__(self, dataset: Path, config: dict[str, Any]) -> None:
        labelled = Labelled(**dataset_files.read_labelled(dataset))
        rows = np.flatnonzero(labelled.train)
        self.config, self.objective = config, family._objective(config)
        self.networks = placed(family._networks(self.objective, config, labelled, len(rows)), CPU)
        self.distance = registry.build("distances", "multi_scale", {}).build() if self.objective.distance else None
        domain = labelled.labels["who"][rows]
        self.images = LabelledImages(torch.from_numpy(labelled.images[rows]), torch.from_numpy(domain))
        self.batches = DomainBatches(config, self.images, self.objective, self.distance)

    def step(self, phase: str, execution: str = "eager") -> PhaseStep:
        made_of = self.networks, self.objective, self.batches
        return PhaseStep(self.config, phase, *made_of, SideStream(CPU), execution)

    def weights(self) -> dict[str, dict[str, Tensor]]:
        return {
            name: {key: value.detach().clone() for key, value in network.named_parameters()}
            for name, network in self.networks.items()
        }


@pytest.mark.parametrize("method", METHODS)
def test_a_phase_changes_the_networks_that_it_names_alone(colour: Path, method: str) -> None:
    cell = Cell(colour, configured(method))
    ever: set[str] = set()
    for phase, losses in cell.objective.phases.items():
        trained = [name for names in losses.values() for name in names]
        assert len(set(trained)) == len(trained)  # one loss each
        assert set(trained) == set(cell.objective.rates(phase)) <= set(cell.networks)
        step, before = cell.step(phase), cell.weights()
        for k in range(3):
            step(cell.batches.index(k), k)
        assert set(losses) <= set(step.means())
        for name, parameters in cell.weights().items():
            moved = {key: not torch.equal(value, before[name][key]) for key, value in parameters.items()}
            assert all(moved.values()) if name in trained else not any(moved.values()), (phase, name, moved)
        ever |= set(trained)
    assert ever == set(cell.networks)


@pytest.mark.parametrize("method", METHODS)
def test_a_recorded_phase_is_an_eager_one(colour: Path, method: str, recorder: Recorder) -> None:
    cells = {execution: Cell(colour, configured(method)) for execution in ("eager", "graph")}
    assert_phases_alike(
        cells, recorder, lambda cell, phase: cell.objective.begin(phase, cell.networks, cell.batches.given())
    )


def test_the_recorded_step_is_let_go_before_invariances_are_measured(
    colour: Path, tmp_path: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    monkeypatch.setattr(family, "invariances", lambda *_: events.extend(recorder.events) or {})
    trained = fit(colour, tmp_path, configured("autoencoder", steps=WARM_UP + 2), execution="graph")
    assert trained.facts["invariance"] == {}
    assert events == ["record", "replay", "replay", "released"]


@pytest.mark.parametrize("method", METHODS)
def test_steps_are_those_of_an_ordinary_loop(colour: Path, method: str) -> None:
    """Gradients of each loss by its networks alone, and an Adam for each network."""
    given, naive = Cell(colour, configured(method, seed=3)), Cell(colour, configured(method, seed=3))
    for phase, losses in naive.objective.phases.items():
        step = given.step(phase)
        streams = {purpose: stream(seed_of(3, purpose, phase)) for purpose in ("augment", "noise")}
        peaks = naive.objective.rates(phase)
        adams = {
            name: torch.optim.Adam(naive.networks[name].parameters(), torch.tensor(peak), (0.5, 0.999), fused=True)
            for name, peak in peaks.items()
        }
        rows = []
        for k in range(4):
            index = naive.batches.index(k)
            step(index, k)
            x = seen(naive.images.images[index])
            names = naive.objective.augmentations
            copies = [augment(x, names, draw(12, names, streams["augment"])) for _ in range(naive.objective.copies)]
            batch = LabelledBatch(
                x,
                (*copies,),
                naive.images.domain[index],
                index,
                groups=3,
                temperature=0.2,
                lam=naive.config["cell"]["lam"],
                rebuilt=2,
                generator=streams["noise"],
                distance=naive.distance,
            )
            found = naive.objective.losses(naive.networks, batch, phase)
            rows.append({name: float(value.detach()) for name, value in found.items()})
            for loss, trained in losses.items():
                parameters = [parameter for name in trained for parameter in naive.networks[name].parameters()]
                gradients = torch.autograd.grad(found[loss], parameters, retain_graph=True)
                for parameter, gradient in zip(parameters, gradients, strict=True):
                    parameter.grad = gradient
            for name, adam in adams.items():
                adam.param_groups[0]["lr"] = torch.tensor(peaks[name] * share_of_peak(naive.objective.schedule, k, 5))
                adam.step()
        for name, value in step.means().items():
            assert value == pytest.approx(sum(row[name] for row in rows) / 4, rel=1e-5, abs=1e-6)
        for name, value in naive.networks.state_dict().items():
            torch.testing.assert_close(given.networks.state_dict()[name], value, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_a_step_never_waits_for_the_device_and_makes_no_constants(colour: Path, method: str) -> None:
    cell = Cell(colour, configured(method))
    for phase in cell.objective.phases:
        program = cell.step(phase)._program
        program()
        with Dispatched() as seen:
            program()
        assert {"convolution_backward", "_fused_adam_"} <= seen.names
        assert not seen.names & (WAITS | {"lift_fresh"})


@pytest.mark.parametrize("method", METHODS)
def test_a_seed_is_all_that_a_run_depends_on(colour: Path, tmp_path: Path, method: str) -> None:
    torch.manual_seed(1)
    one = fit(colour, tmp_path, configured(method))
    torch.manual_seed(2)
    two, other = fit(colour, tmp_path, configured(method)), fit(colour, tmp_path, configured(method, seed=1))
    assert bits(one) == bits(two)
    assert repr(one.history) == repr(two.history)
    counts = {name for name in one.weights if name.endswith("num_batches_tracked")}
    same = {name for name in one.weights if torch.equal(one.weights[name], other.weights[name])}
    assert same == counts


@pytest.mark.parametrize("method", METHODS)
def test_a_run_killed_at_every_row_ends_in_the_same_bits(colour: Path, tmp_path: Path, method: str) -> None:
    config, rows, said = configured(method), [], []  # type: ignore[var-annotated]
    undisturbed = fit(colour, tmp_path, config, rows.append, every=0)
    (tmp_path / "resume.pt").unlink()
    assert len(rows) == 3 * undisturbed.steps / 5

    def kill_at(row: int) -> Callable[[str], None]:
        def say(line: str) -> None:
            said.append(line)
            if line.startswith(rows[row].split("  ")[0]):
                raise Killed

        return say

    for row in range(len(rows)):
        with pytest.raises(Killed):
            fit(colour, tmp_path, config, kill_at(row), every=0)
    resumed = fit(colour, tmp_path, config, said.append, every=0)
    # A state is of the row before the one that was killed; none is saved at the end of a phase.
    assert [line for line in said if line.startswith("going on")] == [
        f"going on at step {done}" for done in [2, 4, 4, 7, 9][: len(rows) - 1]
    ]
    assert bits(resumed) == bits(undisturbed)
    assert repr(resumed.history) == repr(undisturbed.history)
    assert (resumed.steps, resumed.facts) == (undisturbed.steps, undisturbed.facts)


def test_a_state_of_another_digest_is_left_alone(colour: Path, tmp_path: Path) -> None:
    config, said = configured("simclr"), []  # type: ignore[var-annotated]
    (before,) = family.train([Job(config, tmp_path / "resume.pt", "old", said.append)], colour, CPU, "eager", 0)
    assert (tmp_path / "resume.pt").exists()
    assert bits(fit(colour, tmp_path, config, said.append)) == bits(before[1])
    assert [line.split("  ")[0] for line in said] == ["step 2/5", "step 4/5", "step 5/5"] * 2


@pytest.mark.parametrize("method", METHODS)
def test_a_loss_that_is_not_finite_stops_the_run(colour: Path, tmp_path: Path, method: str) -> None:
    config, said = configured(method, log_every=1), []  # type: ignore[var-annotated]
    rates = [name for name in registry.options("methods", method) if name.endswith("lr")]
    config["method"]["options"] |= dict.fromkeys(rates, 1e30)
    trained = fit(colour, tmp_path, config, said.append)
    assert trained.facts["status"] == "diverged"
    assert 1 <= trained.steps < 5 and len(trained.history) == trained.steps
    assert said[-1].endswith("a loss is not finite: stopped as diverged")
    assert all(math.isfinite(row["loss"]) for row in trained.history[:-1])
    found = codes_of(trained, colour, tmp_path, config)
    assert found["codes"].shape == (36, CODE)  # finite ones mean nothing
    assert all(value is None for each in trained.facts.get("invariance", {}).values() for value in each.values())


@pytest.mark.parametrize("method", METHODS)
def test_of_fewer_domains_than_asked_all_are_in_each_batch(colour: Path, tmp_path: Path, method: str) -> None:
    four, nine = (fit(colour, tmp_path, configured(method, domains=domains)) for domains in (4, 9))
    assert bits(four) == bits(nine)
    assert four.samples == nine.samples == 4 * 4


@pytest.mark.parametrize("method", METHODS)
def test_half_precision_is_of_the_networks_alone(colour: Path, method: str) -> None:
    """Losses are of single precision, and within a part in 20 of those of a run that is all of it."""
    single, half = (Cell(colour, configured(method, precision=precision)) for precision in ("float32", "bfloat16"))
    found: list[dict[str, Tensor]] = []

    class Noting(type(half.objective)):  # type: ignore[misc]
        def losses(self, *given: Any) -> dict[str, Tensor]:
            found.append(super().losses(*given))
            return found[-1]

    half.objective = Noting(**half.config["method"]["options"])
    for phase in single.objective.phases:
        means = []
        for cell in (single, half):
            step = cell.step(phase)
            step(cell.batches.index(0), 0)
            means.append(step.means())
        assert {value.dtype for value in found[-1].values()} == {torch.float32}
        assert means[1] == pytest.approx(means[0], rel=0.05, abs=0.02)
        assert means[1] != means[0]


@pytest.mark.parametrize("method", METHODS)
def test_images_for_tests_change_no_bit(colour: Path, tmp_path: Path, method: str) -> None:
    labelled = images_of()
    other, trained = images_of(seed=1).images, labelled.train[:, None, None, None]
    data = [
        written(tmp_path / str(k), replace(labelled, images=np.where(trained == k, other, labelled.images)))
        for k in range(2)
    ]
    config = configured(method)
    before, tests_changed, training_changed = (bits(fit(place, tmp_path, config)) for place in (colour, *data))
    assert tests_changed == before
    assert training_changed != before


# Which images.


def test_domains_of_few_images_are_left_out() -> None:
    """19 and 20 training images, 25 of which 5 are for tests, 40."""
    domain = np.repeat(np.arange(4), [19, 20, 25, 40])
    test = np.zeros(104, bool)
    test[[*range(40, 46)]] = True
    labelled = Labelled(
        np.zeros((104, 2, 2, 1), np.uint8), {"who": domain}, {"who": (*"abcd",)}, "who", ~test, ~test, test
    )
    assert domain[family.training_rows(labelled, 20, "")].tolist() == [1] * 20 + [3] * 40
    assert domain[family.training_rows(labelled, 19, "")].tolist() == [0] * 19 + [1] * 20 + [2] * 19 + [3] * 40
    np.testing.assert_array_equal(family.training_rows(labelled, 0, ""), np.flatnonzero(~test))
    with pytest.raises(InputError) as caught:
        family.training_rows(labelled, 21, "Faces, dcodr_norec")
    assert str(caught.value) == ("Faces, dcodr_norec: smallest_domain: 21 leaves fewer than 2 domains to train on.")


@pytest.mark.parametrize("method", [name for name in METHODS if "smallest_domain" in registry.options("methods", name)])
def test_a_run_on_large_domains_alone_keeps_a_row_for_each_domain(colour: Path, tmp_path: Path, method: str) -> None:
    """Of 6, 6, 5 and 8 training images."""
    config = configured(method)
    config["method"]["options"]["smallest_domain"] = 6
    trained = fit(colour, tmp_path, config)
    assert trained.facts["training_images"] == 6 + 6 + 8
    assert trained.samples == 3 * 4
    assert codes_of(trained, colour, tmp_path, config)["codes"].shape == (36, CODE)
    config["method"]["options"]["smallest_domain"] = 7
    with pytest.raises(InputError, match=rf"^colour, {method}: smallest_domain: 7 leaves fewer than 2 domains"):
        fit(colour, tmp_path, config)


@pytest.mark.parametrize("method", METHODS)
def test_swaps_are_of_a_columns_content_in_a_rows_domain(colour: Path, tmp_path: Path, method: str) -> None:
    config = configured(method)
    found = codes_of(fit(colour, tmp_path, config), colour, tmp_path, config)
    cell = Cell(colour, config)
    checkpoint.load_weights(tmp_path / "weights", cell.networks)
    cell.networks.eval()
    labelled = images_of()
    with torch.no_grad():
        codes = cell.objective.codes(cell.networks, seen(torch.from_numpy(labelled.images)))
        np.testing.assert_allclose(found["codes"], codes.numpy(), atol=1e-6)
        if "swapped" not in found:
            x = seen(torch.from_numpy(labelled.images[:1]))
            assert cell.objective.swapped(cell.networks, x, x, torch.tensor([0])) is None
            return
        for k, j in ((0, 0), (2, 5), (5, 2), (3, 1)):
            content, other = (seen(torch.from_numpy(labelled.images[[found["swapped_rows"][i]]])) for i in (j, k))
            domain = torch.from_numpy(labelled.labels["who"][[found["swapped_rows"][k]]])
            picture = cell.objective.swapped(cell.networks, content, other, domain)
            assert picture is not None
            expected = 255 * picture[0].permute(1, 2, 0).numpy()
            np.testing.assert_allclose(found["swapped"][k, j], expected, atol=0.51)


# Losses.


class Folded(nn.Module):
    """A generator without weights: images of 2 x 2 pixels, each the code's number times the domain's of its colour."""

    def forward(self, z: Tensor, embedding: Tensor) -> Tensor:
        return z.unflatten(1, (3, 2, 2)) * embedding[:, :, None, None]


GROUPS, EACH = 3, 4
DOMAIN = torch.tensor([5, 0, 3]).repeat_interleave(EACH)
ROW = torch.tensor([7, 1, 9, 4, 11, 0, 2, 8, 3, 10, 6, 5])


def batch_of(side: int, copies: int = 0, lam: float = 0.7, rebuilt: int = 3) -> LabelledBatch:
    x, *more = torch.rand(1 + copies, GROUPS * EACH, 3, side, side, generator=stream(3), dtype=torch.float64).unbind()
    generator, distance = stream(4), PixelDistance(l1)
    return LabelledBatch(x, (*more,), DOMAIN, ROW, GROUPS, 0.2, lam, rebuilt, generator, distance)


def objective_of(method: str, **options: Any) -> ClassSupervised:
    objective: ClassSupervised = registry.build("methods", method, options_of(method, **options))
    return objective


def losses_of(objective: ClassSupervised, networks: nn.ModuleDict, *given: Any) -> dict[str, float]:
    """The losses of a batch in a phase."""
    return {name: float(value) for name, value in objective.losses(networks, *given).items()}


def mean(values: Any) -> float:
    listed = [float(value) for value in values]
    return sum(listed) / len(listed)


def difference(x: Tensor, y: Tensor) -> float:
    """The mean absolute difference of two images, pixel by pixel."""
    return mean(abs(a - b) for a, b in zip(x.flatten().tolist(), y.flatten().tolist(), strict=True))


def square(x: Tensor, y: Tensor) -> float:
    """The mean squared difference, number by number."""
    return mean((a - b) ** 2 for a, b in zip(x.flatten().tolist(), y.flatten().tolist(), strict=True))


def unit_rows(x: Tensor) -> Tensor:
    return torch.stack([row / row.square().sum().sqrt() for row in x.flatten(1)])


def test_simclr_draws_the_two_views_of_an_image_together() -> None:
    batch = batch_of(2, copies=2)
    z = unit_rows(torch.cat(batch.copies))
    terms = []
    for i in range(24):
        partner = (i + 12) % 24
        total = sum(math.exp(float(z[i] @ z[j]) / 0.2) for j in range(24) if j != i)
        terms.append(-math.log(math.exp(float(z[i] @ z[partner]) / 0.2) / total))
    found = losses_of(objective_of("simclr"), nn.ModuleDict({"encoder": nn.Flatten()}), batch, "joint")
    assert found == {"loss": pytest.approx(mean(terms), abs=1e-10)}


@pytest.mark.parametrize("negatives", ["domain", "batch"])
@pytest.mark.parametrize("positives", ["augmented", "none"])
@pytest.mark.parametrize("method", ["dcodr", "dcodr_norec"])
def test_dcodr_contrasts_within_domains_and_rebuilds_a_part(method: str, positives: str, negatives: str) -> None:
    batch = batch_of(2, copies=1)
    z, copy = unit_rows(batch.x), unit_rows(batch.copies[0])
    table = torch.rand(6, 3, generator=stream(5), dtype=torch.float64)
    networks = nn.ModuleDict(
        {"encoder": nn.Flatten(), "generator": Folded(), "domains": nn.Embedding.from_pretrained(table)}
    )
    told = copy if positives == "augmented" else None
    contrastive = looped_contrast(z, told, DOMAIN.tolist(), 0.2, negatives)
    some = [EACH * group + k for group in range(GROUPS) for k in range(3)]
    reconstruction = mean(difference(z[i].view(3, 2, 2) * table[DOMAIN[i]][:, None, None], batch.x[i]) for i in some)
    found = losses_of(objective_of(method, negatives=negatives, positives=positives), networks, batch, "joint")
    expected = {"loss": contrastive}
    if method == "dcodr":
        expected = {"contrastive": contrastive, "reconstruction": reconstruction}
        expected["loss"] = contrastive + 0.7 * reconstruction
    assert found == {name: pytest.approx(value, abs=1e-10) for name, value in expected.items()}
    codes = objective_of(method).codes(networks, batch.x)
    assert torch.equal(codes, batch.x.flatten(1))  # raw: it is the evaluation that makes them unit


def networks_of(method: str) -> tuple[ClassSupervised, nn.ModuleDict]:
    """Small networks of six domains and twelve images, as they are once trained."""
    objective = objective_of(method)

    def encoder(key: str, size: int, generator: torch.Generator) -> nn.Module:
        return registry.build("encoders", "conv", {"widths": [4, 4], "hidden": 8}).build(generator, SIDE, size)  # type: ignore[no-any-return]

    networks = nn.ModuleDict(objective.networks(Setting(SIDE, 3, 6, 12, SECTION["model"], encoder), stream(6)))
    for name, buffer in networks.named_buffers():
        if "running" in name:
            buffer.copy_(torch.rand(buffer.shape, generator=stream(len(name))) + 0.5)
    for parameter in networks.parameters():
        if parameter.ndim > 1:
            parameter.data *= 4  # else all codes are nearly one
    networks.double().eval()
    codes = objective.codes(networks, batch_of(SIDE).x)
    assert (codes.std(0) > 0.01).all()
    return objective, networks


def one(network: nn.Module, *given: Tensor) -> Tensor:
    """What a network makes of one image or code."""
    (found,) = network(*(value[None] for value in given))
    return found


SOME = [0, 1, 2, 4, 5, 6, 8, 9, 10]
"""The first three images of each domain."""


@torch.no_grad()
def test_lord_fits_tables_and_then_encoders_that_reach_them() -> None:
    objective, networks = networks_of("lord")
    contents, domains = networks["contents"].weight, networks["domains"].weight
    noise = torch.randn(9, CODE, generator=stream(4), dtype=torch.float64)
    batch = batch_of(SIDE)
    rebuilt = [one(networks["generator"], contents[ROW[i]] + noise[k], domains[DOMAIN[i]]) for k, i in enumerate(SOME)]
    reconstruction = mean(difference(image, batch.x[i]) for image, i in zip(rebuilt, SOME, strict=True))
    decay = mean(sum(number**2 for number in contents[ROW[i]].tolist()) for i in SOME)
    expected = {"loss": reconstruction + 0.7 * decay, "reconstruction": reconstruction, "decay": decay}
    assert losses_of(objective, networks, batch, "latent") == pytest.approx(expected, abs=1e-10)

    found = {name: [one(networks[f"{name}_encoder"], batch.x[i]) for i in SOME] for name in ("content", "domain")}
    rebuilt = [one(networks["generator"], *codes) for codes in zip(*found.values(), strict=True)]
    reconstruction = mean(difference(image, batch.x[i]) for image, i in zip(rebuilt, SOME, strict=True))
    expected = {
        "reconstruction": reconstruction,
        "contents": mean(square(code, contents[ROW[i]]) for code, i in zip(found["content"], SOME, strict=True)),
        "domains": mean(square(code, domains[DOMAIN[i]]) for code, i in zip(found["domain"], SOME, strict=True)),
    }
    expected["loss"] = reconstruction + 10 * expected["contents"] + 10 * expected["domains"]
    assert losses_of(objective, networks, batch_of(SIDE), "amortized") == pytest.approx(expected, abs=1e-10)


def test_lords_second_phase_begins_where_the_first_ended(colour: Path, tmp_path: Path) -> None:
    """With the tables, which stay, with the generator, and with the next samples."""
    cell = Cell(colour, configured("lord"))
    tables = {}
    for begun, phase in enumerate(cell.objective.phases):
        step = cell.step(phase)
        for k in range(5):
            step(cell.batches.index(5 * begun + k), k)
        tables[phase] = [cell.networks[name].weight.detach().clone() for name in ("contents", "domains")]
    assert all(map(torch.equal, *tables.values()))
    trained = fit(colour, tmp_path, cell.config)
    assert bits(trained) == {name: value.numpy().tobytes() for name, value in cell.networks.state_dict().items()}

    objective, networks = networks_of("lord")
    loss = objective.losses(networks, batch_of(SIDE), "amortized")["loss"]
    targets = [networks[name].weight for name in ("contents", "domains")]
    assert torch.autograd.grad(loss, targets, allow_unused=True) == (None, None)


@torch.no_grad()
def test_drnet_turns_the_images_of_a_domain_against_each_other() -> None:
    objective, networks = networks_of("drnet")
    batch = batch_of(SIDE)
    content, pose = ([one(networks[name], x) for x in batch.x] for name in ("content", "pose"))

    def before(i: int) -> int:
        return i - i % EACH + (i - 1) % EACH

    def logit(i: int, j: int) -> float:
        return float(one(networks["classifier"], torch.cat([pose[i], pose[j]])))

    def crossing(logit: float, same: float) -> float:
        """The binary cross-entropy of a logit with the answer ``same``."""
        return same * math.log1p(math.exp(-logit)) + (1 - same) * math.log1p(math.exp(logit))

    every = range(12)
    other = [(i - EACH) % 12 for i in every]  # of another domain
    rebuilt = [one(networks["decoder"], torch.cat([content[before(i)], pose[i]])) for i in every]
    expected = {
        "reconstruction": mean(square(rebuilt[i], batch.x[i]) for i in every),
        "similarity": mean(square(content[i], content[before(i)]) for i in every),
        "adversarial": mean(crossing(logit(i, before(i)), 0.5) for i in every),
        "classifier": mean((crossing(logit(i, before(i)), 1) + crossing(logit(i, other[i]), 0)) / 2 for i in every),
    }
    expected["loss"] = expected["reconstruction"] + expected["similarity"] + 0.7 * expected["adversarial"]
    assert losses_of(objective, networks, batch, "joint") == pytest.approx(expected, abs=1e-10)


def test_drnets_classifier_is_told_of_by_its_own_loss_alone(colour: Path) -> None:
    """Its loss has no gradient by other networks; a step gives it none of the main loss, whose path leads through."""
    objective, networks = networks_of("drnet")
    losses = objective.losses(networks, batch_of(SIDE, lam=5.0), "joint")
    own = {name: [*network.parameters()] for name, network in networks.items()}
    for name, parameters in own.items():
        reached = torch.autograd.grad(losses["classifier"], parameters, retain_graph=True, allow_unused=True)
        assert all((gradient is not None) == (name == "classifier") for gradient in reached)
        through = torch.autograd.grad(losses["loss"], parameters, retain_graph=True, allow_unused=True)
        assert all(gradient is not None for gradient in through)
    # The poses that a pose is compared with, and the contents that a content is drawn to, have no gradient.
    half = torch.autograd.grad(losses["similarity"], own["content"], retain_graph=True)
    content = networks["content"](batch_of(SIDE).x).unflatten(0, (GROUPS, EACH))
    both = torch.autograd.grad((content - content.roll(1, 1)).square().mean(), own["content"])
    for one_sided, two_sided in zip(half, both, strict=True):
        assert not torch.allclose(one_sided, two_sided, atol=0)

    cell = Cell(colour, configured("drnet"))
    step = cell.step("joint")
    cell.config["training"] |= {"steps": 5}
    before = {name: value.clone() for name, value in cell.networks["classifier"].named_parameters()}
    step(cell.batches.index(0), 0)
    # Adam's first step is the rate against the sign of the gradient.
    x, index = seen(cell.images.images), cell.batches.index(0)
    fresh = Cell(colour, configured("drnet"))
    batch = LabelledBatch(x[index], (), cell.images.domain[index], index, 3, math.nan, 0.3, 0, stream())
    own_loss = fresh.objective.losses(fresh.networks, batch, "joint")["classifier"]
    gradients = torch.autograd.grad(own_loss, [*fresh.networks["classifier"].parameters()])
    for (name, value), gradient in zip(cell.networks["classifier"].named_parameters(), gradients, strict=True):
        sure = gradient.abs() > 1e-4
        torch.testing.assert_close((value - before[name])[sure], -0.002 * gradient.sign()[sure], rtol=1e-2, atol=1e-5)


@torch.no_grad()
def test_ml_vae_has_one_class_divergence_a_group_and_a_draw_of_the_class_for_each_image() -> None:
    objective, networks = networks_of("ml_vae")
    networks["noise"].value.fill_(-0.4)
    batch, generator = batch_of(SIDE), stream(4)
    style_noise = torch.randn(12, CODE, generator=generator, dtype=torch.float64)
    class_noise = torch.randn(GROUPS, EACH, 2, generator=generator, dtype=torch.float64)
    parts = [[part[0] for part in networks["encoder"](x[None])] for x in batch.x]

    def divergence(mean: float, var: float) -> float:
        return (mean**2 + var - math.log(var) - 1) / 2

    nll = style_kl = class_kl = 0.0
    for group in range(GROUPS):
        members = range(EACH * group, EACH * group + EACH)
        var = [1 / sum(math.exp(-parts[i][3][d]) for i in members) for d in range(2)]
        shared = [var[d] * sum(parts[i][2][d] * math.exp(-parts[i][3][d]) for i in members) for d in range(2)]
        class_kl += sum(divergence(float(shared[d]), var[d]) for d in range(2))
        for place, i in enumerate(members):
            mu, var_s = parts[i][0].tolist(), parts[i][1].exp().tolist()
            style_kl += sum(map(divergence, mu, var_s))
            s = [mu[d] + math.sqrt(var_s[d]) * style_noise[i, d] for d in range(CODE)]
            c = [shared[d] + math.sqrt(var[d]) * class_noise[group, place, d] for d in range(2)]
            rebuilt = one(networks["decoder"], torch.tensor([*s, *c], dtype=torch.float64))
            for pixel, found in zip(batch.x[i].flatten().tolist(), rebuilt.flatten().tolist(), strict=True):
                nll += ((pixel - found) ** 2 / math.exp(-0.4) - 0.4 + math.log(2 * math.pi)) / 2
    expected = {"reconstruction": nll / 3, "style_kl": style_kl / 3, "class_kl": class_kl / 3}
    expected["loss"] = expected["reconstruction"] + 0.7 * (expected["style_kl"] + expected["class_kl"])
    assert losses_of(objective, networks, batch, "joint") == pytest.approx(expected, abs=1e-10, rel=1e-12)


@torch.no_grad()
def test_the_autoencoder_has_the_squared_error_of_pixels() -> None:
    objective, networks = networks_of("autoencoder")
    batch = batch_of(SIDE)
    rebuilt = [one(networks["decoder"], one(networks["encoder"], x)) for x in batch.x]
    expected = mean(square(image, x) for image, x in zip(rebuilt, batch.x, strict=True))
    assert losses_of(objective, networks, batch, "joint") == {"loss": pytest.approx(expected, abs=1e-10)}


# Rates.


def test_rates_by_hand() -> None:
    assert [share_of_peak("constant", step, 4) for step in range(4)] == [1.0] * 4
    half = math.sqrt(0.5)
    expected = [1, (1 + half) / 2, 0.5, (1 - half) / 2]
    assert [share_of_peak("cosine", step, 4) for step in range(4)] == pytest.approx(expected, abs=1e-12)
    # Falls after 15, 30, 45, 60, 75 and 90 % of 100 steps.
    falls = [share_of_peak("steps", step, 100) for step in range(100)]
    assert [step for step in range(1, 100) if falls[step] != falls[step - 1]] == [15, 30, 45, 60, 75, 90]
    assert sorted(set(falls)) == pytest.approx(sorted(0.33**k for k in range(7)), rel=1e-12)
    assert [share_of_peak("steps", step, 8) for step in (0, 1, 2, 3, 7)] == pytest.approx(
        [1, 1, 0.33, 0.33**2, 0.33**5], rel=1e-12
    )
    with pytest.raises(KeyError):
        share_of_peak("linear", 0, 4)


# Invariances.


class Rebuilding(ClassSupervised):
    """An autoencoder that is a function."""

    def __init__(self, names: list[str], function: Callable[[Tensor], Tensor]) -> None:
        self.invariances, self.function = names, function

    def rebuilt(self, networks: Any, x: Tensor) -> Tensor:
        return self.function(x)


def moved(function: Callable[[Tensor], Tensor], images: np.ndarray, *names: str, seed: int = 0) -> Any:
    objective = Rebuilding([*names], function)
    return invariances(objective, nn.ModuleDict(), PixelDistance(l1), torch.from_numpy(images), seed)


HALVES = np.zeros((2, 4, 4, 1), np.uint8)
HALVES[0, :, :2] = 255
HALVES[1, :2] = 255
"""The first is white on the left, the second on top."""


def test_invariances_by_hand() -> None:
    """A mirror changes every pixel of one image and none of the other, which does not count."""
    mirrors = ("horizontal_flip", "vertical_flip")
    as_it_is = moved(lambda x: x, HALVES, *mirrors)
    assert as_it_is == {name: {"f_unnorm": 1.0, "f_norm": 1.0} for name in mirrors}
    darker = moved(lambda x: x / 4, HALVES, *mirrors)
    assert darker == {name: {"f_unnorm": 0.25, "f_norm": 0.25} for name in mirrors}
    blind = moved(lambda x: torch.zeros_like(x[:, :1]), HALVES, *mirrors)
    assert blind == {name: {"f_unnorm": 0.0, "f_norm": 0.0} for name in mirrors}
    left = moved(lambda x: x * torch.tensor([1.0, 1, 0, 0]), HALVES, "horizontal_flip")
    assert left == {"horizontal_flip": {"f_unnorm": 0.5, "f_norm": 0.5}}


def test_invariances_of_an_identity_are_the_distances_themselves() -> None:
    """Over several chunks of random images, by every augmentation that moves them: a part in a million of 1."""
    images = np.random.default_rng(0).integers(256, size=(300, 4, 4, 3), dtype=np.uint8)
    names = registry.options("methods", "autoencoder")["invariances"].default
    found = moved(lambda x: x, images, *names)
    assert list(found) == [*names]
    assert [each["f_norm"] for each in found.values()] == pytest.approx([1.0] * 13, abs=1e-6)
    x = seen(torch.from_numpy(images))
    for name in names:
        drawn = stream(seed_of(0, "invariance", name))
        copies = torch.cat([augment(part, [name], draw(len(part), [name], drawn)) for part in x.split(128)])
        apart = [each for each in map(difference, x, copies) if each > 1e-5]
        assert found[name]["f_unnorm"] == pytest.approx(mean(apart), abs=1e-6)
    assert moved(lambda x: x, images, "crop", seed=1) != {"crop": found["crop"]}


def test_an_augmentation_that_moves_no_image_has_no_number() -> None:
    grey = np.repeat(np.random.default_rng(0).integers(256, size=(3, 4, 4, 1), dtype=np.uint8), 3, axis=3)
    nothing = {"grayscale": {"f_unnorm": None, "f_norm": None}}
    assert moved(lambda x: x, HALVES, "grayscale") == nothing
    assert moved(lambda x: x, grey, "grayscale") == nothing
    broken = moved(lambda x: x * math.nan, HALVES, "horizontal_flip")
    assert broken == {"horizontal_flip": {"f_unnorm": None, "f_norm": None}}


def test_invariances_are_of_images_for_tests_alone(colour: Path, tmp_path: Path) -> None:
    labelled, config = images_of(), configured("autoencoder")
    trained = fit(colour, tmp_path, config)
    assert trained.facts["distance"] == registry.constant("distances", "multi_scale", "ABOUT")
    cell = Cell(colour, config)
    cell.networks.load_state_dict(dict(trained.weights))
    tests = torch.from_numpy(labelled.images[labelled.test])
    assert trained.facts["invariance"] == invariances(cell.objective, cell.networks, cell.distance, tests, 0)
    assert list(trained.facts["invariance"]) == ["horizontal_flip", "grayscale"]
