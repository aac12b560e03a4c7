"""Snakemake's messages as one live status line and one line a finished job (``snakemake --logger disentangle``).

A dry run, and a run that asks for more messages (--verbose, --printshellcmds, --debug-dag), keep Snakemake's own
output; --quiet leaves the errors. The complete messages of every run are in .snakemake/log/ as always.
"""

import os
import re
import shutil
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from logging import WARNING, LogRecord
from pathlib import Path
from statistics import fmean
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

REDRAW = 1.0  # seconds between two status lines on a terminal
WARM_UP = 3.0  # seconds: imports and the first steps say little about a job's speed
PLAIN, PLAIN_WIDTH = 15.0, 200  # the same in a file or pipe, and its longest line there
TAIL_BYTES, TAIL_LINES = 4096, 10  # read of a log; shown of a failed job's log

STEP = re.compile(r"step (\d+)/(\d+)")
TIME_LEFT = re.compile(r"[\s,;|]*[\d.:]+ ?[smh]* left$")  # a log's own estimate
OWN_PLACE = {"scale", "study", "dataset", "method", "lam", "seed"}
NO_OUTPUT = re.compile(r"^Job (\d+)\s+completed successfully, but", re.MULTILINE)

# Plain messages answer the user before a run starts (--unlock, --lint, --report) and are chatter during a run, but for:
CHATTER = ("Assuming unrestricted shared filesystem", "Building DAG")
UNSAID = ("Cannot restore", "Restored previous version")  # of the files that were there before a job failed
NEWS = ("Nothing to be done", "Trying to restart", "Terminating processes", "Will exit after")


def label(rule: str, wildcards: Mapping[str, str]) -> str:
    """Return a job's short name, such as ``train DC-BC/ortho lam=0.1 seed=1``; scale and study are left out."""
    subject = "/".join(wildcards[name] for name in ("dataset", "method") if name in wildcards)
    numbers = [f"{name}={wildcards[name]}" for name in ("lam", "seed") if name in wildcards]
    others = [value for name, value in wildcards.items() if name not in OWN_PLACE]
    return " ".join(filter(None, [rule, subject, *numbers, *others]))


def clock(seconds: float) -> str:
    """Return seconds as ``4:10`` or ``1:02:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def last_lines(path: Path, count: int, since: float = 0.0) -> list[str]:
    """Return the last non-blank lines in a log's last 4 KiB; none if it is missing or older than ``since`` (Unix s)."""
    try:
        with open(path, "rb") as file:
            facts = os.fstat(file.fileno())
            file.seek(max(facts.st_size - TAIL_BYTES, 0))
            lines = re.split(r"[\r\n]+", file.read(TAIL_BYTES).decode(errors="replace"))
    except OSError:
        return []
    if facts.st_mtime < since:
        return []  # left by an earlier run
    if facts.st_size > TAIL_BYTES and len(lines) > 1:
        del lines[0]  # its start was not read
    clean = ("".join(filter(str.isprintable, line.expandtabs())).rstrip() for line in lines)
    return [line for line in clean if line][-count:]


def fraction(line: str, elapsed: float) -> float:
    """Return the part done that a log line's ``step 400/1000`` tells, 0 if it tells none or the job has just begun."""
    found = STEP.search(line)
    return int(found[1]) / int(found[2]) if found and int(found[2]) and elapsed >= WARM_UP else 0.0


@dataclass
class Job:
    """A started job: its start in Unix seconds, and what it last wrote to its log."""

    rule: str
    label: str = ""
    logs: Sequence[str] = ()
    command: str = ""
    threads: int = 1
    started: float = 0.0
    line: str = ""


