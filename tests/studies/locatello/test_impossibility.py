"""Theorem 1 of Locatello 2019: f keeps the density of independent factors and mixes all of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from disentangle import streams
from disentangle.studies.locatello.analysis import impossibility
from disentangle.studies.locatello.analysis.impossibility import entangle, householder, jacobian


def uniform(n: int = 20_000, d: int = 4) -> np.ndarray:
    return streams.rng(0, "test of the theorem").random((n, d))


@given(st.integers(2, 12), st.floats(0.01, 0.49))
def test_the_matrix_is_orthogonal_and_has_no_zero(dimension: int, alpha: float) -> None:
    matrix = householder(dimension, alpha)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(dimension), atol=1e-12)
    np.testing.assert_array_equal(matrix, matrix.T)
    assert np.abs(matrix).min() > 1e-4


def test_the_matrix_by_hand() -> None:
    # v = (1/2, 1/2, 1/2, 1/2)
    np.testing.assert_allclose(householder(4, 0.25), np.eye(4) - 0.5)
    np.testing.assert_allclose(householder(2, 0.1)[0], [0.8, -2 * np.sqrt(0.09)])


@pytest.mark.parametrize(("dimension", "alpha"), [(1, 0.2), (3, 0.0), (3, 0.5), (3, 0.7)])
def test_what_the_proof_does_not_allow(dimension: int, alpha: float) -> None:
    with pytest.raises(ValueError, match="0 < alpha < 1/2"):
        householder(dimension, alpha)


def test_one_point_by_hand() -> None:
    # h = (1, 0): A h = (0.8, -0.6) for v = sqrt(0.1), sqrt(0.9)
    u = special.ndtr(np.array([[1.0, 0.0]]))
    np.testing.assert_allclose(special.ndtri(entangle(u, householder(2, 0.1))), [[0.8, -0.6]], atol=1e-12)


def test_f_is_undone_by_the_transposed_matrix() -> None:
    u, matrix = uniform(100), householder(4, 0.2)
    turned = entangle(u, matrix)
    assert np.abs(turned - u).max() > 0.3
    np.testing.assert_allclose(entangle(turned, matrix.T), u, atol=1e-9)
    # this A is its own inverse
    np.testing.assert_allclose(entangle(turned, matrix), u, atol=1e-9)


def test_marginals_and_independence_stay() -> None:
    u = uniform()
    turned = entangle(u, householder(4, 0.2))
    for codes in (u, turned):
        assert all(stats.kstest(column, "uniform").pvalue > 0.01 for column in codes.T)
        assert impossibility.total_correlation(codes) < 10 * 12 / (4 * len(codes))
        # pairs of columns fill the square evenly: 100 boxes of 200 points
        counts, _, _ = np.histogram2d(codes[:, 0], codes[:, 1], bins=10, range=[[0, 1], [0, 1]])
        assert stats.chisquare(counts.ravel()).pvalue > 0.01
    # and yet they depend on each other
    assert np.abs(np.corrcoef(u.T, turned.T)[:4, 4:]).min() > 0.2


def test_other_marginals_are_kept_too() -> None:
    """Exponential factors of different scales stay so."""
    scale = np.array([0.5, 1.0, 4.0])
    z = -np.log1p(-uniform(d=3)) * scale
    turned = entangle(z, householder(3, 0.3), lambda z: -np.expm1(-z / scale), lambda u: -np.log1p(-u) * scale)
    for column, own in zip(turned.T, scale, strict=True):
        assert stats.kstest(column, "expon", args=(0, own)).pvalue > 0.01
    assert np.abs(stats.spearmanr(turned).statistic - np.eye(3)).max() < 0.03


def test_the_jacobian_is_that_of_differences_and_its_determinant_one() -> None:
    u, matrix, step = uniform(50, 3) * 0.9 + 0.05, householder(3, 0.2), 1e-6
    found = jacobian(u, matrix)
    for j in range(3):
        moved = np.eye(3)[j] * step
        numeric = (entangle(u + moved, matrix) - entangle(u - moved, matrix)) / (2 * step)
        np.testing.assert_allclose(found[:, :, j], numeric, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(np.abs(np.linalg.det(found)), 1, rtol=1e-9)
    assert np.abs(found).min() > 0


def test_distance_to_the_uniform_distribution() -> None:
    np.testing.assert_allclose(impossibility.distance_to_uniform(np.array([[0.5], [0.9]])), [0.5])
    u = np.column_stack([uniform(500, 1)[:, 0], uniform(500, 1)[:, 0] ** 2])
    expected = [stats.kstest(column, "uniform").statistic for column in u.T]
    np.testing.assert_allclose(impossibility.distance_to_uniform(u), expected, rtol=1e-12)


def test_total_correlation_of_two_correlated_normals() -> None:
    normal = streams.rng(0, "correlated").standard_normal((200_000, 2)) @ np.array([[1.0, 0.6], [0.0, 0.8]])
    found = impossibility.total_correlation(special.ndtr(normal))
    assert found == pytest.approx(-0.5 * np.log(1 - 0.36), abs=0.005)
