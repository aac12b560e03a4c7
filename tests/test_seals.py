"""Seals: what is current, what is damaged, missing or of other things, and what a job then does."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from disentangle import files
from disentangle.errors import InputError
from disentangle.pipeline import hashes, sealed, seals
from disentangle.pipeline.hashes import Hashes
from disentangle.pipeline.jobs import Job, above
from disentangle.pipeline.schedule import to_run
from disentangle.pipeline.sealed import Found, making
from disentangle.pipeline.study import with_suffix

DATA, TRAINED, CODES = Path("data/d/manifest.json"), Path("runs/c/checkpoint.bin"), Path("runs/c/codes.npz")
RUN = Path("runs/c/run.json")


def chain(data: str = "d", trained: str = "t", encoded: str = "e") -> tuple[Job, Job, Job]:
    """Return three jobs, each of which reads what the one before it makes."""
    generate = Job("generate", data, (DATA,))
    train = Job("train", trained, (TRAINED, RUN), ((generate, (DATA,)),))
    return generate, train, Job("encode", encoded, (CODES,), ((generate, (DATA,)), (train, (TRAINED, RUN))))


def make(job: Job, content: str = "content", **options: object) -> bool:
    """Run a job whose files hold ``content``; say whether it had anything to do."""
    with making(job, **options) as work:
        if not work.done:
            for path in job.makes:
                files.write_text(path, f"{content} of {path.name}")
    return not work.done


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Job, Job, Job]]:
    monkeypatch.chdir(tmp_path)
    jobs = chain()
    assert all(map(make, jobs))
    yield jobs


def lacks(*jobs: Job) -> list[str | None]:
    found = Found()
    return [lack and lack.why for lack in map(found.lack, jobs)]


def test_what_was_made_is_current_and_is_not_made_again(made: tuple[Job, Job, Job]) -> None:
    assert lacks(*made) == [None, None, None]
    assert not any(map(make, made))
    assert make(made[2], anew=True)


def test_a_seal_tells_its_own_damage(made: tuple[Job, Job, Job]) -> None:
    seal = seals.read(made[1].seal)
    assert seal is not None
    assert (seal.stage, seal.digest, seal.made) == ("train", "t", made[1].made)
    assert seal.read == {str(DATA): files.sha256(DATA)[:16]}
    assert seal.files == {path.name: files.sha256(path) for path in (TRAINED, RUN)}
    text = made[1].seal.read_text()
    for other in ("", "{}", "[]", text[: len(text) // 2], text.replace('"t"', '"u"'), made[0].seal.read_text()[:-3]):
        made[1].seal.write_text(other)
        assert seals.read(made[1].seal) is None
        assert lacks(made[1]) == ["no seal tells what it was made of"]
    made[1].seal.write_text(made[0].seal.read_text())  # whole, of another job
    assert lacks(made[1]) == ["its parameters or code changed"]


def test_a_changed_digest_reaches_all_that_rests_on_it_and_nothing_else(made: tuple[Job, Job, Job]) -> None:
    assert lacks(*chain(encoded="f")) == [None, None, "its parameters or code changed"]
    assert lacks(*chain(trained="u")) == [None, "its parameters or code changed", "what it is made of changed"]
    changed = ["its parameters or code changed", *["what it is made of changed"] * 2]
    assert lacks(*chain(data="f")) == changed
    for path in (DATA, TRAINED, RUN):  # and it does where nothing lies there any more
        path.unlink()
        path.with_suffix(".seal").unlink(missing_ok=True)
    assert lacks(chain(data="f")[2]) == ["what it is made of changed"]
    assert lacks(made[2]) == [None]


def test_other_code_above_that_comes_to_the_same_files_makes_nothing_again(made: tuple[Job, Job, Job]) -> None:
    generate, train, encode = chain(data="f")
    assert make(generate)
    assert not make(train) and not make(encode)
    assert lacks(generate, train, encode) == [None, None, None]
    generate, train, encode = chain(data="g")
    assert make(generate, "another content") and make(train) and make(encode)


@pytest.mark.parametrize("keep_times", [False, True])
@pytest.mark.parametrize("name", [TRAINED, RUN, CODES, DATA], ids=lambda path: path.name)
def test_a_flipped_bit_is_noticed(made: tuple[Job, Job, Job], name: Path, keep_times: bool) -> None:
    old = time.time() - 100
    for path in (TRAINED, RUN, CODES, DATA):
        os.utime(path, (old, old))
    found = Found()
    assert [found.lack(job) for job in made] == [None, None, None]
    found.hashes.save()
    content = bytearray(name.read_bytes())
    content[3] ^= 1
    name.write_bytes(content)
    if keep_times:
        os.utime(name, (old, old))
    job = next(job for job in made if name in job.makes)
    assert lacks(job) == ["not as its seal tells"]
    if job is not made[2]:
        with pytest.raises(InputError, match=f"{name}: not as its seal tells"):
            make(made[2], anew=True)
    assert make(job)
    assert lacks(*made) == [None, None, None]


def test_what_times_hide_is_found_by_readers_and_then_by_the_plan(
    made: tuple[Job, Job, Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails changes no times; here the store of hashes promises what is not so."""
    monkeypatch.setattr(hashes, "SETTLED", -10.0)
    found = Found()
    assert found.lack(made[1]) is None
    found.hashes.save()
    facts = TRAINED.stat()
    TRAINED.write_text("CONTENT of checkpoint.bin")
    promise = (facts.st_size, TRAINED.stat().st_mtime_ns, TRAINED.stat().st_ctime_ns, TRAINED.stat().st_ino)
    with hashes._writable() as store:
        store.execute(
            "UPDATE hashes SET size = ?, mtime = ?, ctime = ?, inode = ? WHERE path = ?", (*promise, str(TRAINED))
        )
    assert lacks(made[1]) == [None]
    with pytest.raises(InputError, match="not as its seal tells"):
        make(made[2], anew=True)
    assert lacks(made[1]) == ["not as its seal tells"]


