"""Figures: data behind the ink, words for every image."""

import re
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from disentangle import registry
from disentangle.data.views import Views
from disentangle.reporting.drawing import svg
from disentangle.reporting.projection import MainAxes
from disentangle.studies.burns.analysis.subject import Subject
from studies.burns.test_reports import cell

FIGURES = [name.removeprefix("burns/") for name in registry.of_study("figures", "burns")]
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
    codes = {
        made.cell: {name: rng.normal(size=(12, size)).astype(np.float32) for name, size in (("z", 8), ("r", 6))}
        for made in cells
    }
    return Subject(dataset, manifest, views, method, tuple(cells), codes)


def figure_of(name: str) -> Any:
    return registry.build("figures", f"burns/{name}", {})


def of(name: str) -> Subject:
    """The subject that a figure is given: of one seed where it asks for one."""
    needs = registry.constant("figures", f"burns/{name}", "NEEDS")
    made = subject("ortho" if needs["of"] == "every method" else None)
    kept = tuple(c for c in made.cells if needs["seeds"] is None or c.cell.seed < needs["seeds"])
    return Subject(made.dataset, made.manifest, made.views, made.method, kept, made.codes)


# The contract of every file in figures/ of the study.


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_data_ink_and_words(name: str) -> None:
    figure, shown = figure_of(name), of(name)
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
    figure, shown = figure_of(name), of(name)
    images = np.zeros_like(shown.views.images)
    cells = shown.cells
    for made in cells:
        made.history.loc[1, ["infomax_0", "infomax_1"]] = 1.0
    codes = {key: {name: 2 - code**2 for name, code in own.items()} for key, own in shown.codes.items()}
    other = Subject(shown.dataset, shown.manifest, Views(images, shown.views.factors), shown.method, cells, codes)
    assert svg(figure.draw(other, figure.table(other))) != svg(figure.draw(of(name), figure.table(of(name))))


def test_drawing_leaves_no_trace_in_the_style() -> None:
    before = dict(mpl.rcParams)
    svg(figure_of("losses").draw(of("losses"), figure_of("losses").table(of("losses"))))
    assert dict(mpl.rcParams) == before


def test_every_location_is_boxed_where_its_digit_is() -> None:
    table = figure_of("locations").table(of("locations"))
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
    table = figure_of("pairs").table(shown)
    assert len(table) == 10
    for row in table.itertuples():
        factors = {name: values[row.pair, row.view] for name, values in shown.views.factors.items()}
        assert str(factors["DC"]) == row.DC
        assert ["bird", "ship", "cat", "dog"][factors["BC"]] == row.BC
        assert f"location {factors['DL'] + 1}" == row.DL
    words = figure_of("pairs").text(shown)
    assert words["title"] == "Fig. 2: view pairs of DC-BC"
    assert "digit and background are held, location varies" in words["caption"]
    assert "dimmed to 0.25 of their brightness. Stand-in data: crops of photographs." in words["caption"]
    bright = subject(None, "DC-DL", background_brightness=1.0)
    assert "dimmed" not in figure_of("pairs").text(bright)["caption"]
    assert figure_of("pairs").text(bright)["title"].startswith("Fig. 3")


def test_losses_are_the_logged_ones() -> None:
    table = figure_of("losses").table(of("losses"))
    assert len(table) == 4 * 2 * 3
    one = table[(table["lam"] == "0.1") & (table["seed"] == 1) & (table["term"] == "infomax_1")]
    assert one[["step", "value"]].to_numpy().tolist() == [[20, 4.0], [40, 2.1]]
    words = figure_of("losses").text(of("losses"))
    assert "between 4.00 and 5.00 nats" in words["alt"]
    assert words["title"] == "Losses of ortho on DC-BC"
    assert figure_of("losses").text(subject("infomin"))["title"].startswith("Fig. 5")


