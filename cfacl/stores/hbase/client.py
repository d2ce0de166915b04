"""One connection to a gateway, which notices when an answer is not the one to its question.

Driver and server were seen to hand out other people's rows: after a time-out, after `close` and `open`, and when threads
share a connection, what is read next is the answer to an earlier question.  So each question has a number of its own here,
which the answer must bear, and a connection on which anything went wrong is never used again (`pool`).
"""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from thriftpy2.protocol import TBinaryProtocol
from thriftpy2.thrift import TApplicationException, TMessageType
from thriftpy2.transport import TBufferedTransport, TFramedTransport, TSocket

from cfacl.stores.hbase.address import Address
from cfacl.stores.hbase.definitions import Hbase
from cfacl.stores.hbase.http import HttpTransport

__all__ = ["Client", "OutOfStep", "connect"]

_LAST: Final = (1 << 31) - 1
_TRANSPORTS: Final = {"buffered": TBufferedTransport, "framed": TFramedTransport, "http": TBufferedTransport}


class OutOfStep(Exception):
    """The answer is not to what was asked."""


class Client:
    """Has the methods of HBase's Thrift interface, by their names; for one thread at a time.

    Each raises `OutOfStep` where the answer bears another number or name than the question.
    """

    def __init__(self, socket: Any, protocol: Any) -> None:
        self._socket = socket
        self._protocol = protocol
        self._number = 0

    def is_fresh(self) -> bool:
        """Whether it may be asked: nothing waits to be read, neither a late answer nor the server's good-bye."""
        if self._socket.sock is None:  # which is opened anew with the next question
            return True
        waiting = select.poll()
        waiting.register(self._socket.sock, select.POLLIN)
        return not waiting.poll(0)

    def close(self) -> None:
        """End it, for the server too."""
        self._socket.close()

    def let_go(self) -> None:
        """Close it here and nowhere else: a parent process goes on using it."""
        if self._socket.sock is not None:
            self._socket.sock.close()

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Callable[..., Any]: ...

    def _call(self, name: str, question: Any, answer: Callable[[], Any]) -> Any:
        self._number = number = self._number % _LAST + 1
        protocol = self._protocol
        protocol.write_message_begin(name, TMessageType.CALL, number)
        question.write(protocol)
        protocol.write_message_end()
        protocol.trans.flush()
        # As thriftpy2 reads it, which takes the name and the number and looks at neither.
        its_name, kind, its_number = protocol.read_message_begin()
        if its_number != number or its_name != name:
            raise OutOfStep
        if kind == TMessageType.EXCEPTION:
            failure = TApplicationException()
            failure.read(protocol)
            protocol.read_message_end()
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


def _method(name: str) -> Callable[..., Any]:
    question, answer = getattr(Hbase, f"{name}_args"), getattr(Hbase, f"{name}_result")

    def call(self: Client, *arguments: Any) -> Any:
        return self._call(name, question(*arguments), answer)

    return call


for _name in Hbase.thrift_services:
    setattr(Client, _name, _method(_name))


def connect(address: Address, user: str | None = None) -> Client:
    """Return an open connection, on which the gateway acts as ``user``; what goes wrong comes as the driver has it."""
    socket: Any
    if address.transport == "http":
        socket = HttpTransport(address, user)
    else:
        socket = TSocket(address.host, address.port, socket_timeout=address.timeout * 1000)  # type: ignore[no-untyped-call]  # without types
    transport = _TRANSPORTS[address.transport](socket)
    transport.open()
    return Client(socket, TBinaryProtocol(transport, decode_response=False))  # type: ignore[no-untyped-call]  # as above
