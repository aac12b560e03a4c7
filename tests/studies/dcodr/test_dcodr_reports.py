"""Reports on Kahana & Hoshen 2022 from cells made by hand: every number as naive code has it."""

import json
import re
from dataclasses import replace
from statistics import mean
from typing import Any

import matplotlib.colors
import numpy as np
import pytest
from scipy.stats import spearmanr

from disentangle import registry
from disentangle.cells import Cell
from disentangle.data.labelled import shown_rows
from disentangle.reporting.drawing import svg
from disentangle.reporting.statistics import CORRELATION, POSITIVE
from disentangle.studies.dcodr.analysis import retrieval
from disentangle.studies.dcodr.analysis.invariance import AUGMENTATIONS
from disentangle.studies.dcodr.analysis.results import TITLES, DomainResults
from studies.dcodr.made_up_cells import (
    CHANCE,
    EDGES,
    ENTRIES,
    LABELS,
    LONG,
    NORB,
    OWN,
    PREDICTOR_SEEDS,
    PUBLISHED,
    RULES,
    SHAPES,
    SHORT,
    SINGLE,
    World,
    labelled,
    printed,
)
from studies.read_back import shown, tables

REPORTS = {name.split("/")[1]: registry.build("reports", name, {}) for name in registry.of_study("reports", "dcodr")}
NEEDS = {name: registry.constant("reports", f"dcodr/{name}", "NEEDS") for name in REPORTS}
DRAWN = [name for name in REPORTS if registry.constant("reports", f"dcodr/{name}", "DRAWS", (False,)) is True]
EVERY = (*ENTRIES, "autoencoder", *SINGLE, "distance_ssim", "leak_as_demo", "leak_code_4")
SEEDS = range(3)
WORLD = World(entries=EVERY)


def read_by(name: str, world: World) -> DomainResults:
    """Return what a report is given of a world: the cells that its NEEDS name."""
    found = world.results()
    patterns = [pattern.replace("*", ".*") for pattern in NEEDS[name].get("entries", [".*"])]
    cells = tuple(
        cell
        for cell in found.cells
        if NEEDS[name].get("dataset", cell.cell.dataset) == cell.cell.dataset
        and any(re.fullmatch(pattern, cell.cell.method) for pattern in patterns)
    )
    kept = {cell.cell.dataset for cell in cells}
    return replace(found, cells=cells, manifests={key: own for key, own in found.manifests.items() if key in kept})


def rendered(name: str, world: World = WORLD) -> str:
    return REPORTS[name].render(read_by(name, world))


def cell(dataset: str, entry: str, seed: int) -> Cell:
    return Cell("demo", "dcodr", dataset, entry, 0.3, seed)


def told(dataset: str, entry: str, label: str, rule: str, world: World = WORLD) -> list[float]:
    """Return by seed how often a label is told right, the mean over predictor seeds."""
    more = 0.01 * (PREDICTOR_SEEDS - 1) / 2 if rule != "optimum" else 0
    return [world.value(cell(dataset, entry, seed), f"{label} {rule}") + more for seed in world.seeds]


def found(dataset: str, entry: str, what: str, world: World = WORLD) -> list[float]:
    return [world.value(cell(dataset, entry, seed), what) for seed in world.seeds]


# Every report of every small study


def of_lord(cell: Cell) -> bool:
    return cell.method in ("lord", "autoencoder", "only_crop", "leak_code_4")


SMALL = {
    "as it is": WORLD,
    "one seed": replace(WORLD, seeds=(3,)),
    "a cell diverged": replace(WORLD, diverged=lambda cell: of_lord(cell) and cell.seed == 1),
    "an entry diverged": replace(WORLD, diverged=of_lord),
    "all diverged": replace(WORLD, diverged=lambda cell: True),
    "one method": replace(WORLD, entries=("dcodr", "autoencoder", "only_crop", "leak_code_4")),
    "all told alike": replace(WORLD, level=lambda *what: 0.5, wobble=0.0),
    "only the domain to the end": replace(WORLD, converged="domain"),
    "as in the paper": replace(WORLD, stand_in=""),
    "the predictor alone": replace(WORLD, probes={"predictor": [SHORT]}),
    "probes of one's own": replace(WORLD, probes={"predictor": RULES, "mine": RULES, "nearest": ["optimum"]}),
    "a method of one's own": replace(WORLD, entries=(*EVERY, OWN)),
}

