"""Outputs: which cells a report and a figure read, which of them there are, and where they lie."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import forget

from disentangle import registry
from disentangle.cells import Cell
from disentangle.errors import InputError
from disentangle.pipeline import outputs, params, study
from disentangle.pipeline.needs import needs


def burns(datasets: list[str], **methods: dict[str, Any]) -> params.Params:
    section = {"datasets": datasets, "seeds": [0, 1], "rerun_seeds": [1, 4, 5], "methods": methods}
    return params.Params("s", (), {"s": {"studies": {"burns": section}, "datasets": {}}})


def keys(cells: list[Cell]) -> list[tuple[str, str, float, int]]:
    return [(cell.dataset, cell.method, cell.lam, cell.seed) for cell in cells]


REPORTS = {f"burns/{name}" for name in (*(f"table{k}" for k in range(1, 10)), "claims", "bc_dl", "extensions", "sweep")}
"""Those whose cells are told here."""


def known(reports: list[str]) -> list[str]:
    return [name for name in reports if name in REPORTS]


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
        outputs.report_cells(burns(["DC-BC"], halves_suffice_of_another_name={"lam": [0]}), "burns/claims")
    # without DC-BC, what there is on DC-DL
    only = keys(outputs.report_cells(burns(["DC-DL"], ortho={"lam": [0.1]}), "burns/claims"))
    assert only == [("DC-DL", "ortho", 0.1, 0), ("DC-DL", "ortho", 0.1, 1)]


def test_reports_and_figures_are_those_that_there_are_cells_for() -> None:
    settings = burns(["DC-BC"], p_ortho={"lam": [0.1]}, infomax={"lam": [0]})
    assert known(outputs.shown_reports(settings, "burns")) == [
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
    of = Counter(needs("figures", name)["of"] for name in registry.of_study("figures", "burns"))
    assert len(figures) == 2 * of["every method"] + of["every dataset"] + of["the first dataset"]
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
    assert known(outputs.shown_reports(settings, "burns")) == [
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


def test_a_report_whose_dataset_is_not_listed_says_which() -> None:
    """Its methods are all there: it is an own dataset that took the place of the study's."""
    settings = burns(["OWN"], infomax={"lam": [0]}, infomin={"lam": [0.1]})
    lacks = r"needs dataset 'DC-BC', which scales\.s\.studies\.burns\.datasets does not list \(listed: OWN\)\.$"
    for report in ("burns/sweep", "burns/claims", "burns/table2"):
        with pytest.raises(InputError, match=f"^report '{report}' {lacks}"):
            outputs.report_cells(settings, report)
    with pytest.raises(InputError, match=f"^no report of 'burns' has cells: report 'burns/table1' {lacks}"):
        outputs.shown_reports(settings, "burns")
    assert outputs.all_report_cells(settings) == []


# What NEEDS may say, of a study of the test's own.

STUDY = """
PAPER = "x"
TITLE = "x"
LEAD = "x"
ASKED = "x"
EASY = "x"
HARD = "x"
FAMILY = "vae"
CODES = "x"
EVALUATED = ("measure",)
NEEDS = ("tables",)
"""
REPORT = """
NEEDS = {}
class Report:
    def table(self, results): ...
    def summary(self, results): ...
    def render(self, results): ...
"""
FIGURE = """
SECTION = "x"
NEEDS = {"of": "every method", "files": ["run.json"], "seeds": 1}
class Figure:
    def table(self, subject): ...
    def draw(self, subject, table): ...
    def text(self, subject): ...
"""
CLAIMS = """
CLAIMS = (print,)
"""


READ = (registry, study.studies, needs, outputs._needed_at)
"""What keeps what it has read of a package."""


