"""Intervals against inverted tests, closed forms and SciPy."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from disentangle.reporting import statistics
from disentangle.reporting.statistics import (
    CORRELATION,
    PERCENT,
    POSITIVE,
    SHARE,
    mean_interval,
    mean_within,
    typical_values,
)

numbers = st.floats(-100, 100, allow_nan=False).map(lambda x: round(x, 3))


def sign_flip_p(x: np.ndarray, centre: float) -> float:
    """Two-sided: the share of sign patterns whose mean is at least as far from 0 as the observed one."""
    shifted = x - centre
    flips = np.array(list(itertools.product([-1, 1], repeat=len(x))))
    means = np.abs((flips * shifted).mean(axis=1))
    return float((means >= abs(shifted.mean()) - 1e-12).mean())


@settings(deadline=None, max_examples=40)
@given(st.lists(numbers, min_size=6, max_size=9, unique=True))
def test_typical_values_are_the_inverted_sign_flip_test(values: list[float]) -> None:
    x = np.array(values)
    low, high = typical_values(x)
    step = 1e-6 * max(1.0, float(np.ptp(x)))
    for inside in (low + step, high - step):
        assert sign_flip_p(x, inside) > 0.05
    for outside in (low - step, high + step):
        assert sign_flip_p(x, outside) <= 0.05


def test_six_values_have_their_range_and_seven_a_little_less() -> None:
    x = np.array([1.0, 5, 2, 8, 3, 4])
    assert typical_values(x) == (1, 8)
    # floor(0.05 * 64) = 3 outermost of the 127 means of subsets: {0}, {0, 1}, {1}
    assert typical_values(np.array([0.0, 1, 10, 20, 30, 40, 50]))[0] == 1
    with pytest.raises(ValueError, match="5 values allow no exact interval"):
        typical_values(x[:5])


def test_the_exact_interval_covers_as_often_as_it_says() -> None:
    """Of 64 equally likely sign patterns of symmetric values, the centre is outside in the two of equal signs."""
    magnitudes = np.array([1.0, 2, 3, 4, 5, 6])
    covered = [
        low <= 0 <= high
        for flips in itertools.product([-1, 1], repeat=6)
        for low, high in [typical_values(magnitudes * flips)]
    ]
    assert sum(covered) == 62


def test_the_interval_of_a_mean_is_exact_from_six_values_on_and_students_below() -> None:
    few = mean_interval([1.0, 2.0, 6.0])
    assert (few.test, few.n, few.value) == ("Student's t", 3, 3.0)
    expected = stats.ttest_1samp([1.0, 2.0, 6.0], 0).confidence_interval()
    assert (few.low, few.high) == pytest.approx((expected.low, expected.high))
    six = mean_interval([1.0, 5, 2, 8, 3, math.nan, 4])
    assert (six.low, six.high, six.n, six.test) == (1, 8, 6, "exact sign flips")
    assert six.value == pytest.approx(23 / 6)
    assert mean_interval(range(40)).test == "Student's t"
    # at 99 % six values are too few, eight are not
    assert mean_interval(range(6), 0.99).test == "Student's t"
    assert mean_interval(range(8), 0.99).test == "exact sign flips"
    assert mean_interval([]).n == 0
    one = mean_interval([3.0])
    assert (one.value, one.n, math.isnan(one.low)) == (3.0, 1, True)


def test_the_interval_of_a_share_is_students_of_its_logit_by_hand() -> None:
    found = mean_within([0.6, 0.8, 0.8], SHARE)
    # s / sqrt(3) = 0.0667, t = 4.303; logit of 11/15: log 2.75 = 1.0116; 0.2868 (15/11 + 15/4) = 1.4668
    assert (found.value, found.low, found.high) == pytest.approx((11 / 15, 0.38812, 0.92264), abs=1e-4)
    assert (found.n, found.test) == (3, "Student's t of logits")
    percent = mean_within([60, 80, 80], PERCENT)
    assert (percent.low, percent.high) == pytest.approx((100 * found.low, 100 * found.high))
    # what is told the other way round has the interval the other way round
    turned = mean_within([0.4, 0.2, 0.2], SHARE)
    assert (turned.low, turned.high) == pytest.approx((1 - found.high, 1 - found.low))
    # twice Fisher's z is the logit of (1 + r) / 2
    r = mean_within([0.2, 0.6, 0.6], CORRELATION)
    assert (r.low, r.high) == pytest.approx((2 * found.low - 1, 2 * found.high - 1))


def test_the_interval_of_what_has_one_end_is_of_its_logarithm_and_without_ends_students() -> None:
    errors = mean_within([1.0, 2.0, 6.0], POSITIVE)
    factor = math.exp(4.302653 * math.sqrt(7 / 3) / 3)
    assert (errors.low, errors.high) == pytest.approx((3 / factor, 3 * factor), rel=1e-6)
    below = mean_within([-1.0, -2.0, -6.0], (-math.inf, 0))
    assert (below.low, below.high) == pytest.approx((-errors.high, -errors.low))
    assert mean_within([1.0, 2.0, 6.0], (-math.inf, math.inf)) == mean_interval([1.0, 2.0, 6.0])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0, 1), max_size=8))
def test_the_interval_of_a_share_stays_within_its_ends_and_holds_the_mean(values: list[float]) -> None:
    found = mean_within([*values, math.nan], SHARE)
    assert found.n == len(values)
    if len(values) < 2:
        assert math.isnan(found.low)
        assert math.isnan(found.high)
        return
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1
    assert (found.high - found.low < 1e-9) == (np.std(values) < 1e-9)


def test_equal_values_have_their_mean_as_interval_and_one_beyond_an_end_moves_it() -> None:
    full = mean_within([100.0] * 3, PERCENT)
    assert (full.value, full.low, full.high) == (100, 100, 100)
    beyond = mean_within([99.0, 100.0, 101.0], PERCENT)
    assert 0 < beyond.low < 100 < beyond.high <= 101


def test_the_interval_of_a_share_holds_the_mean_as_often_as_its_docstring_says() -> None:
    """Of three draws of a beta distribution; Student's, cut, holds its mean less often."""
    draws = np.random.default_rng(0).beta(9, 1, (2000, 3))
    cut, own = (
        np.mean([interval.low <= 0.9 <= interval.high for interval in found])
        for found in (
            [mean_interval(x.tolist()).cut(SHARE) for x in draws],
            [mean_within(x.tolist(), SHARE) for x in draws],
        )
    )
    assert (cut, own) == pytest.approx((0.90, 0.95), abs=0.01)


