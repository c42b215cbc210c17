"""What one decision costs, as ratios to a bare `blake2b` and `bisect` in the same run.

    python benchmarks/sdk_decide.py [--rounds N] [--json]

Every round times all cases one after the other on the same units, so a ratio compares neighbours in time. CPU
time of the process; best and median over the rounds. Figures to reach: static <= 1.5, five arguments
with their exposure <= 4, and <= 0.35 of one sandboxed Jinja render.
"""

from __future__ import annotations

import argparse
import json
import time
from bisect import bisect_right
from collections.abc import Callable
from hashlib import blake2b
from statistics import median
from typing import Any

from jinja2.sandbox import SandboxedEnvironment

from keepgoing import Client
from keepgoing.evaluation import Ruleset, compile_ruleset, decide
from keepgoing.evaluation.hashing import BUCKETS
from keepgoing.outbox import Outbox
from keepgoing.transport import Reply

UNITS = [f"acct_{number:08d}" for number in range(10_000)]
CODE = "INSUFFICIENT_BALANCE"
CONTEXT = {"plan": "pro", "country": "DE"}
ARGUMENTS = {
    "name": "Ada",
    "plan": "pro",
    "used": 8_700,
    "left": 13,
    "link": "billing",
    "team": "Blue",
    "day": "Monday",
}
PLAIN_NUMBER = {"decimal": ".", "group": ",", "grouping": [3, 3], "affixes": ["", "", "-", ""]}
RENDERED = [
    "Insufficient balance, ", ["arg", "name"], ": ", ["number", "used", [0, 0, True]], " used on ",
    ["arg", "plan"], ", ", ["number", "left", [0, 0, True]], " left. See ", ["arg", "link"], ".",
]  # fmt: skip
TEXTS = [
    "Insufficient balance, ", ["arg", "name"], " of ", ["arg", "team"], ": used up on ", ["arg", "day"],
    " on ", ["arg", "plan"], ". See ", ["arg", "link"], ".",
]  # fmt: skip


def message(detail: object) -> dict[str, Any]:
    """One message in English."""
    action = {"label": "Recharge", "href": "https://example.com/billing", "rel": "recharge"}
    return {"en": {"detail": detail, "plain": None, "actions": [action]}}


