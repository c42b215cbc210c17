from __future__ import annotations

from pathlib import Path

from service.cli.main import main


def test_init_writes_a_file_without_fault_and_never_writes_over_one(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path / "new")]) == 0
    file = tmp_path / "new" / "keepgoing.yaml"
    assert main(["lint", "--strict", str(file)]) == 0
    file.write_text("mine")
    assert main(["init", str(tmp_path / "new")]) == 1
    assert file.read_text() == "mine"
