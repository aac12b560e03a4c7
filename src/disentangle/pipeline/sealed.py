"""Whether a job's results are current, and how a stage makes and seals them."""

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from disentangle import files
from disentangle.cells import RESUME
from disentangle.errors import InputError
from disentangle.pipeline import seals
from disentangle.pipeline.hashes import Hashes
from disentangle.pipeline.jobs import Job, Jobs
from disentangle.pipeline.seals import Seal

SHORT = 16
"""Digits of the hash of what was read, of 64."""


class Lack(NamedTuple):
    """Why a job's results are not current."""

    path: Path
    """What is not as it should be."""
    why: str
    news: bool = False
    """Not a change of parameters or code: something happened to what was finished once."""
    known: bool = False
    """Files of the job's ``makes`` are not there, and that is all: who asks for one of them sees that itself."""

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


class Found:
    """Seals and files as they are found on disk, each read once."""

    def __init__(self, hashes: Hashes | None = None) -> None:
        self.hashes = hashes or Hashes()
        self._seals: dict[Path, Seal | None] = {}
        self._lacks: dict[Path, Lack | None] = {}

    def seal(self, job: Job) -> Seal | None:
        """Return a job's seal, None where there is none."""
        if job.seal not in self._seals:
            self._seals[job.seal] = seals.read(job.seal)
        return self._seals[job.seal]

    def lack(self, job: Job) -> Lack | None:
        """Return why a job's results are not current, None where they are.

        They are if the seal has today's digests, all files are there as it says, and what was read is what lies there,
        as far as it lies there: what is current needs nothing above it any more.
        """
        if job.seal not in self._lacks:
            self._lacks[job.seal] = self._lack(job)
        return self._lacks[job.seal]

    def place(self, job: Job, ahead: Path) -> Path | None:
        """Return the folder in which a job's results are current: its own or ``ahead``; None where in neither."""
        return next((folder for folder in (job.seal.parent, ahead) if not self.lack(job.into(folder))), None)

    def at(self, jobs: Jobs, path: Path) -> tuple[Job | None, Lack | None]:
        """Return the job of a seal that lies there, None where params.yaml has it no more, and what of it is not whole.

        Whether its digests are of today is not asked.
        """
        seal = seals.read(path)
        if seal is None:
            return None, Lack(path, "a damaged seal", news=True)
        lack = self._damage(seal, path.parent)
        try:
            return (jobs.maker(path.parent / min(seal.files)) if lack else None), lack
        except InputError:
            return None, lack

    def _lack(self, job: Job) -> Lack | None:
        seal = self.seal(job)
        if seal is None:
            there = [path for path in (*job.makes, job.seal) if path.exists()]
            if there:
                return Lack(there[0], "no seal tells what it was made of", news=True)
            return Lack(job.makes[0], "not made yet", known=True)
        if seal.made != job.made:
            what = "its parameters or code" if seal.digest != job.digest else "what it is made of"
            return Lack(job.makes[0], f"{what} changed")
        return self._read_differs(job, seal) or self._damage(seal, job.seal.parent, job.makes)

    def _read_differs(self, job: Job, seal: Seal) -> Lack | None:
        for path, maker in job.lineage.items():
            there = self.seal(maker)
            if there is not None and seal.read.get(str(path)) != there.files.get(path.name, "")[:SHORT]:
                return Lack(job.makes[0], f"made of another {path}", news=True)
        return None

    def _damage(self, seal: Seal, folder: Path, makes: Collection[Path] = ()) -> Lack | None:
        missing = []
        for name, sha256 in seal.files.items():
            found = self.hashes.of(folder / name)
            if found is None and not (folder / name).exists():
                missing.append(folder / name)
            elif found != sha256:
                return Lack(folder / name, "not as its seal tells", news=True)
        if missing:
            return Lack(missing[0], "missing", True, {*missing} <= {*makes})
        return None


@dataclass
class Work:
    """A job under way."""

    job: Job
    done: bool
    """Its results are current already; there is nothing to do."""
    earlier: Seal | None
    """The seal of earlier results, which lie there undamaged and were made of the same files."""
    names: list[str] = field(default_factory=list)
    """Of files that it makes beside those that others ask for."""
    told: dict[str, Any] = field(default_factory=dict)
    """What is to be known of it the next time."""


def kept_parts(work: Work) -> set[str]:
    """Return those parts of a job's earlier results, by name, that it has ``told`` the same digest of."""
    earlier = work.earlier.told.get("parts", {}) if work.earlier else {}
    return {name for name, digest in work.told["parts"].items() if earlier.get(name) == digest}


