"""Real servers, for tests of a service: HBase and Cassandra, plain, or asking who may do what.

A plugin of pytest, for a project's `conftest.py`, or for one run with ``-p cfacl.testing.servers``::

    pytest_plugins = ["cfacl.testing.servers"]

    def test_mine(hbase):                              # without authorization; `hbase_acl` has it
        connection = hbase.connection()                # happybase's; or its own, on hbase.host and hbase.port()

    def test_rights(hbase_acl):
        with hbase_acl.operator() as acl:
            acl.grant("alice", "R", "account", "id")
        connection = hbase_acl.connection("http", user="alice")

    def test_rows(cassandra):                          # one node; `cassandra_auth` asks for passwords, over TLS
        with cassandra.session() as session: ...       # the driver's; or its own, on cassandra.host and cassandra.port

    def test_places(cassandra_ring): ...               # three nodes in two data centres

Each is started once in a run, by the first test that asks for it, and shared by all processes of pytest-xdist; so name
tables and keyspaces as nobody else does, and take an `HBase` or a `Cassandra` of your own where you mean to kill it.  They
need the extras `hbase` and `cassandra`, a JDK (17: Cassandra takes no other) and Maven; where the machine lacks one of them
the test is left out, or failed if ``CFACL_REQUIRE`` names `hbase`, or `cassandra`.  Where tests fail, the run ends with what
the servers' logs complained of last.  ``CFACL_HBASE=host:port`` and ``CFACL_CASSANDRA=host:port`` name a server that runs
already, and then none is started.

`Proxy` stands before a Thrift server and breaks what passes: see `cfacl.testing.servers.proxy`.  `CassandraProxy` does so
before a node of Cassandra: see `cfacl.testing.servers.cassandra.proxy`.  A `Relay` only passes on, or refuses.

The jars come from Maven Central once, into ``CFACL_CACHE`` or the user's cache.
"""

from cfacl.testing.servers.cassandra.proxy import CassandraProxy
from cfacl.testing.servers.cassandra.running import RunningCassandra
from cfacl.testing.servers.cassandra.server import Cassandra
from cfacl.testing.servers.errors import Missing, ServerError
from cfacl.testing.servers.faults import Exchange, Fault, at_random, nth
from cfacl.testing.servers.fixtures import (
    cassandra,
    cassandra_auth,
    cassandra_ring,
    hbase,
    hbase_acl,
    pytest_configure,
    pytest_configure_node,
    pytest_terminal_summary,
    pytest_unconfigure,
)
from cfacl.testing.servers.hbase.operations import Operator
from cfacl.testing.servers.hbase.running import Running
from cfacl.testing.servers.hbase.server import HBase
from cfacl.testing.servers.proxy import Proxy
from cfacl.testing.servers.relay import Relay

__all__ = [
    "Cassandra",
    "CassandraProxy",
    "Exchange",
    "Fault",
    "HBase",
    "Missing",
    "Operator",
    "Proxy",
    "Relay",
    "Running",
    "RunningCassandra",
    "ServerError",
    "at_random",
    "cassandra",
    "cassandra_auth",
    "cassandra_ring",
    "hbase",
    "hbase_acl",
    "nth",
    "pytest_configure",
    "pytest_configure_node",
    "pytest_terminal_summary",
    "pytest_unconfigure",
]
