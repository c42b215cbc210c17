"""From bytes to plain values: JSON, or the part of YAML that means the same to everybody.

Of YAML, dates stay text; only `true` and `false` are booleans, so that a locale `no` or a value `off` is
text; numbers are decimal; there are no merge keys (`<<`) and no tags. So a YAML document means what a reader
would take it to mean, and what the same document in JSON means.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import yaml

from experiments.errors import InvalidInput
from experiments.model.complaints import kind, shown
from experiments.model.faults import MAX_DEPTH

MAX_BYTES = 1024 * 1024
MAX_ALIASES = 20
MAX_DIGITS = 100


def parse(document: str | bytes, *, name: str = "document.yaml") -> Any:
    """The values of a document: JSON when its name ends in .json, else YAML.

    Raises:
        InvalidInput: It is too large, too deep, no UTF-8, or not well formed; says in which line and column.
    """
    text = _decoded(document)
    return parse_json(text) if name.lower().endswith(".json") else parse_yaml(text)


def parse_json(document: str | bytes) -> Any:
    """The values of a JSON document, with no key twice in one object and no NaN."""
    try:
        return json.loads(
            _decoded(document),
            object_pairs_hook=_unrepeated,
            parse_constant=_no_constant,
            parse_int=_whole,
        )
    except json.JSONDecodeError as error:
        raise _refusal(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise _refusal(f"is nested more than {MAX_DEPTH} levels deep") from None


def parse_yaml(document: str | bytes) -> Any:
    """The values of a YAML document, read as the module's docstring says."""
    text = _decoded(document)
    try:
        _survey(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader: it makes plain values only
    except yaml.MarkedYAMLError as error:
        raise _refusal(f"{_where(error.problem_mark)}{error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise _refusal(" ".join(str(error).split())[:200]) from None


def _decoded(document: str | bytes) -> str:
    if len(document) > MAX_BYTES:
        raise _refusal(f"has {len(document)} bytes, must have at most {MAX_BYTES}")
    if isinstance(document, str):
        return document
    try:
        return document.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refusal(f"byte {error.start} is not UTF-8; save the file in UTF-8") from None


def _refusal(detail: str) -> InvalidInput:
    return InvalidInput.at("", detail)


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        key = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise _refusal(f"the key {shown(key)} stands twice in one object; remove one")
    return found


def _no_constant(name: str) -> Any:
    raise _refusal(f"{name} is no number in JSON; leave the member out")


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise _refusal(f"a number has {len(digits)} digits, must have at most {MAX_DIGITS}")
    return int(digits)


def _survey(text: str) -> None:
    """Nothing, when the document is shallow and repeats little: before anything is made of it."""
    depth = aliases = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
        if depth > MAX_DEPTH or aliases > MAX_ALIASES:
            excess = (
                f"more than {MAX_DEPTH} levels" if depth > MAX_DEPTH else f"more than {MAX_ALIASES} aliases"
            )
            raise _slip(event, f"has {excess}")


def _where(mark: Any) -> str:
    return "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "


class _Loader(yaml.CSafeLoader):
    """A loader of text, numbers, true, false, null, lists and objects, and of nothing else."""

    # PyYAML keeps both on the class; empty ones of our own, so that nothing is inherited.
    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own declaration
    yaml_constructors = {}  # noqa: RUF012 - PyYAML's own declaration


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise _slip(key_node, f"the key {shown(key)} is {kind(key)}, must be text; write it in quotes")
        if key in found:
            raise _slip(key_node, f"the key {shown(key)} stands twice in one object; remove one")
        if key == "<<":
            raise _slip(key_node, "merge keys (<<) are not supported; write the members out")
        found[key] = loader.construct_object(value_node, deep=True)
    return found


def _number(loader: _Loader, node: yaml.ScalarNode) -> int | float:
    digits = _text(loader, node)
    if len(digits) > MAX_DIGITS:
        raise _slip(node, f"a number has {len(digits)} digits, must have at most {MAX_DIGITS}")
    try:
        return int(digits) if _INTEGER.fullmatch(digits) else float(digits)
    except ValueError:
        raise _slip(node, f"{shown(digits)} is no number") from None


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


def _flag(loader: _Loader, node: yaml.ScalarNode) -> bool:
    return _text(loader, node).lower() == "true"


def _list(loader: _Loader, node: yaml.SequenceNode) -> list[Any]:
    return loader.construct_sequence(node, deep=True)


def _null(*_: object) -> None:
    return None


def _unknown(_: _Loader, node: yaml.Node) -> Any:
    raise _slip(node, f"the tag {shown(node.tag)} is not supported; remove it")


def _slip(place: yaml.Node | yaml.Event, problem: str) -> yaml.MarkedYAMLError:
    mark: Any = place.start_mark  # of the C parser's own class, which the stubs keep apart
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_TAG = "tag:yaml.org,2002:"


def _set_up(loader: type[_Loader]) -> None:
    """Teaches the loader YAML 1.2's core schema, less what would surprise."""
    for name, pattern, first in (
        ("null", re.compile(r"~|null|Null|NULL|"), ["~", "n", "N", ""]),
        ("bool", re.compile(r"true|True|TRUE|false|False|FALSE"), list("tTfF")),
        ("int", _INTEGER, list("-+0123456789")),
        ("float", _FLOAT, list("-+.0123456789")),
    ):
        loader.add_implicit_resolver(_TAG + name, re.compile(f"(?:{pattern.pattern})$"), first)
    for name, constructor in (
        ("null", _null),
        ("bool", _flag),
        ("int", _number),
        ("float", _number),
        ("str", _text),
        ("seq", _list),
        ("map", _mapping),
    ):
        loader.add_constructor(_TAG + name, constructor)
    loader.add_constructor(None, _unknown)


_set_up(_Loader)
