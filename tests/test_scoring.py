"""`score` and the functions of metrics: what they return, what is by chance and at best, and what is said meanwhile."""

import importlib.metadata
import importlib.util
import inspect
import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import disentangle
from disentangle import metrics, registry, score, streams
from disentangle.errors import InputError
from disentangle.evaluation.population import Population
from disentangle.pipeline import imports
from disentangle.pipeline.measured import metrics_of
from disentangle.scoring import cost, measuring, plugins
from disentangle.scoring.result import Result

SIZES = (3, 4, 5)
NAMES = ("shape", "size", "place")


def grid(times: int = 1) -> np.ndarray:
    return np.tile(np.stack(np.unravel_index(np.arange(math.prod(SIZES)), SIZES), axis=1), (times, 1))


FACTORS = grid(8)
CODES = FACTORS @ np.random.default_rng(0).normal(size=(3, 4)) + np.random.default_rng(1).normal(size=(len(FACTORS), 4))


def direct(name: str, population: Population, seed: int, **options: Any) -> dict[str, float]:
    metric = registry.build("metrics", name, options)
    found: dict[str, float] = metric.scores(population, streams.rng(seed, "measure", name))
    return found


# The result.


def test_scores_are_a_mapping_of_what_the_metrics_say() -> None:
    found = score(CODES, FACTORS, names=NAMES, metrics=["sap", "mig"], options={"mig": {"bins": 5}}, seed=3)
    population = Population(CODES, FACTORS, NAMES, complete=False)
    assert list(found) == ["sap", "mig"]
    assert len(found) == 2 and "mig" in found and "dci" not in found
    assert found["mig"] == direct("mig", population, 3, bins=5)
    assert {**found} == {"sap": direct("sap", population, 3), "mig": found["mig"]}
    with pytest.raises(KeyError):
        found["dci"]


def test_chance_and_ceiling_are_of_shuffled_codes_and_of_the_factors() -> None:
    found = score(CODES, FACTORS, names=NAMES, metrics=["mig"], seed=3, chance=2)
    seeds = [streams.seed_of(3, "chance", draw) for draw in range(2)]
    orders = [streams.rng(seed, "shuffle").permutation(len(CODES)) for seed in seeds]
    shuffled = [Population(CODES[order], FACTORS, NAMES, complete=False) for order in orders]
    chance = [direct("mig", codes, seed)["mig"] for codes, seed in zip(shuffled, seeds, strict=True)]
    assert chance[0] != chance[1]
    whole = found.as_dict()
    assert whole["chance"]["mig"]["mig"]["draws"] == chance
    assert whole["chance"]["mig"]["mig"]["mean"] == pytest.approx(np.mean(chance))
    assert whole["chance"]["mig"]["mig"]["deviation"] == pytest.approx(np.std(chance, ddof=1))
    perfect = Population((FACTORS - FACTORS.mean(0)) / FACTORS.std(0), FACTORS, NAMES, complete=False)
    assert whole["ceiling"]["mig"] == pytest.approx(direct("mig", perfect, 3))


def test_noise_is_at_chance_where_scores_are_of_single_rows_and_of_extremes() -> None:
    """Codes that recurred would be fitted less (DCI on training rows), and reach less far (IRS)."""
    rng = np.random.default_rng(0)
    noise, factors = rng.standard_t(3, size=(300, 4)), rng.integers([3, 4], size=(300, 2))
    found = score(noise, factors, metrics=["dci", "irs"], chance=3, ceiling=False).as_dict()
    for metric, name, apart in (("dci", "informativeness_train", 0.02), ("irs", "irs", 0.02)):
        assert found["scores"][metric][name] == pytest.approx(found["chance"][metric][name]["mean"], abs=apart)


