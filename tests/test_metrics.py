"""The contract of every file in metrics/, and the similarity of halves against closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes

from disentangle import registry, streams
from disentangle.evaluation.edits import Edits
from disentangle.evaluation.metrics.half_similarity import cka, procrustes
from disentangle.evaluation.population import Population
from disentangle.evaluation.scores import scores_of
from disentangle.pipeline.measured import metrics_of

METRICS = registry.names("metrics")
DIM = 4
SIZES = (2, 3, 5)
NAMES = ("shape", "size", "place")
FEW = {
    "points": 300,
    "train_points": 300,
    "test_points": 150,
    "variance_points": 300,
    "train_votes": 60,
    "test_votes": 30,
    "batch": 8,
}
"""Options that only cost time, of every metric that has them."""


def codes(seed: int, samples: int = 300, dim: int = 2 * DIM) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(samples, dim))


def rotation(seed: int, dim: int = DIM) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(dim, dim)))[0]


def grid() -> np.ndarray:
    return np.stack(np.unravel_index(np.arange(math.prod(SIZES)), SIZES), axis=1)


def population(x: np.ndarray, complete: bool = False) -> Population:
    factors = grid()[np.arange(len(x)) % math.prod(SIZES)]
    return Population(x, factors, NAMES, complete)


def informative(samples: int = 300) -> np.ndarray:
    """A code a factor, one of two, and noise."""
    factors = grid()[np.arange(samples) % math.prod(SIZES)]
    return np.column_stack([factors, factors[:, 0] + factors[:, 2], np.zeros((samples, 4))]) + codes(5, samples) / 10


def edits(told: str, relations: int = 2) -> Edits:
    """Edits of each row of the grid by up to two relations, and what was told afterwards, if anything."""
    start = np.tile(grid(), (2, 1, 1))
    wanted = start.copy()
    wanted[0, :, 1], wanted[1, :, 2] = (start[0, :, 1] + 1) % 3, np.minimum(start[1, :, 2] + 1, 4)
    noise = np.random.default_rng(0).integers(SIZES, size=start.shape)
    answers = {"wanted": wanted, "start": start, "noise": noise, "constant": np.zeros_like(start)}[told]
    rows, names = slice(relations), ("next", "nearer")[:relations]
    errors = {key: np.full((relations, len(grid())), 0.25, np.float32) for key in ("edited", "still", "rebuilt")}
    sizes = dict(zip(NAMES, SIZES, strict=True))
    return Edits(sizes, names, np.array([1, 2])[rows], start[rows], wanted[rows], answers[rows], errors)


def declared(name: str, relations: tuple[str, ...] = ()) -> set[str]:
    """Return the names of a metric's scores: those of each factor, attribute or relation once for each."""
    each = {"factor": NAMES, "attribute": NAMES, "relation": relations}  # all factors are attributes here
    found: set[str] = set()
    for key in registry.constant("metrics", name, "SCORES"):
        kind = key.partition("<")[2].partition(">")[0]
        found |= {key.replace(f"<{kind}>", own) for own in each[kind]} if kind else {key}
    return found


def scores(name: str, given: Population | Edits, seed: int = 0) -> dict[str, float]:
    options = {key: FEW[key] for key in registry.options("metrics", name) if key in FEW}
    found: dict[str, float] = registry.build("metrics", name, options).scores(given, np.random.default_rng(seed))
    return found


def half_similarity(x: np.ndarray) -> dict[str, float]:
    return scores("half_similarity", population(x))


CODES = {
    "noise": codes(0),
    "informative": informative(),
    "constant": np.full((300, 8), 0.3),
    "zero": np.zeros((300, 8)),
    "duplicated": np.repeat(informative()[:, :4], 2, axis=1),
    "some constant": informative() * (np.arange(8) < 3),
    "collapsed": informative() * 1e-7,
    "huge": informative() * 1e7,
    "far away": informative() + 1e6,
    "one code": informative()[:, :1],
    "two values": np.sign(codes(1)),
    "the factors": grid()[np.arange(300) % math.prod(SIZES)].astype(np.float64),
}


@pytest.mark.parametrize("complete", [False, True])
@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("name", METRICS)
def test_scores_are_those_declared_and_numbers_in_their_range_whatever_the_codes(
    name: str, kind: str, complete: bool
) -> None:
    x = CODES[kind][: math.prod(SIZES)] if complete else CODES[kind]
    found = scores(name, population(x, complete))
    # A score of a number of points, such as mean_100, is declared by its word.
    spelled = [key if key in declared(name) else key.rpartition("_")[0] for key in found]
    assert set(spelled) == declared(name)
    check_numbers(name, found)
    if name in metrics_of("edits"):  # there are none of them
        assert all(map(math.isnan, found.values()))


@pytest.mark.parametrize("relations", [0, 1, 2])
@pytest.mark.parametrize("told", ["wanted", "start", "noise", "constant"])
@pytest.mark.parametrize("name", metrics_of("edits"))
def test_scores_of_edits_are_those_declared_and_numbers_in_their_range(name: str, told: str, relations: int) -> None:
    given, same = edits(told, relations), edits(told, relations)
    found = scores(name, given)
    assert set(found) == declared(name, given.relations)
    check_numbers(name, found)
    assert scores(name, given) == pytest.approx(found, rel=0, abs=0, nan_ok=True)
    for part in ("factor", "start", "wanted", "told"):  # nothing given is changed
        assert np.array_equal(getattr(given, part), getattr(same, part))


