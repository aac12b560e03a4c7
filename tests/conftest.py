"""A throw-away project: this one's code with a sweep of seconds, made of generated IDX digits and PNG pictures."""

import json
import os
import re
import shutil
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

ROOT = Path(__file__).parent.parent
# Tests of a study are collected where the study is there.
collect_ignore = [
    str(folder)
    for folder in Path(__file__).parent.glob("studies/*/")
    if not (ROOT / "src/disentangle/studies" / folder.name / "study.py").is_file()
]
COPIED = ["Snakefile", "dvc.yaml", "workflow", "profiles", "src", ".dvc", ".dvcignore", ".gitignore"]

DATASET = {
    "generator": "mnist_stl10",
    "train_pairs": 64,
    "test_pairs": 40,
    "image_size": 32,
    "seed": 0,
    "digits": {
        "source": "mnist_idx",
        "images": ["data/raw/digits/images-idx3-ubyte"],
        "labels": ["data/raw/digits/labels-idx1-ubyte"],
    },
    "backgrounds": {"source": "image_folder", "path": "data/raw/pictures"},
}
PARAMS = {
    "scale": "tiny",
    "targets": ["reports/table3.md"],
    "scales": {
        "tiny": {
            "datasets": {"DC-BC": {**DATASET, "held": ["DC", "BC"]}, "DC-DL": {**DATASET, "held": ["DC", "DL"]}},
            "studies": {
                "burns": {
                    "datasets": ["DC-BC", "DC-DL"],
                    "seeds": [0],
                    "rerun_seeds": [0],
                    "encoder": {"blocks": [1], "widths": [8], "stem": "stride2"},
                    "projection": {"hidden": 8, "dim": 4, "batch_norm_output": False, "init_std": None},
                    "training": {
                        "steps": 6,
                        "batch": 16,
                        "optimizer": "adamw",
                        "lr": 0.003,
                        "weight_decay": 0.0001,
                        "warmup": 2,
                        "temperature": 0.2,
                        "loss_scale": "none",
                        "augmentation": "none",
                        "precision": "float32",
                        "log_every": 2,
                    },
                    "probes": {"logistic": {"C": 1.0}},
                    "metrics": {"half_similarity": {}},
                    "methods": {"infomax": {"lam": [0]}, "ortho": {"lam": [0.1]}},
                }
            },
        }
    },
}


def committed_params() -> str:
    """Return params.yaml as it was last committed, or as it is where nothing is: edits are not what is tested."""
    done = subprocess.run(["git", "show", "HEAD:./params.yaml"], cwd=ROOT, capture_output=True, text=True, check=False)
    return (ROOT / "params.yaml").read_text() if done.returncode else done.stdout


def as_shipped(found: object, expected: object) -> None:
    """Assert what params.yaml holds as it is shipped; where SHIPPED is not set, as .ci/run does, it may be a user's."""
    if found != expected and "SHIPPED" not in os.environ:
        pytest.skip(f"params.yaml is not as shipped: found {found}; shipped: {expected}")
    assert found == expected


AT_ONCE = """import contextlib, pathlib, shlex, sys
from disentangle.__main__ import main
for command in sys.argv[1].splitlines():
    arguments, log = command.split(" > ")
    pathlib.Path(log).parent.mkdir(parents=True, exist_ok=True)
    with open(log, "w") as file, contextlib.redirect_stdout(file):
        if main(shlex.split(arguments)):
            sys.exit(command)
"""


class Project:
    """A copy of the pipeline in a folder of its own, and the commands a user gives there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = os.environ | {
            "PYTHONPATH": str(folder / "src"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "HOME": str(folder),
        }

    def run(self, *command: str, status: int | None = 0) -> str:
        """Run a command in the project and return what it printed; ``status`` is the exit status to expect."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=1800, check=False
        )
        output = done.stdout + done.stderr
        assert status is None or done.returncode == status, f"{command} gave {done.returncode}:\n{output}"
        return output

    def stage(self, *arguments: str, status: int = 0) -> str:
        return self.run(sys.executable, "-m", "disentangle", *arguments, status=status)

    def snakemake(self, *arguments: str, status: int | None = 0) -> str:
        return self.run("snakemake", "--cores", "2", *arguments, status=status)

    def at_once(self, *targets: str) -> Counter:
        """Do the jobs that Snakemake plans by hand, in one process, which starts once; return them, by rule.

        For what tests begin with; that Snakemake does them, and with these results, is tested where it is the point.
        """
        plan = self.snakemake("-n", "-p", *targets)
        if commands := re.findall(r"^Shell command: .* -m disentangle (.*) 2>&1$", plan, re.M):
            self.run(sys.executable, "-c", AT_ONCE, "\n".join(commands))
        assert "Nothing to be done" in (self.snakemake("-n", *targets) if commands else plan)
        return planned(plan)

    def dvc(self, *arguments: str, status: int | None = 0) -> str:
        return self.run("dvc", *arguments, status=status)

    def git(self, *arguments: str) -> str:
        return self.run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments)

    @property
    def params(self) -> dict:
        return yaml.safe_load((self.folder / "params.yaml").read_text())

    def edit_params(self, dotted: str, value: object) -> None:
        """Set one key of params.yaml, such as ``scale`` or ``burns.training.lr`` of the tiny scale."""
        data = self.params
        place = data
        keys = dotted.split(".")
        if keys[0] == "burns":
            place = data["scales"]["tiny"]["studies"]
        elif keys[0] == "datasets":
            place = data["scales"]["tiny"]
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value
        (self.folder / "params.yaml").write_text(yaml.safe_dump(data, sort_keys=False))

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace text in a file, once."""
        file = self.folder / path
        text = file.read_text()
        assert text.count(old) >= 1, f"{path} does not hold {old!r}"
        file.write_text(text.replace(old, new, 1))

    def cell(self, method: str, lam: str, dataset: str = "DC-BC") -> Path:
        return self.folder / f"data/runs/tiny/burns/{dataset}/{method}/lam={lam}/seed=0"

    def copy(self, folder: Path) -> "Project":
        """Return a copy with the times of its files kept, as if nothing had happened."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder)


