"""What each failure of the driver and of the server means: every class that there is, and every text that was seen."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import ModuleType

import happybase
import pytest
import thriftpy2
from thriftpy2.parser.exc import ThriftGrammarError, ThriftLexerError, ThriftModuleNameConflict, ThriftParserError
from thriftpy2.parser.parser import _GrammarError
from thriftpy2.protocol.cybin import ProtocolError
from thriftpy2.protocol.exc import TProtocolException
from thriftpy2.thrift import TApplicationException, TDecodeException, TException, TType
from thriftpy2.transport import TTransportException

from cfacl.errors import (
    AccessDenied,
    CfaclError,
    InvalidValue,
    SchemaMissing,
    StoreContractError,
    StoreError,
    StoreTimeout,
    StoreUnavailable,
)
from cfacl.stores.hbase.client import OutOfStep
from cfacl.stores.hbase.definitions import AlreadyExists, Hbase, IllegalArgument, ServerError
from cfacl.stores.hbase.errors import TEXTS, TableExists, mapped
from cfacl.stores.native import Refused

WHERE = "host:9090"
PERHAPS = "; it may have been applied, or still be, so look before it is sent again"
AGAIN = "; try again"

#: What the driver and the definitions can raise while they talk, and what it means for a question and for a change.
RAISED: dict[type[Exception], tuple[Exception, type[CfaclError], type[CfaclError]]] = {
    AlreadyExists: (AlreadyExists(b"t"), TableExists, TableExists),
    IllegalArgument: (IllegalArgument(b"java.lang.IllegalArgumentException: no"), StoreError, StoreError),
    ServerError: (ServerError(b"java.io.IOException: no"), StoreError, StoreError),
    TApplicationException: (TApplicationException(6, "Internal error processing get"), StoreError, StoreError),
    TTransportException: (TTransportException(4, "TSocket read 0 bytes"), StoreUnavailable, StoreTimeout),
    TProtocolException: (TProtocolException(4), StoreContractError, StoreContractError),
    ProtocolError: (ProtocolError("No protocol version header"), StoreContractError, StoreContractError),
    TDecodeException: (TDecodeException("m", 1, "row", 5, TType.STRING), InvalidValue, InvalidValue),
}
#: What they cannot raise here, and why.
NEVER: dict[type[Exception], str] = {
    TException: "a root, of which there are only others",
    ThriftParserError: "of reading definitions, which are read when the driver is loaded",
    ThriftModuleNameConflict: "as above",
    ThriftLexerError: "as above",
    ThriftGrammarError: "as above",
    _GrammarError: "as above",
    happybase.NoConnectionsAvailable: "of happybase's own pool, which is not used",
}
#: Modules of the driver that ask for more than it brings: other transports, and tools, none of which is used.
APART = ("thriftpy2.tornado", "thriftpy2.contrib", "thriftpy2.http")


def modules(package: ModuleType) -> list[ModuleType]:
    names = [each.name for each in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
    return [package, *(importlib.import_module(each) for each in names if not each.startswith(APART))]


def test_every_exception_that_the_driver_and_the_definitions_have_is_accounted_for() -> None:
    """One that a later driver brings is to be looked at, and put into one of the lists above."""
    found = {
        each
        for module in [*modules(happybase), *modules(thriftpy2), importlib.import_module("Hbase_thrift")]
        for each in vars(module).values()
        if inspect.isclass(each)
        and issubclass(each, BaseException)
        and each.__module__.startswith(("happybase", "thriftpy2", "Hbase_thrift"))
    }
    assert found == RAISED.keys() | NEVER.keys()
    thrown = {
        spec[2]
        for method in Hbase.thrift_services
        for number, spec in getattr(Hbase, method + "_result").thrift_spec.items()
        if number
    }
    assert thrown == {AlreadyExists, IllegalArgument, ServerError}


@pytest.mark.parametrize("kind", RAISED, ids=lambda each: each.__name__)
def test_every_exception_means_something(kind: type[Exception]) -> None:
    error, question, change = RAISED[kind]
    for applied, expected in ((False, question), (True, change)):
        meant = mapped(error, WHERE, applied=applied)
        assert type(meant) is expected
        assert "in a way that is not known" not in str(meant)


@pytest.mark.parametrize(
    ("error", "question", "change", "message"),
    [
        (ConnectionResetError(), StoreUnavailable, StoreTimeout, "the gateway ended the connection, as one does that st"),
        (BrokenPipeError(), StoreUnavailable, StoreTimeout, "the gateway ended the connection"),
        (EOFError(), StoreUnavailable, StoreTimeout, "the gateway ended the connection"),
        (TimeoutError(), StoreTimeout, StoreTimeout, "the gateway did not answer in time: is hbase behind it up, and t"),
        (OutOfStep(), StoreContractError, StoreContractError, "the gateway answered another question; the answer was d"),
    ],
)  # fmt: skip
def test_where_it_is_not_known_whether_a_change_was_made_it_is_said(error, question, change, message: str) -> None:
    for applied, kind, end in ((False, question, AGAIN), (True, change, PERHAPS)):
        meant = mapped(error, WHERE, applied=applied)
        assert type(meant) is kind
        assert str(meant).startswith(message)
        assert str(meant).endswith(end)


def test_other_failures_of_the_system_say_where() -> None:
    meant = mapped(OSError(113, "No route to host"), WHERE, applied=False)
    assert type(meant) is StoreUnavailable
    assert str(meant) == "the gateway at `host:9090` can't be reached; see the cause"


@pytest.mark.parametrize(
    "error", [ValueError("x"), MemoryError(), SystemError("x"), UnicodeDecodeError("a", b"", 0, 0, "")]
)
def test_what_nobody_foresaw_is_a_failure(error: Exception) -> None:
    meant = mapped(error, WHERE, applied=True)
    assert type(meant) is StoreError
    assert str(meant) == "the driver failed in a way that is not known; see the cause" + PERHAPS


def test_our_own_errors_stay() -> None:
    error = InvalidValue("x")
    assert mapped(error, WHERE, applied=True) is error


NAME = "org.apache.hadoop.hbase."


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (f"{NAME}TableNotFoundException: t", SchemaMissing, "the store lacks a table; `create_tables()` makes it"),
        (f"{NAME}regionserver.NoSuchColumnFamilyException: x", SchemaMissing, "the store lacks a family"),
        (f"{NAME}client.RetriesExhaustedWithDetailsException: Failed 1 action: NoSuchColumnFamilyException: Column fa",
         SchemaMissing, "the store lacks a family"),
        (f"{NAME}NamespaceNotFoundException: n", SchemaMissing, "there is no such namespace"),
        (f"{NAME}TableNotEnabledException: t is disabled.", StoreUnavailable, "the table is disabled; enable it"),
        (f"{NAME}client.RetriesExhaustedWithDetailsException: Failed 2 actions: NotServingRegionException: 2 times",
         StoreUnavailable, "hbase does not serve this region now; try again, and see whether the table is disabled"),
        (f"{NAME}security.AccessDeniedException: Insufficient permissions", Refused, "hbase refuses this to the user w"),
        (f"{NAME}security.AccessDeniedException: Insufficient permissions for user 'svc' (table=t, action=CREATE)",
         Refused, "hbase refuses `C` on this to the user whom the gateway acts as, `svc`; `grant` it in `hbase shell`"),
        (f"{NAME}security.AccessDeniedException: Insufficient permissions (user=svc, scope=t, params=[],action=WRITE)",
         Refused, "hbase refuses `W` on this to the user"),
        (f"{NAME}DoNotRetryIOException: Field is not a long, it's 1 bytes wide", InvalidValue, "the cell is not a coun"),
        ("java.lang.IllegalArgumentException: KeyValue size too large", InvalidValue, "a value is larger than the ser"),
        (f"{NAME}ipc.CallTimeoutException: call", StoreTimeout, "hbase did not answer the gateway in time"),
        ("java.net.ConnectException: Connection refused", StoreUnavailable, "the gateway does not reach hbase"),
        (f"{NAME}MasterNotRunningException: x", StoreUnavailable, "no master is running; start it"),
        (f"{NAME}PleaseHoldException: Master is initializing", StoreUnavailable, "the master is starting; try again"),
        (f"{NAME}client.RetriesExhaustedWithDetailsException: Failed 2 actions: t: 2 times, servers with issues: null",
         StoreUnavailable, "hbase finds no region of this table; see whether it is there"),
        (f"{NAME}client.RetriesExhaustedException: Failed after attempts=16", StoreUnavailable, "hbase did not do it,"),
        (f"{NAME}StrangeException: row u17 of maya", StoreError, "hbase answered `StrangeException`; read its log"),
        ("something", StoreError, "hbase answered an error; read its log"),
        ("", StoreError, "hbase answered an error; read its log"),
    ],
)  # fmt: skip
def test_an_answer_is_told_by_the_class_that_its_text_names(text: str, kind: type[CfaclError], message: str) -> None:
    for answer in (ServerError(text.encode()), IllegalArgument(text.encode())):
        meant = mapped(answer, WHERE, applied=True)
        assert type(meant) is kind
        assert str(meant).startswith(message)
        assert "u17" not in str(meant)


@pytest.mark.parametrize("message", [None, b"\xff\xfe", "text", 5])
def test_an_answer_without_a_text_is_an_answer(message) -> None:
    assert type(mapped(ServerError(message), WHERE, applied=False)) is StoreError


def test_no_failure_is_a_denial_and_every_message_is_one_line() -> None:
    answers = [ServerError(text.encode()) for text, _, _ in TEXTS]
    for error in [*answers, *(error for error, _, _ in RAISED.values()), OSError(), Exception()]:
        for applied in (False, True):
            meant = mapped(error, WHERE, applied=applied)
            assert not isinstance(meant, AccessDenied)
            assert "\n" not in str(meant)
            assert str(meant)[0].islower()
