"""The one stylesheet of the pages, at an address that changes with its content."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Response, url_for

from service.reports.html import stylesheet as report_styles

FILE = Path(__file__).parent / "static" / "dashboard.css"


@lru_cache(maxsize=1)
def styles() -> str:
    """The report's styles and those of the frame."""
    return report_styles() + FILE.read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def version() -> str:
    """What changes with the styles."""
    return hashlib.sha256(styles().encode()).hexdigest()[:16]


def address() -> str:
    """Where the pages find their styles."""
    return url_for("dashboard.stylesheet", version=version())


def serve(version: str) -> Response:  # noqa: ARG001 - the address only keeps old copies apart
    """The styles, which a browser may keep for good."""
    answer = Response(styles(), content_type="text/css; charset=utf-8")
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer
