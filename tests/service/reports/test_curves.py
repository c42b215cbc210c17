"""Tests of step curves as SVG."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from service.reports.blocks import Curves, Line
from service.reports.curves import draw

DAY = 86_400


def drawn(*lines: Line, horizon: int = 7 * DAY) -> ElementTree.Element:
    return ElementTree.fromstring(str(draw(Curves("title", horizon, lines))))


def paths(root: ElementTree.Element) -> list[str]:
    return [one.attrib["d"] for one in root.iter() if one.tag.endswith("path")]


def test_each_step_goes_right_and_then_up() -> None:
    (path,) = paths(drawn(Line("control", ((DAY, 0.25), (3 * DAY, 0.5)))))
    assert re.fullmatch(r"M[\d.]+ [\d.]+(H[\d.]+V[\d.]+){2}", path)
    across, up = ([float(one) for one in re.findall(rf"{axis}([\d.]+)", path)] for axis in "HV")
    assert across == sorted(across)
    assert up == sorted(up, reverse=True)


def test_times_stand_in_proportion_to_the_horizon() -> None:
    (path,) = paths(drawn(Line("control", ((7 * DAY, 0.5),))))
    assert re.findall(r"H([\d.]+)", path) == ["508.0"]


@pytest.mark.parametrize(("horizon", "unit"), [(30 * DAY, "days"), (DAY, "hours"), (600, "minutes")])
def test_the_axis_has_the_unit_that_suits_the_window(horizon: int, unit: str) -> None:
    assert any(f"{unit} after" in (one.text or "") for one in drawn(horizon=horizon).iter())


def test_lines_are_told_apart_without_colour() -> None:
    root = drawn(*(Line(f"v{n}", ((DAY, 0.1 * n),)) for n in range(1, 4)))
    dashes = [one.attrib.get("stroke-dasharray") for one in root.iter() if one.tag.endswith("path")]
    assert len(set(dashes)) == 3


def test_a_hostile_name_stays_text() -> None:
    root = drawn(Line("<script>alert(1)</script>", ((DAY, 1.0),)))
    assert not [one for one in root.iter() if one.tag.endswith("script")]


def test_nobody_yet_is_a_chart_too() -> None:
    assert paths(drawn(Line("control", ()), Line("progress", ((0, 0.0),))))
