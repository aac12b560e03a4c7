"""The pages that hold all reports and figures: all that they are given, links that lead somewhere."""

import io
import json
import re
import shutil
import subprocess
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Project, jobs, planned, tells_stand_ins
from PIL import Image

from disentangle import registry
from disentangle.cells import Cell
from disentangle.pipeline.needs import needs
from disentangle.pipeline.study import study_of
from disentangle.reporting import page
from disentangle.reporting.drawing import apart, gif, listed
from disentangle.reporting.layout import warned, with_interval
from disentangle.reporting.overview import decided, overview, spent
from disentangle.reporting.results import CellResult, Results
from disentangle.reporting.statistics import Interval
from disentangle.stages.page import asked

pytestmark = pytest.mark.xdist_group("pages")  # one worker: what they share is built once


def test_words_are_listed() -> None:
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


def test_labels_are_moved_apart_by_as_little_as_they_need() -> None:
    assert apart([0.1, 0.5, 0.9], 0.2) == [0.1, 0.5, 0.9]
    assert apart([0.1, 0.15, 0.5], 0.2) == pytest.approx([0.1, 0.3, 0.5])
    # no room above: those below make way
    assert apart([0.2, 0.95, 0.97], 0.1) == pytest.approx([0.2, 0.9, 1.0])
    assert apart([0.5, 0.5, 0.5], 0.6) == [0, 0.5, 1]
    assert apart([0.3], 1) == [0.3] and apart([], 0.1) == []


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
    "words": {"asked": "Is it so?", "easy": "All <i>of</i> it.", "hard": "Nothing."},
    "overview": {
        "done": "5 trainings: 2 entries.",
        "n": "3 seeds in 1 setting",
        "cost": ["2.00 hours on cpu"],
        "data": [("DC-BC", [("digits", ""), ("backgrounds", "crops")])],
        "entries": [("ortho", "ortho", "0.1", "DC-BC", "0", "5", "0")],
    },
    "scale": "demo",
    "revision": "abc",
    "stand_ins": ["crops <b>of</b> photographs"],
    "verdicts": {"supported": 2, "contradicted": 0},
    "decided": {"supported": ["1. It is so", "3. It is"], "contradicted": []},
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
    assert '<p class="picture"><img src="../table0.svg" alt="A chart" /></p>' in found.introduction
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


def test_the_page_begins_with_a_summary_of_words_and_computed_facts() -> None:
    text = rendered()
    summary = text.split('<dl class="summary">')[1].split("</dl>")[0]
    assert text.index("crops &lt;b&gt;of") < text.index(summary) < text.index("<h3>The pipeline</h3>")
    parts = dict(re.findall(r"<dt>(.*?)</dt>\n<dd>(.*?)</dd>", summary, re.DOTALL))
    assert [*parts][:5] == ["Asked", "Done", "n", "Data", "Cost of training"]
    assert [*parts][5:] == ["Verdicts", "Easy to reproduce", "Hard to reproduce"]
    assert (parts["Asked"], parts["Easy to reproduce"]) == ("Is it so?", "All &lt;i&gt;of&lt;/i&gt; it.")
    assert parts["Done"].startswith("5 trainings: 2 entries.\n<details>")
    assert "<tr><td>ortho</td><td>ortho</td><td>0.1</td>" in parts["Done"]
    assert "DC-BC: digits the paper's; backgrounds <strong>stand-in</strong>, crops</li>" in parts["Data"]
    assert parts["Cost of training"] == "2.00 hours on cpu"
    assert "On 2 claims" in parts["Verdicts"]
    supported = parts["Verdicts"].split("<p>Supported:</p>")[1]
    assert re.findall("<li>(.*)</li>", supported) == ["1. It is so", "3. It is"]
    assert "Contradicted" not in parts["Verdicts"]


def test_the_page_asks_for_nothing_elsewhere() -> None:
    text = rendered()
    assert not [place for place in Page(text).loaded if not place.startswith(("../figures/", "data:,"))]
    assert "//" not in re.sub(r"/\*.*?\*/", "", text.split("<style>")[1].split("</style>")[0])
    assert "@import" not in text
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)  # inline, from nowhere
    assert not re.search(r"fetch|XMLHttp|import|https?:|src", script)
    assert page.render_front([CARD], "demo", "abc").count("<script") == 0


def test_tables_are_as_the_style_has_them_and_headers_are_of_columns() -> None:
    body = page.report("table0", "../table0", False, MARKDOWN).sections[0].body
    assert "style=" not in body
    assert body.count('<th scope="col">') == 2
    assert "<th>" not in rendered()


BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PROBE = """<script>
const table = [...document.querySelectorAll("table")].find((found) => found.tBodies[0].rows.length > 12);
const [name, value] = table.tHead.querySelectorAll("button");
const field = document.querySelector(".filter input");
const told = [];
const tell = (column) => told.push([...table.tBodies[0].rows].filter((row) => !row.hidden)
  .map((row) => row.cells[column].textContent).join(";"));
for (const button of [value, value, value, name]) {
  button.click();
  tell(button === name ? 0 : 1);
  told.push([...table.tHead.rows[0].cells].map((cell) => cell.getAttribute("aria-sort")).join(";"));
}
for (const words of ["ortho", "ortho 0.1", "nothing"]) {
  field.value = words;
  field.dispatchEvent(new Event("input"));
  tell(0);
  told.push(document.querySelector(".filter output").textContent);
}
document.body.innerHTML = `<pre>${told.join("|")}</pre>`;
</script>"""


@pytest.mark.skipif(BROWSER is None, reason="no browser")
def test_a_table_is_sorted_and_filtered_in_a_browser(tmp_path: Path) -> None:
    methods = ["ortho, λ = 0.1", "p_ortho, λ = 0.1", "ortho, λ = 0.02", "infomax, λ = 0"]
    values = ["0.9 / 0.30 [0.1, 0.5]", "0.1 / 1,000", "–", "−2"]
    lines = [f"| {method} | {value} |" for method, value in zip(methods, values, strict=True)]
    lines += [f"| z{place}, λ = 1 | 5 |" for place in range(9)]
    markdown = "\n".join(["# T", "", "X.", "", "## S", "", "| method | value |", "| --- | --: |", *lines])
    text = page.render([page.report("t", "t", False, markdown)], {}, FACTS)
    (tmp_path / "page.html").write_text(text.replace("</body>", f"{PROBE}</body>"))
    command = [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", str(tmp_path / "page.html")]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    up, ascending, down, descending, back, none, names, by_name, *filtered = (
        shown.split("<pre>")[1].split("</pre>")[0].split("|")
    )
    five = ["5"] * 9
    # by ours, behind the published number; a dash is last, whichever way
    assert up.split(";") == ["−2", values[0], *five, values[1], "–"]
    assert down.split(";") == [values[1], *five, values[0], "−2", "–"]
    assert back.split(";") == [*values, *five]
    assert (ascending, descending, none) == ("none;ascending", "none;descending", "none;none")
    assert by_name == "ascending;none"
    assert names.split(";")[:4] == [methods[3], methods[2], methods[0], methods[1]]
    # a name is a method; other words are looked for anywhere
    assert filtered[:2] == [f"{methods[2]};{methods[0]}", "2 of 13 rows"]
    assert filtered[2:4] == [f"{methods[0]};{methods[1]}", "2 of 13 rows"]
    assert filtered[4:] == ["", "0 of 13 rows"]


# Reports.


def of(datasets: dict[str, list[str]]) -> Results:
    """Results without cells of datasets, each made of parts that are stand-ins for something, or for nothing."""
    manifests = {
        name: {"made_of": {str(place): {"STAND_IN": text} for place, text in enumerate(parts)}}
        for name, parts in datasets.items()
    }
    return Results("demo", (), manifests, {}, "abc", {})


def test_stand_ins_are_told_once_of_datasets_that_are_alike() -> None:
    told = of({"A": ["sheep", ""], "B": ["", "goats."], "C": [""], "D": ["sheep"]}).stand_ins()
    assert told == "Stand-in in A, D: sheep. Stand-in in B: goats."
    assert of({"C": [""]}).stand_ins() == ""


def test_stand_ins_stand_below_the_title_and_above_all_else() -> None:
    told = warned("# Title\n\nOf 5.\n\n| 1 |", "Stand-in in A: sheep.")
    assert told == "# Title\n\n> **Not the paper's data.** Stand-in in A: sheep.\n\nOf 5.\n\n| 1 |"
    assert warned("# Title\n\nOf 5.", "") == "# Title\n\nOf 5."
    shown = page.report("a", "a", False, told)
    assert shown.introduction.startswith(
        "<blockquote>\n<p><strong>Not the paper's data.</strong> Stand-in in A: sheep."
    )


def test_a_number_that_rounds_to_zero_has_no_sign() -> None:
    assert with_interval(Interval(-0.04, -0.06, 0.04, 3, "t"), 1) == "0.0 [-0.1, 0.0]"
    assert with_interval(Interval(-0.06, -0.12, -0.04, 3, "t"), 1) == "-0.1 [-0.1, 0.0]"


def cell(dataset: str, entry: str, lam: float, seed: int, seconds: float, **run: Any) -> CellResult:
    made = {"method": {"name": "factor_vae"}, "status": "done", "device": "cpu"} | run
    key = Cell("demo", "toy", dataset, entry, lam, seed)
    return CellResult(key, made, {"seconds": seconds}, {}, {}, pd.DataFrame())


