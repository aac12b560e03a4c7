"""The Locatello study through the pipeline: a tiny grid, four kinds of cells, every report; what an edit reruns."""

import csv
import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT, Project, planned, tells_stand_ins, trained_files
from opened_cells import assert_opens_as_encoded
from PIL import Image

from disentangle import registry
from disentangle.pipeline import outputs
from disentangle.pipeline.needs import needs

# One worker: what it builds takes a minute.
pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("locatello")]


def is_of_methods(figure: str) -> bool:
    return needs("figures", figure)["of"] == "every method"


POINTS = {"train_points": 60, "test_points": 40}
METRICS = {
    "beta_vae_score": {**POINTS, "batch": 4},
    "factor_vae_score": {"variance_points": 100, "train_votes": 60, "test_votes": 40, "batch": 4},
    "mig": {"points": 200},
    "modularity": POINTS,
    "dci": POINTS,
    "sap": POINTS,
    "irs": {"points": 200},
    "gaussian": {"points": 200},
    "downstream_lr": {"sizes": [10, 100], "test_points": 50},
    "downstream_gbt": {"sizes": [10, 100], "test_points": 50},
}
SPRITES = {"image_size": 32, "seed": 0, "images": {"source": "dsprites_rendered"}, "every": [1, 3, 10, 8, 8]}
STUDY = {
    "datasets": ["dsprites", "color_dsprites"],
    "seeds": [0, 1],
    "model": {"latent": 3, "conv": [4, 4, 4, 4], "hidden": 8},
    "training": {
        "steps": 6,
        "batch": 8,
        "lr": 0.001,
        "log_every": 3,
        "final_batches": 2,
        "precision": "float32",
        "discriminator": {"layers": 2, "hidden": 8, "lr": 0.001},
    },
    "metrics": METRICS,
    "measured": {"mean": list(METRICS), "sampled": ["gaussian", "mig"], "shuffled": ["mig", "dci"]},
    "methods": {
        "beta_vae": {"lam": [1, 4]},
        "factor_vae": {"lam": [10]},
        "untrained": {"lam": [0]},
    },
}
OF_MODELS = [name.split("/")[1] for name in registry.of_study("figures", "locatello") if is_of_methods(name)]
FIGURES = [f"reports/locatello/figures/{name}/dsprites/beta_vae.svg" for name in OF_MODELS]
FIGURES.append("reports/locatello/figures/samples/color_dsprites.svg")
PARAMS = {
    "scale": "tiny",
    # The page asks for every figure of every dataset and method; one of each kind is enough.
    "targets": [*(f"reports/{name}.md" for name in registry.of_study("reports", "locatello")), *FIGURES],
    "scales": {
        "tiny": {
            "datasets": {
                "dsprites": {"generator": "dsprites", **SPRITES},
                "color_dsprites": {"generator": "color_dsprites", **SPRITES},
            },
            "studies": {"locatello": STUDY},
        }
    },
}
CELLS = 2 * 4 * 2
NAMES = registry.of_study("reports", "locatello")
READING = [name for name in NAMES if needs("reports", name).get("cells") != "none"]
ALL, EVERY = (
    Counter("drawn_report" if outputs.draws(name) else "report" for name in names) for names in (NAMES, READING)
)
"""The jobs of all reports, and of those that read cells: that of the theorem does not."""
SHOWN = Counter("animated_figure" if outputs.animated(f"locatello/{name}") else "figure" for name in OF_MODELS)
"""Those of the figures of one method on one dataset."""
CELL = ("--scale", "tiny", "--study", "locatello", "--dataset", "dsprites", "--seed", "0", "--lam", "1")


