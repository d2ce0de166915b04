"""What a gateway shows of how it and HBase stand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Final

import pytest
from Hbase_thrift import IOError as ServerError

import cfacl
from cfacl.errors import StoreError
from cfacl.stores.hbase.address import parse
from cfacl.stores.hbase.http import NoAnswer
from cfacl.stores.hbase.posture import posture

DENIED: Final = "org.apache.hadoop.hbase.security.AccessDeniedException: Insufficient permissions"


def refused(text: str) -> StoreError:
    """What a gateway raises where HBase refuses something in these words."""
    error = StoreError("hbase refuses this")
    error.__cause__ = ServerError(message=text.encode())
    return error


def signs(acl: Any, url: str = "hbase://127.0.0.1/home_") -> dict[str, list[tuple[str, str]]]:
    acl.address = parse(url)
    found: dict[str, list[tuple[str, str]]] = {}
    for each in posture(acl):
        found.setdefault(each.about, []).append((each.verdict, each.told))
    return found


@pytest.mark.parametrize(
    ("url", "verdict", "told"),
    [
        ("hbase://127.0.0.1", "fact", "to this machine only"),
        ("hbase://[::1]", "fact", "to this machine only"),
        ("hbase://localhost", "fact", "to this machine only"),
        ("hbase://10.0.0.1", "attention", "use `hbase+https://`"),
        ("hbase://gateway", "attention", "use `hbase+https://`"),
        ("hbase+https://gateway", "well", "name are verified"),
        ("hbase+https://gateway?cert=c.pem&key=k.pem", "well", "and we show ours"),
    ],
)
def test_whoever_may_listen_is_told(acl: Any, url: str, verdict: str, told: str) -> None:
    acl.cells = None
    ((said, text),) = signs(acl, url)["transport"]
    assert (said, told in text) == (verdict, True)


def test_without_a_table_of_rights_authorization_is_off(acl: Any) -> None:
    acl.cells = None
    found = signs(acl)
    assert found["authorization"][0][0] == "attention"
    assert "whoever reaches it may do everything" in found["authorization"][0][1]
    assert [each[0][0] for each in (found["gateway's user"], found["superusers"], found["hbase's version"])] == [
        "unseen"
    ] * 3


@pytest.mark.parametrize(
    "text",
    [f"{DENIED} for user 'svc' (table=hbase:acl, action=READ)", f"{DENIED} (user=svc, scope=hbase:acl, action=READ)"],
)
def test_a_refusal_names_the_user_of_the_gateway(acl: Any, text: str) -> None:
    acl.error = refused(text)
    found = signs(acl)
    assert found["gateway's user"] == [("well", "`svc`, who may not read `hbase:acl`")]
    assert found["authorization"][0][0] == "well"
    assert found["rights"][0][0] == "unseen"


def test_a_failure_is_no_finding(acl: Any) -> None:
    acl.error = cfacl.StoreUnavailable("no gateway answers")
    with pytest.raises(cfacl.StoreUnavailable):
        signs(acl)


def test_over_plain_thrift_nobody_can_be_asked_as_another(acl: Any) -> None:
    assert signs(acl)["authorization"][0][0] == "unseen"


@pytest.mark.parametrize(
    ("answer", "query", "verdict"),
    [
        (None, "", "attention"),
        ("refused", "", "well"),
        ("page", "", "unseen"),
        ("page", "?doas=principal", "attention"),
    ],
)
def test_somebody_whom_nobody_knows_is_refused_or_authorization_is_off(
    acl: Any, monkeypatch: Any, answer: str | None, query: str, verdict: str
) -> None:
    closed = []

    class Other:
        def __init__(self, address: Any, user: str) -> None:
            self.user = user
            self.pool = SimpleNamespace(close=lambda: closed.append(user))

        def ask(self, question: Any) -> Any:
            if answer == "refused":
                raise refused(f"{DENIED} for user '{self.user}' (table=hbase:acl, action=READ)")
            if answer == "page":
                raise StoreError("the gateway refuses to act so") from NoAnswer(500, b"")
            return question(SimpleNamespace(getRowWithColumns=lambda *asked: []))

    monkeypatch.setattr("cfacl.stores.hbase.stranger.Gateway", Other)
    assert signs(acl, f"hbase+http://127.0.0.1/home_{query}")["authorization"][0][0] == verdict
    assert len(closed) == 1


def test_a_failure_of_a_stranger_is_no_finding(acl: Any, monkeypatch: Any) -> None:
    class Other:
        def __init__(self, address: Any, user: str) -> None:
            self.pool = SimpleNamespace(close=lambda: None)

        def ask(self, question: Any) -> Any:
            raise cfacl.StoreTimeout("it did not answer")

    monkeypatch.setattr("cfacl.stores.hbase.stranger.Gateway", Other)
    with pytest.raises(cfacl.StoreTimeout):
        signs(acl, "hbase+http://127.0.0.1/home_")


def test_rights_beyond_tables_are_told_and_who_made_our_records(acl: Any) -> None:
    assert [each for each, _ in signs(acl)["rights"]] == ["well"]
    acl.grant("carl", "RWXCA")
    acl.grant("eve", "R", "@default")
    acl.grant("bob", "RW", "home_account")
    acl.grant("svc", "RWXCA", "home_cfacl.records")
    acl.grant("dave", "W", "hbase:meta", "info")
    found = signs(acl)
    assert found["rights"] == [
        ("attention", "`eve` has `R` on namespace default: no right on families holds it back"),
        ("attention", "`carl` has `RWXCA` on everything, and can give itself more: no right on families holds it back"),
        ("attention", "`dave` has `W` on hbase:meta:info of hbase's own: no right on families holds it back"),
    ]
    assert found["gateway's user"][0][0] == "unseen"
    assert found["gateway's user"][0][1].endswith(
        "on `home_cfacl.records`, as whoever made it was given them, has `svc`"
    )
