"""A cluster that goes by certificates: who we are stands in ours, and no password is asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import trustme

import cfacl
from cfacl.errors import StoreError, StoreUnavailable
from cfacl.stores.cassandra.store import open_store
from cfacl.stores.native import Refused
from cfacl.testing.announcements import absent
from cfacl.testing.servers import Cassandra, Missing
from cfacl.testing.servers.cassandra import certificates

pytestmark = pytest.mark.slow

POLICY: Final = cfacl.Policy.loads(
    """
policy = { name = "x", purposes = ["w"] }
tables.t.families.a = { level = "personal", purposes = ["w"] }
tables.t.families.b = { level = "personal", purposes = ["w"] }
stores.cassandra.require_tls = "personal"
principals.p = { kind = "service", roles = ["r"] }
[roles.r]
clearance = "personal"
grants = [{ table = "t", at_or_below = "personal", actions = ["read", "write"], purposes = ["w"], why = "test" }]
"""
)
#: Seconds.
PATIENCE: Final = 60


class Ground:
    """A cluster of certificates, in which the harness's own client is the superuser."""

    def __init__(self, server: Cassandra, operator: Any) -> None:
        assert server.certificates is not None
        self.server, self.operator, self.certificates = server, operator, server.certificates

    def url(self, name: str = "client", **query: object) -> str:
        folder = self.certificates
        said = {"ca": folder / "ca.pem", "cert": folder / f"{name}.pem", "key": folder / f"{name}.key", "timeout": 30}
        text = "&".join(f"{each}={value}" for each, value in (said | query).items())
        return f"cassandra://{self.server.host}:{self.server.port}/home?{text}"

    def certify(self, name: str) -> str:
        """Make a certificate, and return the identity in it."""
        certificates.issue(self.certificates, name)
        return f"spiffe://tests.local/{name}"

    def user(self, name: str) -> str:
        """Make a role without a password for a certificate, and return the identity."""
        identity = self.certify(name)
        self.operator.execute(f"CREATE ROLE {name} WITH LOGIN = true")
        self.operator.execute(f"ADD IDENTITY '{identity}' TO ROLE '{name}'")
        return identity


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """As an operator does it: add the own identity while passwords count, and then have certificates count."""
    try:
        with Cassandra(tmp_path_factory.mktemp("certificates"), authentication=True, tls=True) as server:
            with server.session(timeout=60) as session:
                session.execute("ADD IDENTITY 'spiffe://tests.local/client' TO ROLE 'cassandra'")
            server.settings["authenticator"] = {
                "class_name": "org.apache.cassandra.auth.MutualTlsAuthenticator",
                "parameters": {"validator_class_name": "org.apache.cassandra.auth.SpiffeCertificateValidator"},
            }
            server.restart("one")
            with server.session(timeout=60) as session:
                session.execute("CREATE KEYSPACE home WITH replication = {'class': 'NetworkTopologyStrategy', 'eu': 1}")
                made = Ground(server, session)
                with cfacl.connect(made.url(), policy=POLICY) as db:
                    db.create_tables()
                yield made
    except Missing as missing:
        absent("cassandra", str(missing))


def test_a_service_with_a_certificate_and_no_password_is_its_role(ground: Ground) -> None:
    ground.user("app")
    for table in ("cfacl_records", "t__a__1"):
        ground.operator.execute(f"GRANT SELECT ON home.{table} TO app")
    ground.operator.execute("GRANT MODIFY ON home.t__a__1 TO app")
    with cfacl.connect(ground.url("app"), policy=POLICY) as db:
        table = db.session("p", purpose="w").table("t")
        table.put(b"u", {b"a:q": b"1"})
        assert table.row(b"u", columns=[b"a"]) == {b"a:q": b"1"}
        with pytest.raises(cfacl.StoreError, match=r"^the cluster refuses `SELECT` on this to .* `app`; `GRANT` it"):
            table.row(b"u")


def test_who_we_are_is_told_by_the_certificate_whatever_password_we_have(ground: Ground, tmp_path: Path) -> None:
    """Whoever means to be the superuser by a password is the user of the certificate, and is told by `cfacl doctor`."""
    ground.user("small")
    file = tmp_path / "credentials"
    file.write_text("[PlainTextAuthProvider]\nusername = cassandra\npassword = cassandra\n", "utf-8")
    with pytest.raises(Refused, match="`small`"):
        cfacl.connect(ground.url("small", credentials=file), policy=POLICY)
    told = "not looked at: whom our certificate names is who we are; leave out `credentials`"
    for query, signs in (({}, []), ({"credentials": file}, [("attention", told)])):
        store = open_store(ground.url(**query), clock=time.time_ns)
        found = list(store.posture())
        store.close()
        assert [(each.verdict, each.told) for each in found if each.about == "credentials"] == signs
        assert ("well", "authentication", "on, by `MutualTlsAuthenticator`") in found


def test_an_identity_that_nobody_added_is_told_with_what_to_do(ground: Ground) -> None:
    identity = ground.certify("nobody")
    with pytest.raises(StoreError) as told:
        open_store(ground.url("nobody"), clock=time.time_ns)
    assert str(told.value) == (
        f"the cluster has no role for the identity of our certificate, `{identity}`; `ADD IDENTITY` it in cqlsh"
    )
    assert not isinstance(told.value, StoreUnavailable)


def test_a_certificate_without_an_identity_is_told(ground: Ground) -> None:
    folder = ground.certificates
    authority = trustme.CA.from_pem((folder / "ca.pem").read_bytes(), (folder / "ca.key").read_bytes())
    made = authority.issue_cert("app@tests.local")
    made.private_key_pem.write_to_path(str(folder / "mail.key"))
    made.cert_chain_pems[0].write_to_path(str(folder / "mail.pem"))
    with pytest.raises(
        StoreError, match=r"^the cluster finds no identity in our certificate; give a `cert` that has one"
    ):
        open_store(ground.url("mail"), clock=time.time_ns)


def test_an_identity_that_was_dropped_is_refused_when_it_connects_and_goes_on_where_it_is(ground: Ground) -> None:
    """A node remembers whom it knew, for two seconds here; what is connected it asks no more."""
    identity = ground.user("leaving")
    ground.operator.execute("GRANT SELECT ON home.cfacl_records TO leaving")
    with cfacl.connect(ground.url("leaving"), policy=POLICY) as db:
        ground.operator.execute(f"DROP IDENTITY '{identity}'")
        until = time.monotonic() + PATIENCE
        while True:
            try:
                open_store(ground.url("leaving"), clock=time.time_ns).close()
            except StoreUnavailable:
                continue  # it was the second of two connections, of which the driver does not say what it met
            except StoreError as error:
                assert f"no role for the identity of our certificate, `{identity}`" in str(error)  # noqa: PT017  # in time
                break
            finally:
                assert time.monotonic() < until
        assert db._store.system.items("nobody's") == {}
