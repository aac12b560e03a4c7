"""The report of every score: means, intervals and counts of cells made by hand, from metrics.json and probe.json."""

import math
from typing import Any

import pandas as pd
import pytest

from disentangle.cells import Cell
from disentangle.reporting.results import CellResult, Results
from disentangle.reporting.score_report import COLUMNS, ScoreReport
from disentangle.reporting.statistics import PERCENT, POSITIVE, SHARE, mean_within


def cell(entry: str, seed: int, scores: dict[str, Any], probe: dict[str, Any] | None = None) -> CellResult:
    key = Cell("demo", "toy", "A", entry, 0.5, seed)
    return CellResult(key, {}, {}, probe or {}, {"scores": scores}, pd.DataFrame())


def of(*cells: CellResult) -> Results:
    return Results("demo", cells, {}, {}, "abc", {})


def rows(*cells: CellResult) -> dict[tuple[str, ...], dict[str, Any]]:
    """The rows of the table by entry, what measures, of what, and score."""
    table = ScoreReport().table(of(*cells))
    assert [*table.columns] == COLUMNS
    return {(r["entry"], r["by"], r["of"], r["score"]): r for r in table.to_dict("records")}


def test_scores_are_means_over_seeds_within_the_range_of_their_metric() -> None:
    """MIG is a share, the total correlation has no upper end; chance is the mean of shuffled codes."""
    cells = [
        cell(
            "beta_vae",
            seed,
            {
                "mean": {"mig": {"mig": mig}, "gaussian": {"total_correlation": tc}},
                "shuffled": {"mig": {"mig": 0.01 * (1 + seed)}},
            },
        )
        for seed, (mig, tc) in enumerate(((0.02, 3.0), (0.1, 9.0), (0.3, 30.0)))
    ]
    found = rows(*cells)
    assert {*found} == {
        ("beta_vae", "mig", "mean", "mig"),
        ("beta_vae", "mig", "shuffled", "mig"),
        ("beta_vae", "gaussian", "mean", "total_correlation"),
    }
    mig, tc = found["beta_vae", "mig", "mean", "mig"], found["beta_vae", "gaussian", "mean", "total_correlation"]
    share, nats = mean_within([0.02, 0.1, 0.3], SHARE), mean_within([3, 9, 30], POSITIVE)
    assert (mig["dataset"], mig["lam"], mig["seeds"], mig["undefined"]) == ("A", "0.5", 3, 0)
    assert (mig["mean"], mig["low"], mig["high"]) == pytest.approx((0.14, share.low, share.high))
    assert 0 < mig["low"] < mig["high"] < 1
    assert (tc["mean"], tc["low"], tc["high"]) == pytest.approx((14, nats.low, nats.high))
    assert mig["chance"] == pytest.approx(0.02)
    assert math.isnan(tc["chance"])


def test_rows_go_by_dataset_entry_and_strength_whatever_the_order_of_cells() -> None:
    """Reports ask for cells of one dataset after another's, and so entries come apart."""
    asked = [("A", "a", 0.1), ("B", "a", 0.1), ("B", "b", 0.1), ("A", "b", 10), ("A", "a", 0.001), ("A", "b", 2)]
    cells = [
        CellResult(Cell("demo", "toy", *of, 0), {}, {}, {}, {"scores": {"mean": {"mig": {"mig": 0.5}}}}, pd.DataFrame())
        for of in asked
    ]
    table = ScoreReport().table(of(*cells))
    assert [*zip(table["dataset"], table["entry"], table["lam"], strict=True)] == [
        ("A", "a", "0.001"),
        ("A", "a", "0.1"),
        ("A", "b", "2"),
        ("A", "b", "10"),
        ("B", "a", "0.1"),
        ("B", "b", "0.1"),
    ]