def test_the_table_has_a_row_a_score_and_an_interval_with_repeats() -> None:
    found = score(CODES, FACTORS, metrics=["mig", "gaussian"], chance=3)
    table = found.table()
    assert list(table) == ["metric", "score", "value", "chance", "ceiling"]
    assert table["score"].tolist() == ["mig", *registry.constant("metrics", "gaussian", "SCORES")]
    assert table["value"][0] == found["mig"]["mig"]
    assert table["chance"][0] == pytest.approx(found.as_dict()["chance"]["mig"]["mig"]["mean"])
    assert table.loc[1:, ["chance", "ceiling"]].isna().all(axis=None)  # of what no factor is asked for
    repeated = score(CODES, FACTORS, metrics=["sap"], chance=0, ceiling=False, repeats=5).table()
    assert list(repeated) == ["metric", "score", "value", "low", "high", "chance", "ceiling"]
    assert (repeated["low"] < repeated["value"]).all() and (repeated["value"] < repeated["high"]).all()


def test_a_result_shows_itself_and_is_json() -> None:
    named = pd.DataFrame(FACTORS, columns=["<b>", "size", "place"]).assign(once=7)
    found = score(CODES[:, :1], named, metrics=["mig", "sap"], repeats=2)
    remark = "mig, sap: Without once (of one value)."
    assert remark in found.remarks and "mig: Not defined with one code: mig." in found.remarks
    assert repr(found).splitlines()[0].split() == ["metric", "score", "value", "low", "high", "chance", "ceiling"]
    assert repr(found).endswith(found.remarks[-1])
    assert "<table" in found._repr_html_() and "Without once" in found._repr_html_()
    stored = json.loads(found.to_json())
    assert stored == found.as_dict()
    assert math.isnan(found["mig"]["mig"]) and stored["scores"]["mig"]["mig"] is None  # there is no second code
    assert stored["factors"] == {
        "names": ["<b>", "size", "place", "once"],
        "kinds": ["discrete"] * 4,
        "sizes": [3, 4, 5, 1],
    }
    assert (stored["rows"], stored["protocol"], stored["codes"]) == (480, "sample", {"dim": 1})


def test_remarks_are_text_where_a_page_shows_them() -> None:
    found = Result((), {}, ("a <b> & c",))
    assert found._repr_html_().endswith("<p>a &lt;b&gt; &amp; c</p>")


def test_metrics_of_a_grid_are_given_one() -> None:
    codes = CODES[: math.prod(SIZES)]
    found = score(codes, grid(), grid=True, metrics=["sap"], chance=0, ceiling=False)
    assert found["sap"] == direct("sap", Population(codes, grid(), NAMES, complete=True), 0)


def test_metrics_that_cannot_take_continuous_factors_are_given_the_others() -> None:
    def lacks(name: str, *constants: str) -> bool:
        return not any(registry.constant("metrics", name, constant, False) for constant in constants)

    name = next(name for name in metrics_of("codes") if lacks(name, "CONTINUOUS", "UNSUPERVISED", "ASKED"))
    angle = np.random.default_rng(2).uniform(size=len(FACTORS))
    data = {"angle": angle, "size": FACTORS[:, 1], "shape": FACTORS[:, 0]}
    found = score(CODES, data, metrics=[name, "mig"])
    assert found[name] == direct(name, Population(CODES, FACTORS[:, [1, 0]], NAMES[1::-1], complete=False), 0)
    assert f"{name}: Without angle (continuous)." in found.remarks
    assert found.as_dict()["factors"]["sizes"] == [None, 4, 3]


