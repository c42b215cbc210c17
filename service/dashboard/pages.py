"""The pages: all experiments of the project, one experiment's results, and its report as a file."""

from __future__ import annotations

from flask import Response, render_template, request
from werkzeug.exceptions import NotFound

from experiments.analysis import wording
from service.dashboard.clearing import may_clear
from service.dashboard.guard import scope, signed_in
from service.reports.html import body_of
from service.reports.outcomes import outcome_words, tone_of
from service.use_cases.experiments import get_experiment
from service.use_cases.overview import Standing, overview
from service.use_cases.principles import poolings, principles
from service.use_cases.results import results

TYPES = {"html": "text/html", "md": "text/markdown", "json": "application/json"}
"""The formats that a report comes in here."""


@signed_in
def list_experiments() -> str:
    """Every experiment of the project with its status, participants and recorded verdict."""
    rows = [_row(standing) for standing in overview(scope())]
    return render_template("dashboard/experiments.html", rows=rows)


@signed_in
def show_principles() -> str:
    """What all experiments together say of each persuasion principle."""
    from service.reports.principles import principles_report  # imports SciPy, as below

    report = principles_report(poolings(principles(scope())))
    return render_template("dashboard/principles.html", report=body_of(report))


@signed_in
def show_experiment(key: str) -> str:
    """One experiment's report, with its breakdowns and files."""
    from service.reports.report import report_of  # imports SciPy, which other workers' calls do without

    here, segment = scope(), request.args.get("segment") or None
    definition = get_experiment(here, key).state.definition
    found = results(here, key, segment=segment, every_segment=True)
    report = report_of(found, definition=definition)
    return render_template(
        "dashboard/experiment.html",
        key=key,
        report=body_of(report),
        segment=segment,
        segments=definition.plan.segments,
        formats=list(TYPES),
        alarm=found.verdict.outcome == "invalid" and may_clear(),
    )


@signed_in
def download(key: str, extension: str) -> Response:
    """The report as a file: JSON is shown, the others are saved."""
    from service.reports.formats import written  # as above

    if extension not in TYPES:
        raise NotFound(f"There is no report in this format; there are {', '.join(TYPES)}.")
    here, segment = scope(), request.args.get("segment") or None
    definition = get_experiment(here, key).state.definition
    found = results(here, key, segment=segment, every_segment=extension != "json")
    text = written(found, extension, definition=definition)
    answer = Response(text, content_type=f"{TYPES[extension]}; charset=utf-8")
    if extension != "json":
        answer.headers.set("Content-Disposition", "attachment", filename=f"{definition.key}.{extension}")
    return answer


def _row(standing: Standing) -> dict[str, object]:
    definition = standing.state.definition
    label = definition.source.label if definition.source else None
    return {
        "key": definition.key,
        "error_code": definition.error_code,
        "status": str(standing.state.status),
        "participants": wording.count(standing.participants),
        "verdict": _verdict(standing.outcome, standing.winner),
        "tone": tone_of(standing.outcome),
        "recorded": "" if standing.recorded_at is None else wording.date(standing.recorded_at),
        "simulated": definition.simulated,
        "labels": wording.provenance(source_label=label, simulated=definition.simulated),
    }


def _verdict(outcome: str | None, winner: str | None) -> str:
    if outcome is None:
        return "none recorded yet"
    return outcome_words(outcome, () if winner is None else (winner,))
