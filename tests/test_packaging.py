"""The wheel and the sdist: what is in them, and that a bare environment of the default dependencies alone scores."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
MIG = """
import numpy as np
from disentangle.metrics import mig
factors = np.random.default_rng(0).integers([3, 4], size=(900, 2))
print(mig(factors + 0.1, factors))
"""


def environment() -> dict[str, str]:
    """Return the environment without what leads to other packages."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}


def run(*command: object, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a wheel and an sdist, built of a copy without a network."""
    tree, out = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("dist")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tree)
    shutil.copytree(ROOT / "src", tree / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    build = (
        "from setuptools import build_meta as b; import sys; out = sys.argv[1]; b.build_sdist(out); b.build_wheel(out)"
    )
    run(sys.executable, "-c", build, out, cwd=tree)
    return out


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def needed(distribution: str, seen: set[str]) -> Iterator[importlib.metadata.Distribution]:
    """Yield what a distribution needs without extras, and what that needs, as they are installed here."""
    for line in importlib.metadata.distribution(distribution).requires or []:
        name, _, marker = line.partition(";")
        name = re.split(r"[^\w.-]", name.strip())[0]
        if "extra" not in marker and "platform" not in marker and "version" not in marker and name not in seen:
            seen.add(name)
            yield importlib.metadata.distribution(name)
            yield from needed(name, seen)


@pytest.fixture(scope="module")
def bare(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment of the wheel and of what it says that it needs, linked to what is installed here."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin/python", "install", "--quiet"]
    run(*pip, "--no-deps", "--no-index", "--no-compile", only(built, "*.whl"), cwd=folder)
    site = only(folder, "lib/python*/site-packages")
    (metadata,) = site.glob("disentangle_bench-*.dist-info")
    requirements = importlib.metadata.Distribution.at(metadata).requires or []
    names = {re.split(r"[^\w.-]", line)[0] for line in requirements if "extra" not in line}
    for name in {*names}:
        for distribution in [importlib.metadata.distribution(name), *needed(name, names)]:
            for top in {file.parts[0] for file in distribution.files or []} - {"..", "__pycache__"}:
                if not (site / top).exists():
                    (site / top).symlink_to(Path(str(distribution.locate_file(top))))
    return folder


def test_the_wheel_holds_every_file_of_the_package(built: Path) -> None:
    files = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*") if path.is_file()}
    files = {name for name in files if not re.search(r"__pycache__|\.egg-info|/\.", name)}
    with zipfile.ZipFile(only(built, "*.whl")) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == files
    assert "disentangle/py.typed" in held
    with tarfile.open(only(built, "*.tar.gz")) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {f"src/{name}" for name in files} <= names
    assert {"pyproject.toml", "README.md"} <= names


def test_the_distribution_is_not_the_other_project_of_that_name(built: Path) -> None:
    assert {path.name.split("-")[0] for path in built.iterdir()} == {"disentangle_bench"}


def test_a_bare_environment_prints_mig_of_two_arrays(bare: Path, tmp_path: Path) -> None:
    done = run(bare / "bin/python", "-c", MIG, cwd=tmp_path)
    assert re.fullmatch(r"\{'mig': 0\.99\d+\}\n", done.stdout)
    for absent in ("torch", "snakemake", "dvc", "matplotlib", "yaml", "sklearn"):
        assert (
            f"No module named '{absent}'"
            in run(bare / "bin/python", "-c", f"import {absent}", cwd=tmp_path, code=1).stderr
        )


def test_a_bare_environment_scores_files_with_every_metric(bare: Path, tmp_path: Path) -> None:
    assert "--codes" in run(bare / "bin/disentangle", "score", "--help", cwd=tmp_path).stdout
    factors = np.random.default_rng(0).integers([2, 3], size=(120, 2))
    np.savez(tmp_path / "x.npz", codes=factors + 0.1, factors=factors)
    every = "import disentangle.metrics as m; print(*m.__all__, sep=',')"
    names = run(bare / "bin/python", "-c", every, cwd=tmp_path).stdout.strip()
    given = ["score", "--codes", "x.npz", "--factors", "x.npz", "--metrics", names, "--chance", "0", "--no-ceiling"]
    done = run(bare / "bin/disentangle", *given, cwd=tmp_path)
    assert {line.split()[0] for line in done.stdout.splitlines()[2:] if line} >= {*names.split(",")}


def test_what_a_bare_environment_has_not_is_one_message(bare: Path, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("{}\n")
    said = run(bare / "bin/disentangle", "params", cwd=tmp_path, code=1).stderr
    advice = r"which is not installed: pip install 'disentangle-bench\[pipeline\]'\."
    assert re.fullmatch(rf"error: `params` needs (yaml|jsonschema), {advice}\n", said)
