"""Rulesets: the wire document of docs/ruleset.md, checked and compiled into what `decide` evaluates."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from keepgoing.errors import InvalidRuleset
from keepgoing.evaluation import assign
from keepgoing.evaluation.assign import Assign, ExperimentFacts, Gates, Outcome, Split, Take
from keepgoing.evaluation.document import Place
from keepgoing.evaluation.envelope import Envelope, compile_envelope
from keepgoing.evaluation.facts import Clock, read_facts
from keepgoing.evaluation.hashing import BUCKETS
from keepgoing.evaluation.message import Owner, Wordings, compile_wordings
from keepgoing.evaluation.targeting import Context, Matches, compile_targeting
from keepgoing.evaluation.template import matches_type

FORMAT = 1
TYPE_NAMES = ("string", "integer", "number", "boolean")


class Plan:
    """All that can happen at one error code: `assign` leads a unit to its outcome, `unfit` is for no unit."""

    __slots__ = ("assign", "unfit")

    def __init__(self, assign: Assign, unfit: Outcome) -> None:
        self.assign = assign
        self.unfit = unfit


class Ruleset:
    """A compiled ruleset, immutable. `plans` has one plan for each error code."""

    __slots__ = ("plans", "project", "revision")

    def __init__(self, project: str, revision: int, plans: Mapping[str, Plan]) -> None:
        self.project = project
        self.revision = revision
        self.plans: Mapping[str, Plan] = dict(plans)

    def __repr__(self) -> str:
        return f"<Ruleset {self.project!r} revision {self.revision}, {len(self.plans)} error codes>"


def compile_ruleset(document: Mapping[str, Any], *, clock: Clock = time.time) -> Ruleset:
    """The ruleset that a document describes. Members that this version does not know are ignored.

    Args:
        document: As in docs/ruleset.md.
        clock: Seconds since 1970: offers end and claims run out by it.

    Raises:
        InvalidRuleset: The format is not known, or something is malformed; `pointer` says where.
    """
    try:
        return _compile(Place(document), clock)
    except RecursionError:
        raise InvalidRuleset("is nested too deeply") from None


def _compile(root: Place, clock: Clock) -> Ruleset:
    if root["format"].whole(least=1) != FORMAT:
        raise root["format"].fault(f"is {root['format'].value}, this version understands only {FORMAT}")
    plans = {
        code: _Compiler(root, place, code, clock).plan() for code, place in root["error_codes"].members()
    }
    return Ruleset(root["project"].text(), root["revision"].whole(least=0), plans)


class _Compiler:
    """Compiles the plan of one error code; holds what its experiments share."""

    def __init__(self, root: Place, place: Place, code: str, clock: Clock) -> None:
        self.clock = clock
        self.facts = read_facts(place["claims"])
        self.root = root
        self.place = place
        self.code = code
        self.locales = {tag: data.mapping() for tag, data in root["locales"].members()}
        self.default_locale = place["default_locale"].text()
        self.envelope: Envelope = compile_envelope(place)
        self.default: Wordings = self.wordings(place)

    def plan(self) -> Plan:
        experiments = [_Experiment(self, key) for key in self.place["experiments"].elements()]
        takes = [experiment.take() for experiment in experiments]
        first = experiments[0] if experiments else None
        no_experiment = Outcome(assign.NO_EXPERIMENT, self.code, self.default)
        held_out = Outcome(assign.HOLDOUT, self.code, self.default, experiment=first.facts if first else None)
        unfit = first.unprepared if first else Outcome(assign.FALLBACK, self.code, self.default)
        holdout = _holdout(self.root["holdout"])
        lead = assign.assigner(takes, no_experiment=no_experiment, in_holdout=holdout, held_out=held_out)
        return Plan(lead, unfit)

    def wordings(self, place: Place) -> Wordings:
        """The wordings of a variant or of the error code itself: both have `message` and `decision_id`."""
        decision_id = None if place["decision_id"].absent else place["decision_id"].text()
        owner = Owner(self.envelope, decision_id, self.facts, self.clock)
        return compile_wordings(place["message"], owner, self.default_locale, self.locales)


class _Experiment:
    """Compiles one experiment of an error code."""

    def __init__(self, code: _Compiler, key: Place) -> None:
        self.code = code
        place = code.root["experiments"][key.text()]
        if place.absent:
            raise key.fault(f"names {key.value!r}, which is not in experiments")
        if place["error_code"].text() != code.code:
            raise place["error_code"].fault(f"is {place['error_code'].value!r}, but {key.pointer} lists it")
        self.place = place
        self.facts = ExperimentFacts(
            key=key.text(),
            revision=place["revision"].whole(least=0),
            phase=place["phase"].whole(least=0),
            segments=tuple(segment.text() for segment in _optional_elements(place["segments"])),
        )
        self.variants = _variants(place["variants"], code)
        self.control = self.known("control")
        self.unprepared = self.outcome(assign.FALLBACK, self.control, rescue=self.default(assign.FALLBACK))

    def take(self) -> Take:
        return assign.taker(
            self.gates(),
            not_targeted=self.default(assign.NOT_TARGETED),
            not_in_traffic=self.default(assign.NOT_IN_TRAFFIC),
            unprepared=self.unprepared,
        )

    def gates(self) -> Gates:
        place = self.place
        shipped = None if place["shipped"].absent else self.outcome(assign.SHIPPED, self.known("shipped"))
        forced = place["forced"].members()
        return Gates(
            forced={unit: self.outcome(assign.FORCED, self._variant(key)) for unit, key in forced},
            targeting=None if place["targeting"].absent else compile_targeting(place["targeting"]),
            shipped=shipped,
            in_group=_exclusion(place["exclusion"]),
            in_traffic=_traffic(place),
            needs=_needs(place["needs"]),
            split=self._split(),
        )

    def outcome(self, reason: str, variant: str, *, rescue: Outcome | None = None) -> Outcome:
        return Outcome(
            reason,
            self.code.code,
            self.variants[variant],
            experiment=self.facts,
            variant=variant,
            is_control=variant == self.control,
            rescue=rescue or self.unprepared,
        )

    def default(self, reason: str) -> Outcome:
        return Outcome(reason, self.code.code, self.code.default, experiment=self.facts)

    def known(self, name: str) -> str:
        return self._variant(self.place[name])

    def _variant(self, place: Place) -> str:
        if place.text() not in self.variants:
            raise place.fault(f"is {place.value!r}, which is no variant of this experiment")
        return place.text()

    def _split(self) -> Split:
        places = self.place["variants"].elements()
        edges = [place["edge"].edge() for place in places]
        if edges != sorted(edges) or edges[-1] != BUCKETS:
            raise self.place["variants"].fault("must have edges in order, the last 18446744073709551616")
        outcomes = [self.outcome(assign.SPLIT, key) for key in self.variants]
        return assign.split_at(self.place["salts"]["variant"].text(), edges, outcomes)


def _variants(place: Place, code: _Compiler) -> dict[str, Wordings]:
    variants: dict[str, Wordings] = {}
    for variant in place.elements():
        key = variant["key"].text()
        if key in variants:
            raise variant["key"].fault(f"is {key!r}, which another variant has already")
        variants[key] = code.wordings(variant)
    if not variants:
        raise place.fault("must have at least one variant")
    return variants


def _optional_elements(place: Place) -> list[Place]:
    return [] if place.absent else place.elements()


def _holdout(place: Place) -> Callable[[bytes], bool] | None:
    return None if place.absent else _below(place["salt"].text(), place["edge"].edge())


def _traffic(place: Place) -> Callable[[bytes], bool] | None:
    edge = place["traffic_edge"].edge()
    return None if edge == BUCKETS else _below(place["salts"]["traffic"].text(), edge)


def _below(salt: str, edge: int) -> Callable[[bytes], bool]:
    return (lambda _: True) if edge == BUCKETS else assign.below(salt, edge)


def _exclusion(place: Place) -> Callable[[bytes], bool] | None:
    if place.absent:
        return None
    slots = [_slot(slot) for slot in place["slots"].elements()]
    return assign.within(place["salt"].text(), slots)


def _slot(place: Place) -> tuple[int, int]:
    ends = [end.edge() for end in place.elements()]
    if len(ends) != 2 or ends[0] > ends[1]:
        raise place.fault("must be a pair of edges, the lower first")
    return ends[0], ends[1]


def _needs(place: Place) -> Matches | None:
    needs = tuple((name, _type_name(declared)) for name, declared in place.members())

    def prepared(context: Context) -> bool:
        return all(matches_type(context.get(name), type_name) for name, type_name in needs)

    return prepared if needs else None


def _type_name(place: Place) -> str:
    if place.text() not in TYPE_NAMES:
        raise place.fault(f"is {place.value!r}, must be one of {', '.join(TYPE_NAMES)}")
    return place.text()
