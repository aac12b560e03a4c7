"""Reports from cells made by hand: every published number in its place, every measured one worked out."""

import functools
import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from disentangle import registry
from disentangle.cells import Cell
from disentangle.pipeline.outputs import report_cells
from disentangle.pipeline.params import Params
from disentangle.pipeline.result_files import read_published
from disentangle.reporting.results import CellResult, Results
from disentangle.reporting.statistics import Estimate, estimate
from disentangle.reporting.tables import markdown_table
from disentangle.studies.burns.analysis.accuracy_table import told_diagonal
from disentangle.studies.burns.analysis.diagnosis import MEANING
from disentangle.studies.burns.analysis.results import COLUMNS, BurnsCell, BurnsResults, diagonal, gap
from disentangle.studies.burns.analysis.runs import PublishedRun
from disentangle.studies.burns.analysis.setting import setting_text

PUBLISHED = read_published("burns")
ACCURACY, STATISTICS = PUBLISHED["accuracy"], PUBLISHED["statistics"]
TABLE3 = ACCURACY[ACCURACY["table"] == 3]
T2 = 4.302653
"""The 97.5 % point of Student's t with two degrees of freedom."""
BASE = {"z DC": 90.0, "z BC": 60.0, "z0 DC": 80.0, "z0 BC": 40.0, "z1 DC": 70.0, "z1 BC": 50.0}
R_BASE = {"r DC": 95.0, "r BC": 65.0, "r0 DC": 70.0, "r0 BC": 45.0, "r1 DC": 76.0, "r1 BC": 42.0}
ENTRIES: dict[str, tuple[str, dict[str, Any]]] = {
    "infomax_one_head": ("infomax", {"heads": 1}),
    "ortho_all": ("ortho", {"pairs": "all"}),
}
"""Entries under ``methods`` whose file or options differ from their name and the defaults."""

HEADS = {"infomax_one_head": 1, "hessian": 1}
"""Of those entries whose model has not two."""
CHANCE = {"DC": 11.72, "BC": 10.0, "DL": 13.0}


def cell(
    method: str,
    lam: float,
    seed: int,
    status: str = "done",
    exit_at: int | None = 40,
    dataset: str = "DC-BC",
    procrustes: float = 0.4,
    **changed: float,
) -> BurnsCell:
    """A cell of accuracies BASE, R_BASE; ``changed`` by ``z0_DC`` and so on; diverged: none; supervised: no z.

    On another dataset its tasks take the numbers of DC and BC, in this order.
    """
    own = dict(zip(("DC", "BC"), dataset.split("-"), strict=True))
    base = R_BASE if method == "supervised" else R_BASE | BASE
    values = {f"{key[:-2]}{own[key[-2:]]}": value for key, value in base.items()}
    values |= {key.replace("_", " "): value for key, value in changed.items()}
    name, reading = ENTRIES.get(method, (method, {}))
    accuracy: dict[str, dict[str, float | None]] = {}
    for key, value in values.items():
        part, task = key.split()
        accuracy.setdefault(part, {})[task] = value
    if status == "diverged":
        accuracy = {part: dict.fromkeys(by_task) for part, by_task in accuracy.items()}
    run = {
        "status": status,
        "method": {"name": name, "options": dict(reading)},
        "reading": dict(reading),
        "plateau": {"left_collapse": 20, "left_single_factor": exit_at, "levels": [{}] * HEADS.get(method, 2)},
        "training": {
            "steps": 100,
            "batch": 64,
            "optimizer": "adamw",
            "lr": 0.003,
            "temperature": 0.2,
            "loss_scale": "none",
            "augmentation": "none",
        },
        "encoder": {"blocks": [1, 1], "widths": [8, 16], "stem": "cifar"},
        "projection": {"batch_norm_output": True},
        "device": "cpu",
        "versions": {"python": "3.11.1", "torch": "2.0", "numpy": "2.1"},
    }
    timing = {"seconds": 30.0, "revision": "abc"}
    tasks = dataset.split("-")
    probe = {
        "accuracy": {"logistic": accuracy},
        "gap_error": {"logistic": {code: dict.fromkeys(tasks, 0.5) for code in "rz"}},
        "chance": {task: CHANCE[task] for task in tasks},
    }
    similar = None if status == "diverged" else {"cka": 0.5, "procrustes": procrustes}
    scores = {code: {"half_similarity": similar} for code in "rz"}
    history = pd.DataFrame({"step": [20, 40], "loss": [9.0, 4.0]})
    key = Cell("demo", "burns", dataset, method, lam, seed)
    return BurnsCell(key, run, timing, probe, {"scores": scores}, history, "logistic")


def manifest(stand_in: str = "crops of photographs", **options: Any) -> dict[str, Any]:
    made_of = {
        "digits": {"STAND_IN": "", "CREDITS": "Digits: MNIST.", "instances": [4500, 500]},
        "backgrounds": {"STAND_IN": stand_in, "CREDITS": "Backgrounds: NASA.", "instances": [900, 100]},
    }
    given = {"image_size": 32, "train_pairs": 2000, "test_pairs": 400, "background_brightness": 0.35} | options
    return {"definition": {"options": given}, "made_of": made_of}


def read(cells: Sequence[BurnsCell], listed: Sequence[str] = ("logistic",), **given: Any) -> Results:
    """Cells as they are read from their files, before the study looks at them."""
    manifests = {made.cell.dataset: manifest(**given) for made in cells} or {"DC-BC": manifest(**given)}
    plain = tuple(
        CellResult(made.cell, made.run, made.timing, made.probe, made.metrics, made.history) for made in cells
    )
    return Results("demo", plain, manifests, PUBLISHED, "def+", {"probes": listed, "metrics": ["half_similarity"]})


