"""Certificates of a server and of clients, from an authority that is made for them: for Java, and as PEM files."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cfacl.testing.servers.errors import Missing

__all__ = ["issue", "make"]

#: Java insists on one; who can read the file can read this.
_PASSWORD: Final = "cfacl-tests"  # noqa: S105  # as above
#: What the identity of a client begins with.
_WHO: Final = "spiffe://tests.local/"


def make(folder: Path, hosts: Iterable[str]) -> dict[str, Any]:
    """Write `ca.pem` and `ca.key`, and what `issue` does for `client`; return what a node is told of its own.

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
    authority.private_key_pem.write_to_path(str(folder / "ca.key"))
    issue(folder, "client")
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


def issue(folder: Path, name: str) -> None:
    """Write `NAME.pem` and `NAME.key`, by which a client is `spiffe://tests.local/NAME`."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.hazmat.primitives.serialization import load_pem_private_key as load_key

    signer = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    signing: Any = load_key((folder / "ca.key").read_bytes(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(signer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        # trustme, which makes the others, knows no such names
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(_WHO + name)]), critical=False)
        .sign(signing, SHA256())
    )
    (folder / f"{name}.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / f"{name}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
