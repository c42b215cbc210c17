"""The decision: the SDK's answer to one wall."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from keepgoing.evaluation.assign import FALLBACK, Outcome
from keepgoing.evaluation.message import Answer

NO_SEGMENTS: Mapping[str, Any] = MappingProxyType({})


class Decision:
    """What to send, and why.

    `body` and `headers` are this decision's own copies, made when first asked for: changing them changes no
    other. `segments` is the part of the context that the exposure carries; `unit_id` is None when unfit.
    """

    __slots__ = ("_body", "_headers", "answer", "outcome", "segments", "unit_id")

    _body: Any
    _headers: dict[str, str]

    def __init__(
        self, outcome: Outcome, answer: Answer, unit_id: str | None, segments: Mapping[str, Any]
    ) -> None:
        self.outcome = outcome
        self.answer = answer
        self.unit_id = unit_id
        self.segments = segments

    @property
    def error_code(self) -> str:
        """The error code that was asked for."""
        return self.outcome.error_code

    @property
    def experiment(self) -> str | None:
        """The experiment's key; None where none was asked."""
        return self.outcome.experiment

    @property
    def variant(self) -> str | None:
        """The variant's key; None where the message is no variant's."""
        return self.outcome.variant

    @property
    def reason(self) -> str:
        """Why: split, forced, shipped, holdout, not_targeted, not_in_traffic, no_experiment or fallback."""
        return self.outcome.reason

    @property
    def revision(self) -> int | None:
        """The experiment's revision; None without experiment."""
        return self.outcome.revision

    @property
    def phase(self) -> int | None:
        """The experiment's phase; None without experiment."""
        return self.outcome.phase

    @property
    def is_control(self) -> bool:
        """Whether the variant is its experiment's control; false where the message is no variant's."""
        return self.outcome.is_control

    @property
    def is_exposure(self) -> bool:
        """Whether showing this is an exposure: only a split is."""
        return self.outcome.is_exposure

    @property
    def status(self) -> int:
        """The HTTP status to send."""
        return self.answer.status

    @property
    def headers(self) -> dict[str, str]:
        """The headers to send; this decision's own copy."""
        try:
            return self._headers
        except AttributeError:
            self._headers = dict(self.answer.headers)
            return self._headers

    @property
    def body(self) -> Any:
        """The body to send as JSON; this decision's own copy."""
        try:
            return self._body
        except AttributeError:
            self._body = self.answer.body()
            return self._body

    @property
    def json(self) -> bytes:
        """The body as it was decided, in JSON and UTF-8; what a host changes in `body` does not show here."""
        return self.answer.json()

    @property
    def text(self) -> str:
        """The message for people: what stands in `detail` or `message`."""
        return self.answer.text

    @property
    def locale(self) -> str | None:
        """The locale of the message; None where it is not known."""
        return self.answer.locale

    @property
    def decision_id(self) -> str | None:
        """The opaque id that stands in the body."""
        return self.answer.decision_id

    @property
    def fallback(self) -> bool:
        """Whether less than the full wording was answered: its plain text, or with the reason fallback."""
        return self.answer.is_plain or self.outcome.reason == FALLBACK

    def __repr__(self) -> str:
        return (
            f"<Decision {self.error_code} {self.reason}: experiment={self.experiment!r}, "
            f"variant={self.variant!r}, status={self.status}, text={self.text!r}>"
        )
