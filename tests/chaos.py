"""Break finished projects at random and hold the pipeline to its promise.

`python tests/chaos.py --faults 300 --seed 1` draws fault N from (seed, N), so `--only N` does it again. It is done to a
copy of a tiny finished project; then the command that a user would give must end in the results of an undisturbed run,
or in one message and, once the cause of that is gone, in these results. A line is printed for each fault; the exit
status is 1 if one broke the promise.
"""

import argparse
import contextlib
import hashlib
import importlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import conftest
import psutil
import yaml
from conftest import ROOT, Project

sys.path.insert(0, str(ROOT / "src"))

from disentangle import registry
from disentangle.cells import DATASETS, REPORTS, RESUME, RUNS, TRAINED
from disentangle.pipeline import outputs, seals
from disentangle.pipeline.hashes import STORE

TIMED_LINE = re.compile(rb".*(?:training time|training finished|revision|reported at|trained at|<code>).*")
"""Lines of reports and pages that tell when, for how long and at which revision cells were trained."""
TIMED_TABLES = {b",seconds\n": re.compile(rb",[\d.]+$", re.M), b"seconds of training": re.compile(rb"\b\d+\.\d\b")}
"""How a table that has a column of seconds spells them, by its header."""
BROKEN = ("SILENT", "TRACEBACK", "HUNG", "MUTE", "STUCK", "TWICE")
"""Outcomes that break the promise: other results without a word, no word, no way on, or a refusal without a cause."""
TRACEBACK = re.compile(r"^Traceback \(most recent call last\)|^ *File \".+\", line \d+, in ", re.M)
"""Or the end of one, where an engine shows the last lines of a log."""
STARTING = re.compile(r"(^Traceback .+\n)?(^ +(?!.*, in main$).*\n)+ *KeyboardInterrupt$", re.M)
"""What Python says of an interrupt before a command has begun: there is no one yet to put it in a word."""
POWERLESS = () if os.geteuid() else ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""Makes a command of root obey the permissions of files."""
FAILING = """import errno, os, random, sys
def failing(done, chances=random.Random({seed})):
    def call(*given):
        if chances.random() < {chance}:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return done(*given)
    return call
if "disentangle" in sys.orig_argv:
    os.fsync, os.replace = failing(os.fsync), failing(os.replace)
