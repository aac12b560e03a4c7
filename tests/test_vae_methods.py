"""Objectives of the variational autoencoders: terms worked by hand, loops over single numbers, the common contract."""

import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from disentangle import registry
from disentangle.losses.covariance import covariance, distance_from_identity
from disentangle.losses.posterior import Posterior, kl_divergence
from disentangle.losses.total_correlation import density_ratio_estimate, discriminator_loss, minibatch_estimate

METHODS = [name for name in registry.names("methods") if registry.constant("methods", name, "FAMILY") == "vae"]
LAM = 3.0


def build(name: str, **options: Any) -> Any:
    return registry.build("methods", name, registry.check_options("methods", name, options, "test"))


def tensor(*rows: Any) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def told(mean: Tensor, logvar: Tensor, z: Tensor | None = None, step: int = 0, **more: Any) -> Posterior:
    z = mean if z is None else z
    return Posterior(mean, logvar, z, kl_divergence(mean, logvar), torch.tensor(float(step)), **more)


def random_posterior(models: int = 3, samples: int = 5, size: int = 4, seed: int = 0) -> Posterior:
    generator = torch.Generator().manual_seed(seed)
    mean, logvar, noise, weight = torch.randn(4, models, samples, size, generator=generator, dtype=torch.float64)
    mean, logvar = mean.requires_grad_(), (0.5 * logvar).requires_grad_()
    order = torch.rand(models, samples, size, generator=generator).argsort(1)
    return told(
        mean,
        logvar,
        mean + (0.5 * logvar).exp() * noise,
        step=7,
        order=order,
        discriminator=lambda z: torch.stack([(z * weight[:, :1]).sin().sum(2), z.square().mean(2)], 2),
    )


def regularizer(name: str, posterior: Posterior, lam: float = LAM, **options: Any) -> float:
    strengths = torch.full((len(posterior.mean),), lam, dtype=torch.float64)
    (value,) = build(name, **options).regularizer(posterior, strengths).tolist()
    return float(value)


# Worked by hand.

MEAN = tensor([[0, 0], [2, 4]])
"""One model, two samples: E[mu] = (1, 2), covariance ((1, 2), (2, 4)), E|mu|^2 = 10."""
VARIANCE = tensor([[1, 3], [3, 5]])
"""On average (2, 4)."""


def test_divergence_by_hand_and_in_closed_form() -> None:
    """Sample 0: 1/2 (0 + 2 - log 3); sample 1: 1/2 (20 + 6 - log 15). Their mean: 7 - log(45) / 4."""
    assert float(kl_divergence(MEAN, VARIANCE.log())) == pytest.approx(7 - math.log(45) / 4, abs=1e-12)
    posterior = random_posterior()
    normal = torch.distributions.Normal(posterior.mean, (0.5 * posterior.logvar).exp())
    expected = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0)).sum(2).mean(1)
    torch.testing.assert_close(posterior.kl, expected)
    assert not kl_divergence(torch.zeros(2, 3, 4), torch.zeros(2, 3, 4)).any()


def test_dip_vae_i_by_hand() -> None:
    """Off-diagonal 2 * 2^2 = 8, diagonal (1 - 1)^2 + (4 - 1)^2 = 9; KL = E|mu|^2 / 2 = 5 at unit variances."""
    posterior = told(MEAN, torch.zeros_like(MEAN))
    assert regularizer("dip_vae_i", posterior) == pytest.approx(5 + 3 * 8 + 30 * 9, abs=1e-12)
    assert regularizer("dip_vae_i", posterior, ratio=0.5) == pytest.approx(5 + 3 * 8 + 1.5 * 9, abs=1e-12)


def test_dip_vae_ii_by_hand() -> None:
    """Covariance ((1 + 2, 2), (2, 4 + 4)): off-diagonal 8, diagonal (3 - 1)^2 + (8 - 1)^2 = 53."""
    posterior = told(MEAN, VARIANCE.log())
    kl = 7 - math.log(45) / 4
    assert regularizer("dip_vae_ii", posterior) == pytest.approx(kl + 3 * 8 + 3 * 53, abs=1e-12)
    assert regularizer("dip_vae_ii", posterior, ratio=10.0) == pytest.approx(kl + 3 * 8 + 30 * 53, abs=1e-12)