def results(cells: Sequence[BurnsCell], table: int = 3, **given: Any) -> BurnsResults:
    return BurnsResults.of(read(cells, **given), [table])


REPORT, TABLE1, TABLE2, SWEEP = (
    registry.build("reports", f"burns/{name}", {}) for name in ("table3", "table1", "table2", "sweep")
)
GRID = [("infomax", 0.0), ("infomax_one_head", 0.0)]
GRID += [(method, lam) for method in ("ortho", "p_ortho", "hessian") for lam in (0.001, 0.1)]
COLUMN = {
    ("infomax", 0.0): "Control, λ = 0",
    ("infomax_one_head", 0.0): "Control, heads 1, λ = 0",
    ("ortho", 0.001): "Ortho without P, λ = 0.001",
    ("ortho", 0.1): "Ortho without P, λ = 0.1",
    ("p_ortho", 0.001): "Ortho with P, λ = 0.001",
    ("p_ortho", 0.1): "Ortho with P, λ = 0.1",
    ("hessian", 0.001): "Hessian, λ = 0.001",
    ("hessian", 0.1): "Hessian, λ = 0.1",
    ("supervised", 0.0): "Fully supervised pipeline, λ = 0",
    ("infomin", 0.001): "InfoMin, λ = 0.001",
    ("infomin", 0.1): "InfoMin, λ = 0.1",
}
COMPARISON, OUTCOME, CELLS = "Accuracy", "Outcome of the cells", "Every cell"
CORNER = "input, task"


def gap_of(code: str) -> str:
    return f"\\|C({code}0) − C({code}1)\\|"


