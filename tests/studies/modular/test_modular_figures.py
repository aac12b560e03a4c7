"""Figures of codes and of edits from cells made by hand: what they show, where, and of which bytes."""

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.patches import Ellipse
from PIL import Image

from disentangle import registry
from disentangle.data.grid import values_of
from disentangle.reporting.drawing import gif, svg
from disentangle.reporting.sheets import coloured, mosaic
from disentangle.studies.modular.analysis.subject import Subject
from disentangle.studies.modular.figures.partitions import colours, ellipse, parts_of
from studies.modular.made_up_cells import FREE, GRIDS, SHAPES, V2, V3, World, images, told

FIGURES = {name.split("/")[1]: registry.build("figures", name, {}) for name in registry.of_study("figures", "modular")}
WORLD = World()
DATASETS = (V2, FREE, V3, SHAPES)


def drawn(name: str, shown: Subject) -> Any:
    return FIGURES[name].draw(shown, FIGURES[name].table(shown))


NEEDS = {name: registry.constant("figures", f"modular/{name}", "NEEDS") for name in FIGURES}
OF = [
    (name, entry)
    for name in FIGURES
    if NEEDS[name]["of"] == "every method"
    for entry in NEEDS[name].get("methods", ("modular",))
]
OF_DATA = [name for name in FIGURES if NEEDS[name]["of"] == "every dataset"]


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize(("name", "entry"), OF)
def test_every_figure_is_drawn_of_every_method_that_it_is_of(name: str, entry: str, dataset: str) -> None:
    shown = WORLD.subject(dataset, entry)
    assert svg(drawn(name, shown)) == svg(drawn(name, WORLD.subject(dataset, entry)))
    text = FIGURES[name].text(shown)
    assert set(text) == {"title", "caption", "alt"} and dataset in text["title"]


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("name", OF_DATA)
def test_every_figure_of_data_is_drawn_of_every_dataset(name: str, dataset: str) -> None:
    shown = WORLD.data(dataset)
    table, figure = FIGURES[name].table(shown), FIGURES[name]
    assert svg(figure.draw(shown, table)) == svg(figure.draw(WORLD.data(dataset), table))
    text = figure.text(shown)
    assert set(text) == {"title", "caption", "alt"} and dataset in text["title"]
    assert "Stand-in data: rendered." in text["caption"]
    assert "Stand-in" not in figure.text(replace(WORLD, stand_in="").data(dataset))["caption"]


@pytest.mark.parametrize("name", dict(OF))
def test_a_run_that_diverged_is_drawn_without_its_codes(name: str) -> None:
    shown = replace(WORLD, diverged=lambda cell: True).subject(V2, "modular")
    assert svg(drawn(name, shown)).startswith(b"<?xml")


# Partitions


def test_partitions_lie_on_their_own_main_axes_with_the_true_factors() -> None:
    shown = WORLD.subject(V2, "modular")
    table = FIGURES["partitions"].table(shown)
    rows = shown.codes["rows"]
    assert len(table) == 3 * len(rows) and len(parts_of(shown)) == 3
    sizes = GRIDS[V2][0]
    for part in range(3):
        own, codes = table[table["partition"] == part], shown.codes["codes"][:, 3 * part : 3 * part + 3].astype(float)
        variances = np.linalg.eigvalsh(np.cov(codes.T, bias=True))[::-1]
        assert own[["first", "second"]].to_numpy().var(axis=0) == pytest.approx(variances[:2], abs=1e-3)
        assert np.array_equal(own[["shape", "x", "y"]], values_of(own["row"].to_numpy(), sizes)[:, [0, 2, 4]])
        assert sorted(own["row"]) == sorted(rows) != own["row"].to_list()  # of any shape, whichever come first


