"""The faults of a message, before anybody meets it: each by a rule with a name, a reason and a severity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from experiments.messages.rules import RULES, Rule, Severity
from experiments.messages.subject import Subject
from experiments.messages.words import language_of
from experiments.model.document import Definitions
from experiments.model.error_code import ErrorCode
from experiments.model.experiment import Variant
from experiments.model.faults import pointer
from experiments.model.message import Message

__all__ = ["Finding", "Report", "Subject", "Variant", "findings", "lint", "lint_document"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule found.

    Attributes:
        pointer: The JSON pointer of the place in the messages, which begins with the locale.
        reason: Why there is the rule.
        waived: Why it does not count here; None where it counts.
    """

    rule: str
    severity: Severity
    locale: str
    pointer: str
    detail: str
    reason: str
    waived: str | None = None

    @property
    def counts(self) -> bool:
        """Whether it is a fault that nobody waived."""
        return self.severity == "fault" and self.waived is None


@dataclass(frozen=True, slots=True)
class Report:
    """What was found of one message; `wordless` are the locales whose words no rule knows."""

    findings: tuple[Finding, ...]
    wordless: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether there is no fault that counts."""
        return not any(one.counts for one in self.findings)

    def of(self, locale: str) -> Report:
        """What was found in one locale."""
        found = tuple(one for one in self.findings if one.locale == locale)
        return Report(found, tuple(one for one in self.wordless if one == locale))

    def document(self) -> dict[str, object]:
        """As JSON, for the command line and the service alike."""
        found = [asdict(one) for one in self.findings]
        return {"ok": self.ok, "findings": found, "wordless": list(self.wordless)}


def lint(subject: Subject) -> Report:
    """What the rules find of a message in all its locales."""
    wordless = tuple(locale for locale in subject.messages if language_of(locale) is None)
    return Report(tuple(findings(subject)), wordless)


def findings(subject: Subject) -> Iterator[Finding]:
    """Each finding once, in the order of locales and rules."""
    seen: set[tuple[str, str]] = set()
    for locale, message in subject.messages.items():
        for one in (*_missing(subject, locale), *_of_message(subject, locale, message)):
            if (one.rule, one.pointer) not in seen:
                seen.add((one.rule, one.pointer))
                yield one


def _missing(subject: Subject, locale: str) -> Iterable[Finding]:
    """The locales that the error code serves and the message lacks, said once."""
    if locale != next(iter(subject.messages)):
        return
    for absent in sorted(subject.error_code.locales - subject.messages.keys()):
        yield Finding(
            "missing_locale",
            "fault",
            absent,
            pointer((absent,)),
            "is served by the error code, so it must be here",
            "Everybody reads one language and not another by chance.",
        )


def _of_message(subject: Subject, locale: str, message: Message) -> Iterator[Finding]:
    waivers = {one.rule: one.reason for one in message.waive}
    for rule in RULES:
        for path, detail in rule.check(subject, locale, message):
            waived = waivers.get(rule.name) if rule.waivable else None
            yield Finding(
                rule.name, rule.severity, locale, pointer((locale, *path)), detail, rule.reason, waived
            )
    yield from _of_waivers(locale, message, {rule.name: rule for rule in RULES})


def _of_waivers(locale: str, message: Message, known: dict[str, Rule]) -> Iterator[Finding]:
    for number, waiver in enumerate(message.waive):
        rule = known.get(waiver.rule)
        if rule is None or not rule.waivable:
            why = "is no rule" if rule is None else "cannot be waived"
            place = pointer((locale, "waive", number, "rule"))
            yield Finding(
                "unknown_waiver",
                "fault",
                locale,
                place,
                f"{waiver.rule!r} {why}",
                "A waiver must set something aside.",
            )


def subjects(document: Definitions) -> Iterator[tuple[str, Subject]]:
    """Every message of a document with the JSON pointer of its `message`."""
    codes = {one.code: one for one in document.error_codes}
    for number, error_code in enumerate(document.error_codes):
        yield f"/error_codes/{number}/message", Subject(error_code, error_code.message)
    for number, experiment in enumerate(document.experiments):
        owner = codes.get(experiment.error_code)
        for place, variant in enumerate(experiment.variants) if owner else ():
            assert owner is not None  # noqa: S101 - for the type checker
            yield f"/experiments/{number}/variants/{place}/message", of_variant(owner, variant)


def of_variant(error_code: ErrorCode, variant: Variant) -> Subject:
    """A variant's message as what is linted."""
    incentive = variant.incentive
    return Subject(
        error_code,
        variant.message,
        variant.principles,
        has_incentive=incentive is not None,
        ends_at=None if incentive is None else incentive.ends_at,
    )


def lint_document(document: Definitions) -> list[tuple[str, Report]]:
    """The report on every message of a document, by its place.

    Variants of error codes that the document does not define are left out: rules need both.
    """
    return [(place, lint(subject)) for place, subject in subjects(document)]
