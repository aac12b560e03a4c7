"""Grids of factors, and the data sets made of them: indices, sub-grids, sizes, and what a model sees."""

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from disentangle import registry, streams
from disentangle.data import factors
from disentangle.data.grid import Grid, Seen, index_of, kept, reduced, rows_of, sizes_of, strides, values_of
from disentangle.errors import InputError

OFFICIAL = {
    "dsprites": factors.DSPRITES,
    "color_dsprites": factors.DSPRITES,
    "noisy_dsprites": factors.DSPRITES,
    "scream_dsprites": factors.DSPRITES,
    "shapes3d": factors.SHAPES3D,
    "cars3d": factors.CARS3D,
    "smallnorb": factors.SMALLNORB,
}
WITHIN = {"x": 3, "x_within": 5, "y": 3, "y_within": 5}
VARIANTS: dict[str, tuple[dict[str, int], list[str]]] = {
    "dsprites_v2": (
        {"shape": 3, "scale": 6, "orientation": 40} | WITHIN,
        ["scale", "orientation", "x_within", "y_within"],
    ),
    "dsprites_v3": (
        {"shape": 3, "scale": 5, "orientation": 40} | WITHIN,
        ["orientation", "x_within", "y_within"],
    ),
    "dsprites_v4": (
        {"shape": 3, "scale": 5, "orientation": 8, "orientation_within": 5} | WITHIN,
        ["orientation_within", "x_within", "y_within"],
    ),
    "shapes3d_v2": (
        {"floor_hue": 10, "wall_hue": 10, "object_hue": 10, "scale": 8, "shape": 4, "orientation": 15},
        ["floor_hue", "wall_hue", "scale", "orientation"],
    ),
    "shapes3d_v3": (
        {"floor_hue": 10, "wall_hue": 10, "object_hue": 10, "scale": 3, "scale_within": 2, "shape": 4}
        | {"orientation": 15},
        ["floor_hue", "wall_hue", "scale_within", "orientation"],
    ),
    "shapes3d_v5": (
        {"floor_hue": 10, "wall_hue": 10, "object_hue": 10, "scale": 3, "scale_within": 2, "shape": 4}
        | {"orientation": 15},
        ["scale_within", "orientation"],
    ),
}
"""The axes of data sets of which not all is told, and which of them are nuisances."""
SMALL = {
    "dsprites": [1, 5, 13, 15, 31],
    "shapes3d": [7, 9, 4, 7, 1, 7],
    "cars3d": [3, 8, 61],
    "smallnorb": [1, 9, 4, 9, 3],
    "dsprites_v2": [5, 13, 4, 5],
    "dsprites_v3": [13, 4, 5],
    "dsprites_v4": [4, 5, 5],
    "shapes3d_v2": [9, 10, 7, 14],
    "shapes3d_v3": [9, 10, 1, 15],
    "shapes3d_v5": [2, 15],
}
"""Strides of a small sub-grid, by the name of the data set or the end of it."""
WHOLE = [name for name in SMALL if name in OFFICIAL]
sizes_strategy = st.lists(st.integers(1, 9), min_size=1, max_size=5).map(
    lambda n: {f"f{k}": v for k, v in enumerate(n)}
)


GRIDS = [
    name for name in registry.names("datasets") if registry.constant("datasets", name, "DATA") == "a grid of factors"
]
SEEN = {name: registry.load("datasets", name).Dataset.observe is Seen.observe for name in GRIDS}
"""Whether images are seen as they are stored."""


def stream(seed: int) -> Callable[..., np.random.Generator]:
    return lambda *purpose: streams.rng(seed, *purpose)


def kind(name: str) -> str:
    """Return whose factors a data set shows."""
    return name.split("_")[0 if name in VARIANTS else -1]


def strided(name: str) -> dict[str, int]:
    """Return the strides of a small sub-grid of a data set by the axes that have one."""
    axes = VARIANTS[name][1] if name in VARIANTS else OFFICIAL[name]
    return dict(zip(axes, SMALL[name if name in VARIANTS else kind(name)], strict=True))


def dataset(name: str, size: int = 64) -> Any:
    return registry.build("datasets", name, {"image_size": size, "every": list(strided(name).values())})


