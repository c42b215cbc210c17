"""A service that answers by a script: what the SDK must live with, over real sockets."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sdk-secret"


class Service:
    """What the service has seen and kept, and what it shall answer next.

    A step of the script is a status, (status, headers), or one of: `garbage` (200 that is no JSON), `drip`
    (a byte now and then), `drip_body` (the same after good headers), `reset` (no answer), `deaf` (stores,
    then no answer).
    """

    def __init__(self, ruleset: dict[str, Any]) -> None:
        self.ruleset = ruleset
        self.ruleset_script: deque[Any] = deque()
        self.script: deque[Any] = deque()
        self.always: Any = None
        self.stored: dict[str, dict[str, Any]] = {}
        self.duplicates = 0
        self.batches: list[int] = []
        self.calls: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.refuse: set[str] = set()
        self.poison: set[str] = set()
        self.largest_batch = 1000
        self.url = ""
        self.lock = threading.Lock()

    def next_step(self, script: deque[Any]) -> Any:
        """The script's next step, else what it does always."""
        with self.lock:
            return script.popleft() if script else self.always

    def store(self, events: list[dict[str, Any]]) -> dict[str, Any]:
        """The answer to a batch, which is kept first."""
        accepted, rejected, before = 0, [], self.duplicates
        with self.lock:
            for index, event in enumerate(events):
                if event["unit_id"] in self.refuse:
                    rejected.append({"index": index, "detail": "refused"})
                elif event["event_id"] in self.stored:
                    self.duplicates += 1
                else:
                    self.stored[event["event_id"]] = event
                    accepted += 1
        return {"accepted": accepted, "duplicates": self.duplicates - before, "rejected": rejected}

    def units(self, kind: str) -> list[str]:
        """The units of the stored events of a type, each as often as it was stored."""
        with self.lock:
            return sorted(event["unit_id"] for event in self.stored.values() if event["type"] == kind)


class Handler(BaseHTTPRequestHandler):
    """Speaks for the service."""

    protocol_version = "HTTP/1.1"
    service: Service

    def do_GET(self) -> None:
        """The ruleset, with its ETag."""
        self.service.calls[f"GET {self.path}"] += 1
        self.service.headers.append(dict(self.headers))
        step = self.service.next_step(self.service.ruleset_script)
        if step is not None:
            self.trouble(step)
            return
        body = json.dumps(self.service.ruleset).encode()
        etag = f'"{hash(body)}"'
        if self.headers.get("If-None-Match") == etag:
            self.answer(304, b"", {"ETag": etag})
            return
        self.answer(200, gzip.compress(body), {"ETag": etag, "Content-Encoding": "gzip"})

    def do_POST(self) -> None:
        """A batch of events."""
        service = self.service
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        body = gzip.decompress(raw) if self.headers.get("Content-Encoding") == "gzip" else raw
        events = json.loads(body)["events"]
        with service.lock:
            service.calls[f"POST {self.path}"] += 1
            service.headers.append(dict(self.headers))
            service.batches.append(len(events))
        step = service.next_step(service.script)
        if step == "deaf":
            service.store(events)
            step = "reset"
        if step is None and len(events) > service.largest_batch:
            step = 413
        if step is None and service.poison & {event["unit_id"] for event in events}:
            step = 400
        if step is None:
            self.answer(200, json.dumps(service.store(events)).encode())
        else:
            self.trouble(step)

    def trouble(self, step: Any) -> None:
        """One of the troubles that a script can name."""
        if step == "reset":
            self.close_connection = True
        elif step == "garbage":
            self.answer(200, b"<html>Welcome to the hotel</html>")
        elif step in ("drip", "drip_body"):
            self.drip(b"Content-Length: 999\r\n\r\n" if step == "drip_body" else b"X-Padding: ")
        elif isinstance(step, tuple):
            self.answer(step[0], b"{}", step[1])
        else:
            self.answer(step, b'{"title": "trouble"}')

    def drip(self, head: bytes) -> None:
        """An answer of which every byte comes in time and the last never."""
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n" + head)
            for byte in b"x" * 200:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass
        self.close_connection = True

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Sends an answer."""
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


class Server(ThreadingHTTPServer):
    """A server whose clients may vanish without a word."""

    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: Any) -> None:
        """Says nothing: broken connections are what it is here for."""


@contextmanager
def scripted_service(ruleset: dict[str, Any]) -> Iterator[Service]:
    """A running service on a free port."""
    service = Service(ruleset)
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"service": service}))
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
