"""What the rules share: the checked params.yaml, the cells, and the guard against results of unknown origin."""

import fcntl
import os
import shlex
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir, "src")))

from disentangle import dataset_files, outputs, params, plan, registry
from disentangle.cells import DATASETS, RUNS, TRAINED, Cell, dataset_folder
from disentangle.errors import InputError
from disentangle.studies import STUDIES

SOURCE = Path(workflow.basedir, "src")
# Huge pages for what a job allocates, where the C library is glibc: a training step is 4 % faster.
STAGE = f"GLIBC_TUNABLES=glibc.malloc.hugetlb=1 PYTHONPATH={shlex.quote(str(SOURCE))} {shlex.quote(sys.executable)} -m disentangle"
CELL = "{scale}/{study}/{dataset}/{method}/lam={lam}/seed={seed}"
DATASET = DATASETS / "{scale}/{dataset}" / dataset_files.MANIFEST
CELL_OPTIONS = "--scale {wildcards.scale} --study {wildcards.study} --dataset {wildcards.dataset} --method {wildcards.method} --lam {wildcards.lam} --seed {wildcards.seed}"


wildcard_constraints:
    scale=r"\w+",
    study=r"\w+",
    dataset=r"[A-Za-z0-9_.-]+",
    method=r"\w+",
    lam=r"[0-9.e+-]+",
    seed=r"\d+",
    report=r"\w+",
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


def cell_of(wildcards):
    w = wildcards
    cell = Cell(w.scale, w.study, w.dataset, w.method, float(w.lam), int(w.seed))
    if str(cell.name) != CELL.format(**w):
        raise InputError(f"{CELL.format(**w)}: the path of this cell is {cell.name}.")
    return cell


def digest(ask):
    """Return a params function: the digest of everything, but for its input files, that a job depends on."""
    return lambda wildcards: explained(lambda: ask(PARAMS, wildcards))


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
        outputs.figure_path(*figure).with_suffix(".svg")
        for figure in outputs.all_figures(PARAMS)
    ]
    made += [
        dataset_folder(*key) / dataset_files.MANIFEST
        for key in outputs.datasets_of(cells)
    ]
    made += [
        cell.folder / name
        for cell in cells
        for name in {*TRAINED, "codes.npz", *STUDIES[cell.study].reported}
    ]
    lost = unrecorded(made)
    for cell in cells if lost else ():
        trained = {cell.folder / name for name in TRAINED}
        if trained & lost and plan.trained_now(PARAMS, cell):
            lost -= trained
    if lost:
        raise InputError(
            f"{len(lost)} results have no record of their origin, such as {min(lost)}. "
            "Run `dvc checkout .snakemake/metadata`, or delete them to make them anew."
        )


Path("data/raw").mkdir(parents=True, exist_ok=True)
Path(".snakemake").mkdir(exist_ok=True)
ALIVE = break_stale_lock() if workflow.is_main_process else None
