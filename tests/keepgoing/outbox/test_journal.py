"""Conversions on disk: they outlive a kill, arrive once, and leave nothing behind when they have arrived."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from keepgoing import Client
from keepgoing.errors import ConfigurationError
from keepgoing.outbox.journal import SUFFIX, Journal
from tests.keepgoing.client.conftest import SEGMENTED, soon
from tests.scripted_service import KEY, Service, scripted_service

ROOT = Path(__file__).resolve().parents[3]
TRACKER = """
import os, sys, keepgoing
url, key, folder, cycle, count = sys.argv[1:]
client = keepgoing.Client(  # room for what the killed ones before have left, which is delivered by nobody yet
    url, key, journal=folder, flush_seconds=0.02, max_events=1_000_000, max_bytes=10**9
)
for number in range(int(count)):
    assert client.track("recharge", f"acct_{cycle}_{number}", value="20.00", currency="USD")
    print(f"acct_{cycle}_{number}", flush=False)
sys.stdout.flush()
import time
time.sleep(60)
"""


@pytest.fixture
def service() -> Iterator[Service]:
    with scripted_service(SEGMENTED) as running:
        yield running


def event(number: int) -> bytes:
    """One event as it stands in a file."""
    return json.dumps({"event_id": f"e{number}", "unit_id": f"acct_{number}"}).encode()


def files(folder: Path) -> list[Path]:
    """The segments in a folder."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def test_what_was_sent_leaves_no_file_and_what_was_not_is_the_next_processs(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    segments = [journal.append(event(number)) for number in range(3)]
    assert len(files(tmp_path)) == 1
    for segment in segments[:2]:
        segment.settle()
    journal.close()
    left = list(Journal(tmp_path).left_behind())
    assert [body for _, bodies in left for body in bodies] == [event(0), event(1), event(2)]
    for segment, bodies in left:
        for _ in bodies:
            segment.settle()
    assert files(tmp_path) == []


def test_a_segment_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    living = Journal(tmp_path)
    living.append(event(1))
    assert list(Journal(tmp_path).left_behind()) == []
    living.close()


def test_a_line_that_was_cut_off_and_one_that_is_no_event_are_skipped(tmp_path: Path) -> None:
    (tmp_path / f"1-x{SUFFIX}").write_bytes(event(1) + b"\nrubbish\n[]\n" + event(2) + b"\n" + event(3)[:10])
    ((segment, bodies),) = Journal(tmp_path).left_behind()
    assert bodies == [event(1), event(2)]
    segment.abandon()


def test_a_long_journal_goes_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keepgoing.outbox.journal.LARGEST_SEGMENT", 200)
    journal = Journal(tmp_path)
    segments = [journal.append(event(number)) for number in range(20)]
    assert len(files(tmp_path)) > 3
    for segment in segments[:-1]:
        segment.settle()
    assert len(files(tmp_path)) == 1
    journal.close()


def test_a_folder_that_cannot_be_used_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be used"):
        Journal(tmp_path / "file" / "below")


def test_a_disk_that_takes_nothing_costs_the_host_nothing(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(service.url, KEY, journal=tmp_path, flush_seconds=0.02)
    monkeypatch.setattr("keepgoing.outbox.journal.os.write", _full)
    assert client.track("recharge", "acct_42")
    assert client.flush()
    assert service.units("conversion") == ["acct_42"]
    assert client.stats()["journal"]["failed"] == 1
    client.close()


def _full(_descriptor: int, _data: bytes) -> int:
    raise OSError(28, "No space left on device")


def test_a_service_that_was_away_gets_them_from_the_next_process(service: Service, tmp_path: Path) -> None:
    service.always = 503
    first = Client(service.url, KEY, journal=tmp_path, flush_seconds=0.02)
    for number in range(50):
        assert first.track("recharge", f"acct_{number}", event_id=f"invoice-{number}")
    assert not first.close(timeout=0.3)
    assert len(files(tmp_path)) == 1
    service.always = None
    second = Client(service.url, KEY, journal=tmp_path, flush_seconds=0.02)
    second.track("recharge", "acct_new")
    assert soon(lambda: len(service.units("conversion")) == 51)
    assert second.stats()["journal"]["recovered"] == 50
    assert second.close()
    assert files(tmp_path) == []
    assert service.duplicates == 0


def test_a_queue_without_room_leaves_them_for_later(service: Service, tmp_path: Path) -> None:
    service.always = 503
    first = Client(service.url, KEY, journal=tmp_path, flush_seconds=0.02)
    for number in range(50):
        first.track("recharge", f"acct_{number}")
    first.close(timeout=0.1)
    small = Client(service.url, KEY, journal=tmp_path, flush_seconds=0.02, max_events=10)
    small.track("recharge", "acct_new")
    assert soon(lambda: small.stats()["batches"]["failed"] > 0)
    assert small.stats()["journal"]["recovered"] == 0
    small.close(timeout=0.1)
    assert len(files(tmp_path)) == 2


def test_a_forked_child_writes_files_of_its_own(service: Service, tmp_path: Path) -> None:
    service.always = 503
    client = Client(service.url, KEY, journal=tmp_path, flush_seconds=0.02)
    client.track("recharge", "parent")
    child = os.fork()
    if child == 0:
        client.track("recharge", "child")
        os._exit(0)
    os.waitpid(child, 0)
    service.always = None
    assert soon(lambda: service.units("conversion") == ["parent"], seconds=10)
    client._outbox._next_recovery = 0.0
    client.track("recharge", "later")
    assert soon(lambda: service.units("conversion") == ["child", "later", "parent"], seconds=10)
    client.close()
    assert files(tmp_path) == []


@pytest.mark.parametrize(("cycles", "count"), [(3, 2000), pytest.param(50, 10_000, marks=pytest.mark.slow)])
def test_whatever_track_has_said_true_to_arrives_once_after_kills(
    service: Service, tmp_path: Path, cycles: int, count: int
) -> None:
    promised: list[str] = []
    for cycle in range(cycles):
        service.always = 503 if cycle % 2 == 0 else "deaf"  # not stored; or stored, and the answer lost
        with subprocess.Popen(
            [sys.executable, "-c", TRACKER, service.url, KEY, str(tmp_path), str(cycle), str(count)],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            promised += [process.stdout.readline().strip() for _ in range(count)]
            process.send_signal(signal.SIGKILL)
    assert "" not in promised  # the tracker has said true each time
    service.always = None
    last = Client(
        service.url, KEY, journal=tmp_path, flush_seconds=0.02, max_events=1_000_000, max_bytes=10**9
    )
    last.track("recharge", "last")
    assert soon(
        lambda: len(service.units("conversion")) >= len(promised) + 1, seconds=60 + count * cycles / 2000
    )
    assert service.units("conversion") == sorted([*promised, "last"])
    assert last.close(timeout=10)
    assert files(tmp_path) == []
