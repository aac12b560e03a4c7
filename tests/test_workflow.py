"""The core promise, executed: after each kind of change, exactly what it invalidates runs, with either engine."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Project, comment_and_touch, compared, jobs, planned, rests, trained_files
from opened_cells import assert_opens_as_encoded

pytestmark = pytest.mark.workflow

TRAIN = Counter(train=1, encode=1, probe=1, measure=1)
"""One cell from its training on."""
REPORT = Counter(report=1)
NOTHING: Counter = Counter()


def add_lam(project: Project) -> None:
    project.edit_params("burns.methods.ortho.lam", [0.1, 0.01])


def add_seed(project: Project) -> None:
    project.edit_params("burns.seeds", [0, 1])


def change_knob(project: Project) -> None:
    project.edit_params("burns.methods.ortho.pairs", "all")


def change_method_file(project: Project) -> None:
    project.edit("src/disentangle/methods/ortho.py", ".sum()", ".mean()")


def change_training(project: Project) -> None:
    project.edit_params("burns.training.lr", 0.002)


def change_training_code(project: Project) -> None:
    project.edit("src/disentangle/training/schedule.py", "peak * (step + 1)", "peak * (step + 1.0)")


def change_probe(project: Project) -> None:
    project.edit_params("burns.probes.logistic.C", 0.5)


def change_probe_file(project: Project) -> None:
    project.edit("src/disentangle/evaluation/probes/logistic.py", '<= 1e6"] = 100', '<= 1e6"] = 200')


def change_metric_file(project: Project) -> None:
    project.edit(
        "src/disentangle/evaluation/metrics/half_similarity.py", "if scale else 0.0", "if scale > 1e-9 else 0.0"
    )


def change_figure(project: Project) -> None:
    project.edit("src/disentangle/studies/burns/figures/losses.py", "linewidth=1,", "linewidth=1.5,")


def change_report(project: Project) -> None:
    project.edit("src/disentangle/studies/burns/reports/table3.py", "Table 3\n", "Table III\n")


def change_published(project: Project) -> None:
    project.edit("src/disentangle/studies/burns/published/accuracy.csv", "97.3", "97.4")


def change_dataset(project: Project) -> None:
    project.edit_params("datasets.DC-BC.background_brightness", 0.5)


def change_raw_file(project: Project) -> None:
    picture = project.folder / "data/raw/pictures/red/00.png"
    shutil.copy(project.folder / "data/raw/pictures/blue/00.png", picture)


def comment_and_touch_all(project: Project) -> None:
    comment_and_touch(project)
    project.edit_params("scale", "tiny")


def change_words(project: Project) -> None:
    project.edit("src/disentangle/data/instances.py", "allowed: at least", "needed: at least")
    project.edit("src/disentangle/data/download.py", "truncated: expected", "too short: expected")
    (project.folder / "README.md").write_text("# other words\n")
    (project.folder / "tests").mkdir()
    (project.folder / "tests/test_new.py").write_text("def test_nothing(): pass\n")


def change_credits(project: Project) -> None:
    project.edit("src/disentangle/data/sources/image_folder.py", "(stand-in for STL-10)", "(instead of STL-10)")


def move_all_pictures(project: Project) -> None:
    (project.folder / "data/raw/pictures").rename(project.folder / "data/raw/photographs")
    project.edit_params("datasets.DC-BC.backgrounds.path", "data/raw/photographs")


def move_a_picture(project: Project) -> None:
    pictures = project.folder / "data/raw/pictures"
    (pictures / "blue/11.png").rename(pictures / "green/00-11.png")


def move_a_file(project: Project) -> None:
    """A module of the training, and with it the imports of those who use it."""
    source = project.folder / "src/disentangle/training"
    (source / "schedule.py").rename(source / "rates.py")
    project.edit("src/disentangle/training/loop.py", "training.schedule import", "training.rates import")


def change_a_studys_words(project: Project) -> None:
    project.edit("src/disentangle/studies/burns/study.py", "reproduced", "done again")


def change_plumbing(project: Project) -> None:
    project.edit("src/disentangle/errors.py", "did you mean", "perhaps you meant")


CELLS = 2
MATRIX: dict[Callable[[Project], None], Counter] = {
    add_lam: TRAIN + REPORT,
    add_seed: TRAIN + TRAIN + REPORT,
    change_knob: TRAIN + REPORT,
    change_method_file: TRAIN + REPORT,
    change_training: TRAIN + TRAIN + REPORT,
    change_training_code: TRAIN + TRAIN + REPORT,
    change_probe: Counter(probe=CELLS) + REPORT,
    change_probe_file: Counter(probe=CELLS) + REPORT,
    change_metric_file: Counter(measure=CELLS) + REPORT,
    change_figure: NOTHING,
    change_report: REPORT,
    change_published: REPORT,
    change_dataset: Counter(generate=1) + TRAIN + TRAIN + REPORT,
    change_raw_file: Counter(generate=1) + TRAIN + TRAIN + REPORT,
    move_all_pictures: NOTHING,
    move_a_picture: Counter(generate=1) + TRAIN + TRAIN + REPORT,
    change_credits: REPORT,
    change_words: NOTHING,
    comment_and_touch_all: NOTHING,
    change_plumbing: NOTHING,
    move_a_file: NOTHING,
    change_a_studys_words: REPORT,
}


@pytest.mark.parametrize("change", MATRIX, ids=lambda change: change.__name__)
def test_a_change_reruns_what_it_invalidates(built: Project, tmp_path: Path, change: Callable[[Project], None]) -> None:
    project = built.copy(tmp_path / "changed")
    change(project)
    assert planned(project.snakemake("-n")) == MATRIX[change]
    assert jobs(project.dvc("repro")) == MATRIX[change]
    assert "Nothing to be done" in project.snakemake("-n")
    assert "up to date" in project.dvc("status")


def test_what_snakemake_ran_dvc_need_not(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "copy")
    change_method_file(project)
    assert jobs(project.snakemake()) == MATRIX[change_method_file]
    assert jobs(project.dvc("repro")) == Counter()
    assert "up to date" in project.dvc("status")


def test_nothing_reruns_after_nothing(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "copy")
    assert "up to date" in project.dvc("status")
    assert "didn't change" in project.dvc("repro")
    rests(project)


def test_what_is_loaded_encodes_as_the_pipeline_does(built: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert assert_opens_as_encoded(built, monkeypatch) == {"contrastive"}


def test_another_datasets_cells_stay(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "copy")
    cell = project.cell("infomax", "0", "DC-DL")
    targets = [str((cell / name).relative_to(project.folder)) for name in ("probe.json", "metrics.json")]
    assert jobs(project.snakemake(*targets)) == Counter(generate=1) + TRAIN
    change_dataset(project)
    assert planned(project.snakemake("-n", *targets, "reports/table3.md")) == MATRIX[change_dataset]


def test_a_clone_with_pulled_data_has_nothing_to_do(built: Project, tmp_path: Path) -> None:
    built.git("clone", "-q", str(built.folder), str(tmp_path / "clone"))
    project = Project(tmp_path / "clone")
    project.dvc("pull")
    assert "up to date" in project.dvc("status")
    rests(project)
    assert (project.folder / "reports/table3.md").read_bytes() == (built.folder / "reports/table3.md").read_bytes()


def test_an_older_revision_comes_back_without_computing(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "copy")
    change_probe(project)
    project.dvc("repro")
    project.git("commit", "-qam", "second")
    for revision in ("HEAD~1", "main"):
        project.git("checkout", "-q", revision)
        project.dvc("checkout")
        rests(project)


def test_dvc_shows_and_compares_an_experiment(built: Project, tmp_path: Path) -> None:
    project, place = built.copy(tmp_path / "copy"), "metrics/burns/DC-BC/ortho.json"
    project.git("config", "user.name", "t")
    project.git("config", "user.email", "t@example.org")
    head, *rows = project.dvc("metrics", "show").splitlines()
    assert head.split() == ["Path", *sorted(compared(project)["burns/DC-BC/ortho"])]
    assert [row.split()[0] for row in rows] == ["metrics/burns/DC-BC/infomax.json", place]
    (project.folder / "metrics/burns/DC-DL").mkdir()
    (project.folder / "metrics/burns/DC-DL/gone.json").write_text('{"loss": 1}')  # of what is no target any more
    before, section = compared(project)["burns/DC-BC/ortho"], "scales.tiny.studies.burns"
    overrides = ("-S", f"{section}.methods.ortho.lam=[0.2]", "-S", f"{section}.probes.logistic.C=0.001")
    said = project.dvc("exp", "run", "--name", "stronger", *overrides)
    assert jobs(said) == Counter(train=1, encode=1, measure=1, probe=2, report=1)
    after = compared(project)
    assert [*after] == ["burns/DC-BC/infomax", "burns/DC-BC/ortho"]
    assert after["burns/DC-BC/ortho"]["loss"] != before["loss"]
    diff = project.dvc("metrics", "diff")
    assert re.search(rf"{place} +loss +{before['loss']} +{after['burns/DC-BC/ortho']['loss']} ", diff)
    assert "probes.logistic.C" in project.dvc("params", "diff")
    assert "methods.ortho.lam" in (shown := project.dvc("exp", "show", "--only-changed", "--csv"))
    assert re.search(r"^stronger,.*\[0\.2\]", shown, re.M)
    curves = (project.folder / "curves/burns/DC-BC/ortho.csv").read_text().splitlines()
    assert curves[0] == "step,loss" and [row.split(",")[0] for row in curves[1:]] == ["2", "4", "6"]
    project.dvc("plots", "diff")
    page = (project.folder / "dvc_plots/index.html").read_text()
    for name in ("curves_burns_DC-BC_ortho_csv", '"rev": "HEAD"', '"rev": "workspace"', '"title": "loss"'):
        assert name in page


def test_a_target_may_need_no_cells(untouched: Project, tmp_path: Path) -> None:
    project = untouched.copy(tmp_path / "copy")
    file = project.folder / "src/disentangle/studies/burns/reports/bare.py"
    file.write_text(BARE)
    project.edit_params("targets", ["reports/bare.md"])
    project.git("init", "-q", "-b", "main")
    assert "metrics" in project.dvc("metrics", "show")  # of nothing yet
    assert jobs(project.dvc("repro")) == Counter(report=1)
    rests(project)
    assert compared(project) == {}


BARE = '''"""A report of no cells."""

import pandas as pd

NEEDS = {"cells": "none"}


class Report:
    def table(self, results):
        return pd.DataFrame({"a": [1]})

    def summary(self, results):
        return {"a": 1}

    def render(self, results):
        return "# Nothing"
'''


def test_what_snakemake_remembers_says_nothing(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "copy")
    records = sorted((project.folder / ".snakemake/metadata").iterdir())
    for k, record in enumerate(records):
        record.write_text(["", "{}", record.read_text()[:40]][k % 3])
    rests(project)
    change_probe(project)
    assert jobs(project.snakemake()) == MATRIX[change_probe]
    shutil.rmtree(project.folder / ".snakemake")
    rests(project)
    shutil.rmtree(project.folder / ".snakemake")
    project.edit_params("burns.probes.logistic.C", 0.25)
    assert jobs(project.dvc("repro")) == MATRIX[change_probe]


def test_results_are_current_wherever_they_were_made(built: Project, untouched: Project, tmp_path: Path) -> None:
    """A stage run by hand, and trainings copied without their times, in an order of which nobody knows."""
    project = untouched.copy(tmp_path / "copy")
    shutil.copytree(built.folder / "data/runs", project.folder / "data/runs", copy_function=shutil.copyfile)
    for name in ("codes.npz", "metrics.json", "metrics.seal"):
        (project.cell("ortho", "0.1") / name).unlink()
    options = ["--scale", "tiny", "--study", "burns", "--dataset", "DC-BC", "--method", "ortho", "--seed", "0"]
    assert "manifest.json: not there. Run `generate`" in project.stage("measure", *options, "--lam", "0.1", status=1)
    assert jobs(project.snakemake()) == Counter(generate=1, encode=1, probe=1, measure=1, report=1)
    assert trained_files(project) == trained_files(built)
    project.edit_params("burns.methods.ortho.lam", [0.1, 0.2])
    project.stage("train", *options, "--lam", "0.2")
    project.stage("encode", *options, "--lam", "0.2")
    assert jobs(project.snakemake()) == Counter(probe=1, measure=1, report=1)
    project.edit_params("burns.methods.ortho.pairs", "all")
    assert jobs(project.snakemake()) == TRAIN + TRAIN + REPORT


def final_files(project: Project) -> dict[str, bytes]:
    """Return everything that must not depend on when and how often a run was interrupted."""
    files = sorted((project.folder / "data/runs").rglob("*"))
    kept = [file for file in files if file.is_file() and file.name != "timing.json" and file.suffix != ".seal"]
    return {str(file.relative_to(project.folder)): file.read_bytes() for file in kept}


def start(project: Project, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        ["snakemake", "--cores", "2", *arguments],
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something holds; a minute is far more than it takes."""
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def training_steps(project: Project) -> bool:
    return any("step" in log.read_text() for log in (project.folder / "logs/train").rglob("*.log"))


