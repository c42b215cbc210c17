"""Keys, the audit trail and the project over HTTP."""

from __future__ import annotations

import pytest

from service.use_cases.credentials import Role, is_well_formed
from tests.api_client import Site, pointers, refusal


def test_a_keys_secret_is_shown_once(site: Site) -> None:
    made = site.post("/v1/keys", {"role": "editor", "label": "CI"})
    assert made.status_code == 201
    assert is_well_formed(made.json["secret"])
    listed = {key["id"]: key for key in site.get("/v1/keys").json["items"]}
    assert listed[made.json["id"]] == {name: value for name, value in made.json.items() if name != "secret"}
    assert made.json["secret"] not in site.get("/v1/keys").text


@pytest.mark.parametrize("role", list(Role))
def test_a_key_of_each_role_works_for_what_it_is_for(site: Site, role: Role) -> None:
    made = site.post("/v1/keys", {"role": str(role)}).json
    path = "/v1/ruleset" if role is Role.SDK else "/v1/experiments"
    answer = site.get(path, role=None, headers={"Authorization": f"Bearer {made['secret']}"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "place"),
    [({}, "/role"), ({"role": "owner"}, "/role"), ({"role": "sdk", "label": "x" * 101}, "/label"),
     ({"role": "sdk", "label": "a\nb"}, "/label"), ({"role": "sdk", "project": "rival"}, "/project")],
)  # fmt: skip
def test_a_bad_key_is_refused_at_its_place(site: Site, body: dict[str, str], place: str) -> None:
    assert pointers(refusal(site.post("/v1/keys", body), 400)) == {place}


def test_an_unknown_key_cannot_be_deleted(site: Site) -> None:
    refusal(site.call("DELETE", "/v1/keys/key_0000000000000000"), 404)


def test_keys_are_listed_in_pages(site: Site) -> None:
    found, cursor = [], ""
    while True:
        page = site.get(f"/v1/keys?limit=3{cursor}").json
        found += [key["id"] for key in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == sorted(found)
    assert len(found) == len(Role)


def test_the_audit_trail_is_listed_newest_first_in_pages(site: Site) -> None:
    for number in range(5):
        site.post("/v1/keys", {"role": "viewer", "label": f"key {number}"})
    first = site.get("/v1/audit?limit=2").json
    second = site.get(f"/v1/audit?limit=2&cursor={first['next']}").json
    labels = [entry["detail"]["label"] for entry in first["items"] + second["items"]]
    assert labels == ["key 4", "key 3", "key 2", "key 1"]


def test_the_audit_trail_holds_no_secret(site: Site) -> None:
    made = site.post("/v1/keys", {"role": "viewer"}).json
    site.call("DELETE", f"/v1/keys/{made['id']}")
    trail = site.get("/v1/audit")
    assert [entry["action"] for entry in trail.json["items"][:2]] == ["key.delete", "key.create"]
    assert made["secret"] not in trail.text


def test_the_project_is_shown_and_its_holdout_set_with_an_audit_row(site: Site) -> None:
    before = site.get("/v1/project").json
    assert (before["name"], before["holdout"]) == ("shop", None)
    changed = site.call("PUT", "/v1/project", {"holdout": 0.05}).json
    assert (changed["holdout"], changed["revision"]) == (0.05, before["revision"] + 1)
    assert site.call("PUT", "/v1/project", {"holdout": "0.05"}).json["revision"] == changed["revision"]
    assert site.get("/v1/audit?limit=1").json["items"][0]["action"] == "project.change"
