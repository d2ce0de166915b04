"""What may stand in the URL of a Cassandra, and what is said of what may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from cfacl.errors import RequestError
from cfacl.stores.cassandra.address import Address, Credentials, parse
from cfacl.stores.tls import Tls


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("cassandra://host/home", Address(("host",), 9042, "home")),
        ("cassandra://one,two:19042/Home_1", Address(("one", "two"), 19042, "Home_1")),
        ("cassandra://[::1]:1/k", Address(("::1",), 1, "k")),
        ("cassandra://[::1]/k", Address(("::1",), 9042, "k")),
        ("cassandra://h/k?dc=eu&timeout=0.5", Address(("h",), 9042, "k", "eu", 0.5)),
        ("cassandra://h/k?tls=true", Address(("h",), 9042, "k", tls=Tls())),
        ("cassandra://h/k?tls=false", Address(("h",), 9042, "k")),
        ("cassandra://h/k?ca=/a.pem", Address(("h",), 9042, "k", tls=Tls("/a.pem"))),
        (
            "cassandra://h/k?ca=/a.pem&cert=/b.pem&key=/c.pem&credentials=/d",
            Address(("h",), 9042, "k", tls=Tls("/a.pem", "/b.pem", "/c.pem"), credentials="/d"),
        ),
    ],
)
def test_a_url_is_read(url: str, address: Address) -> None:
    assert parse(url) == address


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("cassandra:///home", "`cassandra:///home` must be `cassandra://host/keyspace`, or"),
        ("cassandra://host", "`cassandra://host` must name a keyspace of letters, digits and `_`"),
        ("cassandra://host/a/b", "`cassandra://host/a/b` must name a keyspace"),
        ("cassandra://host/a%22b", "must name a keyspace"),
        ("cassandra://host/k#x", "must name a keyspace"),
        ("cassandra://host/system", "`system` is cassandra's own; make a keyspace of yours, and name that"),
        ("cassandra://host/System_Auth", "`System_Auth` is cassandra's own"),
        ("cassandra://host/system_views", "`system_views` is cassandra's own"),
        ("cassandra://host:0/k", "must be `cassandra://host/keyspace`"),
        ("cassandra://host:x/k", "must be `cassandra://host/keyspace`"),
        ("cassandra://one,,two/k", "must be `cassandra://host/keyspace`"),
        ("cassandra://me:secret@host/k", "a URL is no place for a password, which logs keep; write `?credentials=`"),
        ("cassandra://h/k?dc=", "`dc` is empty; say it, or leave it out"),
        ("cassandra://h/k?credentials=", "`credentials` is empty"),
        ("cassandra://h/k?ca=", "`ca` is empty"),
        ("cassandra://h/k?key=/a", "`key` is the key of a certificate; say its `cert` too"),
        ("cassandra://h/k?tls=false&ca=/a", "`tls=false` has no certificates"),
        ("cassandra://h/k?tls=yes", "`tls` is `true` or `false`; not `yes`"),
        ("cassandra://h/k?timeout=0", "`timeout` is a number of seconds, such as `10`; not `0`"),
        ("cassandra://h/k?consistency=ONE", "unknown `consistency`; known for `cassandra` are `ca`, `cert`, "),
        ("cassandra://h/k?dc=a&dc=b", "`dc` is said twice; say it once"),
    ],
)
def test_what_makes_no_sense_is_told(url: str, told: str) -> None:
    with pytest.raises(RequestError) as error:
        parse(url)
    assert told in str(error.value)
    assert "secret" not in str(error.value)


def test_credentials_are_read_as_cqlsh_has_them(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text("[PlainTextAuthProvider]\nusername = home\npassword = p%w=; #\n", "utf-8")
    known = parse(f"cassandra://h/k?credentials={file}").known_as()
    assert known == Credentials("home", "p%w=; #")
    assert "p%w" not in repr(known)
    assert parse("cassandra://h/k").known_as() is None


@pytest.mark.parametrize(
    "text", ["", "username = a", "[PlainTextAuthProvider]\nusername = a\n", "[other]\nusername=a\npassword=b"]
)
def test_a_file_that_says_no_user_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "credentials"
    file.write_text(text, "utf-8")
    with pytest.raises(RequestError, match=r"says no user; write `\[PlainTextAuthProvider\]`, `username = \.\.\.`"):
        parse(f"cassandra://h/k?credentials={file}").known_as()


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"none` cannot be read: no such file or directory$"):
        parse(f"cassandra://h/k?credentials={tmp_path / 'none'}").known_as()
    file = tmp_path / "bytes"
    file.write_bytes(b"\xff")
    with pytest.raises(RequestError, match=r"bytes` cannot be read: it is no text$"):
        parse(f"cassandra://h/k?credentials={file}").known_as()
