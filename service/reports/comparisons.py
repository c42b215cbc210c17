"""The metrics: the primary one, the guardrails, the exploratory ones, and the breakdown by a segment."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.analysis import wording
from experiments.analysis.document import Results
from experiments.analysis.results import Capped, MetricReading, MetricResult, SegmentValue
from experiments.model.experiment import Experiment, Guardrail
from service.reports.blocks import Block, Paragraph, Section
from service.reports.cells import is_rate
from service.reports.expected import expectations
from service.reports.forest import forest
from service.reports.headline import primary_of
from service.reports.readings import tables
from service.reports.stratified import post_stratified
from service.reports.timestamps import minute
from service.reports.waiting import waiting

EXPLORATORY = (
    "These may suggest and do not decide. Their p-values are adjusted over all of them together "
    "(Benjamini and Hochberg)."
)
FEW = "The more values one looks at, the more of them look different by chance: exploratory."


def primary(results: Results) -> Section:
    """The metric that the verdict is made on, to date and where all windows have ended."""
    metric = primary_of(results)
    if metric is None:
        said: tuple[Block, ...] = (Paragraph("The plan's primary metric is not defined.", "warning"),)
    else:
        said = _metric(results, metric, with_chart=True)
    return Section("primary", f"Primary metric{'' if metric is None else ': ' + metric.key}", said)


def exploratory(results: Results) -> Section | None:
    """The secondary metrics; None where there are none."""
    found = [metric for metric in results.metrics if metric.exploratory]
    if not found:
        return None
    blocks: list[Block] = [Paragraph(EXPLORATORY)]
    for metric in found:
        blocks += _metric(results, metric)
    return Section("secondary", "Secondary metrics (exploratory)", tuple(blocks))


def guardrails(results: Results, definition: Experiment | None) -> Section | None:
    """The metrics that must not get worse; None where there are none."""
    found = [metric for metric in results.metrics if metric.role == "guardrail"]
    if not found:
        return None
    margins = () if definition is None else definition.plan.guardrails
    blocks: list[Block] = []
    for metric in found:
        blocks += [Paragraph(_margin(metric, margins)), *_metric(results, metric)]
    return Section("guardrails", "Guardrails", tuple(blocks))


def segments(results: Results) -> Section | None:
    """The breakdown by one attribute; None where none was asked for."""
    if results.segments is None:
        return None
    blocks: list[Block] = [Paragraph(FEW, "warning")]
    for value in results.segments.values:
        blocks += _segment(results, results.segments.attribute, value)
    if not results.segments.values:
        blocks.append(Paragraph("No participant had a value for this attribute."))
    if results.segments.post_stratified:
        blocks.append(post_stratified(results, results.segments))
    heading = f"By {results.segments.attribute} at the first exposure (exploratory)"
    return Section("segments", heading, tuple(blocks))


def _segment(results: Results, attribute: str, value: SegmentValue) -> list[Block]:
    blocks: list[Block] = []
    for metric in value.metrics:
        blocks += _reading(results, metric, metric.to_date, f"{attribute} = {value.value}, {metric.key}")
    return blocks


def _metric(results: Results, metric: MetricResult, *, with_chart: bool = False) -> tuple[Block, ...]:
    blocks: list[Block] = [Paragraph(_about(results, metric), "quiet")]
    if with_chart:
        blocks += [Paragraph(line) for line in _decided_on(results)]
        chart = forest(f"Lift of {metric.key}", metric, metric.matured, tuple(results.notes))
        blocks += [] if chart is None else [chart]
        blocks += expectations(metric.matured)
    if metric.provisional:
        blocks.append(Paragraph(_provisional(metric), "warning"))
        blocks += _reading(results, metric, metric.matured, f"{metric.key}, windows that have ended")
        blocks += _reading(results, metric, metric.to_date, f"{metric.key}, everybody to date (provisional)")
    else:
        blocks += _reading(results, metric, metric.to_date, metric.key)
    return (*blocks, *waiting(metric, tuple(results.notes)), *_remarks(results, metric))


def _reading(
    results: Results, metric: MetricResult, reading: MetricReading, caption: str
) -> tuple[Block, ...]:
    return tables(caption, metric, reading, unit=results.unit, labels=tuple(results.notes))


def _about(results: Results, metric: MetricResult) -> str:
    what = _measured(metric)
    good = "higher is better" if metric.direction == "increase" else "lower is better"
    if not results.phases:
        return f"{metric.kind.capitalize()}. {what}; {good}."
    start, end = metric.window_days
    return (
        f"{metric.kind.capitalize()}. {what}, from day {start} to day {end} after its first exposure; {good}."
    )


def _measured(metric: MetricResult) -> str:
    if metric.kind == "ratio":
        return "Numerators of all participants over their denominators"
    if metric.kind == "time":
        return "Time of a participant until the event"
    if metric.quantile is not None:
        who = "all participants" if metric.among == "participants" else "those who had an event"
        return f"The value that a share of {metric.quantile:g} of {who} stay below"
    return "Share of participants" if is_rate(metric.kind) else "Mean of a participant"


def _decided_on(results: Results) -> list[str]:
    """Whom the verdict looks at, where the plan's end has fixed it; later participants are only shown."""
    looks = results.verdict.inputs.get("looks") or {}
    return [looks["final"]] if looks.get("final") else []


def _provisional(metric: MetricResult) -> str:
    if metric.matured_through is None:
        return "Windows are still open, so these numbers may yet change."
    day = minute(metric.matured_through).partition(",")[0]
    return (
        "Windows are still open, so the numbers to date may yet change. The verdict looks at participants "
        f"first exposed up to {day}, whose windows have ended."
    )


def _remarks(results: Results, metric: MetricResult) -> list[Block]:
    said: list[Block] = [Paragraph(remark, "quiet") for remark in metric.remarks]
    capped = metric.capped
    if capped is None:
        return said
    if capped.value is None:
        return [*said, Paragraph(f"Not capped: {capped.reason}", "quiet")]
    said.append(Paragraph(_cap(capped), "quiet"))
    if capped.uncapped is not None:
        said += _reading(
            results, metric, capped.uncapped, f"{metric.key} without the cap; it does not decide"
        )
    return said


def _cap(capped: Capped) -> str:
    if capped.denominator is not None:
        return (
            f"One participant counts with {capped.value:f} at most in the numerator, and with "
            f"{capped.denominator:f} in the denominator."
        )
    if capped.quantile is None:
        return f"One participant counts with {capped.value:f} at most."
    touched = wording.plural(sum((capped.touched or {}).values()), "value")
    fixed = "fixed" if capped.is_fixed else "not fixed before the minimum run's windows have ended"
    return (
        f"One participant counts with {capped.value:f} at most: that is the quantile at {capped.quantile:g} "
        f"of all variants together ({fixed}). It touched {touched}."
    )


def _margin(metric: MetricResult, margins: Sequence[Guardrail]) -> str:
    allowed = next((float(one.margin) for one in margins if one.metric == metric.key), None)
    if allowed is None:
        return f"{metric.key} must not get worse by more than its margin."
    if metric.kind == "time":
        return f"{metric.key} may get worse by {wording.duration(allowed)} at most."
    size = wording.difference(allowed, is_rate=is_rate(metric.kind)).lstrip("+")
    return f"{metric.key} may get worse by {size} at most."
