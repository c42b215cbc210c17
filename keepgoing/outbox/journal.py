"""Conversions on disk until the service has them, so that they outlive the process that tracked them.

A process writes into segments of its own, each a file under a lock that ends with the process. Whoever finds
a segment without a lock sends what is in it: the event ids are in the file, so nothing counts twice.
"""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from keepgoing.errors import ConfigurationError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

SUFFIX = ".conversions"
LARGEST_SEGMENT = 1024 * 1024
"""Bytes after which the next segment is begun; a segment goes when all that is in it has been sent."""


class Segment:
    """One file of the journal, held under its lock."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.is_full = False
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._open_events = 0
        self._size = 0

    @classmethod
    def new(cls, folder: Path) -> Segment:
        """A new segment of this process.

        Raises:
            OSError: It cannot be made.
        """
        path = folder / f"{os.getpid()}-{uuid.uuid4().hex}{SUFFIX}"
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return cls(path, descriptor)

    def append(self, body: bytes) -> None:
        """Writes one event; it survives the process from when this returns.

        Raises:
            OSError: The disk took nothing, or not all of it.
        """
        line = body + b"\n"
        with self._lock:
            if os.write(self._descriptor, line) != len(line):
                raise OSError("the disk took a part of an event")
            self._open_events += 1
            self._size += len(line)
            self.is_full = self._size >= LARGEST_SEGMENT

    def holds(self, events: int) -> None:
        """Says how many events of an earlier process are still to be settled."""
        self._open_events = events
        self.is_full = True

    def settle(self) -> None:
        """Lets go of one event, which the service has or will never take; the last takes the file along."""
        with self._lock:
            self._open_events -= 1
            if self._open_events or self._descriptor < 0:  # let go of: it is the next process's
                return
            if self.is_full:
                self._end()
            else:
                os.ftruncate(self._descriptor, 0)
                self._size = 0

    def close(self) -> None:
        """Lets go of the file: it stays for the next process where something is left in it."""
        with self._lock:
            if self._open_events:
                self._shut()
            else:
                self._end()

    def abandon(self) -> None:
        """Closes a descriptor that a fork has copied; the lock and the file are the parent's."""
        self._shut()

    def _end(self) -> None:
        with suppress(OSError):
            self.path.unlink()
        self._shut()

    def _shut(self) -> None:
        if self._descriptor >= 0:
            with suppress(OSError):
                os.close(self._descriptor)
        self._descriptor = -1


class Journal:
    """The segments of this process, and the way to those that others have left.

    Args:
        folder: Where the files are; made when it is missing. Processes may share it.

    Raises:
        ConfigurationError: This system has no file locks, or the folder cannot be used.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        if fcntl is None:
            raise ConfigurationError("journal needs file locks, which this system does not have")
        self._folder = Path(folder)
        probe = self._folder / f".probe-{uuid.uuid4().hex}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise ConfigurationError(f"journal {os.fspath(folder)!r} cannot be used: {error}") from error
        self._lock = threading.Lock()
        self._segments: list[Segment] = []

    def append(self, body: bytes) -> Segment:
        """The segment that now holds the event.

        Raises:
            OSError: The disk does not take it.
        """
        with self._lock:
            segment = self._segments[-1] if self._segments else None
            if segment is None or segment.is_full:
                segment = Segment.new(self._folder)
                self._segments.append(segment)
                self._segments = [one for one in self._segments if one.path.exists() or one is segment]
            segment.append(body)
            return segment

    def left_behind(self) -> Iterator[tuple[Segment, list[bytes]]]:
        """Each segment whose process has ended, now this one's, with its events.

        Who cannot take them abandons the segment, and they stay for another time. A line that was cut off is
        no event: whoever wrote it was never told that it is kept.
        """
        own = {segment.path for segment in self._segments}
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            if path not in own and (found := _adopted(path)) is not None:
                yield found

    def close(self) -> None:
        """Lets go of all files of this process."""
        with self._lock:
            for segment in self._segments:
                segment.close()
            self._segments = []

    def after_fork(self) -> None:
        """Starts over in a forked child, with files of its own."""
        self._lock = threading.Lock()
        for segment in self._segments:
            segment.abandon()
        self._segments = []


def _adopted(path: Path) -> tuple[Segment, list[bytes]] | None:
    """A segment that nobody holds, with its events; None where somebody does, or nothing is in it."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    except OSError:  # another process was first
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        bodies = _events(path.read_bytes())
    except OSError:  # its process lives
        os.close(descriptor)
        return None
    segment = Segment(path, descriptor)
    segment.holds(len(bodies))
    if not bodies:
        segment.close()
        return None
    return segment, bodies


def _events(content: bytes) -> list[bytes]:
    """The whole lines that are events."""
    return [line for line in content.split(b"\n")[:-1] if _is_event(line)]


def _is_event(line: bytes) -> bool:
    try:
        found = json.loads(line)
    except ValueError:
        return False
    return isinstance(found, dict) and isinstance(found.get("event_id"), str)
