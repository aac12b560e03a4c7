"""What is measured of a cell: codes beside the factors of what they are codes of."""

import numpy as np
import pytest

from disentangle.populations import of_grid, of_views

SIZES = {"shape": 2, "instance": 2, "x": 3}


def stored(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"mean": rng.normal(size=(12, 2)).astype(np.float32), "logvar": rng.normal(size=(12, 2)).astype(np.float32)}


def test_codes_of_a_grid_stand_beside_its_factors_but_the_nuisance() -> None:
    found = of_grid(stored(), SIZES, ("instance",))
    assert list(found) == ["mean", "sampled", "shuffled"]
    mean = found["mean"]
    assert (mean.names, mean.complete, mean.codes.dtype) == (("shape", "x"), True, np.float64)
    np.testing.assert_array_equal(mean.codes, stored()["mean"])
    # the last factor is the fastest, and instance, in between, is left out
    expected = [[shape, x] for shape in range(2) for _ in range(2) for x in range(3)]
    assert mean.factors.tolist() == expected
    assert found["shuffled"].factors.tolist() == expected


def test_sampled_codes_are_the_mean_plus_the_deviation_times_one_noise_for_every_model() -> None:
    one, other = stored(0), stored(1)
    noise = (of_grid(one, SIZES, ())["sampled"].codes - one["mean"]) / np.exp(one["logvar"].astype(float) / 2)
    same = (of_grid(other, SIZES, ())["sampled"].codes - other["mean"]) / np.exp(other["logvar"].astype(float) / 2)
    np.testing.assert_allclose(noise, same, atol=1e-9)
    many = {"mean": np.zeros((30_000, 2), np.float32), "logvar": np.full((30_000, 2), np.log(4), np.float32)}
    codes = of_grid(many, {"n": 30_000}, ())["sampled"].codes
    assert codes.mean() == pytest.approx(0, abs=0.03)
    assert codes.std(axis=0) == pytest.approx(2, abs=0.03)
    assert np.corrcoef(codes.T)[0, 1] == pytest.approx(0, abs=0.02)


def test_shuffled_codes_are_the_same_rows_in_another_order_for_every_model() -> None:
    one, other = (of_grid(stored(seed), SIZES, ())["shuffled"].codes for seed in (0, 1))
    order = [stored()["mean"].tolist().index(row) for row in one.astype(np.float32).tolist()]
    assert sorted(order) == list(range(12)) != order
    np.testing.assert_array_equal(other, stored(1)["mean"][order])


def test_of_a_diverged_model_nothing_is_said_and_nothing_raised() -> None:
    broken = {"mean": np.full((12, 2), np.nan, np.float32), "logvar": np.full((12, 2), 1e30, np.float32)}
    found = of_grid(broken, SIZES, ())
    assert not any(np.isfinite(population.codes).any() for population in found.values())


def test_codes_of_view_0_stand_beside_its_factors() -> None:
    codes = {"test_r": np.arange(8.0).reshape(4, 2).astype(np.float32), "train_r": np.zeros((9, 2))}
    factors = {"DC": np.array([[0, 0], [1, 1], [2, 2], [3, 3]]), "DL": np.array([[4, 9]] * 4), "joint": np.arange(4)}
    found = of_views(codes, factors)
    assert list(found) == ["r"]
    assert (found["r"].names, found["r"].complete) == (("DC", "DL"), False)
    assert found["r"].factors.tolist() == [[0, 4], [1, 4], [2, 4], [3, 4]]
    assert found["r"].codes.tolist() == codes["test_r"].tolist()
    assert list(of_views(codes | {"test_z": np.zeros((4, 2))}, factors)) == ["r", "z"]
