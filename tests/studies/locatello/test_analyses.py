"""The analyses of Locatello 2019 against numbers worked by hand, SciPy, and enumerations written another way."""

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from disentangle import streams
from disentangle.reporting.statistics import estimate
from disentangle.studies.locatello.analysis.agreement import agreement, correlate, rank_correlations, ranks
from disentangle.studies.locatello.analysis.results import (
    CELL,
    COLUMNS,
    CONTROL,
    SCORES,
    UNSUPERVISED,
    Place,
    chance_of,
    models,
    spelled,
    tidy,
)
from disentangle.studies.locatello.analysis.seeds import (
    BOOTSTRAP,
    JACKKNIFE,
    RESAMPLES,
    Statistic,
    average,
    combined,
    difference,
    left_out,
    weights,
)
from disentangle.studies.locatello.analysis.selection import curves, most_wins, winners
from disentangle.studies.locatello.analysis.transfer import (
    DRAWS,
    TARGETS,
    TIES,
    across,
    best,
    cube,
    dataset_correlations,
    drawn,
    rate,
    success,
    trials,
)
from disentangle.studies.locatello.analysis.trend import curve, trend
from disentangle.studies.locatello.analysis.variance_explained import adjusted, by_chance, explained, share, shares
from studies.locatello.made_up_study import LAMS, PUBLISHED, Model, World

SAME, OTHER_DATASET, OTHER_SCORE, BOTH = TARGETS


# The table.


def test_a_row_a_value_and_a_strength_by_rank() -> None:
    table = tidy(World(datasets=("dSprites",), methods=("beta_vae",), seeds=(3, 7)).results())
    assert list(table.columns) == COLUMNS
    own = table[(table["metric"] == "mig") & (table["representation"] == "mean") & (table["method"] == "beta_vae")]
    assert own[["lam", "strength", "seed"]].to_numpy().tolist() == [
        [lam, rank, seed] for rank, lam in enumerate((1, 2, 4)) for seed in (3, 7)
    ]
    assert set(own["status"]) == {"done"}
    final = table[table["representation"] == "model"]
    assert set(final["score"]) == {"reconstruction", "kl", "elbo"}
    assert len(final) == 3 * (3 + 1) * 2
    assert not table.duplicated([*CELL, "representation", "metric", "score"]).any()


def test_a_column_a_score_without_the_control() -> None:
    world = World(
        datasets=("dSprites",), methods=("beta_vae",), seeds=(0,), changed={"MIG": lambda m: m.strength + 0.5}
    )
    table = tidy(world.results())
    found = models(table, SCORES | UNSUPERVISED)
    assert found["MIG"].to_list() == [0.5, 1.5, 2.5]
    assert CONTROL not in set(found["method"])
    control = models(table, SCORES, control=True)
    assert (control["method"].to_list(), control["MIG"].to_list()) == ([CONTROL], [0.5])
    assert models(table, {"MIG": chance_of(SCORES["MIG"])})["MIG"].to_list() == [0.1] * 3


def test_a_diverged_model_has_a_row_and_no_numbers() -> None:
    world = World(datasets=("dSprites",), methods=("beta_vae",), seeds=(0, 1), diverged=lambda m: m.seed == 1)
    found = models(tidy(world.results()), SCORES | UNSUPERVISED)
    assert len(found) == 6
    assert found.loc[found["seed"] == 1, [*SCORES, *UNSUPERVISED]].isna().all(axis=None)
    assert found.loc[found["seed"] == 0, [*SCORES, *UNSUPERVISED]].notna().all(axis=None)
    # scores may be absent altogether
    lost = World(datasets=("dSprites",), methods=("beta_vae",), seeds=(0,), control=False).results()
    lost.cells[0].metrics.clear()
    lost.cells[1].metrics["scores"] = {"mean": {"mig": None}}
    assert models(tidy(lost), SCORES)["MIG"].isna().to_list() == [True, True, False]


def test_datasets_by_any_spelling() -> None:
    assert spelled("Color-dSprites") == spelled("color_dsprites") != spelled("dSprites")


# Seeds.


