"""Scores at the edges: few rows a value, one factor, codes of any unit, outliers, factors that are numbers."""

import math
from typing import Any

import numpy as np
import pytest

from disentangle import registry
from disentangle.evaluation import mutual_information
from disentangle.evaluation.metrics import gaussian, irs, mig, modularity, sap
from disentangle.evaluation.mutual_information import by_distance, remarks
from disentangle.evaluation.neighbour_information import ksg, self_information
from disentangle.evaluation.population import Population
from disentangle.evaluation.scores import remarks_of, scores_of

FEW = {
    "beta_vae_score": {"train_points": 3000, "test_points": 3000},
    "factor_vae_score": {"train_votes": 3000, "test_votes": 3000},
}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def population(codes: np.ndarray, factors: np.ndarray, continuous: tuple[int, ...] = ()) -> Population:
    names = tuple(f"factor {k}" for k in range(factors.shape[1]))
    numbers = tuple(names[k] for k in continuous)
    return Population(codes.astype(np.float64), factors, names, complete=False, continuous=numbers)


def built(name: str) -> dict[str, Any]:
    return {name: registry.build("metrics", name, FEW.get(name, {}))}


def scores(name: str, codes: np.ndarray, factors: np.ndarray, continuous: tuple[int, ...] = ()) -> dict[str, Any]:
    found = scores_of(built(name), population(codes, factors, continuous))[name]
    assert found is not None
    return found


# Few rows a value, and few factors.


@pytest.mark.parametrize("rows_a_value", [6, 60])
def test_the_beta_vae_score_of_noise_on_a_sample_is_chance(rows_a_value: int) -> None:
    """A pair that were one row twice would be nearer in the factor of the fewest rows a value: .66 and .49 for 1/3."""
    factors = rng().integers((5, 20, 100), size=(100 * rows_a_value, 3))
    found = [scores("beta_vae_score", rng(seed).normal(size=(len(factors), 5)), factors)["test"] for seed in range(3)]
    assert np.mean(found) == pytest.approx(1 / 3, abs=0.05)


@pytest.mark.parametrize("name", ["beta_vae_score", "factor_vae_score"])
def test_rows_alone_with_their_value_tell_no_factor(name: str) -> None:
    """Of 1,500 values of a third factor most have a row or two: groups of one have no differences and no variance."""
    factors = rng().integers((5, 20, 1500), size=(1500, 3))
    metric = registry.build("metrics", name, FEW[name] | {"batch": 4})
    found = [metric.scores(population(rng(seed).normal(size=(1500, 5)), factors), rng())["test"] for seed in range(3)]
    assert np.mean(found) == pytest.approx(1 / 3, abs=0.06)


@pytest.mark.parametrize("name", ["beta_vae_score", "factor_vae_score"])
def test_where_a_factor_has_a_value_a_row_no_group_shares_it(name: str) -> None:
    factors = np.column_stack([rng().integers(5, size=90), np.arange(90)])
    found = scores(name, rng().normal(size=(90, 3)), factors)
    assert (found["train"], found["test"]) == (None, None)


@pytest.mark.parametrize("name", ["beta_vae_score", "factor_vae_score"])
def test_one_factor_that_varies_is_none_to_tell(name: str) -> None:
    factors = np.column_stack([rng().integers(5, size=300), np.full(300, 2)])
    found = scores(name, rng().normal(size=(300, 3)), factors)
    assert (found["train"], found["test"]) == (None, None)


def test_a_row_alone_is_not_still() -> None:
    """Noise is perfectly robust to a factor of a value a row, and to one that many rows are alone with."""
    codes, factors = rng().normal(size=(300, 2)), np.column_stack([np.arange(300), rng(1).integers(4, size=300)])
    assert irs.robustness(codes, factors, 0.99) == irs.robustness(codes, factors[:, 1:], 0.99)
    assert math.isnan(irs.robustness(codes, factors[:, :1], 0.99))
    paired = np.minimum(np.arange(300), 200)[:, None]  # the last hundred share a value
    whole = np.abs(codes - codes.mean(axis=0)).max(axis=0)
    part = np.abs(codes[200:] - codes[200:].mean(axis=0))
    still = np.average(1 - np.quantile(part, 0.99, axis=0) / whole, weights=whole)
    assert irs.robustness(codes, paired, 0.99) == pytest.approx(still)


