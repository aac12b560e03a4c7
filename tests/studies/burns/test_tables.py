"""Tables 4 to 9, BC-DL and the extensions: every published number in its place, reruns and degenerate cells by hand."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from disentangle import registry
from disentangle.studies.burns.analysis.results import COLUMNS, BurnsCell, BurnsResults
from disentangle.studies.burns.reports import table7
from studies.burns.test_reports import (
    ACCURACY,
    CELLS,
    CORNER,
    OUTCOME,
    STATISTICS,
    bracketed,
    cell,
    comparison,
    gap_of,
    results,
    tables,
)

TITLES = {
    "supervised": "Fully supervised pipeline",
    "infomin": "InfoMin",
    "ortho": "Ortho without P",
    "p_ortho": "Ortho with P",
    "hessian": "Hessian",
}
LAMS = {"supervised": [0.0]}
GRIDS: dict[int, tuple[str, list[str]]] = {
    1: ("DC-BC", ["supervised"]),
    2: ("DC-BC", ["infomin"]),
    3: ("DC-BC", ["ortho", "p_ortho", "hessian"]),
    4: ("DC-DL", ["supervised"]),
    5: ("DC-DL", ["infomin"]),
    6: ("DC-DL", ["ortho", "p_ortho", "hessian"]),
}


def report(name: str) -> Any:
    return registry.build("reports", f"burns/{name}", {})


def grid(dataset: str, methods: list[str], seeds: int = 2) -> list[BurnsCell]:
    return [
        cell(method, lam, seed, dataset=dataset)
        for method in methods
        for lam in LAMS.get(method, [0.001, 0.1])
        for seed in range(seeds)
    ]


@pytest.mark.parametrize("table", GRIDS)
def test_each_published_value_of_a_table_stands_in_its_row_and_column(table: int) -> None:
    dataset, methods = GRIDS[table]
    shown = comparison(report(f"table{table}").render(results(grid(dataset, methods), table)))
    published = ACCURACY[ACCURACY["table"] == table]
    found = 0
    for row in published.itertuples():
        for lam in LAMS.get(row.method, [0.001, 0.1]) if math.isnan(row.lam) else [row.lam]:
            column = f"{TITLES[row.method]}, λ = {lam:g}"
            assert shown[f"{row.input} {row.task} published"][column] == f"{row.accuracy_percent:.1f}"
            found += 1
    numbers = [
        entry
        for name, entries in shown.items()
        if name.endswith("published") and "C(" not in name
        for column, entry in entries.items()
        if column != CORNER and entry != "–"
    ]
    # Table 5 does not state its strength: its two numbers stand beside both of ours
    assert found == len(numbers) == len(published) * (2 if table == 5 else 1)


@pytest.mark.parametrize("table", [4, 5, 6])
def test_the_tasks_of_dc_dl_are_digit_and_location(table: int) -> None:
    dataset, methods = GRIDS[table]
    made = results(grid(dataset, methods), table)
    made_of = report(f"table{table}")
    shown = comparison(made_of.render(made))
    assert {name.removesuffix(" less control").split()[-2] for name in shown} == {"DC", "DL"}
    # cells have on DL the numbers of BC
    code = made_of.codes[0]
    expected = {"r": "45.0 [45.0, 45.0]", "z": "40.0 [40.0, 40.0]"}[code]
    assert all(entry.startswith(expected) for entry in list(shown[f"{code}0 DL measured"].values())[1:])
    assert made_of.table(made)["task"].unique().tolist() == ["DC", "DL"]


@pytest.mark.parametrize(
    ("name", "dataset", "tasks", "methods"),
    [
        ("bc_dl", "BC-DL", ["BC", "DL"], ["supervised", "infomin", "ortho", "p_ortho", "hessian"]),
        ("extensions", "DC-BC", ["DC", "BC"], ["p_ortho", "hessian", "hessian_ortho", "halves_suffice"]),
    ],
)
def test_what_the_paper_did_not_run_has_no_published_numbers(
    name: str, dataset: str, tasks: list[str], methods: list[str]
) -> None:
    made = results(grid(dataset, methods), 0)
    shown = comparison(report(name).render(made))
    assert not [row for row in shown if row.endswith("published")]
    assert {row.split()[-2] for row in shown} == set(tasks)
    tidy = report(name).table(made)
    assert list(tidy.columns) == COLUMNS
    assert tidy["published"].isna().all()
    assert set(tidy["method"]) == set(methods)


# Table 7.


def degenerate(seed: int, **changed: float) -> BurnsCell:
    return cell("ortho", 0.1, seed, dataset="DC-DL", **changed)


COLLAPSE = dict.fromkeys((f"{key}_{task}" for key in ("z", "z0", "z1") for task in ("DC", "DL")), 12.0)
DOMINANCE = {"z_DC": 76.0, "z_DL": 99.0, "z0_DC": 40.0, "z0_DL": 99.0, "z1_DC": 30.0, "z1_DL": 98.9}


@pytest.fixture(scope="module")
def seventh() -> BurnsResults:
    cells = [degenerate(0, **COLLAPSE), degenerate(1, **DOMINANCE), degenerate(2, **(DOMINANCE | {"z_DC": 78.0}))]
    return results([*cells, degenerate(3)], 7)


def test_table_7_sets_our_degenerate_cells_beside_the_papers(seventh: BurnsResults) -> None:
    shown = comparison(report("table7").render(seventh))
    columns = [
        "Random, published",
        "Random, measured: collapse in 1 of 4 cells",
        "Task Difficulty, published",
        "Task Difficulty, measured: dominance in 2 of 4 cells",
    ]
    assert [shown["z DC"][column] for column in columns] == ["11.7", "12.0", "76.7", bracketed(77.0, 12.706205)]
    assert [shown["z1 DL"][column] for column in columns] == ["12.6", "12.0", "99.7", "98.9 [98.9, 98.9]"]
    published = ACCURACY[ACCURACY["table"] == 7]
    for row in published.itertuples():
        title = table7.COLUMNS[row.run][0]
        assert shown[f"{row.input} {row.task}"][f"{title}, published"] == f"{row.accuracy_percent:.1f}"
    assert len(published) == 2 * len(shown)


def test_the_tidy_table_7_has_the_papers_column_of_a_cells_diagnosis(seventh: BurnsResults) -> None:
    tidy = report("table7").table(seventh)
    of_z_dc = tidy[(tidy["input"] == "z") & (tidy["task"] == "DC")]
    assert of_z_dc["status"].tolist() == ["collapse", "dominance", "dominance", "mixed"]
    assert of_z_dc["published"].tolist()[:3] == [11.7, 76.7, 76.7]
    assert math.isnan(of_z_dc["published"].tolist()[3])
    (outcome,) = tables(report("table7").render(seventh))[OUTCOME]
    assert outcome["Ortho without P, λ = 0.1"]["diagnosis of z"] == "1 collapse, 2 dominance, 1 mixed"


def test_table_7_leaves_out_another_reading(seventh: BurnsResults) -> None:
    other = cell("ortho_all", 0.1, 5, dataset="DC-DL", **COLLAPSE)
    more = results([*seventh.cells, other], 7)
    assert (
        report("table7").render(more).split("## Setting")[0] == report("table7").render(seventh).split("## Setting")[0]
    )
    assert report("table7").table(more).equals(report("table7").table(seventh))


def test_each_table_diagnoses_the_code_that_it_shows() -> None:
    """r tells both factors, z neither."""
    made = results([cell("infomin", 0.1, 0, dataset="DC-DL", **COLLAPSE)], 5)
    of_r, of_z = tables(report("table5").render(made))[OUTCOME]
    assert of_r["InfoMin, λ = 0.1"]["diagnosis of r"] == "1 mixed"
    assert of_z["InfoMin, λ = 0.1"]["diagnosis of z"] == "1 collapse"
    tidy = report("table5").table(made)
    assert set(zip(tidy["input"].str[0], tidy["status"], strict=True)) == {("r", "mixed"), ("z", "collapse")}


# Tables 8 and 9.

RERUNS = {8: "p_ortho", 9: "hessian"}
PRINTED = {8: ["4.4", "3.4", "3.1", "7.4"], 9: ["7.6", "22.8", "3.2", "7.4"]}


def reruns(table: int) -> BurnsResults:
    """Gaps of 1 to 6 points on DC and of 2 on BC; a control of two seeds without a gap."""
    method = RERUNS[table]
    cells = [cell("infomax", 0.0, seed, z0_DC=70.0, z0_BC=50.0) for seed in range(2)]
    cells += [cell(method, 0.1, seed, z0_DC=71.0 + seed, z0_BC=48.0) for seed in range(6)]
    return results(cells, table)


@pytest.mark.parametrize("table", RERUNS)
def test_means_and_population_variances_recomputed_from_the_papers_runs_are_the_printed_ones(table: int) -> None:
    (shown,) = tables(report(f"table{table}").render(reruns(table)))["Gaps"]
    numbers = {name: list(entries.values())[2:6] for name, entries in shown.items()}
    assert numbers["published"] == numbers["recomputed from the paper's runs"] == PRINTED[table]
    printed = STATISTICS[STATISTICS["table"] == table].set_index("task")
    for task, (mean, variance) in zip(("DC", "BC"), (PRINTED[table][:2], PRINTED[table][2:]), strict=True):
        assert f"{printed.loc[task, 'mean_gap']:.1f}" == mean
        assert f"{printed.loc[task, 'population_variance_gap']:.1f}" == variance
    # diagonal: of the paper's five reruns as it counts, of its six runs as they are
    assert shown["published"]["diagonal"] == {8: "1 of 5 reruns", 9: "4 of 5 reruns"}[table]
    assert shown["recomputed from the paper's runs"]["diagonal"] == {8: "2 of 6", 9: "5 of 6"}[table]


@pytest.mark.parametrize("table", RERUNS)
def test_our_gaps_by_hand(table: int) -> None:
    (shown,) = tables(report(f"table{table}").render(reruns(table)))["Gaps"]
    title = {8: "Ortho with P", 9: "Hessian"}[table]
    # gaps 1 ... 6: mean 3.5, population variance 35 / 12, s = 1.8708, t = 2.5706
    half = float(2.570582 * np.std(range(6), ddof=1) / math.sqrt(6))
    assert list(shown[f"{title}, λ = 0.1"].values())[1:] == [
        "6",
        bracketed(3.5, half),
        "2.9",
        "2.0 [2.0, 2.0]",
        "0.0",
        "6 of 6",
        "diagonal",
    ]
    control = ["2", "0.0 [0.0, 0.0]", "0.0", "0.0 [0.0, 0.0]", "0.0", "0 of 2, 2 undecided", "undecided"]
    assert list(shown["Control, λ = 0"].values())[1:] == control


@pytest.mark.parametrize("table", RERUNS)
def test_every_run_of_the_paper_is_shown(table: int) -> None:
    (shown,) = tables(report(f"table{table}").render(reruns(table)))["The paper's runs"]
    published = ACCURACY[ACCURACY["table"] == table]
    assert len(published) == 36
    for row in published.itertuples():
        assert shown[f"{row.input} {row.task}"][f"run {row.run}"] == f"{row.accuracy_percent:.1f}"
    gaps = [float(shown["gap DC"][f"run {number}"]) for number in range(6)]
    assert gaps == pytest.approx({8: [5.8, 6.0, 5.8, 1.8, 5.2, 1.9], 9: [17.2, 3.7, 7.2, 7.4, 2.2, 7.6]}[table])
    control, ours = tables(report(f"table{table}").render(reruns(table)))["Our runs"]
    assert list(control["z0 DC"].values())[1:] == ["70.0", "70.0"]
    assert list(ours["z0 DC"].values())[1:] == [f"{71 + seed:.1f}" for seed in range(6)]
    assert ours["gap BC"]["seed 5"] == "2.0"


@pytest.mark.parametrize("table", RERUNS)
def test_tidy_reruns_hold_our_cells_and_the_papers_runs_apart(table: int) -> None:
    tidy = report(f"table{table}").table(reruns(table))
    assert list(tidy.columns) == COLUMNS
    theirs = tidy[tidy["status"] == "published"]
    assert len(theirs) == 36
    assert theirs["value"].isna().all()
    assert tidy[tidy["status"] != "published"]["published"].isna().all()
    assert len(tidy) == 36 + 8 * 6
    expected = {
        (str(r.run), r.input, r.task): r.accuracy_percent for r in ACCURACY[ACCURACY["table"] == table].itertuples()
    }
    assert {(str(r.seed), r.input, r.task): r.published for r in theirs.itertuples()} == expected
    summary = report(f"table{table}").summary(reruns(table))
    assert summary["gap_population_variance"][f"{RERUNS[table]} lam=0.1"] == {"DC": round(35 / 12, 3), "BC": 0.0}


def test_a_rerun_that_diverged_has_no_gap() -> None:
    cells = [cell("p_ortho", 0.1, seed, z0_DC=71.0 + seed) for seed in range(2)]
    made = results([*cells, cell("p_ortho", 0.1, 2, "diverged")], 8)
    text = report("table8").render(made)
    (shown,) = tables(text)["Gaps"]
    assert shown["Ortho with P, λ = 0.1"]["variance of gaps DC"] == "0.2"
    (ours,) = tables(text)["Our runs"]
    assert ours["z DC"]["seed 2"] == "–"
    variances = report("table8").summary(made)["gap_population_variance"]
    assert variances == {"p_ortho lam=0.1": {"DC": 0.25, "BC": 0.0}}
    none_left = results([cell("p_ortho", 0.1, seed, "diverged") for seed in range(2)], 8)
    assert report("table8").summary(none_left)["gap_population_variance"] == {"p_ortho lam=0.1": {}}
    (shown,) = tables(report("table8").render(none_left))["Gaps"]
    assert shown["Ortho with P, λ = 0.1"]["mean gap DC"] == "–"


def test_published_and_tidy_tables_are_read_back_from_csv_alike() -> None:
    text = report("table8").table(reruns(8)).to_csv(index=False)
    assert text.splitlines()[-1] == "DC-BC,p_ortho,0.1,5,,z1,BC,,48.1,published"
    assert "nan" not in text
    assert pd.notna(ACCURACY["accuracy_percent"]).all()


def test_every_cell_is_listed_in_the_tables_that_have_such_a_list() -> None:
    for name in ("table4", "table6", "table7"):
        methods = {"table4": ["supervised"], "table6": ["ortho", "hessian"], "table7": ["ortho"]}[name]
        made = results(grid("DC-DL", methods), int(name[-1]))
        assert sum(len(rows) for rows in tables(report(name).render(made))[CELLS]) == len(made.cells)
    assert gap_of("z") in report("table6").render(results(grid("DC-DL", ["ortho"]), 6))
