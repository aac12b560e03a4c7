"""Files and arrays as people have them: each has the right reading, or one short message before any computing."""

import csv
import dataclasses
import gzip
import io
import re
import tracemalloc
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from disentangle import __main__ as command
from disentangle.errors import InputError
from disentangle.scoring.inputs import Given, joined
from disentangle.scoring.reading import SAVED, read_both, read_codes, read_factors

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


def test_a_file_may_hold_more_than_arrays_of_rows() -> None:
    np.savez("all.npz", epoch=7, codes=CODES, shape=SHAPE, place=PLACE)
    assert np.array_equal(read_codes(Path("all.npz")), CODES)
    assert columns(read("all.npz")) == BOTH
    np.savez("z.npz", epoch=7, z=CODES)
    assert np.array_equal(read_codes(Path("z.npz")), CODES)


def test_codes_and_factors_in_one_file() -> None:
    np.savez("all.npz", z=CODES, other=CODES[:9], shape=SHAPE, place=PLACE)
    codes, factors = read_both(Path("all.npz"), Path("./all.npz"), "z", ["shape", "place"])
    assert np.array_equal(codes, CODES) and columns(joined(codes, factors)) == BOTH
    with pytest.raises(InputError, match=r"^all\.npz: found no array z, but other \(9, 3\)"):
        read_both(Path("all.npz"), Path("all.npz"), "z", ["z"])
    table = pd.DataFrame(CODES, columns=["a", "b", "c"]).assign(shape=SHAPE, place=PLACE)
    table.to_csv("all.csv", index=False)
    codes, factors = read_both(Path("all.csv"), Path("all.csv"), columns=["place", "shape"])
    found = joined(codes, factors)
    np.testing.assert_allclose(found.population.codes, CODES)
    assert columns(found) == BOTH and list(found.population.names) == ["place", "shape"]
    assert columns(joined(CODES, read_factors(Path("all.csv"), columns=["shape"]))) == {"shape": BOTH["shape"]}
    with pytest.raises(InputError, match=r"^all\.csv: no column 'shap': did you mean 'shape'\?"):
        read_both(Path("all.csv"), Path("all.csv"), columns=["shap"])
    with pytest.raises(InputError, match=r"^all\.npz: found no table; allowed: one, where columns of it are named\.$"):
        read_factors(Path("all.npz"), columns=["shape"])
    Path("link.csv").symlink_to("all.csv")
    np.save("all.npy", PLACE)
    for one, other in (("all.csv", "link.csv"), ("all.npy", "all.npy")):
        with pytest.raises(
            InputError, match=r": found one file for codes and factors; allowed: a table, with --factor-"
        ):
            read_both(Path(one), Path(other))


def test_objects_in_a_file_come_with_advice() -> None:
    np.savez("y.npz", shape=pd.Series(SHAPE, dtype=object))
    np.save("y.npy", SHAPE.astype(object))
    for name in ("y.npz", "y.npy"):
        with pytest.raises(InputError, match=r"is of object; .* Save text by numpy\.asarray\(x, dtype=\"U\"\)"):
            read_factors(Path(name))


@pytest.mark.parametrize("suffix", [suffix for suffixes in SAVED for suffix in suffixes])
def test_other_files_come_with_advice(suffix: str) -> None:
    with pytest.raises(InputError, match=rf"^x{suffix}: found a name that ends in '{suffix}'; .* [SRL]\w+ .*\.$"):
        read_codes(Path(f"x{suffix}"))


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


HEADS = {
    "blanks": "shape place\n",
    "blanks behind #": "# shape place\n",
    "commas behind #": "# shape,place\n",
    "behind other lines": "\n# made by hand\n#shape,place\n\n",
    "below other lines": "# made by hand, once more\nshape,place\n",
    "quotes": '"shape";"place"\n',
}


@pytest.mark.parametrize("kind", HEADS)
def test_names_in_any_of_the_usual_first_lines(kind: str) -> None:
    """Such as NumPy writes, behind # or not."""
    separator = " " if "blanks" in kind else ";" if kind == "quotes" else ","
    rows = [f"{shape}{separator}{place}" for shape, place in zip(SHAPE, PLACE, strict=True)]
    Path("y.txt").write_text(HEADS[kind] + "\n".join(rows))
    assert columns(read("y.txt")) == BOTH


