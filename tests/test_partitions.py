"""Codes in partitions with adaptive priors: each term against a reference in loops, and what relations make of them."""

import copy
import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from test_mixtures import looped, stream
from torch import Tensor, nn

from disentangle import registry
from disentangle.data.relations import Relation
from disentangle.losses.partitions import FULL, WARMUP, Partitions, cross_entropy, targets
from disentangle.losses.weak_batch import Setting, WeakBatch
from disentangle.models.mixture_prior import MixturePrior
from disentangle.models.relational_learner import RelationalLearner
from disentangle.training import edits

METHODS = [
    name
    for name in registry.names("methods")
    if registry.constant("methods", name, "FAMILY") == "weakly_supervised"
    and isinstance(registry.build("methods", name, registry.check_options("methods", name, {}, name)), Partitions)
]
CPU = torch.device("cpu")
LABELS_AT_WORK = {"warmup_cross_entropy": 0.3, "mixture_cross_entropy": 0.02, "joint": 1.5}
OPTIONS: dict[str, dict[str, Any]] = {
    "as written": {},
    "labels at work": LABELS_AT_WORK,
    "in warm-up": {"warmup_cross_entropy": 0.4},
    "under the mixture": {"mixture_cross_entropy": 0.1},
    "joint": {"joint": 0.7},
    "conditional": {"conditional": True},
    "all": {**LABELS_AT_WORK, "conditional": True},
}
"""What labels may do, beside telling the priors."""
SIZES, DIM, SIDE = (2, 3), 3, 4
RELATIONS = (Relation("up", 0, (1, 1)), Relation("on", 1, (1, 2, 0)), Relation("swap", 1, (0, 2, 1)))
VALUES = torch.tensor([[0, 0], [1, 2], [1, 0], [0, 2], [0, 0], [1, 0], [1, 2], [1, 0], [0, 2]])
"""Of all labelled images: the second factor's value 1 has none."""
COUNT, LABELLED = 5, 4
MODEL = {
    "partition": DIM,
    "widths": [2],
    "hidden": 5,
    "batch_norm": False,
    "discriminator": {"layers": 2, "hidden": 6, "activation": "leaky_relu"},
    "joint": {"layers": 1, "hidden": 4, "activation": "tanh"},
    "learner": {"layers": 1, "hidden": 7, "activation": "relu"},
}
TRAINING = {"relation_batch": 40, "warmup": 3, "steps": 5}


def objective_of(method: str, **options: Any) -> Partitions:
    given = registry.check_options("methods", method, {"covariance": 0.3, "ridge": 0.05, **options}, method)
    objective = registry.build("methods", method, given)
    assert isinstance(objective, Partitions)
    return objective


def networks_of(objective: Partitions, **model: Any) -> nn.ModuleDict:
    setting = Setting(SIDE, 1, SIZES, 36, RELATIONS, MODEL | model, TRAINING)
    networks = nn.ModuleDict(objective.networks(setting, stream(6)))
    for parameter in networks.parameters():
        parameter.data *= 2  # else all codes are nearly one
    return networks


def images(count: int, seed: int) -> Tensor:
    return torch.rand(count, 1, SIDE, SIDE, generator=stream(seed))


GIVEN = [(images(4, 20), VALUES[:4]), (images(5, 21), VALUES[4:])]
DRAWN = [3, 0, 6, 3]
"""Which labelled images a batch has."""


def batch_of(seed: int = 30) -> WeakBatch:
    labelled = torch.cat([x for x, _ in GIVEN])[DRAWN]
    generators = {purpose: stream(seed + k) for k, purpose in enumerate(("noise", "prior", "relation"))}
    nothing, rows = torch.empty(0, 1, SIDE, SIDE), torch.arange(COUNT)
    return WeakBatch(images(COUNT, 22), rows, labelled, torch.tensor(DRAWN), VALUES[DRAWN], nothing, 0.7, generators)


def softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def mean(values: Any) -> float:
    listed = [*values]
    return sum(listed) / len(listed)


