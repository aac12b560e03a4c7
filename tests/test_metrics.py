"""Metrics of codes against closed forms, and the contract of every file in metrics/."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes

from disentangle import registry
from disentangle.metrics.half_similarity import cka, procrustes

METRICS = registry.names("metrics")
DIM = 4


def codes(seed: int, samples: int = 300, dim: int = 2 * DIM) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(samples, dim)).astype(np.float32)


def rotation(seed: int, dim: int = DIM) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(dim, dim)))[0]


def scores(name: str, x: np.ndarray) -> dict[str, float]:
    return registry.build("metrics", name, {}).scores(x, {})


@pytest.mark.parametrize("name", METRICS)
def test_scores_are_numbers_in_their_range_whatever_the_codes(name: str) -> None:
    constant, zero = np.full((20, 8), 0.3, np.float32), np.zeros((20, 8), np.float32)
    for x in (codes(0), constant, zero, np.eye(8, dtype=np.float32), codes(1, samples=1)):
        found = scores(name, x)
        assert found
        assert all(type(value) is float and 0 <= value <= 1 + 1e-9 for value in found.values()), (name, found)


@pytest.mark.parametrize("name", METRICS)
def test_the_order_of_the_images_is_irrelevant(name: str) -> None:
    x = codes(0)
    assert scores(name, x[::-1]) == pytest.approx(scores(name, x), abs=1e-9)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.floats(0.1, 10), st.floats(-3, 3))
def test_halves_that_are_rotations_of_each_other_are_alike(seed: int, scale: float, shift: float) -> None:
    half = codes(seed, dim=DIM).astype(np.float64)
    x = np.concatenate([half, scale * half @ rotation(seed) + shift], axis=1)
    assert scores("half_similarity", x) == {"cka": pytest.approx(1), "procrustes": pytest.approx(1)}


def test_independent_halves_are_not_alike() -> None:
    found = scores("half_similarity", codes(0, samples=5000))
    # of d x d independent normals: CKA about d / N (here 0.0008), Procrustes a little more
    assert found["cka"] < 0.01
    assert found["procrustes"] < 0.01


def test_similarity_of_halves_that_share_one_of_two_axes() -> None:
    """A = (s, u), B = (s, v) with s, u, v uncorrelated, of variance 1: CKA 1/2, Procrustes (1 / 2)^2."""
    drawn = np.random.default_rng(0).normal(size=(500, 3))
    s, u, v = np.linalg.qr(np.column_stack([np.ones(500), drawn]))[0].T[1:]  # each orthogonal to the constant: centred
    a, b = np.stack([s, u], 1), np.stack([s, v], 1)
    assert cka(a, b) == pytest.approx(1 / 2)
    assert procrustes(a, b) == pytest.approx(1 / 4)


@pytest.mark.parametrize("seed", range(5))
def test_procrustes_is_what_the_best_rotation_explains(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(50, 3))
    b = a @ rng.normal(size=(3, 3)) + rng.normal(size=(50, 3))
    a, b = a - a.mean(0), b - b.mean(0)
    q, size = orthogonal_procrustes(a, b)
    residual = np.linalg.norm(b - size / np.linalg.norm(a) ** 2 * a @ q) ** 2
    assert procrustes(a, b) == pytest.approx(1 - residual / np.linalg.norm(b) ** 2)
