"""HBase's Thrift interface, from happybase's definitions; loading happybase is what makes them a module."""

from __future__ import annotations

import happybase  # type: ignore[import-untyped]  # noqa: F401  # it has no types, and is loaded for the next line
from Hbase_thrift import (  # type: ignore[import-not-found]  # made at run time
    AlreadyExists,
    BatchMutation,
    ColumnDescriptor,
    Hbase,
    IllegalArgument,
    Mutation,
    TScan,
)
from Hbase_thrift import IOError as ServerError  # what the server says went wrong; not Python's

__all__ = [
    "AlreadyExists",
    "BatchMutation",
    "ColumnDescriptor",
    "Hbase",
    "IllegalArgument",
    "Mutation",
    "ServerError",
    "TScan",
]