def test_all_metrics_are_computed_but_those_that_are_to_be_asked_for() -> None:
    found = score(CODES, FACTORS, chance=0, ceiling=False)
    assert [*found] == [name for name in metrics_of("codes") if not registry.constant("metrics", name, "ASKED", False)]
    assert registry.constant("metrics", "value_accuracy", "ASKED") is True


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "metric": ({"metrics": ["mgi"]}, "unknown metric 'mgi': did you mean 'mig'"),
    "no metric": ({"metrics": []}, "metrics: found none; allowed: one or more."),
    "option": ({"metrics": "mig", "options": {"mig": {"bin": 3}}}, "mig.bin: unknown option of metric 'mig': did you"),
    "value": ({"metrics": "mig", "options": {"mig": {"bins": 1}}}, "mig.bins: found 1; allowed: >= 2, <= 10000."),
    "options of another": ({"metrics": "mig", "options": {"sap": {}}}, "options: found 'sap'; allowed: metrics that"),
    "seed": ({"seed": 0.5}, "seed: found 0.5; allowed: an integer from 0"),
    "chance": ({"chance": True}, "chance: found True; allowed: an integer from 0"),
    "repeats": ({"repeats": 0}, "repeats: found 0; allowed: an integer from 1"),
    "no edits": (
        {"metrics": "pixel_error"},
        "metrics: found 'pixel_error', which does not score codes; allowed: ",
    ),
    "no names": ({"metrics": 5}, "metrics: found 5; allowed: names."),
    "a number for options": (
        {"metrics": "mig", "options": {"mig": 30}},
        "options: found 30 for 'mig'; allowed: its op",
    ),
    "a list for options": ({"options": ["mig"]}, "options: found ['mig']; allowed: options by metric, as in {'mig': {"),
    "an option without name": (
        {"options": {"mig": {3: 3}}},
        "options: found {3: 3} for 'mig'; allowed: its options by",
    ),
    "progress": ({"progress": True}, "progress: found True; allowed: a function of a line, such as print."),
    "ceiling": ({"ceiling": "no"}, "ceiling: found no; allowed: True or False."),
    "grid": ({"grid": 1}, "grid: found 1; allowed: True or False."),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_asked_is_refused_before_computing(kind: str) -> None:
    given, message = BAD[kind]
    with pytest.raises(InputError) as refusal:
        score(CODES, FACTORS, **{"progress": pytest.fail, **given})
    assert str(refusal.value).startswith(message)


def test_an_unknown_metric_is_told_those_of_codes_and_all_of_them() -> None:
    with pytest.raises(InputError) as refusal:
        score(CODES, FACTORS, metrics=["mgi"])
    assert str(refusal.value).endswith(f" Known: {', '.join(metrics_of('codes'))}.")


def test_options_may_be_numbers_of_numpy() -> None:
    options = {"downstream_lr": {"sizes": np.array([10, 20])}, "mig": {"bins": np.int64(5)}}
    found = score(CODES, FACTORS, metrics=[*options], options=options, chance=0, ceiling=False)
    assert json.loads(found.to_json())["options"]["downstream_lr"]["sizes"] == [10, 20]
    assert found["mig"] == metrics.mig(CODES, FACTORS, bins=5)


# Chance, and what is best.


def by_name(found: Result, column: str) -> dict[tuple[str, str], float]:
    table = found.table()
    return dict(zip(zip(table["metric"], table["score"], strict=True), table[column], strict=True))


@pytest.fixture(scope="module")
def independent() -> Result:
    """Scores of noise beside independent, balanced factors."""
    factors = np.random.default_rng(3).permuted(grid(50), axis=0)
    noise = np.random.default_rng(4).normal(size=(len(factors), 3))
    names = ["beta_vae_score", "dci", "irs", "retrieval", "mig", "identifiability"]
    return score(noise, factors, names=NAMES, metrics=names, chance=4)


def test_chance_is_what_closed_forms_say(independent: Result) -> None:
    chance = by_name(independent, "chance")
    share = np.mean([1 / size for size in SIZES])
    # four draws of 1,000 test rows and three factors, one of 3,000 queries, one of 5,000 test points: about 4 sigma
    assert chance["dci", "informativeness_test"] == pytest.approx(share, abs=0.02)
    assert chance["beta_vae_score", "test"] == pytest.approx(1 / 3, abs=0.03)
    for name, size in zip(NAMES, SIZES, strict=True):
        assert chance["retrieval", name] == pytest.approx(1 / size, abs=0.02)
    assert 0 < chance["mig", "mig"] < 0.01


def test_noise_scores_as_chance_does(independent: Result) -> None:
    value, chance = by_name(independent, "value"), by_name(independent, "chance")
    for key in (("dci", "informativeness_test"), ("beta_vae_score", "test"), ("irs", "irs"), ("mig", "mig")):
        assert value[key] == pytest.approx(chance[key], abs=0.05), key


