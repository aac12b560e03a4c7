"""Reports from cells made by hand: every published number in its place, every measured one worked out."""

import math
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from disentangle import provenance, registry
from disentangle.cells import Cell
from disentangle.results import COLUMNS, CellResult, Results, markdown_table
from disentangle.setting import setting_text
from disentangle.statistics import Estimate, estimate

ACCURACY = pd.read_csv(provenance.PACKAGE / "published" / "burns2021_accuracy.csv")
TABLE3 = ACCURACY[ACCURACY["table"] == 3]
T2 = 4.302653
"""The 97.5 % point of Student's t with two degrees of freedom."""
BASE = {"z DC": 90.0, "z BC": 60.0, "z0 DC": 80.0, "z0 BC": 40.0, "z1 DC": 70.0, "z1 BC": 50.0}


def cell(
    method: str, lam: float, seed: int, status: str = "done", exit_at: int | None = 40, **changed: float
) -> CellResult:
    """A cell whose accuracies are BASE; ``changed`` by ``z0_DC`` and so on; diverged: none at all."""
    values = BASE | {key.replace("_", " "): value for key, value in changed.items()}
    accuracy: dict[str, dict[str, float | None]] = {}
    for key, value in values.items():
        part, task = key.split()
        accuracy.setdefault(part, {})[task] = value
    if status == "diverged":
        accuracy = {part: dict.fromkeys(("DC", "BC")) for part in accuracy}
    run = {
        "status": status,
        "plateau": {"left_collapse": 20, "left_single_factor": exit_at},
        "training": {
            "steps": 100,
            "batch": 64,
            "optimizer": "adamw",
            "lr": 0.003,
            "temperature": 0.2,
            "augmentation": "none",
        },
        "encoder": {"blocks": [1, 1], "widths": [8, 16], "stem": "cifar"},
        "projection": {"batch_norm_output": True},
        "device": "cpu",
        "versions": {"python": "3.11.1", "torch": "2.0", "numpy": "2.1"},
    }
    timing = {"seconds": 30.0, "revision": "abc"}
    probe = {"accuracy": {"logistic": accuracy}, "chance": {"DC": 10, "BC": 10}}
    return CellResult(Cell("demo", "burns", "DC-BC", method, lam, seed), run, timing, probe)


def manifest(stand_in: str = "crops of photographs", **options: Any) -> dict[str, Any]:
    made_of = {
        "digits": {"STAND_IN": "", "CREDITS": "Digits: MNIST.", "instances": [4500, 500]},
        "backgrounds": {"STAND_IN": stand_in, "CREDITS": "Backgrounds: NASA.", "instances": [900, 100]},
    }
    given = {"image_size": 32, "train_pairs": 2000, "test_pairs": 400, "background_brightness": 0.35} | options
    return {"definition": {"options": given}, "made_of": made_of}


def results(cells: Sequence[CellResult], **given: Any) -> Results:
    return Results("demo", tuple(cells), {"DC-BC": manifest(**given)}, TABLE3, "def+")


REPORT = registry.build("reports", "table3", {})
GRID = [("infomax", 0.0), ("infomax_one_head", 0.0)]
GRID += [(method, lam) for method in ("ortho", "p_ortho", "hessian") for lam in (0.001, 0.1)]
TITLES = {
    "infomax": "Control without a regularizer, two heads",
    "infomax_one_head": "Control without a regularizer, one head",
    "ortho": "Orthogonality without P",
    "p_ortho": "Orthogonality with P",
    "hessian": "Hessian",
}


