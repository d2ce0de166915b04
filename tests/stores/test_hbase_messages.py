"""What is sent and read as leaner classes than the driver's says the same; no server is asked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from thriftpy2.protocol import TBinaryProtocol
from thriftpy2.transport import TMemoryBuffer

from cfacl.errors import StoreContractError
from cfacl.stores.hbase.definitions import Hbase, Mutation, PutCell, ServerError, TCell, TRowResult, messages

#: The methods that answer rows, and cells.
ROWS, CELLS = (
    [name for name in Hbase.thrift_services if kind in str(getattr(Hbase, f"{name}_result").thrift_spec.get(0))]
    for kind in ("TRowResult", "TCell")
)


def written(payload: Any) -> bytes:
    buffer = TMemoryBuffer()
    payload.write(TBinaryProtocol(buffer, decode_response=False))
    return buffer.getvalue()


def read(kind: Any, raw: bytes) -> Any:
    found = kind()
    found.read(TBinaryProtocol(TMemoryBuffer(raw), decode_response=False))
    return found


cells = st.builds(TCell, st.binary(max_size=20), st.integers(-(1 << 63), (1 << 63) - 1))
rows = st.builds(TRowResult, st.binary(max_size=5), st.dictionaries(st.binary(max_size=5), cells, max_size=4))


def test_all_that_answer_rows_or_cells_read_ours() -> None:
    assert {"getRowWithColumns", "getRowsWithColumns", "scannerGetList"} <= set(ROWS)
    assert "getVer" in CELLS
    lean = {name for name, (_, answer) in messages().items() if answer is not getattr(Hbase, f"{name}_result")}
    assert lean == {*ROWS, *CELLS}


@pytest.mark.parametrize("name", [*ROWS, *CELLS])
@given(data=st.data())
def test_what_is_read_is_what_the_driver_reads(name: str, data: st.DataObject) -> None:
    theirs = getattr(Hbase, f"{name}_result")
    raw = written(theirs(success=data.draw(st.lists(rows if name in ROWS else cells, max_size=3))))
    of = row_of if name in ROWS else cell_of
    assert list(map(of, read(messages()[name][1], raw).success)) == list(map(of, read(theirs, raw).success))


def cell_of(cell: Any) -> Any:
    return cell.value, cell.timestamp


def row_of(row: Any) -> Any:
    return row.row, {column: cell_of(cell) for column, cell in row.columns.items()}


def test_what_the_server_says_went_wrong_is_read() -> None:
    question, answer = messages()["scannerGetList"]
    raw = written(Hbase.scannerGetList_result(io=ServerError(b"no")))
    assert question is Hbase.scannerGetList_args
    assert read(answer, raw).io.message == b"no"


@pytest.mark.parametrize(
    ("sent", "lacks"),
    [
        (TRowResult(row=b"r"), "columns"),
        (TRowResult(columns={}), "row"),
        (TRowResult(b"r", {b"f:a": TCell(timestamp=1)}), "value"),
        (TRowResult(b"r", {b"f:a": TCell(value=b"1")}), "timestamp"),
    ],
)
def test_what_was_not_sent_is_never_taken_for_empty(sent: Any, lacks: str) -> None:
    _, answer = messages()["getRowWithColumns"]
    (row,) = read(answer, written(Hbase.getRowWithColumns_result(success=[sent]))).success
    with pytest.raises(StoreContractError, match=f"^the store answered something without its `{lacks}`"):
        [(row.row, each.value, each.timestamp) for each in row.columns.values()] or row.row


@given(column=st.binary(max_size=5), value=st.binary(max_size=20))
def test_a_put_says_what_the_drivers_does(column: bytes, value: bytes) -> None:
    theirs = Mutation(column=column, value=value)
    assert (theirs.isDelete, theirs.writeToWAL) == (False, True)  # as a server takes what is not said
    buffer = TMemoryBuffer()
    TBinaryProtocol(buffer, decode_response=False).write_struct(PutCell(column, value))
    ours = read(Mutation, buffer.getvalue())
    assert (ours.isDelete, ours.column, ours.value, ours.writeToWAL) == (False, column, value, True)
