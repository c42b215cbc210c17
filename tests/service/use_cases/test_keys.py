"""Keys and their text."""

from __future__ import annotations

import pytest

from service.use_cases.credentials import ALPHABET, Role, digest, is_well_formed, new_secret


@pytest.mark.parametrize("role", list(Role))
def test_a_new_secret_names_its_role_and_is_well_formed(role: Role) -> None:
    secret = new_secret(role)
    assert secret.startswith(f"kg_{role}_")
    assert is_well_formed(secret)


def test_no_two_secrets_are_the_same() -> None:
    assert len({new_secret(Role.SDK) for _ in range(1_000)}) == 1_000


def test_every_letter_that_is_mistyped_is_noticed() -> None:
    secret = new_secret(Role.VIEWER)
    start = len("kg_viewer_")
    for place in range(start, len(secret)):
        other = ALPHABET[(ALPHABET.index(secret[place]) + 1) % len(ALPHABET)]
        assert not is_well_formed(secret[:place] + other + secret[place + 1 :])


@pytest.mark.parametrize(
    "text", ["", "kg_", "kg_owner_" + "a" * 49, "kg_sdk_" + "a" * 48, "kg_sdk_" + "a" * 49, "x" * 10_000]
)
def test_what_is_no_key_is_known_without_asking_the_database(text: str) -> None:
    assert not is_well_formed(text)


def test_what_is_kept_of_a_secret_does_not_hold_it() -> None:
    secret = new_secret(Role.ADMIN)
    assert secret not in digest(secret)
    assert len(digest(secret)) == 64


@pytest.mark.parametrize(
    ("role", "carried"),
    [
        (Role.SDK, {Role.SDK}),
        (Role.VIEWER, {Role.VIEWER}),
        (Role.EDITOR, {Role.VIEWER, Role.EDITOR}),
        (Role.ADMIN, {Role.VIEWER, Role.EDITOR, Role.ADMIN}),
    ],
)
def test_roles_carry_what_the_contract_says(role: Role, carried: set[Role]) -> None:
    assert {needed for needed in Role if role.carries(needed)} == carried
