"""Relations of factors, worked by hand, and what is said of those that cannot be."""

from typing import Any

import pytest

from disentangle.data.relations import Relation, check, relations_of
from disentangle.errors import InputError

SPRITES = {"shape": 3, "scale": 5, "x": 3, "y": 3}
SHAPES = {"object_hue": 10, "scale": 3, "shape": 4}
SECTION: dict[str, dict[str, Any]] = {
    "right": {"factor": "x", "step": 1, "ends": "cyclic"},
    "left": {"factor": "x", "step": -1, "ends": "cyclic"},
    "bigger": {"factor": "scale", "step": 1, "ends": "saturating"},
    "smaller": {"factor": "scale", "step": -2, "ends": "saturating"},
    "swap": {"factor": "shape", "to": [1, 0, 2]},
    "hue": {"factor": "object_hue", "step": 13, "ends": "cyclic"},
}


def test_targets_by_hand() -> None:
    assert relations_of(SECTION, SPRITES) == (
        Relation("bigger", 1, (1, 2, 3, 4, 4)),
        Relation("left", 2, (2, 0, 1)),
        Relation("right", 2, (1, 2, 0)),
        Relation("smaller", 1, (0, 0, 0, 1, 2)),
        Relation("swap", 0, (1, 0, 2)),
    )
    # no x; a map of three shapes is none of four
    assert relations_of(SECTION, SHAPES) == (
        Relation("bigger", 1, (1, 2, 2)),
        Relation("hue", 0, (3, 4, 5, 6, 7, 8, 9, 0, 1, 2)),
        Relation("smaller", 1, (0, 0, 0)),
    )
    assert relations_of({}, SPRITES) == relations_of(SECTION, {}) == ()


def test_relations_have_numbers_that_do_not_follow_the_order_of_a_file() -> None:
    backwards = dict(reversed(SECTION.items()))
    assert [*backwards] != [*SECTION]
    assert relations_of(backwards, SPRITES) == relations_of(SECTION, SPRITES)


def refused(relation: dict[str, Any]) -> str:
    with pytest.raises(InputError) as caught:
        check({**SECTION, "mine": relation}, [SPRITES, SHAPES], [], "scales.demo.studies.doe.relations")
    return str(caught.value).removeprefix("scales.demo.studies.doe.relations.mine.")


def test_relations_that_no_dataset_has_are_refused() -> None:
    check(SECTION, [SPRITES, SHAPES], [], "relations")
    check({"turn": {"factor": "orientation", "to": [1, 0]}}, [SPRITES], ["orientation", "x"], "relations")
    assert refused({"factor": "object_hues", "step": 1, "ends": "cyclic"}) == (
        "factor: no dataset tells of 'object_hues': did you mean 'object_hue'? Known: object_hue, scale, shape, x, y."
    )
    assert refused({"factor": "shape", "to": [1, 0]}) == "to: found 2 values; allowed: 3 or 4, one each of shape."
    assert refused({"factor": "x", "to": [1, 0, 2, 3]}) == "to: found 4 values; allowed: 3, one each of x."
    assert refused({"factor": "shape", "to": [1, 3, 2]}).startswith("to: found value 3; allowed: 0 to 2")
    with pytest.raises(InputError, match=r"^relations\.a\.to: found value -1; allowed: 0 to 2"):
        relations_of({"a": {"factor": "shape", "to": [0, -1, 2]}}, SPRITES)
