"""Figures and the page that holds all: data behind the ink, words for every image, links that lead somewhere."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from conftest import Project, planned
from test_reports import cell

from disentangle import registry
from disentangle.data.views import Views
from disentangle.reporting import page
from disentangle.reporting.drawing import listed, svg
from disentangle.studies.burns.analysis.subject import Subject
from disentangle.studies.burns.figures.representations import main_axes

FIGURES = registry.names("figures")
LEVELS = [{"collapse": 4.8, "single_factor": 2.4, "floor": 0.5}] * 2


def subject(method: str | None = "ortho", dataset: str = "DC-BC", size: int = 32, **options: Any) -> Subject:
    """Twelve random test pairs, and the cells of a method at two strengths with two seeds."""
    rng = np.random.default_rng(0)
    factors = {name: rng.integers(4, size=(12, 2)) for name in ("DC", "BC")} | {"DL": np.arange(24).reshape(12, 2) % 8}
    views = Views(rng.integers(256, size=(12, 2, size, size, 3), dtype=np.uint8), factors)
    made_of = {
        "digits": {"classes": [str(k) for k in range(10)], "STAND_IN": ""},
        "backgrounds": {"classes": ["bird", "ship", "cat", "dog"], "STAND_IN": "crops of photographs"},
    }
    given = {"held": dataset.split("-"), "background_brightness": 0.25} | options
    manifest = {"definition": {"options": given}, "made_of": made_of}
    cells = []
    for lam in (0.001, 0.1) if method else ():
        for seed in (0, 1):
            made = cell(method, lam, seed, dataset=dataset)
            made.run["plateau"]["levels"] = LEVELS
            history = {
                "step": [20, 40],
                "loss": [9.0, 4.0 + seed],
                "infomax_0": [5.0, 2.0],
                "infomax_1": [4.0, 2 + lam],
            }
            object.__setattr__(made, "history", pd.DataFrame(history | {"regularizer": [0.5, 0.25]}))
            cells.append(made)
    codes = {made.cell: {"z": rng.normal(size=(12, 8)).astype(np.float32)} for made in cells}
    return Subject(dataset, manifest, views, method, tuple(cells), codes)


def of(name: str) -> Subject:
    """The subject that a figure is given: of one seed where it asks for one."""
    needs = registry.constant("figures", name, "NEEDS")
    made = subject("ortho" if needs["of"] == "every method" else None)
    kept = tuple(c for c in made.cells if needs["seeds"] is None or c.cell.seed < needs["seeds"])
    return Subject(made.dataset, made.manifest, made.views, made.method, kept, made.codes)


# The contract of every file in figures/.


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_data_ink_and_words(name: str) -> None:
    figure, shown = registry.build("figures", name, {}), of(name)
    table = figure.table(shown)
    assert len(table) > 0
    first, second = (svg(figure.draw(shown, figure.table(shown))) for _ in range(2))
    assert first == second
    assert first.startswith(b"<?xml")
    assert b"<dc:date>" not in first
    assert b"http" not in re.sub(
        rb'(xmlns(:\w+)?|rdf:resource|PUBLIC "[^"]*")\s*=?\s*"[^"]*"', b"", first.split(b"<svg", 1)[1]
    )
    words = figure.text(shown)
    assert list(words) == ["title", "caption", "alt"]
    assert all(len(text) > 10 for text in words.values())
    assert not words["title"].endswith(".")


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_shows_what_its_data_say(name: str) -> None:
    """Other data, other ink."""
    figure, shown = registry.build("figures", name, {}), of(name)
    images = np.zeros_like(shown.views.images)
    cells = shown.cells
    for made in cells:
        made.history.loc[1, ["infomax_0", "infomax_1"]] = 1.0
    codes = {key: {"z": 2 - code["z"] ** 2} for key, code in shown.codes.items()}
    other = Subject(shown.dataset, shown.manifest, Views(images, shown.views.factors), shown.method, cells, codes)
    assert svg(figure.draw(other, figure.table(other))) != svg(figure.draw(of(name), figure.table(of(name))))


def test_drawing_leaves_no_trace_in_the_style() -> None:
    before = dict(mpl.rcParams)
    svg(
        registry.build("figures", "losses", {}).draw(
            of("losses"), registry.build("figures", "losses", {}).table(of("losses"))
        )
    )
    assert dict(mpl.rcParams) == before


def test_every_location_is_boxed_where_its_digit_is() -> None:
    table = registry.build("figures", "locations", {}).table(of("locations"))
    assert table["location"].tolist() == list(range(1, 9))
    # 64 pixels shrunk to 32: corners at x 0, 12, 24, 36 and y 2, 34, side 28
    assert table["left"].tolist() == [0, 6, 12, 18] * 2
    assert table["top"].tolist() == [1] * 4 + [17] * 4
    assert set(table["side"]) == {14}
    views = of("locations").views
    for row in table[table["test_image"] >= 0].itertuples():
        assert views.factors["DL"][row.test_image, 0] == row.location - 1
        assert row.location - 1 not in views.factors["DL"][: row.test_image, 0]


def test_pairs_name_the_classes_of_what_is_shown() -> None:
    shown = of("pairs")
    table = registry.build("figures", "pairs", {}).table(shown)
    assert len(table) == 10
    for row in table.itertuples():
        factors = {name: values[row.pair, row.view] for name, values in shown.views.factors.items()}
        assert str(factors["DC"]) == row.DC
        assert ["bird", "ship", "cat", "dog"][factors["BC"]] == row.BC
        assert f"location {factors['DL'] + 1}" == row.DL
    words = registry.build("figures", "pairs", {}).text(shown)
    assert words["title"] == "Fig. 2: view pairs of DC-BC"
    assert "digit and background are held, location varies" in words["caption"]
    assert "dimmed to 0.25 of their brightness. Stand-in data: crops of photographs." in words["caption"]
    bright = subject(None, "DC-DL", background_brightness=1.0)
    assert "dimmed" not in registry.build("figures", "pairs", {}).text(bright)["caption"]
    assert registry.build("figures", "pairs", {}).text(bright)["title"].startswith("Fig. 3")


def test_losses_are_the_logged_ones() -> None:
    table = registry.build("figures", "losses", {}).table(of("losses"))
    assert len(table) == 4 * 2 * 3
    one = table[(table["lam"] == "0.1") & (table["seed"] == 1) & (table["term"] == "infomax_1")]
    assert one[["step", "value"]].to_numpy().tolist() == [[20, 4.0], [40, 2.1]]
    words = registry.build("figures", "losses", {}).text(of("losses"))
    assert "between 4.00 and 5.00 nats" in words["alt"]
    assert words["title"] == "Losses of ortho on DC-BC"
    assert registry.build("figures", "losses", {}).text(subject("infomin"))["title"].startswith("Fig. 5")


def test_representations_lie_on_the_main_axes_of_each_half() -> None:
    shown = of("representations")
    table = registry.build("figures", "representations", {}).table(shown)
    assert len(table) == 2 * 2 * 12
    assert table["half"].unique().tolist() == ["z0", "z1"]
    half = shown.codes[shown.cells[0].cell]["z"][:, :4].astype(float)
    places = table[(table["lam"] == "0.001") & (table["half"] == "z0")][["x", "y"]].to_numpy()
    values = np.linalg.eigvalsh(np.cov(half.T, bias=True))[::-1]
    assert places.var(axis=0) == pytest.approx(values[:2], abs=1e-3)
    assert places.mean(axis=0) == pytest.approx([0, 0], abs=1e-3)


def test_main_axes_do_not_depend_on_the_sign_that_a_solver_returns() -> None:
    x = np.random.default_rng(0).normal(size=(50, 4)) * [3, 2, 1, 0.5]
    assert np.abs(main_axes(x)[:, 0]) == pytest.approx(np.abs(x @ [1, 0, 0, 0] - x[:, 0].mean()), abs=0.6)
    assert main_axes(x) == pytest.approx(main_axes(x.copy(order="F")))


def test_words_are_listed() -> None:
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


def test_a_run_that_diverged_is_drawn_as_nothing() -> None:
    shown = of("representations")
    for made in shown.cells:
        made.probe["accuracy"]["logistic"] = {"z": {}}
        made.history.loc[1, ["loss", "infomax_0"]] = np.nan
    codes = {key: {"z": np.full_like(code["z"], np.nan)} for key, code in shown.codes.items()}
    broken = Subject(shown.dataset, shown.manifest, shown.views, shown.method, shown.cells, codes)
    for name in ("representations", "losses"):
        figure = registry.build("figures", name, {})
        table = figure.table(broken)
        assert table.select_dtypes("number").isna().any(axis=None)
        assert svg(figure.draw(broken, table)).startswith(b"<?xml")
        assert "nan" not in str(figure.text(broken))
    assert "z0 tells DC in none, as it diverged" in registry.build("figures", "representations", {}).text(broken)["alt"]


# The page.

MARKDOWN = """# Table 0

