"""The forest as SVG: in bounds, labelled, and told from text."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from service.reports.blocks import Bar, Forest
from service.reports.svg import WIDTH, draw

SPACE = "{http://www.w3.org/2000/svg}"


def chart(*bars: Bar) -> Forest:
    return Forest("Lift", bars, is_rate=True)


def a_bar(
    estimate: float, reach: float, *, name: str = "progress", always: tuple[float, float] | None = None
) -> Bar:
    return Bar(name, estimate, (estimate - reach, estimate + reach), always, "words")


@pytest.mark.parametrize(
    "bars",
    [
        [a_bar(0.01, 0.005, always=(-0.9, 0.9))],
        [a_bar(1e-9, 1e-10)],
        [a_bar(0.0, 0.0)],
        [a_bar(-12_345.6, 3.0), a_bar(0.5, 0.1)],
    ],
    ids=["wide", "tiny", "nothing", "large"],
)
def test_everything_is_drawn_inside_the_picture(bars: list[Bar]) -> None:
    found = ElementTree.fromstring(draw(chart(*bars)))
    for element in found.iter():
        for name in ("x", "x1", "x2", "cx"):
            if name in element.attrib:
                assert 0 <= float(element.attrib[name]) <= WIDTH
    ticks = [text.text for text in found.iter(f"{SPACE}text") if text.attrib["class"] == "tick"]
    assert "0" in ticks
    assert len(ticks) <= 13


def test_the_interval_stands_where_its_bounds_are() -> None:
    found = ElementTree.fromstring(draw(chart(a_bar(0.02, 0.01, always=(0.0, 0.04)))))
    lines = {line.attrib["class"]: line.attrib for line in found.iter(f"{SPACE}line")}
    places = [lines["always"]["x1"], lines["interval"]["x1"], lines["interval"]["x2"], lines["always"]["x2"]]
    assert [float(place) for place in places] == sorted(float(place) for place in places)
    assert lines["zero"]["x1"] == lines["always"]["x1"]


def test_a_long_name_is_cut_in_the_picture_and_whole_in_its_description() -> None:
    name = "a" * 60
    drawn = draw(chart(a_bar(0.01, 0.005, name=name)))
    assert re.search(r">a{25}…<", drawn)
    assert f"Lift: {name} words" in drawn


def test_a_name_stays_text() -> None:
    drawn = draw(chart(a_bar(0.01, 0.005, name='"><script>x</script>')))
    assert "<script" not in drawn