def test_a_name_or_a_cell_may_hold_what_parts_others() -> None:
    Path("y.csv").write_text('"shape, left";place\n' + "\n".join(f"{PLACE[row]};{row % 3}" for row in range(ROWS)))
    assert list(columns(read("y.csv"))) == ["shape, left", "place"]
    Path("y.csv").write_text("my shape\n" + "\n".join(f"dark {shape}" for shape in SHAPE))
    assert columns(read("y.csv")) == {"my shape": labels(SHAPE)}


def test_what_numpy_writes_above_codes_names_them_or_is_no_row() -> None:
    for header, comments in (("a b c", ""), ("a b c", "# "), ("of a model of mine", "# ")):
        np.savetxt("x.txt", CODES, header=header, comments=comments)
        np.testing.assert_allclose(joined(read_codes(Path("x.txt")), PLACE).population.codes, CODES)


def test_decimal_commas_are_found_wherever_the_first_is() -> None:
    angle = ["1", "0", *(f"{angle:.3f}".replace(".", ",") for angle in ANGLE[2:])]
    words = np.array(["None", "NA", "nan", "null"])[PLACE]
    Path("y.csv").write_text("word;angle\n" + "\n".join(map(";".join, zip(words, angle, strict=True))))
    found = read("y.csv").population
    assert found.continuous == ("angle",)
    np.testing.assert_allclose(found.factors[2:, 1], ANGLE[2:], atol=6e-4)
    assert found.factors[:, 0].tolist() == labels(words)
    Path("x.tsv").write_text("\n".join("\t".join(f"{x:.3f}".replace(".", ",") for x in row) for row in CODES))
    np.testing.assert_allclose(joined(read_codes(Path("x.tsv")), PLACE).population.codes, CODES, atol=6e-4)
    Path("x.csv").write_text("\n".join(";".join(f"{x:.3f}".replace(".", ",") for x in row) for row in CODES))
    np.testing.assert_allclose(joined(read_codes(Path("x.csv")), PLACE).population.codes, CODES, atol=6e-4)


def test_blanks_around_words_and_names_are_none_of_them() -> None:
    words = np.array(["cat", "cat ", " cat", "dog "])[PLACE]
    Path("y.csv").write_text(
        "hat , place \n" + "\n".join(f"{hat},{place} " for hat, place in zip(words, PLACE, strict=True))
    )
    assert columns(read("y.csv")) == {"hat": (PLACE == 3).astype(int).tolist(), "place": PLACE.tolist()}


def test_lines_of_bare_numbers_may_end_with_what_parts_them() -> None:
    Path("x.csv").write_text("".join(",".join(map(repr, row)) + ",\n" for row in CODES.tolist()))
    assert np.array_equal(joined(read_codes(Path("x.csv")), PLACE).population.codes, CODES)


@pytest.mark.parametrize(("name", "encoding"), [("y.csv.gz", "utf-8"), ("y.csv", "utf-16"), ("Y.TXT.GZ", "utf-16-le")])
def test_a_table_may_be_compressed_and_in_utf_16(name: str, encoding: str) -> None:
    table = "größe,place\n" + "\n".join(f"{shape},{place}" for shape, place in zip(SHAPE, PLACE, strict=True))
    content = ("\ufeff" * (encoding == "utf-16-le") + table).encode(encoding)
    Path(name).write_bytes(gzip.compress(content) if name.lower().endswith(".gz") else content)
    assert columns(read(name)) == {"größe": BOTH["shape"], "place": BOTH["place"]}


def test_a_compressed_table_of_more_than_can_be_meant_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("y.csv.gz").write_bytes(gzip.compress(b"a\n" + b"1\n" * 1000))
    monkeypatch.setattr("disentangle.files.MOST_UNPACKED", 1000)
    with pytest.raises(InputError, match=r"^y\.csv\.gz: not a readable table \(unpacks to more than 1000 bytes\)\.$"):
        read_factors(Path("y.csv.gz"))


