"""happybase over each transport; happybase itself knows no HTTP."""

from __future__ import annotations

import happybase  # type: ignore[import-untyped]  # it has no types
from Hbase_thrift import Hbase  # type: ignore[import-not-found]  # thriftpy2 makes the module when happybase is loaded
from thriftpy2.http import THttpClient
from thriftpy2.protocol import TBinaryProtocol
from thriftpy2.thrift import TClient
from thriftpy2.transport import TBufferedTransport

__all__ = ["connect"]


def connect(host: str, port: int, transport: str, user: str | None, timeout: int | None) -> happybase.Connection:
    """Return an open connection; ``timeout`` is in milliseconds."""
    if transport == "http":
        return _HttpConnection(host, port, user, timeout)
    return happybase.Connection(host, port, transport=transport, timeout=timeout)


class _HttpConnection(happybase.Connection):  # type: ignore[misc]  # a class without types
    def __init__(self, host: str, port: int, user: str | None, timeout: int | None) -> None:
        self._user = user
        super().__init__(host, port, timeout=timeout)

    def _refresh_thrift_client(self) -> None:
        # Not kept alive: thriftpy2 would send a request again without a word where the server closed the connection.
        http = THttpClient(f"http://{self.host}:{self.port}/", timeout=self.timeout)
        if self._user is not None:
            http.setCustomHeaders({"doAs": self._user})
        # The compiled protocol reads from nothing but a compiled transport.
        self.transport = TBufferedTransport(http)  # type: ignore[no-untyped-call]  # compiled, and without types
        protocol = TBinaryProtocol(self.transport, decode_response=False)  # type: ignore[no-untyped-call]  # as above
        self.client = TClient(Hbase, protocol)
