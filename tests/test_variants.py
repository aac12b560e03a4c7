"""Grids of which some factors are told: their axes, their groups of official values, and which images they are of."""

import itertools
import math
from typing import Any

import numpy as np
import pytest

from disentangle import registry, streams
from disentangle.data.factors import DSPRITES, SHAPES3D
from disentangle.data.grid import Grid, index_of, values_of
from disentangle.data.held_out import held_out
from disentangle.data.sources import dsprites_rendered, shapes3d_rendered
from disentangle.data.variants import Variant
from disentangle.errors import InputError


def generate(name: str, **options: Any) -> Grid:
    source = registry.build("sources", f"{name.split('_')[0]}_rendered", {})
    made = registry.build("datasets", name, options).generate(
        {"images": source}, lambda *purpose: streams.rng(0, *purpose)
    )
    assert isinstance(made, Grid)
    return made


POSITIONS = ([0, 1, 2, 3, 4], [13, 14, 15, 16, 17], [27, 28, 29, 30, 31])


def official(name: str, values: dict[str, int], restricted: bool) -> list[int]:
    """Return the official values of an image of dSprites, spelled out."""
    turns = [0, 1, 2, 3, 36, 37, 38] if restricted else [*range(40)]
    if name == "dsprites_v4":
        turn = 5 * values["orientation"] + values["orientation_within"]
    else:
        turn = turns[values["orientation"]]
    scales = [2, 3, 4] if restricted else [*range(6)]
    scale = scales[values["scale"]] if name == "dsprites_v2" else 1 + values["scale"]
    x, y = (POSITIONS[values[axis]][values[f"{axis}_within"]] for axis in ("x", "y"))
    return [values["shape"], scale, turn, x, y]


@pytest.mark.parametrize(
    ("name", "restricted", "count"),
    [
        ("dsprites_v2", True, 3 * 3 * 7 * 15 * 15),
        ("dsprites_v2", False, 3 * 6 * 40 * 15 * 15),
        ("dsprites_v3", True, 3 * 5 * 7 * 15 * 15),
        ("dsprites_v3", False, 3 * 5 * 40 * 15 * 15),
        ("dsprites_v4", False, 3 * 5 * 40 * 15 * 15),
    ],
)
def test_image_n_of_dsprites_shows_the_official_values_of_index_n(name: str, restricted: bool, count: int) -> None:
    grid = generate(name, **({"nuisances": "restricted"} if restricted else {}))
    assert len(grid.images) == math.prod(grid.sizes.values()) == count
    assert grid.binary and grid.shape == (64, 64, 1)
    rows = np.random.default_rng(1).integers(0, count, 60)
    for row in [0, *rows, count - 1]:
        values = dict(zip(grid.sizes, values_of(row, grid.sizes).tolist(), strict=True))
        one = {factor: [value] for factor, value in zip(DSPRITES, official(name, values, restricted), strict=True)}
        frame = dsprites_rendered.Source().load(np.random.default_rng(0), one).images
        np.testing.assert_array_equal(grid.images[row], frame[0])


def test_the_values_of_every_image_of_a_restricted_grid_are_all_combinations() -> None:
    grid = generate("dsprites_v2", image_size=32, every=[1, 2, 2, 4], nuisances="restricted")
    assert grid.images.shape == (3 * 3 * 4 * 9 * 6, 32, 32, 1)
    sizes = {"shape": 3, "scale": 3, "orientation": 4, "x": 3, "x_within": 3, "y": 3, "y_within": 2}
    assert list(grid.sizes.items()) == list(sizes.items())
    assert grid.nuisance == ("scale", "orientation", "x_within", "y_within")
    values = values_of(np.arange(len(grid.images)), grid.sizes)
    assert values.tolist() == [list(v) for v in itertools.product(*map(range, sizes.values()))]
    np.testing.assert_array_equal(index_of(values, grid.sizes), np.arange(len(grid.images)))
    # orientations 0, 2, 36, 38 of the seven; positions 0, 2, 4 and 0, 4 of the five of each group
    chosen = {"shape": [2], "scale": [4], "orientation": [36], "x": [17], "y": [27]}
    frame = np.unpackbits(dsprites_rendered.Source().load(np.random.default_rng(0), chosen).images).reshape(64, 64)
    mean = 255.0 * frame.reshape(32, 2, 32, 2).mean((1, 3))
    row = index_of(np.array([2, 2, 2, 1, 2, 2, 0]), grid.sizes)
    np.testing.assert_array_equal(grid.images[row, ..., 0], np.floor(mean + 0.5))


@pytest.mark.parametrize(
    ("name", "every", "values", "shown"),
    [
        # floor hue, wall hue, object hue, scale, shape, orientation
        ("shapes3d_v2", [9, 5, 7, 14], [1, 1, 6, 1, 3, 1], [9, 5, 6, 7, 3, 14]),
        ("shapes3d_v2", [10, 10, 8, 5], [0, 0, 9, 0, 2, 2], [0, 0, 9, 0, 2, 10]),
        # the scale within its group after the scale
        ("shapes3d_v3", [9, 10, 1, 15], [1, 0, 4, 0, 1, 2, 0], [9, 0, 4, 1, 2, 0]),
        ("shapes3d_v3", [9, 10, 1, 15], [1, 0, 4, 1, 0, 2, 0], [9, 0, 4, 3, 2, 0]),
        ("shapes3d_v3", [9, 10, 1, 15], [0, 0, 9, 2, 1, 0, 0], [0, 0, 9, 7, 0, 0]),
        ("shapes3d_v3", [10, 10, 2, 15], [0, 0, 9, 2, 0, 0, 0], [0, 0, 9, 6, 0, 0]),
        ("shapes3d_v5", [2, 15], [3, 8, 5, 1, 0, 1, 0], [3, 8, 5, 3, 1, 0]),
    ],
)
def test_images_of_3d_shapes_show_their_official_values(
    name: str, every: list[int], values: list[int], shown: list[int]
) -> None:
    grid = generate(name, every=every)
    one = {factor: [value] for factor, value in zip(SHAPES3D, shown, strict=True)}
    expected = shapes3d_rendered.Source().load(np.random.default_rng(0), one).images[0]
    np.testing.assert_array_equal(grid.images[index_of(np.array(values), grid.sizes)], expected)


