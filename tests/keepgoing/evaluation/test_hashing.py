from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from keepgoing.evaluation.hashing import BUCKETS, bucket, bucketer, drawer, edge_bytes

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/assignment.json").read_text())


def test_buckets_equal_the_golden_values() -> None:
    assert len(VECTORS["buckets"]) >= 200
    for column, salt in enumerate(VECTORS["salts"]):
        of = bucketer(salt)
        assert {unit: str(of(unit)) for unit, _ in VECTORS["buckets"]} == {
            unit: row[column] for unit, row in VECTORS["buckets"]
        }


def test_another_process_draws_the_same_buckets() -> None:
    script = (
        "import json, sys; from keepgoing.evaluation.hashing import bucket; "
        "print(json.dumps([str(bucket(s, u)) for s, u in json.load(sys.stdin)]))"
    )
    pairs = [(salt, unit) for salt in VECTORS["salts"] for unit, _ in VECTORS["buckets"][::5]]
    there = subprocess.run(
        [sys.executable, "-c", script], input=json.dumps(pairs), capture_output=True, text=True, check=True
    )
    assert json.loads(there.stdout) == [str(bucket(salt, unit)) for salt, unit in pairs]


def test_a_draw_leaves_its_salted_state_as_it_was() -> None:
    draw = drawer("s")
    assert draw(b"a") != draw(b"b")
    assert draw(b"a") == drawer("s")(b"a")


def test_salt_and_unit_cannot_run_into_each_other() -> None:
    assert bucket("ab", "c") != bucket("a", "bc")


@given(st.text(max_size=30).filter(lambda text: text.isprintable()), st.integers(0, BUCKETS - 1))
def test_bytes_order_as_the_numbers_do(unit: str, edge: int) -> None:
    drawn = drawer("salt")(unit.encode())
    assert (drawn < edge_bytes(edge)) == (bucket("salt", unit) < edge)