@pytest.fixture(scope="module")
def fresh(untouched: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = untouched.copy(tmp_path_factory.mktemp("locatello") / "fresh")
    (project.folder / "params.yaml").write_text(yaml.safe_dump(PARAMS, sort_keys=False))
    return project


@pytest.fixture(scope="module")
def done(fresh: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = fresh.copy(tmp_path_factory.mktemp("locatello") / "done")
    expected = Counter(generate=2, train=CELLS, encode=CELLS, measure=CELLS, figure=1) + SHOWN + ALL
    assert project.at_once() == expected
    return project


def edit(project: Project, dotted: str, value: object) -> None:
    data = project.params
    place = data["scales"]["tiny"]
    *keys, last = dotted.split(".")
    for key in keys:
        place = place[key]
    place[last] = value
    (project.folder / "params.yaml").write_text(yaml.safe_dump(data, sort_keys=False))


def test_every_file_is_there_and_holds_what_it_says(done: Project) -> None:
    cell = done.folder / "data/runs/tiny/locatello/dsprites/beta_vae/lam=4/seed=1"
    assert {path.name for path in cell.iterdir()} == {
        "checkpoint.safetensors",
        "checkpoint.seal",
        "codes.npz",
        "codes.seal",
        "history.csv",
        "metrics.json",
        "metrics.seal",
        "run.json",
        "timing.json",
    }
    run = json.loads((cell / "run.json").read_text())
    assert run["status"] == "done"
    assert run["final"]["elbo"] == pytest.approx(-run["final"]["reconstruction"] - run["final"]["kl"])
    assert run["final"]["regularizer"] == pytest.approx(4 * run["final"]["kl"], rel=1e-5)
    scores = json.loads((cell / "metrics.json").read_text())["scores"]
    assert {code: set(found) for code, found in scores.items()} == {
        code: set(names) for code, names in STUDY["measured"].items()
    }
    rows = list(csv.DictReader((cell / "history.csv").read_text().splitlines()))
    assert [row["step"] for row in rows] == ["3", "6"]
    for report in ("claims", "downstream", "impossibility", "total_correlation"):
        assert {p.suffix for p in (done.folder / "reports/locatello").glob(f"{report}.*")} == {
            ".md",
            ".csv",
            ".json",
            ".svg",
            ".seal",
        }
    assert tells_stand_ins(done, "reports/locatello") == len(READING)
    # an untrained control has no steps
    control = done.folder / "data/runs/tiny/locatello/dsprites/untrained/lam=0/seed=0"
    assert json.loads((control / "timing.json").read_text())["steps"] == 0


def test_figures_show_the_scores_of_their_models(done: Project) -> None:
    folder = done.folder / "reports/locatello/figures"
    rows = list(csv.DictReader((folder / "matrices/dsprites/beta_vae.csv").read_text().splitlines()))
    assert len({row["model"] for row in rows}) == 3 and len(rows) == 3 * 3 * 5
    for row in rows:
        cell = f"data/runs/tiny/locatello/dsprites/beta_vae/lam={row['lam']}/seed={row['seed']}"
        scores = json.loads((done.folder / cell / "metrics.json").read_text())["scores"]["mean"]
        found = scores["mig"]["mig"], scores["dci"]["disentanglement"]
        assert (float(row["mig"]), float(row["disentanglement"])) == pytest.approx(found)
    assert "noise of its own" in json.loads((folder / "samples/color_dsprites.json").read_text())["caption"]


def test_what_is_loaded_encodes_as_the_pipeline_does(done: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert assert_opens_as_encoded(done, monkeypatch) == {"vae"}


def test_the_page_of_parts_runs_as_it_is_written(done: Project) -> None:
    page = (ROOT / "docs/parts.md").read_text()
    block = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[0]
    asked = (
        "\nassert images.shape == (64, 32, 32, 1) and factors.shape == (64, 5) and rebuilt.shape == images.shape"
        "\nassert {name: code.shape for name, code in codes.items()} == dict.fromkeys(('mean', 'logvar'), (64, 3))"
    )
    assert "/demo/" in block and "lam=4" in block
    said = done.run(sys.executable, "-c", block.replace("/demo/", "/tiny/").replace("lam=4", "lam=1") + asked)
    assert "('shape', 'scale', 'orientation', 'x', 'y')" in said and said.endswith("done\n")


def test_traversals_are_of_the_models_and_of_the_codes_that_are_stored(done: Project) -> None:
    place = done.folder / "reports/locatello/figures/traversals/dsprites/beta_vae.csv"
    table, runs = pd.read_csv(place), done.folder / "data/runs/tiny/locatello/dsprites/beta_vae"
    assert table.groupby("model")["seed"].count().to_dict() == dict.fromkeys(("best", "median", "worst"), 3 * 7)
    for _, line in table.groupby(["model", "code"]):
        first, last = line.iloc[0], line.iloc[-1]
        codes = np.load(runs / f"lam={first['lam']}/seed={first['seed']}/codes.npz")["mean"]
        own = codes[:, int(first["code"].removeprefix("z"))].astype(np.float64)
        assert (first["value"], last["value"]) == pytest.approx(tuple(np.quantile(own, [0.05, 0.95])))
    with Image.open(place.with_suffix(".gif")) as moving:
        assert moving.format == "GIF" and moving.n_frames <= 12  # frames that are alike are one
    rebuilt = pd.read_csv(done.folder / "reports/locatello/figures/reconstructions/dsprites/beta_vae.csv")
    assert rebuilt["squared_error"].between(0, 1).all() and not (place.parent / "untrained.csv").exists()


def test_a_model_of_ones_own_is_walked_along(done: Project, tmp_path: Path) -> None:
    cell, project = "data/runs/tiny/locatello/dsprites/beta_vae/lam=1/seed=0", done.copy(tmp_path / "copy")
    said = project.stage("traverse", cell, "--output", "own/walk.webp", "--steps", "5", "--row", "3")
    assert said.splitlines()[-1] == "own/walk.png, own/walk.webp, own/walk.csv"
    table = pd.read_csv(project.folder / "own/walk.csv")
    assert set(table["row"]) == {3} and table.groupby("code")["step"].max().tolist() == [4, 4, 4]
    with Image.open(project.folder / "own/walk.webp") as moving, Image.open(project.folder / "own/walk.png") as still:
        assert moving.format == "WEBP" and moving.n_frames <= 8 and still.width > 300
    project.stage("traverse", cell, "--output", "own/walk.svg")
    assert len({*(project.folder / "own").iterdir()}) == 5  # a picture that moves is a .gif unless asked otherwise
    for given, message in {
        ("data/runs/tiny",): "data/runs/tiny: not the folder of a cell",
        (cell, "--row", "100000"): "--row: found 100000; allowed: 0 to ",
        (cell, "--steps", "1"): "--steps",
        (
            cell,
            "--output",
            "walk.jpg",
        ): "--output: found walk.jpg; allowed: a name that ends in .png, .svg, .gif,",
    }.items():
        told = project.stage("traverse", *given, status=2 if "1" in given else 1)
        assert message in told and "Traceback" not in told
    assert not (project.folder / "walk.jpg").exists() and not (project.folder / "traversal.png").exists()
    (project.folder / "half.csv").mkdir()
    told = project.stage("traverse", cell, "--output", "half.png", status=1)
    assert "half.csv: cannot be written (Is a directory); nothing was changed." in told
    assert not {*project.folder.glob("half.*")} - {project.folder / "half.csv"}
    weights = project.folder / cell / "checkpoint.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    told = project.stage("traverse", cell, status=1)
    assert f"{cell}/checkpoint.safetensors: not as its seal tells." in told and "Traceback" not in told


def test_nothing_is_compared_of_what_is_not_current(done: Project, tmp_path: Path) -> None:
    project = done.copy(tmp_path / "copy")
    history = "data/runs/tiny/locatello/dsprites/beta_vae/lam=1/seed=0/history.csv"
    (project.folder / history).write_text("step,loss\n")
    assert f"error: {history}: not as its seal tells. Run Snakemake first." in project.stage("compare", status=1)
    assert not (project.folder / "metrics").exists() and not (project.folder / "curves").exists()
    shutil.copy(done.folder / history, project.folder / history)
    (project.folder / "curves").write_text("in the way")
    assert "curves is no folder" in project.stage("compare", status=1)
    assert not [path for path in (project.folder / "metrics").rglob("*") if path.is_file()]
    (project.folder / "curves").unlink()
    (project.folder / history).with_name("checkpoint.safetensors").unlink()  # of which no number is
    project.stage("compare")
    assert (project.folder / "curves/locatello/dsprites/beta_vae/lam=1.csv").exists()


def again(done: Project, folder: Path, change: Callable[[Project], None]) -> Counter:
    project = done.copy(folder / "copy")
    change(project)
    return planned(project.snakemake("-n"))


CHANGES: dict[str, tuple[Callable[[Project], None], Counter]] = {
    "nothing": (lambda project: None, Counter()),
    "one more seed": (
        lambda project: edit(project, "studies.locatello.seeds", [0, 1, 2]),
        Counter(train=8, encode=8, measure=8) + SHOWN + EVERY,
    ),
    "a metric's option": (
        lambda project: edit(project, "studies.locatello.metrics.mig", {"points": 100}),
        Counter(measure=CELLS) + SHOWN + EVERY,
    ),
    "another code is measured": (
        lambda project: edit(project, "studies.locatello.measured.sampled", ["gaussian"]),
        Counter(measure=CELLS) + SHOWN + EVERY,
    ),
    "the training": (
        lambda project: edit(project, "studies.locatello.training.lr", 0.002),
        Counter(train=CELLS, encode=CELLS, measure=CELLS) + SHOWN + EVERY,
    ),
    "a method's file": (
        lambda project: project.edit("src/disentangle/methods/factor_vae.py", "return", "if True:\n            return"),
        Counter(train=4, encode=4, measure=4) + EVERY,
    ),
    "what a model sees of a dataset": (
        lambda project: project.edit(
            "src/disentangle/data/datasets/color_dsprites.py", "images * (0.5", "images * (0.25"
        ),
        Counter(generate=1, train=CELLS // 2, encode=CELLS // 2, measure=CELLS // 2, figure=1) + EVERY,
    ),
    "a dataset's parameter": (
        lambda project: edit(project, "datasets.dsprites.every", [1, 3, 10, 8, 16]),
        Counter(generate=1, train=CELLS // 2, encode=CELLS // 2, measure=CELLS // 2) + SHOWN + EVERY,
    ),
    "a report's text": (
        lambda project: project.edit("src/disentangle/studies/locatello/reports/downstream.py", "# ", "#  "),
        Counter(drawn_report=1),
    ),
    "a figure's text": (
        lambda project: project.edit("src/disentangle/studies/locatello/figures/matrices.py", "Disentangled", "Good"),
        Counter(figure=1),
    ),
    "a comment": (
        lambda project: project.edit("src/disentangle/training/stack.py", '"""', '# a remark\n"""'),
        Counter(),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_reruns_what_it_invalidates_and_nothing_else(done: Project, tmp_path: Path, name: str) -> None:
    change, expected = CHANGES[name]
    assert again(done, tmp_path, change) == expected


def test_the_same_command_gives_the_same_bytes(done: Project, tmp_path: Path) -> None:
    project = done.copy(tmp_path / "copy")
    cell = project.folder / "data/runs/tiny/locatello/dsprites/beta_vae/lam=1/seed=0"
    before = trained_files(project)
    shutil.rmtree(cell)
    for stage in ("train", "encode", "measure"):
        project.stage(stage, *CELL, "--method", "beta_vae")
    assert trained_files(project) == before


def test_without_snakemake_a_sweep_makes_the_same_in_stacks(fresh: Project, done: Project, tmp_path: Path) -> None:
    project = fresh.copy(tmp_path / "copy")
    output = project.stage("sweep", "locatello/claims", "--together", "4")
    assert "[16/16]" in output
    for trained in (done.folder / "data/runs").rglob("checkpoint.safetensors"):
        assert (project.folder / trained.relative_to(done.folder)).read_bytes() == trained.read_bytes()


@pytest.mark.parametrize(
    ("dotted", "value", "expected"),
    [
        ("studies.locatello.methods.ortho", {"lam": [1]}, "method 'ortho' is contrastive; this study trains vae ones"),
        (
            "studies.locatello.measured.mean",
            ["migg"],
            "measured.mean: 'migg' is not under metrics: did you mean 'mig'?",
        ),
        (
            "studies.locatello.methods.annealed_vae",
            {"lam": [1], "ramp_steps": 0},
            "ramp_steps: found 0; allowed: >= 1, <= 1e9.",
        ),
        ("datasets.dsprites.every", [1, 2], "every: found 2 strides; allowed: 5, one for each of shape, scale,"),
        ("datasets.dsprites.images", {"source": "dsprites"}, "unknown source 'dsprites': "),
        ("datasets.dsprites.images", "x", "scales.tiny.datasets.dsprites.images: found 'x'; allowed: a mapping"),
        (
            "studies.locatello.methods.untrained.lam",
            [1],
            "methods.untrained.lam: found 1; allowed: 0, as method 'untrained' has no regularizer.",
        ),
    ],
)
def test_a_wrong_parameter_is_said_in_one_line(
    fresh: Project, tmp_path: Path, dotted: str, value: object, expected: str
) -> None:
    project = fresh.copy(tmp_path / "copy")
    edit(project, dotted, value)
    said = [line for line in project.snakemake("-n", status=1).splitlines() if line.startswith("error:")]
    assert len(said) == 1
    assert expected in said[0]
