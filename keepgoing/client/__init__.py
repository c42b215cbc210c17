"""The client: what a host holds."""

from keepgoing.client.client import Client

__all__ = ["Client"]
