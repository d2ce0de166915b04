"""Hypothesis strategies for tests of what stands on a policy: policies, their edits, requests, times, and data.

::

    @given(st.data())
    def test_something(data):
        document = data.draw(strategies.documents())
        policy = cfacl.Policy.loads(tomli_w.dumps(document))
        request = data.draw(strategies.requests(document))
        at = data.draw(strategies.instants(document))

Documents are dicts as `tomllib` gives them, and valid; so is every document that an edit leaves.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from hypothesis import strategies as st

from cfacl.testing.documents import Document, documents, expect_lines, never_lines, part_of
from cfacl.testing.edits import Edit, edits, shuffled
from cfacl.testing.oracle import ACTIONS, Oracle

__all__ = [
    "Document",
    "Edit",
    "Request",
    "clocks",
    "documents",
    "edits",
    "expect_lines",
    "instants",
    "moment",
    "nanoseconds",
    "never_lines",
    "qualifiers",
    "requests",
    "row_keys",
    "shuffled",
    "values",
]

_MICROSECOND: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: Far from all edges.
_EARLY: Final = datetime(1999, 1, 1, tzinfo=UTC)
_LATE: Final = datetime(2222, 1, 1, tzinfo=UTC)


class Request(NamedTuple):
    """What a principal asks for; ``families`` holds at least one, each once."""

    principal: str
    purpose: str
    action: str
    table: str
    families: tuple[str, ...]


@st.composite
def requests(draw: st.DrawFn, document: Document) -> Request:
    """A request of which every name is declared; where there are grants, every second time within one of them."""
    lines = [line for role in document["roles"].values() for line in role.get("grants", [])]
    line: Document = draw(st.one_of(st.just({}), st.sampled_from(lines))) if lines else {}
    table = line.get("table") or draw(st.sampled_from(list(document["tables"])))
    families = line.get("families") or list(document["tables"][table]["families"])
    return Request(
        principal=draw(st.sampled_from(list(document["principals"]))),
        purpose=draw(st.sampled_from(line.get("purposes") or document["policy"]["purposes"])),
        action=draw(st.sampled_from(line.get("actions") or ACTIONS)),
        table=table,
        families=tuple(draw(part_of(families))),
    )


def instants(document: Document) -> st.SearchStrategy[datetime]:
    """An edge of a window, a microsecond before or after one, half-way between two, or far from all."""
    edges = Oracle(document).instants()
    near = {edge + step for edge in edges for step in (-_MICROSECOND, timedelta(0), _MICROSECOND)}
    between = {edge + (later - edge) / 2 for edge, later in pairwise(edges)}
    return st.sampled_from([_EARLY, *sorted(near | between), _LATE])


def nanoseconds(document: Document) -> st.SearchStrategy[int]:
    """An instant as a clock gives it, in nanoseconds since 1970; perhaps a nanosecond before or after an edge."""
    return st.builds(
        lambda at, step: (at - _EPOCH) // _MICROSECOND * 1000 + step,
        instants(document),
        st.sampled_from([0, -1, 1, 999]),
    )


def moment(nanos: int) -> datetime:
    """The date-time of a clock's reading; what is below a microsecond is dropped."""
    return _EPOCH + timedelta(microseconds=nanos // 1000)


def clocks(document: Document) -> st.SearchStrategy[list[int]]:
    """What a clock says at one reading after the other, in nanoseconds since 1970; it may stand still or go back."""
    return st.lists(nanoseconds(document), min_size=1, max_size=6)


def row_keys() -> st.SearchStrategy[bytes]:
    """A row key that every store takes: 1 to 32,767 bytes, often one that a careless encoding would confuse."""
    hostile = [b"\x00", b"\x00\x00", b"\x00\x01", b"\x01", b"\xff", b"\xff\xff", b":", b"a", b"a\x00", b"a:b", b"A"]
    return st.one_of(st.sampled_from(hostile), st.binary(min_size=1, max_size=8), st.just(b"\xff" * 32_767))


def qualifiers() -> st.SearchStrategy[bytes]:
    """The part of a column's name behind the colon; the empty one is legal."""
    return st.one_of(st.sampled_from([b"", b":", b"\x00", b"\xff", b"name", b"name\x00"]), st.binary(max_size=8))


def values() -> st.SearchStrategy[bytes]:
    """A cell's value, now and then a long one."""
    return st.one_of(st.binary(max_size=16), st.sampled_from([b"", b"\x00" * 8, b"\xff" * 65_536]))
