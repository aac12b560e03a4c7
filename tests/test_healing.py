"""Finished results that were damaged or lost: the same command makes them again, and nothing that is still good."""

import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import Project, jobs, rests, trained_files

pytestmark = pytest.mark.workflow

TRAIN = Counter(train=1, encode=1, probe=1, measure=1, report=1)
"""A training, and what rests on it: where its files came out the same, the others end at once."""
ENCODE = TRAIN - Counter(train=1)
CELL = "data/runs/tiny/burns/DC-BC/ortho/lam=0.1/seed=0"
DATA = "data/datasets/tiny/DC-BC"


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def digit(path: Path) -> None:
    """Change one digit, which leaves a file of its kind."""
    text = path.read_text()
    place = max(text.rfind(digit) for digit in "123456789")
    path.write_text(text[:place] + str(int(text[place]) % 9 + 1) + text[place + 1 :])


def empty(path: Path) -> None:
    path.write_text("{}")


def whole(project: Project) -> dict[str, bytes]:
    """Return the bytes of everything that was made, but for training times, seals and what tells times."""
    reports = {
        str(path.relative_to(project.folder)): path.read_bytes()
        for path in sorted((project.folder / "reports").rglob("*"))
        if path.suffix in (".csv", ".json", ".svg")
    }
    datasets = {
        str(path.relative_to(project.folder)): path.read_bytes()
        for path in sorted((project.folder / "data/datasets").rglob("*"))
        if path.is_file()
    }
    return trained_files(project) | reports | datasets


DAMAGE: list[tuple[str, Callable[[Path], None], Counter]] = [
    (f"{CELL}/checkpoint.safetensors", flip, TRAIN),
    (f"{CELL}/run.json", digit, TRAIN),
    (f"{CELL}/history.csv", halve, TRAIN),
    (f"{CELL}/timing.json", digit, TRAIN),
    (f"{CELL}/checkpoint.seal", digit, TRAIN),
    (f"{CELL}/codes.npz", flip, ENCODE),
    (f"{CELL}/probe.json", empty, Counter(probe=1, report=1)),
    (f"{CELL}/probe.json", digit, Counter(probe=1, report=1)),
    (f"{CELL}/metrics.seal", empty, Counter(measure=1, report=1)),
    (f"{DATA}/manifest.json", digit, Counter(generate=1)),
    (f"{DATA}/test_images.npy", flip, Counter(generate=1)),
    ("reports/table3.md", halve, Counter(report=1)),
    (f"{CELL}/history.csv", Path.unlink, TRAIN),
    (f"{CELL}/codes.npz", Path.unlink, ENCODE),
    (CELL, shutil.rmtree, TRAIN),
    (f"{DATA}/train_images.npy", Path.unlink, Counter(generate=1)),
    (f"{DATA}/manifest.json", Path.unlink, Counter(generate=1)),
    (DATA, shutil.rmtree, Counter(generate=1)),
    ("reports/table3.csv", Path.unlink, Counter(report=1)),
    ("reports/table3.json", Path.unlink, Counter(report=1)),
]


@pytest.mark.parametrize(
    ("path", "damage", "made"), DAMAGE, ids=[f"{damage.__name__} {Path(path).name}" for path, damage, _ in DAMAGE]
)
def test_what_is_damaged_or_lost_is_made_again_and_nothing_else(
    built: Project, tmp_path: Path, path: str, damage: Callable[[Path], None], made: Counter
) -> None:
    project = built.copy(tmp_path / "copy")
    before = whole(project)
    damage(project.folder / path)
    output = project.snakemake()
    assert jobs(output) == made
    assert whole(project) == before
    assert "Nothing to be done" in project.snakemake("-n")


def test_a_loss_is_not_recorded(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "copy")
    recorded = yaml.safe_load((project.folder / "dvc.lock").read_text())["stages"]["pipeline"]["outs"]
    before = whole(project)
    shutil.rmtree(project.folder / CELL)
    (project.folder / "reports/table3.csv").unlink()
    (project.folder / DATA / "test_factors.npz").unlink()
    flip(project.folder / CELL.replace("ortho/lam=0.1", "infomax/lam=0") / "codes.npz")
    assert jobs(project.dvc("repro")) == TRAIN + ENCODE + Counter(generate=1) - Counter(report=1)
    assert whole(project) == before
    after = yaml.safe_load((project.folder / "dvc.lock").read_text())["stages"]["pipeline"]["outs"]
    assert [(out["path"], out["nfiles"]) for out in after] == [(out["path"], out["nfiles"]) for out in recorded]
    rests(project)


def test_what_no_target_rests_on_is_made_again_where_it_can_be(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "copy")
    project.snakemake("reports/burns/claims.md" if (project.folder / "reports/burns").exists() else "reports/claims.md")
    other = next(path for path in (project.folder / "reports").rglob("claims.csv"))
    content = other.read_bytes()
    other.unlink()
    assert jobs(project.dvc("repro")) == Counter(report=1)
    assert other.read_bytes() == content
    project.edit_params("burns.methods.ortho.lam", [0.2])
    project.snakemake()
    flip(project.folder / CELL / "codes.npz")  # of a strength that was taken away
    assert jobs(project.snakemake()) == Counter(encode=1)
    project.edit_params("burns.methods", {"infomax": {"lam": [0]}})
    project.snakemake()
    flip(project.folder / CELL / "codes.npz")  # of a method that was taken away
    output = project.snakemake()
    assert f"note: {CELL}/codes.npz: not as its seal tells; params.yaml has it no more." in output
    assert jobs(output) == Counter()


