"""Images with a labelled domain: which label each has, what it is used for, and what stands in for Edges2Shoes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from disentangle import registry, streams
from disentangle.data import dataset_files
from disentangle.data.datasets import edges_beside_renders
from disentangle.data.factors import CARS3D, SHAPES3D, SMALLNORB
from disentangle.data.grid import Grid, kept, sizes_of
from disentangle.data.labelled import (
    Labelled,
    Pictures,
    labelled,
    share_of,
    shown_rows,
    split_at_random,
    split_in_domains,
)
from disentangle.data.rendering.edges import edge_map
from disentangle.data.sources import cars3d_rendered, smallnorb_rendered
from disentangle.errors import InputError


def stream(seed: int) -> Callable[..., np.random.Generator]:
    return lambda *purpose: streams.rng(seed, *purpose)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@dataclass
class Numbered:
    """A source of a grid each of whose images tells its own number by its first two pixels."""

    factors: Mapping[str, int]
    channels: int = 3
    asked: dict[str, Any] = field(default_factory=dict)

    def load(self, rng: np.random.Generator, every: Mapping[str, int]) -> Grid:
        self.asked = dict(every)
        sizes = sizes_of(kept(self.factors, every))
        count = int(np.prod(list(sizes.values())))
        images = np.zeros((count, 64, 64, self.channels), np.uint8)
        images[:, 0, 0, 0], images[:, 0, 1, 0] = np.arange(count) // 256, np.arange(count) % 256
        return Grid(images, sizes, (64, 64, self.channels))


@dataclass
class Given:
    """A source of pictures that are there already."""

    pictures: Pictures

    def load(self, rng: np.random.Generator) -> Pictures:
        return self.pictures


def made(name: str, options: dict[str, Any], sources: Mapping[str, Any], seed: int = 0) -> Labelled:
    found = registry.build("datasets", name, options).generate(sources, stream(seed))
    assert isinstance(found, Labelled)
    return found


def assert_same(one: Labelled, other: Labelled) -> None:
    assert one.images.tobytes() == other.images.tobytes()
    assert all(one.labels[name].tobytes() == other.labels[name].tobytes() for name in one.labels)
    for use in dataset_files.USES:
        np.testing.assert_array_equal(getattr(one, use), getattr(other, use))


# Parts


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.floats(0.05, 0.9), st.integers(0, 99))
def test_every_domain_is_split_by_the_share(domain: list[int], share: float, seed: int) -> None:
    labels = np.array(domain)
    chosen = split_in_domains(labels, share, rng(seed))
    for value in set(domain):
        count = domain.count(value)
        assert chosen[labels == value].sum() == share_of(count, share)
        assert share_of(count, share) in (0, 1, round(share * count), count - 1)
        assert 0 < share_of(count, share) < count or count == 1


def test_shares_by_hand() -> None:
    assert [share_of(count, 0.1) for count in (1, 2, 9, 14, 16, 100, 2048)] == [0, 1, 1, 1, 2, 10, 205]
    assert [share_of(count, 0.9) for count in (1, 2, 3, 10)] == [0, 1, 2, 9]
    chosen = split_at_random(41, 0.1, rng())
    assert chosen.sum() == 4 and chosen.dtype == bool
    assert (chosen != split_at_random(41, 0.1, rng(1))).any()


def test_no_image_is_fitted_and_tested_on() -> None:
    both = np.array([True, False])
    with pytest.raises(InputError, match=r"^1 images are both fitted and tested on; allowed: none\.$"):
        Labelled(np.zeros((2, 4, 4, 1), np.uint8), {"d": np.arange(2)}, {"d": ("a", "b")}, "d", both, both, both)


@given(st.lists(st.integers(0, 7), min_size=1, max_size=40), st.integers(1, 9), st.integers(0, 99))
def test_images_shown_are_of_domains_in_turn(domains: list[int], count: int, seed: int) -> None:
    domain = np.array(domains)
    test = np.random.default_rng(seed).random(len(domain)) < 0.5
    rows = shown_rows(domain, test, count)
    assert len(rows) == min(count, test.sum()) == len({*rows.tolist()}) and test[rows].all()
    # nobody is shown again before all others were who still can be
    for place, row in enumerate(rows):
        before = [int((domain[rows[:place]] == value).sum()) for value in domain]
        left = [before[other] for other in np.flatnonzero(test) if other not in rows[:place]]
        assert before[row] == min(left)
    np.testing.assert_array_equal(rows, shown_rows(domain, test, count))


def test_images_shown_are_drawn_from_all() -> None:
    """The first images of a grid look alike."""
    domain = np.repeat([0, 1], 500)
    rows = shown_rows(domain, np.ones(1000, bool), 6)
    assert np.ptp(rows % 500) > 100


@pytest.mark.parametrize("name", ["domain", "all", "same_domain", "chance_hue"])
def test_an_attribute_has_no_name_that_scores_have(name: str) -> None:
    use = np.array([True, False])
    labels, values = {"d": np.arange(2), name: np.arange(2)}, {"d": ("a", "b"), name: ("x", "y")}
    with pytest.raises(InputError, match=rf"^the attribute '{name}': scores have this name already; give it another"):
        Labelled(np.zeros((2, 4, 4, 1), np.uint8), labels, values, "d", use, use, ~use)


def test_pictures_become_labels_in_the_order_of_words(tmp_path: Path) -> None:
    images = np.zeros((3, 64, 64, 3), np.uint8)
    images[1, 0, :4, 2] = [1, 1, 4, 3]
    words = {"where": ["sea", "land", "sea"], "test": ["8", "10", "0"]}  # a name may be that of a use, or of both
    numbers = {"test": np.float32([[1, 2], [3, 4], [5, 6.5]])}
    test = np.array([False, True, False])
    found = labelled(Pictures(images, words, "where", test, numbers), 32, ~test, ~test, test)
    assert found.values == {"where": ("land", "sea"), "test": ("0", "10", "8")}
    assert {name: label.tolist() for name, label in found.labels.items()} == {"where": [1, 0, 1], "test": [2, 1, 0]}
    assert found.attributes == ("test",) and found.sizes() == {"where": 2, "test": 3}
    assert found.images.shape == (3, 32, 32, 3) and found.images[1, 0, :2, 2].tolist() == [1, 2]  # 2/4, 7/4
    assert labelled(Pictures(images, words, "where"), 64, ~test, ~test, test).images is images

    dataset_files.write_labelled(tmp_path, vars(found), {"seed": 3})
    again = Labelled(**dataset_files.read_labelled(tmp_path))
    assert_same(again, found)
    assert (again.values, again.domain, again.margins) == (found.values, "where", {})
    assert list(again.labels) == ["where", "test"]
    np.testing.assert_array_equal(again.numbers["test"], numbers["test"])
    (tmp_path / "labels.npz").write_bytes(b"other")
    with pytest.raises(InputError, match=r"labels\.npz: missing or damaged"):
        dataset_files.read_labelled(tmp_path)


# Grids by domain

BY_DOMAIN = {
    "shapes3d_by_shape": (SHAPES3D, [5, 4, 9, 3, 1, 4]),
    "smallnorb_by_toy": (SMALLNORB, [2, 3, 3, 4, 5]),
    "cars3d_by_car": (CARS3D, [2, 7, 50]),
}


def by_domain(name: str, every: list[int], seed: int = 0, **options: Any) -> Labelled:
    factors = BY_DOMAIN[name][0]
    return made(name, {"every": every, **options}, {"images": Numbered(factors)}, seed)


@pytest.mark.parametrize("name", BY_DOMAIN)
def test_labels_are_those_of_a_plain_loop_over_the_grid(name: str) -> None:
    factors, every = BY_DOMAIN[name]
    found = by_domain(name, every)
    parts = registry.load("datasets", name).Dataset.labels
    called = registry.load("datasets", name).Dataset.called
    kept_values = [range(0, size, stride) for size, stride in zip(factors.values(), every, strict=True)]
    row = 0
    for combination in np.ndindex(*(len(values) for values in kept_values)):
        official = {f: kept_values[k][combination[k]] for k, f in enumerate(factors)}
        assert found.images[row, 0, :2, 0].tolist() == [row // 256, row % 256]
        for label, own in parts.items():
            word = " ".join(called[f][official[f]] if f in called else str(official[f]) for f in own)
            assert found.values[label][found.labels[label][row]] == word
        row += 1
    assert row == len(found.images) == len(found.train)
    for label, values in found.values.items():
        assert len(values) == len({*values}) and set(found.labels[label]) == set(range(len(values)))
        assert found.labels[label].dtype == np.int64


def test_labels_by_hand() -> None:
    norb = by_domain("smallnorb_by_toy", [1, 5, 4, 9, 3])
    assert norb.sizes() == {"toy": 10, "azimuth": 2, "elevation": 3, "lighting": 2}
    # index = category 24 + instance 12 + elevation 4 + azimuth 2 + lighting
    assert [int(norb.labels[name][24 * 3 + 12 + 4 * 2 + 1]) for name in norb.labels] == [7, 0, 2, 1]
    assert norb.values["toy"][7] == "truck 5" and norb.values["elevation"] == ("0", "4", "8")
    cars = by_domain("cars3d_by_car", [3, 12, 61])
    assert (cars.domain, cars.attributes) == ("car", ("pose",))
    # elevations 0, 3; azimuths 0, 12; cars 0, 61, 122: index = elevation 6 + azimuth 3 + car
    assert (cars.labels["pose"][10], cars.labels["car"][10]) == (3, 1)
    assert cars.values == {"car": ("0", "61", "122"), "pose": ("0 0", "0 12", "3 0", "3 12")}
    shapes = by_domain("shapes3d_by_shape", [9, 9, 9, 7, 1, 7])
    assert (shapes.domain, shapes.values["shape"]) == ("shape", ("cube", "cylinder", "sphere", "capsule"))
    assert shapes.attributes == ("floor_hue", "wall_hue", "object_hue", "scale", "orientation")
    assert shapes.values["scale"] == ("0", "7")


def test_whole_data_sets_have_the_papers_sizes() -> None:
    sizes = {
        name: {label: int(np.prod([BY_DOMAIN[name][0][part] for part in parts])) for label, parts in labels.items()}
        for name in BY_DOMAIN
        if (labels := registry.load("datasets", name).Dataset.labels)
    }
    assert sizes == {
        "shapes3d_by_shape": {"shape": 4} | {name: SHAPES3D[name] for name in SHAPES3D if name != "shape"},
        "smallnorb_by_toy": {"toy": 50, "azimuth": 18, "elevation": 9, "lighting": 6},
        "cars3d_by_car": {"car": 183, "pose": 96},
    }


@pytest.mark.parametrize("name", BY_DOMAIN)
def test_a_tenth_of_each_domain_is_tested_on(name: str) -> None:
    _, every = BY_DOMAIN[name]
    found, again, other = (by_domain(name, every, seed) for seed in (0, 0, 1))
    domain = found.labels[found.domain]
    for value in range(len(found.values[found.domain])):
        count = (domain == value).sum()
        assert found.test[domain == value].sum() == share_of(count, 0.1)
    np.testing.assert_array_equal(found.train, ~found.test)
    np.testing.assert_array_equal(found.fit, found.train)
    assert_same(found, again)
    assert (found.test != other.test).any()


def test_a_random_subset_may_be_trained_on() -> None:
    every = [5, 4, 9, 3, 1, 4]  # 2 x 3 x 2 x 3 x 4 x 4: 576 images, 144 a shape, 130 of them not tested on
    whole = by_domain("shapes3d_by_shape", every)
    found = by_domain("shapes3d_by_shape", every, train_images=50)
    assert (whole.train.sum(), found.train.sum()) == (520, 50)
    np.testing.assert_array_equal(found.test, whole.test)
    np.testing.assert_array_equal(found.fit, found.train)
    assert not (found.train & found.test).any()
    assert len({*found.labels["shape"][found.train]}) == 4
    assert by_domain("shapes3d_by_shape", every, train_images=520).train.sum() == 520
    for count in (-1, 521):
        with pytest.raises(InputError, match=rf"^train_images: found {count}; allowed: 0 \(all\) to 520\.$"):
            registry.build("datasets", "shapes3d_by_shape", {"every": every, "train_images": count})
    # the paper's 50,000, of 432,000
    registry.build("datasets", "shapes3d_by_shape", {"train_images": 50_000})
    with pytest.raises(InputError, match=r"to 432000\.$"):
        registry.build("datasets", "shapes3d_by_shape", {"train_images": 432_001})


@pytest.mark.parametrize(("stride", "margin"), [(1, 2), (2, 1), (3, 0), (6, 0)])
def test_the_azimuths_margin_is_two_official_steps(stride: int, margin: int) -> None:
    assert by_domain("smallnorb_by_toy", [4, 9, 4, stride, 5]).margins == {"azimuth": margin}


def test_a_factor_of_one_value_is_no_attribute() -> None:
    found = by_domain("smallnorb_by_toy", [4, 5, 4, 18, 3])
    assert found.attributes == ("elevation", "lighting") and found.margins == {}
    # nor can it be the domain
    with pytest.raises(InputError, match=r"^every: keeps 1 toy; allowed: strides that keep 2 at least, as the domains"):
        by_domain("smallnorb_by_toy", [5, 10, 4, 18, 3])
    with pytest.raises(InputError, match=r"^every: keeps 1 image of each shape; allowed: strides that keep 2 at least"):
        by_domain("shapes3d_by_shape", [10, 10, 10, 8, 1, 15])


@pytest.mark.parametrize("name", BY_DOMAIN)
def test_strides_are_checked_when_a_data_set_is_described(name: str) -> None:
    factors, _ = BY_DOMAIN[name]
    assert list(registry.build("datasets", name, {}).every) == [1] * len(factors)
    with pytest.raises(InputError, match=f"allowed: {len(factors)}, one for each of"):
        registry.build("datasets", name, {"every": [1]})
    with pytest.raises(InputError, match="found stride 0 of"):
        registry.build("datasets", name, {"every": [0] * len(factors)})


@pytest.mark.parametrize("size", [64, 32])
def test_rendered_toys_stay_grey_and_cars_coloured(size: int) -> None:
    for name, source, every, channels in (
        ("smallnorb_by_toy", "smallnorb_rendered", [1, 9, 8, 9, 3], 1),
        ("cars3d_by_car", "cars3d_rendered", [3, 8, 100], 3),
    ):
        sources = {"images": registry.build("sources", source, {})}
        found = made(name, {"image_size": size, "every": every}, sources)
        assert found.images.shape[1:] == (size, size, channels) and found.images.std() > 5
    with pytest.raises(InputError, match="every: no factor 'floor_hue'"):
        made("shapes3d_by_shape", {}, sources)


# Edge maps and what they are laid beside


def test_the_edges_of_a_square_by_hand() -> None:
    picture = np.full((64, 64, 3), 200, np.uint8)
    picture[20:40, 10:50] = [0, 60, 30]
    expected = np.full((64, 64), 255)
    expected[19:40, 9:50] = 0  # lines of two pixels: that where Canny finds the edge, and the one before
    expected[21:38, 11:48] = 255
    edges = edge_map(picture)
    assert edges.dtype == np.uint8
    np.testing.assert_array_equal(edges, expected)
    assert (edge_map(np.full((64, 64, 1), 90, np.uint8)) == 255).all()
    # channels count alike, and so does a picture of one
    np.testing.assert_array_equal(edges, edge_map(picture.mean(axis=2, keepdims=True).astype(np.uint8)))


@pytest.fixture(scope="module")
def pairs() -> Labelled:
    """Of two toys of each category under one lamp, and of four cars."""
    sources = {"toys": smallnorb_rendered.Source(), "cars": cars3d_rendered.Source()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(edges_beside_renders.TOYS, "instance", 5)
        patch.setitem(edges_beside_renders.TOYS, "lighting", 6)
        patch.setitem(edges_beside_renders.CARS, "object", 60)
        return made("edges_beside_renders", {"image_size": 64}, sources)


def test_photographs_and_edges_are_pairs(pairs: Labelled) -> None:
    assert pairs.images.shape == (576, 64, 64, 3)  # 2 (4 kinds x 2 toys x 4 x 6 views, and 4 cars x 4 x 6 views)
    assert (pairs.domain, pairs.attributes) == ("medium", ("kind", "azimuth", "elevation"))
    assert pairs.values["medium"] == ("photo", "edges") and pairs.values["kind"][4] == "car"
    assert pairs.labels["medium"].tolist()[:4] == [0, 1, 0, 1]
    for name in pairs.attributes:
        np.testing.assert_array_equal(pairs.labels[name][0::2], pairs.labels[name][1::2])
        assert set(pairs.labels[name]) == set(range(pairs.sizes()[name]))
    assert np.bincount(pairs.labels["kind"]).tolist() == [96] * 4 + [192]
    edges = pairs.images[1::2]
    assert set(np.unique(edges)) == {0, 255} and (edges[..., 0] == edges[..., 2]).all()
    ink = (edges[..., 0] == 0).mean((1, 2))
    assert ink.min() > 0.01 and ink.max() < 0.3
    # the light of each is its own: of a toy on grey, 160 times the colour
    corner = pairs.images[0:100:2, 0, 0].astype(float) / 160
    assert len(np.unique(corner, axis=0)) == 50 and corner.min() >= 0.49 and corner.max() <= 1.01


def test_views_of_toys_and_of_cars_agree() -> None:
    toys, cars = edges_beside_renders.TOYS, edges_beside_renders.CARS
    azimuths = np.radians([float(word) for word in edges_beside_renders.AZIMUTHS])
    np.testing.assert_allclose(smallnorb_rendered.AZIMUTHS[:: toys["azimuth"]], azimuths)
    np.testing.assert_allclose(cars3d_rendered.AZIMUTHS[:: cars["azimuth"]], azimuths)
    steps = np.array([float(word) for word in edges_beside_renders.ELEVATIONS])
    np.testing.assert_allclose(np.degrees(smallnorb_rendered.ELEVATIONS[:: toys["elevation"]])[:4], 30 + steps)
    np.testing.assert_allclose(np.degrees(cars3d_rendered.ELEVATIONS), 5 + steps)
    # 2 (4 kinds x 10 toys x 4 x 6 views x 3 lamps, and 61 cars x 4 x 6 views)
    assert list(sizes_of(kept(SMALLNORB, toys)).values()) == [5, 10, 5, 6, 3]
    assert list(sizes_of(kept(CARS3D, cars)).values()) == [4, 6, 61]
    assert {bright for _, _, bright in smallnorb_rendered.LIGHTS[:: toys["lighting"]]} == {1.0}


def test_single_images_are_drawn_for_testing(pairs: Labelled) -> None:
    assert pairs.test.sum() == 58
    np.testing.assert_array_equal(pairs.train, ~pairs.test)
    np.testing.assert_array_equal(pairs.fit, ~pairs.test)
    straddle = (pairs.test[0::2] != pairs.test[1::2]).sum()
    assert straddle > 35  # of 288 pairs: 2 x 0.1 x 0.9, or 52, on average


class Small:
    """A source of few images of a grid, in place of a rendered one."""

    def __init__(self, factors: Mapping[str, int], channels: int) -> None:
        self.source = Numbered(factors, channels)

    def load(self, rng: np.random.Generator, every: Mapping[str, int]) -> Grid:
        whole = self.source.load(rng, every)
        images = rng.integers(0, 256, (len(whole.images), 1, 1, 1), dtype=np.uint8) + np.zeros_like(whole.images)
        images[:, 16:48, 16:48] //= 2
        return Grid(images, whole.sizes, whole.shape)


def test_the_light_and_the_order_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    toys, cars = {"category": 5, "instance": 1, "elevation": 10, "azimuth": 6, "lighting": 2}, {}
    monkeypatch.setattr(edges_beside_renders, "edge_map", lambda picture: 255 - picture[..., 0])
    cars = {"elevation": 4, "azimuth": 8, "object": 4}
    sources = {"toys": Small(toys, 1), "cars": Small(cars, 3)}
    plain = made("edges_beside_renders", {"image_size": 32, "tint": 0.0}, sources)
    assert len(plain.images) == 2 * (4 * 1 * 4 * 2 + 4 * 2 * 2)
    np.testing.assert_array_equal(plain.images[0::2], 255 - plain.images[1::2].astype(int))
    # toys: category, elevation, azimuth; cars: elevation, azimuth, object
    order = [plain.labels[name][0::2].tolist() for name in ("kind", "elevation", "azimuth")]
    assert order[0] == np.repeat([0, 1, 2, 3, 4], [8, 8, 8, 8, 16]).tolist()
    assert order[1] == [0, 0, 1, 1, 2, 2, 3, 3] * 4 + np.repeat([0, 1, 2, 3], 4).tolist()
    assert order[2] == [0, 1] * 16 + [0, 0, 1, 1] * 4

    lit, again, other = (made("edges_beside_renders", {"image_size": 32}, sources, seed) for seed in (0, 0, 1))
    assert_same(lit, again)
    assert lit.images.tobytes() != other.images.tobytes()
    np.testing.assert_array_equal(lit.images[1::2], plain.images[1::2])
    dark = lit.images[0::2].astype(float) / np.maximum(plain.images[0::2], 1)
    bright = plain.images[0::2] > 100
    assert 0.48 < dark[bright].min() < 0.6 and 0.9 < dark[bright].max() < 1.01
    for tint in (-0.1, 1.5):
        with pytest.raises(InputError, match=rf"^here\.tint: found {tint}; allowed: >= 0, <= 1\.$"):
            registry.check_options("datasets", "edges_beside_renders", {"tint": tint}, "here")


# Data sets of labelled pictures


def pictures(words: dict[str, list[str]], domain: str, **more: Any) -> Pictures:
    count = len(words[domain])
    return Pictures(
        np.arange(count, dtype=np.uint8)[:, None, None, None] + np.zeros((1, 64, 64, 3), np.uint8),
        words,
        domain,
        **more,
    )


@pytest.mark.parametrize("size", [64, 32])
def test_a_folder_is_split_as_its_table_says_or_in_each_domain(size: int) -> None:
    words = {"who": ["a", "b"] * 15 + ["c", "c"], "what": ["x", "y", "z", "z"] * 8}
    found = made("labelled_folder", {"image_size": size}, {"images": Given(pictures(words, "who"))})
    assert found.images.shape == (32, size, size, 3)
    assert [int(found.test[found.labels["who"] == k].sum()) for k in range(3)] == [2, 2, 1]
    np.testing.assert_array_equal(found.train, ~found.test)
    np.testing.assert_array_equal(found.fit, ~found.test)
    test = np.arange(32) < 5
    told = made("labelled_folder", {"image_size": size}, {"images": Given(pictures(words, "who", test=test))})
    np.testing.assert_array_equal(told.test, test)
    np.testing.assert_array_equal(told.fit, ~test)
    assert told.images[:, 0, 0, 0].tolist() == list(range(32))


def test_shoes_are_split_over_all_images() -> None:
    words = {"medium": ["photo", "edges"] * 20, "gender": ["Men", "Men", "Women", "Women"] * 10}
    found = made("edges2shoes", {}, {"images": Given(pictures(words, "medium"))})
    assert found.test.sum() == 4 and (found.train == ~found.test).all() and (found.fit == found.train).all()
    assert (found.domain, found.attributes) == ("medium", ("gender",))
    assert found.values["medium"] == ("edges", "photo")


@pytest.mark.parametrize("size", [64, 32])
def test_faces_are_fitted_and_tested_on_of_people_that_are_not_trained_on(size: int) -> None:
    people = ["7"] * 3 + ["9"] + ["12"] * 10 + ["8"] * 2 + ["30"] + ["5"] * 4
    test = np.array([False] * 4 + [True] * 17)
    landmarks = np.arange(42, dtype=np.float32).reshape(21, 2)
    given = pictures({"person": people}, "person", test=test, numbers={"landmarks": landmarks})
    found = made("celeba", {"image_size": size}, {"images": Given(given)})
    assert found.images[:, 0, 0, 0].tolist() == [*range(16), 17, 18, 19, 20]  # "30" has one picture
    assert found.values == {"person": ("12", "5", "7", "8", "9")} and found.attributes == ()
    assert found.labels["person"].tolist() == [2, 2, 2, 4] + [0] * 10 + [3] * 2 + [1] * 4
    assert found.train.tolist() == [True] * 4 + [False] * 16  # one picture to train on does no harm
    assert not (found.train & (found.fit | found.test)).any() and (found.train | found.fit | found.test).all()
    assert [int(found.test[found.labels["person"] == k].sum()) for k in (0, 3, 1)] == [3, 1, 1]
    expected = np.delete(landmarks, 16, axis=0) * (size / 64)
    assert found.numbers["landmarks"].dtype == np.float32
    np.testing.assert_array_equal(found.numbers["landmarks"], expected)
    with pytest.raises(InputError, match=r"^images: the source does not say which people are for testing\.$"):
        made("celeba", {}, {"images": Given(pictures({"person": people}, "person"))})
