"""The formats that a report comes in, by the ending of its file."""

from __future__ import annotations

from collections.abc import Callable

from experiments.analysis.document import Results
from experiments.model.experiment import Experiment
from service.reports.fingerprint import json_of
from service.reports.html import html_of
from service.reports.markdown import markdown_of
from service.reports.report import report_of


def _markdown(results: Results, definition: Experiment | None) -> str:
    return markdown_of(report_of(results, definition=definition))


def _html(results: Results, definition: Experiment | None) -> str:
    return html_of(report_of(results, definition=definition))


def _json(results: Results, _: Experiment | None) -> str:
    return json_of(results)


WRITERS: dict[str, Callable[[Results, Experiment | None], str]] = {
    "md": _markdown,
    "html": _html,
    "json": _json,
}


def written(results: Results, extension: str, *, definition: Experiment | None = None) -> str:
    """The report in the format of this ending: md, html or json. The same results give the same bytes.

    Args:
        extension: A key of `WRITERS`.
        definition: The experiment's definition, whose wordings are shown; None where there is only a table.
    """
    return WRITERS[extension](results, definition)
