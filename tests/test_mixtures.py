"""Mixtures of normals that labelled codes tell, by hand and against loops over NumPy, and priors made of them."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor

from disentangle.losses.mixtures import SMALLEST_VARIANCE, Mixture, estimate, log_density, sample
from disentangle.models.mixture_prior import MixturePrior


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def covariances(mixture: Mixture) -> Tensor:
    return mixture.factor @ mixture.factor.mT


def of_one_part(points: list[list[float]], told: list[int], values: int, scale: float, ridge: float) -> Mixture:
    codes = torch.tensor(points, dtype=torch.float64)[:, None]
    return estimate(codes, torch.tensor(told)[:, None], values, scale, ridge)


POINTS = [[0.0, 0], [2, 0], [1, 3], [5, 5], [7, 9], [9, 1]]
TOLD = [0, 0, 0, 2, 2, 3]
"""Three codes of value 0, none of 1, two of 2, one of 3."""


def test_estimates_by_hand() -> None:
    """Sample covariances [[1, 0], [0, 3]] and [[2, 4], [4, 8]], and their mean; the mean of its diagonal is 3.5."""
    found = of_one_part(POINTS, TOLD, 4, 0.1, 0.01)
    assert found.known.tolist() == [[True, False, True, True]]
    assert found.mean[0, [0, 2, 3]].tolist() == [[1, 1], [6, 7], [9, 1]]
    expected = [[[0.135, 0], [0, 0.335]], [[0.235, 0.4], [0.4, 0.835]], [[0.185, 0.2], [0.2, 0.585]]]
    torch.testing.assert_close(covariances(found)[0, [0, 2, 3]], torch.tensor(expected).double(), rtol=1e-6, atol=0)
    torch.testing.assert_close(found.factor @ found.whitening, torch.eye(2).double().expand(1, 4, 2, 2))
    assert torch.equal(found.factor, found.factor.tril()) and torch.equal(found.whitening, found.whitening.tril())


def test_where_no_value_has_two_labels_all_codes_tell_the_covariance() -> None:
    found = of_one_part([[0.0, 0], [2, 2], [4, 8]], [2, 0, 1], 3, 0.5, 0.1)
    everything = np.cov([[0, 2, 4], [0, 2, 8]])
    expected = 0.5 * everything + 0.1 * np.trace(everything) / 2 * np.eye(2)
    np.testing.assert_allclose(covariances(found)[0], [expected] * 3, rtol=1e-12)
    assert found.mean[0].tolist() == [[2, 2], [4, 8], [0, 0]]
    assert found.known.all()


def test_codes_of_one_point_still_have_a_density() -> None:
    """So have a single code, and the codes of a value that do not differ."""
    for points, told in (([[3.0, 4]] * 4, [0, 0, 1, 1]), ([[3.0, 4]], [1])):
        found = of_one_part(points, told, 2, 0.1, 0.001)
        expected = SMALLEST_VARIANCE * torch.eye(2).double().expand(1, 2, 2, 2)
        torch.testing.assert_close(covariances(found), expected, rtol=1e-6, atol=0)
        peak = log_density(found, torch.tensor([[[3.0, 4]]]).double())[0, 0, told]
        torch.testing.assert_close(peak, torch.full_like(peak, -math.log(2 * math.pi * SMALLEST_VARIANCE)))


def test_fewer_labels_than_dimensions_are_regular_by_the_ridge() -> None:
    """Of ten dimensions and three codes of each value: eight directions have the ridge's variance alone."""
    codes = torch.randn(6, 1, 10, generator=stream())
    found = estimate(codes, torch.tensor([0, 1] * 3)[:, None], 2, 0.1, 0.02)
    assert found.factor.dtype == torch.float32 and found.factor.isfinite().all()
    each = [np.cov(codes[value::2, 0].double().numpy().T) for value in range(2)]
    ridge = 0.02 * np.mean([np.trace(one) / 10 for one in each])
    for value in range(2):
        variances = np.linalg.eigvalsh(covariances(found)[0, value].double())
        np.testing.assert_allclose(variances[:8], ridge, rtol=1e-3)
        assert (variances[8:] > 2 * ridge).all()
    far = log_density(found, 100 * torch.randn(50, 1, 10, generator=stream(1)))
    assert far.isfinite().all() and (far < -1000).all()


