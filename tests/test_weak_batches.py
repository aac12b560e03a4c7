"""Batches of weakly supervised trainings: which images are in them, which are labelled, and which are partners."""

import itertools
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from disentangle.data.grid import index_of, values_of
from disentangle.data.held_out import held_out
from disentangle.errors import InputError
from disentangle.losses.weak_batch import WeaklySupervised
from disentangle.streams import rng
from disentangle.training import weak_batches
from disentangle.training.packed import PackedGrid
from disentangle.training.weak_batches import BLOCK, WeakBatches, WeakImages, labelled_rows, partners

SIZES = {"shape": 3, "angle": 4, "plain": 1, "x": 2, "x_within": 5}
NAMES = ("shape", "x")
COUNT = math.prod(SIZES.values())
SIDE = 2


def images_of(sizes: Mapping[str, int] = SIZES, names: tuple[str, ...] = NAMES, seed: int = 0) -> WeakImages:
    """Image n of 2 x 2 grey pixels shows n: its first two are its bytes."""
    count = math.prod(sizes.values())
    pixels = np.zeros((count, SIDE, SIDE, 1), np.uint8)
    pixels[:, 0, 0, 0], pixels[:, 0, 1, 0] = np.arange(count) // 256, np.arange(count) % 256
    values = values_of(np.arange(count), sizes)[:, [place for place, name in enumerate(sizes) if name in names]]
    grid = PackedGrid(torch.from_numpy(pixels), (SIDE, SIDE, 1))
    return WeakImages(grid, sizes, names, torch.from_numpy(values), held_out(count, seed))


def shown(x: torch.Tensor) -> list[int]:
    """Which rows images are of."""
    return (255 * (256 * x[:, 0, 0, 0] + x[:, 0, 0, 1])).round().long().tolist()


def batches_of(changed: int | None = None, seed: int = 0, labels: int = 10, **training: Any) -> WeakBatches:
    images, objective = images_of(), WeaklySupervised()
    objective.changed = changed
    config = {"cell": {"lam": 0.3, "seed": seed}, "training": {"batch": 7, "labelled": 4} | training}
    return WeakBatches(config, images, objective, labelled_rows(images, labels, False, seed))


# Held-out images.


@pytest.mark.parametrize("changed", [None, 0, 1, 2])
def test_held_out_images_are_in_no_batch(changed: int | None) -> None:
    batches, test = batches_of(changed), images_of().test
    assert test.sum() == 18
    index = np.stack([batches.index(step) for step in range(60)])
    assert index.shape == (60, batches.samples) and batches.samples == 11 + (0 if changed is None else 7)
    assert not test[index].any()
    # An epoch of 102 images is 14 batches of 7, in which none is twice; all are drawn over time.
    assert len({*index[:14, :7].flatten()}) == 98
    assert {*index[:, :7].flatten()} == {*np.flatnonzero(~test)}


def test_a_batch_is_what_its_index_says() -> None:
    batches, images = batches_of(changed=1), images_of()
    index = batches.index(3)
    generators = {purpose: torch.Generator() for purpose in batches.purposes}
    batch = batches.at(index, generators)
    assert batch.x.shape == batch.partner.shape == (7, 1, SIDE, SIDE) and batch.labelled.shape == (4, 1, SIDE, SIDE)
    assert shown(batch.x) == batch.row.tolist() == index[:7].tolist()
    assert shown(batch.labelled) == batch.labelled_row.tolist() == index[7:11].tolist()
    assert shown(batch.partner) == index[11:].tolist()
    assert torch.equal(batch.values, images.told[index[7:11]])
    assert batch.lam == 0.3 and batch.generators is generators
    assert {*generators} == {"noise", "prior", "relation"}
    alone = batches_of().at(batches_of().index(3), generators)
    assert alone.partner.shape == (0, 1, SIDE, SIDE)
    assert torch.equal(alone.x, batch.x) and torch.equal(alone.labelled, batch.labelled)


def test_all_labelled_images_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Part by part, in the order of their rows' list."""
    monkeypatch.setattr(weak_batches, "CHUNK", 4)
    batches, images = batches_of(), images_of()
    rows = labelled_rows(images, 10, False, 0)
    given = batches.given()
    assert [len(x) for x, _ in given] == [4, 4, 2]
    assert [row for x, _ in given for row in shown(x)] == rows.tolist()
    assert torch.equal(torch.cat([values for _, values in given]), images.told[rows])


