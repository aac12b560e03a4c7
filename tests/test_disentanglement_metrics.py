"""The scores of Locatello et al. 2019: answers known by hand, what may not change them, and loops over single rows."""

import math
import statistics
from collections import Counter

import numpy as np
import pytest
from scipy.linalg import sqrtm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mutual_info_score, roc_auc_score
from sklearn.svm import LinearSVC

from disentangle import registry
from disentangle.evaluation import mutual_information
from disentangle.evaluation.classifiers import logistic_regression
from disentangle.evaluation.metrics import beta_vae_score, factor_vae_score, gaussian, irs, mig, modularity, sap
from disentangle.evaluation.population import Population

SUPERVISED = ("beta_vae_score", "factor_vae_score", "mig", "modularity", "sap", "irs")
ALL = (*SUPERVISED, "gaussian")
DSPRITES = (3, 6, 40, 32, 32)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def uniform(sizes: tuple[int, ...], samples: int = 10_000, seed: int = 0) -> np.ndarray:
    return rng(seed).integers(sizes, size=(samples, len(sizes)))


def population(codes: np.ndarray, factors: np.ndarray, complete: bool = False) -> Population:
    names = tuple(f"factor {k}" for k in range(factors.shape[1]))
    return Population(codes.astype(np.float64), factors, names, complete)


def scores(
    name: str, codes: np.ndarray, factors: np.ndarray, complete: bool = False, **options: float
) -> dict[str, float]:
    found: dict[str, float] = registry.build("metrics", name, options).scores(
        population(codes, factors, complete), rng()
    )
    return found


FEW = {
    "beta_vae_score": {"train_points": 400, "test_points": 200, "batch": 16},
    "factor_vae_score": {"variance_points": 400, "train_votes": 400, "test_votes": 200, "batch": 16},
}
"""Options of metrics that draw points of many rows each."""


def quick(name: str, codes: np.ndarray, factors: np.ndarray, complete: bool = False) -> dict[str, float]:
    return scores(name, codes, factors, complete, **FEW.get(name, {}))


TEN = uniform((10,) * 10, 3000)
"""Ten factors of ten values each."""


# Answers known beforehand.


def test_codes_that_are_the_factors_score_one() -> None:
    for name in ("beta_vae_score", "factor_vae_score", "irs", "mig", "modularity"):
        for key, value in quick(name, TEN, TEN).items():
            assert value == 10 if key == "active_dims" else 0.9 <= value <= 1, (name, key)


def test_constant_codes_score_chance_or_nothing() -> None:
    codes = np.full((3000, 10), 0.3)
    assert all(value < 0.2 for value in quick("beta_vae_score", codes, TEN).values())
    found = quick("factor_vae_score", codes, TEN)
    assert found.pop("active_dims") == 0
    assert all(map(math.isnan, found.values()))
    assert quick("mig", codes, TEN) == {"mig": 0}
    assert quick("sap", codes, TEN) == {"sap": 0}
    assert quick("irs", codes, TEN) == {"irs": 0}
    found = quick("modularity", codes, TEN)
    assert found.pop("bias_corrected") != found.get("bias_corrected")  # not a number: no code is informative
    assert found == {"as_published": 0, "explicitness_train": 0.5, "explicitness_test": 0.5}


def test_codes_of_noise_score_chance() -> None:
    codes = rng(1).normal(size=(3000, 10))
    for name, key in (("beta_vae_score", "test"), ("factor_vae_score", "test"), ("mig", "mig"), ("sap", "sap")):
        assert quick(name, codes, TEN)[key] < 0.2, name
    assert quick("mig", codes, TEN)["mig"] < 0.01
    assert quick("modularity", codes, TEN)["explicitness_test"] == pytest.approx(0.5, abs=0.02)


