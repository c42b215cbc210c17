"""`keepgoing analyze`: the same analysis over a file with one row a unit, without the service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from experiments.errors import InvalidInput
from service.cli.formats import Moment, chosen_format, format_option, output_option, put_report
from service.cli.table_engine import ENGINES, read_table
from service.warmup import warm_up

if TYPE_CHECKING:  # the analysis imports SciPy, and `--help` needs none of it
    from experiments.analysis.columns import MetricColumn
    from experiments.analysis.document import Results
    from experiments.analysis.rows import Reader

Function = TypeVar("Function", bound=Callable[..., Any])


def _not_yet(_: click.Context, parameter: click.Parameter, value: object) -> None:
    if value:
        raise click.UsageError(f"{parameter.opts[0]} is not available yet; give a table with one row a unit.")


def _later(name: str) -> Callable[[Function], Function]:
    return click.option(name, expose_value=False, callback=_not_yet, hidden=True)


@click.command(name="analyze")
@click.argument("file", metavar="FILE", required=False)
@click.option("--unit", metavar="COLUMN", help="The column of the unit's id; one row a unit.")
@click.option("--variant", metavar="COLUMN", help="The column of the variant that the unit saw.")
@click.option("--control", metavar="VALUE", help="The variant that the others are compared with.")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME=KIND:COLUMN[,covariate=COLUMN][,denominator=COLUMN][,SETTING=VALUE]",
    help="What to compare; KIND is conversion or retention (0 or 1), mean, ratio with its denominator, time "
    "(seconds to the event, empty where it never came; needs window_days=DAYS) or quantile (quantile=0.5, "
    "among=converted). A mean may have cap_quantile=0.999 or cap_value=500; direction=decrease where lower "
    "is better. A covariate is a column from before the exposure; there may be several. The first metric "
    "that is no time and no "
    "quantile is the primary one.",
)
@click.option(
    "--weights", metavar="A=0.5,B=0.5", help="The intended share of each variant; equal by default."
)
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    help="What reads FILE: duckdb reads Parquet always, and CSV when asked; with the same numbers in less "
    "time and memory. postgres and spark are not available yet.",
)
@click.option("--as-of", type=Moment(), help="The moment that the results carry; now by default.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the results document; the same as --format json."
)
@format_option
@output_option
@_later("--exposures")
@_later("--conversions")
@_later("--definitions")
@_later("--experiment")
def command(
    file: str | None,
    unit: str | None,
    variant: str | None,
    control: str | None,
    metrics: Sequence[str],
    weights: str | None,
    engine: str | None,
    as_of: datetime | None,
    as_json: bool,
    chosen: str | None,
    output: str,
) -> None:
    """Analyse FILE, a CSV (also gzip; - is standard input) or Parquet file with one row a unit.

    \b
    keepgoing analyze players.csv.gz --unit userid --variant version --control gate_30 \\
        --metric retained_d7=retention:retention_7 --metric rounds=mean:sum_gamerounds
    """
    if file is None or not unit or not variant or not control or not metrics:
        _refuse_incomplete(file, unit=unit, variant=variant, control=control, metric=metrics)
    extension = "json" if as_json else chosen_format(chosen, output)
    columns = [_column(text) for text in metrics]
    shares = None if weights is None else _weights(weights)
    warm_up(("experiments.analysis.analyze",))  # while the file is read, which is not Python's work
    reader = read_table(file, unit, variant, columns, engine)
    found = _results(reader, unit, variant, control, columns, shares, as_of or _now())
    put_report(_written(found, extension), output, pretty=extension == "md" and chosen is None)


def _results(
    reader: Reader,
    unit: str,
    variant: str,
    control: str,
    columns: Sequence[MetricColumn],
    shares: dict[str, Fraction] | None,
    as_of: datetime,
) -> Results:
    from experiments.analysis.analyze import analyze
    from experiments.analysis.table import TableOptions, data_from_reader

    options = TableOptions(weights=shares)
    data = data_from_reader(
        reader, unit=unit, variant=variant, control=control, metrics=columns, as_of=as_of, options=options
    )
    return analyze(data)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _written(found: Results, extension: str) -> str:
    from service.reports.formats import written

    return written(found, extension)


def _refuse_incomplete(file: str | None, **options: object) -> NoReturn:
    missing = [] if file else ["FILE"]
    missing += [f"--{name}" for name, value in options.items() if not value]
    raise click.UsageError(f"Missing: {', '.join(missing)}. See keepgoing analyze --help for an example.")


def _column(text: str) -> MetricColumn:
    """The metric that was asked for.

    Raises:
        click.BadParameter: It is not written as it must be, or is not available yet.
    """
    from experiments.analysis.columns import MetricColumn

    try:
        found = MetricColumn.parsed(text)
    except InvalidInput as invalid:
        raise click.BadParameter(invalid.faults[0].detail, param_hint="--metric") from None
    return found


def _weights(text: str) -> dict[str, Fraction]:
    """The weights of `a=0.5,b=0.5`.

    Raises:
        click.BadParameter: It is not written so.
    """
    weights: dict[str, Fraction] = {}
    for part in text.split(","):
        name, equals, number = part.partition("=")
        try:
            weight = Fraction(number)
        except (ValueError, ZeroDivisionError):
            weight = Fraction(-1)
        if not (name and equals) or weight < 0 or name in weights:
            raise click.BadParameter(
                f"{part!r} must be VARIANT=WEIGHT, like control=0.5, each variant once.",
                param_hint="--weights",
            )
        weights[name.strip()] = weight
    return weights
