"""Weakly supervised baselines: losses against loops over images and dimensions, and what codes tell and become."""

import copy
import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from disentangle import registry
from disentangle.data.relations import relations_of
from disentangle.errors import InputError
from disentangle.losses.weak_batch import Setting, WeakBatch, WeaklySupervised
from disentangle.methods import ada_gvae
from disentangle.training.phase_step import placed

SIDE, LATENT, IMAGES, LAM = 8, 5, 20, 3.0
SIZES = {"shape": 3, "hue": 4}
RELATIONS = relations_of(
    {
        "jump": {"factor": "shape", "to": [2, 0, 1]},
        "more": {"factor": "hue", "step": 1, "ends": "saturating"},
        "return": {"factor": "hue", "step": -1, "ends": "cyclic"},
    },
    SIZES,
)
EDITS = ["few_labels", "zerodim"]


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def made(method: str, **options: Any) -> tuple[WeaklySupervised, nn.ModuleDict]:
    """A method and its networks, of weights large enough for every term to matter."""
    objective: WeaklySupervised = registry.build(
        "methods", method, registry.check_options("methods", method, options, method)
    )
    model = {"latent": LATENT, "widths": [4, 4], "hidden": 6, "batch_norm": False}
    setting = Setting(SIDE, 2, tuple(SIZES.values()), IMAGES, RELATIONS, model, {"steps": 10})
    networks = placed(objective.networks(setting, stream()), torch.device("cpu"))
    with torch.no_grad():
        for weight in networks.parameters():
            weight.mul_(3.0)
    return objective, networks


def batch(partners: bool = False) -> WeakBatch:
    """Four images without labels, three labelled ones, of which one row is in both, and perhaps four partners."""
    random = stream(1)
    x, labelled, partner = (torch.rand(count, 2, SIDE, SIDE, generator=random) for count in (4, 3, 4))
    values = torch.tensor([[2, 0], [1, 3], [2, 1]])
    row, labelled_row = torch.tensor([4, 9, 0, 17]), torch.tensor([3, 9, 12])
    generators = {name: stream(2) for name in ("noise", "prior", "relation")}
    partner = partner if partners else partner[:0]
    return WeakBatch(x, row, labelled, labelled_row, values, partner, LAM, generators)


def exact(networks: nn.ModuleDict) -> nn.ModuleDict:
    return copy.deepcopy(networks).double()


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=stream(2)).double()


def alone(network: nn.Module, x: Tensor) -> Tensor:
    found: Tensor = network(x.double()[None])[0].detach()
    return found


def bernoulli(logits: Tensor, x: Tensor) -> float:
    """-log p(x) summed over pixels, one pixel at a time."""
    total = 0.0
    for logit, pixel in zip(logits.flatten().tolist(), x.flatten().tolist(), strict=True):
        p = 1 / (1 + math.exp(-logit))
        total -= pixel * math.log(p) + (1 - pixel) * math.log(1 - p)
    return total


def divergence(mean: list[float], logvar: list[float]) -> float:
    """KL of a diagonal normal from the standard one, by hand."""
    return sum(0.5 * (m * m + math.exp(v) - v - 1) for m, v in zip(mean, logvar, strict=True))


def logit(p: float) -> float:
    return math.log(p / (1 - p))


def gradients(loss: Tensor, networks: nn.ModuleDict) -> dict[str, float]:
    """The size of a loss's gradient in each network that has weights."""
    weights = {name: [*network.parameters()] for name, network in networks.items()}
    found = {}
    for name, own in weights.items():
        if own:
            grads = torch.autograd.grad(loss, own, retain_graph=True, allow_unused=True)
            found[name] = sum(float(grad.abs().sum()) for grad in grads if grad is not None)
    return found


def test_few_labels_is_its_formula() -> None:
    objective, networks = made("few_labels", gamma=7.0)
    given, known, eps = batch(), exact(networks), noise(4, LATENT)
    rebuilt = kl = cross = 0.0
    for i in range(4):
        q = alone(known["encoder"], given.x[i])
        mean, logvar = q[:LATENT], q[LATENT:]
        z = mean + (logvar / 2).exp() * eps[i]
        rebuilt += bernoulli(alone(known["decoder"], z), given.x[i]) / 4
        kl += divergence(mean.tolist(), logvar.tolist()) / 4
    for j in range(3):
        mean = alone(known["encoder"], given.labelled[j])
        for k, size in enumerate(SIZES.values()):
            label, p = int(given.values[j, k]) / size, float(mean[k].sigmoid())
            cross -= (label * math.log(p) + (1 - label) * math.log(1 - p)) / 3
    found = {name: value.item() for name, value in objective.losses(networks, given, "joint").items()}
    assert found["reconstruction"] == pytest.approx(rebuilt, rel=1e-5)
    assert found["divergence"] == pytest.approx(kl, rel=1e-5)
    assert found["cross_entropy"] == pytest.approx(cross, rel=1e-5)
    assert found["loss"] == pytest.approx(rebuilt + LAM * kl + 7.0 * cross, rel=1e-5)