def test_modularity_of_noise_is_high_as_published_and_undefined_without_its_bias() -> None:
    """What is published gives 0.65 to ten codes that say nothing, as a factor of 40 values is told most by chance."""
    factors = uniform(DSPRITES)
    expected = 19 * (np.array(DSPRITES) - 1) / 20_000
    by_bias = 1 - (np.square(expected).sum() - expected.max() ** 2) / (4 * expected.max() ** 2)
    for codes in (rng(1).normal(size=(10_000, 10)), rng(2).uniform(size=(10_000, 10))):
        found = scores("modularity", codes, factors, train_points=10_000)
        assert found["as_published"] == pytest.approx(0.65, abs=0.06)
        assert found["as_published"] == pytest.approx(by_bias, abs=0.06)
        assert math.isnan(found["bias_corrected"])


def test_noise_beside_a_code_that_tells_a_factor_does_not_count() -> None:
    factors = uniform(DSPRITES)
    codes = np.column_stack([factors[:, 3], factors[:, 1], rng(1).normal(size=(10_000, 8))])
    found = scores("modularity", codes, factors)
    assert found["bias_corrected"] == pytest.approx(1, abs=1e-6)
    assert found["as_published"] < 0.75


def test_five_codes_of_two_factors_each_have_a_modularity_of_eight_ninths() -> None:
    """Two-valued factors f, g and a code f + 2 g: ln 2 for both, so 1 - 1 / (10 - 1)."""
    factors = uniform((2,) * 10, 9000)
    codes = factors[:, ::2] + 2 * factors[:, 1::2]
    found = scores("modularity", codes, factors)
    assert found["as_published"] == pytest.approx(8 / 9, abs=1e-3)
    assert found["bias_corrected"] == pytest.approx(8 / 9, abs=1e-3)


def test_an_empty_code_of_three_counts_as_published_alone() -> None:
    factors = uniform((4, 4), 9000)
    found = scores("modularity", np.column_stack([factors, np.zeros(9000)]), factors)
    assert found["as_published"] == pytest.approx(2 / 3, abs=1e-5)
    assert found["bias_corrected"] == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("information", "expected"),
    [
        ([[1.0, 0, 0]], [1]),
        ([[1.0, 1, 1]], [0]),
        ([[0.0, 0, 0]], [0]),
        ([[2.0, 1, 0], [0, 1, 2]], [7 / 8, 7 / 8]),
        ([[0.5, 0.5, 0], [3, 0, 0]], [1 / 2, 1]),
    ],
)
def test_modularity_by_hand(information: list[list[float]], expected: list[float]) -> None:
    assert modularity.modularity(np.array(information)) == pytest.approx(expected)


def test_modularity_among_one_factor_is_not_defined() -> None:
    assert np.isnan(modularity.modularity(np.array([[1.0], [0.0]]))).all()


def test_what_may_be_bias_is_nothing_and_the_rest_loses_its_bias() -> None:
    """Of 10 degrees, 1 in 1000 chi-square variables exceeds 29.588; 2 N I of them is 10 on average."""
    degrees, samples = np.array([[10, 10, 10, 0]]), 1000
    given = np.array([[29.58, 29.60, 10.0, 0.0]]) / 2000
    left = mutual_information.without_bias(given, degrees, samples, 0.001)
    assert left.tolist() == [[0, pytest.approx(19.60 / 2000), 0, 0]]


def test_of_duplicated_codes_none_is_ahead() -> None:
    codes = np.repeat(TEN, 2, axis=1)
    assert quick("mig", codes, TEN)["mig"] < 1e-9
    assert quick("sap", codes, TEN)["sap"] == 0
    # each is as modular, and as still, as alone
    assert quick("modularity", codes, TEN)["as_published"] > 0.99
    assert quick("irs", codes, TEN)["irs"] == pytest.approx(1)


def test_rotated_codes_score_less_than_the_factors() -> None:
    turned = (TEN - 4.5) @ np.linalg.qr(rng(3).normal(size=(10, 10)))[0]
    for name, key, below in (
        ("mig", "mig", 0.1),
        ("modularity", "as_published", 0.95),
        ("irs", "irs", 0.6),
        ("sap", "sap", 0.1),
        ("factor_vae_score", "test", 0.75),
        ("beta_vae_score", "test", 0.9),
    ):
        assert quick(name, turned, TEN)[key] < min(below, quick(name, TEN, TEN)[key]), name
    # what a linear classifier tells of all codes together, it still tells
    assert quick("modularity", turned, TEN)["explicitness_test"] > 0.98


