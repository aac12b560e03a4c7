"""The picture of the rules: their layers, lines that keep off boxes, and docs/pipeline.svg, which is of today."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import ROOT, Project, committed_params

from disentangle import registry
from disentangle.reporting import drawing, rule_graph
from disentangle.reporting.rule_graph import Edge, Rule

EDGES = {("a", "b"), ("b", "c"), ("b", "d"), ("c", "e"), ("d", "e"), ("a", "e"), ("b", "e"), ("e", "f"), ("c", "f")}
RULES = {name: Rule(f"Make {name}, or not.", f"data/{name}") for name in "abcdef"}


def shown(svg: str) -> tuple[set[str], set[Edge]]:
    """Return the rules and the edges that an SVG names."""
    return set(re.findall(r'id="rule-(\w+)"', svg)), set(re.findall(r'id="edge-(\w+)-(\w+)"', svg))


def test_a_rule_lies_behind_all_that_it_reads() -> None:
    assert rule_graph.layers(RULES, EDGES) == {"a": 0, "b": 1, "c": 2, "d": 2, "e": 3, "f": 4}
    assert rule_graph.layers({"x": None}, ()) == {"x": 0}
    with pytest.raises(ValueError, match="cycle"):
        rule_graph.layers("ab", {("a", "b"), ("b", "a")})


def test_steps_are_the_edges_that_no_longer_way_stands_for() -> None:
    assert EDGES - rule_graph.steps(EDGES) == {("a", "e"), ("b", "e"), ("c", "f")}


def test_rules_that_say_the_same_are_one() -> None:
    twins = {**RULES, "drawn_c": RULES["c"]}
    assert rule_graph.merged(twins, {*EDGES, ("b", "drawn_c"), ("drawn_c", "e")}) == (RULES, EDGES)


def test_what_is_told_of_a_rule_is_its_first_clause() -> None:
    says = ["Make a, or not.", "Make a: its x.", "Make a.", "Write reports/a.md of it, and more."]
    assert [Rule(text, "").clause for text in says] == ["Make a", "Make a", "Make a", "Write reports/a.md of it"]


def test_a_picture_names_all_rules_and_edges_and_is_the_same_each_time() -> None:
    first, second = (drawing.svg(rule_graph.draw(RULES, edges)) for edges in (EDGES, sorted(EDGES)))
    assert first == second
    assert shown(first.decode()) == (set(RULES), EDGES)


def wide_graph() -> set[Edge]:
    """Return ten layers of three, each rule reading all that are up to six layers before it."""
    names = [(layer, slot) for layer in range(10) for slot in range(3)]
    return {(f"{a}_{s}", f"{b}_{t}") for a, s in names for b, t in names if a < b <= a + 6}


@pytest.mark.parametrize("edges", [EDGES, wide_graph(), {("a", "b")}], ids=["small", "wide", "one"])
def test_no_line_crosses_a_box_and_all_is_on_the_picture(edges: set[Edge]) -> None:
    rules = {name: RULES["a"] for edge in edges for name in edge}
    plan = rule_graph._Plan(rules, edges)
    boxes = {
        name: (plan.left(name), plan.top(name), plan.left(name) + plan.wide, plan.top(name) + plan.tall)
        for name in rules
    }
    for a, b in edges:
        corners = plan.route(a, b)
        assert corners[-1][0] == boxes[b][0]
        assert boxes[b][1] < corners[-1][1] < boxes[b][3]
        for (x, y), (u, v) in pairwise(corners):
            assert x == u or y == v
            for left, top, right, bottom in boxes.values():
                crosses = min(x, u) < right and max(x, u) > left and min(y, v) < bottom and max(y, v) > top
                assert not crosses, (a, b)
    corners = np.array([*boxes.values()]).reshape(-1, 2)
    corners = np.vstack([corners, *(plan.route(*edge) for edge in edges)])
    assert (corners > 0).all()
    assert (corners < (rule_graph.WIDTH, plan.height)).all()


@pytest.mark.workflow
def test_the_picture_in_docs_shows_the_rules_and_edges_of_today(untouched: Project, tmp_path: Path) -> None:
    """If not: ``python -m disentangle graph docs/pipeline.svg``."""
    project = untouched.copy(tmp_path / "project")
    shipped = yaml.safe_load(committed_params())
    for study in shipped["scales"][shipped["scale"]]["studies"].values():  # edges do not depend on how many there are
        study |= {key: study[key][:1] for key in study if key.endswith("seeds")}
    (project.folder / "params.yaml").write_text(yaml.safe_dump(shipped, sort_keys=False))
    if not {*registry.names("studies")} <= {*project.params["scales"][project.params["scale"]]["studies"]}:
        pytest.skip("params.yaml does not list every study, and so not every edge")
    project.stage("graph", "now.svg")
    rules, edges = shown((project.folder / "now.svg").read_text())
    assert (rules, edges) == shown((ROOT / "docs/pipeline.svg").read_text())
    says = dict(re.findall(r"^(\w+) \((.*)\)$", project.snakemake("--list-rules"), re.MULTILINE))
    assert {says[name] for name in rules} == set(says.values()) - {says["all"]}
    assert len(rules) == len({says[name] for name in rules})
    assert ("fetch", "generate") in edges