ACTIVATIONS: dict[str, Callable[[float], float]] = {
    "leaky_relu": lambda x: x if x > 0 else 0.1 * x,
    "tanh": math.tanh,
    "relu": lambda x: max(x, 0.0),
}


class Reference:
    """The losses of one batch in double precision, image by image and partition by partition."""

    def __init__(self, objective: Partitions, networks: nn.ModuleDict) -> None:
        self.objective, self.parts = objective, objective.parts(len(SIZES))
        self.networks = copy.deepcopy(networks).double().eval()
        self.values = [math.prod(SIZES[place] for place in part) for part in self.parts]
        codes = [self.encoded(x) for part, _ in GIVEN for x in part.double()]
        told = [self.components(row) for row in VALUES.tolist()]
        self.mixtures = [
            looped(
                np.array([code[p] for code in codes]),
                np.array([row[p] for row in told]),
                self.values[p],
                objective.covariance,
                objective.ridge,
            )
            for p in range(len(self.parts))
        ]
        self.centre, self.spread = np.mean(codes, 0), np.std(codes, 0)

    def encoded(self, x: Tensor) -> np.ndarray:
        return self.networks["encoder"](x[None])[0].detach().numpy().reshape(len(self.parts), -1)

    def components(self, values: list[int]) -> list[int]:
        """Which component each partition's values are, in the order of itertools.product."""
        return [
            [*itertools.product(*(range(SIZES[place]) for place in part))].index(tuple(values[k] for k in part))
            for part in self.parts
        ]

    def values_of(self, components: list[int]) -> list[int]:
        found = [0] * len(SIZES)
        for part, number in zip(self.parts, components, strict=True):
            for place, value in zip(part, [*itertools.product(*(range(SIZES[k]) for k in part))][number], strict=True):
                found[place] = value
        return found

    def perceptron(self, name: str, part: int, inputs: np.ndarray, activation: str) -> np.ndarray:
        network, h = getattr(self.networks[name], "network", self.networks[name]), inputs
        for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
            h = np.vectorize(ACTIVATIONS[activation])(h) if layer else h
            h = h @ weight[part].detach().numpy() + bias[part, 0].detach().numpy()
        return h

    def draw_components(self, count: int, random: torch.Generator) -> list[list[int]]:
        uniform = torch.rand(count, len(self.parts), generator=random).tolist()
        known = [sorted(mixture) for mixture in self.mixtures]
        return [[known[p][int(u * len(known[p]))] for p, u in enumerate(row)] for row in uniform]

    def sample(self, components: list[list[int]], random: torch.Generator) -> list[list[np.ndarray | None]]:
        noise = torch.randn(len(components), len(self.parts), DIM, generator=random).double().numpy()
        found = []
        for row, own in zip(components, noise, strict=True):
            found.append([self._one(p, number, own[p]) for p, number in enumerate(row)])
        return found

    def _one(self, part: int, component: int, noise: np.ndarray) -> np.ndarray | None:
        if component not in self.mixtures[part]:
            return None
        middle, covariance = self.mixtures[part][component]
        return middle + np.linalg.cholesky(covariance) @ noise

    def log_density(self, part: int, component: int, z: np.ndarray) -> float:
        middle, covariance = self.mixtures[part][component]
        apart = z - middle
        squares = apart @ np.linalg.inv(covariance) @ apart
        return -0.5 * (squares + math.log(np.linalg.det(covariance)) + DIM * math.log(2 * math.pi))

    def losses(self, batch: WeakBatch, phase: str) -> dict[str, float]:
        objective, full, places = self.objective, phase == FULL, range(len(self.parts))
        x = [*batch.x.double(), *batch.labelled.double()]
        z = [self.encoded(image) for image in x]
        component = [self.components(row) for row in batch.values.tolist()]
        drawn = self.draw_components(len(x), batch.generators["prior"]) if full else []
        if objective.conditional and full:
            drawn[COUNT:] = component
        if full:
            real = self.sample(drawn, batch.generators["prior"])
        else:
            torch.rand(len(x), len(self.parts), generator=batch.generators["prior"])
            real = (2 * torch.rand(len(x), len(self.parts), DIM, generator=batch.generators["prior"]) - 1).double()
            real = real.numpy()
        label = np.zeros((len(x), len(self.parts), max(self.values) if objective.conditional else 0))
        if objective.conditional and full:
            for i, row in enumerate(component):
                for p in places:
                    label[COUNT + i, p, row[p]] = 1

        def logit(codes: Any, i: int, p: int) -> float:
            (found,) = self.perceptron("discriminators", p, np.concatenate([codes[i][p], label[i, p]]), "leaky_relu")
            return float(found)

        def joint(codes: Any, i: int) -> float:
            return float(self.perceptron("joint", 0, np.concatenate([*codes[i]]), "tanh")[0])

        every = range(len(x))
        terms = {
            "reconstruction": mean(self._crossing(z[i], x[i]) for i in every),
            "adversarial": sum(mean(softplus(-logit(z, i, p)) for i in every) for p in places),
        }
        loss = objective.reconstruction * terms["reconstruction"] + batch.lam * terms["adversarial"]
        discrimination = sum(
            mean(softplus(-logit(real, i, p)) + softplus(logit(z, i, p)) for i in every) for p in places
        )
        if objective.joint and full:
            terms["joint"] = mean(softplus(-joint(z, i)) for i in every)
            loss += objective.joint * terms["joint"]
            discrimination += mean(softplus(-joint(real, i)) + softplus(joint(z, i)) for i in every)
        weight = objective.mixture_cross_entropy if full else objective.warmup_cross_entropy
        if weight:
            terms["cross_entropy"] = sum(
                mean(self._surprise(z[COUNT + i], p, row[p], full) for i, row in enumerate(component)) for p in places
            )
            loss += weight * terms["cross_entropy"]
        found = {"loss": loss, "discrimination": discrimination, **terms}
        return found | {"relation": self.relation(batch.generators["relation"])} if full else found

    def _crossing(self, z: np.ndarray, x: Tensor) -> float:
        logits = self.networks["decoder"](torch.from_numpy(z.reshape(1, -1)))[0].flatten().tolist()
        pixels = x.flatten().tolist()
        return mean(softplus(logit) - pixel * logit for logit, pixel in zip(logits, pixels, strict=True))

    def _surprise(self, z: np.ndarray, part: int, component: int, full: bool) -> float:
        if full:
            scores = {value: self.log_density(part, value, z[part]) for value in self.mixtures[part]}
        else:
            scores = dict(enumerate(self.perceptron("heads", part, z[part], "relu")[: self.values[part]]))
        most = max(scores.values())
        return most + math.log(sum(math.exp(score - most) for score in scores.values())) - scores[component]

    def relation(self, random: torch.Generator) -> float:
        count = TRAINING["relation_batch"]
        start = self.draw_components(count, random)
        number = [int(u * len(RELATIONS)) for u in torch.rand(count, generator=random).tolist()]
        changed = []
        for row, k in zip(start, number, strict=True):
            values = self.values_of(row)
            values[RELATIONS[k].factor] = RELATIONS[k].target[values[RELATIONS[k].factor]]
            changed.append(self.components(values))
        z, moved = self.sample(start, random), self.sample(changed, random)
        squares = []
        for i, k in enumerate(number):
            given = np.concatenate([((z[i][p] - self.centre[p]) / self.spread[p]) for p in range(len(self.parts))])
            asked = np.eye(len(RELATIONS))[k]
            found = self.perceptron("learner", 0, np.concatenate([given, asked]), "relu").reshape(-1, DIM)
            for p, part in enumerate(self.parts):
                wanted = moved[i][p] if RELATIONS[k].factor in part else z[i][p]
                if wanted is not None:
                    apart = found[p] * self.spread[p] + self.centre[p] - wanted
                    squares.append(mean((apart / self.spread[p]) ** 2))
        assert 0 < len(squares) < count * len(self.parts)  # some have no label
        return mean(squares)