def test_a_table_without_a_header_can_be_given_names() -> None:
    write_table("y.csv", [], zip(SHAPE, PLACE, strict=True))
    unnamed = read_factors(Path("y.csv"), unnamed=True)
    assert columns(joined(CODES, unnamed, names=["shape", "place"])) == BOTH
    write_table("y.csv", ["a", "b"], zip(SHAPE, PLACE, strict=True))
    with pytest.raises(
        InputError, match=r"^names: found names for factors that have their own, a, b; allowed: for an arr"
    ):
        joined(CODES, read_factors(Path("y.csv"), unnamed=True), names=["shape", "place"])


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


@pytest.mark.parametrize("ids", [np.arange(ROWS), RNG.permutation(ROWS), 7.0 + RNG.permutation(ROWS)])
def test_an_index_among_codes_is_refused(ids: np.ndarray) -> None:
    frame = pd.DataFrame({"id": ids, "z": CODES[:, 0]})
    with pytest.raises(
        InputError, match=r"^codes: column 'id' counts the rows; leave this index out, or give the codes"
    ):
        joined(frame, PLACE)
    with pytest.raises(InputError, match=r"^codes: found oval in column 'shape'; allowed: real numbers\.$"):
        joined(pd.DataFrame({"z": CODES[:, 0], "shape": SHAPE}), PLACE)
    assert joined(frame.to_numpy(), PLACE).population.codes[:, 0].tolist() == ids.tolist()  # of an array it is a code


def test_what_may_be_an_index_among_codes_is_remarked() -> None:
    found = joined(pd.DataFrame({"id": 2 * RNG.permutation(ROWS), "z": CODES[:, 0]}), PLACE)
    remark = "codes: column 'id' has a whole number of its own in each row: leave it out if it is an index."
    assert found.remarks == (remark,)
    ranks = pd.DataFrame(CODES).rank()
    assert joined(ranks, PLACE).remarks == joined(2 * ranks, PLACE).remarks == ()


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


SIZE = RNG.permutation(np.arange(ROWS) % 12)


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"a": SIZE, "b": SHAPE}).to_numpy(),
        [[int(size), str(shape)] for size, shape in zip(SIZE, SHAPE, strict=True)],
        np.column_stack([SIZE, SHAPE]),
        np.column_stack([SIZE, SHAPE]).astype("S"),
        np.column_stack([SIZE, SHAPE]).astype(np.dtypes.StringDType()),
        pd.DataFrame({"a": SIZE.astype("U"), "b": SHAPE}),
        {"a": SIZE.astype("S"), "b": [shape.encode() for shape in SHAPE.tolist()]},
    ],
)
def test_numbers_beside_words_are_numbers(table: Any) -> None:
    """As they are in a file: in the order of words, 10 is before 2."""
    found = joined(CODES, table).population.factors
    assert found.T.tolist() == [SIZE.tolist(), labels(SHAPE)]


def test_numbers_with_fractions_beside_words_are_continuous() -> None:
    found = joined(CODES, np.column_stack([ANGLE, SHAPE])).population
    assert found.continuous == ("factor_0",) and np.array_equal(found.factors[:, 0], ANGLE)


def test_codes_are_numbers_in_whatever_form() -> None:
    columns = {"a": CODES[:, 0], "b": CODES[:, 1], "c": CODES[:, 2]}
    record = np.array([*map(tuple, CODES)], dtype=[(name, float) for name in columns])
    forms = [CODES.astype(object), CODES.astype("U"), columns, record, scipy.sparse.csr_array(CODES)]
    for codes in [*forms, torch.tensor(CODES).to_sparse()]:
        assert np.array_equal(joined(codes, PLACE).population.codes, CODES)
    short = torch.tensor(CODES).bfloat16()
    assert np.array_equal(joined(short, PLACE).population.codes, short.double().numpy())
    assert np.array_equal(joined(CODES > 0, PLACE).population.codes, CODES > 0)


def test_a_column_of_pandas_has_a_name() -> None:
    assert joined(CODES, pd.Series(PLACE, name="place")).population.names == ("place",)
    assert joined(CODES, pd.Series(PLACE)).population.names == ("factor_0",)
    for factors in (PLACE, pd.Series(PLACE), pd.DataFrame(PLACE)):
        assert joined(CODES, factors, names="place").population.names == ("place",)


