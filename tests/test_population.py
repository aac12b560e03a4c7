"""Draws of a population: which rows may come, how often, and together with which."""

import math
import sys
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from disentangle.evaluation.labelled_codes import LabelledCodes
from disentangle.evaluation.population import Population, Rows
from disentangle.evaluation.scores import handed, remarks_of, scores_of

SIZES = (2, 3, 5)
GRID = np.stack(np.unravel_index(np.arange(math.prod(SIZES)), SIZES), axis=1)


def population(factors: np.ndarray, complete: bool) -> Population:
    """A row's only code is its number."""
    codes = np.arange(len(factors), dtype=np.float64)[:, None]
    return Population(codes, factors, tuple("abc"[: factors.shape[1]]), complete)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_grid_trains_and_tests_on_all_of_it() -> None:
    train, test = population(GRID, complete=True).split(rng())
    assert train.rows.tolist() == test.rows.tolist() == list(range(30))
    assert len(train) == 30


@pytest.mark.parametrize(("samples", "test_rows"), [(30, 10), (15_000, 5_000), (10, 3), (2, 1)])
def test_a_sample_is_parted_two_to_one(samples: int, test_rows: int) -> None:
    train, test = population(np.zeros((samples, 1), int), complete=False).split(rng())
    assert (len(train), len(test)) == (samples - test_rows, test_rows)
    assert sorted([*train.rows, *test.rows]) == list(range(samples))


def test_the_seed_decides_which_rows_test() -> None:
    given = population(GRID, complete=False)
    first, again, other = (given.split(rng(seed))[1].rows.tolist() for seed in (0, 0, 1))
    assert first == again != other


def test_the_whole_is_every_row() -> None:
    assert population(GRID, complete=False).whole().rows.tolist() == list(range(30))


def test_a_draw_from_a_sample_repeats_no_row_and_ends_with_the_rows() -> None:
    pool = population(GRID, complete=False).split(rng())[0]
    codes, factors = pool.draw(12, rng())
    assert codes.shape == (12, 1)
    assert len(set(codes[:, 0])) == 12
    assert factors.tolist() == GRID[codes[:, 0].astype(int)].tolist()
    codes, _ = pool.draw(1000, rng())
    assert sorted(codes[:, 0]) == pool.rows.tolist()


def test_any_row_of_a_sample_may_come_first() -> None:
    pool = population(GRID, complete=False).whole()
    counts = np.bincount([int(pool.draw(1, rng(seed))[0][0, 0]) for seed in range(3000)], minlength=30)
    assert abs(counts - 100).max() < 50  # five deviations


def test_a_draw_from_a_grid_is_uniform_and_independent() -> None:
    codes, factors = population(GRID, complete=True).whole().draw(30_000, rng())
    rows = codes[:, 0].astype(int)
    assert factors.tolist() == GRID[rows].tolist()
    assert abs(np.bincount(rows, minlength=30) - 1000).max() < 160
    pairs = np.bincount(rows[::2] * 30 + rows[1::2], minlength=900)  # 16.7 each
    assert pairs.var() == pytest.approx(15_000 / 900, rel=0.25)


@pytest.mark.parametrize("complete", [False, True])
@pytest.mark.parametrize("factor", range(3))
def test_a_group_shares_one_factor_and_stays_in_the_pool(factor: int, complete: bool) -> None:
    pool = population(np.tile(GRID, (10, 1)), complete).split(rng())[1]
    rows = pool.draw_sharing(factor, 500, 7, rng())
    assert rows.shape == (500, 7)
    values = pool.population.factors[rows]
    assert (values[..., factor] == values[:, :1, factor]).all()
    assert set(values[:, 0, factor]) == set(range(SIZES[factor]))
    assert set(rows.ravel()) <= set(pool.rows)
    for other in {0, 1, 2} - {factor}:
        assert not (values[..., other] == values[:, :1, other]).all()


def test_on_a_grid_the_other_factors_of_a_group_are_independent() -> None:
    rows = population(GRID, complete=True).whole().draw_sharing(1, 20_000, 2, rng())
    first, second = np.moveaxis(GRID[rows], 1, 0)
    values = first[:, 1]
    others = [(pair[:, 0] * 5 + pair[:, 2]) for pair in (first, second)]
    joint = np.bincount((values * 10 + others[0]) * 10 + others[1], minlength=300)  # 66.7 each
    assert abs(joint - 20_000 / 300).max() < 5 * math.sqrt(20_000 / 300)


