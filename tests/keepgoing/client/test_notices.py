from __future__ import annotations

import logging

import pytest

from keepgoing.client.notices import Notices


def test_each_kind_is_said_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    notices = Notices(lambda: now[0])
    said = [notices.warn("a", "first"), notices.warn("a", "second"), notices.warn("b", "other")]
    now[0] = 60.0
    said.append(notices.warn("a", "third"))
    assert said == [True, False, True, True]
    assert [record.message for record in caplog.records] == ["first", "other", "third"]
    assert {record.name for record in caplog.records} == {"keepgoing"}


def test_a_broken_handler_of_the_host_breaks_nothing() -> None:
    class Broken(logging.Handler):
        def emit(self, _: logging.LogRecord) -> None:
            raise RuntimeError

    handler = Broken()
    logging.getLogger("keepgoing").addHandler(handler)
    try:
        assert Notices().warn("a", "text")
    finally:
        logging.getLogger("keepgoing").removeHandler(handler)