MASKED = np.ma.masked_equal(PLACE, 3)
NO_DATA: dict[str, tuple[Any, Any, str]] = {
    "a path": (
        CODES,
        "x.csv",
        "factors: found the text 'x.csv'; allowed: an array, a tensor or a table. Read it first",
    ),
    "nothing": (None, PLACE, "codes: found a NoneType; allowed: an array, a tensor or a table."),
    "a generator": ((row for row in CODES), PLACE, "codes: found a generator; allowed: an array"),
    "no device": (torch.ones(ROWS, 3, device="meta"), PLACE, "codes: found a Tensor that is no array (Cannot copy out"),
    "rows of some lengths": (CODES, [[1, 2], [1]] * 30, "factors: found a list that is no array (setting an array"),
    "no rows": (CODES, {"a": 5}, "factors: column 'a': found (); allowed: (rows,) of each."),
    "masked": (CODES, MASKED, "factors: found 15 masked values; allowed: a value in each row."),
    "a masked column": (CODES, {"a": MASKED}, "factors: column 'a': found 15 masked values; allowed: a value in each"),
    "masked codes": (
        np.ma.masked_less(CODES, 9),
        PLACE,
        "codes: found 180 masked values; allowed: a value in each row.",
    ),
    "masked rows": ([*np.ma.masked_less(CODES, 9)], PLACE, "codes: found 180 masked values; allowed: a value in each"),
    "one name twice": (
        CODES,
        pd.DataFrame({1: PLACE, "1": PLACE}),
        "factors: column '1' is there twice; allowed: names",
    ),
    "a mapping's name twice": (
        CODES,
        {1: PLACE, "1": PLACE},
        "factors: column '1' is there twice; allowed: names, each",
    ),
    "a code twice": (
        pd.DataFrame(CODES, columns=["a", "b", "a"]),
        PLACE,
        "codes: column 'a' is there twice; allowed: n",
    ),
    "mappings": (
        CODES,
        [{"a": 1}] * ROWS,
        "factors: factor 'factor_0': found a dict in a row; allowed: a number or text",
    ),
    "both transposed": (
        CODES.T,
        np.stack([PLACE, PLACE]),
        "codes: found 2 rows of factor 'factor_0' in factors and 3 r",
    ),
}


@pytest.mark.parametrize("kind", NO_DATA)
def test_what_is_no_data_is_refused(kind: str) -> None:
    codes, factors, message = NO_DATA[kind]
    with pytest.raises(InputError) as refusal:
        joined(codes, factors)
    assert str(refusal.value).startswith(message)
    assert str(refusal.value).endswith("Transposed?") or "transposed" not in kind


def test_names_are_for_what_has_none() -> None:
    frame = pd.DataFrame({"a": PLACE, "b": SHAPE})
    for factors in (frame, dict(frame), frame.to_records(index=False)):
        with pytest.raises(
            InputError, match=r"^names: found names for factors that have their own, a, b; allowed: for"
        ):
            joined(CODES, factors, names=["c", "d"])
    for word in ("names", "continuous", "discrete"):
        with pytest.raises(InputError, match=rf"^{word}: found 5; allowed: names\.$"):
            joined(CODES, PLACE, **{word: 5})
    assert joined(CODES, PLACE, continuous=None, discrete=None).population.continuous == ()


def test_categories_keep_their_order() -> None:
    sizes = pd.Categorical(np.array(["small", "large", "huge"])[PLACE % 3], ["small", "large", "huge", "vast"])
    found = joined(CODES, pd.DataFrame({"size": sizes}))
    assert columns(found) == {"size": (PLACE % 3).tolist()}


FRAME = pd.DataFrame({"place": PLACE, "shape": SHAPE})
MIXED_UP = FRAME.sample(frac=1, random_state=0)
ORDERS: dict[str, tuple[Any, Any, str]] = {
    "table": (pd.DataFrame(CODES), MIXED_UP, "in another order"),
    "column": (pd.DataFrame(CODES), MIXED_UP["place"], "in another order"),
    "columns": (pd.DataFrame(CODES), dict(MIXED_UP), "in another order"),
    "columns, of each other": (CODES, {"place": FRAME["place"], "shape": MIXED_UP["shape"]}, "in another order"),
    "others left out": (pd.DataFrame(CODES).drop(index=0), FRAME.drop(index=9), "and others"),
    "rows twice": (pd.DataFrame(CODES), FRAME.set_axis([*range(1, ROWS), 1]), "and others"),
}


