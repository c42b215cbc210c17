"""`keepgoing simulate`: how often a plan's verdict is right, on experiments whose truth is known."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from experiments.analysis.wording import count, number, percent
from experiments.errors import InvalidInput
from service.cli.console import progress, put, put_json, put_table

if TYPE_CHECKING:  # the simulator imports SciPy, and `--help` needs none of it
    from experiments.model.document import Definitions
    from experiments.simulation.premises import Premises
    from experiments.simulation.simulate import Simulated, Simulation
    from experiments.simulation.summary import Figure

SHARES = {
    "false_positive_rate": "false positives",
    "power": "power",
    "coverage": "coverage, always-valid interval",
    "coverage_fixed": "coverage, fixed interval",
    "wrong_decision_rate": "wrong decisions of any kind",
    "wrong_ship_rate": "wrong variants shipped",
}
LENGTHS = {
    "expected_days": "days until the verdict",
    "expected_participants": "participants until the verdict",
}
Numbers = dict[str, float]


@dataclass(frozen=True, slots=True)
class _Size:
    """How much is simulated."""

    runs: int
    seed: int
    daily: int | None
    looks: int | None


@click.command(name="simulate")
@click.option(
    "--definitions",
    "file",
    metavar="FILE",
    required=True,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="The definitions, YAML or JSON; - for standard input.",
)
@click.option("--experiment", "key", metavar="KEY", required=True, help="Whose plan is tried.")
@click.option(
    "--true-rate",
    "rates",
    multiple=True,
    metavar="VARIANT=RATE",
    help="A variant's true rate of the primary metric; as the control's where none is given. The control's "
    "is the plan's baseline or 0.10.",
)
@click.option(
    "--true-mean",
    "means",
    multiple=True,
    metavar="VARIANT=MEAN",
    help="The same, of a metric that is a mean.",
)
@click.option(
    "--sd", type=float, help="Standard deviation of a mean's values; the control's mean by default."
)
@click.option(
    "--shape", default="normal", show_default=True, type=click.Choice(["normal", "lognormal"]),
    help="How values are spread; lognormal has a heavy tail.",
)  # fmt: skip
@click.option("--valued", default=1.0, show_default=True, help="The share of participants who have a value.")
@click.option(
    "--guardrail",
    "guardrails",
    multiple=True,
    metavar="METRIC[:VARIANT]=RATE",
    help="A guardrail's true rate or mean, of all variants or of one; a rate is 0.05 where none is given.",
)
@click.option("--daily", type=click.IntRange(1, 1_000_000), help="Participants a day; by default as planned.")
@click.option("--runs", default=500, show_default=True, type=click.IntRange(2, 1_000_000))
@click.option("--looks", type=click.IntRange(1), help="How many looks, evenly spaced; every day by default.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Same seed, same numbers.")
@click.option("--processes", type=click.IntRange(1, 256), help="How many work at it; one a core by default.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("more", nargs=-1, metavar="[VARIANT=RATE]...")
def command(
    file: str,
    key: str,
    rates: Sequence[str],
    means: Sequence[str],
    sd: float | None,
    shape: str,
    valued: float,
    guardrails: Sequence[str],
    daily: int | None,
    runs: int,
    looks: int | None,
    seed: int,
    processes: int | None,
    as_json: bool,
    more: Sequence[str],
) -> None:
    """Try an experiment's plan on simulated experiments, judged by the same verdict as real ones.

    Says how often it errs where nothing differs, how often it finds what does, and how long it takes.

    \b
    keepgoing simulate --definitions shop.yaml --experiment low-balance-framing \\
        --true-rate control=0.10 --true-rate progress=0.12 --guardrail support_contact:progress=0.06
    """
    from experiments.simulation.premises import Premises

    everybody, one = _guardrails(guardrails)
    premises = Premises(
        rates=_numbers((*rates, *more), "--true-rate"),
        means=_numbers(means, "--true-mean"),
        deviation=sd,
        shape="lognormal" if shape == "lognormal" else "normal",
        valued=valued,
        guardrails=everybody,
        harmed=one,
    )
    asked = _asked(_definitions(file), key, premises, _Size(runs, seed, daily, looks))
    with progress(f"Simulating {count(runs)} experiments", runs) as advance:
        found = asked.run(processes=processes or _cores(), advance=advance)
    if as_json:
        put_json(found.document())
    else:
        _tell(found)


def _definitions(file: str) -> Definitions:
    from experiments.model.document import read

    return read(sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes(), name=file)


def _asked(found: Definitions, key: str, premises: Premises, size: _Size) -> Simulation:
    """The simulation that was asked for.

    Raises:
        click.UsageError: The definitions have no such experiment, or what is assumed does not fit it.
    """
    from experiments.simulation.simulate import simulation

    definition = next((one for one in found.experiments if one.key == key), None)
    if definition is None:
        known = ", ".join(one.key for one in found.experiments) or "none"
        raise click.BadParameter(f"{key!r} is not among the definitions: {known}.", param_hint="--experiment")
    metrics = {metric.key: metric for metric in found.metrics}
    try:
        return simulation(
            definition,
            metrics,
            premises,
            runs=size.runs,
            seed=size.seed,
            daily=size.daily,
            looks=size.looks,
        )
    except InvalidInput as invalid:
        fault = invalid.faults[0]
        raise click.UsageError(f"{fault.pointer.lstrip('/')}: {fault.detail}.") from None


def _numbers(texts: Sequence[str], option: str) -> Numbers:
    found: Numbers = {}
    for name, value in _pairs(texts, option):
        if name in found:
            raise click.BadParameter(f"{name!r} is given twice.", param_hint=option)
        found[name] = value
    return found


def _guardrails(texts: Sequence[str]) -> tuple[Numbers, dict[tuple[str, str], float]]:
    """The numbers that hold for every variant, and those of one variant."""
    everybody: Numbers = {}
    one: dict[tuple[str, str], float] = {}
    for name, value in _numbers(texts, "--guardrail").items():
        metric, colon, variant = name.partition(":")
        if colon:
            one[metric, variant] = value
        else:
            everybody[metric] = value
    return everybody, one


def _pairs(texts: Sequence[str], option: str) -> Iterator[tuple[str, float]]:
    """The names and numbers of `a=0.10,b=0.12`.

    Raises:
        click.BadParameter: It is not written so.
    """
    for part in (part for text in texts for part in text.split(",")):
        name, _, digits = part.partition("=")
        try:
            yield (name.strip(), _finite(digits))
        except ValueError:
            raise click.BadParameter(
                f"{part!r} must be NAME=NUMBER, like control=0.10.", param_hint=option
            ) from None


def _finite(text: str) -> float:
    from experiments.model.quantities import real

    return real(text.strip())


def _cores() -> int:
    return os.cpu_count() or 1


def _tell(found: Simulated) -> None:
    summary, scenario = found.summary, found.simulation.scenario
    put_table(["", "estimate", "± Monte-Carlo error"], list(_rows(found)), empty="")
    for name, words in SHARES.items():
        reason = getattr(summary, name).reason
        if reason is not None:
            put(f"No {words}: {reason}")
    put("")
    rows = [[name, *_percents(figure)] for name, figure in summary.outcomes.items()]
    put_table(["outcome", "share", "± Monte-Carlo error"], rows, empty="")
    put("")
    put(
        f"{count(summary.runs)} simulated experiments with {count(scenario.daily)} participants a day, "
        f"looked at {count(len(scenario.looks))} times in at most {count(scenario.days)} days; "
        f"seed {found.simulation.seed}."
    )
    put(_truths(found))


def _rows(found: Simulated) -> Iterator[list[str]]:
    for name, words in SHARES.items():
        yield [words, *_percents(getattr(found.summary, name))]
    for name, words in LENGTHS.items():
        yield [words, *_numbers_of(getattr(found.summary, name))]


def _percents(figure: Figure) -> list[str]:
    return ["-" if one is None else percent(one) for one in (figure.estimate, figure.standard_error)]


def _numbers_of(figure: Figure) -> list[str]:
    return ["-" if one is None else number(one) for one in (figure.estimate, figure.standard_error)]


def _truths(found: Simulated) -> str:
    words = []
    for key, one in found.document()["truth"].items():
        means = ", ".join(f"{variant} {mean:g}" for variant, mean in one["variants"].items())
        whence = {"given": "", "plan": " (the plan's baseline)", "assumed": " (assumed)"}
        words.append(f"{key}: {means}{whence[one['control_from']]}")
    return f"True {'; '.join(words)}."
