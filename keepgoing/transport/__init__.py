"""The way to the service."""

from keepgoing.transport.http import Reply, Transport, describe
from keepgoing.transport.pace import Backoff, Deadline

__all__ = ["Backoff", "Deadline", "Reply", "Transport", "describe"]