def test_robustness_of_noise_is_as_documented() -> None:
    factors = rng().integers((3, 6, 40, 32, 32), size=(10_000, 5))
    found = [irs.robustness(rng(seed).normal(size=(10_000, 10)), factors, 0.99) for seed in range(3)]
    assert all(0.37 <= value <= 0.44 for value in found)


@pytest.mark.parametrize("name", ["sap", "dci", "mig", "modularity", "irs", "downstream_gbt", "downstream_lr"])
def test_a_factor_of_one_value_changes_nothing(name: str) -> None:
    """It would shrink the mean gap of SAP, and help informativeness and accuracies."""
    factors = rng().integers((3, 4), size=(400, 2))
    codes = np.column_stack([factors, rng(1).normal(size=400)]) + 0.2 * rng(2).normal(size=(400, 3))
    beside = np.column_stack([factors[:, :1], np.full(400, 7), factors[:, 1:]])
    assert scores(name, codes, beside) == scores(name, codes, factors)


def test_a_value_that_is_always_the_same_does_not_help_its_mean() -> None:
    factors = rng().integers((2, 3), size=(100, 2)) * [0, 1]
    found = scores("value_accuracy", factors * [1, 0], factors)
    right = np.mean(factors[:, 1] == 0)
    assert found == {"mean": right, "all": right, "factor 0": 1, "factor 1": right}


# Codes of any unit.


def test_codes_without_an_active_dimension_have_no_factor_vae_score_but_a_remark() -> None:
    codes = rng().normal(size=(500, 512))
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    factors = rng(1).integers((3, 4), size=(500, 2))
    given = population(codes, factors)
    assert scores_of(built("factor_vae_score"), given)["factor_vae_score"] == {
        "train": None,
        "test": None,
        "active_dims": 0,
    }
    (remark,) = remarks_of(built("factor_vae_score"), given)["factor_vae_score"]
    assert remark.startswith("No code is active: the largest standard deviation of a code is 0.04")
    assert remark.endswith("and the threshold, in units of the codes, 0.05.")
    assert remarks_of(built("factor_vae_score"), population(23 * codes, factors)) == {}


@pytest.mark.parametrize("scale", [1e-150, 1e-80, 1e80, 1e150])
def test_gaussian_scores_of_any_unit(scale: float) -> None:
    codes = rng().normal(size=(500, 3)) @ rng(1).normal(size=(3, 3))
    none = np.zeros((500, 1), int)
    found, expected = scores("gaussian", scale * codes, none), scores("gaussian", codes, none)
    distance = expected.pop("wasserstein_correlation")
    assert found.pop("wasserstein_correlation") == pytest.approx(distance * scale**2, rel=1e-9)
    assert found == pytest.approx(expected)


def test_a_distance_beyond_all_numbers_is_not_defined() -> None:
    codes = 1e200 * rng().normal(size=(500, 3)) @ rng(1).normal(size=(3, 3))
    found = scores("gaussian", codes, np.zeros((500, 1), int))
    assert found["wasserstein_correlation"] is None
    assert 0 < found["wasserstein_correlation_normalised"] < 2
    units = np.array([1e100, 1, 1e-150])
    alone = scores("gaussian", codes / 1e200, np.zeros((500, 1), int))
    each = scores("gaussian", codes / 1e200 * units, np.zeros((500, 1), int))
    assert each["total_correlation"] == pytest.approx(alone["total_correlation"])


def test_the_unit_of_gaussian_scores_is_a_power_of_two_which_changes_no_digit() -> None:
    codes = rng().normal(size=(500, 3)) @ rng(1).normal(size=(3, 3))
    covariance = np.cov(codes, rowvar=False)
    found = gaussian.Metric().scores(population(codes, np.zeros((500, 1), int)), rng())
    order = rng().permutation(500)
    covariance = np.cov(codes[order], rowvar=False)
    assert found["total_correlation"] == pytest.approx(gaussian.total_correlation(covariance), rel=1e-12)
    assert found["wasserstein_correlation"] == gaussian.wasserstein_correlation(covariance)


