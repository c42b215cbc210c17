"""Every method that the statistics name has words for people."""

from __future__ import annotations

import re
from pathlib import Path

from service.reports.method import METHODS, method
from tests.analyses import with_every_role

ROOT = Path(__file__).parents[3]
NAMED = re.compile(r'method="([a-z_]+)"|Test\([^"\n]*"([a-z_]+)"|Estimate\([^"\n]*"([a-z_]+)"')
FILES = ("stats/proportion.py", "stats/mean.py", "stats/bayes.py", "analysis/pairs.py")


def test_every_method_of_the_comparisons_has_words() -> None:
    found = {
        name
        for file in FILES
        for names in NAMED.findall((ROOT / "experiments" / file).read_text(encoding="utf-8"))
        for name in names
        if name
    }
    assert len(found) >= 6
    found.discard("newcomb")  # statsmodels' own spelling, in a call of it
    assert found - set(METHODS) == set()


def test_a_report_names_its_methods_in_words() -> None:
    said = [item for block in method(with_every_role()).blocks for item in getattr(block, "items", ())]
    assert "Interval of one variant: Wilson's score interval." in said
    assert not [line for line in said if re.search(r": [a-z]+_[a-z_]+\.$", line)]
