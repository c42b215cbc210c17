"""A report as HTML: one file that needs nothing else, or the part that goes into a page of the dashboard."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from service.reports import blocks, curves, svg
from service.reports.blocks import Report

TEMPLATES = Path(__file__).parent / "templates"
STYLESHEET = TEMPLATES / "report.css"


def html_of(report: Report) -> str:
    """The whole report as one HTML file: styles inside, no script, nothing to fetch."""
    page = _environment().get_template("report.html")
    return page.render(report=report, style=Markup(stylesheet()))  # noqa: S704 - our own file


def body_of(report: Report) -> Markup:
    """The report without page and styles, for a page that has `stylesheet()`."""
    return Markup(_environment().get_template("body.html").render(report=report))  # noqa: S704 - escaped by Jinja


@lru_cache(maxsize=1)
def stylesheet() -> str:
    """The report's styles."""
    return STYLESHEET.read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    kinds = (blocks.Paragraph, blocks.Bullets, blocks.Table, blocks.Wordings, blocks.Forest, blocks.Curves)
    environment.globals["draw"] = svg.draw
    environment.globals["draw_curves"] = curves.draw
    environment.globals["kind"] = lambda block: next(k.__name__ for k in kinds if isinstance(block, k))
    return environment
