"""Definition documents that are wrong in exactly one place, with the JSON pointer that a refusal must name.

The pointers are those of the whole document. For one experiment sent by itself, take
`case.document["experiments"][0]` and leave `/experiments/0` off the pointer; error codes and metrics alike.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any, NamedTuple

from tests.factories import (
    definitions_document,
    error_code_document,
    experiment_document,
    message_document,
    metric_document,
    variant_document,
)

REMOVED = object()
SEVENTEEN_LEVELS: Any = {"attribute": "plan", "op": "eq", "value": "pro"}
for _ in range(16):
    SEVENTEEN_LEVELS = {"not": SEVENTEEN_LEVELS}


class BadDefinition(NamedTuple):
    """One wrong document."""

    id: str
    document: dict[str, Any]
    pointer: str


def _bad(name: str, place: str, value: Any, pointer: str | None = None) -> BadDefinition:
    """The valid document with `value` at `place`; the fault is there unless `pointer` says otherwise."""
    document = deepcopy(_DOCUMENT)
    *parents, last = place.strip("/").split("/")
    target: Any = document
    for step in parents:
        target = target[int(step)] if isinstance(target, list) else target[step]
    if isinstance(target, list):
        target[int(last)] = value
    elif value is REMOVED:
        del target[last]
    else:
        target[last] = value
    return BadDefinition(name, document, place if pointer is None else pointer)


def _in_german(name: str, pointer: str) -> BadDefinition:
    """The valid document with a German message for error code and control, and none for the treatment."""
    document = deepcopy(_DOCUMENT)
    for owner in (document["error_codes"][0], document["experiments"][0]["variants"][0]):
        owner["message"]["de"] = message_document("Guthaben zu klein. Bitte aufladen.")
    return BadDefinition(name, document, pointer)


_DOCUMENT = definitions_document(
    metrics=[
        metric_document(),
        metric_document(key="recharge_value", kind="mean", event="recharge", currency="USD"),
        metric_document(key="retained", kind="retention", event="api_call", from_day=7, to_day=14),
        metric_document(key="time_to_recharge", kind="time", event="recharge"),
    ],
    experiments=[
        experiment_document(
            targeting={"all": [{"attribute": "plan", "op": "in", "value": ["free", "pro"]}]},
            plan={
                "primary": "recharge",
                "secondary": ["recharge_value"],
                "guardrails": [{"metric": "retained", "margin": 0.01}],
                "segments": ["plan", "locale"],
            },
        )
    ],
)
VALID_DOCUMENT = deepcopy(_DOCUMENT)

_CODE, _METRIC, _EXPERIMENT = "/error_codes/0", "/metrics/0", "/experiments/0"
_MEAN, _RETENTION = "/metrics/1", "/metrics/2"
_PLAN = f"{_EXPERIMENT}/plan"
_TREATMENT = f"{_EXPERIMENT}/variants/1"
_MESSAGE = f"{_TREATMENT}/message/en"
_ACTION = f"{_MESSAGE}/actions/0"
_CONDITION = f"{_EXPERIMENT}/targeting/all/0"
_INCENTIVE = {"kind": "bonus_units", "amount": 10}

_OF_ERROR_CODES = [
    _bad("code_with_a_space", f"{_CODE}/code", "LOW BALANCE"),
    _bad("code_of_65_characters", f"{_CODE}/code", "A" * 65),
    _bad("code_missing", f"{_CODE}/code", REMOVED),
    _bad("status_of_success", f"{_CODE}/status", 200),
    _bad("status_600", f"{_CODE}/status", 600),
    _bad("status_as_text", f"{_CODE}/status", "402"),
    _bad("status_as_boolean", f"{_CODE}/status", True),
    _bad("status_with_decimals", f"{_CODE}/status", 402.5),
    _bad("status_of_5000_digits", f"{_CODE}/status", 10**4000),
    _bad("envelope_unknown", f"{_CODE}/envelope", "xml"),
    _bad("envelope_custom_without_body", f"{_CODE}/envelope", "custom", f"{_CODE}/body"),
    _bad("body_without_custom", f"{_CODE}/body", {"text": "{{detail}}"}),
    _bad("host_with_a_scheme", f"{_CODE}/allowed_hosts", ["https://x.example"], f"{_CODE}/allowed_hosts/0"),
    _bad("title_blank", f"{_CODE}/title", "  "),
    _bad("title_missing", f"{_CODE}/title", REMOVED),
    _bad("type_with_a_placeholder", f"{_CODE}/type", "https://example.com/{plan}"),
    _bad("default_locale_without_message", f"{_CODE}/default_locale", "de", f"{_CODE}/message/de"),
    _bad("default_locale_unknown", f"{_CODE}/default_locale", "english"),
    _bad(
        "context_name_with_a_hyphen",
        f"{_CODE}/context",
        {"usage-percent": "integer"},
        f"{_CODE}/context/usage-percent",
    ),
    _bad("context_type_unknown", f"{_CODE}/context/plan", "text"),
    _bad("context_of_101_attributes", f"{_CODE}/context", {f"a{n}": "string" for n in range(101)}),
    _bad("context_locale_as_number", f"{_CODE}/context", {"locale": "number"}, f"{_CODE}/context/locale"),
    _bad(
        "header_that_steers_nothing", f"{_CODE}/headers", {"Set-Cookie": "a=b"}, f"{_CODE}/headers/Set-Cookie"
    ),
    _bad(
        "header_retry_after_as_date",
        f"{_CODE}/headers",
        {"Retry-After": "Mon, 02 Nov 2026 09:00:00 GMT"},
        f"{_CODE}/headers/Retry-After",
    ),
    _bad(
        "header_with_a_line_break",
        f"{_CODE}/headers",
        {"Retry-After": "1\r\nSet-Cookie: a=b"},
        f"{_CODE}/headers/Retry-After",
    ),
    _bad(
        "header_twice_in_different_capitals",
        f"{_CODE}/headers",
        {"Retry-After": "1", "RETRY-AFTER": "2"},
        f"{_CODE}/headers/RETRY-AFTER",
    ),
    _bad("message_in_no_locale", f"{_CODE}/message", {}),
    _bad("message_in_an_unknown_locale", f"{_CODE}/message/xx-QQ", message_document()),
    _bad("message_in_one_locale_twice", f"{_CODE}/message/EN", message_document(), f"{_CODE}/message"),
    _bad("default_message_without_a_next_step", f"{_CODE}/message/en/actions", []),
    _bad("default_message_with_an_undeclared_placeholder", f"{_CODE}/message/en/detail", "You owe {amount}."),
    _bad(
        "error_code_defined_twice",
        "/error_codes",
        [error_code_document(), error_code_document()],
        "/error_codes/1/code",
    ),
]

_HALF_CAPPED = metric_document(
    key="per_visit",
    kind="ratio",
    numerator={"event": "recharge", "cap_value": 500},
    denominator={"event": "visit"},
)
_OF_METRICS = [
    _bad("metric_key_with_capitals", f"{_METRIC}/key", "Recharge"),
    _bad("metric_kind_unknown", f"{_METRIC}/kind", "median"),
    _bad("metric_kind_missing", f"{_METRIC}/kind", REMOVED),
    _bad("metric_event_missing", f"{_METRIC}/event", REMOVED),
    _bad("metric_event_with_a_space", f"{_METRIC}/event", "top up"),
    _bad("metric_window_of_no_days", f"{_METRIC}/window_days", 0),
    _bad("metric_window_of_a_decade", f"{_METRIC}/window_days", 3650),
    _bad("metric_window_as_text", f"{_METRIC}/window_days", "7"),
    _bad("metric_direction_unknown", f"{_METRIC}/direction", "up"),
    _bad("metric_field_misspelt", f"{_METRIC}/window_day", 7),
    _bad("metric_currency_in_small_letters", f"{_MEAN}/currency", "usd"),
    _bad("metric_count_in_a_currency", f"{_MEAN}/value", "count", f"{_MEAN}/currency"),
    _bad("metric_cap_quantile_of_one", f"{_MEAN}/cap_quantile", 1),
    _bad("metric_cap_not_a_number", f"{_MEAN}/cap_quantile", float("nan")),
    _bad("metric_cap_negative", f"{_MEAN}/cap_value", -5),
    _bad("metric_retention_backwards", f"{_RETENTION}/to_day", 7),
    _bad("metric_retention_from_a_negative_day", f"{_RETENTION}/from_day", -1),
    _bad(
        "metric_quantile_of_one",
        "/metrics/3",
        metric_document(key="median", kind="quantile", event="recharge", quantile=1),
        "/metrics/3/quantile",
    ),
    _bad(
        "metric_quantile_among_nobody",
        "/metrics/3",
        metric_document(key="median", kind="quantile", event="recharge", among="nobody"),
        "/metrics/3/among",
    ),
    _bad(
        "metric_quantile_of_a_count_in_a_currency",
        "/metrics/3",
        metric_document(key="median", kind="quantile", event="a", value="count", currency="USD"),
        "/metrics/3/currency",
    ),
    _bad("metric_ratio_with_one_half_capped", "/metrics/3", _HALF_CAPPED, "/metrics/3/denominator/cap_value"),
    _bad("metric_defined_twice", "/metrics/3", metric_document(), "/metrics/3/key"),
    _bad("metric_that_is_no_object", "/metrics/3", "recharge"),
]

_OF_EXPERIMENTS = [
    _bad("experiment_key_missing", f"{_EXPERIMENT}/key", REMOVED),
    _bad("experiment_key_with_a_slash", f"{_EXPERIMENT}/key", "a/b"),
    _bad("experiment_on_an_unknown_error_code", f"{_EXPERIMENT}/error_code", "NOTHING"),
    _bad("experiment_field_misspelt", f"{_EXPERIMENT}/hypotesis", "x"),
    _bad("hypothesis_too_long", f"{_EXPERIMENT}/hypothesis", "x" * 2001),
    _bad("hypothesis_with_a_nul", f"{_EXPERIMENT}/hypothesis", "a\x00b"),
    _bad("hypothesis_with_half_a_character", f"{_EXPERIMENT}/hypothesis", "a\ud800"),
    _bad("assignment_unknown", f"{_EXPERIMENT}/assignment", "manual"),
    _bad("simulated_as_text", f"{_EXPERIMENT}/simulated", "yes"),
    _bad("traffic_zero", f"{_EXPERIMENT}/traffic", 0),
    _bad("traffic_over_one", f"{_EXPERIMENT}/traffic", 1.01),
    _bad("traffic_as_percent", f"{_EXPERIMENT}/traffic", "50%"),
    _bad("traffic_infinite", f"{_EXPERIMENT}/traffic", float("inf")),
    _bad("traffic_as_boolean", f"{_EXPERIMENT}/traffic", True),
    _bad("exclusion_group_with_a_space", f"{_EXPERIMENT}/exclusion_group", "my group"),
    _bad("salt_with_a_slash", f"{_EXPERIMENT}/salt", "a/b"),
    _bad(
        "forced_to_an_unknown_variant",
        f"{_EXPERIMENT}/forced",
        {"acct/1": "nobody"},
        f"{_EXPERIMENT}/forced/acct~11",
    ),
    _bad("forced_unit_blank", f"{_EXPERIMENT}/forced", {" ": "control"}, f"{_EXPERIMENT}/forced/ "),
    _bad(
        "source_without_label",
        f"{_EXPERIMENT}/source",
        {"url": "https://example.com"},
        f"{_EXPERIMENT}/source/label",
    ),
    _bad(
        "experiment_defined_twice",
        "/experiments",
        [experiment_document(), experiment_document()],
        "/experiments/1/key",
    ),
]

_OF_TARGETING = [
    _bad("targeting_empty", f"{_EXPERIMENT}/targeting", {}),
    _bad("targeting_as_text", f"{_EXPERIMENT}/targeting", "plan = pro"),
    _bad("targeting_all_of_nothing", f"{_EXPERIMENT}/targeting/all", []),
    _bad("targeting_operator_unknown", f"{_CONDITION}/op", "=="),
    _bad("targeting_in_without_a_list", f"{_CONDITION}/value", "free"),
    _bad("targeting_value_missing", f"{_CONDITION}/value", REMOVED),
    _bad("targeting_value_null_in_a_list", f"{_CONDITION}/value", ["free", None], f"{_CONDITION}/value/1"),
    _bad("targeting_value_of_another_type", f"{_CONDITION}/value", ["free", 3]),
    _bad("targeting_attribute_not_declared", f"{_CONDITION}/attribute", "country"),
    _bad("targeting_seventeen_levels_deep", f"{_EXPERIMENT}/targeting", SEVENTEEN_LEVELS),
]

_OF_VARIANTS = [
    _bad("one_variant_only", f"{_EXPERIMENT}/variants", [variant_document()]),
    _bad(
        "twenty_one_variants",
        f"{_EXPERIMENT}/variants",
        [variant_document(), *(variant_document(f"v{n}") for n in range(20))],
    ),
    _bad("no_control", f"{_EXPERIMENT}/variants/0/control", False, f"{_EXPERIMENT}/variants"),
    _bad("two_controls", f"{_TREATMENT}/control", True, f"{_EXPERIMENT}/variants"),
    _bad("two_variants_of_one_key", f"{_TREATMENT}/key", "control"),
    _bad("variant_called_default", f"{_TREATMENT}/key", "default"),
    _bad("weight_negative", f"{_TREATMENT}/weight", -1),
    _bad("weight_not_a_number", f"{_TREATMENT}/weight", float("nan")),
    _bad("weight_missing", f"{_TREATMENT}/weight", REMOVED),
    _bad("weight_of_5000_digits", f"{_TREATMENT}/weight", "9" * 5000),
    _bad("principle_unknown", f"{_TREATMENT}/principles", ["fear"], f"{_TREATMENT}/principles/0"),
    _bad("variant_with_a_status_of_its_own", f"{_TREATMENT}/status", 429),
    _bad("variant_with_headers_of_its_own", f"{_TREATMENT}/headers", {"Retry-After": "1"}),
    _bad(
        "variant_in_a_locale_not_served", f"{_TREATMENT}/message/de", message_document("Guthaben zu klein.")
    ),
    _in_german("variant_without_a_served_locale", f"{_TREATMENT}/message/de"),
]

_OF_MESSAGES = [
    _bad("detail_missing", f"{_MESSAGE}/detail", REMOVED),
    _bad("detail_too_long", f"{_MESSAGE}/detail", "x" * 1001),
    _bad("detail_of_two_lines", f"{_MESSAGE}/detail", "Insufficient balance.\nRecharge."),
    _bad("detail_never_closed", f"{_MESSAGE}/detail", "You used {usage_percent"),
    _bad("detail_with_an_undeclared_placeholder", f"{_MESSAGE}/detail", "You owe {amount}."),
    _bad("detail_with_a_plural_of_a_text", f"{_MESSAGE}/detail", "{plan, plural, one {#} other {#}}"),
    _bad("plain_blank", f"{_MESSAGE}/plain", ""),
    _bad("no_next_step", f"{_MESSAGE}/actions", []),
    _bad("label_too_long", f"{_ACTION}/label", "x" * 81),
    _bad("link_that_runs_script", f"{_ACTION}/href", "javascript:alert(1)"),
    _bad("link_that_hides_its_scheme", f"{_ACTION}/href", "java\tscript:alert(1)"),
    _bad("link_without_scheme", f"{_ACTION}/href", "//example.com"),
    _bad("link_to_a_host_from_the_context", f"{_ACTION}/href", "https://{plan}.example.com/"),
    _bad("link_that_continues_the_host", f"{_ACTION}/href", "https://example.com{plan}"),
    _bad("link_with_a_user_name", f"{_ACTION}/href", "https://example.com@evil.example/"),
    _bad("mail_to_an_address_from_the_context", f"{_ACTION}/href", "mailto:{plan}"),
    _bad("relation_with_a_space", f"{_ACTION}/rel", "next step"),
    _bad(
        "incentive_kind_unknown",
        f"{_TREATMENT}/incentive",
        {"kind": "cash", "amount": 1},
        f"{_TREATMENT}/incentive/kind",
    ),
    _bad(
        "incentive_of_nothing",
        f"{_TREATMENT}/incentive",
        {**_INCENTIVE, "amount": 0},
        f"{_TREATMENT}/incentive/amount",
    ),
    _bad(
        "incentive_end_without_offset",
        f"{_TREATMENT}/incentive",
        {**_INCENTIVE, "ends_at": "2026-12-31T00:00:00"},
        f"{_TREATMENT}/incentive/ends_at",
    ),
    _bad(
        "incentive_budget_negative",
        f"{_TREATMENT}/incentive",
        {**_INCENTIVE, "budget": "-1"},
        f"{_TREATMENT}/incentive/budget",
    ),
]

_OF_PLANS = [
    _bad("plan_missing", _PLAN, REMOVED),
    _bad("primary_missing", f"{_PLAN}/primary", REMOVED),
    _bad("primary_unknown", f"{_PLAN}/primary", "rechargee"),
    _bad("primary_of_a_kind_without_verdict", f"{_PLAN}/primary", "time_to_recharge"),
    _bad("secondary_unknown", f"{_PLAN}/secondary", ["nothing"], f"{_PLAN}/secondary/0"),
    _bad("secondary_that_is_the_primary", f"{_PLAN}/secondary", ["recharge"], f"{_PLAN}/secondary/0"),
    _bad("guardrail_that_is_secondary", f"{_PLAN}/guardrails/0/metric", "recharge_value"),
    _bad("guardrail_without_margin", f"{_PLAN}/guardrails/0/margin", REMOVED),
    _bad("guardrail_margin_negative", f"{_PLAN}/guardrails/0/margin", -0.1),
    _bad("level_of_95", f"{_PLAN}/level", 95),
    _bad("level_of_one", f"{_PLAN}/level", 1),
    _bad("power_of_zero", f"{_PLAN}/power", 0),
    _bad("mde_of_zero", f"{_PLAN}/mde_relative", 0),
    _bad("mde_infinite", f"{_PLAN}/mde_relative", float("inf")),
    _bad("days_backwards", f"{_PLAN}/min_days", 43, f"{_PLAN}/max_days"),
    _bad("participants_with_decimals", f"{_PLAN}/min_participants", 100.5),
    _bad("mode_unknown", f"{_PLAN}/mode", "bandit"),
    _bad("segment_not_declared", f"{_PLAN}/segments", ["country"], f"{_PLAN}/segments/0"),
    _bad("segment_twice", f"{_PLAN}/segments", ["plan", "plan"], f"{_PLAN}/segments/1"),
]

_OF_DOCUMENTS = [
    BadDefinition("document_with_an_unknown_section", {**_DOCUMENT, "experiment": []}, "/experiment"),
    BadDefinition("section_that_is_no_list", {**_DOCUMENT, "experiments": {"a": 1}}, "/experiments"),
    BadDefinition("holdout_of_everybody", {**_DOCUMENT, "holdout": 1}, "/holdout"),
    BadDefinition("holdout_negative", {**_DOCUMENT, "holdout": -0.1}, "/holdout"),
]

BAD_DEFINITIONS = [
    *_OF_ERROR_CODES,
    *_OF_METRICS,
    *_OF_EXPERIMENTS,
    *_OF_TARGETING,
    *_OF_VARIANTS,
    *_OF_MESSAGES,
    *_OF_PLANS,
    *_OF_DOCUMENTS,
]