def forget(*kept: Any) -> None:
    """Empty the caches of functions, and those of all functions of modules: sources are read anew."""
    for place in kept:
        for cached in vars(place).values() if isinstance(place, ModuleType) else [place]:
            if hasattr(cached, "cache_clear"):
                cached.cache_clear()


def jobs(output: str) -> Counter:
    """Return the jobs that a run finished, by rule."""
    return Counter(re.findall(r"^ *\d+/\d+ +(?!all )(\w+) .* (?:[\d.]+ s|\d+:[\d:]+)$", output, re.M))


def planned(output: str) -> Counter:
    """Return the jobs in the table of a dry run, by rule, without the ``all`` that does nothing."""
    table = output.split("Job stats:")[1].split("total")[0] if "Job stats:" in output else ""
    return Counter({rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", table, re.M) if rule != "all"})


def rests(project: Project) -> None:
    """Assert that neither engine has anything to do."""
    assert "Nothing to be done" in project.snakemake("-n")
    assert jobs(project.dvc("repro")) == Counter()
    assert "up to date" in project.dvc("status")


def compared(project: Project) -> dict[str, dict]:
    """Return what DVC compares, by its place below ``metrics``."""
    folder = project.folder / "metrics"
    paths = sorted(folder.rglob("*.json"))
    return {str(path.relative_to(folder)).removesuffix(".json"): json.loads(path.read_text()) for path in paths}


def reruns(built: Project, folder: Path, change: Callable[[Project], None]) -> Counter:
    """Return the jobs that a change makes Snakemake plan; once they are done, neither engine has anything to do."""
    project = built.copy(folder / "changed")
    change(project)
    found = project.at_once()
    assert jobs(project.dvc("repro")) == Counter()
    assert "up to date" in project.dvc("status")
    return found


def trained_files(project: Project) -> dict[str, bytes]:
    """Return the bytes of all results of cells, but for how long they took and the seals, which hold its hash."""
    files = [path for path in sorted((project.folder / "data/runs").rglob("*")) if path.is_file()]
    return {
        str(path.relative_to(project.folder)): path.read_bytes()
        for path in files
        if path.name != "timing.json" and path.suffix != ".seal"
    }


def tells_stand_ins(project: Project, folder: str) -> int:
    """Assert that each report in a folder says what stands in for data before any number in a table; count them.

    And that each picture of reports and figures has words that stand for it.
    """
    texts = {path: path.read_text() for path in (project.folder / folder).glob("*.md")}
    of_data = {path: text for path, text in texts.items() if "\n- data, " in text.split("\n## Origin\n")[1]}
    for path, text in of_data.items():
        title, told, _ = text.split("\n\n", 2)
        assert title.startswith("# "), path
        assert told.startswith("> **Not the paper's data.** Stand-in in "), path
        assert "\n" not in title + told, path
    for path, text in texts.items():
        assert all(len(words.strip()) >= 10 for words in re.findall(r"!\[(.*?)\]\(", text)), path
    for path in (project.folder / folder / "figures").rglob("*.json"):
        assert len(json.loads(path.read_text())["alt"].strip()) >= 10, path
    return len(of_data)


def edits(path: str, old: str, new: str) -> Callable[[Project], None]:
    """Return a change that replaces text in a file, once."""
    return lambda project: project.edit(path, old, new)


def comment_and_touch(project: Project) -> None:
    """Add a comment to every module, and touch all data."""
    for file in (project.folder / "src").rglob("*.py"):
        file.write_text(file.read_text() + "\n# a remark\n")
    for file in (project.folder / "data").rglob("*"):
        os.utime(file)


def write_idx(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


def write_raw_data(folder: Path) -> None:
    """Write 200 digits of 10 classes, each a bar whose length tells its class, and 3 x 12 pictures of plain colours."""
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 10
    images = np.zeros((200, 28, 28), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[4:24, 2 : 5 + 2 * label] = rng.integers(180, 256)
    write_idx(folder / "digits/images-idx3-ubyte", images)
    write_idx(folder / "digits/labels-idx1-ubyte", labels)
    for channel, name in enumerate(("blue", "green", "red")):
        for k in range(12):
            picture = np.zeros((64, 64, 3), np.uint8)
            picture[..., channel] = 40 + 10 * k
            (folder / "pictures" / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(folder / "pictures" / name / f"{k:02}.png")


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which nothing has run; tests copy it."""
    folder = tmp_path_factory.mktemp("project") / "untouched"
    folder.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "cache", "tmp")
            )
        else:
            shutil.copy2(source, folder / name)
    (folder / "params.yaml").write_text(yaml.safe_dump(PARAMS, sort_keys=False))
    write_raw_data(folder / "data/raw")
    return Project(folder)


@pytest.fixture(scope="session")
def built(untouched: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same after `dvc repro`, committed, and pushed to a local remote; tests copy it."""
    folder = tmp_path_factory.mktemp("project") / "built"
    project = untouched.copy(folder)
    project.git("init", "-q", "-b", "main")
    project.dvc("remote", "add", "-d", "store", str(folder.parent / "store"))
    project.dvc("repro")
    project.git("add", "-A")
    project.git("commit", "-qm", "first")
    project.dvc("push")
    return project
