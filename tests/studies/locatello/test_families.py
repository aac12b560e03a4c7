"""Cells of autoencoders trained by the stage: alone, in a stack, and by a mate's job ahead of their own."""

import argparse
import contextlib
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from conftest import ROOT, committed_params
from recording import Recorder, full, recorder

from disentangle import files
from disentangle.cells import TRAINED, Cell
from disentangle.errors import InputError
from disentangle.models.discriminator import Discriminator
from disentangle.models.vae import VAE
from disentangle.pipeline import gpus, outputs, params, plan, sealed, seals, sharing
from disentangle.pipeline.jobs import Jobs
from disentangle.pipeline.sealed import locked
from disentangle.stages import encode, generate, measure, sweep, train
from disentangle.training import device, stack
from disentangle.training.families import contrastive, vae
from disentangle.training.stacked_step import Step
from studies.locatello.test_locatello_workflow import PARAMS

__all__ = ["recorder"]  # a fixture
CELLS = [Cell("tiny", "locatello", "dsprites", "beta_vae", float(lam), seed) for lam in (1, 4) for seed in (0, 1)]


def given(cell: Cell, **more: Any) -> argparse.Namespace:
    compute = {"device": "cpu", "threads": 1, "execution": "auto", "checkpoint_every": math.inf, "together": None}
    return argparse.Namespace(cell=cell, settings=params.load(), digest=None, **({"anew": False} | compute | more))


