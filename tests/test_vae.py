"""Networks of the variational autoencoders: each stacked layer against torch's own, sizes, initialisation."""

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from disentangle.models import stacked
from disentangle.models.discriminator import Discriminator
from disentangle.models.stacked import conv_k2, conv_k4, deconv_k4, linear, stack, unstack
from disentangle.models.vae import VAE

Layer = Callable[..., Tensor]


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def drawn(*shape: int) -> Tensor:
    generator = stream(sum(shape))
    return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()


def channels_first(layer: Layer) -> Layer:
    return lambda x, w, b: layer(x.permute(0, 3, 1, 2), w, b).permute(0, 2, 3, 1)


def assert_equal_per_model(layer: Layer, reference: Layer, x: Tensor, weight: Tensor, bias: Tensor) -> None:
    """Values and all three gradients, also behind an activation in place, within rounding of float64."""
    found = layer(x, weight, bias)
    expected = torch.stack([reference(*one) for one in zip(x, weight, bias, strict=True)])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    active = layer(x, weight, bias, torch.relu_)
    torch.testing.assert_close(active, expected.clamp(min=0), rtol=0, atol=1e-12)
    direction = drawn(*expected.shape).detach()
    for y, reference_y in ((found, expected), (active, expected.clamp(min=0))):
        gradients = [torch.autograd.grad(v, (x, weight, bias), direction, retain_graph=True) for v in (y, reference_y)]
        for one, other in zip(*gradients, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-11)


@pytest.mark.parametrize("models", [1, 3])
@pytest.mark.parametrize("path", ["library", "products"])
@pytest.mark.parametrize("channels", [1, 3, 6])
def test_layers_equal_torchs_for_each_model(
    models: int, path: str, channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways to convolve: that of a CPU's library, which a single model takes, and that of a GPU."""
    monkeypatch.setattr(stacked, "uses_library", lambda x: path == "library" and len(x) == 1)
    images, small = drawn(models, 2, 8, 12, channels), drawn(models, 2, 3, 5, 7)
    assert_equal_per_model(linear, F.linear, drawn(models, 4, channels), drawn(models, 5, channels), drawn(models, 5))
    conv2 = channels_first(lambda x, w, b: F.conv2d(x, w, b, stride=2))
    assert_equal_per_model(conv_k2, conv2, images, drawn(models, 5, channels, 2, 2), drawn(models, 5))
    conv4 = channels_first(lambda x, w, b: F.conv2d(x, w, b, stride=2, padding=1))
    assert_equal_per_model(conv_k4, conv4, images, drawn(models, 5, channels, 4, 4), drawn(models, 5))
    deconv4 = channels_first(lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2, padding=1))
    assert_equal_per_model(deconv_k4, deconv4, small, drawn(models, 7, channels, 4, 4), drawn(models, channels))


def test_a_deconvolution_worked_by_hand() -> None:
    """One pixel of value 2: the 2x2 output is twice the kernel's inner 2x2, as a padding of 1 crops the rest."""
    kernel = torch.arange(16.0).view(1, 1, 1, 4, 4)
    y = deconv_k4(torch.full((1, 1, 1, 1, 1), 2.0), kernel, torch.full((1, 1), 0.5))
    assert y.flatten().tolist() == [10.5, 12.5, 18.5, 20.5]


@pytest.mark.parametrize(("channels", "expected"), [(1, 690_517), (3, 692_567)])
def test_sizes_of_the_published_model(channels: int, expected: int) -> None:
    weights = VAE(64, channels).initial(stream())
    assert sum(weight.numel() for weight in weights.values()) == expected
    assert sum(weight.numel() for weight in Discriminator().initial(stream()).values()) == 5_018_002


@pytest.mark.parametrize(("size", "channels"), [(64, 1), (32, 3)])
def test_shapes(size: int, channels: int) -> None:
    model = VAE(size, channels, latent=4, conv=(8, 6, 5, 7), hidden=9)
    weights = stack([model.initial(stream(seed)) for seed in range(3)])
    mean, logvar = model.encode(weights, torch.rand(3, 2, size, size, channels))
    assert mean.shape == logvar.shape == (3, 2, 4)
    assert model.decode(weights, mean).shape == (3, 2, size, size, channels)
    discriminator = Discriminator(4, layers=2, hidden=5)
    critic = stack([discriminator.initial(stream(seed)) for seed in range(3)])
    assert discriminator.logits(critic, mean).shape == (3, 2, 2)


