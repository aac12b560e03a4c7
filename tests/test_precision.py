"""TF32 without a GPU: what is rounded, and how."""

from pathlib import Path
from types import ModuleType

import pytest
import torch


@pytest.fixture
def precision(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "bench"))
    import precision

    return precision


def test_ten_bits_of_mantissa_are_kept(precision: ModuleType) -> None:
    """Between 1 and 2 they are 1/1024 apart; half way goes away from zero."""
    half = 2.0**-11
    given = [1 + half, 1 + 0.99 * half, 1 + 3 * half, -1 - half, 1e-20, 3.0, 2 - half / 4, 0.0]
    kept = [1 + 2 * half, 1.0, 1 + 4 * half, -1 - 2 * half, None, 3.0, 2.0, 0.0]
    for value, expected in zip(precision.rounded(torch.tensor(given)).tolist(), kept, strict=True):
        assert value == (pytest.approx(1e-20, rel=2**-11) if expected is None else expected)


def test_factors_are_rounded_and_what_is_added_is_not(precision: ModuleType) -> None:
    """Those of the backward pass as well, whose products are of rounded gradients."""
    generator = torch.Generator().manual_seed(0)
    bias, x, weight = (torch.randn(2, 4, 4, generator=generator) for _ in range(3))
    x.requires_grad_()
    with precision.Tf32():
        found = torch.baddbmm(bias, x, weight)
        found.square().sum().backward()
    round_ = precision.rounded
    expected = torch.baddbmm(bias, round_(x.detach()), round_(weight))
    assert torch.equal(found, expected)
    assert not torch.equal(found, torch.baddbmm(bias, x, weight))
    assert x.grad is not None
    assert torch.equal(x.grad, torch.bmm(round_(2 * expected), round_(weight.mT)))


def test_the_table_of_cells_that_are_trained_in_three_ways(precision: ModuleType) -> None:
    """Differences of 0.1 and 0.3: mean 0.2, of which the standard error is 0.1414 / sqrt(2)."""
    float32, tf32, order = ({"a": {"x": a}, "b": {"x": b}} for a, b in ((0.1, 0.5), (0.2, 0.8), (0.1, 0.4)))
    *_, row = precision.table(float32, tf32, order)
    assert row == "| `x` | 0.300 | 0.500 | 0.200 ± 0.100 | 0.300 | -0.050 ± 0.050 | 0.100 |"