class Toy:
    """A study ``toy`` in a package of its own, whose files a test may write anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("methods/beta.py", "methods/dip.py", "metrics/mig.py", "training/families/vae.py"):
            self.write(f"../../{'evaluation/' * name.startswith('metrics')}{name}", 'DATA = "a grid of factors"')
        self.write("study.py", STUDY)
        for name in ("small", "whole"):
            self.write(f"reports/{name}.py", REPORT)
        self.write("figures/curves.py", FIGURE)
        self.write("claims/codes.py", CLAIMS)

    def write(self, name: str, content: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        forget(*READ)

    def needs(self, said: str, report: str = "whole") -> None:
        self.write(f"reports/{report}.py", REPORT.replace("{}", said))

    def cells(self) -> list[tuple[str, str, float, int]]:
        return keys(outputs.report_cells(self.settings, "toy/whole"))

    @property
    def settings(self) -> params.Params:
        methods = {"beta": {"lam": [1, 4]}, "other": {"method": "beta", "lam": [4]}, "dip": {"lam": [2]}}
        section = {"datasets": ["A", "B"], "seeds": [0], "extra_seeds": [7, 8], "model": {}, "methods": methods}
        return params.Params("s", (), {"s": {"studies": {"toy": section}, "datasets": {}}})


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Toy]:
    monkeypatch.setattr(registry, "PACKAGE", tmp_path)
    yield Toy(tmp_path / "studies/toy")
    monkeypatch.undo()
    forget(*READ)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('{"methods": ["beta"], "lam": [4]}', [(d, m, 4, 0) for d in "AB" for m in ("beta", "other")]),
        ('{"methods": ["dip"], "seeds": "extra_seeds"}', [(d, "dip", 2, seed) for d in "AB" for seed in (7, 8)]),
        ('{"lam": [1]}', [(d, "beta", 1, 0) for d in "AB"]),
        ('{"dataset": "B", "lam": [1, 2]}', [("B", "beta", 1, 0), ("B", "dip", 2, 0)]),
        ('{"entries": ("oth*",)}', [(d, "other", 4, 0) for d in "AB"]),
        ('{"reports": ["small"]}', [("B", "dip", 2, 7), ("B", "dip", 2, 8)]),
        (
            '{"reports": ["small"], "lam": [1]}',
            [("B", "dip", 2, 7), ("B", "dip", 2, 8)] + [(d, "beta", 1, 0) for d in "AB"],
        ),
        ('{"reports": ["small"], "dataset": "C"}', [("B", "dip", 2, 7), ("B", "dip", 2, 8)]),
        ('{"cells": "none"}', []),
        (
            '{"tables": [1], "place": 2}',
            [(d, *cell, 0) for d in "AB" for cell in (("beta", 1), ("beta", 4), ("other", 4), ("dip", 2))],
        ),
    ],
)
def test_a_report_reads_what_fits_all_that_its_needs_name(toy: Toy, said: str, expected: list[Any]) -> None:
    toy.needs('{"dataset": "B", "methods": ["dip"], "seeds": "extra_seeds"}', "small")
    toy.needs(said)
    assert toy.cells() == expected
    assert set(outputs.shown_reports(toy.settings, "toy")) == {"toy/small", "toy/whole"}
    # as do all reports together, for which a misspelt one would be one without cells
    assert set(expected) <= set(keys(outputs.all_report_cells(toy.settings)))


WRONG_NEEDS = {
    "an unknown key": ('{"metods": ["beta"]}', r"NEEDS: unknown key 'metods': did you mean 'methods'\?"),
    "a key that a study does not declare": ('{"table": [1]}', r"NEEDS: unknown key 'table': did you mean 'tables'\?"),
    "no mapping": ("3", "NEEDS: found 3; allowed: object"),
    "an unknown key of seeds": (
        '{"seeds": "extra_seed"}',
        r"NEEDS\.seeds: found 'extra_seed': did you mean 'extra_seeds'\? Known: extra_seeds, seeds\.$",
    ),
    "a text for methods": ('{"methods": "beta"}', r"NEEDS\.methods: found 'beta'; allowed: array\.$"),
    "an unknown method": ('{"methods": ["bta"]}', r"NEEDS\.methods\.0: found 'bta': did you mean 'beta'\?"),
    "an unknown report": ('{"reports": ["smal"]}', r"NEEDS\.reports\.0: found 'smal': did you mean 'small'\?"),
    "an unknown metric": ('{"metrics": ["mg"]}', r"NEEDS\.metrics\.0: found 'mg': did you mean 'mig'\?"),
    "a file of another stage": (
        '{"files": ["codes.npz", "probe.json"]}',
        r"NEEDS\.files\.1: found 'probe.json': .*checkpoint\.safetensors, codes\.npz, history\.csv, metrics\.json, run",
    ),
    "a number for strengths": ('{"lam": 4}', r"NEEDS\.lam: found 4; allowed: array\.$"),
    "a text for a place": ('{"place": "1"}', r"NEEDS\.place: found the text '1'"),
    "a name for a dataset": ('{"dataset": ["A"]}', r"NEEDS\.dataset: found \['A'\]; allowed: string\.$"),
    "cells of another kind": ('{"cells": "all"}', r"NEEDS\.cells: found 'all': "),
    "itself": ('{"reports": ["whole"]}', r"NEEDS\.reports: a cycle, toy/whole -> toy/whole\.$"),
    "a text for whether it draws": ('{}\nDRAWS = "no"', r"DRAWS: found 'no'; allowed: boolean\.$"),
}


@pytest.mark.parametrize(("said", "told"), WRONG_NEEDS.values(), ids=WRONG_NEEDS)
def test_needs_that_cannot_be_met_are_one_message_whatever_is_asked_for(toy: Toy, said: str, told: str) -> None:
    toy.needs(said)
    for ask in (toy.cells, lambda: outputs.all_report_cells(toy.settings), lambda: outputs.all_figures(toy.settings)):
        with pytest.raises(InputError, match=rf"studies/toy/reports/whole\.py: {told}"):
            ask()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("every method", "every methd", r"NEEDS\.of: found 'every methd': did you mean 'every method'\?"),
        ("run.json", "runs.json", r"NEEDS\.files\.0: found 'runs\.json': did you mean 'run\.json'\?"),
        ('["run.json"]', '"run.json"', r"NEEDS\.files: found 'run\.json'; allowed: array\.$"),
        ('"seeds": 1', '"seeds": "1"', r"NEEDS\.seeds: found the text '1'"),
        ('"seeds"', '"seed"', r"NEEDS: unknown key 'seed': did you mean 'seeds'\?"),
        (', "seeds": 1', "", r"NEEDS: the key 'seeds' is missing\.$"),
        (', "seeds": 1', ', "seeds": 1, "methods": ["bta"]', r"NEEDS\.methods\.0: found 'bta': did you mean 'beta'\?"),
        ('SECTION = "x"', "SECTION = 3", r"SECTION: found 3; allowed: string\.$"),
        ('SECTION = "x"', 'SECTION = "x"\nANIMATED = 1', r"ANIMATED: found 1; allowed: boolean\.$"),
        ("Figure", "Figures", r"defines no class Figure\.$"),
    ],
)
def test_a_figures_needs_are_held_to_the_same(toy: Toy, old: str, new: str, told: str) -> None:
    assert ("toy/curves", "A", "beta") in outputs.all_figures(toy.settings)
    toy.write("figures/curves.py", FIGURE.replace(old, new))
    with pytest.raises(InputError, match=rf"studies/toy/figures/curves\.py: {told}"):
        outputs.all_figures(toy.settings)


def test_a_figure_of_every_method_may_be_of_some_method_files_alone(toy: Toy) -> None:
    """An entry of another name is of the method file that it names."""
    entries = [("toy/curves", dataset, entry) for dataset in "AB" for entry in ("beta", "other", "dip")]
    assert outputs.all_figures(toy.settings) == entries
    toy.write("figures/curves.py", FIGURE.replace('"seeds": 1', '"seeds": 1, "methods": ["beta"]'))
    assert outputs.all_figures(toy.settings) == [figure for figure in entries if figure[2] != "dip"]
    assert outputs.figure_cells(toy.settings, "toy/curves", "A", "other")
    with pytest.raises(InputError, match=r"^figure 'toy/curves' of A/dip: it is of beta alone\.$"):
        outputs.figure_cells(toy.settings, "toy/curves", "A", "dip")


def test_what_is_animated_has_frames_beside_its_picture(toy: Toy) -> None:
    assert outputs.pictures("toy/curves") == [".svg"]
    toy.write("figures/curves.py", FIGURE + "ANIMATED = True")
    assert outputs.pictures("toy/curves") == [".svg", ".gif"]


def test_what_a_report_needs_beside_its_cells_is_there_before_any_job(toy: Toy) -> None:
    toy.needs('{"claims": True}')
    assert toy.cells()
    toy.write("claims/codes.py", "CLAIM = (print,)")
    with pytest.raises(InputError, match=r"studies/toy/claims/codes\.py: defines no constant CLAIMS\.$"):
        toy.cells()
    toy.write("claims/codes.py", CLAIMS)
    toy.write("reports/whole.py", "NEEDS = {}")
    with pytest.raises(InputError, match=r"studies/toy/reports/whole\.py: defines no class Report\.$"):
        toy.cells()


MORE = {
    "reports/whole.py": (REPORT, "table", "its Report has no function table."),
    "reports/small.py": (REPORT + "DRAWS = True", "", "its Report has no function draw, which DRAWS asks for."),
    "figures/curves.py": (
        FIGURE + "ANIMATED = True",
        "",
        "its Figure has no function frames, which ANIMATED asks for.",
    ),
}


@pytest.mark.parametrize(("file", "content", "renamed", "said"), [(file, *rest) for file, rest in MORE.items()])
def test_a_function_that_is_missing_is_named_before_any_job(
    toy: Toy, file: str, content: str, renamed: str, said: str
) -> None:
    """A report that does not draw needs no ``draw``; what a class inherits is not known yet."""
    assert outputs.all_figures(toy.settings)
    wrong = content.replace(f"def {renamed}", "def another") if renamed else content
    toy.write(file, wrong)
    with pytest.raises(InputError) as caught:
        outputs.all_figures(toy.settings)
    assert str(caught.value) == f"{toy.folder / file}: {said}"
    toy.write(file, wrong.replace("Report:", "Report(Base):").replace("Figure:", "Figure(Base):"))
    assert outputs.all_figures(toy.settings)


def test_a_folder_of_reports_without_a_study_is_told(toy: Toy) -> None:
    toy.write("../gone/reports/table.py", REPORT)
    with pytest.raises(InputError, match=r"studies/gone: there is no study\.py\.$"):
        toy.cells()


def test_what_a_study_is_evaluated_with_is_there(toy: Toy) -> None:
    """Its schema may have left the key open."""
    section = toy.settings.scales["s"]["studies"]["toy"] | {"datasets": [], "methods": {}}
    settings = params.Params("s", (), {"s": {"studies": {"toy": section}, "datasets": {}}})
    with pytest.raises(InputError, match=r"studies\.toy: the key 'metrics' is missing, which stage 'measure' uses\.$"):
        params._check_study(settings, "s", "toy", {})


def test_a_file_that_cannot_be_read_is_told(toy: Toy) -> None:
    (toy.folder / "reports/folder.py").mkdir()
    forget()
    with pytest.raises(InputError, match=r"studies/toy/reports/folder\.py: cannot be read \(Is a directory\)\.$"):
        outputs.all_report_cells(toy.settings)


def test_reports_without_cells_say_what_they_need(toy: Toy) -> None:
    for said, told in {
        '{"lam": [9]}': r"scales\.s\.studies\.toy\.methods: report 'toy/whole' needs a method at lam 9\.$",
        '{"entries": ["x*"]}': r"methods: report 'toy/whole' needs one of x\*\.$",
        '{"reports": ["small"]}': r"report 'toy/whole' needs what one of the reports small does\.$",
        '{"dataset": "C"}': r"needs dataset 'C', which scales\.s\.studies\.toy\.datasets does not list ",
    }.items():
        toy.needs('{"dataset": "C"}', "small")
        toy.needs(said)
        with pytest.raises(InputError, match=told):
            toy.cells()
        assert outputs.all_report_cells(toy.settings) == []
