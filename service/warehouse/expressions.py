"""What a column's values are in SQL, and which of them are so plain that SQL may add them up.

The rules of a table's values stand in `experiments.analysis.rows`, and nowhere else. An expression here says
`plain` only of values about which those rules leave no doubt; other rows go through the rules themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from experiments.analysis.columns import MetricColumn
from experiments.analysis.rows import FALSE, LARGEST_VALUE, SCALE, TRUE
from experiments.model.metric import RATE_KINDS, MeanMetric, Metric, TimeMetric

LIMB = 2**30
"""Values are split by it: products of the parts stay below 2⁶³, and are added in 128 bits exactly."""
WHOLE = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
)
FLOATING = frozenset({"FLOAT", "DOUBLE"})
DECIMAL_TEXT = r"-?[0-9]{1,9}(\.[0-9]{1,6})?"
LARGEST_FLOAT = 10**8
"""Up to here a double times 10⁶ is wrong by less than 0.03, and 0.1 is kept away from the halves."""
BLANKS = "".join(character for character in map(chr, range(0x3001)) if character.isspace())
"""All that `str.strip` takes off."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A value in SQL.

    Attributes:
        plain: A condition; where it does not hold, the value is not to be computed.
        value: The value where it holds, as BIGINT.
    """

    plain: str
    value: str

    @property
    def guarded(self) -> str:
        """The value where it is plain, else 0."""
        return f"CASE WHEN {self.plain} THEN {self.value} ELSE 0::BIGINT END"


def is_summable(metric: Metric) -> bool:
    """Whether the metric is read from its sums and bins; a time and a fixed cap change the values first."""
    capped = isinstance(metric, MeanMetric) and metric.cap_value is not None
    return not capped and not isinstance(metric, TimeMetric)


def edge(value: str, digits: int) -> str:
    """The edge of a value's bin, as `experiments.model.bins.bin_of` has it, of an expression below 10¹⁸."""
    steps = " ".join(f"WHEN abs({value}) < {10 ** (digits + power)} THEN {10**power}" for power in range(18))
    step = f"(CASE {steps} ELSE {10**18} END)::BIGINT"
    return f"sign({value})::BIGINT * ((abs({value}) + {step} - 1) // {step}) * {step}"


def quoted(name: str) -> str:
    """A column's name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL takes it."""
    return "'" + text.replace("'", "''") + "'"


def text_of(name: str, kind: str) -> str:
    """The text of a column's value, which the rules are about."""
    return f"{quoted(name)}::DOUBLE::VARCHAR" if kind in FLOATING else f"{quoted(name)}::VARCHAR"


def stripped(name: str, kind: str) -> str:
    """That text without blanks around it; NULL where nothing is left."""
    text = text_of(name, kind)
    return f"nullif(trim({text}, {literal(BLANKS)}), '')" if kind == "VARCHAR" else text


def unit_key(name: str, kind: str) -> str:
    """What two rows of one unit have in common."""
    return quoted(name) if kind in WHOLE else stripped(name, kind)


def outcome(column: MetricColumn, kind: str) -> Expression:
    """A metric's outcome: 1 or 0 of a rate, else millionths."""
    if column.kind in RATE_KINDS:
        return _yes_or_no(column.column, kind)
    return _millionths(column.column, kind)


def beside(name: str, kind: str) -> Expression:
    """A denominator or covariate in millionths."""
    if kind == "BOOLEAN":
        return Expression(f"{quoted(name)} IS NOT NULL", f"{quoted(name)}::BIGINT * {SCALE}")
    return _millionths(name, kind)


def _yes_or_no(name: str, kind: str) -> Expression:
    column = quoted(name)
    if kind == "BOOLEAN":
        return Expression(f"{column} IS NOT NULL", f"{column}::BIGINT")
    if kind in WHOLE:
        return Expression(f"{column} IN (0, 1)", f"{column}::BIGINT")
    if kind in FLOATING:  # a negative zero is written -0.0, which is neither yes nor no
        return Expression(f"{column} IN (0, 1) AND NOT signbit({column}::DOUBLE)", f"{column}::BIGINT")
    if kind == "VARCHAR":
        yes = ", ".join(map(literal, sorted(TRUE)))
        both = ", ".join(map(literal, sorted(TRUE | FALSE)))
        return Expression(f"{column} IN ({both})", f"({column} IN ({yes}))::BIGINT")
    return Expression("FALSE", "0::BIGINT")


def _millionths(name: str, kind: str) -> Expression:
    column = quoted(name)
    if kind in WHOLE:
        limits = f"{column} BETWEEN -{LARGEST_VALUE} AND {LARGEST_VALUE}"
        return Expression(limits, f"{column}::BIGINT * {SCALE}")
    if kind in FLOATING:
        product = f"({column}::DOUBLE * 1e6)"
        away = f"abs({product} - floor({product}) - 0.5) > 0.1"
        return Expression(f"abs({column}) <= {LARGEST_FLOAT} AND {away}", f"round({product})::BIGINT")
    if kind == "VARCHAR":
        fits = f"regexp_full_match({column}, {literal(DECIMAL_TEXT)})"
        return Expression(fits, f"({column}::DECIMAL(30, 6) * {SCALE})::BIGINT")
    if kind.startswith("DECIMAL(") and int(kind[:-1].partition(",")[2]) <= 6:
        limits = f"abs({column}) <= {LARGEST_VALUE}"
        return Expression(limits, f"({column}::DECIMAL(30, 6) * {SCALE})::BIGINT")
    return Expression("FALSE", "0::BIGINT")
