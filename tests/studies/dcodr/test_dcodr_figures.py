"""Figures of data and of neighbours from cells made by hand: what they show, and of which bytes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from disentangle import registry
from disentangle.cells import Cell
from disentangle.data.labelled import shown_rows
from disentangle.reporting.drawing import svg
from disentangle.reporting.labelled_sheets import LabelledData
from disentangle.studies.dcodr.analysis.subject import Subject
from studies.dcodr.made_up_cells import EDGES, NORB, SHAPES, World, labelled, manifest

FIGURES = {name.split("/")[1]: registry.build("figures", name, {}) for name in registry.of_study("figures", "dcodr")}
NEEDS = {name: registry.constant("figures", f"dcodr/{name}", "NEEDS") for name in FIGURES}
DATASETS = (NORB, SHAPES, EDGES)


def data(dataset: str, stand_in: str = "rendered") -> LabelledData:
    return LabelledData(dataset, manifest(dataset, stand_in), {**labelled(dataset), "numbers": {}})


def subject(dataset: str = NORB, entry: str = "dcodr_norec") -> Subject:
    cell = World().cell(Cell("demo", "dcodr", dataset, entry, 0.3, 0))
    codes = World().codes(dataset, entry)["codes"]
    return Subject(**vars(data(dataset)), method=entry, cell=cell, codes=codes)


def of(name: str, dataset: str) -> Any:
    return subject(dataset) if NEEDS[name]["of"] == "every method" else data(dataset)


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_data_ink_and_words(name: str, dataset: str) -> None:
    figure, shown = FIGURES[name], of(name, dataset)
    table = figure.table(shown)
    assert len(table) and set(shown.labels) <= {*table.columns}
    assert svg(figure.draw(shown, table)) == svg(figure.draw(of(name, dataset), figure.table(of(name, dataset))))
    text = figure.text(shown)
    assert set(text) == {"title", "caption", "alt"} and dataset in text["title"]


@pytest.mark.parametrize("name", ["domains", "attributes"])
def test_a_figure_of_data_says_what_stands_in(name: str) -> None:
    assert FIGURES[name].text(data(NORB))["caption"].endswith("Stand-in data: rendered.")
    assert "Stand-in" not in FIGURES[name].text(data(NORB, ""))["caption"]


def test_a_line_of_samples_is_of_one_domain_and_named_by_it() -> None:
    shown = data(SHAPES)
    table = FIGURES["domains"].table(shown)
    figure = FIGURES["domains"].draw(shown, table)
    whole, known = np.asarray(figure.axes[0].images[0].get_array()), shown.known
    names = [label.get_text().replace(" ", "_") for label in figure.axes[0].get_yticklabels()]
    for line, value in enumerate(np.unique(known["labels"]["shape"])):
        assert names[line] == known["values"]["shape"][value].replace(" ", "_")
        own = table[table["shape"] == known["values"]["shape"][value]]
        assert (known["labels"]["shape"][own["row"]] == value).all()
        for place, row in enumerate(own["row"]):
            assert np.array_equal(whole[6 * line :, 6 * place :][:4, :4], known["images"][row])


def test_attributes_are_told_by_words_and_numbers_are_not_shown() -> None:
    shown = data(NORB)
    table = FIGURES["attributes"].table(shown)
    assert table["attribute"].unique().tolist() == ["azimuth", "elevation", "lighting"] and table["toy"].nunique() == 1
    for row in table.to_dict("records"):
        assert row[row["attribute"]] == f"{row['attribute']} {row['value']}"
    faces = {"labels": {"toy": shown.labels["toy"]}, "numbers": {"landmarks": np.zeros((24, 10))}}
    bare = replace(shown, known={**shown.known, **faces})
    text, table = FIGURES["attributes"].text(bare)["caption"], FIGURES["attributes"].table(bare)
    assert "No attribute has values" in text and "Landmarks are numbers" in text and table.empty
    assert FIGURES["attributes"].draw(bare, table).axes[0].texts[0].get_text() == "nothing to show"


def test_neighbours_are_of_the_queries_of_the_tables_and_agree_within_margins() -> None:
    shown = subject()
    table = FIGURES["neighbours"].table(shown)
    queries = shown_rows(shown.labels["toy"], shown.known["test"], 6)
    assert table["query"].unique().tolist() == queries.tolist() and len(table) == 36
    directions = shown.codes.astype(float) / np.linalg.norm(shown.codes.astype(float), axis=1, keepdims=True)
    for query, own in table.groupby("query"):
        ranked = [row for row in np.argsort(-(directions @ directions[query])) if row != query]
        assert own["row"].to_list() == ranked[:6]
        for row in own.to_dict("records"):
            apart = abs(int(shown.labels["azimuth"][query]) - int(shown.labels["azimuth"][row["row"]]))
            assert row["azimuth"] == (min(apart, 9 - apart) <= 2)  # nine values that go round
            assert row["toy"] == (shown.labels["toy"][query] == shown.labels["toy"][row["row"]])
    figure = FIGURES["neighbours"].draw(shown, table)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["toy", "azimuth", "elevation", "lighting"]
    assert f"{table['toy'].sum()} share the toy" in FIGURES["neighbours"].text(shown)["alt"]


def test_a_method_that_diverged_has_no_neighbours() -> None:
    shown = subject()
    lost = replace(shown, codes=np.full_like(shown.codes, np.nan))
    table = FIGURES["neighbours"].table(lost)
    assert table.empty and svg(FIGURES["neighbours"].draw(lost, table)).startswith(b"<?xml")
    assert "no numbers" in FIGURES["neighbours"].text(lost)["alt"]
