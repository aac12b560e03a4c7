"""What the rules share: the checked params.yaml, the jobs, and the look at whether their results are current."""

import atexit
import fcntl
import functools
import json
import os
import shlex
import shutil
import sys
from pathlib import Path

from snakemake.persistence import MetadataRecord
from snakemake.settings.types import RerunTrigger

sys.path.insert(0, str(Path(workflow.basedir, "src")))

from disentangle import registry
from disentangle.cells import DATASETS, RUNS, TRAINED, Cell
from disentangle.data import dataset_files
from disentangle.errors import InputError
from disentangle.pipeline import outputs, params, plan, seals
from disentangle.pipeline.jobs import CODES, Jobs, above
from disentangle.pipeline.schedule import to_run
from disentangle.pipeline.sealed import Found
from disentangle.pipeline.study import FRONT, report_path, studies, study_of

SOURCE = Path(workflow.basedir, "src")
# Huge pages for what a job allocates, where the C library is glibc: a training step is 4 % faster.
STAGE = f"GLIBC_TUNABLES=glibc.malloc.hugetlb=1 PYTHONPATH={shlex.quote(str(SOURCE))} {shlex.quote(sys.executable)} -m disentangle"
CELL = "{scale}/{study}/{dataset}/{method}/lam={lam}/seed={seed}"
CELL_OPTIONS = "--scale {scale} --study {study} --dataset {dataset} --method {method} --lam {lam} --seed {seed}"
DATASET = DATASETS / "{scale}/{dataset}" / dataset_files.MANIFEST


wildcard_constraints:
    scale=r"\w+",
    study=r"\w+",
    dataset=r"[A-Za-z0-9_.-]+",
    method=r"\w+",
    lam=r"[0-9.e+-]+",
    seed=r"\d+",
    folder=r"reports(?:/\w+)?",
    report=r"(?!index\b)\w+",
    figure=r"\w+",
    subject=r"[A-Za-z0-9_.-]+(/\w+)?",


def explained(ask):
    """Let an InputError end the workflow as one message.

    It ends at once, before any job exists: Snakemake would add a traceback, or, in an input function of a file that is
    already there, take no notice.
    """
    try:
        return ask()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        os._exit(1)


PARAMS = explained(params.load)
FOUND = Found()
JOBS = Jobs(PARAMS, FOUND.hashes)
TOLD = []
atexit.register(FOUND.hashes.save)


def stage(wildcards, input):
    """Return how a job runs a stage. It differs by machine, and Snakemake does not record what asks for ``input``."""
    return STAGE


def cell_of(wildcards):
    w = wildcards
    cell = Cell(w.scale, w.study, w.dataset, w.method, float(w.lam), int(w.seed))
    if str(cell.name) != CELL.format(**w):
        raise InputError(f"{CELL.format(**w)}: the path of this cell is {cell.name}.")
    return cell


def dataset_job(wildcards):
    """Return the job that makes a dataset, after a look at the user's own files if it is to be made of them."""
    check_raw_files(wildcards.scale, wildcards.dataset)
    return JOBS.generate(wildcards.scale, wildcards.dataset)


@functools.cache
def check_raw_files(scale, dataset):
    """Read the user's own files once, though inputs and options of a job both ask for it."""
    plan.check_raw_files(PARAMS, scale, dataset)


def reads(ask):
    """Return an input function: what a job reads, if it is to run, and otherwise what of that does not run either.

    Seals beside the results tell what runs (``to_run``), whatever Snakemake remembers and whatever the times of files
    are. So no way in its graph leads from a job that runs through one that does not, behind which it would look for
    nothing else to do.
    """

    def inputs(wildcards):
        job = explained(lambda: ask(wildcards))
        run = explained(planned)
        paths = [*(path for _, path in job.inputs), *job.placed]
        if job in run:
            workflow.dag.forcefiles.update(map(str, job.makes))
            tell(FOUND.lack(job))
            for path in job.makes:
                # Snakemake would ask for the time of what is not there.
                if path.is_symlink() and not path.exists():
                    path.unlink()
            return paths
        there = {path for maker, path in job.inputs if maker not in run} | {*job.placed}
        return [
            ancient(path) for path in paths if path in there and os.path.exists(path)
        ]

    return inputs


@functools.cache
def planned():
    """Return the jobs that run. What the user asks for is not known before the graph is built."""
    workflow.dag_settings.rerun_triggers = frozenset({RerunTrigger.MTIME})
    clear_records()
    return to_run(targets(), FOUND, whole(), forced)


def clear_records():
    """Remove what lies among Snakemake's records and is no file: nothing rests on them, and it would end at one."""
    if os.path.isdir(".snakemake/metadata"):
        for record in os.scandir(".snakemake/metadata"):
            if record.is_dir(follow_symlinks=False):
                shutil.rmtree(record)
            elif not record.is_file():
                os.unlink(record)


def whole():
    """Say whether every file of every cell is asked for, as by the default target."""
    return any(rule.name == "all" for rule in workflow.dag.targetrules)


@functools.cache
def targets():
    """Return the jobs that the user asks for."""
    rules = [rule for rule in workflow.dag.targetrules if rule.name != "all"]
    paths = [
        *workflow.dag.targetfiles,
        *(path for rule in rules for path in rule.output),
    ]
    found = [job for path in paths if (job := job_at(Path(path)))]
    if not whole():
        return found
    found += [JOBS.maker(Path(target)) for target in PARAMS.targets]
    return found + others_damaged({job.seal for job in above(found)})


