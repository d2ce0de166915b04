"""What each failure of the driver and of the cluster means: every class that there is."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import ssl
import threading
from collections.abc import Iterator
from typing import Any, Final

import cassandra
import pytest
from cassandra import InvalidRequest, Unauthorized, Unavailable, WriteTimeout, cluster
from cassandra.connection import ConnectionShutdown
from cassandra.protocol import ErrorMessage, ServerError

from cfacl.errors import (
    CfaclError,
    InvalidValue,
    RequestError,
    SchemaMissing,
    StoreContractError,
    StoreError,
    StoreTimeout,
    StoreUnavailable,
)
from cfacl.stores.cassandra.address import parse
from cfacl.stores.cassandra.errors import KINDS, Otherwise, mapped, may_be_made
from cfacl.stores.cassandra.ring import Ring
from cfacl.stores.native import Refused

WHERE = "host:9042"
PERHAPS = "; it may have been applied, or still be, so look before it is sent again"
#: Parts of the driver that are not loaded here: other servers' protocols, other reactors, its object mapper.
OTHERS = (
    *("cassandra.cqlengine", "cassandra.datastax", "cassandra.graph", "cassandra.column_encryption"),
    *(f"cassandra.io.{each}" for each in ("async", "event", "gevent", "twisted")),
)


def raised() -> Iterator[type[BaseException]]:
    """Yield every exception class of the driver that can come by the way that is used here."""
    found = {cassandra}
    for each in pkgutil.walk_packages(cassandra.__path__, "cassandra."):
        if not each.name.startswith(OTHERS):
            try:
                found.add(importlib.import_module(each.name))
            except ImportError:  # it asks for more than is installed, such as numpy
                continue
    for module in found:
        for kind in vars(module).values():
            if inspect.isclass(kind) and issubclass(kind, BaseException) and kind.__module__ == module.__name__:
                yield kind


def test_every_class_of_the_driver_is_mapped() -> None:
    names = {f"{each.__module__}.{each.__qualname__}" for each in raised()}
    assert names == set(KINDS)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_each_is_one_line_that_says_what_to_do(name: str) -> None:
    module, _, kind = name.rpartition(".")
    error = getattr(importlib.import_module(module), kind)
    made = error(0, "text", None) if issubclass(error, ErrorMessage) else error.__new__(error)
    for applied in (False, True):
        told = mapped(made, WHERE, applied=applied)
        assert isinstance(told, StoreError)
        text = str(told)
        assert text == text.strip()
        assert text[0].islower()
        assert "\n" not in text
        unknown = KINDS[name][2]
        assert text.endswith(PERHAPS) is (applied and unknown)
        if applied and unknown:  # so that whoever sends again what is unavailable sends nothing twice
            assert not isinstance(told, StoreUnavailable)


def no_host(*errors: Exception) -> cluster.NoHostAvailable:
    return cluster.NoHostAvailable("all of them", dict(enumerate(errors)))


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (no_host(), StoreUnavailable, "no node of the data centre can be reached; try again"),
        (no_host(Unavailable("few")), StoreUnavailable, "too few replicas are up for this consistency; try again"),
        (
            no_host(OSError("refused")),
            StoreUnavailable,
            f"no node at `{WHERE}` can be reached; is it up, and does it want TLS",
        ),
        (
            no_host(OSError("refused"), ssl.SSLError(1, "alert")),
            StoreError,
            f"the nodes at `{WHERE}` and we can't agree on TLS",
        ),
        (
            no_host(OSError(1, "Last error: [SSL: CERTIFICATE_VERIFY_FAILED]")),
            StoreError,
            f"the nodes at `{WHERE}` and we",
        ),
        (no_host(no_host(cassandra.AuthenticationFailed("bad"))), StoreError, "the cluster does not let us in"),
    ],
)
def test_what_several_nodes_said_is_told_by_the_one_that_says_most(error: Exception, kind: type, text: str) -> None:
    told = mapped(error, WHERE, applied=False)
    assert type(told) is kind
    assert str(told).startswith(text)


def test_a_change_that_one_node_may_have_made_is_not_told_as_unmade_by_another() -> None:
    error = no_host(ConnectionShutdown("gone"), Unavailable("few"))
    told = mapped(error, WHERE, applied=True)
    assert type(told) is StoreTimeout
    assert str(told).endswith(PERHAPS)
    assert type(mapped(no_host(Unavailable("few")), WHERE, applied=True)) is StoreUnavailable


class Ended:
    """What the driver has of a request: whom it asked, what it noted of them, and what it raises."""

    begun = 0.0

    def __init__(
        self, asked: list[str], noted: dict[str, Exception], error: Exception, tries: int, teller: str | None
    ) -> None:
        self.attempted_hosts, self._errors, self.error, self._query_retries = asked, noted, error, tries
        self.coordinator_host = teller
        self._event = threading.Event()
        self._event.set()

    def result(self) -> None:
        raise self.error


def ended(
    asked: list[str],
    noted: dict[str, Exception],
    error: Exception | None = None,
    tries: int | None = None,
    teller: str | None = None,
) -> Exception:
    """What is raised where a change ended so."""
    ring = Ring.__new__(Ring)
    ring._closed = None
    ring.address = parse("cassandra://one/home")
    again = len(asked) - 1 if tries is None else tries
    if error is not None and asked:
        teller = teller or asked[-1]
    future = Ended(asked, noted, error or cluster.NoHostAvailable("all of them", noted), again, teller)
    with pytest.raises(StoreError) as told:
        ring.end(future, applied=True)
    return told.value


FEW: Final = Unavailable("few")
GONE: Final = ConnectionShutdown("gone")
REFUSED: Final = cassandra.InvalidRequest("Mutation of 5 bytes is too large for the maximum size of 4")


@pytest.mark.parametrize(
    ("asked", "noted", "error"),
    [
        (["one"], {}, None),
        (["one"], {"one": GONE}, None),
        (["one", "two"], {"one": GONE, "two": FEW}, FEW),
        (["one", "two"], {"two": FEW}, FEW),
        (["one", "two"], {"one": GONE, "two": REFUSED}, REFUSED),
        (["one", "two"], {"one": GONE, "two": REFUSED}, None),
        (["one", "one"], {"one": FEW}, FEW),
        (["one"], {}, OSError("gone")),
    ],
)
def test_what_one_node_may_have_made_is_told_as_unknown_whatever_the_next_says(
    asked: list[str], noted: dict[str, Exception], error: Exception | None
) -> None:
    told = ended(asked, noted, error)
    assert type(told) is StoreTimeout
    assert str(told).endswith(PERHAPS)


@pytest.mark.parametrize(
    ("asked", "noted", "error"),
    [
        ([], {"one": GONE}, FEW),
        (["one"], {"one": FEW}, None),
        (["one"], {"one": FEW}, FEW),
        (["one", "two"], {"one": FEW, "two": FEW}, FEW),
    ],
)
def test_what_no_node_can_have_made_is_told_as_unmade(
    asked: list[str], noted: dict[str, Exception], error: Exception | None
) -> None:
    assert type(ended(asked, noted, error)) is StoreUnavailable


def test_a_write_that_timed_out_is_unknown() -> None:
    told = mapped(WriteTimeout("late", write_type=0), WHERE, applied=True)
    assert type(told) is StoreTimeout
    assert str(told) == "the replicas did not answer the coordinator in time" + PERHAPS


def test_who_tells_it_is_not_taken_for_who_was_asked_before() -> None:
    """The driver notes whom it asked when it has sent it, and the answer may be there by then."""
    told = ended(["two", "one"], {"one": GONE, "two": FEW}, FEW, tries=0, teller="two")
    assert type(told) is StoreTimeout
    assert str(told).endswith(PERHAPS)


def test_what_was_sent_to_nobody_is_told_as_unmade() -> None:
    told = ended([], {"one": GONE})
    assert PERHAPS not in str(told)


def test_a_node_that_was_asked_twice_for_it_had_forgotten_the_statement_made_nothing() -> None:
    told = ended(["one", "one"], {}, cassandra.InvalidRequest("Undefined column name b4 in table k.t"), tries=0)
    assert type(told) is Otherwise
    assert PERHAPS not in str(told)


def test_a_refusal_names_the_user_and_the_right() -> None:
    error = Unauthorized("User maya has no SELECT permission on <table home.account__id__1> or any of its parents")
    told = mapped(error, WHERE, applied=False)
    assert type(told) is Refused
    assert (
        str(told) == "the cluster refuses `SELECT` on this to the user whom we are to it, `maya`; `GRANT` it in cqlsh"
    )
    assert told.user == "maya"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("unconfigured table t", SchemaMissing),
        ("table k.t does not exist", SchemaMissing),
        ("Keyspace 'home' does not exist", SchemaMissing),
        ("keyspace home does not exist", SchemaMissing),
        ("Batch too large", RequestError),
        ("Key length of 70000 is longer than maximum of 65535", InvalidValue),
        ("Undefined column name v in table k.t", Otherwise),
        ("something that nobody has seen", StoreError),
    ],
)
def test_a_request_that_is_refused_is_told_by_what_the_server_says(text: str, kind: type[CfaclError]) -> None:
    told = mapped(InvalidRequest(f'Error from server: code=2200 [Invalid query] message="{text}"'), WHERE, applied=True)
    assert type(told) is kind
    assert PERHAPS not in str(told)


def test_a_node_that_meets_a_table_on_its_way_out_says_so() -> None:
    error = no_host(ServerError(0, "java.lang.IllegalArgumentException: Unknown CF 00984460-e9fe-11f1", None))
    assert type(mapped(error, WHERE, applied=True)) is SchemaMissing
    assert not may_be_made(error)
    assert may_be_made(no_host(ServerError(0, "java.lang.IllegalStateException: something else", None)))


def test_what_nobody_knows_is_a_failure_of_the_store() -> None:
    class Strange(Exception):
        pass

    told: Any = mapped(Strange("x"), WHERE, applied=True)
    assert type(told) is StoreError
    assert str(told) == "the driver failed in a way that is not known; see the cause" + PERHAPS
    ours = StoreContractError("ours")
    assert mapped(ours, WHERE, applied=True) is ours