What it *is*.

## Accuracy

| input | value |
| ----- | ----: |
| \\|C(z0)\\| | 1 & 2 |

## Verdicts

| claim | ours |
| ----- | ---: |
| a | ✓ supported |

- a <script>list</script>
"""
FACTS: dict[str, Any] = {
    "paper": "Burns et al. 2021",
    "title": "A study, reproduced",
    "lead": "Its tables & ours.",
    "scale": "demo",
    "revision": "abc",
    "stand_ins": ["crops <b>of</b> photographs"],
    "verdicts": {"supported": 2, "contradicted": 0},
    "stages": [("train", "3 cells")],
    "provenance": [("devices", "cpu")],
    "hashes": [("DC-BC", "train_images.npy", "0123456789abcdef0123")],
}


class Page(HTMLParser):
    """What a page links to, shows and names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.loaded: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in ("meta", "link", "img", "br", "hr"):
            self.open.append(tag)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "a":
            self.links.append(str(given["href"]))
        if tag == "img":
            self.images.append(given)
        self.loaded += [str(given[key]) for key in ("src", "srcset", "data") if key in given]
        if tag == "link":
            self.loaded.append(str(given["href"]))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def rendered() -> str:
    galleries = {
        section: [page.Picture(f"figures/{section}/a", "T", "C", 'an "alt"')] for section in ("Data", "Training curves")
    }
    return page.render([page.report("table0", MARKDOWN)], galleries, FACTS)


