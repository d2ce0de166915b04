"""What filters are given: bytes, numbers, flags, operators and comparators, each checked at the door."""

from __future__ import annotations

from typing import Any, Final

from attrs import field, frozen

from cfacl.errors import FilterError, quoted
from cfacl.filters.patterns import finder

__all__ = [
    "COMPARATORS",
    "INT",
    "LONG",
    "OPERATORS",
    "Comparator",
    "confirm_all",
    "confirm_bytes",
    "confirm_comparator",
    "confirm_family",
    "confirm_flag",
    "confirm_number",
    "confirm_operator",
    "encoded",
]

#: What a comparator may be asked, and which comparators there are.
OPERATORS: Final = ("<", "<=", "=", "!=", ">=", ">")
COMPARATORS: Final = ("binary", "binaryprefix", "regexstring", "substring")
#: Those which say no more than whether something is there; and so go with these operators only.
_MATCHING: Final = ("regexstring", "substring")
_MATCHED: Final = ("=", "!=")
INT: Final = 2**31 - 1
LONG: Final = 2**63 - 1


def encoded(text: str) -> bytes:
    """Return text in UTF-8, and what came from bytes as these bytes; raises `FilterError` for what has neither."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise FilterError("text has half a character in it, which no encoding has; give bytes") from None


def confirm_bytes(node: Any, attribute: Any, value: Any) -> None:
    """Raise `FilterError` for what is not bytes."""
    if type(value) is not bytes:
        raise FilterError(f"`{attribute.name}` of a filter is bytes, not {type(value).__name__}; encode it")


def confirm_family(node: Any, attribute: Any, value: Any) -> None:
    """Raise `FilterError` for what is no family's name."""
    confirm_bytes(node, attribute, value)
    if b":" in value:
        raise FilterError("a family's name has no `:`; name the qualifier by itself")


def confirm_number(most: int) -> Any:
    """Return what raises `FilterError` for what is no number up to ``most``."""

    def check(node: Any, attribute: Any, value: Any) -> None:
        if type(value) is not int or not 0 <= value <= most:
            raise FilterError(f"`{attribute.name}` of a filter is an int from 0 to {most}")

    return check


def confirm_flag(node: Any, attribute: Any, value: Any) -> None:
    """Raise `FilterError` for what is neither True nor False."""
    if type(value) is not bool:
        raise FilterError(f"`{attribute.name}` of a filter is True or False, not {type(value).__name__}")


def confirm_all(each_is: Any) -> Any:
    """Return what raises `FilterError` for what is no tuple of at least one, of which each is so."""

    def check(node: Any, attribute: Any, value: Any) -> None:
        if type(value) is not tuple or not value:
            raise FilterError(f"`{attribute.name}` of a filter is a tuple of at least one")
        for each in value:
            each_is(node, attribute, each)

    return check


def confirm_operator(node: Any, attribute: Any, value: Any) -> None:
    """Raise `FilterError` for what is no operator."""
    if value not in OPERATORS:
        raise FilterError(f"{quoted(value)} is no operator; the six are `<`, `<=`, `=`, `!=`, `>=` and `>`")


@frozen
class Comparator:
    """What is compared with, and how.

    Attributes:
        kind: ``binary``, byte by byte; ``binaryprefix``, as many bytes as there are here; ``regexstring``, whether a
            regular expression is found in it; ``substring``, whether it has a text in it, whatever the case.
        value: bytes; of the last two UTF-8.
    """

    kind: str = field()
    value: bytes = field(validator=confirm_bytes)

    @kind.validator
    def _known(self, attribute: object, kind: object) -> None:
        if kind not in COMPARATORS:
            raise FilterError(
                f"{quoted(kind)} is no comparator; the four are `binary`, `binaryprefix`, `regexstring` and `substring`"
            )

    def __attrs_post_init__(self) -> None:
        if self.kind in _MATCHING:
            try:
                self.value.decode()
            except UnicodeDecodeError:
                raise FilterError(f"what `{self.kind}:` looks for is text in UTF-8; use `binary:` for bytes") from None
        if self.kind == "regexstring":
            finder(self.value)

    def __bytes__(self) -> bytes:
        return self.kind.encode("ascii") + b":" + self.value


def confirm_comparator(node: Any, attribute: Any, value: Any) -> None:
    """Raise `FilterError` for what is no comparator, or one that does not go with the operator."""
    if type(value) is not Comparator:
        raise FilterError(f"`{attribute.name}` of a filter is a `Comparator`, not {type(value).__name__}")
    if value.kind in _MATCHING and node.operator not in _MATCHED:
        raise FilterError(
            f"`{value.kind}:` is found or not, and goes with `=` and `!=` only, not with `{node.operator}`"
        )
