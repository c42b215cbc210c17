"""`keepgoing plan`: how many participants and days an experiment needs, and what it can find."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from experiments.analysis.wording import chance, count, number, percent, points
from experiments.errors import InvalidInput
from service.cli.console import put, put_json, put_table
from service.use_cases.planning import plan

if TYPE_CHECKING:
    from experiments.analysis.planning import ExperimentPlan

KINDS = ("conversion", "retention", "mean", "ratio", "time", "quantile")
HALF_OR_MORE = click.FloatRange(0.5, 0.999)
ABOVE_ZERO = click.FloatRange(0, min_open=True)


class GuardrailType(click.ParamType[Any]):
    """`BASELINE:MARGIN` of a rate, `sd=DEVIATION:MARGIN` of a mean."""

    name = "guardrail"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The guardrail as the API takes it."""
        if not isinstance(value, str):
            return value
        known, _, margin = value.partition(":")
        member = "standard_deviation" if known.startswith("sd=") else "baseline"
        try:
            return {member: float(known.removeprefix("sd=")), "margin": float(margin)}
        except ValueError:
            self.fail(
                f"{value!r} must be BASELINE:MARGIN, like 0.05:0.01, or sd=DEVIATION:MARGIN", param, ctx
            )


@click.command(name="plan")
@click.option(
    "--baseline", type=ABOVE_ZERO, required=True,
    help="The control's rate (0.10 for one in ten), mean, ratio, time or quantile.",
)  # fmt: skip
@click.option("--mde-relative", default=0.05, show_default=True, help="The smallest change worth finding.")
@click.option("--power", default=0.8, show_default=True, type=HALF_OR_MORE, help="The chance to find it.")
@click.option("--level", default=0.95, show_default=True, type=HALF_OR_MORE, help="1 minus the error.")
@click.option("--daily", type=ABOVE_ZERO, help="Participants a day, all together.")
@click.option(
    "--variants", default=2, show_default=True, type=click.IntRange(2, 20), help="With the control."
)
@click.option(
    "--kind", default="conversion", show_default=True, type=click.Choice(KINDS), help="Of the metric."
)
@click.option("--standard-deviation", type=ABOVE_ZERO, help="Of one participant's value (mean, ratio, time).")
@click.option("--horizon", type=ABOVE_ZERO, help="Of a time: its window, in the baseline's unit.")
@click.option(
    "--quantile", default=0.5, show_default=True, type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Of a quantile: its share.",
)  # fmt: skip
@click.option("--log-deviation", type=ABOVE_ZERO, help="Of a quantile: the spread of the values' logarithms.")
@click.option(
    "--mode", default="fixed", show_default=True, type=click.Choice(["fixed", "planned", "open"]),
    help="One look at the end, planned looks, or looks at any time.",
)  # fmt: skip
@click.option("--looks", default=5, show_default=True, type=click.IntRange(1, 100), help="How many planned.")
@click.option(
    "--spending", default="obrien_fleming", show_default=True,
    type=click.Choice(["obrien_fleming", "pocock"]), help="How error is spent over planned looks.",
)  # fmt: skip
@click.option("--weights", help="Of the variants, the control's first: 0.5,0.25,0.25.")
@click.option(
    "--cluster-size", default=1.0, show_default=True, type=click.FloatRange(1),
    help="Participants of a cluster that is randomised as a whole.",
)  # fmt: skip
@click.option(
    "--icc", default=0.0, show_default=True, type=click.FloatRange(0, 1),
    help="How much participants of a cluster are alike.",
)  # fmt: skip
@click.option(
    "--guardrail", "guardrails", multiple=True, type=GuardrailType(),
    help="A guardrail to plan for, BASELINE:MARGIN or sd=DEVIATION:MARGIN. May be repeated.",
)  # fmt: skip
@click.option(
    "--max-days", default=42, show_default=True, type=click.IntRange(1, 3650), help="The longest run."
)
@click.option("--participants", type=click.IntRange(1), help="A number whose power is asked for.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(*, as_json: bool, weights: str | None, **members: Any) -> None:
    """Say how many participants and days an experiment needs, or what it can find.

    \b
    keepgoing plan --baseline 0.10 --mde-relative 0.20 --daily 500
    keepgoing plan --kind mean --baseline 4.20 --standard-deviation 11 --mde-relative 0.1 --mode planned
    """
    found = _planned({**members, "weights": None if weights is None else _weights(weights)})
    if as_json:
        put_json(asdict(found))
    else:
        _tell(found)


def _planned(members: dict[str, Any]) -> ExperimentPlan:
    """The plan; what is at fault is a flag, so it is wrong use."""
    try:
        return plan(**members)
    except InvalidInput as error:
        fault = error.faults[0]
        flag = "--" + fault.pointer.split("/")[1].removesuffix("s").replace("_", "-")
        raise click.BadParameter(fault.detail, param_hint=flag) from None


def _weights(text: str) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not 2 <= len(found) <= 20 or not all(0 < weight <= 1_000_000 for weight in found):
        raise click.BadParameter(
            "must be 2 to 20 numbers above 0, like 0.5,0.25,0.25", param_hint="--weights"
        )
    return found


def _tell(found: ExperimentPlan) -> None:
    is_rate = found.kind in ("conversion", "retention")
    base = percent(found.baseline) if is_rate else number(found.baseline)
    put(
        f"To find {base} changed by {_change(found.mde_absolute, is_rate=is_rate)} "
        f"({percent(found.mde_relative, signed=True)}): {count(found.participants_per_variant)} participants "
        f"a variant, {count(found.participants)} in all."
    )
    if found.guardrail_participants:
        takes = ", ".join(count(one) for one in found.guardrail_participants)
        put(f"To show the guardrails to be good enough takes {takes} in all; the most counts.")
    if found.power_of_participants is not None:
        put(f"The number you asked about finds it with a chance of {chance(found.power_of_participants)}.")
    if found.days is None:
        return
    put(f"At {count(round(found.daily or 0))} participants a day that takes {count(found.days)} days.")
    if found.reason is not None:
        put(found.reason)
    put("What other durations find:")
    rows = [
        [
            one.days,
            count(one.participants),
            "nothing" if one.mde_absolute is None else _change(one.mde_absolute, is_rate=is_rate),
        ]
        for one in found.detectable
    ]
    put_table(["days", "participants", "smallest change found"], rows, empty="")


def _change(value: float, *, is_rate: bool) -> str:
    return points(value) if is_rate else number(value, signed=True)
