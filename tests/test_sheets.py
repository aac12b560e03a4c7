"""Sheets of pictures: what stands where in the raster, and that a line varies what it says and nothing else."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from disentangle import registry, streams
from disentangle.data.grid import Grid, Seen
from disentangle.evaluation.metrics.retrieval import matching
from disentangle.reporting import grid_sheets, labelled_sheets, neighbour_sheets
from disentangle.reporting.grid_images import GridData, GridImages
from disentangle.reporting.sheets import DIFFERS, GAP, marked, sheet

SIZES = {"shape": 3, "still": 1, "angle": 20, "x": 2}
COUNT = 3 * 20 * 2


def grid_data(dataset: Any = None, channels: int = 1, **fields: Any) -> GridData:
    """A grid whose image n holds the number n in all its pixels."""
    images = np.broadcast_to(np.arange(COUNT, dtype=np.uint8)[:, None, None, None], (COUNT, 4, 4, channels)).copy()
    grid = Grid(images, SIZES, (4, 4, channels), nuisance=("x",), **fields)
    manifest = {"made_of": {"images": {"STAND_IN": "renders."}}}
    return GridData("toys", manifest, GridImages(grid, dataset or Seen()))


def raster(figure: Any) -> np.ndarray:
    return np.asarray(figure.axes[0].images[0].get_array())


# The raster


def test_lines_of_any_length_stand_in_one_raster_with_their_names() -> None:
    lines = [np.full((2, 4, 6, 3), 10, np.uint8), np.full((3, 4, 6, 3), 20, np.uint8)]
    lines[1][2] = 30
    figure = sheet(lines, ["first_one", "second"], ["a", "b"], framed=[(1, 2)])
    whole, ax = raster(figure), figure.axes[0]
    assert whole.shape == (2 * 4 + GAP, 3 * 6 + 2 * GAP, 3)
    tiles = {(r, c): whole[r * (4 + GAP) :, c * (6 + GAP) :][:4, :6] for r in range(2) for c in range(3)}
    colours = {place: Counter(tile.ravel().tolist()) for place, tile in tiles.items()}
    expected = {(0, 0): 10, (0, 1): 10, (0, 2): 255, (1, 0): 20, (1, 1): 20, (1, 2): 30}
    assert colours == {place: Counter({value: 72}) for place, value in expected.items()}
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first one", "second"]
    assert ax.get_yticks().tolist() == [1.5, 1.5 + 4 + GAP]  # the middle of rows 0 to 3, and of the next
    (frame,) = ax.patches  # halfway into the gaps around the last picture
    assert frame.get_bbox().extents.tolist() == [16 - 1.5, 6 - 1.5, 16 - 1.5 + 8, 6 - 1.5 + 6]


def test_names_at_the_left_are_inside_of_the_figure() -> None:
    figure = sheet([np.zeros((1, 4, 4, 3), np.uint8)] * 2, ["a name of many letters", "x\nnuisance, 8 of 40 values"])
    figure.canvas.draw()
    assert all(label.get_window_extent().x0 >= 0 for label in figure.axes[0].get_yticklabels())


def test_nothing_to_show_is_said() -> None:
    assert sheet([], []).axes[0].texts[0].get_text() == "nothing to show"


def test_a_bar_has_a_part_a_label_coloured_where_it_agrees() -> None:
    picture = np.zeros((16, 15, 3), np.uint8)
    found = marked(picture, np.array([True, False, True]))
    assert found.shape == (16 + 3, 15, 3) and not found[:16].any() and (found[16] == 255).all()
    bar = found[17:]
    assert (bar[:, 0:4] == [0, 0x72, 0xB2]).all() and (bar[:, 5:9] == DIFFERS).all()
    assert (bar[:, 11:15] == [0, 0x9E, 0x73]).all() and (bar[:, [4, 10]] == 255).all()
    assert (marked(picture, np.zeros(0, bool))[16:] == 255).all()


# Grids


def values(row: int) -> list[int]:
    """The factors of a row, by counting."""
    every = [(a, b, c, d) for a in range(3) for b in range(1) for c in range(20) for d in range(2)]
    return list(every[row])


def test_each_line_of_factors_varies_that_factor_alone_from_one_image() -> None:
    table = grid_sheets.varied(grid_data().images.grid)
    assert table["factor"].unique().tolist() == ["shape", "angle", "x"]  # the fourth has one value
    (base,) = table.loc[table["base"], "row"].unique()
    assert table["base"].sum() == 3
    for row in table.to_dict("records"):
        found, expected = values(row["row"]), values(base)
        differs = [name for name, a, b in zip(SIZES, found, expected, strict=True) if a != b]
        assert differs == ([] if row["base"] else [row["factor"]])
        assert found == [row[name] for name in SIZES] and row[row["factor"]] == row["value"]
    shown = {name: own["value"].to_list() for name, own in table.groupby("factor")}
    assert shown == {"shape": [0, 1, 2], "angle": [0, 3, 5, 8, 11, 14, 16, 19], "x": [0, 1]}  # 19 k / 7, rounded


def test_a_line_of_factors_shows_its_images_and_says_how_many_values_there_are() -> None:
    shown = grid_data()
    figure = grid_sheets.Factors().draw(shown, grid_sheets.varied(shown.images.grid))
    table, whole = grid_sheets.varied(shown.images.grid), raster(figure)
    for line, (_, own) in enumerate(table.groupby("factor", sort=False)):
        assert whole[line * (4 + GAP), :: 4 + GAP, 0][: len(own)].tolist() == own["row"].to_list()
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["shape\n3 values", "angle\n8 of 20 values", "x\nnuisance, 2 values"]
    assert len(figure.axes[0].patches) == 3
    assert "Stand-in data: renders." in grid_sheets.Factors().text(shown)["caption"]


def test_samples_are_other_images_each_with_its_factors() -> None:
    shown = grid_data()
    table = grid_sheets.Samples().table(shown)
    assert len(table) == 32 == table["row"].nunique()
    assert table[[*SIZES]].to_numpy().tolist() == [values(row) for row in table["row"]]
    whole = raster(grid_sheets.Samples().draw(shown, table))
    assert whole[:: 4 + GAP, :: 4 + GAP, 0].ravel().tolist() == table["row"].to_list()
    text = grid_sheets.Samples().text(shown)
    assert "32 of 120 images" in text["caption"] and "angle (20)" in text["caption"]
    assert "random" not in text["alt"].replace("drawn at random", "") and "noise" not in text["caption"]


def test_random_observations_are_shown_as_models_see_them() -> None:
    """Noisy-dSprites: min(sprite + noise, 1), in colour; the same numbers each time."""
    options = {"image_size": 64, "every": [1, 1, 1, 1, 1]}
    shown = grid_data(registry.build("datasets", "noisy_dsprites", options))
    rows = np.array([3, 119])
    found = shown.images.seen(rows, streams.rng(5, "seen"))
    noise = streams.rng(5, "seen").random((2, 4, 4, 3), np.float32)
    for k, row in enumerate(rows):
        for place in np.ndindex(4, 4, 3):
            assert abs(int(found[k][place]) - 255 * min(row / 255 + noise[k][place], 1)) <= 0.5001
    assert "noise of its own" in grid_sheets.Samples().text(shown)["caption"]
    table = grid_sheets.Samples().table(shown)
    first, second = (raster(grid_sheets.Samples().draw(shown, table)) for _ in range(2))
    assert np.array_equal(first, second) and first.std() > 10


def test_the_painting_is_behind_sprites() -> None:
    """Scream-dSprites has an observation of its own: the background where the sprite is 0."""
    dataset = registry.build("datasets", "scream_dsprites", {"image_size": 64, "every": [1, 1, 1, 1, 1]})
    shared = {"painting": np.full((9, 9, 3), 0.5, np.float32), "pixels": np.arange(4)}
    found = grid_data(dataset, shared=shared).images.observed(np.array([0]), streams.rng(0, "seen"))
    uniform = streams.rng(0, "seen").random((1, 5), np.float32)
    assert found == pytest.approx(np.broadcast_to((0.5 + uniform[0, 2:]) / 2, (1, 4, 4, 3)))


# Labelled images


LABELS = {
    "domain": np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]),
    "kind": np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]),
    "side": np.array([0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1]),
}


def test_an_attribute_is_varied_in_one_domain_with_all_else_held_where_there_is_such_an_image() -> None:
    table = labelled_sheets.varied(LABELS, "domain")
    assert table["attribute"].unique().tolist() == ["kind", "side"]
    (base,) = table.loc[table["base"], "row"].unique()
    for row in table.to_dict("records"):
        assert LABELS["domain"][row["row"]] == LABELS["domain"][base]
        assert LABELS[row["attribute"]][row["row"]] == row["value"]
        other = {"kind": "side", "side": "kind"}[row["attribute"]]
        within = [k for k in range(12) if LABELS["domain"][k] == LABELS["domain"][base]]
        valued = [k for k in within if LABELS[row["attribute"]][k] == row["value"]]
        held = [k for k in valued if LABELS[other][k] == LABELS[other][base]]
        assert row["others"] == bool(held)
        assert row["row"] == min(held or valued, key=lambda k: abs(k - base))
    in_domain = LABELS["domain"] == LABELS["domain"][base]
    for name, own in table.groupby("attribute"):
        assert own["value"].to_list() == sorted({*LABELS[str(name)][in_domain].tolist()})


def test_of_many_values_that_of_the_image_is_shown() -> None:
    for base in range(30):
        shown = labelled_sheets.shown_values(np.arange(30), base)
        assert len(shown) == 8 and base in shown and (np.diff(shown) > 0).all()


def test_samples_of_domains_are_of_their_domain() -> None:
    rows = labelled_sheets.by_domain(np.arange(100) % 10)
    assert [row % 10 for row in rows] == [k for k in (0, 2, 4, 5, 7, 9) for _ in range(8)]  # 9 k / 5, rounded
    assert len({*rows}) == 48 and (np.diff(rows) < 0).any()  # not the first of each
    assert sorted(labelled_sheets.by_domain(LABELS["domain"])) == [*range(12)]


# Neighbours


def test_neighbours_are_those_of_the_greatest_cosine_and_say_what_they_share() -> None:
    codes, queries = streams.rng(0, "codes").normal(size=(12, 3)), np.array([7, 2])
    found = neighbour_sheets.neighbours(codes, queries, LABELS, {"kind": (3, 1)})
    assert found["query"].to_list() == [7] * 6 + [2] * 6 and found["rank"].to_list() == [1, 2, 3, 4, 5, 6] * 2
    for query, own in found.groupby("query"):
        cosines = {k: codes[query] @ c / np.linalg.norm(codes[query]) / np.linalg.norm(c) for k, c in enumerate(codes)}
        del cosines[query]
        assert own["row"].to_list() == sorted(cosines, key=lambda k: -cosines[k])[:6]
        assert own["cosine"].to_list() == pytest.approx([cosines[row] for row in own["row"]], abs=1e-4)
        for label in ("domain", "side"):
            assert own[label].to_list() == [LABELS[label][query] == LABELS[label][row] for row in own["row"]]
    assert found["kind"].all()  # of three values that go round, all are within one step
    assert not matching(LABELS["kind"][7], LABELS["kind"], 3, 0).all()
    shares = [int(found[label].sum()) for label in LABELS]
    told = neighbour_sheets.told(found, {"domain": "world", "kind": "kind", "side": "side"})
    assert told == f"of 12 neighbours, {shares[0]} share the world, {shares[1]} the kind and {shares[2]} the side"


def test_codes_that_are_no_numbers_have_no_neighbours() -> None:
    codes = np.full((12, 3), np.nan)
    found = neighbour_sheets.neighbours(codes, np.array([1]), LABELS, {})
    assert found.empty and "no numbers" in neighbour_sheets.told(found, {})
    assert neighbour_sheets.draw([], {}, {}).axes[0].texts[0].get_text() == "nothing to show"
