"""What goes wrong gives one clear message and a non-zero exit, and loses nothing."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PARAMS, Project, jobs

pytestmark = pytest.mark.workflow

CELL = ["--scale", "tiny", "--study", "burns", "--dataset", "DC-BC", "--lam", "0.1", "--seed", "0"]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def one_message(output: str) -> str:
    """Return the line of an error, asserting that it is the only one and comes without a traceback."""
    assert "Traceback" not in output
    lines = [line for line in output.splitlines() if "error:" in line]
    assert len(lines) == 1, output
    return lines[0]


BAD_PARAMS = [
    ("burns.methods.orto", {"lam": [0.1]}, ["burns.methods.orto", "did you mean 'ortho'?"]),
    ("burns.methods.ortho.lam", [-0.1], ["methods.ortho.lam.0", "-0.1", ">= 0"]),
    ("burns.methods.ortho.lam", ["0.001"], ["methods.ortho.lam.0", "the text '0.001'", "without quotes"]),
    ("burns.methods.ortho.pair", "all", ["methods.ortho.pair", "did you mean 'pairs'?"]),
    ("burns.seeds", [0, 0], ["burns.seeds", "0 is given more than once"]),
    ("burns.training.batch", 65, ["training.batch", "65", "only 64 train_pairs"]),
    ("burns.training.stepz", 5, ["unknown key 'stepz'", "did you mean 'steps'?"]),
    ("datasets.DC-BC.backgrounds", {"source": "folder"}, ["backgrounds", "'folder'", "image_folder"]),
]


@pytest.mark.parametrize(("key", "value", "said"), BAD_PARAMS, ids=[f"{key}={value}" for key, value, _ in BAD_PARAMS])
def test_bad_params_stop_before_any_job(
    built: Project, tmp_path: Path, key: str, value: object, said: list[str]
) -> None:
    project = built.copy(tmp_path / "copy")
    project.edit_params(key, value)
    before = contents(project.folder / "data/runs")
    message = one_message(project.snakemake(status=1))
    assert message.startswith("error: params.yaml: ")
    for part in said:
        assert part in message
    assert contents(project.folder / "data/runs") == before


def test_an_unreadable_picture_stops_before_its_dataset_is_touched(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "copy")
    picture = project.folder / "data/raw/pictures/red/03.png"
    good = picture.read_bytes()
    picture.write_bytes(good[:100])
    before = contents(project.folder / "data/datasets")
    assert "data/raw/pictures/red/03.png: not a readable picture" in one_message(project.snakemake(status=1))
    assert contents(project.folder / "data/datasets") == before
    picture.write_bytes(good)
    assert "Nothing to be done" in project.snakemake("-n")


@pytest.mark.parametrize("with_edit", [False, True])
def test_raw_files_that_are_gone_do_not_cost_the_dataset(built: Project, tmp_path: Path, with_edit: bool) -> None:
    project = built.copy(tmp_path / "copy")
    before = contents(project.folder / "data/datasets")
    (project.folder / "data/raw/pictures").rename(project.folder / "elsewhere")
    if with_edit:
        project.edit_params("datasets.DC-BC.seed", 1)
        assert "data/raw/pictures: not a folder" in one_message(project.snakemake(status=1))
        project.edit_params("datasets.DC-BC.seed", 0)
    assert "Nothing to be done" in project.snakemake()
    assert contents(project.folder / "data/datasets") == before


def test_a_mistyped_path_does_not_cost_the_dataset(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "copy")
    before = contents(project.folder / "data/datasets")
    project.edit_params("datasets.DC-BC.backgrounds.path", "data/raw/picture")
    assert "data/raw/picture: not a folder" in one_message(project.snakemake(status=1))
    project.edit_params("datasets.DC-BC.backgrounds.path", "data/raw/pictures")
    assert "Nothing to be done" in project.snakemake("-n")
    assert contents(project.folder / "data/datasets") == before


BAD_COMMANDS = [
    (["--scale", "tinny"], "no scale 'tinny': did you mean 'tiny'?"),
    (["--dataset", "DC-CB"], "no dataset 'DC-CB'"),
    (["--method", "orto"], "no method 'orto': did you mean 'ortho'?"),
    (["--lam", "-1"], "lam: found -1.0; allowed: >= 0, <= 1000000."),
    (["--lam", "nan"], "lam: found nan; allowed: >= 0, <= 1000000."),
    (["--method", "infomax"], "lam: found 0.1; allowed: 0"),
    (["--seed", "-7"], "seed: found -7; allowed: >= 0, <= 4294967295."),
]


@pytest.mark.parametrize(("options", "said"), BAD_COMMANDS, ids=[" ".join(options) for options, _ in BAD_COMMANDS])
def test_bad_options_of_the_command_line(untouched: Project, options: list[str], said: str) -> None:
    command = ["train", *CELL, "--method", "ortho", *options]
    assert said in one_message(untouched.stage(*command, status=1))


def test_a_dataset_of_other_parameters_is_refused(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "copy")
    project.edit_params("datasets.DC-BC.background_brightness", 0.5)
    message = one_message(project.stage("train", *CELL, "--method", "ortho", status=1))
    assert "data/datasets/tiny/DC-BC/manifest.json: made with other parameters or code than today's" in message


def test_a_cell_has_one_path(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "copy")
    target = "data/runs/tiny/burns/DC-BC/ortho/lam=0.10/seed=0/probe.json"
    assert "the path of this cell is tiny/burns/DC-BC/ortho/lam=0.1/seed=0" in one_message(
        project.snakemake(target, status=1)
    )


def test_a_truncated_idx_file_is_named(untouched: Project, tmp_path: Path) -> None:
    project = untouched.copy(tmp_path / "copy")
    digits = project.folder / "data/raw/digits/images-idx3-ubyte"
    digits.write_bytes(digits.read_bytes()[:-10])
    message = one_message(project.snakemake(status=1))
    assert "data/raw/digits/images-idx3-ubyte" in message
    assert "156800" in message.replace(",", "")  # 200 digits of 28 x 28 bytes


@pytest.mark.parametrize("name", ["checkpoint.safetensors", "codes.npz"])
def test_a_damaged_result_is_named_and_kept(built: Project, tmp_path: Path, name: str) -> None:
    project = built.copy(tmp_path / "copy")
    damaged = project.cell("ortho", "0.1") / name
    damaged.write_bytes(damaged.read_bytes()[:-200])
    stage = {"checkpoint.safetensors": "encode", "codes.npz": "probe"}[name]
    before = contents(project.folder / "data/runs")
    message = one_message(project.stage(stage, *CELL, "--method", "ortho", status=1))
    assert f"{damaged.relative_to(project.folder)}: not as its seal tells" in message
    assert contents(project.folder / "data/runs") == before


def test_a_damaged_dataset_is_named(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "copy")
    images = project.folder / "data/datasets/tiny/DC-BC/train_images.npy"
    images.write_bytes(images.read_bytes()[:-1] + b"\x99")
    message = one_message(project.stage("train", *CELL, "--method", "ortho", "--lam", "0.2", status=1))
    assert "train_images.npy: missing or damaged" in message


def test_a_run_from_another_revision_is_refused(built: Project, tmp_path: Path) -> None:
    """A job that was planned with other parameters or code must not compute under its old name."""
    project = built.copy(tmp_path / "copy")
    output = project.stage("probe", *CELL, "--method", "ortho", "--digest", "0123456789abcdef", status=1)
    assert "changed while the pipeline was running" in one_message(output)


def test_a_full_disk_is_said_and_leaves_the_old_file(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "copy")
    old = (project.cell("ortho", "0.1") / "probe.json").read_bytes()
    # Flushing to the disk fails as on one that has filled up.
    full = (
        "import errno, os, sys\n"
        "from disentangle import files\n"
        "def fail(fd): raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "os.fsync = fail\n"
        "from disentangle.__main__ import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    output = project.run(sys.executable, "-c", full, "probe", *CELL, "--method", "ortho", "--anew", status=1)
    assert "probe.json: the disk is full" in one_message(output)
    assert (project.cell("ortho", "0.1") / "probe.json").read_bytes() == old
    assert "Nothing to be done" in project.snakemake("-n")
    assert not list(project.cell("ortho", "0.1").glob("*.part"))


def test_a_failing_job_shows_its_message(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "copy")
    project.edit_params("burns.methods.ortho.lam", [0.1, 0.2])
    (project.cell("ortho", "0.2") / "codes.npz/mine").mkdir(parents=True)
    output = project.snakemake(status=1)
    assert "FAILED  encode DC-BC/ortho lam=0.2 seed=0" in output
    assert "codes.npz: " in one_message(output)
    assert jobs(output)["train"] == 1
    assert (project.cell("ortho", "0.2") / "checkpoint.safetensors").exists()
    assert (project.cell("ortho", "0.2") / "codes.npz/mine").exists()


def test_a_killed_training_goes_on_to_the_same_bytes(built: Project, tmp_path: Path) -> None:
    calm, killed = built.copy(tmp_path / "calm"), built.copy(tmp_path / "killed")
    command = ["train", *CELL, "--method", "p_ortho", "--checkpoint-every", "0"]
    for project in (calm, killed):
        project.edit_params(
            "burns.methods", PARAMS["scales"]["tiny"]["studies"]["burns"]["methods"] | {"p_ortho": {"lam": [0.1]}}
        )
        project.edit_params("burns.training.steps", 400)
        project.edit_params("burns.training.augmentation", "colour")
    calm.stage(*command)
    running = subprocess.Popen(
        [sys.executable, "-m", "disentangle", *command],
        cwd=killed.folder,
        env=killed.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    for line in running.stdout:
        if line.startswith("step 1"):
            break
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert not (killed.cell("p_ortho", "0.1") / "checkpoint.safetensors").exists()
    assert "going on at step" in killed.stage(*command)
    for name in ("checkpoint.safetensors", "history.csv", "run.json"):
        assert (killed.cell("p_ortho", "0.1") / name).read_bytes() == (calm.cell("p_ortho", "0.1") / name).read_bytes()
    timing = json.loads((killed.cell("p_ortho", "0.1") / "timing.json").read_text())
    assert timing["steps"] == 400
    # An engine deletes the results of a job that ends badly after its last write: they come back.
    state = next((killed.folder / "data/resume").rglob("*.pt"))
    shutil.rmtree(killed.cell("p_ortho", "0.1"))
    assert "going on at step" in killed.stage(*command)
    killed.stage("encode", *command[1:-2])
    assert not state.exists()


def test_a_second_training_of_a_cell_waits_for_the_first(built: Project, tmp_path: Path) -> None:
    """An orphan of a killed Snakemake may still be at work when the same command is given again."""
    project = built.copy(tmp_path / "copy")
    project.edit_params("burns.training.steps", 2000)
    command = [sys.executable, "-m", "disentangle", "train", *CELL, "--method", "ortho"]
    both = [subprocess.Popen(command, cwd=project.folder, env=project.environment, stdout=subprocess.PIPE, text=True)]
    for line in both[0].stdout:
        if line.startswith("step"):
            break
    both.append(
        subprocess.Popen(command, cwd=project.folder, env=project.environment, stdout=subprocess.PIPE, text=True)
    )
    first, second = (process.communicate(timeout=120)[0].splitlines() for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert first[-1].startswith("step 2000/2000")
    assert second[0].startswith("waiting for another process")
    assert second[1:] == ["this cell is trained already, with the same parameters, code and data"]