def as_modules(model: VAE, weights: dict[str, Tensor]) -> tuple[nn.Module, nn.Module, nn.Module, nn.Module]:
    """The published architecture as one would write it with torch.nn; images and features are channels first."""
    c0, c1, c2, c3 = model.conv
    side = model.size // 16
    trunk = nn.Sequential(
        nn.Conv2d(model.channels, c0, 4, 2, 1),
        nn.ReLU(),
        nn.Conv2d(c0, c1, 4, 2, 1),
        nn.ReLU(),
        nn.Conv2d(c1, c2, 2, 2),
        nn.ReLU(),
        nn.Conv2d(c2, c3, 2, 2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(side * side * c3, model.hidden),
        nn.ReLU(),
    )
    mean, logvar = (nn.Linear(model.hidden, model.latent) for _ in range(2))
    decoder = nn.Sequential(
        nn.Linear(model.latent, model.hidden),
        nn.ReLU(),
        nn.Linear(model.hidden, side * side * c3),
        nn.ReLU(),
        nn.Unflatten(1, (c3, side, side)),
        nn.ConvTranspose2d(c3, c2, 4, 2, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(c2, c1, 4, 2, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(c1, c0, 4, 2, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(c0, model.channels, 4, 2, 1),
    )
    # Features are (row, column, channel) in ours and (channel, row, column) in torch's.
    first = weights["encoder.fc.weight"].view(-1, side, side, c3).permute(0, 3, 1, 2).flatten(1)
    last = weights["decoder.fc1.weight"].view(side, side, c3, -1).permute(2, 0, 1, 3).flatten(0, 2)
    last_bias = weights["decoder.fc1.bias"].view(side, side, c3).permute(2, 0, 1).flatten()
    turned = weights | {"encoder.fc.weight": first, "decoder.fc1.weight": last, "decoder.fc1.bias": last_bias}
    named = {f"encoder.conv{k}": trunk[2 * k] for k in range(4)} | {"encoder.fc": trunk[9]}
    named |= {"encoder.mean": mean, "encoder.logvar": logvar, "decoder.fc0": decoder[0], "decoder.fc1": decoder[2]}
    named |= {f"decoder.deconv{k}": decoder[5 + 2 * k] for k in range(4)}
    assert {f"{name}.{part}" for name in named for part in ("weight", "bias")} == set(weights)
    for name, module in named.items():
        module.weight.data, module.bias.data = turned[f"{name}.weight"].clone(), turned[f"{name}.bias"].clone()
    return trunk, mean, logvar, decoder


@pytest.mark.parametrize(("size", "channels"), [(64, 1), (32, 3)])
def test_networks_equal_torch_modules(size: int, channels: int) -> None:
    model = VAE(size, channels, conv=(8, 6, 5, 7), hidden=9)
    models = [model.initial(stream(seed)) for seed in range(2)]
    for weights in models:  # away from zero biases
        for name, weight in weights.items():
            if name.endswith("bias"):
                weight.normal_(std=0.1, generator=stream(len(name)))
    x, z = torch.rand(2, 3, size, size, channels, generator=stream(5)), torch.randn(2, 3, 10, generator=stream(6))
    mean, logvar = model.encode(stack(models), x)
    logits = model.decode(stack(models), z)
    for k, weights in enumerate(models):
        trunk, to_mean, to_logvar, decoder = as_modules(model, weights)
        h = trunk(x[k].permute(0, 3, 1, 2))
        torch.testing.assert_close(mean[k], to_mean(h), rtol=0, atol=1e-5)
        torch.testing.assert_close(logvar[k], to_logvar(h), rtol=0, atol=1e-5)
        torch.testing.assert_close(logits[k], decoder(z[k]).permute(0, 2, 3, 1), rtol=0, atol=1e-5)


def test_the_discriminator_equals_torch_modules() -> None:
    discriminator = Discriminator(4, layers=2, hidden=6)
    models = [discriminator.initial(stream(seed)) for seed in range(2)]
    z = torch.randn(2, 5, 4, generator=stream(1))
    found = discriminator.logits(stack(models), z)
    for k, weights in enumerate(models):
        h = z[k]
        for layer in ("fc0", "fc1"):
            h = F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])
            h = torch.where(h > 0, h, 0.2 * h)
        torch.testing.assert_close(found[k], F.linear(h, weights["fc2.weight"], weights["fc2.bias"]))


@pytest.mark.parametrize(
    ("name", "fan_in", "fan_out"),
    [
        ("encoder.conv0", 1 * 16, 32 * 16),
        ("encoder.conv2", 32 * 4, 64 * 4),
        ("encoder.fc", 1024, 256),
        ("encoder.logvar", 256, 10),
        ("decoder.fc1", 256, 1024),
        ("decoder.deconv1", 64 * 16, 32 * 16),
        ("decoder.deconv3", 32 * 16, 1 * 16),
    ],
)
def test_kernels_are_glorot_uniform_and_biases_zero(name: str, fan_in: int, fan_out: int) -> None:
    weights = VAE(64, 1).initial(stream(3))
    weight, bound = weights[f"{name}.weight"], math.sqrt(6 / (fan_in + fan_out))
    assert float(weight.abs().max()) <= bound
    assert float(weight.abs().max()) > 0.97 * bound
    # of a uniform number within +-b the standard deviation is b / sqrt(3)
    assert float(weight.std()) == pytest.approx(bound / math.sqrt(3), rel=0.05)
    assert not weights[f"{name}.bias"].any()


def test_a_models_initialisation_is_its_generators_alone() -> None:
    model = VAE(32, 1)
    one, two, other = (model.initial(stream(seed)) for seed in (0, 0, 1))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(one["encoder.conv0.weight"], other["encoder.conv0.weight"])
    assert one.keys() == unstack(stack([other, one]), 1).keys()
    assert all(torch.equal(one[name], tensor) for name, tensor in unstack(stack([other, one]), 1).items())