PICTURED = ("one method", "an entry diverged", "all diverged", "all told alike")


@pytest.mark.parametrize("small", SMALL)
@pytest.mark.parametrize("name", REPORTS)
def test_every_report_says_something_of_every_study(name: str, small: str) -> None:
    results = read_by(name, SMALL[small])
    assert results.cells
    text = REPORTS[name].render(results)
    assert text.startswith("# ") and "\n## Setting\n" in text and "nan" not in text
    assert bool(results.stand_ins()) == (small != "as in the paper")
    assert tables(text) or name in DRAWN
    REPORTS[name].table(results).to_csv(index=False)
    json.dumps(REPORTS[name].summary(results), allow_nan=False)
    if name in DRAWN:
        (pictured,) = re.findall(r"\]\((\w+)\.svg\)", text)
        assert pictured in DRAWN
    if name in DRAWN and small in PICTURED:
        assert svg(REPORTS[name].draw(results)).startswith(b"<?xml")


@pytest.mark.parametrize("name", [name for name in REPORTS if "dataset" not in NEEDS[name]])
@pytest.mark.parametrize("dataset", LABELS)
def test_a_report_of_some_datasets_is_of_those_alone(name: str, dataset: str) -> None:
    text = rendered(name, replace(WORLD, datasets=(dataset,)))
    if not NEEDS[name].get("claims"):
        assert not [other for other in LABELS if other != dataset and other in text.split("## Setting")[0]]


# Tables 3 and 4


@pytest.mark.parametrize(("number", "dataset"), [(3, NORB), (4, SHAPES)])
def test_tables_of_predictions_are_published_numbers_beside_means_with_intervals(number: int, dataset: str) -> None:
    table = tables(rendered(f"table{number}"))[0]
    domain, *attributes = LABELS[dataset]
    spelled = ["domain", *(name.replace("_", " ") for name in attributes)]
    assert table[0] == ["published / ours", *spelled, "seeds"]
    expected = []
    for entry in ENTRIES:
        row = [TITLES[entry]]
        for label in (domain, *attributes):
            attribute = "domain" if label == domain else label
            theirs = printed("representation", table=number, method=entry, attribute=attribute)
            row.append(f"{theirs} / {shown(told(dataset, entry, label, SHORT))}")
        expected.append([*row, "3"])
    assert table[1:-2] == expected
    optimal = printed("representation", table=number, method="Optimal", attribute="domain")
    assert table[-2] == ["Optimal", f"{optimal} / {CHANCE[dataset]:.3g}", *["1 / 1"] * len(attributes), ""]
    assert table[-1] == ["Chance", *(f"– / {1 / size:.3g}" for size in LABELS[dataset].values()), ""]
    assert table[-3][1].startswith("– / ")  # the twin is ours


def test_the_domain_by_every_rule_has_its_spread_over_predictor_seeds() -> None:
    text = rendered("table4")
    table = tables(text)[1]
    assert table[0] == ["domain told right", "logistic regression", f"MLP, {SHORT}", f"MLP, {LONG}"]
    for entry, row in zip(ENTRIES, table[1:], strict=True):
        assert row[1] == shown(told(SHAPES, entry, "shape", "optimum"))
        assert row[2] == f"{shown(told(SHAPES, entry, 'shape', SHORT))} (spread 0.01)"
        assert row[3] == f"{shown(told(SHAPES, entry, 'shape', LONG))} (spread 0.01)"
    assert "Always the most frequent domain: 0.250." in text


def test_other_scores_have_intervals_within_the_range_of_their_metric() -> None:
    results, values = read_by("table4", replace(WORLD, entries=("dcodr",))), (-0.4, -0.1, 0.3)
    for cell in results.cells:
        cell.metrics["scores"]["codes"]["irs"] = {"irs": values[cell.cell.seed]}
    header, row = tables(REPORTS["table4"].render(results))[2]
    assert row[header.index("irs")] == shown(values, ends=(-1, 1))


