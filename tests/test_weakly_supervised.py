"""Weakly supervised methods: what all of them keep, trained and encoded by their family, and edits against loops."""

import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from recording import WAITS, Recorder, assert_phases_alike, recorder
from test_training import Dispatched, Killed
from torch import Tensor, nn

from disentangle import registry
from disentangle.data import dataset_files
from disentangle.data.grid import Grid, values_of
from disentangle.data.held_out import held_out
from disentangle.data.relations import related_rows, relations_of
from disentangle.errors import InputError
from disentangle.losses.partitions import Partitions
from disentangle.losses.weak_batch import Setting, WeakBatch, WeaklySupervised
from disentangle.streams import rng, seed_of
from disentangle.training import checkpoint, edits
from disentangle.training.device import SideStream
from disentangle.training.edits import nearest
from disentangle.training.families import weakly_supervised as family
from disentangle.training.job import Fitted, Job, Trained
from disentangle.training.packed import PackedGrid
from disentangle.training.phase_step import PhaseStep, placed
from disentangle.training.rates import share_of_peak
from disentangle.training.weak_batches import WeakBatches, WeakImages, labelled_rows

__all__ = ["recorder"]  # a fixture
METHODS = [
    name for name in registry.names("methods") if registry.constant("methods", name, "FAMILY") == "weakly_supervised"
]
CPU = torch.device("cpu")
PERCEPTRON = {"layers": 1, "hidden": 6, "activation": "leaky_relu"}
SECTION: dict[str, Any] = {
    "relations": {
        "right": {"factor": "x", "step": 1, "ends": "cyclic"},
        "up": {"factor": "y", "step": -1, "ends": "saturating"},
        "warmer": {"factor": "temperature", "step": 1, "ends": "cyclic"},
        "swap": {"factor": "shape", "to": [1, 0, 2]},
    },
    "model": {
        "widths": [4],
        "hidden": 8,
        "batch_norm": True,
        "partition": 2,
        "latent": 4,
        "discriminator": PERCEPTRON,
        "joint": PERCEPTRON,
        "learner": PERCEPTRON,
    },
    "training": {
        "steps": 5,
        "warmup": 5,
        "batch": 8,
        "labelled": 4,
        "labels": 30,
        "relation_batch": 8,
        "precision": "float32",
        "log_every": 2,
    },
}
"""With every key that some method reads, and a relation of a factor that is not there."""
AT_WORK = {
    "warmup_cross_entropy": 0.3,
    "mixture_cross_entropy": 0.02,
    "conditional": True,
    "joint": 1.0,
    "ridge": 0.05,
}
"""All that labels may do."""
TOLD, KEPT = {"shape": 3, "x": 3, "y": 3}, 3  # relations


def options_of(method: str, **given: Any) -> dict[str, Any]:
    return registry.check_options("methods", method, given, method)


def at_work(method: str) -> dict[str, Any]:
    """Options of a method with all that labels may do."""
    return {name: value for name, value in AT_WORK.items() if name in registry.options("methods", method)}


CASES = [
    pytest.param(method, options, id=f"{method}{', labels at work' if options else ''}")
    for method in METHODS
    for options in ({}, at_work(method))
    if options or method
]
CASES = [case for k, case in enumerate(CASES) if case.id not in {other.id for other in CASES[:k]}]
"""Every method at its defaults and, if there is a difference, with the labels at work."""


def configured(
    method: str, seed: int = 0, without: set[str] | None = None, options: dict[str, Any] | None = None, **training: Any
) -> dict[str, Any]:
    """What Params.training says of a cell: the keys that the method uses alone, or all but those named."""
    unused = set(family.OPTIONAL) - set(registry.constant("methods", method, "USES")) if without is None else without
    model, trained = (
        {key: value for key, value in SECTION[part].items() if f"{part}.{key}" not in unused}
        for part in ("model", "training")
    )
    return {
        "cell": {"lam": 0.3 if registry.constant("methods", method, "REGULARIZED") else 0.0, "seed": seed},
        "method": {"name": method, "options": options_of(method, **(options or {}))},
        "model": model,
        "training": trained | training,
        **({} if "relations" in unused else {"relations": SECTION["relations"]}),
    }


def written(folder: Path, grid: Grid, seed: int = 0) -> Path:
    dataset_files.write_grid(folder, vars(grid), {"definition": {"seed": seed}})
    return folder


def sprites() -> Grid:
    """243 sprites of 32 pixels: shape and place in 3 x 3, of 3 x 3 positions each."""
    source = registry.build("sources", "dsprites_rendered", {})
    options = {"image_size": 32, "every": [3, 7, 2, 2], "nuisances": "restricted"}
    dataset = registry.build("datasets", "dsprites_v2", options)
    made = dataset.generate({"images": source}, lambda *purpose: rng(0, *purpose))
    assert isinstance(made, Grid) and {n: s for n, s in made.sizes.items() if n not in made.nuisance} == TOLD
    return made


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("data") / "sprites", sprites())