def test_a_report_is_cut_at_its_headings() -> None:
    found = page.report("table0", MARKDOWN)
    assert (found.title, found.introduction.strip()) == ("Table 0", "<p>What it <em>is</em>.</p>")
    assert [section.title for section in found.sections] == ["Accuracy", "Verdicts"]
    assert '<div class="scroll" tabindex="0" role="group" aria-label="table"><table>' in found.sections[0].body
    assert "|C(z0)|" in found.sections[0].body
    assert "1 &amp; 2" in found.sections[0].body
    assert '<span class="yes">✓ supported</span>' in found.sections[1].body


def test_the_page_is_well_formed_and_shows_all_it_is_given() -> None:
    text = rendered()
    found = Page(text)
    assert len(set(found.ids)) == len(found.ids)
    assert {link[1:] for link in found.links if link.startswith("#")} <= set(found.ids)
    assert [image["src"] for image in found.images] == [
        f"figures/{section}/a.svg" for section in ("Data", "Training curves")
    ]
    assert {image["alt"] for image in found.images} == {'an "alt"'}
    assert {"table0.md", "table0.csv", "table0.json", "figures/Data/a.csv", "#training-curves"} <= set(found.links)
    assert "crops &lt;b&gt;of&lt;/b&gt; photographs" in text
    assert "<b>2</b> supported" in text
    assert "contradicted</li>" not in text