def tables(markdown: str) -> dict[str, dict[str, dict[str, str]]]:
    """Read every Markdown table back: by the heading above it, its first column, its header."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    heading, header = "", []
    for line in markdown.splitlines():
        if line.startswith("#"):
            heading, header = line.lstrip("# "), []
        elif line.startswith("|"):
            entries = [entry.strip() for entry in re.split(r"(?<!\\)\|", line)[1:-1]]
            if not header:
                header = entries
            elif not set("".join(entries)) <= set("-:"):
                assert len(entries) == len(header)
                key = " ".join(entries[:2]) if heading == "Every cell" else entries[0]
                found.setdefault(heading, {})[key] = dict(zip(header, entries, strict=True))
    return found


@pytest.fixture(scope="module")
def full() -> Results:
    """All settings of the table, three seeds each, whose accuracies differ by one point."""
    return results(
        [
            cell(method, lam, seed, **{key.replace(" ", "_"): value + seed for key, value in BASE.items()})
            for method, lam in GRID
            for seed in range(3)
        ]
    )


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


def test_verdicts() -> None:
    ours = Estimate(50.0, 2.0, 3)
    assert [ours.verdict(value) for value in (47.9, 48.0, 50.0, 52.0, 52.1)] == ["▲", "=", "=", "=", "▼"]
    assert Estimate(50.0, math.nan, 1).verdict(50.0) == ""
    assert Estimate(math.nan, math.nan, 0).verdict(50.0) == ""


# The table.


def test_every_published_number_stands_in_its_row_and_column(full: Results) -> None:
    found = tables(REPORT.render(full))
    assert len(TABLE3) == 36
    for row in TABLE3.itertuples():
        panel = found[TITLES[row.method]]
        assert panel[f"{row.input} published"][f"λ = {row.lam:g}: {row.task}"] == f"{row.accuracy_percent:.1f}"
    values = {(r.method, r.lam, r.input, r.task): r.accuracy_percent for r in TABLE3.itertuples()}
    for method, lam in GRID[2:]:
        for task in ("DC", "BC"):
            gap = abs(values[method, lam, "z0", task] - values[method, lam, "z1", task])
            shown = found[TITLES[method]]["\\|C(z0) − C(z1)\\| published"][f"λ = {lam:g}: {task}"]
            assert shown == f"{gap:.1f}"
    for method in ("infomax", "infomax_one_head"):
        assert not [row for row in found[TITLES[method]] if row.endswith("published")]


def test_numbers_of_the_paper_by_sight(full: Results) -> None:
    """Two rows of Table 3 as printed."""
    ortho = tables(REPORT.render(full))["Orthogonality without P"]
    assert list(ortho["z0 published"].values()) == ["z0 published", "76.6", "48.4", "51.2", "39.9"]
    assert list(ortho["z1 published"].values()) == ["z1 published", "73.2", "54.0", "46.3", "42.7"]


def test_means_and_intervals_stand_in_their_row_and_column(full: Results) -> None:
    found = tables(REPORT.render(full))
    width = T2 * 1 / math.sqrt(3)  # of three values one apart: s = 1
    for method, lam in GRID:
        for key, value in BASE.items():
            part, task = key.split()
            shown = found[TITLES[method]][f"{part} measured"][f"λ = {lam:g}: {task}"]
            mean = value + 1
            same = (TABLE3["method"] == method) & (TABLE3["lam"] == lam)
            published = TABLE3.loc[same & (TABLE3["input"] == part) & (TABLE3["task"] == task), "accuracy_percent"]
            expected = f"{mean:.1f} ± {width:.1f}"
            if len(published):
                difference = mean - float(published.iloc[0])
                expected += " =" if abs(difference) <= width else " ▲" if difference > 0 else " ▼"
            assert shown == expected
        gap = found[TITLES[method]]["\\|C(z0) − C(z1)\\| measured"]
        assert gap[f"λ = {lam:g}: DC"].startswith("10.0 ± 0.0")


def test_one_seed_has_no_interval_and_no_verdict() -> None:
    found = tables(REPORT.render(results([cell("ortho", 0.001, 0)])))["Orthogonality without P"]
    assert found["z measured"] == {"input": "z measured", "λ = 0.001: DC": "90.0", "λ = 0.001: BC": "60.0"}


def test_a_lam_that_the_paper_lacks_is_one_more_column() -> None:
    cells = [cell("ortho", lam, seed) for lam in (0.001, 0.5, 0.1) for seed in (0, 1)]
    found = tables(REPORT.render(results(cells)))["Orthogonality without P"]
    header = ["input", *(f"λ = {lam}: {task}" for lam in ("0.001", "0.5", "0.1") for task in ("DC", "BC"))]
    assert list(found["z published"]) == header
    assert list(found["z published"].values())[1:] == ["97.0", "62.4", "–", "–", "69.3", "59.6"]
    assert found["z measured"]["λ = 0.5: DC"] == "90.0 ± 0.0"
    assert found["z measured"]["λ = 0.1: DC"] == "90.0 ± 0.0 ▲"
    assert found["z measured"]["λ = 0.001: DC"] == "90.0 ± 0.0 ▼"


def test_an_entry_of_its_own_name_has_its_own_panel_and_no_published_numbers() -> None:
    found = tables(REPORT.render(results([cell("ortho_all", 0.1, 0)])))
    assert list(found["ortho_all"]) == ["z measured", "z0 measured", "z1 measured", "\\|C(z0) − C(z1)\\| measured"]


# Outcomes.


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [((80, 40), (70, 50), True), ((70, 40), (80, 50), False), ((80, 40), (80, 50), False), ((80, 50), (70, 49), False)],
)
def test_diagonal_whichever_half_it_is(first: tuple[int, int], second: tuple[int, int], expected: bool) -> None:
    for z0, z1 in ((first, second), (second, first)):
        made = cell("ortho", 0.1, 0, z0_DC=z0[0], z0_BC=z0[1], z1_DC=z1[0], z1_BC=z1[1])
        assert made.diagonal(("DC", "BC")) is expected
        assert made.gap("DC") == abs(first[0] - second[0])
    assert cell("ortho", 0.1, 0, "diverged").diagonal(("DC", "BC")) is False


def test_cells_by_outcome() -> None:
    cells = [
        cell("ortho", 0.1, 0),
        cell("ortho", 0.1, 1, z0_DC=60.0),
        cell("ortho", 0.1, 2, "plateau", None),
        cell("ortho", 0.1, 3, "diverged", None),
    ]
    found = tables(REPORT.render(results(cells)))
    assert found["Outcome of the cells"]["Orthogonality without P, λ = 0.1"] == {
        "setting": "Orthogonality without P, λ = 0.1",
        "cells": "4",
        "diagonal": "2 of 4",
        "on a plateau": "1 of 4",
        "diverged": "1 of 4",
        "left the single-factor plateau at step": "40, 40, never, never",
    }
    assert found["Every cell"]["ortho, λ = 0.1 1"] == {
        "cell": "ortho, λ = 0.1",
        "seed": "1",
        "z DC": "90.0",
        "z BC": "60.0",
        "z0 DC": "60.0",
        "z0 BC": "40.0",
        "z1 DC": "70.0",
        "z1 BC": "50.0",
        "diagonal": "no",
        "status": "done",
    }
    assert found["Every cell"]["ortho, λ = 0.1 3"]["status"] == "diverged"
    # 80, 60, 80 of the cells that have a number
    assert found["Orthogonality without P"]["z0 measured"]["λ = 0.1: DC"].startswith("73.3 ± 28.7")
    summary = REPORT.summary(results(cells))
    assert summary["ortho"]["lam=0.1"]["z0"] == {"DC": 73.333, "BC": 40.0}
    assert summary["ortho"]["lam=0.1"]["gap"] == {"DC": 10.0, "BC": 10.0}
    assert {key: summary["ortho"]["lam=0.1"][key] for key in ("diagonal", "plateau", "cells")} == {
        "diagonal": 2,
        "plateau": 1,
        "cells": 4,
    }


def test_the_tidy_table() -> None:
    cells = [cell("infomax", 0.0, 0), cell("ortho", 0.001, 0), cell("ortho", 0.5, 2, "diverged")]
    table = REPORT.table(results(cells))
    assert list(table.columns) == COLUMNS
    assert COLUMNS == ["dataset", "method", "lam", "seed", "input", "task", "value", "published", "status"]
    assert len(table) == 3 * 3 * 2
    assert table.iloc[8].tolist() == ["DC-BC", "ortho", "0.001", 0, "z0", "DC", 80.0, 76.6, "done"]
    assert table[table["lam"] != "0.001"]["published"].isna().all()
    assert table[table["status"] == "diverged"]["value"].isna().all()
    assert sorted(table["lam"].unique()) == ["0", "0.001", "0.5"]
    text = table.to_csv(index=False).splitlines()
    assert text[1] == "DC-BC,infomax,0,0,z,DC,90.0,,done"
    assert text[9] == "DC-BC,ortho,0.001,0,z0,DC,80.0,76.6,done"
    assert text[-1] == "DC-BC,ortho,0.5,2,z1,BC,,,diverged"


def test_published_numbers_are_of_one_table_only() -> None:
    one = results([])
    assert one.published_value("DC-BC", "ortho", 0.001, "z", "DC") == 97.0
    for key in (
        ("DC-DL", "ortho", 0.001, "z", "DC"),
        ("DC-BC", "ortho", 0.01, "z", "DC"),
        ("DC-BC", "ortho", 0.1, "r", "DC"),
    ):
        assert one.published_value(*key) is None


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


def test_the_setting_names_stand_ins_and_differences(full: Results) -> None:
    text = setting_text(full)
    setting = text.split("## Setting\n\n")[1].split("\n\n")[0]
    assert dict(line.removeprefix("- ").split(": ", 1) for line in setting.splitlines()) == {
        "scale": "demo",
        "cells": "24",
        "seeds": "3: 0, 1, 2",
        "encoder": "ResNet of 1-1 blocks, 8-16 channels, stem cifar",
        "training": "100 steps of 64 pairs, adamw, peak rate 0.003, temperature 0.2, augmentation none",
        "device": "cpu",
        "training time": "720 s in all, 30 s a cell",
        "versions": "python 3.11.1, torch 2.0, numpy 2.1",
        "revision": "trained at abc; reported at def+",
    }
    assert "**DC-BC**: 2000 training and 400 test pairs of 32x32 pixels." in text
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
    ):
        assert line in differences
    assert "digits of DC-BC" not in differences


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


def test_the_report_has_its_sections_in_order(full: Results) -> None:
    text = REPORT.render(full)
    assert re.findall("^#+ (.*)$", text, re.M) == [
        "Burns et al. 2021, Table 3",
        "Published and measured",
        *TITLES.values(),
        "Outcome of the cells",
        "Every cell",
        "Setting",
        "Data",
        "Differences from the paper",
    ]
