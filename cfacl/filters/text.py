"""Reads HBase's text of filters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, ClassVar, Final

from attrs import fields

from cfacl.errors import FilterError, quoted
from cfacl.filters.arguments import COMPARATORS, OPERATORS, Comparator
from cfacl.filters.clauses import CLASSES, MultipleColumnPrefixFilter, TimestampsFilter
from cfacl.filters.tree import And, Filter, Or, Skip, While, confirm_size
from cfacl.model.names import nearest

__all__ = ["MAX_TEXT", "parse"]

#: The longest text, in bytes.
MAX_TEXT: Final = 65_536
#: How many trees are remembered by their text.
_KNOWN: Final = 1_024
#: More than any number that a filter takes has.
_DIGITS: Final = 20
#: How much of a text is shown around a place, in bytes.
_SHOWN: Final = 60
_QUOTED: Final = re.compile(r"'((?:[^']|'')*)('?)")
#: What the reference guide calls otherwise than the server takes it.
_NAMES: Final = {**CLASSES, "TimeStampsFilter": TimestampsFilter}
_VARIADIC: Final = (MultipleColumnPrefixFilter, TimestampsFilter)


def parse(text: str | bytes) -> Filter:
    """Return the tree of a filter's text, at most 65,536 bytes of it; the same text gives the same object.

    Raises:
        FilterError: it can't be read, with the place and what to do.
    """
    given = _encoded(text) if isinstance(text, str) else text
    if type(given) is not bytes:
        raise FilterError(f"a filter's text is str or bytes, not {type(given).__name__}")
    if len(given) > MAX_TEXT:
        raise FilterError(f"a filter's text is at most {MAX_TEXT} bytes, not {len(given)}; ask in several scans")
    return _parse(given)


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        at = len(text[: error.start].encode("utf-8", "surrogateescape"))
        raise _failure("half a surrogate pair is no text; give bytes as bytes", at, "") from None


@lru_cache(_KNOWN)
def _parse(text: bytes) -> Filter:
    from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

    said = text.decode("latin-1")  # a character for each byte: what stands in quotes is bytes
    try:
        tree: Filter = _grammar().parse(said)
    except FilterError as error:
        raise _failure(str(error), error.position or 0, said) from None
    except UnexpectedCharacters as error:
        at: int = error.pos_in_stream  # type: ignore[assignment]  # its type is said of a base that has none
        raise _failure(_odd(said, at), at, said) from None
    except UnexpectedToken as error:
        at = len(said) if error.token.type == "$END" else error.token.start_pos
        raise _failure(_expected(error.accepts or error.expected), at or 0, said) from None
    except UnexpectedInput:
        raise _failure("this is no filter", len(said), said) from None
    return tree


@cache
def _grammar() -> Any:
    from lark import Lark

    grammar = Path(__file__).with_name("grammar.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", transformer=_Trees(), postlex=_Bounds())


class _Bounds:
    """Counts what comes, before anything is made of it."""

    always_accept: ClassVar[tuple[str, ...]] = ()

    def process(self, tokens: Iterator[Any]) -> Iterator[Any]:
        depth = clauses = prefixes = 0
        for token in tokens:
            kind = token.type
            if kind == "LPAR":
                depth += 1
            elif kind == "RPAR":
                depth -= 1
            elif kind == "NAME":
                clauses += 1
                prefixes = 0
            elif kind in ("_SKIP", "_WHILE"):
                prefixes += 1
            else:
                yield token
                continue
            try:
                confirm_size((depth + prefixes) // 2, clauses)  # a tree's text has two of these for a level
            except FilterError as error:
                error.position = token.start_pos
                raise
            yield token


class _Trees:
    """Makes trees as the parser goes; named as the grammar's rules are."""

    def either(self, parts: list[Any]) -> Filter:
        return _one_of(Or, parts)

    def both(self, parts: list[Any]) -> Filter:
        return _one_of(And, parts)

    def skip(self, parts: list[Any]) -> Filter:
        return Skip(*parts)

    def until(self, parts: list[Any]) -> Filter:
        return While(*parts)

    def clause(self, parts: list[Any]) -> Filter:
        name, *arguments = parts
        kind = _NAMES.get(name)
        if kind is None:
            raise _misplaced(f"unknown filter {quoted(str(name))}{nearest(name, _NAMES)}", name)
        try:
            return _made(kind, name, arguments)
        except FilterError as error:
            if error.position is None:
                error.position = name.start_pos
            raise


def _one_of(kind: Callable[[Any], Filter], parts: list[Any]) -> Filter:
    (first, *more) = parts
    return kind(tuple(parts)) if more else first