def gap(codes: np.ndarray, factors: np.ndarray, bins: int) -> float:
    return mig.gap(codes, factors, np.zeros(factors.shape[1], bool), bins)


def test_mig_by_hand() -> None:
    """Of two balanced bits, code 0 is the first; code 1 is it in half of the rows: (ln 2 - ln 2 / 2) / ln 2."""
    factor = np.array([0, 0, 1, 1])[:, None]
    codes = np.array([[0.0, 0], [0, 1], [1, 1], [1, 2]])
    assert gap(codes, factor, 20) == pytest.approx(1 / 2)
    # a second factor, which code 1 tells half of and code 0 nothing
    assert gap(codes, np.column_stack([factor, [0, 1, 0, 1]]), 20) == pytest.approx((1 / 2 + 1 / 2) / 2)
    # one that never changes is left out
    assert gap(codes, np.column_stack([factor, [3, 3, 3, 3]]), 20) == pytest.approx(1 / 2)
    assert math.isnan(gap(codes, np.full((4, 1), 3), 20))
    assert math.isnan(gap(codes[:, :1], factor, 20))


def test_mig_takes_bins_of_equal_width() -> None:
    """One outlier, and all other values share a bin of two."""
    factor = np.tile([0, 1], 500)[:, None]
    codes = np.column_stack([factor, np.zeros(1000)]).astype(float)
    assert gap(codes, factor, 2) == pytest.approx(1)
    codes[0, 0] = -100
    assert gap(codes, factor, 2) < 0.01
    assert gap(codes, factor, 1000) == pytest.approx(1, abs=0.01)


def test_sap_of_codes_that_are_two_valued_factors_is_half() -> None:
    """The right code is always right, another one right half of the time."""
    factors = uniform((2, 2, 2), 15_000)
    assert scores("sap", factors, factors)["sap"] == pytest.approx(0.5, abs=0.02)
    # half of the rows of a code are noise: 3/4 against 1/2
    noisy = np.where(rng(1).random((15_000, 3)) < 0.5, factors, rng(2).integers(2, size=(15_000, 3)))
    assert scores("sap", noisy, factors)["sap"] == pytest.approx(0.25, abs=0.02)


def test_sap_of_a_single_code_is_not_defined() -> None:
    assert math.isnan(quick("sap", TEN[:, :1], TEN)["sap"])


def test_irs_by_hand() -> None:
    """Code 0 is factor 0 and does not move with it fixed; code 1 is their sum, 0 .. 2, and moves by 1/2 of 1."""
    factors = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    assert irs.robustness(factors[:, :1].astype(float), factors, 1.0) == pytest.approx(1)
    total = factors.sum(1, keepdims=True).astype(float)
    assert irs.robustness(total, factors, 1.0) == pytest.approx(1 / 2)
    # the weights are the largest deviations: 1/2 and 1; a constant code has none
    codes = np.column_stack([factors[:, 0], total, np.full(4, 0.3)])
    assert irs.robustness(codes, factors, 1.0) == pytest.approx((1 / 2 * 1 + 1 * 1 / 2) / (3 / 2))


def test_irs_of_one_outlier_is_of_the_quantile() -> None:
    """Of 0, 0, 0, 4 the deviations from 1 are 1, 1, 1, 3: their median is 1, of the largest 3."""
    code, factor = np.array([[0.0], [0], [0], [4]]), np.zeros((4, 1), int)
    assert irs.robustness(code, factor, 0.5) == pytest.approx(2 / 3)
    assert irs.robustness(code, factor, 1.0) == pytest.approx(0)


def test_the_factor_vae_score_drops_codes_by_their_deviation() -> None:
    """0.05 is a deviation, not a variance, and not relative: 0.1 x a code of deviation 2.9 stays, 0.01 x does not."""
    scale = np.array([1, 0.1, 0.01, 1e-9, 0])
    found = quick("factor_vae_score", TEN[:, :5] * scale, TEN[:, :2])
    assert found == {"train": 1, "test": 1, "active_dims": 2}
    # the third factor's code is dropped, so its votes go astray
    found = quick("factor_vae_score", TEN[:, :5] * scale, TEN[:, :3])
    assert found["active_dims"] == 2
    assert found["test"] == pytest.approx(2 / 3, abs=0.1)
    loose = scores("factor_vae_score", TEN[:, :5] * scale, TEN[:, :3], threshold=0.001, **FEW["factor_vae_score"])
    assert (loose["test"], loose["active_dims"]) == (1, 3)


