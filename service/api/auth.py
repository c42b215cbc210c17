"""Who calls: the key in `Authorization: Bearer`, its project and its role; only wrong keys are slowed."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import BadRequest, Unauthorized

from experiments.errors import NotAllowed
from service.api.rates import Rates
from service.use_cases.credentials import Role
from service.use_cases.keys import KeyHolder, KeyRing

CHALLENGE = WWWAuthenticate("bearer", {"realm": "Keepgoing API"})


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets a request in, as the holder of its key."""

    keys: KeyRing
    rates: Rates

    def admit(self, request: Request, role: Role, *, key_header: str | None = None) -> KeyHolder:
        """The holder of the request's key.

        Args:
            request: Who asks.
            role: What the call needs.
            key_header: A header that may carry the key in place of Authorization.

        Raises:
            BadRequest: A key stands in the address, where logs would keep it.
            Unauthorized: There is no key, or it is no key of ours.
            NotAllowed: The key's role does not carry `role`.
            TooManyRequests: Too many requests of this key, or wrong keys from this address.
        """
        refuse_key_in_address(request)
        holder = self._holder(request, key_header)
        self.rates.requests.spend(holder.key_id)
        if not holder.role.carries(role):
            raise NotAllowed(f"This call needs a key with the role {role}; this one has {holder.role}.")
        return holder

    def _holder(self, request: Request, key_header: str | None) -> KeyHolder:
        secret = _bearer(request)
        if secret is None and key_header is not None:
            secret = request.headers.get(key_header, "").strip() or None
        if secret is None:
            raise _unauthorized("This call needs a key: send Authorization: Bearer KEY.")
        holder = self.keys.find(secret)
        if holder is None:
            self.rates.wrong_keys.spend(request.remote_addr or "unknown")
            raise _unauthorized("The key is not valid. It may be mistyped or deleted.")
        return holder


def refuse_key_in_address(request: Request) -> None:
    """Nothing, when no key stands in the address.

    Raises:
        BadRequest: One does.
    """
    if b"kg_" in request.query_string and any(
        value.startswith("kg_") for values in request.args.lists() for value in values[1]
    ):
        raise BadRequest("A key in the address ends up in logs; send Authorization: Bearer KEY.")


def _bearer(request: Request) -> str | None:
    """The key of `Authorization: Bearer KEY`, None when there is no such header."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" and secret.strip() else None


def _unauthorized(detail: str) -> Unauthorized:
    return Unauthorized(detail, www_authenticate=CHALLENGE)
