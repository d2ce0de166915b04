"""What failures of the gateway mean.  Servers name a Java class in their text, and the driver raises what it likes."""

from __future__ import annotations

import re
import ssl
from http.client import HTTPException
from typing import Final

from thriftpy2.protocol.cybin import ProtocolError  # type: ignore[attr-defined]  # compiled, and without types
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
    quoted,
)
from cfacl.stores.hbase.client import OutOfStep
from cfacl.stores.hbase.definitions import AlreadyExists, IllegalArgument, ServerError
from cfacl.stores.hbase.http import NoAnswer
from cfacl.stores.hbase.refusal import read, text_of
from cfacl.stores.hbase.wire import strange
from cfacl.stores.native import Refused

__all__ = ["BROKEN", "TEXTS", "TableExists", "mapped", "text_of", "unfamiliar"]


class TableExists(StoreError):
    """Somebody else made the table, or is at it."""


#: What ends a connection, beside a time-out: a question that changes nothing may be asked again on another.
BROKEN: Final[tuple[type[Exception], ...]] = (ConnectionError, EOFError, TTransportException, OutOfStep)

#: What to look at where it is not known who answers.
_OTHER: Final = "is it `hbase thrift start`, and its transport that of the URL, as in `?transport=framed`"
_BUSY: Final = "hbase does not serve this region now; try again, and see whether the table is disabled"
_DISABLED: Final = "the table is disabled; enable it by `Database.enable_table`, or in `hbase shell`"
_REFUSED: Final = "to the user whom the gateway acts as"
_GRANT: Final = "; `grant` it in `hbase shell`"
_LARGE: Final = "a value is larger than the server takes; raise `hbase.client.keyvalue.maxsize`"

#: The first text that an answer contains decides.
TEXTS: Final[tuple[tuple[str, type[CfaclError], str], ...]] = (
    ("TableExistsException", TableExists, "somebody else makes this table; try again"),
    ("NoSuchColumnFamilyException", SchemaMissing, "the store lacks a family; `create_tables()` makes it"),
    ("TableNotFoundException", SchemaMissing, "the store lacks a table; `create_tables()` makes it"),
    ("NamespaceNotFoundException", SchemaMissing, "there is no such namespace; `create_namespace` it in `hbase shell`"),
    ("TableNotEnabledException", StoreUnavailable, _DISABLED),
    ("is disabled", StoreUnavailable, _DISABLED),
    ("AccessDeniedException", Refused, f"hbase refuses this {_REFUSED}{_GRANT}"),
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
    ("servers with issues: null", StoreUnavailable, "hbase finds no region of this table; see whether it is there"),
    ("RetriesExhausted", StoreUnavailable, "hbase did not do it, however often the gateway tried; see the cause"),
)
_PERHAPS: Final = "; it may have been applied, or still be, so look before it is sent again"
#: What HTTP calls a refusal, and what a gateway says of one in a page of status 500.
_REFUSALS: Final = (401, 403)
_REFUSING: Final = (b"is not allowed to impersonate", b"Support for proxyuser is not configured")
_CLASS: Final = re.compile(r"[A-Za-z_$]+(?:Exception|Error)\b")


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
    perhaps = _PERHAPS if applied else ""
    again = perhaps or "; try again"
    lost = StoreTimeout if applied else StoreUnavailable
    if isinstance(error, TApplicationException):
        if error.type == TApplicationException.UNKNOWN_METHOD:
            return StoreError(f"the gateway at `{where}` does not know this call; {_OTHER}")
        return StoreError("the gateway failed at this and says no more; read its log" + perhaps)
    if isinstance(error, NoAnswer):
        return _page(error, where, lost, perhaps)
    if isinstance(error, OutOfStep):
        return StoreContractError("the gateway answered another question; the answer was dropped" + again)
    if isinstance(error, TimeoutError):
        return StoreTimeout(f"the gateway did not answer in time: is hbase behind it up, and the table enabled{again}")
    if isinstance(error, BROKEN):
        return lost(f"the gateway ended the connection, as one does that stops, or at a request too large{again}")
    if isinstance(error, ssl.SSLError):
        return StoreError(strange(where) + perhaps)
    if isinstance(error, OSError):
        return lost(f"the gateway at `{where}` can't be reached; see the cause{perhaps}")
    if isinstance(error, TDecodeException):  # of encoding, whatever its name says
        return InvalidValue("the driver can't send this; keys, column names and values are bytes")
    if isinstance(error, (ProtocolError, TProtocolException, HTTPException)):
        return StoreContractError(f"what came from `{where}` is no answer of a gateway; {_OTHER}{perhaps}")
    return StoreError("the driver failed in a way that is not known; see the cause" + perhaps)


def unfamiliar(error: Exception, where: object) -> CfaclError:
    """Return an error of ours where something listens and does not answer as a gateway does."""
    if isinstance(error, (NoAnswer, ssl.SSLError)):
        return mapped(error, where, applied=False)
    kind = StoreUnavailable if isinstance(error, (OSError, EOFError, TTransportException)) else StoreContractError
    return kind(f"what listens at `{where}` does not answer as a gateway; {_OTHER}")


def _page(error: NoAnswer, where: object, lost: type[CfaclError], perhaps: str) -> CfaclError:
    if error.status in _REFUSALS or any(each in error.page for each in _REFUSING):
        return StoreError(
            f"the gateway at `{where}` refuses to act so; let its user act as others by `hadoop.proxyuser`,"
            " and set `hbase.thrift.support.proxyuser`"
        )
    return lost(
        f"what answers at `{where}` answered a page of status {error.status}; is it a gateway over http{perhaps}"
    )


def _answered(text: str) -> CfaclError:
    for part, kind, message in TEXTS:
        if part in text and kind is Refused:
            user, letter = read(text)
            what = f"`{letter}` on this" if letter else "this"
            return Refused(f"hbase refuses {what} {_REFUSED}{f', {quoted(user)}' if user else ''}{_GRANT}", user)
        if part in text:
            return kind(message)
    found = _CLASS.search(text)
    said = f"`{found[0].rpartition('.')[2]}`" if found else "an error"
    return StoreError(f"hbase answered {said}; read its log")