def test_labels_reach_the_means_of_the_first_dimensions_alone() -> None:
    objective, networks = made("few_labels")
    terms = objective.losses(networks, batch(), "joint")
    assert gradients(terms["cross_entropy"], networks)["decoder"] == 0
    assert min(gradients(terms["loss"], networks).values()) > 0
    last: Any = networks["encoder"][-1]
    reached = torch.autograd.grad(terms["cross_entropy"], last.bias)[0] != 0
    assert reached.tolist() == [True, True, *[False] * (2 * LATENT - 2)]


def test_few_labels_needs_a_dimension_a_factor() -> None:
    objective, _ = made("few_labels")
    setting = Setting(
        SIDE, 1, (3, 3, 3), IMAGES, (), {"latent": 2, "widths": [4], "hidden": 4, "batch_norm": False}, {}
    )
    with pytest.raises(InputError, match=r"model\.latent: found 2; allowed: at least 3, one for each factor told"):
        objective.networks(setting, stream())


def test_few_labels_tells_the_nearest_label() -> None:
    """Of 3 values the labels are 0, 1/3 and 2/3, so sigmoids of 1/6 and 1/2 are their borders; of 4, 1/8, 3/8, 5/8."""
    objective, networks = made("few_labels")
    sigmoids = torch.tensor([[0.001, 0.001], [0.16, 0.12], [0.17, 0.13], [0.49, 0.62], [0.51, 0.63], [0.999, 0.999]])
    z = torch.cat([sigmoids.logit(), torch.ones(6, LATENT - 2)], 1)
    assert objective.told(networks, z).tolist() == [[0, 0], [0, 0], [1, 1], [1, 2], [2, 3], [2, 3]]


def test_few_labels_edits_to_the_logit_of_a_label() -> None:
    objective, networks = made("few_labels")
    z = torch.arange(LATENT).float()[None] + 2.0  # values 2 and 3
    for number, place, wanted in ((0, 0, logit(1 / 3)), (1, 1, logit(3 / 4)), (2, 1, logit(2 / 4))):
        expected = z.clone()
        expected[0, place] = wanted
        torch.testing.assert_close(objective.edited(networks, z, number), expected)
    z[0, 0] = -0.1  # value 1, which becomes 0, whose label has no logit: a quarter of a step stands for it
    edited = objective.edited(networks, z, 0)
    assert edited is not None and float(edited[0, 0]) == pytest.approx(logit(0.25 / 3), rel=1e-5)


def pair() -> tuple[Tensor, Tensor]:
    """One pair of codes: deltas (0, 0.318, 1, 0.125), which the other way round are (0, 0.807, 1, 0.125)."""
    mean = torch.tensor([[[1.0, 0.0, 0.0, 2.0]], [[1.0, 0.0, math.sqrt(2), 2.5]]])
    logvar = torch.tensor([[[0.0, 0.0, 0.0, 0.0]], [[0.0, math.log(4), 0.0, 0.0]]])
    return mean, logvar


def test_pairs_share_what_differs_less_than_the_middle_of_smallest_and_largest() -> None:
    mean, logvar = pair()
    same = ada_gvae.shared(mean, logvar)
    assert same.tolist() == [[True, True, False, True]]
    # The divergence is that of the first from the second: the other is above the middle, 0.5, in dimension 1.
    assert ada_gvae.shared(mean.flip(0), logvar.flip(0)).tolist() == [[True, False, False, True]]
    new_mean, new_logvar = ada_gvae.averaged(mean, logvar, same)
    torch.testing.assert_close(new_mean, torch.tensor([[[1, 0, 0, 2.25]], [[1, 0, math.sqrt(2), 2.25]]]))
    torch.testing.assert_close(new_logvar.exp(), torch.tensor([[[1, 2.5, 1, 1]], [[1, 2.5, 1, 1]]]))


def test_the_middle_is_each_pairs_own_and_is_not_shared() -> None:
    mean = torch.zeros(2, 2, 3)
    mean[1] = torch.tensor([[0.0, 2.0, math.sqrt(2)], [10.0, 2.0, 0.0]])  # deltas 0, 2, 1 and 50, 2, 0
    assert ada_gvae.shared(mean, torch.zeros(2, 2, 3)).tolist() == [[True, False, False], [False, True, True]]


