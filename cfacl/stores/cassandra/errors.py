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

__all__ = ["KINDS", "TEXTS", "Contended", "Otherwise", "mapped", "may_be_made", "undecided"]

_TIMED_OUT: Final = "the replicas did not answer the coordinator in time"
_FEW: Final = "too few replicas are up for this consistency"
_LOST: Final = "a connection to a node was lost"
_UNTOLD: Final = "a node that was asked did not tell what became of it"
_BUSY: Final = "the node is overloaded or starting"
_CONTENDED: Final = "the nodes could not agree on a row on which others decided at the same moment"
_DRIVER: Final = "the driver failed in a way that is not known; see the cause"
_UNREAD: Final = "what came from the node can't be read"
_NO_CALL: Final = "what answers does not speak version 5 of the protocol; is it cassandra, and 4.0 or later"


class Contended(StoreUnavailable):
    """Several decided on a row at once, so that a question about it had no answer; there is one soon."""


class Otherwise(StoreContractError):
    """A table has other columns than we know."""


#: Ours, what it says, whether a change that it ended may have been made all the same; and the driver's classes, in `cassandra`.
_GROUPS: Final[tuple[tuple[type[CfaclError], str, bool, str], ...]] = (
    (
        Refused,
        "the cluster refuses this to the user whom we are to it; `GRANT` it in cqlsh",
        False,
        "Unauthorized protocol.UnauthorizedErrorMessage",
    ),
    (StoreContractError, "cfacl uses no types of users; report it", False, "cluster.UserTypeDoesNotExist"),
    (StoreContractError, "the cluster does not know this statement; report it", False, "protocol.SyntaxException"),
    (StoreContractError, "the driver failed within itself; see the cause", True, "protocol.InternalError"),
    (StoreContractError, "the driver has no further page; report it", False, "cluster.QueryExhausted"),
    (StoreContractError, "the node can't read what the driver sent", False, "protocol.ProtocolException"),
    (StoreContractError, _UNREAD, True, "connection.ProtocolError"),
    (
        StoreError,
        "a function of the cluster failed; see the cause",
        False,
        "FunctionFailure protocol.FunctionFailureMessage",
    ),
    (StoreError, "cfacl asks for no traces; report it", False, "query.TraceUnavailable"),
    (
        StoreError,
        "the cluster does not let us in; see the file of `credentials`",
        False,
        "AuthenticationFailed protocol.BadCredentials",
    ),
    (
        StoreError,
        "the cluster refuses this; see the cause",
        False,
        "InvalidRequest RequestValidationException protocol.InvalidRequestException protocol.RequestValidationException",
    ),
    (
        StoreError,
        "the cluster's configuration forbids this; see the cause",
        False,
        "ConfigurationException protocol.ConfigurationException",
    ),
    (StoreError, "the driver can't hash keys; install a wheel of `cassandra-driver`", False, "metadata.NoMurmur3"),
    (StoreError, _DRIVER, True, "DriverException"),
    (StoreError, "the driver lacks something that it needs; see the cause", False, "DependencyException"),
    (
        StoreError,
        _NO_CALL,
        False,
        "UnsupportedOperation connection.ProtocolVersionUnsupported protocol.NotSupportedError",
    ),
    (StoreTimeout, "no node answered in time", True, "OperationTimedOut"),
    (
        StoreTimeout,
        _TIMED_OUT,
        True,
        "ReadTimeout Timeout WriteTimeout protocol.ReadTimeoutErrorMessage protocol.WriteTimeoutErrorMessage",
    ),
    (StoreUnavailable, _LOST, True, "connection.ConnectionException connection.ConnectionShutdown"),
    (StoreUnavailable, "a replica failed at this read, as at too many tombstones; read its log", True, "ReadFailure"),
    (StoreUnavailable, "a replica failed at this read; read its log", True, "protocol.ReadFailureMessage"),
    (
        StoreUnavailable,
        "a replica failed at this write; read its log",
        True,
        "WriteFailure protocol.WriteFailureMessage",
    ),
    (StoreUnavailable, "a replica failed at this; read its log", True, "CoordinationFailure"),
    (
        StoreUnavailable,
        "all connections to the node are busy",
        False,
        "connection.ConnectionBusy pool.NoConnectionsAvailable",
    ),
    (StoreUnavailable, "no host of the URL has an address; see its names", False, "UnresolvableContactPoints"),
    (StoreUnavailable, "no node of the data centre can be reached", False, "cluster.NoHostAvailable"),
    (
        StoreUnavailable,
        "somebody else makes this table",
        False,
        "AlreadyExists protocol.AlreadyExistsException",
    ),
    (
        StoreUnavailable,
        "the cluster failed at this; see the cause",
        True,
        "RequestExecutionException protocol.RequestExecutionException",
    ),
    (StoreUnavailable, "the cluster failed to truncate; read its log", True, "protocol.TruncateError"),
    (StoreUnavailable, "the node failed at this write; read its log", True, "protocol.ClientWriteError"),
    (StoreUnavailable, "the node failed at this; read its log", True, "protocol.ServerError"),
    (
        StoreUnavailable,
        "the node failed at this; see the cause",
        True,
        "protocol.ErrorMessage protocol.ErrorMessageSub",
    ),
    (StoreUnavailable, "the node forgot a statement", False, "protocol.PreparedQueryNotFound"),
    (StoreUnavailable, _BUSY, True, "protocol.IsBootstrappingErrorMessage protocol.OverloadedErrorMessage"),
    (
        StoreUnavailable,
        "the node's space for change data capture is full",
        False,
        "CDCWriteFailure protocol.CDCWriteException",
    ),
    (StoreUnavailable, _FEW, False, "Unavailable protocol.UnavailableErrorMessage"),
    (StoreUnavailable, _UNREAD, True, "connection.CrcMismatchException segment.CrcException"),
)
#: By the driver's class, with its module: the first three of these.
KINDS: Final = {
    f"cassandra.{name}": (kind, message, unknown) for kind, message, unknown, names in _GROUPS for name in names.split()
}
_LARGE: Final = "this is larger than the node takes; send less at once, or raise `commitlog_segment_size`"

