"""The progress display: its numbers by value, and what a person reads from a real Snakemake run."""

import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from logging import ERROR, INFO, WARNING, LogRecord
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from snakemake_logger_plugin_disentangle import (
    Job,
    LogHandler,
    clock,
    failure,
    fraction,
    label,
    last_lines,
    seconds_left,
    status,
)

SRC = Path(__file__).parents[1] / "src"


def test_label_names_what_tells_jobs_apart() -> None:
    cell = {"scale": "demo", "study": "burns", "dataset": "DC-BC", "method": "ortho", "lam": "0.1", "seed": "1"}
    assert label("train", cell) == "train DC-BC/ortho lam=0.1 seed=1"
    assert label("generate", {"scale": "demo", "dataset": "DC-BC"}) == "generate DC-BC"
    assert label("report", {"report": "table3"}) == "report table3"
    assert label("all", {}) == "all"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.4, "0:00"), (59.6, "1:00"), (250, "4:10"), (3599.7, "1:00:00"), (3723, "1:02:03")]
)
def test_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("step 400/1000  loss 3.214  1.2 s left", 0.4),
        ("epoch 1, step 3/4", 0.75),
        ("step 0/9", 0),
        ("", 0),
        ("step 1/0", 0),
    ],
)
def test_fraction(line: str, part: float) -> None:
    assert fraction(line, elapsed=10) == part
    assert fraction(line, elapsed=1) == 0


