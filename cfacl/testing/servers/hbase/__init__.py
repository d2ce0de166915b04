"""HBase 2.6 with its Thrift servers, on this machine alone."""

from cfacl.testing.servers.hbase.operations import Operator
from cfacl.testing.servers.hbase.running import Running
from cfacl.testing.servers.hbase.server import HBase

__all__ = ["HBase", "Operator", "Running"]