@pytest.fixture(scope="module")
def calm(untouched: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A run of 200 steps a cell that nothing disturbed."""
    project = untouched.copy(tmp_path_factory.mktemp("project") / "calm")
    project.edit_params("burns.training.steps", 200)
    project.at_once()
    return project


MADE = {"encode": ("codes", "probe", "metrics", "table3"), "probe": ("probe", "metrics", "table3")}
MADE |= {"measure": MADE["probe"], "report": ("table3",)}
"""What a stage and those beside and after it make."""


@pytest.mark.parametrize("stage", ["generate", "train", "encode", "probe", "measure", "report"])
def test_killing_everything_loses_only_the_interrupted_jobs(
    untouched: Project, calm: Project, tmp_path: Path, stage: str
) -> None:
    """One that is killed at the start, or where all that comes before a stage was done."""
    killed = (calm if stage in MADE else untouched).copy(tmp_path / "killed")
    killed.edit_params("burns.training.steps", 200)
    shutil.rmtree(killed.folder / "logs", ignore_errors=True)
    for place in ("data/runs", "reports"):
        for path in [*(killed.folder / place).rglob("*.*")]:
            if path.stem in MADE.get(stage, ()):
                path.unlink()
    killed.environment["CHECKPOINT_EVERY"] = "0"
    running = start(killed)
    if stage == "train":
        # announced steps may still lack their checkpoint
        wait_for(lambda: any((killed.folder / "data/resume").rglob("*.pt")))
    else:
        wait_for(lambda: any((killed.folder / "logs" / stage).rglob("*.log")))
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    finished = {path.name for path in (killed.folder / "data").rglob("*") if path.name in ("manifest.json", "run.json")}
    output = killed.snakemake()
    assert jobs(output)["generate"] == (stage == "generate")
    assert jobs(output)["report"] == 1
    if stage in MADE:
        assert jobs(output)["train"] == 0
        assert finished == {"manifest.json", "run.json"}
    if stage == "train":
        assert any("going on at step" in log.read_text() for log in (killed.folder / "logs/train").rglob("*.log"))
    assert final_files(killed) == final_files(calm)
    assert "Nothing to be done" in killed.snakemake("-n")


def test_two_invocations_at_once_do_not_disturb_each_other(untouched: Project, tmp_path: Path) -> None:
    project = untouched.copy(tmp_path / "copy")
    project.edit_params("burns.training.steps", 200)
    first = start(project)
    wait_for(lambda: training_steps(project))
    assert "locked" in project.snakemake(status=1).lower()
    assert first.wait(timeout=120) == 0
    assert "Nothing to be done" in project.snakemake()


def test_a_machine_without_snakemake_trains_a_report_and_the_pipeline_goes_on(
    untouched: Project, built: Project, tmp_path: Path
) -> None:
    project = untouched.copy(tmp_path / "home")
    project.snakemake("data/datasets/tiny/DC-BC/manifest.json")
    box = untouched.copy(tmp_path / "box")
    said = box.stage("sweep", "burns/table3", "--together", "2")
    assert "[2/2] DC-BC/infomax lam=0 seed=0, DC-BC/ortho lam=0.1 seed=0" in said
    assert "DC-BC/ortho lam=0.1 seed=0: step 6/6" in said
    assert "this cell is trained already" in box.stage("sweep", "burns/table3")
    shutil.copytree(box.folder / "data/runs", project.folder / "data/runs", dirs_exist_ok=True)
    assert jobs(project.snakemake()) == Counter(encode=2, probe=2, measure=2, report=1)
    box.stage("sweep", "burns/table3", "--until", "report")
    written = (box.folder / "reports/table3.csv").read_bytes()
    assert written == (project.folder / "reports/table3.csv").read_bytes()
    assert written == (built.folder / "reports/table3.csv").read_bytes()
