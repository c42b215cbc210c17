"""What to expect of each treatment after shipping, and with what belief the data were weighed."""

from __future__ import annotations

from experiments.analysis import wording
from experiments.analysis.results import Bayesian, Expected, MetricReading
from service.reports.blocks import Paragraph


def expectations(reading: MetricReading) -> list[Paragraph]:
    """One sentence for each treatment that has an expectation, and the source of the belief behind them."""
    said: list[Paragraph] = []
    sources: dict[str, None] = {}
    for variant in reading.variants:
        if not isinstance(variant.bayesian, Bayesian) or not isinstance(variant.bayesian.expected, Expected):
            continue
        found = variant.bayesian.expected
        lower, upper = (
            wording.percent(bound, signed=True) for bound in (found.interval.lower, found.interval.upper)
        )
        said.append(
            Paragraph(
                f"Expect {wording.percent(found.estimate, signed=True)} of the control from {variant.key} "
                f"after shipping ({wording.level(found.level)} interval {lower} to {upper}). "
                "It does not decide.",
                "quiet",
            )
        )
        sources[found.prior.source] = None
    return said + [Paragraph(f"Weighed with what was known before: {source}.", "quiet") for source in sources]
