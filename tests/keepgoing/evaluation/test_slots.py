"""Joining texts and slots, whatever their number."""

from __future__ import annotations

import pytest

from keepgoing.evaluation.slots import join, number_slot, plural_slot


@pytest.mark.parametrize("count", range(1, 24))
def test_texts_and_slots_stand_in_turn(count: int) -> None:
    texts = [f"t{index} " for index in range(count + 1)]
    slots = [number_slot(str(index), lambda value, name: f"s{name}={value} ") for index in range(count)]
    expected = "".join(f"t{index} s{index}={index * 2} " for index in range(count)) + f"t{count} "
    assert join(texts, slots)({str(index): index * 2 for index in range(count)}) == expected


def test_a_plural_remembers_small_whole_numbers_only() -> None:
    asked: list[object] = []

    def category(number: object) -> str:
        asked.append(number)
        return "other"

    slot = plural_slot("n", 0, category, {}, {"other": lambda _: "x"})
    for value in (3, 3, 3, 5000, 5000, 1.5, 1.5):
        assert slot({"n": value}) == "x"
    assert [str(number) for number in asked] == ["3", "5000", "5000", "1.5", "1.5"]
