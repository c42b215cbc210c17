"""`keepgoing keys`."""

from __future__ import annotations

import pytest

from tests.service.cli.conftest import Keepgoing


def test_a_new_key_is_printed_as_json_with_its_secret(keepgoing: Keepgoing) -> None:
    answer = keepgoing("keys", "create", "--project", "shop", "--role", "sdk", "--json")
    assert answer.exit_code == 0
    assert set(answer.json) == {"id", "project", "role", "secret"}
    assert (answer.json["project"], answer.json["role"]) == ("shop", "sdk")
    assert answer.json["secret"].startswith("kg_sdk_")


def test_without_json_only_the_secret_goes_to_standard_output(keepgoing: Keepgoing) -> None:
    answer = keepgoing("keys", "create", "--role", "viewer", "--label", "for the wall board")
    assert answer.out.startswith("kg_viewer_")
    assert len(answer.out.split()) == 1
    assert "not shown again" in answer.err


def test_lists_show_keys_without_their_secrets(keepgoing: Keepgoing) -> None:
    made = keepgoing("keys", "create", "--role", "editor", "--json").json
    listed = keepgoing("keys", "list", "--json")
    assert [key["id"] for key in listed.json] == [made["id"]]
    assert made["secret"] not in listed.out
    assert made["id"] in keepgoing("keys", "list").out


def test_a_deleted_key_is_gone_and_cannot_be_deleted_again(keepgoing: Keepgoing) -> None:
    made = keepgoing("keys", "create", "--role", "editor", "--json").json
    assert keepgoing("keys", "delete", made["id"]).exit_code == 0
    assert keepgoing("keys", "list", "--json").json == []
    again = keepgoing("keys", "delete", made["id"])
    assert again.exit_code == 1
    assert made["id"] in again.err


def test_a_project_that_is_not_there_is_named(keepgoing: Keepgoing) -> None:
    answer = keepgoing("keys", "list", "--project", "nowhere")
    assert answer.exit_code == 1
    assert "nowhere" in answer.err


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 65])
def test_a_project_needs_a_fit_name(keepgoing: Keepgoing, name: str) -> None:
    assert keepgoing("keys", "create", "--project", name, "--role", "sdk").exit_code == 1
