"""Other things that families of a store in memory could hold: what `cfacl.testing.twins` tries instead of what is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from cfacl.model.request import MAX_KEY
from cfacl.stores.memory import Kept, Version

__all__ = ["VARIANTS", "Beside", "Change"]

#: The last timestamp that there is, in milliseconds since 1970.
_LAST: Final = (1 << 63) - 1


class Beside(NamedTuple):
    """What is known of the table of a family.

    Attributes:
        keys: of the rows that any family of the table has, sorted.
        columns: those that the policy declares for the family, or none.
        apart: milliseconds, more than any two timestamps in the store are apart.
    """

    keys: list[bytes]
    columns: frozenset[bytes]
    apart: int


#: Changes a family, of which nothing is expired.
Change = Callable[[Kept, Beside], None]


def _cells(family: Kept) -> Iterator[tuple[int, list[Version]]]:
    """Yield the versions of each cell, to be changed in place, with the number of its row."""
    for number, key in enumerate(family.order):
        yield from ((number, cell) for cell in family.rows[key].values())


def _map_values(family: Kept, other: Callable[[int, bytes], bytes]) -> None:
    """Change all values, by the number of the row and the value."""
    for number, cell in _cells(family):
        cell[:] = [(other(number, value), timestamp) for value, timestamp in cell]


def _map_timestamps(family: Kept, other: Callable[[int, int], int]) -> None:
    """Change all timestamps, by the number of the row and the timestamp."""
    for number, cell in _cells(family):
        cell[:] = [(value, min(max(other(number, timestamp), 0), _LAST)) for value, timestamp in cell]


def _nothing(family: Kept, _: Beside) -> None:
    family.rows.clear()
    family.order.clear()


def _other_values(family: Kept, _: Beside) -> None:
    """One byte longer, and no text."""
    _map_values(family, lambda _, value: bytes(255 - each for each in value) + b"+")


def _as_long(family: Kept, _: Beside) -> None:
    """What is ASCII stays that, and a counter is one of another size."""
    _map_values(family, lambda _, value: bytes(each ^ 0x7F for each in value))


def _longer(family: Kept, _: Beside) -> None:
    """Numbers, each larger and longer than that of the row before."""
    _map_values(family, lambda number, _: b"1" * (number + 1))


def _shorter(family: Kept, _: Beside) -> None:
    _map_values(family, lambda number, _: b"1" * (len(family.order) - number))


def _one_value(family: Kept, _: Beside) -> None:
    """So that what was unequal is equal."""
    one = next((cell[0][0] for _, cell in _cells(family)), b"")
    _map_values(family, lambda _, __: one)


def _of_another_row(family: Kept, _: Beside) -> None:
    """Each row holds what the one behind it held, timestamps included: who has what, and not what there is."""
    following = [*family.order[1:], *family.order[:1]]
    family.rows = {key: family.rows[other] for key, other in zip(family.order, following, strict=True)}


def _later(family: Kept, beside: Beside) -> None:
    """Later than all else, from row to row."""
    _map_timestamps(family, lambda number, timestamp: timestamp + beside.apart + number)


def _earlier(family: Kept, beside: Beside) -> None:
    _map_timestamps(family, lambda number, timestamp: timestamp - beside.apart - number)


def _more(family: Kept, beside: Beside) -> None:
    """Have a further column, and all that there are, in all rows of the table, and in a row before and behind each."""
    newest = max((cell[0][1] for _, cell in _cells(family)), default=0)
    qualifiers = {qualifier for row in family.rows.values() for qualifier in row} | beside.columns
    if qualifiers and not beside.columns:
        qualifiers.add(max(qualifiers) + b"+")
    more = [b"\0", *[each + b"\0" for each in beside.keys if len(each) < MAX_KEY]]
    for key in [*beside.keys, *more]:
        for qualifier in qualifiers:
            if qualifier not in family.rows.get(key, ()):
                family.put(key, qualifier, (b"+", newest), 1)


def _versions(family: Kept, _: Beside) -> None:
    """Have one version more in each cell; a family that keeps one of each shows no other."""
    for cell in [each for _, each in _cells(family)]:
        cell.append((cell[-1][0], max(cell[-1][1] - 1, 0)))


#: By how a message names what a family holds then; in the order in which they are tried.
VARIANTS: Final[Mapping[str, Change]] = {
    "other values": _other_values,
    "other values of the same length": _as_long,
    "nothing": _nothing,
    "more": _more,
    "values of other rows": _of_another_row,
    "one value everywhere": _one_value,
    "longer values from row to row": _longer,
    "shorter values from row to row": _shorter,
    "later timestamps": _later,
    "earlier timestamps": _earlier,
    "more versions": _versions,
}
