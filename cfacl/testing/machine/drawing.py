"""What the steps are drawn from: few keys and columns, so that they meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st

from cfacl.api.session import Session
from cfacl.testing.documents import Document, ladder
from cfacl.testing.machine.world import Held, Parts, World
from cfacl.testing.oracle import ACTIONS

__all__ = ["Caller", "Drawn", "with_everything"]

_KEYS: Final = (b"\0", b"a", b"a\0", b"a\0\0", b"b", b"\xff", b"\xff\xff")
_QUALIFIERS: Final = (b"", b"\0", b"name", b"q")
_VALUES: Final = (b"", b"v", b"w" * 300, (3).to_bytes(8, "big"), ((1 << 63) - 1).to_bytes(8, "big"))
#: Of a change relative to the clock, in milliseconds; a caller's own may lie at most 5 s ahead.
_OFFSETS: Final = (-90_000, -89_999, -2, -1, 0, 1, 5_000)


class Caller(NamedTuple):
    """A session that is held, and what is known of whoever holds it."""

    session: Session
    who: Held


def with_everything(document: Document) -> Document:
    """Return a policy by which its first principal has every grant there can be, beside what it has already."""
    document = deepcopy(document)
    top = ladder(document)[-1]
    document["roles"]["everything"] = {
        "clearance": top,
        "inherits": [],
        "grants": [
            {
                "table": table,
                "at_or_below": top,
                "actions": list(ACTIONS),
                "purposes": list(document["policy"]["purposes"]),
                "why": "so that most steps do something",
            }
            for table in document["tables"]
        ],
        "restrictions": [],
    }
    for section in document["tables"].values():
        for family in section["families"].values():
            first = document["policy"]["purposes"][0]
            family["purposes"] = [*(each for each in family["purposes"] if each != first), first]
    next(iter(document["principals"].values()))["roles"].append("everything")
    return document


class Drawn:
    """One step's table and row, and how to draw the rest of it; all names are those of the policy in force."""

    def __init__(self, data: st.DataObject, world: World, table: str | None = None, key: bytes | None = None) -> None:
        self._draw = data.draw
        self._world = world
        self.table: str = table or data.draw(st.sampled_from(list(world.document["tables"])))
        self.key = key or data.draw(st.sampled_from(_KEYS))

    def keys(self) -> list[bytes]:
        """Return row keys, some of them twice."""
        return self._draw(st.lists(st.sampled_from(_KEYS), max_size=4))

    def column(self) -> tuple[str, bytes]:
        """Return a family and a qualifier that it may have."""
        family = self._draw(st.sampled_from(list(self._world.families(self.table))))
        declared = self._world.families(self.table)[family].get("columns")
        names = _QUALIFIERS if declared is None else [each.encode() for each in declared]
        return family, self._draw(st.sampled_from(names))

    def columns(self) -> tuple[list[bytes] | None, Parts | None]:
        """Return columns and families as a caller names them, and taken apart; ``None`` for none named."""
        if self._draw(st.booleans()):
            return None, None
        names: list[bytes] = []
        parts: Parts = {}
        for _ in range(self._draw(st.integers(1, 3))):
            family, qualifier = self.column()
            known = parts.get(family, frozenset())
            if self._draw(st.booleans()):
                names.append(family.encode())
                parts[family] = None
            else:
                names.append(b"%b:%b" % (family.encode(), qualifier))
                parts[family] = None if known is None else known | {qualifier}
        return names, parts

    def values(self) -> dict[tuple[str, bytes], bytes]:
        """Return values by family and qualifier, at least one."""
        return {self.column(): self._draw(st.sampled_from(_VALUES)) for _ in range(self._draw(st.integers(1, 3)))}

    @staticmethod
    def columns_of(values: Mapping[tuple[str, bytes], bytes]) -> dict[bytes, bytes]:
        """Return values by column name, as a caller gives them."""
        return {b"%b:%b" % (family.encode(), qualifier): value for (family, qualifier), value in values.items()}

    def timestamp(self) -> int | None:
        """Return a timestamp of a change; none every second time."""
        offset = self._draw(st.none() | st.sampled_from(_OFFSETS))
        return None if offset is None else self._world.now // 1_000_000 + offset

    def before(self) -> int | None:
        """Return a timestamp of a read; none every second time."""
        return self.timestamp()

    def bounds(self) -> tuple[dict[str, Any], Callable[[bytes], bool], bool]:
        """Return a scan's bounds as a caller gives them, which keys lie within them, and whether it goes backwards."""
        reverse = self._draw(st.booleans())
        if self._draw(st.booleans()):
            prefix = self._draw(st.sampled_from((b"", b"a", b"a\0", b"\xff", b"c")))
            return {"row_prefix": prefix}, lambda key: key.startswith(prefix), reverse
        start, stop = (self._draw(st.none() | st.sampled_from(_KEYS)) for _ in range(2))
        if reverse:
            return (
                {"row_start": start, "row_stop": stop},
                lambda key: (start is None or key <= start) and (stop is None or key > stop),
                reverse,
            )
        return (
            {"row_start": start, "row_stop": stop},
            lambda key: (start is None or key >= start) and (stop is None or key < stop),
            reverse,
        )