def tables(markdown: str) -> dict[str, list[dict[str, dict[str, str]]]]:
    """Read every Markdown table back: by the heading above it and its place there, its first column, its header."""
    found: dict[str, list[dict[str, dict[str, str]]]] = {}
    heading, header = "", []
    for line in markdown.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if not line.startswith("|"):
            header = []
            continue
        entries = [entry.strip() for entry in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not header:
            header = entries
            assert len(set(header)) == len(header)
            found.setdefault(heading, []).append({})
        elif not set("".join(entries)) <= set("-:"):
            assert len(entries) == len(header)
            key = " ".join(entries[:2]) if heading == CELLS else entries[0]
            assert key not in found[heading][-1]
            found[heading][-1][key] = dict(zip(header, entries, strict=True))
    return found


def comparison(markdown: str) -> dict[str, dict[str, str]]:
    """The rows of all tables of published and measured accuracies, but those of chance."""
    rows: dict[str, dict[str, str]] = {}
    for table in tables(markdown)[COMPARISON]:
        own = {name: row for name, row in table.items() if not name.startswith("chance ")}
        assert not set(rows) & set(own)
        rows |= own
    return rows


def bracketed(mean: float, half: float) -> str:
    """A mean in percent with Student's interval of its logit, turned back, of a half width of the mean's own."""
    step = half * (1 / mean + 1 / (100 - mean)) if half else 0.0
    low, high = (100 / (1 + (100 / mean - 1) * math.exp(-sign * step)) for sign in (-1, 1))
    return f"{mean:.1f} [{low:.1f}, {high:.1f}]"


def seeds_of(method: str, lam: float) -> list[BurnsCell]:
    """Three seeds, whose accuracies differ by one point."""
    base = R_BASE if method == "supervised" else R_BASE | BASE
    return [
        cell(method, lam, seed, **{key.replace(" ", "_"): value + seed for key, value in base.items()})
        for seed in range(3)
    ]


@pytest.fixture(scope="module")
def full() -> BurnsResults:
    """All settings of Table 3, three seeds each."""
    return results([made for method, lam in GRID for made in seeds_of(method, lam)])


@pytest.fixture(scope="module")
def every() -> dict[int, tuple[Any, BurnsResults]]:
    """Each table of the paper with all its settings, three seeds each."""
    grids = {
        1: (TABLE1, [("supervised", 0.0)]),
        2: (TABLE2, [("infomax", 0.0), ("infomax_one_head", 0.0), ("infomin", 0.001), ("infomin", 0.1)]),
        3: (REPORT, GRID),
    }
    return {
        table: (report, results([made for setting in grid for made in seeds_of(*setting)], table))
        for table, (report, grid) in grids.items()
    }


# Statistics.


def test_student_interval_by_hand() -> None:
    found = estimate([1.0, 2.0, 6.0])
    # s^2 = (4 + 1 + 9) / 2
    assert (found.mean, found.n) == (3.0, 3)
    assert found.half_width == pytest.approx(T2 * math.sqrt(7) / math.sqrt(3), rel=1e-6)
    assert estimate([1.0, 3.0]).half_width == pytest.approx(12.706205 * math.sqrt(2) / math.sqrt(2), rel=1e-6)
    assert estimate([5.0] * 4) == Estimate(5.0, 0.0, 4)
    assert estimate([1.0, 2.0, 6.0], 0.9).half_width == pytest.approx(2.919986 * math.sqrt(7 / 3), rel=1e-6)


def test_estimates_of_few_or_missing_values() -> None:
    assert str(estimate([70.26])) == "70.3"
    assert str(estimate([])) == str(estimate([math.nan])) == "–"
    with_gap = estimate([1.0, math.nan, 2.0, math.inf, 6.0])
    assert with_gap == estimate([1.0, 2.0, 6.0])
    assert str(with_gap) == "3.0 ± 6.6"


def test_verdicts_by_the_prediction_interval() -> None:
    ours = Estimate(50.0, 2.0, 3)  # 2 sqrt(3 + 1) = 4
    assert [ours.verdict(value) for value in (45.9, 46.0, 50.0, 54.0, 54.1)] == ["▲", "=", "=", "=", "▼"]
    assert [Estimate(50.0, 2.0, 8).verdict(value) for value in (43.9, 44.1, 55.9, 56.1)] == ["▲", "=", "=", "▼"]
    of_values = estimate([1.0, 2.0, 6.0])  # t s sqrt(1 + 1/n) = 13.1448
    width = T2 * math.sqrt(7) * math.sqrt(1 + 1 / 3)
    assert [of_values.verdict(3 + sign * width * 1.0001) for sign in (-1, 1)] == ["▲", "▼"]
    assert [of_values.verdict(3 + sign * width * 0.9999) for sign in (-1, 1)] == ["=", "="]
    assert Estimate(50.0, math.nan, 1).verdict(50.0) == ""
    assert Estimate(math.nan, math.nan, 0).verdict(50.0) == ""


# The table.


@pytest.mark.parametrize(("table", "numbers"), [(1, 6), (2, 24), (3, 36)])
def test_every_published_number_stands_in_its_row_and_column(
    every: dict[int, tuple[Any, BurnsResults]], table: int, numbers: int
) -> None:
    report, made = every[table]
    found = comparison(report.render(made))
    published = ACCURACY[ACCURACY["table"] == table].fillna({"lam": 0.0})
    assert len(published) == numbers
    values = {(r.method, r.lam, r.input, r.task): r.accuracy_percent for r in published.itertuples()}
    settings = list(made.settings())
    rows = [*report.codes, *(f"{code}{half}" for code in report.codes for half in (0, 1))]
    for task in ("DC", "BC"):
        for row in rows:
            assert found[f"{row} {task} published"] == {CORNER: f"{row} {task} published"} | {
                COLUMN[method, lam]: f"{values[method, lam, row, task]:.1f}"
                if (method, lam, row, task) in values
                else "–"
                for method, lam in settings
            }
        for code in report.codes:
            shown = found[f"{gap_of(code)} {task} published"]
            for method, lam in settings:
                halves = [values.get((method, lam, f"{code}{half}", task)) for half in (0, 1)]
                assert shown[COLUMN[method, lam]] == ("–" if None in halves else f"{abs(halves[0] - halves[1]):.1f}")
    shown_numbers = [
        entry
        for row in rows
        for task in ("DC", "BC")
        for column, entry in found[f"{row} {task} published"].items()
        if column != CORNER and entry != "–"
    ]
    assert len(shown_numbers) == numbers
    rows = [name for name in found if not name.endswith("less control")]
    assert len(rows) == 2 * 2 * 4 * len(report.codes)


def test_numbers_of_the_paper_by_sight(every: dict[int, tuple[Any, BurnsResults]]) -> None:
    """Some rows and columns of Tables 1, 2 and 3 as printed."""
    found = {table: comparison(report.render(made)) for table, (report, made) in every.items()}
    published = {
        table: {
            row.removesuffix(" published"): [*entries.values()][1:] for row, entries in rows.items() if "pub" in row
        }
        for table, rows in found.items()
    }
    assert published[3]["z0 DC"] == ["–", "–", "76.6", "51.2", "77.1", "88.0", "60.7", "74.7"]
    assert published[3]["z0 BC"] == ["–", "–", "48.4", "39.9", "52.4", "56.9", "46.7", "42.4"]
    assert published[3][gap_of("z") + " DC"] == ["–", "–", "3.4", "4.9", "5.3", "5.8", "12.8", "17.2"]
    assert published[1] == {
        "r DC": ["97.3"],
        "r BC": ["64.5"],
        "r0 DC": ["97.3"],
        "r0 BC": ["10.1"],
        "r1 DC": ["11.7"],
        "r1 BC": ["64.5"],
        gap_of("r") + " DC": ["85.6"],
        gap_of("r") + " BC": ["54.4"],
    }
    assert published[2]["r DC"] == ["–", "–", "97.0", "96.4"]
    assert published[2]["r1 BC"] == ["–", "–", "63.0", "60.8"]
    assert published[2]["z DC"] == ["–", "–", "74.3", "47.6"]
    assert published[2]["z1 BC"] == ["–", "–", "60.8", "35.8"]
    assert published[2][gap_of("r") + " BC"] == ["–", "–", "0.2", "0.0"]


@pytest.mark.parametrize("table", [1, 2, 3])
def test_means_and_intervals_stand_in_their_row_and_column(
    every: dict[int, tuple[Any, BurnsResults]], table: int
) -> None:
    report, made = every[table]
    found = comparison(report.render(made))
    width = T2 * 1 / math.sqrt(3)  # of three values one apart: s = 1
    base = {row: value for row, value in (R_BASE | BASE).items() if row[0] in report.codes}
    published = ACCURACY[ACCURACY["table"] == table].fillna({"lam": 0.0})
    for method, lam in made.settings():
        values = {
            f"{row.input} {row.task}": row.accuracy_percent
            for row in published[(published["method"] == method) & (published["lam"] == lam)].itertuples()
        }
        for row, value in base.items():
            expected = bracketed(value + 1, width)
            if row in values:
                difference = value + 1 - values[row]
                expected += " =" if abs(difference) <= 2 * width else " ▲" if difference > 0 else " ▼"
            assert found[f"{row} measured"][COLUMN[method, lam]] == expected
        for code in report.codes:
            for task in ("DC", "BC"):
                gap = abs(base[f"{code}0 {task}"] - base[f"{code}1 {task}"])
                expected = f"{gap:.1f} [{gap:.1f}, {gap:.1f}]"
                if values:
                    theirs = abs(values[f"{code}0 {task}"] - values[f"{code}1 {task}"])
                    expected += " ▲" if gap > theirs else " ▼"
                assert found[f"{gap_of(code)} {task} measured"][COLUMN[method, lam]] == expected


def test_rows_and_columns_in_the_order_of_the_paper(full: BurnsResults) -> None:
    found = comparison(REPORT.render(full))
    rows = [f"{row} {task}" for row in ("z", "z0", "z1", gap_of("z")) for task in ("DC", "BC")]
    assert list(found) == [f"{row} {kind}" for row in rows for kind in ("published", "measured", "less control")]
    assert list(found["z DC measured"]) == [CORNER, *(COLUMN[setting] for setting in GRID)]


def test_table_2_shows_the_representation_above_the_projection(every: dict[int, tuple[Any, BurnsResults]]) -> None:
    report, made = every[2]
    above, below = tables(report.render(made))[COMPARISON]
    assert [next(iter(rows)) for rows in (above, below)] == ["r DC published", "z DC published"]
    assert len(above) == len(below) == 3 * 8 + 2
    only_r = results([cell("infomin", 0.1, 0, z0_DC=60.0)], 2)
    outcomes = [rows["InfoMin, λ = 0.1"] for rows in tables(report.render(only_r))[OUTCOME]]
    assert [outcomes[0]["diagonal in r"], outcomes[1]["diagonal in z"]] == ["1 of 1", "0 of 1"]
    assert list(report.summary(made)) == ["r", "z"]
    assert report.summary(made)["r"]["infomin"]["lam=0.1"]["gap"] == {"DC": 6.0, "BC": 3.0}
    assert report.summary(made)["z"]["infomin"]["lam=0.1"]["gap"] == {"DC": 10.0, "BC": 10.0}
    tidy = report.table(made)
    assert list(tidy["input"].unique()) == ["r", "r0", "r1", "z", "z0", "z1"]
    assert len(tidy) == 12 * 6 * 2
    assert list(tidy.index) == list(range(len(tidy)))


def test_one_seed_has_no_interval_and_no_verdict() -> None:
    found = comparison(REPORT.render(results([cell("ortho", 0.001, 0)])))
    assert found["z DC measured"] == {CORNER: "z DC measured", "Ortho without P, λ = 0.001": "90.0"}
    assert found["z BC measured"] == {CORNER: "z BC measured", "Ortho without P, λ = 0.001": "60.0"}


def test_a_lam_that_the_paper_lacks_is_one_more_column() -> None:
    cells = [cell("ortho", lam, seed) for lam in (0.001, 0.5, 0.1) for seed in (0, 1)]
    found = comparison(REPORT.render(results(cells)))
    columns = [f"Ortho without P, λ = {lam}" for lam in ("0.001", "0.5", "0.1")]
    assert list(found["z DC published"]) == [CORNER, *columns]
    assert [found["z DC published"][column] for column in columns] == ["97.0", "–", "69.3"]
    assert [found["z BC published"][column] for column in columns] == ["62.4", "–", "59.6"]
    assert [found["z DC measured"][column] for column in columns] == [
        f"90.0 [90.0, 90.0]{verdict}" for verdict in (" ▼", "", " ▲")
    ]


def test_an_entry_of_its_own_name_is_titled_by_its_reading_and_has_no_published_numbers() -> None:
    alone = comparison(REPORT.render(results([cell("ortho_all", 0.1, 0)])))
    assert list(alone) == [f"{row} {task} measured" for row in ("z", "z0", "z1", gap_of("z")) for task in ("DC", "BC")]
    assert list(alone["z DC measured"]) == [CORNER, "Ortho without P, pairs all, λ = 0.1"]
    beside = comparison(REPORT.render(results([cell("ortho", 0.1, 0), cell("ortho_all", 0.1, 0)])))
    assert list(beside["z DC published"].values())[1:] == ["69.3", "–"]
    assert list(beside["z DC published"])[1:] == ["Ortho without P, λ = 0.1", "Ortho without P, pairs all, λ = 0.1"]


def test_a_setting_whose_cells_all_diverged_has_no_number() -> None:
    cells = [cell("ortho", 0.1, seed, "diverged", None) for seed in (0, 1)] + [cell("hessian", 0.1, 0)]
    found = comparison(REPORT.render(results(cells)))
    for row in ("z DC", "z1 BC", gap_of("z") + " DC"):
        assert found[f"{row} measured"]["Ortho without P, λ = 0.1"] == "–"
    assert found["z DC published"]["Ortho without P, λ = 0.1"] == "69.3"
    assert REPORT.summary(results(cells))["z"]["ortho"]["lam=0.1"] == {
        "z": {},
        "z0": {},
        "z1": {},
        "gap": {},
        "cells": 2,
        "diagonal": 0,
        "undecided": 0,
        **dict.fromkeys(MEANING, 0),
        "diverged": 2,
    }


def test_n_is_told_where_cells_diverged() -> None:
    one_left = results([cell("ortho", 0.1, 0), cell("ortho", 0.1, 1, "diverged", None)])
    assert comparison(REPORT.render(one_left))["z DC measured"]["Ortho without P, λ = 0.1"] == "90.0 (n = 1)"
    two_left = results([*one_left.cells, cell("ortho", 0.1, 2)])
    assert (
        comparison(REPORT.render(two_left))["z DC measured"]["Ortho without P, λ = 0.1"]
        == "90.0 [90.0, 90.0] (n = 2) ▲"
    )


def test_chance_stands_below_the_accuracies(full: BurnsResults) -> None:
    (table,) = tables(REPORT.render(full))[COMPARISON]
    assert [*table][-2:] == ["chance DC", "chance BC"]
    assert set(table["chance DC"].values()) == {"chance DC", "11.7"}
    assert set(table["chance BC"].values()) == {"chance BC", "10.0"}


def test_what_a_regularizer_adds_to_its_control_is_told_seed_by_seed() -> None:
    """Of seeds 1 and 2, which both have: differences of 2 and 4 on z0 DC; a control of one head for the Hessian."""
    cells = [cell("infomax", 0.0, seed, z0_DC=70.0 + seed) for seed in (0, 1, 2)]
    cells += [cell("infomax_one_head", 0.0, 1, z0_DC=50.0)]
    cells += [cell("ortho", 0.1, seed, z0_DC=70.0 + seed + change) for seed, change in ((1, 2.0), (2, 4.0), (3, 90.0))]
    cells += [cell("hessian", 0.1, seed, z0_DC=45.0) for seed in (1, 2)]
    shown = comparison(REPORT.render(results(cells)))["z0 DC less control"]
    half = 12.706205 * math.sqrt(2) / math.sqrt(2)
    assert list(shown.values()) == ["z0 DC less control", "–", "–", f"+3.0 [{3 - half:.1f}, {3 + half:.1f}]", "-5.0"]
    six = [cell("infomax", 0.0, seed) for seed in range(6)]
    six += [cell("ortho", 0.1, seed, z_DC=90.0 - change) for seed, change in enumerate((1, 2, 3, 4, 5, 6))]
    # exact: the range of six differences
    assert comparison(REPORT.render(results(six)))["z DC less control"][COLUMN["ortho", 0.1]] == "-3.5 [-6.0, -1.0]"
    apart = [cell("infomax", 0.0, seed, z_DC=0.0) for seed in (0, 1)]
    apart += [cell("ortho", 0.1, seed, z_DC=value) for seed, value in ((0, 100.0), (1, 40.0))]
    # no more than a difference can be
    shown = comparison(REPORT.render(results(apart)))["z DC less control"]
    assert shown[COLUMN["ortho", 0.1]] == "+70.0 [-100.0, 100.0]"


# All methods.


def test_the_sweep_reads_every_entry_a_new_one_too() -> None:
    methods = {
        "supervised": {"lam": [0]},
        "ortho": {"lam": [0.001, 0.1]},
        "hessian": {"lam": [0.1]},
        "ortho_all": {"method": "ortho", "pairs": "all", "lam": [0.5]},
        "fresh": {"lam": [3]},
    }
    study = {"datasets": ["DC-BC"], "seeds": [0, 1], "rerun_seeds": [0, 1, 2], "methods": methods}
    settings = Params("demo", (), {"demo": {"studies": {"burns": study}}})
    found = [(made.method, made.lam, made.seed) for made in report_cells(settings, "burns/sweep")]
    grid = [("supervised", 0.0), ("ortho", 0.001), ("ortho", 0.1), ("ortho_all", 0.5), ("hessian", 0.1), ("fresh", 3.0)]
    assert found == [(method, lam, seed) for method, lam in grid for seed in (0, 1)]
    assert [made.method for made in report_cells(settings, "burns/table1")] == ["supervised"] * 2
    assert {made.method for made in report_cells(settings, "burns/table3")} == {"ortho", "ortho_all", "hessian"}


def test_the_sweep_shows_what_a_method_has() -> None:
    cells = [cell("supervised", 0.0, 0), cell("infomax_one_head", 0.0, 0), cell("fresh", 3.0, 0)]
    made = results(cells, 0)
    columns = ["supervised, λ = 0", "infomax, heads 1, λ = 0", "fresh, λ = 3"]
    found = comparison(SWEEP.render(made))
    rows = [f"{row} {task}" for code in "rz" for row in (code, f"{code}0", f"{code}1") for task in ("DC", "BC")]
    for row in rows:
        value = f"{(R_BASE | BASE)[row]:.1f}"
        shown = ["–" if row.startswith("z") else value, value, value]
        assert found[f"{row} measured"] == {CORNER: f"{row} measured"} | dict(zip(columns, shown, strict=True))
    gaps = {"r": ["6.0", "6.0", "6.0"], "z": ["–", "10.0", "10.0"]}
    for code, shown in gaps.items():
        assert list(found[f"{gap_of(code)} DC measured"].values())[1:] == shown
    assert len(found) == 16  # the control has none, and of "fresh" there is one of two heads only
    assert not [row for row in found if row.endswith("published")]


def test_a_method_without_z_is_not_called_not_diagonal() -> None:
    made = results([cell("supervised", 0.0, 0), cell("fresh", 3.0, 0)], 0)
    of_r, of_z = tables(SWEEP.render(made))[OUTCOME]
    assert [of_r[row]["diagonal in r"] for row in ("supervised, λ = 0", "fresh, λ = 3")] == ["1 of 1", "1 of 1"]
    assert [of_z[row]["diagonal in z"] for row in ("supervised, λ = 0", "fresh, λ = 3")] == ["–", "1 of 1"]
    assert of_r["supervised, λ = 0"]["diagnosis of r"] == "1 mixed"
    assert of_z["supervised, λ = 0"]["diagnosis of z"] == "–"
    cells_r, cells_z = tables(SWEEP.render(made))[CELLS]
    assert cells_r["supervised, λ = 0 0"]["diagonal"] == "yes"
    places = [f"{row} {task}" for row in ("z", "z0", "z1") for task in ("DC", "BC")]
    assert [cells_z["supervised, λ = 0 0"][place] for place in [*places, "diagonal"]] == ["–"] * 7
    assert cells_z["fresh, λ = 3 0"]["diagonal"] == "yes"
    summary = SWEEP.summary(made)
    assert summary["r"]["supervised"]["lam=0"]["diagonal"] == 1
    assert "diagonal" not in summary["z"]["supervised"]["lam=0"]
    assert summary["z"]["supervised"]["lam=0"]["z"] == {}


def test_the_tidy_table_of_the_sweep() -> None:
    table = SWEEP.table(results([cell("supervised", 0.0, 0), cell("ortho", 0.1, 0)], 0))
    assert list(table.columns) == COLUMNS
    assert len(table) == 2 * 6 * 2
    assert table["published"].isna().all()
    text = table.to_csv(index=False).splitlines()
    assert text[1] == "DC-BC,supervised,0,0,logistic,r,DC,95.0,,mixed"
    assert "DC-BC,supervised,0,0,logistic,z1,BC,,,absent" in text
    assert text[-1] == "DC-BC,ortho,0.1,0,logistic,z1,BC,50.0,,mixed"
    alone = SWEEP.table(results([cell("supervised", 0.0, 0)], 0))
    assert alone["value"].tolist()[:6] == list(R_BASE.values())
    assert alone["value"].isna().tolist() == [False] * 6 + [True] * 6


# Outcomes.


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((80, 40), (70, 50), "yes"),
        ((70, 40), (80, 50), "no"),
        ((80, 40), (80, 50), "undecided"),
        ((80, 50), (70, 48), "no"),
        # within 1.96 standard errors of 0.5 on one task, whatever the other says
        ((80, 50), (70, 49.1), "undecided"),
        ((80, 49.1), (70, 50), "undecided"),
        ((80, 49), (70, 50), "yes"),
    ],
)
def test_diagonal_whichever_half_it_is(first: tuple[float, float], second: tuple[float, float], expected: str) -> None:
    for z0, z1 in ((first, second), (second, first)):
        made = cell("ortho", 0.1, 0, z0_DC=z0[0], z0_BC=z0[1], z1_DC=z1[0], z1_BC=z1[1])
        assert diagonal(made, ("DC", "BC")) == expected
        assert gap(made, "DC") == abs(first[0] - second[0])
    assert diagonal(cell("ortho", 0.1, 0, "diverged"), ("DC", "BC")) == "no"
    unknown = PublishedRun({(key, task): value for key, task, value in (("z0", "DC", 5.1), ("z1", "BC", 5.1))})
    assert diagonal(unknown, ("DC", "BC")) == "no"  # neither half has a number on both
    signs = {("z0", "DC"): 5.1, ("z1", "DC"): 5.0, ("z0", "BC"): 7.0, ("z1", "BC"): 7.1}
    assert diagonal(PublishedRun(signs), ("DC", "BC")) == "yes"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"yes": 6}, ("6 of 6", "diagonal")),
        ({"no": 6}, ("0 of 6", "not diagonal")),
        ({"yes": 5}, ("5 of 5", "undecided")),  # 1/32 is more than 2.5 %
        ({"yes": 6, "undecided": 3}, ("6 of 9, 3 undecided", "diagonal")),
        ({"yes": 8, "no": 1}, ("8 of 9", "diagonal")),
        ({"yes": 7, "no": 2}, ("7 of 9", "undecided")),
        ({"undecided": 2}, ("0 of 2, 2 undecided", "undecided")),
    ],
)
def test_a_setting_is_diagonal_where_more_cells_are_than_a_coin_would_make(
    told: dict[str, int], expected: tuple[str, str]
) -> None:
    assert told_diagonal(Counter(told)) == expected