@pytest.mark.parametrize(
    ("name", "sizes", "combinations"),
    [
        ("dsprites_v2", {"shape": 3, "x": 3, "y": 3}, 27),
        ("dsprites_v3", {"shape": 3, "scale": 5, "x": 3, "y": 3}, 135),
        ("dsprites_v4", {"shape": 3, "scale": 5, "orientation": 8, "x": 3, "y": 3}, 1080),
        ("shapes3d_v2", {"object_hue": 10, "shape": 4}, 40),
        ("shapes3d_v3", {"object_hue": 10, "scale": 3, "shape": 4}, 120),
        ("shapes3d_v5", {"floor_hue": 10, "wall_hue": 10, "object_hue": 10, "scale": 3, "shape": 4}, 12_000),
    ],
)
def test_told_factors_are_as_many_as_the_paper_says(name: str, sizes: dict[str, int], combinations: int) -> None:
    dataset = registry.build("datasets", name, {})
    assert list(dataset.told_sizes.items()) == list(sizes.items())
    assert math.prod(sizes.values()) == combinations
    assert [*dataset.told] == [*sizes]
    for factor, groups in dataset.told.items():  # no official value in two groups
        together = [value for group in groups for value in group]
        assert len({*together}) == len(together) == len(groups) * len(groups[0])
        assert {*together} <= {*range(dataset.factors[factor])}


def test_groups_by_hand() -> None:
    v4 = registry.build("datasets", "dsprites_v4", {})
    assert [[*group] for group in v4.told["x"]] == [[*group] for group in v4.told["y"]] == [*POSITIONS]
    assert [[*group] for group in v4.told["scale"]] == [[1], [2], [3], [4], [5]]
    assert [[*group] for group in v4.told["orientation"]][::7] == [[0, 1, 2, 3, 4], [35, 36, 37, 38, 39]]
    for name in ("shapes3d_v3", "shapes3d_v5"):
        told = registry.build("datasets", name, {}).told
        assert [[*group] for group in told["scale"]] == [[0, 1], [3, 4], [6, 7]]


def test_options_of_variants_that_cannot_be() -> None:
    with pytest.raises(InputError) as caught:
        registry.build("datasets", "dsprites_v3", {"every": [1, 1]})
    assert str(caught.value) == ("every: found 2 strides; allowed: 3, one for each of orientation, x_within, y_within.")
    with pytest.raises(InputError, match=r"^every: found stride 8 of 'orientation'; allowed: 1 to 7, its values\.$"):
        registry.build("datasets", "dsprites_v3", {"every": [8, 1, 1], "nuisances": "restricted"})
    registry.build("datasets", "dsprites_v3", {"every": [8, 1, 1], "nuisances": "free"})
    with pytest.raises(InputError, match="datasets.a.nuisances: found 'few'; allowed: 'free', 'restricted'"):
        registry.check_options("datasets", "dsprites_v2", {"nuisances": "few"}, "datasets.a")
    with pytest.raises(InputError, match="^every: no factor 'floor_hue': "):
        other = registry.build("sources", "dsprites_rendered", {})
        registry.build("datasets", "shapes3d_v2", {}).generate({"images": other}, lambda *_: np.random.default_rng(0))


# Images that are held out


@pytest.mark.parametrize(
    ("count", "held"), [(14_175, 2126), (20, 3), (1, 0), (3, 0), (66_666, 10_000), (135_000, 10_000), (360_000, 10_000)]
)
def test_15_percent_but_at_most_10000_are_held_out(count: int, held: int) -> None:
    out = held_out(count, 0)
    assert (out.shape, out.dtype, out.sum()) == ((count,), bool, held)
    np.testing.assert_array_equal(out, held_out(count, 0))
    if held > 3:
        assert 0.8 < (out & held_out(count, 1)).sum() / (held**2 / count) < 1.2  # as many as by chance
        quarters = [part.sum() for part in np.array_split(out, 4)]
        assert min(quarters) > 0.9 * held / 4


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"x": ((0, 1), (2,))}, "told.x: found groups of 2, 1 values; allowed: of as many each, one or more."),
        ({"x": ()}, "told.x: found groups of none values; allowed: of as many each, one or more."),
        ({"x": ((), ())}, "told.x: found groups of 0, 0 values; allowed: of as many each, one or more."),
        ({"x": ((0, 1), (1, 2))}, "told.x: found values [0, 1, 1, 2]; allowed: each once, of 0 to 31."),
        ({"x": ((31,), (32,))}, "told.x: found values [31, 32]; allowed: each once, of 0 to 31."),
        ({"xx": ((0,), (1,))}, "told: no factor 'xx': did you mean 'x'? Known: orientation, scale, shape, x, y."),
    ],
)
def test_groups_that_are_none_are_refused(groups: Any, message: str) -> None:
    """Whatever the strides are."""
    kind = type("Own", (Variant,), {"factors": DSPRITES, "told": groups, "image_size": 32, "every": [40] * 4})
    with pytest.raises(InputError) as caught:
        kind().__post_init__()
    assert str(caught.value) == message
