"""Read again all that results rest on, say what is not as its seal tells, and with ``--mend`` make that anew."""

import argparse
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from disentangle.data.download import checksum_of
from disentangle.data.download import verify as check_official
from disentangle.errors import InputError
from disentangle.pipeline import plan, seals
from disentangle.pipeline.hashes import Hashes
from disentangle.pipeline.jobs import Job, Jobs, above
from disentangle.pipeline.schedule import to_run
from disentangle.pipeline.sealed import Found, Lack


def run(given: argparse.Namespace) -> None:
    """Check files, folders or, where none is named, all that the targets rest on and all else that lies there.

    Raises InputError if something is missing, damaged or of other parameters or code, and is not to be mended.
    """
    hashes = Hashes(trusting=False)
    jobs, found = Jobs(given.settings, hashes), Found(hashes)
    asked, others = _asked(given, jobs), dict[Path, Lack]()
    needed = above(asked)
    for path in () if given.paths else seals.lying({job.seal for job in needed}):
        job, lack = found.at(jobs, path)
        if job:
            asked.append(job)
            needed.append(job)
        elif lack:
            others[path] = lack
    placed = {name for job in needed for name in job.placed if Path(name).exists()}
    for name, archive in plan.archives().items():
        if name in placed:
            check_official(Path(name), *checksum_of(archive), f"Move it away to download {archive['url']}.")
    run = to_run(asked, found, whole=True)
    hashes.save()  # what was read replaces what times promised
    for lack in [*filter(None, map(found.lack, needed)), *others.values()]:
        print(lack, flush=True)
    again = Counter(job.stage for job in needed if job in run)
    said = ", ".join(f"{stage} {count}" for stage, count in again.items())
    print(f"{len(needed)} results looked at; to be made anew or looked at again: {said or 'none'}", flush=True)
    if given.mend and run:
        _mend([job for job in needed if job in run])
    if others or (run and not given.mend):
        raise InputError(f"{len(run) + len(others)} results are not as they should be; --mend makes anew what it can.")


def _asked(given: argparse.Namespace, jobs: Jobs) -> list[Job]:
    """Return the jobs of what is named: of a file, of all that was made in a folder, or of the targets."""
    found = []
    for name in given.paths or given.settings.targets:
        path = Path(os.path.relpath(name))
        if not path.is_dir():
            found.append(jobs.maker(path))
            continue
        inside = [seal for seal in seals.lying() if path in seal.parents]
        if not inside:
            raise InputError(f"{path}: nothing was made there.")
        found += [jobs.maker(_first(seal)) for seal in inside]
    return found


def _first(path: Path) -> Path:
    seal = seals.read(path)
    if seal is None:
        raise InputError(f"{path}: a damaged seal. Run the pipeline again to make anew what it is of.")
    return path.parent / min(seal.files)


def _mend(jobs: list[Job]) -> None:
    command = [sys.executable, "-m", "snakemake", "--cores", "all", "--", *(str(job.makes[0]) for job in jobs)]
    if subprocess.run(command, check=False).returncode:
        raise InputError("not everything could be made anew; what failed is told above.")
