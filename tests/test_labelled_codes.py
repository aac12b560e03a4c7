"""Codes of labelled images beside what is known of the images, and what the stages make of them."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from disentangle import files, registry
from disentangle.cells import Cell, dataset_folder
from disentangle.data import dataset_files
from disentangle.errors import InputError
from disentangle.evaluation.labelled_codes import LabelledCodes, unit
from disentangle.evaluation.measured_codes import of_labelled
from disentangle.evaluation.scores import scores_of
from disentangle.stages import measure, probe

CELL = Cell("tiny", "a_study", "pictures", "a_method", 0.0, 0)


def images(rows: int = 120) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    uses = rng.permutation(np.arange(rows) % 4)
    return {
        "images": np.zeros((rows, 8, 8, 3), np.uint8),
        "labels": {"hue": rng.integers(0, 3, rows), "kind": rng.integers(0, 2, rows)},
        "values": {"hue": ("red", "green", "blue"), "kind": ("photo", "edges")},
        "domain": "kind",
        "train": uses != 0,
        "fit": (uses == 1) | (uses == 2),
        "test": uses == 0,
        "margins": {"hue": 1},
        "numbers": {"place": rng.random((rows, 2)).astype(np.float32)},
    }


def stored(known: dict[str, Any]) -> dict[str, np.ndarray]:
    """Codes that hold the hue, of many lengths, and no more."""
    lengths = np.random.default_rng(1).uniform(1, 5, (len(known["images"]), 1))
    return {"codes": (lengths * np.eye(4)[known["labels"]["hue"]]).astype(np.float32)}


def codes_of(known: dict[str, Any]) -> LabelledCodes:
    return of_labelled(stored(known), known)["codes"]


def test_codes_are_divided_by_their_norms() -> None:
    found = unit(np.array([[3, 4], [0, 0], [-2, 0], [3e30, 4e30]], np.float32))
    assert found == pytest.approx(np.array([[0.6, 0.8], [0, 0], [-1, 0], [0.6, 0.8]]), abs=1e-7)
    assert found.dtype == np.float64
    broken = unit(np.array([[np.inf, 1], [np.nan, 1], [1, 0]], np.float32))
    assert np.isfinite(broken).all(axis=1).tolist() == [False, False, True]


def test_codes_stand_beside_all_labels_and_are_parted_as_the_dataset_says() -> None:
    known = images()
    found = codes_of(known)
    assert (found.names, found.domain, found.complete) == (("hue", "kind"), "kind", False)
    assert found.codes == pytest.approx(np.eye(4)[known["labels"]["hue"]], abs=1e-7)
    assert found.sizes == {"hue": 3, "kind": 2}
    assert {name: values.tolist() for name, values in found.labels.items()} == {
        name: values.tolist() for name, values in known["labels"].items()
    }
    fit, test = found.split(np.random.default_rng(0))
    assert fit.rows.tolist() == np.flatnonzero(known["fit"]).tolist()
    assert test.rows.tolist() == np.flatnonzero(known["test"]).tolist()
    assert len(found.whole()) == 120


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A dataset on disk and the codes of a cell."""
    monkeypatch.chdir(tmp_path)
    known = images()
    folder = dataset_folder(CELL.scale, CELL.dataset)
    folder.mkdir(parents=True)
    CELL.folder.mkdir(parents=True)
    dataset_files.write_labelled(folder, known, {"definition": {}})
    files.write_arrays(CELL.folder / "codes.npz", stored(known))
    files.write_json(CELL.folder / "run.json", {"status": "done"})
    return known


def test_any_metric_measures_the_codes_of_a_cell(written: dict[str, Any]) -> None:
    (name, population), *more = measure._populations(CELL).items()
    assert (name, more) == ("codes", [])
    assert isinstance(population, LabelledCodes)
    metrics = {name: registry.build("metrics", name, {}) for name in ("retrieval", "domain_information", "mig", "sap")}
    found = scores_of(metrics, population)
    assert found == scores_of(metrics, codes_of(written))
    retrieval = found["retrieval"]
    assert retrieval is not None
    assert retrieval["hue"] == retrieval["all"] == retrieval["chance_hue"] == 1  # of three hues, within one step
    assert "kind" not in retrieval