"""
"""A sitecustomize for the stages; what the engines write for themselves is their own affair."""


def results(folder: Path) -> dict[str, str]:
    """Return what must not differ from an undisturbed run: the hash of each result by path, without what tells time."""
    found = {}
    for path in (path for root in seals.PLACES for path in (folder / root).rglob("*")):
        if path.suffix in (".seal", ".part") or path.name == "timing.json" or path.is_dir():
            continue
        content = path.read_bytes() if path.is_file() else b"no file"
        if REPORTS in path.relative_to(folder).parents:
            content = timeless(content)
        found[str(path.relative_to(folder))] = hashlib.sha256(content).hexdigest()
    return found


def timeless(report: bytes) -> bytes:
    """Return a report without what tells of the time and the revision of trainings."""
    for header, seconds in TIMED_TABLES.items():
        report = seconds.sub(b"", report) if header in report else report
    return TIMED_LINE.sub(b"", report)


def differences(folder: Path, kept: dict[str, str], extra: bool) -> list[str]:
    """Return what in a project is not as it was ``kept``, or not as its seal tells; ``extra`` files may be there."""
    found = results(folder)
    differs = [f"{name} {'differs' if name in found else 'missing'}" for name in kept if found.get(name) != kept[name]]
    if not extra:
        differs += [f"{name} left" for name in found if name not in kept]
    sealed, homes = set[str](), {Path(name).parent for name in kept}
    for path in (path for root in seals.PLACES for path in sorted((folder / root).rglob("*.seal"))):
        if path.parent.relative_to(folder) not in homes:
            continue
        seal = seals.read(path)
        for name, sha256 in seal.files.items() if seal else [("", "")]:
            sealed.add(str((path.parent / name).relative_to(folder)))
            if not name or not (path.parent / name).is_file() or _sha256(path.parent / name) != sha256:
                differs.append(f"{path.relative_to(folder)} is not the seal of what lies there")
    return differs + [f"{name} without a seal" for name in kept if name in found and name not in sealed]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def stored(folder: Path) -> dict[str, int]:
    """Return how many files DVC has recorded, by output."""
    lock = yaml.safe_load((folder / "dvc.lock").read_text())
    return {out["path"]: out["nfiles"] for out in lock["stages"]["pipeline"]["outs"]}


class Site:
    """A finished project that faults are done to copies of, and others of the same parameters."""

    def __init__(self, fresh: Project, built: Project, work: Path) -> None:
        self.fresh, self.built, self.work = fresh, built, work
        self.kept, self.stored = results(built.folder), stored(built.folder)
        self.stages = sorted({seal.stage for path in built.folder.rglob("*.seal") if (seal := seals.read(path))})

    @cached_property
    def commands(self) -> list[tuple[str, ...]]:
        """What a user would give, the usual more often."""
        python = (sys.executable, "-m", "disentangle")
        found = [("snakemake", "--cores", "2")] * 8 + [("dvc", "repro")] * 4 + [(*python, "verify", "--mend")]
        target, *others = self.built.params["targets"]
        if target.endswith(".md") and not others:
            found.append((*python, "sweep", outputs.report_at(target.removesuffix(".md")), "--until", "report"))
        return found

    @cached_property
    def older(self) -> Project:
        """The same with the results of other parameters, which params.yaml has no more."""
        project, today = self.built.copy(self.work / "older"), (self.built.folder / "params.yaml").read_bytes()
        train_longer(project)
        project.at_once()
        (project.folder / "params.yaml").write_bytes(today)
        return project

    @cached_property
    def swept(self) -> Project:
        """A clone in which trainings ran without Snakemake."""
        project = self.fresh.copy(self.work / "swept")
        for target in self.built.params["targets"]:
            project.stage("sweep", outputs.report_at(target.removesuffix(".md")))
        return project

    @cached_property
    def interrupted(self) -> Project:
        """One whose first trainings were killed midway, with their states."""
        for attempt in range(20):
            project = self.fresh.copy(self.work / f"interrupted{attempt}")
            shutil.copytree(self.built.folder / DATASETS, project.folder / DATASETS)
            project.environment["CHECKPOINT_EVERY"] = "0"
            running = start(project, ("snakemake", "--cores", "2"), self.work / "interrupted.log")
            while running.poll() is None and not any((project.folder / RESUME).rglob("*.pt")):
                time.sleep(0.001)
            kill_all(running)
            if any((project.folder / RESUME).rglob("*.pt")):
                return project
        raise RuntimeError("no training could be killed midway")


def train_longer(project: Project) -> None:
    """Change a parameter that all trainings depend on."""
    for study in project.params["scales"]["tiny"]["studies"].values():
        steps = study["training"]["steps"]
        project.edit("params.yaml", f" steps: {steps}\n", f" steps: {steps + 2}\n")


def one_more_seed(project: Project) -> None:
    for study in project.params["scales"]["tiny"]["studies"].values():
        lines = "".join(f"        - {seed}\n" for seed in study["seeds"])
        project.edit("params.yaml", f"seeds:\n{lines}", f"seeds:\n{lines}        - 7\n")


def another_probe(project: Project) -> None:
    """Change a parameter that no training depends on, if there is one."""
    text = (project.folder / "params.yaml").read_text()
    (project.folder / "params.yaml").write_text(text.replace(" C: 1.0\n", " C: 0.5\n"))


def start(project: Project, command: tuple[str, ...], log: Path) -> subprocess.Popen:
    """Start a command in a project, in a session of its own; ``log`` gets what it says."""
    with log.open("wb") as said:
        return subprocess.Popen(
            command,
            cwd=project.folder,
            env=project.environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def kill_all(running: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()


class Outcome(NamedTuple):
    word: str
    said: str = ""


class Broken(Exception):
    """The promise does not hold; it is raised with the fields of an outcome."""


class Fault(NamedTuple):
    """A way to break a project: does its harm, yields where, and takes the cause away once the command has ended."""

    do: Callable[["Trial"], Iterator[str]]
    weight: int
    costly: bool
    """It trains everything anew, so it is done to the smallest study alone."""


class Trial:
    """One fault, done to a copy of a site's project."""

    def __init__(self, site: Site, rng: random.Random, limit: float = 600) -> None:
        self.site, self.rng, self.limit = site, rng, limit
        self.folder = Path(tempfile.mkdtemp(dir=site.work))
        self.project = site.built.copy(self.folder / "project")
        self.here = self.project.folder
        self.command = rng.choice(site.commands)
        self.place = ""
        """Where the fault was done."""
        self.prefix: tuple[str, ...] = ()
        """Of the command, while the cause of a refusal lasts."""
        self.cause = False
        """Whether something is in the way that a user must take away, and the command be given again."""
        self.extra = False
        """Whether results may be left that params.yaml has no more."""
        self.again = False
        """Whether the first end of the command says nothing, as the user's own files were others."""
        self.spoiled: list[Path] = []
        self._started: list[tuple[subprocess.Popen, Path]] = []

    def close(self) -> None:
        for running, _ in self._started:
            kill_all(running)
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if Path(process.cwd()).is_relative_to(self.folder):
                    process.kill()
        for place in [mount.mountpoint for mount in psutil.disk_partitions(all=True)]:
            if Path(place).is_relative_to(self.folder):
                subprocess.run(["umount", "-l", place], check=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, command: tuple[str, ...]) -> subprocess.Popen:
        log = self.folder / f"{len(self._started)}.log"
        running = start(self.project, command, log)
        self._started.append((running, log))
        return running

    def end(self, running: subprocess.Popen) -> tuple[int, str]:
        """Wait for a command, and return its exit status and what it said."""
        try:
            status = running.wait(self.limit)
        except subprocess.TimeoutExpired:
            raise Broken("HUNG", f"after {self.limit:.0f} s: {' '.join(map(str, running.args))}") from None
        log = next(log for known, log in self._started if known is running)
        said = log.read_text(errors="replace")
        said = STARTING.sub("", said)
        if found := TRACEBACK.search(said):
            raise Broken("TRACEBACK", said[found.start() :][-600:])
        return status, said

    def run(self, *command: str) -> tuple[int, str]:
        return self.end(self.start(command))

    def judge(self, fault: Fault) -> Outcome:
        """Do a fault, give the command, and say how it came out."""
        doing = fault.do(self)
        try:
            self.place = next(doing)
            status, said = self.run(*self.prefix, *self.command)
            next(doing, None)
            for path in self.spoiled:
                usable_again(path)
            outcome = Outcome("refused", message(said)) if status else Outcome("healed")
            if status and not outcome.said:
                raise Broken("MUTE", said[-600:])
            if status and not self.cause:
                raise Broken("TWICE", outcome.said)
            if status or self.again:
                status, said = self.run(*self.command)
                if status:
                    raise Broken("STUCK", f"{outcome.said or outcome.word}; then: {message(said) or said[-600:]}")
            self.compare(self.here)
            if "dvc" in self.command:
                self.compare_stored()
        except Broken as broken:
            return Outcome(*broken.args)
        return outcome

    def compare(self, folder: Path) -> None:
        if found := differences(folder, self.site.kept, self.extra):
            raise Broken("SILENT", f"{len(found)} differences: {'; '.join(found[:3])}")

    def compare_stored(self) -> None:
        """Check that DVC recorded no loss and, now and then, that all comes back from its remote."""
        found = stored(self.here)
        if any(found.get(name, 0) < count for name, count in self.site.stored.items()):
            raise Broken("SILENT", f"DVC recorded {found}, and {self.site.stored} undisturbed")
        if "up to date" not in (status := self.run("dvc", "status")[1]):
            raise Broken("SILENT", f"dvc status: {status[-300:]}")
        if self.rng.random() < 0.2:
            self.project.git("commit", "-qam", "again", "--allow-empty")
            self.project.dvc("push")
            self.project.git("clone", "-q", str(self.here), str(self.folder / "clone"))
            clone = Project(self.folder / "clone")
            clone.dvc("pull")
            self.compare(clone.folder)

    # What faults are made of.

    def files(self, *places: Path, name: str = "*") -> list[Path]:
        return sorted(path for place in places for path in (self.here / place).rglob(name) if path.is_file())

    def a_result(self) -> Path:
        """Return a finished file; each kind is as likely."""
        files = [path for path in self.files(*seals.PLACES) if path.suffix != ".seal"]
        kinds: dict[tuple[str, ...], list[Path]] = {}
        for path in files:
            first = path.relative_to(self.here).parts[:2]
            kinds.setdefault((*first, path.suffix if "reports" in first else path.name), []).append(path)
        return self.rng.choice(kinds[self.rng.choice(sorted(kinds))])

    def a_seal(self, stage: str | None = None) -> Path:
        """Return a finished job's seal; each stage is as likely."""
        stages: dict[str, list[Path]] = {}
        for path in self.files(*seals.PLACES, name="*.seal"):
            if seal := seals.read(path):
                stages.setdefault(seal.stage, []).append(path)
        return self.rng.choice(stages[stage or self.rng.choice(sorted(stages))])

    def unmake(self, seal: Path) -> None:
        for name in seals.read(seal).files:
            (seal.parent / name).unlink(missing_ok=True)
        seal.unlink()

    def give_work(self) -> str:
        """Leave the command something to do; return the stage of it."""
        seal = self.a_seal()
        stage = seals.read(seal).stage
        self.unmake(seal)
        return stage

    def named(self, path: Path) -> str:
        return str(path.relative_to(self.here))

    def spoil(self, path: Path) -> str:
        """Damage a file in one of many ways, and say how."""
        how = self.rng.choice(HARMS)
        times = path.stat()
        how(self, path)
        self.spoiled.append(path)
        # DVC takes a file of the same size and time for the same, and asks no further.
        if hidden := self.rng.random() < 0.3 and path.is_file() and "dvc" not in self.command:
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        return f"{self.named(path)} {how.__name__}{' with its time kept' if hidden else ''}"


