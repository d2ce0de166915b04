"""Thrift over HTTP, encrypted or not: one request for each question, on a connection that is kept open.

thriftpy2's own sends a request once more without a word where the server had closed the connection, sets its time-out
for the whole process, and reads any page as an answer.  None is opened anew here, for the number of a scanner that was
given on the old one may be another scan's to the gateway behind the new one.
"""

from __future__ import annotations

from http.client import HTTPConnection, IncompleteRead
from io import BytesIO
from typing import Final

from cfacl.stores.hbase.address import Address
from cfacl.stores.hbase.wire import Wire

__all__ = ["HttpTransport", "NoAnswer"]

_OK: Final = 200
#: How much of a page is kept, in bytes.
_SHOWN: Final = 4_096


class NoAnswer(Exception):
    """The server answered with a page.

    Attributes:
        status: as HTTP has it.
        page: how it begins.
    """

    def __init__(self, status: int, page: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.page = page[:_SHOWN]


class HttpTransport:
    """What thriftpy2's protocols read from and write to, over HTTP; beneath one of its buffered transports."""

    def __init__(self, wire: Wire, address: Address, user: str | None) -> None:
        self._headers = {"Content-Type": "application/x-thrift"} | ({} if user is None else {"doAs": user})
        self._http = HTTPConnection(address.host, address.port)
        self._http.sock = wire
        self._question = BytesIO()
        self._answer = BytesIO()

    def write(self, data: bytes) -> None:
        self._question.write(data)

    def flush(self) -> None:
        """Send what was written, and read the whole answer, so that nothing of it is left on the way."""
        question, self._question = self._question.getvalue(), BytesIO()
        if self._http.sock is None:  # the server closed it with its last answer
            raise ConnectionResetError
        self._http.request("POST", "/", question, self._headers)
        response = self._http.getresponse()
        try:
            answer = response.read()
        except IncompleteRead as error:
            raise EOFError from error
        if response.status != _OK:
            raise NoAnswer(response.status, answer)
        self._answer = BytesIO(answer)

    def read(self, size: int) -> bytes:
        return self._answer.read(size)