def test_a_single_report_needs_no_more_than_it_reads(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "copy")
    shutil.rmtree(project.folder / DATA)
    for name in ("checkpoint.safetensors", "codes.npz", "codes.seal"):
        for cell in ("ortho/lam=0.1", "infomax/lam=0"):
            (project.folder / CELL.replace("ortho/lam=0.1", cell) / name).unlink()
        assert "Nothing to be done" in project.snakemake("-n", "reports/table3.md")
    assert "Nothing to be done" in project.snakemake("reports/table3.md")
    project.edit_params("burns.probes.logistic.C", 0.5)
    needed = Counter(generate=1, train=2, encode=2, probe=2, measure=2, report=1)
    assert jobs(project.snakemake("reports/table3.md")) == needed


def test_a_target_that_is_missing_is_made_whatever_is_damaged_above_it(built: Project, tmp_path: Path) -> None:
    """Snakemake looks at no job of its own accord that lies behind one that runs."""
    project = built.copy(tmp_path / "copy")
    before = whole(project)
    for damaged, missing in (("codes.npz", "metrics.json"), ("probe.json", "metrics.json")):
        flip(project.folder / CELL / damaged)
        (project.folder / CELL / missing).unlink()
        project.snakemake("reports/table3.md", f"{CELL}/{missing}")
        assert whole(project) == before
    (project.folder / DATA / "manifest.json").write_text("")
    (project.folder / CELL / "probe.json").unlink()
    assert jobs(project.snakemake(f"{CELL}/probe.json")) == Counter(generate=1, probe=1)
    assert whole(project) == before
    flip(project.folder / CELL / "codes.npz")
    project.edit("src/disentangle/studies/burns/reports/table3.py", "Table 3\n", "Table III\n")
    assert jobs(project.snakemake("reports/table3.md")) == ENCODE
    assert "Table III" in (project.folder / "reports/table3.md").read_text()


def test_a_lost_dataset_beside_a_new_seed_costs_no_training(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "copy")
    shutil.rmtree(project.folder / DATA)
    project.edit_params("burns.methods.ortho.lam", [0.1, 0.2])
    assert jobs(project.snakemake()) == TRAIN + Counter(generate=1)


def test_files_of_days_to_come_are_good(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "project")
    before = whole(project)
    for name in (f"{DATA}/manifest.json", f"{CELL}/codes.npz"):
        os.utime(project.folder / name, (2e9, 2e9))
    halve(project.folder / CELL / "probe.json")
    (project.folder / CELL / "run.json").unlink()
    project.snakemake()
    assert whole(project) == before


def test_links_to_nothing_and_folders_for_records_are_in_nobodys_way(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "project")
    before = whole(project)
    project.snakemake("--forcerun", "report")
    for name in ("reports/table3.json", f"{CELL}/codes.npz"):
        (project.folder / name).unlink()
        (project.folder / name).symlink_to("nothing")
    records = project.folder / ".snakemake/metadata"
    for record in records.iterdir():
        record.unlink()
        record.mkdir()
    project.snakemake()
    assert whole(project) == before


def test_one_more_metric_measures_that_metric(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "copy")
    source = project.folder / "src/disentangle/evaluation/metrics"
    shutil.copy(source / "half_similarity.py", source / "another.py")
    project.edit_params("burns.metrics", {"another": {}, "half_similarity": {}})
    before = yaml.safe_load((project.folder / CELL / "metrics.json").read_text())["scores"]
    assert jobs(project.snakemake()) == Counter(measure=2, report=1)
    after = yaml.safe_load((project.folder / CELL / "metrics.json").read_text())["scores"]
    log = next((project.folder / "logs/measure").rglob("ortho/**/*.log")).read_text()
    assert ", another: " in log and ", half_similarity: " not in log
    assert {code: {"half_similarity": found["half_similarity"]} for code, found in after.items()} == before
    assert all(found["another"] == found["half_similarity"] for found in after.values())


def test_verify_reads_everything_again_says_what_is_wrong_and_mends_it(built: Project, tmp_path: Path) -> None:
    project = built.copy(tmp_path / "copy")
    before = whole(project)
    assert "to be made anew or looked at again: none" in project.stage("verify")
    flip(project.folder / CELL / "codes.npz")
    (project.folder / DATA / "test_images.npy").unlink()
    said = project.stage("verify", status=1)
    assert f"{CELL}/codes.npz: not as its seal tells" in said
    assert f"{DATA}/test_images.npy: missing" in said
    assert "to be made anew or looked at again: generate 1, encode 1, probe 1, measure 1, report 1" in said
    assert "error: 5 results are not as they should be; --mend makes anew what it can." in said
    other = CELL.replace("ortho/lam=0.1", "infomax/lam=0")
    assert "5 results looked at; to be made anew or looked at again: generate 1\n" in project.stage(
        "verify", other, status=1
    )
    for path in (CELL, f"{CELL}/probe.json", "reports/table3.md"):
        assert "codes.npz: not as its seal tells" in project.stage("verify", path, status=1)
    assert jobs(project.stage("verify", "--mend")) == ENCODE + Counter(generate=1)
    assert whole(project) == before
    assert "nothing was made there" in project.stage("verify", "workflow", status=1)
