"""What a gateway's user needs, and what is told where it lacks it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import cfacl
from cfacl.cli.app import main
from cfacl.stores.hbase.gateway import Gateway
from cfacl.testing.servers import Operator, Running

pytestmark = pytest.mark.slow


class Acting(NamedTuple):
    """A way to a store, by a gateway that acts as somebody."""

    url: str
    prefix: str
    user: str
    operator: Operator


@pytest.fixture
def acting(hbase_acl: Running, policy: cfacl.Policy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Acting]:
    """A gateway whose user is nobody yet, and tables that another made."""
    prefix, user = f"l{uuid.uuid4().hex[:12]}_", f"svc-{uuid.uuid4().hex[:8]}"
    url = f"hbase+http://{hbase_acl.host}:{hbase_acl.port('http')}/{prefix}"
    with cfacl.connect(url, policy=policy) as db:
        db.create_tables()
        db.session("app", purpose="service").table("account").put(b"r", {b"id:name": b"ada", b"prof:city": b"SG"})
    monkeypatch.setattr("cfacl.stores.hbase.store.Gateway", partial(Gateway, user=user))
    with hbase_acl.operator() as operator:
        yield Acting(url, prefix, user, operator)


def until(url: str, policy: cfacl.Policy) -> cfacl.Database:
    """Connect when HBase has heard of the rights."""
    for _ in range(1_000):
        db = cfacl.connect(url, policy=policy)
        try:
            db.session("app", purpose="service").table("account").put(b"q", {b"prof:city": b"NY"})
        except cfacl.StoreError:
            db.close()
        else:
            return db
    return pytest.fail("it never came to hold")


def test_r_and_w_on_the_tables_are_enough_to_read_and_write(acting: Acting, policy: cfacl.Policy) -> None:
    for table in ("account", "cfacl.records"):
        acting.operator.grant(acting.user, "RW", acting.prefix + table)
    with until(acting.url, policy) as db:
        account = db.session("app", purpose="service").table("account")
        assert account.row(b"r") == {b"id:name": b"ada", b"prof:city": b"SG"}
        account.delete(b"r", [b"id:name"])
        assert account.counter_inc(b"n", b"prof:n") == 1
        assert [key for key, _ in account.scan()] == [b"n", b"q", b"r"]
        with pytest.raises(cfacl.StoreError, match="refuses `C` on this to the user whom the gateway acts as"):
            db.create_tables()
    fewer = cfacl.Policy.loads(policy.dumps().replace("prof", "other"))
    with cfacl.connect(acting.url, policy=fewer) as db:  # which records that `prof` is retired
        acting.operator.remove(acting.prefix + "account", "id+1")
        with pytest.raises(cfacl.SchemaMissing, match="the store lacks family `id` of table `account`"):
            db.session("app", purpose="service").table("account").row(b"r", columns=[b"id:name"])


def test_doctor_tells_how_it_stands_whatever_is_refused(
    acting: Acting, policy: cfacl.Policy, tmp_path: Path, capsys: Any
) -> None:
    file = tmp_path / "home.toml"
    file.write_text(policy.dumps(), "utf-8")

    def doctor() -> tuple[int, str]:
        code = main(["doctor", acting.url, "--policy", str(file)])
        return code, " ".join(capsys.readouterr().out.split())

    code, out = doctor()
    assert code == 0, out
    assert f"gateway's user `{acting.user}`, who may not read `hbase:acl`" in out
    assert "families hbase refuses `R` on this to the user whom the gateway acts as" in out
    assert "nothing that is visible from here deserves attention; not visible: rights," in out
    for table in ("account", "cfacl.records"):
        acting.operator.grant(acting.user, "RW", acting.prefix + table)
    until(acting.url, policy).close()
    code, out = doctor()
    assert code == 0, out
    assert "families hbase refuses `C` on this to the user whom the gateway acts as" in out
    acting.operator.grant(acting.user, "R")
    for _ in range(1_000):
        code, out = doctor()
        if code == 1:
            break
    assert f"gateway's user `{acting.user}`, who may not alter `{acting.prefix}cfacl.records`" in out
    code = main(["native", "verify", str(file), "--store", acting.url])
    out = capsys.readouterr().out
    assert code == 1, out
    assert f"too much  {acting.user}" in out
    acting.operator.revoke(acting.user, "")
