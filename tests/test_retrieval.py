"""Neighbours against brute force, what retrieval says of codes whose neighbours are known, and domain information."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from disentangle.evaluation.labelled_codes import LabelledCodes, unit
from disentangle.evaluation.metrics import domain_information
from disentangle.evaluation.metrics.retrieval import Metric, chance, matching
from disentangle.evaluation.neighbours import nearest
from disentangle.evaluation.population import Population
from disentangle.evaluation.scores import scores_of

SIZES = {"shape": 3, "hue": 4, "angle": 6}
GRID = np.stack(np.unravel_index(np.arange(72), tuple(SIZES.values())), axis=1)
"""Three domains of 24 images; every combination of hue and angle once in each."""


def by_brute_force(codes: np.ndarray, queries: np.ndarray, count: int) -> list[list[int]]:
    found = []
    for query in queries:
        apart = [(float(((code - codes[query]) ** 2).sum()), row) for row, code in enumerate(codes) if row != query]
        found.append([row for _, row in sorted(apart)[:count]])
    return found


@st.composite
def whole_codes(draw: st.DrawFn) -> np.ndarray:
    """Small integers, so that squared distances are exact, and many are the same."""
    rows, dim = draw(st.integers(2, 30)), draw(st.integers(1, 4))
    numbers = draw(st.lists(st.integers(-2, 2), min_size=rows * dim, max_size=rows * dim))
    return np.array(numbers, dtype=float).reshape(rows, dim)


@given(whole_codes(), st.integers(1, 200), st.data())
def test_neighbours_are_those_of_brute_force_in_blocks_of_any_size(
    codes: np.ndarray, block: int, data: st.DataObject
) -> None:
    queries = np.array(data.draw(st.lists(st.integers(0, len(codes) - 1), min_size=1, unique=True)))
    count = data.draw(st.integers(1, min(3, len(codes) - 1)))
    found = nearest(codes, queries, count, block)
    assert found.tolist() == by_brute_force(codes, queries, count)
    assert nearest(codes, queries, count).tolist() == found.tolist()


@pytest.mark.parametrize("dim", [1, 2, 8, 64])
def test_neighbours_of_unit_codes_are_the_largest_inner_products(dim: int) -> None:
    codes = unit(np.random.default_rng(dim).normal(size=(300, dim)) + 0.2)
    products = codes @ codes.T
    np.fill_diagonal(products, -np.inf)
    found = nearest(codes, np.arange(300), block=1000)[:, 0]
    if dim > 1:
        assert found.tolist() == products.argmax(axis=1).tolist()
    else:  # all are 1 or -1: the first other one of the sign
        assert found.tolist() == [row[0] for row in by_brute_force(codes, np.arange(300), 1)]


def test_a_query_is_told_from_its_duplicates_and_of_them_the_first_is_found() -> None:
    codes = np.array([[0.3, 0.4], [0.1, 0.9], [0.3, 0.4], [0.3, 0.4]])
    assert nearest(codes, np.arange(4), 3).tolist() == [[2, 3, 1], [0, 2, 3], [0, 3, 1], [0, 2, 1]]
    same = np.full((50, 7), 0.1)
    assert nearest(same, np.arange(50))[:, 0].tolist() == [1] + [0] * 49
    assert nearest(np.zeros((3, 2)), np.arange(3))[:, 0].tolist() == [1, 0, 0]


def test_rotation_shift_and_scale_leave_the_neighbours() -> None:
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(200, 5))
    expected = nearest(codes, np.arange(200), 3).tolist()
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    for moved in (codes @ turn, codes + 1e6, 1e-8 * codes, 1e90 * codes, 1e-180 * codes, 1e300 * codes):
        assert nearest(moved, np.arange(200), 3).tolist() == expected


def test_values_match_within_a_margin_at_both_ends() -> None:
    values = np.arange(6)
    assert matching(values, np.array(0), 6, 0).tolist() == [True, False, False, False, False, False]
    assert matching(values, np.array(0), 6, 1).tolist() == [True, True, False, False, False, True]
    assert matching(values, np.array(5), 6, 2).tolist() == [True, True, False, True, True, True]
    assert matching(values, np.array(2), 6, 3).all()


@given(st.integers(1, 30), st.integers(0, 10), st.data())
def test_going_round_is_the_same_either_way(size: int, margin: int, data: st.DataObject) -> None:
    a, b = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    expected = any((a + step) % size == b for step in range(-margin, margin + 1))
    assert bool(matching(np.array(a), np.array(b), size, margin)) == expected
    assert bool(matching(np.array(b), np.array(a), size, margin)) == expected


@pytest.mark.parametrize("margin", [0, 1, 3])
def test_chance_is_what_all_other_images_give(margin: int) -> None:
    values = np.random.default_rng(1).integers(0, 6, 40)
    asked = np.array([0, 3, 7, 39])
    pairs = [(a, b) for a, b in itertools.product(asked, range(40)) if a != b]
    expected = np.mean([matching(values[a], values[b], 6, margin) for a, b in pairs])
    assert chance(values, asked, 6, margin) == pytest.approx(expected, abs=1e-12)


def labelled(codes: np.ndarray, margins: dict[str, int] | None = None, copies: int = 1) -> LabelledCodes:
    test = np.arange(len(codes)) % 5 == 0
    return LabelledCodes(
        unit(codes),
        np.tile(GRID, (copies, 1)),
        tuple(SIZES),
        complete=False,
        domain="shape",
        fit=~test,
        test=test,
        sizes=SIZES,
        margins=margins or {},
        numbers={},
    )


def scores(population: Population, queries: int = 0, seed: int = 0) -> dict[str, float]:
    return Metric(queries).scores(population, np.random.default_rng(seed))


def one_hot(name: str) -> np.ndarray:
    size = SIZES[name]
    return np.eye(size)[GRID[:, [*SIZES].index(name)]]


CHANCE = {"chance_same_domain": 23 / 71, "chance_hue": 17 / 71, "chance_angle": 11 / 71}


def test_codes_of_the_attributes_find_them_in_other_domains() -> None:
    invariant = labelled(np.hstack([one_hot("hue"), one_hot("angle")]))
    assert scores(invariant) == pytest.approx({"hue": 1, "angle": 1, "all": 1, "same_domain": 0, **CHANCE})


def test_codes_of_all_labels_alike_find_the_first_image_that_differs_in_one() -> None:
    """Three neighbours of other shape, two of other angle or hue and so on are at one distance: the first is found."""
    found = scores(labelled(np.hstack([one_hot(name) for name in SIZES])))
    asked = np.flatnonzero(np.arange(72) % 5 == 0)
    first = [min(b for b in range(72) if (GRID[a] != GRID[b]).sum() == 1) for a in asked]
    same = GRID[asked] == GRID[first]
    expected = {"same_domain": same[:, 0].mean(), "hue": same[:, 1].mean(), "angle": same[:, 2].mean()}
    assert found == pytest.approx({**expected, "all": same[:, 1:].all(axis=1).mean(), **CHANCE})


def test_codes_of_the_domain_find_the_first_image_of_it() -> None:
    found = scores(labelled(one_hot("shape")))
    asked = np.flatnonzero(np.arange(72) % 5 == 0)
    first = GRID[asked, 0] * 24 + (asked % 24 == 0)  # but of a first image, the second
    same = GRID[asked] == GRID[first]
    expected = {"hue": same[:, 1].mean(), "angle": same[:, 2].mean(), "all": same[:, 1:].all(axis=1).mean()}
    assert found == pytest.approx({"same_domain": 1, **expected, **CHANCE})


def test_a_turn_changes_nothing_and_shuffled_codes_are_at_chance() -> None:
    rng = np.random.default_rng(2)
    values = np.tile(GRID, (10, 1))
    codes = np.hstack([values / [3, 4, 6], rng.normal(size=(720, 2)) / 5])
    found = scores(labelled(codes, copies=10))
    assert found["all"] > 3 * found["chance_hue"] * found["chance_angle"]
    turned = unit(codes) @ np.linalg.qr(rng.normal(size=(5, 5)))[0]
    assert scores(labelled(turned, copies=10)) == found
    shuffled = scores(labelled(rng.permutation(codes), copies=10))
    for name in ("hue", "angle", "same_domain"):
        assert shuffled[name] == pytest.approx(shuffled[f"chance_{name}"], abs=0.12)


def test_an_attribute_that_goes_round_matches_within_its_margin() -> None:
    """On a circle of 6 angles without its own, the neighbours of an angle are those beside it."""
    turn = 2 * np.pi * GRID[:, 2] / 6
    codes = np.column_stack([np.cos(turn), np.sin(turn)])
    one_each = labelled(codes)
    assert scores(one_each)["angle"] == 1
    own = LabelledCodes(**{**vars(one_each), "codes": codes[:6], "factors": GRID[:6], "test": np.ones(6, bool)})
    assert scores(own)["angle"] == 0
    round_it = LabelledCodes(**{**vars(own), "margins": {"angle": 1}})
    found = scores(round_it)
    assert (found["angle"], found["all"]) == (1, 0 + 1)
    assert found["chance_angle"] == pytest.approx(2 / 5)


def test_some_queries_are_a_seeded_draw_of_the_test_images() -> None:
    population = labelled(np.random.default_rng(3).normal(size=(72, 4)))
    whole = scores(population)
    assert scores(population, queries=15) == whole == scores(population, queries=10**6)
    assert scores(population, queries=4) == scores(population, queries=4)
    drawn = [scores(population, queries=4, seed=seed)["hue"] for seed in range(40)]
    assert len(set(drawn)) > 1
    assert set(drawn) <= {0, 0.25, 0.5, 0.75, 1}
    assert np.mean(drawn) == pytest.approx(whole["hue"], abs=0.15)


def test_where_there_is_no_domain_all_factors_are_attributes_and_all_rows_queries() -> None:
    codes = np.hstack([one_hot("shape"), one_hot("hue")])
    found = scores(Population(codes, GRID, tuple(SIZES), complete=False))
    assert list(found)[:2] == ["same_domain", "chance_same_domain"]
    assert math.isnan(found["same_domain"])
    assert (found["shape"], found["hue"]) == (1, 1)
    # six images are of one code: the neighbour of the first is the second, of the others the first
    assert found["angle"] == found["all"] == 0
    assert found["chance_shape"] == pytest.approx(23 / 71)


def information(population: Population) -> dict[str, float]:
    return domain_information.Metric().scores(population, np.random.default_rng(0))


def test_what_codes_tell_of_the_domain() -> None:
    """Of three domains of equal size, H = log 3; a code that tells one of them from the rest, H(1/3) of it."""
    one_of_three = math.log(3) - 2 / 3 * math.log(2)
    codes = np.column_stack([GRID[:, 0] == 1, GRID[:, 1], np.ones(72), GRID[:, 0]]).astype(float)
    shares = domain_information.shares(codes, GRID[:, 0], 20)
    assert shares == pytest.approx([one_of_three / math.log(3), 0, 0, 1], abs=1e-12)
    found = information(LabelledCodes(**{**vars(labelled(codes)), "codes": codes}))
    assert found == {"mean": pytest.approx(shares.mean()), "largest": pytest.approx(1)}


def test_without_a_domain_or_of_one_nothing_is_told() -> None:
    codes = np.random.default_rng(4).normal(size=(72, 3))
    plain = Population(codes, GRID, tuple(SIZES), complete=False)
    nothing = {"domain_information": {"mean": None, "largest": None}}
    assert scores_of({"domain_information": domain_information.Metric()}, plain) == nothing
    alone = LabelledCodes(**{**vars(labelled(codes)), "factors": GRID * [0, 1, 1]})
    assert scores_of({"domain_information": domain_information.Metric()}, alone) == nothing
    broken = codes.copy()
    broken[3] = np.inf
    metrics = {"domain_information": domain_information.Metric(), "retrieval": Metric()}
    assert scores_of(metrics, labelled(broken)) == {"domain_information": None, "retrieval": None}
