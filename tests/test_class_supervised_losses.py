"""The maths of class-supervised methods against loops over single elements, and cases worked by hand."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from disentangle.losses.contrastive import unit
from disentangle.losses.domains import (
    domain_contrast,
    normal_divergence,
    normal_likelihood,
    product_of_normals,
    told_apart,
    undecided,
)


def codes(count: int, dim: int, seed: int) -> Tensor:
    return unit(torch.randn(count, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64))


def looped_contrast(z: Tensor, copies: Tensor | None, domain: list[int], tau: float, negatives: str) -> float:
    """L_con by its formula, one image and one negative at a time."""
    total = 0.0
    for i in range(len(z)):
        told = math.exp((1.0 if copies is None else float(z[i] @ copies[i])) / tau)
        others = [j for j in range(len(z)) if j != i and (negatives == "batch" or domain[j] == domain[i])]
        total -= math.log(told / (told + sum(math.exp(float(z[i] @ z[j]) / tau) for j in others)))
    return total / len(z)


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=12),
    st.sampled_from([0.1, 0.2, 1.0]),
    st.sampled_from(["domain", "batch"]),
    st.booleans(),
    st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_domain_contrast_is_its_formula(
    domain: list[int], tau: float, negatives: str, with_copies: bool, seed: int
) -> None:
    z, copies = codes(len(domain), 5, seed), codes(len(domain), 5, seed + 1) if with_copies else None
    found = domain_contrast(z, copies, torch.tensor(domain), tau, negatives)
    assert float(found) == pytest.approx(looped_contrast(z, copies, domain, tau, negatives), abs=1e-10)


def test_negatives_of_an_anchor_are_exactly_its_domains_others() -> None:
    """Only the term of anchor i knows its copy, so what moves the pull of that copy is in N(i), or i itself."""
    domain = torch.tensor([2, 0, 2, 1, 0, 2, 1])
    z, copies = codes(7, 4, 0), codes(7, 4, 1)

    def pull(codes: Tensor, negatives: str) -> Tensor:
        given = copies.clone().requires_grad_()
        loss = domain_contrast(codes, given, domain, 0.2, negatives)  # type: ignore[arg-type]
        return torch.autograd.grad(loss, given, create_graph=True)[0].sum(1)

    for negatives, expected in (("domain", domain[:, None] == domain), ("batch", torch.ones(7, 7, dtype=torch.bool))):
        moved = torch.autograd.functional.jacobian(lambda codes, of=negatives: pull(codes, of), z)  # (anchor, image, D)
        assert torch.equal(moved.abs().sum(2) > 1e-12, expected)


def test_an_image_alone_in_its_domain_has_nothing_to_tell() -> None:
    assert float(domain_contrast(codes(3, 4, 0), codes(3, 4, 1), torch.arange(3), 0.1, "domain")) == 0.0


def test_contrast_by_hand() -> None:
    """Two images of one domain at right angles, each its own copy: -log(e / (e + 1)) at tau = 1."""
    z = torch.eye(2, dtype=torch.float64)
    found = domain_contrast(z, z, torch.zeros(2, dtype=torch.int64), 1.0, "domain")
    assert float(found) == pytest.approx(math.log1p(math.exp(-1)), abs=1e-12)
    assert float(domain_contrast(z, None, torch.arange(2), 1.0, "batch")) == pytest.approx(float(found), abs=1e-12)


def test_product_of_normals_by_hand() -> None:
    """N(0, 1) and N(3, 1/2): precision 1 + 2, mean (0 + 2 * 3) / 3; and a group of one is itself."""
    mean = torch.tensor([[[0.0], [3.0]]], dtype=torch.float64)
    logvar = torch.tensor([[[0.0], [-math.log(2)]]], dtype=torch.float64)
    product, product_logvar = product_of_normals(mean, logvar)
    assert float(product) == pytest.approx(2.0, abs=1e-12)
    assert float(product_logvar.exp()) == pytest.approx(1 / 3, abs=1e-12)
    alone = product_of_normals(mean[:, :1], logvar[:, :1])
    assert torch.equal(alone[0], mean[:, 0]) and torch.equal(alone[1], logvar[:, 0])


def test_product_of_normals_is_the_density_of_the_product() -> None:
    generator = torch.Generator().manual_seed(3)
    mean, logvar = torch.randn(2, 1, 4, 1, generator=generator, dtype=torch.float64).unbind(0)
    product, product_logvar = product_of_normals(mean, logvar)
    at = torch.linspace(-3, 3, 7, dtype=torch.float64)

    def log_density(m: Tensor, v: Tensor) -> Tensor:
        return -0.5 * ((at - m) ** 2 / v.exp() + v + math.log(2 * math.pi))

    factors = [log_density(mean[0, k], logvar[0, k]) for k in range(4)]
    difference = torch.stack(factors).sum(0) - log_density(product[0], product_logvar[0])
    torch.testing.assert_close(difference, difference[:1].expand(7), rtol=0, atol=1e-10)  # but for its constant


def test_divergence_and_likelihood_are_those_of_torch() -> None:
    generator = torch.Generator().manual_seed(1)
    mean, logvar, x = torch.randn(3, 5, 4, generator=generator, dtype=torch.float64).unbind(0)
    normal = torch.distributions.Normal(mean, (0.5 * logvar).exp())
    standard = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    expected = torch.distributions.kl_divergence(normal, standard).sum()
    assert float(normal_divergence(mean, logvar)) == pytest.approx(float(expected), abs=1e-10)
    one = logvar[0, 0]
    expected = torch.distributions.Normal(mean, (0.5 * one).exp()).log_prob(x).sum()
    assert float(normal_likelihood(x, mean, one)) == pytest.approx(float(expected), abs=1e-10)


def test_losses_of_the_classifier_of_pairs() -> None:
    logits = torch.tensor([-2.0, 0.0, 3.0], dtype=torch.float64)
    p = logits.sigmoid()
    assert float(undecided(logits)) == pytest.approx(float(-(0.5 * p.log() + 0.5 * (1 - p).log()).mean()), abs=1e-12)
    assert float(undecided(torch.zeros(2))) == pytest.approx(math.log(2), abs=1e-6)
    same, different = logits, logits + 1
    expected = -(same.sigmoid().log().mean() + (-different).sigmoid().log().mean()) / 2
    assert float(told_apart(same, different)) == pytest.approx(float(expected), abs=1e-12)