@pytest.mark.parametrize("phase", [WARMUP, FULL])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("method", METHODS)
def test_losses_are_their_formulas(method: str, options: dict[str, Any], phase: str) -> None:
    objective = objective_of(method, **options)
    networks = networks_of(objective)
    objective.begin(phase, networks, GIVEN)
    found = {name: float(value.detach()) for name, value in objective.losses(networks, batch_of(), phase).items()}
    expected = Reference(objective, networks).losses(batch_of(), phase)
    assert {*found} == {*expected}
    assert found == pytest.approx(expected, rel=2e-4)


@pytest.mark.parametrize("phase", [WARMUP, FULL])
@pytest.mark.parametrize("method", METHODS)
def test_gradients_are_those_of_the_formulas(method: str, phase: str) -> None:
    """Of each network by the loss that changes it, along a random direction, to a part in a hundred."""
    objective = objective_of(method, **OPTIONS["all"])
    networks = networks_of(objective)
    objective.begin(phase, networks, GIVEN)
    losses, reference = objective.losses(networks, batch_of(), phase), Reference(objective, networks)
    for loss, names in objective.phases[phase].items():
        for name in names:
            parameters = [*networks[name].parameters()]
            along = [torch.randn(p.shape, generator=stream(k)).sign() for k, p in enumerate(parameters)]
            gradients = torch.autograd.grad(losses[loss], parameters, retain_graph=True)
            slope = float(sum((g * a).sum() for g, a in zip(gradients, along, strict=True)))
            moved = []
            for by in (1e-5, -2e-5):
                for parameter, a in zip(reference.networks[name].parameters(), along, strict=True):
                    parameter.data += by * a
                moved.append(reference.losses(batch_of(), phase)[loss])
            for parameter, a in zip(reference.networks[name].parameters(), along, strict=True):
                parameter.data += 1e-5 * a
            assert slope == pytest.approx((moved[0] - moved[1]) / 2e-5, rel=0.01), (loss, name)