def message(said: str) -> str:
    """Return the message of a command that was refused, empty where there is none; Snakemake's have several lines."""
    found = re.search(r"^\s*error: (.+)$|^(?:ERROR: .+|Error: .+|\w+Exception\b(?:.*\n?){1,6})", said, re.M)
    return " ".join((found[1] or found[0]).split())[:300] if found else ""


# Ways to damage a file.


def flipped(trial: Trial, path: Path) -> None:
    content = bytearray(path.read_bytes() or b"\0")
    content[trial.rng.randrange(len(content))] ^= 1 << trial.rng.randrange(8)
    path.write_bytes(content)


def zeroed(trial: Trial, path: Path) -> None:
    content = bytearray(path.read_bytes() or b"1")
    at = trial.rng.randrange(len(content))
    content[at : at + 512] = bytes(len(content[at : at + 512]))
    path.write_bytes(content)


def another_digit(trial: Trial, path: Path) -> None:
    content = bytearray(path.read_bytes())
    at = [place for place, byte in enumerate(content) if chr(byte).isdigit()]
    content[trial.rng.choice(at) if at else slice(0)] = trial.rng.choice(b"0123456789") if at else b"7"
    path.write_bytes(content)


def truncated(trial: Trial, path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: trial.rng.randrange(len(content) + 1)])