@contextlib.contextmanager
def making(job: Job, planned: str | None = None, anew: bool = False) -> Iterator[Work]:
    """Let a stage make a job's results, and seal them when the block ends without an error.

    What it reads is checked first. Results that are current, or would be but for a digest above them that came to the
    same bytes, are ``done``, unless it is asked to make them ``anew``. Another process with the same job is waited for.
    Raises InputError if parameters or code are no longer as ``planned``, or if what it reads is missing or damaged.
    """
    require(planned, job.made)
    with locked(job):
        read = check_inputs(job)
        if not anew and renewed(job, read):
            print(f"{job.makes[0]}: current already, with the same parameters, code and data", flush=True)
            yield Work(job, True, None)
            return
        # The seal of before stays until the new one takes its place: it is not of files that are replaced.
        work = Work(job, False, None if anew else intact(job, read))
        yield work
        write_seal(job, read, work.names, work.told)


def locked(job: Job) -> contextlib.AbstractContextManager[object]:
    """Hold the lock of a job, so that no two processes make it at once."""
    return files.exclusive(lock_of(job))


@contextlib.contextmanager
def all_locked(jobs: Sequence[Job]) -> Iterator[None]:
    """Hold the locks of several jobs; none while another process holds one of them, as others may want the rest."""
    while True:
        with contextlib.ExitStack() as locks:
            taken = next((job for job in jobs if files.held(lock_of(job))), None)
            if taken is None:
                for job in jobs:  # in one order, so that no two processes wait for each other
                    locks.enter_context(locked(job))
                yield
                return
        with locked(taken):
            pass


def lock_of(job: Job) -> Path:
    """Return the lock of a job, which whoever makes it holds."""
    return RESUME / "locks" / job.seal.with_suffix(".lock")


def renewed(job: Job, read: Mapping[str, str]) -> bool:
    """Say whether a job's results are those that it would make, of what was read; their seal says so from now on.

    They are also where a digest above the job changed and came to the same files.
    """
    found = intact(job, read)
    if found is None or found.digest != job.digest:
        return False
    if found.made != job.made:
        seals.write(job.seal, replace(found, made=job.made))
    return True


def write_seal(
    job: Job, read: Mapping[str, str], names: Iterable[str] = (), told: Mapping[str, Any] | None = None
) -> None:
    """Seal what a job made of what it read: its files, and those ``names`` of its folder that none asks for."""
    folder = job.seal.parent
    made = {name: files.sha256(folder / name) for name in (*(path.name for path in job.makes), *names)}
    seals.write(job.seal, Seal(job.stage, job.digest, job.made, dict(read), made, told or {}))


def put_in_place(job: Job, folder: Path, read: Mapping[str, str]) -> None:
    """Copy the results of a job that lie in another folder to where they belong, and forget them once all are there."""
    there = job.into(folder)
    for place, path in zip(job.makes, there.makes, strict=True):
        with files.atomic(place) as file:
            file.write(path.read_bytes())
    write_seal(job, read)
    forget(there)


def forget(job: Job) -> None:
    """Remove a job's results, and their folder where nothing else lies in it."""
    for path in (job.seal, *job.makes):
        path.unlink(missing_ok=True)
        files.remove_left(path)
    with contextlib.suppress(OSError):  # not empty, or not there
        job.seal.parent.rmdir()


def intact(job: Job, read: Mapping[str, str]) -> Seal | None:
    """Return the seal of results of a job that lie there whole and were made of the same files, None otherwise."""
    found = seals.read(job.seal)
    if found is None or found.stage != job.stage or found.read != read:
        return None
    hashes = Hashes(trusting=False)
    whole = all(hashes.of(job.seal.parent / name) == sha256 for name, sha256 in found.files.items())
    return found if whole and {path.name for path in job.makes} <= {*found.files} else None


def check_inputs(job: Job) -> dict[str, str]:
    """Return the short hash of each file that a job rests on, by path; each that it reads is compared with its seal.

    Raises InputError that names a file that is missing, damaged, of other parameters or code, or of other data than
    another one that is read with it.
    """
    known: dict[str, str] = {}
    hashes = Hashes(trusting=False)
    sealed = [(maker, paths, seals.read(maker.seal)) for maker, paths in job.reads]
    for maker, paths, seal in sealed:
        for path in paths:
            if seal is None:
                state = "not finished: it has no seal" if path.exists() else "not there"
                raise InputError(f"{path}: {state}. Run `{maker.stage}` first.")
            if seal.made != maker.made:
                raise InputError(f"{path}: made with other parameters or code than today's. Run `{maker.stage}` first.")
            found = hashes.of(path)
            if found is None or found != seal.files.get(path.name):
                Hashes.forget(path)
                state = "not as its seal tells" if path.exists() else "missing"
                raise InputError(f"{path}: {state}. Run the same command again to make it anew.")
            files.date_back(path)  # Snakemake refuses what is made of it as older
            known[str(path)] = found[:SHORT]
    for maker, _, seal in sealed:
        for name, sha256 in seal.read.items() if seal else ():
            if known.setdefault(name, sha256) != sha256:
                raise InputError(f"{maker.makes[0]}: made of another {name} than there is. Run again to make both fit.")
    return known


def require(expected: str | None, actual: str) -> None:
    """Raise InputError if params.yaml or the code changed between the planning of a job and its start."""
    if expected is not None and expected != actual:
        raise InputError("params.yaml or the code changed while the pipeline was running. Run the same command again.")
