"""Sources of labelled pictures: official files in their layout, a user's folder and table, and what each refuses."""

import argparse
import csv
import hashlib
import io
import re
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.io import savemat
from test_docs import blocks, example_files

from disentangle import registry, streams
from disentangle.data import dataset_files
from disentangle.data.label_table import read_table
from disentangle.data.labelled import Labelled, Pictures, labelled
from disentangle.data.sources import celeba_official, edges2shoes_official, labelled_images
from disentangle.errors import InputError
from disentangle.pipeline import params, plan
from disentangle.stages import generate


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def message(source: labelled_images.Source | celeba_official.Source | edges2shoes_official.Source) -> str:
    with pytest.raises(InputError) as caught:
        source.load(rng())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


# CelebA


def coded(content: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(content).save(file, "PNG")  # what a name ends in does not matter, and this loses nothing
    return file.getvalue()


@pytest.fixture
def faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """Five pictures of three people: two to train with, one for validation, two to test with."""
    monkeypatch.chdir(tmp_path)
    pictures = {f"{k:06d}.jpg": rng(k).integers(0, 256, (218, 178, 3), dtype=np.uint8) for k in range(1, 6)}
    parts, people = [0, 0, 1, 2, 2], [2880, 2880, 7, 11, 11]
    lists = {
        "identity_CelebA.txt": [f"{name} {person}" for name, person in zip(pictures, people, strict=True)],
        "list_eval_partition.txt": [f"{name} {part}" for name, part in zip(pictures, parts, strict=True)],
        "list_landmarks_align_celeba.txt": [
            "5",
            "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y",
            *(f"{name} 69  109  106  113   77  142   73  152  {100 + k}  154" for k, name in enumerate(pictures)),
        ],
    }
    folder = celeba_official.Source().files()[0].parent
    folder.mkdir(parents=True)
    for name, lines in lists.items():
        (folder / name).write_text("\n".join(lines) + "\n")
    with zipfile.ZipFile(folder / "img_align_celeba.zip", "w") as archive:
        for name, pixels in pictures.items():
            archive.writestr(f"img_align_celeba/{name}", coded(pixels))
    accept_faces(monkeypatch)
    return pictures


def accept_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    archives = [
        archive | {"md5": hashlib.md5(Path(archive["path"]).read_bytes()).hexdigest()}
        for archive in celeba_official.ARCHIVES
    ]
    monkeypatch.setattr(celeba_official, "ARCHIVES", archives)


def test_faces_are_the_halved_centres_of_the_training_and_testing_people(faces: dict[str, np.ndarray]) -> None:
    found = celeba_official.Source().load(rng())
    assert found.images.shape == (4, 64, 64, 3) and found.images.dtype == np.uint8
    assert (found.domain, found.words) == ("person", {"person": ["2880", "2880", "11", "11"]})
    assert found.test is not None and found.test.tolist() == [False, False, True, True]
    # rows 45 to 172 and columns 25 to 152 of 218 x 178
    for image, name in zip(found.images, [name for name in faces if name != "000003.jpg"], strict=True):
        blocks = faces[name][45:173, 25:153].reshape(64, 2, 64, 2, 3).astype(float)
        np.testing.assert_array_equal(image, np.floor(blocks.mean((1, 3)) + 0.5))
    assert found.numbers["landmarks"].shape == (4, 10) and found.numbers["landmarks"].dtype == np.float32
    # (69 - 25) / 2, (109 - 45) / 2, ...
    assert found.numbers["landmarks"][2].tolist() == [22, 32, 40.5, 34, 26, 48.5, 24, 53.5, 39, 54.5]
    assert found.numbers["landmarks"][:, 8].tolist() == [37.5, 38, 39, 39.5]


def test_faces_are_those_of_the_official_files_alone(
    faces: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = celeba_official.Source()
    pictures, identity, *_ = source.files()
    identity.write_text("000001.jpg 5\n")
    assert re.match(rf"{identity}: not the official file: expected md5 [0-9a-f]{{32}}, found", message(source))
    accept_faces(monkeypatch)
    parts = "list_eval_partition.txt"
    assert message(source) == f"{identity}: found no line of 000002.jpg, which {parts} has."
    for line, said in (("000001.jpg", "0 numbers of 000001.jpg, not 1"), ("000001.jpg x", "invalid literal for int()")):
        identity.write_text(line)
        accept_faces(monkeypatch)
        assert message(source).startswith(f"{identity}: missing or damaged ({said}")
    identity.write_text("".join(f"{name} 5\n" for name in faces))
    whole = identity.with_name(parts).read_text()
    identity.with_name(parts).write_text("000003.jpg 1\n")
    accept_faces(monkeypatch)
    assert message(source) == f"{identity.with_name(parts)}: found no picture of training or testing people."
    identity.with_name(parts).write_text(whole)
    with zipfile.ZipFile(pictures, "w") as archive:
        archive.writestr("img_align_celeba/000001.jpg", coded(np.zeros((10, 10, 3), np.uint8)))
    accept_faces(monkeypatch)
    assert message(source).startswith(f"{pictures}: missing or damaged (a picture of (10, 10) pixels, not (178, 218)")
    pictures.unlink()
    assert message(source).startswith(f"{pictures}: not found. Put https://drive.usercontent.google.com/")


# Edges2Shoes


SHOES = edges2shoes_official.FOLDER


@pytest.fixture
def shoes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """Three pairs, each of a photograph of one colour with a stripe, and four pictures of UT-Zappos50K."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(edges2shoes_official, "FEWEST", 1)
    pairs = {}
    for name, colour in (("train/2", 40), ("train/10", 120), ("val/1", 200)):
        pair = np.full((256, 512, 3), 255, np.uint8)
        pair[:, 256:] = colour
        pair[100:104, 256:] = 0  # a stripe over the photograph
        pair[128, 100] = 0  # a dot on the edge map
        path = SHOES / f"edges2shoes/{name}_AB.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(coded(pair))
        pairs[name] = pair
    names = [f"Shoes/Oxfords/A B/{k}.jpg" for k in range(4)]
    for name, colour in zip(names, (190, 130, 45, 60), strict=True):
        save(SHOES / "ut-zap50k-images-square" / name, np.full((136, 136, 3), colour, np.uint8))
    cells = np.empty((4, 1), object)
    cells[:, 0] = names
    (SHOES / "ut-zap50k-data").mkdir()
    savemat(SHOES / "ut-zap50k-data/image-path.mat", {"imagepath": cells})
    table([["Shoes", "Men"], ["Boots", "Women;Girls"], ["Shoes", "Women"], ["Shoes", ""]])
    return pairs


def element(kind: int, content: bytes) -> bytes:
    """Return an element of a MATLAB 5 file."""
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def test_shoes_are_listed_by_files_of_their_own_alone(shoes: dict[str, np.ndarray]) -> None:
    source = edges2shoes_official.Source()
    listed = SHOES / "ut-zap50k-data/image-path.mat"
    for name in ("../../secret.jpg", "/etc/hostname"):
        cells = np.empty((4, 1), object)
        cells[:, 0] = name
        savemat(listed, {"imagepath": cells})
        assert message(source) == f"{listed}: missing or damaged ('{name}' is outside of the folder of pictures)."
    header = listed.read_bytes()[:128]
    variable = element(6, struct.pack("<II", 9, 0)) + element(5, struct.pack("<ii", 1, 1 << 27))
    variable = element(14, variable + element(1, b"imagepath") + element(2, bytes(1 << 27)))
    listed.write_bytes(header + struct.pack("<II", 15, len(packed := zlib.compress(variable, 1))) + packed)
    tracemalloc.start()
    try:
        assert message(source) == f"{listed}: missing or damaged (it unpacks to more than 67108864 bytes)."
        assert tracemalloc.get_traced_memory()[1] < 5 << 26  # of all pictures together, and of what is unpacked
    finally:
        tracemalloc.stop()
    (SHOES / "ut-zap50k-data/meta-data.csv").write_bytes(b"CID,Category,Gender\n0\n")
    listed.write_bytes(header[:100])
    assert message(source).startswith(f"{listed}: missing or damaged (")


def table(rows: list[list[str]]) -> None:
    with open(SHOES / "ut-zap50k-data/meta-data.csv", "w", newline="") as file:
        csv.writer(file).writerows(
            [["CID", "Category", "SubCategory", "Gender"]] + [[f"{k}", a, "Flats", b] for k, (a, b) in enumerate(rows)]
        )


def test_pairs_are_parted_at_column_256_and_lines_thickened(shoes: dict[str, np.ndarray]) -> None:
    found = edges2shoes_official.Source().load(rng())
    assert edges2shoes_official.Source().files() == []
    assert found.images.shape == (6, 64, 64, 3) and found.images.dtype == np.uint8
    assert found.words["medium"] == ["photo", "edges"] * 3 and found.domain == "medium" and found.test is None
    assert found.images[0::2, 0, 0, 0].tolist() == [40, 120, 200]  # in the order of numbers, training pairs first
    photo, edges = found.images[2], found.images[3]
    assert (photo[25] == 0).all() and (np.delete(photo, 25, axis=0) == 120).all()  # rows 100 to 103
    # the dot becomes rows 126 to 130 and columns 98 to 102: of blocks of 4x4, 2 + 3 (or 4 + 1) of each side
    ink = 255 - edges[..., 0].astype(float)
    expected = np.outer([2, 3], [2, 3]) * 255 / 16
    np.testing.assert_allclose(ink[31:33, 24:26], expected, atol=0.51)
    assert ink.sum() == pytest.approx(25 * 255 / 16, abs=2)


def test_shoes_have_the_labels_of_the_nearest_picture(shoes: dict[str, np.ndarray]) -> None:
    found = edges2shoes_official.Source().load(rng())
    # 40 (with its stripe) is nearest to 45, 120 to 130, 200 to 190; boots are too few, as are "Men" and the nameless
    assert found.words["shoe_type"] == ["Shoes"] * 2 + ["Other"] * 2 + ["Shoes"] * 2
    assert found.words["gender"] == ["Women"] * 4 + ["Other"] * 2


def test_words_are_simplified_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["Men"] * 251 + ["Boys;Girls"] * 250 + [""] * 3 + ["Women;Men"]
    found = edges2shoes_official.simplified(words)
    assert found == ["Men"] * 251 + ["Other"] * 254
    assert edges2shoes_official.FEWEST == 250


def test_the_nearest_is_that_of_plain_distances() -> None:
    known = rng(0).integers(0, 256, (50, 30), dtype=np.uint8)
    rows = rng(1).integers(0, 256, (edges2shoes_official.CHUNK + 7, 30), dtype=np.uint8)
    rows[:50] = known
    plain = np.square(rows[:, None].astype(float) - known).sum(2).argmin(1)
    np.testing.assert_array_equal(edges2shoes_official.nearest(rows, known), plain)
    assert plain[:50].tolist() == list(range(50))


def test_shoes_say_what_is_missing(shoes: dict[str, np.ndarray]) -> None:
    source = edges2shoes_official.Source()
    table([["Shoes", "Men"]])
    assert re.search(r"meta-data\.csv: found 1 rows for the 4 pictures of .*image-path\.mat\.$", message(source))
    (SHOES / "ut-zap50k-data/meta-data.csv").write_text("CID,Category\n0,Shoes\n")
    assert "meta-data.csv: missing or damaged ('Gender')" in message(source)
    pair = SHOES / "edges2shoes/val/1_AB.jpg"
    pair.write_bytes(coded(shoes["val/1"][:, :256]))
    assert message(source).startswith(f"{pair}: missing or damaged ((256, 256) pixels, not (512, 256)")
    pair.write_bytes(b"\xff\xd8\xff\xe0 and no more")
    assert message(source).startswith(f"{pair}: not a readable picture (")
    for path in (SHOES / "edges2shoes").glob("*/*.jpg"):
        path.unlink()
    assert message(source).startswith(f"{SHOES}/edges2shoes: found no train/*_AB.jpg nor val/*_AB.jpg; unpack http://")
    (SHOES / "ut-zap50k-data").rename(SHOES / "elsewhere")
    assert message(source).startswith(f"{SHOES}/ut-zap50k-data: not found. Unpack https://vision.cs.utexas.edu/")


# A user's own


ROWS = [
    ["file", "domain", "colour", "size"],
    ["a/1.png", "leaf", "red", "NA"],
    ["a/2.png", "leaf", "green", "7"],
    ["b/1.jpg", "stone", "red", "7"],
    ["b/2.png", "stone", "green", "NA"],
]


def write_rows(folder: Path, rows: list[list[str]], name: str = "labels.csv") -> None:
    with open(folder / name, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    for k, (name, *_) in enumerate(ROWS[1:]):
        save(folder / name, np.full((80, 64 + 20 * k, 3), 50 * k, np.uint8))
    write_rows(folder, ROWS)
    return folder


def source(folder: Path, **options: object) -> labelled_images.Source:
    built = registry.build("sources", "labelled_images", {"path": str(folder), **options})
    assert isinstance(built, labelled_images.Source)
    return built


def test_a_table_says_what_pictures_show(own: Path) -> None:
    found = source(own).load(rng())
    assert found.images.shape == (4, 64, 64, 3)
    assert found.images[:, 32, 32, 1].tolist() == [0, 50, 100, 150]
    assert (found.domain, found.test) == ("domain", None)
    assert found.words == {
        "domain": ["leaf", "leaf", "stone", "stone"],
        "colour": ["red", "green", "red", "green"],
        "size": ["NA", "7", "7", "NA"],
    }
    # another column may be the domain, and not all others attributes
    found = source(own, domain="colour", attributes=["domain"]).load(rng())
    assert list(found.words) == ["colour", "domain"] and found.domain == "colour"


def test_spreadsheets_tables_are_read(own: Path) -> None:
    lines = ["\ufefffile, domain ,colour", "a/1.png, leaf ,red", "", '"a/2.png",leaf,"dark, green"']
    lines += ["b/1.jpg,Ähre,red", "./b/2.png,Ähre,red", ""]
    (own / "labels.csv").write_bytes("\r\n".join(lines).encode())
    found = source(own).load(rng())
    assert found.words == {"domain": ["leaf", "leaf", "Ähre", "Ähre"], "colour": ["red", "dark, green", "red", "red"]}


def test_tables_of_carriage_returns_are_read(own: Path) -> None:
    (own / "labels.csv").write_text("\r".join(",".join(row) for row in ROWS))
    assert read_table(own / "labels.csv").lines == [2, 3, 4, 5]
    assert source(own).load(rng()).words["colour"] == ["red", "green", "red", "green"]


def test_a_table_takes_little_more_memory_than_its_words(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("a,b\n" + "1,2\n" * 500_000)
    tracemalloc.start()
    try:
        assert len(read_table(path).lines) == 500_000
        assert tracemalloc.get_traced_memory()[1] < 60e6  # two numbers of eight bytes a cell, one of 36 a line
    finally:
        tracemalloc.stop()


def test_one_long_word_does_not_lengthen_all_others() -> None:
    words = ["a" * 4096, *(2000 * ["b", "a"])]
    pictures = Pictures(np.zeros((4001, 64, 64, 3), np.uint8), {"domain": words}, "domain")
    use = np.ones(4001, bool)
    tracemalloc.start()
    try:
        found = labelled(pictures, 64, use, use, ~use)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert found.values["domain"] == ("a", "a" * 4096, "b")
    assert found.labels["domain"].tolist() == [1, *(2000 * [2, 0])] and found.labels["domain"].dtype == np.int64


def test_a_split_is_used_where_the_table_has_one(own: Path) -> None:
    parts = ["split", "train", "test", "train", "train"]
    write_rows(own, [[*row, part] for row, part in zip(ROWS, parts, strict=True)])
    found = source(own).load(rng())
    assert found.test is not None and found.test.tolist() == [False, True, False, False]
    assert list(found.words) == ["domain", "colour", "size"]
    write_rows(own, [[*row, part] for row, part in zip(ROWS, ["part", *parts[1:]], strict=True)])
    again = source(own, split="part").load(rng())
    assert again.test is not None and again.test.tolist() == found.test.tolist()


def edited(row: int, column: int, word: str) -> list[list[str]]:
    rows = [list(row) for row in ROWS]
    rows[row][column] = word
    return rows


def with_split(*parts: str) -> list[list[str]]:
    return [[*row, part] for row, part in zip(ROWS, ["split", *parts], strict=True)]


WRONG = {
    "no such picture": (edited(3, 0, "b/3.jpg"), {}, r", line 4: no file 'b/3\.jpg' in .*own\.$"),
    "a folder": (edited(3, 0, "b"), {}, r", line 4: no file 'b' in "),
    "an unknown domain": (
        ROWS,
        {"domain": "colours"},
        r": domain: no column 'colours': did you mean 'colour'\? Known: ",
    ),
    "an unknown file": (
        ROWS,
        {"file": "picture"},
        r": file: no column 'picture': known are colour, domain, file, size\.$",
    ),
    "an unknown attribute": (ROWS, {"attributes": ["sise"]}, r": attributes: no column 'sise': did you mean 'size'\?"),
    "an unknown split": (ROWS, {"split": "part"}, r": split: no column 'part': known are "),
    "a lonely domain": (
        [*ROWS, ["c.png", "shell", "red", "7"]],
        {},
        r", line 6: domain 'shell' has this picture alone; allowed: 2 at least\.$",
    ),
    "one domain": (
        [ROWS[0], *([file, "leaf", *rest] for file, _, *rest in ROWS[1:])],
        {},
        r": found one domain, 'leaf'; allowed: 2 at least\.$",
    ),
    "a picture twice": (
        edited(4, 0, "b/../a/2.png"),
        {},
        r", line 5: 'b/\.\./a/2\.png' is the picture of line 3 again",
    ),
    "outside": (
        edited(2, 0, "../secret.png"),
        {},
        r", line 3: '\.\./secret\.png' is not in .*own; allowed: paths inside",
    ),
    "absolute": (edited(2, 0, "/etc/hostname"), {}, r", line 3: '/etc/hostname' is not in "),
    "no row": (ROWS[:1], {}, r": found 1 rows; allowed: one of names of columns, and one a picture\.$"),
    "nothing": ([], {}, r": found 0 rows"),
    "no attribute": ([row[:2] for row in ROWS], {}, r": found no attribute; allowed: 1 column at least"),
    "an attribute of one value": (
        [[*row[:3], "7" if k else "size"] for k, row in enumerate(ROWS)],
        {},
        r": attribute 'size' is '7' of all; allowed: 2 values at least\.$",
    ),
    "an empty cell": (edited(2, 3, "  "), {}, r", line 3: column 'size' is empty\.$"),
    "a cell short": ([*ROWS[:2], ROWS[2][:3], *ROWS[3:]], {}, r", line 3: found 3 cells; allowed: 4, as in the first"),
    "a cell more": ([*ROWS[:2], [*ROWS[2], "x"], *ROWS[3:]], {}, r", line 3: found 5 cells; allowed: 4"),
    "a column twice": (
        edited(0, 3, "colour"),
        {},
        r", line 1: found column 'colour' 2 times; allowed: a name of its own",
    ),
    "a nameless column": (edited(0, 3, ""), {}, r", line 1: found a column without a name; allowed: "),
    "a wrong split": (
        with_split("train", "tset", "train", "train"),
        {},
        r", line 3: found split 'tset': did you mean 'test'\? Known: test, train\.$",
    ),
    "no test": (with_split(*["train"] * 4), {}, r": found no picture of split 'test'; allowed: 1 at least\.$"),
    "a domain that is not trained on": (
        with_split("train", "train", "test", "test"),
        {},
        r": domain 'stone' has no picture of split 'train'; allowed: 1 at least\.$",
    ),
    "a NUL": (edited(2, 2, "gr\0een"), {}, r", line 3: found a NUL; allowed: text\.$"),
    "a thousand columns and more": (
        [[*row, *(f"{k}" for k in range(1000))] for row in ROWS],
        {},
        r", line 1: found 1004 columns; allowed: 1000\.$",
    ),
    "a page in a cell": (
        edited(2, 2, "x" * 5000),
        {},
        r", line 3: found 5000 letters in column 'colour'; allowed: 4096\.$",
    ),
    "a column in two spellings": (
        [["file", "domain", "gr\u00f6sse", "gro\u0308sse"], *ROWS[1:]],
        {},
        r", line 1: found 'gr\\xf6sse' and 'gro\\u0308sse', which look the same, as columns; allowed: ",
    ),
    "a word in two spellings": (
        [[row[0], word, *row[2:]] for row, word in zip(ROWS, ["domain", *2 * ["\u00e4", "a\u0308"]], strict=True)],
        {},
        r": found 'a\\u0308' and '\\xe4', which look the same, in column 'domain'; allowed: one spelling\.$",
    ),
    "long names": (
        [["file", "domain", "x" * 4000], *(row[:3] for row in ROWS[1:])],
        {"domain": "y" * 4000},
        r": domain: no column 'yyyyyyyyyy….*",
    ),
    "a long split": (
        with_split("train", "x" * 4000, "train", "train"),
        {},
        r", line 3: found split 'xxx.*: known are",
    ),
    "lines in a name": (edited(3, 0, "b\n/3.jpg"), {}, r", line \d: no file 'b\\n/3\.jpg' in "),
}


@pytest.mark.parametrize(("rows", "options", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_a_table_is_one_message(
    own: Path, rows: list[list[str]], options: dict[str, object], said: str
) -> None:
    (own.parent / "secret.png").write_bytes((own / "a/1.png").read_bytes())
    write_rows(own, rows)
    wrong = source(own, **options)
    assert re.match(re.escape(str(own / "labels.csv")) + said, message(wrong)), message(wrong)
    assert len(message(wrong)) <= 300
    assert wrong.files()[0] == own / "labels.csv"  # to plan with what cannot be used is no error
    assert all(file.is_file() for file in wrong.files())


def test_files_that_cannot_be_read_are_named(own: Path) -> None:
    labels = own / "labels.csv"
    labels.write_bytes("file,domain,colour\na/1.png,leaf,grün\n".encode("latin-1"))
    assert message(source(own)) == f"{labels}, line 2: not UTF-8 text; save the table as CSV in UTF-8."
    labels.write_text('file,domain,colour\na/1.png,leaf,red\na/2.png,leaf,"gr"een"\n')
    assert message(source(own)).startswith(f"{labels}, line 3: not CSV (")
    labels.write_text('file,domain,colour\na/1.png,leaf,red\na/2.png,"leaf,red\nb/1.jpg,stone,red\n')
    assert message(source(own)) == f"{labels}, line 3: not CSV (unexpected end of data)."
    labels.write_text('file,domain,colour\na/1.png,"leaf,red\n' + "x\n" * 100_000)
    assert message(source(own)) == f"{labels}, line 2: not CSV (field larger than field limit (131072))."
    labels.write_bytes("file,domain,colour\ra/1.png,leaf,grün\r".encode("latin-1"))
    assert message(source(own)) == f"{labels}, line 2: not UTF-8 text; save the table as CSV in UTF-8."
    for encoding, said in (("utf-16", "line 1: not UTF-8 text"), ("utf-16-le", "line 1: found a NUL")):
        labels.write_bytes("file,domain\na/1.png,leaf\n".encode(encoding))
        assert said in message(source(own))
    labels.write_bytes(b"file,domain,colour\n" + b"a/1.png,leaf,red\n" * 2_000_000)
    assert message(source(own)).startswith(f"{labels}: found more than 33554432 bytes; allowed: ")
    labels.unlink()
    assert message(source(own)) == f"{labels}: cannot be read (No such file or directory)."
    assert source(own).files() == [labels]
    write_rows(own, ROWS, "other.csv")
    assert len(source(own, table="other.csv").load(rng()).images) == 4
    broken = own / "b/1.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 and no more")
    assert message(source(own, table="other.csv")).startswith(f"{broken}: not a readable picture (")
    assert "not a folder; expected one of pictures and a table" in message(source(own.parent / ("n" * 5000)))
    assert message(source(own.parent / "none")) == (
        f"{own.parent / 'none'}: not a folder; expected one of pictures and a table, labels.csv."
    )


def test_links_may_not_lead_outside(own: Path) -> None:
    (own.parent / "secret.png").write_bytes((own / "a/1.png").read_bytes())
    (own / "a/link.png").symlink_to(own.parent / "secret.png")
    (own / "a/inside.png").symlink_to(own / "a/2.png")
    write_rows(own, edited(2, 0, "a/link.png"))
    assert re.search(r"line 3: 'a/link\.png' is not in ", message(source(own)))
    write_rows(own, edited(2, 0, "a/inside.png"))
    assert source(own).load(rng()).images[1, 0, 0, 0] == 50


def test_names_that_the_system_refuses_are_one_message(own: Path) -> None:
    (own / "loop.png").symlink_to(own / "loop.png")
    for name in ("x" * 300, "loop.png"):
        write_rows(own, edited(2, 0, name))
        assert message(source(own)).startswith(f"{own / 'labels.csv'}, line 3: a file that cannot be looked for (")
        assert source(own).files() == [own / "labels.csv"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(*2 * [st.text(st.characters(codec="utf-8", exclude_characters="\0")).filter(str.strip)]),
        min_size=1,
        max_size=9,
    )
)
def test_words_of_any_kind_are_read_as_they_were_written(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    write_rows(tmp_path, [["a", "b"], *map(list, rows)])
    table = read_table(tmp_path / "labels.csv")
    assert table.columns == {name: [row[k].strip() for row in rows] for k, name in enumerate("ab")}
    assert table.lines[0] >= 2 and sorted(table.lines) == table.lines


def test_one_column_has_one_use() -> None:
    for options, name in (
        ({"domain": "file"}, "file"),
        ({"attributes": ["domain"]}, "domain"),
        ({"attributes": ["split"]}, "split"),
        ({"attributes": ["x", "x"]}, "x"),
    ):
        with pytest.raises(InputError, match=f"^'{name}' is given twice; allowed: one use a column"):
            source(Path(), **options)
    source(Path(), attributes=["split"], split="part")


def test_the_table_and_its_pictures_are_the_files(own: Path) -> None:
    (own / "a/unlisted.png").write_bytes(b"")
    assert source(own).files() == [own / "labels.csv", *(own / row[0] for row in ROWS[1:])]
    (own / "b/1.jpg").unlink()
    assert len(source(own).files()) == 4


# In the pipeline


def defined(own: Path, **options: object) -> params.Params:
    definition = {"generator": "labelled_folder", "seed": 0, "image_size": 32}
    definition |= {"images": {"source": "labelled_images", "path": str(own), **options}}
    return params.Params("s", (), {"s": {"datasets": {"own": definition}, "studies": {}}})


def test_an_edited_table_or_picture_makes_the_data_set_anew(own: Path) -> None:
    planned = defined(own)

    def fingerprint() -> str:
        return plan.raw_files(planned, "s", "own")["images"]

    before = fingerprint()
    for file in (own / "labels.csv", own / "a/2.png"):
        content = file.read_bytes()
        file.write_bytes(content)
        assert fingerprint() == before
        file.write_bytes(content + b"\n")
        assert fingerprint() != before
        file.write_bytes(content)
    (own / "a/unlisted.png").write_bytes(b"")
    assert fingerprint() == before
    (own / "a/2.png").unlink()
    assert fingerprint() not in (before, plan.MISSING)  # so that its absence is told
    with pytest.raises(InputError, match=r"labels\.csv, line 3: no file 'a/2\.png' in "):
        plan.check_raw_files(planned, "s", "own")
    (own / "labels.csv").unlink()
    assert fingerprint() == plan.MISSING


def test_the_stage_makes_it(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(own.parent)
    settings = defined(own, domain="colour", attributes=["size"])
    generate.run(argparse.Namespace(settings=settings, scale="s", dataset="own", digest=None, anew=False))
    found = Labelled(**dataset_files.read_labelled(Path("data/datasets/s/own")))
    assert found.images.shape == (4, 32, 32, 3) and found.images[:, 5, 5, 0].tolist() == [0, 50, 100, 150]
    assert found.values == {"colour": ("green", "red"), "size": ("7", "NA")}
    assert found.labels["colour"].tolist() == [1, 0, 1, 0] and found.labels["size"].tolist() == [1, 0, 0, 1]
    assert (found.domain, int(found.test.sum())) == ("colour", 2)
    manifest = dataset_files.read_manifest(Path("data/datasets/s/own"))
    assert manifest["made_of"] == {"images": {"source": "labelled_images"}}


# The page


@pytest.fixture
def of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What docs/own_data.md writes into params.yaml, beside its table and pictures of the names in it."""
    monkeypatch.chdir(tmp_path)
    ((file, text),) = example_files("docs/own_data.md").items()
    labels = tmp_path / file
    labels.parent.mkdir(parents=True)
    labels.write_text(text)
    for row in csv.DictReader(io.StringIO(text)):
        save(labels.parent / row["file"], rng().integers(0, 256, (70, 90, 3), dtype=np.uint8))
    for block in blocks("docs/own_data.md", "yaml"):
        for scale in yaml.safe_load(block)["scales"].values():
            for definition in scale["datasets"].values():
                if definition.get("generator") == "labelled_folder":
                    return dict(definition)
    raise AssertionError("the page defines no labelled folder")


def test_the_example_of_the_page_makes_a_data_set(of_the_page: dict[str, object]) -> None:
    given = dict(of_the_page.pop("images"))  # type: ignore[call-overload]
    name = given.pop("source")
    generator, seed = of_the_page.pop("generator"), of_the_page.pop("seed")
    dataset = registry.build("datasets", generator, registry.check_options("datasets", generator, of_the_page, "page"))
    pictures = registry.build("sources", name, registry.check_options("sources", name, given, "page"))
    assert isinstance(pictures.load(rng()), Pictures)
    made = dataset.generate({"images": pictures}, lambda *purpose: streams.rng(seed, *purpose))
    assert isinstance(made, Labelled)
    assert made.sizes() == {"species": 2, "side": 2, "light": 2}
    assert made.domain == "species" and made.images.shape == (8, 32, 32, 3)
    assert made.test.tolist() == [False, True, False, False, False, False, False, True]
    assert (made.train == ~made.test).all() and (made.fit == ~made.test).all()
