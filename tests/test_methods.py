"""Every method against loops over single elements, the contract that each method file meets, and known answers."""

import functools
import itertools
import math
import operator
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from disentangle import registry
from disentangle.losses.contrastive import unit
from disentangle.losses.embeddings import Embeddings

DIM = 4
SEED = 5


def variants() -> list[Any]:
    """Every contrastive method file with every combination of its Literal options."""
    found = []
    for name in (
        name for name in registry.names("methods") if registry.constant("methods", name, "FAMILY") == "contrastive"
    ):
        known = {key: option.choices for key, option in registry.options("methods", name).items() if option.choices}
        for values in itertools.product(*known.values()):
            options = dict(zip(known, values, strict=True))
            found.append(pytest.param(name, options, id="-".join(map(str, (name, *values)))))
    return found


def build(name: str, **options: Any) -> Any:
    return registry.build("methods", name, registry.check_options("methods", name, options, "test"))


def labelled(first: Tensor, second: Tensor, held: tuple[str, str] = ("DC", "BC")) -> dict[str, Tensor]:
    return {held[0]: first, held[1]: second, "joint": 10 * first + second}


def random_batch(
    heads: int, *, samples: int = 6, seed: int = 0, temperature: float = 0.3, held: tuple[str, str] = ("DC", "BC")
) -> Embeddings:
    """A float64 batch whose z are linear maps of r, as a projection head would make them."""
    generator = torch.Generator().manual_seed(seed)
    r = torch.randn(samples, 2, 2 * DIM, generator=generator, dtype=torch.float64)
    first, second = torch.randint(2, (2, samples), generator=generator)
    labels = labelled(first, second, held)
    return embed(r.requires_grad_(), heads, labels, held, temperature)


def embed(r: Tensor, heads: int, labels: dict[str, Tensor], held: tuple[str, str], temperature: float) -> Embeddings:
    generator = torch.Generator().manual_seed(11)
    weights = torch.randn(2, 2 * DIM, 2 * DIM, generator=generator, dtype=torch.float64).to(r.dtype)
    parts = r.chunk(heads or 1, dim=-1)
    size = parts[0].shape[-1]
    z = tuple(unit(parts[k] @ weights[k, :size, :size]) for k in range(heads))
    return Embeddings(r, z, labels, held, temperature, torch.Generator().manual_seed(SEED))


def add(terms: Iterable[Tensor]) -> Tensor:
    return functools.reduce(operator.add, terms)


def again(batch: Embeddings) -> Embeddings:
    """The batch with its random stream wound back."""
    return replace(batch, generator=torch.Generator().manual_seed(SEED))


def total(terms: dict[str, Tensor], lam: float) -> Tensor:
    """Burns 2021, Eq. 3."""
    return add((lam if name == "regularizer" else 1) * term for name, term in terms.items())


def regularizer(method: Any, batch: Embeddings) -> float:
    return float(method.terms(batch)["regularizer"].detach())


# References: one number at a time, over views numbered (sample i, view v).


def views(z: Tensor) -> list[Tensor]:
    return [z[i, v] for i in range(len(z)) for v in range(2)]


def naive_anchor(z: list[Tensor], labels: list[int], i: int, tau: float) -> Tensor:
    """Anchor i's own term of InfoMax."""
    denominator = add(torch.exp(z[i] @ z[a] / tau) for a in range(len(z)) if a != i)
    positives = [p for p in range(len(z)) if p != i and labels[p] == labels[i]]
    return -add(torch.log(torch.exp(z[i] @ z[p] / tau) / denominator) for p in positives) / len(positives)


def naive_infomax(z: Tensor, labels: Tensor, tau: float) -> Tensor:
    twice = [int(label) for label in labels for _ in range(2)]
    return add(naive_anchor(views(z), twice, i, tau) for i in range(len(twice))) / len(twice)


def naive_infomin(batch: Embeddings, negatives: str) -> Tensor:
    samples, tau, ratios = len(batch.r), batch.temperature, []
    for k, other in ((0, 1), (1, 0)):
        z, z_other = batch.z[k], batch.z[other]
        for v in range(2):
            for i in range(samples):
                if negatives == "same_head":
                    denominator = add(torch.exp(z[i, v] @ z[a, v] / tau) for a in range(samples) if a != i)
                else:
                    denominator = add(torch.exp(z[i, v] @ z_other[a, v] / tau) for a in range(samples))
                ratios.append(torch.log(torch.exp(z[i, v] @ z_other[i, v] / tau) / denominator))
    return add(ratios) / samples / 2


