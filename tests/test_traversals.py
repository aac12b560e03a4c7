"""Traversals of a decoder made by hand, whose dimensions are known: labels, order, walks and pictures."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from disentangle.cells import Cell
from disentangle.data.grid import Grid, Seen, values_of
from disentangle.evaluation.traversal import Carried, carried, walk
from disentangle.reporting import traversal_pictures, traversals
from disentangle.reporting.drawing import gif, svg
from disentangle.reporting.grid_images import GridImages
from disentangle.reporting.results import CellResult
from disentangle.reporting.traversals import Walked

SIZES = {"bright": 5, "wide": 4, "noise": 3}
COUNT = 60
CODES = np.zeros((COUNT, 4), np.float32)
"""z0 tells half of the values of ``wide`` apart, z1 is constant, z2 is ``bright``, z3 is the nuisance ``noise``."""
CODES[:, 0] = values_of(np.arange(COUNT), SIZES)[:, 1] // 2
CODES[:, 2] = values_of(np.arange(COUNT), SIZES)[:, 0]
CODES[:, 3] = values_of(np.arange(COUNT), SIZES)[:, 2]


class Made:
    """A model: pixel [0, k] of an image is a quarter of z_k; image n of the grid has the code n."""

    decoded = "mean"
    encoded: list[int]

    def __init__(self) -> None:
        self.encoded = []

    def encode(self, images: np.ndarray) -> dict[str, torch.Tensor]:
        self.encoded.append(len(images))
        return {"mean": torch.from_numpy(CODES[images[:, 1, 0, 0]])}

    def observed(self, images: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(images.astype(np.float32) / 255)

    def decode(self, codes: Any) -> torch.Tensor:
        z = torch.as_tensor(codes, dtype=torch.float32)
        images = torch.zeros(len(z), 4, 4, 1)
        images[:, 0, :, 0] = z / 4
        return images


def grid() -> GridImages:
    images = np.zeros((COUNT, 4, 4, 1), np.uint8)
    images[:, 1, 0, 0] = np.arange(COUNT)
    return GridImages(Grid(images, SIZES, (4, 4, 1), nuisance=("noise",)), Seen())


def cell(seed: int, mig: float) -> CellResult:
    metrics = {"scores": {"mean": {"mig": {"mig": mig}}}}
    own = Cell("demo", "locatello", "dsprites", "beta_vae", 4, seed)
    return CellResult(own, {"status": "done"}, {}, {}, metrics, pd.DataFrame())


def shown(stored: Mapping[str, np.ndarray], names: tuple[str, ...] = (), model: Any = None) -> list[Any]:
    model, options = model or Made(), {"points": 4000}
    cells = [("best", cell(3, 0.5)), ("worst", cell(1, 0.25))]
    return traversals.of_models(cells, lambda result: (model, stored), grid(), options, "mean", names)


def test_what_a_dimension_carries_is_the_factor_that_it_tells_most_of_and_most_comes_first() -> None:
    shares = np.array([[0.1, 0.4], [0.0, 0.0], [0.9, 0.2], [0.4, 0.4]])
    assert carried(shares) == [Carried(2, 0, 0.9), Carried(0, 1, 0.4), Carried(3, 0, 0.4), Carried(1, 0, 0.0)]


def test_the_last_bits_of_sums_rank_nothing() -> None:
    shares = np.array([[0.0, 1 - 2e-16], [1.0, 0.0], [1 - 2e-16, 1.0]])
    assert carried(shares) == [Carried(0, 1, 1.0), Carried(1, 0, 1.0), Carried(2, 0, 1.0)]


def test_a_walk_goes_from_the_5_to_the_95_percent_quantile_of_one_dimension() -> None:
    codes = np.stack([np.arange(101.0), 7 + np.arange(101.0)[::-1] * 2], axis=1)
    assert walk(codes, np.array([3.0, 4.0]), 0, 3).tolist() == [[5, 4], [50, 4], [95, 4]]
    assert walk(codes, np.array([3.0, 4.0]), 1, 4).tolist() == [[3, 17], [3, 77], [3, 137], [3, 197]]


def test_lines_of_a_known_decoder_have_its_labels_its_order_and_its_pictures() -> None:
    best, worst = shown({"mean": CODES})
    assert best.title == "best: λ = 4, seed 3, MIG 0.50" and worst.title == "worst: λ = 4, seed 1, MIG 0.25"
    assert [(line.code, line.factor) for line in best.lines[:2]] == [("z2", "bright"), ("z0", "wide")]
    # z2 tells all of bright; z0 one of the two bits of wide; the nuisance is no factor, so z3 tells nothing.
    assert best.lines[0].share == pytest.approx(1) and best.lines[1].share == pytest.approx(0.5, abs=0.01)
    assert {line.code for line in best.lines} == {"z0", "z1", "z2", "z3"}
    assert all(line.share < 0.02 for line in best.lines[2:])
    assert best.lines[0].walked.tolist() == pytest.approx(np.linspace(0, 4, 7).tolist())
    assert best.lines[1].walked.tolist() == pytest.approx(np.linspace(0, 1, 7).tolist())
    for line, own in zip(best.lines[:2], (2, 0), strict=True):
        pixels = line.pictures[:, 0, :, 0] / 255
        assert pixels[:, own] == pytest.approx(line.walked / 4, abs=1 / 255)
        start = CODES[best.true[1, 0, 0]] / 4
        others = [place for place in range(4) if place != own]
        assert np.allclose(pixels[:, others], np.clip(start[others], 0, 1), atol=1 / 255)
    assert np.array_equal(best.rebuilt[0, :, 0], np.rint(np.clip(CODES[best.true[1, 0, 0]] / 4, 0, 1) * 255))
    assert np.array_equal(best.true, worst.true)  # both start from one image


def test_codes_that_are_not_stored_are_encoded_of_the_rows_that_are() -> None:
    model, rows = Made(), np.arange(0, COUNT, 2)
    best, _ = shown({"rows": rows, "codes": CODES[rows, :2]}, model=model)
    assert model.encoded.count(len(rows)) == 2 and best.lines[0].code == "z2"
    walked = Walked.of(Made(), {"rows": rows}, grid().stored, {"k": np.arange(COUNT)})  # type: ignore[arg-type]
    assert np.array_equal(walked.codes, CODES[rows]) and walked.factors["k"].tolist() == rows.tolist()
    assert not walked.complete


def test_dimensions_are_called_by_names_where_there_is_one_for_each() -> None:
    assert shown({"mean": CODES}, ("a", "b", "c", "d"))[0].lines[0].code == "c"
    assert shown({"mean": CODES}, ("a", "b"))[0].lines[0].code == "z2"


def test_the_table_has_a_row_a_step_and_pictures_are_the_same_each_time() -> None:
    found = shown({"mean": CODES})
    table = traversals.rows(found)
    assert len(table) == 2 * 4 * 7 and table["model"].unique().tolist() == ["best", "worst"]
    first = table.iloc[:7]
    assert set(first["code"]) == {"z2"} and first["value"].tolist() == pytest.approx(np.linspace(0, 4, 7).tolist())
    assert svg(traversal_pictures.draw(found)) == svg(traversal_pictures.draw(shown({"mean": CODES})))
    frames, seconds = traversal_pictures.frames(found)
    assert frames.dtype == np.uint8 and len(frames) == 2 * 7 - 2 and 0 < seconds < 1  # there and back
    assert np.array_equal(frames[1], frames[-1]) and not np.array_equal(frames[0], frames[6])
    assert len(gif(frames, seconds)) <= traversal_pictures.BYTES


def test_codes_that_are_no_numbers_are_a_model_without_lines() -> None:
    (best, _) = shown({"mean": CODES * np.float32(np.nan)})
    assert best.lines == () and best.title.endswith(": its codes are no numbers")
    assert traversals.rows([best]).empty and svg(traversal_pictures.draw([best])).startswith(b"<?xml")
    assert traversal_pictures.frames([])[0].ndim == 4 and svg(traversal_pictures.draw([])).startswith(b"<?xml")
