"""What `gpu.py` found, as a page in Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import hours


def page(told: Mapping[str, Any]) -> str:
    """Return the page of what `gpu.json` holds; a CPU is named as one above the first number."""
    return "\n".join(_lines(told)) + "\n"


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    about, scale = told["about"], told["scale"]
    yield f"# Measured on {told['device']}"
    yield ""
    if not about.get("memory"):
        yield f"> **A rehearsal, not on a GPU.** No number below is one of a GPU; trainings are of scale `{scale}`."
        yield ""
    if told["fault"]:
        yield from (
            "> **A fault ended the run**; what comes after it is not measured:",
            "",
            "```",
            told["fault"],
            "```",
            "",
        )
    if about:
        yield from _device(about)
    yield from ("## Rows", "", f"In {told['minutes']:g} minutes at scale `{scale}`.", "")
    begun = [row for row in told["rows"] if row["seconds"]]
    cells = [(row["name"], row["state"], f"{row['seconds']:.0f}", f"`{row['command']}`") for row in begun]
    yield from _table("| row | state | seconds | command |", "|---|---|---:|---|", cells)
    if left := [row["name"] for row in told["rows"] if not row["seconds"]]:
        yield from (f"Not measured, as the time or the run had ended: {'; '.join(left)}.", "")
    if told["steps"]:
        yield from ("## Steps", "", "Of one cell; MFU is a share of the large matrix products of its precision.", "")
        head = "| study | entry | dataset | phase | execution | cells at once | ms a step | MFU | peak memory |"
        yield from _table(head, "|---|---|---|---|---|---:|---:|---:|---:|", [*map(_step, told["steps"])])
    if told["hours"]:
        yield from (
            "## Hours",
            "",
            f"Of training at scale `{scale}`, one cell or stack after another on this device.",
            "",
        )
        cells = [_target(target) for target in told["hours"]]
        yield from _table("| study | target | cells | hours | by measured steps |", "|---|---|---:|---:|---:|", cells)
    for row in told["rows"]:
        if isinstance(row["found"], list):
            yield from (f"## {row['name']}", "", "```", *row["found"], "```", "")
        elif row["name"] in ("tests", "trained") and row["found"]:
            numbers = ", ".join(f"{name} {value:g}" for name, value in row["found"].items())
            yield from (f"## {row['name']}", "", f"{numbers}.", "")


def _device(about: Mapping[str, Any]) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items() if version)
    memory = f", {about['memory'] / 1e9:.0f} GB" if about["memory"] else ""
    flop = ", ".join(f"{rate / 1e12:.3g} in {precision}" for precision, rate in about["flop"].items())
    yield f"Device: {about['device']}{memory}; {versions}."
    yield ""
    yield f"Large matrix products, TFLOP/s: {flop}. A copy reads and writes {about['bytes'] / 1e9:,.0f} GB/s."
    yield ""


def _step(step: Mapping[str, Any]) -> tuple[str, ...]:
    names = (step[key] for key in ("study", "entry", "dataset", "phase", "execution", "cells"))
    mfu = "" if step["mfu"] is None else f"{step['mfu']:.0%}"
    memory = "" if step["memory"] is None else f"{step['memory'] / 1e9:.1f} GB"
    return (*map(str, names), f"{step['milliseconds']:.3g}", mfu, memory)


def _target(target: Mapping[str, Any]) -> tuple[str, ...]:
    names = target["study"], target["name"], f"{target['cells']:,}"
    if target["high"] is None:
        return (*names, f"at least {hours.rounded(target['low'])}", "some are not")
    return (*names, hours.spelled(hours.Range(target["low"], target["high"])), f"{target['measured']:.0%}")


def _table(head: str, rule: str, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield from (head, rule, *(f"| {' | '.join(row)} |" for row in rows), "")
