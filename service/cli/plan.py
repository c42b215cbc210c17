"""`keepgoing plan`: how many participants and days an experiment on a rate needs."""

from __future__ import annotations

from dataclasses import asdict

import click

from experiments.analysis.wording import count, percent, points
from service.cli.console import put, put_json, put_table
from service.use_cases.planning import ExperimentPlan, plan

BELOW_ONE = click.FloatRange(0, 1, min_open=True, max_open=True)
HALF_OR_MORE = click.FloatRange(0.5, 0.999)


@click.command(name="plan")
@click.option("--baseline", type=BELOW_ONE, required=True, help="The control's rate, 0.10 for one in ten.")
@click.option("--mde-relative", default=0.05, show_default=True, help="The smallest change worth finding.")
@click.option("--power", default=0.8, show_default=True, type=HALF_OR_MORE, help="The chance to find it.")
@click.option("--level", default=0.95, show_default=True, type=HALF_OR_MORE, help="1 minus the error.")
@click.option("--daily", type=click.FloatRange(0, min_open=True), help="Participants a day, all together.")
@click.option(
    "--variants", default=2, show_default=True, type=click.IntRange(2, 20), help="With the control."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    baseline: float,
    mde_relative: float,
    power: float,
    level: float,
    daily: float | None,
    variants: int,
    as_json: bool,
) -> None:
    """Say how many participants and days an experiment needs, or what it can find.

    \b
    keepgoing plan --baseline 0.10 --mde-relative 0.20 --daily 500
    """
    found = plan(
        baseline=baseline, mde_relative=mde_relative, power=power, level=level, daily=daily, variants=variants
    )
    if as_json:
        put_json(asdict(found))
    else:
        _tell(found)


def _tell(found: ExperimentPlan) -> None:
    put(
        f"To find {percent(found.baseline)} changed by {points(found.mde_absolute)} "
        f"({percent(found.mde_relative, signed=True)}): {count(found.participants_per_variant)} participants "
        f"a variant, {count(found.participants)} in all."
    )
    if found.days is None:
        return
    put(f"At {count(round(found.daily or 0))} participants a day that takes {count(found.days)} days.")
    put("What other durations find:")
    rows = [
        [
            one.days,
            count(one.participants),
            "nothing" if one.mde_absolute is None else points(one.mde_absolute),
        ]
        for one in found.detectable
    ]
    put_table(["days", "participants", "smallest change found"], rows, empty="")
