"""The shared maths against loops over single elements, derivatives, and answers known by hand."""

import functools
import math
import operator
from collections.abc import Callable, Iterable
from typing import Literal

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from disentangle.losses import contrastive

Function = Callable[[Tensor, Tensor, float], Tensor]

CONTRASTIVE: list[Function] = [contrastive.info_nce, contrastive.info_nce_gradient, contrastive.info_nce_own_gradient]


def add(terms: Iterable[Tensor]) -> Tensor:
    return functools.reduce(operator.add, terms)


def random_batch(seed: int, views: int, dim: int, classes: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    z = contrastive.unit(torch.randn(views, dim, generator=generator, dtype=torch.float64))
    return z, torch.randint(classes, (views,), generator=generator)


def naive_terms(z: Tensor, labels: Tensor, temperature: float) -> dict[int, Tensor]:
    """Each anchor's own term of InfoMax, without those that have no positive."""
    terms = {}
    for i in range(len(z)):
        others = [a for a in range(len(z)) if a != i]
        positives = [p for p in others if labels[p] == labels[i]]
        total = add(torch.exp(z[i] @ z[a] / temperature) for a in others)
        if positives:
            terms[i] = -add(torch.log(torch.exp(z[i] @ z[p] / temperature) / total) for p in positives) / len(positives)
    return terms


batches = st.builds(random_batch, st.integers(0, 2**32), st.integers(2, 9), st.integers(1, 5), st.integers(1, 6))
temperatures = st.floats(0.1, 2.0)


@settings(deadline=None, max_examples=60)
@given(batches, temperatures)
def test_info_nce_equals_loops(batch: tuple[Tensor, Tensor], temperature: float) -> None:
    terms = naive_terms(*batch, temperature).values()
    expected = add(terms) / len(terms) if terms else torch.zeros((), dtype=torch.float64)
    torch.testing.assert_close(contrastive.info_nce(*batch, temperature), expected, rtol=0, atol=1e-10)


@settings(deadline=None, max_examples=60)
@given(batches, temperatures)
def test_gradients_equal_autograd(batch: tuple[Tensor, Tensor], temperature: float) -> None:
    z, labels = batch
    free = z.clone().requires_grad_()
    (expected,) = torch.autograd.grad(contrastive.info_nce(free, labels, temperature), free)
    torch.testing.assert_close(contrastive.info_nce_gradient(z, labels, temperature), expected, rtol=0, atol=1e-10)

    own = torch.zeros_like(z)
    for i, term in naive_terms(free, labels, temperature).items():
        own[i] = torch.autograd.grad(term, free)[0][i]
    torch.testing.assert_close(contrastive.info_nce_own_gradient(z, labels, temperature), own, rtol=0, atol=1e-10)


@pytest.mark.parametrize("function", CONTRASTIVE)
def test_derivatives_of_functions_equal_finite_differences(function: Function) -> None:
    z, labels = random_batch(0, 6, 3, 3)
    assert torch.autograd.gradcheck(lambda z: function(z, labels, 0.4), z.requires_grad_())


def test_info_nce_worked_by_hand() -> None:
    """Anchors 0 and 1 see one positive at cosine 0 and a negative at -1 or 0; anchor 2 has no positive."""
    z = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    expected = (math.log(1 + math.exp(-2)) + math.log(2)) / 2
    assert float(contrastive.info_nce(z, torch.tensor([7, 7, 3]), 0.5)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("views", [2, 5, 64])
def test_equal_embeddings_are_at_the_collapse_level_without_gradient(views: int) -> None:
    z = contrastive.unit(torch.ones(views, 8, dtype=torch.float64))
    labels = torch.arange(views) // 2
    assert contrastive.collapse_level(views) == math.log(views - 1)
    assert float(contrastive.info_nce(z, labels, 0.1)) == pytest.approx(math.log(views - 1), abs=1e-10)
    assert float(contrastive.info_nce_own_gradient(z, labels, 0.1).abs().max()) < 1e-10


def test_one_hot_clusters_reach_the_factor_level() -> None:
    """Six views in classes of four and two: 4/6 log 3 + 2/6 log 1."""
    labels = torch.tensor([0, 1, 0, 0, 1, 0])
    z = torch.eye(2, dtype=torch.float64)[labels]
    assert float(contrastive.factor_level(labels)) == pytest.approx(4 / 6 * math.log(3), abs=1e-6)
    assert float(contrastive.info_nce(z, labels, 0.01)) == pytest.approx(4 / 6 * math.log(3), abs=1e-10)


def test_embeddings_of_one_factor_are_at_its_level_under_joint_labels() -> None:
    """Eight views, 2 x 2 joint classes: with the first factor alone, a positive is one of three like views."""
    joint = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
    first = joint // 2
    z = torch.eye(2, dtype=torch.float64)[first]
    assert float(contrastive.info_nce(z, joint, 0.01)) == pytest.approx(math.log(3), abs=1e-10)
    assert float(contrastive.factor_level(first)) == pytest.approx(math.log(3), abs=1e-6)
    assert float(contrastive.factor_level(joint)) == 0


def test_no_positives_at_all_is_zero_not_nan() -> None:
    z, labels = contrastive.unit(torch.randn(4, 3)).requires_grad_(), torch.arange(4)
    loss = contrastive.info_nce(z, labels, 0.1)
    assert float(loss.detach()) == 0
    assert torch.equal(torch.autograd.grad(loss, z)[0], torch.zeros(4, 3))
    assert torch.equal(contrastive.info_nce_gradient(z, labels, 0.1), torch.zeros(4, 3))
    assert float(contrastive.factor_level(labels)) == 0


def test_sub_infomax_sees_both_views_under_each_label() -> None:
    z, _ = random_batch(1, 12, 3, 2)
    z0, z1 = z[:6].view(3, 2, 3), z[6:].view(3, 2, 3)
    labels0, labels1 = torch.tensor([4, 4, 1]), torch.tensor([0, 1, 2])
    terms = contrastive.sub_infomax([z0, z1], [labels0, labels1], 0.3)
    assert list(terms) == ["infomax_0", "infomax_1"]
    for k, labels in enumerate(([4, 4, 4, 4, 1, 1], [0, 0, 1, 1, 2, 2])):
        expected = naive_terms(z[6 * k : 6 * k + 6], torch.tensor(labels), 0.3).values()
        torch.testing.assert_close(terms[f"infomax_{k}"], add(expected) / 6, rtol=0, atol=1e-10)


@pytest.mark.parametrize("pairs", ["matched", "all"])
def test_absolute_cosine_equals_loops_for_any_length(pairs: Literal["matched", "all"]) -> None:
    generator = torch.Generator().manual_seed(2)
    a, b = torch.randn(2, 4, 2, 3, generator=generator, dtype=torch.float64)
    cosines = [
        (a[i, v] @ b[j, w]).abs() / (a[i, v].norm() * b[j, w].norm())
        for i in range(4)
        for j in (range(4) if pairs == "all" else [i])
        for v in range(2)
        for w in range(2)
    ]
    torch.testing.assert_close(
        contrastive.absolute_cosine(a, b, pairs), add(cosines) / len(cosines), rtol=0, atol=1e-10
    )


@pytest.mark.parametrize("function", CONTRASTIVE)
def test_autocast_and_half_inputs_do_not_lower_precision(function: Function) -> None:
    z, labels = random_batch(3, 8, 4, 3)
    expected = function(z.float(), labels, 0.1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(function(z.float(), labels, 0.1), expected)
    assert function(z.bfloat16(), labels, 0.1).dtype == torch.float32


@pytest.mark.parametrize("function", CONTRASTIVE)
def test_stays_finite_where_the_exponentials_overflow(function: Function) -> None:
    z, labels = random_batch(4, 8, 4, 3)
    z = z.float().requires_grad_()
    value = function(z, labels, 1e-3)
    assert torch.isfinite(value).all()
    assert torch.isfinite(torch.autograd.grad(value.square().sum(), z)[0]).all()


@pytest.mark.parametrize("function", CONTRASTIVE)
def test_no_shape_depends_on_a_value(function: Function) -> None:
    """Fake tensors have no values: reading one, or a shape that needs one, raises."""
    with FakeTensorMode():
        z = torch.randn(8, 4, requires_grad=True)
        value = function(z, torch.randint(3, (8,)), 0.1)
        assert torch.autograd.grad(value.sum(), z)[0].shape == (8, 4)
        assert contrastive.factor_level(torch.randint(3, (8,))).shape == ()
