"""The pages that hold all reports and figures: all that they are given, links that lead somewhere."""

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Project, planned
from PIL import Image

from disentangle.pipeline.study import study_of
from disentangle.reporting import page
from disentangle.reporting.drawing import gif, listed


def test_words_are_listed() -> None:
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


def test_frames_are_a_gif_of_the_same_bytes_that_repeats() -> None:
    frames = np.zeros((3, 4, 6, 3), np.uint8)
    frames[1, :, 2:], frames[2, 1] = (255, 128, 0), 77
    content = gif(frames, 0.5)
    assert content == gif(frames.copy(), 0.5)
    with Image.open(io.BytesIO(content)) as found:
        assert (found.n_frames, found.size, found.info["loop"]) == (3, (6, 4), 0)  # type: ignore[attr-defined]
        for place, frame in enumerate(frames):
            found.seek(place)
            assert found.info["duration"] == 500
            assert np.array_equal(np.asarray(found.convert("RGB")), frame)


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
        if tag not in ("meta", "link", "img", "source", "br", "hr"):
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
        section: [page.Picture(f"../figures/{section}/a", section == "Data", "T", "C", 'an "alt"')]
        for section in ("Data", "Training curves")
    }
    reports = [
        page.report("table0", "../table0", False, MARKDOWN),
        page.report("claims", "claims", True, "# C\n\nD.\n"),
    ]
    return page.render(reports, galleries, FACTS)


def test_a_report_is_cut_at_its_headings() -> None:
    found = page.report("table0", "../table0", False, MARKDOWN)
    assert (found.name, found.path, found.suffixes) == ("table0", "../table0", ["md", "csv", "json"])
    assert (found.title, found.introduction.strip()) == ("Table 0", "<p>What it <em>is</em>.</p>")
    assert [section.title for section in found.sections] == ["Accuracy", "Verdicts"]
    assert '<div class="scroll" tabindex="0" role="group" aria-label="table"><table>' in found.sections[0].body
    assert "|C(z0)|" in found.sections[0].body
    assert "1 &amp; 2" in found.sections[0].body
    assert '<span class="yes">✓ supported</span>' in found.sections[1].body


def test_a_picture_beside_a_report_is_found_from_the_page() -> None:
    markdown = "# T\n\n![A chart](table0.svg)\n\n## S\n\n![Another](more/b.svg) ![There](https://example.org/c.svg)\n"
    found = page.report("table0", "../table0", True, markdown)
    assert found.suffixes == ["md", "csv", "json", "svg"]
    assert '<img src="../table0.svg" alt="A chart" />' in found.introduction
    assert '<img src="../more/b.svg"' in found.sections[0].body
    assert '<img src="https://example.org/c.svg"' in found.sections[0].body
    assert '<img src="table0.svg"' in page.report("table0", "table0", True, markdown).introduction


def test_the_page_is_well_formed_and_shows_all_it_is_given() -> None:
    text = rendered()
    found = Page(text)
    assert len(set(found.ids)) == len(found.ids)
    assert {link[1:] for link in found.links if link.startswith("#")} <= set(found.ids)
    assert [image["src"] for image in found.images] == ["../figures/Data/a.gif", "../figures/Training curves/a.svg"]
    # all frames of what moves, for who wants none that does
    assert [place for place in found.loaded if "figures/Data" in place] == [
        f"../figures/Data/a.{s}" for s in ("svg", "gif")
    ]
    assert "../figures/Data/a.svg" in found.links
    assert {image["alt"] for image in found.images} == {'an "alt"'}
    shown = {"../table0.md", "../table0.csv", "../table0.json", "../figures/Data/a.csv", "#training-curves"}
    shown |= {"claims.md", "claims.csv", "claims.json", "claims.svg", "#claims", "../index.html"}
    assert shown <= set(found.links)
    assert "../table0.svg" not in found.links
    assert "crops &lt;b&gt;of&lt;/b&gt; photographs" in text
    assert "<b>2</b> supported" in text
    assert "contradicted</li>" not in text


def test_the_page_asks_for_nothing_elsewhere() -> None:
    text = rendered()
    assert not [place for place in Page(text).loaded if not place.startswith(("../figures/", "data:,"))]
    assert "//" not in re.sub(r"/\*.*?\*/", "", text.split("<style>")[1].split("</style>")[0])
    assert "@import" not in text
    assert "<script" not in text.replace("&lt;script", "")


