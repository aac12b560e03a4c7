"""Scores since 2019 against numbers worked by hand, loops over the papers' formulas, scikit-learn, and closed forms."""

import importlib
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, rankdata, spearmanr
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss, mutual_info_score, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from disentangle.evaluation.classifiers.cross_entropy import cross_entropy
from disentangle.evaluation.metrics import dcimig, explicitness, identifiability, infomec, mig, mig_sup
from disentangle.evaluation.population import Population
from disentangle.evaluation.standardisation import standardised

NAMES = ("shape", "size", "place", "hue")
SIZES = (3, 4, 8, 16)
METRICS = (dcimig, explicitness, identifiability, infomec, mig_sup)
FEW = {identifiability: {"kernel_points": 400}}
"""Options that only cost time."""


def discrete(rows: int = 3000, seed: int = 0) -> Population:
    """Each factor's values are about equally frequent; codes are the factors."""
    factors = np.random.default_rng(seed).integers(SIZES, size=(rows, 4))
    return Population(factors.astype(np.float64), factors, NAMES, complete=False)


def mixed(rows: int = 1500, seed: int = 0) -> Population:
    """Place and hue are numbers."""
    rng = np.random.default_rng(seed)
    factors = np.column_stack([rng.integers(SIZES[:2], size=(rows, 2)), rng.uniform(size=(rows, 2))])
    return Population(factors.copy(), factors, NAMES, complete=False, continuous=NAMES[2:])


def scores(module: Any, population: Population, **options: Any) -> dict[str, float]:
    options = FEW.get(module, {}) | options
    found: dict[str, float] = module.Metric(**options).scores(population, np.random.default_rng(0))
    assert tuple(found) == module.SCORES
    return found


def noisy(population: Population, noise: float = 0.3, dim: int = 2) -> Population:
    """Return factors with noise, a mixture of them, and codes of nothing."""
    rng = np.random.default_rng(7)
    z = standardised(population.factors.astype(np.float64))[0]
    codes = np.column_stack([z, z[:, 0] * z[:, 2] + z[:, 3], 2 * rng.normal(size=(len(z), dim))])
    return replace(population, codes=codes + noise * rng.normal(size=codes.shape))


POPULATIONS: dict[str, Callable[[], Population]] = {"discrete": discrete, "mixed": mixed}


# All of them