def seconds_left(
    jobs: Mapping[str, int], finished: Mapping[str, Sequence[float]], running: Collection[Job], slots: int, now: float
) -> float | None:
    """Return the seconds until the run ends, or None while they would be a guess.

    max(longest rest of a running job, (core-seconds left of running jobs + sum of waiting jobs' costs) / slots), where
    a rule's cost is the mean core-seconds of its finished jobs and of its running jobs' elapsed / part done. Jobs of
    rules without a cost count nothing; None while they are the majority, and when nothing known is left.

    ``jobs``: the run's jobs by rule; ``finished``: core-seconds of each finished job; ``slots``: cores in use.
    """
    timed = [(job, now - job.started, fraction(job.line, now - job.started)) for job in running]
    seen = {rule: list(costs) for rule, costs in finished.items()}
    for job, elapsed, part in timed:
        if part:
            seen.setdefault(job.rule, []).append(job.threads * elapsed / part)
    cost = {rule: fmean(costs) for rule, costs in seen.items()}
    totals = [elapsed / part if part else cost.get(job.rule, 0.0) / job.threads for job, elapsed, part in timed]
    rests = [max(total - elapsed, 0.0) for total, (_, elapsed, _) in zip(totals, timed, strict=True)]
    begun = Counter(job.rule for job in running) + Counter({rule: len(costs) for rule, costs in finished.items()})
    work = sum(rest * job.threads for rest, job in zip(rests, running, strict=True))
    work += sum(cost[rule] * max(jobs.get(rule, 0) - begun[rule], 0) for rule in cost)
    if work <= 0 or 2 * sum(jobs.get(rule, 0) for rule in cost) < sum(jobs.values()):
        return None
    return max(work / slots, *rests, 0.0)


def status(done: int, total: int, left: float | None, running: Iterable[Job]) -> str:
    """Return the status line, such as ``[12/52 jobs] 4:10 left | probe A/b: step 4/9 loss 3.2 | train A/c``."""
    head = f"[{done}/{total} jobs] " + ("estimating" if left is None else f"{clock(left)} left")
    lines = [(job.label, " ".join(TIME_LEFT.sub("", job.line).split())) for job in running]
    return " | ".join([head, *(": ".join(filter(None, pair)) for pair in lines)])


def failure(name: str, reason: str, logs: Sequence[str], command: str) -> str:
    """Return the message of a failed job: what failed and why, and the end of its logs or else its command."""
    lines = [f"FAILED  {name}" + (f": {reason}" if reason else "")]
    tails = {log: last_lines(Path(log), TAIL_LINES) for log in logs}
    for log, tail in tails.items():
        lines += [f"  log: {log}" + ("" if tail else " (empty or missing)"), *(f"    {line}" for line in tail)]
    if command and not any(tails.values()):
        lines.append(f"  command: {command}")
    return "\n".join(lines)