# The front page.

CARD: dict[str, Any] = {
    "paper": "Burns et al. 2021",
    "title": "A study, reproduced",
    "lead": "Its tables & ours.",
    "scale": "demo",
    "cells": 3,
    "reports": 2,
    "figures": 0,
    "datasets": ["DC-BC", "DC-DL"],
    "stand_ins": False,
    "verdicts": {},
    "picture": None,
    "page": "burns/index.html",
}
OTHER = CARD | {
    "paper": "Another et al. 2020",
    "figures": 5,
    "stand_ins": True,
    "verdicts": {"supported": 2, "contradicted": 0, "undecided": 1},
    "picture": "another/a_chart.svg",
    "page": "another/index.html",
}


def test_the_front_page_is_well_formed_and_shows_a_card_a_study() -> None:
    text = page.render_front([CARD, OTHER], "demo", "abc")
    found = Page(text)
    # a name each, and a picture where there is one, lead to the study's page
    assert found.links == ["burns/index.html", "another/index.html", "another/index.html"]
    assert [image["src"] for image in found.images] == ["another/a_chart.svg"]
    assert found.images[0]["alt"] == "A figure of this study: a chart"
    assert sorted(found.loaded) == ["another/a_chart.svg", "data:,"]
    plain, other = (part.split("</section>")[0] for part in text.split('<section class="card">')[1:])
    assert "2 reports of 3 trainings on DC-BC, DC-DL." in plain
    assert "<ul" not in plain
    assert "2 reports, 5 figures of 3 trainings on DC-BC, DC-DL (<strong>stand-ins</strong>" in other
    assert 'aria-label="verdicts on 3 claims"' in other
    assert "<b>2</b> supported" in other
    assert "contradicted" not in other
    assert "Its tables &amp; ours." in plain
    for fact in ("<code>demo</code>", "<code>abc</code>"):
        assert fact in text


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
    folder = all_reports.folder / "reports/burns"
    found = Page((folder / "index.html").read_text())
    here = [link for link in found.links if not link.startswith("#")]
    assert len(here) > 30
    for link in [*here, *(str(image["src"]) for image in found.images)]:
        assert (folder / link).is_file(), link
    assert {link[1:] for link in found.links if link.startswith("#")} <= set(found.ids)
    assert all(str(image["alt"]).strip() for image in found.images)
    assert not [place for place in found.loaded if not place.startswith(("../figures/", "data:,"))]
    text = (folder / "index.html").read_text()
    for fact in ("2 datasets", "8 cells", "summed over 8 cells", "devices: cpu", "scale <code>tiny</code>"):
        assert fact in text
    verdicts = json.loads((all_reports.folder / "reports/claims.json").read_text())["count"]
    assert f"<b>{verdicts['undecided']}</b> undecided" in text
    hashes = json.loads((all_reports.folder / "data/datasets/tiny/DC-DL/manifest.json").read_text())["files"]
    assert hashes["train_images.npy"][:16] in text
    # four methods on DC-BC and DC-DL, of which three figures each; Fig. 1; pairs of two datasets
    assert len(found.images) == 3 * 8 + 1 + 2


@pytest.mark.workflow
def test_the_front_page_leads_to_the_study_and_tells_what_its_page_does(all_reports: Project) -> None:
    folder = all_reports.folder / "reports"
    text = (folder / "index.html").read_text()
    found = Page(text)
    assert set(found.links) == {"burns/index.html"}
    (image,) = found.images
    assert str(image["src"]).startswith(f"figures/{study_of('burns').picture}/DC-BC")
    for link in (*found.links, str(image["src"])):
        assert (folder / link).is_file(), link
    card = json.loads((folder / "burns/index.json").read_text())
    page_of_study = Page((folder / "burns/index.html").read_text())
    assert (card["cells"], card["figures"], card["datasets"]) == (8, len(page_of_study.images), ["DC-BC", "DC-DL"])
    assert card["verdicts"] == json.loads((folder / "claims.json").read_text())["count"]
    assert card["reports"] == len([link for link in page_of_study.links if link.endswith(".md")])
    assert f"{card['reports']} reports, {card['figures']} figures of 8 trainings on DC-BC, DC-DL" in text


