"""Augmentations of which each image gets one: each against a naive reference, one image at a time."""

import math
from collections import Counter

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from disentangle.errors import InputError
from disentangle.training import image_augment
from disentangle.training.image_augment import AUGMENTATIONS, augment, blur, crop, draw, erase, grey, rotate

SIDE = 16
LUMA = np.array([0.299, 0.587, 0.114])


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int = 40, side: int = SIDE, seed: int = 9) -> Tensor:
    return torch.rand(count, 3, side, side, generator=stream(seed), dtype=torch.float64)


def columns(*rows: list[float]) -> list[Tensor]:
    """Uniform numbers, one list an image, as an augmentation is given them."""
    return list(torch.tensor(rows, dtype=torch.float64).T[:, :, None, None, None])


def applied(name: str, x: Tensor, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the images augmented by one name, (M, 3, S, S), and the uniform numbers of each, without the pick."""
    drawn = draw(len(x), [name], stream(seed)).double()
    return augment(x, [name], drawn).numpy(), drawn[:, 1:].numpy()


def luma(image: np.ndarray) -> np.ndarray:
    return np.tensordot(LUMA, image, 1)


def test_the_table_is_the_published_study_and_the_composed_set() -> None:
    assert list(AUGMENTATIONS) == [
        *("horizontal_flip", "vertical_flip", "low_contrast", "low_brightness", "color_rotation", "random_erase"),
        *("affine", "grayscale", "crop", "high_brightness", "high_contrast", "high_saturation", "gaussian_blur"),
        "simsiam",
    ]


def test_images_choose_one_each_uniformly_and_independently() -> None:
    names = ["horizontal_flip", "vertical_flip", "grayscale"]
    x = pictures(1).expand(600, -1, -1, -1)
    y = augment(x, names, draw(600, names, stream()))
    expected = [x[0].flip(2), x[0].flip(1), grey(x[:1])[0].expand(3, -1, -1)]
    found = Counter(next(k for k, image in enumerate(expected) if torch.equal(view, image)) for view in y)
    assert sorted(found) == [0, 1, 2]
    assert all(150 < count < 250 for count in found.values()), found
    assert y.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("count", range(1, len(AUGMENTATIONS) + 1))
def test_the_greatest_and_the_least_number_choose_the_last_and_the_first(count: int) -> None:
    names = [*["grayscale"] * (count - 1), "vertical_flip"]
    x = pictures(2).float()
    drawn = torch.tensor([[1 - 2**-24], [0.0]])
    y = augment(x, names, drawn)
    assert torch.equal(y[0], x[0].flip(1))
    assert torch.equal(y[1], (grey(x)[1].expand(3, -1, -1) if count > 1 else x[1].flip(1)))


@given(seed=st.integers(0, 2**31), names=st.lists(st.sampled_from(list(AUGMENTATIONS)), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_images_keep_shape_and_range_and_repeat_from_the_generator(seed: int, names: list[str]) -> None:
    x = pictures(8).float()
    before = x.clone()
    y = augment(x, names, draw(8, names, stream(seed)))
    assert torch.equal(x, before)
    assert (y.shape, y.dtype) == (x.shape, x.dtype)
    assert float(y.min()) >= -1e-6
    assert float(y.max()) <= 1 + 1e-6
    assert torch.equal(y, augment(x, names, draw(8, names, stream(seed))))


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_an_image_does_not_depend_on_its_neighbours(name: str) -> None:
    x = pictures(6)
    drawn = draw(6, [name], stream()).double()
    torch.testing.assert_close(augment(x, [name], drawn)[2:4], augment(x[2:4], [name], drawn[2:4]), rtol=0, atol=1e-12)


JITTERS = {
    "low_contrast": (0.3, 0.8),
    "high_contrast": (1.8, 3),
    "low_brightness": (0.3, 0.8),
    "high_brightness": (1.4, 1.8),
    "high_saturation": (1.8, 3),
}


@pytest.mark.parametrize(("name", "bounds"), JITTERS.items())
def test_jitters(name: str, bounds: tuple[float, float]) -> None:
    x = pictures()
    found, drawn = applied(name, x)
    for image, view, number in zip(x.numpy(), found, drawn[:, 0], strict=True):
        factor = bounds[0] + (bounds[1] - bounds[0]) * number
        base = {"contrast": luma(image).mean(), "brightness": 0.0, "saturation": luma(image)}[name.split("_")[1]]
        np.testing.assert_allclose(view, np.clip(base + factor * (image - base), 0, 1), rtol=0, atol=1e-10)


def test_flips_and_grey() -> None:
    x = pictures(3)
    assert np.array_equal(applied("horizontal_flip", x)[0], x.numpy()[:, :, :, ::-1])
    assert np.array_equal(applied("vertical_flip", x)[0], x.numpy()[:, :, ::-1])
    grey_found = applied("grayscale", x)[0]
    np.testing.assert_allclose(grey_found, np.stack([[luma(image)] * 3 for image in x.numpy()]), rtol=0, atol=1e-12)


def test_colours_turn_by_a_fifth_to_a_half_either_way_and_brightness_stays() -> None:
    """Measured as the angle between the chroma before and after, of a dull picture that nothing clips."""
    x = 0.45 + 0.1 * pictures(400)
    found, drawn = applied("color_rotation", x)
    chroma = np.array([[0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
    before, after = (np.einsum("ic,nchw->nihw", chroma, images)[:, :, 0, 0] for images in (x.numpy(), found))
    angle = np.arctan2(after[:, 1], after[:, 0]) - np.arctan2(before[:, 1], before[:, 0])
    turns = (angle / (2 * math.pi)) % 1
    np.testing.assert_allclose(turns, 0.2 + 0.6 * drawn[:, 0], rtol=0, atol=1e-6)
    np.testing.assert_allclose([luma(v) for v in found], [luma(i) for i in x.numpy()], rtol=0, atol=1e-3)


def test_blur_is_a_window_of_5_reflected_at_the_border() -> None:
    x = pictures(4)
    found, _ = applied("gaussian_blur", x)
    expected = x.numpy()
    for axis in (2, 3):
        # scipy's "mirror" is reflection about the centre of the last pixel
        expected = gaussian_filter1d(expected, sigma=1, axis=axis, radius=2, mode="mirror")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def box(numbers: np.ndarray, area: tuple[float, float], ratio: tuple[float, float], largest: int) -> tuple[int, ...]:
    """Top, left, height and width, as torchvision draws them, made to fit."""
    pixels = (area[0] + (area[1] - area[0]) * numbers[0]) * SIDE**2
    aspect = math.exp(math.log(ratio[0]) + (math.log(ratio[1]) - math.log(ratio[0])) * numbers[1])
    width, height = (min(max(round(math.sqrt(a)), 1), largest) for a in (pixels * aspect, pixels / aspect))
    return int(numbers[2] * (SIDE - height + 1)), int(numbers[3] * (SIDE - width + 1)), height, width


def test_crop_is_a_box_resized_bilinearly() -> None:
    x = pictures(80)
    found, drawn = applied("crop", x)
    shares = []
    for image, view, numbers in zip(x, found, drawn, strict=True):
        top, left, height, width = box(numbers, (0.5, 1), (3 / 4, 4 / 3), SIDE)
        shares.append(height * width / SIDE**2)
        part = image[None, :, top : top + height, left : left + width]
        expected = F.interpolate(part, size=(SIDE, SIDE), mode="bilinear", align_corners=False)[0]
        np.testing.assert_allclose(view, expected, rtol=0, atol=1e-10)
    assert 0.4 < min(shares) < 0.6
    assert 0.9 < max(shares) <= 1


def test_the_whole_image_is_a_crop_of_itself() -> None:
    x = pictures(1)
    torch.testing.assert_close(crop(x, columns([1, 0.5, 0.3, 0.3]), (0.5, 1)), x, rtol=0, atol=1e-12)


def test_random_erase_blackens_a_box() -> None:
    x = pictures(80) + 0.01
    found, drawn = applied("random_erase", x)
    for image, view, numbers in zip(x.numpy(), found, drawn, strict=True):
        top, left, height, width = box(numbers, (0.02, 0.33), (0.3, 3.3), SIDE - 1)
        expected = image.copy()
        expected[:, top : top + height, left : left + width] = 0
        assert np.array_equal(view, expected)


def test_an_erased_box_by_hand() -> None:
    """Of 10 % of 20x20 pixels and aspect 1, so 6x6, in the last place where it fits."""
    y = erase(torch.ones(1, 3, 20, 20), columns([(0.09 - 0.02) / 0.31, 0.5, 0.999, 0.0]))
    assert int((y == 0).sum()) == 3 * 36
    assert not y[:, :, 14:, :6].any()


def test_rotation_takes_the_nearest_pixel_and_is_white_outside() -> None:
    x = pictures(20)
    found, drawn = applied("affine", x)
    for image, view, number in zip(x.numpy(), found, drawn[:, 0], strict=True):
        angle = math.radians(-40 + 80 * number)
        expected = np.ones_like(image)
        for row in range(SIDE):
            for column in range(SIDE):
                right, down = column - (SIDE - 1) / 2, row - (SIDE - 1) / 2
                old_column = round(math.cos(angle) * right - math.sin(angle) * down + (SIDE - 1) / 2)
                old_row = round(math.sin(angle) * right + math.cos(angle) * down + (SIDE - 1) / 2)
                if 0 <= old_row < SIDE and 0 <= old_column < SIDE:
                    expected[:, row, column] = image[:, old_row, old_column]
        np.testing.assert_allclose(view, expected, rtol=0, atol=1e-10)


def test_a_quarter_turn() -> None:
    x = pictures(1)
    quarter = rotate(x, torch.full((1, 1, 1, 1), 90.0, dtype=torch.float64))
    torch.testing.assert_close(quarter, x.rot90(1, (2, 3)), rtol=0, atol=1e-12)


def test_simsiam_is_its_parts_in_order() -> None:
    """Each part alone: crop is the whole image, and no number reaches the others' probabilities."""
    still = [1, 0.5, 0, 0, 0.9, 0.5, 0.5, 0.5, 0.5, 0.9, 0.9, 0.9, 0.5]
    x = pictures(1)

    def simsiam(**changed: float) -> Tensor:
        numbers = [changed.get(f"u{k}", number) for k, number in enumerate(still)]
        return image_augment.simsiam(x, columns(numbers))

    close = {"rtol": 0, "atol": 1e-10}
    torch.testing.assert_close(simsiam(), x, **close)
    torch.testing.assert_close(simsiam(u4=0.49), x.flip(3), **close)
    torch.testing.assert_close(simsiam(u10=0.19), grey(x).expand_as(x), **close)
    torch.testing.assert_close(simsiam(u9=0.29, u5=0.0), 0.6 * x, rtol=0, atol=1e-3)
    expected = blur(x, math.exp(-0.5 / 1.5**2), 1)
    torch.testing.assert_close(simsiam(u11=0.19), expected, **close)
    torch.testing.assert_close(simsiam(u4=0.1, u10=0.1, u11=0.1), grey(expected).flip(3).expand_as(x), **close)
    torch.testing.assert_close(simsiam(u0=0.25), crop(x, columns([0.4, 0.5, 0, 0]), (0.5, 1)), **close)


def test_wrong_names_say_what_is_known() -> None:
    with pytest.raises(InputError, match="unknown augmentation 'gausian_blur': did you mean 'gaussian_blur'"):
        draw(2, ["crop", "gausian_blur"], stream())
    with pytest.raises(InputError, match="augmentations: found none; allowed: at least one"):
        augment(pictures(1), [], torch.rand(1, 1))