@pytest.mark.parametrize("scale", [1e-150, 1e-80, 1e80, 1e150])
def test_halves_of_any_unit(scale: float) -> None:
    codes = rng().normal(size=(60, 4)) @ rng(1).normal(size=(4, 4))
    none = np.zeros((60, 1), int)
    assert scores("half_similarity", scale * codes, none) == pytest.approx(scores("half_similarity", codes, none))


# Outliers.


@pytest.mark.parametrize("name", ["mig", "modularity", "gaussian", "domain_information"])
def test_one_outlier_is_told(name: str) -> None:
    factors = rng().integers((3, 4), size=(600, 2))
    codes = np.column_stack([factors, rng(1).normal(size=600)]) + 0.1 * rng(2).normal(size=(600, 3))
    assert remarks_of(built(name), population(codes, factors)) == {}
    codes[17, 1] = 1e4
    (remark,) = remarks_of(built(name), population(codes, factors))[name]
    assert remark.startswith("Outliers stretch the 20 bins of equal width of code 1: all rows but 1 at either end ")
    if name == "mig":
        assert scores(name, codes, factors)["mig"] < 0.5


def test_remarks_name_the_codes_whose_bins_are_stretched() -> None:
    codes = rng().uniform(size=(3000, 9))
    discrete = np.zeros(2, bool)
    assert remarks(codes, discrete, 20) == []
    assert remarks(np.column_stack([np.ones(3000), rng().integers(2, size=3000)]), discrete, 20) == []  # nor few values
    codes[:3, [0, 2]] = 9  # three in 3,000 at an end
    (remark,) = remarks(codes, discrete, 20)
    assert " of code 0, 2: all rows but 3 at either end " in remark
    codes[3, [0, 2]] = 9  # a fourth is none that is left out
    assert remarks(codes, discrete, 20) == []
    codes[0] = -1e308
    codes[1] = 1e308
    assert "0, 1, 2, 3, 4 and 4 more" in remarks(codes, discrete, 20)[0]
    assert remarks(codes, ~discrete, 20) == []


# Factors that are numbers.


def of_both_kinds(rows: int = 600) -> tuple[np.ndarray, np.ndarray]:
    factors = np.column_stack([rng().normal(size=rows), rng(1).integers(3, size=rows), rng(2).uniform(size=rows)])
    codes = np.column_stack([factors, factors[:, 0] + factors[:, 1], rng(3).normal(size=rows)])
    return codes + 0.1 * rng(4).normal(size=codes.shape), factors


def test_mig_of_both_kinds_equals_loops() -> None:
    codes, factors = of_both_kinds()
    gaps = []
    for k in (0, 2):
        told = sorted(min(ksg(code, factors[:, k]), self_information(factors[:, k])) for code in codes.T)
        gaps.append((told[-1] - told[-2]) / self_information(factors[:, k]))
    discrete = factors[:, 1:2].astype(int)
    gaps.append(mig.gap(codes, discrete, np.zeros(1, bool), 20))
    kinds = np.array([True, False, True])
    assert mig.gap(codes, factors, kinds, 20) == pytest.approx(np.mean(gaps))
    assert 0.3 < np.mean(gaps) < 1
    # codes that are numbers tell all that is found of them
    assert mig.gap(factors, factors[:, [0, 2]], np.ones(2, bool), 20) > 0.95


def test_sap_of_both_kinds_equals_loops() -> None:
    codes, factors = of_both_kinds()
    given = population(codes, factors, (0, 2))
    draws = rng()
    train, test = (pool.draw(n, draws) for pool, n in zip(given.split(draws), (10_000, 5000), strict=True))
    gaps = []
    for k in (0, 2):
        told = sorted(np.corrcoef(code, train[1][:, k])[0, 1] ** 2 for code in train[0].T)
        gaps.append(told[-1] - told[-2])
    ranked = np.sort(sap.accuracies((train[0], train[1][:, 1:2]), (test[0], test[1][:, 1:2]), 0.01)[:, 0])
    gaps.append(ranked[-1] - ranked[-2])
    assert sap.Metric().scores(given, rng())["sap"] == pytest.approx(np.mean(gaps))