def job_at(path):
    """Return the job that makes a file, None where it is no result: Snakemake knows whether any rule makes it."""
    try:
        return JOBS.maker(path)
    except InputError:
        return None


def options(ask):
    """Return a params function: the digest of all that a job depends on, and whether the user forces it."""

    def options(wildcards, input):
        job = explained(lambda: ask(wildcards))
        return f"--digest {job.made}" + (" --anew" if forced(job) else "")

    return options


@functools.cache
def forced(job):
    """Say whether the user forces a job, or one that it rests on, whatever the state of its results."""
    told = workflow.dag_settings
    named = {*map(str, told.forcerun)}
    if told.forcetargets:
        named |= {*map(str, workflow.dag.targetfiles)}
    if told.forceall or not named:
        return told.forceall
    own = {job.stage, *map(str, job.makes)}
    return bool(own & named) or any(forced(maker) for maker, _ in job.reads)


def tell(lack):
    """Say what happened to results that were finished once; a change of parameters or code is no news."""
    if lack and lack.news and workflow.is_main_process:
        TOLD.append(lack)
        if len(TOLD) <= 10:
            print(f"note: {lack}; it is made anew.", file=sys.stderr, flush=True)
        elif len(TOLD) == 11:
            print(
                "note: more results like these are made anew.",
                file=sys.stderr,
                flush=True,
            )


def not_current():
    """Return what of that which was to run, or rests on it, is not current after this run."""
    told, found = workflow.dag_settings, Found(FOUND.hashes)
    if told.until or told.omit_from or told.batch or told.allowed_rules:
        return []
    return [*filter(None, map(found.lack, to_run(targets(), found, whole())))]


def report_of(wildcards):
    """Return the name, <study>/<report>, of the report that lies where the wildcards say."""
    return outputs.report_at(f"{wildcards.folder}/{wildcards.report}")


def drawn_reports():
    """Return a pattern of where the reports lie that have a picture beside them."""
    drawn = filter(outputs.draws, registry.names("reports"))
    return "|".join(str(report_path(name)) for name in drawn)


def paper_of(wildcards):
    """Return the paper of the study whose reports lie where the wildcards say."""
    papers = {str(study.folder): study.paper for study in studies().values()}
    return papers[wildcards.folder]


def figure_of(wildcards):
    """Return a figure's name, <study>/<figure>, its dataset and, if it is of one, method."""
    dataset, _, method = wildcards.subject.partition("/")
    name = outputs.figure_at(wildcards.folder, wildcards.figure)
    return name, dataset, method or None


def animated_figures():
    """Return a pattern of the folders of figures that have frames beside their picture."""
    places = (
        study_of(name.split("/")[0]).folder / "figures" / name.split("/")[1]
        for name in registry.names("figures")
        if outputs.animated(name)
    )
    return "|".join(map(str, places))


def everything(wildcards):
    """Return all files that the targets rest on, and what else was made here and is not whole any more.

    What DVC stores must be whole.
    """
    return [path for job in explained(lambda: above(targets())) for path in job.makes]


def others_damaged(known):
    """Return the jobs of results that lie here damaged or incomplete and that no target rests on."""
    damaged = []
    for seal in seals.lying(known):
        job, lack = FOUND.at(JOBS, seal)
        if lack and job:
            damaged.append(job)
        elif lack:
            print(
                f"note: {lack}; params.yaml has it no more. Delete {seal.parent} if it is not wanted.",
                file=sys.stderr,
            )
    return damaged


def entries(folder):
    """Return what lies in a folder of Snakemake's own."""
    place = Path(".snakemake", folder)
    return [*os.scandir(place)] if place.is_dir() else []


def remove(entry):
    """Remove a file or, where one lies in the place of a file, a folder."""
    if entry.is_dir(follow_symlinks=False):
        shutil.rmtree(entry.path)
    else:
        os.unlink(entry.path)


def readable(entry):
    """Say whether Snakemake can read a record; it ends in a traceback at one that it cannot."""
    if entry.is_dir(follow_symlinks=False):  # long names are split over folders
        return True
    try:
        with open(entry.path) as file:
            return bool(MetadataRecord.model_validate(json.load(file)))
    except (OSError, ValueError):
        return False


def break_stale_lock():
    """Remove what a Snakemake that was killed left: its lock, its marks of what it calls incomplete, records it cannot read.

    Every live one in this folder holds a share of ``alive``. What is complete is known by its seal.
    """
    alive = open(".snakemake/alive", "a")
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in (*entries("locks"), *entries("incomplete")):
            remove(left)
        for record in entries("metadata"):
            if not readable(record):
                remove(record)
    except BlockingIOError:
        pass
    fcntl.flock(alive, fcntl.LOCK_SH)
    return alive


# DVC stores them, and takes a folder that is not there for a failure: a target may need no cells.
for folder in ("data/raw", DATASETS, RUNS):
    Path(folder).mkdir(parents=True, exist_ok=True)
Path(".snakemake").mkdir(exist_ok=True)
ALIVE = break_stale_lock() if workflow.is_main_process else None


onsuccess:
    if lacks := not_current():
        print(
            f"error: {lacks[0]}. {len(lacks)} results are not current. Run the same command again.",
            file=sys.stderr,
            flush=True,
        )
        os._exit(1)


onstart:
    # Snakemake's limit of jobs a second wakes its scheduler every second for each job that has ended: after 200 jobs,
    # a fifth of a core. Jobs of this machine need no limit.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


if workflow.is_main_process:
    for sentence in PARAMS.left_out:
        print(f"note: params.yaml: {sentence}", file=sys.stderr)