def test_cells_by_outcome() -> None:
    cells = [
        cell("ortho", 0.1, 0),
        cell("ortho", 0.1, 1, z0_DC=60.0),
        cell("ortho", 0.1, 2, "done", None, procrustes=0.95),
        cell("ortho", 0.1, 3, "diverged", None),
    ]
    markdown = REPORT.render(results(cells))
    (outcome,), (by_cell,) = (tables(markdown)[heading] for heading in (OUTCOME, CELLS))
    assert outcome["Ortho without P, λ = 0.1"] == {
        "setting": "Ortho without P, λ = 0.1",
        "cells": "4",
        "diagonal in z": "2 of 4",
        "over seeds": "undecided",
        "diagnosis of z": "1 diverged, 1 rotation, 2 mixed",
        # means of 40, 40, 95 and of 50, 50, 50 percent
        "halves alike (Procrustes, CKA)": "58, 50",
        "left the single-factor plateau at step": "40, 40, never, never",
    }
    assert by_cell["ortho, λ = 0.1 1"] == {
        "cell": "ortho, λ = 0.1",
        "seed": "1",
        "z DC": "90.0",
        "z BC": "60.0",
        "z0 DC": "60.0",
        "z0 BC": "40.0",
        "z1 DC": "70.0",
        "z1 BC": "50.0",
        "diagonal": "no",
        "diagnosis of z": "mixed",
    }
    assert list(by_cell["ortho, λ = 0.1 3"].values()) == ["ortho, λ = 0.1", "3", *"––––––", "no", "diverged"]
    # 80, 60, 80 of the cells that have a number; of the logit of 73.3, 1.012, ± 28.7 (1 / 73.3 + 1 / 26.7) = 1.467
    assert comparison(markdown)["z0 DC measured"]["Ortho without P, λ = 0.1"] == "73.3 [38.8, 92.3] (n = 3) ="
    summary = REPORT.summary(results(cells))["z"]
    assert summary["ortho"]["lam=0.1"]["z0"] == {"DC": 73.333, "BC": 40.0}
    assert summary["ortho"]["lam=0.1"]["gap"] == {"DC": 10.0, "BC": 10.0}
    assert {key: summary["ortho"]["lam=0.1"][key] for key in ("diagonal", "rotation", "diverged", "cells")} == {
        "diagonal": 2,
        "rotation": 1,
        "diverged": 1,
        "cells": 4,
    }