def test_the_first_draw_is_all_models_and_the_others_are_whole_seeds() -> None:
    seeds = np.array([4, 4, 9, 9, 9, 2])
    counts = weights(seeds)
    assert counts.shape == (1 + RESAMPLES, 6)
    assert (counts[0] == 1).all()
    assert (counts[:, 0] == counts[:, 1]).all()
    assert (counts[:, [0, 2, 5]].sum(axis=1) == 3).all()
    # with replacement: in a third of the draws a seed of three is absent, (2/3)^3 = 0.296
    assert 0.2 < (counts[1:, 5] == 0).mean() < 0.4
    np.testing.assert_array_equal(counts, weights(seeds))
    np.testing.assert_array_equal(left_out(seeds)[:, [0, 2, 5]], [[1, 1, 1], [1, 1, 0], [0, 1, 1], [1, 0, 1]])


def test_intervals_of_a_mean_are_students() -> None:
    values, seeds = np.array([1.0, 2.0, 6.0, 5.0, 3.5]), np.arange(5)
    expected = estimate(values.tolist())
    kept = left_out(seeds)
    exact = Statistic(kept @ values / kept.sum(axis=1), 5, test=JACKKNIFE).interval()
    assert (exact.value, exact.low, exact.high) == pytest.approx(
        (3.5, 3.5 - expected.half_width, 3.5 + expected.half_width)
    )
    counts = weights(seeds, 20_000)
    near = Statistic(counts @ values / 5, 5).interval()
    assert near.high - near.value == pytest.approx(expected.half_width, rel=0.02)
    assert (near.n, near.test, exact.test) == (5, BOOTSTRAP, JACKKNIFE)
    narrow = Statistic(counts @ values / 5, 5).interval(0.5)
    # Student's quantiles of four degrees of freedom: 0.7407 and 2.7764
    assert (narrow.high - narrow.low) / (near.high - near.low) == pytest.approx(0.7407 / 2.7764, rel=1e-3)


def test_no_interval_without_seeds_or_draws() -> None:
    assert math.isnan(Statistic(np.array([1.0, 1.0, 1.0]), 1).interval().low)
    unknown = Statistic(np.array([math.nan, 1.0, 2.0]), 5).interval()
    assert (unknown.n, math.isnan(unknown.low)) == (0, True)
    assert math.isnan(Statistic(np.array([1.0, math.nan, math.nan, 2.0]), 5).interval().low)
    assert math.isnan(Statistic(np.array([1.0, 1.1, math.nan]), 2, test=JACKKNIFE).interval().low)


def test_statistics_together() -> None:
    a, b = Statistic(np.array([1.0, 2.0, 3.0]), 4), Statistic(np.array([3.0, 6.0, 9.0]), 3)
    none = Statistic(np.array([math.nan]), 0)
    assert average([a, none, b]).draws.tolist() == [2, 4, 6]
    assert average([a, b]).seeds == 3
    assert difference(b, a).draws.tolist() == [2, 4, 6]
    assert math.isnan(difference(a, none).value)
    assert combined(lambda draws: draws.max(axis=0), []).interval().n == 0
    limited = Statistic(np.array([0.9, 0.1, 0.9, 0.2]), 4, (-1, 1)).interval()
    assert limited.high == 1


# Rank correlations.


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 3)), min_size=2, max_size=12))
def test_ranks_are_those_of_the_repeated_values(pairs: list[tuple[int, int]]) -> None:
    values, counts = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    found = ranks(values, counts[None, :])[0]
    repeated = stats.rankdata(np.repeat(values, counts.astype(int)))
    for value, count, rank in zip(values, counts, found, strict=True):
        if count:
            assert rank == repeated[np.repeat(values, counts.astype(int)) == value][0]


def frame(columns: dict[str, list[float]], seeds: list[int]) -> pd.DataFrame:
    fixed = {"dataset": "d", "method": "m", "lam": 1.0, "strength": 0, "seed": seeds}
    return pd.DataFrame(fixed | columns)


def test_rank_correlations_are_scipys_on_the_models_that_have_both() -> None:
    rng = streams.rng(0, "correlations")
    a, b = rng.integers(0, 6, 40).astype(float), rng.standard_normal(40)
    a[3], b[5] = math.nan, math.nan
    table = frame({"a": a.tolist(), "b": (b + a * 0.3).tolist()}, [n % 4 for n in range(40)])
    known = table.dropna()
    statistic = rank_correlations(table, [("a", "b")])["a", "b"]
    assert statistic.value == pytest.approx(stats.spearmanr(known["a"], known["b"]).statistic)
    # a draw: the seeds as often as the weights say
    counts = weights(table["seed"].to_numpy())[17].astype(int)
    drawn_rows = table.loc[np.repeat(table.index, counts)].dropna()
    assert statistic.draws[17] == pytest.approx(stats.spearmanr(drawn_rows["a"], drawn_rows["b"]).statistic)
    row = correlate(table, ["a"], ["b"]).iloc[0]
    assert (row["models"], row["seeds"]) == (38, 4)
    assert row["low"] < row["value"] < row["high"]
    again = correlate(table, ["a"], ["b"]).iloc[0]
    assert row.equals(again)


