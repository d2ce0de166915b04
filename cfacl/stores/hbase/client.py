"""One connection to a gateway, which notices when an answer is not the one to its question.

Driver and server were seen to hand out other people's rows: after a time-out, after `close` and `open`, and when threads
share a connection, what is read next is the answer to an earlier question.  So each question has a number of its own here,
which the answer must bear, and a connection on which anything went wrong is never used again (`pool`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from thriftpy2.protocol import TBinaryProtocol
from thriftpy2.thrift import TApplicationException, TMessageType
from thriftpy2.transport import TBufferedTransport, TFramedTransport

from cfacl.stores.hbase.address import Address
from cfacl.stores.hbase.definitions import messages
from cfacl.stores.hbase.http import HttpTransport
from cfacl.stores.hbase.wire import Wire, opened

__all__ = ["Client", "OutOfStep", "connect"]

_LAST: Final = (1 << 31) - 1
_ANSWERS: Final = (TMessageType.REPLY, TMessageType.EXCEPTION)
#: Bytes that are read, or sent, at once.  thriftpy2's own are 4,096, and a scan's answer is read in thousands of pieces.
_BUFFER: Final = 1 << 16
_TRANSPORTS: Final = {"buffered": TBufferedTransport, "framed": TFramedTransport, "http": TBufferedTransport}


class OutOfStep(Exception):
    """The answer is not to what was asked."""


class Client:
    """Has the methods of HBase's Thrift interface, by their names; for one thread at a time.

    Each raises `OutOfStep` where the answer bears another number or name than the question, or is none.
    """

    def __init__(self, wire: Wire, protocol: Any) -> None:
        self._wire = wire
        self._protocol = protocol
        self._number = 0

    def is_fresh(self) -> bool:
        """Whether it may be asked: nothing waits to be read, neither a late answer nor the server's good-bye."""
        return self._wire.is_quiet()

    def close(self) -> None:
        """End it, for the server too."""
        self._wire.close()

    def let_go(self) -> None:
        """Close it here and nowhere else: a parent process goes on using it."""
        self._wire.let_go()

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Callable[..., Any]: ...

    def _call(self, name: str, question: Any, answer: Callable[[], Any]) -> Any:
        self._number = number = self._number % _LAST + 1
        protocol = self._protocol
        self._wire.begin()
        protocol.write_message_begin(name, TMessageType.CALL, number)
        question.write(protocol)
        protocol.write_message_end()
        protocol.trans.flush()
        # As thriftpy2 reads it, which takes these three and looks at none.  What sends back whatever it gets has another
        # kind: a socket that is connected to itself, as to a port where nobody listens, would acknowledge every change.
        its_name, kind, its_number = protocol.read_message_begin()
        if its_number != number or its_name != name or kind not in _ANSWERS:
            raise OutOfStep
        if kind == TMessageType.EXCEPTION:
            failure: Any = TApplicationException()
            failure.read(protocol)
            protocol.read_message_end()
            if isinstance(failure.message, bytes):  # as all text comes here, and then `str` of the error would fail
                failure.message = failure.message.decode("utf-8", "replace")
            raise failure
        result = answer()
        result.read(protocol)
        protocol.read_message_end()
        success = getattr(result, "success", None)
        if success is not None:
            return success
        for each in vars(result).values():
            if each is not None:
                raise each
        if hasattr(result, "success"):
            raise TApplicationException(TApplicationException.MISSING_RESULT)
        return None


def _method(name: str, question: Any, answer: Any) -> Callable[..., Any]:
    def call(self: Client, *arguments: Any) -> Any:
        return self._call(name, question(*arguments), answer)

    return call


for _name, (_question, _answer) in messages().items():
    setattr(Client, _name, _method(_name, _question, _answer))


def connect(address: Address, user: str | None = None) -> Client:
    """Return an open connection, on which the gateway acts as ``user``.

    Raises:
        CfaclError: there is none to be had, so that nothing was sent.
    """
    wire = opened(address)
    beneath = HttpTransport(wire, address, user) if address.transport == "http" else wire
    transport = _TRANSPORTS[address.transport](beneath, _BUFFER)
    return Client(wire, TBinaryProtocol(transport, decode_response=False))  # type: ignore[no-untyped-call]  # without types
