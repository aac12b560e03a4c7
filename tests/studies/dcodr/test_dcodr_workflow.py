"""The study through the pipeline: pictures of a user beside rendered shapes; what an edit reruns; what is refused."""

import csv
import json
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from conftest import (
    Project,
    comment_and_touch,
    compared,
    edits,
    jobs,
    planned,
    reruns,
    rests,
    tells_stand_ins,
    trained_files,
)
from opened_cells import assert_opens_as_encoded
from PIL import Image

from disentangle.errors import InputError
from disentangle.pipeline import params
from disentangle.studies.dcodr import study
from disentangle.training.image_augment import AUGMENTATIONS

# One worker: what they share is built once.
pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("dcodr")]

TABLE = "data/raw/leaves/labels.csv"
LEAVES = {
    "generator": "labelled_folder",
    "image_size": 32,
    "seed": 0,
    "images": {"source": "labelled_images", "path": "data/raw/leaves", "domain": "species"},
}
SHAPES = {
    "generator": "shapes3d_by_shape",
    "image_size": 32,
    "seed": 0,
    "every": [5, 5, 5, 4, 1, 8],
    "images": {"source": "shapes3d_rendered"},
}
STUDY: dict[str, Any] = {
    "datasets": ["leaves", "shapes3d_by_shape"],
    "seeds": [0],
    "model": {
        "code": 4,
        "domain": 4,
        "encoder": {"network": "conv", "widths": [4, 4], "hidden": 8},
        "generative_encoder": {"network": "conv", "widths": [4], "hidden": 8},
        "generator": {"form": "light"},
    },
    "training": {
        "steps": 4,
        "domains": 2,
        "each": 4,
        "rebuilt": 2,
        "temperature": 0.1,
        "precision": "float32",
        "log_every": 2,
    },
    "probes": {"predictor": {"patience": [1, 2], "seeds": 2, "epochs": 2}, "logistic": {"C": 1.0}},
    "metrics": {"retrieval": {}, "domain_information": {}},
    "methods": {
        "dcodr_norec": {"lam": [0], "lr": 0.003},
        "lord": {"lam": [0.001], "distance": "multi_scale", "datasets": ["leaves"]},
    },
}
PARAMS = {
    "scale": "tiny",
    "targets": ["reports/dcodr/datasets.md"],
    "scales": {"tiny": {"datasets": {"leaves": LEAVES, "shapes3d_by_shape": SHAPES}, "studies": {"dcodr": STUDY}}},
}
PATH = "scales.tiny.studies.dcodr"
CELLS = 3
LORD = "data/runs/tiny/dcodr/leaves/lord/lam=0.001/seed=0"
TRAIN_LORD = ("train", "--scale", "tiny", "--study", "dcodr", "--dataset", "leaves", "--method", "lord")
TRAIN_LORD += ("--lam", "0.001", "--seed", "0")

CELL = Counter(train=1, encode=1, probe=1, measure=1)
REPORT = Counter(drawn_report=1)
NOTHING: Counter = Counter()


def write_leaves(folder: Path) -> None:
    """Write 3 species x 2 sides x 2 lights x 3 pictures: a species is a colour, a side a place, a light a strength."""
    rng = np.random.default_rng(0)
    rows = [["file", "species", "side", "light", "split"]]
    for place in range(36):
        species, side, light, copy = np.unravel_index(place, (3, 2, 2, 3))
        picture = rng.integers(0, 40, (12, 12, 3), dtype=np.uint8)
        picture[2 + 4 * side : 6 + 4 * side, 3:9, species] = 120 + 100 * light
        file = folder / ("oak", "elm", "ash")[species] / f"{place}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(file)
        words = (("oak", "elm", "ash")[species], ("upper", "lower")[side], ("sun", "shade")[light])
        rows.append([str(file.relative_to(folder)), *words, "test" if copy == 2 else "train"])
    with (folder / "labels.csv").open("w", newline="") as table:
        csv.writer(table).writerows(rows)