def test_batches_depend_on_the_seed_and_the_step_alone() -> None:
    steps = [0, 5, BLOCK - 1, BLOCK, 3 * BLOCK + 2]
    for changed in (None, 0, 2):
        batches = batches_of(changed)
        one_after_another = [batches.index(step) for step in range(steps[-1] + 1)]
        for step in steps:
            assert torch.equal(batches_of(changed).index(step), one_after_another[step])
        assert not torch.equal(one_after_another[0], one_after_another[1])
    # Of partners of which every factor is drawn, nothing is left of the rows, but the step.
    anything = batches_of(changed=4)
    assert not torch.equal(anything.index(0)[11:], anything.index(1)[11:])
    # Neither partners nor how many labelled images a batch has change which images it has.
    assert torch.equal(batches_of(0).index(9)[:7], batches_of(None, labelled=9).index(9)[:7])
    other = batches_of(0, seed=1).index(9)
    same = batches_of(0).index(9)
    for part in (slice(0, 7), slice(7, 11), slice(11, 18)):
        assert not torch.equal(other[part], same[part])


def test_labelled_images_are_drawn_evenly_and_anew_in_each_block() -> None:
    batches = batches_of(labels=6, labelled=5)
    drawn = np.stack([batches.index(step)[7:] for step in range(2 * BLOCK)])
    counts = Counter(drawn.flatten().tolist())
    assert {*counts} == {*labelled_rows(images_of(), 6, False, 0).tolist()}
    assert stats.chisquare([*counts.values()]).pvalue > 1e-4
    assert any(len({*row}) < 5 for row in drawn.tolist())  # with replacement
    assert not np.array_equal(drawn[:BLOCK], drawn[BLOCK:])


# Labelled images.


@pytest.mark.parametrize("balanced", [False, True])
def test_labelled_images_are_trained_on_and_nested_in_their_number(balanced: bool) -> None:
    images = images_of()
    most = labelled_rows(images, 102, balanced, 3)
    assert sorted(most) == np.flatnonzero(~images.test).tolist()
    for count in (1, 2, 30, 101):
        np.testing.assert_array_equal(labelled_rows(images, count, balanced, 3), most[:count])
    np.testing.assert_array_equal(labelled_rows(images, 102, balanced, 3), most)
    assert not np.array_equal(labelled_rows(images, 20, balanced, 4), most[:20])


def counts_of(images: WeakImages, rows: np.ndarray) -> list[int]:
    """How many rows show each combination of told values."""
    found = Counter(map(tuple, images.told[rows].tolist()))
    return [found[one] for one in itertools.product(*(range(images.sizes[name]) for name in images.names))]


def test_balanced_labels_differ_by_one_at_most() -> None:
    images = images_of()
    fewest = min(counts_of(images, np.flatnonzero(~images.test)))
    assert fewest < 20
    for seed in range(5):
        for count in range(1, 6 * fewest + 1):
            counts = counts_of(images, labelled_rows(images, count, True, seed))
            assert max(counts) - min(counts) <= 1
        # Where a combination has no more images, others go on.
        counts = counts_of(images, labelled_rows(images, 6 * fewest + 3, True, seed))
        assert min(counts) == fewest and sum(counts) == 6 * fewest + 3
    assert any(
        max(counts) - min(counts) > 1
        for counts in (counts_of(images, labelled_rows(images, 24, False, seed)) for seed in range(5))
    )


@pytest.mark.parametrize("balanced", [False, True])
def test_every_image_is_as_likely_to_be_labelled(balanced: bool) -> None:
    """Of one combination of two, with as many images each; over 400 seeds, 8 of 32."""
    images = images_of({"a": 2, "b": 16}, ("a",))
    open_to_all = WeakImages(images.grid, images.sizes, images.names, images.told, np.zeros(32, bool))
    counts = np.zeros(32)
    for seed in range(400):
        counts[labelled_rows(open_to_all, 8, balanced, seed)] += 1
    assert counts.sum() == 3200 and stats.chisquare(counts).pvalue > 1e-4


