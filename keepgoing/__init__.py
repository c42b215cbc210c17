"""Keepgoing's SDK: the message that keeps a user going, in one call that never fails its host."""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "Client",
    "ConfigurationError",
    "Decision",
    "InvalidRuleset",
    "KeepgoingError",
    "Redemption",
    "TransportError",
    "__version__",
]

if TYPE_CHECKING:
    from keepgoing.client import Client
    from keepgoing.client.redeem import Redemption
    from keepgoing.errors import ConfigurationError, InvalidRuleset, KeepgoingError, TransportError
    from keepgoing.evaluation import Decision

_HOMES = {
    "Client": "keepgoing.client",
    "Decision": "keepgoing.evaluation",
    "Redemption": "keepgoing.client.redeem",
}


def __getattr__(name: str) -> object:
    """A public name, imported at first use: the service takes `evaluation` without loading the client."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "keepgoing.errors")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