def _made(kind: type[Filter], name: Any, given: list[Any]) -> Filter:
    """Return a filter of arguments as they stand in the text."""
    wanted = fields(kind)
    if kind in _VARIADIC:
        (only,) = wanted
        read = _reader(only)
        return kind(tuple([read(each) for each in given]))
    if len(given) not in kind.counts:
        raise _misplaced(
            f"`{kind.__name__}` takes {_counted(kind.counts)}, not {len(given)}: {_signature(kind)}",
            given[min(len(given) - 1, kind.counts[-1])] if len(given) > kind.counts[-1] else name,
        )
    return kind(*[_reader(each)(argument) for each, argument in zip(wanted, given, strict=False)])


def _reader(attribute: Any) -> Callable[[Any], Any]:
    return _READERS[_SORTS[str(attribute.type)]]


def _bytes(token: Any) -> bytes:
    if token.type != "QUOTED":
        raise _misplaced(f"here stands text in quotes, as `'prof'`, not {quoted(str(token))}", token)
    text = str(token[1:-1])
    return text.replace("''", "'").encode("latin-1")


def _number(token: Any) -> int:
    if token.type != "NUMBER":
        raise _misplaced("here stands a number, without quotes, as `10`", token)
    if len(token) > _DIGITS:
        raise _misplaced("this number is larger than any that a filter takes", token)
    return int(token)


def _flag(token: Any) -> bool:
    if token.type != "FLAG":
        raise _misplaced("here stands `true` or `false`, without quotes", token)
    return str(token).lower() == "true"


def _operator(token: Any) -> str:
    if token not in OPERATORS:
        raise _misplaced("here stands one of `<`, `<=`, `=`, `!=`, `>=` and `>`, without quotes", token)
    return str(token)


def _comparator(token: Any) -> Comparator:
    kind, colon, value = _bytes(token).partition(b":")
    if not colon or kind.decode("latin-1") not in COMPARATORS:
        raise _misplaced(
            "here stands a comparator and what it compares with, as `'binary:SG'`; the others are `binaryprefix`,"
            " `regexstring` and `substring`",
            token,
        )
    try:
        return Comparator(kind.decode("ascii"), value)
    except FilterError as error:
        error.position = token.start_pos
        raise


#: What stands in a text for an attribute, by its type.
_SORTS: Final = {
    "<class 'bytes'>": "bytes",
    "bytes": "bytes",
    "tuple[bytes, ...]": "bytes",
    "int": "number",
    "tuple[int, ...]": "number",
    "bool": "flag",
    "str": "operator",
    "str | None": "operator",
    "Comparator": "comparator",
    "Comparator | None": "comparator",
}
_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "bytes": _bytes,
    "number": _number,
    "flag": _flag,
    "operator": _operator,
    "comparator": _comparator,
}
_SHOWN_AS: Final = {"bytes": "'…'", "number": "1", "flag": "true", "operator": "=", "comparator": "'binary:…'"}


def _signature(kind: type[Filter]) -> str:
    written = ", ".join(_SHOWN_AS[_SORTS[str(each.type)]] for each in fields(kind))
    return f"`{kind.__name__}({written})`"


def _counted(counts: tuple[int, ...]) -> str:
    *most, last = map(str, counts)
    return f"{', '.join(most)} or {last} arguments" if most else f"{last} argument{'s' * (last != '1')}"


def _misplaced(message: str, token: Any) -> FilterError:
    error = FilterError(message)
    error.position = token.start_pos
    return error


def _odd(text: str, at: int) -> str:
    if text[at] == "'":
        return "this quote is not closed; a quote within quotes is written twice"
    return f"{quoted(text[at])} has no place here"


def _expected(kinds: Any) -> str:
    for kind, says in _EXPECTED.items():
        if kind in kinds:
            return says
    return "this has no place here"


_EXPECTED: Final = {
    "QUOTED": "here stands an argument, as text in quotes, a number, `true`, `=`, or `)` behind the last",
    "NAME": "here stands a filter, as `PrefixFilter('a')`",
    "_AND": "here stands `AND`, `OR`, or the end; each with a blank or a parenthesis on both sides",
    "RPAR": "here stands `)`",
    "LPAR": "here stand the filter's arguments in parentheses, `()` if it has none",
}


def _failure(message: str, at: int, text: str) -> FilterError:
    """Return an error that says where, and shows it without what stands in quotes."""
    error = FilterError(f"{message} (at byte {at} of the filter)")
    error.position = at
    if text:
        blank = _QUOTED.sub(lambda found: "'" + "·" * len(found[1]) + found[2], text)
        start = max(0, at - _SHOWN // 2)
        shown = "".join(each if each.isprintable() else " " for each in blank[start : start + _SHOWN])
        error.add_note(f"{shown}\n{' ' * (at - start)}^")
    return error