def test_probes_of_any_name_have_columns_by_their_rules() -> None:
    header = tables(rendered("table4", SMALL["probes of one's own"]))[1][0]
    mine, mlp = ([f"{name}, {rule}" for rule in RULES] for name in ("mine", "MLP"))
    assert header == ["domain told right", *mine, "nearest", *mlp]


def test_entries_that_are_not_there_have_no_row_and_those_that_diverged_a_dash() -> None:
    few = replace(WORLD, entries=("lord", "dcodr"), diverged=lambda cell: cell.method == "lord")
    table = tables(rendered("table4", few))[0]
    assert [row[0] for row in table[1:]] == ["LORD", "DCoDR", "Optimal", "Chance"]
    assert all(entry.endswith(" / –") for entry in table[1][1:-1])
    once = replace(few, diverged=lambda cell: cell.method == "lord" and cell.seed == 1)
    kept = [value for seed, value in enumerate(told(SHAPES, "lord", "shape", SHORT, once)) if seed != 1]
    assert tables(rendered("table4", once))[0][1][1] == f"0.703 / {shown(kept)}"


def test_summaries_of_predictions_are_means() -> None:
    summary = REPORTS["table3"].summary(read_by("table3", WORLD))
    assert [*summary] == [*ENTRIES]
    assert summary["drnet"]["domain"] == round(mean(told(NORB, "drnet", "toy", SHORT)), 3)
    assert summary["drnet"]["azimuth"] == round(mean(told(NORB, "drnet", "azimuth", SHORT)), 3)


# Tables 5 to 7


@pytest.mark.parametrize(("number", "dataset"), [(5, NORB), (6, SHAPES), (7, EDGES)])
def test_tables_of_neighbours_are_published_shares_beside_ours_and_chance(number: int, dataset: str) -> None:
    text = rendered(f"table{number}")
    (table,) = tables(text)
    _, *attributes = LABELS[dataset]
    assert table[0][1:] == [*(name.replace("_", " ") for name in attributes), "all", "same domain", "seeds"]
    for entry, row in zip(ENTRIES, table[1:], strict=True):
        assert row[0] == TITLES[entry]
        for name, entered in zip([*attributes, "all", "same_domain"], row[1:-1], strict=True):
            theirs = printed("retrieval", table=number, method=entry, attribute=name)
            if (number, entry, name) == (6, "simclr", "all"):
                assert theirs == "0.01"
                theirs = "<0.01"
            assert entered == f"{theirs} / {shown(found(dataset, entry, name))}"
    chance = [f"{name.replace('_', ' ')} {1 / (1 + LABELS[dataset][name]):.3f}" for name in attributes]
    assert f"A random other image agrees in: {', '.join(chance)}, same domain 0.250." in text


def test_datasets_has_the_same_numbers_without_the_papers() -> None:
    text = rendered("datasets")
    for name, dataset in (("table3", NORB), ("table4", SHAPES)):
        own = text.split(f"## {dataset} (stand-in)")[1]
        theirs = [[entry.split(" / ")[-1] for entry in row] for row in tables(rendered(name))[0]]
        assert tables(own)[0][1:] == theirs[1:]
    for name, dataset in (("table5", NORB), ("table6", SHAPES), ("table7", EDGES)):
        own = text.split(f"## {dataset} (stand-in)")[1]
        theirs = [[entry.split(" / ")[-1] for entry in row] for row in tables(rendered(name))[0]]
        assert tables(own)[1][1:] == theirs[1:]
    summary = REPORTS["datasets"].summary(read_by("datasets", WORLD))
    assert summary[EDGES]["lord"] == {
        "domain": round(mean(told(EDGES, "lord", "medium", SHORT)), 3),
        "all": round(mean(found(EDGES, "lord", "all")), 3),
    }