@pytest.mark.parametrize("kind", ORDERS)
def test_rows_in_another_order_are_refused(kind: str) -> None:
    codes, factors, found = ORDERS[kind]
    with pytest.raises(
        InputError, match=rf"^factors: found .*{found}, by their index; .* Take factors\.loc\[codes\.ind"
    ):
        joined(codes, factors)


def test_rows_without_a_label_in_common_are_joined_by_place() -> None:
    for index in (
        [f"row {row}" for row in range(ROWS)],
        range(ROWS, 2 * ROWS),
        pd.MultiIndex.from_product([[0], range(ROWS)]),
    ):
        assert columns(joined(pd.DataFrame(CODES), FRAME.set_axis(index))) == {key: BOTH[key] for key in FRAME}


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
    "text": (np.full((ROWS, 2), "a"), "x.npz: found a in column '0'; allowed: real numbers."),
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
    "one-hot by -1 and 1": (
        {"factors": 2 * np.eye(4)[PLACE] - 1},
        "y.npz: found columns factor_0, factor_1, factor_2, factor_3 of which one is 1 in each row, as of a label that",
    ),
    "one-hot, in turns": (
        {
            "factors": np.stack([np.eye(2)[RNG.permutation(PLACE % 2)], np.eye(4)[PLACE][:, :2]], axis=2).reshape(
                ROWS, 4
            )
        },
        "y.npz: found columns factor_0, factor_2 of which one is 1 in each row, as of a label that is one-hot; allowed",
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
    "no header": ("3,1\n1,0\n", "y.csv: found a number in the first line; allowed: a header that names the factors, "),
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
    refused([*given, "--factors", "y.csv"], "y.csv: not a readable table (found no text in UTF-8: ", capsys)


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


def test_an_archive_that_holds_an_array_twice_is_refused() -> None:
    with zipfile.ZipFile("x.npz", "w") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        for codes in (CODES, -CODES):
            with archive.open("codes.npy", "w") as file:
                np.save(file, codes)
    with pytest.raises(InputError, match=r"^x\.npz: not a readable file of arrays \(found codes twice\)\.$"):
        read_codes(Path("x.npz"))


def test_a_header_that_announces_gigabytes_is_not_unpacked() -> None:
    with zipfile.ZipFile("x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("codes.npy", b"\x93NUMPY\x02\x00\x00\x00\x00\x04" + bytes(1 << 26))
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"^x\.npz: not a readable file of arrays \("):
            read_codes(Path("x.npz"))
        assert tracemalloc.get_traced_memory()[1] < 1 << 22
    finally:
        tracemalloc.stop()


def test_whole_numbers_of_many_digits_are_told_apart_or_refused() -> None:
    write_table("y.csv", ["id"], ([f"{10**25 + int(place)}"] for place in PLACE))
    assert columns(read("y.csv")) == {"id": PLACE.tolist()}
    large = 2**62 + PLACE[:, None]
    message = "found whole numbers that float64 does not tell apart; allowed: up to 2^53. Subtract the smallest."
    for codes in (large, {"a": large[:, 0]}):
        with pytest.raises(InputError, match=f"^codes: {re.escape(message)}$"):
            joined(codes, PLACE)
    with pytest.raises(InputError, match=f"^factors: factor 'factor_0': {re.escape(message)}$"):
        joined(CODES, large, continuous=["factor_0"])
    assert joined(large - 2**62, PLACE).population.codes[:, 0].tolist() == PLACE.tolist()
    assert np.unique(joined(2**62 + 4096 * PLACE[:, None], PLACE).population.codes).size == 4


def test_factors_that_tell_the_same_are_told() -> None:
    found = joined(
        CODES, {"shape": SHAPE, "place": PLACE, "turned": -PLACE, "once": np.zeros(ROWS), "one": SHAPE == ""}
    )
    assert found.remarks == (
        "factors that tell the same, so that no code is of one alone: 'turned' what 'place' does.",
    )


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
