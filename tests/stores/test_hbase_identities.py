"""As whom a gateway acts: names that HBase takes for others, and stores of many principals."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from time import time_ns

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from cfacl.errors import Closed, RequestError
from cfacl.stores.hbase.address import parse
from cfacl.stores.hbase.store import HBaseStore
from cfacl.stores.tls import Tls


@pytest.fixture
def store() -> Iterator[HBaseStore]:
    """One that is never asked for anything, so that nobody has to listen."""
    made = HBaseStore(parse("hbase+http://127.0.0.1:1/?doas=principal"), clock=time_ns)
    yield made
    made.close()


@pytest.mark.parametrize("name", ["boss@evil", "boss/evil", "@staff", "a,b", "王", "a b", "", "-x", "a\n"])
def test_a_principal_whom_hbase_would_take_for_another_is_refused(store: HBaseStore, name: str) -> None:
    with pytest.raises(RequestError, match=r"hbase would take .* for somebody else; call principals by ASCII letters"):
        store.acting_as(name)
    plain = HBaseStore(parse("hbase://127.0.0.1:1"), clock=time_ns)
    assert plain.acting_as(name) is plain


def test_many_principals_at_once_are_each_themselves(store: HBaseStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cfacl.stores.hbase.store._IDENTITIES", 8)
    failed: list[BaseException] = []

    def act(thread: int) -> None:
        try:
            for turn in range(300):
                assert store.acting_as(f"u{thread}-{turn}") is not store
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test shows it
            failed.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=act, args=(each,)) for each in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    finally:
        sys.setswitchinterval(interval)
    assert failed == []


def test_whoever_was_forgotten_is_closed_with_the_rest(store: HBaseStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cfacl.stores.hbase.store._IDENTITIES", 2)
    first = store.acting_as("first")
    for each in range(5):
        store.acting_as(f"u{each}")
    assert store.acting_as("first") is not first
    store.close()
    with pytest.raises(Closed):
        first._gateway.pool.confirm_open()


def test_a_key_that_asks_for_a_pass_phrase_is_refused_and_nobody_is_asked(tmp_path: Path) -> None:
    ours = trustme.CA().issue_cert("service@example.org")
    certificate, key = tmp_path / "our.pem", tmp_path / "our.key"
    ours.cert_chain_pems[0].write_to_path(certificate)
    loaded = serialization.load_pem_private_key(ours.private_key_pem.bytes(), None)
    key.write_bytes(
        loaded.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(RequestError, match="the `key` is encrypted; give the path of one that asks for no pass phrase"):
        Tls(cert=str(certificate), key=str(key)).context()
