"""The nine gates of the verdict, each a function of the evidence that says what it found."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from experiments.analysis import reasons, wording
from experiments.analysis.alarms import EXPOSURE_HEALTH, SAMPLE_RATIO
from experiments.analysis.corrected import corrected_lift
from experiments.analysis.ending import outcome_of, standing, standing_of, summary
from experiments.analysis.evidence import Evidence, GuardrailCheck, HarmCheck
from experiments.analysis.finding import STAYS, Finding, standing_alarm
from experiments.analysis.outcome import Missing, Outcome
from experiments.analysis.results import Unavailable
from experiments.analysis.significance import Crossing, gain, of_control
from experiments.analysis.thresholds import (
    CHI_SQUARE_SRM,
    CHI_SQUARE_WARNING,
    HARM_ALPHA,
    LOSS_OF_MDE,
    MOST_DOUBLY_EXPOSED,
    OVER,
    SEQUENTIAL_SRM,
)

LONGEST_WAIT_DAYS = 3650


def exposure_health(evidence: Evidence) -> Finding:
    """Gate 1: too many units saw two variants, or a variant that should have units has none."""
    return standing_alarm(evidence, EXPOSURE_HEALTH, _exposure_now(evidence))


def sample_ratio(evidence: Evidence) -> Finding:
    """Gate 2: the split is not the one that was asked for."""
    return standing_alarm(evidence, SAMPLE_RATIO, _split_now(evidence))


def _exposure_now(evidence: Evidence) -> Finding:
    exposure = evidence.exposure
    if exposure.units == 0:
        return _unknown("No unit has been exposed yet.")
    if exposure.empty:
        return _decides(
            "invalid",
            f"Of {wording.plural(exposure.units, 'unit')} none saw {wording.listed(exposure.empty)}.",
            "Check that the host serves this variant and that its exposures arrive.",
            STAYS,
            variants=exposure.empty,
        )
    share = exposure.doubly_exposed / exposure.units
    seen = f"{wording.count(exposure.doubly_exposed)} of {wording.plural(exposure.units, 'unit')}"
    if share > MOST_DOUBLY_EXPOSED:
        limit = wording.percent(MOST_DOUBLY_EXPOSED)
        return _decides(
            "invalid",
            f"{seen} saw two variants ({wording.percent(share)}, more than {limit}).",
            "Check that the same unit_id is used at every wall.",
            STAYS,
        )
    return _passes(f"{seen} saw two variants ({wording.percent(share)}).")


def _split_now(evidence: Evidence) -> Finding:
    split = evidence.sample_ratio
    chi_square, sequential = split.chi_square_p_value, split.sequential_p_value
    if isinstance(sequential, Unavailable):
        return _unknown(sequential.reason)
    found = f"sequential test {wording.with_p(sequential)}"
    known = 1.0 if isinstance(chi_square, Unavailable) else chi_square
    found += "" if isinstance(chi_square, Unavailable) else f", chi-square {wording.with_p(chi_square)}"
    if sequential < SEQUENTIAL_SRM or known < CHI_SQUARE_SRM:
        return _decides(
            "invalid",
            f"The variants' participants do not split by their weights ({found}).",
            "Something loses or adds units in one variant, so they cannot be compared: find it first.",
            STAYS,
        )
    warning = " The chi-square alone is a warning, not a stop." if known < CHI_SQUARE_WARNING else ""
    return _passes(f"The split fits the weights ({found}).{warning}")


def harm(evidence: Evidence) -> Finding:
    """Gate 4: a treatment is worse than a margin beyond doubt. It does not wait for the minimum data."""
    if evidence.not_evaluated is not None:
        return _unknown(evidence.not_evaluated)
    unknown = [check for check in evidence.harm if isinstance(check.at_best, Unavailable)]
    harmful = [check for check in evidence.harm if _harms(check)]
    if harmful:
        return _decides(
            "stop_harm",
            *(reasons.harmed(check) for check in harmful),
            f"Whenever one looks, this is a false alarm at most {wording.level(HARM_ALPHA)} of the time, "
            "so the minimum run is not waited for.",
            variants=dict.fromkeys(check.variant for check in harmful),
        )
    known = len(evidence.harm) - len(unknown)
    if known == 0:
        return _unknown(("There is nothing to compare yet." + reasons.not_checked(unknown)).strip())
    said = f"No treatment is worse than its margin beyond doubt ({wording.plural(known, 'check')})."
    return _passes(said + reasons.not_checked(unknown))


def minimum_data(evidence: Evidence) -> Finding:
    """Gate 3: too few days, participants or conversions to say anything."""
    if evidence.not_evaluated is not None:
        return _decides("collecting", f"The primary metric cannot be evaluated: {evidence.not_evaluated}")
    missing = [*_missing_days(evidence), *_missing_participants(evidence), *_missing_conversions(evidence)]
    if missing:
        return _decides("collecting", *_why_collecting(evidence, missing), missing=missing)
    days = evidence.gathered.days
    run = "The rows have no days, so the length of the run was not checked"
    if days is not None:
        run = wording.plural(days, "full day")
    return _passes(f"{run}; every variant has enough participants and conversions.")


def primary(evidence: Evidence, crossed: Crossing) -> Finding:
    """Gate 5: which treatments are beyond the bound. It names no outcome; the gates after it do."""
    if crossed.unavailable is not None:
        return _unknown(crossed.unavailable)
    return _passes(f"{reasons.beyond(crossed)} {reasons.how_decided(evidence)}")


def allowed(evidence: Evidence, crossed: Crossing) -> tuple[str, ...]:
    """The better treatments that every guardrail lets through."""
    blocked = {check.variant for check in evidence.guardrails if not _is_safe(check)}
    return tuple(variant for variant in crossed.better if variant not in blocked)


def guardrails(evidence: Evidence, crossed: Crossing) -> Finding:
    """Gate 6: every treatment that passed gate 5 is, on some guardrail, not shown to be good enough."""
    checks = [check for check in evidence.guardrails if check.variant in crossed.better]
    words = [reasons.guarded(check) for check in checks if not _is_safe(check)]
    if words and not allowed(evidence, crossed):
        lifts = (reasons.lift(evidence, variant) for variant in crossed.better)
        return _decides("winner_blocked", *lifts, *words, variants=crossed.better)
    if not checks:
        return _passes("The plan has no guardrail.")
    return _passes(" ".join(words) or f"{wording.plural(len(checks), 'check')}, all good enough.")


def best(evidence: Evidence, better: tuple[str, ...]) -> Finding:
    """Gate 7: the winner, or several that are too close to tell apart."""
    leader = max(better, key=lambda variant: _gain(evidence, variant))
    lifts = [reasons.lift(evidence, variant) for variant in better]
    if len(better) == 1:
        return _decides("winner", *lifts, *_overstated(evidence, leader), variants=better)
    cost = _cost(evidence, leader, better)
    if cost is None:
        together = "They are too close to tell apart; any of them may be shipped."
        return _decides("tie", *lifts, together, variants=better)
    ahead = f"{leader} is ahead; choosing it costs {reasons.size(cost, evidence)} at most on average."
    return _decides("winner", *lifts, ahead, *_overstated(evidence, leader), variants=(leader,))


def end_of_plan(evidence: Evidence, crossed: Crossing) -> Finding:
    """Gate 8: the plan has ended and no treatment won."""
    looks = evidence.looks
    if isinstance(looks, Unavailable):
        return (
            _unknown(looks.reason) if evidence.ended is None else _unplanned_end(evidence.ended, looks.reason)
        )
    if looks.final is None:
        share = wording.percent(looks.fraction)
        return _passes(f"The plan has not ended: {share} of its information is there.")
    ended = standing(evidence, crossed)
    control_wins = outcome_of(ended) == "control_wins"
    return _decides(
        outcome_of(ended),
        looks.final,
        *summary(evidence, ended),
        *(standing_of(evidence, ended, one.variant) for one in evidence.compared),
        variants=(evidence.control,) if control_wins else (),
    )


def otherwise(evidence: Evidence) -> Finding:
    """Gate 9: nothing has decided yet."""
    waiting = _waiting(evidence)
    if evidence.status in OVER:
        until = evidence.gathered.open_windows_until
        when = f" The last window ends on {wording.date(until)}." if until else ""
        said = f"The experiment is {evidence.status}, and outcomes may still come.{when}"
        return _decides("collecting", said, missing=waiting)
    words = ["No gate has decided yet.", *reasons.progress(evidence.looks)]
    if evidence.status == "paused":
        words.append("The experiment is paused: no new participants come until it goes on.")
    return _decides("keep_running", *words, missing=waiting)


def _overstated(evidence: Evidence, winner: str) -> Iterable[str]:
    """That a winner looks better than it is, and where it is known by how much."""
    found = corrected_lift(evidence, winner)
    if found is None:
        return (reasons.OVERSTATED,)
    return reasons.BETTER_THAN_THEY_ARE, reasons.corrected(evidence, winner, found)


def _unplanned_end(ended: str, reason: str) -> Finding:
    return _decides("inconclusive", ended, f"No look could be planned: {reason}")


def _passes(detail: str) -> Finding:
    return Finding("passed", detail)


def _unknown(detail: str) -> Finding:
    return Finding("not_evaluated", detail)


def _decides(
    outcome: Outcome, *why: str, variants: Iterable[str] = (), missing: Iterable[Missing] = ()
) -> Finding:
    return Finding("applies", " ".join(why), outcome, tuple(variants), why, tuple(missing))


def _harms(check: HarmCheck) -> bool:
    return not isinstance(check.at_best, Unavailable) and check.at_best < -check.margin


def _is_safe(check: GuardrailCheck) -> bool:
    return not isinstance(check.worst, Unavailable) and check.worst > -check.margin


def _missing_days(evidence: Evidence) -> Iterable[Missing]:
    gathered, need = evidence.gathered, evidence.rules.min_days
    if gathered.days is not None and gathered.days < need:
        yield Missing("full days", gathered.days, need, gathered.expected_days_at)


def _missing_participants(evidence: Evidence) -> Iterable[Missing]:
    need = evidence.rules.min_participants
    for variant, there in evidence.gathered.participants.items():
        if there < need:
            yield _paced(evidence, f"participants of {variant} whose window has ended", there, need)


def _missing_conversions(evidence: Evidence) -> Iterable[Missing]:
    conversions, need = evidence.gathered.conversions, evidence.rules.min_conversions
    if evidence.gathered.counts_together:
        conversions = {"all variants together": sum(conversions.values())}
    for variant, there in conversions.items():
        if there < need:
            yield _paced(evidence, f"conversions of {variant}", there, need)


def _paced(evidence: Evidence, what: str, have: int, need: int) -> Missing:
    """What is missing, expected when the pace of the days whose windows have ended goes on."""
    days = evidence.gathered.cohort_days
    if evidence.status != "running" or not days or have == 0:
        return Missing(what, have, need, None)
    wait = min(-((need - have) * days // -have), LONGEST_WAIT_DAYS)
    return Missing(what, have, need, evidence.as_of + timedelta(days=wait))


def _why_collecting(evidence: Evidence, missing: Iterable[Missing]) -> list[str]:
    words = [reasons.still_missing(one) for one in missing]
    if evidence.status == "draft":
        return ["The experiment has not been started.", *words]
    if evidence.status in OVER and evidence.gathered.open_windows_until is None:
        return [*words, f"The experiment is {evidence.status}, so no more will come."]
    return words


def _waiting(evidence: Evidence) -> list[Missing]:
    looks = evidence.looks
    if isinstance(looks, Unavailable):
        return []
    have = int(looks.fraction * looks.planned_participants)
    when = None if looks.days_left is None else evidence.as_of + timedelta(days=looks.days_left)
    what = "participants of each variant whose window has ended"
    return [Missing(what, have, looks.planned_participants, when)]


def _gain(evidence: Evidence, variant: str) -> float:
    found = gain(evidence, reasons.compared(evidence, variant).lift)
    return float("-inf") if found is None else found


def _cost(evidence: Evidence, leader: str, better: tuple[str, ...]) -> float | None:
    """What choosing the leader costs at most, where that is little enough to choose it; else None."""
    losses = evidence.losses.get(leader, {})
    limit = of_control(evidence, evidence.rules.mde_relative * LOSS_OF_MDE)
    if limit is None or any(other not in losses for other in better if other != leader):
        return None
    cost = max(losses.values())
    return cost if cost < limit else None
