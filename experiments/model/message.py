"""What a person reads at a wall: text, next steps, progress and incentive, in one language."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from experiments.model.definition import Definition
from experiments.model.names import AttributeName, LocaleTag
from experiments.model.quantities import Amount, Flag, Money
from experiments.model.text import Detail, Href, Label

Relation = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.-]{0,39}$")]


class Action(Definition):
    """One next step: what its button says, where it leads, and what kind of step it is."""

    label: Label
    href: Href
    rel: Relation


class Progress(Definition):
    """How far the person is: the context attribute that holds the number, and the number that is all."""

    label: Label
    value: AttributeName
    maximum: Amount


class Message(Definition):
    """One message in one language; `detail`, `plain` and the labels are templates."""

    detail: Detail
    plain: Detail | None = None
    actions: Annotated[tuple[Action, ...], Field(max_length=10)] = ()
    progress: Progress | None = None


class Incentive(Definition):
    """What a person gets for going on; `unit_cost` and `budget` never leave the service."""

    kind: Literal["bonus_units", "discount_percent", "discount_amount", "trial_days"]
    amount: Amount
    unit_cost: Money | None = None
    once_per_unit: Flag = True
    budget: Money | None = None
    ends_at: AwareDatetime | None = None


Messages = Annotated[dict[LocaleTag, Message], Field(min_length=1, max_length=100)]