def test_beta_tcvae_by_hand() -> None:
    """Two samples in two dimensions, each at its own mean and as far apart as makes a density one half of the peak's.

    log(1 + 1/4) for both dimensions at once, 2 log(1 + 1/2) one by one: TC = log(5 / 9), as the densities' constants
    cancel. KL = |mu_1|^2 / 2 / 2 = log 2 at unit variances, as |mu_1|^2 = 2 * 2 log 2.
    """
    apart = math.sqrt(2 * math.log(2))
    posterior = told(tensor([[0, 0], [apart, apart]]), tensor([[0, 0], [0, 0]]))
    tc = math.log(5 / 9)
    assert minibatch_estimate(posterior.z, posterior.mean, posterior.logvar).item() == pytest.approx(tc, abs=1e-12)
    assert regularizer("beta_tcvae", posterior) == pytest.approx(math.log(2) + 2 * tc, abs=1e-12)
    assert regularizer("beta_tcvae", posterior, lam=1.0) == pytest.approx(math.log(2), abs=1e-12)


def test_beta_vae_by_hand() -> None:
    assert regularizer("beta_vae", told(MEAN, VARIANCE.log())) == pytest.approx(3 * (7 - math.log(45) / 4), abs=1e-12)


@pytest.mark.parametrize(("step", "capacity"), [(0, 0), (1, 0.25), (40, 10), (100, 25), (101, 25), (10**6, 25)])
def test_annealed_capacity_by_hand(step: int, capacity: float) -> None:
    """KL is 5; C rises to 25 nats in 100 steps."""
    posterior = told(MEAN, torch.zeros_like(MEAN), step=step)
    found = regularizer("annealed_vae", posterior, 25.0, gamma=10.0, ramp_steps=100)
    assert found == pytest.approx(10 * abs(5 - capacity), abs=1e-5)
    published = 1000 * abs(5 - 25 * min(step / 100_000, 1))
    assert regularizer("annealed_vae", posterior, 25.0) == pytest.approx(published, rel=1e-6)


def test_factor_vae_by_hand() -> None:
    """Log odds 2 and -1 of two samples: on average 1/2."""
    logits = tensor([[3, 1], [0, 1]])
    unmoved = torch.arange(2)[None, :, None].expand(MEAN.shape)
    both = torch.cat((logits, logits.flip(2)), 1)
    posterior = told(MEAN, torch.zeros_like(MEAN), order=unmoved, discriminator=lambda z: both)
    assert density_ratio_estimate(logits).item() == 0.5
    assert regularizer("factor_vae", posterior) == pytest.approx(5 + 3 * 0.5, abs=1e-12)


def test_discriminator_loss_by_hand() -> None:
    """p_0 = 3/4 and 1/2 of the real codes, p_1 = 1/2 and 4/5 of the permuted ones."""
    real, permuted = tensor([[math.log(3), 0], [1, 1]]), tensor([[2, 2], [0, math.log(4)]])
    expected = -(math.log(3 / 4) + math.log(1 / 2) + math.log(1 / 2) + math.log(4 / 5)) / 4
    assert discriminator_loss(real, permuted).item() == pytest.approx(expected, abs=1e-12)
    assert discriminator_loss(tensor([[0, 0]]), tensor([[5, 5]])).item() == pytest.approx(math.log(2), abs=1e-12)


def test_probabilities_are_kept_within_a_millionth_of_0_and_1() -> None:
    """Beyond, the loss is that of the bound and has no gradient."""
    real = tensor([[-50, 0]]).requires_grad_()
    permuted = tensor([[-50, 0]]).requires_grad_()
    loss = discriminator_loss(real, permuted)
    assert loss.item() == pytest.approx(-(math.log(1e-6) + math.log(1 - 1e-6)) / 2, abs=1e-9)
    assert not any(gradient.any() for gradient in torch.autograd.grad(loss, (real, permuted)))


def test_permuted_codes_take_each_dimension_from_its_own_sample() -> None:
    posterior = random_posterior(models=2)
    assert posterior.order is not None
    expected = torch.empty_like(posterior.z)
    for m, i, d in itertools.product(*map(range, posterior.z.shape)):
        expected[m, i, d] = posterior.z[m, posterior.order[m, i, d], d]
    seen: list[Tensor] = []
    noting = replace(posterior, discriminator=lambda z: seen.append(z) or z)
    assert torch.equal(noting.logits, posterior.z)
    assert torch.equal(noting.permuted_logits, expected)
    assert len(seen) == 1  # one pass for both