@pytest.mark.parametrize("kind", POPULATIONS)
@pytest.mark.parametrize("module", METRICS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_the_order_of_codes_and_of_factors_does_not_count(module: Any, kind: str) -> None:
    given = noisy(POPULATIONS[kind]())
    codes, factors = [2, 6, 0, 4, 1, 5, 3], [3, 1, 0, 2]
    moved = replace(
        given,
        codes=given.codes[:, codes],
        factors=given.factors[:, factors],
        names=tuple(given.names[k] for k in factors),
    )
    assert scores(module, moved) == pytest.approx(scores(module, given), abs=1e-4)


@pytest.mark.parametrize("kind", POPULATIONS)
@pytest.mark.parametrize("module", METRICS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_one_unit_and_origin_of_all_codes_does_not_count(module: Any, kind: str) -> None:
    given = noisy(POPULATIONS[kind]())
    moved = replace(given, codes=-1024 * given.codes + 4096)
    accuracy = 0.01 if module is explicitness else 1e-3
    assert scores(module, moved) == pytest.approx(scores(module, given), abs=accuracy)


@pytest.mark.parametrize("module", (dcimig, mig_sup), ids=("dcimig", "mig_sup"))
def test_a_single_factor_leaves_no_gap(module: Any) -> None:
    (value,) = scores(module, discrete().of(np.arange(4) == 1)).values()
    assert math.isnan(value)


def test_all_take_continuous_factors() -> None:
    assert all(importlib.import_module(module.__name__).CONTINUOUS is True for module in METRICS)


# MIG-sup and DCIMIG


def test_gaps_of_codes_by_hand() -> None:
    """Code 0 tells 0.9 and 0.2 of two factors, code 1 tells 0.3 and 0.7, code 2 nothing: (0.7 + 0.4 + 0) / 3."""
    assert mig_sup.gap(np.array([[0.9, 0.2], [0.3, 0.7], [0, 0]])) == pytest.approx(1.1 / 3)
    assert math.isnan(mig_sup.gap(np.ones((3, 1))))
    assert math.isnan(mig_sup.gap(np.ones((0, 2))))


def test_gaps_of_factors_by_hand() -> None:
    """Factor 0 has codes 0 and 2, gaps 0.7 and 0.1; factor 1 code 1, gap 0.4; factor 2 none: 1.1 / (1 + 2 + 3)."""
    information = np.array([[0.9, 0.2, 0], [0.3, 0.7, 0.1], [0.5, 0.4, 0]])
    assert dcimig.gaps(information, np.array([1.0, 2, 3])) == pytest.approx(1.1 / 6)
    assert math.isnan(dcimig.gaps(np.ones((3, 1)), np.ones(1)))


def information(given: Population, bins: int = 20) -> tuple[np.ndarray, list[float]]:
    """Return the information of each code and factor by scikit-learn, and the entropies."""
    found = np.zeros((given.codes.shape[1], len(given.names)))
    most = []
    for k, factor in enumerate(given.factors.T):
        if given.kinds[k]:
            found[:, k] = mutual_info_regression(given.codes, factor, n_neighbors=3, random_state=0)
            most.append(mutual_info_regression(factor[:, None], factor, n_neighbors=3, random_state=0)[0])
        else:
            for d, code in enumerate(given.codes.T):
                cut = np.minimum((code - code.min()) / np.ptp(code) * bins, bins - 1).astype(int)
                found[d, k] = mutual_info_score(cut, factor)
            most.append(mutual_info_score(factor, factor))
    return found, most


@pytest.mark.parametrize("kind", POPULATIONS)
def test_mig_sup_and_dcimig_are_what_loops_find(kind: str) -> None:
    given = noisy(POPULATIONS[kind]())
    found, most = information(given)
    gap, own = 0.0, [0.0] * 4
    for row in found:
        ranked = sorted(row / most)
        gap += ranked[-1] - ranked[-2]
        best = max(range(4), key=lambda k: row[k])
        own[best] = max(own[best], row[best] - max(np.delete(row, best)))
    assert scores(mig_sup, given)["mig_sup"] == pytest.approx(gap / len(found), abs=2e-3)
    assert scores(dcimig, given)["dcimig"] == pytest.approx(sum(own) / sum(most), abs=2e-3)


@pytest.mark.parametrize("rows", [300, 3000])
def test_gaps_of_perfect_codes_are_one_but_for_the_bias_of_other_factors(rows: int) -> None:
    """(A - 1)(B - 1) / 2 N of the factor whose bias, as a share, is the largest."""
    given = discrete(rows)
    entropies = np.log(SIZES)
    biases = (np.outer(SIZES, SIZES) - np.add.outer(SIZES, SIZES) + 1) / (2 * rows)
    np.fill_diagonal(biases, 0)
    expected = 1 - (biases / entropies).max(axis=1).mean()
    assert scores(mig_sup, given)["mig_sup"] == pytest.approx(expected, abs=30 / rows)
    expected = 1 - biases.max(axis=1).sum() / entropies.sum()
    assert scores(dcimig, given)["dcimig"] == pytest.approx(expected, abs=30 / rows)


def test_gaps_of_codes_of_noise_are_of_the_size_of_biases() -> None:
    given = replace(noisy(discrete()), shuffled=True)
    bias = 19 * (max(SIZES) - 1) / (2 * 3000)
    assert 0 < scores(mig_sup, given)["mig_sup"] < bias / math.log(max(SIZES))
    assert 0 < scores(dcimig, given)["dcimig"] < 4 * bias / np.log(SIZES).sum()


def test_a_factor_in_two_codes_costs_mig_sup_nothing_and_two_factors_in_one_code_do() -> None:
    given = discrete()
    doubled = replace(given, codes=given.codes[:, [0, 0, 1, 2, 3]])
    assert scores(mig_sup, doubled)["mig_sup"] == pytest.approx(scores(mig_sup, given)["mig_sup"], abs=0.01)
    two = given.of(np.array([True, True, False, False]))
    pair = replace(two, codes=(two.factors[:, :1] * 4 + two.factors[:, 1:]).astype(np.float64))  # all of both
    assert scores(mig_sup, pair)["mig_sup"] == pytest.approx(0, abs=1e-9)
    # The best gap is ln 4 - ln 3, of ln 4 + ln 3.
    assert scores(dcimig, pair)["dcimig"] == pytest.approx(math.log(4 / 3) / math.log(12), abs=2e-3)


def test_codes_that_hardly_vary_do_not_count_and_a_remark_says_so() -> None:
    given = discrete()
    still = 0.09 * given.codes.std(axis=0).max() * np.random.default_rng(0).normal(size=(3000, 2))
    more = replace(given, codes=np.column_stack([given.codes, still, np.ones(3000)]))
    assert scores(mig_sup, more) == scores(mig_sup, given)
    assert mig_sup.Metric().remarks(more) == ["3 of 7 codes vary too little to count."]
    assert mig_sup.Metric().remarks(given) == []
    wider = replace(more, codes=more.codes * [1, 1, 1, 1, 1.3, 1.3, 1])
    assert scores(mig_sup, wider)["mig_sup"] < scores(mig_sup, given)["mig_sup"] * 0.7
    constant = np.tile([0.1, 0.3, 0.7], (7, 1))
    assert (constant / 0.7).std(axis=0).any()  # by rounding
    assert not mig_sup.active(constant).any()
    assert mig_sup.active(np.array([[1e200, 1.0], [-1e200, 2]])).tolist() == [True, False]


@pytest.mark.parametrize("module", (dcimig, mig_sup), ids=("dcimig", "mig_sup"))
def test_a_row_that_empties_the_bins_is_remarked_on(module: Any) -> None:
    given = discrete()
    far = given.codes.copy()
    far[7, 1] = 1e6
    assert module.Metric().remarks(given) == []
    assert any("bins" in remark for remark in module.Metric().remarks(replace(given, codes=far)))


# InfoMEC


def test_ratios_by_hand() -> None:
    """Codes of shares (1, 0), (1/2, 1/2), (3/4, 1/4): 2 (max / sum - 1/2) is 1, 0, 1/2."""
    shares = np.array([[0.5, 0], [0.2, 0.2], [0.6, 0.2]])
    assert infomec.ratio(shares) == pytest.approx(1 / 2)
    # Of factors: 0.6 / 1.3 and 0.2 / 0.4, of three codes.
    assert infomec.ratio(shares.T) == pytest.approx(((0.6 / 1.3 + 1 / 2) / 2 - 1 / 3) * 3 / 2)
    assert infomec.ratio(np.vstack([shares, [[0, 0]]])) == pytest.approx(1 / 2)  # a code of nothing
    assert math.isnan(infomec.ratio(np.zeros((3, 2))))
    assert math.isnan(infomec.ratio(np.ones((3, 1))))


def reference(given: Population) -> dict[str, float]:
    """Return what loops over the released code's formulas find, with classes of equal weights."""
    z = StandardScaler().fit_transform(given.codes)
    nmi, predictive = np.zeros((4, z.shape[1])), []
    for i, source in enumerate(given.factors.T):
        if given.kinds[i]:
            information = [
                mutual_info_regression(part[:, None], source, n_neighbors=10, random_state=0)[0]
                for part in (*z.T, source)
            ]
            nmi[i] = np.array(information[:-1]) / information[-1]
            predictive.append(LinearRegression().fit(z, source).score(z, source))
        else:
            for j in range(z.shape[1]):
                nmi[i, j] = mutual_info_classif(z[:, j : j + 1], source, n_neighbors=10, random_state=0)[0]
            marginal = mutual_info_score(source, source)
            nmi[i] /= marginal
            model = LogisticRegression(C=np.inf, tol=1e-4, max_iter=100).fit(z, source)
            predictive.append((marginal - log_loss(source, model.predict_proba(z))) / marginal)
    reach = given.codes.max(axis=0) - given.codes.min(axis=0)
    pruned = nmi[:, reach > reach.max() / 20]
    modular = [max(column) / sum(column) for column in pruned.T]
    compact = [max(row) / sum(row) for row in pruned]
    least = 1 / pruned.shape[1]
    return {
        "modularity": (np.mean(modular) - 1 / 4) / (1 - 1 / 4),
        "explicitness": float(np.mean(predictive)),
        "compactness": (np.mean(compact) - least) / (1 - least),
    }


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", POPULATIONS)
def test_infomec_is_what_loops_and_scikit_learn_find(kind: str) -> None:
    given = noisy(POPULATIONS[kind]())
    given = replace(given, codes=np.column_stack([given.codes, 0.01 * given.codes[:, 0]]))  # too narrow to count
    assert infomec.active(given.codes).tolist() == [True] * 7 + [False]
    assert scores(infomec, given) == pytest.approx(reference(given), abs=2e-3)


def test_infomec_of_perfect_codes() -> None:
    for perfect, bias in ((discrete(), 0.03), (mixed(), 0.04)):
        found = scores(infomec, perfect)
        assert found["explicitness"] == pytest.approx(1, abs=1e-3)
        assert 1 - bias < found["modularity"] <= 1
        assert 1 - bias < found["compactness"] <= 1


def test_infoe_of_codes_of_noise_is_that_of_wilks_theorem() -> None:
    """2 N (H - loss) is a chi-square variable of (V - 1) D degrees of freedom; R^2 is D / (N - 1) on average."""
    rows, dim = 2000, 20
    codes = np.random.default_rng(1).normal(size=(rows, dim))
    given = replace(discrete(rows), codes=codes)
    expected = np.mean([(size - 1) * dim / (2 * rows * math.log(size)) for size in SIZES])
    assert scores(infomec, given)["explicitness"] == pytest.approx(expected, rel=0.15)
    numbers = replace(mixed(rows), codes=codes).of(np.array([False, False, True, True]))
    assert scores(infomec, numbers)["explicitness"] == pytest.approx(dim / (rows - 1), rel=0.3)


def test_constant_codes_tell_a_logistic_regression_nothing() -> None:
    """Of uneven classes as well, where it has biases alone: not less than nothing."""
    factors = np.array([[0]] * 700 + [[1]] * 200 + [[2]] * 100)
    found = infomec.explicitness(np.full((1000, 3), 0.1), factors, np.array([False]), 100)
    assert 0 <= found < 1e-6


def test_the_smallest_cross_entropy_of_two_values_by_hand() -> None:
    """Of x = 0, three of four rows are of class 1, of x = 1 one of four: entropies of 3/4 and 1/4."""
    x = np.column_stack([np.repeat([0.0, 1], 4), np.ones(8)])
    y = np.array([1, 1, 1, 0, 0, 0, 0, 1])
    expected = -(3 / 4 * math.log(3 / 4) + 1 / 4 * math.log(1 / 4))
    assert cross_entropy(x, y, 100) == pytest.approx(expected, abs=1e-6)
    assert cross_entropy(x, y, 100) < infomec.cross_entropy(x, y, 1)


@pytest.mark.parametrize("continuous", [False, True])
def test_a_row_of_a_grid_is_not_its_own_neighbour(continuous: bool) -> None:
    """Rows are drawn once where nearest neighbours tell information: perfect codes of a grid have all of it."""
    values = np.stack(np.meshgrid(*map(np.arange, (6, 5, 10, 4)), indexing="ij"), axis=-1).reshape(-1, 4)
    codes = values + 0.01 * np.random.default_rng(0).normal(size=values.shape)
    factors = values / 7 if continuous else values
    names = tuple("abcd")
    grid = Population(codes, factors, names, complete=True, continuous=names if continuous else ())
    sample = replace(grid, complete=False)
    for module in (infomec, mig, mig_sup, dcimig) if continuous else (infomec,):
        found, wanted = scores(module, grid), scores(module, sample)
        assert found == pytest.approx(wanted, abs=0.01), module.__name__
        assert min(v for name, v in found.items() if name != "explicitness") > 0.9


def test_quantised_codes_have_the_information_of_counts() -> None:
    rng = np.random.default_rng(0)
    given = discrete()
    codes = np.where(rng.uniform(size=(3000, 4)) < 0.5, given.factors, rng.integers(SIZES, size=(3000, 4)))
    found = infomec.normalised_information(codes * 1.0, given.factors, given.kinds, 10)
    for d in range(4):
        expected = mutual_info_score(codes[:, d], given.factors[:, d]) / math.log(SIZES[d])
        assert found[d, d] == pytest.approx(expected, abs=0.04)


def test_codes_of_equal_numbers_are_remarked_on() -> None:
    codes = np.random.default_rng(0).normal(size=(200, 2))
    given = Population(codes, np.arange(200)[:, None] % 3, ("a",), complete=False)
    assert infomec.Metric().remarks(given) == []
    sparse = replace(given, codes=np.where(np.arange(2) == 1, np.maximum(codes, 0), codes))
    (said,) = infomec.Metric().remarks(sparse)
    assert "equal numbers, as of code 1:" in said
    assert infomec.recurring(np.array([0.0, 0.0, 0.0, 2.0])) == 0.75


def test_narrow_codes_are_remarked_on() -> None:
    given = noisy(discrete())
    assert infomec.Metric().remarks(given) == []
    narrow = replace(given, codes=given.codes * [1, 1, 1, 0.01, 1, 1, 1])
    assert infomec.Metric().remarks(narrow) == ["1 of 7 codes have too small a range to count."]


# MCC and R^2


def test_mean_correlations_by_hand() -> None:
    """Codes of correlations (0.8, 0.6) and (0.6, 0) with two factors: the assignment takes 0.6 + 0.6, not 0.8 + 0."""
    axes = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]])[1:].T * 1.0  # uncorrelated
    factors = axes[:, :2]
    codes = np.column_stack([axes @ [0.8, 0.6, 0], axes @ [-0.6, 0, 0.8]])
    assert identifiability.mean_correlation(codes, factors) == pytest.approx(0.6)
    assert identifiability.mean_correlation(codes[:, :1], factors) == pytest.approx(0.4)  # a factor without a code
    assert identifiability.mean_correlation(np.column_stack([codes, factors]), factors) == pytest.approx(1)
    assert identifiability.mean_correlation(np.ones((4, 2)), factors) == 0
    assert math.isnan(identifiability.mean_correlation(codes, np.ones((4, 2))))