def naive_cosines(first: Tensor, second: Tensor, pairs: str) -> Tensor:
    """Mean of |cos| of one ordered pair of subembeddings."""
    found = []
    for i, v in itertools.product(range(len(first)), range(2)):
        for j, w in itertools.product(range(len(first)) if pairs == "all" else [i], range(2)):
            a, b = first[i, v], second[j, w]
            found.append(add(a[e] * b[e] for e in range(DIM)).abs() / (a.norm() * b.norm()))
    return add(found) / len(found)


def naive_p_ortho(batch: Embeddings, pairs: str, permutation: str) -> Tensor:
    generator = torch.Generator().manual_seed(SEED)
    shape = (DIM,) if permutation == "shared" else batch.z[0].shape
    order = torch.rand(shape, generator=generator).argsort(-1).expand(batch.z[0].shape)
    cosines = []
    for k, other in ((0, 1), (1, 0)):
        permuted = batch.z[k].clone()
        for i, v, e in itertools.product(range(len(permuted)), range(2), range(DIM)):
            permuted[i, v, e] = batch.z[k][i, v, order[i, v, e]]
        cosines.append(naive_cosines(permuted, batch.z[other], pairs))
    return add(cosines)


def naive_hessian(batch: Embeddings, gradient: str, covariance: str) -> Tensor:
    """Eq. 8 with the off-diagonal block written out, its gradients by autograd."""
    z = torch.stack(views(batch.z[0].detach())).requires_grad_()
    labels = [int(label) for label in batch.labels["joint"] for _ in range(2)]
    terms = [naive_anchor(list(z), labels, i, batch.temperature) for i in range(len(z))]
    if gradient == "own_term":
        g = [torch.autograd.grad(term, z, retain_graph=True)[0][i] for i, term in enumerate(terms)]
    else:
        g = list(torch.autograd.grad(add(terms), z)[0])
    blocks = torch.zeros(len(z), DIM, DIM, dtype=torch.float64)
    for n, i, j in itertools.product(range(len(z)), range(DIM), range(DIM)):
        blocks[n, i, j] = g[n][i] * g[n][DIM + j]
    if covariance == "batch":
        return blocks.mean(0).square().sum().sqrt()
    return blocks.square().sum((1, 2)).sqrt().mean()


def halves_of(batch: Embeddings) -> list[Tensor]:
    return [batch.z[0][..., :DIM], batch.z[0][..., DIM:]]


def naive_halves_suffice(batch: Embeddings, hessian: float) -> Tensor:
    joint, tau = batch.labels["joint"], batch.temperature
    whole = naive_infomax(batch.z[0], joint, tau)
    losses = [naive_infomax(half / half.norm(dim=-1, keepdim=True), joint, tau) for half in halves_of(batch)]
    shortfall = add(loss - whole if loss > whole else torch.zeros_like(whole) for loss in losses)
    return shortfall + hessian * naive_hessian(batch, "own_term", "per_sample")


def naive(name: str, options: dict[str, Any], batch: Embeddings) -> dict[str, Tensor]:
    joint, tau = batch.labels["joint"], batch.temperature
    if name == "supervised":
        halves = [batch.r[..., :DIM], batch.r[..., DIM:]]
        return {
            f"infomax_{k}": naive_infomax(half / half.norm(dim=-1, keepdim=True), batch.labels[factor], tau)
            for k, (half, factor) in enumerate(zip(halves, batch.held, strict=True))
        }
    terms = {f"infomax_{k}": naive_infomax(z, joint, tau) for k, z in enumerate(batch.z)}
    match name:
        case "infomin":
            terms["regularizer"] = naive_infomin(batch, **options)
        case "ortho":
            terms["regularizer"] = add(naive_cosines(a, b, **options) for a, b in (batch.z, batch.z[::-1]))
        case "p_ortho":
            terms["regularizer"] = naive_p_ortho(batch, **options)
        case "hessian":
            terms["regularizer"] = naive_hessian(batch, **options)
        case "hessian_ortho":
            cosines = add(naive_cosines(a, b, "matched") for a, b in (halves_of(batch), halves_of(batch)[::-1]))
            terms["regularizer"] = naive_hessian(batch, "own_term", "per_sample") + options.get("ortho", 1.0) * cosines
        case "halves_suffice":
            terms["regularizer"] = naive_halves_suffice(batch, options.get("hessian", 0.0))
    return terms


BURNS = ["infomax", "supervised", "infomin", "ortho", "p_ortho", "hessian", "hessian_ortho", "halves_suffice"]
WEIGHTED = [
    pytest.param("hessian_ortho", {"ortho": 0.3}, id="hessian_ortho-0.3"),
    pytest.param("halves_suffice", {"hessian": 0.7}, id="halves_suffice-0.7"),
]
"""Options that are numbers, away from their defaults."""