def test_the_summary_counts_what_was_run_and_what_it_cost() -> None:
    cells = [cell("A", "factor_vae", 0.5, seed, 100.0 * (1 + seed)) for seed in range(3)]
    cells += [cell("B", "factor_vae", 10, 0, 3000.0, device="cuda", status="diverged")]
    cells += [cell("A", "plain", 0, 7, 6600.0, method={"name": "autoencoder"})]
    made_of = {"images": {"STAND_IN": "sheep."}, "labels": {"STAND_IN": ""}}
    found = overview(cells, {"A": {"made_of": made_of}})
    assert found["done"] == "5 trainings: 2 entries of 2 methods on 2 data sets, A, B; 1 diverged."
    assert found["n"] == "3 seeds in 1 setting, 1 seed in 2 settings"
    # 100, 200, 300 and 6,600 s are two hours
    assert found["cost"] == [
        "2.00 hours on cpu (4 trainings, 250.0 s in the median)",
        "0.83 hours on cuda (1 training, 3000.0 s in the median)",
    ]
    assert found["data"] == [("A", [("images", "sheep"), ("labels", "")])]
    assert found["entries"] == [
        ("factor_vae", "factor_vae", "0.5, 10", "A, B", "0, 1, 2", "4", "1"),
        ("plain", "autoencoder", "0", "A", "7", "1", "0"),
    ]
    assert overview([], {})["done"] == "No training."


def test_a_short_time_is_told_in_seconds() -> None:
    assert [spent(seconds) for seconds in (12.8, 359.4, 360, 7200)] == ["13 s", "359 s", "0.10 hours", "2.00 hours"]


def test_a_page_names_the_metrics_that_some_code_is_measured_with() -> None:
    section = {"metrics": {"mig": {}, "sap": {}, "dci": {}}, "probes": {"logistic": {}}}
    assert asked(section, "metrics") == ["mig", "sap", "dci"]
    measured = section | {"measured": {"mean": ["dci"], "sampled": [], "shuffled": ["mig", "dci"]}}
    assert asked(measured, "metrics") == ["mig", "dci"]
    assert asked(measured, "probes") == ["logistic"]


def test_the_summary_names_data_that_are_alike_once() -> None:
    parts = {"images": {"STAND_IN": "sheep."}}
    alike = {"A": {"made_of": parts}, "B": {"made_of": {"images": {"STAND_IN": ""}}}, "C": {"made_of": parts}}
    assert overview([], alike)["data"] == [("A, C", [("images", "sheep")]), ("B", [("images", "")])]


def test_the_summary_tells_decided_claims_by_their_number_and_the_head_of_their_statement() -> None:
    stated = {
        "It grows: by 2 points.": "supported",
        "All fail.": "undecided",
        "P(Ortho) shrinks (a little).": "contradicted",
        "It is so: everywhere.": "supported",
    }
    claims = [
        {"number": number, "statement": statement, "verdict": verdict}
        for number, (statement, verdict) in enumerate(stated.items(), 1)
    ]
    assert decided(claims) == {"supported": ["1. It grows", "4. It is so"], "contradicted": ["3. P(Ortho) shrinks"]}


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
    "bytes": {"page": 462_597, "pictures": 7_190_683},
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
    assert "The page has 0.5 MB, its pictures 7.2 MB." in plain
    assert "<ul" not in plain
    assert "2 reports, 5 figures of 3 trainings on DC-BC, DC-DL (<strong>stand-ins</strong>" in other
    assert 'aria-label="verdicts on 3 claims"' in other
    assert "<b>2</b> supported" in other
    assert "contradicted" not in other
    assert "Its tables &amp; ours." in plain
    for fact in ("<code>demo</code>", "<code>abc</code>"):
        assert fact in text


# The whole of it, on the tiny project.


FIGURES = registry.of_study("figures", "burns")