def extended(trial: Trial, path: Path) -> None:
    path.write_bytes(path.read_bytes() + trial.rng.randbytes(trial.rng.choice([1, 5000])))


def emptied(trial: Trial, path: Path) -> None:
    path.write_bytes(b"")


def replaced_by_braces(trial: Trial, path: Path) -> None:
    path.write_bytes(b"{}")


def replaced_by_another(trial: Trial, path: Path) -> None:
    """By one of the same kind, as of another cell."""
    others = [other for other in trial.files(*seals.PLACES) if other.suffix == path.suffix and other != path]
    alike = [other for other in others if other.name == path.name]
    if others:
        path.write_bytes(trial.rng.choice(alike or others).read_bytes())


def replaced_by_a_folder(trial: Trial, path: Path) -> None:
    path.unlink()
    path.mkdir()
    trial.cause = True


def replaced_by_a_link_to_nothing(trial: Trial, path: Path) -> None:
    path.unlink()
    path.symlink_to("nothing")
    trial.cause = "dvc" in trial.command  # it follows links before a job could replace them


def made_unreadable(trial: Trial, path: Path) -> None:
    path.chmod(0)
    trial.prefix, trial.cause = POWERLESS, True


def removed(trial: Trial, path: Path) -> None:
    path.unlink()


HARMS = (
    flipped,
    zeroed,
    another_digit,
    truncated,
    extended,
    emptied,
    replaced_by_braces,
    replaced_by_another,
    replaced_by_a_folder,
    replaced_by_a_link_to_nothing,
    made_unreadable,
    removed,
)


# Faults.

FAULTS: dict[str, Fault] = {}


def fault(weight: int, costly: bool = False) -> Callable[[Callable[[Trial], Iterator[str]]], Callable]:
    def known(do: Callable[[Trial], Iterator[str]]) -> Callable[[Trial], Iterator[str]]:
        FAULTS[do.__name__] = Fault(do, weight, costly)
        return do

    return known


