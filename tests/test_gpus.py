"""Jobs on a machine of several GPUs: each computes on one, and holds it until it ends. The GPUs are stand-ins."""

import argparse
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import yaml
from conftest import PARAMS, ROOT

from disentangle import __main__ as command
from disentangle.errors import InputError
from disentangle.pipeline import gpus
from disentangle.stages import train

CELL = ["--scale=tiny", "--study=burns", "--dataset=DC-BC", "--method=ortho", "--lam=0.1", "--seed=0"]
HOLD = """
import sys
from types import SimpleNamespace
of = lambda index: SimpleNamespace(uuid="abc"[index])
cuda = SimpleNamespace(device_count=lambda: 3, get_device_properties=of, set_device=lambda index: None)
sys.modules["torch"] = SimpleNamespace(cuda=cuda)
from disentangle.pipeline import gpus
with gpus.taken("auto") as name:
    print(name, flush=True)
    sys.stdin.read()
"""


class Box:
    """A machine whose GPUs are named by letters, and its jobs."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.jobs, self.current = ExitStack(), list[int]()
        self._patch = patch
        patch.setattr(torch.cuda, "set_device", self.current.append)
        self.see("abc")

    def see(self, letters: str) -> None:
        """Let torch see these GPUs."""
        self._patch.setattr(torch.cuda, "device_count", lambda: len(letters))
        self._patch.setattr(torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid=letters[index]))

    def start(self, device: str = "auto") -> tuple[str, Callable[[], None]]:
        """Start a job; return its device, and what ends it."""
        job = self.jobs.enter_context(ExitStack())
        return job.enter_context(gpus.taken(device)), job.close


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    monkeypatch.chdir(tmp_path)
    made = Box(monkeypatch)
    with made.jobs:
        yield made


def test_each_job_takes_the_gpu_that_the_fewest_hold(box: Box) -> None:
    assert [box.start(device)[0] for device in ("auto", "cuda", "auto", "auto", "auto")] == [
        "cuda:0", "cuda:1", "cuda:2", "cuda:0", "cuda:1"
    ]  # fmt: skip
    assert box.current == [0, 1, 2, 0, 1]


def test_a_gpu_is_free_once_its_job_ends(box: Box) -> None:
    jobs = [box.start() for _ in range(3)]
    jobs[1][1]()
    assert box.start()[0] == "cuda:1"


def test_jobs_are_counted_whichever_of_them_end(box: Box) -> None:
    """Of three jobs on the first GPU the one that came first ends; still there are more than elsewhere."""
    box.see("ab")
    jobs = [box.start(device) for device in ("cuda:0", "cuda:0", "cuda:0", "auto")]
    assert [device for device, _ in jobs] == ["cuda:0", "cuda:0", "cuda:0", "cuda:1"]
    jobs[0][1]()
    assert [box.start()[0] for _ in range(2)] == ["cuda:1", "cuda:0"]


def test_a_gpu_is_the_same_under_whatever_number_a_job_sees_it(box: Box) -> None:
    box.see("bc")
    assert box.start()[0] == "cuda:0"
    box.see("abc")
    assert [box.start()[0] for _ in range(2)] == ["cuda:0", "cuda:2"]


@pytest.mark.parametrize(
    ("letters", "device"),
    [("", "auto"), ("a", "auto"), ("a", "cuda:0"), ("abc", "cpu"), ("abc", "cuda:3"), ("abc", "gpu")],
)
def test_nothing_is_held_where_there_is_no_choice(box: Box, letters: str, device: str) -> None:
    box.see(letters)
    assert box.start(device)[0] == box.start(device)[0] == device
    assert box.current == []
    assert [*Path().iterdir()] == []


def test_processes_that_start_at_once_take_different_gpus_and_a_killed_one_holds_none(box: Box) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    pipe = subprocess.PIPE
    running = [
        box.jobs.enter_context(
            subprocess.Popen([sys.executable, "-c", HOLD], env=environment, stdin=pipe, stdout=pipe, text=True)
        )
        for _ in range(4)
    ]
    try:
        # The last line: before it, who waited while another one chose says so.
        held = [next(line.strip() for line in job.stdout if line.startswith("cuda")) for job in running]
        assert Counter(held) == {"cuda:0": 2, "cuda:1": 1, "cuda:2": 1}
        running[held.index("cuda:2")].kill()
        running[held.index("cuda:2")].wait()
        assert box.start()[0] == "cuda:2"
    finally:
        for job in running:
            job.kill()


def test_a_stage_is_given_the_gpu_that_its_process_holds(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("params.yaml").write_text(yaml.safe_dump(PARAMS, sort_keys=False))
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # to be set back after a stage set it
    told: list[tuple[str, str]] = []

    def run(given: argparse.Namespace) -> None:
        told.append((given.device, box.start()[0]))

    monkeypatch.setattr(train, "run", run)
    _, end = box.start()
    assert command.main(["train", *CELL]) == 0
    assert command.main(["train", *CELL, "--device=cuda:0"]) == 0
    end()
    assert command.main(["train", *CELL]) == 0
    # Beside each, a job that came later and stays.
    assert told == [("cuda:1", "cuda:2"), ("cuda:0", "cuda:1"), ("cuda:0", "cuda:0")]


def test_a_lock_that_cannot_be_made_is_one_message(box: Box) -> None:
    gpus.LOCKS.parent.mkdir(parents=True)
    gpus.LOCKS.write_text("a file")
    with pytest.raises(InputError, match=r"data/resume/locks/gpus/choice\.lock: cannot be written"):
        box.start()