@pytest.mark.workflow
def test_a_second_run_does_nothing_and_a_new_cell_redraws_its_own_figures_alone(
    all_reports: Project, tmp_path: Path
) -> None:
    project = all_reports.copy(tmp_path / "copy")
    assert "Nothing to be done" in project.snakemake("reports/index.html")
    project.edit_params("burns.methods.hessian.lam", [0.1, 0.01])
    plan = planned(project.snakemake("-n", "reports/index.html"))
    assert plan["train"] == plan["measure"] == 2
    assert plan["figure"] == 6
    project.edit("src/disentangle/reporting/page.html.jinja", "<h3>The pipeline</h3>", "<h3>A pipeline</h3>")
    project.edit_params("burns.methods.hessian.lam", [0.1])
    assert planned(project.snakemake("-n", "reports/index.html")) == {"page": 1, "front": 1}


@pytest.mark.workflow
def test_a_figure_that_does_not_exist_is_explained(all_reports: Project) -> None:
    wrong = {
        "reports/figures/losses/DC-BC.svg": "is of every method: reports/figures/losses/<dataset>/<method>.svg",
        "reports/figures/losses/DC-BC/orto.svg": "no report has a cell of this method and dataset",
        "reports/figures/loses/DC-BC/ortho.svg": "did you mean 'burns/losses'?",
        "reports/figures/pairs/DC-CB.svg": "did you mean 'DC-BC'?",
    }
    for target, said in wrong.items():
        output = all_reports.snakemake("-n", target, status=1)
        assert said in output
        assert "Traceback" not in output


@pytest.mark.workflow
def test_the_page_of_a_study_without_cells_is_refused_at_the_plan(untouched: Project, tmp_path: Path) -> None:
    project = untouched.copy(tmp_path / "own")
    tiny = project.params["scales"]["tiny"]
    project.edit_params("scales.tiny.datasets", {"OWN": tiny["datasets"]["DC-BC"]})
    project.edit_params("burns.datasets", ["OWN"])
    said = "report 'burns/table1' needs dataset 'DC-BC', which scales.tiny.studies.burns.datasets does not list"
    for target in ("reports/burns/index.html", "reports/index.html"):
        output = project.snakemake("-n", target, status=1)
        assert f"error: no report of 'burns' has cells: {said} (listed: OWN).\n" in output
        assert "Traceback" not in output
    assert said.replace("table1", "table3") in project.snakemake("-n", "reports/table3.md", status=1)


REPORT = """
from dataclasses import dataclass

import pandas as pd

NEEDS = {"cells": "none", "tables": [], "claims": True}
DRAWS = False


@dataclass(frozen=True)
class Report:
    def table(self, results):
        return pd.DataFrame()

    def summary(self, results):
        return {"count": {"supported": 1}}

    def render(self, results):
        return "# Mine"
"""
INCOMPLETE = {
    "DRAWS = False": ("DRAWS = True", "its Report has no function draw, which DRAWS asks for."),
    "def table": ("def tabel", "its Report has no function table."),
    '"count"': ('"counts"', "summary: the key 'count' is missing, which holds how many claims have each verdict."),
    '"# Mine"': ('"Mine"', "render: found 'Mine'; allowed: Markdown that starts with '# ' and a title."),
    "class Report": ("class Mine", "defines no class Report."),
    '"claims"': ('"claim"', "NEEDS: unknown key 'claim': did you mean 'claims'? Known: "),
}


@pytest.mark.workflow
def test_an_incomplete_report_is_one_message_that_names_its_file(untouched: Project, tmp_path: Path) -> None:
    project = untouched.copy(tmp_path / "mine")
    file = project.folder / "src/disentangle/studies/burns/reports/mine.py"
    file.write_text(REPORT)
    project.stage("report", "burns/mine")
    assert (project.folder / "reports/mine.md").read_text().startswith("# Mine\n\n## Origin\n\n- code: revision ")
    for old, (new, said) in INCOMPLETE.items():
        file.write_text(REPORT.replace(old, new))
        output = project.stage("report", "burns/mine", status=1)
        assert output.startswith(f"error: {file}: {said}")
        assert output.count("\n") == 1
