"""Parts to reuse: datasets of each kind as PyTorch has them, what a model refuses, and torchvision's names."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from conftest import PARAMS
from torch import Tensor
from torch.utils.data import DataLoader, Subset

import disentangle
from disentangle import files, registry
from disentangle.cells import Cell
from disentangle.data import dataset_files
from disentangle.data.grid import values_of
from disentangle.data.torch_dataset import KINDS, TorchDataset
from disentangle.data.views import Views
from disentangle.errors import InputError
from disentangle.models.contrastive import ContrastiveModel
from disentangle.models.encoders import resnet50
from disentangle.models.resnet import ResNet
from disentangle.pipeline import parts, seals
from disentangle.pipeline.sealed import SHORT
from disentangle.pipeline.seals import Seal
from disentangle.training.opened import CHUNK, Opened

SIZES = {"shape": 3, "x": 4, "hue": 2}


def pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def written(folder: Path, generator: str, images: np.ndarray, **known: Any) -> TorchDataset:
    """A grid on disk as it is read back."""
    grid = {"images": images, "sizes": SIZES, "shape": (4, 4, 3), "binary": False, "nuisance": (), "shared": {}}
    dataset_files.write_grid(folder, grid | known, {"dataset": "d", "definition": {"generator": generator}})
    sealed(folder / "manifest.json")
    return TorchDataset(folder)


def sealed(*paths: Path, read: Mapping[Path, Path] = MappingProxyType({})) -> None:
    """Seal files, as made of others, by their paths from the project."""
    made_of = {str(name): files.sha256(path)[:SHORT] for name, path in read.items()}
    told = Seal("stage", "", "", made_of, {path.name: files.sha256(path) for path in paths})
    seals.write(paths[0].with_suffix(".seal"), told)


def test_there_is_a_reader_for_every_kind_of_dataset() -> None:
    assert {*KINDS} == {registry.constant("datasets", name, "DATA") for name in registry.names("datasets")}


# A grid


def test_an_item_of_a_grid_is_an_image_with_the_values_of_its_row(tmp_path: Path) -> None:
    images = pixels(24, 4, 4, 3)
    data = written(tmp_path, "shapes3d", images, nuisance=("hue",))
    assert (data.kind, data.names, data.sizes, data.shape) == ("a grid of factors", (*SIZES,), SIZES, (4, 4, 3))
    assert len(data) == 24 and not data.uses and not data.words
    for row in (0, 13, -1):
        image, factors = data[row]
        assert image.dtype == torch.uint8 and np.array_equal(image, images[row])
        assert factors.dtype == torch.int64 and factors.tolist() == values_of(np.array(row % 24), SIZES).tolist()
    some, factors = data[[5, 2]]
    assert np.array_equal(some, images[[5, 2]]) and factors.shape == (2, 3)
    assert np.array_equal(data[3:9:2][0], images[3:9:2])
    assert np.array_equal(data[::-1][0], images[::-1]) and data[::-1][1][0].tolist() == data[23][1].tolist()
    with pytest.raises(IndexError):
        data[24]


def test_binary_images_are_unpacked(tmp_path: Path) -> None:
    bits = pixels(24, 16) % 2
    data = written(tmp_path, "dsprites", np.packbits(bits, axis=1), shape=(4, 4, 1), binary=True)
    assert np.array_equal(data[:][0], 255 * bits.reshape(24, 4, 4, 1))
    assert data[7][0].shape == (4, 4, 1) and np.array_equal(data[7][0].ravel(), 255 * bits[7])


def test_a_loader_of_torch_makes_batches_of_it(tmp_path: Path) -> None:
    images = pixels(24, 4, 4, 3)
    loader = DataLoader(written(tmp_path, "shapes3d", images), batch_size=5)
    batches = [*loader]
    assert [len(batch) for batch, _ in batches] == [5, 5, 5, 5, 4]
    assert np.array_equal(torch.cat([batch for batch, _ in batches]), images)
    assert batches[0][1].shape == (5, 3)


# The other kinds


def test_view_pairs_are_of_both_splits_with_the_factors_of_both_views(tmp_path: Path) -> None:
    def split(count: int, seed: int) -> Views:
        rng = np.random.default_rng(seed)
        factors = {name: rng.integers(0, 3, (count, 2)) for name in ("digit", "DC")}
        return Views(rng.integers(0, 256, (count, 2, 4, 4, 3), dtype=np.uint8), factors | {"joint": np.arange(count)})

    splits = {"train": split(5, 0), "test": split(3, 1)}
    dataset_files.write(tmp_path, splits, {"dataset": "d", "definition": {"generator": "mnist_stl10"}})
    data = TorchDataset(tmp_path)
    assert (data.kind, data.names, data.shape, len(data)) == ("view pairs", ("digit", "DC", "joint"), (4, 4, 3), 8)
    assert data.uses["train"].tolist() == [0, 1, 2, 3, 4] and data.uses["test"].tolist() == [5, 6, 7]
    whole = np.concatenate([splits["train"].images, splits["test"].images])
    assert np.array_equal(data[6][0], splits["test"].images[1])
    assert np.array_equal(data[[7, 0, 5]][0], whole[[7, 0, 5]])
    of_both = [splits["test"].factors[name][1] for name in ("digit", "DC")]
    assert np.array_equal(data[6][1][:, :2].T, of_both)
    assert data[6][1][:, 2].tolist() == [1, 1]  # views share one label
    assert data.sizes["joint"] == 5


def test_labelled_images_have_words_and_uses(tmp_path: Path) -> None:
    images, test = pixels(6, 4, 4, 1), np.arange(6) >= 4
    known = {
        "images": images,
        "labels": {"species": np.array([0, 1, 0, 1, 0, 1]), "side": np.array([0, 0, 1, 1, 0, 1])},
        "values": {"species": ("elm", "oak"), "side": ("lower", "upper")},
        "domain": "species",
        "train": ~test,
        "fit": ~test,
        "test": test,
        "margins": {},
        "numbers": {},
    }
    manifest = {"dataset": "d", "definition": {"generator": "labelled_folder"}}
    dataset_files.write_labelled(tmp_path, known, manifest)
    data = TorchDataset(tmp_path)
    assert (data.kind, data.names, data.sizes) == ("labelled images", ("species", "side"), {"species": 2, "side": 2})
    assert data.words["side"] == ("lower", "upper") and data[3][1].tolist() == [1, 1]
    tested = Subset(data, data.uses["test"].tolist())
    assert [np.array_equal(image, images[4 + n]) for n, (image, _) in enumerate(tested)] == [True, True]


# What is asked for by name


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_dataset_is_of_the_scale_that_is_built(project: Path) -> None:
    images = pixels(24, 4, 4, 3)
    for scale, part in (("tiny", images), ("other", 255 - images)):
        written(project / f"data/datasets/{scale}/mine", "shapes3d", part)
    assert np.array_equal(disentangle.dataset("mine")[:][0], images)
    assert np.array_equal(disentangle.dataset("mine", "other")[:][0], 255 - images)


def test_what_is_not_made_yet_is_one_message_with_the_command_that_makes_it(project: Path) -> None:
    with pytest.raises(InputError, match="snakemake --cores 1 data/datasets/tiny/DC-BC/manifest.json$"):
        disentangle.dataset("DC-BC")
    with pytest.raises(InputError, match="no dataset 'DC-BX': did you mean 'DC-"):
        disentangle.dataset("DC-BX")
    cell = Cell("tiny", "burns", "DC-BC", "ortho", 0.1, 0)
    for given in (cell, cell.folder, str(cell.folder), project / cell.folder):
        with pytest.raises(InputError, match=f"snakemake --cores 1 {cell.folder}/codes.npz$"):
            disentangle.load(given)
    for other in ("data/runs", "x", "data/runs/tiny/burns/DC-BC/ortho/lam=0.1"):
        with pytest.raises(InputError, match="not the folder of a cell; allowed: data/runs/<scale>/<study>/"):
            disentangle.load(other)


def test_what_lies_there_is_as_its_seal_tells_and_of_the_data_that_lie_there(project: Path) -> None:
    data, cell = Path("data/datasets/tiny/mine"), Cell("tiny", "burns", "mine", "ortho", 0.1, 0)
    written(data, "shapes3d", pixels(24, 4, 4, 3))
    manifest, codes = data / "manifest.json", cell.folder / "codes.npz"
    run, weights = cell.folder / "run.json", cell.folder / "checkpoint.safetensors"
    files.write_json(run, {"cell": {"scale": "tiny", "dataset": "mine"}, "method": {"name": "ortho"}})
    files.write_text(weights, "weights")
    files.write_arrays(codes, {"r": np.arange(3)})

    def refused(ask: Callable[[], object], message: str) -> None:
        with pytest.raises(InputError) as caught:
            ask()
        assert str(caught.value) == message

    again = f"Make it anew: snakemake --cores 1 {codes}"
    refused(lambda: disentangle.load(cell), f"{weights}: not finished: it has no seal. {again}")
    sealed(weights, run, read={manifest: manifest})
    sealed(codes, read={manifest: manifest, weights: weights})
    assert parts.stored(cell)["r"].tolist() == [0, 1, 2]
    for path, ask in {run: disentangle.load, weights: disentangle.load, codes: parts.stored}.items():
        whole = path.read_bytes()
        path.write_bytes(b"{}")
        refused(lambda ask=ask: ask(cell), f"{path}: not as its seal tells. {again}")  # type: ignore[misc]
        path.write_bytes(whole)
    files.write_text(weights, "other weights")  # another training, of which no codes are
    refused(lambda: parts.stored(cell), f"{codes}: made of another {weights} than there is. {again}")
    sealed(weights, run, read={manifest: manifest})
    written(data, "shapes3d", pixels(24, 4, 4, 3)[::-1])
    refused(lambda: disentangle.load(cell), f"{weights}: made of another {manifest} than there is. {again}")
    files.write_text(manifest, "{}")
    told = f"{manifest}: not as its seal tells. Make it anew: snakemake --cores 1 {manifest}"
    refused(lambda: disentangle.dataset("mine"), told)
    manifest.unlink()
    told = f"{project / data}: not generated yet. Make it: snakemake --cores 1 {manifest}"
    refused(lambda: disentangle.load(cell), told)


def test_a_cell_is_found_from_the_folder_of_another(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (Cell("tiny", "burns", "DC-BC", "ortho", 0.1, seed) for seed in (0, 1))
    (project / one.folder).mkdir(parents=True)
    monkeypatch.chdir(project / one.folder)
    with pytest.raises(InputError, match=f"snakemake --cores 1 {other.folder}/codes.npz$"):
        disentangle.load("../seed=1")


def test_without_torch_it_is_said_which_extra_brings_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = Cell("tiny", "burns", "DC-BC", "ortho", 0.1, 0)
    told = {"cell": {"scale": "tiny", "dataset": "mine"}, "method": {"name": "beta_vae"}}
    files.write_json(cell.folder / "run.json", told)
    files.write_text(cell.folder / "checkpoint.safetensors", "")
    sealed(cell.folder / "checkpoint.safetensors", cell.folder / "run.json")
    written(project / "data/datasets/tiny/mine", "shapes3d", pixels(24, 4, 4, 3))
    monkeypatch.setitem(sys.modules, "torch", None)
    for module in ("data.torch_dataset", "training.openings.vae"):
        monkeypatch.delitem(sys.modules, f"disentangle.{module}", raising=False)
    asked: dict[str, Callable[[], object]] = {
        "load": lambda: disentangle.load(cell),
        "dataset": lambda: disentangle.dataset("mine"),
    }
    for name, ask in asked.items():
        with pytest.raises(InputError) as caught:
            ask()
        advice = "which is not installed: pip install 'disentangle-bench[pipeline]'."
        assert str(caught.value) == f"`disentangle.{name}` needs torch, {advice}"


def test_to_lend_them_imports_no_torch() -> None:
    code = "import disentangle, sys; disentangle.load, disentangle.dataset; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# A model


class Mean(Opened):
    """The mean of each channel is the code, and an image of one colour what it decodes to."""

    decoded = "mean"

    def __init__(self, folder: Path, binary: bool = False) -> None:
        super().__init__({"method": {"name": "mean"}}, folder, binary)
        self.weight = torch.nn.Parameter(torch.ones(3))
        self.ready()

    def seen(self, images: Any) -> Iterator[Tensor]:
        return (part.float() / 255 for part in self.parts(images))

    def codes(self, x: Tensor) -> dict[str, Tensor]:
        assert len(x) <= CHUNK and x.is_contiguous()
        return {"mean": x.mean((1, 2)) * self.weight}

    def images(self, z: Tensor) -> Tensor:
        return z[:, None, None].expand(-1, 4, 4, -1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    written(folder, "shapes3d", pixels(24, 4, 4, 3))
    return folder


def test_images_go_through_in_parts_and_come_back_in_order(made: Path) -> None:
    images, model = pixels(CHUNK + 7, 4, 4, 3), Mean(made)
    expected = images.mean((1, 2)) / 255
    for given in (images, torch.from_numpy(images)):
        codes = model.encode(given)["mean"]
        assert np.allclose(codes, expected, atol=1e-6) and not codes.requires_grad
    assert np.allclose(model.decode(codes)[:, 1, 2], expected, atol=1e-6)
    assert np.allclose(model.decode(codes.double().numpy())[:, 0, 0], expected, atol=1e-6)
    assert np.allclose(model.observed(images), images / 255, atol=1e-6)
    assert not model.training and model.size == 3


def test_how_arrays_lie_in_memory_changes_nothing(made: Path) -> None:
    images, model = pixels(5, 4, 4, 3), Mean(made)
    expected = model.encode(images)["mean"]
    turned = torch.from_numpy(images).permute(1, 2, 3, 0).contiguous().permute(3, 0, 1, 2)
    for given in (np.asfortranarray(images), turned):
        assert torch.equal(model.encode(given)["mean"], expected)
    assert torch.equal(model.encode(images[::-1])["mean"], expected.flip(0))
    codes = expected.numpy()
    locked = codes.copy()
    locked.setflags(write=False)
    for own in (codes[::-1][::-1], codes.astype(">f4"), codes.astype(np.longdouble), locked, [*codes]):
        assert torch.equal(model.decode(own), model.decode(expected))
    assert torch.equal(model.decode(codes[::-1]), model.decode(expected.flip(0)))
    wanted = expected.clone().requires_grad_(True)
    model.decode(wanted).sum().backward()
    assert wanted.grad is not None and wanted.grad.tolist() == [[16.0] * 3] * 5


@pytest.mark.parametrize("given", [[[1.0], [1.0, 2.0]], torch.zeros(2, 3).requires_grad_().unbind()])
def test_what_makes_no_array_is_refused(made: Path, given: Any) -> None:
    for name, ask in {"images": Mean(made).encode, "codes": Mean(made).decode}.items():
        with pytest.raises(InputError) as caught:
            ask(given)
        found = f"found a {type(given).__name__} that makes no array"
        assert str(caught.value) == f"{name}: {found}; allowed: an array or a tensor."


@pytest.mark.parametrize(
    ("images", "found"),
    [
        (np.zeros((2, 4, 4, 3), np.float32), "float32 (2, 4, 4, 3)"),
        (torch.zeros(2, 4, 4, 3), "float32 (2, 4, 4, 3)"),
        (np.zeros((2, 3, 4, 4), np.uint8), "uint8 (2, 3, 4, 4)"),
        (np.zeros((2, 4, 4, 1), np.uint8), "uint8 (2, 4, 4, 1)"),
        (np.zeros((4, 4, 3), np.uint8), "uint8 (4, 4, 3)"),
        (np.zeros((0, 4, 4, 3), np.uint8), "uint8 (0, 4, 4, 3)"),
        ([[0, 1]], "int64 (1, 2)"),
    ],
)
def test_images_of_another_kind_are_refused(made: Path, images: Any, found: str) -> None:
    with pytest.raises(InputError) as caught:
        Mean(made).encode(images)
    assert str(caught.value) == (
        f"images: found {found}; allowed: uint8 (M, 4, 4, 3) of 0 to 255, as the dataset has them."
    )


def test_binary_images_are_of_0_and_255(made: Path) -> None:
    model, images = Mean(made, binary=True), np.zeros((2, 4, 4, 3), np.uint8)
    images[1] = 255
    assert model.encode(images)["mean"][:, 0].tolist() == [0, 1]
    with pytest.raises(InputError, match="found a value between 0 and 255; allowed: 0 and 255"):
        model.encode(images // 255)


@pytest.mark.parametrize(
    "codes",
    [
        *(np.zeros((2, 4)), np.zeros(3), np.zeros((1, 3, 1)), np.zeros((2, 3), int), np.array([[0, np.nan, 1]])),
        *(np.full((1, 3), 1e300), torch.zeros(1, 2), torch.zeros(1, 3, 1), torch.zeros(1, 3).bool(), None),
    ],
)
def test_codes_of_another_kind_are_refused(made: Path, codes: Any) -> None:
    with pytest.raises(InputError, match=r"^codes: found \w+ \(.*\); allowed: finite floats \(M, 3\)\.$"):
        Mean(made).decode(codes)


def test_a_method_without_a_decoder_says_so(made: Path) -> None:
    model = Mean(made)
    model.decoded = ""
    with pytest.raises(InputError, match=r"^method 'mean' has no decoder\.$"):
        model.decode(torch.zeros(1, 3))


# torchvision's names


def torchvisions(bottleneck: bool, blocks: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Names and shapes of torchvision's ResNet of these blocks, but for ``fc``, as its source builds them."""
    found: dict[str, tuple[int, ...]] = {}

    def layer(name: str, norm: str, outputs: int, inputs: int, kernel: int) -> None:
        found[f"{name}.weight"] = (outputs, inputs, kernel, kernel)
        found.update({f"{norm}.{key}": (outputs,) for key in ("weight", "bias", "running_mean", "running_var")})
        found[f"{norm}.num_batches_tracked"] = ()

    layer("conv1", "bn1", 64, 3, 7)
    inputs = 64
    for stage, count in enumerate(blocks, start=1):
        width = 64 * 2 ** (stage - 1)
        kernels = (1, 3, 1) if bottleneck else (3, 3)
        for block in range(count):
            name, outputs, given = f"layer{stage}.{block}", width * (4 if bottleneck else 1), inputs
            for number, kernel in enumerate(kernels, start=1):
                made = outputs if number == len(kernels) else width
                layer(f"{name}.conv{number}", f"{name}.bn{number}", made, given, kernel)
                given = made
            if block == 0 and (stage > 1 or inputs != outputs):
                layer(f"{name}.downsample.0", f"{name}.downsample.1", outputs, inputs, 1)
            inputs = outputs
    return found


@pytest.mark.parametrize(("stem", "kernel"), [("imagenet", 7), ("stride2", 3)])
def test_a_checkpoint_of_resnet34_has_torchvisions_names_behind_a_prefix(stem: str, kernel: int) -> None:
    generator = torch.Generator()
    model = ContrastiveModel(generator, ResNet(generator, stem=stem), heads=2)
    held = {name: tuple(value.shape) for name, value in model.state_dict().items() if name.startswith("encoder.")}
    expected = torchvisions(False, (3, 4, 6, 3)) | {"conv1.weight": (64, 3, kernel, kernel)}
    assert {name.removeprefix("encoder."): shape for name, shape in held.items()} == expected


def test_a_checkpoint_of_resnet50_has_torchvisions_names_behind_a_prefix() -> None:
    network = resnet50.Encoder(weights="none").build(torch.Generator(), 64, 8)
    held = {name: tuple(value.shape) for name, value in network.state_dict().items() if name.startswith("backbone.")}
    expected = torchvisions(True, (3, 4, 6, 3))
    assert {name.removeprefix("backbone."): shape for name, shape in held.items()} == expected