def test_correlations_that_cannot_be_told() -> None:
    table = frame({"a": [1, 2, 3], "b": [1, 1, 1], "c": [1, math.nan, 2], "d": [3, 2, 1]}, [0, 0, 0])
    found = correlate(table, ["a"], ["b", "c", "d"]).set_index("second")
    assert found["value"].isna().to_list() == [True, True, False]
    assert found.loc["d", "value"] == -1
    # one seed
    assert math.isnan(found.loc["d", "low"])


def test_agreement_with_and_without_modularity() -> None:
    opposite = dict.fromkeys(SCORES, lambda m: m.seed + 4.0 * m.strength)
    opposite["Modularity"] = lambda m: -(m.seed + 4.0 * m.strength)
    table = models(tidy(World(datasets=("d",), methods=("beta_vae",), changed=opposite, stand_in="").results()), SCORES)
    found = agreement(table)
    assert found["without Modularity"].value == pytest.approx(1)
    assert found["with Modularity"].value == pytest.approx(-1)
    # a mean of ten pairs is none of six
    found = agreement(table.assign(SAP=math.nan))
    assert [(math.isnan(each.value), each.seeds) for each in found.values()] == [(True, 0), (True, 0)]
    found = agreement(table.assign(Modularity=math.nan))
    assert found["without Modularity"].value == pytest.approx(1)
    assert (math.isnan(found["with Modularity"].value), found["with Modularity"].seeds) == (True, 0)


# Variance explained.

HAND = pd.DataFrame(
    {
        "dataset": "dSprites",
        "method": ["A"] * 4 + ["B"] * 4,
        "lam": [0, 0, 1, 1] * 2,
        "strength": [0, 0, 1, 1] * 2,
        "seed": [0, 1] * 4,
        **{score: [1.0, 3, 5, 7, 2, 4, 6, 8] for score in SCORES},
    }
)
"""Squares around the mean 4.5: 42; between methods 2; within the four settings 8."""


def test_shares_by_hand() -> None:
    alone, both = share(HAND, "MIG", "objective"), share(HAND, "MIG", "objective x regularization")
    assert (alone.raw, both.raw) == (pytest.approx(2 / 42), pytest.approx(34 / 42))
    assert alone.adjusted.value == pytest.approx(1 - (40 / 42) * 7 / 6) == pytest.approx(-1 / 9)
    assert both.adjusted.value == pytest.approx(1 - (8 / 42) * 7 / 4) == pytest.approx(2 / 3)
    assert (both.models, both.groups, both.adjusted.seeds) == (8, 4, 2)
    # without seed 1: 1, 5, 2, 6, of methods 3 and 4: 1 of 17
    assert alone.adjusted.draws[2] == pytest.approx(1 - (16 / 17) * 3 / 2)
    # four models of four settings tell nothing of the seed: no interval
    assert math.isnan(both.adjusted.interval().low)


def test_shares_are_those_of_least_squares() -> None:
    rng = streams.rng(0, "least squares")
    groups, values = rng.integers(0, 5, 60), rng.standard_normal(60)
    counts = np.vstack([np.ones(60), rng.integers(0, 3, 60)])
    for found, row in zip(explained(values, groups, counts), counts, strict=True):
        x, y = np.eye(5)[np.repeat(groups, row.astype(int))], np.repeat(values, row.astype(int))
        residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
        assert found == pytest.approx(1 - residual @ residual / ((y - y.mean()) ** 2).sum())
    assert math.isnan(explained(np.full(4, 0.3), np.array([0, 0, 1, 1]), np.ones((1, 4)))[0])


