from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

import keepgoing
from keepgoing.errors import ConfigurationError
from keepgoing.testing import FakeClient
from tests.rulesets import CODE, TOP, wire_error_code, wire_experiment, wire_ruleset, wire_variants

pytest_plugins = ["pytester"]


@pytest.mark.parametrize("variant", ["control", "progress", "value"])
def test_a_forced_variant_reaches_everybody_by_the_way_of_production(variant: str) -> None:
    ruleset = wire_ruleset(
        {
            "framing": wire_experiment(
                variants=wire_variants(1, 1, 0),
                traffic_edge="0",
                targeting={"attribute": "plan", "op": "eq", "value": "pro"},
            )
        },
        holdout={"salt": "all", "edge": str(TOP)},
    )
    client = FakeClient(ruleset)
    assert client.decide(CODE, "acct_1").reason == "holdout"
    client.force(CODE, variant)
    found = [client.decide(CODE, f"acct_{n}") for n in range(50)]
    assert {(one.variant, one.reason) for one in found} == {(variant, "split")}
    assert len(client.exposures) == 50
    client.unforce()
    assert client.decide(CODE, "acct_1").reason == "holdout"


def test_what_cannot_be_forced_says_what_can() -> None:
    client = FakeClient(wire_ruleset())
    with pytest.raises(ConfigurationError, match="it has: control, progress"):
        client.force(CODE, "no-such")
    with pytest.raises(ConfigurationError, match="it has: none"):
        client.force("NO_SUCH", "control")
    with pytest.raises(ConfigurationError, match="no ruleset"):
        FakeClient().force(CODE, "control")


def test_conversions_are_remembered_as_they_would_be_sent_and_bad_ones_refused() -> None:
    client = FakeClient()
    assert client.track("recharge", "acct_42", value=19.99, currency="usd", event_id="invoice-1")
    assert client.track("recharge", "acct_42", value=19.99, currency="usd", event_id="invoice-1")
    assert not client.track("recharge", "acct_42", value=float("nan"))
    assert not client.track("recharge", "")
    assert [(one.value, one.currency) for one in client.tracked] == [("19.99", "USD")]
    assert len(client.refused) == 2
    client.forget()
    assert client.tracked == client.refused == client.exposures == []


def test_a_ruleset_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "ruleset.json"
    path.write_text(json.dumps(wire_ruleset({}, {CODE: wire_error_code()})))
    client = FakeClient.from_file(path)
    assert client.decide(CODE, "acct_42").text == "The default message."
    assert client.status()["state"] == "fresh"


def test_the_fake_has_every_method_of_the_client_with_the_same_arguments() -> None:
    for name, method in inspect.getmembers(keepgoing.Client, inspect.isfunction):
        if name.startswith("_") or name == "after_fork":
            continue
        assert inspect.signature(getattr(FakeClient, name)) == inspect.signature(method), name


def test_the_fixture_gives_a_host_a_client_with_its_texts(pytester: pytest.Pytester) -> None:
    pytester.makeconftest('pytest_plugins = ["keepgoing.testing.plugin"]')
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def keepgoing_texts():
            return {"QUOTA_EXCEEDED": {"control": "Used up.", "friendly": "Well done: all used."}}

        def test_wall(keepgoing_client):
            keepgoing_client.force("QUOTA_EXCEEDED", "friendly")
            assert keepgoing_client.decide("QUOTA_EXCEEDED", "acct_42").text == "Well done: all used."
        """
    )
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_the_fake_grants_a_unit_once() -> None:
    fake = FakeClient()
    names = {"unit_id": "a", "experiment": "framing", "variant": "progress"}
    assert fake.reserve(**names).granted
    assert fake.redeem(**names, event_id="r1").granted
    assert fake.redeem(**names, event_id="r1").granted
    assert fake.redeem(**names, event_id="r2").reason == "already_granted"
    assert fake.reserve(**names).reason == "already_granted"
    assert fake.redeem(unit_id="a").reason == "invalid"