def test_of_a_sample_a_value_comes_as_often_as_its_rows_and_each_of_them_alike() -> None:
    """Value 0 has rows 0, 1 and 3, value 7 row 2 alone, which is not drawn, value 9 the last two."""
    pool = population(np.array([[0], [0], [7], [0], [9], [9]]), complete=False).whole()
    rows = pool.draw_sharing(0, 20_000, 3, rng())
    assert (rows[:, 0] > 3).mean() == pytest.approx(2 / 5, abs=0.02)
    assert not (rows == 2).any()
    counts = np.bincount(rows[(rows < 4).all(axis=1)].ravel(), minlength=4) / 36_000
    assert counts == pytest.approx([1 / 3, 1 / 3, 0, 1 / 3], abs=0.02)


def test_a_pair_of_a_sample_is_two_rows() -> None:
    pool = population(np.array([[0], [0], [7], [0], [9], [9]]), complete=False).whole()
    pairs = pool.draw_pairs(0, 20_000, rng())
    counts = np.bincount(pairs[:, 0] * 6 + pairs[:, 1], minlength=36).reshape(6, 6) / 20_000
    expected = np.zeros((6, 6))
    for a, b in ((0, 1), (0, 3), (1, 3), (4, 5)):
        expected[a, b] = expected[b, a] = 1 / 10  # a row with 1 / 5, another of its value
    expected[4, 5] = expected[5, 4] = 1 / 5
    assert counts == pytest.approx(expected, abs=0.02)
    assert (counts[expected == 0] == 0).all()


def test_a_pair_of_a_grid_is_two_draws() -> None:
    pool = population(GRID, complete=True).whole()
    assert np.array_equal(pool.draw_pairs(2, 50, rng()), pool.draw_sharing(2, 50, 2, rng()))


def test_values_of_a_row_each_are_not_shared() -> None:
    pool = population(np.column_stack([np.arange(30), GRID[:, 0]]), complete=False).whole()
    assert [pool.shares(k) for k in range(2)] == [False, True]