def test_explained_variance_by_hand() -> None:
    """Errors of 1 and 3 where the variance is 4, and none: (1 - 1/2 + 1) / 2; a constant factor does not count."""
    factors = np.array([[2.0, 1, 5], [-2, 0, 5]])
    told = factors + np.array([[1, 0, 1], [math.sqrt(3), 0, 1]])
    assert identifiability.explained(told, factors) == pytest.approx(3 / 4)
    assert math.isnan(identifiability.explained(told[:, 2:], factors[:, 2:]))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 4))
def test_mean_correlation_is_the_best_of_all_assignments(seed: int, dim: int, kinds: int) -> None:
    rng = np.random.default_rng(seed)
    codes, factors = rng.normal(size=(30, dim)), rng.integers(3, size=(30, kinds)) + np.arange(30)[:, None] % 2

    def best(correlation: Any, left: list[int], k: int) -> float:
        if k == kinds:
            return 0.0
        taken = [
            abs(correlation(codes[:, d], factors[:, k])[0]) + best(correlation, [e for e in left if e != d], k + 1)
            for d in left
        ]
        return max([*taken, best(correlation, left, k + 1)])

    found = identifiability.mean_correlation(codes, factors * 1.0)
    assert found == pytest.approx(best(pearsonr, [*range(dim)], 0) / kinds)
    found = identifiability.mean_correlation(rankdata(codes, axis=0), rankdata(factors, axis=0))
    assert found == pytest.approx(best(spearmanr, [*range(dim)], 0) / kinds)


