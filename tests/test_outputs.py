"""Outputs: which cells a report and a figure read, which of them there are, and where they lie."""

from typing import Any

import pytest

from disentangle import registry
from disentangle.cells import Cell
from disentangle.errors import InputError
from disentangle.pipeline import outputs, params, study


def burns(datasets: list[str], **methods: dict[str, Any]) -> params.Params:
    section = {"datasets": datasets, "seeds": [0, 1], "rerun_seeds": [1, 4, 5], "methods": methods}
    return params.Params("s", (), {"s": {"studies": {"burns": section}, "datasets": {}}})


def keys(cells: list[Cell]) -> list[tuple[str, str, float, int]]:
    return [(cell.dataset, cell.method, cell.lam, cell.seed) for cell in cells]


def test_a_table_of_reruns_has_its_own_seeds_and_one_strength() -> None:
    settings = burns(["DC-BC"], p_ortho={"lam": [0.001, 0.1]}, infomax={"lam": [0]}, hessian={"lam": [0.1]})
    expected = [("DC-BC", "infomax", 0.0, seed) for seed in (1, 4, 5)]
    expected += [("DC-BC", "p_ortho", 0.1, seed) for seed in (1, 4, 5)]
    assert keys(outputs.report_cells(settings, "burns/table8")) == expected
    weak = burns(["DC-BC"], p_ortho={"lam": [0.001]})
    with pytest.raises(InputError, match=r"report 'burns/table8' needs one of infomax, p_ortho at lam 0, 0\.1\."):
        outputs.report_cells(weak, "burns/table8")


def test_the_claims_read_what_the_tables_read_each_cell_once() -> None:
    settings = burns(["DC-BC", "DC-DL"], p_ortho={"lam": [0.1]}, infomax={"lam": [0]})
    cells = keys(outputs.report_cells(settings, "burns/claims"))
    assert len(set(cells)) == len(cells)
    # both datasets with the seeds of the tables, and the reruns on DC-BC
    expected = {
        (d, m, lam, s) for d in ("DC-BC", "DC-DL") for m, lam in (("p_ortho", 0.1), ("infomax", 0.0)) for s in (0, 1)
    }
    expected |= {("DC-BC", m, lam, s) for m, lam in (("p_ortho", 0.1), ("infomax", 0.0)) for s in (1, 4, 5)}
    assert set(cells) == expected
    with pytest.raises(InputError, match="report 'burns/claims' needs one of infomax, infomin"):
        outputs.report_cells(burns(["BC-DL"], infomax={"lam": [0]}), "burns/claims")
    # without DC-BC, what there is on DC-DL
    only = keys(outputs.report_cells(burns(["DC-DL"], ortho={"lam": [0.1]}), "burns/claims"))
    assert only == [("DC-DL", "ortho", 0.1, 0), ("DC-DL", "ortho", 0.1, 1)]


def test_reports_and_figures_are_those_that_there_are_cells_for() -> None:
    settings = burns(["DC-BC"], p_ortho={"lam": [0.1]}, infomax={"lam": [0]})
    assert outputs.shown_reports(settings, "burns") == [
        "burns/table2",
        "burns/table3",
        "burns/table8",
        "burns/table9",
        "burns/claims",
        "burns/extensions",
        "burns/sweep",
    ]
    figures = outputs.all_figures(settings)
    assert ("burns/locations", "DC-BC", None) in figures
    assert ("burns/losses", "DC-BC", "p_ortho") in figures
    assert len(figures) == 2 * 2 + 2
    every = keys(outputs.figure_cells(settings, "burns/losses", "DC-BC", "p_ortho"))
    assert sorted(seed for *_, seed in every) == [0, 1, 4, 5]
    assert keys(outputs.figure_cells(settings, "burns/representations", "DC-BC", "p_ortho")) == [
        ("DC-BC", "p_ortho", 0.1, 0)
    ]
    assert str(study.figure_path("burns/losses", "DC-BC", "p_ortho")) == "reports/figures/losses/DC-BC/p_ortho"
    assert str(study.figure_path("burns/pairs", "DC-BC", None)) == "reports/figures/pairs/DC-BC"


def test_an_edit_in_the_same_process_reaches_figures_and_reports() -> None:
    settings = burns(["DC-BC"], p_ortho={"lam": [0.1]})
    assert [cell.lam for cell in outputs.figure_cells(settings, "burns/representations", "DC-BC", "p_ortho")] == [0.1]
    settings.scales["s"]["studies"]["burns"]["methods"] = {"p_ortho": {"lam": [0.2]}, "supervised": {"lam": [0]}}
    assert [cell.lam for cell in outputs.figure_cells(settings, "burns/representations", "DC-BC", "p_ortho")] == [0.2]
    assert outputs.shown_reports(settings, "burns") == [
        "burns/table1",
        "burns/table3",
        "burns/claims",
        "burns/extensions",
        "burns/sweep",
    ]
    assert ("burns/losses", "DC-BC", "supervised") in outputs.all_figures(settings)


def test_of_two_datasets_fig_1_shows_the_first() -> None:
    figures = outputs.all_figures(burns(["DC-BC", "DC-DL"], infomax={"lam": [0]}))
    assert [figure for figure in figures if figure[0] == "burns/locations"] == [("burns/locations", "DC-BC", None)]
    assert [figure[1] for figure in figures if figure[0] == "burns/pairs"] == ["DC-BC", "DC-DL"]


def test_a_report_of_no_cells_is_refused() -> None:
    settings = burns(["DC-BC"], infomin={"lam": [0.1]})
    with pytest.raises(
        InputError, match=r"scales.s.studies.burns\.methods: report 'burns/table3' needs one of infomax, .*hessian"
    ):
        outputs.report_cells(settings, "burns/table3")
    assert outputs.report_cells_or_none(settings, "burns/table3") is None
    settings = burns(["DC-BC"], hessian={"lam": [0.1]}, ortho={"lam": [0.001, 10]}, infomin={"lam": [0.1]})
    assert len(outputs.report_cells(settings, "burns/table3")) == 6
    assert outputs.report_cells_or_none(settings, "burns/table3") == outputs.report_cells(settings, "burns/table3")


def test_datasets_of_cells_each_once() -> None:
    settings = burns(["DC-BC", "DC-DL"], infomax={"lam": [0]})
    cells = settings.cells("s", "burns", "DC-DL") + settings.cells("s", "burns", "DC-BC")
    assert list(outputs.datasets_of(cells)) == [("s", "DC-DL"), ("s", "DC-BC")]


def test_a_path_says_which_report_or_figure_lies_there() -> None:
    for name in registry.names("reports"):
        assert outputs.report_at(str(study.report_path(name))) == name
    for name in registry.names("figures"):
        place = study.figure_path(name, "d", "m")
        assert outputs.figure_at(str(place.parents[3]), place.parents[1].name) == name
    with pytest.raises(InputError, match=r"^reports/tabel3\.md: no report makes it: did you mean 'reports/table3'\?"):
        outputs.report_at("reports/tabel3")
    with pytest.raises(InputError, match=r"^unknown figure 'burns/los': did you mean 'burns/losses'\?"):
        outputs.figure_at("reports", "los")