def document(detail: object = "Insufficient balance.", **experiment: Any) -> dict[str, Any]:
    """Three variants of equal weight that all carry the same message, in one experiment, on the wire."""
    edges = [BUCKETS // 3, 2 * BUCKETS // 3, BUCKETS]
    variants = [
        {"key": f"v{number}", "edge": str(edge), "decision_id": f"d_{number}", "message": message(detail)}
        for number, edge in enumerate(edges)
    ]
    definition = {
        "error_code": CODE, "revision": 1, "phase": 1, "control": "v0", "variants": variants,
        "salts": {"traffic": "9f2c/traffic", "variant": "9f2c/variant"}, "traffic_edge": str(BUCKETS),
        **experiment,
    }  # fmt: skip
    body = {"detail": None, "actions": None, "code": CODE, "error": {"code": CODE, "message": None}}
    code = {
        "status": 402, "headers": {}, "default_locale": "en", "body": body, "message": message("Recharge."),
        "slots": {"detail": [["detail"], ["error", "message"]], "actions": [["actions"]]},
        "experiments": ["e"],
    }  # fmt: skip
    return {
        "format": 1,
        "project": "shop",
        "revision": 1,
        "locales": {"en": {"number": PLAIN_NUMBER}},
        "error_codes": {CODE: code},
        "experiments": {"e": definition},
    }


def ruleset(detail: object = "Insufficient balance.", **experiment: Any) -> Ruleset:
    """The same, compiled."""
    return compile_ruleset(document(detail, **experiment))


def yardstick() -> None:
    """A bare hash of the salted unit and a search of the edges: what no decision can do without."""
    edges = [BUCKETS // 3, 2 * BUCKETS // 3, BUCKETS]
    salt = "9f2c1d/low-balance-framing/"
    for unit in UNITS:
        digest = blake2b((salt + unit).encode(), digest_size=8).digest()
        bisect_right(edges, int.from_bytes(digest, "big"))


def deciding(rules: Ruleset, context: dict[str, Any], *, body: bool = False) -> Callable[[], None]:
    """The case that decides for every unit, and asks for the body if told to."""

    def run() -> None:
        for unit in UNITS:
            decision = decide(rules, CODE, unit, context)
            if body:
                _ = decision.body

    return run


def exposing(rules: Ruleset, context: dict[str, Any], *, deliver: bool = False) -> Callable[[], None]:
    """The case that decides for every unit and queues its exposure, in a new outbox each time."""

    def run() -> None:
        outbox = Outbox(accept, max_events=len(UNITS))
        for unit in UNITS:
            outbox.expose(decide(rules, CODE, unit, context))
        if deliver:
            outbox.deliver(60.0)

    return run


def jinja_rendering(arguments: dict[str, Any]) -> Callable[[], None]:
    """The case that renders the five texts with a sandboxed Jinja template, and decides nothing."""
    environment = SandboxedEnvironment()
    written = "".join(part if isinstance(part, str) else "{{ " + part[1] + " }}" for part in TEXTS)
    template = environment.from_string(written)

    def run() -> None:
        for _ in UNITS:
            template.render(arguments)

    return run


def accept(path: str, body: bytes, *, within: float) -> Reply:  # noqa: ARG001 - as Post has them
    """What a service answers that takes everything, at no cost of its own."""
    answer = {"accepted": body.count(b'"event_id"'), "duplicates": 0, "rejected": []}
    return Reply(200, {}, json.dumps(answer).encode())


def client_deciding(document: dict[str, Any], *, exposure: bool) -> Callable[[], None]:
    """The case that asks a client; its exposures are the same every round: all but the first are repeats."""
    client = Client("http://127.0.0.1:9", "key", bootstrap=document, max_events=len(UNITS))

    def run() -> None:
        for unit in UNITS:
            client.decide(CODE, unit, CONTEXT, exposure=exposure)

    return run


def cases() -> dict[str, Callable[[], None]]:
    """Every case by its name, the yardstick first."""
    static = ruleset()
    targeted = ruleset(targeting={"all": [{"attribute": "country", "op": "in", "value": ["DE", "FR"]}]})
    half = ruleset(traffic_edge=str(BUCKETS // 2))
    return {
        "bare blake2b + bisect": yardstick,
        "static message": deciding(static, CONTEXT),
        "static message, locale en-US": deciding(static, {**CONTEXT, "locale": "en-US"}),
        "static message, targeted": deciding(targeted, CONTEXT),
        "static message, half the traffic": deciding(half, CONTEXT),
        "static message, segments picked": deciding(ruleset(segments=["plan"]), CONTEXT),
        "static message and its body": deciding(static, CONTEXT, body=True),
        "static message by a client": client_deciding(document(), exposure=False),
        "static message, exposure queued": exposing(static, CONTEXT),
        "static message, exposure repeated": client_deciding(document(), exposure=True),
        "static message, exposure delivered": exposing(static, CONTEXT, deliver=True),
        "five texts rendered, exposure queued": exposing(ruleset(TEXTS), ARGUMENTS),
        "five texts rendered": deciding(ruleset(TEXTS), ARGUMENTS),
        "the same five texts by sandboxed Jinja": jinja_rendering(ARGUMENTS),
        "three texts, two numbers rendered": deciding(ruleset(RENDERED), ARGUMENTS),
        "no ruleset yet": deciding(None, CONTEXT),  # type: ignore[arg-type]  # decide takes it
    }


def cpu_microseconds(case: Callable[[], None]) -> float:
    """CPU of one call in the case, in microseconds."""
    start = time.process_time()
    case()
    return (time.process_time() - start) / len(UNITS) * 1e6


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Best and median cost, and their ratios to the yardstick, of every case."""
    named = cases()
    timed: dict[str, list[float]] = {name: [] for name in named}
    for _ in range(rounds):
        for name, case in named.items():
            timed[name].append(cpu_microseconds(case))
    yard = next(iter(timed.values()))
    return {
        name: {
            "best_us": min(costs),
            "best_ratio": min(costs) / min(yard),
            "median_ratio": median(cost / base for cost, base in zip(costs, yard, strict=True)),
        }
        for name, costs in timed.items()
    }


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    table = measure(arguments.rounds)
    if arguments.json:
        print(json.dumps(table))
        return
    print(f"{'':36} {'best µs':>8} {'best x':>8} {'median x':>9}")
    for name, row in table.items():
        print(f"{name:36} {row['best_us']:8.2f} {row['best_ratio']:8.2f} {row['median_ratio']:9.2f}")


if __name__ == "__main__":
    main()