def check_numbers(name: str, found: dict[str, float]) -> None:
    for key, value in found.items():
        assert type(value) is float
        assert not math.isinf(value)
        check_range(name, key, value)


def check_range(name: str, score: str, value: float) -> None:
    ranges = registry.constant("metrics", name, "RANGES", {})
    lowest, highest = ranges.get(score if score in ranges else score.rpartition("_")[0], (0, 1))
    lowest, highest = -math.inf if lowest is None else lowest, math.inf if highest is None else highest
    outside = (
        f"'{score}' of {name} is {value}, outside [{lowest}, {highest}]; another range is stated in its file's RANGES"
    )
    assert math.isnan(value) or lowest <= value <= highest + 1e-9, outside


def test_a_score_outside_its_range_is_told_where_to_state_another() -> None:
    with pytest.raises(AssertionError, match=r"^'mig' of mig is -2\.0, outside \[0, 1\]; .* in its file's RANGES"):
        check_range("mig", "mig", -2.0)
    check_range("irs", "irs", -1.0)
    check_range("downstream_gbt", "efficiency", 3.0)
    with pytest.raises(AssertionError):
        check_range("irs", "irs", 1.1)


@pytest.mark.parametrize("name", METRICS)
def test_ranges_are_of_scores_that_there_are_and_have_ends(name: str) -> None:
    ranges = registry.constant("metrics", name, "RANGES", {})
    assert set(ranges) <= set(registry.constant("metrics", name, "SCORES"))
    assert all(None in ends or ends[0] < ends[1] for ends in ranges.values())
    assert (0, 1) not in ranges.values()


@pytest.mark.parametrize("name", METRICS)
def test_the_seed_decides_and_nothing_given_is_changed(name: str) -> None:
    given = population(informative())
    before = given.codes.copy(), given.factors.copy()
    assert scores(name, given) == pytest.approx(scores(name, given), rel=0, abs=0, nan_ok=True)
    assert np.array_equal(given.codes, before[0])
    assert np.array_equal(given.factors, before[1])


@pytest.mark.parametrize("name", METRICS)
def test_every_model_is_scored_on_the_same_draws(name: str) -> None:
    """However many numbers a metric draws, they do not depend on the codes."""
    states = []
    for kind in ("noise", "informative", "duplicated"):
        rng = np.random.default_rng(0)
        options = {key: FEW[key] for key in registry.options("metrics", name) if key in FEW}
        registry.build("metrics", name, options).scores(population(CODES[kind]), rng)
        states.append(rng.bit_generator.state)
    assert states[0] == states[1] == states[2]


def test_a_run_is_measured_as_json_has_it() -> None:
    metrics = {name: registry.build("metrics", name, {}) for name in ("half_similarity", "mig")}
    found = scores_of(metrics, population(informative()))
    assert found["mig"] == metrics["mig"].scores(population(informative()), streams.rng(0, "measure", "mig"))
    assert found["half_similarity"] == half_similarity(informative())
    assert scores_of(metrics, population(informative()[:, :1]))["mig"] == {"mig": None}
    diverged = informative()
    diverged[7, 2] = math.nan
    assert scores_of(metrics, population(diverged)) == {"half_similarity": None, "mig": None}


def test_the_order_of_the_images_is_irrelevant_to_halves() -> None:
    x = codes(0)
    assert half_similarity(x[::-1]) == pytest.approx(half_similarity(x), abs=1e-9)


def test_halves_of_one_image_or_of_unit_vectors_are_numbers() -> None:
    for x in (codes(1, samples=1), np.eye(8)):
        assert all(0 <= value <= 1 + 1e-9 for value in half_similarity(x).values())


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.floats(0.1, 10), st.floats(-3, 3))
def test_halves_that_are_rotations_of_each_other_are_alike(seed: int, scale: float, shift: float) -> None:
    half = codes(seed, dim=DIM)
    x = np.concatenate([half, scale * half @ rotation(seed) + shift], axis=1)
    assert half_similarity(x) == {"cka": pytest.approx(1), "procrustes": pytest.approx(1)}


def test_independent_halves_are_not_alike() -> None:
    found = half_similarity(codes(0, samples=5000))
    # of d x d independent normals: CKA about d / N (here 0.0008), Procrustes a little more
    assert found["cka"] < 0.01
    assert found["procrustes"] < 0.01


def test_similarity_of_halves_that_share_one_of_two_axes() -> None:
    """A = (s, u), B = (s, v) with s, u, v uncorrelated, of variance 1: CKA 1/2, Procrustes (1 / 2)^2."""
    drawn = np.random.default_rng(0).normal(size=(500, 3))
    s, u, v = np.linalg.qr(np.column_stack([np.ones(500), drawn]))[0].T[1:]  # each orthogonal to the constant: centred
    a, b = np.stack([s, u], 1), np.stack([s, v], 1)
    assert cka(a, b) == pytest.approx(1 / 2)
    assert procrustes(a, b) == pytest.approx(1 / 4)


@pytest.mark.parametrize("seed", range(5))
def test_procrustes_is_what_the_best_rotation_explains(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(50, 3))
    b = a @ rng.normal(size=(3, 3)) + rng.normal(size=(50, 3))
    a, b = a - a.mean(0), b - b.mean(0)
    q, size = orthogonal_procrustes(a, b)
    residual = np.linalg.norm(b - size / np.linalg.norm(a) ** 2 * a @ q) ** 2
    assert procrustes(a, b) == pytest.approx(1 - residual / np.linalg.norm(b) ** 2)
