"""The published counts as events: each player and visitor once, with what is known of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

Event = dict[str, Any]
COOKIE_CATS = "cookie-cats-gate"
FIRST_INSTALL = datetime(2018, 1, 1, tzinfo=UTC)  # ours: the publication has no dates
INSTALLS = timedelta(days=14)
NEXT_DAY, SEVENTH_DAY = timedelta(days=1, hours=12), timedelta(days=7, hours=12)
CLICK_AFTER = timedelta(seconds=30)


class Headline(NamedTuple):
    """One headline of one test, as the archive counts it."""

    test_id: str
    week: str
    number: int
    impressions: int
    clicks: int
    characters: int


def text(name: str) -> str:
    """One of the demo's data files."""
    return files("service.demo").joinpath("data", name).read_text(encoding="utf-8")


@cache
def headlines() -> tuple[Headline, ...]:
    """The headlines of the replayed tests."""
    return tuple(Headline(*row) for row in json.loads(text("upworthy.json"))["rows"])


def upworthy_tests() -> tuple[str, ...]:
    """The archive's ids of the replayed tests, in the order of their weeks."""
    weeks = {headline.test_id: headline.week for headline in headlines()}
    return tuple(sorted(weeks, key=lambda test: weeks[test]))


def upworthy_key(test_id: str) -> str:
    """The experiment's key of a test of the archive."""
    return f"upworthy-{test_id[:8]}"


def week_start(week: str) -> datetime:
    """Monday of a week as the archive writes it: year and number, 00 for the days before the first Monday."""
    year, number = int(week[:4]), int(week[4:])
    first = date.fromisocalendar(year, 1, 1)
    return datetime.combine(first + timedelta(weeks=number - 1), datetime.min.time(), UTC)


def cookie_cats_events() -> Iterator[Event]:
    """All players: the gate that each met, and the sessions of the first and seventh day that are counted.

    Each combination of version and outcomes is spread evenly over the fourteen days, so that no day is
    better than another by our doing.
    """
    number = 0
    for version, first_day, seventh_day, players in json.loads(text("cookie_cats.json"))["rows"]:
        for place in range(players):
            met = FIRST_INSTALL + INSTALLS * ((2 * place + 1) / (2 * players))
            number += 1
            unit = f"player-{number:06d}"
            yield exposure(f"cc-{number:06d}", COOKIE_CATS, "LEVEL_GATE", version, unit, met)
            if first_day:
                yield conversion(f"cc-{number:06d}-d1", "session", unit, met + NEXT_DAY)
            if seventh_day:
                yield conversion(f"cc-{number:06d}-d7", "session", unit, met + SEVENTH_DAY)


def upworthy_events(test_id: str) -> Iterator[Event]:
    """All visitors of one test: impressions and clicks spread evenly over its published week."""
    key = upworthy_key(test_id)
    for headline in headlines():
        if headline.test_id != test_id:
            continue
        began = week_start(headline.week)
        for place in range(headline.impressions):
            clicked = _every(place, headline.impressions, headline.clicks)
            unit = f"visitor-{test_id[:8]}-{headline.number}-{place + 1:05d}"
            seen = began + timedelta(days=7) * ((2 * place + 1) / (2 * headline.impressions))
            yield exposure(f"{unit}-e", key, "HEADLINE", f"headline_{headline.number}", unit, seen)
            if clicked:
                yield conversion(f"{unit}-c", "click", unit, seen + CLICK_AFTER)


def _every(place: int, of: int, chosen: int) -> bool:
    """Whether this place is among `chosen` evenly spread ones of `of`."""
    return (place + 1) * chosen // of > place * chosen // of


def exposure(
    event_id: str, experiment: str, error_code: str, variant: str, unit: str, at: datetime,
    context: Mapping[str, Any] | None = None,
) -> Event:  # fmt: skip
    """An exposure as a client sends it."""
    return {
        "type": "exposure", "event_id": event_id, "error_code": error_code, "experiment": experiment,
        "variant": variant, "unit_id": unit, "occurred_at": at.isoformat(), "context": dict(context or {}),
    }  # fmt: skip


def conversion(
    event_id: str,
    name: str,
    unit: str,
    at: datetime,
    *,
    value: str | None = None,
    currency: str | None = None,
) -> Event:
    """A conversion as a client sends it."""
    event = {
        "type": "conversion", "event_id": event_id, "name": name, "unit_id": unit,
        "occurred_at": at.isoformat(),
    }  # fmt: skip
    return event if value is None else event | {"value": value, "currency": currency}