def test_chance_is_what_settings_without_effect_reach() -> None:
    assert (by_chance(180, 6), by_chance(180, 36)) == (pytest.approx(0.0279, abs=1e-4), pytest.approx(0.1955, abs=1e-4))
    assert by_chance(1800, 36) == pytest.approx(0.0195, abs=1e-4)
    rng = streams.rng(0, "chance")
    groups = np.repeat(np.arange(36), 5)
    found = [explained(rng.standard_normal(180), groups, np.ones((1, 180)))[0] for _ in range(300)]
    assert np.mean(found) == pytest.approx(by_chance(180, 36), abs=0.008)
    assert np.mean([adjusted(value, 180, 36) for value in found]) == pytest.approx(0, abs=0.01)


def test_missing_models_are_dropped_and_counted() -> None:
    holed = HAND.copy()
    holed.loc[[0, 6], "MIG"] = math.nan
    found = share(holed, "MIG", "objective")
    assert found.models == 6
    # 3 5 7 | 2 4 8: means 5 and 14/3
    total, between = 27.0 + 9 + 4 + 64 + 16 - 29**2 / 6 + 47, 3 * (5 - 29 / 6) ** 2 + 3 * (14 / 3 - 29 / 6) ** 2
    total = sum((x - 29 / 6) ** 2 for x in (3, 5, 7, 2, 4, 8))
    assert found.raw == pytest.approx(between / total)
    empty = share(HAND.assign(MIG=math.nan), "MIG", "objective")
    assert (empty.models, math.isnan(empty.raw), empty.adjusted.interval().n) == (0, True, 0)


def test_one_method_alone_explains_nothing_that_could_be_told() -> None:
    alone = share(HAND[HAND["method"] == "A"], "MIG", "objective")
    assert (alone.models, alone.groups, math.isnan(alone.raw), alone.adjusted.interval().n) == (4, 1, True, 0)
    # 1, 3, 5, 7 in two strengths: squares 20, within them 4
    both = share(HAND[HAND["method"] == "A"], "MIG", "objective x regularization")
    assert both.raw == pytest.approx(16 / 20)


def test_published_shares_stand_beside_the_dataset_of_their_name() -> None:
    published = PUBLISHED["variance_explained"]
    found = shares(HAND, published).set_index(["regressors", "score"])
    assert found.loc[("objective", "MIG"), "published"] == 26
    assert found.loc[("objective x regularization", "DCI Disentanglement"), "published"] == 77
    assert found.loc[("objective", "MIG"), "published_adjusted"] == pytest.approx(100 * (1 - 0.74 * 1799 / 1794))
    row = found.loc[("objective", "MIG")]
    assert row["difference"] == pytest.approx(row["adjusted"] - row["published_adjusted"])
    assert shares(HAND.assign(dataset="unheard-of"), published)["published"].isna().all()


# Trends.


def test_trends_are_averaged_over_datasets_and_seeds() -> None:
    def tc(m: Model) -> float:
        if m.dataset == "a":
            return -m.strength
        return [0.0, 2.0, 1.0][m.strength] if m.seed == 0 else m.strength

    world = World(datasets=("a", "b"), methods=("beta_vae",), seeds=(0, 1), changed={"TC (sampled)": tc}, stand_in="")
    table = models(tidy(world.results()), UNSUPERVISED)
    # a: -1 and -1; b: 1/2 and 1
    found = trend(table, "beta_vae", "TC (sampled)")
    assert (found.value, found.n) == (pytest.approx((-0.25 + 0) / 2), 2)
    assert trend(table, "factor_vae", "TC (sampled)").n == 0
    two = table[table["strength"] < 2]
    assert trend(two, "beta_vae", "TC (sampled)").n == 0
    line = curve(table[table["dataset"] == "b"], "beta_vae", "TC (sampled)")
    assert line["median"].to_list() == [0, 1.5, 1.5]
    assert line["seeds"].to_list() == [2, 2, 2]
    assert curve(table, "factor_vae", "TC (sampled)").empty


# Selection.