def test_the_ceiling_is_what_closed_forms_say(independent: Result) -> None:
    ceiling = by_name(independent, "ceiling")
    for key in (
        ("dci", "disentanglement"),
        ("dci", "completeness"),
        ("dci", "informativeness_test"),
        ("irs", "irs"),
        ("retrieval", "all"),
    ):
        assert ceiling[key] == pytest.approx(1, abs=0.001), key
    assert ceiling["mig", "mig"] == pytest.approx(1, abs=0.01)  # less what factors tell of each other in a sample


def test_a_grid_has_the_chance_of_its_draws() -> None:
    noise = np.random.default_rng(4).normal(size=(60, 3))
    found = score(noise, grid(), grid=True, names=NAMES, metrics=["dci"])
    chance = by_name(found, "chance")["dci", "informativeness_test"]
    assert chance == pytest.approx(np.mean([1 / size for size in SIZES]), abs=0.02)


@pytest.mark.parametrize(("rows", "draws"), [(20, 10), (1_000, 10), (2_500, 4), (9_000, 1), (10_000, 1), (50_000, 1)])
def test_fewer_rows_have_more_draws_of_chance(rows: int, draws: int) -> None:
    population = Population(np.zeros((rows, 1)), np.zeros((rows, 1), int), ("a",), complete=False)
    assert measuring.draws_of_chance(population) == draws


@pytest.mark.parametrize("value", [0.1, 1 / 3, 0.6065306597126334, 1e-9])
@pytest.mark.parametrize("count", [2, 3, 7, 10])
def test_draws_that_are_the_same_have_just_this_mean_and_no_deviation(value: float, count: int) -> None:
    assert measuring.moments([value] * count) == (value, 0)
    assert measuring.interval([value] * count) == (value, value, value)


def test_draws_beyond_the_squares_of_numbers_have_a_deviation() -> None:
    for power in (0, 600, -600):
        draws = [math.ldexp(draw, power) for draw in (1.0, 2.5, 7.0)]
        assert measuring.moments(draws) == (math.ldexp(3.5, power), math.ldexp(np.std([1, 2.5, 7], ddof=1), power))


@pytest.mark.parametrize("values", [[0.25], [0.5, 0.5], [0.1, 0.4, 0.2, 0.7, 0.3]])
def test_intervals_hold_the_mean_as_scipy_has_it(values: list[float]) -> None:
    from scipy import stats

    mean, low, high = measuring.interval(values)
    assert mean == pytest.approx(np.mean(values))
    if len(values) < 2 or not np.ptp(values):
        assert (math.isnan(low) and math.isnan(high)) or low == high == mean
    else:
        expected = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
        assert (low, high) == pytest.approx(expected)
    assert math.isnan(measuring.interval([])[0])


# What is said of scores.


def said(codes: np.ndarray, factors: Any, name: str, **given: Any) -> list[str]:
    return [remark.removeprefix(f"{name}: ") for remark in score(codes, factors, metrics=[name], **given).remarks]


UNDEFINED: dict[str, tuple[str, np.ndarray, Any, list[str]]] = {
    "one factor": (
        "dci",
        CODES,
        FACTORS[:, 0],
        [
            "Not defined with one factor: disentanglement.",
            "Not defined at best with one factor and one code: completeness.",
        ],
    ),
    "one factor at best": ("mig", CODES, FACTORS[:, 0], ["Not defined at best with one factor and one code: mig."]),
    "one code": ("mig", CODES[:, :1], FACTORS, ["Not defined with one code: mig."]),
    "few rows": (
        "downstream_gbt",
        CODES[:60],
        FACTORS[:60],
        ["Not defined with 40 of 60 rows to train on: efficiency, mean_100, min_100, mean_10000, min_10000."],
    ),
    "no decoded values": (
        "value_accuracy",
        CODES[:, :3],
        FACTORS,
        ["Not defined: mean, all, factor_0, factor_1, factor_2 (nan for codes that are no decoded values)."],
    ),
    "no domain": (
        "domain_information",
        CODES,
        FACTORS,
        ["Not defined: mean, largest (nan where there is no domain, or but one)."],
    ),
    "no factor": (
        "irs",
        CODES,
        {"x": np.arange(480) / 7, "once": np.zeros(480, int)},
        ["Without x (continuous), once (of one value).", "Not defined with no factor: irs."],
    ),
    "each left out": ("retrieval", CODES, {"a": FACTORS[:, 0], "x": np.arange(480) / 7}, ["Without x (continuous)."]),
    "none of a domain": ("retrieval", CODES, FACTORS, []),
    "no factors asked for": ("gaussian", CODES, {"x": np.arange(480) / 7, "once": np.zeros(480, int)}, []),
    "by chance": (
        "modularity",
        CODES,
        FACTORS,
        ["Not defined by chance: bias_corrected"],
    ),
}