def fit(
    dataset: Path,
    folder: Path,
    config: dict[str, Any],
    say: Callable[[str], None] = lambda line: None,
    every: float = math.inf,
) -> Trained:
    job = Job(config, folder / "resume.pt", "d", say)
    ((same, trained),) = family.train([job], dataset, CPU, "eager", every)
    assert same is job
    return trained


def bits(trained: Trained) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in trained.weights.items()}


def codes_of(trained: Trained, dataset: Path, folder: Path, config: dict[str, Any]) -> dict[str, np.ndarray]:
    checkpoint.save_weights(folder / "weights", trained.weights)
    return next(family.encode([Fitted(config | trained.facts, folder / "weights")], dataset, CPU))


# The contract.


@pytest.mark.parametrize(("method", "options"), CASES)
def test_a_method_trains_and_encodes_with_no_more_than_the_keys_it_uses(
    data: Path, tmp_path: Path, method: str, options: dict[str, Any]
) -> None:
    config = configured(method, options=options)
    objective = family._objective(config)
    ends = [*itertools.accumulate(objective.steps(phase, config["training"]) for phase in objective.phases)]
    trained = fit(data, tmp_path, config)
    assert trained.facts["status"] == "done"
    pairs = 8 if objective.changed is not None else 0
    assert (trained.steps, trained.samples) == (ends[-1], 8 + 4 + pairs)
    assert [row["step"] for row in trained.history if row["step"] in ends] == ends
    # A phase has losses of its own: what a row has no value of is not a number.
    assert all(math.isfinite(row["loss"]) and row["rate"] <= 1 for row in trained.history)
    assert len({tuple(row) for row in trained.history}) == 1
    facts, (images, _) = trained.facts, family._images(data, CPU)
    assert (facts["training_images"], facts["labelled_images"]) == (243 - 36, 30)
    networks = nn.ModuleDict(Cell(data, config).networks)
    assert facts["parameters"] == sum(parameter.numel() for parameter in networks.parameters())
    # Which images are labelled is in the checkpoint.
    rows = trained.weights["labelled.rows"].numpy()
    np.testing.assert_array_equal(rows, labelled_rows(images, 30, objective.balanced, 0))
    assert rows.dtype == np.int64 and not images.test[rows].any()
    if "prior.known" in trained.weights:
        assert facts["unlabelled_values"] == int((~trained.weights["prior.known"] & networks["prior"].exists()).sum())
        if objective.balanced:  # 30 labels of 27 combinations
            assert facts["unlabelled_values"] == 0

    check_arrays(codes_of(trained, data, tmp_path, config), images, objective, networks)


def check_arrays(
    found: dict[str, np.ndarray], images: WeakImages, objective: WeaklySupervised, networks: nn.ModuleDict
) -> None:
    """Assert that arrays of a trained cell are what readers are promised, and no others."""
    rows, count, told = np.flatnonzero(images.test), 36, [*TOLD.values()]

    def integers(name: str, shape: tuple[int, ...], limits: list[int]) -> None:
        array = found.pop(name)
        assert array.dtype == np.int64 and array.shape == shape
        assert (array >= 0).all() and (array < limits).all()

    def floats(name: str, shape: tuple[int, ...]) -> np.ndarray:
        array = found.pop(name)
        assert array.dtype == np.float32 and array.shape == shape
        return array

    def pictures(name: str, shape: tuple[int, ...]) -> None:
        array = found.pop(name)
        assert array.dtype == np.uint8 and array.shape == (*shape, 32, 32, 1)

    np.testing.assert_array_equal(found["rows"], rows)
    integers("rows", (count,), [243])
    integers("values", (count, 3), told)
    codes = found.pop("codes")
    assert codes.dtype == np.float32 and codes.ndim == 2 and len(codes) == count
    assert np.isfinite(codes).all() and (codes.std(0) > 0).all()
    z = objective.codes(networks, images.seen(torch.arange(3)))
    can_draw = objective.drawn(networks, 1, torch.Generator()) is not None
    can_edit = objective.decoded(networks, z) is not None and (
        isinstance(objective, Partitions) or "edit_rows" in found
    )
    if can_draw:
        for name in ("prior_start", "prior_told"):
            integers(name, (KEPT, 1280, 3), told)
    for part, (means, _) in enumerate(objective.components(networks)):
        values, size = means.shape
        means, covariances = floats(f"mean_{part}", (values, size)), floats(f"covariance_{part}", (values, size, size))
        known = np.isfinite(means).all(1)
        assert known.any() and (np.isnan(means).all(1) == ~known).all()
        assert np.isnan(covariances[~known]).all() and (np.linalg.eigvalsh(covariances[known]) > 0).all()
    if can_edit:
        edited = found["edit_rows"]
        assert {*edited} <= {*rows} and len({*edited}) == len(edited)
        integers("edit_rows", (count,), [243])
        for name in ("edit_told", "edit_nearest"):
            integers(name, (KEPT, count, 3), told)
        integers("rebuilt_nearest", (count, 3), told)
        for name in ("edit_error", "still_error", "rebuilt_error"):
            error = floats(name, (KEPT, count))
            assert (error >= 0).all() and (error <= 1).all()
        np.testing.assert_array_equal(found["shown_rows"], edited[:8])
        integers("shown_rows", (8,), [243])
        pictures("shown", (8,))
        pictures("shown_edited", (KEPT, 8))
        chain = found["chain_relation"]
        assert chain[0] == -1 and {*chain[1:]} == {*range(KEPT)} and chain.dtype == np.int64
        assert found["chain_rows"][0] == edited[0]
        integers("chain_rows", chain.shape, [243])
        pictures("chain", chain.shape)
        del found["chain_relation"]
    assert not found