def test_squared_correlations_of_any_unit() -> None:
    codes, factors = of_both_kinds()
    expected = np.corrcoef(codes, factors, rowvar=False)[:5, 5:] ** 2
    for scale in (1, 1e-150, 1e150):
        assert sap.squared_correlations(scale * codes, factors / scale) == pytest.approx(expected)
    assert sap.squared_correlations(np.full((9, 2), 0.1), factors[:9]).tolist() == [[0] * 3] * 2


def test_modularity_of_both_kinds() -> None:
    """Codes of one factor each, of whichever kind, are modular; explicitness is of the label alone."""
    codes, factors = of_both_kinds(3000)
    given = scores("modularity", codes[:, [0, 1, 2, 4]], factors, (0, 2))
    assert given["bias_corrected"] == pytest.approx(1, abs=0.01)
    assert given["explicitness_test"] > 0.95
    alone = scores("modularity", codes[:, :3], factors[:, 1:2].astype(int))
    assert given["explicitness_test"] == pytest.approx(alone["explicitness_test"], abs=0.02)
    numbers = scores("modularity", codes, factors[:, [0, 2]], (0, 1))
    assert numbers["explicitness_test"] is None
    assert numbers["bias_corrected"] > 0.95
    noise = scores("modularity", rng(9).normal(size=(3000, 4)), factors, (0, 2))
    assert noise["bias_corrected"] is None


def test_modularity_as_published_of_both_kinds_equals_loops() -> None:
    codes, factors = of_both_kinds(900)
    train = population(codes, factors, (0, 2)).split(draws := rng())[0].draw(10_000, draws)
    cut = mutual_information.binned(train[0], 20)
    label = mutual_information.matrix(cut, train[1][:, 1:2].astype(int))[:, 0]
    found = []
    for d, code in enumerate(train[0].T):
        m = [ksg(code, train[1][:, 0]), label[d], ksg(code, train[1][:, 2])]
        found.append(1 - (sum(x**2 for x in m) - max(m) ** 2) / (2 * max(m) ** 2))
    given = modularity.Metric().scores(population(codes, factors, (0, 2)), rng())
    assert given["as_published"] == pytest.approx(np.mean(found))


@pytest.mark.parametrize("kind", ["normal", "uniform", "heavy", "few values"])
def test_independent_numbers_are_no_more_than_chance(kind: str) -> None:
    """At a level of a tenth, about a tenth of estimates is left; at one in a million, none."""
    found = []
    for seed in range(150):
        x, y = rng(seed).normal(size=(2, 400))
        x = {"normal": x, "uniform": rng(seed).uniform(size=400), "heavy": x**3, "few values": np.round(x)}[kind]
        found.append(ksg(x, y))
    information = np.array(found)[:, None]
    assert 0.01 <= (by_distance(information, 400, 0.1) > 0).mean() <= 0.16
    assert not by_distance(information, 400, 1e-6).any()
    assert by_distance(np.array([[0.5, 0.01]]), 400, 1e-6).tolist() == [[0.5, 0]]


@pytest.mark.parametrize("name", ["beta_vae_score", "factor_vae_score", "irs", "retrieval", "downstream_gbt"])
def test_what_takes_labels_alone_is_not_given_numbers(name: str) -> None:
    codes, factors = of_both_kinds(300)
    labels = np.column_stack([factors[:, 1], rng(7).integers(4, size=300)])
    both = np.column_stack([factors[:, 0], labels])
    names = ("factor 1", "factor 2")
    alone = scores_of(built(name), Population(codes, labels.astype(int), names, complete=False))[name]
    found = scores(name, codes, both, (0,))
    assert alone is not None
    assert {key: value for key, value in found.items() if not key.endswith("factor 0")} == alone
    assert remarks_of(built(name), population(codes, both, (0,)))[name] == ["Without factor 0 (continuous)."]