@pytest.mark.parametrize("kind", UNDEFINED)
def test_what_is_not_defined_is_told_with_what_is_known_of_why(kind: str) -> None:
    name, codes, factors, sentences = UNDEFINED[kind]
    options = {"sizes": [10, 100, 10000]} if name == "downstream_gbt" else {}
    found = said(codes, factors, name, chance=1, options={name: options})
    assert len(found) == len(sentences)
    assert all(remark.startswith(sentence) for remark, sentence in zip(found, sentences, strict=True))


def test_codes_whose_unit_or_origin_may_decide_a_score_are_told() -> None:
    codes = FACTORS + 0.05 * np.random.default_rng(0).normal(size=FACTORS.shape)
    assert said(codes, FACTORS, "sap") == said(codes * 1e6, FACTORS, "sap") == []
    assert score(codes + 1000, FACTORS, metrics=["sap"])["sap"]["sap"] == 0
    (far,) = said(codes + np.array([1000, 0, -1000]), FACTORS, "sap")
    assert far.startswith("Scores change with the origin of codes, and the mean of code 0, 2 is over 10 deviations")
    small, *_ = said(codes / 1000, FACTORS, "downstream_lr", options={"downstream_lr": {"sizes": [10]}})
    assert small.startswith("Scores change with the unit of codes, and the largest deviation of one is 0.0014: stand")
    assert said(codes / 1000 + 5, FACTORS, "mig") == []


def test_scores_of_a_domain_are_not_there_without_one() -> None:
    factors = {"domain": FACTORS[:, 0], "other": FACTORS[:, 1]}
    found = score(CODES, factors, metrics=["retrieval"], chance=1)
    keys = ["domain", "other", "all", "chance_domain", "chance_other"]
    assert [*found["retrieval"]] == found.table()["score"].tolist() == keys
    assert set(found.as_dict()["ceiling"]["retrieval"]) == {*keys}


def test_intervals_without_width_are_told() -> None:
    remark = "All 3 draws are the same, as where all rows are used: the intervals have no width."
    assert said(CODES, FACTORS, "mig", repeats=3, chance=0) == [remark]
    assert said(CODES, FACTORS, "mig", repeats=3, chance=0, options={"mig": {"points": 100}}) == []
    assert said(CODES, FACTORS, "mig", chance=0) == []
    assert remark not in said(CODES[:, :1], FACTORS, "mig", repeats=3, chance=0)  # there are none


# Metrics of one's own.

OWN = """
{first}
SCORES = ("a", "mean", "<factor>")
RANGES = {{"mean": (None, 2)}}

{decorator}
class Metric:
    {options}

    def scores(self, population, rng):
        return {returned}
"""


def own(folder: Path, monkeypatch: pytest.MonkeyPatch, **parts: str) -> Result:
    """Score by a metric in a file of its own."""
    name = f"own_{abs(hash(tuple(parts.items())))}"
    defaults = {"first": "import dataclasses", "decorator": "@dataclasses.dataclass(frozen=True)", "options": "C = 1"}
    file = folder / f"{name}.py"
    file.write_text((parts.pop("source", OWN)).format(**{**defaults, **parts}))
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(registry, "path", lambda kind, name: file)
    monkeypatch.setattr(registry, "load", lambda kind, name: spec.loader.exec_module(module) or module)
    ready = plugins.built({name: {}})
    population = Population(CODES, FACTORS, NAMES, complete=False)
    plan = measuring.Plan(seed=0, repeats=1, chance=0, ceiling=False)
    return Result(tuple(measuring.measure(ready, population, plan)), {})


