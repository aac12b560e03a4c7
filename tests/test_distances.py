"""Distances between images: by hand, against scikit-image and the published reading, and what every one must be."""

import hashlib
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity
from torch import Tensor, nn

from disentangle import registry
from disentangle.errors import InputError
from disentangle.losses.image_distance import feature_l1, l1, multi_scale_l1, multi_scale_ssim, ssim
from disentangle.models import efficientnet_lite
from disentangle.models.distances import vgg16
from disentangle.models.efficientnet_lite import EfficientNetLite0
from disentangle.models.vgg16 import VGG16


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(seed: int = 0, count: int = 3, side: int = 32) -> tuple[Tensor, Tensor]:
    x, y = torch.rand(2, count, 3, side, side, generator=stream(seed), dtype=torch.float64)
    return x, (x + y) / 2


def test_l1_and_its_scales_by_hand() -> None:
    """A chequerboard of 1 and 0 against 0: 1/2 everywhere; 1 and -1 in turns vanish at 2x2."""
    board = torch.tensor([[1.0, 0.0], [0.0, 1.0]]).tile(1, 1, 2, 2)
    zero = torch.zeros_like(board)
    assert l1(board, zero).tolist() == [0.5]
    assert multi_scale_l1(board, zero).tolist() == [1.5]
    assert multi_scale_l1(board, 1 - board).tolist() == [1.0]
    assert multi_scale_l1(torch.cat([board, zero]), torch.cat([zero, zero])).tolist() == [1.5, 0]


def test_feature_l1_by_hand() -> None:
    x, y = torch.tensor([1.0, 0.0]).view(2, 1, 1, 1), torch.zeros(2, 1, 1, 1)
    maps = [torch.tensor([[4.0, 0.0], [1.0, 1.0]]).view(2, 2, 1, 1), torch.tensor([[-3.0], [0.0]]).view(2, 1, 1, 1)]
    zeros = [torch.zeros_like(found) for found in maps]
    assert feature_l1(x, y, maps, zeros, [2.0, 0.5]).tolist() == [1 + 2 / 2 + 3 / 0.5, 1 / 2]


@pytest.mark.parametrize("side", [11, 32])
def test_ssim_is_that_of_scikit_image(side: int) -> None:
    x, y = pictures(side=side)
    expected = [
        structural_similarity(
            a, b, data_range=1, channel_axis=0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        for a, b in zip(x.numpy(), y.numpy(), strict=True)
    ]
    np.testing.assert_allclose(ssim(x, y), expected, rtol=0, atol=1e-10)


def test_multi_scale_ssim_halves_down_to_the_window() -> None:
    x, y = pictures(side=64)

    def halved(a: Tensor) -> Tensor:
        return a.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).mean((3, 5))

    expected = (ssim(x, y) + ssim(halved(x), halved(y)) + ssim(halved(halved(x)), halved(halved(y)))) / 3
    torch.testing.assert_close(multi_scale_ssim(x, y), expected, rtol=0, atol=1e-12)


@given(seed=st.integers(0, 2**31), side=st.sampled_from([11, 12, 22]), mix=st.floats(0, 1))
@settings(max_examples=10, deadline=None)
def test_ssim_is_symmetric_one_of_equals_and_at_most_one(seed: int, side: int, mix: float) -> None:
    x, y = pictures(seed, side=side)
    y = mix * x + (1 - mix) * y
    found = multi_scale_ssim(x, y)
    assert float(found.max()) <= 1 + 1e-12
    torch.testing.assert_close(found, multi_scale_ssim(y, x), rtol=0, atol=1e-12)
    torch.testing.assert_close(multi_scale_ssim(x, x), torch.ones(3, dtype=torch.float64), rtol=0, atol=1e-12)


def test_distances_are_of_full_precision_under_autocast() -> None:
    x, y = (picture.float() for picture in pictures())
    for distance in (l1, multi_scale_l1, ssim, multi_scale_ssim):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert torch.equal(distance(x, y), distance(x, y).float())
        torch.testing.assert_close(distance(x, y).double(), distance(x.double(), y.double()), rtol=1e-4, atol=1e-6)