def test_a_damaged_store_of_hashes_costs_time_alone(made: tuple[Job, Job, Job]) -> None:
    hashes.STORE.parent.mkdir(parents=True, exist_ok=True)
    for content in (b"", b"no database", b"SQLite format 3\0" + b"\1" * 5000):
        hashes.STORE.write_bytes(content)
        found = Hashes()
        assert found.of(RUN) == files.sha256(RUN)
        found.save()
    assert Hashes().of(Path("missing")) is None and Hashes().of(Path("runs")) is None


def test_what_is_missing_is_told_to_those_who_need_it(made: tuple[Job, Job, Job]) -> None:
    TRAINED.unlink()
    found = Found().lack(made[1])
    assert found is not None and (str(found), found.known) == (f"{TRAINED}: missing", True)
    TRAINED.write_text("content of checkpoint.bin")
    with making(made[0], anew=True) as work:
        files.write_text(DATA, "content of manifest.json")
        files.write_text(DATA.with_name("images.npy"), "images")
        work.names.append("images.npy")
    assert lacks(*made) == [None, None, None]
    DATA.with_name("images.npy").unlink()
    found = Found().lack(made[0])
    assert found is not None and (found.path.name, found.why, found.known) == ("images.npy", "missing", False)
    assert lacks(*made[1:]) == [None, None]  # a dataset comes out the same again


def test_what_runs_is_what_is_asked_for_and_not_current_and_what_rests_on_it(made: tuple[Job, Job, Job]) -> None:
    generate, train, _ = made
    report = Job("report", "r", (Path("reports/t.md"),), ((generate, (DATA,)), (train, (RUN,))))
    page = Job("page", "p", (Path("reports/index.html"),), ((report, report.makes),))
    jobs = dict(zip(("generate", "train", "encode", "report", "page"), (*made, report, page), strict=True))

    def runs(*asked: str, **options: object) -> list[str]:
        run = to_run([jobs[name] for name in asked], Found(), **options)
        return [name for name, job in jobs.items() if job in run]

    assert runs("encode", "page") == ["report", "page"]
    assert make(report) and make(page)
    assert runs("encode", "page", whole=True) == []
    assert runs("page", forced=lambda job: job is train) == ["train", "report", "page"]
    kept = {path: path.read_bytes() for path in (DATA, RUN, CODES, TRAINED)}
    # What is missing is made if it is asked for, or a job that runs reads it.
    TRAINED.unlink()
    assert runs("page") == runs("encode") == []
    assert runs("train") == ["train"]
    assert runs("train", "page") == ["train", "report", "page"]
    assert runs("encode", "page", whole=True) == ["train", "encode", "report", "page"]
    CODES.write_text("damaged")
    assert runs("encode") == ["train", "encode"]
    CODES.write_bytes(kept[CODES])
    # A dataset comes out the same: what rests on it does not look.
    DATA.write_text("damaged")
    assert runs("page") == ["generate"]
    report.makes[0].unlink()
    assert runs("page") == ["generate"]  # it is gone and nobody reads it
    assert runs("report", "page") == ["generate", "report", "page"]
    DATA.write_bytes(kept[DATA])
    TRAINED.write_bytes(kept[TRAINED])
    assert make(report, anew=True)
    RUN.write_text("damaged")
    assert runs("page") == ["train", "report", "page"]
    assert runs("encode") == ["train", "encode"]


