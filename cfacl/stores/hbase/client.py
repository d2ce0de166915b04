"""One connection to a gateway, which notices when an answer is not the one to its question.

Driver and server were seen to hand out other people's rows: after a time-out, after `close` and `open`, and when threads
share a connection, what is read next is the answer to an earlier question.  So each question has a number of its own here,
which the answer must bear, and a connection on which anything went wrong is never used again (`pool`).
"""

from __future__ import annotations

import select
from typing import Any, Final

from thriftpy2.protocol import TBinaryProtocol
from thriftpy2.thrift import TApplicationException, TClient, TMessageType
from thriftpy2.transport import TBufferedTransport, TFramedTransport, TSocket

from cfacl.stores.hbase.address import Address
from cfacl.stores.hbase.definitions import Hbase

__all__ = ["Client", "OutOfStep", "connect"]

_LAST: Final = (1 << 31) - 1
_TRANSPORTS: Final = {"buffered": TBufferedTransport, "framed": TFramedTransport}


class OutOfStep(Exception):
    """The answer is not to what was asked."""


class Client(TClient):
    """Calls HBase by the names of its Thrift interface; for one thread at a time."""

    def __init__(self, socket: Any, protocol: Any) -> None:
        super().__init__(Hbase, protocol)
        self._socket = socket
        self._waiting = select.poll()
        self._waiting.register(socket.sock, select.POLLIN)

    def is_fresh(self) -> bool:
        """Whether it may be asked: nothing waits to be read, neither a late answer nor the server's good-bye."""
        return not self._waiting.poll(0)

    def close(self) -> None:
        """End it, for the server too."""
        self._socket.close()

    def let_go(self) -> None:
        """Close it here and nowhere else: a parent process goes on using it."""
        self._socket.sock.close()

    def _send(self, _api: str, **arguments: Any) -> None:
        self._seqid = self._seqid % _LAST + 1
        super()._send(_api, **arguments)

    def _recv(self, _api: str) -> Any:
        # As thriftpy2's, which reads the name and the number and looks at neither.
        name, kind, number = self._iprot.read_message_begin()
        if number != self._seqid or name != _api:
            raise OutOfStep
        result = TApplicationException() if kind == TMessageType.EXCEPTION else getattr(Hbase, _api + "_result")()
        result.read(self._iprot)
        self._iprot.read_message_end()
        if kind == TMessageType.EXCEPTION:
            raise result
        for _, name, *_ in result.thrift_spec.values():
            value = getattr(result, name)
            if value is not None:
                if name == "success":
                    return value
                raise value
        if "success" in vars(result):
            raise TApplicationException(TApplicationException.MISSING_RESULT)
        return None


def connect(address: Address) -> Client:
    """Return an open connection; what goes wrong comes as the driver has it."""
    milliseconds = address.timeout * 1000
    socket = TSocket(address.host, address.port, socket_timeout=milliseconds)  # type: ignore[no-untyped-call]
    transport = _TRANSPORTS[address.transport](socket)
    transport.open()
    return Client(socket, TBinaryProtocol(transport, decode_response=False))  # type: ignore[no-untyped-call]