EACH = "**dict.fromkeys(population.names, 0.5)"
BROKEN = {
    "None": (
        {"returned": "{'a': None, 'mean': 0.5}"},
        r"own_\d+: returns None for 'a'; allowed: a float, nan where it",
    ),
    "an array": (
        {"returned": "{'a': [0.5], 'mean': 0.5}"},
        r"own_\d+: returns \[0\.5\] for 'a'; allowed: a float, nan w",
    ),
    "text": ({"returned": "{'a': '0.5', 'mean': 0.5}"}, r"own_\d+: returns '0\.5' for 'a'; allowed: a float"),
    "no mapping": ({"returned": "0.5"}, r"own_\d+: returns a float; allowed: floats by name\."),
    "unnamed": (
        {"returned": "{'a': 0.5, 'mean_9': 0.5, 'b': 1}"},
        r".*own_\d+\.py: its Metric returns 'b', which it do",
    ),
    "missing": (
        {"returned": "{'a': 0.5, 'mean_9': 0.5}"},
        r".*own_\d+\.py: its Metric does not return 'mean' in SCORES",
    ),
    "no dataclass": (
        {"returned": "{}", "decorator": ""},
        r".*own_\d+\.py: its Metric is no dataclass; allowed: @datac",
    ),
    "no module": (
        {"returned": "{}", "first": "import nothere"},
        r".*own_\d+\.py: cannot be imported \(No module named ",
    ),
    "no name": (
        {"returned": "{}", "first": "from math import nothere"},
        r".*own_\d+\.py: cannot be imported \(cannot im",
    ),
    "no names": ({"source": "class Metric:\n    pass"}, r".*own_\d+\.py: defines no constant SCORES\."),
    "a word": (
        {"source": "SCORES = ('a')\nclass Metric:\n    pass"},
        r".*own_\d+\.py: found SCORES = 'a'; allowed: na",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_metric_that_does_not_as_it_says_is_refused(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, message = BROKEN[kind]
    with pytest.raises(InputError, match=f"^{message}"):
        own(tmp_path, monkeypatch, **parts)


def test_a_metric_of_ones_own_is_scored_and_out_of_its_range_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = own(tmp_path, monkeypatch, returned=f"{{'mean': -3, 'a': __import__('numpy').float32(1.5), {EACH}}}")
    (scores,) = found.values()
    assert scores == {"mean": -3, "a": 1.5, **dict.fromkeys(NAMES, 0.5)}
    (remark,) = found.remarks
    assert remark.endswith(": 'a' is 1.5, outside [0, 1], its range by RANGES of its file.")
    sizes = own(tmp_path, monkeypatch, returned="{'mean_10': 0, 'a': 1}", options="sizes: list = (10, 99)")
    assert [remark.partition(": ")[2] for remark in sizes.remarks] == [
        "Not defined with 320 of 480 rows to train on: mean_99."
    ]


# What is said meanwhile.


@dataclass(frozen=True)
class Slow:
    """A metric that makes a clock go on by what it is given."""

    clock: Callable[[float], None]

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        self.clock(4 * population.codes.shape[1])
        return {"mig": 0.5}


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        for module in (measuring, cost):
            monkeypatch.setattr(module.time, "perf_counter", lambda: self.now)

    def __call__(self, seconds: float) -> None:
        self.now += seconds


def test_what_takes_over_a_minute_is_said_before_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    factors = np.arange(20_000)[:, None] % 2
    plan = measuring.Plan(seed=0, repeats=1, chance=1, ceiling=False)
    expected = {
        100: ["1 of 1: mig", "mig: about 13 minutes"],  # 400 s, twice
        20: ["1 of 1: mig", "mig: for chance, ceiling and repeats about 1 minute"],  # 80 s, once more
        10: ["1 of 1: mig"],
    }
    for dim, lines in expected.items():
        population = Population(np.zeros((20_000, dim)), factors, ("a",), complete=False)
        said.clear()
        next(measuring.measure({"mig": Slow(Clock(monkeypatch))}, population, plan, said.append))
        assert said == lines


def test_seconds_of_some_codes_tell_those_of_all() -> None:
    for power in (1, 1.5, 2, 3):
        assert cost.extrapolated(1, 2**power, 32) == pytest.approx(32**power)
    assert cost.extrapolated(2.0, 3.8, 32) == pytest.approx(0.2 + 1.8 * 32)  # 0.2 at the start, and 1.8 as often
    assert cost.extrapolated(2.0, 1.0, 32) == pytest.approx(16**0.75)  # the first was held up
    assert cost.extrapolated(1, 100, 4) == pytest.approx(100 * 2**3)  # no steeper than a cube


def test_a_line_is_said_of_each_metric() -> None:
    said: list[str] = []
    score(CODES, FACTORS, metrics=["mig", "sap"], progress=said.append)
    assert said == ["1 of 2: mig", "2 of 2: sap"]


# Metrics as functions.


@pytest.mark.parametrize("name", metrics_of("codes"))
def test_each_metric_is_a_function_of_its_options(name: str) -> None:
    function = getattr(metrics, name)
    signature = inspect.signature(function)
    own = [field.name for field in fields(registry.load("metrics", name).Metric)]
    assert list(signature.parameters) == ["codes", "factors", *own, *metrics.COMMON]
    for key, option in registry.options("metrics", name).items():
        assert signature.parameters[key].default == option.default
        assert signature.parameters[key].kind is inspect.Parameter.KEYWORD_ONLY
    assert function.__name__ == name and function.__module__ == "disentangle.metrics"
    assert inspect.getdoc(registry.load("metrics", name).Metric) in function.__doc__


def test_a_function_returns_what_score_does() -> None:
    found = metrics.mig(CODES, FACTORS, bins=7, points=100, seed=4)
    assert found == score(CODES, FACTORS, metrics=["mig"], options={"mig": {"bins": 7, "points": 100}}, seed=4)["mig"]
    assert found != metrics.mig(CODES, FACTORS, bins=7, points=100, seed=5)
    assert metrics.sap(codes=CODES[:60], factors=grid(), grid=True) != metrics.sap(CODES[:60], grid())


def test_a_function_refuses_what_it_does_not_know() -> None:
    with pytest.raises(
        TypeError, match=r"^mig\(\): .*'bin'.*; codes and factors come first, all else by name, as in help"
    ):
        metrics.mig(CODES, FACTORS, bin=7)
    with pytest.raises(TypeError, match=r"^mig\(\): too many positional arguments; codes and factors come first"):
        metrics.mig(CODES, FACTORS, 30)
    with pytest.raises(InputError, match=r"^mig\.bins: found 1; allowed: >= 2"):
        metrics.mig(CODES, FACTORS, bins=1)
    with pytest.raises(AttributeError, match="mgi"):
        metrics.mgi  # noqa: B018
    with pytest.raises(AttributeError, match="scores"):
        disentangle.scores  # noqa: B018
    assert set(dir(metrics)) == {*metrics_of("codes")}


def test_the_version_is_that_of_the_distribution() -> None:
    assert disentangle.__version__ == importlib.metadata.version("disentangle-bench")


# What it costs others.


def test_importing_the_package_imports_nothing_else() -> None:
    code = "import sys; import disentangle; before = {*sys.modules}; disentangle.score; print(*before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    unwanted = {"numpy", "pandas", "scipy", "disentangle.registry", "importlib.metadata"}
    assert not unwanted & {*done.stdout.split()}


def test_no_stage_but_score_rests_on_the_door() -> None:
    """An edit of the door makes nothing anew."""
    door = {registry.PACKAGE / "__init__.py", registry.PACKAGE / "metrics.py"}
    door |= {*(registry.PACKAGE / "scoring").glob("*.py")}
    stages = {*(registry.PACKAGE / "stages").glob("*.py")} - {registry.PACKAGE / "stages/score.py"}
    plugins = {registry.path(kind, name) for kind in registry.FILES for name in registry.names(kind)}
    assert not door & {*imports.closure(stages | plugins)}
    assert door & {*imports.closure([registry.PACKAGE / "stages/score.py"])}
