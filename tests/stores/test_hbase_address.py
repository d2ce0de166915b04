"""What a URL of the HBase store says, and what is said of one that makes no sense."""

from __future__ import annotations

import pytest

from cfacl.errors import RequestError
from cfacl.stores.hbase.address import Address, parse
from cfacl.stores.tls import Tls

PLAIN = Address("host", 9090, "", "buffered", 60.0)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("hbase://host", PLAIN),
        ("hbase://host/", PLAIN),
        ("hbase://host?", PLAIN),
        ("hbase://host:", PLAIN),
        ("hbase://HOST:1", Address("host", 1, "", "buffered", 60.0)),
        ("hbase://[::1]:65535", Address("::1", 65535, "", "buffered", 60.0)),
        ("hbase://host/home_", Address("host", 9090, "home_", "buffered", 60.0)),
        ("hbase://host/home:", Address("host", 9090, "home:", "buffered", 60.0)),
        ("hbase://host/home%3Aa.b-", Address("host", 9090, "home:a.b-", "buffered", 60.0)),
        ("hbase://host?transport=framed", Address("host", 9090, "", "framed", 60.0)),
        ("hbase://host?timeout=10", Address("host", 9090, "", "buffered", 10.0)),
        ("hbase://host?timeout=0.25", Address("host", 9090, "", "buffered", 0.25)),
        ("hbase://host?retry_writes=true", Address("host", 9090, "", "buffered", 60.0, retry_writes=True)),
        ("hbase://host?retry_writes=false", PLAIN),
        (
            "hbase://host:1/p?timeout=1&retry_writes=true&transport=framed",
            Address("host", 1, "p", "framed", 1.0, retry_writes=True),
        ),
        ("hbase+http://host/p", Address("host", 9090, "p", "http", 60.0)),
        (
            "hbase+http://host?doas=principal&retry_writes=true",
            Address("host", 9090, "", "http", 60.0, doas=True, retry_writes=True),
        ),
        ("hbase+https://host", Address("host", 9090, "", "http", 60.0, Tls())),
        ("hbase+https://host?ca=/a&cert=/b&key=/c", Address("host", 9090, "", "http", 60.0, Tls("/a", "/b", "/c"))),
    ],
)
def test_a_url_says(url: str, address: Address) -> None:
    assert parse(url) == address


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("hbase://", "`hbase://` must be `hbase://host:9090`, or with what table names begin with behind a `/`"),
        ("hbase:host", "must be `hbase://host:9090`"),
        ("hbase://:9090", "must be `hbase://host:9090`"),
        ("hbase://host:0", "must be `hbase://host:9090`"),
        ("hbase://maya@host", "must be `hbase://host:9090`"),
        ("hbase://:secret@host", "must be `hbase://host:9090`"),
        ("hbase://host#part", "must be `hbase://host:9090`"),
        ("hbase://host:x", "`hbase://host:x` is no URL; write `hbase://host:9090`"),
        ("hbase://host:65536", "is no URL"),
        ("hbase://[::1", "is no URL"),
        ("hbase+https://host?ca=", "`ca` is empty; give the path of a PEM file, or leave it out"),
        ("hbase+https://host?cert=/a&key=", "`key` is empty; give the path of a PEM file, or leave it out"),
        ("hbase://host/a/b", "`a/b` begins no table's name; write `home_`, or a namespace as in `home:`"),
        ("hbase://host/a:b:", "begins no table's name"),
        ("hbase://host/.a", "begins no table's name"),
        ("hbase://host/-a", "begins no table's name"),
        ("hbase://host/a%0A", "begins no table's name"),
        ("hbase://host/%C3%A4", "begins no table's name"),
        ("hbase://host/" + "a" * 65, "begins no table's name"),
        ("hbase://host?timeout", "`timeout` is no query; write `timeout=10`, and `&` between two"),
        ("hbase://host?timeout=1&", "is no query"),
        ("hbase://host?timeout=1&timeout=1", "`timeout` is said twice; say it once"),
        ("hbase://host?tmeout=1", "unknown `tmeout`; known for `hbase` are `retry_writes`, `timeout` and `transport`"),
        ("hbase://host?Timeout=1", "unknown `Timeout`"),
        ("hbase://host?timeout=", "`timeout` is a number of seconds, such as `10`; not ``"),
        ("hbase://host?timeout=0", "is a number of seconds"),
        ("hbase://host?timeout=0.000", "is a number of seconds"),
        ("hbase://host?timeout=-1", "is a number of seconds"),
        ("hbase://host?timeout=1e3", "is a number of seconds"),
        ("hbase://host?timeout=nan", "is a number of seconds"),
        ("hbase://host?timeout=10000", "is a number of seconds"),
        ("hbase://host?timeout=%D9%A1", "is a number of seconds"),
        (
            "hbase://host?transport=http",
            "`transport` is `buffered` or `framed`, as the gateway was started; not `http`",
        ),
        ("hbase://host?transport=", "`transport` is `buffered` or `framed`"),
        ("hbase://host?retry_writes=1", "`retry_writes` is `true` or `false`; not `1`"),
        ("hbase://host?retry_writes=True", "`retry_writes` is `true` or `false`"),
        ("hbase://host?retry_writes=", "`retry_writes` is `true` or `false`"),
        ("hbase://host?doas=principal", "unknown `doas`; known for `hbase` are"),
        ("hbase+http://host?transport=framed", "unknown `transport`; known for `hbase+http` are"),
        ("hbase+http://host?ca=/a", "unknown `ca`"),
        ("hbase+http://host?doas=maya", "`doas` is `principal`, so that the gateway acts as each of them; not `maya`"),
        ("hbase+https://host?key=/a", "`key` is the key of a certificate; say its `cert` too"),
    ],
)
def test_a_url_that_makes_no_sense_is_refused(url: str, message: str) -> None:
    with pytest.raises(RequestError) as told:
        parse(url)
    assert message in str(told.value)
    assert "\n" not in str(told.value)


def test_an_address_is_told_as_it_is_written() -> None:
    assert str(parse("hbase://host/home_")) == "host:9090"
