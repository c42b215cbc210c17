"""`keepgoing principles`: for people and for programs."""

from __future__ import annotations

from tests.api_client import Site, exposure
from tests.factories import variant_document
from tests.service.cli.conftest import Keepgoing


def test_it_says_what_is_known_and_what_is_not(keepgoing: Keepgoing, database_url: str) -> None:
    variants = [variant_document(), variant_document("progress", principles=["progress"])]
    site = Site(database_url).running(variants=variants)
    site.send(exposure("x1"), exposure("x2", "acct_2", "progress"))
    site.fold()
    site.close()
    text = keepgoing("principles", "--project", "shop").out
    assert "## Progress" in text
    assert "there are 0" in text
    (found,) = keepgoing("principles", "--project", "shop", "--json").json
    assert (found["principle"], found["pooled"]) == ("progress", None)
    assert found["left_out"][0]["experiment"]
