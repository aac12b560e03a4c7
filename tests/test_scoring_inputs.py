"""Files and arrays as people have them: each has the right reading, or one short message before any computing."""

import csv
import dataclasses
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from disentangle import __main__ as command
from disentangle.errors import InputError
from disentangle.scoring.inputs import Given, joined
from disentangle.stages.score import read_codes, read_factors

ROWS = 60
RNG = np.random.default_rng(0)
CODES = RNG.normal(size=(ROWS, 3))
SHAPE = np.array(["oval", "square", "heart"])[np.arange(ROWS) % 3]
PLACE = RNG.permutation(np.arange(ROWS) % 4)
ANGLE = RNG.uniform(0, 6, size=ROWS)


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def labels(words: Iterable[Any]) -> list[int]:
    return np.unique(np.array([*words]), return_inverse=True)[1].tolist()


def read(factors: str, codes: Any = CODES) -> Given:
    """Return what is read of a file, beside codes."""
    return joined(codes, read_factors(Path(factors)), told_as=("codes", factors))


def columns(found: Given) -> dict[str, list[float]]:
    population = found.population
    return {name: column.tolist() for name, column in zip(population.names, population.factors.T, strict=True)}


def write_table(path: str, header: list[str], rows: Iterable[Iterable[Any]], separator: str = ",") -> None:
    with Path(path).open("w", newline="") as file:
        csv.writer(file, delimiter=separator).writerows([header, *rows] if header else rows)


BOTH = {"shape": labels(SHAPE), "place": PLACE.tolist()}


# Arrays.


def test_codes_in_any_of_their_files() -> None:
    np.savez("named.npz", codes=CODES, z=CODES[:3])
    np.savez("only.npz", z=CODES)
    np.save("array.npy", CODES)
    np.save("whole.npy", np.arange(2 * ROWS).reshape(ROWS, 2) % 7)
    for name in ("named.npz", "only.npz", "array.npy"):
        assert np.array_equal(read_codes(Path(name)), CODES)
    assert joined(read_codes(Path("whole.npy")), PLACE).population.codes.dtype == np.float64


def test_only_what_is_needed_of_an_archive_is_read() -> None:
    """Objects beside good codes, which would have to be unpickled, and what is no array at all."""
    np.savez("x.npz", codes=CODES, names=np.array(["a", None], dtype=object))
    with zipfile.ZipFile("x.npz", "a") as archive:
        archive.writestr("README.txt", "of a run")
    assert np.array_equal(read_codes(Path("x.npz")), CODES)


def test_the_codes_of_the_pipeline_are_named_and_can_be_chosen() -> None:
    np.savez("codes.npz", mean=CODES.astype(np.float32), logvar=-CODES.astype(np.float32))
    with pytest.raises(InputError) as refusal:
        read_codes(Path("codes.npz"))
    listed = "mean (60, 3) of float32, logvar (60, 3) of float32"
    assert str(refusal.value) == (
        f"codes.npz: found arrays {listed}; allowed: one called codes, one in all, or --array NAME to say which."
    )
    assert np.array_equal(read_codes(Path("codes.npz"), "mean"), CODES.astype(np.float32))


def test_factors_in_any_of_their_files() -> None:
    """Labels are numbered in the order of their values, factors in that of the file."""
    np.savez("named.npz", shape=SHAPE, place=10 * PLACE)
    np.savez("chosen.npz", factors=np.stack([PLACE, PLACE > 1], axis=1), images=np.zeros((ROWS, 2, 2)))
    np.save("array.npy", np.stack([PLACE + 0.0, PLACE > 1], axis=1))
    np.save("one.npy", PLACE)
    write_table("table.csv", ["shape", "place"], zip(SHAPE, PLACE, strict=True))
    two = {"factor_0": PLACE.tolist(), "factor_1": (PLACE > 1).astype(int).tolist()}
    expected = {"named.npz": BOTH, "chosen.npz": two, "array.npy": two, "table.csv": BOTH}
    expected["one.npy"] = {"factor_0": PLACE.tolist()}
    for name, factors in expected.items():
        found = columns(read(name))
        assert found == factors
        assert list(found) == list(factors)
    np.savez("more.npz", shape=SHAPE, place=PLACE, images=np.zeros((ROWS, 2, 2)))
    chosen = joined(CODES, read_factors(Path("more.npz"), ["place", "shape"]))
    assert chosen.population.names == ("place", "shape")


