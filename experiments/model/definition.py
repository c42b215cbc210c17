"""What every part of a definition has in common: it is frozen, and says each of its faults with its place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator

from experiments.model.complaints import Misfit, Path, complaints

__all__ = ["Definition", "Misfit", "Path", "fit"]


def fit(faults: Iterable[tuple[Path, str]]) -> None:
    """Nothing when there is no fault.

    Raises:
        Misfit: With all of them, when there is one.
    """
    found = tuple(faults)
    if found:
        raise Misfit(found)


class Definition(BaseModel):
    """A part of a definition document: unknown fields are refused, and nothing changes after it was made."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="wrap")
    @classmethod
    def _name_places(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """The model; its faults become one `Misfit`, since only here is it known which fields there are."""
        try:
            return handler(data)
        except ValidationError as error:
            raise Misfit(complaints(error, data, fields=_field_names(cls))) from None


def _field_names(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in model.model_fields.items())