def test_no_gradient_reaches_the_encoder_through_permuted_codes() -> None:
    posterior = random_posterior()
    inputs = (posterior.mean, posterior.logvar)
    through_real, through_permuted = (
        torch.autograd.grad(logits.sum(), inputs, retain_graph=True)
        for logits in (posterior.logits, posterior.permuted_logits)
    )
    assert all(gradient.any() for gradient in through_real)
    assert not any(gradient.any() for gradient in through_permuted)


# Loops over single numbers.


def naive_covariance(x: Tensor) -> list[list[float]]:
    n, size = x.shape
    mean = [sum(float(x[i, d]) for i in range(n)) / n for d in range(size)]
    return [
        [sum(float(x[i, c] * x[i, d]) for i in range(n)) / n - mean[c] * mean[d] for d in range(size)]
        for c in range(size)
    ]


def naive_distance(c: list[list[float]], off: float, diagonal: float) -> float:
    pairs = itertools.product(range(len(c)), repeat=2)
    return sum(diagonal * (c[i][j] - 1) ** 2 if i == j else off * c[i][j] ** 2 for i, j in pairs)


def naive_tc(z: Tensor, mean: Tensor, logvar: Tensor) -> float:
    n, size = z.shape
    total = 0.0
    for i in range(n):
        q = [
            [
                math.exp(-((z[i, d] - mean[j, d]) ** 2) / (2 * math.exp(logvar[j, d])))
                / math.sqrt(2 * math.pi * math.exp(logvar[j, d]))
                for d in range(size)
            ]
            for j in range(n)
        ]
        total += math.log(sum(math.prod(row) for row in q))
        total -= sum(math.log(sum(row[d] for row in q)) for d in range(size))
    return total / n


def naive_densities(posterior: Posterior, m: int, lam: float) -> float:
    logits = posterior.discriminator(posterior.z)[m]  # type: ignore[misc]
    return float(posterior.kl[m]) + lam * sum(float(a - b) for a, b in logits) / len(logits)


def naive_marginal(posterior: Posterior, m: int, lam: float) -> float:
    c = naive_covariance(posterior.mean[m])
    for d in range(len(c)):
        c[d][d] += sum(math.exp(v) for v in posterior.logvar[m][:, d]) / len(posterior.logvar[m])
    return float(posterior.kl[m]) + naive_distance(c, lam, lam)


FORMULAS: dict[str, Callable[[Posterior, int, float], float]] = {
    "untrained": lambda p, m, lam: float(p.kl[m]),
    "beta_vae": lambda p, m, lam: lam * float(p.kl[m]),
    "annealed_vae": lambda p, m, lam: 1000 * abs(float(p.kl[m]) - lam * 7 / 100_000),
    "factor_vae": naive_densities,
    "beta_tcvae": lambda p, m, lam: float(p.kl[m]) + (lam - 1) * naive_tc(p.z[m], p.mean[m], p.logvar[m]),
    "dip_vae_i": lambda p, m, lam: float(p.kl[m]) + naive_distance(naive_covariance(p.mean[m]), lam, 10 * lam),
    "dip_vae_ii": naive_marginal,
}
"""What a method's regularizer is of model m, as a plain loop, by its file."""


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("seed", [0, 1])
def test_regularizers_equal_loops(name: str, seed: int) -> None:
    if name not in FORMULAS:
        pytest.skip(f"the formula of '{name}' is not known: add it to FORMULAS of {Path(__file__).name}")
    posterior, lam = random_posterior(seed=seed), tensor(2.5, 0.0, 6.0)
    found = build(name).regularizer(posterior, lam).tolist()
    with torch.no_grad():
        expected = [FORMULAS[name](posterior, m, float(lam[m])) for m in range(3)]
    assert found == pytest.approx(expected, rel=1e-5 if name == "annealed_vae" else 1e-10)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32), st.integers(2, 9), st.integers(1, 4))
