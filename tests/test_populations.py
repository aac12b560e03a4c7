"""What is measured of a cell: codes beside the factors of what they are codes of."""

import numpy as np
import pytest

from disentangle import registry
from disentangle.evaluation.measured_codes import of_grid, of_views
from disentangle.evaluation.scores import scores_of

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
    assert mean.factors.tolist() == [[shape, x] for shape in range(2) for _ in range(2) for x in range(3)]
    np.testing.assert_array_equal(mean.codes_of(np.array([4]), np.random.default_rng(0)), stored()["mean"][[4]])


def test_sampled_codes_are_drawn_anew_around_the_mean_and_alike_for_every_model() -> None:
    one, other = (of_grid(stored(seed), SIZES, ())["sampled"] for seed in (0, 1))
    rows = np.array([3, 3, 7])
    drawn, same = one.codes_of(rows, np.random.default_rng(0)), one.codes_of(rows, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn, same)
    assert (drawn[0] != drawn[1]).all()  # one row, two draws
    noise = (drawn - stored()["mean"][rows]) / np.exp(stored()["logvar"][rows].astype(float) / 2)
    theirs = other.codes_of(rows, np.random.default_rng(0)) - stored(1)["mean"][rows]
    np.testing.assert_allclose(noise, theirs / np.exp(stored(1)["logvar"][rows].astype(float) / 2), atol=1e-9)
    wide = {"mean": np.zeros((12, 2), np.float32), "logvar": np.full((12, 2), np.log(4), np.float32)}
    codes, _ = of_grid(wide, SIZES, ())["sampled"].whole().draw(30_000, np.random.default_rng(0))
    assert codes.mean() == pytest.approx(0, abs=0.03)
    assert codes.std(axis=0) == pytest.approx(2, abs=0.03)
    assert np.corrcoef(codes.T)[0, 1] == pytest.approx(0, abs=0.02)


def test_shuffled_codes_are_those_of_independent_rows() -> None:
    shuffled = of_grid(stored(), SIZES, ())["shuffled"]
    codes, factors = shuffled.whole().draw(6_000, np.random.default_rng(0))
    rows = stored()["mean"].tolist()
    drawn = np.array([rows.index(code) for code in codes.astype(np.float32).tolist()])
    assert np.bincount(drawn) == pytest.approx(500, abs=100)
    table = np.zeros((12, 2))
    np.add.at(table, (drawn, factors[:, 0]), 1)
    assert table / 6_000 == pytest.approx(1 / 24, abs=0.012)


def test_a_point_drawn_for_training_and_for_testing_does_not_tell_its_noise() -> None:
    """On a grid of 200 images every test point was trained on: codes of chance must still be at chance."""
    sizes = {"a": 4, "b": 50}
    noise = {"mean": np.random.default_rng(0).normal(size=(200, 3)), "logvar": np.zeros((200, 3))}
    dull = {"mean": np.zeros((200, 3)), "logvar": np.zeros((200, 3))}
    dci = registry.build("metrics", "dci", {"train_points": 1000, "test_points": 2000})
    for population in (of_grid(noise, sizes, ())["shuffled"], of_grid(dull, sizes, ())["sampled"]):
        found = dci.scores(population, np.random.default_rng(1))
        assert found["informativeness_test"] == pytest.approx((1 / 4 + 1 / 50) / 2, abs=0.03)


def test_of_a_diverged_model_nothing_is_said_and_nothing_raised() -> None:
    broken = {"mean": np.full((12, 2), np.nan, np.float32), "logvar": np.full((12, 2), 1e30, np.float32)}
    for population in of_grid(broken, SIZES, ()).values():
        assert scores_of({"mig": None}, population) == {"mig": None}
    fine = {"mean": np.zeros((12, 2), np.float32), "logvar": np.full((12, 2), 1e30, np.float32)}
    assert scores_of({"mig": None}, of_grid(fine, SIZES, ())["sampled"]) == {"mig": None}


def test_codes_of_view_0_stand_beside_its_factors() -> None:
    codes = {"test_r": np.arange(8.0).reshape(4, 2).astype(np.float32), "train_r": np.zeros((9, 2))}
    factors = {"DC": np.array([[0, 0], [1, 1], [2, 2], [3, 3]]), "DL": np.array([[4, 9]] * 4), "joint": np.arange(4)}
    found = of_views(codes, factors)
    assert list(found) == ["r"]
    assert (found["r"].names, found["r"].complete) == (("DC", "DL"), False)
    assert found["r"].factors.tolist() == [[0, 4], [1, 4], [2, 4], [3, 4]]
    assert found["r"].codes.tolist() == codes["test_r"].tolist()
    assert list(of_views(codes | {"test_z": np.zeros((4, 2))}, factors)) == ["r", "z"]