def test_points_are_of_every_value_where_not_all_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of a grid are in order: the first of them are of one shape."""
    shown = WORLD.subject(V2, "modular")
    monkeypatch.setattr("disentangle.studies.modular.figures.partitions.POINTS", len(shown.codes["rows"]) // 2)
    assert set(FIGURES["partitions"].table(shown)["shape"]) == {0, 1, 2}


def test_a_partition_is_framed_and_has_ellipses_where_it_is_of_the_factor() -> None:
    axes = np.array(drawn("partitions", WORLD.subject(V2, "modular")).axes).reshape(3, 3)
    for part, line in enumerate(axes):
        for place, ax in enumerate(line):
            ellipses = [patch for patch in ax.patches if isinstance(patch, Ellipse)]
            assert len(ellipses) == (2 * 3 if part == place else 0)
            assert ax.spines["top"].get_visible() == (part == place)
            assert ax.get_xlim() == line[part].get_xlim()
    assert axes[0, 1].get_title() == "by x"
    assert [line[0].get_ylabel() for line in axes] == ["of shape", "of x", "of y"]


def test_ellipses_of_a_whole_combination_are_coloured_by_each_factor() -> None:
    axes = drawn("partitions", WORLD.subject(V2, "weak")).axes
    assert len(axes) == 3
    for place, ax in enumerate(axes):
        expected = [colours(np.array([value]))[0] for value in values_of(np.arange(27), told(V2))[:, place]]
        assert np.allclose([patch.get_edgecolor() for patch in ax.patches[::2]], expected)


def test_components_without_a_label_and_too_many_ones_have_no_ellipse() -> None:
    shown = WORLD.subject(V2, "modular")
    mean = shown.codes["mean_0"].copy()
    mean[1] = np.nan
    fewer = drawn("partitions", replace(shown, codes={**shown.codes, "mean_0": mean})).axes[0]
    assert len(fewer.patches) == 2 * 2
    many = WORLD.subject(V3, "weak")  # 135 combinations
    assert not any(ax.patches for ax in drawn("partitions", many).axes)
    assert "Ellipses" not in FIGURES["partitions"].text(many)["caption"]


def test_an_ellipse_is_where_the_density_falls_by_its_deviations() -> None:
    covariance = np.array([[2.0, 1.2], [1.2, 1.0]])
    found = ellipse(np.array([3.0, -1.0]), covariance, 2)
    edge = found.get_patch_transform().transform(found.get_path().vertices)[:-1] - [3, -1]
    distance = np.sqrt(np.einsum("ni,ij,nj->n", edge, np.linalg.inv(covariance), edge))
    assert distance[::3] == pytest.approx(2, abs=1e-3)  # the points between them steer the curve


# What codes tell


def test_dimensions_are_named_by_their_partition_and_stay_in_its_order() -> None:
    shown = WORLD.subject(V2, "modular")
    table = FIGURES["matrices"].table(shown)
    assert len(table) == 9 * 3 and set(table["factor"]) == {"shape", "x", "y"}
    assert [code.split(".")[0] for code in table["code"].unique()] == ["shape"] * 3 + ["x"] * 3 + ["y"] * 3
    told = table.groupby("code")["information"].max()
    of_shape = table[table["factor"] == "shape"].set_index("code")["information"]
    assert all(of_shape[f"shape.{k}"] == told[f"shape.{k}"] for k in range(3))  # as it is made: components are apart
    whole = FIGURES["matrices"].table(WORLD.subject(V2, "weak"))
    assert set(whole["code"]) == {"z0", "z1", "z2"}


# Edits


def test_an_edit_stands_beside_the_true_image_of_the_same_nuisances() -> None:
    shown = WORLD.subject(V2, "modular")
    table, rows = FIGURES["edits"].table(shown), shown.codes["shown_rows"]
    assert table["relation"].unique().tolist() == ["right", "swap"]  # it has no scale to change, and no hue
    sizes = GRIDS[V2][0]
    before, after = (values_of(table[key].to_numpy(), sizes) for key in ("row", "target"))
    right = (table["relation"] == "right").to_numpy()
    assert np.array_equal(after[right, 2], (before[right, 2] + 1) % 3)
    assert np.array_equal(after[~right, 0], np.array([1, 0, 2])[before[~right, 0]])
    others = [place for place in range(5) if place != 2]
    assert np.array_equal(after[right][:, others], before[right][:, others])
    assert len(table) == 2 * len(rows)
    # the made-up model says one more of every factor
    assert table[right]["told"].tolist() == table[right]["wanted"].tolist()
    assert not table["others"].any()


def test_the_grid_of_edits_is_true_rebuilt_and_pairs() -> None:
    shown = WORLD.subject(V2, "modular")
    ax = drawn("edits", shown).axes[0]
    names = [label.get_text() for label in ax.get_xticklabels()]
    assert names == ["true", "rebuilt", "right", "wanted", "swap", "wanted"]
    whole, rows = ax.images[0].get_array(), shown.codes["shown_rows"]
    assert whole.shape == (8 * 10 - 2, 6 * 10 - 2, 3)
    for row in range(8):
        tiles = [whole[10 * row : 10 * row + 8, 10 * column : 10 * column + 8] for column in range(6)]
        assert np.array_equal(tiles[0][..., 0], images(V2)[rows[row], ..., 0])
        assert np.array_equal(tiles[1][..., 1], shown.codes["shown"][row, ..., 0])
        assert np.array_equal(tiles[4][..., 2], shown.codes["shown_edited"][1, row, ..., 0])
        wanted = shown.wanted(rows, shown.relations[0])
        assert np.array_equal(tiles[3][..., 0], images(V2)[wanted[row], ..., 0])


def test_relations_that_saturate_stay_at_the_end() -> None:
    table = FIGURES["edits"].table(WORLD.subject(SHAPES, "modular"))
    before, after = (values_of(table[key].to_numpy(), GRIDS[SHAPES][0])[:, 0] for key in ("row", "target"))
    assert np.array_equal(after[:8], np.minimum(before[:8] + 1, 9))


def test_pictures_are_grey_of_one_channel_and_unpacked_where_they_are_binary() -> None:
    rows = np.array([5, 0, 5])
    free = WORLD.subject(FREE, "modular").pictures(rows)
    packed = np.unpackbits(images(FREE)[rows], axis=1).reshape(3, 8, 8, 1)
    assert free.shape == (3, 8, 8, 3) and np.array_equal(free, np.repeat(255 * packed, 3, axis=3))
    assert np.array_equal(WORLD.subject(SHAPES, "modular").pictures(rows), images(SHAPES)[rows])


def test_a_mosaic_has_white_gaps_between_its_pictures_alone() -> None:
    whole = mosaic(np.zeros((2, 3, 4, 4, 3), np.uint8), gap=1)
    assert whole.shape == (9, 14, 3)
    assert (whole[4] == 255).all() and (whole[:, [4, 9]] == 255).all() and whole.sum() == 255 * 3 * (14 + 2 * 8)


# The chain


def test_a_chain_is_every_frame_with_the_relation_before_it() -> None:
    shown = WORLD.subject(V2, "zerodim")
    table = FIGURES["chain"].table(shown)
    assert table["relation"].tolist() == ["rebuilt", "right", "swap", "right", "swap", "right", "swap"]
    assert np.array_equal(table[["shape", "x", "y"]], shown.values(shown.codes["chain_rows"]))
    whole = drawn("chain", shown).axes[0].images[0].get_array()
    assert whole.shape == (2 * 10 - 2, 7 * 10 - 2, 3)
    for frame in range(7):
        ours, true = (whole[top : top + 8, 10 * frame : 10 * frame + 8] for top in (0, 10))
        assert np.array_equal(ours, coloured(shown.codes["chain"])[frame])
        assert np.array_equal(true[..., 0], images(V2)[shown.codes["chain_rows"][frame], ..., 0])


@pytest.mark.parametrize("dataset", [V2, SHAPES])
def test_frames_are_ours_beside_the_true_image_and_repeat_in_the_same_bytes(dataset: str) -> None:
    shown = WORLD.subject(dataset, "modular")
    table = FIGURES["chain"].table(shown)
    frames, seconds = FIGURES["chain"].frames(shown, table)
    assert frames.shape == (7, 160 + 22, 2 * 160 + 8, 3) and frames.dtype == np.uint8
    ours = frames[:, 22:, :160].reshape(7, 8, 20, 8, 20, 3)
    assert (ours == ours[:, :, :1, :, :1]).all()
    assert np.array_equal(ours[:, :, 0, :, 0], coloured(shown.codes["chain"]))
    assert np.array_equal(frames[:, 22::20, 168::20], shown.pictures(shown.codes["chain_rows"]))
    above = frames[:, :22]
    assert (above < 128).any(axis=(1, 2, 3)).all() and not np.array_equal(above[0], above[1])
    content = gif(frames, seconds)
    assert content == gif(*FIGURES["chain"].frames(WORLD.subject(dataset, "modular"), table))
    with Image.open(io.BytesIO(content)) as found:
        assert found.n_frames == 7  # type: ignore[attr-defined]