# Tables.


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["y.csv", "y.tsv", "y.txt", "Y.CSV"])
def test_cells_may_be_parted_by_any_of_the_usual_signs(name: str, separator: str) -> None:
    write_table(name, ["shape", "place"], zip(SHAPE, PLACE, strict=True), separator)
    assert columns(read(name)) == BOTH


def test_a_table_that_a_spreadsheet_writes() -> None:
    """A mark of the byte order, quotes, a blank line, a sign at the end of lines; commas of decimals."""
    lines = [f'"{shape}";{place};' for shape, place in zip(SHAPE, PLACE, strict=True)]
    Path("y.csv").write_text("\ufeffshape; place;\r\n" + "\r\n".join(lines) + "\r\n\r\n", newline="")
    assert columns(read("y.csv")) == BOTH
    rows = ["x;y"] + [f"{x:.3f};{y:.3f}".replace(".", ",") for x, y in CODES[:, :2]]
    Path("x.csv").write_text("\n".join(rows))
    found = joined(read_codes(Path("x.csv")), PLACE).population.codes
    np.testing.assert_allclose(found, CODES[:, :2], atol=6e-4)


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("name", ["Unnamed: 0", ""])
def test_an_index_that_pandas_wrote_is_no_factor_and_no_code(name: str, shuffled: bool) -> None:
    frame = pd.DataFrame({"shape": SHAPE, "place": PLACE})
    index = np.random.default_rng(1).permutation(ROWS) if shuffled else np.arange(ROWS)
    frame.insert(0, name, index)
    frame.to_csv("y.csv", index=False)
    found = read("y.csv")
    assert columns(found) == BOTH
    assert found.remarks == ("y.csv: column 1 has no name and a value of its own in each row: left out as an index.",)
    pd.DataFrame(CODES).to_csv("x.csv")
    np.testing.assert_allclose(joined(read_codes(Path("x.csv")), PLACE).population.codes, CODES)


def test_a_header_that_is_one_name_short_is_refused() -> None:
    """Pandas would take the first factor for an index."""
    write_table("y.csv", ["place"], zip(SHAPE, PLACE, strict=True))
    with pytest.raises(InputError, match=r"^y\.csv: found 1 names for 2 columns; allowed: a name for each"):
        read("y.csv")


def test_words_are_words_and_only_nothing_is_missing() -> None:
    words = np.array(["None", "NA", "nan", "null"])[PLACE]
    write_table("y.csv", ["hat", "place"], zip(words, PLACE, strict=True))
    assert columns(read("y.csv")) == {"hat": labels(words), "place": PLACE.tolist()}
    write_table("y.csv", ["hat", "place"], zip(np.where(PLACE == 1, "", words), PLACE, strict=True))
    missing = np.count_nonzero(PLACE == 1)
    with pytest.raises(InputError, match=rf"^y\.csv: factor 'hat': found missing values in {missing} rows"):
        read("y.csv")
    write_table("y.csv", ["hat", "place"], zip(SHAPE, np.where(PLACE == 1, "nan", PLACE.astype(str)), strict=True))
    with pytest.raises(InputError, match=r"^y\.csv: factor 'place': found 'nan' among numbers"):
        read("y.csv")


def test_codes_in_a_table_with_and_without_names() -> None:
    np.savetxt("bare.csv", CODES, delimiter=",")
    np.savetxt("bare.txt", CODES)
    pd.DataFrame(CODES).to_csv("counted.csv", index=False)
    pd.DataFrame(CODES, columns=["a", "b", "c"]).to_csv("named.tsv", index=False, sep="\t")
    for name in ("bare.csv", "bare.txt", "counted.csv", "named.tsv"):
        np.testing.assert_allclose(joined(read_codes(Path(name)), PLACE).population.codes, CODES)


def test_columns_that_pandas_counts_have_no_other_name() -> None:
    frame = pd.DataFrame(np.stack([PLACE, PLACE % 2], axis=1))
    for index in (False, True):
        frame.to_csv("y.csv", index=index)
        assert columns(read("y.csv")) == {"0": PLACE.tolist(), "1": (PLACE % 2).tolist()}


