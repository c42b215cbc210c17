"""OpenTelemetry: an event `feature_flag.evaluation` for each decision, by the semantic conventions of 1.44.

client = keepgoing.Client(url, key, on_decision=EvaluationEvents())
"""

from __future__ import annotations

from opentelemetry._logs import LoggerProvider, LogRecord, SeverityNumber, get_logger

from keepgoing import __version__
from keepgoing.evaluation import Decision, flags

EVENT = "feature_flag.evaluation"
PROVIDER = "keepgoing"


class EvaluationEvents:
    """What a client calls with each decision, as its `on_decision`.

    Args:
        logger_provider: The global one, where none is given.
    """

    def __init__(self, logger_provider: LoggerProvider | None = None) -> None:
        self._logger = get_logger(PROVIDER, __version__, logger_provider)

    def __call__(self, decision: Decision) -> None:
        attributes = {
            "feature_flag.key": decision.error_code,
            "feature_flag.provider.name": PROVIDER,
            "feature_flag.result.variant": flags.variant(decision),
            "feature_flag.result.reason": flags.REASONS[decision.reason].lower(),
            "feature_flag.context.id": decision.unit_id,
            "feature_flag.version": None if decision.revision is None else str(decision.revision),
        }
        self._logger.emit(
            LogRecord(
                event_name=EVENT,
                severity_number=SeverityNumber.INFO,
                attributes={name: value for name, value in attributes.items() if value is not None},
            )
        )
