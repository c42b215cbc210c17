"""How the columns of a metric are written."""

from __future__ import annotations

import pytest

from experiments.analysis.columns import MetricColumn, metrics_of
from experiments.errors import InvalidInput
from experiments.model.metric import RatioMetric


def test_a_metric_names_its_columns() -> None:
    assert MetricColumn.parsed("bought=conversion:x").columns == ("x",)
    assert MetricColumn.parsed("spent=mean:x,covariate=y").columns == ("x", "y")
    ratio = MetricColumn.parsed("share=ratio:x,denominator=y")
    assert ratio.columns == ("x", "y")
    (metric,) = metrics_of([ratio])
    assert isinstance(metric, RatioMetric)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("bought", "must be NAME=KIND:COLUMN"),
        ("bought=conversion", "must be NAME=KIND:COLUMN"),
        ("bought=sum:x", "kind 'sum' must be one of"),
        ("bought=mean:x,denominator=y", "a ratio has a denominator=COLUMN, and nothing else has one"),
        ("bought=ratio:x", "a ratio has a denominator=COLUMN"),
        ("bought=ratio:x,denominator=y,covariate=z", "a ratio is not adjusted by a covariate"),
        ("bought=time:x,covariate=z", "a time is not adjusted by a covariate"),
        ("bought=mean:x,covariate=x", "from before the exposure, not the outcome"),
        ("bought=mean:x,covariate=", "must be denominator=COLUMN or covariate=COLUMN"),
        ("bought=mean:x,covariate=y,covariate=y", "another column"),
        ("bought=mean:x,weight=y", "'weight=y' must be"),
    ],
)
def test_a_metric_that_is_not_written_right_is_refused(text: str, fault: str) -> None:
    with pytest.raises(InvalidInput, match=fault):
        MetricColumn.parsed(text)


def test_several_covariates_are_kept_in_their_order() -> None:
    column = MetricColumn.parsed("bought=mean:x,covariate=a,covariate=b,covariate=c,direction=decrease")
    assert (column.covariate, column.further) == ("a", ("b", "c"))
    assert column.columns == ("x", "a", "b", "c")


@pytest.mark.parametrize(
    "text", ["y=mean:x,covariate=a,covariate=x", "y=mean:x," + ",".join(f"covariate=c{n}" for n in range(21))]
)
def test_covariates_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="covariate"):
        MetricColumn.parsed(text)
