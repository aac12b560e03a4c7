"""The study through the pipeline: two variants, four methods; what an edit reruns, a kill leaves, and is refused."""

import fnmatch
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

from disentangle import registry
from disentangle.errors import InputError
from disentangle.pipeline import params
from disentangle.pipeline.study import study_of

# One worker: what they share is built once.
pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("modular")]

SPRITES = {
    "generator": "dsprites_v2",
    "image_size": 32,
    "seed": 0,
    "nuisances": "restricted",
    "every": [3, 4, 3, 3],  # 27 combinations of 8 images
    "images": {"source": "dsprites_rendered"},
}
SHAPES = {
    "generator": "shapes3d_v2",
    "image_size": 32,
    "seed": 0,
    "every": [10, 10, 4, 15],  # 40 combinations of 2 images
    "images": {"source": "shapes3d_rendered"},
}
PERCEPTRON = {"layers": 1, "hidden": 8, "activation": "relu"}
STUDY: dict[str, Any] = {
    "datasets": ["dsprites_v2", "shapes3d_v2"],
    "seeds": [0],
    "relations": {
        "right": {"factor": "x", "step": 1, "ends": "cyclic"},
        "change_shape": {"factor": "shape", "step": 1, "ends": "cyclic"},
        "more_hue": {"factor": "object_hue", "step": 1, "ends": "saturating"},
    },
    "model": {
        "widths": [4, 4],
        "hidden": 8,
        "batch_norm": False,
        "partition": 2,
        "latent": 4,
        "discriminator": {**PERCEPTRON},
        "joint": {**PERCEPTRON},
        "learner": {**PERCEPTRON},
    },
    "training": {
        "warmup": 4,
        "steps": 4,
        "batch": 8,
        "labelled": 4,
        "labels": 40,
        "relation_batch": 8,
        "precision": "float32",
        "log_every": 2,
    },
    "metrics": {"mig": {}, "dci": {}, "sap": {}, "value_accuracy": {}, "relation_accuracy": {}, "pixel_error": {}},
    "measured": {
        "raw": ["mig", "dci", "sap"],
        "values": ["mig", "dci", "sap", "value_accuracy"],
        "perfect": ["mig", "dci", "sap"],
        "shuffled": ["mig", "dci", "sap"],
        "prior_edits": ["relation_accuracy"],
        "image_edits": ["relation_accuracy", "pixel_error"],
        "nearest_edits": ["relation_accuracy"],
    },
    "methods": {
        "modular": {"lam": [0.2], "warmup_cross_entropy": 0.3, "mixture_cross_entropy": 0.02, "joint": 1.0},
        "weak": {"lam": [0.2]},
        "few_labels": {"lam": [4], "datasets": ["dsprites_v2"]},
        "labels_only": {"lam": [0], "datasets": ["dsprites_v2"]},
    },
}
PARAMS = {
    "scale": "tiny",
    "targets": ["reports/modular/table1.md", "reports/modular/table2.md"],
    "scales": {
        "tiny": {"datasets": {"dsprites_v2": SPRITES, "shapes3d_v2": SHAPES}, "studies": {"modular": STUDY}},
    },
}
PATH = "scales.tiny.studies.modular"
CELLS = 6
CELL_OF_MAE = "data/runs/tiny/modular/dsprites_v2/modular/lam=0.2/seed=0"
TRAIN = ("train", "--scale", "tiny", "--study", "modular", "--dataset", "dsprites_v2", "--method", "modular")
TRAIN += ("--lam", "0.2", "--seed", "0")

CELL = Counter(train=1, encode=1, measure=1)
REPORTS = Counter(report=2)
NOTHING: Counter = Counter()


