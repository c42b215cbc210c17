"""A million decisions while the service is away, refuses, drips or answers garbage.

    python -m benchmarks.sdk_faults [--decisions N]

For each fault: how many decisions were answered, exceptions, wall time of one decision (with its exposure put
in the outbox) at the median, 99.9 % and the longest, how much the process grew after the first tenth, and how
many threads the SDK has. Figures to reach: all answered, none raised, 99.9 % under 1 ms, flat, one thread.
The service is another process, so that only the SDK's own thread competes for the interpreter.
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import threading
import time
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from benchmarks.sdk_decide import CODE, CONTEXT, document
from keepgoing import Client

PAGE = 4096
GARBAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\xff\x00garbage"


def serve(fault: str, told: Connection) -> None:
    """Accepts connections for ever, and treats each as the fault says."""
    listener = socket.create_server(("127.0.0.1", 0))
    told.send(listener.getsockname()[1])
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=treat, args=(fault, connection), daemon=True).start()


def treat(fault: str, connection: socket.socket) -> None:
    """One connection: reads what comes, and answers a byte a second, garbage, or not at all."""
    try:
        with connection:
            connection.recv(65536)
            if fault == "garbage":
                connection.sendall(GARBAGE)
            while fault in ("one byte a second", "never answers"):
                if fault == "one byte a second":
                    connection.sendall(b"H")
                time.sleep(1)
    except OSError:
        return


def resident() -> float:
    """MiB of this process."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGE / 2**20


def measure(url: str, decisions: int) -> dict[str, Any]:
    """What the decisions took, with a client at this address."""
    before = threading.active_count()
    taken = np.full(decisions, 0.0)  # its pages are there before the process is weighed
    answered = raised = 0
    start = 0.0
    with Client(url, "k", bootstrap=document(), connect_seconds=1, answer_seconds=2) as client:
        for number in range(decisions):
            if number == decisions // 10:
                start = resident()
            begun = time.perf_counter()
            try:
                decision = client.decide(CODE, f"acct_{number}", CONTEXT)
            except Exception:  # what is counted
                raised += 1
            else:
                answered += decision.variant is not None
            taken[number] = time.perf_counter() - begun
        grown, threads = resident() - start, threading.active_count() - before
    middle, high, longest = np.quantile(taken * 1e6, [0.5, 0.999, 1.0])
    return {
        "answered": answered,
        "raised": raised,
        "median µs": round(middle, 1),
        "p99.9 µs": round(high, 1),
        "longest ms": round(longest / 1000, 1),
        "grown MiB": round(grown, 1),
        "threads": threads,
    }


def measured(fault: str, decisions: int) -> dict[str, Any]:
    """What the decisions took while the service has this fault."""
    if fault == "refuses connections":
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        return measure(f"http://127.0.0.1:{port}", decisions)
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(fault, theirs), daemon=True)
    process.start()
    try:
        return measure(f"http://127.0.0.1:{ours.recv()}", decisions)
    finally:
        process.kill()
        process.join()


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--decisions", type=int, default=1_000_000)
    decisions = parser.parse_args().decisions
    faults = ("refuses connections", "never answers", "one byte a second", "closes at once", "garbage")
    for number, fault in enumerate(faults):
        row = measured(fault, decisions)
        if number == 0:
            print(f"{decisions:,} decisions each\n\n| service | {' | '.join(row)} |")
            print("|---" * (len(row) + 1) + "|")
        print(f"| {fault} | {' | '.join(f'{value:,}' for value in row.values())} |", flush=True)


if __name__ == "__main__":
    main()