def test_an_index_among_codes_is_refused() -> None:
    frame = pd.DataFrame({"id": np.arange(ROWS), "z": CODES[:, 0]})
    with pytest.raises(InputError, match=r"^codes: column 'id' counts the rows; leave this index out\.$"):
        joined(frame, PLACE)
    with pytest.raises(InputError, match=r"^codes: found oval in column 'shape'; allowed: real numbers\.$"):
        joined(pd.DataFrame({"z": CODES[:, 0], "shape": SHAPE}), PLACE)


# In memory.


class Tensor:
    """As of a library that keeps tensors elsewhere, with gradients."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.steps = values, list[str]()

    def detach(self) -> "Tensor":
        self.steps.append("detach")
        return self

    def cpu(self) -> "Tensor":
        self.steps.append("cpu")
        return self

    def numpy(self) -> np.ndarray:
        assert self.steps == ["detach", "cpu"]
        return self.values


def test_arrays_tables_tensors_and_mappings_are_one() -> None:
    table = np.stack([labels(SHAPE), PLACE], axis=1)
    record = np.array([*zip(SHAPE, PLACE, strict=True)], dtype=[("shape", "U9"), ("place", int)])
    forms = {
        "mapping": {"shape": SHAPE, "place": PLACE},
        "mapping of tensors": {"shape": torch.tensor(labels(SHAPE)), "place": Tensor(PLACE)},
        "table": pd.DataFrame({"shape": SHAPE, "place": PLACE}, index=RNG.permutation(ROWS)),
        "objects": pd.DataFrame({"shape": SHAPE.astype(object), "place": PLACE.astype(object)}),
        "categories": pd.DataFrame({"shape": pd.Categorical(SHAPE), "place": pd.array(PLACE, dtype="Int64")}),
        "record": record,
    }
    for form, factors in forms.items():
        assert columns(joined(CODES, factors)) == BOTH, form
    others = [table.astype(dtype) for dtype in (np.uint8, ">i4", np.float16, np.float32, ">f8", np.longdouble, "U3")]
    for factors in (
        table,
        table.tolist(),
        torch.tensor(table),
        torch.tensor(table).half(),
        np.asfortranarray(table),
        *others,
    ):
        assert columns(joined(CODES, factors, names=["shape", "place"])) == BOTH
    for codes in (
        CODES.tolist(),
        CODES.astype(">f8"),
        torch.tensor(CODES, requires_grad=True),
        pd.DataFrame(CODES),
        Tensor(CODES),
    ):
        assert np.array_equal(joined(codes, table).population.codes, CODES)


def test_categories_keep_their_order() -> None:
    sizes = pd.Categorical(np.array(["small", "large", "huge"])[PLACE % 3], ["small", "large", "huge", "vast"])
    found = joined(CODES, pd.DataFrame({"size": sizes}))
    assert columns(found) == {"size": (PLACE % 3).tolist()}


def test_rows_in_another_order_are_refused() -> None:
    codes, factors = pd.DataFrame(CODES), pd.DataFrame({"place": PLACE})
    with pytest.raises(InputError, match=r"^factors: found the rows of codes in another order"):
        joined(codes, factors.sample(frac=1, random_state=0))


def test_nothing_given_is_changed() -> None:
    codes, frame = CODES.astype(np.float32), pd.DataFrame({"shape": SHAPE, "angle": ANGLE})
    before = codes.copy(), frame.copy()
    joined(codes, frame)
    assert np.array_equal(codes, before[0])
    pd.testing.assert_frame_equal(frame, before[1])


# What is discrete, and what is continuous.


def test_the_numbers_decide_what_a_factor_is_unless_it_is_told() -> None:
    frame = pd.DataFrame({"shape": SHAPE, "angle": ANGLE, "place": PLACE, "half": PLACE / 2, "whole": PLACE * 1.0})
    found = joined(CODES, frame).population
    assert found.continuous == ("angle", "half")
    assert found.factors.dtype == np.float64
    assert np.array_equal(found.factors[:, 1], ANGLE) and np.array_equal(found.factors[:, 3], PLACE / 2)
    assert found.factors[:, 0].tolist() == labels(SHAPE) and np.array_equal(found.factors[:, 4], PLACE)
    told = joined(CODES, frame, continuous=["place", "whole"], discrete="half").population
    assert told.continuous == ("angle", "place", "whole")
    assert np.array_equal(told.factors[:, 3], PLACE)
    without = joined(CODES, frame.drop(columns="angle"), discrete=["half"]).population
    assert without.factors.dtype == np.int64


def test_a_continuous_factor_of_few_values_is_remarked() -> None:
    """Such as scales of 0.5, 0.6, ..., which are labels."""
    places = np.tile(PLACE, 20)
    found = joined(np.tile(CODES, (20, 1)), {"scale": 0.5 + places / 10, "angle": np.arange(1200) / 7})
    assert found.remarks == (
        "factor 'scale' is taken for continuous, as its 4 values have fractions; say that it is discrete if they are "
        "labels.",
    )
    told = joined(np.tile(CODES, (20, 1)), {"scale": 0.5 + places / 10}, continuous=["scale"])
    assert told.remarks == ()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-3, 3), min_size=15, max_size=40), st.sampled_from(["int8", "int64", "float32", "float64"]))
def test_labels_number_the_values_in_order(values: list[int], dtype: str) -> None:
    array = np.array(values, dtype=dtype)
    if len({*values}) > 1:
        found = joined(np.ones((len(array), 1)), array).population.factors[:, 0]
        assert found.dtype == np.int64
        assert np.array_equal(np.unique(array)[found], array)
        assert set(found) == set(range(len({*values})))


# What is refused.

BAD_CODES: dict[str, tuple[Any, str]] = {
    "a vector": (CODES[:, 0], "x.npz: found codes (60,) of float64; allowed: (rows, codes) of real numbers."),
    "text": (np.full((ROWS, 2), "a"), "x.npz: found codes (60, 2) of <U1; allowed: (rows, codes)"),
    "objects": (np.array([[None]]), "x.npz: not a readable file of arrays (codes is of object; allowed: numbers, text"),
    "no columns": (CODES[:, :0], "x.npz: found codes (60, 0) of float64"),
    "no rows": (CODES[:0], "x.npz: found 60 rows of factor 'shape' in y.npz and 0 rows of codes; allowed: as many."),
    "complex": (CODES * 1j, "x.npz: found codes (60, 3) of complex128"),
    "not finite": (np.where(CODES > 1, np.nan, CODES), "x.npz: found NaN or infinity in "),
    "huge": (CODES * [1, 1e200, 1], "x.npz: code 1 reaches "),
    "tiny": (CODES * [1e-200, 1, 1], "x.npz: code 0 reaches "),
    "fewer rows": (
        CODES[1:],
        "x.npz: found 60 rows of factor 'shape' in y.npz and 59 rows of codes; allowed: as many.",
    ),
    "transposed": (
        CODES.T,
        "x.npz: found 60 rows of factor 'shape' in y.npz and 3 rows of codes; allowed: as many. Tr",
    ),
}
IDS = np.array([f"image {row}" for row in range(ROWS)])
BAD_FACTORS: dict[str, tuple[dict[str, Any], str]] = {
    "missing": ({"place": np.where(PLACE == 3, np.nan, PLACE)}, "y.npz: factor 'place': found missing values"),
    "infinite": ({"angle": np.where(PLACE == 3, np.inf, ANGLE)}, "y.npz: factor 'angle': found infinity"),
    "all of one value": ({"place": 0 * PLACE + 7}, "y.npz: found factors of one value alone; allowed: at least one of"),
    "times": (
        {"time": PLACE.astype("datetime64[s]")},
        "y.npz: factor 'time': found datetime64[s]; allowed: numbers or",
    ),
    "of three axes": ({"a": PLACE, "b": np.zeros((ROWS, 2, 2))}, "y.npz: found b (60, 2, 2) of float64; allowed: one"),
    "mixed": ({"a": np.ones((ROWS, 3)), "b": PLACE}, "y.npz: found a (60, 3) of float64; allowed: one called factors"),
    "none": ({}, "y.npz: found no array; allowed: one called factors"),
    "no rows": (
        {"place": PLACE[:0]},
        "x.npz: found 0 rows of factor 'place' in y.npz and 60 rows of codes; allowed: as many.",
    ),
    "objects": ({"place": PLACE.astype(object)}, "y.npz: not a readable file of arrays (place is of object; allowed"),
    "a value a row": (
        {"place": PLACE, "id": IDS},
        "y.npz: factor 'id': found 60 values in 60 rows; allowed: 2 rows a value, on average. Leave it out, or join",
    ),
    "nearly a value a row": (
        {"x": RNG.permutation(ROWS) // 1.5 // 1},
        "y.npz: factor 'x': found 40 values in 60 rows; allowed: 2 rows a value, on average. Leave it out, or say that",
    ),
    "whole numbers, a value a row": (
        {"time": RNG.permutation(ROWS) * 2.0},
        "y.npz: factor 'time': found 60 values in 60 rows; allowed: 2 rows a value, on average. Leave it out, or say",
    ),
    "an index": (
        {"place": PLACE, "row": np.arange(ROWS)},
        "y.npz: factor 'row': found 60 values in 60 rows; allowed: 2 rows a value, on average. Leave it out: it counts",
    ),
    "transposed": (
        {"factors": np.stack([PLACE, PLACE % 2])},
        "x.npz: found 2 rows of factor 'factor_0' in y.npz and 60 rows of codes; allowed: as many. Transposed?",
    ),
    "one-hot": (
        {"place": PLACE, "factors": np.column_stack([PLACE % 2, np.eye(4)[PLACE]])},
        "y.npz: found columns factor_1, factor_2, factor_3, factor_4 of which one is 1 in each row, as of a label that",
    ),
}


def refused(given: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The message is one short line, and nothing was printed or written before."""
    assert command.main(["score", *given]) == 1
    found = capsys.readouterr()
    assert (found.out, found.err.count("\n")) == ("", 1)
    assert found.err.startswith(f"error: {message}")
    assert len(found.err) < 600
    assert not Path("scores.json").exists()


