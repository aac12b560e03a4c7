"""What codes tell of factors as matrices: naive sums, the scores that they are of, and how they are drawn."""

import math
from collections import Counter

import numpy as np
import pytest

from disentangle import streams
from disentangle.data.grid import values_of
from disentangle.evaluation.code_matrices import importance_shares, information_shares, order
from disentangle.evaluation.metrics import dci, mig
from disentangle.evaluation.population import Population
from disentangle.evaluation.scores import scores_of
from disentangle.reporting import code_matrices

SIZES = {"a": 3, "b": 4, "still": 1, "c": 2}
OPTIONS = {"mig": {"points": 90, "bins": 5}, "dci": {"train_points": 80, "test_points": 30}}
METRICS = {"mig": mig.Metric(90, 5), "dci": dci.Metric(80, 30)}


def population(complete: bool) -> Population:
    """Codes 3, 1 and 0 hold the factors a, b and c, with noise; 2 and 4 are noise."""
    factors = values_of(np.arange(24).repeat(6), SIZES)
    codes = streams.rng(0, "codes").normal(size=(len(factors), 5))
    for code, factor in ((3, 0), (1, 1), (0, 3)):
        codes[:, code] = factors[:, factor] + 0.2 * codes[:, code]
    return Population(codes, factors, tuple(SIZES), complete)


def naive_share(codes: np.ndarray, factor: np.ndarray, bins: int) -> float:
    """I / H by sums over pairs of values, codes in bins of equal width."""
    low, high = min(codes), max(codes)
    edges = [low + (high - low) * k / bins for k in range(1, bins)]
    cut = [sum(code >= edge for edge in edges) for code in codes]
    count, pairs = len(codes), Counter(zip(cut, factor.tolist(), strict=True))
    of_code, of_factor = Counter(cut), Counter(factor.tolist())
    information = sum(n / count * math.log(n * count / of_code[a] / of_factor[b]) for (a, b), n in pairs.items())
    return information / -sum(n / count * math.log(n / count) for n in of_factor.values())


@pytest.mark.parametrize("complete", [True, False])
def test_information_is_a_share_of_entropy_whose_gaps_are_mig(complete: bool) -> None:
    own = population(complete)
    found = information_shares(own, METRICS["mig"])
    codes, factors = own.of(own.varying).whole().draw(90, streams.rng(0, "measure", "mig"))
    expected = [[naive_share(code, factor, 5) for factor in factors.T] for code in codes.T]
    assert found == pytest.approx(np.array(expected)) and found.shape == (5, 3)
    assert found.min() >= 0 and found.max() <= 1
    ranked = np.sort(found, axis=0)
    assert (ranked[-1] - ranked[-2]).mean() == pytest.approx(scores_of(METRICS, own)["mig"]["mig"])


@pytest.mark.parametrize("complete", [True, False])
def test_importances_are_those_that_dci_is_a_score_of(complete: bool) -> None:
    own = population(complete)
    found, score = importance_shares(own, METRICS["dci"]), scores_of(METRICS, own)["dci"]
    assert found.sum(axis=0) == pytest.approx(1) and found.argmax(axis=0).tolist() == [3, 1, 0]
    assert dci.disentanglement(found) == score["disentanglement"]
    assert dci.completeness(found) == score["completeness"]


def test_codes_are_in_the_order_of_what_they_tell() -> None:
    shares = np.array([[0.01, 0.02], [0.1, 0.6], [0.4, 0.3], [0.9, 0.0], [0.04, 0.0], [0.0, 0.7]])
    assert order(shares).tolist() == [3, 2, 5, 1, 4, 0]


def test_a_row_is_a_code_and_a_factor_with_both_values() -> None:
    names = ["p.0", "p.1", "q.0", "q.1", "q.2"]
    table = code_matrices.rows(population(True), OPTIONS, names, {"model": "best"})
    shares, importances = (
        information_shares(population(True), METRICS["mig"]),
        importance_shares(population(True), METRICS["dci"]),
    )
    for row in table.to_dict("records"):
        place = names.index(row["code"]), ["a", "b", "c"].index(row["factor"])
        assert (row["information"], row["importance"]) == (shares[place], importances[place])
    # q.1 tells a, p.1 tells b, p.0 tells c; those of one partition stay together
    assert table["code"].unique().tolist()[:3] == ["p.1", "p.0", "q.1"] and len(table) == 15
    assert table["disentanglement"].unique().tolist() == [dci.disentanglement(importances)]


def test_heat_maps_hold_the_table_and_numbers_where_there_is_something() -> None:
    table = code_matrices.rows(population(True), OPTIONS, [f"z{k}" for k in range(5)], {})
    figure = code_matrices.draw({"first": table, "second": table})
    maps = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title(loc="left") for ax in maps[:4:2]] == ["first", "second"]
    for ax, name in zip(maps, ["information", "importance"] * 2, strict=False):
        values = table[name].to_numpy().reshape(5, 3)
        assert np.array_equal(ax.images[0].get_array(), values) and ax.images[0].get_clim() == (0, 1)
        told = {(round(text.get_position()[1]), round(text.get_position()[0])): text.get_text() for text in ax.texts}
        assert told == {place: f"{value:.2f}" for place, value in np.ndenumerate(values) if value >= 0.05}
    assert [label.get_text() for label in maps[0].get_yticklabels()] == table["code"].unique().tolist()
    assert [label.get_text() for label in maps[2].get_xticklabels()] == ["a", "b", "c"]


def test_codes_that_are_no_numbers_and_no_model_at_all_are_drawn_as_nothing() -> None:
    own = population(True)
    lost = Population(np.full_like(own.codes, np.nan), own.factors, own.names, True)
    table = code_matrices.rows(lost, OPTIONS, [f"z{k}" for k in range(5)], {})
    assert table[["information", "importance"]].isna().all(axis=None) and len(table) == 15
    assert not [ax.texts for ax in code_matrices.draw({"lost": table}).axes if ax.texts]
    assert code_matrices.draw({}).axes[0].texts[0].get_text() == "no model"
