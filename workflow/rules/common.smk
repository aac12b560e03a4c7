"""What the rules share: the checked params.yaml, the cells, and the guard against results of unknown origin."""

import fcntl
import os
import shlex
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir, "src")))

from disentangle import registry
from disentangle.cells import DATASETS, RUNS, TRAINED, Cell, dataset_folder
from disentangle.data import dataset_files
from disentangle.errors import InputError
from disentangle.pipeline import outputs, params, plan
from disentangle.pipeline.needs import needs
from disentangle.pipeline.study import (
    FRONT,
    figure_path,
    report_path,
    studies,
    study_of,
)

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


def stage(wildcards, input):
    """Return how a job runs a stage. It differs by machine, and Snakemake does not record what asks for ``input``."""
    return STAGE


def cell_of(wildcards):
    w = wildcards
    cell = Cell(w.scale, w.study, w.dataset, w.method, float(w.lam), int(w.seed))
    if str(cell.name) != CELL.format(**w):
        raise InputError(f"{CELL.format(**w)}: the path of this cell is {cell.name}.")
    return cell


def digest(ask):
    """Return a params function: the digest of everything, but for its input files, that a job depends on."""
    return lambda wildcards: explained(lambda: ask(PARAMS, wildcards))


def generation(params, wildcards):
    """Return the digest of a dataset, after a look at the user's own files if it is to be made of them."""
    plan.check_raw_files(params, wildcards.scale, wildcards.dataset)
    return plan.generate(params, wildcards.scale, wildcards.dataset)


def manifests(cells):
    return [
        dataset_folder(*key) / dataset_files.MANIFEST
        for key in outputs.datasets_of(cells)
    ]


def report_of(wildcards):
    """Return the name, <study>/<report>, of the report that lies where the wildcards say."""
    return outputs.report_at(f"{wildcards.folder}/{wildcards.report}")


def report_input(wildcards):
    name = explained(lambda: report_of(wildcards))
    cells = explained(lambda: outputs.report_cells(PARAMS, name))
    return manifests(cells) + [
        cell.folder / file for cell in cells for file in outputs.files_of_report(name)
    ]


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


def figure_input(wildcards):
    figure = explained(lambda: figure_of(wildcards))
    cells = explained(lambda: outputs.figure_cells(PARAMS, *figure))
    needed = needs("figures", figure[0])["files"]
    return [dataset_folder(PARAMS.scale, figure[1]) / dataset_files.MANIFEST] + [
        cell.folder / name for cell in cells for name in needed
    ]


def page_input(wildcards):
    """Return all that the page of a study reads."""
    study = explained(lambda: study_of(wildcards.study).name)
    explained(lambda: PARAMS.study(PARAMS.scale, study))
    cells = outputs.all_report_cells(PARAMS, study)
    files = [
        cell.folder / name for cell in cells for name in ("run.json", "timing.json")
    ]
    files += manifests(cells)
    for name in explained(lambda: outputs.shown_reports(PARAMS, study)):
        suffixes = (".md", ".json", ".svg") if outputs.draws(name) else (".md", ".json")
        files += [report_path(name).with_suffix(suffix) for suffix in suffixes]
    for figure in outputs.all_figures(PARAMS, study):
        suffixes = [*outputs.pictures(figure[0]), ".json"]
        files += [figure_path(*figure).with_suffix(suffix) for suffix in suffixes]
    return files


def front_input(wildcards):
    """Return the pages of all studies, and what the front page tells of them."""
    shown = [study_of(name) for name in outputs.shown_studies(PARAMS)]
    return [path for study in shown for path in (study.page, study.card)]


def break_stale_lock():
    """Remove the lock of a Snakemake that was killed. Every live one in this folder holds a share of ``alive``."""
    alive = open(".snakemake/alive", "a")
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for lock in Path(".snakemake/locks").glob("*"):
            lock.unlink()
    except BlockingIOError:
        pass
    fcntl.flock(alive, fcntl.LOCK_SH)
    return alive


def unrecorded(files):
    """Return those files of which Snakemake knows neither how they were made nor that they are unfinished."""
    kinds = [Path(".snakemake", kind) for kind in ("metadata", "incomplete")]
    records = {
        name for folder in kinds if folder.exists() for name in os.listdir(folder)
    }
    names = {
        file: urlsafe_b64encode(str(file).encode()).decode()
        for file in files
        if os.path.exists(file)
    }
    # Snakemake splits records with longer names over folders.
    return {
        file for file, name in names.items() if len(name) <= 254 and name not in records
    }


def require_provenance():
    """Refuse results without a record: Snakemake would take them for current, whatever they were made of.

    Trainings that came from another machine are taken if their run.json tells the parameters and code of today.
    """
    cells = outputs.all_report_cells(PARAMS)
    made = [Path(target) for target in params.targets()]
    made += [
        figure_path(*figure).with_suffix(suffix)
        for figure in outputs.all_figures(PARAMS)
        for suffix in outputs.pictures(figure[0])
    ]
    made += manifests(cells)
    made += [
        cell.folder / name
        for cell in cells
        for name in {*TRAINED, "codes.npz", *study_of(cell.study).reported}
    ]
    lost = unrecorded(made)
    for cell in cells if lost else ():
        trained = {cell.folder / name for name in TRAINED}
        if trained & lost and plan.trained_with(cell, plan.train(PARAMS, cell)):
            lost -= trained
    if lost:
        raise InputError(
            f"{len(lost)} results have no record of their origin, such as {min(lost)}. "
            "Run `dvc checkout .snakemake/metadata`, or delete them to make them anew."
        )


Path("data/raw").mkdir(parents=True, exist_ok=True)
Path(".snakemake").mkdir(exist_ok=True)
ALIVE = break_stale_lock() if workflow.is_main_process else None


onstart:
    # Snakemake's limit of jobs a second wakes its scheduler every second for each job that has ended: after 200 jobs,
    # a fifth of a core. Jobs of this machine need no limit.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


if workflow.is_main_process:
    for sentence in PARAMS.left_out:
        print(f"note: params.yaml: {sentence}", file=sys.stderr)
