"""What becomes of clients when processes fork, end or are short-lived; each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rulesets import wire_ruleset
from tests.scripted_service import KEY, Service, scripted_service

ROOT = Path(__file__).parents[3]
START = f"""
import os, sys, threading, time
import keepgoing
client = keepgoing.Client(sys.argv[1], {KEY!r}, flush_seconds=float(sys.argv[2]), answer_seconds=1.5)
"""


@pytest.fixture
def service() -> Iterator[Service]:
    with scripted_service(wire_ruleset()) as running:
        yield running


def run(service: Service, script: str, *, flush_seconds: float = 0.05) -> str:
    """What a script printed; it must end well, within its time and without a word of complaint."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", START + script, service.url, str(flush_seconds)],
        capture_output=True, text=True, timeout=30, cwd=ROOT, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_forked_child_has_its_own_thread_and_sends_only_its_own_events(service: Service) -> None:
    run(
        service,
        """
client.wait_ready(5)
client.track("recharge", "parent-before")
client.decide("INSUFFICIENT_BALANCE", "parent-before")
pid = os.fork()
if not pid:
    assert client.status()["pending_events"] == 0
    assert not client.status()["running"]
    assert client.decide("INSUFFICIENT_BALANCE", "child").reason == "split"
    client.track("recharge", "child")
    assert client.status()["running"]
    assert client.flush(5)
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
client.track("recharge", "parent-after")
assert client.close(5)
""",
        flush_seconds=5,
    )
    assert service.units("conversion") == ["child", "parent-after", "parent-before"]
    assert service.units("exposure") == ["child", "parent-before"]
    assert service.duplicates == 0


def test_fifty_forks_with_a_full_queue_send_everything_once(service: Service) -> None:
    run(
        service,
        """
children = []
for number in range(50):
    client.track("recharge", f"parent-{number}")
    pid = os.fork()
    if not pid:
        client.track("recharge", f"child-{number}")
        os._exit(0 if client.close(10) else 1)
    children.append(pid)
assert all(os.waitpid(pid, 0)[1] == 0 for pid in children)
assert client.close(10)
""",
    )
    assert len(service.units("conversion")) == 100
    assert service.duplicates == 0


def test_a_client_made_before_the_fork_and_used_only_after_it_works_in_every_child(service: Service) -> None:
    run(
        service,
        """
children = []
for number in range(4):
    pid = os.fork()
    if not pid:
        assert client.wait_ready(5)
        assert client.decide("INSUFFICIENT_BALANCE", f"u{number}").reason == "split"
        sys.exit(0)
    children.append(pid)
assert all(os.waitpid(pid, 0)[1] == 0 for pid in children)
assert threading.active_count() == 1
""",
    )
    assert service.units("exposure") == ["u0", "u1", "u2", "u3"]


@pytest.mark.parametrize("step", ["drip", "drip_body"])
def test_a_fork_while_a_request_is_under_way_hurts_nobody(service: Service, step: str) -> None:
    service.script.append(step)
    run(
        service,
        """
import logging
logging.getLogger("keepgoing").addHandler(logging.NullHandler())
client.wait_ready(5)
client.track("recharge", "parent")
time.sleep(0.3)
pid = os.fork()
if not pid:
    client.track("recharge", "child")
    os._exit(0 if client.flush(15) else 1)
assert os.waitpid(pid, 0)[1] == 0
assert client.flush(15)
""",
    )
    assert service.units("conversion") == ["child", "parent"]


def test_a_subprocess_leaves_the_thread_alone(service: Service) -> None:
    run(
        service,
        """
import subprocess
client.wait_ready(5)
for _ in range(3):
    subprocess.run(["true"], check=True)
    subprocess.run(["true"], check=True, preexec_fn=lambda: None)
client.track("recharge", "a")
assert client.status()["running"] and client.flush(5)
""",
    )
    assert service.units("conversion") == ["a"]


def test_a_script_that_just_ends_sends_what_it_has(service: Service) -> None:
    run(
        service,
        """
client.wait_ready(5)
client.decide("INSUFFICIENT_BALANCE", "a")
client.track("recharge", "a", value=20)
""",
        flush_seconds=60,
    )
    assert (service.units("exposure"), service.units("conversion")) == (["a"], ["a"])


def test_a_script_that_fails_sends_what_it_has(service: Service) -> None:
    done = subprocess.run(
        [sys.executable, "-c", START + "client.track('r', 'a')\nraise SystemExit(3)", service.url, "60"],
        capture_output=True, timeout=30, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert service.units("conversion") == ["a"]


def test_an_event_tracked_while_python_shuts_down_is_still_sent(service: Service) -> None:
    run(
        service,
        """
import atexit
atexit.register(client.track, "recharge", "late")
class Unstartable(threading.Thread):
    def start(self):
        raise RuntimeError("can't create new thread at interpreter shutdown")
import keepgoing.client.worker as worker, logging
logging.getLogger("keepgoing").addHandler(logging.NullHandler())
worker.threading.Thread = Unstartable
""",
    )
    assert service.units("conversion") == ["late"]


def test_the_end_of_a_process_waits_two_seconds_at_most(service: Service) -> None:
    service.always = "drip"
    out = run(
        service,
        """
import atexit
started = time.monotonic()
others = [keepgoing.Client(sys.argv[1], f"key-{n}") for n in range(3)]
for each in [client, *others]:
    each.track("recharge", "a")
def report():
    print(time.monotonic() - started)
atexit.register(report)
import keepgoing.client.processes as processes
atexit.unregister(processes._at_exit)
atexit.register(lambda: (processes._at_exit(), report()))
""",
    )
    assert 1.5 < float(out.splitlines()[0]) < 3.5


def test_importing_it_loads_nothing_outside_the_standard_library() -> None:
    script = """
import sys
import keepgoing
assert "keepgoing.client" not in sys.modules
keepgoing.Client
foreign = {name.split(".")[0] for name in sys.modules} - sys.stdlib_module_names - {"__main__", "keepgoing"}
print(sorted(name for name in foreign if not name.startswith(("_", "sitecustomize", "usercustomize"))))
print([name for name in ("ssl", "http.client", "urllib.parse", "logging", "asyncio") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{script}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["[]", "[]"]