def test_what_was_made_of_what_is_gone_is_known_from_what_it_was_made_of(made: tuple[Job, Job, Job]) -> None:
    """Codes are away, and the training came to other bits: scores of the codes before are none of it."""
    probe = Job("probe", "p", (Path("runs/c/probe.json"),), ((made[2], (CODES,)),))
    assert make(probe)
    CODES.unlink()
    made[2].seal.unlink()
    assert lacks(probe) == [None]
    assert make(made[1], "other bits", anew=True)
    assert lacks(probe) == [f"made of another {TRAINED}"]


def test_results_that_do_not_belong_together_are_told(made: tuple[Job, Job, Job]) -> None:
    """As of a training from elsewhere, which ended in other bits, beside codes from here."""
    kept = CODES.read_bytes(), made[2].seal.read_bytes()
    assert make(made[1], "other bits", anew=True)
    assert lacks(*made) == [None, None, f"made of another {TRAINED}"]
    assert make(made[2], "other codes")
    CODES.write_bytes(kept[0])
    made[2].seal.write_bytes(kept[1])
    probe = Job("probe", "p", (Path("runs/c/probe.json"),), ((made[1], (RUN,)), (made[2], (CODES,))))
    with pytest.raises(InputError, match=f"{CODES}: made of another {RUN} than there is"):
        make(probe)


def test_a_job_that_stops_leaves_no_seal_of_what_it_left(made: tuple[Job, Job, Job]) -> None:
    with pytest.raises(KeyboardInterrupt), making(made[1], anew=True):
        raise KeyboardInterrupt
    assert lacks(made[1]) == [None]  # what was there is there
    with pytest.raises(KeyboardInterrupt), making(made[1], anew=True):
        files.write_text(TRAINED, "half")
        raise KeyboardInterrupt
    assert lacks(made[1]) == ["not as its seal tells"]
    made[1].seal.unlink()
    assert lacks(made[1]) == ["no seal tells what it was made of"]
    with pytest.raises(InputError, match=f"{TRAINED}: not finished: it has no seal. Run `train` first"):
        make(made[2], anew=True)
    assert make(made[1])


def test_a_job_refuses_what_it_was_not_planned_for(made: tuple[Job, Job, Job]) -> None:
    assert not make(made[2], planned=made[2].made)
    with pytest.raises(InputError, match="changed while the pipeline was running"):
        make(made[2], planned="0" * 16)
    with pytest.raises(InputError, match=f"{TRAINED}: made with other parameters or code than today's. Run `train`"):
        make(chain(trained="u")[2])


def test_parts_of_results_are_kept_while_they_are_of_the_same(made: tuple[Job, Job, Job]) -> None:
    def kept(job: Job, **parts: str) -> set[str]:
        with making(job) as work:
            work.told["parts"] = parts
            found = sealed.kept_parts(work)
            files.write_text(CODES, f"{parts}")
        return found

    jobs = [replace(made[2], digest=f"{k}") for k in range(5)]
    assert kept(jobs[0], a="1", b="1") == set()
    assert kept(jobs[1], a="1", b="2", c="1") == {"a"}
    CODES.write_text("damaged")
    assert kept(jobs[2], a="1") == set()
    make(made[1], "other bits", anew=True)
    assert kept(jobs[3], a="1") == set()
    assert kept(jobs[4], a="1") == {"a"}


def test_all_that_a_job_rests_on_comes_before_it(made: tuple[Job, Job, Job]) -> None:
    assert above([made[2], made[1]]) == list(made)
    assert json.loads(made[2].seal.read_text())["read"].keys() == {str(DATA), str(TRAINED), str(RUN)}
    assert made[2].lineage == {DATA: made[0], TRAINED: made[1], RUN: made[1]}


def test_names_with_dots_have_files_of_their_own() -> None:
    places = [Path("reports/figures/pairs/v1.0"), Path("reports/figures/pairs/v1.1")]
    files_of = [[with_suffix(place, suffix) for suffix in (".svg", ".csv")] for place in places]
    assert files_of[0] == [Path("reports/figures/pairs/v1.0.svg"), Path("reports/figures/pairs/v1.0.csv")]
    assert len({Job("figure", "f", tuple(paths)).seal for paths in files_of}) == 2
