"""What a person reads at a wall: text and next steps in one language."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from experiments.model.definition import Definition
from experiments.model.names import LocaleTag, distinct_tags
from experiments.model.text import Detail, Href, Label, Line

Relation = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.-]{0,39}$")]


class Action(Definition):
    """One next step: what its button says, where it leads, and what kind of step it is."""

    label: Label
    href: Href
    rel: Relation


class Waiver(Definition):
    """A lint rule that does not count for a message, and why."""

    rule: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    reason: Annotated[Line, Field(min_length=10, max_length=500)]


class Message(Definition):
    """One message in one language; `detail`, `plain` and the labels are templates."""

    detail: Detail
    plain: Detail | None = None
    actions: Annotated[tuple[Action, ...], Field(max_length=10)] = ()
    waive: Annotated[tuple[Waiver, ...], Field(max_length=20, description="Recorded, never served.")] = ()


Messages = Annotated[
    dict[LocaleTag, Message], Field(min_length=1, max_length=100), AfterValidator(distinct_tags)
]