# Every distance.


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Other weights where the trained ones of VGG16 and Lite0 are read; a narrow VGG16, each tensor constant."""
    lite0 = EfficientNetLite0(stream(5), 7, False, "").state_dict()
    monkeypatch.setattr(efficientnet_lite, "read_packaged", lambda *given: lite0)
    monkeypatch.chdir(tmp_path)
    shapes = {name: value.shape for name, value in VGG16(width=4).state_dict().items()}
    weights = {
        name: torch.tensor((1 + k / 100) / math.prod(shape[1:])).expand(shape)
        for k, (name, shape) in enumerate((shapes | {"classifier.0.weight": (4096, 25088)}).items())
    }
    path = tmp_path / "data/raw/vgg16-397923af.pth"
    path.parent.mkdir(parents=True)
    torch.save(weights, path)
    known = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    official = vgg16.ARCHIVES
    for module in (registry.load("distances", name) for name in registry.names("distances")):
        if official == module.ARCHIVES:
            monkeypatch.setattr(module, "VGG16", lambda: VGG16(width=4))
            monkeypatch.setattr(module, "ARCHIVES", (official[0] | known,))
    return path


SMALL = {"width": 4, "blocks": 1}
"""Options that only cost time, of every distance that has them."""


def built(name: str) -> nn.Module:
    options = {key: SMALL[key] for key in registry.options("distances", name) if key in SMALL}
    distance: nn.Module = registry.build("distances", name, options).build()
    return distance


@pytest.mark.parametrize("name", registry.names("distances"))
def test_every_distance_is_one_number_an_image_zero_of_equals_and_symmetric(name: str, files: Path) -> None:
    distance = built(name).double()
    x, y = pictures(count=2)
    found = distance(x, y)
    assert found.shape == (2,)
    assert bool((found > l1(x, y)).all() and found.isfinite().all())
    torch.testing.assert_close(distance(x, x), torch.zeros(2, dtype=torch.float64), rtol=0, atol=1e-12)
    torch.testing.assert_close(found, distance(y, x), rtol=1e-12, atol=0)
    torch.testing.assert_close(found[1:], distance(x[1:], y[1:]), rtol=1e-10, atol=0)
    single = built(name)(x.float(), y.float())
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), found, rtol=1e-4, atol=0)


@pytest.mark.parametrize("name", registry.names("distances"))
def test_every_distance_passes_gradients_to_the_images_alone(name: str, files: Path) -> None:
    before = torch.random.get_rng_state()
    distance = built(name).train()
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not any(parameter.requires_grad for parameter in distance.parameters())
    x, y = (picture.float().requires_grad_() for picture in pictures(count=2))
    state = {key: value.clone() for key, value in distance.state_dict().items()}
    distance(x, y).mean().backward()
    for picture in (x, y):
        assert picture.grad is not None
        assert bool(picture.grad.isfinite().all() and picture.grad.any())
    assert all(torch.equal(value, state[key]) for key, value in distance.state_dict().items())
    torch.testing.assert_close(distance(x, y), built(name).eval()(x, y), rtol=0, atol=0)


def test_vgg16s_file_is_read(files: Path) -> None:
    saved = torch.load(files, weights_only=True)
    state = built("vgg16").get_submodule("network").state_dict()
    assert {*saved} - {*state} == {"classifier.0.weight"}
    assert all(torch.equal(value, saved[name]) for name, value in state.items())


def test_vgg16_is_torchvisions() -> None:
    """14,714,688 parameters up to the classifier."""
    network = VGG16()
    assert sum(parameter.numel() for parameter in network.parameters()) == 14_714_688
    state = network.state_dict()
    places = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
    assert list(state) == [f"features.{k}.{part}" for k in places for part in ("weight", "bias")]
    assert state["features.28.weight"].shape == (512, 512, 3, 3)


def test_vgg16_compares_the_published_layers_as_they_are_after_relus_in_place() -> None:
    """Layers 2, 7, 12 and 21 are convolutions, kept before the ReLU that then changes them."""
    network = VGG16(width=2).double()
    for k, parameter in enumerate(network.parameters()):
        nn.init.normal_(parameter, std=0.3, generator=stream(k))
    x = torch.rand(2, 3, 32, 32, generator=stream(), dtype=torch.float64)
    kept, h = [], x
    with torch.no_grad():
        for place, layer in enumerate(network.features):
            h = layer(h)
            if place in (2, 7, 12, 21, 30):
                kept.append(h)
        maps = network(x)
    assert all(type(network.features[place]) is nn.Conv2d for place in (2, 7, 12, 21))
    assert [found.shape[-1] for found in maps] == [32, 16, 8, 4, 1]
    assert all(torch.equal(found, expected) for found, expected in zip(maps, kept, strict=True))
    assert all(float(found.min()) >= 0 for found in maps)


def test_vgg16_without_its_file_says_where_to_get_it(files: Path) -> None:
    files.unlink()
    with pytest.raises(
        InputError,
        match=r"^data/raw/vgg16-397923af\.pth: not found\. "
        r"Run 'python -m disentangle fetch data/raw/vgg16-397923af\.pth', "
        r"put https://download\.pytorch\.org/models/vgg16-397923af\.pth there, or use the distance 'random_vgg'\.$",
    ):
        built("vgg16")


def test_random_vggs_weights_are_fixed_by_the_seed_and_its_terms_comparable() -> None:
    first, second, other = (
        registry.build("distances", "random_vgg", {"seed": s, "width": 4}).build() for s in (0, 0, 1)
    )
    x, y = (picture.float() for picture in pictures())
    assert torch.equal(first(x, y), second(x, y))
    assert not torch.equal(first(x, y), other(x, y))
    network = first.get_submodule("network")
    activations = [float(a.mean()) / scale for a, scale in zip(network(x), first.scales, strict=True)]
    assert all(0.3 < activation < 3 for activation in activations), activations
