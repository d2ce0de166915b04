"""HBase's Thrift interface, from happybase's definitions; loading happybase is what makes them a module.

What comes and goes by the thousand is leaner here than thriftpy2 makes it, whose own take a step of Python's for each.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, NamedTuple, NoReturn

import happybase  # type: ignore[import-untyped]  # noqa: F401  # it has no types, and is loaded for the next line
from Hbase_thrift import (  # type: ignore[import-not-found]  # made at run time
    AlreadyExists,
    BatchMutation,
    ColumnDescriptor,
    Hbase,
    IllegalArgument,
    Mutation,
    TCell,
    TRowResult,
    TScan,
)
from Hbase_thrift import IOError as ServerError  # what the server says went wrong; not Python's
from thriftpy2.thrift import TType

from cfacl.errors import StoreContractError, quoted

__all__ = [
    "AlreadyExists",
    "BatchMutation",
    "ColumnDescriptor",
    "Hbase",
    "IllegalArgument",
    "Mutation",
    "PutCell",
    "ServerError",
    "TCell",
    "TRowResult",
    "TScan",
    "messages",
]

#: The numbers of fields, as the definitions have them.
_SUCCESS: Final = 0
_ROW: Final = 1
_COLUMNS: Final = 2
_COLUMN: Final = 2
_VALUE: Final = 3


class _Answered:
    """What is read of an answer; a field that was not sent is none that may be taken for empty."""

    __slots__ = ()

    def __getattr__(self, name: str) -> NoReturn:
        raise StoreContractError(f"the store answered something without its {quoted(name)}; the answer was dropped")


class Cell(_Answered):
    """A `TCell`."""

    __slots__ = ("timestamp", "value")
    thrift_spec: ClassVar = TCell.thrift_spec


class Row(_Answered):
    """A `TRowResult` of what is asked for here."""

    __slots__ = ("columns", "row")
    thrift_spec: ClassVar = {
        _ROW: TRowResult.thrift_spec[_ROW],
        _COLUMNS: (TType.MAP, "columns", (TType.BINARY, (TType.STRUCT, Cell)), False),
    }


class _ColumnValue(NamedTuple):
    column: bytes
    value: bytes


class PutCell(_ColumnValue):
    """A `Mutation` that puts, without what a server takes for said: that it puts, and writes its log."""

    __slots__ = ()
    thrift_spec: ClassVar = {number: Mutation.thrift_spec[number] for number in (_COLUMN, _VALUE)}


def messages() -> dict[str, tuple[Any, Any]]:
    """Return the classes of the question and of the answer by the name of each method."""
    return {
        name: (getattr(Hbase, f"{name}_args"), _lean(getattr(Hbase, f"{name}_result")))
        for name in Hbase.thrift_services
    }


def _lean(answer: Any) -> Any:
    """Return an answer that is read as rows or cells of ours if it has such."""
    kind = answer.thrift_spec.get(_SUCCESS, (None,) * 3)[2]
    lean = {TRowResult: Row, TCell: Cell}.get(kind[1]) if isinstance(kind, tuple) else None
    if lean is None:
        return answer
    spec = {**answer.thrift_spec, _SUCCESS: (TType.LIST, "success", (TType.STRUCT, lean), False)}
    return type(answer.__name__, (answer,), {"thrift_spec": spec})