def test_ada_gvae_is_its_formula() -> None:
    objective, networks = made("ada_gvae")
    given, known, eps = batch(partners=True), exact(networks), noise(8, LATENT)
    rebuilt = kl = shares = 0.0
    for i in range(4):
        both = [alone(known["encoder"], images[i]) for images in (given.x, given.partner)]
        mean, logvar = [q[:LATENT].tolist() for q in both], [q[LATENT:].tolist() for q in both]
        delta = []
        for d in range(LATENT):
            first, second = math.exp(logvar[0][d]), math.exp(logvar[1][d])
            apart = (mean[0][d] - mean[1][d]) ** 2
            delta.append(0.5 * (first / second + apart / second - 1 + math.log(second / first)))
        for d in range(LATENT):
            if delta[d] < (max(delta) + min(delta)) / 2:
                shares += 1 / (4 * LATENT)
                middle = (mean[0][d] + mean[1][d]) / 2
                spread = math.log((math.exp(logvar[0][d]) + math.exp(logvar[1][d])) / 2)
                for own in range(2):
                    mean[own][d], logvar[own][d] = middle, spread
        for own, x in enumerate((given.x[i], given.partner[i])):
            code = torch.tensor(mean[own], dtype=torch.float64)
            for d in range(LATENT):
                code[d] += math.exp(logvar[own][d] / 2) * eps[4 * own + i, d]
            rebuilt += bernoulli(alone(known["decoder"], code), x) / 8
            kl += divergence(mean[own], logvar[own]) / 8
    found = objective.losses(networks, given, "joint")
    assert 0 < shares < 1 and found["shared"].item() == pytest.approx(shares)
    assert found["reconstruction"].item() == pytest.approx(rebuilt, rel=1e-5)
    assert found["divergence"].item() == pytest.approx(kl, rel=1e-5)
    assert found["loss"].item() == pytest.approx(rebuilt + LAM * kl, rel=1e-5)
    assert min(gradients(found["loss"], networks).values()) > 0


def test_ada_gvae_asks_for_partners_and_uses_no_label() -> None:
    for changed in (0, 1):
        objective, networks = made("ada_gvae", changed=changed)
        assert objective.changed == changed
        given = batch(partners=True)
        others = replace(given, labelled=1 - given.labelled, values=0 * given.values, generators={"noise": stream(2)})
        found = [objective.losses(networks, one, "joint")["loss"] for one in (given, others)]
        assert torch.equal(*found)
    assert made("few_labels")[0].changed is None


class Pixels(nn.Module):
    """An encoder whose means are the first pixels."""

    def forward(self, x: Tensor) -> Tensor:
        mean = x.flatten(1)[:, :LATENT]
        return torch.cat([mean, torch.full_like(mean, 9.0)], 1)


def test_labelled_images_tell_ada_gvae_what_codes_mean() -> None:
    """Hue is dimension 3 plus the shape, which is dimension 1: no dimension tells it alone. One value has no label."""
    objective, networks = made("ada_gvae")
    networks["encoder"] = Pixels()
    shape, hue = (part.flatten() for part in torch.meshgrid(torch.arange(3), torch.arange(3), indexing="ij"))
    values = torch.stack([shape, hue], 1).repeat(6, 1)
    x = 0.05 * torch.randn(len(values), 2, SIDE, SIDE, generator=stream())
    x[:, 0, 0, 1] += values[:, 0]
    x[:, 0, 0, 3] += values[:, 1] - values[:, 0]
    objective.finish(networks, [(x[:20], values[:20]), (x[20:], values[20:])])
    z = objective.codes(networks, x)
    assert torch.equal(z, x.flatten(1)[:, :LATENT])
    assert torch.equal(objective.told(networks, z), values)
    normals: Any = networks["normals"]
    covariance = torch.cov(z[values[:, 1] == 2].T)
    found = normals.factor[1, 2] @ normals.factor[1, 2].T - covariance
    assert found.abs().max() < 0.002 and found.diagonal().min() > 0  # the ridge
    assert normals.known.tolist() == [[True, True, True, False]] * 2
    assert objective.edited(networks, z, 0) is None and objective.components(networks) == []


