from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from keepgoing.errors import ConfigurationError, InvalidRuleset, TransportError
from keepgoing.source import FileOrigin, ServiceOrigin, Source
from keepgoing.transport import Reply
from tests.rulesets import wire_ruleset


class Told:
    """A transport that answers what it is told; an exception is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.etags: list[str | None] = []

    def get(self, _path: str, *, etag: str | None = None, **_: Any) -> Reply:
        self.etags.append(etag)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Reply) else Reply(200, {"etag": f'"{answer}"'}, document(answer))

    def forget(self) -> None:
        self.etags.append("forgotten")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def document(revision: int) -> bytes:
    return json.dumps(wire_ruleset(revision=revision)).encode()


def source(*answers: Any, clock: Clock | None = None, **options: Any) -> tuple[Source, Told]:
    transport = Told(*answers)
    middle = lambda low, high: (low + high) / 2  # noqa: E731 - a name of its own would say no more
    made = Source(ServiceOrigin(transport), monotonic=clock or Clock(), uniform=middle, **options)  # type: ignore[arg-type]
    return made, transport


def revision(made: Source) -> int | None:
    return made.ruleset.revision if made.ruleset else None


NOT_MODIFIED = Reply(304, {}, b"")
BROKEN = Reply(200, {"etag": '"broken"'}, b"<html>")
DOWN = TransportError("down")


def test_nothing_is_fetched_before_it_is_asked_for() -> None:
    made, transport = source(1)
    assert (made.ruleset, transport.etags) == (None, [])
    assert made.state()["state"] == "never_fetched"
    assert not made.wait_ready(0)


def test_a_fetched_ruleset_is_used_and_then_asked_for_by_its_etag() -> None:
    made, transport = source(1, NOT_MODIFIED, 2)
    assert [made.refresh(1.0), made.refresh(1.0)] == [True, True]
    assert (revision(made), made.wait_ready(0)) == (1, True)
    made.refresh(1.0)
    assert revision(made) == 2
    assert transport.etags == [None, '"1"', '"1"']


@pytest.mark.parametrize("trouble", [DOWN, BROKEN, Reply(200, {}, b"{}"), Reply(200, {}, b"[" * 100_000)])
def test_the_last_good_ruleset_stays_through_any_trouble(trouble: Any) -> None:
    made, transport = source(1, trouble, 3)
    made.refresh(1.0)
    assert not made.refresh(1.0)
    assert (revision(made), bool(made.error)) == (1, True)
    assert made.refresh(1.0)
    assert (revision(made), made.error, transport.etags[2]) == (3, None, '"1"')


def test_freshness_has_an_age() -> None:
    clock = Clock()
    made, _ = source(1, DOWN, NOT_MODIFIED, clock=clock, poll_seconds=10)
    made.refresh(1.0)
    clock.now += 30
    assert (made.state()["state"], made.state()["age_seconds"]) == ("fresh", 30)
    made.refresh(1.0)
    clock.now += 30
    assert (made.state()["state"], made.state()["age_seconds"]) == ("stale", 60)
    made.refresh(1.0)
    assert (made.state()["state"], made.state()["revision"], made.state()["origin"]) == (
        "fresh",
        1,
        "service",
    )


def test_polls_are_spread_by_a_tenth() -> None:
    for share, expected in ((0.0, 9.0), (1.0, 11.0)):
        clock = Clock()
        made = Source(
            ServiceOrigin(Told(1)),  # type: ignore[arg-type]
            monotonic=clock,
            uniform=lambda low, high, share=share: low + (high - low) * share,
        )
        made.refresh(1.0)
        assert made.due_at - clock.now == pytest.approx(expected)


def test_failures_back_off_and_a_success_ends_it() -> None:
    clock = Clock()
    made, _ = source(*[DOWN] * 12, 1, clock=clock)
    delays = []
    for _ in range(12):
        made.refresh(1.0)
        delays.append(made.due_at - clock.now)
    assert delays[:4] == [0.25, 0.5, 1.0, 2.0]
    assert delays[-1] == 15.0  # half of the ceiling of 30 seconds: the middle of full jitter
    made.refresh(1.0)
    assert made.due_at - clock.now == pytest.approx(10.0)


def test_a_refused_key_is_asked_with_ever_more_seldom() -> None:
    clock = Clock()
    made, _ = source(*[TransportError("no", status=401)] * 14, clock=clock)
    for _ in range(14):
        made.refresh(1.0)
    assert made.due_at - clock.now == 150.0


def test_retry_after_is_obeyed() -> None:
    clock = Clock()
    made, _ = source(TransportError("busy", status=429, retry_after_seconds=77), clock=clock)
    made.refresh(1.0)
    assert made.due_at - clock.now == 77


def test_a_bootstrap_serves_until_the_service_answers() -> None:
    made, _ = source(5, bootstrap=wire_ruleset(revision=2))
    assert (revision(made), made.state()["state"], made.state()["origin"]) == (
        2,
        "never_fetched",
        "bootstrap",
    )
    assert not made.wait_ready(0)
    made.refresh(1.0)
    assert (revision(made), made.state()["origin"]) == (5, "service")


def test_a_bootstrap_alone_is_ready_and_never_due_again() -> None:
    made = Source(None, bootstrap=wire_ruleset())
    assert made.wait_ready(0)
    assert not made.refresh(1.0)
    assert made.due_at == float("inf")


def test_a_broken_bootstrap_is_refused_at_once() -> None:
    with pytest.raises(InvalidRuleset):
        Source(None, bootstrap={"format": 9})


def test_the_cache_keeps_the_last_good_ruleset_over_a_restart(tmp_path: Path) -> None:
    cache = tmp_path / "ruleset.json"
    first, _ = source(4, BROKEN, cache=cache)
    first.refresh(1.0)
    first.refresh(1.0)
    again, _ = source(cache=cache)
    assert (revision(again), again.state()["origin"]) == (4, "cache")
    assert [path.name for path in tmp_path.iterdir()] == ["ruleset.json"]


@pytest.mark.parametrize(("bootstrap", "expected"), [(3, 4), (5, 5)])
def test_the_newer_of_cache_and_bootstrap_is_used(tmp_path: Path, bootstrap: int, expected: int) -> None:
    cache = tmp_path / "ruleset.json"
    cache.write_bytes(document(4))
    made, _ = source(cache=cache, bootstrap=wire_ruleset(revision=bootstrap))
    assert revision(made) == expected


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"\xff"])
def test_a_broken_cache_is_passed_over_and_replaced(tmp_path: Path, content: bytes) -> None:
    cache = tmp_path / "ruleset.json"
    cache.write_bytes(content)
    made, _ = source(6, cache=cache)
    assert made.ruleset is None
    made.refresh(1.0)
    assert json.loads(cache.read_bytes())["revision"] == 6


def test_a_cache_that_cannot_be_written_is_said_and_harms_nothing(tmp_path: Path) -> None:
    made, _ = source(6, cache=tmp_path / "missing" / "ruleset.json")
    assert made.refresh(1.0)
    assert (revision(made), "cannot write" in str(made.error)) == (6, True)


def test_a_file_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "ruleset.json"
    path.write_bytes(document(1))
    made = Source(FileOrigin(path))
    made.load()
    before = made.ruleset
    made.refresh(1.0)
    assert made.ruleset is before
    path.write_bytes(document(2))
    os.utime(path, ns=(1, 1))
    made.refresh(1.0)
    assert revision(made) == 2
    path.unlink()
    assert not made.refresh(1.0)
    assert revision(made) == 2


@pytest.mark.parametrize("content", [None, b"[]", b"no"])
def test_loading_a_file_that_cannot_be_used_says_why(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ruleset.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="cannot be used"):
        Source(FileOrigin(path)).load()


def test_a_forked_child_keeps_what_was_known_and_drops_the_connection() -> None:
    made, transport = source(1)
    made.refresh(1.0)
    made.after_fork()
    assert (revision(made), made.wait_ready(0), transport.etags[-1]) == (1, True, "forgotten")