def generate(name: str, size: int = 64, seed: int = 0) -> Grid:
    sources = {"images": registry.build("sources", f"{kind(name)}_rendered", {})}
    if name.startswith("scream"):
        sources["painting"] = registry.build("sources", "scream_photograph", {})
    grid = dataset(name, size).generate(sources, stream(seed))
    assert isinstance(grid, Grid)
    return grid


class AnyImages:
    """A source of grey images of 32 pixels of any factors."""

    def __init__(self, factors: dict[str, int]) -> None:
        self.factors = factors

    def load(self, rng: np.random.Generator, every: Any) -> Grid:
        sizes = sizes_of(kept(self.factors, every))
        images = rng.integers(0, 256, (math.prod(sizes.values()), 32, 32, 1), dtype=np.uint8)
        return Grid(images, sizes, (32, 32, 1))


def axes(name: str) -> dict[str, int]:
    """Return how many official values there are to each stride, by name, as is said of one that is too large."""
    found = {}
    count = len(registry.build("datasets", name, {}).every)
    for place in range(count):
        with pytest.raises(InputError) as caught:
            registry.build("datasets", name, {"every": [1000 if axis == place else 1 for axis in range(count)]})
        told = re.fullmatch(
            r"every: found stride 1000 of '(\w+)'; allowed: 1 to (\d+), its values\.", str(caught.value)
        )
        assert told
        found[told[1]] = int(told[2])
    return found


