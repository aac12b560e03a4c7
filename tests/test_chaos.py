"""A fault of each kind that costs seconds, done to a finished project; and that their driver sees what goes wrong."""

import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from chaos import FAULTS, Fault, Outcome, Site, Trial, drawn, results, tried
from conftest import Project

from disentangle import files
from disentangle.pipeline import seals

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("chaos")]

TABLE = Path("reports/table3.csv")


@pytest.fixture(scope="module")
def site(untouched: Project, built: Project, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(untouched, built, tmp_path_factory.mktemp("chaos"))


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if not fault.costly])
def test_after_a_fault_the_same_command_ends_in_the_same_results(site: Site, name: str) -> None:
    place, outcome = tried(site, FAULTS[name], random.Random(name))
    assert outcome.word in ("healed", "refused"), f"{place}: {outcome}"


# What the driver must see.


def outcome_of(site: Site, fault: Fault, limit: float = 600) -> Outcome:
    return tried(site, fault, random.Random(0), limit)[1]


def lie(command: str, cause: bool = False) -> Fault:
    """Return a fault after which a command of the shell is given."""

    def do(trial: Trial) -> Iterator[str]:
        trial.command, trial.cause = ("sh", "-c", command, "dvc"), cause
        yield command

    return Fault(do, 1, False)


def test_a_changed_result_that_its_seal_vouches_for_is_seen(site: Site) -> None:
    def do(trial: Trial) -> Iterator[str]:
        trial.command = ("snakemake", "--cores", "2")
        table, place = trial.here / TABLE, (trial.here / TABLE).with_suffix(".seal")
        table.write_bytes(table.read_bytes().replace(b"0", b"1", 1))
        seal = seals.read(place)
        assert seal
        seals.write(place, replace(seal, files={**seal.files, table.name: files.sha256(table)}))
        yield "a resealed table"

    assert outcome_of(site, Fault(do, 1, False)) == ("SILENT", f"1 differences: {TABLE} differs")


@pytest.mark.parametrize(
    ("command", "word", "said"),
    [
        (f"rm {TABLE}", "SILENT", f"{TABLE} missing"),
        (f"rm {TABLE} && mkdir {TABLE}", "SILENT", f"{TABLE} missing"),
        (f"rm {TABLE} && ln -s nothing {TABLE}", "SILENT", f"{TABLE} differs"),
        ("cp params.yaml reports/new.csv", "SILENT", "reports/new.csv left"),
        ("rm reports/table3.seal", "SILENT", f"{TABLE} without a seal"),
        ("echo {} > reports/table3.seal", "SILENT", "reports/table3.seal is not the seal"),
        ("sed -i 's/seconds/second/' $(find data -name timing.json)", "SILENT", "checkpoint.seal is not the seal"),
        ("sed -i 's/nfiles: .*/nfiles: 1/' dvc.lock", "SILENT", "DVC recorded"),
        ("touch data/raw/new", "SILENT", "dvc status"),
        ("echo 'Traceback (most recent call last)'", "TRACEBACK", "most recent"),
        ("echo '  File \"stage.py\", line 3, in run'", "TRACEBACK", "line 3"),
        ("sleep 60", "HUNG", "sleep 60"),
        ("exit 1", "MUTE", ""),
        ("echo error: reports: full; exit 1", "TWICE", "reports: full"),
    ],
)
def test_what_goes_wrong_has_its_word(site: Site, command: str, word: str, said: str) -> None:
    outcome = outcome_of(site, lie(command), limit=2 if word == "HUNG" else 600)
    assert outcome.word == word and said in outcome.said


def test_a_refusal_must_end_with_its_cause(site: Site) -> None:
    refused = "if [ -e {0} ]; then {1}; else touch {0}; echo error: no room; exit 1; fi"
    assert outcome_of(site, lie(refused.format("once", "true"), cause=True)) == ("refused", "no room")
    assert outcome_of(site, lie(refused.format("once", f"rm {TABLE}"), cause=True)).word == "SILENT"
    assert outcome_of(site, lie("echo error: no room; exit 1", cause=True)) == ("STUCK", "no room; then: no room")


def test_only_what_tells_of_time_may_differ(built: Project, tmp_path: Path) -> None:
    for place in seals.PLACES:
        shutil.copytree(built.folder / place, tmp_path / place)
    kept, report = results(tmp_path), tmp_path / "reports/table3.md"
    text = report.read_text()
    assert "\n- training time: " in text and "\n- device" in text
    report.write_text(text.replace("\n- training time: ", "\n- training time: 1"))
    for timing in tmp_path.rglob("timing.json"):
        timing.write_text("{}")
    assert results(tmp_path) == kept
    report.write_text(text.replace("\n- device", "\n- devices"))
    assert {name for name, found in results(tmp_path).items() if found != kept[name]} == {"reports/table3.md"}


def test_a_fault_is_drawn_again_by_its_number() -> None:
    studies = ["one", "another"]
    first, second = drawn(1, 5, studies), drawn(1, 5, studies)
    assert first[:2] == second[:2] and first[2].random() == second[2].random()
    found = [drawn(1, number, studies)[:2] for number in range(400)]
    assert {fault.do.__name__ for _, fault in found} == {*FAULTS}
    assert not any(fault.costly for study, fault in found if study == "another")