def test_frames_of_neighbours_say_whether_attributes_agree() -> None:
    results, known = read_by("table5", WORLD), labelled(NORB)
    figure = REPORTS["table5"].draw(results)
    axes = np.array(figure.axes).reshape(6, 1 + len(ENTRIES))
    domain = known["labels"]["toy"]
    rows = shown_rows(domain, known["test"], 6)
    seen = set()
    for line, query in zip(axes, rows, strict=True):
        for ax, entry in zip(line[1:], ENTRIES, strict=True):
            codes = results.codes[NORB][entry]["codes"].astype(float)
            codes /= np.linalg.norm(codes, axis=1, keepdims=True)
            apart = ((codes - codes[query]) ** 2).sum(1)
            apart[query] = np.inf
            near = int(apart.argmin())
            agrees = all(
                steps(known["labels"][name][query], known["labels"][name][near], LABELS[NORB][name])
                <= (2 if name == "azimuth" else 0)
                for name in ("azimuth", "elevation", "lighting")
            )
            (frame,) = {matplotlib.colors.to_hex(spine.get_edgecolor()) for spine in ax.spines.values()}
            assert frame == (retrieval.AGREES if agrees else retrieval.DIFFERS)
            assert ax.get_xlabel() == f"toy {domain[near]}" + (" =" if domain[near] == domain[query] else "")
            assert (np.asarray(ax.images[0].get_array()) == known["images"][near]).all()
            seen.add(agrees)
    assert seen == {True, False}


def steps(a: int, b: int, size: int) -> int:
    return min((a - b) % size, (b - a) % size)


@pytest.mark.parametrize(("other", "expected"), [(0, True), (1, True), (2, True), (3, False), (7, True), (8, True)])
def test_values_agree_within_a_margin_round_the_end(other: int, expected: bool) -> None:
    known: dict[str, Any] = {
        "labels": {"toy": np.array([0, 1]), "azimuth": np.array([0, other]), "lighting": np.array([1, 1])},
        "values": {"toy": "ab", "azimuth": "abcdefghi", "lighting": "ab"},
        "domain": "toy",
        "margins": {"azimuth": 2},
    }
    assert retrieval.agreeing(known, 0, 1) is expected
    assert not retrieval.agreeing(known | {"labels": known["labels"] | {"lighting": np.array([0, 1])}}, 0, 1)


def test_a_method_that_diverged_has_no_neighbours() -> None:
    lost = replace(WORLD, diverged=lambda cell: cell.method == "lord")
    figure = REPORTS["datasets"].draw(read_by("datasets", lost))
    lines = np.array(figure.axes).reshape(18, 1 + len(ENTRIES))
    drawn = [[len(ax.images) for ax in line] for line in lines]
    assert drawn == [[1, *(int(entry != "lord") for entry in ENTRIES)]] * 18
    assert [lines[line][0].get_title() for line in (0, 6, 12)] == [f"query of\n{name}" for name in LABELS]
    assert [ax.get_title() for ax in lines[6][1:4]] == ["SimCLR", "LORD: diverged", "DrNet"]


# Tables 1 and 2, Fig. 1


def test_tables_of_augmentations_are_pairs_and_ranks() -> None:
    text = rendered("table2")
    for dataset, paper in ((NORB, ""), (EDGES, "Edges2Shoes")):
        (table, *_) = tables(text.split(f"## {dataset}")[1])
        check_pairs(table, dataset=(dataset,), paper=paper)
    (table,) = tables(rendered("table1"))
    check_pairs(table, dataset=(NORB, SHAPES, EDGES), paper="Average")
    assert "\\* Gaussian Blurring: published average is the sum of the three; their mean is 0.105" in rendered("table1")
    assert "0.315* / " in {row[0]: row[1] for row in table}["Gaussian Blurring"]
    assert "Ours are means over" in rendered("table1")


def check_pairs(table: list[list[str]], dataset: tuple[str, ...], paper: str) -> None:
    assert table[0] == ["published / ours", "f_norm", "rank", "f_unnorm", "rank"]
    assert [row[0] for row in table[1:]] == [*AUGMENTATIONS.values()]
    csv = PUBLISHED["augmentation_invariance"].query("dataset == @paper").set_index("augmentation")
    for column, measure in ((1, "f_norm"), (3, "f_unnorm")):
        ours = {
            title: [
                mean(WORLD.value(cell(name, "autoencoder", seed), f"{key} {measure}") for name in dataset)
                for seed in SEEDS
            ]
            for key, title in AUGMENTATIONS.items()
        }
        order = sorted(ours, key=lambda title: mean(ours[title]))
        theirs = csv[measure].to_dict()
        for row in table[1:]:
            title = row[0]
            left, right = row[column].split(" / ")
            assert right == shown(ours[title], ends=POSITIVE)
            assert left.rstrip("*") == (f"{theirs[title]:g}" if paper else "–")
            place, rank = row[column + 1].split(" / ")
            assert rank == str(1 + order.index(title))
            assert place == ("–" if not paper else place_of(title, theirs))


