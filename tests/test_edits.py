"""Edits with answers known by hand, what is measured of some rows of a grid, and which metric scores what."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from disentangle import files, registry
from disentangle.cells import Cell, dataset_folder
from disentangle.data import dataset_files
from disentangle.data.relations import relations_of
from disentangle.errors import InputError
from disentangle.evaluation.edits import Edits
from disentangle.evaluation.measured_codes import of_rows
from disentangle.evaluation.population import Population
from disentangle.evaluation.scores import scores_of
from disentangle.pipeline.measured import EDITS, check_measured, metrics_of
from disentangle.stages import measure

SIZES = {"shape": 2, "scale": 4}
RELATIONS: dict[str, dict[str, Any]] = {
    "ahead": {"factor": "scale", "step": 1, "ends": "cyclic"},
    "bigger": {"factor": "scale", "step": 1, "ends": "saturating"},
    "swap": {"factor": "shape", "to": [1, 0]},
    "to_one": {"factor": "shape", "to": [1, 1]},
}
GRID = np.stack(np.unravel_index(np.arange(8), (2, 4)), axis=1)
"""Each combination once: of the four relations, 0, 1/4, 0 and 1/2 of the starts are what is wanted."""


def edits(told: np.ndarray, numbers: dict[str, np.ndarray] | None = None, start: np.ndarray = GRID) -> Edits:
    """Return edits of the same start values by each relation."""
    known = relations_of(RELATIONS, SIZES)
    return Edits.of(known, SIZES, np.tile(start, (len(known), 1, 1)), told, numbers or {})


def scores(name: str, given: Edits | Population) -> dict[str, float]:
    found: dict[str, float] = registry.build("metrics", name, {}).scores(given, np.random.default_rng(0))
    return found


STILL = np.tile(GRID, (4, 1, 1))
WANTED = edits(STILL).wanted


def test_a_relation_wants_its_target_of_its_factor_and_the_others_as_they_are() -> None:
    found = edits(STILL)
    assert (found.relations, found.factor.tolist()) == (("ahead", "bigger", "swap", "to_one"), [1, 1, 0, 0])
    assert [found.wanted[r, :, 1 - k].tolist() for r, k in enumerate(found.factor)] == [
        [0, 0, 0, 0, 1, 1, 1, 1],
        [0, 0, 0, 0, 1, 1, 1, 1],
        [0, 1, 2, 3, 0, 1, 2, 3],
        [0, 1, 2, 3, 0, 1, 2, 3],
    ]
    assert found.changed(found.wanted).tolist() == [
        [1, 2, 3, 0, 1, 2, 3, 0],
        [1, 2, 3, 3, 1, 2, 3, 3],
        [1, 1, 1, 1, 0, 0, 0, 0],
        [1, 1, 1, 1, 1, 1, 1, 1],
    ]
    np.testing.assert_array_equal(found.start, STILL)  # which wanted is no view of


def test_an_edit_that_returns_what_is_wanted_is_right() -> None:
    found = scores("relation_accuracy", edits(WANTED))
    assert [found[key] for key in ("changed", "all")] == [1, 1]
    assert all(found[f"{key}_{name}"] == 1 for key in ("changed", "all") for name in RELATIONS)


def test_leaving_all_as_it_is_gives_what_the_relations_leave() -> None:
    """A cyclic relation leaves nothing, a saturating one the last of four values, a map to one of two values half."""
    found = scores("relation_accuracy", edits(STILL))
    assert found["still_changed"] == pytest.approx((0 + 1 / 4 + 0 + 1 / 2) / 4, abs=1e-15)
    assert found["changed"] == found["all"] == found["still_changed"]
    assert [found[f"changed_{name}"] for name in RELATIONS] == [0, 1 / 4, 0, 1 / 2]
    assert [found[f"all_{name}"] for name in RELATIONS] == [0, 1 / 4, 0, 1 / 2]
    # what it would give is told whatever was done
    assert scores("relation_accuracy", edits(WANTED))["still_changed"] == found["still_changed"]


def test_an_edit_may_be_right_in_its_factor_and_wrong_elsewhere() -> None:
    """In ``ahead`` the shape of 3 of 8 is lost; in ``swap`` 2 of 8 stay as they are, and another has a wrong scale."""
    told = WANTED.copy()
    told[0, :3, 0] = 1 - told[0, :3, 0]
    told[2, :2, 0] = 1 - told[2, :2, 0]
    told[2, 7, 1] = (told[2, 7, 1] + 1) % 4
    assert scores("relation_accuracy", edits(told)) == {
        "changed": (1 + 1 + 6 / 8 + 1) / 4,
        "all": (5 / 8 + 1 + 5 / 8 + 1) / 4,
        "chance_changed": (1 / 4 + 1 / 4 + 1 / 2 + 1 / 2) / 4,
        "chance_all": 1 / 8,
        "still_changed": 3 / 16,
        **{"changed_ahead": 1, "changed_bigger": 1, "changed_swap": 6 / 8, "changed_to_one": 1},
        **{"all_ahead": 5 / 8, "all_bigger": 1, "all_swap": 5 / 8, "all_to_one": 1},
    }


def test_uniform_answers_score_chance() -> None:
    """Within 4.5 binomial deviations of 1 / V and of 1 / 8."""
    count, rng = 20_000, np.random.default_rng(0)
    start = rng.integers((2, 4), size=(count, 2))
    found = scores("relation_accuracy", edits(rng.integers((2, 4), size=(4, count, 2)), start=start))
    for name, chance in {"ahead": 1 / 4, "bigger": 1 / 4, "swap": 1 / 2, "to_one": 1 / 2}.items():
        for key, p in ((f"changed_{name}", chance), (f"all_{name}", 1 / 8)):
            assert found[key] == pytest.approx(p, abs=4.5 * math.sqrt(p * (1 - p) / count)), key
    deviation = math.sqrt((2 * 1 / 4 * 3 / 4 + 2 * 1 / 4) / count) / 4
    assert found["changed"] == pytest.approx(found["chance_changed"], abs=4.5 * deviation)
    assert found["all"] == pytest.approx(found["chance_all"], abs=4.5 * math.sqrt(1 / 8 * 7 / 8 / (4 * count)))


def test_a_dataset_without_a_relation_has_no_accuracy() -> None:
    none = Edits.of((), SIZES, np.zeros((0, 8, 2), int), np.zeros((0, 8, 2), int), {"edited": np.zeros((0, 8))})
    found = scores_of({name: registry.build("metrics", name, {}) for name in metrics_of("edits")}, none)
    keys = ("changed", "all", "chance_changed", "still_changed")
    assert found["relation_accuracy"] == dict.fromkeys(keys) | {"chance_all": 1 / 8}
    assert found["pixel_error"] == dict.fromkeys(("edited", "still", "rebuilt"))


def test_pixel_errors_are_means_over_all_edits() -> None:
    numbers = {
        "edited": np.array([[0.1, 0.2], [0.3, 0.0], [0.0, 0.0], [0.2, 0.8]], np.float32),
        "still": np.array([[0.5, 0.5], [0.25, 0.75], [0.5, 0.5], [1.0, 0.0]], np.float32),
        "rebuilt": np.full((4, 2), 0.0625, np.float32),
    }
    given = edits(STILL[:, :2], numbers, start=GRID[:2])
    assert scores("pixel_error", given) == pytest.approx({"edited": 0.2, "still": 0.5, "rebuilt": 0.0625}, abs=1e-8)
    assert all(math.isnan(value) for value in scores("pixel_error", edits(STILL)).values())


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_images_that_are_no_numbers_have_no_scores(bad: float) -> None:
    metrics = {name: registry.build("metrics", name, {}) for name in metrics_of("edits")}
    broken = edits(WANTED, {"edited": np.where(np.arange(32).reshape(4, 8) == 9, bad, 0.1)})
    assert scores_of(metrics, broken) == dict.fromkeys(metrics)


# What is measured of some rows of a grid.

WHOLE = {"shape": 2, "within": 3, "scale": 4}
ROWS = np.array([23, 0, 5, 13])
TRUE = [[1, 3], [0, 0], [0, 1], [1, 1]]
"""Row 23 is (1, 2, 3); row 13 = 1 * 12 + 0 * 4 + 1. What lies in between is a nuisance."""


def stored() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "rows": ROWS,
        "codes": rng.normal(size=(4, 5)).astype(np.float32),
        "values": np.array([[1, 3], [0, 0], [0, 2], [0, 2]]),
        "prior_start": np.tile(GRID, (4, 1, 1)),
        "prior_told": WANTED,
        "edit_rows": ROWS[[0, 2]],
        "edit_told": np.zeros((4, 2, 2), np.int64),
        "edit_nearest": np.ones((4, 2, 2), np.int64),
        "edit_error": np.full((4, 2), 0.25, np.float32),
        "still_error": np.full((4, 2), 0.5, np.float32),
        "rebuilt_error": np.full((4, 2), 0.125, np.float32),
    }


def test_codes_of_rows_stand_beside_their_true_values() -> None:
    arrays = stored()
    found = of_rows(arrays, WHOLE, ("within",), RELATIONS)
    assert list(found) == ["raw", "perfect", "values", "shuffled", "prior_edits", "image_edits", "nearest_edits"]
    populations = {code: population for code, population in found.items() if isinstance(population, Population)}
    for code, population in populations.items():
        assert population.names == ("shape", "scale")
        assert population.factors.tolist() == TRUE
        assert population.codes.dtype == np.float64
        assert (population.complete, population.shuffled) == (code != "raw", code == "shuffled")
    assert populations["perfect"].codes.tolist() == TRUE
    np.testing.assert_array_equal(populations["raw"].codes, arrays["codes"])
    for code in ("values", "shuffled"):
        np.testing.assert_array_equal(populations[code].codes, arrays["values"])


def test_an_edit_of_an_image_starts_at_its_true_values() -> None:
    found = of_rows(stored(), WHOLE, ("within",), RELATIONS)
    prior, image, nearest = (found[code] for code in ("prior_edits", "image_edits", "nearest_edits"))
    assert isinstance(prior, Edits) and isinstance(image, Edits) and isinstance(nearest, Edits)
    assert scores("relation_accuracy", prior)["all"] == 1
    assert not prior.numbers
    assert image.start.tolist() == [[[1, 3], [0, 1]]] * 4
    assert image.wanted.tolist() == [[[1, 0], [0, 2]], [[1, 3], [0, 2]], [[0, 3], [1, 1]], [[1, 3], [1, 1]]]
    np.testing.assert_array_equal(nearest.wanted, image.wanted)
    assert scores("relation_accuracy", image)["changed"] == pytest.approx((1 / 2 + 0 + 1 / 2 + 0) / 4)
    assert scores("relation_accuracy", nearest)["changed"] == pytest.approx((0 + 0 + 1 / 2 + 1) / 4)
    assert scores("pixel_error", image) == {"edited": 0.25, "still": 0.5, "rebuilt": 0.125}


def test_edits_of_images_that_are_no_numbers_are_not_scored_by_what_is_nearest() -> None:
    arrays = stored() | {"edit_error": np.full((4, 2), np.nan, np.float32)}
    found = of_rows(arrays, WHOLE, ("within",), RELATIONS)
    metric = {"relation_accuracy": registry.build("metrics", "relation_accuracy", {})}
    for code in ("image_edits", "nearest_edits"):
        assert scores_of(metric, found[code]) == {"relation_accuracy": None}
    assert scores_of(metric, found["prior_edits"])["relation_accuracy"] is not None


def test_what_a_method_does_not_store_is_absent() -> None:
    arrays = stored()
    codes = {key: arrays[key] for key in ("rows", "codes")}
    assert list(of_rows(codes, WHOLE, ("within",), {})) == ["raw", "perfect"]
    decoded = codes | {"values": arrays["values"]}
    assert list(of_rows(decoded, WHOLE, ("within",), {})) == ["raw", "perfect", "values", "shuffled"]
    edited = {key: array for key, array in arrays.items() if not key.startswith("prior")}
    assert "prior_edits" not in of_rows(edited, WHOLE, ("within",), RELATIONS)


def test_edits_of_other_relations_than_the_datasets_are_an_error() -> None:
    with pytest.raises(InputError, match=r"^codes\.npz: prior_start: found 4 relations; allowed: 1\.$"):
        of_rows(stored(), WHOLE, ("within",), {"swap": RELATIONS["swap"]})


def test_the_stage_reads_the_relations_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cell = Cell("s", "any", "rooms", "method", 0, 0)
    folder = dataset_folder(cell.scale, cell.dataset)
    files.write_json(folder / dataset_files.MANIFEST, {"grid": {"sizes": [*WHOLE.items()], "nuisance": ["within"]}})
    files.write_json(cell.folder / "run.json", {"status": "done", "relations": RELATIONS})
    files.write_arrays(cell.folder / "codes.npz", stored())
    found, expected = measure._populations(cell), of_rows(stored(), WHOLE, ("within",), RELATIONS)
    metrics = {name: registry.build("metrics", name, {}) for name in metrics_of("edits")}
    assert list(found) == list(expected)
    for code in EDITS:
        assert scores_of(metrics, found[code]) == scores_of(metrics, expected[code])
    files.write_json(cell.folder / "run.json", {"status": "done"})
    files.write_arrays(cell.folder / "codes.npz", {key: stored()[key] for key in ("rows", "codes", "values")})
    assert list(measure._populations(cell)) == ["raw", "perfect", "values", "shuffled"]


# Values.


def test_value_accuracy_by_hand() -> None:
    """Rows 23, 0, 5 and 13: the third's scale is wrong, and the fourth's, whose shape is too."""
    values = of_rows(stored(), WHOLE, ("within",), RELATIONS)["values"]
    assert scores("value_accuracy", values) == {"mean": 5 / 8, "all": 2 / 4, "shape": 3 / 4, "scale": 2 / 4}


def test_value_accuracy_of_other_rows_is_chance() -> None:
    rows = np.arange(24).repeat(500)
    true = np.stack(np.unravel_index(rows, (2, 3, 4)), axis=1)[:, [0, 2]]
    arrays = {"rows": rows, "codes": np.zeros((len(rows), 2)), "values": true}
    found = of_rows(arrays, WHOLE, ("within",), {})
    assert set(scores("value_accuracy", found["values"]).values()) == {1}
    shuffled = scores("value_accuracy", found["shuffled"])
    # 12,000 rows: the widest of the four has a deviation of 0.0046
    assert shuffled == pytest.approx({"mean": 3 / 8, "all": 1 / 8, "shape": 1 / 2, "scale": 1 / 4}, abs=0.02)


@pytest.mark.parametrize("codes", [np.array(TRUE)[:, :1], np.array(TRUE) + 0.5, np.full((4, 2), np.nan)])
def test_codes_that_are_no_values_have_no_value_accuracy(codes: np.ndarray) -> None:
    found = scores("value_accuracy", Population(codes, np.array(TRUE), ("shape", "scale"), complete=True))
    assert list(found) == ["mean", "all", "shape", "scale"]
    assert all(math.isnan(value) for value in found.values())


# Which metric scores what.


def test_each_metric_scores_codes_or_edits() -> None:
    assert {"pixel_error", "relation_accuracy"} <= {*metrics_of("edits")}
    assert not {*metrics_of("codes")} & {*metrics_of("edits")}
    assert {*metrics_of("codes"), *metrics_of("edits")} == {*registry.names("metrics")}


@pytest.mark.parametrize(
    ("measured", "message"),
    [
        (
            {"raw": ["mig"], "prior_edits": ["relation_accuracy", "dci"]},
            r"^here\.prior_edits: found 'dci', which does not score edits; "
            rf"allowed: {', '.join(metrics_of('edits'))}\.$",
        ),
        (
            {"values": ["pixel_error"]},
            r"^here\.values: found 'pixel_error', which does not score codes; allowed: ",
        ),
    ],
)
def test_a_metric_of_something_else_is_refused(measured: dict[str, list[str]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        for code, metrics in measured.items():
            check_measured(code, metrics, f"here.{code}")


def test_metrics_of_what_they_are_listed_for_pass() -> None:
    both = ["relation_accuracy", "pixel_error"]
    check_measured("raw", ["dci", "mig"], "here")
    check_measured("values", ["value_accuracy"], "here")
    check_measured("image_edits", both, "here")
