"""Judges a document's shape by the models of `cfacl.policy.document.sections`, in words of our own."""

from __future__ import annotations

import types
from collections.abc import Mapping
from datetime import date, datetime, time
from functools import lru_cache
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cfacl.errors import quoted
from cfacl.model.names import IDENTIFIER, PURPOSE
from cfacl.policy.document.notation import ACCESS, DURATION, unknown_action
from cfacl.policy.document.sections import OURS, Document
from cfacl.policy.faults import Hints, Place, Problem

#: What TOML calls the values that tomllib gives; the first that fits.
_KINDS: Final = (
    (bool, "a boolean"),
    (str, "a string"),
    (int, "an integer"),
    (float, "a float"),
    (list, "an array"),
    (dict, "a table"),
    (datetime, "a date-time"),
    (date, "a local date"),
    (time, "a local time"),
)
_WANTED: Final = {
    "string_type": "a string",
    "int_type": "an integer",
    "bool_type": "`true` or `false`",
    "list_type": "an array",
    "dict_type": "a table",
    "model_type": "a table",
    "datetime_type": "an offset date-time such as 2027-06-30T00:00:00Z",
}
_PATTERNS: Final = {
    IDENTIFIER: "the name must be 1 to 128 ASCII letters, digits, `_`, `.` and `-`, the first none of the last two",
    PURPOSE: "the name must be words of ASCII letters, digits, `_` or `-`, joined by single dots",
    DURATION: "must be a duration above zero in days, hours or seconds, such as `400d`, `12h` or `90s`",
    ACCESS: "must be an action and a family of a table, such as `read account:prof`",
}


def judge(document: Mapping[str, Any], hints: Hints) -> tuple[Document | None, list[Problem]]:
    """Return the validated document, or ``None`` and all that is wrong with its shape."""
    try:
        return Document.model_validate(document), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    problems = (_problem(each, document, hints) for each in details)
    return None, [each for each in problems if each is not None]


@lru_cache(maxsize=256)
def keys_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keys of a table in the order of the reference; none if its keys are names, or it is no table.

    Args:
        names: the way to it, without the indices of arrays: ``("roles", "support", "grants")``.
    """
    node: Any = Document
    for each in names:
        node = _section(node)
        node = get_args(node)[1] if get_origin(node) is dict else _fields(node).get(each)
    return tuple(_fields(_section(node)))


def _section(node: Any) -> Any:
    """Return an annotation of items as that of one, and of an item that may be a name as that of the table."""
    node = _plain(node)
    if get_origin(node) is list:
        node = _plain(get_args(node)[0])
    return get_args(node)[-1] if _is_union(node) else node


def _fields(node: Any) -> dict[str, Any]:
    fields = getattr(node, "model_fields", {})
    return {each.alias or name: each.annotation for name, each in fields.items()}


def _problem(error: ErrorDetails, document: Mapping[str, Any], hints: Hints) -> Problem | None:
    node: Any = Document
    value: Any = document
    known: list[str] = []
    described = ""
    place: Place = ()
    for step in error["loc"]:
        node = _plain(node)
        if get_origin(node) is dict:
            node = get_args(node)[1]
        elif get_origin(node) is list:
            node = get_args(node)[0]
        elif _is_union(node):  # the step is pydantic's name of one branch, and no place in the document
            branches = {each.__name__: each for each in get_args(node)}
            node = branches[str(step)]
            if (node is str) is isinstance(value, dict):
                return None
            if not isinstance(value, str | dict):
                return Problem(place, f"must be a role's name or a table with `role`, not {_kind(value)}")
            continue
        else:
            fields = {each.alias or name: each for name, each in node.model_fields.items()}
            known = sorted(fields)
            if step not in fields and error["type"] != "extra_forbidden":  # pydantic's mark for the key itself
                break
            if step in fields:
                node, described = fields[str(step)].annotation, fields[str(step)].description or ""
        place = (*place, step)
        value = value[int(step)] if isinstance(value, list) else value.get(step)  # the last key may be missing
    return Problem(place, _message(error, place, known, described, hints))


def _message(error: ErrorDetails, place: Place, known: list[str], described: str, hints: Hints) -> str:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == OURS:
        return error["msg"]
    if kind == "missing":
        return f"is required: {described}"
    if kind == "extra_forbidden":
        key = str(place[-1])
        return f"{quoted(key)} is not a key of this table" + (hints(key, known) or f"; its keys are {_listed(known)}")
    if kind == "literal_error":
        if not isinstance(value, str):
            return f"must be a string, not {_kind(value)}"
        choices = context["expected"].replace("'", "`")
        return unknown_action(value) if "`read`" in choices else f"{quoted(value)} is not one of {choices}"
    if kind == "timezone_aware":
        return "is a local date-time; add its offset, as in 2027-06-30T00:00:00Z"
    if kind in _WANTED:
        return f"must be {_WANTED[kind]}, not {_kind(value)}"
    if kind == "string_pattern_mismatch":
        return _PATTERNS[context["pattern"]]
    if kind in ("greater_than_equal", "less_than_equal"):
        return f"must be at least {context['ge']:,}" if "ge" in context else f"must be at most {context['le']:,}"
    if kind in ("too_short", "string_too_short"):
        return "must not be empty"
    if kind == "string_too_long":
        return f"is longer than {context['max_length']} characters"
    return "is not valid here; compare it with the json schema"  # an error that a later pydantic grows


def _kind(value: object) -> str:
    return next(words for each, words in _KINDS if isinstance(value, each))


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{each}`" for each in names)


def _is_union(node: Any) -> bool:
    return get_origin(node) in (Union, types.UnionType)


def _plain(node: Any) -> Any:
    """Return an annotation without what says nothing about its shape: metadata, and ``| None``."""
    while True:
        has_metadata, may_be_left_out = get_origin(node) is Annotated, _is_union(node) and type(None) in get_args(node)
        if not has_metadata and not may_be_left_out:
            return node
        node = get_args(node)[0]
