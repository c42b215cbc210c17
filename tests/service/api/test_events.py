"""Events over HTTP: counted once, durable when answered, and in the results of the next request."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from service.use_cases.credentials import Role
from tests.api_client import KEY, Site, conversion, exposure

BATCH = [exposure("x1", "acct_1"), exposure("x2", "acct_2", "progress"), conversion("c1", "acct_1")]


def variants_of(site: Site) -> dict[str, tuple[int, int]]:
    """Participants and conversions of each variant, as the results say."""
    found = site.get(f"/v1/experiments/{KEY}/results").json["metrics"][0]["variants"]
    return {one["key"]: (one["participants"], one["conversions"]) for one in found}


def test_an_event_is_in_the_results_of_the_next_request(site: Site) -> None:
    answer = site.running().send(*BATCH)
    assert answer.json == {"accepted": 3, "duplicates": 0, "rejected": [], "conflicts": []}
    site.fold()
    assert variants_of(site) == {"control": (1, 1), "progress": (1, 0)}


def test_the_same_batch_three_times_counts_once(site: Site) -> None:
    site.running()
    answers = [site.send(*BATCH).json for _ in range(3)]
    assert [(one["accepted"], one["duplicates"]) for one in answers] == [(3, 0), (0, 3), (0, 3)]
    site.fold()
    assert variants_of(site) == {"control": (1, 1), "progress": (1, 0)}


def test_the_same_batch_from_eight_threads_and_two_services_counts_once(database_url: str) -> None:
    first, second = Site(database_url).running(), Site(database_url)

    def send(number: int) -> int:
        site = (first, second)[number % 2]
        headers = {"Authorization": f"Bearer {site.secrets['shop', Role.SDK]}"}
        with site.app.test_client() as client:
            accepted: int = client.post("/v1/events", json={"events": BATCH}, headers=headers).json[
                "accepted"
            ]
        return accepted

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(send, range(16))) == 3
    first.close()
    second.close()


def test_good_events_are_stored_beside_bad_ones_which_are_named(site: Site) -> None:
    answer = site.running().send(
        exposure("x1"), {"type": "click"}, conversion("c1", value="NaN"), conversion("c2")
    )
    assert answer.status_code == 200
    assert answer.json["accepted"] == 2
    assert [one["index"] for one in answer.json["rejected"]] == [1, 2]
    assert answer.json["rejected"][1]["pointer"] == "/events/2/value"


def test_another_event_under_a_known_id_changes_nothing_and_is_named(site: Site) -> None:
    site.running().send(conversion("c1", value="20.00", occurred_at="2026-11-02T09:00:00Z"))
    answer = site.send(conversion("c1", value="99.00", occurred_at="2026-11-02T09:00:00Z"))
    assert (answer.json["duplicates"], answer.json["conflicts"][0]["pointer"]) == (1, "/events/0/event_id")


def test_a_zipped_batch_is_taken(site: Site) -> None:
    body = gzip.compress(json.dumps({"events": BATCH}).encode())
    headers = {"Content-Encoding": "gzip"}
    answer = site.running().call(
        "POST", "/v1/events", role=Role.SDK, data=body, content_type="application/json", headers=headers
    )
    assert answer.json["accepted"] == 3


def test_an_empty_batch_is_fine(site: Site) -> None:
    assert site.send().json == {"accepted": 0, "duplicates": 0, "rejected": [], "conflicts": []}


def test_what_was_acknowledged_is_in_the_log(site: Site) -> None:
    site.running().send(*BATCH)
    with site.services.backend.database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM event")).scalar_one() == 3


def test_a_decision_and_a_recharge_make_a_participant_who_converted(site: Site) -> None:
    variant = site.running().decide("acct_9").json["variant"]
    site.send(conversion("c9", "acct_9"))
    site.fold()
    assert variants_of(site)[variant] == (1, 1)