@pytest.mark.parametrize(("name", "options"), [*(v for v in variants() if v.values[0] in BURNS), *WEIGHTED])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_terms_and_total_equal_loops(name: str, options: dict[str, Any], seed: int) -> None:
    method = build(name, **options)
    batch = random_batch(method.heads, samples=3 + seed, seed=seed)
    found, expected = method.terms(batch), naive(name, options, batch)
    assert list(found) == list(expected)
    for term in expected:
        torch.testing.assert_close(found[term], expected[term], rtol=0, atol=1e-10)
    for lam in (0.37, 2.5):
        torch.testing.assert_close(total(found, lam), total(expected, lam), rtol=0, atol=1e-10)


# The contract of every contrastive file in methods/.


@pytest.mark.parametrize(("name", "options"), variants())
def test_terms_are_finite_scalars_whose_gradient_reaches_r(name: str, options: dict[str, Any]) -> None:
    method = build(name, **options)
    batch = random_batch(method.heads)
    terms = method.terms(batch)
    assert [term for term in terms if term != "regularizer"] in (["infomax_0"], ["infomax_0", "infomax_1"])
    assert registry.constant("methods", name, "REGULARIZED") is ("regularizer" in terms)
    for term in terms.values():
        assert term.shape == ()
        assert torch.isfinite(term)
        (gradient,) = torch.autograd.grad(term, batch.r, retain_graph=True)
        assert torch.isfinite(gradient).all()
        assert (gradient != 0).any(-1).all()


@pytest.mark.parametrize(("name", "options"), variants())
def test_derivatives_equal_finite_differences(name: str, options: dict[str, Any]) -> None:
    method = build(name, **options)
    batch = random_batch(method.heads, samples=3)

    def terms(r: Tensor) -> tuple[Tensor, ...]:
        return tuple(method.terms(embed(r, method.heads, batch.labels, batch.held, 0.5)).values())

    assert torch.autograd.gradcheck(terms, batch.r)


@pytest.mark.parametrize(
    ("name", "options"),
    [v for v in variants() if v.values[1].get("permutation") != "per_sample"],  # that draws one for each place
)
def test_order_of_the_batch_is_irrelevant(name: str, options: dict[str, Any]) -> None:
    method = build(name, **options)
    batch = random_batch(method.heads)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    shuffled = replace(
        again(batch),
        r=batch.r[order].flip(1),
        z=tuple(z[order].flip(1) for z in batch.z),
        labels={factor: labels[order] for factor, labels in batch.labels.items()},
    )
    torch.testing.assert_close(method.terms(shuffled), method.terms(batch), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("name", "options"), variants())
def test_names_of_the_held_factors_are_irrelevant(name: str, options: dict[str, Any]) -> None:
    method = build(name, **options)
    terms = [method.terms(random_batch(method.heads, held=held)) for held in (("DC", "BC"), ("BC", "DL"))]
    torch.testing.assert_close(*terms, rtol=0, atol=0)


@pytest.mark.parametrize(("name", "options"), variants())
def test_collapsed_embeddings_have_finite_gradients(name: str, options: dict[str, Any]) -> None:
    method = build(name, **options)
    batch = random_batch(method.heads)
    r = torch.ones_like(batch.r).float().requires_grad_()
    terms = method.terms(embed(r, method.heads, batch.labels, batch.held, 0.1))
    assert torch.isfinite(torch.autograd.grad(total(terms, 2.5), r)[0]).all()


@pytest.mark.parametrize(("name", "options"), variants())
def test_a_step_needs_no_value_on_the_host(name: str, options: dict[str, Any]) -> None:
    """Fake tensors have no values: reading one, or a shape that needs one, raises."""
    method = build(name, **options)
    with FakeTensorMode():
        batch = random_batch(method.heads)
        assert torch.autograd.grad(total(method.terms(batch), 0.1), batch.r)[0].shape == batch.r.shape


@pytest.mark.parametrize(("name", "options"), variants())
def test_autocast_does_not_lower_precision(name: str, options: dict[str, Any]) -> None:
    method = build(name, **options)
    batch = random_batch(method.heads)
    batch = replace(batch, r=batch.r.float(), z=tuple(z.float() for z in batch.z))
    expected = method.terms(again(batch))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(method.terms(again(batch)), expected, rtol=0, atol=0)


# Known answers.