@pytest.mark.parametrize("method", METHODS)
def test_a_method_uses_each_key_that_it_names_and_no_other(data: Path, tmp_path: Path, method: str) -> None:
    """Without one of the keys that are not every method's, a run fails, or its edits do, just where the key is used."""
    options = at_work(method)
    whole = {
        *codes_of(
            fit(data, tmp_path, configured(method, options=options, steps=1)),
            data,
            tmp_path,
            configured(method, options=options),
        )
    }

    def fails(key: str) -> bool:
        config = configured(method, without={key}, options=options, steps=1)
        try:
            trained = fit(data, tmp_path, config)
            return {*codes_of(trained, data, tmp_path, config)} != whole
        except KeyError as missing:
            assert missing.args == (key.split(".")[-1],)
        except (IndexError, ValueError, RuntimeError):
            assert key == "relations"  # there is none to learn
        return True

    assert {key for key in family.OPTIONAL if fails(key)} == set(registry.constant("methods", method, "USES"))


class Cell:
    """What a phase's step is made of, as the family makes it."""

    def __init__(self, dataset: Path, config: dict[str, Any]) -> None:
        self.images, told = family._images(dataset, CPU)
        self.config, self.objective = config, family._objective(config)
        seed = config["cell"]["seed"]
        labelled = labelled_rows(self.images, config["training"]["labels"], self.objective.balanced, seed)
        networks = family._networks(self.objective, config, self.images, told, dataset.name, labelled)
        self.networks = placed(networks, CPU)
        self.batches = WeakBatches(config, self.images, self.objective, labelled)

    def step(self, phase: str, execution: str = "eager") -> PhaseStep:
        self.objective.begin(phase, self.networks, self.batches.given())
        made_of = self.networks, self.objective, self.batches
        return PhaseStep(self.config, phase, *made_of, SideStream(CPU), execution)

    def weights(self) -> dict[str, dict[str, Tensor]]:
        return {
            name: {key: value.detach().clone() for key, value in network.named_parameters()}
            for name, network in self.networks.items()
        }


@pytest.mark.parametrize(("method", "options"), CASES)
def test_a_phase_changes_the_networks_that_it_names_alone(data: Path, method: str, options: dict[str, Any]) -> None:
    cell = Cell(data, configured(method, options=options))
    ever: set[str] = set()
    for phase, losses in cell.objective.phases.items():
        trained = [name for names in losses.values() for name in names]
        assert len(set(trained)) == len(trained)  # one loss each
        assert set(trained) == set(cell.objective.rates(phase)) <= set(cell.networks)
        step, before = cell.step(phase), cell.weights()
        kept = {name: buffer.clone() for name, buffer in cell.networks.named_buffers() if name.startswith("prior.")}
        for k in range(3):
            step(cell.batches.index(k), k)
        assert set(losses) <= set(step.means())
        for name, parameters in cell.weights().items():
            moved = {key: not torch.equal(value, before[name][key]) for key, value in parameters.items()}
            assert all(moved.values()) if name in trained else not any(moved.values()), (phase, name, moved)
        assert all(torch.equal(cell.networks.get_buffer(name), buffer) for name, buffer in kept.items())
        ever |= set(trained)
    # What is never trained has no weights.
    assert ever == {name for name, parameters in cell.weights().items() if parameters}


@pytest.mark.parametrize(("method", "options"), CASES)
def test_a_recorded_phase_is_an_eager_one(data: Path, method: str, options: dict[str, Any], recorder: Recorder) -> None:
    cells = {execution: Cell(data, configured(method, options=options)) for execution in ("eager", "graph")}
    assert_phases_alike(cells, recorder, lambda cell, phase: None)  # a step begins its phase itself