def test_the_page_asks_for_nothing_elsewhere() -> None:
    text = rendered()
    assert not [place for place in Page(text).loaded if not place.startswith(("figures/", "data:,"))]
    assert "//" not in re.sub(r"/\*.*?\*/", "", text.split("<style>")[1].split("</style>")[0])
    assert "@import" not in text
    assert "<script" not in text.replace("&lt;script", "")


# The whole of it, on the tiny project.


@pytest.fixture(scope="module")
def all_reports(built: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = built.copy(tmp_path_factory.mktemp("reports") / "all")
    methods = project.params["scales"]["tiny"]["studies"]["burns"]["methods"]
    project.edit_params("burns.methods", methods | {"infomin": {"lam": [0.1]}, "hessian": {"lam": [0.1]}})
    project.snakemake("reports/index.html")
    return project


@pytest.mark.workflow
def test_every_link_of_the_page_leads_somewhere(all_reports: Project) -> None:
    folder = all_reports.folder / "reports"
    found = Page((folder / "index.html").read_text())
    here = [link for link in found.links if not link.startswith("#")]
    assert len(here) > 30
    for link in [*here, *(str(image["src"]) for image in found.images)]:
        assert (folder / link).is_file(), link
    assert {link[1:] for link in found.links if link.startswith("#")} <= set(found.ids)
    assert all(str(image["alt"]).strip() for image in found.images)
    assert not [place for place in found.loaded if not place.startswith(("figures/", "data:,"))]
    text = (folder / "index.html").read_text()
    for fact in ("2 datasets", "8 cells", "summed over 8 cells", "devices: cpu", "scale <code>tiny</code>"):
        assert fact in text
    verdicts = json.loads((folder / "claims.json").read_text())["count"]
    assert f"<b>{verdicts['undecided']}</b> undecided" in text
    hashes = json.loads((all_reports.folder / "data/datasets/tiny/DC-DL/manifest.json").read_text())["files"]
    assert hashes["train_images.npy"][:16] in text
    # four methods on DC-BC and DC-DL, of which two figures each; Fig. 1; pairs of two datasets
    assert len(found.images) == 2 * 8 + 1 + 2


@pytest.mark.workflow
def test_a_second_run_does_nothing_and_a_new_cell_redraws_its_own_figures_alone(
    all_reports: Project, tmp_path: Path
) -> None:
    project = all_reports.copy(tmp_path / "copy")
    assert "Nothing to be done" in project.snakemake("reports/index.html")
    project.edit_params("burns.methods.hessian.lam", [0.1, 0.01])
    plan = planned(project.snakemake("-n", "reports/index.html"))
    assert plan["train"] == plan["measure"] == 2
    assert plan["figure"] == 4
    project.edit("src/disentangle/reporting/index.html.jinja", "<h3>The pipeline</h3>", "<h3>A pipeline</h3>")
    project.edit_params("burns.methods.hessian.lam", [0.1])
    assert planned(project.snakemake("-n", "reports/index.html")) == {"index": 1}


@pytest.mark.workflow
def test_a_figure_that_does_not_exist_is_explained(all_reports: Project) -> None:
    wrong = {
        "reports/figures/losses/DC-BC.svg": "is of every method: reports/figures/losses/<dataset>/<method>.svg",
        "reports/figures/losses/DC-BC/orto.svg": "no report has a cell of this method and dataset",
        "reports/figures/loses/DC-BC/ortho.svg": "did you mean 'losses'?",
        "reports/figures/pairs/DC-CB.svg": "did you mean 'DC-BC'?",
    }
    for target, said in wrong.items():
        output = all_reports.snakemake("-n", target, status=1)
        assert said in output
        assert "Traceback" not in output
