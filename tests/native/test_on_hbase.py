"""The whole way on a real HBase: planned, applied, verified, and met by whoever comes with a driver of their own."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import cfacl
from cfacl.cli.app import main
from cfacl.testing.servers import HBase, Running

pytestmark = pytest.mark.slow


def refused(call: Callable[[], Any]) -> bool:
    """Whether HBase refuses it; anything else that goes wrong is a failure."""
    from Hbase_thrift import IOError as ServerError

    try:
        call()
    except ServerError as error:
        if b"AccessDeniedException" not in error.message:
            raise
        return True
    return False


def until(holds: Callable[[], bool]) -> None:
    """Ask until HBase has heard of a right."""
    for _ in range(10_000):
        if holds():
            return
    pytest.fail("it never came to hold")


@pytest.mark.rule("HBase's own rights")
def test_a_policy_is_planned_applied_and_verified(hbase_acl: Running, policy: Any, tmp_path: Path, capsys: Any) -> None:
    prefix = f"n{uuid.uuid4().hex[:12]}_"
    url = f"hbase+http://{hbase_acl.host}:{hbase_acl.port('http')}/{prefix}"
    file = tmp_path / "home.toml"
    file.write_text(policy.dumps(), "utf-8")
    with cfacl.connect(url, policy=policy) as db:
        db.create_tables()
        db.session("app", purpose="service").table("account").put(b"r", {b"id:name": b"ada", b"prof:city": b"SG"})

    def native(command: str, *more: str) -> tuple[int, str]:
        code = main(["native", command, str(file), "--store", url, "--operator", "hbase", *more])
        return code, capsys.readouterr().out

    assert native("verify")[0] == 1
    tool = f"{sys.executable} {Path(__file__).with_name('shell.py')} {hbase_acl.folder} {hbase_acl._leash}"
    code, out = native("apply", "--shell", tool)
    assert code == 0, out
    assert native("verify")[0] == 0
    assert not [each for each in native("plan")[1].splitlines() if not each.startswith("#")]

    with (
        closing(hbase_acl.connection("http", user="bob")) as bobs,
        closing(hbase_acl.connection("http", user="maya")) as mayas,
        closing(hbase_acl.connection("http", user="app")) as apps,
    ):
        bob, maya, app = (each.table(prefix + "account") for each in (bobs, mayas, apps))
        until(lambda: not refused(lambda: bob.row(b"r")))
        until(lambda: not refused(lambda: app.row(b"r", columns=[b"id+1:name"])))
        assert bob.row(b"r") == {b"prof+2:city": b"SG"}
        assert refused(lambda: bob.row(b"r", columns=[b"id+1:name"]))
        assert refused(lambda: bob.put(b"r", {b"prof+2:city": b"x"}))
        assert refused(lambda: maya.row(b"r")), "hers is bound to a purpose"
        app.put(b"r", {b"id+1:name": b"grace", b"prof+2:city": b"NY"})
        assert refused(lambda: app.put(b"r", {b"id+1:undeclared": b"x"}))
        assert refused(lambda: app.delete(b"r", columns=[b"id+1"])), "the whole family, declared or not"
        assert app.row(b"r") == {b"id+1:name": b"grace", b"prof+2:city": b"NY"}

    with hbase_acl.operator() as operator:
        operator.grant("maya", "R", prefix + "account")
    code, out = native("verify")
    assert code == 1
    assert "too much  maya     table" in out
    assert native("apply", "--shell", tool)[0] == 0


@pytest.mark.rule("HBase's own rights")
def test_rights_of_an_hbase_whose_authorization_was_switched_off_are_none(
    policy: Any, tmp_path: Path, capsys: Any, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("hbase_acl")  # where there can be none, this says so
    file = tmp_path / "home.toml"
    file.write_text(policy.dumps(), "utf-8")

    def native(command: str, *more: str) -> tuple[int, str]:
        code = main(["native", command, str(file), "--store", url, "--operator", "hbase", *more])
        return code, capsys.readouterr().out

    with HBase(tmp_path / "server", authorization=True, transports=("http", "buffered")) as server:
        url = f"hbase+http://{server.host}:{server.port('http')}/home_"
        with cfacl.connect(url, policy=policy) as db:
            db.create_tables()
        tool = f"{sys.executable} {Path(__file__).with_name('shell.py')} {server.folder} {server._leash}"
        assert native("apply", "--shell", tool)[0] == 0
        server.authorization = False
        server.restart("master")
        code, out = native("verify")
        assert (code, "heeds none of it" in out) == (1, True), out
        assert native("apply", "--shell", tool)[0] == 2
        url = f"hbase://{server.host}:{server.port()}/home_"
        code, out = native("verify")
        assert (code, "was not seen" in out) == (1, True), out
        with closing(server.connection("http", user="mallory")) as mallory:
            assert b"home_account" in mallory.tables()


@pytest.mark.rule("HBase's own rights")
def test_the_letter_w_alone_hands_out_what_is_there(hbase_acl: Running) -> None:
    """Why `write` without `read` cannot be said."""
    from Hbase_thrift import TAppend

    name = f"n{uuid.uuid4().hex[:12]}"
    with closing(hbase_acl.connection()) as owner, closing(hbase_acl.connection("http", user="dave")) as daves:
        owner.create_table(name, {"a": {}})
        owner.table(name).put(b"r", {b"a:x": b"secret"})
        with hbase_acl.operator() as operator:
            operator.grant("dave", "W", name, "a")
        until(lambda: not refused(lambda: daves.table(name).put(b"other", {b"a:x": b""})))
        assert refused(lambda: daves.table(name).row(b"r"))
        nothing = TAppend(table=name.encode(), row=b"r", columns=[b"a:x"], values=[b""])
        assert [each.value for each in daves.client.append(nothing)] == [b"secret"]


def test_a_right_on_a_family_that_was_removed_stays_behind(hbase_acl: Running) -> None:
    """HBase looks for it by a pattern, in which `+` is none; and cfacl never gives an identity again."""
    name = f"n{uuid.uuid4().hex[:12]}"
    with closing(hbase_acl.connection()) as owner, hbase_acl.operator() as operator:
        owner.create_table(name, {"a+1": {}, "b+2": {}})
        operator.grant("bob", "R", name, "a+1")
        operator.remove(name, "a+1")
        left = owner.table("hbase:acl").row(name.encode())
        assert left[b"l:bob,a+1"] == b"R"
