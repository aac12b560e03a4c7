"""MNIST/STL-10 pairs: which factors they share, how they are drawn, and every pixel against a plain loop."""

import numpy as np
import pytest
from scipy.stats import chisquare

from disentangle import registry
from disentangle.data.datasets.mnist_stl10 import LOCATIONS, Dataset, Views, joint_label
from disentangle.data.instances import Instances
from disentangle.errors import InputError

VARIANTS = (["DC", "BC"], ["DC", "DL"], ["BC", "DL"])
FACTORS = ("DC", "BC", "DL")


def make_pool(shape: tuple[int, ...], count: list[int], seed: int) -> Instances:
    """Return random images with ``count[c]`` instances of class c, in random order."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(count)), count))
    images = rng.integers(0, 256, (len(labels), *shape), dtype=np.uint8)
    return Instances(images, labels, tuple(f"class {label}" for label in range(len(count))))


DIGITS = make_pool((28, 28), [8, 5, 1, 10], seed=1)
BACKGROUNDS = make_pool((64, 64, 3), [4, 7, 9], seed=2)


def generate(held: list[str], pairs: int, seed: int = 0, size: int = 64, brightness: float = 1.0) -> Views:
    dataset = Dataset(held, pairs, pairs, size, brightness)  # type: ignore[arg-type]
    return dataset.generate(DIGITS, BACKGROUNDS, pairs, np.random.default_rng(seed))


def naive(digit: np.ndarray, background: np.ndarray, location: int, size: int, brightness: float) -> np.ndarray:
    """Compose one image as the paper says it: dim, overlay by the maximum, then average 2x2 blocks."""
    image = np.round(background.astype(float) * brightness)
    row, column = divmod(location, 4)
    y, x = (2, 34)[row], (0, 12, 24, 36)[column]
    for channel in range(3):
        image[y : y + 28, x : x + 28, channel] = np.maximum(image[y : y + 28, x : x + 28, channel], digit)
    if size == 32:
        image = np.floor(image.reshape(32, 2, 32, 2, 3).mean(axis=(1, 3)) + 0.5)
    return image.astype(np.uint8)


@pytest.mark.parametrize("size", [64, 32])
@pytest.mark.parametrize("brightness", [1.0, 0.35])
def test_images_equal_the_naive_loop(size: int, brightness: float) -> None:
    views = generate(["DC", "BC"], 600, size=size, brightness=brightness)  # more images than one chunk
    assert views.images.shape == (600, 2, size, size, 3)
    assert views.images.dtype == np.uint8
    assert set(views.factors["DL"].ravel()) == set(range(8))
    for pair, view in np.ndindex(600, 2):
        digit, background, location = (int(views.factors[name][pair, view]) for name in ("digit", "background", "DL"))
        expected = naive(DIGITS.images[digit], BACKGROUNDS.images[background], location, size, brightness)
        np.testing.assert_array_equal(views.images[pair, view], expected)


def test_pixels_by_hand() -> None:
    digits = Instances(np.full((1, 28, 28), 200, np.uint8), np.zeros(1, np.int64), ("0",))
    backgrounds = Instances(
        np.zeros((1, 64, 64, 3), np.uint8) + np.array([101, 201, 255], np.uint8), digits.labels, ("b",)
    )
    factors = {"digit": np.array([0]), "background": np.array([0]), "DL": np.array([6])}
    image = Dataset(["DC", "BC"], 1, 1, 64, 0.5).compose(digits, backgrounds, factors)[0]
    inside = np.zeros((64, 64), bool)
    inside[34:62, 24:52] = True  # location 6: second row, third column
    assert (image[inside] == 200).all()
    assert (image[~inside] == [50, 100, 128]).all()  # halves are rounded to even
    image = Dataset(["DC", "BC"], 1, 1).compose(digits, backgrounds, factors)[0]
    assert (image[inside] == [200, 201, 255]).all()


def test_the_mean_of_2x2_is_rounded_half_up() -> None:
    backgrounds = Instances(np.zeros((1, 64, 64, 3), np.uint8), np.zeros(1, np.int64), ("b",))
    backgrounds.images[0, 0, :8, 0] = [1, 0, 1, 1, 255, 255, 0, 3]
    backgrounds.images[0, 1, :8, 0] = [0, 0, 0, 0, 255, 254, 0, 0]
    digits = Instances(np.zeros((1, 28, 28), np.uint8), np.zeros(1, np.int64), ("0",))
    factors = {"digit": np.array(0), "background": np.array(0), "DL": np.array(7)}
    image = Dataset(["DC", "BC"], 1, 1, 32).compose(digits, backgrounds, factors)
    assert image.shape == (32, 32, 3)
    assert image[0, :4, 0].tolist() == [0, 1, 255, 1]  # 1/4, 2/4, 1019/4, 3/4


def test_locations_are_those_of_the_paper() -> None:
    """Centres at y 16, 48 and x 14, 26, 38, 50."""
    assert [(y + 14, x + 14) for y, x in LOCATIONS] == [(y, x) for y in (16, 48) for x in (14, 26, 38, 50)]


@pytest.mark.parametrize("held", VARIANTS, ids="-".join)
def test_held_factors_agree_and_the_other_differs_in_every_pair(held: list[str]) -> None:
    views = generate(held, 3000, size=32)
    for name in FACTORS:
        first, second = views.factors[name].T
        assert (first == second).all() if name in held else (first != second).all()
    for name, instance, pool in (("DC", "digit", DIGITS), ("BC", "background", BACKGROUNDS)):
        np.testing.assert_array_equal(views.factors[name], pool.labels[views.factors[instance]])
        assert views.factors[instance].shape == (3000, 2)
        assert views.factors[name].dtype == views.factors[instance].dtype == np.int64
        if name in held:  # redrawn with replacement: usually another instance, now and then the same
            again = (views.factors[instance][:, 0] == views.factors[instance][:, 1]).mean()
            assert again == pytest.approx(len(pool.classes) / len(pool), abs=0.05)


@pytest.mark.parametrize("held", VARIANTS, ids="-".join)
def test_draws_are_uniform(held: list[str]) -> None:
    factors = generate(held, 20000, seed=3, size=32).factors
    for name, instance, labels in (
        ("DC", "digit", DIGITS.labels),
        ("BC", "background", BACKGROUNDS.labels),
        ("DL", "DL", np.arange(8)),
    ):
        first, second = factors[instance].T
        assert chisquare(np.bincount(first, minlength=len(labels))).pvalue > 1e-3
        for label in np.unique(labels):  # view 1 given the class of view 0
            allowed = np.flatnonzero(labels == label if name in held else labels != label)
            drawn = np.bincount(second[labels[first] == label], minlength=len(labels))
            assert drawn.sum() == drawn[allowed].sum() > 0
            assert len(allowed) == 1 or chisquare(drawn[allowed]).pvalue > 1e-3


def test_same_seed_same_bytes() -> None:
    once, again, other = (generate(["DC", "DL"], 50, seed) for seed in (7, 7, 8))
    assert once.images.tobytes() == again.images.tobytes()
    assert all(once.factors[name].tobytes() == again.factors[name].tobytes() for name in once.factors)
    assert once.images.tobytes() != other.images.tobytes()


def test_pools_are_left_as_they_were() -> None:
    before = DIGITS.images.copy(), BACKGROUNDS.images.copy()
    generate(["DC", "BC"], 100, brightness=0.5)
    np.testing.assert_array_equal(DIGITS.images, before[0])
    np.testing.assert_array_equal(BACKGROUNDS.images, before[1])


def test_joint_labels_are_those_of_the_generator() -> None:
    factors = {
        "DC": np.array([[3, 0], [9, 0], [0, 0]]),
        "BC": np.array([[7, 9], [9, 0], [0, 0]]),
        "DL": np.array([[5, 0], [7, 0], [0, 0]]),
    }
    assert joint_label(factors, ["DC", "BC"], 10).tolist() == [37, 99, 0]
    assert joint_label(factors, ["DC", "DL"], 10).tolist() == [29, 79, 0]
    assert joint_label(factors, ["BC", "DL"], 10).tolist() == [57, 79, 0]
    assert joint_label(factors, ["BC", "DC"], 10).tolist() == [37, 99, 0]


@pytest.mark.parametrize("held", VARIANTS, ids="-".join)
def test_joint_labels_tell_every_combination_apart(held: list[str]) -> None:
    factors = generate(held, 2000, size=32).factors
    np.testing.assert_array_equal(factors["joint"], joint_label(factors, held, len(BACKGROUNDS.classes)))
    combinations = np.stack([factors[name][:, 0] for name in held], axis=1)
    assert len(np.unique(factors["joint"])) == len(np.unique(combinations, axis=0))


@pytest.mark.parametrize(("held", "classes"), [(["DC", "BC"], 3), (["DC", "DL"], 8), (["BC", "DL"], 3)])
def test_joint_labels_do_not_depend_on_which_classes_are_drawn(held: list[str], classes: int) -> None:
    """Of so few pairs some lack the last background class."""
    lacking = 0
    for seed in range(20):
        factors = generate(held, 2, seed, size=32).factors
        lacking += factors["BC"].max() < 2
        major, minor = ("DL", "BC") if held == ["BC", "DL"] else held
        np.testing.assert_array_equal(factors["joint"], classes * factors[major][:, 0] + factors[minor][:, 0])
    assert lacking


@pytest.mark.parametrize("held", [["DC"], ["DC", "DC"], ["DC", "XX"], ["DC", "BC", "DL"]])
def test_held_names_two_factors(held: list[str]) -> None:
    with pytest.raises(InputError, match="allowed: two of DC, BC, DL"):
        Dataset(held, 1, 1)


@pytest.mark.parametrize("brightness", [0.0, -0.5, 1.01, float("nan")])
def test_brightness_is_a_share(brightness: float) -> None:
    with pytest.raises(InputError, match=r"background_brightness: found .*; allowed: > 0, <= 1\.$"):
        registry.options("datasets", "mnist_stl10")["background_brightness"].check("background_brightness", brightness)


def test_pools_that_do_not_fit() -> None:
    rng = np.random.default_rng(0)
    dataset = Dataset(["DC", "BC"], 1, 1)
    with pytest.raises(InputError, match=r"digits: found images of shape \(64, 64, 3\); allowed: \(28, 28\)"):
        dataset.generate(BACKGROUNDS, BACKGROUNDS, 1, rng)
    with pytest.raises(InputError, match=r"backgrounds: found images of shape \(28, 28\); allowed: \(64, 64, 3\)"):
        dataset.generate(DIGITS, DIGITS, 1, rng)
    one_class = BACKGROUNDS.take(BACKGROUNDS.labels == 1)
    with pytest.raises(InputError, match="BC is to vary, but its pool has a single class"):
        Dataset(["DC", "DL"], 1, 1).generate(DIGITS, one_class, 1, rng)
    assert (dataset.generate(DIGITS, one_class, 9, rng).factors["BC"] == 1).all()