def test_winners_and_how_often_one_wins() -> None:
    def by_method(m: Model) -> float:
        return {"beta_vae": 1.0, "factor_vae": 2.0}[m.method] + m.strength + 0.1 * m.seed

    world = World(("a", "b"), ("beta_vae", "factor_vae"), changed=dict.fromkeys(SCORES, by_method), control=False)
    table = models(tidy(world.results()), SCORES)
    first = winners(table).iloc[0]
    assert (first["method"], first["lam"], first["next_method"]) == ("factor_vae", 30, "beta_vae")
    assert (first["value"], first["next_value"]) == (pytest.approx(4.15), pytest.approx(3.15))
    always = most_wins(table).interval()
    assert (always.value, always.low, always.high, always.n) == (100, 100, 100, 4)
    reversed_scores = dict.fromkeys([*SCORES][:3], lambda m: -by_method(m))
    half = World(("a", "b"), ("beta_vae", "factor_vae"), changed=world.changed | reversed_scores, control=False)
    assert most_wins(models(tidy(half.results()), SCORES)).value == 50
    # a method alone wins nothing
    assert most_wins(table[table["method"] == "beta_vae"]).interval().n == 0
    assert math.isnan(most_wins(table.assign(**dict.fromkeys(SCORES, math.nan))).value)


def test_curves_are_means_over_seeds() -> None:
    scores = {"MIG": lambda m: 0.3 + 0.1 * (m.strength + m.seed)}
    world = World(("a",), ("beta_vae",), seeds=(0, 1, 2), changed=scores, control=False)
    found = curves(models(tidy(world.results()), SCORES), ["MIG"])
    assert found["value"].to_list() == pytest.approx([0.4, 0.5, 0.6])
    # of the logit of 1/2, which is 0, with 4.303 x 0.1 / sqrt(3) x (2 + 2) = 0.9936 on either side
    low, high = (1 / (1 + math.exp(-step)) for step in (-0.993655, 0.993655))
    assert (found["low"][1], found["high"][1]) == pytest.approx((low, high), abs=1e-5)
    assert (found["low"][0], found["high"][0]) == pytest.approx((1 - found["high"][2], 1 - found["low"][2]))
    assert (found["seeds"] == 3).all()


# Transfer.


def enumerate_trials(scores: np.ndarray, same_metric: bool, same_dataset: bool, tie: float) -> float:
    """The expectation over all trials, one by one, as a share."""
    datasets, metrics, seeds, settings = scores.shape
    success, possible = 0.0, 0.0
    for d, m, s, t in product(range(datasets), range(metrics), range(seeds), range(seeds)):
        if s == t or np.isnan(scores[d, m, s]).all():
            continue
        top = [k for k in range(settings) if scores[d, m, s, k] == np.nanmax(scores[d, m, s])]
        for to_d, to_m in product(range(datasets), range(metrics)):
            if (to_d == d) != same_dataset or (to_m == m) != same_metric:
                continue
            target = scores[to_d, to_m, t]
            rivals = [x for x in target if not math.isnan(x)]
            for k in top:
                if math.isnan(target[k]):
                    continue
                possible += 1 / len(top)
                won = sum(1.0 if target[k] > x else tie if target[k] == x else 0.0 for x in rivals)
                success += won / len(rivals) / len(top)
    return success / possible


@pytest.mark.parametrize("holes", [0, 6])
@pytest.mark.parametrize("tie", TIES.values())
def test_exact_rates_are_those_of_all_trials(tie: float, holes: int) -> None:
    rng = streams.rng(holes, "trials")
    scores = rng.integers(0, 5, (2, 3, 3, 4)).astype(float)
    scores.ravel()[rng.permutation(scores.size)[:holes]] = math.nan
    found = trials(scores, tie)
    for target in TARGETS:
        assert rate(found[target], np.arange(3)).value == pytest.approx(100 * enumerate_trials(scores, *target, tie))


@pytest.mark.parametrize("holes", [0, 6])
def test_random_draws_come_near_the_exact_rate(holes: int) -> None:
    rng = streams.rng(holes, "trials")
    scores = rng.integers(0, 5, (2, 3, 3, 4)).astype(float)
    scores.ravel()[rng.permutation(scores.size)[:holes]] = math.nan
    exact = trials(scores, 1.0)
    for target in TARGETS:
        value, ties, void = drawn(scores, target, streams.rng(0, "draws"), DRAWS)
        # four standard errors of 10,000 draws
        assert value == pytest.approx(rate(exact[target], np.arange(3)).value, abs=2)
        assert 0 < ties < 100
        assert (void > 0) == (holes > 0)
    assert drawn(scores, SAME, streams.rng(0, "draws"), 500) == drawn(scores, SAME, streams.rng(0, "draws"), 500)