def reference(networks: nn.ModuleDict, given: WeakBatch) -> dict[str, float]:
    """The terms of ZeroDIM's first phase, an image, a factor and a value at a time."""
    known, eps, sizes = exact(networks), noise(7, 7), [*SIZES.values()]
    table, residuals = known["embeddings"].weight.detach()[:, 0], known["residuals"].weight.detach()
    names = "reconstruction", "decay", "labelled_reconstruction", "labelled_decay", "entropy", "classification"
    terms = dict.fromkeys(names, 0.0)
    pixels = 2 * SIDE * SIDE
    for i in range(7):
        told, own = i >= 4, i - 4
        x, row = (given.labelled[own], given.labelled_row[own]) if told else (given.x[i], given.row[i])
        logits, scalars, start = alone(known["classifier"], x).tolist(), [], 0
        for k, size in enumerate(sizes):
            weights = [math.exp(logit) for logit in logits[start : start + size]]
            p = [weight / sum(weights) for weight in weights]
            if told:
                value = int(given.values[own, k])
                terms["classification"] -= math.log(p[value]) / 3
                scalars.append(float(table[start + value]))
            else:
                terms["entropy"] -= sum(q * math.log(q) for q in p) / (4 * len(sizes))
                scalars.append(sum(q * float(table[start + v]) for v, q in enumerate(p)))
            start += size
        residual = residuals[row]
        code = torch.cat([torch.tensor(scalars, dtype=torch.float64), residual + eps[i]])
        share = 1 / 3 if told else 1 / 4
        prefix = "labelled_" if told else ""
        terms[f"{prefix}reconstruction"] += share * bernoulli(alone(known["decoder"], code), x) / pixels
        terms[f"{prefix}decay"] += share * sum(r * r for r in residual.tolist()) / 7
    return terms


def test_zerodim_is_its_formula() -> None:
    weights = {"decay": 0.3, "entropy": 0.7, "classification": 0.2, "supervised": 5.0}
    objective, networks = made("zerodim", **weights)
    expected = reference(networks, batch())
    found = {name: value.item() for name, value in objective.losses(networks, batch(), "latent").items()}
    assert found.pop("loss") == pytest.approx(
        expected["reconstruction"]
        + 0.3 * expected["decay"]
        + 0.7 * expected["entropy"]
        + 5
        * (expected["labelled_reconstruction"] + 0.3 * expected["labelled_decay"] + 0.2 * expected["classification"]),
        rel=1e-5,
    )
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("weights", "added"),
    [
        ({"decay": 100.0}, {"decay": 100.0}),
        ({"entropy": 2.0}, {"entropy": 2.0}),
        ({"supervised": 3.0}, {"labelled_reconstruction": 3.0}),
        ({"supervised": 3.0, "classification": 2.0}, {"labelled_reconstruction": 3.0, "classification": 6.0}),
        ({"classification": 2.0}, {}),
    ],
)
def test_each_weight_of_zerodim_alone(weights: dict[str, float], added: dict[str, float]) -> None:
    nothing = dict.fromkeys(("decay", "entropy", "classification", "supervised"), 0.0)
    objective, networks = made("zerodim", **nothing | weights)
    found = objective.losses(networks, batch(), "latent")
    expected = found["reconstruction"] + sum(weight * found[name] for name, weight in added.items())
    torch.testing.assert_close(found["loss"], expected)
    assert all(found[name].item() > 0.001 for name in added)


def test_what_each_term_of_zerodim_changes() -> None:
    objective, networks = made("zerodim")
    terms = objective.losses(networks, batch(), "latent")
    reached = {
        name: {network for network, size in gradients(term, networks).items() if size} for name, term in terms.items()
    }
    assert reached["loss"] == {"classifier", "embeddings", "residuals", "decoder"}
    assert reached["reconstruction"] == {"classifier", "residuals", "decoder"}  # embeddings are held fast in the mean
    assert reached["labelled_reconstruction"] == {"embeddings", "residuals", "decoder"}
    assert reached["entropy"] == reached["classification"] == {"classifier"}
    assert reached["decay"] == reached["labelled_decay"] == {"residuals"}
    table: Any = networks["embeddings"]
    own = torch.autograd.grad(terms["labelled_reconstruction"], table.weight, retain_graph=True)[0][:, 0] != 0
    assert own.tolist() == [False, True, True, True, True, False, True]  # shapes 1 and 2; hues 0, 1 and 3
    residuals: Any = networks["residuals"]
    rows = torch.autograd.grad(terms["loss"], residuals.weight)[0].abs().sum(1).nonzero()[:, 0]
    assert rows.tolist() == [0, 3, 4, 9, 12, 17]


