"""The way to a cluster: one session of the driver, as it is to be used.

* Nagle's algorithm is off: with it, whatever is longer than a segment waits 40 ms for an acknowledgement.
* The reactor is libev's: the one on asyncio was seen to break frames under load.
* Rows are plain tuples.  Nobody gets a `ResultSet`, which begins its page anew with each iteration.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

from cassandra import ConsistencyLevel, UnresolvableContactPoints
from cassandra.auth import Authenticator, AuthProvider, PlainTextAuthProvider
from cassandra.cluster import (
    EXEC_PROFILE_DEFAULT,
    Cluster,
    ExecutionProfile,
    NoHostAvailable,
    _discard_cluster_shutdown,
)
from cassandra.policies import DCAwareRoundRobinPolicy, FallthroughRetryPolicy, TokenAwarePolicy
from cassandra.query import tuple_factory

from cfacl.errors import CfaclError, Closed, RequestError, SchemaMissing, StoreUnavailable, quoted
from cfacl.stores.cassandra.address import Address
from cfacl.stores.cassandra.errors import mapped, may_be_made, undecided

__all__ = ["ITSELF", "LEVEL", "SHARED", "Ring"]

#: The consistency of reads and writes, unless the policy says otherwise.
LEVEL: Final = "LOCAL_QUORUM"
#: Of what each node knows by itself, of which there is one replica; and of what Cassandra keeps for all nodes.
ITSELF: Final = ConsistencyLevel.ONE
SHARED: Final = ConsistencyLevel.QUORUM
#: Of records, whatever the policy says of cells: two data centres must not give one identity twice.
_RECORDS: Final = ConsistencyLevel.QUORUM
#: Who decides on conditions, whatever the policy says: with `LOCAL_SERIAL` two data centres gave one lock to both.
_DECIDED: Final = ConsistencyLevel.SERIAL
#: How often it is looked for what became of a node that was asked, a millisecond apart.
_TRIES: Final = 10
#: How often it is looked whether something is still under way, in seconds.
_LOOK: Final = 0.005
#: The protocol of Cassandra 4.0 and later, whose frames have checksums.
_PROTOCOL: Final = 5


class Ring:
    """A session with a cluster; safe from any number of threads.  What fails raises our errors, with the driver's as the cause."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._closed: str | None = None
        self._level = LEVEL
        #: how often it was opened
        self.opened = 0
        #: the time of what this thread sends
        self._sending = threading.local()
        self._cluster, self._session = self._open()
        _rings.add(self)

    def confirm_open(self) -> None:
        """Raise `Closed` after `close` or `abandon`."""
        if self._closed is not None:
            raise Closed(self._closed)

    def use_level(self, name: str | None) -> None:
        """Have reads and writes acknowledged by so many replicas."""
        self._level = name or LEVEL
        _set_level(self._cluster, self._level)

    def prepare(self, text: str, level: int | None = None) -> Any:
        """Return a statement, prepared once; of a level of its own, or of the policy's."""
        self.confirm_open()
        try:
            found = self._prepared(self.opened, text)
        except Exception as error:  # whatever the driver raises
            raise self.failure(error) from error
        if level is not None:
            found.consistency_level = level
        return found

    def begin(
        self, statement: Any, values: Sequence[object] | None = None, *, stamp: int | None = None, **more: Any
    ) -> Any:
        """Send a statement, and return the driver's future of the answer, which is for `end` alone.

        ``stamp``: the time of what bears none itself, in microseconds; otherwise the server's.
        """
        if self._closed is not None:
            raise Closed(self._closed)
        self._sending.stamp = stamp
        try:
            future = self._session.execute_async(statement, values, timeout=None, **more)
        except Exception as error:  # as above
            raise self.failure(error) from error
        future.begun = time.monotonic()
        return future

    def end(self, future: Any, *, applied: bool = False) -> Any:
        """Return the driver's answer; ``applied``: what was sent may have changed something."""
        self.wait(future)
        try:
            return future.result()
        except Exception as error:  # as above
            applied = applied and bool(future.attempted_hosts)  # else nobody was sent anything
            unknown = applied and _unknown(future, error)
            raise self.failure(error, applied=applied, answered=True, unknown=unknown) from error

    def wait(self, future: Any) -> None:
        """Return when the answer is there, or it is too late for it.

        The driver would have a timer for each, and its thread, which has better things to do, woken up to look after it.
        """
        left = future.begun + self.address.timeout - time.monotonic()
        if not future._event.wait(left):  # noqa: SLF001  # there is no other way to it
            future._on_timeout()  # noqa: SLF001  # what its timer would have called

    def ask(self, statement: Any, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of an answer, of all its pages."""
        found: list[tuple[Any, ...]] = []
        state = None
        while True:
            answer = self.end(self.begin(statement, values, paging_state=state))
            found += answer.current_rows
            state = answer.paging_state
            if state is None:
                return found

    def decide(self, statement: Any, host: Any = None) -> bool:
        """Return whether what is written under a condition was written.

        It is sent once: a second node would say no, if the first has done it and could not tell.  Where too few are up
        it may have been agreed on before, and is then made by whoever comes next.
        """
        statement.retry_policy = FallthroughRetryPolicy()
        future = self.begin(statement, host=host)
        try:
            ((applied, *_), *_) = self.end(future, applied=True).current_rows
        except StoreUnavailable as error:
            if not future.attempted_hosts:
                raise
            raise undecided(error) from error.__cause__
        return bool(applied)

    def define(self, text: str) -> None:
        """Change the schema, and return once all nodes that are up have it.

        Raises:
            StoreUnavailable: they do not agree.
        """
        self.end(self.begin(text), applied=True)
        # The driver has waited for it too, and does not say how that ended where it keeps no schema itself.
        try:
            agreed = self._cluster.control_connection.wait_for_schema_agreement()
        except Exception as error:  # as above
            raise self.failure(error, applied=True) from error
        if not agreed:
            raise StoreUnavailable(
                "the nodes do not agree on the schema; see `nodetool describecluster`, then try again"
            )

    def for_records(self, statement: Any, *, read: bool) -> Any:
        """Return a statement that is decided by all data centres together."""
        statement.consistency_level = _DECIDED if read else _RECORDS
        return statement

    def serial(self, statement: Any) -> Any:
        """Return a question whose answer has in it all that was ever decided under a condition."""
        statement.consistency_level = _DECIDED
        return statement

    def failure(
        self, error: Exception, *, applied: bool = False, answered: bool = False, unknown: bool = False
    ) -> CfaclError:
        """Return an error of ours; see `mapped`."""
        if self._closed is not None and not (applied and answered):  # else it was sent before
            return Closed(self._closed)
        return mapped(error, self.address, applied=applied, answered=answered, unknown=unknown)

    def confirm_keyspace(self) -> None:
        """Raise `SchemaMissing` where there is none of the name."""
        name = self.address.keyspace
        there = self.ask(
            self.prepare("SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?", ITSELF), (name,)
        )
        if not there:
            raise SchemaMissing(
                f'there is no keyspace {quoted(name)}; make it, in cqlsh `CREATE KEYSPACE "{name}" WITH replication ='
                " {'class': 'NetworkTopologyStrategy', 'DATA_CENTER': 3}`"
            )

    def is_kept_apart(self) -> bool:
        """Whether the policy's level is bound to this data centre, and there are others."""
        centers = {each.datacenter for each in self._cluster.metadata.all_hosts()}
        return self._level.startswith("LOCAL_") and len(centers) > 1

    def statistics(self) -> dict[str, int | str]:
        """Return how many nodes are known, and how many of these are up; how often the session was opened."""
        self.confirm_open()
        nodes = self._cluster.metadata.all_hosts()
        return {
            "nodes": len(nodes),
            "nodes_up": sum(bool(each.is_up) for each in nodes),
            "sessions_opened": self.opened,
        }

    def reopen(self) -> Callable[[], None]:
        """Open a new session, and return what ends the one before, once what is under way has its answers."""
        self.confirm_open()
        before, session = self._cluster, self._session
        self._cluster, self._session = self._open()
        return lambda: self._end(before, session)

    def close(self) -> None:
        """End it, once what is under way has its answers."""
        if self._closed is None:
            self._closed = "the store is closed; open it again"
            self._end(self._cluster, self._session)

    def abandon(self) -> None:
        """Let go of it in a forked child, without a byte to the nodes, whom the parent goes on talking to."""
        self._closed = "the store was opened by the parent of this process; open it after the fork"
        # Or this process would end it when it exits, and wait for threads that only its parent has.
        _discard_cluster_shutdown(self._cluster)

    def _end(self, cluster: Any, session: Any) -> None:
        """End a session when nobody waits for an answer of it: of what it still has under way the driver would tell nobody."""
        late = time.monotonic() + self.address.timeout
        while time.monotonic() < late and _is_waited_for(session):
            time.sleep(_LOOK)
        cluster.shutdown()

    def _open(self) -> tuple[Any, Any]:
        try:
            cluster = _cluster(self.address, lambda: getattr(self._sending, "stamp", None))
        except UnresolvableContactPoints as error:
            raise mapped(error, self.address, applied=False) from error
        try:
            _set_level(cluster, self._level)
            session = cluster.connect()
            self._confirm_one_data_center(cluster)
            session._default_timeout = self.address.timeout  # noqa: SLF001  # of what is prepared, of which profiles say nothing
            # Without the rest of the schema, which would be read again whenever anybody changes it.
            cluster.refresh_keyspace_metadata(self.address.keyspace)
        except Exception as error:  # as above
            cluster.shutdown()
            if isinstance(error, CfaclError):
                raise
            self._confirm_data_center(cluster)  # of which the driver says no more than that it finds nobody
            raise mapped(error, self.address, applied=False) from error
        self.opened += 1
        held: list[Any] = []

        def prepare(_: int, text: str) -> Any:
            # Where two do so at once, the driver knows one of them, and no longer when that is gone.
            held.append(session.prepare(text))
            return held[-1]

        self._prepared = lru_cache(maxsize=None)(prepare)
        return cluster, session

    def _confirm_one_data_center(self, cluster: Any) -> None:
        """Raise `RequestError` where it would be drawn by lot: the driver begins at any of the hosts."""
        if self.address.data_center is None:
            given = set(cluster.endpoints_resolved)
            named = sorted({each.datacenter for each in cluster.metadata.all_hosts() if each.endpoint in given})
            if len(named) > 1:
                raise RequestError(
                    f"the hosts are of data centres {', '.join(map(quoted, named))}; say whose nodes to ask, by `?dc=`"
                )

    def _confirm_data_center(self, cluster: Any) -> None:
        name = self.address.data_center
        known = sorted({each.datacenter for each in cluster.metadata.all_hosts() if each.datacenter})
        if name is not None and known and name not in known:
            raise RequestError(f"no node is in data centre {quoted(name)}; known are {', '.join(map(quoted, known))}")


def _unknown(future: Any, error: Exception) -> bool:
    """Whether a node that was asked may have made what was sent, though another, or none, tells how it ended."""
    asked = list(dict.fromkeys(future.attempted_hosts))
    again = len(asked) < len(future.attempted_hosts)
    # Of each the driver notes one error alone; where it tried nothing again, it asked a node that had forgotten a statement.
    if again and future._query_retries:  # noqa: SLF001  # it says so nowhere else
        return True
    if not isinstance(error, NoHostAvailable):
        asked = [each for each in asked if each != future.coordinator_host]  # who tells it
    noted = future._errors  # noqa: SLF001  # of each node; it is told of one
    for _ in range(_TRIES):  # the driver may give up before it has noted what became of the last of them
        if noted.keys() >= set(asked):
            break
        time.sleep(0.001)
    return any(each not in noted or may_be_made(noted[each]) for each in asked)


def _is_waited_for(session: Any) -> bool:
    """Whether somebody waits for an answer, who has not given it up."""
    return any(
        sum(pool["in_flights"]) > sum(map(len, pool["orphan_requests"])) for pool in session.get_pool_state().values()
    )


class _Certified(AuthProvider):  # type: ignore[misc]  # the driver has no types
    """Answers a node that asks who we are with nothing: our certificate has said it, where the cluster goes by that."""

    def new_authenticator(self, host: object) -> Any:
        return Authenticator()


def _who(address: Address) -> Any:
    """Return what the driver tells a node that asks who we are; ``None`` where we are nobody."""
    credentials = address.known_as()
    if credentials is not None:
        return PlainTextAuthProvider(credentials.user, credentials.password)
    return None if address.tls is None or address.tls.cert is None else _Certified()


def _cluster(address: Address, stamp: Callable[[], int | None]) -> Any:
    """Return the driver's way to the nodes; ``stamp`` is asked for the time of each request, ``None`` for the server's."""
    try:
        from cfacl.stores.cassandra.connection import WholeConnection
    except ImportError as error:
        raise RequestError(
            "the driver was built without libev; install a wheel of `cassandra-driver`, or libev's headers before it is built"
        ) from error
    policy = DCAwareRoundRobinPolicy(local_dc=address.data_center or "")
    profile = ExecutionProfile(
        load_balancing_policy=TokenAwarePolicy(policy), request_timeout=address.timeout, row_factory=tuple_factory
    )
    return Cluster(
        address.hosts,
        address.port,
        auth_provider=_who(address),
        connection_class=WholeConnection,
        connect_timeout=address.timeout,
        control_connection_timeout=address.timeout,
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        # One that no longer answers is given up after twice the time of an answer.
        idle_heartbeat_interval=address.timeout / 2,
        idle_heartbeat_timeout=address.timeout,
        protocol_version=_PROTOCOL,
        schema_event_refresh_window=-1,  # what nobody reads need not be read anew whenever somebody changes it
        schema_metadata_enabled=False,
        sockopts=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        ssl_context=None if address.tls is None else address.tls.context(),
        timestamp_generator=stamp,
    )


def _set_level(cluster: Any, name: str) -> None:
    profile = cluster.profile_manager.profiles[EXEC_PROFILE_DEFAULT]
    profile.consistency_level = ConsistencyLevel.name_to_value[name]
    profile.serial_consistency_level = _DECIDED


class _WithoutRows(logging.Filter):
    """Takes out of what the driver would log what rows have: a server's warning names keys, an answer has all of it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.msg == "Server warning: %s":
            record.args = ("left out, for it may name a row's key; it is in the server's log",)
        elif str(record.msg).startswith("Error decoding response"):
            record.msg, record.args = "an answer of cassandra's can't be read; left out, for it has rows", ()
        return True


for _name in ("cassandra.connection", "cassandra.protocol"):
    logging.getLogger(_name).addFilter(_WithoutRows())
# Where nobody set up logging, what the driver logs of a failure would stand on the screen beside what we raise of it.
logging.getLogger("cassandra").addHandler(logging.NullHandler())

#: What a forked child has to let go of, whoever opened it.
_rings: weakref.WeakSet[Ring] = weakref.WeakSet()


def _after_fork() -> None:
    for each in list(_rings):
        each.abandon()


os.register_at_fork(after_in_child=_after_fork)
