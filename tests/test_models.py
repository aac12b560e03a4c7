"""The networks: torchvision's names and shapes, values against the layers written out, and where weights come from."""

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from disentangle.errors import InputError
from disentangle.models.contrastive import ContrastiveModel
from disentangle.models.projection import ProjectionHead
from disentangle.models.resnet import ResNet


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small_resnet(seed: int = 0, stem: str = "stride2") -> ResNet:
    return ResNet(stream(seed), blocks=(1, 2), widths=(8, 12), stem=stem)


def small_model(heads: int, seed: int = 0) -> ContrastiveModel:
    return ContrastiveModel(stream(seed), small_resnet(seed), heads=heads, hidden_dim=16, subembedding_dim=3)


MODELS: list[Callable[[int], nn.Module]] = [
    small_resnet,
    lambda seed: ProjectionHead(stream(seed), 6, 5, 4),
    lambda seed: ProjectionHead(stream(seed), 6, 5, 4, batch_norm_output=True, init_std=None),
    lambda seed: small_model(2, seed),
]


@pytest.fixture(scope="module")
def resnet34() -> ResNet:
    return ResNet(stream())


def test_resnet34_has_the_published_parameter_count(resnet34: ResNet) -> None:
    """torchvision's 21,797,672 less the 513,000 of its fc."""
    assert sum(parameter.numel() for parameter in resnet34.parameters()) == 21_284_672
    assert resnet34.out_dim == 512


def test_resnet34_is_named_as_in_torchvision(resnet34: ResNet) -> None:
    state = resnet34.state_dict()
    # 36 convolutions, each with a batch norm of 5 entries
    assert len(state) == 36 * 6
    assert {name.split(".")[0] for name in state} == {"conv1", "bn1", "layer1", "layer2", "layer3", "layer4"}
    shapes = {
        "conv1.weight": (64, 3, 7, 7),
        "bn1.running_var": (64,),
        "bn1.num_batches_tracked": (),
        "layer1.0.conv1.weight": (64, 64, 3, 3),
        "layer1.2.bn2.bias": (64,),
        "layer2.0.conv1.weight": (128, 64, 3, 3),
        "layer2.0.conv2.weight": (128, 128, 3, 3),
        "layer2.0.downsample.0.weight": (128, 64, 1, 1),
        "layer2.0.downsample.1.running_mean": (128,),
        "layer3.5.conv2.weight": (256, 256, 3, 3),
        "layer4.0.downsample.0.weight": (512, 256, 1, 1),
        "layer4.2.bn2.weight": (512,),
    }
    assert {name: tuple(state[name].shape) for name in shapes} == shapes
    stages = {name.split(".downsample")[0] for name in state if "downsample" in name}
    assert stages == {"layer2.0", "layer3.0", "layer4.0"}


@pytest.mark.parametrize(("stem", "sizes"), [("imagenet", [16, 8]), ("stride2", [32, 16]), ("cifar", [64, 32])])
def test_stems_set_the_resolution(stem: str, sizes: list[int]) -> None:
    encoder = small_resnet(stem=stem)
    seen: list[int] = []
    for stage in ("layer1", "layer2"):
        encoder.get_submodule(stage).register_forward_hook(
            lambda _module, _inputs, output: seen.append(output.shape[-1])
        )
    assert encoder(torch.randn(2, 3, 64, 64)).shape == (2, 12)
    assert seen == sizes


def test_resnet_computes_what_its_layers_say() -> None:
    encoder = small_resnet().double().eval()
    generator = stream(1)
    for name, value in encoder.state_dict().items():
        if name.endswith(("bias", "running_mean")) or name.endswith(("bn1.weight", "bn2.weight", "running_var")):
            value.copy_(torch.rand(value.shape, generator=generator, dtype=torch.float64) + 0.5)
    p = encoder.state_dict()

    def norm(x: Tensor, name: str) -> Tensor:
        scale, shift, mean, var = (
            p[f"{name}.{key}"][:, None, None] for key in ("weight", "bias", "running_mean", "running_var")
        )
        y: Tensor = (x - mean) / torch.sqrt(var + 1e-5) * scale + shift
        return y

    def block(x: Tensor, name: str, stride: int) -> Tensor:
        hidden = norm(F.conv2d(x, p[f"{name}.conv1.weight"], stride=stride, padding=1), f"{name}.bn1").relu()
        hidden = norm(F.conv2d(hidden, p[f"{name}.conv2.weight"], padding=1), f"{name}.bn2")
        if f"{name}.downsample.0.weight" in p:
            x = norm(F.conv2d(x, p[f"{name}.downsample.0.weight"], stride=stride), f"{name}.downsample.1")
        return (hidden + x).relu()

    x = torch.randn(2, 3, 16, 16, generator=generator, dtype=torch.float64)
    expected = norm(F.conv2d(x, p["conv1.weight"], stride=2, padding=1), "bn1").relu()
    for name, stride in (("layer1.0", 1), ("layer2.0", 2), ("layer2.1", 1)):
        expected = block(expected, name, stride)
    torch.testing.assert_close(encoder(x), expected.mean((2, 3)), rtol=0, atol=1e-10)


