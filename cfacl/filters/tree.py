"""Filters as trees: one frozen class for each that HBase's Thrift interface takes, by HBase's names.

A tree has the text that HBase parses to it: ``str(tree)``, or ``bytes(tree)`` where its arguments are no UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Final

from attrs import field, fields, frozen

from cfacl.errors import FilterError

__all__ = ["MAX_CLAUSES", "MAX_DEPTH", "And", "Filter", "Or", "Skip", "While", "confirm_size", "parts_of"]

#: How deep a tree may be; HBase has no limit, and fails where its stack ends.
MAX_DEPTH: Final = 100
#: Of how many clauses a tree may be.
MAX_CLAUSES: Final = 1_000


@frozen
class Filter:
    """A filter; the base of all."""

    #: How many numbers of arguments its text may have; empty for any number from 1 on.
    counts: ClassVar[tuple[int, ...]] = ()

    def __attrs_pre_init__(self) -> None:
        if type(self) is Filter:
            raise FilterError("a filter is made by a class of `cfacl.filters`, as `PageFilter`, or by `filters.parse`")

    @property
    def depth(self) -> int:
        """How many levels it has."""
        return 1

    @property
    def clauses(self) -> int:
        """Of how many filters it is made, operators not counted."""
        return 1

    def __and__(self, other: object) -> Any:
        return _joined(And, self, other)

    def __or__(self, other: object) -> Any:
        return _joined(Or, self, other)

    def __bool__(self) -> bool:
        raise TypeError("a filter is neither true nor false; join two by `&` and `|`, and not by `and` and `or`")

    def __bytes__(self) -> bytes:
        """Return the text that parses to it, as HBase takes it."""
        given = [getattr(self, each.name) for each in fields(type(self)) if each.init]
        if not self.counts and len(given) == 1:
            given = list(given[0])
        defaults = [each.default for each in fields(type(self)) if each.init]
        written = next(count for count in self.counts or (len(given),) if given[count:] == defaults[count : len(given)])
        return type(self).__name__.encode("ascii") + b"(" + b", ".join(map(_written, given[:written])) + b")"

    def __str__(self) -> str:
        return bytes(self).decode("utf-8", "surrogateescape")

    def walk(self) -> Iterator[Filter]:
        """Yield it and all that it is made of."""
        yield self


def _written(argument: Any) -> bytes:
    if isinstance(argument, bool):
        return b"true" if argument else b"false"
    if isinstance(argument, str):
        return argument.encode("ascii")
    if isinstance(argument, int):
        return b"%d" % argument
    return b"'" + bytes(argument).replace(b"'", b"''") + b"'"


def _filter(given: object) -> Filter:
    if not isinstance(given, Filter):
        raise FilterError(
            f"a filter is made of filters, not of {type(given).__name__}; `filters.parse` makes one of text"
        )
    return given


def _several(given: object) -> tuple[Filter, ...]:
    parts = tuple(map(_filter, given)) if isinstance(given, (tuple, list)) else ()
    if not parts[1:]:
        raise FilterError("`AND` and `OR` join at least two filters, as `filters.And((one, other))`")
    return parts


def confirm_size(depth: int, clauses: int) -> None:
    """Raise `FilterError` for a tree that is larger than is taken."""
    if depth > MAX_DEPTH:
        raise FilterError(f"a filter is at most {MAX_DEPTH} deep; join the same with fewer parentheses")
    if clauses > MAX_CLAUSES:
        raise FilterError(f"a filter has at most {MAX_CLAUSES} clauses; ask in several scans")


@frozen
class _Joined(Filter):
    filters: tuple[Filter, ...] = field(converter=_several)
    depth: int = field(init=False, eq=False, repr=False)
    clauses: int = field(init=False, eq=False, repr=False)

    @depth.default
    def _depth(self) -> int:
        return 1 + max(each.depth for each in self.filters)

    @clauses.default
    def _clauses(self) -> int:
        return sum(each.clauses for each in self.filters)

    def __attrs_post_init__(self) -> None:
        confirm_size(self.depth, self.clauses)

    def __bytes__(self) -> bytes:
        return f" {type(self).__name__.upper()} ".encode().join(map(_enclosed, self.filters))

    def walk(self) -> Iterator[Filter]:
        yield self
        for each in self.filters:
            yield from each.walk()


@frozen
class And(_Joined):
    """What passes all of them, in their order: what one leaves out, the next does not see."""


@frozen
class Or(_Joined):
    """What passes any of them."""


@frozen
class _Around(Filter):
    filter: Filter = field(converter=_filter)
    depth: int = field(init=False, eq=False, repr=False)
    clauses: int = field(init=False, eq=False, repr=False)

    @depth.default
    def _depth(self) -> int:
        return 1 + self.filter.depth

    @clauses.default
    def _clauses(self) -> int:
        return self.filter.clauses

    def __attrs_post_init__(self) -> None:
        confirm_size(self.depth, self.clauses)

    def __bytes__(self) -> bytes:
        return type(self).__name__.upper().encode("ascii") + b" " + _enclosed(self.filter)

    def walk(self) -> Iterator[Filter]:
        yield self
        yield from self.filter.walk()


@frozen
class Skip(_Around):
    """Rows of which every cell passes."""


@frozen
class While(_Around):
    """Everything up to the first thing that does not pass."""


def parts_of(of: Filter) -> tuple[Filter, ...]:
    """Return what a filter joins by `AND`; itself, where it is something else."""
    return of.filters if isinstance(of, And) else (of,)


def _enclosed(part: Filter) -> bytes:
    # In each its own parentheses: HBase fails at one pair that has `AND` and `OR` in it, or `AND` and `SKIP`.
    return b"(" + bytes(part) + b")" if isinstance(part, (_Joined, _Around)) else bytes(part)


def _joined(kind: Any, one: Filter, other: object) -> Any:
    if not isinstance(other, Filter):
        return NotImplemented
    return kind((*one.filters, other) if isinstance(one, _Joined) and type(one) is kind else (one, other))