def coarse(name: str, **options: Any) -> Any:
    """Return a data set of two values of its first axis, and one of each other."""
    first, *others = axes(name).values()
    return registry.build("datasets", name, {"image_size": 32, "every": [max(1, first // 2), *others], **options})


def made_of_any(name: str, seed: int = 0) -> Grid:
    roles = {"images": AnyImages(coarse(name).factors), "painting": registry.build("sources", "scream_photograph", {})}
    if not {*registry.constant("datasets", name, "ROLES")} <= {*roles}:
        pytest.skip("needs sources of other roles")
    grid = coarse(name).generate(roles, stream(seed))
    assert isinstance(grid, Grid)
    return grid


def pictures(grid: Grid) -> np.ndarray:
    """Return the images (*sizes, H, W, C), 0 to 255, unpacked."""
    images = np.unpackbits(grid.images, axis=1) * np.uint8(255) if grid.binary else grid.images
    return images.reshape(*grid.sizes.values(), *grid.shape)


# Indices and sub-grids


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sizes_strategy, st.data())
def test_index_and_values_are_inverse_and_the_last_factor_is_fastest(
    sizes: dict[str, int], data: st.DataObject
) -> None:
    count = math.prod(sizes.values())
    index = np.array(data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=9)))
    values = values_of(index, sizes)
    np.testing.assert_array_equal(index_of(values, sizes), index)
    base = 1
    for k in reversed(range(len(sizes))):
        size = list(sizes.values())[k]
        np.testing.assert_array_equal(values[:, k], index // base % size)
        base *= size


def test_the_official_grids_are_whole() -> None:
    assert list(factors.DSPRITES.values()) == [3, 6, 40, 32, 32]
    assert list(factors.SHAPES3D.values()) == [10, 10, 10, 8, 4, 15]
    assert list(factors.CARS3D.values()) == [4, 24, 183]
    assert list(factors.SMALLNORB.values()) == [5, 10, 9, 18, 6]
    counts = [math.prod(OFFICIAL[name].values()) for name in ("dsprites", "shapes3d", "cars3d", "smallnorb")]
    assert counts == [737_280, 480_000, 17_568, 48_600]


def test_a_sub_grid_by_hand() -> None:
    values = kept({"a": 5, "b": 3, "c": 2}, {"a": 2, "c": 2})
    assert {name: kept.tolist() for name, kept in values.items()} == {"a": [0, 2, 4], "b": [0, 1, 2], "c": [0]}
    assert sizes_of(values) == {"a": 3, "b": 3, "c": 1}
    # index = 6 a + 2 b + c
    assert rows_of(values, {"a": 5, "b": 3, "c": 2}).tolist() == [0, 2, 4, 12, 14, 16, 24, 26, 28]


def test_a_sub_grid_of_listed_values_by_hand() -> None:
    sizes = {"a": 5, "b": 3, "c": 2}
    values = kept(sizes, {"a": [4, 0], "b": (1,), "c": 1})
    assert {name: kept.tolist() for name, kept in values.items()} == {"a": [4, 0], "b": [1], "c": [0, 1]}
    assert sizes_of(values) == {"a": 2, "b": 1, "c": 2}
    assert rows_of(values, sizes).tolist() == [26, 27, 2, 3]
    # a list of what a stride keeps is that stride
    for name, size in sizes.items():
        for stride in range(1, size + 1):
            listed = kept(sizes, {name: range(0, size, stride)})
            np.testing.assert_equal(listed, kept(sizes, {name: stride}))


@pytest.mark.parametrize(
    ("listed", "found"), [([], "none"), ([0, 0], "0, 0"), ([5, 6], "5, 6"), ([-1], "-1"), ([0, 1, 9, 1], "0, 1, 9, 1")]
)
def test_listed_values_that_are_none(listed: list[int], found: str) -> None:
    with pytest.raises(InputError) as caught:
        kept({"shape": 3, "scale": 6}, {"scale": listed})
    assert str(caught.value) == f"every: found values {found} of 'scale'; allowed: at least one, each once, of 0 to 5."


@given(sizes_strategy, st.data())
def test_value_v_of_a_sub_grid_is_the_official_value_times_the_stride(
    sizes: dict[str, int], data: st.DataObject
) -> None:
    every = [data.draw(st.integers(1, size)) for size in sizes.values()]
    values = kept(sizes, strides(every, sizes))
    small = sizes_of(values)
    n = math.prod(small.values())
    official = values_of(rows_of(values, sizes), sizes)
    np.testing.assert_array_equal(official, values_of(np.arange(n), small) * every)
    assert all(v.max() + e >= size for v, e, size in zip(values.values(), every, sizes.values(), strict=True))


def test_strides_that_are_none() -> None:
    sizes = {"shape": 3, "scale": 6}
    assert strides([1, 6], sizes) == {"shape": 1, "scale": 6}
    with pytest.raises(InputError, match=r"^every: found 1 strides; allowed: 2, one for each of shape, scale\.$"):
        strides([1], sizes)
    for stride in (0, -1, 7):
        with pytest.raises(InputError, match=rf"^every: found stride {stride} of 'scale'; allowed: 1 to 6, its values"):
            strides([1, stride], sizes)
    with pytest.raises(InputError, match=r"^every: no factor 'shpae': did you mean 'shape'\? Known: scale, shape\.$"):
        kept(sizes, {"shpae": 1})


# Half the size


def test_half_of_a_binary_image_is_one_of_five_greys() -> None:
    image = np.zeros((64, 64), np.uint8)
    image[0, :8] = [1, 0, 1, 1, 1, 1, 1, 1]
    image[1, :8] = [0, 0, 0, 0, 0, 1, 1, 1]
    packed = np.packbits(image.reshape(1, -1), axis=1)
    half = reduced(Grid(packed, {"n": 1}, (64, 64, 1), binary=True, nuisance=("n",), shared={"a": image}), 32)
    assert half.images.shape == (1, 32, 32, 1) and half.images.dtype == np.uint8
    # 255/4 = 63.75, 127.5, 191.25, rounded half up
    assert half.images[0, 0, :5, 0].tolist() == [64, 128, 191, 255, 0]
    assert half.images[0, 1:].max() == 0
    assert (half.shape, half.binary, half.nuisance, list(half.shared)) == ((32, 32, 1), False, ("n",), ["a"])


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**32), st.sampled_from([1, 3]), st.booleans())
def test_half_is_the_2x2_mean_rounded_half_up(seed: int, channels: int, binary: bool) -> None:
    count = 1030  # more than one chunk
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 2 if binary else 256, (count, 8, 8, channels), dtype=np.uint8)
    stored = np.packbits(images.reshape(count, -1), axis=1) if binary else images
    half = reduced(Grid(stored, {"n": count}, (8, 8, channels), binary), 4)
    mean = (images.astype(float) * (255 if binary else 1)).reshape(count, 4, 2, 4, 2, channels).mean((2, 4))
    np.testing.assert_array_equal(half.images, np.floor(mean + 0.5))


def test_other_sizes_are_refused() -> None:
    grid = Grid(np.zeros((1, 64, 64, 1), np.uint8), {"n": 1}, (64, 64, 1))
    assert reduced(grid, 64) is grid
    with pytest.raises(InputError, match=r"^image_size: found 16 for images of 64x64; allowed: their sides or half"):
        reduced(grid, 16)