@pytest.mark.parametrize("kind", POPULATIONS)
def test_regressions_are_those_of_scikit_learn(kind: str) -> None:
    given = noisy(POPULATIONS[kind](600))
    codes, factors = standardised(given.codes)[0], standardised(given.factors * 1.0)[0]
    train, test = slice(300), slice(300, None)
    linear = LinearRegression().fit(codes[train], factors[train]).predict(codes[test])
    told = identifiability.linear_regression(codes[train], factors[train], codes[test])
    assert told == pytest.approx(linear, abs=1e-10)
    grid = {"alpha": [1.0, 0.1, 0.01, 0.001], "gamma": np.logspace(-2, 2, 4)}
    search = GridSearchCV(KernelRidge(kernel="rbf"), grid, cv=3).fit(codes[train], factors[train])
    told = identifiability.kernel_regression(codes[train], factors[train], codes[test])
    assert told == pytest.approx(search.predict(codes[test]), abs=1e-8)
    assert identifiability.explained(told, factors[test]) == pytest.approx(r2_score(factors[test], told))


@pytest.mark.parametrize("kind", POPULATIONS)
def test_what_identifies_factors_is_told_apart(kind: str) -> None:
    """Units and an order change nothing; the others leave at 1 what says that it does not see them."""
    given = POPULATIONS[kind]()
    z = standardised(given.factors * 1.0)[0]
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
    codes = {
        "units": z[:, ::-1] * [-3, 1, 100, 1e-9],
        "increasing": np.exp(z),
        "mixed": z @ rotation,
        "bent": np.column_stack([z[:, :3], np.cos(1.5 * z[:, 3]), np.sin(1.5 * z[:, 3])]),
    }
    found = {name: scores(identifiability, replace(given, codes=x)) for name, x in codes.items()}
    good = {name: {key for key, value in values.items() if value > 0.99} for name, values in found.items()}
    assert good == {
        "units": {"mcc_pearson", "mcc_spearman", "r2_linear", "r2_kernel"},
        "increasing": {"mcc_spearman", "r2_kernel"},
        "mixed": {"r2_linear", "r2_kernel"},
        "bent": {"r2_kernel"},
    }