def test_a_threshold_of_zero_still_drops_constant_codes() -> None:
    codes = np.column_stack([np.full(3000, 0.3), TEN[:, :2]])
    found = scores("factor_vae_score", codes, TEN[:, :2], threshold=0.0, **FEW["factor_vae_score"])
    assert found == {"train": 1, "test": 1, "active_dims": 2}


def test_the_majority_votes() -> None:
    """One code for two factors: it can vote for one of them only."""
    found = scores("factor_vae_score", TEN[:, :1], TEN[:, :2], train_votes=3000, test_votes=3000)
    assert found["train"] == pytest.approx(0.5, abs=0.03)
    assert found["test"] == pytest.approx(0.5, abs=0.03)
    assert found["train"] >= 0.5


def test_the_area_by_hand() -> None:
    """Classes 0 and 1 by the sign of a code: of 2 x 2 pairs 3 are right, or 2 and a tie."""
    classifier = logistic_regression.Classifier(np.array([0, 1]), np.array([[-1.0, 0], [1, 0]]))
    codes, labels = np.array([[-2.0], [1], [0], [3]]), np.array([0, 0, 1, 1])
    assert modularity.area(classifier, codes, labels) == pytest.approx(3 / 4)
    codes[1] = 0
    assert modularity.area(classifier, codes, labels) == pytest.approx(7 / 8)
    # values that do not occur are left out; where one alone occurs there is no area
    assert math.isnan(modularity.area(classifier, codes[:2], labels[:2]))


@pytest.mark.parametrize("correlation", [0.0, 0.5, -0.9])
def test_gaussian_scores_of_two_codes_by_hand(correlation: float) -> None:
    """-ln(1 - r^2) / 2; with variances 1, the roots of 1 + r and 1 - r: 4 - 2 (1 + r)^1/2 - 2 (1 - r)^1/2."""
    covariance = np.array([[1, correlation], [correlation, 1]])
    distance = 4 - 2 * math.sqrt(1 + correlation) - 2 * math.sqrt(1 - correlation)
    assert gaussian.total_correlation(covariance) == pytest.approx(-math.log(1 - correlation**2) / 2)
    assert gaussian.wasserstein_correlation(covariance) == pytest.approx(distance)
    scale = np.array([1e-6, 1e3])
    assert gaussian.total_correlation(covariance * np.outer(scale, scale)) == pytest.approx(
        -math.log(1 - correlation**2) / 2
    )


@pytest.mark.parametrize("seed", range(5))
def test_gaussian_scores_equal_determinant_and_matrix_root(seed: int) -> None:
    draw = rng(seed).normal(size=(50, 4)) @ rng(seed + 100).normal(size=(4, 4))
    covariance = np.cov(draw, rowvar=False)
    variances = np.diag(covariance)
    expected = (np.log(variances).sum() - math.log(np.linalg.det(covariance))) / 2
    assert gaussian.total_correlation(covariance) == pytest.approx(expected)
    root = sqrtm(covariance @ np.diag(variances)).real
    assert gaussian.wasserstein_correlation(covariance) == pytest.approx(2 * variances.sum() - 2 * np.trace(root))
    found = scores("gaussian", draw, np.zeros((50, 1), int))
    assert found["total_correlation"] == pytest.approx(expected)
    assert found["wasserstein_correlation_normalised"] == pytest.approx(
        found["wasserstein_correlation"] / variances.sum()
    )


def test_codes_that_repeat_have_no_finite_total_correlation() -> None:
    codes = rng(0).normal(size=(500, 3))
    found = scores("gaussian", codes[:, [0, 1, 2, 0]], np.zeros((500, 1), int))
    assert math.isnan(found["total_correlation"])
    # a code given twice: covariance 1, 1 with roots 2^1/2 and 0, so (4 - 2 * 2^1/2) variances
    found = scores("gaussian", codes[:, [0, 0]], np.zeros((500, 1), int))
    assert found["wasserstein_correlation_normalised"] == pytest.approx((4 - 2 * math.sqrt(2)) / 2)