def test_a_planted_setting_wins_as_often_as_it_must() -> None:
    order = np.array([4.0, 3.0, 2.0, 1.0])
    scores = np.broadcast_to(order, (2, 6, 3, 4)).copy()
    rates = {tie: {t: rate(c, np.arange(3)).value for t, c in trials(scores, w).items()} for tie, w in TIES.items()}
    # the best of four: beats three and ties with itself
    for target in TARGETS:
        assert [rates[tie][target] for tie in ("success", "half", "failure")] == pytest.approx([100, 87.5, 75])
    # worst on the other dataset: it ties with itself
    scores[1] = scores[1][..., ::-1]
    other = {t: rate(c, np.arange(3)).value for t, c in trials(scores, 1.0).items()}
    assert [other[t] for t in (SAME, OTHER_DATASET, OTHER_SCORE, BOTH)] == pytest.approx([100, 25, 100, 25])
    assert drawn(scores, OTHER_DATASET, streams.rng(0, "planted"))[0] == pytest.approx(25, abs=2)
    np.testing.assert_allclose(best(np.array([1.0, 2, 2, math.nan])), [0, 0.5, 0.5, 0])
    np.testing.assert_allclose(best(np.full(3, math.nan)), 0)


def test_success_beside_the_papers_and_chance() -> None:
    ranked = dict.fromkeys(SCORES, lambda m: float([*LAMS].index(m.method) * 3 + m.strength))
    world = World(changed=ranked, methods=("beta_vae", "factor_vae"), seeds=(0, 1, 2), control=False)
    found = success(models(tidy(world.results()), SCORES), PUBLISHED["transfer_success"]).set_index("target")
    assert found["value"].to_list() == [100] * 4
    assert found["published"].dropna().to_dict() == {
        "same metric, same dataset, other seed": 80.7,
        "same metric, other dataset": 59.3,
        "other metric, other dataset": 54.9,
    }
    # six settings: a random one matches or beats another in 21 of 36 cases
    assert found["chance"].iloc[0] == pytest.approx(100 * 21 / 36)
    assert found["drawn_ties"].iloc[0] == pytest.approx(100 / 6, abs=2)


def test_transfer_needs_two_datasets_and_two_seeds() -> None:
    one = models(tidy(World(datasets=("dSprites",)).results()), SCORES)
    found = success(one, PUBLISHED["transfer_success"])
    assert found["value"].isna().to_list() == [False, True, False, True]
    assert found["drawn"].isna().to_list() == [False, True, False, True]
    assert dataset_correlations(one).empty
    alone = success(models(tidy(World(seeds=(5,)).results()), SCORES), PUBLISHED["transfer_success"])
    assert alone["value"].isna().all()
    assert alone["drawn"].isna().all()


def test_correlations_between_datasets_are_of_means_over_seeds() -> None:
    rng = streams.rng(0, "between")
    a, b = rng.standard_normal((2, 4, 7))
    b += 0.5 * a
    a[1, 2] = math.nan
    found = across(a, b, np.arange(4))
    assert found.value == pytest.approx(stats.spearmanr(np.nanmean(a, axis=0), b.mean(axis=0)).statistic)
    b[:, 0] = math.nan
    left = stats.spearmanr(np.nanmean(a, axis=0)[1:], b.mean(axis=0)[1:]).statistic
    assert across(a, b, np.arange(4)).value == pytest.approx(left)
    assert math.isnan(across(a[:, :2], b[:, :2], np.arange(4)).value)


def test_the_cube_has_every_model_in_its_place() -> None:
    world = World(seeds=(2, 5), methods=("beta_vae", "dip_vae_i"), diverged=lambda m: (m.seed, m.strength) == (5, 1))
    table = models(tidy(world.results()), SCORES)
    scores, datasets, seeds = cube(table)
    assert (scores.shape, datasets, seeds) == ((2, 6, 2, 6), ["dSprites", "Shapes3D"], [2, 5])
    for (d, dataset), (m, score), (s, seed) in product(enumerate(datasets), enumerate(SCORES), enumerate(seeds)):
        own = table[(table["dataset"] == dataset) & (table["seed"] == seed)]
        np.testing.assert_array_equal(scores[d, m, s], own[score])


def test_places_are_those_of_the_metrics() -> None:
    assert SCORES["DCI Disentanglement"] == Place("mean", "dci", "disentanglement")
    assert SCORES["Modularity"].score == "as_published"