def usable_again(path: Path) -> None:
    """Take away what a user can see is in the way: a folder, a link, or permissions."""
    if path.is_symlink():
        path.unlink()
    elif path.is_dir():
        path.rmdir()
    elif path.exists():
        path.chmod(0o644)


def spoiled(trial: Trial, paths: list[Path]) -> Iterator[str]:
    if trial.rng.random() < 0.25:  # the hashes of all files are known by their times
        time.sleep(2.1)
        trial.project.snakemake()
    yield " and ".join(map(trial.spoil, paths))


@fault(24)
def a_damaged_result(trial: Trial) -> Iterator[str]:
    count = trial.rng.choice([1, 1, 1, 2, 4])
    yield from spoiled(trial, sorted({trial.a_result() for _ in range(count)}))


@fault(10)
def a_damaged_seal(trial: Trial) -> Iterator[str]:
    yield from spoiled(trial, [trial.a_seal()])


@fault(4)
def a_result_and_its_seal_damaged(trial: Trial) -> Iterator[str]:
    seal = trial.a_seal()
    name = trial.rng.choice(sorted(seals.read(seal).files))
    yield from spoiled(trial, [seal.parent / name, seal])


@fault(4)
def a_damaged_record_of_snakemake(trial: Trial) -> Iterator[str]:
    if trial.rng.random() < 0.3:
        shutil.rmtree(trial.here / ".snakemake")
        yield ".snakemake removed"
        return
    records = trial.files(Path(".snakemake"))
    yield from spoiled(trial, sorted({trial.rng.choice(records) for _ in range(trial.rng.choice([1, 50]))}))


@fault(5)
def a_damaged_helper(trial: Trial) -> Iterator[str]:
    """What is no result: the store of hashes or a lock, with something to be done beside."""
    path = trial.rng.choice([trial.here / STORE, trial.rng.choice(trial.files(RESUME, name="*.lock"))])
    stage = trial.give_work()
    for text in spoiled(trial, [path]):
        yield f"{text}, {stage} to be done"


@fault(5)
def damaged_files_of_the_user(trial: Trial) -> Iterator[str]:
    files = trial.files(Path("data/raw"))
    if files:
        kept = {path: path.read_bytes() for path in files}
        damaged = trial.rng.choice(files)
        yield trial.spoil(damaged)
        usable_again(damaged)
        damaged.write_bytes(kept[damaged])
        trial.again = trial.cause = True
    else:
        yield "has none"


@fault(8)
def damaged_states_of_interrupted_trainings(trial: Trial) -> Iterator[str]:
    interrupted = trial.site.interrupted.folder / RESUME
    for state in interrupted.rglob("*.pt"):
        trial.unmake(trial.here / RUNS / state.relative_to(interrupted).with_suffix("") / "checkpoint.seal")
    shutil.rmtree(trial.here / RESUME)
    shutil.copytree(interrupted, trial.here / RESUME)
    yield trial.spoil(trial.rng.choice(trial.files(RESUME, name="*.pt")))


@fault(6)
def damaged_results_of_a_training_beside(trial: Trial) -> Iterator[str]:
    """They wait for their own job in data/resume."""
    seal = trial.a_seal("train")
    ahead = trial.here / RESUME / seal.parent.relative_to(trial.here / RUNS)
    shutil.copytree(seal.parent, ahead)
    for path in ahead.iterdir():
        if path.name not in (*TRAINED, seal.name):
            path.unlink()
    trial.unmake(seal)
    yield trial.spoil(trial.rng.choice(sorted(ahead.iterdir())))


@fault(10)
def something_deleted(trial: Trial) -> Iterator[str]:
    places = {
        "all seals": trial.files(*seals.PLACES, name="*.seal"),
        "seals of many jobs": [trial.a_seal() for _ in range(5)],
        "files of a kind": trial.files(*seals.PLACES, name=trial.a_result().name),
        "a cell": [trial.a_seal("train").parent],
        "a dataset": [trial.a_seal("generate").parent],
        "reports": [trial.here / REPORTS],
        "what helps": [trial.here / RESUME, trial.here / ".snakemake", trial.here / "logs"],
        "a dataset and a seal": [trial.a_seal("generate").parent, trial.a_seal("train")],
        "the record of DVC": [trial.here / "dvc.lock"],
    }
    what = trial.rng.choice(sorted(places))
    for path in {*places[what]}:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    yield what