def test_last_lines_are_the_end_of_what_was_written(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert last_lines(log, 3) == []
    log.write_text("")
    assert last_lines(log, 3) == []
    log.write_text("one\n\ntwo\rthree  \n\n")
    assert last_lines(log, 2) == ["two", "three"]
    log.write_bytes(b"\x1b[31mred\x1b[0m \xff\n")
    assert last_lines(log, 1) == ["[31mred[0m \N{REPLACEMENT CHARACTER}"]


def test_last_lines_reads_four_kibibytes_and_no_cut_line(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("".join(f"{number:07}\n" for number in range(100_000)))  # lines of 8 bytes: 512 fit
    assert last_lines(log, 1) == ["0099999"]
    assert last_lines(log, 1000) == [f"{number:07}" for number in range(100_000 - 511, 100_000)]
    log.write_text("x" * 10_000)
    assert last_lines(log, 1) == ["x" * 4096]


def test_last_lines_of_an_earlier_run_are_not_shown(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("step 9/10\n")
    os.utime(log, (1000, 1000))
    assert last_lines(log, 1, since=1001) == []
    assert last_lines(log, 1, since=999) == ["step 9/10"]


def test_time_left_needs_a_known_majority() -> None:
    jobs = {"generate": 2, "train": 4}
    assert seconds_left(jobs, {}, [], 2, now=0) is None
    assert seconds_left(jobs, {"generate": [4.0]}, [Job("generate")], 2, now=1) is None  # 2 of 6 jobs are known
    assert seconds_left({"train": 4}, {"train": [10.0] * 4}, [], 2, now=0) is None  # nothing is left


def test_time_left_of_waiting_jobs_is_mean_times_number_over_cores() -> None:
    assert seconds_left({"train": 10}, {"train": [8.0, 12.0]}, [], 2, now=0) == pytest.approx(8 * 10 / 2)
    assert seconds_left({"train": 10, "all": 1}, {"train": [8.0, 12.0]}, [], 1, now=0) == pytest.approx(80)


def test_time_left_of_running_jobs() -> None:
    stepping = Job("train", line="step 250/1000 loss 3.1")
    # 20 s for a quarter: 60 s to go; three waiting trainings of 80 s
    assert seconds_left({"train": 4}, {}, [stepping], 1, now=20) == pytest.approx(60 + 3 * 80)
    # the longest job bounds the end
    assert seconds_left({"train": 1}, {}, [stepping], 8, now=20) == pytest.approx(60)
    assert seconds_left({"train": 4}, {}, [stepping], 1, now=2) is None  # it has just begun
    # no step counter: the rule's mean less what has passed; a late job has nothing left
    silent = [Job("probe", started=97), Job("probe", started=50)]
    assert seconds_left({"probe": 4}, {"probe": [10.0]}, silent, 2, now=100) == pytest.approx((7 + 0 + 10) / 2)


def test_time_left_counts_core_seconds_of_wide_jobs() -> None:
    wide = Job("train", threads=4, line="step 1/2")
    # 10 s to go on 4 cores; one waiting job of 20 s x 4 cores on the same 4 cores
    assert seconds_left({"train": 2}, {}, [wide], 4, now=10) == pytest.approx(10 + 20)


def test_status_line() -> None:
    running = [
        Job("train", "train DC-BC/ortho lam=0.1 seed=1", line="step 400/1000  loss 3.214  1.2 s left"),
        Job("probe", "probe DC-BC/hessian lam=0.1 seed=0"),
    ]
    assert status(12, 52, 250, running) == (
        "[12/52 jobs] 4:10 left | train DC-BC/ortho lam=0.1 seed=1: step 400/1000 loss 3.214"
        " | probe DC-BC/hessian lam=0.1 seed=0"
    )
    assert status(0, 52, None, []) == "[0/52 jobs] estimating"


def test_failure_shows_the_log_or_else_the_command(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("".join(f"line {number}\n" for number in range(20)))
    shown = failure("train A", "returned non-zero exit status 1", [str(log)], "run").splitlines()
    assert shown[:2] == ["FAILED  train A: returned non-zero exit status 1", f"  log: {log}"]
    assert shown[2:] == [f"    line {number}" for number in range(10, 20)]
    assert failure("a", "", ["no.log"], "run x") == "FAILED  a\n  log: no.log (empty or missing)\n  command: run x"
    assert failure("a", "", [], "run x") == "FAILED  a\n  command: run x"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def handler(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, **wanted: Any) -> LogHandler:
    monkeypatch.setattr(sys, "stderr", stream)
    settings = {"dryrun": False, "verbose": False, "printshellcmds": False, "debug_dag": False, "quiet": None} | wanted
    return LogHandler(SimpleNamespace(**settings), None)  # type: ignore[arg-type]


def send(to: LogHandler, event: str | None, text: str = "", level: int = INFO, **fields: Any) -> None:
    record = LogRecord("snakemake", level, "", 0, text, None, None)
    vars(record).update(event=event, **fields)
    to.emit(record)


def start(to: LogHandler, log: Path) -> None:
    send(to, "workflow_started")
    send(to, "run_info", stats={"train": 2, "total": 2})
    fields: dict[str, Any] = {"log": [str(log)], "wildcards": {"seed": "1"}, "threads": 1, "shellcmd": "run"}
    send(to, "job_info", jobid=7, rule_name="train", created=time.time() - 10, **fields)


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_terminal_redraws_one_line_within_its_width(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("snakemake_logger_plugin_disentangle.REDRAW", 0.02)
    log, stream = tmp_path / "a.log", Terminal()
    log.write_text("step 1/2  loss 3.214 and a tail that does not fit\n")
    to = handler(monkeypatch, stream)
    start(to, log)
    wait_for(lambda: stream.getvalue().count("\r") > 3)  # no message arrives: the clock redraws
    send(to, "job_finished", job_id=7)
    to.close()
    drawn = stream.getvalue().split("\r\x1b[K")
    assert re.fullmatch(r"\[0/2 jobs\] 0:3\d left \| train seed=1: st", drawn[1])
    assert {len(line) for line in drawn[1:-2]} == {39}
    assert drawn[-2].startswith("  1/2  train seed=1 ") and drawn[-2].endswith(" s\n") and drawn[-1] == ""


def test_pipe_gets_a_plain_status_line_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snakemake_logger_plugin_disentangle.REDRAW", 0.02)
    monkeypatch.setattr("snakemake_logger_plugin_disentangle.PLAIN", 0.1)
    log, stream = tmp_path / "a.log", io.StringIO()
    log.write_text("step 1/2  loss 3.214\n")
    to = handler(monkeypatch, stream)
    start(to, log)
    begun = time.monotonic()
    wait_for(lambda: stream.getvalue().count("\n") > 1)
    to.close()
    assert time.monotonic() - begun > 0.15
    for line in stream.getvalue().splitlines():
        assert re.fullmatch(r"\[0/2 jobs\] 0:3\d left \| train seed=1: step 1/2 loss 3\.214", line)


def test_errors_and_unknown_events_are_never_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    to = handler(monkeypatch, stream, quiet={"rules", "progress"})
    send(to, "workflow_started")
    send(to, None, "Select jobs to execute...")
    send(to, "shellcmd", "Shell command: run")
    send(to, "resources_info", "Provided cores: 2")
    send(to, None, "Cannot restore data/codes.npz: no backup found.", WARNING)
    assert stream.getvalue() == ""
    send(to, None, "careful", WARNING)
    send(to, "group_error", "Error in group 1", ERROR)
    send(to, "of_a_later_snakemake", "news")
    send(to, None, "Nothing to be done (all requested files are present and up to date).")
    assert stream.getvalue().splitlines()[:3] == ["careful", "Error in group 1", "news"]
    assert stream.getvalue().splitlines()[3].startswith("Nothing to be done")


@pytest.mark.parametrize("wish", ["dryrun", "verbose", "printshellcmds", "debug_dag"])
def test_snakemake_keeps_its_own_output_when_asked_for(monkeypatch: pytest.MonkeyPatch, wish: str) -> None:
    stream = io.StringIO()
    to = handler(monkeypatch, stream, **{wish: True})
    send(to, None, "boom", ERROR)
    assert not to.writes_to_stream and stream.getvalue() == ""


SNAKEFILE = """
if config.get("lam") == "many":
    raise WorkflowError("params.yaml: lam must be a number, found 'many'")

rule all:
    input: "DC-BC.npz", "bad.txt"

rule generate:
    output: "{dataset}.npz"
    log: "logs/{dataset}.log"
    shell: "echo writing > {log} && touch {output}"

rule bad:
    output: "bad.txt"
    log: "logs/bad.log"
    shell:
        '''
        (echo reading; echo "params.yaml: no such method"; exit 3) > {log} 2>&1
        '''

rule forgetful:
    output: "forgotten.txt"
    shell: "true"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("workflow")
    (path / "Snakefile").write_text(SNAKEFILE)
    return path


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--latency-wait", "0", "--logger", "disentangle"]
    environment = os.environ | {"PYTHONPATH": str(SRC), "TERM": "dumb"}
    return subprocess.run(
        [*command, "--keep-going", *arguments], cwd=folder, env=environment, text=True, capture_output=True, timeout=120
    )


def test_a_run_shows_finished_jobs_and_why_a_job_failed(folder: Path) -> None:
    dry = snakemake(folder, "-n")
    assert dry.returncode == 0 and dry.stderr == ""
    assert re.search(r"^generate +1$", dry.stdout, re.MULTILINE) and re.search(r"^total +3$", dry.stdout, re.MULTILINE)
    assert "reason: Missing output files: bad.txt" in dry.stdout

    run = snakemake(folder)
    assert run.returncode == 1
    assert re.search(r"^  1/3  generate DC-BC {31,}\d\.\d s$", run.stderr, re.MULTILINE)
    assert (
        "FAILED  bad: returned non-zero exit status 3\n"
        "  log: logs/bad.log\n    reading\n    params.yaml: no such method\n" in run.stderr
    )
    assert "WorkflowError:\nAt least one job did not complete successfully." in run.stderr
    for noise in ("CalledProcessError", "Traceback", "Building DAG", "Provided cores", "reason:", "echo", "None"):
        assert noise not in run.stderr

    again = snakemake(folder, "DC-BC.npz")
    assert again.returncode == 0
    assert again.stderr == "Nothing to be done (all requested files are present and up to date).\n"


def test_snakemakes_own_errors_stay_visible(folder: Path) -> None:
    parsing = snakemake(folder, "--config", "lam=many")
    assert parsing.returncode == 1 and "params.yaml: lam must be a number, found 'many'" in parsing.stderr
    forgotten = snakemake(folder, "forgotten.txt")
    assert forgotten.returncode == 1 and "MissingOutputException in rule forgetful" in forgotten.stderr
    assert snakemake(folder, "--unlock").stderr == "Unlocked working directory.\n"
