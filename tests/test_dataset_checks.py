"""What a generator of one's own made wrong is one message that names it, its row, and what is allowed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from disentangle.data import dataset_files
from disentangle.data.instances import Instances, split_by_class, split_in_order
from disentangle.data.labelled import Pictures, labelled
from disentangle.data.views import Views
from disentangle.errors import InputError

MANIFEST = {"dataset": "mine", "definition": {"generator": "my_file"}}
PREFIX = "dataset 'mine', of generator 'my_file': "


def images(**changed: Any) -> dict[str, Any]:
    """The fields of four labelled images."""
    return {
        "images": np.zeros((4, 2, 2, 1), np.uint8),
        "labels": {"who": np.array([0, 1, 0, 1]), "side": np.array([2, 1, 0, 0])},
        "values": {"who": ("a", "b"), "side": ("-1", "0", "1")},
        "domain": "who",
        "margins": {},
        "numbers": {"place": np.ones((4, 2), np.float32)},
        **{use: np.array([use != "test"] * 3 + [use == "test"]) for use in ("train", "fit", "test")},
    } | changed


def sides(*values: Any) -> dict[str, Any]:
    return {"labels": {"who": np.array([0, 1, 0, 1]), "side": np.array(values)}}


def grid(**changed: Any) -> dict[str, Any]:
    """The fields of a grid of six images."""
    known = {"images": np.zeros((6, 2, 2, 1), np.uint8), "sizes": {"x": 3, "a": 2}, "shape": (2, 2, 1)}
    return known | {"binary": False, "nuisance": (), "shared": {}} | changed


def views(**factors: np.ndarray) -> dict[str, Views]:
    return {"train": Views(np.zeros((3, 2, 4, 4, 3), np.uint8), factors)}


ONE_OF_3 = "allowed: integers from 0 to 2, of its 3 values."
LABELLED = {
    "a negative label": (sides(2, -1, 0, 0), f"label 'side', row 1: found -1; {ONE_OF_3}"),
    "a label of no value": (sides(2, 1, 0, 3), f"label 'side', row 3: found 3; {ONE_OF_3}"),
    "a huge label": (sides(2, 1, 2**62, 0), f"label 'side', row 2: found 4611686018427387904; {ONE_OF_3}"),
    "a fraction": (sides(0.0, 0.5, 1.0, 2.0), f"label 'side', row 1: found 0.5; {ONE_OF_3}"),
    "no number": (sides(0.0, np.nan, 1.0, 2.0), f"label 'side', row 1: found nan; {ONE_OF_3}"),
    "whole floats": (sides(0.0, 2.0, 1.0, 2.0), f"label 'side': found float64 of (4,); {ONE_OF_3}"),
    "texts": (sides("x", "x", "y", "y"), f"label 'side': found <U1 of (4,); {ONE_OF_3}"),
    "a list": (
        {"labels": {"who": np.zeros(4, int), "side": [0, 1, 2, 0]}},
        "label 'side': found a list; allowed: an array, integers of (4,).",
    ),
    "too few labels": (sides(0, 1, 2), "label 'side': found int64 of (3,); allowed: integers of (4,)."),
    "no such domain": ({"domain": "whom"}, "domain: found 'whom'; allowed: a label, of who, side."),
    "values of another label": ({"values": {"who": ("a", "b")}}, "values: found those of who; allowed: of who, side."),
    "values that are numbers": (
        {"values": {"who": ("a", "b"), "side": (-1, 0, 1)}},
        "values of 'side': found (-1, 0, 1); allowed: texts, each once.",
    ),
    "an infinite number": (
        {"numbers": {"place": np.array([[1, 2], [1, np.inf], [0, 0], [0, 0]])}},
        "number 'place', row 1: found inf; allowed: finite numbers.",
    ),
    "whole numbers": (
        {"numbers": {"place": np.ones((4, 2), int)}},
        "number 'place': found int64 of (4, 2); allowed: floats of (4, K).",
    ),
    "uses by number": ({"test": np.array([3])}, "test: found int64 of (1,); allowed: truth of (4,), one an image."),
    "pixels of another type": (
        {"images": np.zeros((4, 2, 2, 1))},
        "images: found float64 of (4, 2, 2, 1); allowed: uint8 of (N, S, S, C).",
    ),
}
GRIDS = {
    "an image too few": (
        {"images": np.zeros((5, 2, 2, 1), np.uint8)},
        "images: found 5; allowed: 6, one of each combination of x 3, a 2.",
    ),
    "a fraction for a size": (
        {"sizes": {"x": 3, "a": 1.5}},
        "values of factor 'a', row 0: found 1.5; allowed: integers from 0.",
    ),
    "unpacked": (
        {"binary": True, "shape": (2, 4, 1)},
        "images: found uint8 of (6, 2, 2, 1); allowed: uint8 of (N, 1).",
    ),
}
PAIRS = {
    "a negative factor": ([[0, 1], [2, -3], [0, 0]], "row 1: found -3; allowed: integers from 0."),
    "a fraction": ([[0, 1], [2, 3], [0.25, 0]], "row 2: found 0.25; allowed: integers from 0."),
    "three views": ([[0] * 3] * 3, "found int64 of (3, 3); allowed: integers of (3,) or (3, 2)."),
}


def said(folder: Path, write: Any, made: Any) -> str:
    with pytest.raises(InputError) as caught:
        write(folder, made, MANIFEST)
    assert not [*folder.iterdir()]
    message = str(caught.value)
    assert message.startswith(PREFIX)
    return message.removeprefix(PREFIX)


@pytest.mark.parametrize(("changed", "expected"), LABELLED.values(), ids=LABELLED)
def test_labelled_images(tmp_path: Path, changed: dict[str, Any], expected: str) -> None:
    assert said(tmp_path, dataset_files.write_labelled, images(**changed)) == expected
    dataset_files.write_labelled(tmp_path, images(), MANIFEST)


@pytest.mark.parametrize(("changed", "expected"), GRIDS.values(), ids=GRIDS)
def test_a_grid(tmp_path: Path, changed: dict[str, Any], expected: str) -> None:
    assert said(tmp_path, dataset_files.write_grid, grid(**changed)) == expected
    dataset_files.write_grid(tmp_path, grid(), MANIFEST)


@pytest.mark.parametrize(("factor", "expected"), PAIRS.values(), ids=PAIRS)
def test_view_pairs(tmp_path: Path, factor: list[Any], expected: str) -> None:
    found = said(tmp_path, dataset_files.write, views(DC=np.zeros((3, 2), int), BC=np.array(factor)))
    separator = ", " if expected.startswith("row") else ": "
    assert found == f"factor 'BC' of train{separator}{expected}"
    dataset_files.write(tmp_path, views(DC=np.zeros((3, 2), int), joint=np.arange(3)), MANIFEST)


def test_words_that_are_numbers_are_names() -> None:
    words = {"who": np.array([-1, 7, -1]), "share": [0.5, float("nan"), 10**30]}
    test = np.array([False, True, False])
    found = labelled(Pictures(np.zeros((3, 64, 64, 3), np.uint8), words, "who"), 64, ~test, ~test, test)
    assert found.values == {"who": ("-1", "7"), "share": ("0.5", f"{10**30}", "nan")}
    assert {name: label.tolist() for name, label in found.labels.items()} == {"who": [0, 1, 0], "share": [0, 2, 1]}


@pytest.mark.parametrize("split", [split_in_order, lambda pool, origin: split_by_class(pool, np.random, origin)])
@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([0, 1, -1, 0], "row 2: found -1; allowed: integers from 0 to 1, of its 2 values."),
        ([0.0, 0.5, 1.0, 0.0], "row 1: found 0.5; allowed: integers from 0 to 1, of its 2 values."),
    ],
)
def test_instances_have_labels_of_their_classes(split: Any, labels: list[float], expected: str) -> None:
    pool = Instances(np.zeros((4, 28, 28), np.uint8), np.array(labels), ("a", "b"))
    with pytest.raises(InputError) as caught:
        split(pool, "my/labels.csv")
    assert str(caught.value) == f"my/labels.csv: label, {expected}"
