"""The results document as JSON text, and its digest: by it the same analysis is known again."""

from __future__ import annotations

import hashlib
import json

from experiments.analysis.document import Results


def json_of(results: Results) -> str:
    """The results document, indented, ending in a new line; never NaN."""
    return json.dumps(results.document(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def fingerprint(results: Results) -> str:
    """SHA-256 of the results document in its canonical form: compact, members sorted, UTF-8."""
    canonical = json.dumps(
        results.document(), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(canonical.encode()).hexdigest()