@pytest.mark.parametrize(("method", "options"), CASES)
def test_a_loss_reaches_no_network_of_another(data: Path, method: str, options: dict[str, Any]) -> None:
    """Steps are those of an ordinary loop: gradients of each loss by its networks alone, and an Adam for each."""
    config = configured(method, seed=3, options=options)
    config["model"]["batch_norm"] = False  # before which a bias has no gradient but rounding
    given, naive = Cell(data, config), Cell(data, config)
    for phase, losses in naive.objective.phases.items():
        step = given.step(phase)
        naive.objective.begin(phase, naive.networks, naive.batches.given())
        purposes = naive.batches.purposes
        streams = {purpose: torch.Generator().manual_seed(seed_of(3, purpose, phase)) for purpose in purposes}
        peaks = naive.objective.rates(phase)
        adams = {
            name: torch.optim.Adam(
                naive.networks[name].parameters(),
                torch.tensor(peaks[name]),
                (naive.objective.momentum(loss), 0.999),
                fused=True,
            )
            for loss, names in losses.items()
            for name in names
        }
        rows, steps = [], naive.objective.steps(phase, naive.config["training"])
        for k in range(3):
            index = naive.batches.index(k)
            step(index, k)
            found = naive.objective.losses(naive.networks, naive.batches.at(index, streams), phase)
            rows.append({name: float(value.detach()) for name, value in found.items()})
            for loss, trained in losses.items():
                parameters = [parameter for name in trained for parameter in naive.networks[name].parameters()]
                gradients = torch.autograd.grad(found[loss], parameters, retain_graph=True)
                for parameter, gradient in zip(parameters, gradients, strict=True):
                    parameter.grad = gradient
            for name, adam in adams.items():
                share = share_of_peak(naive.objective.schedule, k, steps)
                adam.param_groups[0]["lr"] = torch.tensor(peaks[name] * share)
                adam.step()
        for name, value in step.means().items():
            assert value == pytest.approx(sum(row[name] for row in rows) / 3, rel=1e-4, abs=1e-6)
        for name, value in naive.networks.state_dict().items():
            torch.testing.assert_close(given.networks.state_dict()[name], value, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("method", "options"), CASES)
def test_a_step_never_waits_for_the_device_and_makes_no_constants(
    data: Path, method: str, options: dict[str, Any]
) -> None:
    cell = Cell(data, configured(method, options=options))
    for phase in cell.objective.phases:
        program = cell.step(phase)._program
        program()
        with Dispatched() as seen:
            program()
        assert {"convolution_backward", "_fused_adam_"} <= seen.names
        assert not seen.names & (WAITS | {"lift_fresh"}), phase


@pytest.mark.parametrize(("method", "options"), CASES)
def test_a_seed_is_all_that_a_run_depends_on(data: Path, tmp_path: Path, method: str, options: dict[str, Any]) -> None:
    torch.manual_seed(1)
    one = fit(data, tmp_path, configured(method, options=options))
    torch.manual_seed(2)
    two = fit(data, tmp_path, configured(method, options=options))
    other = fit(data, tmp_path, configured(method, seed=1, options=options))
    assert bits(one) == bits(two)
    assert repr(one.history) == repr(two.history)
    trained = {name for name, _ in Cell(data, configured(method, options=options)).networks.named_parameters()}
    same = {name for name in one.weights if torch.equal(one.weights[name], other.weights[name])}
    assert not same & (trained | {"labelled.rows", "prior.mean", "prior.factor"})


@pytest.mark.parametrize(("method", "options"), CASES)
def test_a_run_killed_at_every_row_ends_in_the_same_bits(
    data: Path, tmp_path: Path, method: str, options: dict[str, Any]
) -> None:
    config, rows, said = configured(method, options=options), [], []  # type: ignore[var-annotated]
    undisturbed = fit(data, tmp_path, config, rows.append, every=0)
    (tmp_path / "resume.pt").unlink()
    objective = family._objective(config)
    assert len(rows) == sum(math.ceil(objective.steps(p, config["training"]) / 2) for p in objective.phases)

    def kill_at(row: int) -> Callable[[str], None]:
        def say(line: str) -> None:
            said.append(line)
            if line.startswith(rows[row].split("  ")[0]):
                raise Killed

        return say

    for row in range(len(rows)):
        with pytest.raises(Killed):
            fit(data, tmp_path, config, kill_at(row), every=0)
    resumed = fit(data, tmp_path, config, said.append, every=0)
    # A state is of the row before the one that was killed; none is saved at the end of a phase.
    going = [int(line.removeprefix("going on at step ")) for line in said if line.startswith("going on")]
    if len(rows) == 6:
        assert going == [2, 4, 4, 7, 9]
    assert bits(resumed) == bits(undisturbed)
    assert repr(resumed.history) == repr(undisturbed.history)
    assert (resumed.steps, resumed.facts) == (undisturbed.steps, undisturbed.facts)


def test_neighbours_change_no_bit(data: Path, tmp_path: Path) -> None:
    """Every method after every other, in one job."""
    configs = [configured(method, options=at_work(method)) for method in METHODS]
    jobs = [Job(config, tmp_path / f"{k}.pt", "d", lambda line: None) for k, config in enumerate(configs)]
    for job, trained in family.train(jobs, data, CPU, "eager", math.inf):
        assert bits(trained) == bits(fit(data, tmp_path, job.config))