def test_the_tidy_table() -> None:
    cells = [cell("infomax", 0.0, 0), cell("ortho", 0.001, 0), cell("ortho", 0.5, 2, "diverged")]
    table = REPORT.table(results(cells))
    assert list(table.columns) == COLUMNS
    assert COLUMNS == ["dataset", "method", "lam", "seed", "probe", "input", "task", "value", "published", "status"]
    assert len(table) == 3 * 3 * 2
    assert table.iloc[8].tolist() == ["DC-BC", "ortho", "0.001", 0, "logistic", "z0", "DC", 80.0, 76.6, "mixed"]
    assert table[table["lam"] != "0.001"]["published"].isna().all()
    assert table[table["status"] == "diverged"]["value"].isna().all()
    assert sorted(table["lam"].unique()) == ["0", "0.001", "0.5"]
    text = table.to_csv(index=False).splitlines()
    assert text[1] == "DC-BC,infomax,0,0,logistic,z,DC,90.0,,mixed"
    assert text[9] == "DC-BC,ortho,0.001,0,logistic,z0,DC,80.0,76.6,mixed"
    assert text[-1] == "DC-BC,ortho,0.5,2,logistic,z1,BC,,,diverged"


def test_published_numbers_are_of_one_table_only() -> None:
    one = results([])
    assert one.published_value("DC-BC", "ortho", 0.001, "z", "DC") == 97.0
    for key in (
        ("DC-DL", "ortho", 0.001, "z", "DC"),
        ("DC-BC", "ortho", 0.01, "z", "DC"),
        ("DC-BC", "ortho", 0.1, "r", "DC"),
    ):
        assert one.published_value(*key) is None