class LogHandler(LogHandlerBase):
    """The handler that Snakemake finds by this module's name; its records arrive on a thread of their own."""

    writes_to_file = needs_rulegraph = False
    has_filter = has_formatter = True

    def __post_init__(self) -> None:
        wanted = self.common_settings
        self.active = not (wanted.dryrun or wanted.verbose or wanted.printshellcmds or wanted.debug_dag)
        self.quiet = bool({"all", "progress", "rules"} & {str(kind) for kind in wanted.quiet or ()})
        self.stream = sys.stderr
        self.live = self.stream.isatty() and os.environ.get("TERM") != "dumb" and not self.quiet
        self.in_run = False
        self.done = self.total = 0
        self.jobs: dict[str, int] = {}
        self.finished: defaultdict[str, list[float]] = defaultdict(list)
        self.running: dict[int, Job] = {}
        self.reasons: dict[int, str] = {}
        self.slots = 1  # most cores in use so far
        self.shown = time.monotonic()
        self.closed = threading.Event()
        self.drawing = threading.RLock()

    @property
    def writes_to_stream(self) -> bool:
        """Whether this plugin writes the messages; if not, Snakemake's default handler does."""
        return self.active

    def emit(self, record: LogRecord) -> None:
        """Show one record; an exception from here would end the thread that delivers all later ones."""
        if self.active:
            try:
                with self.drawing:
                    self._show(record, record.getMessage(), vars(record))
            except Exception:
                self.handleError(record)

    def _show(self, record: LogRecord, text: str, fields: dict[str, Any]) -> None:
        match fields.get("event"):
            case LogEvent.WORKFLOW_STARTED:
                self.in_run = True
            case LogEvent.RUN_INFO:
                self.jobs = dict(fields["stats"])
                self.total = self.jobs.pop("total")
                threading.Thread(target=self._tick, daemon=True).start()
            case LogEvent.JOB_INFO:
                rule, logs, command, threads = (fields[key] for key in ("rule_name", "log", "shellcmd", "threads"))
                job = Job(rule, label(rule, fields["wildcards"]), logs, command or "", threads or 1, record.created)
                self.running[fields["jobid"]] = job
                self.slots = max(self.slots, sum(job.threads for job in self.running.values()))
            case LogEvent.JOB_FINISHED:
                job = self.running.pop(fields["job_id"])
                self.done += 1
                seconds = record.created - job.started
                self.finished[job.rule].append(seconds * job.threads)
                if not self.quiet:
                    took = f"{seconds:.1f} s" if seconds < 100 else clock(seconds)
                    self._print(f"{self.done:>3}/{self.total}  {job.label:<44} {took:>7}")
            case LogEvent.PROGRESS:
                self.total = fields["total"]  # a checkpoint may have added jobs
            case LogEvent.JOB_ERROR:
                rule, number = fields["rule_name"], fields["jobid"]
                name = self.running.pop(number, Job(rule, label=rule)).label
                reason = fields["rule_msg"] or self.reasons.pop(number, "")
                self._print(failure(name, reason, fields["log"], fields["shellcmd"] or ""))
            case LogEvent.ERROR if self._announces_job_error(text):
                pass
            case _ if text.startswith(UNSAID):
                pass
            case event:
                chatter = text.startswith(CHATTER) or (self.in_run and not text.startswith(NEWS))
                if record.levelno >= WARNING or not (chatter if event is None else event in set(LogEvent)):
                    self._print(text)

    def _announces_job_error(self, text: str) -> bool:
        """Keep why a job's command failed for the JOB_ERROR that follows (there is none for a missing output)."""
        if missing := NO_OUTPUT.search(text):
            self.running.pop(int(missing[1]), None)
        for number, job in self.running.items():
            _, found, reason = text.partition(f"{job.command.strip()}' ")
            if job.command and found and "CalledProcessError" in text:
                self.reasons[number] = reason.rstrip(".")
                return True
        return False

    def _status(self) -> str:
        for job in self.running.values():
            line = "".join(last_lines(Path(job.logs[0]), 1, since=job.started - 1)) if job.logs else ""
            job.line = "" if line.startswith("error:") else line  # which is told in full as soon as the job has ended
        left = seconds_left(self.jobs, self.finished, self.running.values(), self.slots, time.time())
        return status(self.done, self.total, left, self.running.values())

    def _tick(self) -> None:
        while not self.quiet and not self.closed.wait(REDRAW):
            with self.drawing:
                if self.live:
                    self._print()
                elif self.running and time.monotonic() - self.shown >= PLAIN:
                    self.shown = time.monotonic()
                    self._print(self._status()[:PLAIN_WIDTH])

    def _print(self, text: str = "") -> None:
        """Write permanent lines, and on a terminal the status line below them."""
        out = f"{text}\n" if text else ""
        if self.live:
            running = self.running and not self.closed.is_set()
            out = f"\r\x1b[K{out}" + (self._status()[: shutil.get_terminal_size().columns - 1] if running else "")
        with suppress(OSError, ValueError):  # nobody reads any more: the run goes on
            self.stream.write(out)
            self.stream.flush()

    def close(self) -> None:
        """Stop the clock and leave a clean line."""
        self.closed.set()
        if self.active and self.live:
            with self.drawing:
                self._print()
        super().close()