def trained_alone(cell: Cell) -> dict[str, bytes]:
    """What a cell's own training leaves, which is then taken away."""
    train.run(given(cell))
    whole = contents(cell.folder)
    shutil.rmtree(cell.folder)
    return whole


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name in {*TRAINED} - {"timing.json"}}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("family")
    (folder / "params.yaml").write_text(yaml.safe_dump(PARAMS, sort_keys=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for dataset in ("dsprites", "color_dsprites"):
            generate.run(
                argparse.Namespace(scale="tiny", dataset=dataset, settings=params.load(), digest=None, anew=False)
            )
    return folder


@pytest.fixture
def project(generated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(generated, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    return tmp_path / "project"


def test_a_stack_leaves_in_each_cells_folder_what_it_leaves_alone(project: Path) -> None:
    alone = {}
    for cell in CELLS[:2]:
        alone[cell] = trained_alone(cell)
        assert set(alone[cell]) == set(TRAINED) - {"timing.json"}
    train.run_together(given(CELLS[0]), CELLS)
    assert {cell: contents(cell.folder) for cell in CELLS[:2]} == alone
    assert not any(cell.ahead.exists() or cell.resume.exists() for cell in CELLS)


def test_a_mates_results_wait_for_its_own_job(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = trained_alone(CELLS[3])
    as_on_a_gpu(monkeypatch)
    train.run(given(CELLS[0], device="gpu"))
    assert set(contents(CELLS[0].folder)) == set(TRAINED) - {"timing.json"}
    assert not any(cell.folder.exists() for cell in CELLS[1:])
    assert all(set(contents(cell.ahead)) == set(TRAINED) - {"timing.json"} for cell in CELLS[1:])
    capsys.readouterr()

    monkeypatch.setattr(vae, "train", never)
    train.run(given(CELLS[3], device="gpu"))
    assert "this cell was trained beside another one" in capsys.readouterr().out
    assert contents(CELLS[3].folder)["checkpoint.safetensors"] == whole["checkpoint.safetensors"]
    assert not CELLS[3].ahead.exists()
    # of other parameters it is not current, and is not moved
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(text.replace("lr: 0.001", "lr: 0.002", 1))
    with pytest.raises(AssertionError, match="trained twice"):
        train.run(given(CELLS[2], device="gpu"))


def killed(training: stack.StackedTraining, save: Any = stack.StackedTraining._save) -> None:
    save(training)
    raise KeyboardInterrupt


@pytest.mark.parametrize(("together", "mates"), [(None, [0, 1, 3]), (3, [0, 1])])
def test_a_stack_that_was_killed_goes_on_when_another_of_its_cells_is_asked_for(
    project: Path,
    together: int | None,
    mates: list[int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = trained_alone(CELLS[2])
    as_on_a_gpu(monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(stack.StackedTraining, "_save", killed)
        with pytest.raises(KeyboardInterrupt):
            train.run(given(CELLS[0], device="gpu", together=together, checkpoint_every=0))
    capsys.readouterr()
    train.run(given(CELLS[2], device="gpu", together=together))
    assert "going on at step 3" in capsys.readouterr().out
    assert contents(CELLS[2].folder)["checkpoint.safetensors"] == whole["checkpoint.safetensors"]
    assert [at for at, cell in enumerate(CELLS) if cell.ahead.exists()] == mates


def test_a_stack_holds_no_more_cells_than_it_may(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_gpu(monkeypatch)
    train.run(given(CELLS[1], device="gpu", together=2))
    assert [cell.folder.exists() for cell in CELLS] == [False, True, False, False]
    assert [cell.ahead.exists() for cell in CELLS] == [True, False, False, False]


# Several GPUs.


def test_each_of_several_gpus_trains_its_part_of_a_stack(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second job begins while the first trains, the third when both have ended."""
    as_on_a_gpu(monkeypatch)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    trainer, stacks = vae.train, []

    def at_once(jobs: Any, *more: Any) -> Any:
        stacks.append([job.resume for job in jobs])
        if len(stacks) == 1:
            train.run(given(CELLS[2], device="gpu"))
        return trainer(jobs, *more)

    monkeypatch.setattr(vae, "train", at_once)
    for asked in (1, 0):
        train.run(given(CELLS[asked], device="gpu"))
    assert stacks == [[CELLS[0].resume, CELLS[1].resume], [CELLS[2].resume, CELLS[3].resume]]
    assert [cell.folder.exists() for cell in CELLS] == [True, True, True, False]
    assert [cell.ahead.exists() for cell in CELLS] == [False, False, False, True]


@pytest.mark.parametrize("stage", [train, encode])
def test_a_job_whose_cell_another_is_at_does_meanwhile_what_nobody_is_at(
    project: Path, stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one holds a mate of the cell's part until this job has done the second part, and begins no third."""
    if stage is encode:
        train.run_together(given(CELLS[0]), CELLS)
    as_on_a_gpu(monkeypatch)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    name = stage.__name__.rsplit(".", 1)[-1]
    job, does, done, others = getattr(Jobs(params.load()), name), getattr(vae, name), [], contextlib.ExitStack()
    monkeypatch.setattr(vae, name, lambda cells, *more: done.append(len(cells)) or does(cells, *more))
    others.enter_context(locked(job(CELLS[0])))
    holds = sharing.files.held
    lasts = [path for cell in CELLS[2:] for path in job(cell).into(cell.ahead).makes]

    def until_the_rest_is_done(path: Path) -> bool:
        if all(path.exists() for path in lasts):
            others.close()
        return holds(path)

    monkeypatch.setattr(sharing.files, "held", until_the_rest_is_done)
    stage.run(given(CELLS[1], device="gpu"))
    assert done == [2, 2]
    assert all(path.exists() for path in job(CELLS[1]).makes)
    assert not job(CELLS[2]).seal.exists()
    assert all(path.exists() for path in lasts)


def test_parts_are_cut_in_one_order_whichever_cell_is_asked_for(project: Path) -> None:
    settings = params.load()
    for cell in CELLS:
        [own] = sharing.parts(settings, cell, Jobs(settings).train, most=2)
        assert own == (CELLS[:2] if cell in CELLS[:2] else CELLS[2:])


@pytest.mark.parametrize("path", ["methods.beta_vae", ""])
def test_a_cell_of_a_dataset_that_params_list_for_others_alone_is_trained_alone(
    project: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dataset that the study does not list, or the method."""
    data = yaml.safe_load(Path("params.yaml").read_text())
    section = data["scales"]["tiny"]["studies"]["locatello"]
    (section["methods"]["beta_vae"] if path else section)["datasets"] = ["color_dsprites"]
    data["targets"] = ["reports/locatello/claims.md"]
    Path("params.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
    as_on_a_gpu(monkeypatch)
    for stage in (train, encode):
        stage.run(given(CELLS[0], device="gpu"))
    assert [cell.folder.exists() or cell.ahead.exists() for cell in CELLS] == [True, False, False, False]
    assert (CELLS[0].folder / "codes.npz").exists()


def test_who_waits_for_one_of_several_jobs_holds_none_of_the_others(project: Path) -> None:
    jobs = [Jobs(params.load()).train(cell) for cell in CELLS[:3]]
    others, seen = contextlib.ExitStack(), []
    others.enter_context(locked(jobs[2]))
    waiting, wait = sealed.locked, []

    def waited(job: Any) -> Any:
        if job == jobs[2] and not wait:  # the one that another holds
            wait.append(job)
            seen.append([files.held(sealed.lock_of(job)) for job in jobs])
            others.close()
        return waiting(job)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealed, "locked", waited)
        with sealed.all_locked(jobs):
            seen.append([files.held(sealed.lock_of(job)) for job in jobs])
    assert seen == [[False, False, True], [True, True, True]]


@pytest.mark.parametrize(("seen", "part"), [(0, 300), (1, 300), (4, 75), (7, 43)])
def test_a_gpus_part_of_cells(seen: int, part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: seen)
    assert gpus.share(300) == part


# Whatever device and execution a cell was finished with.


def never(*_: Any) -> None:
    raise AssertionError("trained twice")


def on_another_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "name_of", lambda _: "another GPU")
    monkeypatch.setattr(device, "execution", lambda *_: "graph")
    monkeypatch.setattr(torch, "__version__", "2.99.0")


def test_a_finished_cell_is_trained_on_no_other_device_and_its_job_trains_no_mates(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    train.run(given(CELLS[0]))
    before = contents(CELLS[0].folder)
    as_on_a_gpu(monkeypatch)
    on_another_gpu(monkeypatch)
    monkeypatch.setattr(vae, "train", never)
    capsys.readouterr()
    train.run(given(CELLS[0], device="gpu"))
    assert capsys.readouterr().out == "this cell is trained already, with the same parameters, code and data\n"
    assert contents(CELLS[0].folder) == before
    assert not any(cell.ahead.exists() for cell in CELLS)


def test_a_cell_that_lies_ready_is_trained_on_no_other_device(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_gpu(monkeypatch)
    train.run(given(CELLS[0], device="gpu"))
    ready = contents(CELLS[2].ahead)
    on_another_gpu(monkeypatch)
    monkeypatch.setattr(vae, "train", never)
    train.run(given(CELLS[2], device="gpu"))
    assert contents(CELLS[2].folder) == ready
    assert files.read_json(CELLS[2].folder / "run.json")["device"] == "a GPU"


def test_a_cell_that_is_made_anew_is_trained_alone_and_leaves_the_state_of_a_stack(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    as_on_a_gpu(monkeypatch)
    train.run(given(CELLS[0], device="gpu", together=1))
    with monkeypatch.context() as patch:
        patch.setattr(stack.StackedTraining, "_save", killed)
        with pytest.raises(KeyboardInterrupt):
            train.run(given(CELLS[1], device="gpu", checkpoint_every=0))
    trainer, stacks = vae.train, []
    monkeypatch.setattr(vae, "train", lambda jobs, *more: stacks.append(len(jobs)) or trainer(jobs, *more))
    capsys.readouterr()
    train.run(given(CELLS[0], device="gpu", anew=True))
    assert "going on" not in capsys.readouterr().out
    train.run(given(CELLS[3], device="gpu"))
    assert "going on at step 3" in capsys.readouterr().out
    assert stacks == [1, 3]


def test_a_sweep_fills_its_stacks_with_cells_that_are_not_trained(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    train.run(given(CELLS[1]))
    trainer, stacks = vae.train, []
    monkeypatch.setattr(vae, "train", lambda jobs, *more: stacks.append(len(jobs)) or trainer(jobs, *more))
    monkeypatch.setattr(outputs, "report_cells", lambda *_: CELLS)
    capsys.readouterr()
    asked = vars(given(CELLS[0], name="locatello/claims", together=3, until="train"))
    del asked["anew"]  # which a sweep has not
    sweep.run(argparse.Namespace(**asked))
    assert stacks == [3]
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("[")]
    assert said == [f"[3/4] {CELLS[0]}, {CELLS[2]}, {CELLS[3]}", f"[4/4] {CELLS[1]}"]


def test_sweeps_at_once_share_the_cells_and_end_when_all_are_trained(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second sweep runs while the first trains its first cell, and a job the second cell."""
    asked = vars(given(CELLS[0], name="locatello/claims", together=1, until="train"))
    del asked["anew"]
    others, trained = contextlib.ExitStack(), []

    def run_together(by: argparse.Namespace, cells: list[Cell]) -> None:
        trained.append((by.threads, cells))
        if len(trained) == 1:
            others.enter_context(locked(Jobs(by.settings).train(CELLS[1])))
            sweep.run(argparse.Namespace(**asked | {"threads": 2}))
            others.close()

    monkeypatch.setattr(train, "run_together", run_together)
    monkeypatch.setattr(outputs, "report_cells", lambda *_: CELLS)
    sweep.run(argparse.Namespace(**asked))
    second = [(2, [CELLS[at]]) for at in (2, 3, 0, 1)]
    assert trained == [(1, [CELLS[0]]), *second, *((1, [cell]) for cell in CELLS[1:])]


def test_how_a_gpu_multiplies_is_in_its_record_alone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train.run(given(CELLS[0]))
    as_on_a_gpu(monkeypatch)
    device.choose("cpu", 1)
    train.run(given(CELLS[1], device="gpu", together=1))
    runs = [files.read_json(cell.folder / "run.json") for cell in CELLS[:2]]
    assert [run.get("float32_convolutions") for run in runs] == [None, "ieee"]
    assert torch.backends.cudnn.conv.fp32_precision == "ieee"


# A full memory.


@pytest.mark.parametrize("at", ["the start", "the first step", "the recording", "the final losses"])
def test_a_full_memory_is_one_message_wherever_it_shows(
    project: Path, at: str, monkeypatch: pytest.MonkeyPatch, recorder: Recorder
) -> None:
    as_on_a_gpu(monkeypatch)
    monkeypatch.setattr(device, "execution", lambda *_: "graph")
    monkeypatch.setattr(stack, "AT_ONCE", {})
    name = {"the start": "_initial", "the final losses": "final"}.get(at, "_losses")
    when = (lambda: recorder.capturing) if at == "the recording" else (lambda: True)
    monkeypatch.setattr(Step, name, full(getattr(Step, name), when))
    found = (
        "--together: found 4 cells at once, more than the memory of a GPU holds; allowed here: fewer; under Snakemake"
    )
    with pytest.raises(InputError, match=f"^{found}, set TOGETHER in the environment.$"):
        train.run(given(CELLS[0], device="gpu"))
    with pytest.raises(InputError, match="^--device: found one cell to train, more than the memory of a GPU holds; "):
        train.run(given(CELLS[0], device="gpu", together=1))
    assert not any(cell.folder.exists() or cell.ahead.exists() for cell in CELLS)


def test_a_memory_that_does_not_hold_what_is_encoded_is_one_message(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train.run(given(CELLS[0]))
    monkeypatch.setattr(vae, "posteriors_of", full(vae.posteriors_of))
    with pytest.raises(InputError, match="^--device: found one cell to encode, more than the memory of cpu holds; "):
        encode.run(given(CELLS[0]))


# Codes of several cells in one process.


def codes_of(cell: Cell) -> tuple[bytes, bytes]:
    """Return a cell's codes and what their seal tells."""
    return (cell.folder / "codes.npz").read_bytes(), (cell.folder / "codes.seal").read_bytes()


def encoded_alone(cells: list[Cell]) -> dict[Cell, tuple[bytes, bytes]]:
    """What each cell's own encoding leaves, which is then taken away."""
    found = {}
    for cell in cells:
        encode.run(given(cell))
        found[cell] = codes_of(cell)
        for suffix in ("npz", "seal"):
            (cell.folder / f"codes.{suffix}").unlink()
    return found


def test_cells_encoded_in_one_process_have_the_codes_that_each_has_alone_and_read_their_dataset_once(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coloured = [Cell("tiny", "locatello", "color_dsprites", cell.method, cell.lam, cell.seed) for cell in CELLS]
    reader, read = vae.dataset_files.read_grid, []
    for cells in (CELLS, coloured):
        train.run_together(given(cells[0]), cells)
        alone = encoded_alone(cells)
        with monkeypatch.context() as patch:
            patch.setattr(vae.dataset_files, "read_grid", lambda folder: read.append(folder.name) or reader(folder))
            encode.run_together(given(cells[0]), cells)
        assert {cell: codes_of(cell) for cell in cells} == alone
    assert read == ["dsprites", "color_dsprites"]


def test_the_first_encoding_on_a_gpu_is_of_all_trained_cells_whose_codes_wait_for_their_own_jobs(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    train.run_together(given(CELLS[0]), CELLS)
    alone = encoded_alone(CELLS)
    for cell in CELLS:
        shutil.rmtree(cell.folder)
    as_on_a_gpu(monkeypatch)
    train.run(given(CELLS[0], device="gpu", together=3))
    train.run(given(CELLS[1], device="gpu", together=1))  # moves what lies ready
    assert [cell.folder.exists() for cell in CELLS] == [True, True, False, False]
    assert [cell.ahead.exists() for cell in CELLS] == [False, False, True, False]
    encode.run(given(CELLS[0], device="gpu"))
    assert [(cell.ahead / "codes.npz").exists() for cell in CELLS] == [False, True, True, False]
    assert not (CELLS[1].folder / "codes.npz").exists()
    capsys.readouterr()

    monkeypatch.setattr(vae, "encode", never)
    for cell in CELLS[1:3]:
        train.run(given(cell, device="gpu"))  # what lies ahead beside a training stays when this is moved
        encode.run(given(cell, device="gpu"))
        assert f"{cell.folder}/codes.npz: encoded beside another cell" in capsys.readouterr().out
    encode.run(given(CELLS[0], device="gpu"))
    assert "current already" in capsys.readouterr().out
    assert {cell: codes_of(cell)[0] for cell in CELLS[:3]} == {cell: alone[cell][0] for cell in CELLS[:3]}
    assert not any(cell.ahead.exists() for cell in CELLS)
    # of the last, which was trained and encoded by nobody
    train.run(given(CELLS[3], device="gpu"))
    with pytest.raises(AssertionError, match="trained twice"):
        encode.run(given(CELLS[3], device="gpu"))


def test_no_process_holds_the_locks_of_more_cells_than_it_may(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is an open file, and a report may have thousands of cells."""
    train.run_together(given(CELLS[0]), CELLS)
    monkeypatch.setattr(sharing, "MOST", 3)
    reader, encoded = vae.encode, []
    monkeypatch.setattr(vae, "encode", lambda cells, *more: encoded.append(len(cells)) or reader(cells, *more))
    encode.run_together(given(CELLS[0]), CELLS)
    for cell in CELLS:
        (cell.folder / "codes.npz").unlink()
    as_on_a_gpu(monkeypatch)
    encode.run(given(CELLS[2], device="gpu"))
    assert encoded == [3, 1, 3]
    assert [(cell.ahead / "codes.npz").exists() for cell in CELLS] == [True, True, False, False]


def test_codes_that_lie_ahead_of_another_training_are_made_anew(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train.run_together(given(CELLS[0]), CELLS[:2])
    as_on_a_gpu(monkeypatch)
    encode.run(given(CELLS[0], device="gpu"))
    stale = (CELLS[1].ahead / "codes.npz").read_bytes()
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(text.replace("lr: 0.001", "lr: 0.002", 1))
    train.run(given(CELLS[1], device="gpu", together=1))
    encode.run(given(CELLS[1], device="gpu"))
    assert codes_of(CELLS[1])[0] != stale
    assert not CELLS[1].ahead.exists()


def test_a_mate_whose_training_is_damaged_is_left_to_its_own_job(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train.run_together(given(CELLS[0]), CELLS)
    (CELLS[1].folder / "checkpoint.safetensors").write_bytes(b"damaged")
    as_on_a_gpu(monkeypatch)
    encode.run(given(CELLS[0], device="gpu"))
    assert [(cell.ahead / "codes.npz").exists() for cell in CELLS] == [False, False, True, True]
    with pytest.raises(InputError, match="checkpoint.safetensors: not as its seal tells"):
        encode.run(given(CELLS[1], device="gpu"))


def test_damage_of_a_mate_that_a_look_does_not_see_is_left_to_its_own_job(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train.run_together(given(CELLS[0]), CELLS)
    monkeypatch.setattr(sealed.Found, "_damage", lambda *_: None)
    (CELLS[1].folder / "checkpoint.safetensors").write_bytes(b"damaged")
    as_on_a_gpu(monkeypatch)
    encode.run(given(CELLS[0], device="gpu"))
    assert (CELLS[0].folder / "codes.npz").exists()
    assert [(cell.ahead / "codes.npz").exists() for cell in CELLS] == [False, False, True, True]


def test_a_mate_that_its_own_job_is_at_is_not_waited_for(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_gpu(monkeypatch)
    train.run(given(CELLS[0], device="gpu"))
    with locked(Jobs(params.load()).train(CELLS[2])):
        encode.run(given(CELLS[0], device="gpu"))
    assert [(cell.ahead / "codes.npz").exists() for cell in CELLS] == [False, True, False, True]


@pytest.mark.parametrize("stage", [train, encode])
def test_what_was_put_into_place_is_not_left_ahead_after_a_kill(
    project: Path, stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed once all is in place, and before what lay ahead is gone; and one that was killed while it wrote ahead."""
    as_on_a_gpu(monkeypatch)
    train.run(given(CELLS[0], device="gpu"))
    if stage is encode:
        train.run(given(CELLS[1], device="gpu"))
        encode.run(given(CELLS[0], device="gpu"))
    (CELLS[1].ahead / f".{'codes.npz' if stage is encode else 'run.json'}.{'0' * 16}.part").write_bytes(b"half")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(sealed, "forget", interrupted)
        stage.run(given(CELLS[1], device="gpu"))
    assert CELLS[1].ahead.exists()
    stage.run(given(CELLS[1], device="gpu"))
    assert not CELLS[1].ahead.exists()


def interrupted(*_: Any) -> None:
    raise KeyboardInterrupt


def test_a_cluster_gives_a_training_what_the_state_of_the_largest_stack_needs() -> None:
    """Weights and two moments of each, in float32, held twice: as bytes of a file and as tensors."""
    paper = yaml.safe_load(committed_params())["scales"]["paper"]["studies"]["locatello"]
    model, critic = paper["model"], paper["training"]["discriminator"]
    networks = (
        VAE(64, 3, model["latent"], tuple(model["conv"]), model["hidden"]),
        Discriminator(model["latent"], critic["layers"], critic["hidden"]),
    )
    generator = torch.Generator().manual_seed(0)
    weights = sum(weight.numel() for network in networks for weight in network.initial(generator).values())
    state = len(paper["seeds"]) * len(paper["methods"]["factor_vae"]["lam"]) * weights * 3 * 4
    assert state == pytest.approx(20.6e9, rel=0.01)
    given = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())["set-resources"]["train"]
    assert given["mem_mb"] * 1e6 > 3 * state


def test_compiling_is_refused_where_a_family_has_no_compiled_step(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vae, "COMPILED", False)
    expected = "^--execution: found compiled; allowed for this study: auto, eager, and graph on a GPU.$"
    with pytest.raises(InputError, match=expected):
        train.run(given(CELLS[0], execution="compiled"))
    assert not CELLS[0].folder.exists()


def test_a_compiler_that_is_not_there_is_one_message(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = torch._dynamo.exc.BackendCompilerFailed(None, ValueError("no working C++ compiler"), None)
    monkeypatch.setattr(Step, "_losses", lambda *_: (_ for _ in ()).throw(failed))
    with pytest.raises(InputError, match="^--execution: found compiled, which torch cannot do here .*C\\+\\+ compiler"):
        train.run(given(CELLS[0], execution="compiled"))
    with pytest.raises(torch._dynamo.exc.BackendCompilerFailed):
        train.run(given(CELLS[0], execution="eager"))


def as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for a GPU: what decides is the kind of device, what computes is the CPU."""
    chosen = device.choose
    monkeypatch.setattr(device, "choose", lambda name, threads: Gpu() if name == "gpu" else chosen(name, threads))
    monkeypatch.setattr(vae, "train", on_cpu(vae.train))
    monkeypatch.setattr(vae, "encode", on_cpu(vae.encode))
    monkeypatch.setattr(device, "name_of", lambda _: "a GPU")
    monkeypatch.setattr(device, "execution", lambda *_: "eager")


class Gpu:
    type = "cuda"


def on_cpu(stage: Any) -> Any:
    def run(cells: Any, dataset: Path, _: Any, *more: Any) -> Any:
        return stage(cells, dataset, torch.device("cpu"), *more)

    return run


def test_a_run_knows_its_losses_and_an_untrained_one_has_none_but_the_last(project: Path) -> None:
    control = Cell("tiny", "locatello", "dsprites", "untrained", 0.0, 0)
    for cell in (CELLS[2], control):
        train.run(given(cell))
    run = files.read_json(CELLS[2].folder / "run.json")
    final = run["final"]
    assert final["loss"] == pytest.approx(final["reconstruction"] + final["regularizer"], rel=1e-6)
    assert final["regularizer"] == pytest.approx(4 * final["kl"], rel=1e-6)
    assert run["parameters"] == sum(w.numel() for w in weights(CELLS[2]).values())
    assert seals.read(CELLS[2].folder / "checkpoint.seal").digest == plan.train(params.load(), CELLS[2])
    assert files.read_json(control.folder / "timing.json")["steps"] == 0
    assert (control.folder / "history.csv").read_text() == "step\n"
    assert files.read_json(control.folder / "run.json")["final"]["loss"] > 0


def weights(cell: Cell) -> dict[str, torch.Tensor]:
    return vae.checkpoint.read_weights(cell.folder / "checkpoint.safetensors")


def test_codes_are_of_every_image_in_order_and_seen_alike_by_every_model(project: Path) -> None:
    coloured = [Cell("tiny", "locatello", "color_dsprites", "beta_vae", 1.0, seed) for seed in (0, 1)]
    for cell in (CELLS[0], *coloured):
        train.run(given(cell))
        encode.run(given(cell))
    codes = files.read_arrays(CELLS[0].folder / "codes.npz")
    assert {name: (code.shape, code.dtype) for name, code in codes.items()} == {
        name: ((3 * 2 * 4 * 4 * 4, 3), np.dtype(np.float32)) for name in ("mean", "logvar")
    }
    first = {cell: files.read_arrays(cell.folder / "codes.npz") for cell in coloured}
    encode.run(given(coloured[0], anew=True))
    again = files.read_arrays(coloured[0].folder / "codes.npz")
    assert again["mean"].tobytes() == first[coloured[0]]["mean"].tobytes()
    assert first[coloured[0]]["mean"].tobytes() != first[coloured[1]]["mean"].tobytes()


def test_a_run_that_diverged_is_recorded_and_not_measured(project: Path) -> None:
    data = yaml.safe_load(Path("params.yaml").read_text())
    data["scales"]["tiny"]["studies"]["locatello"]["training"]["lr"] = 1000.0
    Path("params.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
    train.run(given(CELLS[0]))
    run = files.read_json(CELLS[0].folder / "run.json")
    assert run["status"] == "diverged"
    assert set(run["final"].values()) == {None}
    encode.run(given(CELLS[0]))
    measure.run(given(CELLS[0]))
    scores = files.read_json(CELLS[0].folder / "metrics.json")["scores"]
    assert {name for name, found in scores["mean"].items() if found is None} == set(scores["mean"])


def test_families_say_whether_they_stack() -> None:
    assert (contrastive.STACKED, vae.STACKED) == (False, True)
