"""Apache Cassandra 5.0, one node or several, on this machine alone."""

from cfacl.testing.servers.cassandra.running import RunningCassandra
from cfacl.testing.servers.cassandra.server import Cassandra

__all__ = ["Cassandra", "RunningCassandra"]