def pairs_of(z0: Tensor, z1: Tensor, temperature: float = 0.5) -> Embeddings:
    """Two heads' embeddings (B, d), each used for both views of its sample."""
    z = tuple(part.double()[:, None].expand(-1, 2, -1) for part in (z0, z1))
    index = torch.arange(len(z0))
    return Embeddings(torch.cat(z, -1), z, labelled(index, index), ("DC", "BC"), temperature, torch.Generator())


def test_supervised_reads_each_half_with_its_own_factor() -> None:
    """Halves one-hot in their factors: an anchor has three positives, all at cosine 1; swapped, one of the three."""
    first, second = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1])
    r = torch.cat([3 * torch.eye(2)[first], 0.1 * torch.eye(2)[second]], -1)[:, None].expand(-1, 2, -1)
    labels = labelled(first, second)
    right = build("supervised").terms(Embeddings(r, (), labels, ("DC", "BC"), 0.05, torch.Generator()))
    wrong = build("supervised").terms(Embeddings(r, (), labels, ("BC", "DC"), 0.05, torch.Generator()))
    assert float(right["infomax_0"]) == pytest.approx(math.log(3), abs=1e-5)
    assert float(right["infomax_1"]) == pytest.approx(math.log(3), abs=1e-5)
    assert float(wrong["infomax_0"]) == pytest.approx(math.log(3) + 2 / 3 / 0.05, abs=1e-5)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_infomin_of_aligned_and_opposed_heads(sign: float) -> None:
    """Orthonormal z_0 and z_1 = +-z_0: each order gives +-1/tau - log(B - 1)."""
    batch = pairs_of(torch.eye(3), sign * torch.eye(3))
    expected = 2 * (sign / 0.5 - math.log(2))
    assert regularizer(build("infomin"), batch) == pytest.approx(expected, abs=1e-10)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32), st.integers(2, 6), st.floats(0.1, 2.0))
def test_infomin_as_printed_is_least_at_an_opposed_collapse(seed: int, samples: int, temperature: float) -> None:
    """Its minimum is not independence: all z_0 alike and z_1 = -z_0, at -2 (2 / tau + log(B - 1))."""
    method = build("infomin")
    least = -2 * (2 / temperature + math.log(samples - 1))
    north = torch.eye(DIM)[:1].expand(samples, -1)
    assert regularizer(method, pairs_of(north, -north, temperature)) == pytest.approx(least, abs=1e-10)
    batch = random_batch(2, samples=samples, seed=seed, temperature=temperature)
    assert regularizer(method, batch) > least


def test_descending_infomin_turns_the_heads_apart() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 4, DIM, dtype=torch.float64, requires_grad=True)
    for _ in range(200):
        (gradient,) = torch.autograd.grad(build("infomin").terms(pairs_of(*unit(x)))["regularizer"], x)
        x = (x - 0.1 * gradient).detach().requires_grad_()
    z0, z1 = unit(x.detach())
    assert float((z0 * z1).sum(-1).max()) < -0.99


@pytest.mark.parametrize("pairs", ["matched", "all"])
def test_ortho_is_zero_for_heads_in_orthogonal_subspaces(pairs: str) -> None:
    z0, z1 = torch.zeros(2, 5, 4)
    z0[:, :2], z1[:, 2:] = unit(torch.randn(5, 2)), unit(torch.randn(5, 2))
    assert regularizer(build("ortho", pairs=pairs), pairs_of(z0, z1)) == 0


def test_ortho_is_two_for_equal_heads_alike_in_the_whole_batch() -> None:
    north = torch.eye(4)[:1].expand(5, -1)
    for pairs in ("matched", "all"):
        assert regularizer(build("ortho", pairs=pairs), pairs_of(north, -north)) == pytest.approx(2)


def test_matched_ortho_cannot_see_a_rotation_but_all_pairs_and_permutations_can() -> None:
    """z_1 = J z_0 with J skew carries the same information and has R = 0 on matched pairs of like views."""
    z0 = unit(torch.randn(200, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64))
    z1 = torch.cat([-z0[:, 4:], z0[:, :4]], -1)
    batch = pairs_of(z0, z1)
    assert regularizer(build("ortho"), batch) == pytest.approx(0, abs=1e-12)
    # mean |cos| of random directions in 8 dimensions: Gamma(4) / (sqrt(pi) Gamma(4.5)), in each of two orders
    random = math.gamma(4) / (math.sqrt(math.pi) * math.gamma(4.5))
    assert regularizer(build("ortho", pairs="all"), batch) == pytest.approx(2 * random, rel=0.02)
    assert sum(regularizer(build("p_ortho"), batch) for _ in range(20)) / 20 > 0.3
    per_sample = build("p_ortho", permutation="per_sample")
    assert regularizer(per_sample, batch) == pytest.approx(2 * random, rel=0.1)