def test_what_is_not_defined_is_counted_and_a_cell_that_diverged_lacks_all_that_others_have() -> None:
    found = rows(
        cell("a", 0, {"mean": {"mig": {"mig": 0.0}, "modularity": {"as_published": 0.5, "bias_corrected": None}}}),
        cell("a", 1, {"mean": {"mig": {"mig": 0.5}, "modularity": {"as_published": 0.7, "bias_corrected": 0.2}}}),
        cell("a", 2, {"mean": {"mig": None, "modularity": None}}),
        cell("b", 0, {"mean": {"mig": None, "modularity": None}}),
    )
    told = {key[0] + " " + key[3]: (row["mean"], row["seeds"], row["undefined"]) for key, row in found.items()}
    nothing = told.pop("b mig"), told.pop("b as_published"), told.pop("b bias_corrected")
    assert told == pytest.approx(
        {"a mig": (0.25, 2, 1), "a as_published": (0.6, 2, 1), "a bias_corrected": (0.2, 1, 2)}
    )
    assert all(math.isnan(mean) and (seeds, undefined) == (0, 1) for mean, seeds, undefined in nothing)


def test_probes_are_in_percent_with_chance_and_predictors_are_meaned() -> None:
    views = {
        "accuracy": {"logistic": {"r0": {"DC": 40.0}, "r": {"DC": None}}},
        "gap_error": {"logistic": {"r": {"DC": 1.5}}},
        "chance": {"DC": 12.5},
        "test_samples": 300,
    }
    labelled = {
        "accuracy": {"predictor": {"patience 7": {"shape": [30.0, 60.0], "hue": None}}},
        "error": {"predictor": {"patience 7": {}}},
        "chance": {"shape": 25.0, "hue": 10.0},
        "test_samples": 20,
    }
    found = rows(cell("a", 0, {}, views), cell("b", 0, {}, labelled))
    told = {key: (row["mean"], row["chance"]) for key, row in found.items()}
    assert told[("a", "logistic", "r0", "accuracy DC")] == (40, 12.5)
    assert told[("b", "predictor", "patience 7", "accuracy shape")] == (45, 25)
    assert told[("a", "logistic", "r", "gap_error DC")][0] == 1.5
    undefined = [key for key, row in found.items() if row["undefined"]]
    assert undefined == [("a", "logistic", "r", "accuracy DC"), ("b", "predictor", "patience 7", "accuracy hue")]
    assert len(found) == 5
    three = [views | {"accuracy": {"logistic": {"r": {"DC": value}}}} for value in (97.0, 99.0, 100.0)]
    near = rows(*(cell("a", seed, {}, probe) for seed, probe in enumerate(three)))
    interval, row = mean_within([97, 99, 100], PERCENT), near["a", "logistic", "r", "accuracy DC"]
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert row["high"] < 100


def test_each_metric_and_probe_has_a_section_with_a_row_a_score() -> None:
    made = of(
        cell("plain", 0, {"mean": {"mig": {"mig": 0.25}}}),
        cell("plain", 1, {"mean": {"mig": {"mig": 0.25}}}),
        cell("other", 0, {"mean": {"mig": {"mig": 0.5}, "sap": {"sap": None}}}),
    )
    heading, mig, other, sap = ScoreReport().sections(made)
    assert (heading, other) == ("## mig", "## sap")
    lines = [[entry.strip() for entry in line.split("|")[1:-1]] for line in mig.splitlines()]
    assert lines[0] == ["entry", "dataset", "λ", "of", "score", "mean [95 % interval]", "chance", "seeds", "undefined"]
    assert lines[2] == ["plain", "A", "0.5", "mean", "mig", "0.250 [0.250, 0.250]", "–", "2", "0"]
    assert lines[3] == ["other", "A", "0.5", "mean", "mig", "0.500", "–", "1", "0"]
    assert sap.splitlines()[2].replace(" ", "") == "|other|A|0.5|mean|sap|–|–|0|1|"
    assert ScoreReport().summary(made) == {
        "A": {
            "plain": {"lam=0.5": {"mig.mean.mig": 0.25}},
            "other": {"lam=0.5": {"mig.mean.mig": 0.5, "sap.mean.sap": None}},
        }
    }
    (lost,) = rows(cell("lost", 0, {"mean": {"mig": None}})).items()
    assert lost[0] == ("lost", "mig", "mean", "–")
    assert (lost[1]["seeds"], lost[1]["undefined"]) == (0, 1)
    assert ScoreReport().sections(of()) == ["## Scores", "No cell has any."]
