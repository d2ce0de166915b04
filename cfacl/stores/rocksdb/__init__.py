"""The embedded store: RocksDB in one directory, no server.

Read `keys` first: how cells are laid out.  `families` has the open database and its column
families, `rows` reads, `changes` what must be read to be written, `store` fills the seam; `reader` does where
another process writes, by way of `replica`.
"""

from cfacl.stores.rocksdb.directory import open_store
from cfacl.stores.rocksdb.store import RocksStore

__all__ = ["RocksStore", "open_store"]