def test_p_ortho_redraws_one_permutation_a_step_and_repeats_it_from_its_seed() -> None:
    method, batch = build("p_ortho"), random_batch(2)
    first, second = (regularizer(method, batch) for _ in range(2))
    assert first != second
    assert regularizer(method, again(batch)) == first


def test_p_ortho_is_zero_only_if_no_order_helps() -> None:
    """One half constant over its elements, the other of sum zero: orthogonal in any order."""
    flat, balanced = torch.full((3, 4), 0.5), torch.tensor([0.5, -0.5, 0.5, -0.5]).expand(3, -1)
    method, batch = build("p_ortho"), pairs_of(flat, balanced)
    assert [regularizer(method, batch) for _ in range(5)] == [0] * 5


@pytest.mark.parametrize("gradient", ["own_term", "whole_loss"])
@pytest.mark.parametrize("covariance", ["per_sample", "batch"])
def test_hessian_is_zero_and_differentiable_where_half_of_its_gradient_is_zero(gradient: str, covariance: str) -> None:
    """All embeddings at one one-hot: the second half of every g is exactly zero, where a root has no derivative."""
    z = torch.eye(2 * DIM)[0].expand(3, 2, -1).clone().requires_grad_()
    batch = replace(random_batch(1, samples=3), z=(z,))
    value = build("hessian", gradient=gradient, covariance=covariance).terms(batch)["regularizer"]
    assert float(value.detach()) == 0
    assert torch.isfinite(torch.autograd.grad(value, z)[0]).all()


def test_hessian_worked_by_hand() -> None:
    """Two samples at one-hots in different halves, tau = 0.5: g = slope (e_other - e_own) at every view.

    An anchor has one positive at cosine 1 and two negatives at cosine 0, so the negatives weigh 2 / (e^2 + 2).
    """
    z = torch.eye(2, dtype=torch.float64)[:, None].expand(-1, 2, -1)
    batch = replace(pairs_of(torch.eye(2), torch.eye(2)), z=(z,))
    slope = 2 / (math.exp(2) + 2) / 0.5
    terms = build("hessian").terms(batch)
    assert float(terms["infomax_0"]) == pytest.approx(math.log(1 + 2 * math.exp(-2)), abs=1e-10)
    assert float(terms["regularizer"]) == pytest.approx(slope**2, abs=1e-10)
    # every outer product is the same matrix, so their mean is too; in the whole loss each view counts as partner too
    assert regularizer(build("hessian", covariance="batch"), batch) == pytest.approx(slope**2, abs=1e-10)
    whole = build("hessian", gradient="whole_loss")
    assert regularizer(whole, batch) == pytest.approx((2 * slope) ** 2, abs=1e-10)


def test_halves_suffice_is_zero_where_neither_half_falls_short() -> None:
    """Halves alike: each has the cosines of the whole. A half that tells nothing falls short by what it lacks."""
    z0, labels = torch.eye(4)[[0, 0, 1, 1]], torch.tensor([0, 0, 1, 1])
    told = {"DC": labels, "BC": labels, "joint": labels}
    for second, short in ((z0, 0.0), (torch.eye(4)[:1].expand(4, -1), 1.0)):
        z = torch.cat([z0, second], -1).double()[:, None].expand(-1, 2, -1) / math.sqrt(2)
        batch = replace(pairs_of(z0, z0), z=(z,), labels=told)
        # an anchor has 3 positives at cosine 1 and 4 negatives, at 0 in z_0 and, where z_1 is constant, at 1/2 in z
        whole = math.log(3 + 4 * math.exp((0.5 * short - 1) / 0.5))
        collapsed = math.log(7)
        assert regularizer(build("halves_suffice"), batch) == pytest.approx(short * (collapsed - whole), abs=1e-10)


def test_hessian_ortho_weighs_the_cosine_of_the_halves() -> None:
    """At equal unit halves the cosine is 1 in both orders: 2 a unit of weight."""
    z = torch.eye(DIM)[[0, 1, 2]].repeat(1, 2).double()[:, None].expand(-1, 2, -1) / math.sqrt(2)
    batch = replace(random_batch(1, samples=3), z=(z,))
    values = [regularizer(build("hessian_ortho", ortho=weight), batch) for weight in (0.0, 1.0, 3.0)]
    assert values[0] == pytest.approx(regularizer(build("hessian"), batch), abs=1e-12)
    assert values[1] - values[0] == pytest.approx(2, abs=1e-12)
    assert values[2] - values[0] == pytest.approx(6, abs=1e-12)