@fault(3, costly=True)
def whole_folders_deleted(trial: Trial) -> Iterator[str]:
    gone = trial.rng.sample([RUNS, DATASETS, REPORTS, Path(".snakemake"), RESUME], trial.rng.choice([1, 2]))
    for place in gone:
        shutil.rmtree(trial.here / place)
    yield f"{' and '.join(map(str, gone))} deleted"


def at_a_moment(trial: Trial, running: subprocess.Popen, stage: str) -> None:
    """Wait until a job of a stage runs, and a while more."""
    logs = trial.here / "logs" / stage
    while running.poll() is None and "sweep" not in running.args and not any(logs.rglob("*.log")):
        time.sleep(0.02)
    time.sleep(trial.rng.choice([trial.rng.uniform(0, 0.5), trial.rng.uniform(0, 4)]))


def strike(trial: Trial, running: subprocess.Popen) -> str:
    """End a job, an engine or everything with a signal; say what and how."""
    how = trial.rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    what = trial.rng.choice(["a job", "the engine", "everything"])
    with contextlib.suppress(psutil.Error, ProcessLookupError):
        family = psutil.Process(running.pid).children(recursive=True)
        if what == "a job":
            jobs = [process for process in family if "disentangle" in process.cmdline()]
            for process in jobs[:1]:
                process.send_signal(how)
        elif what == "the engine":
            engines = [process for process in family if any("snakemake" in word for word in process.cmdline()[1:2])]
            trial.rng.choice([running, *engines]).send_signal(how)
        else:
            os.killpg(running.pid, how)
    return f"{how.name} to {what}"


@fault(24)
def killed(trial: Trial) -> Iterator[str]:
    trial.project.environment["CHECKPOINT_EVERY"] = "0"
    shutil.rmtree(trial.here / "logs")
    stage = trial.give_work()
    running = trial.start(trial.command)
    at_a_moment(trial, running, stage)
    said = strike(trial, running)
    trial.end(running)
    yield f"{said} at {stage}"


@fault(5, costly=True)
def killed_again_and_again(trial: Trial) -> Iterator[str]:
    trial.project.environment["CHECKPOINT_EVERY"] = "0"
    for place in (*seals.PLACES, Path("logs")):
        shutil.rmtree(trial.here / place)
    said = []
    for stage in sorted(trial.rng.sample(trial.site.stages, 2)):
        running = trial.start(trial.command)
        at_a_moment(trial, running, stage)
        said.append(f"{strike(trial, running)} at {stage}")
        trial.end(running)
    yield f"from nothing: {', '.join(said)}"


@fault(6)
def a_small_disk(trial: Trial) -> Iterator[str]:
    """A folder of the project lies on a disk with little room."""
    trial.cause = True
    stage = trial.give_work()
    place = trial.here / trial.rng.choice([*seals.PLACES, RESUME, Path("logs"), Path(".snakemake"), Path("data")])
    aside, room = trial.folder / "aside", trial.rng.choice([0, 4, 8, 40, 400])
    shutil.copytree(place, aside)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m", "none", place], stderr=subprocess.DEVNULL).returncode:
        trial.prefix = ("prlimit", f"--fsize={1024 * room}")
        yield f"files of at most {room} KiB, {stage} to be done"
        return
    shutil.copytree(aside, place, dirs_exist_ok=True)
    facts = os.statvfs(place)
    used = (facts.f_blocks - facts.f_bfree) * facts.f_frsize // 1024
    subprocess.run(["mount", "-o", f"remount,size={used + room}k", place], check=True)
    yield f"{room} KiB free in {trial.named(place)}, {stage} to be done"
    subprocess.run(["mount", "-o", "remount,size=200m", place], check=True)


@fault(5)
def a_limit_of_file_sizes(trial: Trial) -> Iterator[str]:
    stage, most = trial.give_work(), trial.rng.choice([20_000, 40_000, 60_000])
    trial.prefix, trial.cause = ("prlimit", f"--fsize={most}"), True
    yield f"files of at most {most} bytes, {stage} to be done"


@fault(6)
def writes_that_fail_now_and_then(trial: Trial) -> Iterator[str]:
    stages = " and ".join(trial.give_work() for _ in range(2))
    failing, chance = trial.here / "src/sitecustomize.py", trial.rng.choice([0.1, 0.3, 1])
    failing.write_text(FAILING.format(seed=trial.rng.randrange(1000), chance=chance))
    yield f"{chance:.0%} of writes fail, {stages} to be done"
    failing.unlink()
    trial.again = trial.cause = True  # sources were others


