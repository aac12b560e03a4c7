"""Which jobs are to run for what is asked for."""

from collections.abc import Callable, Iterable

from disentangle.pipeline.jobs import Job, above
from disentangle.pipeline.sealed import Found

REPEATS = "generate"
"""The stage whose results, made again, are the same.

A training tells how long it took, a report the revision, and a GPU may end in other bits.
"""


def to_run(
    asked: Iterable[Job], found: Found, whole: bool = False, forced: Callable[[Job], bool] = lambda _: False
) -> set[Job]:
    """Return the jobs that are to run, of those that are asked for and all that these rest on.

    They are those that the user has ``forced``; whose results are stale or damaged; whose results are missing, if they
    are asked for or read by a job that runs (``whole``: in any case); and those that rest on one that runs, which look
    whether it came out the same and then end at once. So what is current needs nothing above it that is gone.
    """
    asked = [*asked]
    jobs = above(asked)
    lacks = {job: lack for job in jobs if (lack := found.lack(job))}
    run = {job for job in jobs if forced(job) or (job in lacks and (whole or not lacks[job].known or job in asked))}
    before = -1
    while before != len(run):
        before = len(run)
        for job in reversed(jobs):
            if job in run:
                missing = [maker for maker, paths in job.reads if not all(path.exists() for path in paths)]
                run.update(maker for maker in missing if maker in lacks)
        for job in jobs:
            if job not in lacks and any(maker in run and maker.stage != REPEATS for maker, _ in job.reads):
                run.add(job)
    return run
