"""Named random streams: each purpose draws from its own, so no result depends on what ran beside it."""

import hashlib

import numpy as np


def seed_of(seed: int, *purpose: object) -> int:
    """Return the 63-bit seed of the stream ``purpose`` (such as ``"order", epoch``) of a run's ``seed``."""
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def rng(seed: int, *purpose: object) -> np.random.Generator:
    """Return NumPy's generator of one named stream."""
    return np.random.default_rng(seed_of(seed, *purpose))