def test_zerodim_regresses_its_encoder_to_the_table_then_tunes_it_with_the_decoder() -> None:
    objective, networks = made("zerodim")
    given, known = batch(), exact(networks)
    residuals: Any = known["residuals"]
    regression = error = 0.0
    for i in range(4):
        apart = alone(known["encoder"], given.x[i]) - residuals.weight.detach()[given.row[i]]
        regression += float(apart.square().mean()) / 4
        logits = alone(known["decoder"], objective.codes(known, given.x[i].double()[None])[0])
        error += bernoulli(logits, given.x[i]) / (4 * 2 * SIDE * SIDE)
    amortized = objective.losses(networks, given, "amortized")["loss"]
    assert amortized.item() == pytest.approx(regression, rel=1e-5)
    assert {name for name, size in gradients(amortized, networks).items() if size} == {"encoder"}
    tuned = objective.losses(networks, given, "tuned")
    assert tuned["loss"].item() == pytest.approx(error + 10 * regression, rel=1e-4)
    assert {name for name, size in gradients(tuned["loss"], networks).items() if size} == {"encoder", "decoder"}


def test_phases_of_zerodim() -> None:
    objective, networks = made("zerodim", amortized=0.25)
    assert [objective.steps(phase, {"steps": 10}) for phase in objective.phases] == [10, 2, 2]
    latent = {"classifier": 1e-4, "embeddings": 1e-2, "residuals": 1e-2, "decoder": 1e-3}
    rates = [latent, {"encoder": 1e-3}, {"encoder": 1e-4, "decoder": 1e-4}]
    assert [objective.rates(phase) for phase in objective.phases] == rates
    for phase, trained in objective.phases.items():
        assert {*objective.rates(phase)} == {*trained["loss"]} <= {*networks}


def embedded(networks: nn.ModuleDict) -> None:
    """Embeddings that are in no order: of shapes 0, 2, -1, of hues 1, -3, 0.5, 4."""
    table: Any = networks["embeddings"]
    with torch.no_grad():
        table.weight.copy_(torch.tensor([0.0, 2.0, -1.0, 1.0, -3.0, 0.5, 4.0])[:, None])


def test_zerodim_tells_the_nearest_embedding_and_edits_to_the_targets() -> None:
    objective, networks = made("zerodim")
    embedded(networks)
    scalars = torch.tensor([[0.3, 0.8], [1.1, -0.9], [-0.6, 0.7], [9.0, 2.6]])
    z = torch.cat([scalars, torch.arange(28).reshape(4, 7)], 1)
    assert objective.told(networks, z).tolist() == [[0, 0], [1, 2], [2, 2], [1, 3]]
    assert torch.equal(objective.scored(networks, z), scalars)
    for number, place, wanted in ((0, 0, [-1, 0, 2, 0]), (1, 1, [-3, 4, 4, 4]), (2, 1, [4, -3, -3, 0.5])):
        expected = z.clone()
        expected[:, place] = torch.tensor(wanted)
        assert torch.equal(objective.edited(networks, z, number), expected)


def test_a_code_of_zerodim_is_what_the_classifier_expects_and_what_the_encoder_makes() -> None:
    objective, networks = made("zerodim")
    x = batch().x
    z = objective.codes(networks, x)
    classifier: Any = networks["classifier"]
    p = [own.softmax(1) for own in classifier.split(classifier(x))]
    table: Any = networks["embeddings"]
    torch.testing.assert_close(z[:, 0], p[0] @ table.weight[:3, 0])
    torch.testing.assert_close(z[:, 1], p[1] @ table.weight[3:, 0])
    torch.testing.assert_close(z[:, 2:], networks["encoder"](x))
    torch.testing.assert_close(objective.decoded(networks, z), networks["decoder"](z).sigmoid())


@pytest.mark.parametrize("method", EDITS)
def test_what_is_edited_tells_the_target_and_all_else_as_it_was(method: str) -> None:
    objective, networks = made(method)
    if method == "zerodim":
        embedded(networks)
    z = 3 * torch.randn(200, LATENT if method == "few_labels" else 9, generator=stream(5))
    told = objective.told(networks, z)
    assert {*told[:, 0].tolist()} == {0, 1, 2} and {*told[:, 1].tolist()} == {0, 1, 2, 3}
    before = z.clone()
    for number, relation in enumerate(RELATIONS):
        edited = objective.edited(networks, z, number)
        assert edited is not None
        wanted = told.clone()
        wanted[:, relation.factor] = torch.tensor(relation.target)[told[:, relation.factor]]
        assert torch.equal(objective.told(networks, edited), wanted)
        kept = torch.arange(z.shape[1]) != relation.factor
        assert torch.equal(edited[:, kept], z[:, kept])
    assert torch.equal(z, before)
