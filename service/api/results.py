"""Calls that read: results, series, health, verdicts, and what all experiments together show."""

from __future__ import annotations

from service.api.answers import Answer
from service.api.calls import Calls
from service.api.result_schemas import (
    HealthView,
    PrincipleView,
    ResultsQuery,
    ResultsView,
    StandingView,
    TimeseriesQuery,
    TimeseriesView,
    VerdictView,
)
from service.api.schemas import Listing, PageQuery, listing
from service.api.services import services
from service.observability import exception_fields
from service.use_cases import overview, principles, results, verdicts
from service.use_cases.credentials import Role
from service.use_cases.overview import Standing
from service.use_cases.principles import PrincipleFound
from service.use_cases.scope import Scope, StorageBusy
from service.use_cases.verdicts import RecordedVerdict

calls = Calls("results")


@calls.get(
    "/v1/experiments/{key}/results",
    role=Role.VIEWER,
    summary="The analysis of an experiment",
    query=ResultsQuery,
    answer=ResultsView,
    problems=(404,),
)
def show_results(scope: Scope, key: str, query: ResultsQuery) -> Answer:
    """To date. A verdict that differs from the one before is recorded."""
    found = results.results(scope, key, segment=query.segment, as_of=query.as_of)
    if query.segment is None and query.as_of is None:
        try:
            verdicts.record_verdict(scope, key, found)
        except (
            StorageBusy
        ) as error:  # the next reader or the worker records it; these results stand all the same
            services().log.warning("verdict_not_recorded", **exception_fields(error))
    return Answer(found.document())


@calls.get(
    "/v1/experiments/{key}/timeseries",
    role=Role.VIEWER,
    summary="A metric day by day",
    query=TimeseriesQuery,
    answer=TimeseriesView,
    problems=(404,),
)
def show_timeseries(scope: Scope, key: str, query: TimeseriesQuery) -> Answer:
    """Participants, and the lift with its always-valid interval."""
    return Answer(results.timeseries(scope, key, metric=query.metric).document())


@calls.get(
    "/v1/experiments/{key}/health",
    role=Role.VIEWER,
    summary="Whether an experiment's data can be trusted",
    answer=HealthView,
    problems=(404,),
)
def show_health(scope: Scope, key: str) -> Answer:
    """Every check by name with its state; here the split is looked at in every declared segment too."""
    return Answer(results.results(scope, key, every_segment=True).health.document())


@calls.get(
    "/v1/experiments/{key}/verdicts",
    role=Role.VIEWER,
    summary="The verdicts recorded, newest first",
    query=PageQuery,
    answer=Listing[VerdictView],
    problems=(404,),
)
def list_verdicts(scope: Scope, key: str, query: PageQuery) -> Answer:
    """Each as it was recorded; none is ever changed."""
    return Answer(listing(verdicts.list_verdicts(scope, key, query.page()).map(_verdict)))


@calls.get(
    "/v1/overview", role=Role.VIEWER, summary="Every experiment at a glance", answer=Listing[StandingView]
)
def show_overview(scope: Scope) -> Answer:
    """With status, participants and the verdict recorded last."""
    return Answer({"items": [_standing(one) for one in overview.overview(scope)], "next": None})


@calls.get(
    "/v1/principles",
    role=Role.VIEWER,
    summary="What experiments tell of each persuasion principle",
    answer=Listing[PrincipleView],
)
def show_principles(scope: Scope) -> Answer:
    """Each variant that uses it with its lift, their random-effects mean, and what a next one may bring."""
    return Answer({"items": [_principle(one) for one in principles.principles(scope)], "next": None})


def _verdict(recorded: RecordedVerdict) -> dict[str, object]:
    return {
        "id": recorded.id,
        "recorded_at": recorded.recorded_at,
        "revision": recorded.revision,
        **recorded.document,
    }


def _standing(standing: Standing) -> dict[str, object]:
    definition = standing.state.definition
    recorded = {"outcome": standing.outcome, "winner": standing.winner, "recorded_at": standing.recorded_at}
    return {
        "key": definition.key,
        "error_code": definition.error_code,
        "status": str(standing.state.status),
        "hypothesis": definition.hypothesis,
        "simulated": definition.simulated,
        "source": definition.source,
        "participants": standing.participants,
        "started_at": standing.state.started_at,
        "verdict": None if standing.outcome is None else recorded,
    }


def _principle(found: PrincipleFound) -> dict[str, object]:
    variants = [
        {"experiment": one.experiment, "variant": one.variant, "metric": one.metric, "result": one.result}
        for one in found.showings
    ]
    return {"principle": found.principle, "variants": variants, **found.pooling.document()}