@pytest.mark.parametrize("method", METHODS)
def test_what_networks_there_are_and_what_changes_them(method: str) -> None:
    """A network that no term needs is not there."""
    for options in OPTIONS.values():
        objective = objective_of(method, **options)
        heads = {"heads"} if objective.warmup_cross_entropy else set()
        joint = {"joint"} if objective.joint else set()
        always = {"encoder", "decoder", "prior", "discriminators", "learner"}
        networks = networks_of(objective)
        assert {*networks} == always | heads | joint
        layers = {"heads": 1, "discriminators": 3, "joint": 2}  # a head is linear, the others are as ``model`` says
        assert all(len(networks[name].weights) == layers[name] for name in heads | joint | {"discriminators"})
        assert len(networks["learner"].network.weights) == 2
        assert objective.phases == {
            WARMUP: {"loss": ("encoder", "decoder", *heads), "discrimination": ("discriminators",)},
            FULL: {
                "loss": ("encoder", "decoder"),
                "discrimination": ("discriminators", *joint),
                "relation": ("learner",),
            },
        }


@pytest.mark.parametrize("method", METHODS)
def test_rates_momenta_and_steps(method: str) -> None:
    objective = objective_of(method, **OPTIONS["all"], lr=0.1, discriminator_lr=0.2, learner_lr=0.3, beta1=0.4)
    assert objective.rates(WARMUP) == {"encoder": 0.1, "decoder": 0.1, "heads": 0.1, "discriminators": 0.2}
    rates = {"encoder": 0.1, "decoder": 0.1, "discriminators": 0.2, "joint": 0.2, "learner": 0.3}
    assert objective.rates(FULL) == rates
    assert [objective.momentum(loss) for loss in ("loss", "discrimination", "relation")] == [0.4, 0.4, 0.9]
    assert [objective.steps(phase, TRAINING) for phase in objective.phases] == [3, 5]


