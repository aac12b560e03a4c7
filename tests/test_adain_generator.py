"""The generator whose channels a domain sets: AdaIN by hand, both forms against their layers written out."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from disentangle.errors import InputError
from disentangle.models.adain_generator import FORMS, AdaINGenerator, adain


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_adain_by_hand() -> None:
    """1, 3, 5, 7 have mean 4 and variance 5; 2, 2, 2, 2 have nothing to scale."""
    h = torch.tensor([[[[1, 3], [5, 7]], [[2, 2], [2, 2]]]], dtype=torch.float64)
    y = adain(h, torch.tensor([[10.0, 3.0]]).double(), torch.tensor([[1.0, -1.0]]).double())
    root = (5 + 1e-5) ** 0.5
    assert y[0, 0].flatten().tolist() == pytest.approx([1 + 10 * d / root for d in (-3, -1, 1, 3)], abs=1e-12)
    assert y[0, 1].flatten().tolist() == [-1] * 4


def test_adain_sets_the_statistics_of_each_image_and_channel() -> None:
    h = torch.randn(3, 4, 5, 6, generator=stream(), dtype=torch.float64) * 7 + 2
    scale, bias = torch.rand(2, 3, 4, generator=stream(1), dtype=torch.float64)
    y = adain(h, scale, bias)
    torch.testing.assert_close(y.mean((2, 3)), bias, rtol=0, atol=1e-12)
    torch.testing.assert_close(y.std((2, 3), correction=0), scale, rtol=1e-5, atol=0)
    expected = scale[..., None, None] * F.instance_norm(h) + bias[..., None, None]
    torch.testing.assert_close(y, expected, rtol=0, atol=1e-10)


def test_adain_of_a_constant_map_has_a_finite_gradient() -> None:
    h = torch.ones(1, 1, 2, 2, requires_grad=True)
    adain(h, torch.ones(1, 1), torch.zeros(1, 1)).sum().backward()
    assert h.grad is not None
    assert bool(h.grad.isfinite().all())


def styled(p: dict[str, Tensor], h: Tensor, domain: Tensor, k: int) -> Tensor:
    told = domain @ p[f"norms.{k}.linear.weight"].T + p[f"norms.{k}.linear.bias"]
    width = h.shape[1]
    return adain(h, told[:, :width], told[:, width:])


def inputs(generator: AdaINGenerator, code: int, domain: int) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    z, e = (torch.randn(1, size, generator=stream(1), dtype=torch.float64) for size in (code, domain))
    return generator.double().state_dict(), z, e


def connected(p: dict[str, Tensor], z: Tensor, layers: int) -> Tensor:
    for k in range(layers):
        z = F.leaky_relu(z @ p[f"fc.{k}.0.weight"].T + p[f"fc.{k}.0.bias"], 0.01)
    return z


def test_the_published_form() -> None:
    generator = AdaINGenerator(stream(), code=128, domain_dim=256, side=64)
    p, z, e = inputs(generator, 128, 256)
    sizes = [tuple(p[f"fc.{k}.0.weight"].shape) for k in range(3)]
    assert sizes == [(4 * 4 * 32, 128), (4 * 4 * 64, 4 * 4 * 32), (4 * 4 * 256, 4 * 4 * 64)]
    h = connected(p, z, 3).view(1, 256, 4, 4)
    for k in range(4):
        h = h.repeat_interleave(2, 2).repeat_interleave(2, 3)
        h = F.leaky_relu(F.conv2d(h, p[f"blocks.{k}.1.weight"], p[f"blocks.{k}.1.bias"], padding=1), 0.01)
        h = styled(p, h, e, k)
    assert p["end.0.weight"].shape == (64, 256, 5, 5)
    assert p["end.2.weight"].shape == (3, 64, 7, 7)
    h = F.leaky_relu(F.conv2d(h, p["end.0.weight"], p["end.0.bias"], padding=2), 0.01)
    expected = F.conv2d(h, p["end.2.weight"], p["end.2.bias"], padding=3).sigmoid()
    assert expected.shape == (1, 3, 64, 64)
    torch.testing.assert_close(generator(z, e), expected, rtol=0, atol=1e-10)


def test_the_light_form() -> None:
    generator = AdaINGenerator(stream(), code=8, domain_dim=64, side=32, form="light")
    p, z, e = inputs(generator, 8, 64)
    h = connected(p, z, 2).view(1, 64, 4, 4)
    shapes = []
    for k in range(2):
        weight = p[f"blocks.{k}.0.weight"]
        shapes.append(tuple(weight.shape))
        h = F.leaky_relu(F.conv_transpose2d(h, weight, p[f"blocks.{k}.0.bias"], stride=2, padding=1), 0.01)
        h = styled(p, h, e, k)
    assert shapes == [(64, 64, 4, 4), (64, 32, 4, 4)]
    expected = F.conv_transpose2d(h, p["end.0.weight"], p["end.0.bias"], stride=2, padding=1).sigmoid()
    torch.testing.assert_close(generator(z, e), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("side", "channels"), [(16, 1), (32, 3), (64, 1)])
def test_images_lie_in_0_to_1_and_depend_on_both_inputs(form: str, side: int, channels: int) -> None:
    before = torch.random.get_rng_state()
    generator, same = (AdaINGenerator(stream(), 8, 6, side, channels, form) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), before)
    z, e = torch.randn(2, 8, generator=stream(1)), torch.randn(2, 6, generator=stream(2))
    images = generator(z, e).detach()
    assert images.shape == (2, channels, side, side)
    assert 0 <= float(images.min()) < float(images.max()) <= 1
    assert torch.equal(images, same(z, e))
    assert not torch.equal(images, generator(z.flip(0), e))
    assert not torch.equal(images, generator(z, e.flip(0)))


def test_wrong_forms_and_sides_say_what_is_allowed() -> None:
    with pytest.raises(InputError, match="unknown form of the generator 'lrd': did you mean 'lord'"):
        AdaINGenerator(stream(), 8, 6, 32, form="lrd")
    for side in (8, 48):
        with pytest.raises(InputError, match=f"found a side of {side} pixels; allowed: a power of 2 from 16"):
            AdaINGenerator(stream(), 8, 6, side)
