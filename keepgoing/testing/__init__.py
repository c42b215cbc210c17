"""For the tests of hosts: a client that forces variants and remembers what was shown and tracked."""

from keepgoing.testing.fake import Exposure, FakeClient, Tracked

__all__ = ["Exposure", "FakeClient", "Tracked"]