@pytest.mark.parametrize(("method", "options"), CASES)
def test_a_loss_that_is_not_finite_stops_the_run(
    data: Path, tmp_path: Path, method: str, options: dict[str, Any]
) -> None:
    config, said = configured(method, options=options, log_every=1), []  # type: ignore[var-annotated]
    rates = [name for name in registry.options("methods", method) if name.endswith("lr")]
    config["method"]["options"] |= dict.fromkeys(rates, 1e30)
    config["model"]["batch_norm"] = False
    trained = fit(data, tmp_path, config, said.append)
    assert trained.facts["status"] == "diverged"
    assert 1 <= trained.steps < 5 and len(trained.history) == trained.steps
    assert said[-1].endswith("a loss is not finite: stopped as diverged")
    assert all(math.isfinite(row["loss"]) for row in trained.history[:-1])
    found = codes_of(trained, data, tmp_path, config)
    assert found["codes"].shape[0] == found["values"].shape[0] == 36  # finite ones mean nothing
    assert ((found["values"] >= 0) & (found["values"] < 3)).all()


@pytest.mark.parametrize(("method", "options"), CASES)
def test_a_last_step_that_ruins_the_weights_is_told(
    data: Path, tmp_path: Path, method: str, options: dict[str, Any]
) -> None:
    """The row of losses before it is finite; of two stages, the last step of the first ruins what the second is of."""
    config = configured(method, options=options, log_every=1)
    rates = [name for name in registry.options("methods", method) if name.endswith("lr")]
    config["method"]["options"] |= dict.fromkeys(rates, 1e30)
    config["model"]["batch_norm"] = False
    config["training"] |= {"steps": 1, "warmup": 1}
    trained = fit(data, tmp_path, config)
    assert math.isfinite(trained.history[0]["loss"])
    assert trained.facts["status"] == "diverged"


@pytest.mark.parametrize("method", METHODS)
def test_half_precision_is_of_the_networks_alone(data: Path, method: str) -> None:
    """Losses are of single precision, and within a part in 20 of those of a run that is all of it."""
    options = at_work(method)
    single, half = (
        Cell(data, configured(method, options=options, precision=precision)) for precision in ("float32", "bfloat16")
    )
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
        assert means[1] == pytest.approx(means[0], rel=0.05, abs=0.05)
        assert means[1] != means[0]


@pytest.mark.parametrize("method", METHODS)
def test_held_out_images_change_no_bit(data: Path, tmp_path: Path, method: str) -> None:
    """Nor do those beside the labelled ones change what is not trained on others."""
    grid = sprites()
    other = np.random.default_rng(0).integers(256, size=grid.images.shape, dtype=np.uint8)
    test = held_out(243, 0)[:, None, None, None]
    config = configured(method, options=at_work(method))
    before, tests_changed, training_changed = (
        bits(fit(place, tmp_path, config))
        for place in (
            data,
            *(
                written(tmp_path / str(k), Grid(np.where(test == k, other, grid.images), *[*vars(grid).values()][1:]))
                for k in (True, False)
            ),
        )
    )
    assert tests_changed == before
    assert training_changed != before