def test_regressions_are_scored_on_rows_that_they_have_not_seen() -> None:
    """There, codes of noise tell less than the mean does; of their own rows they tell a third."""
    for few in (discrete(90), mixed(90)):
        noise = np.random.default_rng(0).normal(size=(90, 20))
        found = scores(identifiability, replace(few, codes=noise))
        assert -1 < found["r2_linear"] < -0.1
        assert -1 < found["r2_kernel"] < 0.05


def test_identifiability_of_codes_of_noise_is_that_of_closed_forms() -> None:
    """E |r| is sqrt(2 / pi N) of one code and one factor, and R^2 -D / N of D codes."""
    rows, dim = 600, 20
    rng = np.random.default_rng(0)
    one = [
        identifiability.mean_correlation(rng.normal(size=(rows, 1)), rng.integers(5, size=(rows, 1)) * 1.0)
        for _ in range(1000)
    ]
    assert np.mean(one) == pytest.approx(math.sqrt(2 / (math.pi * rows)), rel=0.08)
    factors = rng.normal(size=(2 * rows, 200))
    codes = rng.normal(size=(2 * rows, dim))
    told = identifiability.linear_regression(codes[:rows], factors[:rows], codes[rows:])
    assert identifiability.explained(told, factors[rows:]) == pytest.approx(-dim / rows, rel=0.2)