def test_constant_codes_are_left_out_of_the_covariance_and_collapsed_ones_are_not() -> None:
    codes = rng(0).normal(size=(500, 3)) @ rng(1).normal(size=(3, 3))
    none = np.zeros((500, 1), int)
    alone, beside = scores("gaussian", codes, none), scores("gaussian", np.column_stack([codes, none + 0.3]), none)
    for key in ("total_correlation", "wasserstein_correlation", "wasserstein_correlation_normalised"):
        assert beside[key] == pytest.approx(alone[key])
    # three of six pairs are with the constant code, which says nothing
    assert beside["mutual_information"] == pytest.approx(alone["mutual_information"] / 2)
    small = scores("gaussian", codes * [1, 1, 1e-6], none)
    assert small["total_correlation"] == pytest.approx(alone["total_correlation"])
    found = scores("gaussian", np.full((500, 2), 0.3), none)
    assert math.isnan(found.pop("wasserstein_correlation_normalised"))
    assert found == {"total_correlation": 0, "wasserstein_correlation": 0, "mutual_information": 0}


def test_mutual_information_of_codes_by_hand() -> None:
    """Codes 0 and 1 are one bit, code 2 another: ln 2 for two of six ordered pairs."""
    codes = np.array([[0.0, 5, 0], [0, 5, 1], [1, 4, 0], [1, 4, 1]])
    assert gaussian.mean_mutual_information(codes, 20) == pytest.approx(math.log(2) / 3)
    assert math.isnan(gaussian.mean_mutual_information(codes[:, :1], 20))


def test_one_factor_alone() -> None:
    factors = uniform((5,), 300)
    codes = np.column_stack([factors, rng(0).normal(size=(300, 2))])
    for name in ("beta_vae_score", "factor_vae_score"):  # there is nothing to tell it from
        found = quick(name, codes, factors)
        assert math.isnan(found["train"])
        assert math.isnan(found["test"])
    assert quick("mig", codes, factors)["mig"] > 0.8
    found = quick("modularity", codes, factors)
    assert math.isnan(found["as_published"])
    assert math.isnan(found["bias_corrected"])


@pytest.mark.parametrize(
    ("name", "options"),
    {
        "beta_vae_score": {"train_points": 10_000, "test_points": 5000, "batch": 64, "C": 1},
        "factor_vae_score": {
            "variance_points": 10_000,
            "train_votes": 10_000,
            "test_votes": 5000,
            "batch": 64,
            "threshold": 0.05,
        },
        "mig": {"points": 10_000, "bins": 20},
        "modularity": {"train_points": 10_000, "test_points": 5000, "bins": 20, "C": 1, "level": 1e-6},
        "sap": {"train_points": 10_000, "test_points": 5000, "C": 0.01},
        "irs": {"points": 10_000, "quantile": 0.99},
        "gaussian": {"points": 10_000, "bins": 20},
    }.items(),
)
def test_the_defaults_are_those_published(name: str, options: dict[str, float]) -> None:
    assert registry.check_options("metrics", name, {}, "here") == options


# What may not change them.


def mixed(samples: int = 1500) -> tuple[np.ndarray, np.ndarray]:
    """Codes that tell three factors in part."""
    factors = uniform((2, 4, 7), samples)
    codes = np.tanh((factors / [1, 3, 6] - 0.5) @ rng(1).normal(size=(3, 6)))
    return codes + 0.1 * rng(2).normal(size=codes.shape), factors


def same(found: dict[str, float], expected: dict[str, float], keys: tuple[str, ...] = ()) -> None:
    for key in keys or expected:
        assert found[key] == pytest.approx(expected[key], rel=1e-6, abs=1e-9), key


@pytest.mark.parametrize("name", ALL)
def test_the_order_of_codes_is_irrelevant(name: str) -> None:
    codes, factors = mixed()
    same(quick(name, codes[:, [3, 0, 5, 4, 1, 2]], factors), quick(name, codes, factors))


