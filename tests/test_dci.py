"""DCI: disentanglement and completeness of known importances, and scores of codes whose answer is known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
from sklearn.metrics import accuracy_score, r2_score

from disentangle.evaluation.metrics.dci import SCORES, Metric, completeness, determination, disentanglement
from disentangle.evaluation.population import Population

IMPORTANCES = arrays.arrays(np.float64, st.tuples(st.integers(2, 6), st.integers(2, 6)), elements=st.floats(0, 1))


def test_codes_that_serve_two_factors_each_are_half_entangled() -> None:
    """Of 10 factors, code i serves 2 i and 2 i + 1: entropies ln 2 of at most ln 10, and a factor has one code."""
    r = np.kron(np.eye(5), np.ones((1, 2)))
    assert disentanglement(r) == pytest.approx(1 - math.log(2) / math.log(10), abs=1e-8)
    assert completeness(r) == pytest.approx(1, abs=1e-8)


def test_factors_that_are_served_by_two_codes_each_are_half_complete() -> None:
    r = np.kron(np.eye(5), np.ones((2, 1)))
    assert disentanglement(r) == pytest.approx(1, abs=1e-8)
    assert completeness(r) == pytest.approx(1 - math.log(2) / math.log(10), abs=1e-8)


def test_codes_count_by_their_share_of_all_importances() -> None:
    """Code 0, of 3/4 of all, serves one of 2 factors; code 1, of 1/4, both: 3/4. Factor 0 has 7/8: H(6/7, 1/7)."""
    r = np.array([[6.0, 0], [1, 1]])
    assert disentanglement(r) == pytest.approx(3 / 4, abs=1e-8)
    entropy = -(6 / 7 * math.log2(6 / 7) + 1 / 7 * math.log2(1 / 7))
    assert completeness(r) == pytest.approx(7 / 8 * (1 - entropy) + 1 / 8, abs=1e-8)


def test_nothing_is_no_disentanglement_and_one_factor_none_to_speak_of() -> None:
    assert disentanglement(np.zeros((3, 4))) == completeness(np.zeros((3, 4))) == 0
    assert math.isnan(disentanglement(np.ones((3, 1))))
    assert completeness(np.ones((3, 1))) == pytest.approx(0, abs=1e-8)
    assert math.isnan(completeness(np.ones((1, 3))))


@given(IMPORTANCES)
@settings(deadline=None)
def test_disentanglement_is_what_loops_find(r: np.ndarray) -> None:
    total, expected = r.sum(), 0.0
    for row in r:
        shares = [(value + 1e-11) / (sum(row) + len(row) * 1e-11) for value in row]
        entropy = -sum(share * math.log(share) / math.log(len(row)) for share in shares)
        expected += sum(row) / total * (1 - entropy) if total else 0
    assert disentanglement(r) == pytest.approx(expected, abs=1e-9)


@given(IMPORTANCES, st.floats(0.1, 10), st.integers(0, 99))
@settings(deadline=None)
def test_neither_order_nor_scale_of_importances_counts(r: np.ndarray, scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(len(r)), rng.permutation(r.shape[1])
    for score in (disentanglement, completeness):
        assert score(r[rows][:, columns]) == pytest.approx(score(r), abs=1e-9)
        if r.max() > 1e-3:  # far above the 1e-11
            assert score(scale * r) == pytest.approx(score(r), abs=1e-5)


SIZES = (3, 4, 5)


def population(codes: np.ndarray, factors: np.ndarray) -> Population:
    return Population(codes, factors, tuple(f"factor_{k}" for k in range(factors.shape[1])), complete=False)


def drawn(rows: int = 1500) -> tuple[np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(1)
    return np.stack([rng.integers(size, size=rows) for size in SIZES], axis=1), rng


def scores(codes: np.ndarray, factors: np.ndarray) -> dict[str, float]:
    return Metric().scores(population(codes, factors), np.random.default_rng(0))


def test_codes_that_are_the_factors_are_perfect() -> None:
    factors, _ = drawn()
    assert scores(factors.astype(float), factors) == pytest.approx(dict.fromkeys(SCORES, 1), abs=1e-4)


def test_codes_given_twice_are_incomplete() -> None:
    """Two of six codes are one factor, each with about half of its importance: ln 2 of at most ln 6."""
    factors, _ = drawn()
    found = scores(np.repeat(factors, 2, axis=1) / 1.0, factors)
    assert found["disentanglement"] == pytest.approx(1, abs=1e-4)
    assert found["completeness"] == pytest.approx(1 - math.log(2) / math.log(6), abs=0.03)


def test_codes_that_mix_all_factors_are_entangled_but_informative() -> None:
    """Each of three codes is a rotation's mixture of all factors, which trees approximate by steps."""
    factors, _ = drawn(6000)
    q = np.array([[1, 1, 1], [1, -2, 1], [1, 0, -1]]) / np.sqrt([[3], [6], [2]])
    straight, mixed = scores(factors / 1.0, factors), scores((factors / np.array(SIZES)) @ q.T, factors)
    assert mixed["disentanglement"] < 0.35 < 0.99 < straight["disentanglement"]
    assert mixed["completeness"] < 0.35 < 0.99 < straight["completeness"]
    assert mixed["informativeness_test"] > 0.9


def test_noise_is_entangled_and_tells_no_more_than_chance() -> None:
    factors, rng = drawn(6000)
    found = scores(rng.normal(size=(6000, 5)), factors)
    assert found["disentanglement"] < 0.02
    assert found["completeness"] < 0.02
    assert found["informativeness_test"] == pytest.approx(np.mean([1 / size for size in SIZES]), abs=0.03)


