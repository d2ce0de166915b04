"""Apache Cassandra, through its own driver.

`address` what a URL says · `ring` the session · `errors` what failures mean · `names` how tables are called there · `tables`
one family's table and its statements · `schema` which there are · `reading` rows · `scanning` scans · `stamps` the time of
changes · `changes` writes · `conditions` compare-and-set, and counters · `system` the records · `posture` how a cluster stands · `native` its own rights ·
`store` all of it together.
"""

from cfacl.stores.cassandra.store import CassandraStore, open_store

__all__ = ["CassandraStore", "open_store"]