# Explicitness


def test_explicitness_of_curves_by_hand() -> None:
    """At once 1, along a line 0, at the last -1; of 1/2, 1/4, 0 from a guess of 1: 1 - (3/8 + 1/8)."""
    assert explicitness.explicitness(np.array([0.2, 0.2, 0.2]), 0.7) == 1
    assert explicitness.explicitness(np.array([1, 0.5, 0]), 1) == pytest.approx(0)
    assert explicitness.explicitness(np.linspace(0.6, 0, 7), 0.6) == pytest.approx(0)
    assert explicitness.explicitness(np.array([0.5, 0.25, 0]), 1) == pytest.approx(1 / 2)
    late = explicitness.explicitness(np.append(np.ones(999), 0), 1)
    assert late == pytest.approx(-1, abs=2e-3)


def test_explicitness_is_what_loops_find() -> None:
    rng = np.random.default_rng(0)
    losses, guess = np.sort(rng.uniform(0, 0.8, size=9))[::-1], 0.8
    area = sum((losses[i] + losses[i + 1]) / 2 - losses[-1] for i in range(8))
    assert explicitness.explicitness(losses, guess) == pytest.approx(1 - area / (8 * guess / 2))


@pytest.mark.parametrize("size", [2, 4, 8, 16])
def test_perfect_codes_of_a_factor_need_trees_of_the_logarithm_of_its_values(size: int) -> None:
    """Each depth doubles the values that are told: of V, depth d has the loss 1 - 2^d / V, and the guess 1 - 1 / V."""
    factor = np.repeat(np.arange(size), 10)
    guess, losses = explicitness.curve(factor[:, None] * 1.0, factor, factor[:, None] * 1.0, factor, 6, False)
    assert guess == 1 - 1 / size
    assert losses == pytest.approx([max(0, 1 - 2**depth / size) for depth in range(1, 7)])
    whole = Population(factor[:, None] * 1.0, factor[:, None], NAMES[:1], complete=True)
    found = scores(explicitness, whole, train_points=100_000, test_points=50_000, depth=6)
    area = sum(losses) - losses[0] / 2
    assert found["explicitness"] == pytest.approx(1 - 2 * area / (5 * guess), abs=0.02)
    assert found["informativeness"] == 1
    assert found["size"] == 1