@pytest.fixture(scope="module")
def all_reports(built: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = built.copy(tmp_path_factory.mktemp("reports") / "all")
    methods = project.params["scales"]["tiny"]["studies"]["burns"]["methods"]
    project.edit_params("burns.methods", methods | {"infomin": {"lam": [0.1]}, "hessian": {"lam": [0.1]}})
    # a metric of one's own: a copy under another name
    metrics = project.folder / "src/disentangle/evaluation/metrics"
    shutil.copy(metrics / "half_similarity.py", metrics / "as_half_similarity.py")
    project.edit_params("burns.metrics", {"half_similarity": {}, "as_half_similarity": {}})
    project.at_once("reports/index.html")
    return project


@pytest.mark.workflow
def test_a_new_metric_is_in_the_report_of_scores_without_an_edit_of_it(all_reports: Project) -> None:
    text = (all_reports.folder / "reports/scores.md").read_text()
    own, copy = (
        text.split(f"\n## {name}\n")[1].split("\n## ")[0] for name in ("half_similarity", "as_half_similarity")
    )
    assert own == copy
    table = pd.read_csv(all_reports.folder / "reports/scores.csv", keep_default_na=False)
    assert {*table["by"]} == {"half_similarity", "as_half_similarity", "logistic"}
    cell = json.loads((all_reports.cell("ortho", "0.1") / "metrics.json").read_text())["scores"]
    chosen = table[(table["by"] == "as_half_similarity") & (table["dataset"] == "DC-BC") & (table["entry"] == "ortho")]
    for row in chosen.to_dict("records"):
        assert float(row["mean"]) == pytest.approx(cell[row["of"]]["half_similarity"][row["score"]])
        assert (row["seeds"], row["undefined"]) == (1, 0)
    assert len(chosen) == 4


@pytest.mark.workflow
def test_every_report_tells_stand_ins_above_its_first_number(all_reports: Project) -> None:
    assert tells_stand_ins(all_reports, "reports") == len([*(all_reports.folder / "reports").glob("*.md")]) > 8


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
    # four methods on DC-BC and DC-DL
    each = {"every method": 2 * 4, "every dataset": 2, "the first dataset": 1}
    assert len(found.images) == sum(each[needs("figures", name)["of"]] for name in FIGURES)


WIDTH = """<script>addEventListener("load", () => {
const wide = [...document.querySelectorAll("body *")].filter((part) => !part.closest(".scroll, .picture, nav"))
  .filter((part) => part.getBoundingClientRect().right > innerWidth + 1).map((part) => part.outerHTML.slice(0, 80));
parent.postMessage([document.documentElement.scrollWidth, innerWidth, ...wide].join("|"), "*");
});</script>"""
FRAME = """<iframe src="{page}" width="{width}" height="900" style="border: 0"></iframe><pre></pre>
<script>addEventListener("message", (told) => document.querySelector("pre").replaceChildren(told.data));</script>"""


@pytest.mark.workflow
@pytest.mark.skipif(BROWSER is None, reason="no browser")
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("place", ["index.html", "burns/index.html"])
def test_no_page_is_wider_than_its_window(all_reports: Project, tmp_path: Path, place: str, width: int) -> None:
    """In a frame, as no window of a browser is as narrow as a phone; what is wider scrolls in a box of its own."""
    shutil.copytree(all_reports.folder / "reports", tmp_path / "reports")
    shown = tmp_path / "reports" / place
    shown.write_text(shown.read_text().replace("</body>", f"{WIDTH}</body>"))
    (tmp_path / "frame.html").write_text(FRAME.format(page=f"reports/{place}", width=width))
    command = [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += ["--window-size=1400,1000", "--virtual-time-budget=8000", "--dump-dom", str(tmp_path / "frame.html")]
    found = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert found.split("<pre>")[1].split("</pre>")[0] == f"{width}|{width}"


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
    shown = {folder / "burns" / str(picture["src"]) for picture in page_of_study.images}
    assert card["bytes"] == {
        "page": (folder / "burns/index.html").stat().st_size,
        "pictures": sum(path.stat().st_size for path in shown),
    }


@pytest.mark.workflow
def test_a_second_run_does_nothing_and_a_new_cell_redraws_its_own_figures_alone(
    all_reports: Project, tmp_path: Path
) -> None:
    project = all_reports.copy(tmp_path / "copy")
    assert "Nothing to be done" in project.snakemake("reports/index.html")
    project.edit_params("burns.methods.hessian.lam", [0.1, 0.01])
    plan = planned(project.snakemake("-n", "reports/index.html"))
    assert plan["train"] == plan["measure"] == 2
    assert plan["figure"] == 2 * sum(needs("figures", name)["of"] == "every method" for name in FIGURES)
    project.edit("src/disentangle/reporting/page.html.jinja", "<h3>The pipeline</h3>", "<h3>A pipeline</h3>")
    project.edit_params("burns.methods.hessian.lam", [0.1])
    assert planned(project.snakemake("-n", "reports/index.html")) == {"page": 1, "front": 1}


@pytest.mark.workflow
def test_a_page_that_is_missing_is_made_whatever_is_damaged_above_it(all_reports: Project, tmp_path: Path) -> None:
    project = all_reports.copy(tmp_path / "copy")
    page, table = project.folder / "reports/burns/index.html", project.folder / "reports/table3.csv"
    before = page.read_bytes(), table.read_bytes()
    page.unlink()
    table.write_bytes(before[1][:-9])
    assert jobs(project.snakemake("reports/burns/index.html")) == Counter(report=1, page=1)
    assert (page.read_bytes(), table.read_bytes()) == before


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
