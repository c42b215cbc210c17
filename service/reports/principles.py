"""The report over all experiments: what each persuasion principle brings, with its forest of experiments."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from experiments.analysis import wording
from experiments.analysis.principles import Contribution, LeftOut, Pooling
from experiments.analysis.results import Unavailable
from experiments.stats.pooling import Pooled
from experiments.stats.shrinkage import RelativePrior
from keepgoing import __version__
from service.reports.blocks import Bar, Block, Column, Forest, Paragraph, Report, Section, Table

THICK = "Thick: 95 in 100 intervals like this hold the lift."
THIN = "Thin: where the next experiment's is to be expected."
AXIS = "good lift against the control, as a percentage of it"
NOTHING = "No experiment that has started has a treatment with a persuasion principle yet."
SIMULATED = "Simulated units: no real person is behind these numbers."


def principles_report(found: Mapping[str, Pooling]) -> Report:
    """One section a principle; the same findings give the same report."""
    known = [one for one in found.values() if not isinstance(one.pooled, Unavailable)]
    headline = f"{len(known)} of {wording.plural(len(found), 'principle')} can be told over experiments."
    return Report(
        title="Which persuasion principle works?",
        labels=(),
        simulated=False,
        facts=(f"Keepgoing {__version__}",),
        headline=headline if found else NOTHING,
        tone="plain",
        sections=tuple(_section(name, pooling) for name, pooling in found.items()),
    )


def _section(principle: str, pooling: Pooling) -> Section:
    labels = (SIMULATED,) if pooling.simulated else ()
    blocks: list[Block] = [Paragraph(pooling.says, "warning" if pooling.simulated else "plain")]
    if pooling.contributions:
        blocks += [_forest(principle, pooling, labels), _table(pooling, labels)]
    if pooling.prior is not None:
        blocks.append(Paragraph(_prior(pooling.prior), "quiet"))
    if pooling.left_out:
        blocks.append(_left_out(pooling.left_out, labels))
    return Section(principle, principle.replace("_", " ").capitalize(), tuple(blocks))


def _forest(principle: str, pooling: Pooling, labels: tuple[str, ...]) -> Forest:
    bars = [_bar(one) for one in pooling.contributions]
    legend = THICK
    if not isinstance(pooling.pooled, Unavailable):
        bars.append(_together(pooling.pooled))
        legend = f"{THICK} {THIN}"
    return Forest(f"Lift with {principle}", tuple(bars), True, labels, legend, AXIS)


def _bar(one: Contribution) -> Bar:
    document = one.document()
    lower, upper = document["interval"]
    return Bar(one.experiment, document["lift"], (lower, upper), None, _words(document["lift"], lower, upper))


def _together(pooled: Pooled) -> Bar:
    lift = math.expm1(pooled.mean.estimate)
    lower, upper = (math.expm1(bound) for bound in (pooled.mean.interval.lower, pooled.mean.interval.upper))
    next_one = math.expm1(pooled.prediction.lower), math.expm1(pooled.prediction.upper)
    return Bar("all together", lift, (lower, upper), next_one, _words(lift, lower, upper))


def _words(lift: float, lower: float, upper: float) -> str:
    low, high = (wording.percent(bound, signed=True) for bound in (lower, upper))
    return f"{wording.percent(lift, signed=True)} ({low} to {high})"


def _table(pooling: Pooling, labels: tuple[str, ...]) -> Table:
    rows = [
        (
            one.experiment,
            wording.listed(one.variants),
            one.metric,
            ", ".join(one.beside) or "none",
            _bar(one).words,
        )
        for one in pooling.contributions
    ]
    if not isinstance(pooling.pooled, Unavailable):
        rows.append(("all together", "", "", "", _together(pooling.pooled).words))
    columns = (
        Column("Experiment", False),
        Column("Treatments", False),
        Column("Primary metric", False),
        Column("Other principles", False),
        Column("Good lift, of the control"),
    )
    return Table(
        f"What {wording.plural(len(pooling.contributions), 'experiment')} found", columns, tuple(rows), labels
    )


def _left_out(left_out: Sequence[LeftOut], labels: tuple[str, ...]) -> Table:
    columns = (Column("Experiment", False), Column("Left out because", False))
    return Table("Left out", columns, tuple((one.experiment, one.reason) for one in left_out), labels)


def _prior(prior: RelativePrior) -> str:
    return (
        f"As the next plan's prior: relative lift normal with mean {wording.number(prior.mean)} and standard "
        f"deviation {wording.number(prior.deviation)} ({prior.source})."
    )
