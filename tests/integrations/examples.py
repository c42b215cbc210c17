"""The examples of docs/integrations.md, as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "integrations.md"
_BLOCK = re.compile(r"^```python (\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples() -> dict[str, str]:
    """The code of each example, by its name."""
    return dict(_BLOCK.findall(PAGE.read_text(encoding="utf-8")))
