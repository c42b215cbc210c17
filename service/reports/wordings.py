"""The variants with their wording, and each one's rate beside it."""

from __future__ import annotations

from collections.abc import Iterable

from experiments.analysis import wording
from experiments.analysis.document import Results
from experiments.analysis.results import VariantCount
from experiments.model.experiment import Experiment, Variant
from experiments.model.message import Message as Written
from service.reports.blocks import Column, Message, Section, Step, Table, Wording, Wordings
from service.reports.cells import Notes, value_of
from service.reports.headline import primary_of

HEADING = "Variants"


def wordings(results: Results, definition: Experiment | None) -> Section:
    """Each variant with its wording; a table of their participants where no definition is known."""
    if definition is None:
        return Section("variants", HEADING, (_counts(results),))
    counts = {variant.key: variant for variant in results.variants}
    items = tuple(
        Wording(one.key, one.control, _messages(one), tuple(_facts(results, one, counts[one.key])))
        for one in definition.variants
        if one.key in counts
    )
    return Section("variants", HEADING, (Wordings(items, tuple(results.notes)),))


def _messages(variant: Variant) -> tuple[Message, ...]:
    return tuple(_message(locale, message) for locale, message in sorted(variant.message.items()))


def _message(locale: str, message: Written) -> Message:
    steps = tuple(Step(action.label, action.href) for action in message.actions)
    return Message(locale, message.detail, message.plain, steps)


def _facts(results: Results, variant: Variant, count: VariantCount) -> Iterable[str]:
    yield f"{wording.plural(count.participants, 'participant')}; share {wording.percent(count.weight)}"
    yield from _rate(results, variant.key)
    if variant.principles:
        yield f"Principles: {wording.listed(variant.principles)}"
    if variant.incentive is not None:
        yield f"Incentive: {variant.incentive.kind}, {variant.incentive.amount}"
    if variant.description:
        yield variant.description


def _rate(results: Results, key: str) -> Iterable[str]:
    metric = primary_of(results)
    if metric is None or metric.to_date is None:
        return
    notes = Notes()
    yield f"{metric.key}: {notes.cell(metric.to_date.variant(key).mean, value_of(metric.kind))}"
    yield from notes.lines


def _counts(results: Results) -> Table:
    rows = tuple(
        (
            variant.key,
            "control" if variant.control else "treatment",
            wording.count(variant.participants),
            wording.percent(variant.weight),
        )
        for variant in results.variants
    )
    columns = (Column("Variant", False), Column("Role", False), Column("Participants"), Column("Share"))
    return Table("Participants by variant", columns, rows, tuple(results.notes))
