from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from service.cli.main import main
from tests.factories import definitions_document, error_code_document, message_document


def a_file(folder: Path, detail: str, **fields: object) -> str:
    """A file with one error code of this message."""
    message = {"en": message_document(detail, **fields)}
    path = folder / "messages.yaml"
    path.write_text(yaml.safe_dump({"error_codes": [error_code_document(message=message)]}))
    return str(path)


def test_a_fault_ends_with_3_and_is_named_with_its_rule_and_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lint", a_file(tmp_path, "Oops, insufficient balance. Recharge.")]) == 3
    shown = capsys.readouterr()
    assert "oops" in shown.out
    assert "/error_codes/0/message/en/detail" in shown.out
    assert "1 fault" in shown.err


def test_no_fault_ends_with_0(tmp_path: Path) -> None:
    assert main(["lint", a_file(tmp_path, "Insufficient balance. Recharge to go on.")]) == 0


def test_a_warning_ends_with_3_only_when_asked(tmp_path: Path) -> None:
    file = a_file(tmp_path, "Insufficient balance! Recharge! Go on!")
    assert main(["lint", file]) == 0
    assert main(["lint", file, "--strict"]) == 3


def test_a_waived_fault_is_shown_and_does_not_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    waive = [{"rule": "oops", "reason": "our readers are children"}]
    file = a_file(tmp_path, "Oops, insufficient balance. Recharge.", waive=waive)
    assert main(["lint", file, "--json"]) == 0
    [report] = json.loads(capsys.readouterr().out)
    assert report["ok"]
    assert [one["waived"] for one in report["findings"]] == ["our readers are children"]


def test_variants_are_checked_with_their_error_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = definitions_document()
    document["experiments"][0]["variants"][1]["message"]["en"]["detail"] = "Hurry: insufficient balance. Pay."
    path = tmp_path / "all.yaml"
    path.write_text(yaml.safe_dump(document))
    assert main(["lint", str(path)]) == 3
    assert "/experiments/0/variants/1/message/en/detail" in capsys.readouterr().out
