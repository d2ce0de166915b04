"""What failures of the cluster and of the driver mean.

`KINDS` names every exception class that the driver has, by its module and name; one that it gains is told by a test.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from typing import Any, Final

from cassandra.cluster import NoHostAvailable

from cfacl.errors import (
    CfaclError,
    InvalidValue,
    RequestError,
    SchemaMissing,
    StoreContractError,
    StoreError,
    StoreTimeout,
    StoreUnavailable,
    quoted,
)
from cfacl.stores.native import Refused

__all__ = ["KINDS", "TEXTS", "mapped"]

_TIMED_OUT: Final = "the replicas did not answer the coordinator in time"
_FEW: Final = "too few replicas are up for this consistency"
_LOST: Final = "a connection to a node was lost"
_BUSY: Final = "the node is overloaded or starting"
_DRIVER: Final = "the driver failed in a way that is not known; see the cause"
_UNREAD: Final = "what came from the node can't be read"
_NO_CALL: Final = "what answers does not speak version 5 of the protocol; is it cassandra, and 4.0 or later"

#: By the driver's class: ours, what it says, and whether a change that it ended may have been made all the same.
KINDS: Final[dict[str, tuple[type[CfaclError], str, bool]]] = {
    "cassandra.AlreadyExists": (StoreUnavailable, "somebody else makes this table; try again", False),
    "cassandra.AuthenticationFailed": (
        StoreError,
        "the cluster does not let us in; see the file of `credentials`",
        False,
    ),
    "cassandra.CDCWriteFailure": (StoreUnavailable, "the node's space for change data capture is full", False),
    "cassandra.ConfigurationException": (StoreError, "the cluster's configuration forbids this; see the cause", False),
    "cassandra.CoordinationFailure": (StoreUnavailable, "a replica failed at this; read its log", True),
    "cassandra.DependencyException": (StoreError, "the driver lacks something that it needs; see the cause", False),
    "cassandra.DriverException": (StoreError, _DRIVER, True),
    "cassandra.FunctionFailure": (StoreError, "a function of the cluster failed; see the cause", False),
    "cassandra.InvalidRequest": (StoreError, "the cluster refuses this; see the cause", False),
    "cassandra.OperationTimedOut": (StoreTimeout, "no node answered in time", True),
    "cassandra.ReadFailure": (
        StoreUnavailable,
        "a replica failed at this read, as at too many tombstones; read its log",
        True,
    ),
    "cassandra.ReadTimeout": (StoreTimeout, _TIMED_OUT, True),
    "cassandra.RequestExecutionException": (StoreUnavailable, "the cluster failed at this; see the cause", True),
    "cassandra.RequestValidationException": (StoreError, "the cluster refuses this; see the cause", False),
    "cassandra.Timeout": (StoreTimeout, _TIMED_OUT, True),
    "cassandra.Unauthorized": (
        Refused,
        "the cluster refuses this to the user whom we are to it; `GRANT` it in cqlsh",
        False,
    ),
    "cassandra.Unavailable": (StoreUnavailable, _FEW, False),
    "cassandra.UnresolvableContactPoints": (
        StoreUnavailable,
        "no host of the URL has an address; see its names",
        False,
    ),
    "cassandra.UnsupportedOperation": (StoreError, _NO_CALL, False),
    "cassandra.WriteFailure": (StoreUnavailable, "a replica failed at this write; read its log", True),
    "cassandra.WriteTimeout": (StoreTimeout, _TIMED_OUT, True),
    "cassandra.cluster.NoHostAvailable": (StoreUnavailable, "no node of the data centre can be reached", False),
    "cassandra.cluster.QueryExhausted": (StoreContractError, "the driver has no further page; report it", False),
    "cassandra.cluster.UserTypeDoesNotExist": (StoreContractError, "cfacl uses no types of users; report it", False),
    "cassandra.connection.ConnectionBusy": (StoreUnavailable, "all connections to the node are busy", False),
    "cassandra.connection.ConnectionException": (StoreUnavailable, _LOST, True),
    "cassandra.connection.ConnectionShutdown": (StoreUnavailable, _LOST, True),
    "cassandra.connection.CrcMismatchException": (StoreUnavailable, _UNREAD, True),
    "cassandra.connection.ProtocolError": (StoreContractError, _UNREAD, True),
    "cassandra.connection.ProtocolVersionUnsupported": (StoreError, _NO_CALL, False),
    "cassandra.metadata.NoMurmur3": (
        StoreError,
        "the driver can't hash keys; install a wheel of `cassandra-driver`",
        False,
    ),
    "cassandra.pool.NoConnectionsAvailable": (StoreUnavailable, "all connections to the node are busy", False),
    "cassandra.protocol.AlreadyExistsException": (StoreUnavailable, "somebody else makes this table; try again", False),
    "cassandra.protocol.BadCredentials": (
        StoreError,
        "the cluster does not let us in; see the file of `credentials`",
        False,
    ),
    "cassandra.protocol.CDCWriteException": (
        StoreUnavailable,
        "the node's space for change data capture is full",
        False,
    ),
    "cassandra.protocol.ClientWriteError": (StoreUnavailable, "the node failed at this write; read its log", True),
    "cassandra.protocol.ConfigurationException": (
        StoreError,
        "the cluster's configuration forbids this; see the cause",
        False,
    ),
    "cassandra.protocol.ErrorMessage": (StoreUnavailable, "the node failed at this; see the cause", True),
    "cassandra.protocol.ErrorMessageSub": (StoreUnavailable, "the node failed at this; see the cause", True),
    "cassandra.protocol.FunctionFailureMessage": (StoreError, "a function of the cluster failed; see the cause", False),
    "cassandra.protocol.InternalError": (StoreContractError, "the driver failed within itself; see the cause", True),
    "cassandra.protocol.InvalidRequestException": (StoreError, "the cluster refuses this; see the cause", False),
    "cassandra.protocol.IsBootstrappingErrorMessage": (StoreUnavailable, _BUSY, True),
    "cassandra.protocol.NotSupportedError": (StoreError, _NO_CALL, False),
    "cassandra.protocol.OverloadedErrorMessage": (StoreUnavailable, _BUSY, True),
    "cassandra.protocol.PreparedQueryNotFound": (StoreUnavailable, "the node forgot a statement", False),
    "cassandra.protocol.ProtocolException": (StoreContractError, "the node can't read what the driver sent", False),
    "cassandra.protocol.ReadFailureMessage": (StoreUnavailable, "a replica failed at this read; read its log", True),
    "cassandra.protocol.ReadTimeoutErrorMessage": (StoreTimeout, _TIMED_OUT, True),
    "cassandra.protocol.RequestExecutionException": (
        StoreUnavailable,
        "the cluster failed at this; see the cause",
        True,
    ),
    "cassandra.protocol.RequestValidationException": (StoreError, "the cluster refuses this; see the cause", False),
    "cassandra.protocol.ServerError": (StoreUnavailable, "the node failed at this; read its log", True),
    "cassandra.protocol.SyntaxException": (
        StoreContractError,
        "the cluster does not know this statement; report it",
        False,
    ),
    "cassandra.protocol.TruncateError": (StoreUnavailable, "the cluster failed to truncate; read its log", True),
    "cassandra.protocol.UnauthorizedErrorMessage": (
        Refused,
        "the cluster refuses this to the user whom we are to it; `GRANT` it in cqlsh",
        False,
    ),
    "cassandra.protocol.UnavailableErrorMessage": (StoreUnavailable, _FEW, False),
    "cassandra.protocol.WriteFailureMessage": (StoreUnavailable, "a replica failed at this write; read its log", True),
    "cassandra.protocol.WriteTimeoutErrorMessage": (StoreTimeout, _TIMED_OUT, True),
    "cassandra.query.TraceUnavailable": (StoreError, "cfacl asks for no traces; report it", False),
    "cassandra.segment.CrcException": (StoreUnavailable, _UNREAD, True),
}

_LARGE: Final = "this is larger than the node takes; send less at once, or raise `commitlog_segment_size`"

#: What the server says where it refuses a request; the first pattern that its answer has decides.
TEXTS: Final[tuple[tuple[str, type[CfaclError], str], ...]] = (
    (
        r"unconfigured table|table \S+ does not exist|Unknown CF",  # the last of a table on its way out
        SchemaMissing,
        "the store lacks a family; `create_tables()` makes it",
    ),
    (
        r"[Kk]eyspace \S+ does not exist",
        SchemaMissing,
        "there is no such keyspace; `CREATE KEYSPACE` makes it, in cqlsh",
    ),
    (r"Undefined column name", StoreContractError, "a column of one of cfacl's tables is gone; restore the table"),
    (
        r"Batch too large",
        RequestError,
        "the batch is larger than `batch_size_fail_threshold` of the cluster; send less at once",
    ),
    (
        r"Key length of",
        InvalidValue,
        "a row key and a column name are longer than 65,535 bytes together, the most that the layout `ordered` takes",
    ),
    (r"Out of bound timestamp", InvalidValue, "a timestamp is beyond what cassandra takes"),
    (
        r"Mutation of \d+ bytes|too large for the maximum|Request is too big|exceeds allowed maximum",
        InvalidValue,
        _LARGE,
    ),
)
_AGAIN: Final = "; try again"
_PERHAPS: Final = "; it may have been applied, or still be, so look before it is sent again"
#: Of several nodes' failures, the one that tells most.
_TELLING: Final = (
    "AuthenticationFailed",
    "BadCredentials",
    "ProtocolVersionUnsupported",
    "Unauthorized",
    "InvalidRequest",
    "Unavailable",
    "ServerError",
)
_USER: Final = re.compile(r"User (\S+) has no (\w+) permission")
#: The driver makes another error of what the system's TLS says, and keeps its text.
_SSL: Final = "[SSL"
_VERSION: Final = re.compile(r"protocol version", re.IGNORECASE)


def mapped(error: Exception, where: object, *, applied: bool) -> CfaclError:
    """Return an error of ours for one of the driver's.

    Args:
        where: the address, for the message.
        applied: whether what was sent, if it was, may have changed something.
    """
    if isinstance(error, CfaclError):
        return error
    told = _telling(error)
    text = _text(told)
    if isinstance(told, (ssl.SSLError, ssl.CertificateError)) or (isinstance(told, OSError) and _SSL in text):
        return StoreError(f"the nodes at `{where}` and we can't agree on TLS; see `ca`, `cert`, `key`, and the cause")
    if isinstance(told, OSError) and not isinstance(told, NoHostAvailable):
        return StoreUnavailable(f"no node at `{where}` can be reached; is it up, and does it want TLS" + _AGAIN)
    if isinstance(told, (TypeError, ValueError)):
        return InvalidValue("the driver can't send this; keys, column names and values are bytes")
    if _VERSION.search(text) and not applied:
        return StoreError(_NO_CALL)
    kind, message, _ = _kind(told)
    if kind is Refused:
        return _refused(text)
    if type(told).__name__ in ("InvalidRequest", "InvalidRequestException", "ServerError"):
        for pattern, other, says in TEXTS:
            if re.search(pattern, text):
                return other(says)
    if applied and any(
        _kind(each)[2] for each in _all(error)
    ):  # the node that tells most need not be the one that did it
        return (StoreTimeout if kind is StoreUnavailable else kind)(message + _PERHAPS)
    return kind(message + _AGAIN * issubclass(kind, (StoreUnavailable, StoreTimeout)))


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  # the driver's own may break at this, made of an answer that they do not know
        return type(error).__name__


def _kind(error: BaseException) -> tuple[type[CfaclError], str, bool]:
    for each in type(error).__mro__:
        found = KINDS.get(f"{each.__module__}.{each.__qualname__}")
        if found is not None:
            return found
    return StoreError, _DRIVER, True


def _telling(error: BaseException) -> BaseException:
    """Return what a `NoHostAvailable` is about, where that is known."""
    found = list(_all(error))
    for name in _TELLING:
        for each in found:
            if type(each).__name__ == name:
                return each
    for each in found:
        if isinstance(each, ssl.SSLError):
            return each
    return found[0] if found else error


def _all(error: BaseException) -> Iterator[BaseException]:
    if not isinstance(error, NoHostAvailable):
        yield error
        return
    errors: Any = error.errors or {}
    for each in errors.values() if isinstance(errors, dict) else errors:
        if isinstance(each, BaseException):
            yield from _all(each)


def _refused(text: str) -> Refused:
    found = _USER.search(text)
    who = f", {quoted(found[1])}" if found else ""
    what = f"`{found[2]}` on this" if found else "this"
    return Refused(
        f"the cluster refuses {what} to the user whom we are to it{who}; `GRANT` it in cqlsh", found[1] if found else ""
    )