def test_representations_lie_on_the_main_axes_of_each_half() -> None:
    shown = of("representations")
    table = figure_of("representations").table(shown)
    assert len(table) == 2 * 2 * 12
    assert table["half"].unique().tolist() == ["z0", "z1"]
    half = shown.codes[shown.cells[0].cell]["z"][:, :4].astype(float)
    places = table[(table["lam"] == "0.001") & (table["half"] == "z0")][["x", "y"]].to_numpy()
    values = np.linalg.eigvalsh(np.cov(half.T, bias=True))[::-1]
    assert places.var(axis=0) == pytest.approx(values[:2], abs=1e-3)
    assert places.mean(axis=0) == pytest.approx([0, 0], abs=1e-3)


def test_main_axes_do_not_depend_on_the_sign_that_a_solver_returns() -> None:
    x = np.random.default_rng(0).normal(size=(50, 4)) * [3, 2, 1, 0.5]
    found = MainAxes.of(x).places(x)
    assert np.abs(found[:, 0]) == pytest.approx(np.abs(x @ [1, 0, 0, 0] - x[:, 0].mean()), abs=0.6)
    assert found == pytest.approx(MainAxes.of(x.copy(order="F")).places(x))


def test_a_run_that_diverged_is_drawn_as_nothing() -> None:
    shown = of("representations")
    for made in shown.cells:
        made.probe["accuracy"]["logistic"] = {"z": {}}
        made.history.loc[1, ["loss", "infomax_0"]] = np.nan
    codes = {key: {name: np.full_like(code, np.nan) for name, code in own.items()} for key, own in shown.codes.items()}
    broken = Subject(shown.dataset, shown.manifest, shown.views, shown.method, shown.cells, codes)
    for name in ("representations", "losses"):
        figure = figure_of(name)
        table = figure.table(broken)
        assert table.select_dtypes("number").isna().any(axis=None)
        assert svg(figure.draw(broken, table)).startswith(b"<?xml")
        assert "nan" not in str(figure.text(broken))
    assert "z0 tells DC in none, as it diverged" in figure_of("representations").text(broken)["alt"]
    figure = figure_of("neighbours")
    assert figure.table(broken).empty and "by z0, none, as the codes are no numbers" in figure.text(broken)["alt"]
    assert svg(figure.draw(broken, figure.table(broken))).startswith(b"<?xml")


def test_neighbours_are_by_each_half_and_by_r_at_the_greatest_strength() -> None:
    shown = of("neighbours")
    table = figure_of("neighbours").table(shown)
    (stored,) = (codes for cell, codes in shown.codes.items() if cell.lam == 0.1 and cell.seed == 0)
    codes = {"z0": stored["z"][:, :4], "z1": stored["z"][:, 4:], "r": stored["r"]}
    assert table["code"].unique().tolist() == ["z0", "z1", "r"] and len(table) == 3 * 3 * 6
    for (code, query), own in table.groupby(["code", "query"]):
        unit = codes[str(code)].astype(float) / np.linalg.norm(codes[str(code)].astype(float), axis=1, keepdims=True)
        ranked = [row for row in np.argsort(-(unit @ unit[query])) if row != query]
        assert own["row"].to_list() == ranked[:6]
        for name in ("DC", "BC", "DL"):
            factor = shown.views.factors[name][:, 0]
            assert own[name].to_list() == (factor[own["row"]] == factor[query]).tolist()
    figure = figure_of("neighbours").draw(shown, table)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["z0"] * 3 + ["z1"] * 3 + ["r"] * 3
    whole = np.asarray(figure.axes[0].images[0].get_array())
    for line, (_, own) in enumerate(table.groupby(["code", "query"], sort=False)):
        for place, row in enumerate([own["query"].iloc[0], *own["row"]]):
            tile = whole[line * (32 + 5 + 2) :, place * (32 + 2) :][:32, :32]
            assert np.array_equal(tile, shown.views.images[row, 0])


def test_without_heads_neighbours_are_by_the_halves_of_r() -> None:
    shown = of("neighbours")
    codes = {cell: {"r": code["r"]} for cell, code in shown.codes.items()}
    bare = Subject(shown.dataset, shown.manifest, shown.views, "supervised", shown.cells, codes)
    assert figure_of("neighbours").table(bare)["code"].unique().tolist() == ["r0", "r1", "r"]
