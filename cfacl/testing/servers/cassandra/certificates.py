"""Certificates of a server and of a client, from an authority that is made for them: for Java, and as PEM files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from cfacl.testing.servers.errors import Missing

__all__ = ["make"]

#: Java insists on one; who can read the file can read this.
_PASSWORD: Final = "cfacl-tests"  # noqa: S105  # as above


def make(folder: Path, hosts: Iterable[str]) -> dict[str, Any]:
    """Write `ca.pem`, `client.pem` and `client.key`, and return what a node is told of its own.

    Raises:
        Missing: trustme is not installed.
    """
    try:
        import trustme
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
        from cryptography.hazmat.primitives.serialization import load_pem_private_key as load_key
    except ImportError:
        raise Missing("`trustme` is not installed: `pip install 'cfacl[testing]'`") from None
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    client = authority.issue_cert("client@tests.local")
    client.private_key_pem.write_to_path(str(folder / "client.key"))
    client.cert_chain_pems[0].write_to_path(str(folder / "client.pem"))
    server = authority.issue_cert(*hosts)
    locked = BestAvailableEncryption(_PASSWORD.encode())
    own = x509.load_pem_x509_certificate(server.cert_chain_pems[0].bytes())
    signer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    key: Any = load_key(server.private_key_pem.bytes(), None)
    (folder / "server.p12").write_bytes(pkcs12.serialize_key_and_certificates(b"server", key, own, [signer], locked))
    # Java takes certificates of others only from a file that says what they are for.
    trusted = pkcs12.serialize_java_truststore([pkcs12.PKCS12Certificate(signer, b"ca")], locked)
    (folder / "trusted.p12").write_bytes(trusted)
    return {
        "enabled": True,
        "optional": False,
        "keystore": str(folder / "server.p12"),
        "keystore_password": _PASSWORD,
        "truststore": str(folder / "trusted.p12"),
        "truststore_password": _PASSWORD,
        "require_client_auth": True,
        "store_type": "PKCS12",
    }
