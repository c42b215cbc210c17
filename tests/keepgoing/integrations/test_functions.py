from __future__ import annotations

import asyncio

import pytest

from keepgoing.integrations.functions import answering
from keepgoing.integrations.walls import Wall
from keepgoing.testing import FakeClient

CODE = "INSUFFICIENT_BALANCE"


class Broke(Exception):
    """A wall in the words of a host."""


class VeryBroke(Broke):
    """A kind of it."""


@pytest.fixture
def client() -> FakeClient:
    return FakeClient.from_texts({CODE: {"control": "Too low."}, "GONE": {"control": "Gone."}})


def test_a_hosts_own_exception_becomes_a_decision_of_its_nearest_code(client: FakeClient) -> None:
    @answering(client, {Broke: CODE, VeryBroke: "GONE"}, unit=lambda account: account)
    def work(account: str) -> str:
        if account == "rich":
            return "done"
        raise (VeryBroke if account == "poor" else Broke)

    assert work("rich") == "done"
    assert work("acct_42").text == "Too low."
    assert work("poor").text == "Gone."
    assert [one.unit_id for one in client.exposures] == ["acct_42", "poor"]


def test_what_respond_makes_is_returned_and_other_exceptions_pass(client: FakeClient) -> None:
    @answering(client, respond=lambda decision: (decision.status, decision.text))
    def work(fails: bool) -> object:
        if fails:
            raise ValueError("another")
        raise Wall(CODE, "acct_42")

    assert work(False) == (402, "Too low.")
    with pytest.raises(ValueError, match="another"):
        work(True)


def test_a_coroutine_is_answered_too(client: FakeClient) -> None:
    @answering(client, {Broke: CODE}, unit=lambda **named: named["account"])
    async def work(*, account: str) -> str:
        raise Broke

    assert asyncio.run(work(account="acct_42")).text == "Too low."