@pytest.fixture(scope="module")
def fresh(untouched: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = untouched.copy(tmp_path_factory.mktemp("dcodr") / "fresh")
    (project.folder / "params.yaml").write_text(yaml.safe_dump(PARAMS, sort_keys=False))
    write_leaves(project.folder / "data/raw/leaves")
    return project


@pytest.fixture(scope="module")
def done(fresh: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Three cells and a report after `dvc repro`, committed."""
    project = fresh.copy(tmp_path_factory.mktemp("dcodr") / "done")
    project.git("init", "-q", "-b", "main")
    every = Counter(dict.fromkeys(CELL, CELLS))
    assert project.at_once() == Counter(generate=2) + every + REPORT
    assert jobs(project.dvc("repro")) == Counter()
    project.git("add", "-A")
    project.git("commit", "-qm", "first")
    return project


def test_dvc_compares_what_predictors_tell_and_neighbours_share(done: Project) -> None:
    found = compared(done)
    assert [*found] == ["dcodr/leaves/dcodr_norec", "dcodr/leaves/lord", "dcodr/shapes3d_by_shape/dcodr_norec"]
    labels = {f"predictor.patience {rule}.{label}" for rule in (1, 2) for label in ("species", "side", "light")}
    assert {*found["dcodr/leaves/lord"]} == labels | {"codes.retrieval.all", "loss", "seeds"}
    told = json.loads((done.folder / LORD / "probe.json").read_text())["accuracy"]["predictor"]["patience 1"]["side"]
    assert found["dcodr/leaves/lord"]["predictor.patience 1.side"] == pytest.approx(np.mean(told), rel=1e-3)


def test_pictures_and_a_table_of_a_user_give_tables_and_neighbours(done: Project) -> None:
    text = (done.folder / "reports/dcodr/datasets.md").read_text()
    assert "## leaves (stand-in): the domain is species" in text
    assert "## shapes3d_by_shape (stand-in): the domain is shape" in text
    headers = [[word.strip() for word in line.split("|")[1:-1]] for line in text.splitlines() if "| seeds |" in line]
    assert headers[0] == ["ours", "domain", "side", "light", "seeds"]
    assert headers[1] == ["ours", "side", "light", "all", "same domain", "seeds"]
    assert "A random other image agrees in: side 0.486, light 0.486, same domain 0.314." in text  # 17/35 and 11/35
    picture = (done.folder / "reports/dcodr/datasets.svg").read_text()
    assert picture.count("<image") == 6 * 3 + 6 * 2  # six queries of each, and the neighbours by two methods and by one
    summary = json.loads((done.folder / "reports/dcodr/datasets.json").read_text())
    assert {name: set(found) for name, found in summary.items()} == {
        "leaves": {"dcodr_norec", "lord"},
        "shapes3d_by_shape": {"dcodr_norec"},
    }


def test_what_is_loaded_encodes_as_the_pipeline_does(done: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert assert_opens_as_encoded(done, monkeypatch) == {"class_supervised"}


def test_the_page_has_every_report_that_there_are_cells_for(done: Project, tmp_path: Path) -> None:
    project = done.copy(tmp_path / "copy")
    found = project.at_once("reports/dcodr/index.html")
    assert set(found) <= {"report", "drawn_report", "figure", "page"} and found["page"] == 1
    page = (project.folder / "reports/dcodr/index.html").read_text()
    pictures = re.findall(r"<img [^>]*>", page)
    assert pictures and all(re.search(r'alt="[^"]{10,}"', picture) for picture in pictures)
    made = {path.stem for path in (project.folder / "reports/dcodr").glob("*.md")}
    assert {"table4", "table6", "predictors", "agreement", "swaps", "claims", "datasets"} <= made
    assert not {"table1", "table2", "table3", "table5", "table7", "figure1"} & made  # no autoencoder, no such dataset
    assert tells_stand_ins(project, "reports/dcodr") == len(made)
    assert len(made) == found["report"] + found["drawn_report"] + 1  # that one was there
    folder = project.folder / "reports/dcodr/figures"
    drawn = {str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.svg")}
    expected = {f"{name}/{dataset}" for name in ("domains", "attributes") for dataset in STUDY["datasets"]}
    expected |= {f"neighbours/{of}" for of in ("leaves/dcodr_norec", "leaves/lord", "shapes3d_by_shape/dcodr_norec")}
    named = {path.split("/")[0] for path in expected}
    assert {path for path in drawn if path.split("/")[0] in named} == expected and len(drawn) == found["figure"]
    for name in made:
        assert f'id="{name}"' in page


# What an edit reruns


def sets(dotted: str, value: object) -> Callable[[Project], None]:
    return lambda project: project.edit_params(f"{PATH}.{dotted}", value)


def by_dataset(project: Project) -> None:
    sets("by_dataset", {"leaves": {"training": {"temperature": 0.2}}})(project)


def over(project: Project) -> None:
    sets("methods.dcodr_norec.over", {"model": {"encoder": {"hidden": 9}}})(project)


def every(cells: int, *stages: str) -> Counter:
    return Counter(dict.fromkeys(stages or CELL, cells))


SRC = "src/disentangle"
CHANGES = {
    "another seed": (sets("seeds", [0, 1]), every(3) + REPORT),
    "the knob of one method": (sets("methods.dcodr_norec.lr", 0.004), every(2) + REPORT),
    "what only some methods use": (sets("model.domain", 5), every(1) + REPORT),
    "the training of a dataset": (by_dataset, every(1) + REPORT),  # LORD has no temperature
    "the training of an entry": (over, every(2) + REPORT),
    "the encoder's file": (
        edits(f"{SRC}/models/encoders/conv.py", "kernel_size=4", "kernel_size=2 + 2"),
        every(3) + REPORT,
    ),
    "the distance's file": (
        edits(f"{SRC}/models/distances/multi_scale.py", "ABOUT = ", "ABOUT = 'the ' "),
        every(1) + REPORT,
    ),
    "a distance that none uses": (edits(f"{SRC}/models/distances/ssim.py", "ABOUT = ", "ABOUT = 'the ' "), NOTHING),
    "a method's file": (edits(f"{SRC}/methods/lord.py", "REGRESSION = 10.0", "REGRESSION = 11.0"), every(1) + REPORT),
    "how many epochs a predictor has": (sets("probes.predictor.epochs", 1), every(3, "probe") + REPORT),
    "the option of a metric": (sets("metrics.domain_information.bins", 5), every(3, "measure") + REPORT),
    "the text of a report": (edits(f"{SRC}/studies/dcodr/reports/datasets.py", "anew", "again"), REPORT),
    "a report that was not asked for": (
        edits(f"{SRC}/studies/dcodr/reports/table4.py", "shape, of four", "shape, of 4"),
        NOTHING,
    ),
    "a published number": (edits(f"{SRC}/studies/dcodr/published/retrieval.csv", "0.186", "0.187"), REPORT),
    "a dataset": (
        lambda project: project.edit_params("scales.tiny.datasets.shapes3d_by_shape.seed", 1),
        Counter(generate=1) + every(1) + REPORT,
    ),
    "a row of the user's table": (
        edits(TABLE, "oak,upper,sun", "elm,upper,sun"),
        Counter(generate=1) + every(2) + REPORT,
    ),
    "a comment and a touch": (comment_and_touch, NOTHING),
}
EXECUTED = "a row of the user's table"
"""Run with both engines; of the others, what Snakemake plans is enough, as DVC runs Snakemake."""


@pytest.mark.parametrize("name", [name for name in CHANGES if name != EXECUTED])
def test_an_edit_plans_what_it_invalidates(done: Project, tmp_path: Path, name: str) -> None:
    change, expected = CHANGES[name]
    project = done.copy(tmp_path / "copy")
    change(project)
    assert planned(project.snakemake("-n")) == expected


def test_an_edited_row_reruns_its_dataset(done: Project, tmp_path: Path) -> None:
    change, expected = CHANGES[EXECUTED]
    assert reruns(done, tmp_path, change) == expected


def test_a_clean_project_has_nothing_to_do(done: Project) -> None:
    rests(done)


# Killed


def test_a_training_killed_in_its_second_phase_ends_with_the_same_bytes(fresh: Project, tmp_path: Path) -> None:
    calm = fresh.copy(tmp_path / "calm")
    calm.edit_params(f"{PATH}.training.steps", 60)
    calm.stage("generate", "--scale", "tiny", "--dataset", "leaves")
    killed = calm.copy(tmp_path / "killed")
    calm.stage(*TRAIN_LORD)
    killed.environment["CHECKPOINT_EVERY"] = "0"
    log = killed.folder / "log"
    with log.open("w") as written:
        running = subprocess.Popen(
            [sys.executable, "-m", "disentangle", *TRAIN_LORD],
            cwd=killed.folder,
            env=killed.environment,
            stdout=written,
        )
    while running.poll() is None and not re.search(r"step (6[6-9]|[7-9]\d)/120", log.read_text()):
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    assert not (killed.folder / LORD / "run.json").exists()
    said_on = killed.stage(*TRAIN_LORD)
    (start,) = map(int, re.findall(r"going on at step (\d+)", said_on))
    assert 60 < start < 120
    assert trained_files(killed) == trained_files(calm)


# What is refused


def said(project: Project, *command: str) -> str:
    """Return the one message of a command that fails."""
    output = project.run(*command, status=1)
    assert "Traceback" not in output
    found = [line for line in output.splitlines() if line.startswith("error:")]
    assert len(found) == 1, output
    return found[0]


def rewritten(old: str, new: str) -> Callable[[Project], None]:
    return edits(TABLE, old, new)


TABLES: dict[str, tuple[Callable[[Project], None], str]] = {
    "no table": (lambda project: (project.folder / TABLE).unlink(), "labels.csv: cannot be read"),
    "no picture": (rewritten("oak/0.png", "oak/nought.png"), "labels.csv, line 2: no file 'oak/nought.png' in"),
    "an unknown column": (rewritten("species", "specie"), "labels.csv: domain: no column 'species': did you mean"),
    "a domain of one": (rewritten("oak/0.png,oak", "oak/0.png,yew"), "line 2: domain 'yew' has this picture alone"),
    "a row twice": (rewritten("oak/1.png", "oak/0.png"), "line 3: 'oak/0.png' is the picture of line 2 again"),
    "a path outside": (rewritten("oak/0.png", "../0.png"), "line 2: '../0.png' is not in data/raw/leaves"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_cannot_be_used_is_one_message_before_any_job(fresh: Project, tmp_path: Path, name: str) -> None:
    change, expected = TABLES[name]
    project = fresh.copy(tmp_path / "copy")
    change(project)
    assert expected in said(project, "snakemake", "--cores", "2")
    assert not any((project.folder / "data/datasets").iterdir())


def stated(value: object, *keys: str) -> dict[str, Any]:
    """Return a whole params.yaml in which one key of the study is another."""
    data = yaml.safe_load(yaml.safe_dump(PARAMS))
    place = data["scales"]["tiny"]["studies"]["dcodr"]
    for key in keys[:-1]:
        place = place.setdefault(key, {})
    place[keys[-1]] = value
    return data


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an encoder": (
        stated("convv", "model", "encoder", "network"),
        f"{PATH}.model.encoder: unknown encoder 'convv': did you mean 'conv'?",
    ),
    "an encoder's option": (
        stated(8, "methods", "dcodr_norec", "over", "model", "encoder", "hiden"),
        f"{PATH}.methods.dcodr_norec.over.model.encoder.hiden: unknown option of encoder 'conv': did you mean",
    ),
    "an encoder of a dataset": (
        stated({"network": "conv", "widths": 3}, "by_dataset", "leaves", "model", "encoder"),
        f"{PATH}.by_dataset.leaves.model.encoder.widths: found 3; allowed: a value of type list of int.",
    ),
    "an encoder that is a number": (
        stated(5, "methods", "dcodr_norec", "over", "model", "encoder"),
        "methods.dcodr_norec.over.model.encoder: found 5; allowed:",
    ),
    "a distance": (
        stated("multiscale", "methods", "lord", "distance"),
        f"{PATH}.methods.lord.distance: unknown distance 'multiscale': did you mean 'multi_scale'?",
    ),
    "an augmentation": (
        stated(["crop", "corp"], "methods", "dcodr_norec", "augmentations"),
        f"{PATH}.methods.dcodr_norec.augmentations: unknown augmentation 'corp': did you mean 'crop'?",
    ),
    "an augmentation of a dataset": (
        stated(["blur"], "by_dataset", "leaves", "methods", "dcodr_norec", "augmentations"),
        f"{PATH}.by_dataset.leaves.methods.dcodr_norec.augmentations: unknown augmentation 'blur'",
    ),
    "no augmentation": (
        stated([], "methods", "dcodr_norec", "augmentations"),
        f"{PATH}.methods.dcodr_norec.augmentations: found []; allowed: len >= 1, len <= 100.",
    ),
    "a dataset of by_dataset": (
        stated({}, "by_dataset", "leafs"),
        f"{PATH}.by_dataset: no dataset 'leafs': did you mean 'leaves'?",
    ),
    "a key of over": (
        stated({"modle": {}}, "methods", "lord", "over"),
        f"{PATH}.methods.lord.over: unknown key 'modle': did you mean 'model'?",
    ),
    "a key within over": (
        stated({"training": {"step": 3}}, "methods", "lord", "over"),
        "methods.lord.over.training",
    ),
    "no predictor": (stated({"logistic": {}}, "probes"), f"{PATH}.probes: found logistic; needed: predictor, which "),
    "no retrieval": (stated({"mig": {}}, "metrics"), f"{PATH}.metrics: the key 'retrieval' is missing."),
}


def test_an_invariance_is_an_augmentation(tmp_path: Path) -> None:
    data = stated({"method": "autoencoder", "lam": [0], "invariances": ["corp"]}, "methods", "mine")
    data["scales"]["tiny"]["studies"]["dcodr"]["model"]["decoder"] = {"widths": [4]}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(data))
    with pytest.raises(InputError, match=r"mine\.invariances: unknown augmentation 'corp': did you mean 'crop'\?"):
        params.load(tmp_path / "params.yaml")


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_parameter_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    data, expected = WRONG[name]
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(yaml.safe_dump(data))
    with pytest.raises(InputError, match=rf"^params\.yaml: .*{re.escape(expected)}") as caught:
        params.load()
    assert "\n" not in str(caught.value)


def test_the_names_of_augmentations_are_read_as_they_are() -> None:
    with pytest.raises(InputError) as caught:
        study._check_augmentations(["none"], "here")
    told = re.search(r"known are (.*)\.", str(caught.value), re.I)
    assert told and told[1].split(", ") == sorted(AUGMENTATIONS)
    study._check_augmentations([*AUGMENTATIONS], "here")


def test_a_domain_that_alone_is_large_enough_ends_the_training_with_one_message(fresh: Project, tmp_path: Path) -> None:
    project = fresh.copy(tmp_path / "copy")
    project.edit_params(f"{PATH}.methods.dcodr_norec.smallest_domain", 9)
    cell = ("--scale", "tiny", "--study", "dcodr", "--dataset", "leaves", "--method", "dcodr_norec", "--lam", "0")
    project.stage("generate", "--scale", "tiny", "--dataset", "leaves")
    found = said(project, sys.executable, "-m", "disentangle", "train", *cell, "--seed", "0")
    assert "leaves, dcodr_norec: smallest_domain: 9 leaves fewer than 2 domains to train on." in found
