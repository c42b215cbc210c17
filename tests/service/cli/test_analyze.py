"""`keepgoing analyze`: Cookie Cats gives the published numbers, and every fault of a table has its place."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from pathlib import Path

import pytest

from tests.service.cli.conftest import Answer, Keepgoing

COUNTS = Path(__file__).parents[3] / "service" / "demo" / "data" / "cookie_cats.json"
SMALL = "unit,variant,bought,spent\n" + "".join(
    f"{unit},{'control' if unit % 2 else 'progress'},{int(unit % 5 == 0)},{unit % 7}.25\n"
    for unit in range(1000)
)
ASKED = (
    "--unit",
    "unit",
    "--variant",
    "variant",
    "--control",
    "control",
    "--metric",
    "bought=conversion:bought",
)
AS_OF = ("--as-of", "2026-11-02")


@pytest.fixture(scope="module")
def cookie_cats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The players of Cookie Cats, one a row, made from the published counts."""
    file = tmp_path_factory.mktemp("tables") / "cookie_cats.csv.gz"
    found = json.loads(COUNTS.read_text(encoding="utf-8"))
    with gzip.open(file, "wt", newline="", encoding="utf-8") as text:
        table = csv.writer(text)
        table.writerow(["userid", "version", "retention_1", "retention_7"])
        userid = 0
        for version, retained_d1, retained_d7, players in found["rows"]:
            for _ in range(players):
                userid += 1
                table.writerow([userid, version, retained_d1, retained_d7])
    return file


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A thousand units of two variants."""
    file = tmp_path / "small.csv"
    file.write_text(SMALL, encoding="utf-8")
    return file


@pytest.fixture
def analyze(keepgoing: Keepgoing, tmp_path: Path) -> Keepgoing:
    """Analyses a table that is given as text."""

    def call(text: str | bytes, *arguments: str) -> Answer:
        file = tmp_path / "table.csv"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return keepgoing("analyze", str(file), *(arguments or ASKED))

    return call


def test_cookie_cats_has_the_published_numbers(keepgoing: Keepgoing, cookie_cats: Path) -> None:
    answer = keepgoing(
        "analyze", str(cookie_cats), "--unit", "userid", "--variant", "version", "--control", "gate_30",
        "--metric", "retained_d7=retention:retention_7", "--metric", "retained_d1=conversion:retention_1",
        "--json",
    )  # fmt: skip
    assert answer.exit_code == 0, answer.err
    seven, one = answer.json["metrics"]
    counts = {found["key"]: (found["conversions"], found["participants"]) for found in seven["variants"]}
    assert counts == {"gate_30": (8_502, 44_700), "gate_40": (8_279, 45_489)}
    assert seven["variants"][1]["absolute"]["p_value"] == pytest.approx(0.00155, abs=5e-6)
    assert one["variants"][1]["absolute"]["p_value"] == pytest.approx(0.0744, abs=5e-5)
    assert answer.json["health"]["srm"]["chi_square_p_value"] == pytest.approx(0.0086, abs=5e-5)
    assert (seven["role"], seven["kind"], one["role"]) == ("primary", "retention", "secondary")
    assert answer.json["verdict"]["outcome"] == "control_wins"


def test_without_json_it_is_a_report_to_read(keepgoing: Keepgoing, small: Path) -> None:
    answer = keepgoing("analyze", str(small), *ASKED, *AS_OF)
    assert answer.exit_code == 0
    assert answer.out.startswith("# table\n")
    assert "| control | 100 | 500 | 20.0% |" in answer.out
    assert answer.err == f"Reading {small} …\n"


def test_the_same_table_gives_the_same_bytes_whichever_way_it_comes(
    keepgoing: Keepgoing, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress(small.read_bytes()))
    marked = tmp_path / "marked.csv"
    marked.write_bytes(b"\xef\xbb\xbf" + small.read_bytes().replace(b"\n", b"\r\n"))
    wanted = keepgoing("analyze", str(small), *ASKED, *AS_OF, "--json").out
    for file in (packed, marked):
        assert keepgoing("analyze", str(file), *ASKED, *AS_OF, "--json").out == wanted
    for given in (small.read_bytes(), packed.read_bytes()):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        assert keepgoing("analyze", "-", *ASKED, *AS_OF, "--json").out == wanted


def test_a_mean_is_compared_too(keepgoing: Keepgoing, small: Path) -> None:
    answer = keepgoing("analyze", str(small), *ASKED[:6], "--metric", "spent=mean:spent", "--json")
    values = {True: [], False: []}  # type: dict[bool, list[float]]
    for unit in range(1000):
        values[bool(unit % 2)].append(unit % 7 + 0.25)
    control, progress = answer.json["metrics"][0]["variants"]
    assert control["mean"] == pytest.approx(sum(values[True]) / 500)
    assert progress["mean"] == pytest.approx(sum(values[False]) / 500)


def test_a_ratio_and_a_covariate_are_computed_from_their_columns(keepgoing: Keepgoing, small: Path) -> None:
    answer = keepgoing(
        "analyze", str(small), *ASKED[:6], "--metric", "per_purchase=ratio:spent,denominator=bought",
        "--metric", "spent=mean:spent,covariate=bought", "--json",
    )  # fmt: skip
    assert answer.exit_code == 0, answer.err
    share, spent = answer.json["metrics"]
    assert (share["kind"], share["role"]) == ("ratio", "primary")
    assert share["variants"][0]["numerator"] == pytest.approx(sum(n % 7 + 0.25 for n in range(1, 1000, 2)))
    assert share["variants"][0]["denominator"] == 100
    assert spent["variants"][1]["adjusted"]["method"] == "cuped_welch"


def test_weights_are_what_the_split_is_held_against(keepgoing: Keepgoing, small: Path) -> None:
    even = keepgoing("analyze", str(small), *ASKED, "--json").json["health"]["srm"]
    skewed = keepgoing("analyze", str(small), *ASKED, "--weights", "control=0.6,progress=0.4", "--json").json
    assert even["ok"] is True
    assert skewed["health"]["srm"]["ok"] is False
    assert [variant["weight"] for variant in skewed["variants"]] == [0.6, 0.4]


def test_the_report_is_written_in_the_format_of_its_ending(
    keepgoing: Keepgoing, small: Path, tmp_path: Path
) -> None:
    keepgoing("analyze", str(small), *ASKED, "--output", str(tmp_path / "found.html"))
    assert (tmp_path / "found.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([*ASKED, "--engine", "abacus"], "Invalid value for '--engine'"),
        ([*ASKED, "--exposures", "x.csv"], "--exposures is not available yet"),
        ([*ASKED, "--conversions", "x.csv"], "--conversions is not available yet"),
        ([*ASKED[:6], "--metric", "a=mean:spent,covariate=before"], "no column 'before'"),
        ([*ASKED[:6], "--metric", "a=mean:spent,covariate=spent"], "not the outcome"),
        ([*ASKED[:6], "--metric", "a=ratio:spent"], "a ratio has a denominator=COLUMN"),
        ([*ASKED[:6], "--metric", "a=time:spent"], "needs window_days=DAYS"),
        ([*ASKED, "--format", "pdf"], "pdf is not available yet"),
        ([*ASKED[:6], "--metric", "bought"], "NAME=KIND:COLUMN"),
        ([*ASKED[:6], "--metric", "a=median:spent"], "'median' must be one of"),
        ([*ASKED[:6]], "Missing: --metric"),
        ([*ASKED[2:]], "Missing: --unit"),
        (["--unit", "nobody", *ASKED[2:]], "no column 'nobody'; it has 'unit', 'variant', 'bought', 'spent'"),
        ([*ASKED[:6], "--metric", "a=mean:nothing"], "no column 'nothing'"),
        ([*ASKED, "--weights", "control"], "VARIANT=WEIGHT"),
        ([*ASKED, "--weights", "control=-1,progress=2"], "VARIANT=WEIGHT"),
        ([*ASKED, "--weights", "control=1/0,progress=2"], "VARIANT=WEIGHT"),
    ],
    ids=lambda value: str(value)[-40:],
)
def test_wrong_use_ends_with_two_and_the_remedy(analyze: Keepgoing, arguments: list[str], said: str) -> None:
    answer = analyze(SMALL, *arguments)
    assert answer.exit_code == 2
    assert said in answer.err
    assert answer.out == ""


HEAD = "unit,variant,bought,spent\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        (HEAD, "No row has the control 'control'"),
        (HEAD + "1,control,1,0\n2,progress,maybe,0\n", "Row 2: column 'bought' holds 'maybe'"),
        (HEAD + "1,control,1,0\n1,control,1,0\n", "Row 2: unit '1' "),
        (HEAD + "1,control,1\n", "Row 1 (line 2) of"),
        (HEAD + "1,control,1,0,5\n", "has 5 cells, the heading 4"),
        (HEAD + "1,,1,0\n", "Row 1: column 'variant' is empty"),
        (HEAD + "1,progress,1,0\n", "found 'progress'"),
        (HEAD + "1,control,1,0\n", "nothing to compare"),
        (HEAD + '1,"control,1,0\n', "is no CSV"),
        (HEAD.encode() + b"1,\xff\xfe,1,0\n", "is not UTF-8"),
        (gzip.compress(SMALL.encode(), mtime=0)[:-20], "damaged gzip"),
    ],
    ids=lambda value: str(value)[-30:],
)
def test_a_fault_of_the_table_is_named_with_its_row(analyze: Keepgoing, text: str | bytes, said: str) -> None:
    answer = analyze(text)
    assert answer.exit_code == 1
    assert said in answer.err
    assert answer.out == ""


@pytest.mark.parametrize(
    ("file", "exit_code", "said"),
    [
        ("nowhere.csv", 1, "nowhere.csv cannot be opened"),
        ("postgresql://host/db", 2, "Tables of databases are not available yet"),
        (".", 1, "cannot be opened"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    keepgoing: Keepgoing, file: str, exit_code: int, said: str
) -> None:
    answer = keepgoing("analyze", file, *ASKED)
    assert answer.exit_code == exit_code
    assert said in answer.err


def test_a_damaged_parquet_file_is_named(analyze: Keepgoing) -> None:
    answer = analyze(b"PAR1" + b"\0" * 100)
    assert answer.exit_code == 1
    assert "cannot be read by DuckDB" in answer.err


@pytest.mark.parametrize("engine", ["postgres", "spark"])
def test_an_engine_that_is_not_there_is_refused_with_what_to_do(analyze: Keepgoing, engine: str) -> None:
    answer = analyze(SMALL, *ASKED, "--engine", engine)
    assert answer.exit_code == 2
    assert "export the table as Parquet" in answer.err


def test_the_database_is_never_asked(
    keepgoing: Keepgoing, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEEPGOING_DATABASE_URL", "sqlite:////nowhere/at/all/keepgoing.db")
    assert keepgoing("analyze", str(small), *ASKED, "--json").exit_code == 0


def test_two_covariates_are_adjusted_by_at_once(analyze: Keepgoing) -> None:
    rows = "".join(
        f"u{n},{'progress' if n % 2 else 'control'},{2 * (n * 7 % 11) - (n * 5 % 13) + n % 2 + n * 3 % 4},"
        f"{n * 7 % 11},{n * 5 % 13}\n"
        for n in range(600)
    )
    table = "unit,variant,spent,before,days\n" + rows
    saved = {}
    for given in ("covariate=before", "covariate=before,covariate=days"):
        answer = analyze(table, *ASKED[:6], "--metric", f"spent=mean:spent,{given}", "--json")
        assert answer.exit_code == 0, answer.err
        adjusted = json.loads(answer.out)["metrics"][0]["variants"][1]["adjusted"]
        saved[given] = adjusted["variance_saved"]
        # 1 of the variant, and 1 because an odd n leaves 1 or 3 of four where an even one leaves 0 or 2
        assert adjusted["interval"][0] < 2 < adjusted["interval"][1]
    assert adjusted["method"] == "regression_welch"
    assert 0.5 < saved["covariate=before"] < saved["covariate=before,covariate=days"]