@pytest.mark.parametrize("method", METHODS)
def test_the_prior_is_estimated_at_the_start_of_the_full_stage_alone(method: str) -> None:
    """From the labelled images, all at once, with the batch norms frozen, and in the mode of training afterwards."""
    objective = objective_of(method)
    networks = networks_of(objective, batch_norm=True)
    for name, buffer in networks["encoder"].named_buffers():
        if "running" in name:
            buffer.copy_(torch.rand(buffer.shape, generator=stream(len(name))) + 0.5)
    networks.train()
    before = {name: tensor.clone() for name, tensor in networks.state_dict().items()}
    objective.begin(WARMUP, networks, GIVEN)
    assert all(torch.equal(tensor, before[name]) for name, tensor in networks.state_dict().items())
    objective.begin(FULL, networks, GIVEN)
    changed = {name for name, tensor in networks.state_dict().items() if not torch.equal(tensor, before[name])}
    assert {name.split(".")[0] for name in changed} == {"prior"}
    assert networks.training and networks["encoder"].training
    reference = Reference(objective, networks)
    for part, mixture in enumerate(reference.mixtures):
        for component, (middle, covariance) in mixture.items():
            prior = networks["prior"]
            factor = prior.factor[part, component]
            np.testing.assert_allclose(prior.mean[part, component], middle, rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(factor @ factor.T, covariance, rtol=1e-3, atol=1e-5)
        assert prior.known[part].nonzero()[:, 0].tolist() == sorted(mixture)
    assert objective.facts(networks) == {"unlabelled_values": sum(reference.values) - sum(map(len, reference.mixtures))}
    # Losses of either stage leave it.
    kept = {name: tensor.clone() for name, tensor in networks["prior"].state_dict().items()}
    for phase in (WARMUP, FULL):
        objective.losses(networks, batch_of(), phase)
    assert all(torch.equal(tensor, kept[name]) for name, tensor in networks["prior"].state_dict().items())


@pytest.mark.parametrize("method", METHODS)
def test_components_of_values_without_a_label_are_not_numbers(method: str) -> None:
    objective = objective_of(method)
    networks = networks_of(objective)
    objective.begin(FULL, networks, GIVEN)
    reference, found = Reference(objective, networks), objective.components(networks)
    assert len(found) == len(reference.parts)
    for (means, covariances), values, mixture in zip(found, reference.values, reference.mixtures, strict=True):
        assert means.shape == (values, DIM) and covariances.shape == (values, DIM, DIM)
        for value in range(values):
            if value in mixture:
                np.testing.assert_allclose(means[value], mixture[value][0], rtol=1e-4, atol=1e-5)
                np.testing.assert_allclose(covariances[value], mixture[value][1], rtol=1e-3, atol=1e-5)
            else:
                assert means[value].isnan().all() and covariances[value].isnan().all()


def test_cross_entropy_by_hand() -> None:
    """Two partitions, of three values and of two; in the second image the last value of the first is not allowed."""
    log = torch.tensor([[[1, 2, 1], [3, 1, 9]], [[1, 1, 2], [1, 7, 9]]]).double().log()
    component = torch.tensor([[0, 0], [2, 1]])
    found = cross_entropy(log, component, torch.tensor([[True] * 3, [True, True, False]]))
    expected = -(math.log(1 / 4) + math.log(2 / 4)) / 2 - (math.log(3 / 4) + math.log(7 / 8)) / 2
    assert float(found) == pytest.approx(expected, abs=1e-12)
    one = cross_entropy(log[:, :1, :2], torch.tensor([[1], [0]]), torch.ones(1, 2, dtype=torch.bool))
    assert float(one) == pytest.approx(-(math.log(2 / 3) + math.log(1 / 2)) / 2, abs=1e-12)


def test_cross_entropy_pulls_at_what_is_allowed_alone() -> None:
    logits = torch.randn(4, 2, 3, generator=stream(), dtype=torch.float64).requires_grad_()
    allowed = torch.tensor([[True, False, True], [True, True, False]])
    component = torch.tensor([[0, 1], [2, 0], [2, 1], [0, 0]])
    infinite = logits.masked_fill(~allowed, -math.inf)  # as densities that are not known are
    for given in (logits, infinite):
        (gradient,) = torch.autograd.grad(cross_entropy(given, component, allowed), logits)
        told = torch.zeros_like(gradient).scatter(2, component[..., None], 1.0)
        assert torch.equal(gradient == 0, ~allowed.expand_as(gradient))
        torch.testing.assert_close(gradient, (infinite.softmax(2).detach() - told) / 4)


# Relations.

MORE = (
    Relation("on", 0, (1, 2, 0)),
    Relation("bigger", 2, (1, 2, 3, 4, 4)),
    Relation("smaller", 2, (0, 0, 1, 2, 3)),
    Relation("swap", 1, (1, 0)),
)


def asked(parts: tuple[tuple[int, ...], ...]) -> tuple[MixturePrior, RelationalLearner]:
    return MixturePrior((3, 2, 5), parts, 2), RelationalLearner(nn.Identity(), MORE, parts, 8)


def test_targets_by_hand_where_each_factor_has_a_partition() -> None:
    start = torch.tensor([[2, 0, 3], [2, 0, 4], [2, 0, 0], [2, 0, 3], [2, 1, 3], [0, 1, 4]])
    found, target, changes = targets(*asked(((0,), (1,), (2,))), start, torch.tensor([0, 1, 2, 2, 3, 1]))
    assert found is start
    assert target.tolist() == [[0, 0, 3], [2, 0, 4], [2, 0, 0], [2, 0, 2], [2, 0, 3], [0, 1, 4]]
    assert changes.int().tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 1, 0], [0, 0, 1]]


