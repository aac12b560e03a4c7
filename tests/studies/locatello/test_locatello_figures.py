"""Figures of data and of what codes tell, from models made by hand; which models are shown."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from disentangle import registry, streams
from disentangle.cells import Cell
from disentangle.data.grid import Grid, Seen, values_of
from disentangle.evaluation.measured_codes import of_grid
from disentangle.evaluation.metrics import dci, mig
from disentangle.evaluation.scores import scores_of
from disentangle.reporting.drawing import svg
from disentangle.reporting.grid_images import GridImages
from disentangle.reporting.picked import picked
from disentangle.reporting.results import CellResult
from disentangle.studies.locatello.analysis.subject import Subject

SIZES = {"shape": 3, "x": 4, "y": 4}
METRICS = {"mig": {"points": 300}, "dci": {"train_points": 60, "test_points": 30}}


def model(score: float | None, lam: float = 1, seed: int = 0) -> CellResult:
    """A cell of which the MIG alone is known."""
    metrics = {"scores": {"mean": {"mig": None if score is None else {"mig": score}}}}
    cell = Cell("demo", "locatello", "dsprites", "beta_vae", lam, seed)
    return CellResult(cell, {"status": "done"}, {}, {}, metrics, pd.DataFrame())


def ranks(*scores: float | None) -> list[tuple[str, int]]:
    return [
        (rank, found.cell.seed) for rank, found in picked([model(mig, 1, k) for k, mig in enumerate(scores)], "mean")
    ]


def test_the_best_the_median_and_the_worst_model_by_mig_are_picked_once_each() -> None:
    assert ranks(0.2, 0.5, 0.1, 0.4, 0.3) == [("best", 1), ("median", 4), ("worst", 2)]
    assert ranks(0.2, 0.5, 0.1, 0.4) == [("best", 1), ("median", 0), ("worst", 2)]  # the lower of two
    assert ranks(0.2, 0.5) == [("best", 1), ("worst", 0)] and ranks(0.2) == [("best", 0)] and ranks() == []
    assert ranks(0.1, 0.1, 0.1) == [("best", 0), ("median", 1), ("worst", 2)]
    assert ranks(None, 0.3, None, math.nextafter(0.3, 1)) == [("best", 3), ("worst", 1)]
    assert ranks(None) == []


def subject(method: str | None = None, noise: tuple[float, ...] = ()) -> Subject:
    """A grid and models, whose second dimension tells the shape, the first x, but for so much noise."""
    images = streams.rng(0, "images").integers(0, 256, (48, 4, 4, 3)).astype(np.uint8)
    grid, factors = Grid(images, SIZES, (4, 4, 3)), values_of(np.arange(48), SIZES)
    cells, codes = [], {}
    for seed, amount in enumerate(noise):
        mean = streams.rng(seed, "codes").normal(size=(48, 3)) * [amount, amount, 1] + factors[:, [1, 0, 2]] * [1, 1, 0]
        stored = {"mean": mean.astype(np.float32), "logvar": np.zeros((48, 3), np.float32)}
        metrics = {name: registry.build("metrics", name, METRICS[name]) for name in METRICS}
        found = model(None, 4, seed)
        found.metrics["scores"]["mean"] = scores_of(metrics, of_grid(stored, SIZES, ())["mean"])
        cells.append(found)
        codes[found.cell] = stored
    manifest = {"made_of": {"images": {"STAND_IN": "rendered sprites"}}}
    data = GridImages(grid, Seen())
    return Subject("dsprites", manifest, data, method, tuple(cells), tuple(picked(cells, "mean")), codes, METRICS)


@pytest.mark.parametrize("name", ["samples", "factors"])
def test_figures_of_data_are_of_the_grid_and_say_what_it_stands_in_for(name: str) -> None:
    figure, shown = registry.build("figures", f"locatello/{name}", {}), subject()
    table = figure.table(shown)
    assert table[[*SIZES]].to_numpy().tolist() == values_of(table["row"].to_numpy(), SIZES).tolist()
    assert svg(figure.draw(shown, table)) == svg(figure.draw(subject(), figure.table(subject())))
    assert "Stand-in data: rendered sprites." in figure.text(shown)["caption"]
    assert "dsprites" in figure.text(shown)["title"]


def test_matrices_are_those_that_the_scores_of_each_picked_model_are_of() -> None:
    figure: Any = registry.build("figures", "locatello/matrices", {})
    shown = subject("beta_vae", (2.0, 0.1, 0.5))
    table = figure.table(shown)
    assert table["model"].unique().tolist() == ["best", "median", "worst"]
    assert table.groupby("model")["seed"].first().to_dict() == {"best": 1, "median": 2, "worst": 0}
    for _, own in table.groupby("model"):
        scores = shown.cells[own["seed"].iloc[0]].metrics["scores"]["mean"]
        shares = own.pivot_table("information", "code", "factor").to_numpy()
        ranked = np.sort(shares, axis=0)
        assert (ranked[-1] - ranked[-2]).mean() == pytest.approx(scores["mig"]["mig"])
        importances = own.pivot_table("importance", "code", "factor").to_numpy()
        assert dci.disentanglement(importances) == pytest.approx(scores["dci"]["disentanglement"])
    best = table[table["model"] == "best"]
    assert best["code"].iloc[0] == "z1" and set(best["code"]) == {"z0", "z1", "z2"}  # what tells the first factor
    titles = [ax.get_title(loc="left") for ax in figure.draw(shown, table).axes]
    told = scores_of({"mig": mig.Metric(300)}, of_grid(shown.codes[shown.cells[1].cell], SIZES, ())["mean"])
    assert f"best: λ = 4, seed 1\nMIG {told['mig']['mig']:.2f}" in titles[0]
    assert "the best, the median and the worst model by MIG, of 3" in figure.text(shown)["caption"]


def test_a_method_all_of_whose_models_diverged_has_no_matrices() -> None:
    figure: Any = registry.build("figures", "locatello/matrices", {})
    shown = subject("beta_vae")
    assert figure.draw(shown, figure.table(shown)).axes[0].texts[0].get_text() == "no model"
    assert len(figure.text(shown)["alt"]) > 10