def place_of(title: str, theirs: dict[str, float]) -> str:
    """Return the rank of a number; what is tied shares the mean rank."""
    below = sum(value < theirs[title] for value in theirs.values())
    tied = sum(value == theirs[title] for value in theirs.values())
    return f"{below + (tied + 1) / 2:g}"


def test_numbers_that_are_not_defined_are_left_out_of_a_mean() -> None:
    lost = replace(WORLD, diverged=lambda cell: cell.dataset == EDGES or cell.seed == 2)
    (table,) = tables(rendered("table1", lost))
    values = [
        mean(WORLD.value(cell(name, "autoencoder", seed), "crop f_norm") for name in (NORB, SHAPES)) for seed in (0, 1)
    ]
    assert {row[0]: row[1] for row in table}["Crop"] == f"0.842 / {shown(values, ends=POSITIVE)}"


def test_figure_1_is_the_converged_domain_against_the_attributes_by_the_papers_rule() -> None:
    results = read_by("figure1", replace(WORLD, converged="domain"))
    (table,) = tables(REPORTS["figure1"].render(results))
    rows = {row[0]: row[1:] for row in table[1:]}
    assert {*rows} == {"all four", *AUGMENTATIONS.values()}
    for entry, title in (
        ("dcodr_norec", "all four"),
        ("only_crop", "Crop"),
        ("only_gaussian_blur", "Gaussian Blurring"),
    ):
        attributes = [told(NORB, entry, name, SHORT) for name in ("azimuth", "elevation", "lighting")]
        means = [mean(values) for values in zip(*attributes, strict=True)]
        assert rows[title] == [
            shown(told(NORB, entry, "toy", LONG)),
            shown(told(NORB, entry, "toy", SHORT)),
            shown(means),
            "3",
        ]
    (ax,) = REPORTS["figure1"].draw(results).axes
    points = {text.get_text(): text.xy for text in ax.texts}
    assert points["Crop"][0] == pytest.approx(mean(told(NORB, "only_crop", "toy", LONG)))


# Ours


def test_predictors_tells_each_rule_and_the_largest_spread() -> None:
    results = read_by("predictors", WORLD)
    table = tables(REPORTS["predictors"].render(results).split(f"## {EDGES}")[1])[0]
    assert table[0] == ["domain told right", SHORT, "spread", LONG, "spread"]
    for entry, row in zip(ENTRIES, table[1:], strict=True):
        values = (shown(told(EDGES, entry, "medium", rule)) for rule in (SHORT, LONG))
        assert row == [TITLES[entry], next(values), "0.010", next(values), "0.010"]
    summary = REPORTS["predictors"].summary(results)
    assert summary[EDGES]["lord"][LONG] == {"mean": round(mean(told(EDGES, "lord", "medium", LONG)), 3), "spread": 0.01}
    points = np.concatenate([c.get_offsets() for c in REPORTS["predictors"].draw(results).axes[2].collections])
    assert len(points) == len(ENTRIES) * len(SEEDS) * 2 * PREDICTOR_SEEDS


def test_agreement_is_spearmans_correlation_over_methods() -> None:
    results = read_by("agreement", WORLD)
    own = REPORTS["agreement"].render(results).split(f"## {SHAPES}")[1]
    methods, pairs = tables(own)[:2]
    by_measure = {
        "a converged MLP": {entry: told(SHAPES, entry, "shape", LONG) for entry in ENTRIES},
        "logistic regression": {entry: told(SHAPES, entry, "shape", "optimum") for entry in ENTRIES},
        "neighbours of the same domain": {entry: found(SHAPES, entry, "same_domain") for entry in ENTRIES},
        "mutual information of single codes": {entry: found(SHAPES, entry, "information mean") for entry in ENTRIES},
    }
    assert methods[0] == ["domain, by", *by_measure]
    for entry, row in zip(ENTRIES, methods[1:], strict=True):
        assert row == [TITLES[entry], *(shown(values[entry]) for values in by_measure.values())]
    assert len(pairs) == 1 + 6
    for name, value in pairs[1:]:
        first, second = (by_measure[part] for part in name.split(" and "))
        rhos = [spearmanr([first[e][s] for e in ENTRIES], [second[e][s] for e in ENTRIES]).statistic for s in SEEDS]
        assert value == shown(rhos, 2, CORRELATION)