def test_targets_by_hand_where_partitions_have_several_factors() -> None:
    """Component (a, b, c) of one partition is 10 a + 5 b + c; of a mixed one, (c, a) is 3 c + a."""
    start = torch.tensor([[20 + 0 + 3], [20 + 5 + 4], [0 + 5 + 1]])
    _, target, changes = targets(*asked(((0, 1, 2),)), start, torch.tensor([0, 1, 3]))
    assert target.tolist() == [[3], [29], [1]]
    assert changes.all()
    start = torch.tensor([[3 * 4 + 2, 1], [3 * 4 + 2, 1], [3 * 4 + 2, 1]])
    _, target, changes = targets(*asked(((2, 0), (1,))), start, torch.tensor([0, 2, 3]))
    assert target.tolist() == [[12, 1], [11, 1], [14, 0]]
    assert changes.int().tolist() == [[1, 0], [1, 0], [0, 1]]


def test_no_relation_of_a_value_without_a_label_is_learned() -> None:
    """Of two factors, "on" takes value 0 of the second to 1, which has no label; the unchanged partition counts."""
    for method in METHODS:
        objective = objective_of(method)
        networks = networks_of(objective)
        objective.begin(FULL, networks, GIVEN)
        before = objective.losses(networks, batch_of(), FULL)["relation"]
        unknown = ~networks["prior"].known
        networks["prior"].mean[unknown] = 1e9
        networks["prior"].factor[unknown] = 1e9
        assert torch.equal(objective.losses(networks, batch_of(), FULL)["relation"], before)


