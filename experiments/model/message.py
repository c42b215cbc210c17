"""What a person reads at a wall: text and next steps in one language."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from experiments.model.definition import Definition
from experiments.model.names import LocaleTag, distinct_tags
from experiments.model.text import Detail, Href, Label

Relation = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.-]{0,39}$")]


class Action(Definition):
    """One next step: what its button says, where it leads, and what kind of step it is."""

    label: Label
    href: Href
    rel: Relation


class Message(Definition):
    """One message in one language; `detail`, `plain` and the labels are templates."""

    detail: Detail
    plain: Detail | None = None
    actions: Annotated[tuple[Action, ...], Field(max_length=10)] = ()


Messages = Annotated[
    dict[LocaleTag, Message], Field(min_length=1, max_length=100), AfterValidator(distinct_tags)
]