def test_resnet_starts_kaiming_normal_over_the_fan_out(resnet34: ResNet) -> None:
    state = resnet34.state_dict()
    fan_outs = {"conv1": 64 * 49, "layer2.0.downsample.0": 128, "layer4.2.conv2": 512 * 9}
    for name, fan_out in fan_outs.items():
        assert float(state[f"{name}.weight"].std()) == pytest.approx(math.sqrt(2 / fan_out), rel=0.03)
    norms = [name.removesuffix(".running_mean") for name in state if name.endswith(".running_mean")]
    assert all(torch.equal(state[f"{name}.weight"], torch.ones_like(state[f"{name}.weight"])) for name in norms)
    assert not any(state[f"{name}.bias"].any() for name in norms)


@pytest.mark.parametrize("build", MODELS)
def test_weights_come_from_the_given_stream_alone(build: Callable[[int], nn.Module]) -> None:
    before = torch.random.get_rng_state()
    first, second, other = (torch.cat([p.flatten() for p in build(seed).parameters()]) for seed in (3, 3, 4))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_projection_head_computes_what_its_layers_say() -> None:
    head = ProjectionHead(stream(), 6, 5, 4, batch_norm_output=True, init_std=None).double()
    p = head.state_dict()
    r = torch.randn(7, 6, generator=stream(1), dtype=torch.float64)
    z = (r @ p["layers.0.weight"].T + p["layers.0.bias"]).relu() @ p["layers.2.weight"].T
    z = (z - z.mean(0)) / torch.sqrt(z.var(0, correction=0) + 1e-5)
    torch.testing.assert_close(head(r), z / z.norm(dim=1, keepdim=True), rtol=0, atol=1e-10)
    assert [name for name, _ in head.named_parameters()] == ["layers.0.weight", "layers.0.bias", "layers.2.weight"]


def test_projection_head_starts_normal_or_as_pytorch_does() -> None:
    normal = ProjectionHead(stream(), 100, 200, 50, init_std=0.01).state_dict()
    for name in ("layers.0.weight", "layers.2.weight"):
        assert float(normal[name].std()) == pytest.approx(0.01, rel=0.05)
    assert not normal["layers.0.bias"].any()

    default = ProjectionHead(stream(), 100, 200, 50, init_std=None).state_dict()
    for name, fan_in in (("layers.0.weight", 100), ("layers.0.bias", 100), ("layers.2.weight", 200)):
        bound = 1 / math.sqrt(fan_in)
        assert 0.95 * bound < float(default[name].abs().max()) <= bound
        assert float(default[name].std()) == pytest.approx(bound / math.sqrt(3), rel=0.1)


def test_embeddings_are_unit_vectors_in_full_precision_under_autocast() -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        z = ProjectionHead(stream(), 6, 5, 4, init_std=None)(torch.randn(7, 6, generator=stream(1)))
    assert z.dtype == torch.float32
    torch.testing.assert_close(z.norm(dim=1), torch.ones(7), rtol=0, atol=1e-6)


def test_each_of_two_heads_reads_its_half_of_r() -> None:
    model = small_model(heads=2).eval()
    r, z = model(torch.randn(5, 3, 16, 16, generator=stream(1)))
    assert r.shape == (5, 12)
    assert [tuple(part.shape) for part in z] == [(5, 3), (5, 3)]
    assert torch.equal(z[0], model.heads[0](r[:, :6]))
    assert torch.equal(z[1], model.heads[1](r[:, 6:]))
    state = model.state_dict()
    assert not torch.equal(state["heads.0.layers.0.weight"], state["heads.1.layers.0.weight"])


def test_one_head_reads_all_of_r_and_gives_both_subembeddings() -> None:
    model = small_model(heads=1).eval()
    r, z = model(torch.randn(5, 3, 16, 16, generator=stream(1)))
    assert len(z) == 1
    assert z[0].shape == (5, 6)
    assert torch.equal(z[0], model.heads[0](r))


def test_no_heads_give_r_alone() -> None:
    model = small_model(heads=0)
    r, z = model(torch.randn(5, 3, 16, 16))
    assert r.shape == (5, 12)
    assert z == ()
    assert all(name.startswith("encoder.") for name in model.state_dict())


def test_wrong_shapes_of_a_network_say_what_is_allowed() -> None:
    with pytest.raises(InputError, match="unknown stem 'cifr': did you mean 'cifar'"):
        ResNet(stream(), stem="cifr")
    with pytest.raises(InputError, match=r"blocks \[1\], widths \[8, 8\]: allowed: one number >= 1 a stage"):
        ResNet(stream(), blocks=[1], widths=[8, 8])
    with pytest.raises(InputError, match="widths: the last is 9; allowed: an even number"):
        ContrastiveModel(stream(), ResNet(stream(), blocks=[1], widths=[9]), heads=2, hidden_dim=4)