def looped(codes: np.ndarray, told: np.ndarray, values: int, scale: float, ridge: float) -> dict[int, tuple]:
    """Mean and covariance of each value of one partition that has a label, of codes (N, d)."""
    size = codes.shape[1]

    def covariance(points: np.ndarray) -> np.ndarray:
        return np.cov(points.T, ddof=1).reshape(size, size)

    groups = {value: codes[told == value] for value in range(values) if (told == value).any()}
    own = {value: covariance(group) for value, group in groups.items() if len(group) > 1}
    everything = covariance(codes) if len(codes) > 1 else np.zeros((size, size))
    rest = sum(own.values()) / len(own) if own else everything
    floor = max(ridge * np.trace(rest) / size, SMALLEST_VARIANCE) * np.eye(size)
    return {value: (group.mean(0), scale * own.get(value, rest) + floor) for value, group in groups.items()}


@given(
    st.integers(1, 12),
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(1, 5),
    st.sampled_from([0.01, 0.1, 1.0]),
    st.sampled_from([0.001, 0.1]),
    st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_estimates_are_those_of_a_loop(
    count: int, parts: int, size: int, values: int, scale: float, ridge: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.normal(size=(count, parts, size)) * rng.uniform(0.1, 9, size=(1, parts, size))
    told = rng.integers(values, size=(count, parts))
    z = rng.normal(size=(3, parts, size))
    found = estimate(torch.from_numpy(codes), torch.from_numpy(told), values, scale, ridge)
    density = log_density(found, torch.from_numpy(z))
    assert density.shape == (3, parts, values)
    for part in range(parts):
        expected = looped(codes[:, part], told[:, part], values, scale, ridge)
        assert found.known[part].tolist() == [value in expected for value in range(values)]
        for value in range(values):
            if value not in expected:
                assert (density[:, part, value] == -math.inf).all()
                continue
            mean, covariance = expected[value]
            np.testing.assert_allclose(found.mean[part, value], mean, rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose(covariances(found)[part, value], covariance, rtol=1e-9, atol=1e-12)
            normal = stats.multivariate_normal(mean, covariance)
            np.testing.assert_allclose(density[:, part, value], normal.logpdf(z[:, part]), rtol=1e-7, atol=1e-7)


def test_an_estimate_changes_no_code_and_has_no_gradient() -> None:
    codes = torch.randn(8, 2, 3, generator=stream()).requires_grad_()
    before = codes.detach().clone()
    found = estimate(codes, torch.randint(2, (8, 2), generator=stream()), 2, 0.1, 0.001)
    assert torch.equal(codes, before) and not any(tensor.requires_grad for tensor in found)


def test_densities_pull_codes_and_unknown_components_do_not() -> None:
    """The gradient of a component's log-density is -(covariance)^-1 (z - mean), and finite beside one unknown."""
    found = of_one_part(POINTS, TOLD, 4, 0.1, 0.01)
    z = torch.tensor([[[1.5, 2.0]], [[6.0, 6.5]]]).double().requires_grad_()
    (gradient,) = torch.autograd.grad(log_density(found, z).logsumexp(2).sum(), z)
    expected = torch.zeros_like(z)
    weights = log_density(found, z).softmax(2)
    for value in (0, 2, 3):
        pull = torch.linalg.solve(covariances(found)[0, value], z[:, 0] - found.mean[0, value], left=False)
        expected[:, 0] -= weights[:, 0, value, None] * pull.detach()
    torch.testing.assert_close(gradient, expected.detach(), rtol=1e-8, atol=1e-8)


def test_draws_of_a_component_have_its_mean_and_covariance() -> None:
    found = of_one_part(POINTS, TOLD, 4, 0.1, 0.01)
    two = Mixture(*(torch.cat([tensor, tensor.flip(1)]) for tensor in found))  # a second partition, the other way round
    count = 200_000
    component = torch.tensor([[2, 0]]).expand(count, 2)  # partition 1's 0 is value 3
    drawn = sample(two, component, torch.randn(count, 2, 2, generator=stream(), dtype=torch.float64))
    for part, value in ((0, 2), (1, 3)):
        np.testing.assert_allclose(drawn[:, part].mean(0), found.mean[0, value], atol=0.01)
        np.testing.assert_allclose(np.cov(drawn[:, part].T), covariances(found)[0, value], rtol=0.02, atol=0.002)
    assert abs(np.corrcoef(drawn[:, 0, 0], drawn[:, 1, 0])[0, 1]) < 0.01
    nothing = sample(two, component[:1], torch.zeros(1, 2, 2, dtype=torch.float64))
    assert nothing.tolist() == [[[6, 7], [9, 1]]]


# Priors.

SIZES = (3, 3, 5)
PARTS = {"one each": ((0,), (1,), (2,)), "one of all": ((0, 1, 2),), "mixed": ((2, 0), (1,))}


def every_combination(sizes: tuple[int, ...] = SIZES) -> Tensor:
    return torch.tensor([*itertools.product(*map(range, sizes))])


def prior_of(parts: tuple[tuple[int, ...], ...], values: Tensor, dim: int = 2, apart: float = 4.0) -> MixturePrior:
    """A prior of labelled codes (a few a row of ``values``) that lie around points of their components, far apart."""
    prior = MixturePrior(SIZES, parts, dim)
    values = values.repeat(3, 1)
    number = prior.components(values)
    codes = torch.stack([apart * number, -apart * number], 2)[..., :dim] + 0.1 * torch.randn(
        len(values), len(parts), dim, generator=stream(9)
    )
    prior.estimate(codes, values, 0.1, 0.001)
    return prior


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
def test_components_and_values_are_inverse(parts: tuple[tuple[int, ...], ...]) -> None:
    prior, values = MixturePrior(SIZES, parts, 2), every_combination()
    components = prior.components(values)
    counts = [math.prod(SIZES[place] for place in part) for part in parts]
    assert prior.values == max(counts)
    assert prior.exists().sum(1).tolist() == counts
    for number, part, count in zip(components.T, parts, counts, strict=True):
        assert sorted({*number.tolist()}) == [*range(count)]
        told = [tuple(row) for row in values[:, part].tolist()]
        assert len({*zip(told, number.tolist(), strict=True)}) == count
    assert torch.equal(prior.values_of(components), values)
    assert prior.values_of(components).dtype == torch.int64


def test_components_by_hand() -> None:
    """The last factor of a partition varies the fastest."""
    values = torch.tensor([[2, 1, 3], [0, 2, 4]])
    assert MixturePrior(SIZES, PARTS["one each"], 2).components(values).tolist() == [[2, 1, 3], [0, 2, 4]]
    assert MixturePrior(SIZES, PARTS["one of all"], 2).components(values).tolist() == [[2 * 15 + 1 * 5 + 3], [14]]
    assert MixturePrior(SIZES, PARTS["mixed"], 2).components(values).tolist() == [[3 * 3 + 2, 1], [12, 2]]


def even(counts: Counter, expected: set) -> bool:
    """Whether draws are of what is expected and of nothing else, and in equal numbers."""
    return {*counts} == expected and float(stats.chisquare([*counts.values()]).pvalue) > 1e-4


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
def test_every_component_is_drawn_in_proportion(parts: tuple[tuple[int, ...], ...]) -> None:
    """The released code of the predecessor draws component 0 alone."""
    values = every_combination()
    prior = prior_of(parts, values)
    drawn = prior.draw_components(30_000, stream(3))
    for number, exists in zip(drawn.T, prior.exists(), strict=True):
        assert even(Counter(number.tolist()), {*range(int(exists.sum()))})
    assert even(Counter(map(tuple, drawn.tolist())), {*map(tuple, prior.components(values).tolist())})
    # The codes drawn are around all components' means, and are told to be what they are of.
    z = prior.sample(drawn, stream(4))
    assert z.shape == (30_000, len(parts), 2)
    assert torch.equal(prior.told(z), prior.values_of(drawn))
    for part, number in enumerate(drawn.T):
        for component in range(int(prior.exists()[part].sum())):
            torch.testing.assert_close(
                z[number == component, part].mean(0), prior.mean[part, component], rtol=0, atol=0.03
            )


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
def test_values_without_a_label_are_neither_drawn_nor_told(parts: tuple[tuple[int, ...], ...]) -> None:
    """Shape 0 and the last value of the third factor are never labelled."""
    values = every_combination()
    labelled = values[(values[:, 0] != 0) & (values[:, 2] != 4)]
    prior = prior_of(parts, labelled)
    known = {*map(tuple, prior.components(labelled).tolist())}
    assert even(Counter(map(tuple, prior.draw_components(20_000, stream(5)).tolist())), known)
    anything = 10 * torch.randn(2000, len(parts), 2, generator=stream(6))
    told = prior.told(anything)
    assert {*told[:, 0].tolist()} <= {1, 2} and {*told[:, 2].tolist()} <= {0, 1, 2, 3}
    density = prior.log_density(anything)
    assert torch.equal(density == -math.inf, ~prior.known.expand_as(density))
    assert int((prior.exists() & ~prior.known).sum()) == sum(
        math.prod(SIZES[place] for place in part) - len({row[k] for row in known}) for k, part in enumerate(parts)
    )


def test_a_code_is_of_the_densest_component_not_of_the_nearest() -> None:
    """Of N(0, 0.5^2) and N(3, 0.01^2) at 2.9: the wide one."""
    prior = MixturePrior((2,), ((0,),), 1)
    spread = torch.tensor([-1.0, 1, -1, 1])[:, None, None] / math.sqrt(4 / 3)
    codes = torch.cat([0.5 * spread, 3 + 0.01 * spread])
    prior.estimate(codes, torch.arange(2).repeat_interleave(4)[:, None], 1.0, 0.0)
    torch.testing.assert_close(prior.factor.flatten(), torch.tensor([0.5, 0.01]), rtol=1e-3, atol=0)
    assert prior.told(torch.tensor([2.9, 2.999, 0.1, 9.0])[:, None, None]).flatten().tolist() == [0, 1, 0, 0]


def test_a_prior_keeps_the_mean_and_deviation_of_all_labelled_codes() -> None:
    prior = MixturePrior((2, 3), ((0,), (1,)), 2)
    codes = torch.randn(12, 2, 2, generator=stream()) * torch.tensor([[1.0, 5], [0.0, 2]]) + 3
    prior.estimate(codes, torch.randint(2, (12, 2), generator=stream()), 0.1, 0.001)
    np.testing.assert_allclose(prior.centre, codes.numpy().mean(0), rtol=1e-5)
    np.testing.assert_allclose(prior.spread, np.maximum(codes.numpy().std(0), 1e-6), rtol=1e-4)
    assert prior.spread[1, 0] == pytest.approx(1e-6)  # a dimension that does not vary can be divided by
    assert not [*prior.parameters()]
    again = MixturePrior((2, 3), ((0,), (1,)), 2)
    again.load_state_dict(prior.state_dict())
    assert torch.equal(again.draw_components(50, stream(1)), prior.draw_components(50, stream(1)))
    assert torch.equal(again.log_density(codes), prior.log_density(codes))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_codes_that_are_not_finite_make_components_that_are_not(value: float) -> None:
    """And no traceback: the losses that follow tell that the training has diverged."""
    prior = MixturePrior((2,), ((0,),), 2)
    codes = torch.zeros(4, 1, 2)
    codes[2, 0, 1] = value
    prior.estimate(codes, torch.tensor([[0], [1], [0], [1]]), 0.1, 0.001)
    assert not prior.factor.isfinite().any() and prior.known.all()
    components = prior.draw_components(4, stream(0))
    assert not prior.sample(components, stream(1)).isfinite().any()


def test_without_a_ridge_a_singular_covariance_is_regular_too() -> None:
    codes = 1e6 * torch.tensor([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])[:, None]
    found = estimate(codes, torch.zeros(3, 1, dtype=torch.int64), 1, 1.0, 0.0)
    assert found.whitening.isfinite().all()
    variance = found.factor[0, 0].double() @ found.factor[0, 0].double().T
    assert variance[0, 0].item() == pytest.approx(1e12 * (1 + 1e-6), rel=1e-5)


def test_densities_and_draws_are_of_single_precision_in_half_precision_too() -> None:
    prior, z = prior_of(PARTS["mixed"], every_combination()), torch.randn(5, 2, 2, generator=stream(1))
    density, drawn = prior.log_density(z), prior.sample(prior.components(every_combination()), stream(2))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(prior.log_density(z), density)
        assert torch.equal(prior.sample(prior.components(every_combination()), stream(2)), drawn)