def test_two_methods_have_no_rank_correlation() -> None:
    summary = REPORTS["agreement"].summary(read_by("agreement", replace(WORLD, entries=("lord", "dcodr"))))
    assert {value for pairs in summary.values() for value in pairs.values()} == {None}


def test_a_square_of_swaps_has_contents_above_domains_beside_and_what_is_made_of_both() -> None:
    results = read_by("swaps", WORLD)
    figure = REPORTS["swaps"].draw(results)
    axes = [ax for ax in figure.axes if ax.images]
    assert len(axes) == 3 * 4
    for ax, entry in zip(axes[:4], ("lord", "drnet", "ml_vae", "dcodr"), strict=True):
        assert ax.get_title() == f"{NORB}\n(stand-in)\n{TITLES[entry]}"
        pixels = np.asarray(ax.images[0].get_array())
        stored, known = results.codes[NORB][entry], labelled(NORB)
        assert pixels.shape == (20, 20, 3)  # four of four pixels, and a line of white after each
        corner = pixels[:4, :4]
        assert (corner == 255).all() and (pixels[4::5] == 255).all() and (pixels[:, 4::5] == 255).all()
        for j, row in enumerate(stored["swapped_rows"]):
            place = slice(5 * (j + 1), 5 * (j + 1) + 4)
            image = np.broadcast_to(known["images"][row], (4, 4, 3))
            assert (pixels[:4, place] == image).all() and (pixels[place, :4] == image).all()
            for k in range(3):
                down = slice(5 * (k + 1), 5 * (k + 1) + 4)
                assert (pixels[down, place] == stored["swapped"][k, j]).all()  # domain k, content j
    table = REPORTS["swaps"].table(results)
    assert len(table) == 3 * 4 * 9
    assert REPORTS["swaps"].summary(results) == {name: ["lord", "drnet", "ml_vae", "dcodr"] for name in LABELS}


def test_the_setting_tells_of_every_cell() -> None:
    lost = replace(WORLD, diverged=lambda cell: cell.method == "lord" and cell.seed == 0)
    told_of = rendered("table4", lost).split("## Setting")[1]
    assert "- cells: 21, of which 1 diverged" in told_of
    assert "- training time: 210 s over all cells, 10.0 s a cell" in told_of
    assert "- encoder: conv, initial weights random (paper: ResNet-50, MoCo-v2)" in told_of
    assert "- perceptual distance: L1 (paper: VGG16, ImageNet)" in told_of
    assert f"- data, {SHAPES}: domain shape; values: shape 4, floor_hue 2" in told_of
    assert "not of the paper" not in told_of
    alone = rendered("table4", replace(WORLD, entries=("dcodr_norec",)))
    assert "- perceptual distance: none is used" in alone


def test_a_method_of_ones_own_is_not_compared_with_the_paper() -> None:
    """It has no encoder of the study's, and its entry none of the paper's numbers, whatever it is called."""
    setting = dict(
        line.removeprefix("- ").split(": ", 1)
        for line in rendered("claims", replace(WORLD, entries=("dcodr", OWN))).splitlines()
        if line.startswith("- ")
    )
    told_of = "mine: lam 0.3, networks (code 12), training (steps 100, domains 4, each 32, temperature 0.1)"
    assert setting["not of the paper's experiments"] == told_of
    assert setting["methods"] == "DCoDR: lam 0.3"
    assert "(paper:" not in rendered("claims", replace(WORLD, entries=(OWN,))).split("## Setting")[1]
    renamed = replace(WORLD, entries=("dcodr",), method_of=lambda entry: OWN)
    assert [row[1].split(" / ")[0] for row in tables(rendered("table4", renamed))[0][1:]] == ["–", "0.25", "–"]
