"""A definition document: error codes, metrics and experiments, as they are kept in a file under review."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from pydantic import Field, model_validator

from experiments.errors import Fault, InvalidInput
from experiments.model.checks import error_code_faults, experiment_faults
from experiments.model.definition import Definition, Path, fit
from experiments.model.error_code import ErrorCode
from experiments.model.experiment import Experiment
from experiments.model.faults import MAX_FAULTS, validated
from experiments.model.loading import parse
from experiments.model.metric import Metric
from experiments.model.quantities import Holdout

MAX_ITEMS = 1000

ItemT = TypeVar("ItemT")
Items = Annotated[tuple[ItemT, ...], Field(max_length=MAX_ITEMS)]


class Definitions(Definition):
    """One document; what it leaves out stays as it is in the project."""

    error_codes: Items[ErrorCode] = ()
    metrics: Items[Metric] = ()
    experiments: Items[Experiment] = ()
    holdout: Holdout | None = None

    @model_validator(mode="after")
    def _fits(self) -> Definitions:
        fit(
            [
                *_repeated("error_codes", "code", [one.code for one in self.error_codes]),
                *_repeated("metrics", "key", [one.key for one in self.metrics]),
                *_repeated("experiments", "key", [one.key for one in self.experiments]),
            ]
        )
        return self


@dataclass(frozen=True)
class Catalogue:
    """What a document may refer to without defining it: what the project has already."""

    error_codes: Mapping[str, ErrorCode] = field(default_factory=dict)
    metrics: Mapping[str, Metric] = field(default_factory=dict)

    def with_those_of(self, definitions: Definitions) -> Catalogue:
        """The catalogue after the document is applied."""
        return Catalogue(
            {**self.error_codes, **{one.code: one for one in definitions.error_codes}},
            {**self.metrics, **{one.key: one for one in definitions.metrics}},
        )


def load(
    document: str | bytes, *, name: str = "document.yaml", known: Catalogue | None = None
) -> Definitions:
    """The definitions of a document, checked each by itself and against one another.

    Args:
        document: YAML, or JSON when its name says so.
        name: The file's name.
        known: What the project has already, and the document may refer to.

    Raises:
        InvalidInput: With a JSON pointer for each fault; or with line and column when it cannot be read.
    """
    return definitions(parse(document, name=name), known=known)


def read(document: str | bytes, *, name: str = "document.yaml") -> Definitions:
    """The definitions of a document, each checked by itself; who applies them checks them with what there is.

    Raises:
        InvalidInput: With a JSON pointer for each fault; or with line and column when it cannot be read.
    """
    return validated(Definitions, parse(document, name=name))


def definitions(data: Any, *, known: Catalogue | None = None) -> Definitions:
    """The definitions that plain data describe, checked as `load` does.

    Raises:
        InvalidInput: With a JSON pointer for each fault.
    """
    found = validated(Definitions, data)
    faults = list(document_faults(found, known or Catalogue()))
    if faults:
        raise InvalidInput(faults[:MAX_FAULTS])
    return found


def document_faults(document: Definitions, known: Catalogue) -> Iterator[Fault]:
    """What does not fit together in a document, beside what the project has already."""
    catalogue = known.with_those_of(document)
    for number, error_code in enumerate(document.error_codes):
        yield from error_code_faults(error_code, f"/error_codes/{number}")
    for number, experiment in enumerate(document.experiments):
        error_code_named = catalogue.error_codes.get(experiment.error_code)
        yield from experiment_faults(
            experiment, error_code_named, catalogue.metrics, f"/experiments/{number}"
        )


def _repeated(section: str, member: str, names: Sequence[str]) -> Iterator[tuple[Path, str]]:
    seen: set[str] = set()
    for number, name in enumerate(names):
        if name in seen:
            yield (section, number, member), f"{name!r} is defined twice in this document; remove one"
        seen.add(name)
