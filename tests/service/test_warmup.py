from __future__ import annotations

import threading

import pytest

from service.warmup import warm_up


def test_what_cannot_be_loaded_is_no_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[object] = []
    monkeypatch.setattr(threading, "excepthook", heard.append)
    warm_up(("no_such_module",))
    for thread in threading.enumerate():
        if thread.name == "keepgoing-warm-up":
            thread.join(10)
    assert heard == []
