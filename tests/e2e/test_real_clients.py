"""Real client libraries at a host that serves the starter catalogue: they show its text and do not try again.

A 429 is tried again by all three because of its status, which is what it is for: there one try is asked for.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import anthropic
import openai
import pytest
import stripe
from flask import Flask, Response
from werkzeug.serving import make_server

import keepgoing
from experiments.model.error_code import Envelope
from tests.starter import FITTING, WORDINGS, published

ENVELOPES = [one for one in get_args(Envelope) if one != "custom"]
STATUS = {"RATE_LIMITED": 429}


class Host:
    """A small application, all of whose calls end at a wall that the path names."""

    def __init__(self, folder: Path) -> None:
        self.calls: Counter[str] = Counter()
        self.clients: dict[str, keepgoing.Client] = {}
        for envelope in ENVELOPES:
            file = folder / f"{envelope}.json"
            file.write_text(json.dumps(published(envelope)))
            self.clients[envelope] = keepgoing.Client.from_file(file)
        app = Flask("host")
        app.add_url_rule(
            "/<envelope>/<code>/<variant>/<path:path>", view_func=self.answer, methods=["GET", "POST"]
        )
        self.server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, envelope: str, code: str, variant: str, path: str) -> Response:
        """The wall's answer, as the SDK says it, whatever the path of the call."""
        del path
        self.calls[f"{envelope}/{code}/{variant}"] += 1
        decision = self.decision(envelope, code, variant)
        return Response(json.dumps(decision.body), decision.status, decision.headers)

    def decision(self, envelope: str, code: str, variant: str) -> keepgoing.Decision:
        """What the SDK decides."""
        return self.clients[envelope].decide(code, variant, {**FITTING, "locale": "en"})

    def close(self) -> None:
        """Ends the server and the clients."""
        self.server.shutdown()
        self.server.server_close()
        for client in self.clients.values():
            client.close()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """The application, running."""
    running = Host(tmp_path_factory.mktemp("host"))
    yield running
    running.close()


def tries(code: str) -> int:
    """How often the library may try again."""
    return 0 if code in STATUS else 2


@pytest.mark.parametrize("envelope", ["hybrid", "error", "openai"])
@pytest.mark.parametrize(("code", "variant"), WORDINGS)
def test_openai_shows_the_variant_and_tries_once(host: Host, envelope: str, code: str, variant: str) -> None:
    place = f"{envelope}/{code}/{variant}"
    with (
        openai.OpenAI(api_key="k", base_url=f"{host.url}/{place}/v1", max_retries=tries(code)) as client,
        pytest.raises(openai.APIStatusError) as caught,
    ):
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hello"}])
    told = host.decision(envelope, code, variant)
    assert told.variant == variant
    assert (caught.value.status_code, caught.value.code) == (STATUS.get(code, 402), code)
    body: Any = caught.value.body
    assert body["message"] == told.text
    assert told.text in str(caught.value) or repr(told.text) in str(caught.value)
    assert host.calls[place] == 1


@pytest.mark.parametrize(("code", "variant"), WORDINGS)
def test_anthropic_shows_the_variant_and_tries_once(host: Host, code: str, variant: str) -> None:
    place = f"anthropic/{code}/{variant}"
    with (
        anthropic.Anthropic(api_key="k", base_url=f"{host.url}/{place}", max_retries=tries(code)) as client,
        pytest.raises(anthropic.APIStatusError) as caught,
    ):
        client.messages.create(model="m", max_tokens=1, messages=[{"role": "user", "content": "Hello"}])
    told = host.decision("anthropic", code, variant)
    assert caught.value.status_code == STATUS.get(code, 402)
    body: Any = caught.value.body
    assert body["error"]["message"] == told.text
    assert body == told.body
    assert host.calls[place] == 1


@pytest.mark.parametrize(("code", "variant"), WORDINGS)
def test_stripe_shows_the_variant_and_tries_once(host: Host, code: str, variant: str) -> None:
    place = f"stripe/{code}/{variant}"
    client = stripe.StripeClient(
        "sk_test_k", base_addresses={"api": f"{host.url}/{place}"}, max_network_retries=tries(code)
    )
    with pytest.raises(stripe.StripeError) as caught:
        client.v1.customers.retrieve("cus_1")
    told = host.decision("stripe", code, variant)
    body: Any = caught.value.json_body  # `code` of the exception itself is empty at a 429
    assert (caught.value.http_status, body["error"]["code"]) == (STATUS.get(code, 402), code)
    assert caught.value.user_message == told.text
    assert host.calls[place] == 1
