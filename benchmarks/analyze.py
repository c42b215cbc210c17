"""`keepgoing analyze` over a Parquet file beside tea-tasting and gbstats: python3 -m benchmarks.analyze.

Conversion, mean and mean adjusted by a covariate (CUPED), two variants. Each runs in a process of its own,
taking turns; the least of the rounds counts. The peers are no dependencies; give each an environment:

    python3 -m venv tea && tea/bin/pip install tea-tasting==1.14.0 pyarrow
    python3 -m venv gb && gb/bin/pip install gbstats==0.8.0 "pyarrow<20"
    python3 -m benchmarks.analyze --tea tea/bin/python --gbstats gb/bin/python
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

MEMORY_MIB = 300
FEW = 1_000
"""Rows of the table that shows what starting a tool costs."""

TEA = """
import sys
import pyarrow.parquet as parquet
import tea_tasting as tt
table = parquet.read_table(sys.argv[1], columns=["variant", "bought", "revenue", "before"])
experiment = tt.Experiment(
    {"bought": tt.Mean("bought"), "revenue": tt.Mean("revenue"),
     "adjusted": tt.Mean("revenue", covariate="before")}, variant="variant")
print(experiment.analyze(table, control="control"))
"""

GBSTATS = """
import sys
import pandas as pd
from gbstats.frequentist.tests import FrequentistConfig, TwoSidedTTest
from gbstats.models.statistics import (
    ProportionStatistic, RegressionAdjustedStatistic, SampleMeanStatistic, compute_theta)
table = pd.read_parquet(sys.argv[1], columns=["variant", "bought", "revenue", "before"])
table["yy"], table["xx"] = table.revenue ** 2, table.before ** 2
table["xy"] = table.revenue * table.before
found = table.groupby("variant").agg(
    n=("bought", "size"), c=("bought", "sum"), y=("revenue", "sum"), yy=("yy", "sum"),
    x=("before", "sum"), xx=("xx", "sum"), xy=("xy", "sum"))
a, b = (found.loc[key] for key in ("control", "progress"))
def mean(row, total, squares):
    return SampleMeanStatistic(n=int(row.n), sum=row[total], sum_squares=row[squares])
def adjusted(row, theta):
    return RegressionAdjustedStatistic(
        n=int(row.n), post_statistic=mean(row, "y", "yy"), pre_statistic=mean(row, "x", "xx"),
        post_pre_sum_of_products=row.xy, theta=theta)
theta = compute_theta(adjusted(a, 0.0), adjusted(b, 0.0))
pairs = [[ProportionStatistic(n=int(r.n), sum=int(r.c)) for r in (a, b)],
         [mean(r, "y", "yy") for r in (a, b)], [adjusted(r, theta) for r in (a, b)]]
for pair in pairs:
    print(TwoSidedTTest(*pair, FrequentistConfig()).compute_result())
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took."""

    wall: float
    cpu: float
    peak_mib: float


def write_table(file: Path, rows: int) -> None:
    """A table of units with a conversion, an amount in cents and the amount before: the same at every run."""
    converted = "hash(i * 7 + 1) % 1000 < 100 + 10 * (hash(i) % 2)"
    amount = f"CASE WHEN {converted} THEN 5 + (hash(i * 11 + 3) % 10000) / 100.0 + before / 2 ELSE 0 END"
    with duckdb.connect() as connection:
        connection.execute(
            f"""COPY (SELECT i AS unit,
                CASE WHEN hash(i) % 2 = 0 THEN 'control' ELSE 'progress' END AS variant,
                ({converted})::INTEGER AS bought, round({amount}, 2)::DOUBLE AS revenue, before
                FROM (SELECT i, ((hash(i * 13 + 5) % 5000) / 100.0)::DOUBLE AS before
                      FROM range({rows}) t(i)))
                TO '{file}' (FORMAT parquet)"""
        )


def run(command: Sequence[str]) -> Cost:
    """What a command costs, its children included.

    Raises:
        SystemExit: It failed.
    """
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.stdout, process.stderr
    assert out is not None
    assert err is not None
    out.read()
    said = err.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} failed:\n{said[-2000:]}")
    return Cost(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def commands(file: Path, tea: str | None, gbstats: str | None) -> dict[str, list[str]]:
    """Each tool's command."""
    ours = [sys.executable, "-c", "import sys; from service.cli.main import main; sys.exit(main())"]
    ours += ["analyze", str(file), "--unit", "unit", "--variant", "variant", "--control", "control"]
    ours += ["--metric", "bought=conversion:bought", "--metric", "revenue=mean:revenue,covariate=before"]
    found = {"keepgoing analyze": [*ours, "--json"]}
    if tea:
        found["tea-tasting"] = [tea, "-c", TEA, str(file)]
    if gbstats:
        found["gbstats, pandas"] = [gbstats, "-c", GBSTATS, str(file)]
    return found


def least(costs: Sequence[Cost]) -> Cost:
    """The least of each figure over the rounds."""
    return Cost(
        min(cost.wall for cost in costs),
        min(cost.cpu for cost in costs),
        min(cost.peak_mib for cost in costs),
    )


def main() -> None:
    """Prints the table; ends with 1 when a peer was faster or took less memory, or ours took too much."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tea", help="the Python that has tea-tasting")
    parser.add_argument("--gbstats", help="the Python that has gbstats")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "units.parquet"
        write_table(file, options.rows)
        costs: dict[str, list[Cost]] = {}
        small = Path(folder) / "few.parquet"
        write_table(small, FEW)
        started: dict[str, list[Cost]] = {}
        for _ in range(options.rounds):
            for where, kept in ((file, costs), (small, started)):
                for name, command in commands(where, options.tea, options.gbstats).items():
                    kept.setdefault(name, []).append(run(command))
    found = {name: least(all_of_it) for name, all_of_it in costs.items()}
    start = {name: least(all_of_it).wall for name, all_of_it in started.items()}
    ours = found["keepgoing analyze"]
    print(f"{options.rows:,} rows of Parquet, whole process, the least of {options.rounds} rounds\n")
    print(f"| tool | wall s | of it beyond the {FEW:,} rows' | CPU s | peak MiB | wall ÷ ours | MiB ÷ ours |")
    print("|---|---|---|---|---|---|---|")
    for name, cost in found.items():
        ratios = f"{cost.wall / ours.wall:.2f} | {cost.peak_mib / ours.peak_mib:.2f}"
        beyond = cost.wall - start[name]
        print(
            f"| {name} | {cost.wall:.2f} | {beyond:.2f} | {cost.cpu:.2f} | {cost.peak_mib:.0f} | {ratios} |"
        )
    lost = any(cost.wall < ours.wall or cost.peak_mib < ours.peak_mib for cost in found.values())
    sys.exit(int(lost or ours.peak_mib > MEMORY_MIB))


if __name__ == "__main__":
    main()
