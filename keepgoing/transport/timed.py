"""A socket whose waits, all together, end at a deadline: http.client knows only a timeout for each step."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from keepgoing.transport.pace import Deadline

if TYPE_CHECKING:
    import socket


class TimedSocket:
    """A socket on which everything together, not each step, is over at the deadline."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.deadline = Deadline(0)
        self._readers = 0
        self._closing = False

    def sendall(self, data: bytes) -> None:
        """Sends all of it."""
        self._sock.settimeout(self.deadline.check())
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 - HTTPResponse asks for "rb"
        """The stream to read the answer from."""
        self._readers += 1
        return io.BufferedReader(TimedReader(self))

    def receive_into(self, buffer: Any) -> int:
        """How many bytes were received into the buffer."""
        self._sock.settimeout(self.deadline.check())
        return self._sock.recv_into(buffer)

    def close(self) -> None:
        """Closes the socket, once nobody reads from it: an answer that ends the connection is still read."""
        self._closing = True
        if not self._readers:
            self._sock.close()

    def reader_closed(self) -> None:
        """Says that one of the streams has been read."""
        self._readers -= 1
        if self._closing and not self._readers:
            self._sock.close()


class TimedReader(io.RawIOBase):
    """What a buffered reader reads from."""

    def __init__(self, sock: TimedSocket) -> None:
        self._sock = sock

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """How many bytes were read into the buffer; 0 at the end."""
        return self._sock.receive_into(buffer)

    def close(self) -> None:
        """Ends the stream."""
        if not self.closed:
            self._sock.reader_closed()
        super().close()