@pytest.fixture(scope="module")
def fresh(untouched: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = untouched.copy(tmp_path_factory.mktemp("modular") / "fresh")
    (project.folder / "params.yaml").write_text(yaml.safe_dump(PARAMS, sort_keys=False))
    return project


@pytest.fixture(scope="module")
def done(fresh: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Six cells and two reports after `dvc repro`, committed."""
    project = fresh.copy(tmp_path_factory.mktemp("modular") / "done")
    project.git("init", "-q", "-b", "main")
    assert project.at_once() == Counter(generate=2) + every(CELLS) + REPORTS
    assert jobs(project.dvc("repro")) == Counter()
    project.git("add", "-A")
    project.git("commit", "-qm", "first")
    return project


def test_dvc_compares_the_numbers_that_the_study_names(done: Project) -> None:
    found = compared(done)
    assert len(found) == CELLS  # of one strength each
    for pattern in study_of("modular").compared:
        assert fnmatch.filter(found["modular/dsprites_v2/modular"], pattern), pattern
    scores = json.loads((done.folder / CELL_OF_MAE / "metrics.json").read_text())["scores"]
    told = found["modular/dsprites_v2/modular"]["image_edits.relation_accuracy.all"]
    assert told == pytest.approx(scores["image_edits"]["relation_accuracy"]["all"], rel=1e-3)


def test_codes_are_scored_beside_their_ceiling_and_chance(done: Project) -> None:
    scores = json.loads((done.folder / CELL_OF_MAE / "metrics.json").read_text())["scores"]
    assert set(scores) == {*STUDY["measured"]}
    assert scores["perfect"]["dci"]["disentanglement"] > 0.99 > scores["shuffled"]["dci"]["disentanglement"]
    relations = {"right", "change_shape"}  # a sprite has no hue
    assert {f"changed_{name}" for name in relations} <= set(scores["prior_edits"]["relation_accuracy"])
    assert "changed_more_hue" not in scores["prior_edits"]["relation_accuracy"]
    told = json.loads(
        (done.folder / CELL_OF_MAE.replace("/modular/lam=0.2", "/labels_only/lam=0") / "metrics.json").read_text()
    )
    assert set(told["scores"]) == {"raw", "values", "perfect", "shuffled"}  # it edits nothing


def test_the_labelled_images_are_stored_and_none_is_tested_on(done: Project) -> None:
    from disentangle.training import checkpoint

    rows = checkpoint.read_weights(done.folder / CELL_OF_MAE / "checkpoint.safetensors")["labelled.rows"].numpy()
    tested = np.load(done.folder / CELL_OF_MAE / "codes.npz")["rows"]
    assert len(rows) == len(set(rows)) == 40
    assert len(tested) == round(0.15 * 216) and not {*rows} & {*tested}


def test_what_is_loaded_encodes_as_the_pipeline_does(done: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert assert_opens_as_encoded(done, monkeypatch) == {"weakly_supervised"}


def test_the_page_has_every_report_and_figure_that_there_are_cells_for(done: Project, tmp_path: Path) -> None:
    project = done.copy(tmp_path / "copy")
    for entry, dataset in (("modular", "dsprites_v2"), ("weak", "shapes3d_v2")):  # fewer pictures
        project.edit_params(f"{PATH}.methods.{entry}.datasets", [dataset])
    found = jobs(project.snakemake("reports/modular/index.html"))
    assert found["page"] == 1 and not {"train", "encode", "measure", "generate"} & set(found)
    page = (project.folder / "reports/modular/index.html").read_text()
    pictures = re.findall(r"<img [^>]*>", page)
    assert pictures and all(re.search(r'alt="[^"]{10,}"', picture) for picture in pictures)
    made = {path.stem for path in (project.folder / "reports/modular").glob("*.md")}
    assert {"table1", "table2", "images", "claims", "scores"} <= made
    assert tells_stand_ins(project, "reports/modular") == len(made)
    for name in made:
        assert f'id="{name}"' in page
    moving = [*project.folder.glob("reports/modular/figures/chain/**/*.gif")]
    assert moving and all(path.read_bytes().startswith(b"GIF89a") for path in moving)


# What an edit reruns


def every(cells: int, *stages: str) -> Counter:
    return Counter(dict.fromkeys(stages or CELL, cells))


def sets(dotted: str, value: object) -> Callable[[Project], None]:
    return lambda project: project.edit_params(f"{PATH}.{dotted}", value)


def one_more_relation(project: Project) -> None:
    relation = {"factor": "y", "to": [2, 0, 1]}
    sets("relations", STUDY["relations"] | {"up": relation})(project)


def by_dataset(project: Project) -> None:
    sets("by_dataset", {"shapes3d_v2": {"training": {"warmup": 5}}})(project)


SRC = "src/disentangle"
CHANGES = {
    "another seed": (sets("seeds", [0, 1]), every(CELLS) + REPORTS),
    "another relation": (one_more_relation, every(5) + REPORTS),  # but not of the classifier, which edits nothing
    "the knob of one method": (sets("methods.modular.joint", 2.0), every(2) + REPORTS),
    "what only some methods use": (sets("model.learner.hidden", 9), every(4) + REPORTS),
    "the warm-up of a dataset": (by_dataset, every(2) + REPORTS),
    "the number of labels": (sets("training.labels", 41), every(CELLS) + REPORTS),
    "a method's file": (
        edits(
            f"{SRC}/methods/few_labels.py", 'FAMILY = "weakly_supervised"', 'FAMILY = "weakly_supervised"\nTWICE = 2'
        ),
        every(1) + Counter(report=1),
    ),
    "the option of a metric": (sets("metrics.mig.bins", 5), every(CELLS, "measure") + REPORTS),
    "what is measured": (sets("measured.shuffled", ["mig"]), every(CELLS, "measure") + REPORTS),
    "a metric's file": (
        edits(f"{SRC}/evaluation/metrics/pixel_error.py", 'OF = "edits"', 'OF = "edits"\nTWICE = 2'),
        every(CELLS, "measure") + REPORTS,
    ),
    "a report that was not asked for": (
        edits(f"{SRC}/studies/modular/reports/images.py", "DRAWS = True", "DRAWS = True\nTWICE = 2"),
        NOTHING,
    ),
    "a published number": (edits(f"{SRC}/studies/modular/published/scores.csv", "0.9732", "0.9733"), REPORTS),
    "a dataset": (
        lambda project: project.edit_params("scales.tiny.datasets.shapes3d_v2.seed", 1),
        Counter(generate=1) + every(2) + REPORTS,
    ),
    "a comment and a touch": (comment_and_touch, NOTHING),
}
EXECUTED = "another relation"
"""Run with both engines; of the others, what Snakemake plans is enough, as DVC runs Snakemake."""


@pytest.mark.parametrize("name", [name for name in CHANGES if name != EXECUTED])
def test_an_edit_plans_what_it_invalidates(done: Project, tmp_path: Path, name: str) -> None:
    change, expected = CHANGES[name]
    project = done.copy(tmp_path / "copy")
    change(project)
    assert planned(project.snakemake("-n")) == expected


def test_another_relation_reruns_what_can_edit(done: Project, tmp_path: Path) -> None:
    change, expected = CHANGES[EXECUTED]
    assert reruns(done, tmp_path, change) == expected


def test_a_clean_project_has_nothing_to_do(done: Project) -> None:
    rests(done)


# Killed


def test_a_training_killed_in_its_full_stage_ends_with_the_same_bytes(fresh: Project, tmp_path: Path) -> None:
    calm = fresh.copy(tmp_path / "calm")
    calm.edit_params(f"{PATH}.training.warmup", 60)
    calm.edit_params(f"{PATH}.training.steps", 80)
    calm.stage("generate", "--scale", "tiny", "--dataset", "dsprites_v2")
    killed = calm.copy(tmp_path / "killed")
    calm.stage(*TRAIN)
    killed.environment["CHECKPOINT_EVERY"] = "0"
    log = killed.folder / "log"
    with log.open("w") as written:
        running = subprocess.Popen(
            [sys.executable, "-m", "disentangle", *TRAIN], cwd=killed.folder, env=killed.environment, stdout=written
        )
    while running.poll() is None and not re.search(r"step (6[6-9]|[7-9]\d|1[01]\d)/140", log.read_text()):
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    assert not (killed.folder / CELL_OF_MAE / "run.json").exists()
    said_on = killed.stage(*TRAIN)
    (start,) = map(int, re.findall(r"going on at step (\d+)", said_on))
    assert 60 < start < 140
    assert trained_files(killed) == trained_files(calm)


# What is refused


def stated(value: object, *keys: str) -> dict[str, Any]:
    """Return a whole params.yaml in which one key of the study is another."""
    data = yaml.safe_load(yaml.safe_dump(PARAMS))
    place = data["scales"]["tiny"]["studies"]["modular"]
    for key in keys[:-1]:
        place = place.setdefault(key, {})
    place[keys[-1]] = value
    return dict(data)


EDITING = [name for name in registry.names("metrics") if registry.constant("metrics", name, "OF", "codes") == "edits"]
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a factor": (
        stated({"factor": "hue", "step": 1, "ends": "cyclic"}, "relations", "mine"),
        f"{PATH}.relations.mine.factor: no dataset tells of 'hue': ",
    ),
    "a map of too few": (
        stated({"factor": "x", "to": [1, 0]}, "relations", "mine"),
        f"{PATH}.relations.mine.to: found 2 values; allowed: 3, one each of x.",
    ),
    "a map and a step": (
        stated({"factor": "x", "to": [1, 0, 2], "step": 1}, "relations", "mine"),
        f"{PATH}.relations.mine: unknown key 'step': known are factor, to.",
    ),
    "an end": (
        stated({"factor": "x", "step": 1, "ends": "cyclical"}, "relations", "mine"),
        f"{PATH}.relations.mine.ends: found 'cyclical': did you mean 'cyclic'?",
    ),
    "half a step": (
        stated({"factor": "x", "step": 0.5, "ends": "cyclic"}, "relations", "mine"),
        f"{PATH}.relations.mine.step: found 0.5; allowed: ",
    ),
    "no relation": (stated({}, "relations"), f"{PATH}.relations: found none; allowed: 1 or more."),
    "an activation": (
        stated("gelu", "model", "learner", "activation"),
        f"{PATH}.model.learner.activation: found 'gelu'",
    ),
    "a rate": (stated(0, "methods", "modular", "lr"), f"{PATH}.methods.modular.lr: found 0; allowed: > 0, "),
    "a momentum": (stated(1, "methods", "weak", "beta1"), f"{PATH}.methods.weak.beta1: found 1; allowed: >= 0, < 1."),
    "a covariance": (
        stated(-0.1, "methods", "modular", "covariance"),
        f"{PATH}.methods.modular.covariance: found -0.1; allowed: > 0, ",
    ),
    "a weight": (stated(-1, "methods", "modular", "joint"), f"{PATH}.methods.modular.joint: found -1; allowed: >= 0, "),
    "no label": (stated(0, "training", "labels"), f"{PATH}.training.labels: found 0; allowed: "),
    "more labels than images": (
        stated(185, "methods", "weak", "over", "training", "labels"),
        f"{PATH}: of method 'weak' and dataset 'dsprites_v2', training.labels: found 185; allowed: at most 184, ",
    ),
    "a batch of more than the images": (
        stated({"shapes3d_v2": {"training": {"batch": 69}}}, "by_dataset"),
        f"{PATH}: of method 'modular' and dataset 'shapes3d_v2', training.batch: found 69; allowed: at most 68, ",
    ),
    "too many widths": (
        stated([4] * 6, "model", "widths"),
        f"{PATH}: of method 'few_labels' and dataset 'dsprites_v2', model.widths: found 6; allowed: at most 5, ",
    ),
    "a code that is too small": (
        stated(2, "model", "latent"),
        f"{PATH}: of method 'few_labels' and dataset 'dsprites_v2', model.latent: found 2; allowed: 3 or more, ",
    ),
    "no relation of a dataset": (
        stated({"right": {"factor": "x", "step": 1, "ends": "cyclic"}}, "relations"),
        f"{PATH}: of method 'modular' and dataset 'shapes3d_v2', relations: found none; allowed: one or more of ",
    ),
    "a score of edits": (
        stated(["mig"], "measured", "image_edits"),
        f"{PATH}.measured.image_edits: found 'mig', which does not score edits; allowed: {', '.join(EDITING)}.",
    ),
    "a score of codes": (
        stated(["relation_accuracy"], "measured", "values"),
        f"{PATH}.measured.values: found 'relation_accuracy', which ",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_parameter_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    data, expected = WRONG[name]
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(yaml.safe_dump(data))
    with pytest.raises(InputError, match=rf"^params\.yaml: .*{re.escape(expected)}") as caught:
        params.load()
    assert "\n" not in str(caught.value)
