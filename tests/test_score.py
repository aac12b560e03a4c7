"""The command `score`: what it prints and writes is what the metrics say of the files, and bad files are refused."""

import csv
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
from disentangle.stages import score

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


def table(output: str) -> dict[tuple[str, str], str]:
    return {(name, key): value for name, key, value in (line.split() for line in output.splitlines()[2:])}


def test_end_to_end_every_metric_of_a_sample_without_torch() -> None:
    codes, factors = sample()
    given = [sys.executable, "-X", "importtime", "-m", "disentangle", *write(codes.astype(np.float32), factors)]
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    done = subprocess.run(given, env=environment, capture_output=True, text=True, check=True)
    assert " torch" not in done.stderr
    assert done.stdout.startswith("240 rows, a sample; 4 codes; factors shape, angle, place\n")
    written = json.loads(Path("scores.json").read_text())
    metrics = [name for name in metrics_of("codes") if name not in score.SKIPPED]
    assert score.SKIPPED == ("domain_information", "half_similarity", "value_accuracy")
    assert sorted(written["scores"]) == metrics
    printed = table(done.stdout)
    population = Population(codes.astype(np.float32).astype(float), factors, NAMES, complete=False)
    for name in metrics:
        for key, value in direct(name, population).items():
            stored = written["scores"][name][key]
            if np.isnan(value):
                assert (stored, printed.pop((name, key))) == (None, "undefined")
            else:
                assert (stored, printed.pop((name, key))) == (pytest.approx(value, rel=1e-12), f"{value:.4f}")
    assert not printed
    assert written["protocol"] == "sample"
    assert written["rows"] == 240
    assert written["seed"] == 0
    assert written["options"]["dci"] == {"train_points": 10000, "test_points": 5000}
    assert written["factors"]["names"] == list(NAMES)
    assert written["factors"]["sizes"] == [2, 3, 4]
    assert written["codes"]["dim"] == 4
    assert written["versions"]["numpy"] == np.__version__


def test_some_metrics_of_a_grid_with_a_seed(capsys: pytest.CaptureFixture[str]) -> None:
    factors = np.stack(np.unravel_index(np.random.default_rng(1).permutation(24), (2, 3, 4)), axis=1)
    codes = factors + 0.3 * np.random.default_rng(2).normal(size=(24, 3))
    given = [*write(codes, factors), "--grid", "--metrics", "dci, dci", "--seed", "5", "--output", "out/s.json"]
    assert command.main(given) == 0
    assert capsys.readouterr().out.startswith("24 rows, a grid; 3 codes;")
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


def test_codes_in_any_of_their_files() -> None:
    codes, _ = sample()
    np.savez("named.npz", codes=codes, z=codes[:3])
    np.savez("only.npz", z=codes)
    np.save("array.npy", codes)
    np.save("whole.npy", np.arange(12).reshape(6, 2))
    for name in ("named.npz", "only.npz", "array.npy"):
        assert np.array_equal(score.read_codes(Path(name)), codes)
    assert score.read_codes(Path("whole.npy")).dtype == np.float64