@pytest.mark.parametrize("name", SUPERVISED)
def test_the_names_of_values_are_irrelevant(name: str) -> None:
    """Draws are by sorted value, so a relabelling keeps order where the draws have to be the same."""
    codes, factors = mixed()
    spread = factors * [3, 1, 2] + [1, 0, 5]
    same(quick(name, codes, spread), quick(name, codes, factors))


@pytest.mark.parametrize("name", ALL)
def test_signs_of_codes_are_irrelevant(name: str) -> None:
    codes, factors = mixed()
    same(quick(name, codes * [1, -1, 1, 1, -1, -1], factors), quick(name, codes, factors))


@pytest.mark.parametrize("name", [name for name in ALL if name != "sap"])
def test_origins_of_codes_are_irrelevant(name: str) -> None:
    codes, factors = mixed()
    same(quick(name, codes + np.array([3, -2, 0, 0.7, 11, 1e3]), factors), quick(name, codes, factors))


@pytest.mark.parametrize("name", ["factor_vae_score", "mig", "modularity", "gaussian"])
def test_scales_of_codes_are_irrelevant_to(name: str) -> None:
    codes, factors = mixed()
    keys = ("total_correlation", "mutual_information") if name == "gaussian" else ()
    same(quick(name, codes * [3, 1, 7, 0.5, 20, 1], factors), quick(name, codes, factors), keys)


def test_a_scale_of_all_codes_is_irrelevant_to_irs_and_known_to_gaussian_scores() -> None:
    codes, factors = mixed()
    same(quick("irs", 7 * codes, factors), quick("irs", codes, factors))
    # but codes count by their largest deviation
    assert abs(quick("irs", codes * [9, 1, 1, 1, 1, 1], factors)["irs"] - quick("irs", codes, factors)["irs"]) > 1e-3
    found, expected = quick("gaussian", 7 * codes, factors), quick("gaussian", codes, factors)
    assert found["wasserstein_correlation"] == pytest.approx(49 * expected["wasserstein_correlation"])
    same(found, expected, ("wasserstein_correlation_normalised",))


def test_scores_that_a_scale_or_an_origin_changes() -> None:
    """A penalty or a threshold in units of the codes: documented, as published."""
    codes, factors = mixed()
    assert quick("factor_vae_score", 0.01 * codes, factors)["active_dims"] == 0
    assert quick("beta_vae_score", 0.001 * codes, factors)["train"] < quick("beta_vae_score", codes, factors)["train"]
    assert quick("sap", 0.01 * codes, factors)["sap"] != quick("sap", codes, factors)["sap"]
    assert quick("sap", codes + 100, factors)["sap"] != quick("sap", codes, factors)["sap"]


# Loops over single rows, of the published definitions, given the same draws.


@pytest.fixture(params=[(0, False), (1, True), (2, False)])
def small(request: pytest.FixtureRequest) -> Population:
    """A few random codes that tell something of two or three factors."""
    seed, complete = request.param
    sizes = (2, 3, 4) if complete else (3, 5)
    factors = np.stack(np.unravel_index(np.arange(math.prod(sizes)), sizes), axis=1) if complete else uniform(sizes, 90)
    codes = factors @ rng(seed).normal(size=(len(sizes), 4)) + rng(seed + 10).normal(size=(len(factors), 4))
    return population(codes, factors, complete)


def lists(drawn: tuple[np.ndarray, np.ndarray]) -> tuple[list[list[float]], list[list[int]]]:
    """Codes by dimension and factors by factor."""
    return drawn[0].T.tolist(), drawn[1].T.tolist()


def bin_of(code: list[float], bins: int) -> list[int]:
    """How many of the bins' lower edges a value has reached, less one."""
    low, width = min(code), (max(code) - min(code)) / bins
    return [sum(value >= low + i * width for i in range(bins)) - 1 for value in code]


def information(codes: list[list[float]], factors: list[list[int]], bins: int) -> list[list[float]]:
    return [[mutual_info_score(bin_of(code, bins), factor) for factor in factors] for code in codes]