def test_a_report_shows_the_tables_that_its_name_says_and_claims_are_tested_on_all() -> None:
    shown = {
        name.split("/")[1]: registry.constant("reports", name, "NEEDS").get("tables", [])
        for name in registry.of_study("reports", "burns")
    }
    for name, found in shown.items():
        if number := re.fullmatch(r"table(\d)", name):
            assert found == [int(number[1])]
    every = sorted({*ACCURACY["table"], *STATISTICS["table"]})
    assert shown["claims"] == every
    assert {f"table{number}" for number in every} <= {*shown}


def test_results_are_seen_through_the_first_probe_and_through_others_without_the_papers_numbers() -> None:
    made = [cell("ortho", 0.1, seed) for seed in (0, 1)]
    for one in made:
        whole = {part: dict.fromkeys(by_task, 31.0) for part, by_task in one.probe["accuracy"]["logistic"].items()}
        one.probe["accuracy"]["other"] = whole
        one.probe["gap_error"]["other"] = {code: dict.fromkeys(("DC", "BC"), 2.5) for code in "rz"}
    first = BurnsResults.of(read(made, ("logistic", "other")), [3])
    assert (first.probes, first.through("logistic")) == (("logistic", "other"), first)
    assert [one.accuracy("z", "DC") for one in first.cells] == [90.0, 90.0]
    assert first.published_beside(first.cells[0], "z", "DC") == 69.3
    other = first.through("other")
    assert [one.accuracy("z", "DC") for one in other.cells] == [31.0, 31.0]
    assert [one.gap_error("BC") for one in other.cells] == [2.5, 2.5]
    assert other.published_beside(other.cells[0], "z", "DC") is None
    tidy = [table.tidy(("z",), ("DC",)) for table in (first, other)]
    assert [(set(table["probe"]), set(table["value"])) for table in tidy] == [
        ({"logistic"}, {90.0}),
        ({"other"}, {31.0}),
    ]
    turned = BurnsResults.of(read(made, ("other", "logistic")), [3])
    assert [one.accuracy("z", "DC") for one in turned.cells] == [31.0, 31.0]
    assert turned.published_beside(turned.cells[0], "z", "DC") == 69.3