def test_factors_in_any_of_their_files() -> None:
    """Labels are numbered in the order of their values, factors in that of the file."""
    numbers, texts = np.array([30, 10, 30, 20]), np.array(["b", "a", "c", "a"])
    np.savez("named.npz", second=numbers, first=texts)
    np.savez("only.npz", anything=np.stack([numbers, numbers > 10], axis=1))
    np.save("array.npy", np.array([[3.0, 1], [1, 0], [3, 0], [2, 1]]))
    with Path("table.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("second", "first", "third"), *zip(numbers, texts, [1.0, 0, 0, 1], strict=True)])
    expected = {
        "named.npz": {"second": [2, 0, 2, 1], "first": [1, 0, 2, 0]},
        "only.npz": {"factor_0": [2, 0, 2, 1], "factor_1": [1, 0, 1, 1]},
        "array.npy": {"factor_0": [2, 0, 2, 1], "factor_1": [1, 0, 0, 1]},
        "table.csv": {"second": [2, 0, 2, 1], "first": [1, 0, 2, 0], "third": [1, 0, 0, 1]},
    }
    for name, factors in expected.items():
        found = score.read_factors(Path(name))
        assert {key: labels.tolist() for key, labels in found.items()} == factors
        assert list(found) == list(factors)


CODES, FACTORS = sample()
BAD_CODES = {
    "not there": (None, "x.npz: not there."),
    "several arrays": ({"a": CODES, "b": CODES}, "x.npz: found arrays a, b; allowed: one called codes, or one in all."),
    "a vector": (
        {"codes": CODES[:, 0]},
        "x.npz: found codes (240,) of float64; allowed: (rows, codes) of real numbers.",
    ),
    "text": ({"codes": np.full((240, 2), "a")}, "x.npz: found codes (240, 2) of <U1; allowed: (rows, codes)"),
    "objects": ({"codes": np.array([[None]])}, "x.npz: not a readable .npz file (Object arrays cannot be loaded"),
    "no columns": ({"codes": CODES[:, :0]}, "x.npz: found codes (240, 0) of float64"),
    "not finite": ({"codes": np.where(CODES > 3, np.nan, CODES)}, "x.npz: found NaN or infinity in "),
    "huge": ({"codes": CODES * [1, 1e200, 1, 1]}, "x.npz: code 1 reaches "),
    "tiny": ({"codes": CODES * [1e-200, 1, 1, 1]}, "x.npz: code 0 reaches "),
    "fewer rows": ({"codes": CODES[1:]}, "x.npz: found 240 rows of factor 'shape' in y.npz and 239 rows of codes;"),
}


@pytest.mark.parametrize("kind", BAD_CODES)
def test_codes_that_cannot_be_scored_are_refused(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    arrays, message = BAD_CODES[kind]
    given = write(CODES, FACTORS)
    Path("x.npz").unlink()
    if arrays is not None:
        np.savez("x.npz", **arrays)
    refused(given, message, capsys)


def refused(given: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(given) == 1
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.startswith(f"error: {message}")
    assert found.err.count("\n") == 1
    assert not Path("scores.json").exists()


PLACE = FACTORS[:, 2]
BAD_FACTORS = {
    "continuous": ({"place": PLACE + 0.25}, "y.npz: factor 'place': found "),
    "missing": ({"place": np.where(PLACE == 3, np.nan, PLACE)}, "y.npz: factor 'place': found missing values"),
    "of one value": ({"place": 0 * PLACE + 7}, "y.npz: factor 'place': found only 7; allowed: at least 2 values."),
    "times": (
        {"place": PLACE.astype("datetime64[s]")},
        "y.npz: factor 'place': found datetime64[s]; allowed: integers",
    ),
    "of three axes": ({"place": np.zeros((240, 2, 2), int)}, "y.npz: found place (240, 2, 2); allowed: one"),
    "mixed": ({"a": FACTORS, "b": PLACE}, "y.npz: found a (240, 3); allowed: one (rows, factors), or (rows,) each."),
    "none": ({}, "y.npz: found no array; allowed: one (rows, factors), or (rows,) each."),
    "no rows": ({"place": PLACE[:0]}, "y.npz: factor 'place': found no rows; allowed: at least 2 values."),
}


@pytest.mark.parametrize("kind", BAD_FACTORS)
def test_factors_that_cannot_be_scored_are_refused(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    arrays, message = BAD_FACTORS[kind]
    given = write(CODES, FACTORS)
    np.savez("y.npz", **arrays)
    refused(given, message, capsys)


BAD_TABLES = {
    "no header": ("0,1\n1,0\n", "y.csv: found a number in the first line; allowed: a header that names the factors."),
    "a hole": ("a,b\n1,\n2,x\n", "y.csv: factor 'b': found missing values; allowed: a label in each row."),
    "nothing": ("", "y.csv: not a readable .csv file (No columns to parse from file)."),
    "damage": ("a,b\n1,2,3,4\n1\n1,2,3,4,5,6\n", "y.csv: not a readable .csv file ("),
}


@pytest.mark.parametrize("kind", BAD_TABLES)
def test_tables_that_cannot_be_read_are_refused(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    text, message = BAD_TABLES[kind]
    given = write(CODES, FACTORS)
    Path("y.csv").write_text(text)
    refused([*given, "--factors", "y.csv"], message, capsys)


BAD_CALLS = {
    "metric": (["--metrics", "mig,dcy"], "unknown metric 'dcy': did you mean 'dci'? Known: "),
    "metric of edits": (
        ["--metrics", "mig,pixel_error"],
        "--metrics: found 'pixel_error', which does not score codes; allowed: beta_vae_score, dci, ",
    ),
    "no metric": (["--metrics", " ,"], "--metrics: found ' ,'; allowed: names with commas."),
    "seed": (["--seed", "-1"], "--seed: found -1; allowed: an integer from 0 to 4294967295."),
    "name of codes": (["--codes", "x.txt"], "x.txt: found a name that ends in '.txt'; allowed: .npz, .npy."),
    "name of factors": (["--factors", "y"], "y: found a name that ends in ''; allowed: .npz, .npy, .csv."),
    "damaged": (["--codes", "damaged.npy"], "damaged.npy: not a readable .npy file ("),
    "no grid": (["--grid"], "--grid: found 240 rows with 24 combinations of factors; allowed: the 24 of 2 x 3 x 4"),
}


@pytest.mark.parametrize("kind", BAD_CALLS)
def test_calls_that_cannot_be_are_refused(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, message = BAD_CALLS[kind]
    Path("damaged.npy").write_bytes(b"\x93NUMPY and no more")
    refused([*write(CODES, FACTORS), *arguments], message, capsys)


def test_a_grid_with_a_hole_and_too_few_rows_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    grid = np.stack(np.unravel_index(np.arange(24), (2, 3, 4)), axis=1)
    holed = [*write(np.zeros((23, 2)), grid[:-1]), "--grid"]
    refused(holed, "--grid: found 23 rows with 23 combinations of factors; allowed: the 24 of 2 x 3 x 4 values", capsys)
    refused(
        write(np.zeros((14, 2)), grid[::2][:12].repeat(2, 0)[:14]),
        "x.npz: found 14 rows; allowed: at least 15.",
        capsys,
    )


def test_a_refusal_of_the_real_command_is_one_line_without_a_traceback() -> None:
    given = [sys.executable, "-m", "disentangle", *write(np.full((240, 2), np.inf), FACTORS)]
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    done = subprocess.run(given, env=environment, capture_output=True, text=True, check=False)
    message = "error: x.npz: found NaN or infinity in 240 of 240 rows; allowed: finite numbers.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", message)
