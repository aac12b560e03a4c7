"""Named random streams: fixed by their definition, different by purpose."""

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from disentangle.streams import rng, seed_of


def test_a_seed_is_the_upper_63_bits_of_the_first_8_bytes_of_sha256() -> None:
    digest = hashlib.sha256(b"3/order/12").digest()
    number = sum(byte << (8 * place) for place, byte in enumerate(digest[:8]))
    assert seed_of(3, "order", 12) == number // 2
    assert seed_of(0) == int.from_bytes(hashlib.sha256(b"0").digest()[:8], "little") // 2


def test_seeds_stay_what_they_were() -> None:
    assert seed_of(0, "init") == 3330654677893223573
    assert rng(0, "pairs", "train").integers(2**32, size=2).tolist() == [1024661625, 3545009765]


PURPOSES = [("init",), ("order", 0), ("order", 1), ("order", 10), ("augment",), ("regularizer",), ("pairs", "train")]


def test_purposes_and_seeds_have_streams_of_their_own() -> None:
    seeds = [seed_of(seed, *purpose) for seed in range(20) for purpose in PURPOSES]
    assert len(set(seeds)) == len(seeds)
    first = [float(rng(seed, *purpose).random()) for seed in range(20) for purpose in PURPOSES]
    assert len(set(first)) == len(first)


@given(st.integers(0, 2**40), st.text("abc", max_size=3), st.integers(0, 1000))
def test_a_seed_fits_every_generator(seed: int, purpose: str, number: int) -> None:
    found = seed_of(seed, purpose, number)
    assert 0 <= found < 2**63
    assert found == seed_of(seed, purpose, number)


def test_a_stream_does_not_depend_on_what_was_drawn_beside_it() -> None:
    alone = rng(1, "digits").random(5)
    rng(1, "backgrounds").random(1000)
    np.testing.assert_array_equal(rng(1, "digits").random(5), alone)
