"""The pages, as HTML: of a study, which holds all its reports and figures, and of all studies. They open offline."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup

TEMPLATES = Path(__file__).parent
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
    path: str
    """Where it lies from the page, without a suffix."""
    suffixes: Sequence[str]
    title: str
    introduction: Markup
    sections: Sequence[Section]


@dataclass(frozen=True)
class Picture:
    """A figure: where it lies from the page, and its words."""

    path: str
    animated: bool
    """Whether frames (``.gif``) lie beside the picture (``.svg``), which shows them all."""
    title: str
    caption: str
    alt: str


def report(name: str, path: str, drawn: bool, markdown: str) -> Report:
    """Cut and convert a report. It starts with ``# its title``; its sections start with ``## theirs``.

    ``path`` is where it lies from the page, without a suffix; ``drawn`` says that a picture is beside it.
    """
    head, *rest = re.split(r"^## ", markdown, flags=re.MULTILINE)
    title, introduction = head.removeprefix("# ").split("\n", 1)
    sections = [part.split("\n", 1) for part in rest]
    folder, suffixes = path.removesuffix(name), ["md", "csv", "json", *(["svg"] if drawn else [])]
    parts = [Section(heading, _html(body, folder)) for heading, body in sections]
    return Report(name, path, suffixes, title, _html(introduction, folder), parts)


def render(reports: Sequence[Report], galleries: Mapping[str, Sequence[Picture]], facts: Mapping[str, Any]) -> str:
    """Return the page. ``galleries`` are pictures by section; what ``facts`` holds is named in the template."""
    named = {report.name: report for report in reports}
    return _template("page.html.jinja").render(reports=named, galleries=galleries, **facts) + "\n"


def render_front(cards: Sequence[Mapping[str, Any]], scale: str, revision: str) -> str:
    """Return the page of all studies; what a card holds is named in the template."""
    return _template("front.html.jinja").render(cards=cards, scale=scale, revision=revision) + "\n"


def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def _html(markdown: str, folder: str) -> Markup:
    """Convert Markdown; a table scrolls in a box of its own, and a picture on a phone, as many are wider than that.

    Pictures that lie beside the report are found from the page in ``folder``.
    """
    converter = MarkdownIt("commonmark", {"html": False}).enable("table")
    html = converter.render(markdown)
    html = html.replace("<table>", '<div class="scroll" tabindex="0" role="group" aria-label="table"><table>')
    html = html.replace("</table>", "</table></div>")
    html = re.sub(
        r' style="text-align:\w+"', "", html
    )  # as the style of the page has it, for a third of a table's size
    html = html.replace("<th>", '<th scope="col">')
    html = html.replace("<p><img ", '<p class="picture"><img ')
    html = re.sub(r'<img src="(?![a-z]+:|/)', f'<img src="{folder}', html)
    for text, kind in MARKS.items():
        html = html.replace(f">{text}<", f'><span class="{kind}">{text}</span><')
    return Markup(html)