@fault(6, costly=True)
def parameters_changed_and_changed_back(trial: Trial) -> Iterator[str]:
    today = (trial.here / "params.yaml").read_bytes()
    change = trial.rng.choice([train_longer, one_more_seed, another_probe])
    trial.extra = True
    said = [trial.spoil(trial.a_result())] if trial.rng.random() < 0.5 else []
    change(trial.project)
    running = trial.start(trial.command)
    if trial.rng.random() < 0.5:
        at_a_moment(trial, running, trial.rng.choice(trial.site.stages))
        said.append(strike(trial, running))
    trial.end(running)
    if trial.rng.random() < 0.5:
        said.append(trial.spoil(trial.a_result()))
    (trial.here / "params.yaml").write_bytes(today)
    yield f"{change.__name__}: {', '.join(said) or 'no harm'}"


@fault(6)
def disturbed_while_running(trial: Trial) -> Iterator[str]:
    today = (trial.here / "params.yaml").read_bytes()
    trial.extra = True
    shutil.rmtree(trial.here / "logs")
    stage = trial.give_work()
    running = trial.start(trial.command)
    at_a_moment(trial, running, stage)
    if trial.rng.random() < 0.3:
        train_longer(trial.project)
        said = "params.yaml changed"
    else:
        said = trial.spoil(trial.a_result())
    trial.end(running)
    (trial.here / "params.yaml").write_bytes(today)
    yield f"{said} while {stage} ran"


@fault(8)
def two_at_once(trial: Trial) -> Iterator[str]:
    stage = trial.give_work()
    seal = trial.a_seal("encode")
    parts = seal.parent.relative_to(trial.here / RUNS).parts
    names = ("scale", "study", "dataset", "method", "lam", "seed")
    cell = [word for name, part in zip(names, parts, strict=True) for word in (f"--{name}", part.split("=")[-1])]
    others = [
        ("snakemake", "--cores", "2"),
        ("dvc", "repro"),
        (sys.executable, "-m", "disentangle", trial.rng.choice(["train", "encode", "measure"]), *cell, "--anew"),
    ]
    beside = trial.rng.sample(others, trial.rng.choice([1, 1, 2]))
    running = [trial.start(command) for command in beside]
    time.sleep(trial.rng.uniform(0, 4))
    yield f"{' and '.join(' '.join(command[-16:]) for command in beside)} beside, {stage} to be done"
    for other in running:
        trial.end(other)
    trial.again = trial.cause = True


def copied(source: Path, target: Path, share: float, trial: Trial) -> None:
    """Copy a share of the files of a folder over another, with the times of today."""
    for path in sorted(source.rglob("*")):
        if path.is_file() and trial.rng.random() < share:
            (target / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / path.relative_to(source))


@fault(5, costly=True)
def results_copied_from_elsewhere(trial: Trial) -> Iterator[str]:
    """Into a project in which nothing ran, or whose results are there."""
    if cleared := trial.rng.random() < 0.7:
        for place in (*seals.PLACES, RESUME, Path(".snakemake"), Path("logs")):
            shutil.rmtree(trial.here / place)
    source, share = trial.rng.choice(["built", "swept", "older"]), trial.rng.choice([1, 1, 0.9, 0.5])
    places = trial.rng.choice([[RUNS], [RUNS, DATASETS], [*seals.PLACES], [RUNS, REPORTS]])
    for place in places:
        copied(getattr(trial.site, source).folder / place, trial.here / place, share, trial)
    yield f"{share:.0%} of {', '.join(map(str, places))} of {source}, {'into nothing' if cleared else 'over results'}"


@fault(8, costly=True)
def older_results(trial: Trial) -> Iterator[str]:
    """Of other parameters: a file, a seal, both, a cell's, a report's, or the records of the engines."""
    older = trial.site.older.folder
    seal = trial.a_seal(trial.rng.choice([stage for stage in trial.site.stages if stage != "generate"]))
    names = sorted(seals.read(seal).files)
    places = {
        "a file": [seal.parent / trial.rng.choice(names)],
        "files of a seal": [seal.parent / name for name in names],
        "a seal": [seal],
        "files and seal": [seal, *(seal.parent / name for name in names)],
        "a folder": [path for path in seal.parent.rglob("*") if path.is_file()],
        "records": trial.files(Path(".snakemake/metadata")),
        "the record of DVC": [trial.here / "dvc.lock"],
        "the store of hashes": [trial.here / STORE],
    }
    what = trial.rng.choice(sorted(places))
    for path in places[what]:
        there = older / path.relative_to(trial.here)
        if there.exists():
            trial.rng.choice([shutil.copyfile, shutil.copy2])(there, path)
    yield f"{what} at {trial.named(seal)}"