@pytest.mark.parametrize("method", METHODS)
def test_a_trained_method_is_finished_by_the_labelled_images(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Once, with its batch norms frozen; one that diverged is not."""
    config, finished = configured(method, options=at_work(method)), []

    def finish(self: Any, networks: nn.ModuleDict, given: Any) -> None:
        modes = {network.training for network in networks.modules()}
        finished.append((modes, torch.cat([x for x, _ in given]), torch.cat([values for _, values in given])))

    monkeypatch.setattr(type(family._objective(config)), "finish", finish)
    images, _ = family._images(data, CPU)
    rows = fit(data, tmp_path, config).weights["labelled.rows"]
    ((modes, x, values),) = finished
    assert modes == {False}
    assert torch.equal(x, images.seen(rows)) and torch.equal(values, images.told[rows])
    config["method"]["options"] |= {name: 1e30 for name in config["method"]["options"] if name.endswith("lr")}
    config["model"] |= {"batch_norm": False}
    config["training"] |= {"log_every": 1}
    assert fit(data, tmp_path, config).facts["status"] == "diverged" and len(finished) == 1


@pytest.mark.parametrize("method", METHODS)
def test_relations_are_the_same_in_whichever_order_they_are_listed(data: Path, tmp_path: Path, method: str) -> None:
    """run.json, of which images are edited, lists them by name."""
    config = configured(method, options=at_work(method))
    turned = config | {key: dict(reversed(value.items())) for key, value in config.items() if key == "relations"}
    assert bits(fit(data, tmp_path, config)) == bits(fit(data, tmp_path, turned))


def test_what_the_family_refuses(data: Path, tmp_path: Path) -> None:
    def refused(config: dict[str, Any]) -> str:
        with pytest.raises(InputError) as caught:
            [*family.train([Job(config, tmp_path / "resume.pt", "d", print)], data, CPU, "eager", 0)]
        return str(caught.value)

    config = configured(METHODS[0])
    for key in ("labels", "batch"):
        found = refused(configured(METHODS[0], **{key: 208}))
        assert found == f"training.{key}: found 208; sprites has 207 images to train on."
    for method in METHODS:
        if "relations" not in registry.constant("methods", method, "USES"):
            continue
        config = configured(method)
        config["relations"] = {"warmer": SECTION["relations"]["warmer"]}
        assert refused(config) == "relations: none is of a factor of sprites, which has shape, x, y."
        config = configured(method)
        config["model"]["widths"] = [2] * 6
        assert refused(config) == "model.widths: found 6 for a side of 32 pixels, which each of them halves."


def test_as_many_labels_as_images_can_be_trained_on(data: Path, tmp_path: Path) -> None:
    for method in METHODS:
        trained = fit(data, tmp_path, configured(method, labels=207, batch=207, steps=1, warmup=1))
        assert trained.facts["labelled_images"] == 207
        assert trained.facts.get("unlabelled_values", 0) == 0


@pytest.mark.parametrize("method", METHODS)
def test_codes_are_those_of_the_trained_networks(data: Path, tmp_path: Path, method: str) -> None:
    """Of held-out images, batch norms frozen, one by one; held-out images are many a chunk, told ones few."""
    config = configured(method, options=at_work(method))
    trained = fit(data, tmp_path, config)
    found, cell = codes_of(trained, data, tmp_path, config), Cell(data, config)
    checkpoint.load_weights(tmp_path / "weights", cell.networks)
    cell.networks.eval()
    with torch.no_grad():
        for k in (0, 7, 35):
            z = cell.objective.codes(cell.networks, cell.images.seen(torch.tensor([found["rows"][k]])))
            scored = cell.objective.scored(cell.networks, z)[0]
            np.testing.assert_allclose(found["codes"][k], scored, rtol=1e-4, atol=1e-4)
            np.testing.assert_array_equal(found["values"][k], cell.objective.told(cell.networks, z)[0])


def test_a_classifier_of_labels_alone_by_a_loop() -> None:
    """Of factors of several numbers of values, side by side in its code; it has no use for other images."""
    objective: WeaklySupervised = registry.build("methods", "labels_only", options_of("labels_only"))
    sizes, model = (2, 4, 3), {"widths": [2], "hidden": 5, "batch_norm": False}
    setting = Setting(4, 1, sizes, 36, (), model, {})
    networks = nn.ModuleDict(objective.networks(setting, torch.Generator().manual_seed(1)))
    for parameter in networks.parameters():
        parameter.data *= 4 if parameter.ndim > 1 else 0  # else all codes are nearly one
    x = torch.rand(6, 1, 4, 4, generator=torch.Generator().manual_seed(2))
    values = torch.tensor([[1, 3, 2], [0, 0, 1], [1, 2, 0], [0, 1, 2], [1, 0, 0], [0, 3, 1]])
    nothing, rows = torch.full((3, 1, 4, 4), math.nan), torch.arange(6)
    batch = WeakBatch(nothing, rows[:3], x, rows, values, nothing[:0], 0.0, {})
    codes = objective.codes(networks, x)
    expected, told = 0.0, []
    for code, own in zip(codes.tolist(), values.tolist(), strict=True):
        told.append([])
        for start, size, value in zip((0, 2, 6), sizes, own, strict=True):
            part = code[start : start + size]
            expected += (math.log(sum(map(math.exp, part))) - part[value]) / 6
            told[-1].append(part.index(max(part)))
    found = objective.losses(networks, batch, "joint")
    assert {name: float(value.detach()) for name, value in found.items()} == {"loss": pytest.approx(expected, rel=1e-5)}
    assert codes.shape == (6, 9) and objective.told(networks, codes).tolist() == told
    assert len({*map(tuple, told)}) > 1


# Edits.


class Copier(WeaklySupervised):
    """Codes are the images themselves; values are told by the nearest image; a relation is done by a function."""

    def __init__(
        self, images: WeakImages, edit: Callable[[Tensor, int], Tensor] | None, brightness: float = 1.0
    ) -> None:
        self.images, self.edit, self.brightness = images, edit, brightness

    def codes(self, networks: Any, x: Tensor) -> Tensor:
        return x.flatten(1)

    def told(self, networks: Any, z: Tensor) -> Tensor:
        return self.images.told[self.rows(z)]

    def decoded(self, networks: Any, z: Tensor) -> Tensor:
        return self.brightness * z.unflatten(1, (1, 32, 32))

    def edited(self, networks: Any, z: Tensor, relation: int) -> Tensor | None:
        return self.edit(z, relation) if self.edit else None

    def rows(self, z: Tensor) -> Tensor:
        every = self.images.seen(torch.arange(len(self.images.grid))).flatten(1)
        return torch.stack([(every - code).square().sum(1).argmin() for code in z])


def edits_of(
    data: Path, edit: Callable[[WeakImages, Tensor, int], Tensor] | None, brightness: float = 1.0
) -> tuple[WeakImages, dict[str, np.ndarray]]:
    images, told = family._images(data, CPU)
    objective = Copier(images, None if edit is None else lambda z, k: edit(images, z, k), brightness)
    relations = relations_of(SECTION["relations"], told)
    return images, edits.of_images(objective, nn.ModuleDict(), relations, images, np.flatnonzero(images.test))


def targets_of(images: WeakImages, rows: np.ndarray, relation: int) -> list[int]:
    """Rows of true targets, looked for by name, image by image: x + 1 round, shapes 0 and 1, y - 1 to the end."""
    factor = ("x", "shape", "y")[relation]
    becomes = {"x": [1, 2, 0], "y": [0, 0, 1], "shape": [1, 0, 2]}[factor]
    every = [dict(zip(images.sizes, row, strict=True)) for row in values_of(np.arange(243), images.sizes).tolist()]
    return [every.index(every[row] | {factor: becomes[every[row][factor]]}) for row in rows]


def perfect(images: WeakImages, z: Tensor, relation: int) -> Tensor:
    """The true image of what the relation makes of the nearest true image."""
    rows = Copier(images, None).rows(z).numpy()
    return images.seen(torch.tensor(targets_of(images, rows, relation))).flatten(1)


def test_related_rows_differ_in_the_factor_of_the_relation_alone(data: Path) -> None:
    images, told = family._images(data, CPU)
    relations = relations_of(SECTION["relations"], told)
    assert [relation.name for relation in relations] == ["right", "swap", "up"]
    rows = np.arange(243)
    for k, relation in enumerate(relations):
        found = related_rows(rows, relation, images.sizes, images.names)
        assert found.tolist() == targets_of(images, rows, k)
        apart = values_of(found, images.sizes) != values_of(rows, images.sizes)
        place = [*images.sizes].index(images.names[relation.factor])
        assert not np.delete(apart, place, axis=1).any()
    np.testing.assert_array_equal(rows, np.arange(243))  # as they were


def test_perfect_edits(data: Path) -> None:
    images, found = edits_of(data, perfect)
    rows = found["edit_rows"]
    assert sorted(rows) == np.flatnonzero(images.test).tolist()
    true = images.told.numpy()
    for k in range(KEPT):
        target = targets_of(images, rows, k)
        np.testing.assert_array_equal(found["edit_told"][k], true[target])
        np.testing.assert_array_equal(found["edit_nearest"][k], true[target])
        moved = np.array(target) != rows
        assert ((found["still_error"][k] > 0) == moved).all() and moved.sum() > 0
    assert (found["edit_error"] == 0).all() and (found["rebuilt_error"] == 0).all()
    np.testing.assert_array_equal(found["rebuilt_nearest"], true[rows])
    grid = sprites().images
    np.testing.assert_array_equal(found["shown"], grid[rows[:8]])
    for k in range(KEPT):
        np.testing.assert_array_equal(found["shown_edited"][k], grid[targets_of(images, rows[:8], k)])
    # A chain takes the relations in turn, and its pictures are those of the true images.
    row, walked = int(rows[0]), [int(rows[0])]
    for k in range(edits.CHAIN):
        (row,) = targets_of(images, np.array([row]), k % KEPT)
        walked.append(row)
    assert found["chain_rows"].tolist() == walked
    assert found["chain_relation"].tolist() == [-1, *(k % KEPT for k in range(edits.CHAIN))]
    np.testing.assert_array_equal(found["chain"], grid[walked])


def test_errors_of_pixels_are_those_of_a_loop(data: Path) -> None:
    """Of an edit that leaves half of each pixel, and a decoder that leaves four fifths."""
    images, found = edits_of(data, lambda images, z, k: z / 2, 0.8)
    pixels, rows = sprites().images[..., 0] / 255.0, found["edit_rows"]
    for k in range(KEPT):
        for i, target in list(enumerate(targets_of(images, rows, k)))[::5]:
            of = np.ndindex(32, 32)
            pairs = [(pixels[rows[i]][at], pixels[target][at]) for at in of]
            assert found["still_error"][k, i] == pytest.approx(sum((a - b) ** 2 for a, b in pairs) / 1024, abs=1e-6)
            edited = sum((0.4 * a - b) ** 2 for a, b in pairs) / 1024
            rebuilt = sum((0.8 * b - b) ** 2 for _, b in pairs) / 1024
            assert found["edit_error"][k, i] == pytest.approx(edited, abs=1e-6)
            assert found["rebuilt_error"][k, i] == pytest.approx(rebuilt, abs=1e-6)
    shown = 255 * 0.8 * pixels[rows[:8]]
    np.testing.assert_allclose(found["shown"][..., 0], shown, atol=0.51)
    np.testing.assert_allclose(found["shown_edited"][1, ..., 0], shown / 2, atol=0.51)


def test_values_are_told_of_the_edited_image_and_not_of_its_code(data: Path) -> None:
    """Of a decoder that shows nothing: a sprite of some pixels is nearer to black than the others are."""
    images, found = edits_of(data, perfect, 0.0)
    smallest = images.told[int(images.seen(torch.arange(243)).square().sum((1, 2, 3)).argmin())].tolist()
    for name in ("edit_told", "edit_nearest"):
        assert {*map(tuple, found[name].reshape(-1, 3).tolist())} == {tuple(smallest)}
    np.testing.assert_array_equal(found["rebuilt_nearest"], [smallest] * 36)
    assert not found["shown"].any() and not found["shown_edited"].any() and not found["chain"].any()
    np.testing.assert_allclose(found["edit_error"], found["rebuilt_error"])


def test_of_a_method_that_cannot_edit_there_is_nothing(data: Path) -> None:
    assert edits_of(data, None)[1] == {}
    images, told = family._images(data, CPU)
    every = relations_of(SECTION["relations"], told)
    rows = np.flatnonzero(images.test)
    objective = Copier(images, lambda z, k: z)
    assert edits.of_images(objective, nn.ModuleDict(), (), images, rows) == {}
    assert edits.of_images(objective, nn.ModuleDict(), every, images, rows[:0]) == {}
    assert edits.of_prior(objective, nn.ModuleDict(), every, CPU) == {}


def test_images_edited_are_drawn_from_all_that_are_held_out(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of a grid are of one shape. They do not depend on the method."""
    monkeypatch.setattr(edits, "EDITED", 20)
    images, found = edits_of(data, lambda images, z, k: z)
    rows = found["edit_rows"]
    assert rows.shape == (20,) and len({*rows}) == 20 and images.test[rows].all()
    for place in range(3):
        assert {*images.told[rows, place].tolist()} == {0, 1, 2}
    np.testing.assert_array_equal(edits_of(data, lambda images, z, k: z / 2)[1]["edit_rows"], rows)


def grid_of(pixels: np.ndarray, sizes: dict[str, int], names: tuple[str, ...]) -> WeakImages:
    values = values_of(np.arange(len(pixels)), sizes)[:, [place for place, name in enumerate(sizes) if name in names]]
    packed = PackedGrid(torch.from_numpy(pixels), pixels.shape[1:])  # type: ignore[arg-type]
    return WeakImages(packed, sizes, names, torch.from_numpy(values), np.zeros(len(pixels), bool))


def test_the_nearest_image_of_a_true_image_is_itself(data: Path) -> None:
    images, _ = family._images(data, CPU)
    assert len(np.unique(sprites().images, axis=0)) == 243
    x = images.seen(torch.arange(243))
    assert torch.equal(nearest(images, x), images.told)
    # Held-out or not, and with noise below half of the distance of the next.
    every = torch.cdist(x.flatten(1), x.flatten(1)).fill_diagonal_(math.inf)
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    noise *= (0.45 * every.min(1).values / noise.flatten(1).norm(dim=1))[:, None, None, None]
    assert torch.equal(nearest(images, x + noise), images.told)


@pytest.mark.parametrize("side", [4, 64])
def test_the_nearest_image_is_that_of_a_loop(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over several parts of the grid; images of 64 pixels are compared at 32, each of which is the mean of four."""
    monkeypatch.setattr(edits, "CHUNK", 2)
    random = np.random.default_rng(side)
    sizes, names = {"a": 5, "b": 3, "c": 4}, ("a", "c")
    images = grid_of(random.integers(256, size=(60, side, side, 3), dtype=np.uint8), sizes, names)
    pictures = torch.from_numpy(random.random((20, 3, side, side), dtype=np.float32))
    pictures[:5] += images.seen(torch.tensor([0, 59, 16, 15, 31]))
    found = nearest(images, pictures)
    if side == 64:
        fewer = lambda x: x.double().unflatten(2, (32, 2)).unflatten(4, (32, 2)).mean((3, 5))  # noqa: E731
    else:
        fewer = Tensor.double
    true = fewer(images.seen(torch.arange(60)))
    for picture, told in zip(fewer(pictures), found, strict=True):
        distances = [float((picture - other).square().sum()) for other in true]
        row = min(range(60), key=distances.__getitem__)
        assert told.tolist() == images.told[row].tolist()


def test_packed_images_are_edited_as_others(tmp_path: Path) -> None:
    """Of 64 binary pixels a side, of whose grid two images differ in no more than a place."""
    source = registry.build("sources", "dsprites_rendered", {})
    made = registry.build("datasets", "dsprites_v2", {"every": [3, 7, 5, 5], "nuisances": "restricted"}).generate(
        {"images": source}, lambda *purpose: rng(0, *purpose)
    )
    assert made.binary
    images, told = family._images(written(tmp_path / "binary", made), CPU)
    assert len(images.grid) == 27 and images.seen(torch.arange(2)).unique().tolist() == [0, 1]
    assert torch.equal(nearest(images, images.seen(torch.arange(27))), images.told)
    assert told == TOLD
