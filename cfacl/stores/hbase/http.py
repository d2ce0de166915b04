"""Thrift over HTTP, encrypted or not: one request for each question, on a connection that is kept open.

thriftpy2's own sends a request once more without a word where the server had closed the connection, sets its time-out
for the whole process, and reads any page as an answer.
"""

from __future__ import annotations

from http.client import HTTPConnection, HTTPSConnection
from io import BytesIO
from typing import Final

from cfacl.stores.hbase.address import Address

__all__ = ["HttpTransport", "NoAnswer"]

_OK: Final = 200


class NoAnswer(Exception):
    """The server answered with a page.

    Attributes:
        status: as HTTP has it.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class HttpTransport:
    """What thriftpy2's protocols read from and write to, over HTTP; beneath one of its buffered transports."""

    def __init__(self, address: Address, user: str | None) -> None:
        self._headers = {"Content-Type": "application/x-thrift"} | ({} if user is None else {"doAs": user})
        self._http = HTTPConnection(address.host, address.port, timeout=address.timeout)
        if address.tls is not None:
            self._http = HTTPSConnection(
                address.host, address.port, timeout=address.timeout, context=address.tls.context()
            )
        self._question = BytesIO()
        self._answer = BytesIO()

    @property
    def sock(self) -> object:
        """The socket beneath."""
        return self._http.sock

    def is_open(self) -> bool:
        return self._http.sock is not None

    def open(self) -> None:
        self._http.connect()

    def close(self) -> None:
        self._http.close()

    def write(self, data: bytes) -> None:
        self._question.write(data)

    def flush(self) -> None:
        """Send what was written, and read the whole answer, so that nothing of it is left on the way."""
        question, self._question = self._question.getvalue(), BytesIO()
        if self._http.sock is None:  # the server closed it with its last answer
            self._http.connect()
        self._http.request("POST", "/", question, self._headers)
        response = self._http.getresponse()
        answer = response.read()
        if response.status != _OK:
            raise NoAnswer(response.status)
        self._answer = BytesIO(answer)

    def read(self, size: int) -> bytes:
        return self._answer.read(size)
