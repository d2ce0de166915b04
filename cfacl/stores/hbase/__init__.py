"""Apache HBase, through its Thrift gateway.

`address` what a URL says · `wire` a socket · `http` Thrift over HTTP · `client` one connection, in step with its server ·
`pool` who has which connection · `gateway` what is asked, and what is sent once · `errors` what failures mean · `names` how
tables and families are called there · `rows` answers · `changes` writes · `stamps` their timestamps, where they may be sent
again · `scanning` scans · `schema` which families there are · `system` the records · `store` all of it together.
"""

from cfacl.stores.hbase.store import HBaseStore, open_store

__all__ = ["HBaseStore", "open_store"]
