"""What failures of the gateway mean.  Servers name a Java class in their text, and the driver raises what it likes."""

from __future__ import annotations

import re
import ssl
from http.client import HTTPException
from typing import Final

from thriftpy2.protocol.exc import TProtocolException
from thriftpy2.thrift import TApplicationException, TDecodeException
from thriftpy2.transport import TTransportException

from cfacl.errors import (
    CfaclError,
    InvalidValue,
    SchemaMissing,
    StoreContractError,
    StoreError,
    StoreTimeout,
    StoreUnavailable,
)
from cfacl.stores.hbase.client import OutOfStep
from cfacl.stores.hbase.definitions import AlreadyExists, IllegalArgument, ServerError
from cfacl.stores.hbase.http import NoAnswer

__all__ = ["BROKEN", "TEXTS", "TableExists", "mapped", "text_of"]


class TableExists(StoreError):
    """Somebody else made the table, or is at it."""


#: What ends a connection, beside a time-out: a question that changes nothing may be asked again on another.
BROKEN: Final[tuple[type[Exception], ...]] = (ConnectionError, EOFError, TTransportException, OutOfStep)

_BUSY: Final = "hbase is not ready for this region; try again"
_DISABLED: Final = "the table is disabled; `enable` it in `hbase shell`"
_REFUSED: Final = "hbase refuses this to the user whom the gateway acts as; `grant` it in `hbase shell`"
_LARGE: Final = "a value is larger than the server takes; raise `hbase.client.keyvalue.maxsize`"

#: The first text that an answer contains decides.
TEXTS: Final[tuple[tuple[str, type[CfaclError], str], ...]] = (
    ("TableExistsException", TableExists, "somebody else makes this table; try again"),
    ("NoSuchColumnFamilyException", SchemaMissing, "the store lacks a family; `create_tables()` makes it"),
    ("TableNotFoundException", SchemaMissing, "the store lacks a table; `create_tables()` makes it"),
    ("NamespaceNotFoundException", SchemaMissing, "there is no such namespace; `create_namespace` it in `hbase shell`"),
    ("TableNotEnabledException", StoreUnavailable, _DISABLED),
    ("is disabled", StoreUnavailable, _DISABLED),
    ("AccessDeniedException", StoreError, _REFUSED),
    ("Field is not a long", InvalidValue, "the cell is not a counter; a counter is 8 bytes"),
    ("KeyValue size too large", InvalidValue, _LARGE),
    ("Row is too big", InvalidValue, "a row is larger than the server hands out; ask for fewer columns, or in parts"),
    ("SocketTimeoutException", StoreTimeout, "hbase did not answer the gateway in time"),
    ("CallTimeoutException", StoreTimeout, "hbase did not answer the gateway in time"),
    ("NotServingRegionException", StoreUnavailable, _BUSY),
    ("RegionMovedException", StoreUnavailable, _BUSY),
    ("RegionOpeningException", StoreUnavailable, _BUSY),
    ("RegionTooBusyException", StoreUnavailable, _BUSY),
    ("PleaseHoldException", StoreUnavailable, "the master is starting; try again"),
    ("MasterNotRunningException", StoreUnavailable, "no master is running; start it"),
    ("ServerNotRunningYetException", StoreUnavailable, "the server is starting; try again"),
    ("RegionServerStoppedException", StoreUnavailable, "the region server has stopped; start it"),
    ("NoRouteToHostException", StoreUnavailable, "the gateway does not reach hbase; see the cause"),
    ("ConnectException", StoreUnavailable, "the gateway does not reach hbase; see the cause"),
    ("ConnectionClosedException", StoreUnavailable, "the gateway lost hbase; try again"),
    ("RetriesExhausted", StoreUnavailable, "hbase did not do it, however often the gateway tried; see the cause"),
)
#: What HTTP calls a refusal.
_REFUSALS: Final = (401, 403)
_CLASS: Final = re.compile(r"[A-Za-z_$]+(?:Exception|Error)\b")


def text_of(error: object) -> str:
    """Return the server's own words."""
    message = getattr(error, "message", b"")
    return message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message or "")


def mapped(error: Exception, where: object, *, applied: bool) -> CfaclError:
    """Return an error of ours for one of the driver's.

    Args:
        where: the gateway's address, for the message.
        applied: whether what was sent, if it was, may have changed something.
    """
    if isinstance(error, CfaclError):
        return error
    if isinstance(error, AlreadyExists):
        return TableExists("somebody else makes this table; try again")
    if isinstance(error, (ServerError, IllegalArgument)):
        return _answered(text_of(error))
    perhaps = "; it may have been applied, so look before it is sent again" if applied else "; try again"
    if isinstance(error, TApplicationException):
        return StoreError("the gateway failed at this and says no more; read its log")
    if isinstance(error, TTransportException) and error.type == TTransportException.NOT_OPEN:
        return StoreUnavailable(f"no gateway answers at `{where}`; start it with `hbase thrift start`")
    if isinstance(error, NoAnswer):
        return _page(error.status, where)
    if isinstance(error, ssl.SSLError):
        return StoreError(
            f"the gateway at `{where}` and we know each other's certificates not; see `ca`, `cert`, `key`"
        )
    if isinstance(error, TimeoutError):
        return StoreTimeout(f"the gateway did not answer in time{perhaps}")
    if isinstance(error, OutOfStep):
        return StoreContractError("the gateway answered another question; the answer was dropped" + perhaps)
    if isinstance(error, BROKEN):
        kind = StoreTimeout if applied else StoreUnavailable
        return kind(
            f"the gateway ended the connection; is its transport another one, as in `?transport=framed`{perhaps}"
        )
    if isinstance(error, OSError):
        return StoreUnavailable(f"the gateway at `{where}` can't be reached; see the cause")
    if isinstance(error, (TProtocolException, TDecodeException, HTTPException)):
        return StoreContractError(
            f"what answers at `{where}` is no gateway of hbase, or of another transport; see the URL"
        )
    return StoreError("the driver failed in a way that is not known; see the cause")


def _page(status: int, where: object) -> CfaclError:
    if status in _REFUSALS:
        return StoreError(
            f"the gateway at `{where}` refuses to act so; let its user act as others by `hadoop.proxyuser`,"
            " and set `hbase.thrift.support.proxyuser`"
        )
    return StoreUnavailable(f"what answers at `{where}` answered a page of status {status}; is it a gateway over http?")


def _answered(text: str) -> CfaclError:
    for part, kind, message in TEXTS:
        if part in text:
            return kind(message)
    found = _CLASS.search(text)
    said = f"`{found[0].rpartition('.')[2]}`" if found else "an error"
    return StoreError(f"hbase answered {said}; read its log")
