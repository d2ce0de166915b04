"""Real servers, for tests of a service: plain, or asking who may do what.

A plugin of pytest, for a project's `conftest.py`, or for one run with ``-p cfacl.testing.servers``::

    pytest_plugins = ["cfacl.testing.servers"]

    def test_mine(hbase):                              # without authorization; `hbase_acl` has it
        connection = hbase.connection()                # happybase's; or its own, on hbase.host and hbase.port()

    def test_rights(hbase_acl):
        with hbase_acl.operator() as acl:
            acl.grant("alice", "R", "account", "id")
        connection = hbase_acl.connection("http", user="alice")

Each is started once in a run, by the first test that asks for it, and shared by all processes of pytest-xdist; so name
tables as nobody else does, and take an `HBase` of your own where you mean to kill it.  It needs the extra `hbase`, a
JDK (17 is what it is tested with) and Maven; where the machine lacks one of them the test is left out, or failed if
``CFACL_REQUIRE`` names `hbase`.  ``CFACL_HBASE=host:port`` names a server that runs already, and starts none.

`Proxy` stands before a Thrift server and breaks what passes: see `cfacl.testing.servers.proxy`.

The jars come from Maven Central once, into ``CFACL_CACHE`` or the user's cache.
"""

from cfacl.testing.servers.errors import Missing, ServerError
from cfacl.testing.servers.fixtures import hbase, hbase_acl, pytest_configure, pytest_configure_node, pytest_unconfigure
from cfacl.testing.servers.hbase.operations import Operator
from cfacl.testing.servers.hbase.running import Running
from cfacl.testing.servers.hbase.server import HBase
from cfacl.testing.servers.proxy import Exchange, Fault, Proxy, at_random, nth

__all__ = [
    "Exchange",
    "Fault",
    "HBase",
    "Missing",
    "Operator",
    "Proxy",
    "Running",
    "ServerError",
    "at_random",
    "hbase",
    "hbase_acl",
    "nth",
    "pytest_configure",
    "pytest_configure_node",
    "pytest_unconfigure",
]
