"""What one gate found, and how an alarm that nobody has cleared stands over what it finds now."""

from __future__ import annotations

from dataclasses import dataclass, replace

from experiments.analysis import wording
from experiments.analysis.alarms import last_of
from experiments.analysis.evidence import Evidence
from experiments.analysis.outcome import Missing, Outcome, State

STAYS = "This stays until a person has cleared it with a reason."


@dataclass(frozen=True, slots=True)
class Finding:
    """What one gate found; with an outcome, it decides."""

    state: State
    detail: str
    outcome: Outcome | None = None
    variants: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()


def standing_alarm(evidence: Evidence, gate: int, now: Finding) -> Finding:
    """What a gate whose alarms stay answers.

    What it finds now, with the clearing that it starts from; but `invalid` while an alarm stands, also when
    the numbers have recovered: a fault that was there does not go from the data by more data.
    """
    if now.outcome is not None:
        return now
    alarm = evidence.alarm
    if alarm is not None and alarm.gate == gate:
        why = f"{alarm.said} Recorded on {wording.date(alarm.at)}.", f"Now: {now.detail}", STAYS
        return Finding("applies", " ".join(why), "invalid", reasons=why)
    cleared = last_of(evidence.clearances, gate)
    if cleared is None:
        return now
    when = wording.date(cleared.at)
    words = (
        f"Cleared on {when} by {cleared.by}: “{cleared.reason}” Only units first exposed later are looked at."
    )
    return replace(now, detail=f"{now.detail} {words}")
