"""The formats: each in one call, the JSON being the results document itself."""

from __future__ import annotations

import hashlib
import json

import pytest

from service.reports.fingerprint import fingerprint
from service.reports.formats import WRITERS, written
from tests.analyses import results_of


@pytest.mark.parametrize("extension", sorted(WRITERS))
def test_every_format_carries_data_time_and_version_or_is_the_document(extension: str) -> None:
    found = results_of()
    text = written(found, extension)
    if extension == "json":
        assert json.loads(text) == found.document()
        return
    assert fingerprint(found) in text
    assert "As of 11 April 2026, 00:00 UTC" in text


def test_the_fingerprint_is_of_the_canonical_document_and_changes_with_any_number() -> None:
    found, other = results_of(), results_of(progress=(45_489, 8_280))
    canonical = json.dumps(found.document(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert fingerprint(found) == hashlib.sha256(canonical.encode()).hexdigest()
    assert fingerprint(found) != fingerprint(other)