def test_the_loss_of_numbers_is_what_their_mean_leaves() -> None:
    """Four steps of a uniform number leave 1/16 of its variance at depth 2; the guess leaves all."""
    x = (np.arange(4096.0) + 0.5) / 4096
    guess, losses = explicitness.curve(x[:, None], 1e6 + x, x[:, None], 1e6 + x, 3, True)
    assert guess == pytest.approx(1)
    assert losses == pytest.approx([1 / 4, 1 / 16, 1 / 64], abs=1e-3)


def test_a_loss_is_no_larger_than_a_guess_nor_than_that_of_smaller_trees() -> None:
    """Deep trees of noise tell new rows worse than a guess."""
    rng = np.random.default_rng(0)
    codes, y = rng.normal(size=(400, 3)), (rng.uniform(size=400) < 0.2).astype(int)
    guess, losses = explicitness.curve(codes[:200], y[:200], codes[200:], y[200:], 10, False)
    assert guess == y[200:].mean()
    assert (np.diff(losses) <= 0).all()
    assert losses[0] <= guess


def test_codes_of_noise_are_explicit_but_not_informative() -> None:
    for perfect in (discrete(), mixed()):
        found = scores(explicitness, replace(noisy(perfect), shuffled=True))
        assert found["explicitness"] == pytest.approx(1, abs=0.02)
        assert found["informativeness"] == pytest.approx(0, abs=0.02)
        assert found["size"] == 4 / 7


def test_mixtures_are_less_explicit_than_factors() -> None:
    for perfect in (discrete(), mixed()):
        rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
        z = standardised(perfect.factors * 1.0)[0]
        plain, turned = (scores(explicitness, replace(perfect, codes=x)) for x in (z, z @ rotation))
        assert plain["informativeness"] > 0.98
        assert turned["explicitness"] < plain["explicitness"] - 0.02
        assert turned["informativeness"] < plain["informativeness"]


def test_factors_that_a_guess_tells_do_not_count() -> None:
    given = discrete(900)
    rare = given.factors.copy()
    rare[:, 0] = 0
    rare[given.split(np.random.default_rng(0))[0].rows[0], 0] = 1  # a single row, which trains
    with_rare, without = replace(given, factors=rare), given.of(np.array([False, True, True, True]))
    assert scores(explicitness, with_rare) == scores(explicitness, without) | {"size": 1}
    alone = scores(explicitness, with_rare.of(np.array([True, False, False, False])))
    assert math.isnan(alone["explicitness"])
    assert math.isnan(alone["informativeness"])