def test_mig_equals_loops(small: Population) -> None:
    codes, factors = lists(small.whole().draw(70, rng()))
    m = information(codes, factors, 6)
    gaps = []
    for k, factor in enumerate(factors):
        best, second, *_ = sorted((row[k] for row in m), reverse=True)
        shares = [n / len(factor) for n in Counter(factor).values()]
        gaps.append((best - second) / -sum(p * math.log(p) for p in shares))
    found = mig.Metric(points=70, bins=6).scores(small, rng())
    assert found["mig"] == pytest.approx(sum(gaps) / len(gaps), abs=1e-9)


def test_modularity_and_explicitness_equal_loops(small: Population) -> None:
    draws = rng()
    pools = small.split(draws)
    train, test = (pool.draw(count, draws) for pool, count in zip(pools, (50, 25), strict=True))
    m = information(*lists(train), 6)
    plain = []
    for row in m:
        best = max(row)
        template = [best if value == best else 0 for value in row]
        plain.append(
            1 - sum((value - t) ** 2 for value, t in zip(row, template, strict=True)) / (best**2 * (len(row) - 1))
        )
    areas: list[list[float]] = [[], []]
    mean = [statistics.fmean(code) for code in train[0].T]
    deviation = [statistics.pstdev(code) for code in train[0].T]
    for k in range(train[1].shape[1]):
        peer = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000, solver="newton-cg")
        peer.fit((train[0] - mean) / deviation, train[1][:, k])
        for part, (codes, factors) in enumerate((train, test)):
            p = peer.predict_proba((codes - mean) / deviation)
            each = [roc_auc_score(factors[:, k] == value, p[:, v]) for v, value in enumerate(peer.classes_)]
            areas[part].append(statistics.fmean(each))
    found = modularity.Metric(train_points=50, test_points=25, bins=6).scores(small, rng())
    assert found["as_published"] == pytest.approx(statistics.fmean(plain), abs=1e-9)
    assert found["explicitness_train"] == pytest.approx(statistics.fmean(areas[0]), abs=1e-9)
    assert found["explicitness_test"] == pytest.approx(statistics.fmean(areas[1]), abs=1e-9)


def test_sap_equals_loops(small: Population) -> None:
    draws = rng()
    pools = small.split(draws)
    train, test = (pool.draw(count, draws) for pool, count in zip(pools, (50, 25), strict=True))
    gaps = []
    for k in range(train[1].shape[1]):
        right = []
        for d in range(4):
            svc = LinearSVC(C=0.01, class_weight="balanced", dual=False, tol=1e-12, max_iter=100_000)
            told = svc.fit(train[0][:, [d]], train[1][:, k]).predict(test[0][:, [d]])
            right.append(sum(a == b for a, b in zip(told, test[1][:, k], strict=True)) / len(told))
        right.sort()
        gaps.append(right[-1] - right[-2])
    found = sap.Metric(train_points=50, test_points=25).scores(small, rng())
    assert found["sap"] == pytest.approx(statistics.fmean(gaps), abs=1e-12)


def percentile(values: list[float], q: float) -> float:
    ordered, place = sorted(values), q * (len(values) - 1)
    low = math.floor(place)
    return ordered[low] + (place - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])


def test_irs_equals_loops(small: Population) -> None:
    codes, factors = lists(small.whole().draw(70, rng()))
    best, weights = [], []
    for code in codes:
        largest = max(abs(value - statistics.fmean(code)) for value in code)
        still = []
        for factor in factors:
            deviations = []
            for value in sorted(set(factor)):
                group = [z for z, f in zip(code, factor, strict=True) if f == value]
                deviations.append(percentile([abs(z - statistics.fmean(group)) for z in group], 0.9))
            still.append(1 - statistics.fmean(deviations) / largest)
        best.append(max(still))
        weights.append(largest)
    expected = sum(b * w for b, w in zip(best, weights, strict=True)) / sum(weights)
    assert irs.Metric(points=70, quantile=0.9).scores(small, rng())["irs"] == pytest.approx(expected, abs=1e-12)


