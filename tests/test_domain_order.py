"""Which images a class-supervised training sees at each step."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from disentangle.training.labelled_images import BLOCK, DomainOrder, LabelledImages, seen

CPU = torch.device("cpu")


def order_of(domain: np.ndarray, domains: int, each: int, seed: int = 0) -> DomainOrder:
    return DomainOrder(domain, domains, each, seed, CPU)


def domains_of(counts: list[int]) -> np.ndarray:
    """Domains 0, 2, 4, ... of so many images each, mixed."""
    return np.random.default_rng(0).permutation(np.repeat(2 * np.arange(len(counts)), counts))


def steps_of(order: DomainOrder, steps: int) -> np.ndarray:
    return np.stack([order.index(step).numpy() for step in range(steps)])


sizes = st.lists(st.integers(1, 9), min_size=2, max_size=6)


@given(sizes, st.integers(1, 8), st.integers(1, 12), st.integers(0, 9))
@settings(max_examples=25, deadline=None)
def test_each_domain_is_walked_in_permutations(counts: list[int], domains: int, each: int, seed: int) -> None:
    """In each step some distinct domains, one after another; in the order of its visits, a domain's images come in
    rounds that hold each of them once, also from one block of steps to the next."""
    domain, steps = domains_of(counts), BLOCK + 40
    order = order_of(domain, domains, each, seed)
    groups = order.groups
    assert groups == min(domains, len(counts))
    index = steps_of(order, steps)
    assert index.shape == (steps, groups * each) and index.dtype == np.int64
    parts = index.reshape(steps, groups, each)
    visited = domain[parts[:, :, 0]]
    assert (domain[parts] == visited[:, :, None]).all()
    assert all(len(set(row)) == groups for row in visited.tolist())
    for value in np.unique(domain):
        walk, count = parts[visited == value].ravel(), int((domain == value).sum())
        rounds = [walk[start : start + count].tolist() for start in range(0, len(walk), count)]
        whole = [sorted(each_once) for each_once in rounds if len(each_once) == count]
        assert all(found == np.flatnonzero(domain == value).tolist() for found in whole)
        assert len(set(rounds[-1])) == len(rounds[-1])
        if count > 4 and len(whole) > 9:
            assert len({*map(tuple, rounds)}) > 1  # another order each time around


@given(sizes, st.integers(1, 5), st.integers(1, 6), st.lists(st.integers(0, 3 * BLOCK), min_size=1, max_size=4))
@settings(max_examples=15, deadline=None)
def test_a_step_depends_on_the_seed_alone_wherever_one_begins(
    counts: list[int], domains: int, each: int, jumps: list[int]
) -> None:
    domain = domains_of(counts)
    walked = steps_of(order_of(domain, domains, each, 5), 3 * BLOCK + 1)
    jumping = order_of(domain, domains, each, 5)
    for step in sorted(jumps):
        np.testing.assert_array_equal(jumping.index(step), walked[step])
    np.testing.assert_array_equal(order_of(domain, domains, each, 5).index(700), walked[700])


def test_other_seeds_draw_other_domains_and_walk_them_in_other_orders() -> None:
    domain = domains_of([20] * 9)
    one, other = (steps_of(order_of(domain, 4, 8, seed), 50) for seed in (0, 1))
    assert (domain[one] != domain[other]).any(1).mean() > 0.9
    for value in np.unique(domain):
        assert one[domain[one] == value][:20].tolist() != other[domain[other] == value][:20].tolist()


def test_domains_are_drawn_uniformly_and_in_every_order() -> None:
    """Of 1024 steps with 3 of 6 domains each: 512 visits of a domain and 512 / 3 at each place, within 5 deviations.

    Their deviations are sqrt(1024 / 4) = 16 and sqrt(1024 * 5) / 6 = 11.9.
    """
    domain = domains_of([5, 1, 30, 8, 8, 8])  # whatever their sizes
    visited = domain[steps_of(order_of(domain, 3, 2), 4 * BLOCK)[:, ::2]]
    assert len({block.tobytes() for block in np.split(visited, 4)}) == 4
    for value in range(0, 12, 2):
        assert abs((visited == value).sum() - 512) < 5 * 16
        for place in range(3):
            assert abs((visited[:, place] == value).sum() - 1024 / 6) < 5 * 12


def test_a_domain_of_fewer_images_than_asked_comes_around_within_a_batch() -> None:
    domain = np.array([0, 1, 1, 1, 1, 1])
    index = order_of(domain, 2, 3).index(0).reshape(2, 3).tolist()
    small, large = sorted(index, key=lambda part: len(set(part)))
    assert small == [0, 0, 0]
    assert len(set(large)) == 3


@pytest.mark.parametrize("channels", [1, 3])
def test_images_seen_by_hand(channels: int) -> None:
    images = torch.arange(2 * 3 * 3 * channels, dtype=torch.uint8).view(2, 3, 3, channels)
    x = seen(images)
    assert x.shape == (2, 3, 3, 3) and x.dtype == torch.float32
    assert x.is_contiguous(memory_format=torch.channels_last)
    for k in range(3):
        torch.testing.assert_close(x[:, k], images[..., k % channels] / 255)
    assert len(LabelledImages(images, torch.zeros(2, dtype=torch.int64))) == 2
