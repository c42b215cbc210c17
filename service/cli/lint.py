"""`keepgoing lint`: the faults of the messages in a file of definitions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.console import put, put_json, say
from service.cli.endings import GateNotMet

if TYPE_CHECKING:
    from experiments.messages.lint import Report


@click.command(name="lint")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--strict", is_flag=True, help="Let warnings count as faults.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(file: str, strict: bool, as_json: bool) -> None:
    """Say what is wrong with the messages of FILE (YAML or JSON, - for standard input).

    Ends with 3 when a fault is found that is not waived. docs/messages.md lists the rules.
    """
    from experiments.messages.lint import lint_document
    from experiments.model.document import read

    content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    document = read(content, name=file)
    reports = lint_document(document)
    if as_json:
        put_json([{"message": place, **report.document()} for place, report in reports])
    else:
        _tell(reports)
    codes = {one.code for one in document.error_codes}
    for experiment in document.experiments:
        if experiment.error_code not in codes:
            say(f"Experiment {experiment.key} is not checked: {experiment.error_code} is not in this file.")
    found = [one for _, report in reports for one in report.findings]
    faults = sum(one.counts or (strict and one.waived is None) for one in found)
    if faults:
        raise GateNotMet(f"{faults} fault{'s' if faults != 1 else ''} in {len(reports)} messages.")
    say(f"No fault in {len(reports)} messages.")


def _tell(reports: list[tuple[str, Report]]) -> None:
    for place, report in reports:
        for one in report.findings:
            mark = "waived" if one.waived is not None else one.severity
            put(f"{mark:<8} {one.rule:<22} {place}{one.pointer}: {one.detail}")
        for locale in report.wordless:
            put(f"note     {'words_unknown':<22} {place}/{locale}: only rules without words were applied")
