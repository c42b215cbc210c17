"""What is linted: one message in all its locales, at the wall where it will stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from experiments.messages.readings import readings
from experiments.model.error_code import ErrorCode
from experiments.model.message import Message
from experiments.model.template import TemplateFault

Wall = Literal["billing", "rate", "other"]
PAYMENT_REQUIRED = 402
TOO_MANY_REQUESTS = 429


@dataclass(frozen=True, slots=True)
class Subject:
    """A message to be judged.

    Attributes:
        messages: By locale.
        principles: Those that the variant is tagged with.
        has_incentive: Whether something is given for going on.
        ends_at: When that ends; None where it does not.
    """

    error_code: ErrorCode
    messages: Mapping[str, Message]
    principles: tuple[str, ...] = ()
    has_incentive: bool = False
    ends_at: datetime | None = None

    @property
    def wall(self) -> Wall:
        """What kind of wall it is: 402 asks for money, 429 for time."""
        kinds: dict[int, Wall] = {PAYMENT_REQUIRED: "billing", TOO_MANY_REQUESTS: "rate"}
        return kinds.get(self.error_code.status, "other")


@dataclass(frozen=True, slots=True)
class Text:
    """One text that somebody reads: `detail`, `plain` or a label, as it may come out."""

    name: str
    place: tuple[str | int, ...]
    reading: str


def texts(message: Message) -> Iterator[Text]:
    """Every reading of every text of a message; templates that do not parse have none."""
    places: list[tuple[str, tuple[str | int, ...], str | None]] = [
        ("detail", ("detail",), message.detail),
        ("plain", ("plain",), message.plain),
    ]
    places += [("label", ("actions", n, "label"), one.label) for n, one in enumerate(message.actions)]
    for name, place, template in places:
        if template is None:
            continue
        try:
            found = readings(template)
        except TemplateFault:
            continue
        yield from (Text(name, place, reading) for reading in found)