def test_gaussian_mutual_information_equals_loops(small: Population) -> None:
    codes, _ = lists(small.whole().draw(70, rng()))
    bins = [bin_of(code, 6) for code in codes]
    pairs = [mutual_info_score(bins[i], bins[j]) for i in range(4) for j in range(4) if i != j]
    found = gaussian.Metric(points=70, bins=6).scores(small, rng())
    assert found["mutual_information"] == pytest.approx(statistics.fmean(pairs), abs=1e-9)


def test_the_beta_vae_score_equals_loops(small: Population, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beta_vae_score, "CHUNK", 100)  # which parts the groups
    draws = rng()
    points = []
    for pool, count in zip(small.split(draws), (60, 30), strict=True):
        x, y = [], sorted(int(k) for k in draws.integers(small.factors.shape[1], size=count))
        for k in range(small.factors.shape[1]):
            pairs = iter(pool.draw_pairs(k, y.count(k) * 8, draws).tolist())
            for _ in range(y.count(k)):
                batch = [next(pairs) for _ in range(8)]
                assert all(small.factors[a, k] == small.factors[b, k] for a, b in batch)
                assert small.complete or all(a != b for a, b in batch)
                x.append(
                    [statistics.fmean(abs(small.codes[a, d] - small.codes[b, d]) for a, b in batch) for d in range(4)]
                )
        points.append((x, y))
    # C of one logistic function of two classes, as above
    peer = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000)
    peer.fit(*points[0])
    found = beta_vae_score.Metric(train_points=60, test_points=30, batch=8).scores(small, rng())
    assert found == {"train": peer.score(*points[0]), "test": peer.score(*points[1])}


def test_the_factor_vae_score_equals_loops(small: Population, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factor_vae_score, "CHUNK", 100)
    small.codes[:, 2] *= 0.01  # below the threshold
    draws = rng()
    pools = small.split(draws)
    sample = pools[0].draw(40, draws)[0]
    overall = [statistics.variance(code) for code in sample.T.tolist()]
    kept = [d for d in range(4) if math.sqrt(overall[d]) >= 0.05]
    assert kept == [0, 1, 3]
    cast: list[Counter[tuple[int, int]]] = [Counter(), Counter()]
    for part, (pool, count) in enumerate(zip(pools, (80, 40), strict=True)):
        fixed = Counter(int(k) for k in draws.integers(small.factors.shape[1], size=count))
        for k in range(small.factors.shape[1]):
            for group in pool.draw_sharing(k, fixed[k], 5, draws).tolist():
                spread = {d: statistics.variance(float(small.codes[n, d]) for n in group) / overall[d] for d in kept}
                cast[part][min(kept, key=lambda d: spread[d]), k] += 1
    told = {d: max(range(small.factors.shape[1]), key=lambda k: cast[0][d, k]) for d in kept}
    right = [sum(votes[d, told[d]] for d in kept) / votes.total() for votes in cast]
    found = factor_vae_score.Metric(variance_points=40, train_votes=80, test_votes=40, batch=5).scores(small, rng())
    assert found == {"train": pytest.approx(right[0]), "test": pytest.approx(right[1]), "active_dims": 3}


# Logistic regression as a classifier.


def test_a_classifier_tells_classes_by_their_names() -> None:
    x, labels = rng(0).normal(size=(60, 3)), rng(1).integers(3, size=60)
    x[:, 0] += 3 * labels
    names = np.array([5, 9, 2])
    fitted, peer = logistic_regression.fit(x, names[labels], 1.0), LogisticRegression(tol=1e-9, max_iter=10_000)
    peer.fit(x, names[labels])
    assert fitted.classes.tolist() == [2, 5, 9]
    assert fitted.probabilities(x) == pytest.approx(peer.predict_proba(x), abs=1e-5)
    assert fitted.accuracy(x, names[labels]) == peer.score(x, names[labels])


@pytest.mark.parametrize("scale", [0.0, 1e-9, 1e9])
def test_a_classifier_of_any_scale_is_found(scale: float) -> None:
    x, labels = scale * rng(0).normal(size=(200, 3)), rng(1).integers(4, size=200)
    shares = np.bincount(labels) / 200
    p = logistic_regression.fit(x, labels, 1.0).probabilities(x)
    assert p.mean(axis=0) == pytest.approx(shares, abs=1e-3)  # the bias is free of penalty
