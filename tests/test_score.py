"""The command `score`: what it prints and writes is what the metrics say of the files, and bad calls are refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from disentangle import __main__ as command
from disentangle import registry, streams
from disentangle.evaluation.population import Population
from disentangle.pipeline.measured import metrics_of

SOURCE = Path(__file__).parent.parent / "src"
NAMES = ("shape", "angle", "place")


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # to be set back after a stage set it


def sample(rows: int = 240) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    factors = np.stack([rng.permutation(np.arange(rows) % size) for size in (2, 3, 4)], axis=1)
    return np.hstack([factors, factors[:, :1] * factors[:, 1:2]]) + 0.3 * rng.normal(size=(rows, 4)), factors


def write(codes: np.ndarray, factors: np.ndarray) -> list[str]:
    np.savez("x.npz", codes=codes, other=np.zeros(3))
    np.savez("y.npz", **dict(zip(NAMES, factors.T, strict=True)))
    return ["score", "--codes", "x.npz", "--factors", "y.npz"]


def direct(name: str, population: Population, seed: int = 0) -> dict[str, float]:
    found: dict[str, float] = registry.build("metrics", name, {}).scores(population, streams.rng(seed, "measure", name))
    return found


def table(output: str) -> dict[tuple[str, str], list[str]]:
    lines = [line.split() for line in output.splitlines()[2:]]
    return {(name, key): cells for name, key, *cells in lines if not name.endswith((":", ","))}


def program(*given: str) -> list[str]:
    return [sys.executable, "-m", "disentangle", *given]


ENVIRONMENT = os.environ | {"PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}


def test_end_to_end_every_metric_of_a_sample_without_torch() -> None:
    codes, factors = sample()
    given = [*program(*write(codes.astype(np.float32), factors)), "--chance", "1"]
    given[1:1] = ["-X", "importtime"]
    done = subprocess.run(given, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert " torch" not in done.stderr
    assert done.stdout.startswith("240 rows, a sample; 4 codes; factors shape, angle, place\n")
    written = json.loads(Path("scores.json").read_text())
    metrics = [name for name in metrics_of("codes") if not registry.constant("metrics", name, "ASKED", False)]
    assert {"half_similarity", "value_accuracy"} <= {*metrics_of("codes")} - {*metrics}
    assert sorted(written["scores"]) == metrics
    printed = table(done.stdout)
    population = Population(codes.astype(np.float32).astype(float), factors, NAMES, complete=False)
    for name in metrics:
        chance, ceiling = (written[part].get(name) for part in ("chance", "ceiling"))
        assert (chance is None) == (ceiling is None) == registry.constant("metrics", name, "UNSUPERVISED", False)
        for key, value in direct(name, population).items():
            if key.endswith("same_domain"):  # there is none
                assert key not in written["scores"][name]
                continue
            beside = [] if chance is None else [chance[key]["mean"], ceiling[key]]
            shown = [None if np.isnan(value) else value, *beside]
            assert written["scores"][name][key] == (None if np.isnan(value) else pytest.approx(value, rel=1e-12))
            cells = ["-" if cell is None else f"{cell:.4f}" for cell in shown]
            assert printed.pop((name, key)) == cells + ["-"] * (3 - len(cells))
    assert not printed
    assert written["protocol"] == "sample"
    assert written["rows"] == 240
    assert written["seed"] == 0
    assert written["options"]["mig"] == {"points": 10000, "bins": 20}
    assert written["factors"]["names"] == list(NAMES)
    assert written["factors"]["sizes"] == [2, 3, 4]
    assert written["factors"]["kinds"] == ["discrete"] * 3
    assert written["codes"]["dim"] == 4
    assert written["versions"]["numpy"] == np.__version__


def test_some_metrics_of_a_grid_with_a_seed(capsys: pytest.CaptureFixture[str]) -> None:
    factors = np.stack(np.unravel_index(np.random.default_rng(1).permutation(24), (2, 3, 4)), axis=1)
    codes = factors + 0.3 * np.random.default_rng(2).normal(size=(24, 3))
    given = [*write(codes, factors), "--grid", "--metrics", "dci, dci", "--seed", "5", "--output", "out/s.json"]
    assert command.main(given) == 0
    said = capsys.readouterr()
    assert said.out.startswith("24 rows, a grid; 3 codes;")
    assert said.err == "1 of 1: dci\n"
    written = json.loads(Path("out/s.json").read_text())
    expected = direct("dci", Population(codes, factors, NAMES, complete=True), seed=5)
    assert written["scores"] == {"dci": pytest.approx(expected, rel=1e-12)}
    assert written["protocol"] == "grid"
    first = Path("out/s.json").read_bytes()
    assert command.main(given) == 0
    assert Path("out/s.json").read_bytes() == first


def test_codes_that_are_decoded_values_have_their_accuracy_if_it_is_asked_for() -> None:
    _, factors = sample()
    decoded = factors.copy()
    decoded[:60, 2] = (decoded[:60, 2] + 1) % 4
    assert command.main([*write(decoded, factors), "--metrics", "value_accuracy"]) == 0
    found = json.loads(Path("scores.json").read_text())["scores"]["value_accuracy"]
    assert found == {"mean": pytest.approx(11 / 12), "all": 3 / 4, "shape": 1, "angle": 1, "place": 3 / 4}


# What is printed and written, and when.


def test_json_alone_is_printed_if_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    given = [*write(*sample()), "--metrics", "mig,sap", "--json"]
    assert command.main(given) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert set(found["scores"]) == {"mig", "sap"}
    assert f"{found['scores']['mig']['mig']:.4f}" in said.err
    assert not Path("scores.json").exists()
    assert command.main([*given, "--output", "s.json"]) == 0
    assert json.loads(Path("s.json").read_text()) == found


def test_neither_chance_nor_ceiling_if_they_are_not_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([*write(*sample()), "--metrics", "mig", "--chance", "0", "--no-ceiling"]) == 0
    written = json.loads(Path("scores.json").read_text())
    assert (written["chance"], written["ceiling"]) == ({}, {})
    (cells,) = table(capsys.readouterr().out).values()
    assert cells[1:] == ["-", "-"]


def test_repeats_have_an_interval(capsys: pytest.CaptureFixture[str]) -> None:
    population = Population(*sample(), NAMES, complete=False)
    assert command.main([*write(*sample()), "--metrics", "sap", "--repeats", "4", "--chance", "3", "--seed", "9"]) == 0
    written = json.loads(Path("scores.json").read_text())
    found = written["intervals"]["sap"]["sap"]
    assert found["draws"][0] == direct("sap", population, seed=9)["sap"]
    assert len({*found["draws"]}) > 1 and len(found["draws"]) == 4
    assert len(written["chance"]["sap"]["sap"]["draws"]) == 3
    mean, half = np.mean(found["draws"]), 3.182446305 * np.std(found["draws"], ddof=1) / 2  # t of 3 degrees of freedom
    assert [found[key] for key in ("mean", "low", "high")] == pytest.approx([mean, mean - half, mean + half])
    assert written["scores"]["sap"]["sap"] == found["mean"]
    out = capsys.readouterr().out
    assert out.splitlines()[1].split() == ["metric", "score", "value", "low", "high", "chance", "ceiling"]
    assert table(out)["sap", "sap"][:3] == [f"{found[key]:.4f}" for key in ("mean", "low", "high")]


def test_results_are_written_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    given = write(*sample())

    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("disentangle.evaluation.metrics.sap.Metric.scores", broken)
    assert command.main([*given, "--metrics", "mig,sap"]) == 130
    assert set(json.loads(Path("scores.json").read_text())["scores"]) == {"mig"}


def test_a_reader_that_has_had_enough_loses_nothing_of_the_file() -> None:
    line = " ".join([*program(*write(*sample())), "--metrics", "mig,irs,sap", "2>&1", "|", "head", "-1"])
    done = subprocess.run(["bash", "-c", line], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert (done.stdout.count("\n"), done.stderr) == (1, "")
    assert set(json.loads(Path("scores.json").read_text())["scores"]) == {"mig", "irs", "sap"}


def test_names_of_any_bytes_are_printed_and_written_wherever_to() -> None:
    codes, factors = sample()
    np.save(os.fsdecode(b"x\xff.npy"), codes)
    np.save("y.npy", factors)
    Path("link.json").symlink_to("s.json")
    given = [b"score", b"--codes", b"x\xff.npy", b"--factors", b"y.npy", b"--names", "ä,b,c".encode() + b"\xff"]
    given += [b"--metrics", b"mig", b"--output", b"link.json"]
    ascii_only = ENVIRONMENT | {"PYTHONIOENCODING": "ascii"}
    line, printed = (
        subprocess.run([*program(), *given, *more], env=ascii_only, capture_output=True, check=True).stdout
        for more in ([], [b"--json"])
    )
    assert line.startswith(rb"240 rows, a sample; 4 codes; factors \xe4, b, c\xff")
    written = json.loads(Path("s.json").read_text())
    assert Path("link.json").is_symlink() and json.loads(printed) == written
    assert (written["codes"]["path"], written["factors"]["names"]) == (r"x\xff.npy", ["ä", "b", r"c\xff"])


def test_streams_that_are_closed_take_nothing() -> None:
    line = " ".join([*program(*write(*sample())), "--metrics", "mig"])
    closed = subprocess.run(["bash", "-c", f"{line} >&-"], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert closed.stderr == "1 of 1: mig\n" and Path("scores.json").exists()
    done = subprocess.run(["bash", "-c", f"{line} --json 2>&-"], env=ENVIRONMENT, capture_output=True, check=True)
    assert set(json.loads(done.stdout)["scores"]) == {"mig"}


def test_where_nothing_can_be_written_nothing_is_computed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("computed")

    given = write(*sample())
    monkeypatch.setattr("disentangle.evaluation.metrics.mig.Metric.scores", never)
    Path("file").write_text("")
    for output, said in ((".", ".: cannot be written (Is a directory)"), ("file/s.json", "file/s.json: cannot be")):
        assert command.main([*given, "--metrics", "mig", "--output", output]) == 1
        found = capsys.readouterr()
        assert found.err.startswith(f"error: {said}")
        assert found.err.count("\n") == 1


def test_what_is_to_be_known_of_the_scores_is_said_and_written(capsys: pytest.CaptureFixture[str]) -> None:
    codes, factors = sample()
    factors[:, 1] = 7
    assert command.main([*write(codes, factors), "--metrics", "mig,sap"]) == 0
    remark = "mig, sap: Without angle (of one value)."
    assert capsys.readouterr().out.splitlines()[-1] == remark
    assert json.loads(Path("scores.json").read_text())["remarks"] == [remark]


def test_options_are_given_as_metric_option_value() -> None:
    population = Population(*sample(), NAMES, complete=False)
    options = ["--option", "mig.bins=5", "--option", "mig.points=60", "--option", "downstream_lr.sizes=10,20"]
    assert command.main([*write(*sample()), "--metrics", "mig,downstream_lr", "--chance", "0", *options]) == 0
    written = json.loads(Path("scores.json").read_text())
    assert written["options"]["mig"] == {"bins": 5, "points": 60}
    assert written["options"]["downstream_lr"]["sizes"] == [10, 20]
    metric = registry.build("metrics", "mig", {"bins": 5, "points": 60})
    assert written["scores"]["mig"] == metric.scores(population, streams.rng(0, "measure", "mig"))


def test_codes_and_factors_may_be_columns_of_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    codes, factors = sample()
    table = np.column_stack([factors, codes])
    np.savetxt("all.csv", table, delimiter=",", header="shape,angle,place,a,b,c,d", comments="")
    given = ["score", "--codes", "all.csv", "--factors", "all.csv", "--factor-columns", "angle,place,shape"]
    assert command.main([*given, "--metrics", "mig", "--chance", "0"]) == 0
    assert capsys.readouterr().out.startswith("240 rows, a sample; 4 codes; factors angle, place, shape\n")
    found = json.loads(Path("scores.json").read_text())["scores"]["mig"]["mig"]
    assert found == pytest.approx(direct("mig", Population(codes, factors, NAMES, complete=False))["mig"])


def test_factors_without_names_can_be_given_some(capsys: pytest.CaptureFixture[str]) -> None:
    codes, factors = sample()
    np.savetxt("y.csv", factors, fmt="%d", delimiter=",")
    given = [*write(codes, factors), "--factors", "y.csv", "--names", "shape,angle, place", "--metrics", "mig"]
    assert command.main([*given, "--continuous", "place"]) == 0
    assert capsys.readouterr().out.startswith("240 rows, a sample; 4 codes; factors shape, angle, place (continuous)\n")


def test_a_stream_that_takes_nothing_is_an_error_in_a_line() -> None:
    """Of a full disk."""
    line = " ".join([*program(*write(*sample())), "--metrics", "mig", ">", "/dev/full"])
    done = subprocess.run(["bash", "-c", line], env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "error: <stdout>: cannot be written (No space left on device).\n")


# What is refused.

CODES, FACTORS = sample()


def refused(given: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(given) == 1
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.startswith(f"error: {message}")
    assert found.err.count("\n") == 1
    assert len(found.err) < 600
    assert not Path("scores.json").exists()


BAD_CALLS = {
    "metric": (["--metrics", "mig,dcy"], "unknown metric 'dcy': did you mean 'dci'? Known: "),
    "metric of edits": (
        ["--metrics", "mig,pixel_error"],
        "metrics: found 'pixel_error', which does not score codes; allowed: ",
    ),
    "no metric": (["--metrics", " ,"], "metrics: found none; allowed: one or more."),
    "seed": (["--seed", "-1"], "seed: found -1; allowed: an integer from 0 to 4294967295."),
    "repeats": (["--repeats", "0"], "repeats: found 0; allowed: an integer from 1 to 10000."),
    "chance": (["--chance", "-3"], "chance: found -3; allowed: an integer from 0 to 10000."),
    "name of codes": (["--codes", "x.h5"], "x.h5: found a name that ends in '.h5'; allowed: .npz, .npy, .csv, "),
    "tensors": (["--codes", "x.pt"], "x.pt: found a name that ends in '.pt'; allowed: .npz, .npy, .csv, .tsv, .txt. S"),
    "name of factors": (["--factors", "y"], "y: found a name that ends in ''; allowed: .npz, .npy, .csv"),
    "damaged": (["--codes", "damaged.npy"], "damaged.npy: not a readable file of arrays ("),
    "no grid": (["--grid"], "grid: found 240 rows with 24 combinations of factors; allowed: the 24 of 2 x 3 x 4"),
    "no such factor": (["--continuous", "angel"], "continuous: no factor 'angel': did you mean 'angle'? Known: "),
    "both": (["--continuous", "angle", "--discrete", "angle"], "discrete: factor 'angle' is said to be continuous"),
    "no option": (["--option", "mig"], "--option: found mig; allowed: METRIC.OPTION=VALUE, such as mig.bins=30."),
    "no option of it": (["--option", "mig.bin=3"], "mig.bin: unknown option of metric 'mig': did you mean 'bins'?"),
    "no value of it": (["--option", "mig.bins=few"], "mig.bins: found 'few'; allowed: a value of type int."),
    "an option twice": (["--option", "mig.bins=3", "--option", "mig.bins=4"], "--option: found mig.bins twice; all"),
    "no file to write": (["--output", "-"], "--output: found -; allowed: a file. What is printed is JSON with --json."),
    "no name to write": (["--output", ""], ".: cannot be written (Is a directory)"),
    "a pipe to write": (["--output", "pipe"], "pipe: found a pipe, a socket or a device; allowed: a file."),
    "a name twice": (["--factors", "y.npy", "--names", "a,a,b,c"], "y.npy: found 3 names for 3 factors; allowed: one"),
    "the codes": (["--output", "./x.npz"], "./x.npz: found codes or factors in the file to write; allowed: another"),
    "a link to factors": (["--output", "hard.npz"], "hard.npz: found codes or factors in the file to write; allowed"),
    "a link to codes": (["--output", "soft.npz"], "soft.npz: found codes or factors in the file to write; allowed"),
    "names of names": (["--names", "a,b,c"], "names: found names for factors that have their own, shape, angle, place"),
    "no table": (["--factor-columns", "a"], "y.npz: found no table; allowed: one, where columns of it are named."),
    "no array": (["--array", "z"], "x.npz: found no array z, but codes (240, 4) of float64, other (3,) of float64; "),
    "no array of factors": (["--factor-arrays", "shape,z"], "y.npz: found no array z, but shape (240,) of int64, "),
}


@pytest.mark.parametrize("kind", BAD_CALLS)
def test_calls_that_cannot_be_are_refused(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, message = BAD_CALLS[kind]
    Path("damaged.npy").write_bytes(b"\x93NUMPY and no more")
    given = write(CODES, FACTORS)
    np.save("y.npy", FACTORS)
    os.mkfifo("pipe")
    Path("soft.npz").symlink_to("x.npz")
    Path("hard.npz").hardlink_to("y.npz")
    before = Path("x.npz").read_bytes(), Path("y.npz").read_bytes()
    refused([*given, *arguments], message, capsys)
    assert (Path("x.npz").read_bytes(), Path("y.npz").read_bytes()) == before
    assert Path("pipe").is_fifo()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--repeats", "x"], "argument --repeats: found x; allowed: an integer"),
        (["--chance", "2.5"], "argument --chance: found 2.5; allowed: an integer"),
        (["--threads", "0"], "argument --threads: found 0; allowed: an integer from 1 to 100000"),
        (["--factors"], "argument --factors: expected one argument"),
        ([], "the following arguments are required: --codes, --factors"),
    ],
)
def test_a_call_that_cannot_be_read_is_refused_in_a_line(
    given: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="^2$"):
        command.main(["score", *given])
    assert capsys.readouterr().err == f"error: {message}; see python -m disentangle score --help.\n"


def test_a_grid_with_a_hole_and_too_few_rows_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    grid = np.stack(np.unravel_index(np.arange(24), (2, 3, 4)), axis=1)
    holed = [*write(np.zeros((23, 2)), grid[:-1]), "--grid"]
    refused(holed, "grid: found 23 rows with 23 combinations of factors; allowed: the 24 of 2 x 3 x 4 values", capsys)
    few = write(np.zeros((14, 2)), grid[::2][:12].repeat(2, 0)[:14])
    refused(few, "x.npz: found 14 rows of 2 codes; allowed: at least 15 rows.", capsys)


def test_a_refusal_of_the_real_command_is_one_line_without_a_traceback() -> None:
    given = program(*write(np.full((240, 2), np.inf), FACTORS))
    done = subprocess.run(given, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    message = "error: x.npz: found NaN or infinity in 240 of 240 rows; allowed: finite numbers.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", message)