def drawn_edits(
    method: str, monkeypatch: pytest.MonkeyPatch, learned: Callable[..., Tensor] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Values of which codes are drawn, and told of what ``learned`` makes of them, (R, P, K)."""
    objective = objective_of(method, covariance=0.0001, ridge=1e-6)
    networks = networks_of(objective).eval()
    prior = networks["prior"]
    values = torch.tensor([*itertools.product(*map(range, SIZES))]).repeat(4, 1)
    number = prior.components(values)
    codes = torch.stack([5.0 * number, -3.0 * number, 0.0 * number], 2)
    prior.estimate(codes + 0.1 * torch.randn(codes.shape, generator=stream(1)), values, 0.1, 0.001)
    if learned:
        monkeypatch.setattr(type(objective), "_learned", lambda self, networks, z, asked: learned(prior, z, asked))
    with torch.inference_mode():
        found = edits.of_prior(objective, networks, RELATIONS, CPU)
    assert {*found} == {"prior_start", "prior_told"}
    start, told = found["prior_start"], found["prior_told"]
    assert start.shape == told.shape == (len(RELATIONS), edits.DRAWN, len(SIZES))
    assert start.dtype == told.dtype == np.int64
    return start, told


def wanted_of(start: np.ndarray) -> np.ndarray:
    wanted = start.copy()
    for k, relation in enumerate(RELATIONS):
        wanted[k, :, relation.factor] = np.array(relation.target)[start[k, :, relation.factor]]
    return wanted


@pytest.mark.parametrize("method", METHODS)
def test_a_learner_that_returns_the_targets_mean_is_always_right(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def oracle(prior: MixturePrior, z: Tensor, number: Tensor) -> Tensor:
        relations = RelationalLearner(nn.Identity(), RELATIONS, prior.parts, 0)
        start = prior.log_density(z).argmax(-1)
        _, target, changes = targets(prior, relations, start, number)
        found = z.clone()
        for i, p in changes.nonzero().tolist():
            found[i, p] = prior.mean[p, target[i, p]]
        return found

    start, told = drawn_edits(method, monkeypatch, oracle)
    np.testing.assert_array_equal(told, wanted_of(start))
    # Every value of every factor is drawn, anew for each relation.
    for k in range(len(RELATIONS)):
        assert {*map(tuple, start[k].tolist())} == {*itertools.product(*map(range, SIZES))}
    assert not np.array_equal(start[0], start[1])


@pytest.mark.parametrize("method", METHODS)
def test_a_learner_that_changes_nothing_is_right_where_nothing_is_to_change(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, told = drawn_edits(method, monkeypatch, lambda prior, z, number: z)
    np.testing.assert_array_equal(told, start)
    right = (told == wanted_of(start)).all(2).mean(1)
    # "up" keeps 1 of two values, "on" none, "swap" 0 of three.
    assert right[1] == 0
    sd = math.sqrt(0.25 / edits.DRAWN)
    assert right[0] == pytest.approx(1 / 2, abs=4 * sd) and right[2] == pytest.approx(1 / 3, abs=4 * sd)
    again = drawn_edits(method, monkeypatch, lambda prior, z, number: z)
    np.testing.assert_array_equal(again[0], start)


@pytest.mark.parametrize("method", METHODS)
def test_edits_are_what_the_learner_is_scored_on(method: str) -> None:
    """The number of the relation is told, and the code leaves as it came: in one row, not standardised."""
    objective = objective_of(method)
    networks = networks_of(objective).eval()
    objective.begin(FULL, networks, GIVEN)
    reference = Reference(objective, networks)
    z = torch.randn(3, len(reference.parts) * DIM, generator=stream(2))
    for k in range(len(RELATIONS)):
        edited = objective.edited(networks, z, k)
        assert edited is not None and edited.shape == z.shape
        for row, found in zip(z.numpy().reshape(3, -1, DIM), edited.detach().numpy(), strict=True):
            given = np.concatenate([((row - reference.centre) / reference.spread).ravel(), np.eye(len(RELATIONS))[k]])
            expected = reference.perceptron("learner", 0, given, "relu").reshape(-1, DIM)
            expected = (expected * reference.spread + reference.centre).ravel()
            np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_some_losses_in_a_batch_of_other_numbers() -> None:
    """More labelled images than others, and one of each: sizes are nowhere taken for others'."""
    for method, (count, labelled) in itertools.product(METHODS, ((1, 1), (2, 4))):
        objective = objective_of(method, **OPTIONS["all"])
        networks = networks_of(objective)
        objective.begin(FULL, networks, GIVEN)
        batch = batch_of()
        fewer = replace(batch, x=batch.x[:count], labelled=batch.labelled[:labelled], values=batch.values[:labelled])
        assert all(value.isfinite() and value.ndim == 0 for value in objective.losses(networks, fewer, FULL).values())
