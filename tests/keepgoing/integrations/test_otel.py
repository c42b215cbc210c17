from __future__ import annotations

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

import keepgoing
from keepgoing.integrations.otel import EvaluationEvents
from tests.rulesets import CODE, wire_ruleset


def test_each_decision_is_an_event_with_the_names_of_the_convention() -> None:
    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider()
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    with keepgoing.Client(
        bootstrap=wire_ruleset(), environ={}, on_decision=EvaluationEvents(provider)
    ) as client:
        decision = client.decide(CODE, "acct_42")
        client.decide("NO_SUCH", "acct_42")
    first, second = (each.log_record for each in exporter.get_finished_logs())
    assert first.event_name == "feature_flag.evaluation"
    assert first.attributes == {
        "feature_flag.key": CODE,
        "feature_flag.provider.name": "keepgoing",
        "feature_flag.result.variant": decision.variant,
        "feature_flag.result.reason": "split",
        "feature_flag.context.id": "acct_42",
        "feature_flag.version": "3",
    }
    assert second.attributes is not None
    assert second.attributes["feature_flag.result.reason"] == "unknown"


def test_an_observer_that_fails_fails_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_decision: keepgoing.Decision) -> None:
        raise RuntimeError("no exporter")

    with keepgoing.Client(bootstrap=wire_ruleset(), environ={}, on_decision=broken) as client:
        assert client.decide(CODE, "acct_42").reason == "split"
    assert "no exporter" in caplog.text