@fault(4)
def other_times(trial: Trial) -> Iterator[str]:
    now = time.time() + trial.rng.choice([-1e8, -1e4, 0, 1e4, 1e8])
    files = trial.files(*trial.rng.choice([[Path("data")], [RUNS], [DATASETS], [REPORTS], [Path()]]))
    touched = trial.rng.sample(files, max(1, len(files) // trial.rng.choice([1, 1, 2, 10])))
    for path in touched:
        if ".git" not in path.parts and ".dvc" not in path.parts:
            os.utime(path, (now, now))
    stage = trial.give_work() if trial.rng.random() < 0.5 else "nothing"
    yield f"{len(touched)} files, {stage} to be done"


# A run of many.


class Folders:
    """What the fixtures of a project ask of pytest: a new folder each time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def mktemp(self, name: str) -> Path:
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._folder))


def site_of(study: str, work: Path) -> Site:
    """Build the tiny project of a study, as its tests do, with its page and the front page where it has them tested."""
    folder = Path(tempfile.mkdtemp(prefix=f"{study}-", dir=work))
    folders, fresh = Folders(folder), conftest.untouched.__wrapped__(Folders(folder))
    if (ROOT / f"tests/studies/{study}/test_{study}_workflow.py").is_file():
        tests = importlib.import_module(f"studies.{study}.test_{study}_workflow")
        fresh = tests.fresh.__wrapped__(fresh, folders)
        fresh.edit_params("targets", ["reports/index.html"])
    fresh.edit_params(f"scales.tiny.studies.{study}.training.steps", 60)  # time enough to be killed in
    return Site(fresh, conftest.built.__wrapped__(fresh, folders), folder)


def drawn(seed: int, number: int, studies: list[str]) -> tuple[str, Fault, random.Random]:
    """Draw a study, of which the first is by far the likeliest, a fault, and what it draws from."""
    rng = random.Random(f"{seed} {number}")
    study = rng.choices(studies, [6, *[1] * (len(studies) - 1)])[0]
    possible = [fault for fault in FAULTS.values() if study == studies[0] or not fault.costly]
    return study, rng.choices(possible, [fault.weight for fault in possible])[0], rng


def tried(site: Site, fault: Fault, rng: random.Random, limit: float = 600) -> tuple[str, Outcome]:
    """Do one fault; return where it was done, with the command, and how it came out."""
    trial = Trial(site, rng, limit)
    try:
        outcome = trial.judge(fault)
        return f"{trial.place} | {' '.join(trial.command[-4:])}", outcome
    finally:
        trial.close()


def main() -> int:
    root = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    root.add_argument("--faults", type=int, default=30)
    root.add_argument("--seed", type=int, default=1)
    root.add_argument("--from", type=int, default=1, dest="first", metavar="N", help="the first fault's number")
    root.add_argument("--only", type=int, metavar="N", help="one fault alone")
    root.add_argument("--studies", default=",".join(sorted(registry.names("studies"))), help="the first one most often")
    root.add_argument("--work", type=Path, help="a folder for the projects (default: a temporary one)")
    given = root.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background of a shell would ignore it
    with tempfile.TemporaryDirectory() as temporary:
        work, sites = (given.work or Path(temporary)).absolute(), dict[str, Site]()
        work.mkdir(parents=True, exist_ok=True)
        numbers = [given.only] if given.only else range(given.first, given.first + given.faults)
        count = Counter()
        for number in numbers:
            study, fault, rng = drawn(given.seed, number, given.studies.split(","))
            if study not in sites:
                sites[study] = site_of(study, work)
            started = time.monotonic()
            place, (word, said) = tried(sites[study], fault, rng)
            count[word] += 1
            text = " ".join(f"{word}: {said}".split()) if said else word
            seconds = time.monotonic() - started
            print(f"{number} | {study} | {fault.do.__name__} | {place[-250:]} | {text} | {seconds:.0f} s", flush=True)
    print(", ".join(f"{word} {number}" for word, number in count.most_common()))
    return any(count[word] for word in BROKEN)


if __name__ == "__main__":
    sys.exit(main())
