"""Events on their way to the service: kept within bounds, sent in batches, nothing lost in silence."""

from keepgoing.outbox.outbox import Outbox

__all__ = ["Outbox"]
