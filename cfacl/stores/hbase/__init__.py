"""Apache HBase, through its Thrift gateway.

`address` what a URL says · `client` one connection, in step with its server · `pool` who has which connection ·
`errors` what failures mean · `names` how tables and families are called there · `rows` answers · `changes` writes ·
`scanning` scans · `system` the records · `store` all of it together.
"""

from cfacl.stores.hbase.store import HBaseStore, open_store

__all__ = ["HBaseStore", "open_store"]
