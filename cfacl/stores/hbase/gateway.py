"""The way to HBase: questions, which may be asked again, and changes, which are sent once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from cfacl.errors import CfaclError
from cfacl.stores.hbase.address import Address
from cfacl.stores.hbase.client import Client, connect
from cfacl.stores.hbase.errors import BROKEN, mapped
from cfacl.stores.hbase.names import table_name
from cfacl.stores.hbase.pool import Pool

__all__ = ["Gateway"]

T = TypeVar("T")


class Gateway:
    """A gateway at an address.  What fails raises our errors, with the driver's as the cause."""

    def __init__(self, address: Address, user: str | None = None) -> None:
        self.address = address
        self.pool = Pool(partial(connect, address, user))

    def table(self, name: str) -> bytes:
        """Return what a table is called there."""
        return table_name(self.address.prefix, name)

    def ask(self, question: Callable[[Client], T]) -> T:
        """Return the answer; a question is asked once more where the connection broke, for it changes nothing."""
        try:
            try:
                return self.pool.use(question)
            except BROKEN:
                return self.pool.use(question)
        except Exception as error:  # whatever the driver raises
            raise self.failure(error) from error

    def tell(self, change: Callable[[Client], T]) -> T:
        """Return what the server says to a change, which is sent once: nobody knows whether a lost one was made."""
        try:
            return self.pool.use(change)
        except Exception as error:  # as above
            raise self.failure(error, applied=True) from error

    def failure(self, error: Exception, *, applied: bool = False) -> CfaclError:
        """Return an error of ours; ``applied``: what was sent may have changed something."""
        return mapped(error, self.address, applied=applied)
