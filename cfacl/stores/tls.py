"""How a connection to a server is encrypted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import frozen

from cfacl.errors import RequestError, quoted, quoted_path

if TYPE_CHECKING:
    import ssl

__all__ = ["Tls"]


@frozen
class Tls:
    """How a server is known, and how it knows us; paths of PEM files.

    Attributes:
        ca: who signs servers' certificates; ``None`` for whom this machine trusts.
        cert, key: our own certificate and its key, where the server asks for one.
    """

    ca: str | None = None
    cert: str | None = None
    key: str | None = None

    @classmethod
    def said(cls, said: Mapping[str, str]) -> Tls:
        """Return what a URL's query says by `ca`, `cert` and `key`.

        Raises:
            RequestError: it does not make sense.
        """
        if "key" in said and "cert" not in said:
            raise RequestError("`key` is the key of a certificate; say its `cert` too")
        for name in ("ca", "cert", "key"):
            if said.get(name) == "":  # which would be taken for whom this machine trusts
                raise RequestError(f"{quoted(name)} is empty; give the path of a PEM file, or leave it out")
        return cls(said.get("ca"), said.get("cert"), said.get("key"))

    def context(self) -> ssl.SSLContext:
        """Return what connections are made with: TLS 1.2 or later, the certificate and the name in it verified.

        Raises:
            RequestError: a file cannot be read, or is none of its kind.
        """
        import ssl  # which takes a twentieth of `import cfacl`, and few need it

        try:
            context = ssl.create_default_context(cafile=self.ca)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.cert is not None:
                context.load_cert_chain(self.cert, self.key, password=_no_pass_phrase)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(quoted_path(each) for each in (self.ca, self.cert, self.key) if each is not None)
            raise RequestError(
                f"{files} can't be read as certificates and keys; give the paths of PEM files"
            ) from error
        return context


def _no_pass_phrase() -> str:
    """Refuse an encrypted key, for which OpenSSL would ask at the terminal."""
    raise RequestError("the `key` is encrypted; give the path of one that asks for no pass phrase")