# Partners.


def differing(rows: np.ndarray, others: np.ndarray, sizes: Mapping[str, int]) -> np.ndarray:
    """Which factors of pairs differ, (B, F)."""
    return values_of(rows, sizes) != values_of(others, sizes)


def rows_of(images: WeakImages, count: int) -> np.ndarray:
    return np.resize(np.flatnonzero(~images.test), count)


@pytest.mark.parametrize("changed", [1, 2, 4])
def test_partners_differ_in_so_many_factors_at_most(changed: int) -> None:
    images = images_of()
    rows = rows_of(images, 2000)
    found = partners(rows, images, changed, np.random.default_rng(0))
    assert found.shape == rows.shape and not images.test[found].any()
    apart = differing(rows, found, SIZES)
    assert apart.sum(1).max() == min(changed, 4)  # one factor has one value
    assert apart[:, [0, 1, 3, 4]].any(0).all()


@pytest.mark.parametrize("changed", [0, 1])
def test_frequencies_of_partners(changed: int) -> None:
    """Where no image is held out: a factor is chosen with a probability, and then its value is uniform."""
    images = images_of()
    images = WeakImages(images.grid, images.sizes, images.names, images.told, np.zeros(COUNT, bool))
    row, many = 77, 40_000
    found = partners(np.full(many, row), images, changed, np.random.default_rng(1))
    places, sizes = [0, 1, 3, 4], (3, 4, 2, 5)
    start = values_of(np.array(row), SIZES)[places]
    # Of the four factors, k are drawn, each set of k as likely; k is 1, or 1, 2 or 3 as likely.
    numbers = (1,) if changed else (1, 2, 3)
    chance: dict[tuple[int, ...], float] = dict.fromkeys(itertools.product(*map(range, sizes)), 0.0)
    for number in numbers:
        for chosen in itertools.combinations(range(4), number):
            share = 1 / len(numbers) / math.comb(4, number) / math.prod(sizes[k] for k in chosen)
            for values in chance:
                if all(k in chosen or values[k] == start[k] for k in range(4)):
                    chance[values] += share
    assert sum(chance.values()) == pytest.approx(1)
    possible = {values: share for values, share in chance.items() if share}
    counts = Counter(map(tuple, values_of(found, SIZES)[:, places].tolist()))
    assert {*counts} == {*possible}
    expected = [many * share for share in possible.values()]
    assert stats.chisquare([counts[values] for values in possible], expected).pvalue > 1e-4


def test_a_partner_that_cannot_be_seen_is_drawn_anew_and_at_last_the_image_itself() -> None:
    images = images_of()
    only = np.ones(COUNT, bool)
    only[[7, 8]] = False
    two = WeakImages(images.grid, images.sizes, images.names, images.told, only)
    found = partners(np.array([7, 8] * 200), two, 1, np.random.default_rng(2))
    counts = Counter(zip([7, 8] * 200, found.tolist(), strict=True))
    assert {*counts} == {(7, 7), (7, 8), (8, 7), (8, 8)}
    alone = WeakImages(images.grid, images.sizes, images.names, images.told, np.arange(COUNT) != 7)
    assert partners(np.array([7]), alone, 0, np.random.default_rng(2)).tolist() == [7]


def test_one_factor_of_several_values_can_be_changed() -> None:
    images = images_of({"a": 40, "b": 1}, ("a",))
    rows = rows_of(images, 50)
    found = partners(rows, images, 0, np.random.default_rng(0))
    assert (found != rows).any() and not images.test[found].any()


def test_images_by_rows() -> None:
    """Channels last in memory, and of the values that their indices are."""
    images = images_of()
    x = images.seen(torch.tensor([5, 300 % COUNT]))
    assert shown(x) == [5, 300 % COUNT] and x.dtype == torch.float32
    values = np.stack([rng(0, "values").integers(size, size=20) for size in SIZES.values()], 1)
    row = index_of(values, SIZES)
    assert images.told[row].tolist() == values[:, [0, 3]].tolist()


def test_partners_cannot_differ_in_more_factors_than_vary() -> None:
    with pytest.raises(InputError, match=r"^changed: found 9; allowed: 0 to 4, the factors that vary\.$"):
        batches_of(changed=9)