def test_more_values_than_a_byte_holds() -> None:
    factors = np.repeat(np.arange(700), 2)[:, None]
    rows = population(factors, complete=True).whole().draw_sharing(0, 3000, 2, rng())
    assert (rows[:, 0] // 2 == rows[:, 1] // 2).all()
    assert len(set(rows.ravel())) > 1300


def test_no_group_is_no_row() -> None:
    assert population(GRID, complete=True).whole().draw_sharing(0, 0, 4, rng()).shape == (0, 4)


def test_a_pool_may_hold_some_of_the_values_only() -> None:
    pool = Rows(population(GRID, complete=False), np.flatnonzero(GRID[:, 2] == 3))
    rows = pool.draw_sharing(2, 50, 2, rng())
    assert set(GRID[rows, 2].ravel()) == {3}


# Kinds of factors, and which of them a metric is given.

MIXED = np.column_stack([GRID[:, 0], GRID[:, 1] / 7, np.zeros(30), GRID[:, 2]])


def mixed() -> Population:
    return Population(np.arange(30.0)[:, None], MIXED, ("a", "b", "c", "d"), complete=False, continuous=("b",))


def test_some_factors_may_be_numbers() -> None:
    given = mixed()
    assert given.kinds.tolist() == [False, True, False, False]
    assert given.varying.tolist() == [True, True, False, True]
    assert population(GRID, complete=True).kinds.tolist() == [False] * 3


def test_a_population_of_some_factors_is_the_same_else() -> None:
    given = replace(mixed(), deviation=np.ones((30, 1)), shuffled=True)
    found = given.of(np.array([True, True, False, False]))
    assert (*found.names, *found.continuous, found.factors.dtype.name) == ("a", "b", "b", "float64")
    assert found.factors.tolist() == MIXED[:, :2].tolist()
    assert (found.codes is given.codes, found.deviation is given.deviation, found.shuffled) == (True, True, True)
    discrete = given.of(~given.kinds)
    assert (*discrete.names, *discrete.continuous, discrete.factors.dtype.name) == ("a", "c", "d", "int64")
    assert discrete.factors.tolist() == (GRID[:, [0, 0, 2]] * [1, 0, 1]).tolist()
    assert given.of(np.zeros(4, bool)).factors.shape == (30, 0)


SOURCE = """
SCORES = ("k", "<factor>", "of_<attribute>")
{constants}

class Metric:
    def scores(self, population, rng):
        self.draws = rng.random()
        each = {{key + name: 1.0 for key in ("", "of_") for name in population.names}}
        return {{"k": float(len(population.names)), **each}}
"""


def metric(monkeypatch: pytest.MonkeyPatch, constants: str = "") -> Any:
    """A metric that says how many factors it is given, from a module of its own."""
    module = ModuleType("a_metric")
    monkeypatch.setitem(sys.modules, "a_metric", module)
    exec(SOURCE.format(constants=constants), vars(module))
    return module.Metric()


@pytest.mark.parametrize(
    ("constants", "names"),
    [
        ("", "ad"),
        ("CONTINUOUS = True", "abd"),
        ("CONSTANT = True", "acd"),
        ("CONTINUOUS = CONSTANT = True", "abcd"),
        ("UNSUPERVISED = True", "ad"),
    ],
)
def test_a_metric_is_given_the_factors_that_it_can_take(
    monkeypatch: pytest.MonkeyPatch, constants: str, names: str
) -> None:
    """What it says of each is none of those left out."""
    given = metric(monkeypatch, constants)
    assert handed(given, mixed()).names == tuple(names)
    each = {f"{key}{name}": 1 if name in names else None for key in ("", "of_") for name in "abcd"}
    assert scores_of({"it": given}, mixed())["it"] == {"k": len(names), **each}
    drawn = given.draws
    scores_of({"it": given}, population(GRID, complete=True))
    assert given.draws == drawn  # whatever is left out


def test_scores_come_in_the_order_of_factors_whatever_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    names = tuple("fedcba")
    given = Population(
        np.arange(30.0)[:, None], np.tile(MIXED[:, 1:3], 3), names, complete=False, continuous=names[::2]
    )
    each = [key + name for key in ("", "of_") for name in names]
    assert list(scores_of({"it": metric(monkeypatch)}, given)["it"]) == ["k", *each]


def test_what_a_metric_says_of_codes_alone_is_not_without_factors(monkeypatch: pytest.MonkeyPatch) -> None:
    assert remarks_of({"it": metric(monkeypatch, "UNSUPERVISED = True")}, mixed()) == {}


def test_a_population_whose_factors_vary_is_given_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    given = population(GRID, complete=True)
    assert handed(metric(monkeypatch), given) is given


def test_where_no_factor_is_left_no_score_is_defined_but_of_codes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = mixed().of(np.array([False, True, True, False]))
    none = {f"{key}{name}": None for key in ("", "of_") for name in "bc"}
    assert scores_of({"it": metric(monkeypatch)}, alone)["it"] == {"k": None, **none}
    assert scores_of({"it": metric(monkeypatch, "UNSUPERVISED = True")}, alone)["it"] == {"k": 0, **none}


def test_remarks_say_what_is_left_out_and_what_a_metric_says(monkeypatch: pytest.MonkeyPatch) -> None:
    silent, telling = metric(monkeypatch, "CONTINUOUS = True"), metric(monkeypatch)
    type(telling).remarks = lambda _, given: [f"{len(given.codes)} rows."]
    found = remarks_of({"it": telling}, mixed())
    assert found == {"it": ["Without b (continuous), c (of one value).", "30 rows."]}
    assert remarks_of({"it": silent}, population(GRID, complete=True)) == {}
    broken = replace(mixed(), codes=np.full((30, 1), np.nan))
    assert remarks_of({"it": telling}, broken) == {}


def test_the_domain_may_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no attribute, and has no score of one."""
    rows = np.arange(30) % 3 == 0
    labelled = LabelledCodes(
        np.arange(30.0)[:, None],
        GRID * [0, 1, 1],
        ("a", "b", "c"),
        complete=False,
        domain="a",
        fit=~rows,
        test=rows,
        sizes=dict(zip("abc", SIZES, strict=True)),
        margins={},
        numbers={},
    )
    given = handed(metric(monkeypatch), labelled)
    assert isinstance(given, LabelledCodes)
    assert given.names == ("b", "c")
    assert given.split(rng())[1].rows.tolist() == np.flatnonzero(rows).tolist()
    found = scores_of({"it": metric(monkeypatch)}, labelled)["it"]
    assert found == {"k": 2, "b": 1, "c": 1, "of_b": 1, "of_c": 1}