def test_published_files_hold_percentages_without_doubles() -> None:
    keys = ["table", "dataset", "method", "lam", "run", "input", "task"]
    assert not ACCURACY.duplicated(keys).any()
    assert ACCURACY["accuracy_percent"].between(0, 100).all()
    assert len(ACCURACY) == 194


# Text.


def test_markdown_tables_line_up() -> None:
    assert markdown_table(["a", "number"], [["first", 1], ["x", "–"]]) == (
        "| a     | number |\n| ----- | -----: |\n| first |      1 |\n| x     |      – |"
    )
    assert markdown_table(["a", "b"], []) == "| a   |   b |\n| --- | --: |"


def test_the_setting_names_stand_ins_and_differences(full: BurnsResults) -> None:
    text = setting_text(full)
    setting = text.split("## Setting\n\n")[1].split("\n\n")[0]
    assert dict(line.removeprefix("- ").split(": ", 1) for line in setting.splitlines()) == {
        "scale": "demo",
        "cells": "24",
        "seeds": "3: 0, 1, 2",
        "encoder": "ResNet of 1-1 blocks, 8-16 channels, stem cifar",
        "training": "100 steps of 64 pairs, adamw, peak rate 0.003, temperature 0.2, augmentation none",
        "device": "cpu",
        "training time": "720 s summed over the cells, 30 s a cell",
        "versions": "python 3.11.1, torch 2.0, numpy 2.1",
        "revision": "trained at abc; reported at def+",
    }
    assert "**DC-BC**: 2000 training and 400 test pairs of 32x32 pixels." in text
    assert "- always saying the most frequent class is right on the test pairs in percent: DC 11.7, BC 10.0\n" in text
    assert "- digits: as in the paper; 4500 instances to train on, 500 others to test on. Digits: MNIST." in text
    assert "- backgrounds: **stand-in**: crops of photographs; 900 instances" in text
    differences = text.split("## Differences from the paper")[1]
    for line in (
        "- backgrounds of DC-BC: crops of photographs",
        "- image size of DC-BC: 32 (paper: 64).",
        "- training pairs of DC-BC: 2000 (paper: 100000).",
        "- test pairs of DC-BC: 400 (paper: 10000).",
        "- background brightness of DC-BC: 0.35 (paper: 1.0): ",
        "- encoder: the small ResNet above (paper: ResNet34).",
        "- batch norm on the head's output: True (paper: False): ",
        "- not of the paper's experiments: infomax, infomax_one_head.\n",
    ):
        assert line in differences
    assert "digits of DC-BC" not in differences
    assert "not its default" not in differences
    assert "multiplied by the temperature" not in differences


