"""happybase 1.3 over a guarded database: change ``import happybase`` to ``import cfacl.compat.happybase as happybase``.

`identity` who asks · `connection` tables by name, and what is done to a whole table · `table` reads and writes · `batch`
several of them · `pool` connections for threads · `families` what happybase calls a column family, beside the policy's ·
`wire` text and numbers as Thrift takes them · `failures` what `except TException` catches · `transport` open or not · `util`
happybase's own helpers.
"""

from cfacl.compat.happybase.batch import Batch
from cfacl.compat.happybase.connection import DEFAULT_HOST, DEFAULT_PORT, Connection
from cfacl.compat.happybase.identity import acting_as, configure
from cfacl.compat.happybase.pool import ConnectionPool, NoConnectionsAvailable
from cfacl.compat.happybase.table import Table

__all__ = [
    "DEFAULT_HOST",
    "DEFAULT_PORT",
    "Batch",
    "Connection",
    "ConnectionPool",
    "NoConnectionsAvailable",
    "Table",
    "__version__",
    "acting_as",
    "configure",
]

#: The version of happybase whose face this is.
__version__ = "1.3.0"