def test_an_interval_is_cut_to_where_the_value_can_lie() -> None:
    found = mean_interval([-100.0, 100.0]).cut((-100, 100))
    assert (found.value, found.low, found.high) == (0, -100, 100)
    inside = mean_interval([1.0, 2.0, 6.0])
    assert inside.cut((-100, 100)) == inside
    assert math.isnan(mean_interval([1.0]).cut(SHARE).low)


def test_welchs_interval_is_scipys() -> None:
    a, b = [1.0, 4.0, 9.0, 2.0], [3.0, 3.5, 2.5]
    found = statistics.two_sample_interval(a, b)
    expected = stats.ttest_ind(a, b, equal_var=False).confidence_interval()
    assert (found.value, found.low, found.high) == pytest.approx((1.0, expected.low, expected.high))
    assert found.n == 3
    single = statistics.two_sample_interval([5.0], [3.0])
    assert (single.value, single.n, math.isnan(single.low)) == (2.0, 1, True)
    assert statistics.two_sample_interval([5.0, 5.0], [3.0, 3.0]).low == 2.0


def test_exact_binomial_by_hand() -> None:
    none, all_six = statistics.proportion_interval(0, 6), statistics.proportion_interval(6, 6)
    assert none.high == pytest.approx(100 * (1 - 0.025 ** (1 / 6)))
    assert all_six.low == pytest.approx(100 * 0.025 ** (1 / 6))
    assert (none.low, all_six.high, none.value, all_six.value) == (0, 100, 0, 100)
    assert statistics.proportion_interval(0, 0).n == 0
    half = statistics.proportion_interval(1, 2)  # of two, at least one with (1 - low)^2 = 0.975
    assert (half.low, half.high) == (pytest.approx(100 * (1 - 0.975**0.5)), pytest.approx(100 * 0.975**0.5))


def test_odds_ratio_bounds_are_where_fishers_test_just_rejects() -> None:
    """Given the margins, successes follow Fisher's noncentral hypergeometric law."""
    found = statistics.odds_ratio_interval((4, 5), (1, 5))
    assert found.value == pytest.approx(10.9, abs=0.1)
    at_least = stats.nchypergeom_fisher.sf(3, 10, 5, 5, found.low)
    at_most = stats.nchypergeom_fisher.cdf(4, 10, 5, 5, found.high)
    assert (at_least, at_most) == pytest.approx((0.025, 0.025), abs=1e-4)
    assert found.low < 1 < found.high
    every = statistics.odds_ratio_interval((6, 6), (0, 6))
    assert math.isinf(every.high)
    assert every.low > 1
    assert math.isnan(statistics.odds_ratio_interval((0, 6), (0, 6)).value)
    assert statistics.odds_ratio_interval((0, 0), (1, 6)).n == 0


@pytest.mark.parametrize("seed", range(4))
def test_at_the_bounds_of_a_paired_variance_ratio_pitmans_test_is_on_its_edge(seed: int) -> None:
    """H0: var x = w var y holds if x / sqrt(w) + y and x / sqrt(w) - y are uncorrelated."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, 8)) * [[2.0], [1.0]]
    y = y + 0.4 * x
    found = statistics.paired_variance_ratio(x, y)
    assert found.value == pytest.approx(x.var() / y.var())
    assert found.low < found.value < found.high
    for bound in (found.low, found.high):
        u = x / math.sqrt(bound)
        r = np.corrcoef(u + y, u - y)[0, 1]
        t = abs(r) * math.sqrt(6 / (1 - r**2))
        assert t == pytest.approx(stats.t.ppf(0.975, 6))


def test_variance_ratio_of_independent_values() -> None:
    a, b = [0.0, 2.0, 4.0], [0.0, 1.0, 2.0]
    found = statistics.variance_ratio(a, b)
    # F(2, 2) has the quantiles 39 and 1/39
    assert (found.value, found.low, found.high) == pytest.approx((4, 4 / 39, 4 * 39))
    assert math.isnan(statistics.variance_ratio([1.0, 1.0], b).value)
    assert math.isnan(statistics.paired_variance_ratio([1.0, 1.0, 1.0], b).value)
    assert math.isnan(statistics.paired_variance_ratio([], []).value)


def test_discordant_pairs_by_hand() -> None:
    three_of_three = statistics.discordant_interval(3, 3, 6)
    assert (three_of_three.value, three_of_three.n) == (100, 6)
    # 0.025^(1/3): three pairs of one kind decide nothing
    assert three_of_three.low == pytest.approx(100 * 0.025 ** (1 / 3))
    assert three_of_three.low < 50
    assert statistics.discordant_interval(6, 6, 9).low > 50
    none = statistics.discordant_interval(0, 0, 6)
    assert (none.n, math.isnan(none.low)) == (6, True)