def test_the_setting_tells_another_meaning_of_lam_and_sorts_seeds_as_numbers() -> None:
    cells = [cell("ortho", 0.1, seed) for seed in (10, 9, 100)]
    cells[0].run["training"]["loss_scale"] = "temperature"
    text = setting_text(results(cells))
    assert "- InfoMax terms are multiplied by the temperature, which changes the meaning of λ.\n" in text
    assert "- seeds: 3: 9, 10, 100\n" in text


def test_the_published_setting_has_no_differences_but_the_open_ones() -> None:
    made = cell("ortho", 0.1, 0)
    made.run["encoder"] |= {"blocks": [3, 4, 6, 3], "widths": [64, 128, 256, 512]}
    made.run["projection"]["batch_norm_output"] = False
    options = {"image_size": 64, "train_pairs": 100000, "test_pairs": 10000, "background_brightness": 1.0}
    text = setting_text(results([made], stand_in="", **options))
    assert "stand-in" not in text
    differences = [line for line in text.split("## Differences from the paper")[1].splitlines() if line]
    assert len(differences) == 1
    assert differences[0].startswith("- The paper leaves batch size, steps, optimiser")


@pytest.mark.parametrize("table", [1, 2, 3])
def test_the_report_has_its_sections_in_order(every: dict[int, tuple[Any, BurnsResults]], table: int) -> None:
    report, made = every[table]
    text = report.render(made)
    assert re.findall("^#+ (.*)$", text, re.M) == [
        f"Burns et al. 2021, Table {table}",
        COMPARISON,
        OUTCOME,
        CELLS,
        "Setting",
        "Data",
        "Differences from the paper",
    ]
    assert [len(tables(text)[heading]) for heading in (COMPARISON, OUTCOME, CELLS)] == [len(report.codes)] * 3
    words = ("*Published*", "*Diagonal*", "*Chance*", "*Less control*")
    assert [text.count(word) for word in words] == [1, 1, 1, int(table > 1)]


def test_the_setting_of_two_datasets_and_of_settings_with_more_seeds() -> None:
    cells = [cell("ortho", 0.1, seed) for seed in range(2)]
    cells += [cell("ortho", 0.1, seed, dataset="DC-DL") for seed in (1, 2, 3)]
    text = setting_text(results(cells))
    assert "- seeds: 2 or 3: 0, 1, 2, 3\n" in text
    first, second = text.split("## Data\n\n")[1].split("\n\n## ")[0].split("\n\n**DC-DL")
    assert first.startswith("**DC-BC**: 2000 training")
    assert second.startswith("**: 2000 training")
    assert "DC 11.7, DL 13.0" in text


def test_a_second_probe_shows_in_tables_values_and_summary_without_the_papers_numbers() -> None:
    """The paper's classifier is linear: its numbers stand beside the first probe alone."""
    cells = [cell("ortho", lam, seed) for lam in (0.001, 0.1) for seed in range(3)]
    for made in cells:
        logistic = made.probe["accuracy"]["logistic"]
        made.probe["accuracy"]["mlp"] = {key: {t: v + 1.5 for t, v in row.items()} for key, row in logistic.items()}
        made.probe["gap_error"]["mlp"] = made.probe["gap_error"]["logistic"]
    needs = registry.constant("reports", "burns/table3", "NEEDS")
    alone, both = (
        BurnsResults.of(read(cells, listed), needs["tables"]) for listed in (["logistic"], ["logistic", "mlp"])
    )
    table, first = REPORT.table(both), REPORT.table(alone)
    pd.testing.assert_frame_equal(table[table["probe"] == "logistic"], first)
    second = table[table["probe"] == "mlp"].reset_index(drop=True)
    assert (second["value"] - first["value"]).round(9).eq(1.5).all()
    assert first["published"].notna().any()
    assert not second["published"].notna().any()
    summary, text = REPORT.summary(both), REPORT.render(both)
    assert summary["z"] == REPORT.summary(alone)["z"]
    place = ("ortho", "lam=0.1", "z", "DC")
    values = [functools.reduce(dict.__getitem__, place, summary[name]) for name in ("z", "z, mlp")]
    assert values[1] - values[0] == pytest.approx(1.5)
    assert [line for line in text.splitlines() if line in ("*z*:", "*z, mlp*:")] == ["*z*:", "*z, mlp*:"] * 3
    assert "*z*:" not in REPORT.render(alone)
    # who reads "from a linear classifier" is told of others
    told = "The classifiers here: logistic, mlp. What the paper gives, of a linear one, stands beside the first.\n"
    assert told in text
    assert "The classifiers here" not in REPORT.render(alone)
    sweep: Any = registry.build("reports", "burns/sweep", {})
    assert "linear" not in sweep.introduction