def test_constant_codes_tell_the_most_frequent_value() -> None:
    factors = np.stack([np.arange(300) % 3 == 0, np.arange(300) % 4 > 0], axis=1).astype(int)
    found = scores(np.full((300, 4), 0.7), factors)
    assert found["disentanglement"] == found["completeness"] == 0
    assert found["informativeness_train"] == pytest.approx((2 / 3 + 3 / 4) / 2, abs=0.05)
    assert found["informativeness_test"] == pytest.approx((2 / 3 + 3 / 4) / 2, abs=0.05)


def test_a_code_that_tells_nothing_costs_nothing() -> None:
    """Dead codes have a share of 0, unlike in the modularity score."""
    factors, rng = drawn()
    codes = np.hstack([factors, rng.normal(size=(1500, 3)) * 1e-3])
    assert scores(codes, factors)["disentanglement"] == pytest.approx(1, abs=0.01)


def test_order_and_odd_rescaling_of_codes_do_not_count() -> None:
    """Bins of a code depend on the order and signs of its values alone, so that the same trees come out."""
    factors, rng = drawn()
    codes = np.hstack([factors, rng.normal(size=(1500, 2))]) + 0.3 * rng.normal(size=(1500, 5))
    found = scores(codes, factors)
    assert scores(codes[:, [2, 4, 0, 1, 3]], factors) == pytest.approx(found, abs=0.02)
    rescaled = scores(np.sinh(2 * codes), factors)
    assert rescaled["disentanglement"] == pytest.approx(found["disentanglement"], abs=1e-12)
    assert rescaled["completeness"] == pytest.approx(found["completeness"], abs=1e-12)
    assert rescaled["informativeness_train"] == pytest.approx(found["informativeness_train"], abs=1e-12)
    # The middle between two values moves, and a test point in between may change sides.
    assert rescaled["informativeness_test"] == pytest.approx(found["informativeness_test"], abs=0.01)


def test_points_are_as_many_as_asked_for() -> None:
    """Of a hundred training points, trees know all."""
    factors, rng = drawn(6000)
    codes = factors + 0.4 * rng.normal(size=factors.shape)
    few = Metric(train_points=60, test_points=2000).scores(population(codes, factors), np.random.default_rng(0))
    many = Metric(train_points=4000, test_points=2000).scores(population(codes, factors), np.random.default_rng(0))
    assert few["informativeness_train"] == 1
    assert many["informativeness_train"] < 0.95
    assert few["informativeness_test"] < many["informativeness_test"] - 0.02


# Factors that are numbers.


def of_both_kinds(rows: int = 900) -> Population:
    """Two numbers and a label, and codes that tell them in part."""
    rng = np.random.default_rng(3)
    factors = np.column_stack([rng.normal(size=rows), rng.integers(3, size=rows), rng.uniform(size=rows)])
    codes = np.column_stack([factors, factors[:, 0] + factors[:, 1], rng.normal(size=rows)])
    codes += 0.2 * rng.normal(size=codes.shape)
    return Population(codes, factors, ("a", "b", "c"), complete=False, continuous=("a", "c"))


def test_factors_of_both_kinds_have_the_scores_of_scikit_learns_trees() -> None:
    given, rng = of_both_kinds(), np.random.default_rng(0)
    train, test = given.split(rng)
    (codes, factors), (new, told) = train.draw(10_000, rng), test.draw(5000, rng)
    importances, fitted, right = [], [], []
    for k, peer in enumerate((GradientBoostingRegressor, GradientBoostingClassifier, GradientBoostingRegressor)):
        agreement = accuracy_score if k == 1 else r2_score
        model = peer(random_state=0).fit(codes, factors[:, k])
        importances.append(model.feature_importances_)
        fitted.append(agreement(factors[:, k], model.predict(codes)))
        right.append(agreement(told[:, k], model.predict(new)))
    found = Metric().scores(given, np.random.default_rng(0))
    r = np.stack(importances, axis=1)
    assert found["disentanglement"] == pytest.approx(disentanglement(r), abs=0.005)
    assert found["completeness"] == pytest.approx(completeness(r), abs=0.005)
    assert found["informativeness_train"] == pytest.approx(np.mean(fitted), abs=0.002)
    assert found["informativeness_test"] == pytest.approx(np.mean(right), abs=0.005)


def test_codes_that_are_numbers_are_perfect_up_to_the_steps_of_trees() -> None:
    rng = np.random.default_rng(4)
    factors = rng.normal(size=(3000, 2))
    given = Population(factors.copy(), factors, ("a", "b"), complete=False, continuous=("a", "b"))
    found = Metric().scores(given, np.random.default_rng(0))
    assert found == pytest.approx(dict.fromkeys(SCORES, 1), abs=0.01)
    noise = Metric().scores(
        Population(rng.normal(size=(3000, 2)), factors, ("a", "b"), complete=False, continuous=("a", "b")),
        np.random.default_rng(0),
    )
    assert noise["informativeness_test"] == 0  # R^2 is below 0
    assert noise["disentanglement"] < 0.02


def test_determination_by_hand() -> None:
    y = np.array([1.0, 2, 3])
    assert determination(y, y) == 1
    assert determination(np.array([1.0, 2, 2]), y) == pytest.approx(1 / 2)
    assert determination(np.full(3, 2.0), y) == 0
    assert determination(-9 * y, y) == 0
    assert determination(y, np.ones(3)) == 0
