"""The way to HBase: questions, which may be asked again, and changes, which are sent once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

from attrs import evolve

from cfacl.errors import CfaclError
from cfacl.stores.hbase.address import Address
from cfacl.stores.hbase.client import Client, OutOfStep, connect
from cfacl.stores.hbase.errors import BROKEN, mapped, unfamiliar
from cfacl.stores.hbase.names import table_name
from cfacl.stores.hbase.pool import ANSWERS, Pool

__all__ = ["Gateway"]

T = TypeVar("T")

#: How long a gateway may take to say what it knows by itself, in seconds.
_GREETING: Final = 5.0
#: No scanner's.
_NOBODY: Final = -1


class Gateway:
    """A gateway at an address, which acts as ``user``.  What fails raises our errors, with the driver's as the cause."""

    def __init__(self, address: Address, user: str | None = None) -> None:
        self.address = address
        self.user = user
        self.pool = Pool(partial(connect, address, user))

    def table(self, name: str) -> bytes:
        """Return what a table is called there."""
        return table_name(self.address.prefix, name)

    def greet(self) -> None:
        """See that what answers is a gateway of this transport, for one of another may wait for more for ever.

        It is told to end a scan that is none, and says so without asking HBase.

        Raises:
            StoreError: it is not.
        """
        client = connect(evolve(self.address, timeout=min(self.address.timeout, _GREETING)))
        try:
            client.scannerClose(_NOBODY)
        except ANSWERS:
            return
        except Exception as error:  # whatever comes of talking to something else
            raise unfamiliar(error, self.address) from error
        finally:
            client.close()
        raise unfamiliar(OutOfStep(), self.address)

    def ask(self, question: Callable[[Client], T]) -> T:
        """Return the answer; a question is asked once more where the connection broke, for it changes nothing."""
        try:
            try:
                return self.pool.use(question)
            except BROKEN:
                self.pool.refresh()  # what broke this one most likely broke all
                return self.pool.use(question)
        except Exception as error:  # whatever the driver raises
            raise self.failure(error) from error

    def tell(self, change: Callable[[Client], T], *, again: bool = False) -> T:
        """Return what the server says to a change, which is sent once: nobody knows whether a lost one was made.

        ``again``: a second one is the same as the first, so that it may be sent once more where the connection broke.
        """
        lost: Exception | None = None
        try:
            try:
                return self.pool.use(change)
            except BROKEN as error:
                if not again:
                    raise
                lost = error
            self.pool.refresh()  # as above
            return self.pool.use(change)
        except Exception as error:  # as above
            # Whatever became of a second, the first may have been applied.
            raise self.failure(lost or error, applied=True) from error

    def failure(self, error: Exception, *, applied: bool = False) -> CfaclError:
        """Return an error of ours; ``applied``: what was sent may have changed something."""
        return mapped(error, self.address, applied=applied)