#: What the server says where it refuses a request, or us; the first pattern that its answer has decides.
TEXTS: Final[tuple[tuple[str, type[CfaclError], str], ...]] = (
    (
        # The last of a table on its way out; of a write, while it is checked, for behind that it is no more than logged.
        r"unconfigured table|table \S+ does not exist|Unknown CF",
        SchemaMissing,
        "the store lacks a family; `create_tables()` makes it",
    ),
    (
        r"[Kk]eyspace \S+ does not exist",
        SchemaMissing,
        "there is no such keyspace; `CREATE KEYSPACE` makes it, in cqlsh",
    ),
    (
        r"Undefined column name|Some partition key parts are missing|might involve data filtering|Some clustering keys are missing|Type error: row cannot",
        Otherwise,
        "one of cfacl's tables is not as it was made; restore it",
    ),
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
        r"Certificate identity '(.+)' not authorized",
        StoreError,
        "the cluster has no role for the identity of our certificate, {}; `ADD IDENTITY` it in cqlsh",
    ),
    (
        r"Unable to extract|Invalid or not supported certificate",
        StoreError,
        "the cluster finds no identity in our certificate; give a `cert` that has one, as its validator asks for",
    ),
    (
        r"requires authentication",  # says the driver, which has nothing to answer
        StoreError,
        "the cluster asks who we are; give it `credentials`, or a `cert` and `key` where it goes by these",
    ),
    (
        r"Mutation of \d+ bytes|too large for the maximum|Request is too big|exceeds allowed maximum",
        InvalidValue,
        _LARGE,
    ),
)
#: Whose text has more to say than their kind.
_SPEAKING: Final = ("AuthenticationFailed", "InvalidRequest", "InvalidRequestException", "ServerError")
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
#: It tells no more than this where it lost a connection while it read of the keyspace.
_UNREFRESHED: Final = "metadata was not refreshed"
#: The driver has no class for it.
_UNDECIDED: Final = "CAS operation result is unknown"
_VERSION: Final = re.compile(r"protocol[ _]version", re.IGNORECASE)


def mapped(
    error: Exception, where: object, *, applied: bool, answered: bool = False, unknown: bool = False
) -> CfaclError:
    """Return an error of ours for one of the driver's.

    Args:
        where: the address, for the message.
        applied: whether what was sent, if it was, may have changed something.
        answered: whether it befell what was waited for: what is no error of the driver's is then of reading an answer.
        unknown: whether a node that was asked before may have made what was sent, whatever this one says.
    """
    told = _mapped(error, where, applied=applied, answered=answered)
    if applied and isinstance(error, OSError):
        return StoreTimeout(_LOST + _PERHAPS)
    if not unknown or str(told).endswith(_PERHAPS):
        return told
    return undecided(told) if isinstance(told, StoreUnavailable) else StoreTimeout(_UNTOLD + _PERHAPS)


def undecided(error: StoreUnavailable) -> StoreTimeout:
    """Return what is told where something failed, and yet may have been made."""
    return StoreTimeout(str(error).removesuffix(_AGAIN) + _PERHAPS)


def may_be_made(error: object) -> bool:
    """Whether a node of which the driver says this may have made what was sent."""
    return not isinstance(error, BaseException) or any(_kind(each)[2] and not _said(each) for each in _all(error))


def _mapped(error: Exception, where: object, *, applied: bool, answered: bool) -> CfaclError:
    if isinstance(error, CfaclError):
        return error
    told = _telling(error)
    text = _text(told)
    if isinstance(told, (ssl.SSLError, ssl.CertificateError)) or (isinstance(told, OSError) and _SSL in text):
        return StoreError(f"the nodes at `{where}` and we can't agree on TLS; see `ca`, `cert`, `key`, and the cause")
    if isinstance(told, OSError) and not isinstance(told, NoHostAvailable):
        return StoreUnavailable(f"no node at `{where}` can be reached; is it up, and does it want TLS" + _AGAIN)
    if answered and told is error and _known(told) is None:
        return StoreContractError(_UNREAD + _PERHAPS * applied)
    if isinstance(told, (TypeError, ValueError)):
        return InvalidValue("the driver can't send this; keys, column names and values are bytes")
    if _VERSION.search(text) and not applied:
        return StoreError(_NO_CALL)
    if _UNREFRESHED in text:
        return StoreUnavailable(_LOST + _AGAIN)
    if _UNDECIDED in text:
        return StoreTimeout(_CONTENDED + _PERHAPS) if applied else Contended(_CONTENDED + _AGAIN)
    kind, message, _ = _kind(told)
    if kind is Refused:
        return _refused(text)
    if said := _said(told):
        return said
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


def _said(error: BaseException) -> CfaclError | None:
    """Return what a node says where it refuses, before anything is made of it."""
    if type(error).__name__ in _SPEAKING:
        text = _text(error)
        for pattern, kind, says in TEXTS:
            if found := re.search(pattern, text):
                return kind(says.format(*map(quoted, found.groups())))
    return None


def _known(error: BaseException) -> tuple[type[CfaclError], str, bool] | None:
    names = (f"{each.__module__}.{each.__qualname__}" for each in type(error).__mro__)
    return next((KINDS[each] for each in names if each in KINDS), None)


def _kind(error: BaseException) -> tuple[type[CfaclError], str, bool]:
    return _known(error) or (StoreError, _DRIVER, True)


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
