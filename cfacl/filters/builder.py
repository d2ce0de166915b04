"""Filters from values, so that nobody has to glue what a user said into a filter's text.

>>> from cfacl.filters import column, row
>>> print((column("prof:country") == b"SG") & row.startswith(b"u"))
SingleColumnValueFilter('prof', 'country', =, 'binary:SG', true, true) AND PrefixFilter('u')
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from cfacl.errors import FilterError
from cfacl.filters.arguments import Comparator, encoded
from cfacl.filters.clauses import (
    ColumnPrefixFilter,
    FamilyFilter,
    PrefixFilter,
    QualifierFilter,
    RowFilter,
    SingleColumnValueFilter,
    ValueFilter,
)
from cfacl.filters.tree import Filter

__all__ = ["Compared", "column", "family", "qualifier", "row", "value"]


class Compared:
    """What can be compared: with bytes by ``==``, ``!=``, ``<``, ``<=``, ``>`` and ``>=``, or by a method; each makes a filter."""

    __slots__ = ("_made",)

    def __init__(self, made: Callable[[str, Comparator], Filter]) -> None:
        self._made = made

    def _compared(self, operator: str, kind: str, given: object) -> Any:
        if type(given) is str and kind in ("regexstring", "substring"):
            given = encoded(given)
        if type(given) is not bytes:
            raise FilterError(f"what is compared with is bytes, not {type(given).__name__}; encode it")
        return self._made(operator, Comparator(kind, given))

    def __eq__(self, other: object) -> Any:
        return self._compared("=", "binary", other)

    def __ne__(self, other: object) -> Any:
        return self._compared("!=", "binary", other)

    def __lt__(self, other: object) -> Any:
        return self._compared("<", "binary", other)

    def __le__(self, other: object) -> Any:
        return self._compared("<=", "binary", other)

    def __gt__(self, other: object) -> Any:
        return self._compared(">", "binary", other)

    def __ge__(self, other: object) -> Any:
        return self._compared(">=", "binary", other)

    __hash__ = None  # type: ignore[assignment]  # `==` makes a filter

    def __bool__(self) -> NoReturn:
        raise TypeError("it is neither true nor false; compare it with bytes")

    def startswith(self, prefix: bytes) -> Filter:
        """Whether it starts with bytes."""
        return self._compared("=", "binaryprefix", prefix)  # type: ignore[no-any-return]  # as the operators, whose type is object's

    def contains(self, text: str | bytes) -> Filter:
        """Whether it has a text in it, whatever the case."""
        return self._compared("=", "substring", text)  # type: ignore[no-any-return]  # as above

    def matches(self, pattern: str | bytes) -> Filter:
        """Whether a regular expression is found in it; ``^`` and ``$`` are its start and its end."""
        return self._compared("=", "regexstring", pattern)  # type: ignore[no-any-return]  # as above


class _Prefixed(Compared):
    """Compared, and filtered by a prefix with a filter of its own."""

    __slots__ = ("_prefixed",)

    def __init__(self, made: Callable[[str, Comparator], Filter], prefixed: Callable[[bytes], Filter]) -> None:
        super().__init__(made)
        self._prefixed = prefixed

    def startswith(self, prefix: bytes) -> Filter:
        """Whether it starts with bytes."""
        return self._prefixed(prefix)


def column(name: str | bytes, *, or_missing: bool = False) -> Compared:
    """Return the value of a column, ``"family:qualifier"``, to compare.

    Args:
        or_missing: let rows pass that lack the column, as HBase does where nothing is said.

    Raises:
        FilterError: it is no column's name.
    """
    called = encoded(name) if type(name) is str else name
    if type(called) is not bytes or b":" not in called:
        raise FilterError('a column is named by its family and its qualifier, as "prof:country"')
    within, _, qualified = called.partition(b":")
    return Compared(
        lambda operator, comparator: SingleColumnValueFilter(
            within, qualified, operator, comparator, if_missing=not or_missing
        )
    )


#: The key of a row, to compare.
row = _Prefixed(RowFilter, PrefixFilter)
#: The name of a cell's family, to compare.
family = Compared(FamilyFilter)
#: A cell's qualifier, to compare.
qualifier = _Prefixed(QualifierFilter, ColumnPrefixFilter)
#: A cell's value, to compare.
value = Compared(ValueFilter)