def good() -> list[str]:
    np.savez("x.npz", codes=CODES)
    np.savez("y.npz", shape=SHAPE, place=PLACE)
    return ["--codes", "x.npz", "--factors", "y.npz"]


@pytest.mark.parametrize("kind", BAD_CODES)
def test_codes_that_cannot_be_scored_are_refused(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    codes, message = BAD_CODES[kind]
    given = good()
    np.savez("x.npz", codes=codes)
    refused(given, message, capsys)


@pytest.mark.parametrize("kind", BAD_FACTORS)
def test_factors_that_cannot_be_scored_are_refused(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    arrays, message = BAD_FACTORS[kind]
    given = good()
    np.savez("y.npz", **arrays)
    refused(given, message, capsys)


def test_codes_and_factors_that_are_both_transposed(capsys: pytest.CaptureFixture[str]) -> None:
    np.savez("x.npz", codes=CODES.T)
    np.savez("y.npz", factors=np.stack([PLACE, PLACE, PLACE]))
    given = ["--codes", "x.npz", "--factors", "y.npz"]
    refused(given, "x.npz: found 3 rows of 60 codes; allowed: at least 15 rows. Transposed?", capsys)


def test_files_that_are_not_there_or_none(capsys: pytest.CaptureFixture[str]) -> None:
    given = good()
    Path("folder.csv").mkdir()
    with zipfile.ZipFile("text.npz", "w") as archive:
        archive.writestr("README.txt", "of a run")
    refused([*given, "--codes", "absent.npz"], "absent.npz: cannot be read (No such file or directory).", capsys)
    refused([*given, "--factors", "absent.csv"], "absent.csv: cannot be read (No such file", capsys)
    refused([*given, "--factors", "folder.csv"], "folder.csv: found a folder; allowed: a file.", capsys)
    refused([*given, "--codes", "text.npz"], "text.npz: found arrays none; allowed: one called codes", capsys)


BAD_TABLES = {
    "no header": ("3,1\n1,0\n", "y.csv: found a number in the first line; allowed: a header that names the factors."),
    "a hole": ("a,b\n1,\n2,x\n" * 1, "x.npz: found 2 rows of factor 'a' in y.csv and 60 rows of codes"),
    "nothing": ("", "y.csv: found no row; allowed: a table with a row of names."),
    "a header alone": ("a,b\n", "x.npz: found 0 rows of factor 'a' in y.csv and 60 rows of codes; allowed: as many."),
    "longer lines": ("a,b\n1,2\n1,2,3,4\n", "y.csv: not a readable table (Error tokenizing data. C error: Expected 2"),
    "names twice": ("a,a\n1,2\n", "y.csv: found column 'a' twice; allowed: names, each once."),
    "no name": ("a,,b\n" + "1,2,3\n" * ROWS, "y.csv: column 2 has no name; allowed: a name for each."),
    "a long line": ("x" * 30_000_000, "y.csv: not a readable table (its first two lines have more than"),
    "a long name": ("x" * 100_000 + "\n1\n", "x.npz: found 1 rows of factor 'xxx"),
    "a very long name": ("x" * 3_000_000 + "\n1\n", "y.csv: not a readable table (field larger than field limit"),
    "a long cell": ("a\n" + "1\n" * 3 + "x" * 9_000_000 + "\n", "x.npz: found 4 rows of factor 'a' in y.csv and 60"),
    "no text": ("\0\1\2\0" * 99, "y.csv: not a readable table (found a NUL; save it as text in UTF-8)."),
}


@pytest.mark.parametrize("kind", BAD_TABLES)
def test_tables_that_cannot_be_read_are_refused(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    text, message = BAD_TABLES[kind]
    given = good()
    Path("y.csv").write_text(text)
    refused([*given, "--factors", "y.csv"], message, capsys)


def test_a_table_in_another_encoding_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    given = good()
    buffer = io.StringIO()
    pd.DataFrame({"größe": SHAPE}).to_csv(buffer)
    Path("y.csv").write_bytes(buffer.getvalue().encode("latin-1"))
    refused([*given, "--factors", "y.csv"], "y.csv: not a readable table ('utf-8' codec can't decode", capsys)


BITS = [
    "1",
    "0",
    "2.5",
    "a",
    "NA",
    "nan",
    "inf",
    "1e999",
    "é",
    '"',
    "True",
    "9" * 20,
    " ",
    ",",
    ";",
    "\t",
    "|",
    "\n",
    "1,2\n",
]
BITS += ["\r\n", "a;b\n", "#", "\\", "\0", "\ufeff", "Unnamed: 0", "2020-01-01"]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(BITS), max_size=40), st.integers(1, 20))
def test_whatever_a_table_holds_it_is_read_or_refused_in_a_line(bits: list[str], times: int) -> None:
    Path("any.csv").write_text("".join(bits) + ("\n" + "".join(bits[::-1])) * times, newline="")
    for codes, factors in ((read_codes, lambda _: PLACE), (lambda _: CODES, read_factors)):
        try:
            found = joined(codes(Path("any.csv")), factors(Path("any.csv"))).population
        except InputError as refusal:
            assert "\n" not in str(refusal) and len(str(refusal)) < 600
        else:
            assert found.finite and np.isfinite(found.factors).all()


def test_an_archive_that_unpacks_to_more_than_can_be_meant_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = good()
    np.savez_compressed("x.npz", codes=np.zeros((ROWS, 10_000)))
    monkeypatch.setattr("disentangle.files.MOST_UNPACKED", 1000)
    refused(given, "x.npz: not a readable file of arrays (codes unpacks to 4800128 bytes; allowed: up to", capsys)


def test_names_are_as_many_as_factors() -> None:
    table = np.stack([PLACE, PLACE % 2], axis=1)
    for names in (["a"], ["a", "a"], ["a", "b", "c"]):
        with pytest.raises(InputError, match=r"^factors: found \d names for 2 factors; allowed: one each\.$"):
            joined(CODES, table, names=names)
    with pytest.raises(InputError, match=r"^factors: found \(2, 60\) for 2 names; .* Transposed\?$"):
        joined(CODES, table.T, names=["a", "b"])


def test_what_is_given_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        joined(CODES, PLACE).remarks = ()  # type: ignore[misc]