# Every data set


def test_all_seven_data_sets_of_the_study_are_there() -> None:
    assert set(OFFICIAL) <= set(GRIDS)


@pytest.mark.parametrize("name", OFFICIAL)
def test_all_factors_of_a_whole_grid_may_be_told(name: str) -> None:
    assert list(dataset(name).told_sizes.items()) == list(generate(name).sizes.items())


@pytest.mark.parametrize("name", GRIDS)
def test_every_grid_keeps_its_contract(name: str) -> None:
    grid, again = made_of_any(name), made_of_any(name)
    assert grid.images.dtype == np.uint8 and grid.images.shape == (math.prod(grid.sizes.values()), 32, 32, 1)
    assert (grid.shape, grid.binary) == ((32, 32, 1), False)
    assert {name: size for name, size in grid.sizes.items() if name not in grid.nuisance} == coarse(name).told_sizes
    assert {*grid.nuisance} <= {*grid.sizes}
    assert coarse(name).count == len(grid.images)
    assert grid.images.tobytes() == again.images.tobytes() != made_of_any(name, seed=1).images.tobytes()
    assert all(grid.shared[key].tobytes() == again.shared[key].tobytes() for key in grid.shared)


@pytest.mark.parametrize("size", [64, 32])
@pytest.mark.parametrize("name", [*OFFICIAL, *VARIANTS])
def test_grids_are_those_of_the_papers(name: str, size: int) -> None:
    grid, again = generate(name, size), generate(name, size)
    whole, nuisance = VARIANTS.get(name, (OFFICIAL.get(name, {}), ["instance"] if name == "smallnorb" else []))
    small = {axis: math.ceil(n / strided(name).get(axis, 1)) for axis, n in whole.items()}
    assert list(grid.sizes.items()) == list(small.items())
    assert grid.images.dtype == np.uint8 and len(grid.images) == math.prod(small.values())
    channels = 3 if kind(name) in ("shapes3d", "cars3d") else 1
    assert grid.shape == (size, size, channels)
    assert grid.binary == (kind(name) == "dsprites" and size == 64)
    assert grid.images.shape[1:] == ((size * size * channels // 8,) if grid.binary else grid.shape)
    assert grid.nuisance == tuple(nuisance)
    assert grid.images.tobytes() == again.images.tobytes()
    assert all(grid.shared[key].tobytes() == again.shared[key].tobytes() for key in grid.shared)
    assert list(grid.shared) == (["painting", "pixels"] if name == "scream_dsprites" else [])
    other = generate(name, size, seed=1).images
    assert (grid.images.tobytes() != other.tobytes()) == (name in ("cars3d", "smallnorb"))  # whose toys are drawn


@pytest.mark.parametrize("size", [64, 32])
@pytest.mark.parametrize("name", WHOLE)
def test_each_factor_changes_every_image(name: str, size: int) -> None:
    images = pictures(generate(name, size)).astype(int)
    for axis, factor in enumerate(OFFICIAL[name]):
        change = np.abs(np.diff(images, axis=axis)).max((-3, -2, -1))
        assert change.size
        if (name, factor) == ("dsprites", "orientation"):
            # values 0, 13, 26, 39: 120 degrees each, and the last as the first
            assert (change[:, :, :3] > 0).all()
            assert (images[:, :, 3] == images[:, :, 0]).all()
        else:
            assert (change > 0).all(), factor


@pytest.mark.parametrize("name", WHOLE)
def test_images_of_32_are_halves_of_those_of_64(name: str) -> None:
    large, small = pictures(generate(name, 64)), pictures(generate(name, 32))
    blocks = large.reshape(*large.shape[:-3], 32, 2, 32, 2, large.shape[-1]).astype(float)
    np.testing.assert_array_equal(small, np.floor(blocks.mean((-4, -2)) + 0.5))


@pytest.mark.parametrize("name", GRIDS)
def test_strides_are_checked_when_a_data_set_is_described(name: str) -> None:
    default, known = registry.build("datasets", name, {}), axes(name)
    assert list(default.every) == [1] * len(known)
    said = f"every: found {len(known) + 1} strides; allowed: {len(known)}, one for each of {', '.join(known)}."
    with pytest.raises(InputError, match=f"^{re.escape(said)}$"):
        registry.build("datasets", name, {"every": [1] * (len(known) + 1)})
    with pytest.raises(InputError, match="found stride 0 of"):
        registry.build("datasets", name, {"every": [0] * len(known)})


@pytest.mark.parametrize("name", [*OFFICIAL, *VARIANTS])
def test_strides_are_of_official_factors_or_of_nuisances(name: str) -> None:
    official = VARIANTS[name][0] if name in VARIANTS else OFFICIAL[name]
    assert axes(name) == {axis: official[axis] for axis in strided(name)}


def test_a_source_of_other_factors_is_refused() -> None:
    with pytest.raises(InputError, match="every: no factor 'floor_hue'"):
        dataset("shapes3d").generate({"images": registry.build("sources", "dsprites_rendered", {})}, stream(0))


# What a model sees


@pytest.mark.parametrize("name", [name for name in GRIDS if SEEN[name]])
def test_plain_images_are_seen_as_they_are(name: str) -> None:
    plain, images = coarse(name), np.random.default_rng(0).random((2, 4, 4, 3))
    assert plain.noise_shape((64, 64, 3)) is None
    assert plain.channels((64, 64, 3)) == 3 and plain.channels((32, 32, 1)) == 1
    assert plain.observe(images, None, {}) is images


def sprites(size: int, count: int = 6) -> np.ndarray:
    """Return squares (count, S, S, 1), one of them of grey 0.25 at its edge, as at half the size."""
    images = np.zeros((count, size, size, 1), np.float32)
    images[:, 8:20, 4:16] = 1
    images[0, 8:20, 3] = 0.25
    return images


@pytest.mark.parametrize("size", [64, 32])
@pytest.mark.parametrize("name", [name for name in GRIDS if not SEEN[name]])
def test_numpy_and_torch_see_the_same(name: str, size: int) -> None:
    noisy = coarse(name, image_size=size)
    shared = made_of_any(name).shared if size == 32 else generate(name, size).shared if name in OFFICIAL else None
    if shared is None:
        pytest.skip("no images of 64 pixels are known of it")
    images = np.stack([sprites(size), sprites(size)])  # two leading axes
    shape = noisy.noise_shape((size, size, 1))
    uniform = np.random.default_rng(0).random((2, 6, *shape), dtype=np.float32)
    seen = noisy.observe(images, uniform, shared)
    tensors = {key: torch.from_numpy(value) for key, value in shared.items()}
    in_torch = noisy.observe(torch.from_numpy(images), torch.from_numpy(uniform), tensors)
    channels = noisy.channels((size, size, 1))
    assert channels == 3 or name not in OFFICIAL
    assert seen.shape == (2, 6, size, size, channels)
    assert seen.dtype == np.float32 and in_torch.dtype == torch.float32
    np.testing.assert_array_equal(seen, in_torch.numpy())
    assert seen.min() >= 0 and seen.max() <= 1
    for i, j in np.ndindex(2, 6):  # an observation does not depend on what is made beside it
        np.testing.assert_array_equal(noisy.observe(images[i, j], uniform[i, j], shared), seen[i, j])


def test_color_by_hand() -> None:
    images = sprites(64, 2)
    uniform = np.array([[0, 0.5, 0.98], [0.2, 0.4, 0.6]]).reshape(2, 1, 1, 3)
    assert dataset("color_dsprites").noise_shape((64, 64, 1)) == (1, 1, 3)
    seen = dataset("color_dsprites").observe(images, uniform, {})
    assert seen[0, 10, 10].tolist() == pytest.approx([0.5, 0.75, 0.99])
    assert seen[0, 10, 3].tolist() == pytest.approx([0.125, 0.1875, 0.2475])
    assert seen[1, 10, 10].tolist() == pytest.approx([0.6, 0.7, 0.8])
    assert (seen[:, :8] == 0).all()


def test_noise_by_hand() -> None:
    images = sprites(32, 1)
    assert dataset("noisy_dsprites").noise_shape((32, 32, 1)) == (32, 32, 3)
    uniform = np.random.default_rng(0).random((1, 32, 32, 3))
    uniform[0, 10, 3] = [0.5, 0.75, 0.9]
    seen = dataset("noisy_dsprites").observe(images, uniform, {})
    assert seen[0, 10, 3].tolist() == [0.75, 1, 1]
    assert (seen[0, 8:20, 4:16] == 1).all()
    np.testing.assert_array_equal(seen[0, :8], uniform[0, :8])
    assert seen[0, :8].mean() == pytest.approx(0.5, abs=0.03)


def test_scream_by_hand() -> None:
    """A painting that spells its own rows and columns."""
    painting = np.zeros((100, 74, 3), np.float32)
    painting[..., 0], painting[..., 1] = np.arange(100)[:, None] / 100, np.arange(74) / 100
    shared = {"painting": painting, "pixels": np.arange(64)}
    scream = dataset("scream_dsprites")
    assert scream.noise_shape((64, 64, 1)) == (5,)
    uniform = np.array([[0.5, 0.29, 0, 1, 0.4], [0, 0, 0, 0, 0], [0.9999, 1 - 2**-54, 1, 1, 1]])
    seen = scream.observe(sprites(64, 3), uniform, shared)
    # 36 rows and 10 columns to begin at: row 18, column 2
    assert seen[0, 0, 0].tolist() == pytest.approx([0.09, 0.51, 0.2])
    assert seen[0, 63, 60].tolist() == pytest.approx([0.405, 0.81, 0.2])
    # the sprite inverts, its edge mixes: b + s (1 - 2 b) with b = ((18 + 10) / 100 + 0) / 2
    assert seen[0, 10, 10].tolist() == pytest.approx([1 - 0.14, 1 - 0.56, 0.8])
    assert seen[0, 10, 3].tolist() == pytest.approx([0.14 + 0.25 * 0.72, 0.525 - 0.25 * 0.05, 0.2 + 0.25 * 0.6])
    assert seen[1, 0, 0].tolist() == [0, 0, 0]
    assert seen[2, 0, 0].tolist() == pytest.approx([0.675, 0.545, 0.5])  # rows 0 to 35, columns 0 to 9
    beyond = scream.observe(sprites(64, 1), np.ones((1, 5), np.float32), shared)  # rounded up from below 1
    np.testing.assert_allclose(beyond[0, 0, 0], [0.675, 0.545, 0.5])


def test_scream_patches_are_spread_evenly() -> None:
    painting = np.zeros((100, 74, 3), np.float32)
    painting[..., 0], painting[..., 1] = np.arange(100)[:, None], np.arange(74)
    uniform = np.random.default_rng(0).random((3600, 5), dtype=np.float32)
    uniform[:, 2:] = 0
    seen = dataset("scream_dsprites").observe(
        np.zeros((3600, 1, 1, 1), np.float32), uniform, {"painting": painting, "pixels": np.arange(64)}
    )
    rows, columns = (np.rint(2 * seen[:, 0, 0, k]).astype(int) for k in (0, 1))
    assert np.bincount(rows, minlength=36).min() > 60 and rows.max() == 35
    assert np.bincount(columns, minlength=10).min() > 300 and columns.max() == 9


class Painting:
    def __init__(self, width: int, height: int) -> None:
        rng = np.random.default_rng(0)
        self.picture = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)

    def load(self, rng: np.random.Generator) -> np.ndarray:
        return self.picture


@pytest.mark.parametrize(("size", "shrunk"), [(64, (215, 274)), (32, (107, 137))])
def test_the_painting_is_shrunk_into_its_box(size: int, shrunk: tuple[int, int]) -> None:
    """The official file has 1200 x 1530 pixels, which become 215 x 274."""
    painting = Painting(1200, 1530)
    sources = {"images": registry.build("sources", "dsprites_rendered", {}), "painting": painting}
    shared = dataset("scream_dsprites", size).generate(sources, stream(0)).shared
    expected = Image.fromarray(painting.picture).resize(shrunk, Image.Resampling.BICUBIC)
    assert shared["painting"].dtype == np.float32
    np.testing.assert_array_equal(shared["painting"], np.asarray(expected, np.float32) / 255)
    assert shared["pixels"].tolist() == list(range(size))
    sources["painting"] = Painting(2000, 300)
    with pytest.raises(InputError, match=r"^painting: found \(\d+, \d+\) pixels once shrunk; allowed: over"):
        dataset("scream_dsprites", size).generate(sources, stream(0))
