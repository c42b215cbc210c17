"""The way to the service: one kept connection, deadlines on everything, certificates verified."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from keepgoing.errors import ConfigurationError, TransportError
from keepgoing.transport.pace import Deadline
from keepgoing.transport.timed import TimedSocket

if TYPE_CHECKING:  # see `preload`
    from http.client import HTTPConnection, HTTPResponse

GZIP_ABOVE_BYTES = 1024
LARGEST_ANSWER_BYTES = 32 * 1024 * 1024
LONGEST_RETRY_AFTER_SECONDS = 3600
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 3


class Reply(NamedTuple):
    """An answer of the service; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Address(NamedTuple):
    """Where the service is."""

    scheme: str
    host: str
    port: int | None
    path: str


class Transport:
    """Requests to one service with one key. Safe to use from several threads: one request at a time.

    Args:
        url: Of the service, as `https://keepgoing.example.com`; a path is kept as a prefix.
        key: Of a project, role `sdk`.
        connect_seconds: Longest wait for a connection.
        answer_seconds: Longest wait for a whole answer, from connecting to its last byte.
        user_agent: What the client calls itself.

    Raises:
        ConfigurationError: The address or the key cannot be one.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        connect_seconds: float = 3.0,
        answer_seconds: float = 5.0,
        user_agent: str = "keepgoing-python",
    ) -> None:
        self.address = parse_address(url)
        self._key = _checked_key(key)
        self._connect_seconds = connect_seconds
        self._answer_seconds = answer_seconds
        self._user_agent = user_agent
        self._lock = threading.Lock()
        self._connection: HTTPConnection | None = None
        preload()

    def forget(self) -> None:
        """Starts without a connection and with a new lock, as a forked child must; the parent's stays."""
        self._lock = threading.Lock()
        connection, self._connection = self._connection, None
        if connection is not None and connection.sock is not None:
            connection.sock.close()  # not the connection: it would wait for a reader that the fork has ended

    def get(self, path: str, *, etag: str | None = None, within: float | None = None) -> Reply:
        """The answer to a GET: 200, or 304 when `etag` is still the newest.

        Raises:
            TransportError: There was no answer in time, or another one.
        """
        headers = {"If-None-Match": etag} if etag else {}
        return self._request("GET", path, None, {**headers, "Accept-Encoding": "gzip"}, within)

    def post(self, path: str, body: bytes, *, within: float | None = None) -> Reply:
        """The answer to a POST of a JSON document, which is compressed when that pays.

        Raises:
            TransportError: There was no answer in time, or another one than 200.
        """
        headers = {"Content-Type": "application/json"}
        if len(body) > GZIP_ABOVE_BYTES:
            import gzip

            body = gzip.compress(body, compresslevel=5, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return self._request("POST", path, body, headers, within)

    def same_as(self, other: Transport) -> bool:
        """Whether the other asks the same service with the same key."""
        return (self.address, self._key) == (other.address, other._key)

    def close(self) -> None:
        """Closes the connection; the next request opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _request(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], within: float | None
    ) -> Reply:
        seconds = self._answer_seconds if within is None else min(within, self._answer_seconds)
        deadline = Deadline(seconds)
        if not self._lock.acquire(timeout=deadline.remaining):
            raise TransportError("another request is still under way")
        try:
            return self._followed(method, self.address.path + path, body, headers, deadline)
        except TransportError:
            raise
        except Exception as error:  # OSError, HTTPException, ValueError: all mean that there is no answer
            self.close()
            raise TransportError(f"no answer from {self.address.host}: {describe(error)}") from error
        finally:
            self._lock.release()

    def _followed(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], deadline: Deadline
    ) -> Reply:
        for _ in range(MOST_REDIRECTS + 1):
            reply = self._tried(method, path, body, headers, deadline)
            if reply.status in (200, 304):
                return reply
            if reply.status not in REDIRECTS:
                raise _refusal(reply)
            path = self._redirected(method, reply)
        raise TransportError(f"{self.address.host} redirects in circles")

    def _redirected(self, method: str, reply: Reply) -> str:
        """The path to go on with: the key goes to no other host, a body only where it is asked for again."""
        from urllib.parse import urljoin, urlsplit

        target = urljoin(self._origin(), reply.headers.get("location", ""))
        parts = urlsplit(target)
        same = (parts.scheme, parts.hostname, parts.port) == self.address[:3]
        if not same or (method == "POST" and reply.status not in (307, 308)):
            detail = (
                f"redirected to {parts.scheme}://{parts.netloc}, not followed: set url to the service's own"
            )
            raise TransportError(detail, status=reply.status)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def _origin(self) -> str:
        scheme, host, port, path = self.address
        return f"{scheme}://{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}{path}/"

    def _tried(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], deadline: Deadline
    ) -> Reply:
        """The reply; a kept connection that the service has closed in the meantime is replaced once."""
        kept = self._connection is not None
        try:
            return self._exchange(method, path, body, headers, deadline)
        except ConnectionError:  # RemoteDisconnected is one
            self.close()
            if not kept:
                raise
            return self._exchange(method, path, body, headers, deadline)

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], deadline: Deadline
    ) -> Reply:
        connection = self._connected(deadline)
        connection.request(method, path, body, {**self._standing_headers(), **headers})
        response = connection.getresponse()
        content = _read(response)
        if response.will_close:
            self.close()
        return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, content)

    def _standing_headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._key}",
            "User-Agent": self._user_agent,
            "Accept": "application/json",
        }

    def _connected(self, deadline: Deadline) -> HTTPConnection:
        if self._connection is None:
            self._connection = self._connect(min(self._connect_seconds, deadline.check()))
        sock: Any = self._connection.sock
        sock.deadline = deadline
        return self._connection

    def _connect(self, timeout: float) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection

        _, host, port, _ = self.address
        make = HTTPSConnection if self.address.scheme == "https" else HTTPConnection  # verifies by default
        connection = make(host, port, timeout=timeout)
        connection.connect()
        connection.sock = TimedSocket(connection.sock)  # has all that HTTPConnection asks of a socket
        return connection


def preload() -> None:
    """Imports all that a request needs.

    Not at the top, since it costs tens of milliseconds; and not at the first request, since that is made in a
    thread: a process that forks while a thread imports leaves the import's lock locked in the child for ever.
    """
    for name in ("encodings.idna", "gzip", "http.client", "logging", "ssl", "urllib.parse"):
        import_module(name)


def parse_address(url: object) -> Address:
    """The parts of a service's address.

    Raises:
        ConfigurationError: It is not an http or https address of a host.
    """
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(f"url is no address: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(f"url is {url!r}, must be like https://keepgoing.example.com")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError(
            "url must have no user, query or fragment; the key is an argument of its own"
        )
    return Address(parts.scheme, parts.hostname, port, parts.path.rstrip("/"))


def _checked_key(key: object) -> str:
    if not isinstance(key, str) or not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError("key must be the secret of an sdk key: ASCII text without spaces")
    return key


def describe(error: BaseException) -> str:
    """The error in a few words: its type and text."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _refusal(reply: Reply) -> TransportError:
    return TransportError(
        f"the service answered {reply.status}: {reply.body[:200].decode(errors='replace')}",
        status=reply.status,
        retry_after_seconds=_retry_after(reply.headers.get("retry-after", "")),
    )


def _retry_after(value: str) -> int | None:
    """Whole seconds; None for anything else, and never over an hour."""
    value = value.strip()
    if not value.isascii() or not value.isdecimal():
        return None
    return min(int(value[:9]), LONGEST_RETRY_AFTER_SECONDS)


def _read(response: HTTPResponse) -> bytes:
    content = response.read(LARGEST_ANSWER_BYTES + 1)
    if response.headers.get("Content-Encoding", "").lower() == "gzip":
        import zlib

        content = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(content, LARGEST_ANSWER_BYTES + 1)
    if len(content) > LARGEST_ANSWER_BYTES:
        raise ValueError(f"the answer has more than {LARGEST_ANSWER_BYTES} bytes")
    return content
