"""The way to the service."""

from keepgoing.transport.http import Reply, Transport, describe
from keepgoing.transport.pace import CHANCE, Backoff, Deadline

__all__ = ["CHANCE", "Backoff", "Deadline", "Reply", "Transport", "describe"]