def test_covariance_is_that_of_numpy_and_ignores_shifts(seed: int, samples: int, size: int) -> None:
    x = torch.randn(2, samples, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    expected = torch.stack([torch.cov(part.T, correction=0).reshape(size, size) for part in x])
    torch.testing.assert_close(covariance(x), expected)
    torch.testing.assert_close(covariance(x + 3), expected)
    identity = torch.eye(size, dtype=torch.float64).expand(2, -1, -1)
    assert distance_from_identity(identity, tensor(2.0, 3.0), tensor(5.0, 7.0)).tolist() == [0, 0]


def test_total_correlation_of_one_dimension_is_zero_and_grows_as_dimensions_repeat_each_other() -> None:
    z = 3 * torch.randn(1, 50, 1, generator=torch.Generator().manual_seed(0))
    narrow = torch.full_like(z, -4.0)
    torch.testing.assert_close(minibatch_estimate(z, z, narrow), torch.zeros(1), rtol=0, atol=1e-5)
    twice, other = z.expand(-1, -1, 2), torch.cat([z, z.roll(7, 1)], 2)
    repeated, mixed = (
        minibatch_estimate(codes, codes, torch.full_like(codes, -4.0)).item() for codes in (twice, other)
    )
    assert repeated > mixed + 0.3


# The contract of every file in methods/ of this family.


@pytest.mark.parametrize("name", METHODS)
def test_a_regularizer_is_each_models_own(name: str) -> None:
    """Finite, one number a model, whose gradient reaches that model's codes and no other's, if there is any."""
    posterior = random_posterior()
    found = build(name).regularizer(posterior, tensor(2.0, 3.0, 4.0))
    assert found.shape == (3,)
    assert torch.isfinite(found).all()
    for m in range(3):
        gradients = torch.autograd.grad(found[m], (posterior.mean, posterior.logvar), retain_graph=True)
        for gradient in gradients:
            assert torch.isfinite(gradient).all()
            assert (gradient[m] != 0).any(-1).all()
            others = gradient[torch.arange(3) != m]
            assert not others.any()


@pytest.mark.parametrize("name", METHODS)
def test_strength_reaches_its_own_model_if_the_method_is_regularized(name: str) -> None:
    weak, strong = (build(name).regularizer(random_posterior(), tensor(2.0, lam, 4.0)) for lam in (2.0, 5.0))
    assert (weak != strong).tolist() == [False, registry.constant("methods", name, "REGULARIZED"), False]


@pytest.mark.parametrize("name", METHODS)
def test_derivatives_equal_finite_differences(name: str) -> None:
    posterior = random_posterior(models=2, samples=3, size=2)

    def value(mean: Tensor, logvar: Tensor) -> Tensor:
        given = {"order": posterior.order, "discriminator": posterior.discriminator}
        codes = told(mean, logvar, mean + (0.5 * logvar).exp(), 7, **given)
        value: Tensor = build(name).regularizer(codes, tensor(0.5, 2.0))
        return value

    assert torch.autograd.gradcheck(value, (posterior.mean, posterior.logvar))


@pytest.mark.parametrize("name", METHODS)
def test_order_of_the_batch_is_irrelevant(name: str) -> None:
    posterior = random_posterior()
    turned = told(
        *(part[:, [3, 0, 4, 1, 2]] for part in (posterior.mean, posterior.logvar, posterior.z)),
        step=7,
        order=posterior.order,
        discriminator=posterior.discriminator,
    )
    lam = tensor(2.0, 3.0, 4.0)
    torch.testing.assert_close(build(name).regularizer(turned, lam), build(name).regularizer(posterior, lam))


@pytest.mark.parametrize("name", METHODS)
def test_codes_that_collapsed_to_the_prior_have_finite_gradients(name: str) -> None:
    mean, logvar = (torch.zeros(2, 4, 3, requires_grad=True) for _ in range(2))
    order = torch.arange(4)[:, None].expand(2, 4, 3)
    posterior = told(mean, logvar, mean + 0, order=order, discriminator=lambda z: z[..., :2])
    value = build(name).regularizer(posterior, torch.tensor([2.0, 3.0])).sum()
    assert all(torch.isfinite(gradient).all() for gradient in torch.autograd.grad(value, (mean, logvar)))


@pytest.mark.parametrize("name", METHODS)
def test_a_step_needs_no_value_on_the_host(name: str) -> None:
    """Fake tensors have no values: reading one, or a shape that needs one, raises."""
    with FakeTensorMode():
        posterior, objective = random_posterior(), build(name)
        value = objective.regularizer(posterior, torch.ones(3, dtype=torch.float64))
        if objective.adversarial:
            value = value + objective.discriminator_loss(posterior)
        assert torch.autograd.grad(value.sum(), posterior.mean)[0].shape == posterior.mean.shape


def test_how_many_updates_are_made() -> None:
    assert {name: build(name).steps(301) for name in FORMULAS} == dict.fromkeys(FORMULAS, 301) | {"untrained": 0}
    assert build("factor_vae", updates="as_released").steps(301) == 150
    assert [name for name in FORMULAS if build(name).adversarial] == ["factor_vae"]


def test_regularized_methods() -> None:
    assert [name for name in FORMULAS if not registry.constant("methods", name, "REGULARIZED")] == ["untrained"]
