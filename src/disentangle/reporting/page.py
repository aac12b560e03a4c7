"""The page that holds all reports and figures, as HTML: offline, for a screen, a phone or paper."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup

TEMPLATE = Path(__file__).with_name("index.html.jinja")
MARKS = {"✓ supported": "yes", "✗ contradicted": "no", "? undecided": "open"}


@dataclass(frozen=True)
class Section:
    """A titled part of a report."""

    title: str
    body: Markup


@dataclass(frozen=True)
class Report:
    """A report in Markdown, cut at its headings: the first section is shown, the others open at a click."""

    name: str
    title: str
    introduction: Markup
    sections: Sequence[Section]


@dataclass(frozen=True)
class Picture:
    """A figure: where it lies from the page, and its words."""

    path: str
    title: str
    caption: str
    alt: str


def report(name: str, markdown: str) -> Report:
    """Cut and convert a report. It starts with ``# its title``; its sections start with ``## theirs``."""
    head, *rest = re.split(r"^## ", markdown, flags=re.MULTILINE)
    title, introduction = head.removeprefix("# ").split("\n", 1)
    sections = [part.split("\n", 1) for part in rest]
    return Report(name, title, _html(introduction), [Section(heading, _html(body)) for heading, body in sections])


def render(reports: Sequence[Report], galleries: Mapping[str, Sequence[Picture]], facts: Mapping[str, Any]) -> str:
    """Return the page. ``galleries`` are pictures by section; what ``facts`` holds is named in the template."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(TEMPLATE.read_text())
    return template.render(reports={report.name: report for report in reports}, galleries=galleries, **facts) + "\n"


def _html(markdown: str) -> Markup:
    """Convert Markdown; a table scrolls in a box of its own, as many are wider than a phone."""
    converter = MarkdownIt("commonmark", {"html": False}).enable("table")
    html = converter.render(markdown)
    html = html.replace("<table>", '<div class="scroll" tabindex="0" role="group" aria-label="table"><table>')
    html = html.replace("</table>", "</table></div>")
    for text, kind in MARKS.items():
        html = html.replace(f">{text}<", f'><span class="{kind}">{text}</span><')
    return Markup(html)