def test_every_probe_tells_labels_from_the_codes_of_a_cell(written: dict[str, Any]) -> None:
    probes = {
        "logistic": registry.build("probes", "logistic", {}),
        "predictor": registry.build("probes", "predictor", {"patience": [1, 3], "seeds": 2, "epochs": 3}),
    }
    found = probe.of_labelled(CELL, probes)
    assert list(found) == ["accuracy", "error", "chance", "test_samples"]
    assert found["test_samples"] == 30
    kinds = np.bincount(written["labels"]["kind"][written["test"]])
    assert found["chance"]["kind"] == pytest.approx(100 * kinds.max() / 30)
    assert found["accuracy"]["logistic"]["optimum"]["hue"] == [100.0]
    assert found["error"]["logistic"] == {"optimum": {}}
    for rule in ("patience 1", "patience 3"):
        accuracy, error = found["accuracy"]["predictor"][rule], found["error"]["predictor"][rule]
        assert {name: len(values) for name, values in accuracy.items()} == {"hue": 2, "kind": 2}
        assert {name: len(values) for name, values in error.items()} == {"place": 2}
        assert all(0 <= value <= 100 for values in accuracy.values() for value in values)
        assert all(0 < value < 2 for value in error["place"])
    files.write_json(CELL.folder / "probe.json", found)
    assert files.read_json(CELL.folder / "probe.json") == found


def test_codes_that_are_not_finite_have_no_results(written: dict[str, Any]) -> None:
    broken = stored(written)["codes"]
    broken[7, 1] = math.nan
    files.write_arrays(CELL.folder / "codes.npz", {"codes": broken})
    found = probe.of_labelled(CELL, {"predictor": registry.build("probes", "predictor", {})})
    assert found["accuracy"]["predictor"]["patience 20"] == {"hue": None, "kind": None}
    assert found["error"]["predictor"]["patience 7"] == {"place": None}
    assert scores_of({"retrieval": None}, measure._populations(CELL)["codes"]) == {"retrieval": None}


def test_codes_of_a_model_that_diverged_have_no_results(written: dict[str, Any]) -> None:
    """They may be finite, as of an encoder that another phase would have trained."""
    files.write_json(CELL.folder / "run.json", {"status": "diverged"})
    found = probe.of_labelled(CELL, {"logistic": registry.build("probes", "logistic", {})})
    assert found["accuracy"]["logistic"]["optimum"] == {"hue": None, "kind": None}


def test_a_probe_of_labelled_images_is_refused_for_view_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = dataset_folder(CELL.scale, CELL.dataset)
    for place in (folder, CELL.folder):
        place.mkdir(parents=True)
    pair = dict.fromkeys(("DC", "BC", *registry.constant("datasets", "mnist_stl10", "POOLS")), np.zeros((4, 2), int))
    for split in dataset_files.SPLITS:
        files.write_arrays(folder / f"{split}_factors.npz", pair)
    names = [f"{split}_factors.npz" for split in dataset_files.SPLITS]
    files.write_json(folder / dataset_files.MANIFEST, {"files": {name: files.sha256(folder / name) for name in names}})
    codes = {f"{split}_r": np.zeros((4, 2), np.float32) for split in dataset_files.SPLITS}
    files.write_arrays(CELL.folder / "codes.npz", codes)
    definition = {"generator": "mnist_stl10", "options": {"held": ["DC", "BC"]}}
    with pytest.raises(InputError, match=r"^probes\.predictor: found for view pairs; allowed: for labelled images"):
        probe.of_views(CELL, {"predictor": registry.build("probes", "predictor", {})}, definition)
