"""HBase 2.6 with its Thrift servers, on this machine alone."""

from cfacl.testing.servers.hbase.acl import AclTool
from cfacl.testing.servers.hbase.running import Running
from cfacl.testing.servers.hbase.server import HBase

__all__ = ["AclTool", "HBase", "Running"]
