"""Every environment variable of the service, with its unit and default; only entry points read them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from keepgoing.errors import ConfigurationError

PREFIX = "KEEPGOING_"


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class Settings(BaseSettings):
    """The service's settings; each default works on one machine."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    database_url: str = Field(
        "sqlite:///keepgoing.db",
        description="Where the data are, as an SQLAlchemy address; SQLite or PostgreSQL.",
    )
    environment: Literal["development", "production"] = Field(
        "development", description="`production` refuses to start without a secret."
    )
    secret_key: SecretStr | None = Field(
        None, description="Signs sessions; at least 16 characters. Development makes one up at each start."
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = Field(
        "info", description="The lowest level that is logged: debug, info, warning or error."
    )
    trusted_proxies: int = Field(
        0, ge=0, le=10, description="How many reverse proxies in front may set X-Forwarded-For and -Proto."
    )
    max_body_bytes: int = Field(
        1_048_576,
        ge=1_024,
        le=67_108_864,
        description="Largest request body, in bytes, also after gzip is undone.",
    )
    max_events: int = Field(
        1_000, ge=1, le=100_000, description="Most events in one `POST /v1/events`, a count."
    )
    rate_limit_events_per_second: int = Field(
        20_000, ge=1, description="Most events per second of one key, in each worker process."
    )
    rate_limit_requests_per_second: int = Field(
        5_000, ge=1, description="Most requests per second of one key, in each worker process."
    )
    wrong_keys_limit: int = Field(
        60, ge=1, description="Wrong keys that one address may send in `WRONG_KEYS_WINDOW_SECONDS`, a count."
    )
    wrong_keys_window_seconds: int = Field(
        10, ge=1, le=3_600, description="The window of `WRONG_KEYS_LIMIT`, in seconds."
    )
    key_cache_seconds: float = Field(
        5.0, ge=0, le=60, description="How long another process may still accept a deleted key, in seconds."
    )
    ruleset_poll_seconds: float = Field(
        1.0,
        ge=0,
        le=60,
        description="How old a worker's ruleset may be before it asks for changes, in seconds.",
    )
    prometheus_multiproc_dir: str | None = Field(
        None,
        validation_alias="PROMETHEUS_MULTIPROC_DIR",
        description="Folder in which worker processes share their counters (prometheus-client reads it).",
    )

    @model_validator(mode="after")
    def _production_has_a_secret(self) -> Self:
        if self.environment == "production" and self.secret_key is None:
            raise ValueError(
                f"{PREFIX}SECRET_KEY is not set; production needs it. Set 32 or more random characters."
            )
        if self.secret_key is not None and len(self.secret_key.get_secret_value()) < 16:
            raise ValueError(f"{PREFIX}SECRET_KEY is shorter than 16 characters.")
        return self


def read_settings() -> Settings:
    """The settings of this process's environment.

    Raises:
        ConfigurationError: A variable is missing or wrong; `detail` names each.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise ConfigurationError("; ".join(_sentence(fault) for fault in error.errors())) from None


def variable(field: str) -> str:
    """The environment variable that sets this field."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else PREFIX + field.upper()


def _sentence(fault: ErrorDetails) -> str:
    """One fault, with the variable's name in front when it is about one variable."""
    message = fault["msg"].removeprefix("Value error, ")
    if not fault["loc"]:
        return message
    name = str(fault["loc"][0])
    return f"{variable(name) if name in Settings.model_fields else name}: {message}"
