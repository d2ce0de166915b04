"""What a service's tests assert of access: when it passes, when it fails, and what it says then."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import pytest

import cfacl
from cfacl.engine.snapshot import Profile
from cfacl.testing import AsPrincipal, Clock, assert_only_sees, assert_refused, memory_database
from cfacl.testing.memory import _watched

POLICY: Final = """
policy = { name = "shop", purposes = ["service", "support"] }
[tables.account.families]
id = { level = "sensitive", purposes = ["service"] }
auth = { level = "sealed", purposes = ["service"] }
prof = { level = "personal", purposes = ["service", "support"] }
log = { level = "internal", purposes = ["service", "support"] }
[roles.app]
clearance = "sealed"
grants = [{ table = "account", at_or_below = "sealed", actions = ["read", "write"], purposes = ["service"], why = "t" }]
[roles.support]
clearance = "personal"
grants = [{ table = "account", families = ["prof", "log"], actions = ["read"], purposes = ["support"], why = "tickets" }]
[principals]
app = { kind = "service", roles = ["app"] }
maya = { kind = "employee", roles = [{ role = "support", until = 2027-06-30T00:00:00Z }] }
"""
KEY: Final = b"canary-key"
CELLS: Final = {
    b"id:email": b"canary",
    b"auth:hash": b"canary",
    b"prof:country": b"canary",
    b"prof:canary": b"canary",
    b"log:at": b"canary",
}
WITHHELD: Final = {"id", "auth"}


@pytest.fixture(scope="module")
def cfacl_policy() -> cfacl.Policy:
    return cfacl.Policy.loads(POLICY)


@pytest.fixture
def account(as_principal: AsPrincipal) -> cfacl.Table:
    app = as_principal("app", purpose="service", table="account")
    app.put(KEY, CELLS)
    app.put(KEY + b"2", CELLS)
    return as_principal("maya", purpose="support", table="account")


def fails(use: Callable[[], object]) -> str:
    """What a failing assertion says; never a key, a column or a value."""
    with pytest.raises(AssertionError) as failed:
        use()
    said = str(failed.value)
    assert "canary" not in said
    assert "\n" not in said
    return said


# ------------------------------------------------------------------------------------------------------------- refused


def refuse(use: Callable[[], object], *families: str, **more: Any) -> Callable[[], object]:
    def run() -> None:
        with assert_refused(*families, **more):
            use()

    return run


def test_a_refusal_passes_and_is_handed_out(account: cfacl.Table) -> None:
    with assert_refused("id", action="read", table="account", reason="not_granted") as refused:
        account.row(KEY, columns=[b"id:email"])
    assert refused.error.families == {"id"}


@pytest.mark.parametrize("said", [{}, {"action": "read"}, {"table": "account"}], ids=["nothing", "action", "table"])
def test_what_is_left_out_may_be_any(account: cfacl.Table, said: dict[str, Any]) -> None:
    refuse(lambda: account.row(KEY, columns=[b"id", b"auth"]), **said)()


def test_nothing_is_handed_out_before_the_block_ends(account: cfacl.Table) -> None:
    with assert_refused() as refused:
        with pytest.raises(RuntimeError, match="nothing was refused yet"):
            refused.error  # noqa: B018  # reading it is what raises
        account.row(KEY, columns=[b"id"])


def test_without_a_block_it_says_that_nothing_was_asserted(account: cfacl.Table) -> None:
    for request in (lambda: account.row(KEY), account.row(KEY)):
        with pytest.raises(TypeError, match="put the request into its block"):
            assert_refused(request)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # what is tested
    with pytest.warns(RuntimeWarning, match="asserted nothing: write `with` before it"):
        assert_refused("id")


def test_an_answer_is_no_refusal(account: cfacl.Table) -> None:
    assert fails(refuse(lambda: account.row(KEY), "id", action="read", table="account")) == (
        "`read` on `id` of table `account` was to be refused, and was not: no `AccessDenied` came out of the block"
    )
    assert fails(refuse(lambda: None)).startswith("a request was to be refused")


def test_a_scan_that_is_not_read_is_refused_when_it_is_called(account: cfacl.Table) -> None:
    refuse(lambda: account.scan(columns=[b"id"]), "id")()


@pytest.mark.parametrize(
    ("families", "more", "said"),
    [
        (["id"], {}, "denied was `auth`, `id`, and not `id`"),
        (["id", "auth", "prof"], {}, "denied was `auth`, `id`, and not `auth`, `id`, `prof`"),
        ([], {"action": "write"}, "its action was `read`, and not `write`"),
        ([], {"table": "ticket"}, "its table was `account`, and not `ticket`"),
        ([], {"reason": "unknown_principal"}, "its reason was `not_granted`, and not `unknown_principal`"),
        ([], {"principal": "app"}, "its principal was `maya`, and not `app`"),
        ([], {"purpose": "service"}, "its purpose was `support`, and not `service`"),
    ],
    ids=["fewer", "more", "action", "table", "reason", "principal", "purpose"],
)
def test_another_refusal_fails(account: cfacl.Table, families: list[str], more: dict[str, Any], said: str) -> None:
    assert fails(refuse(lambda: account.row(KEY, columns=[b"id", b"auth"]), *families, **more)).endswith(f": {said}")


def test_all_that_is_different_is_said(account: cfacl.Table) -> None:
    said = fails(refuse(lambda: account.put(KEY, {b"prof:canary": b"canary"}), "id", action="read"))
    assert "denied was `prof`, and not `id`; its action was `write`, and not `read`" in said


def test_a_decision_that_broke_is_no_refusal(account: cfacl.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*said: Any) -> None:
        raise LookupError

    monkeypatch.setattr(Profile, "plan", broken)
    said = fails(refuse(lambda: account.row(KEY, columns=[b"log"])))
    assert said.endswith("its reason was `failed`, and not `not_granted`")
    refuse(lambda: account.row(KEY, columns=[b"log"]), reason="failed")()


def test_an_unknown_principal_is_refused(as_principal: AsPrincipal) -> None:
    refuse(lambda: as_principal("nobody", purpose="support"), reason="unknown_principal")()


@pytest.mark.parametrize("error", [cfacl.UnknownFamily("canary"), KeyError("canary")], ids=["of ours", "of another"])
def test_another_error_comes_through_with_a_note(error: Exception) -> None:
    def use() -> None:
        raise error

    with pytest.raises(type(error)) as failed:
        refuse(use, "id")()
    assert failed.value is error
    assert error.__notes__ == ["a request on `id` was to be refused, with `AccessDenied`"]


@pytest.mark.parametrize("ask", ["row", "scan", "put"])
def test_a_store_that_was_asked_all_the_same_fails_it(
    account: cfacl.Table, as_principal: AsPrincipal, ask: str
) -> None:
    app = as_principal("app", purpose="service", table="account")
    before: dict[str, Callable[[], object]] = {
        "row": lambda: account.row(KEY),
        "scan": lambda: list(account.scan()),
        "put": lambda: app.put(KEY, {b"id:email": b"canary"}),
    }

    def both() -> None:
        before[ask]()
        account.row(KEY, columns=[b"id"])

    said = fails(refuse(both, "id"))
    call = {"row": "`get`", "scan": "`scan` of `account`, `scan.next`", "put": "`apply`"}[ask]
    assert said.endswith(f"the store was asked before: {call} of `account`; put one request into the block")


def test_what_it_was_asked_before_the_block_is_no_matter(account: cfacl.Table) -> None:
    account.row(KEY)
    refuse(lambda: account.row(KEY, columns=[b"id"]), "id")()


def test_a_scan_that_loses_its_grant_under_way_was_asked_for(
    cfacl_clock: Clock, account: cfacl.Table, cfacl_db: cfacl.Database
) -> None:
    scan = account.scan(batch_size=1)
    next(scan)
    cfacl_clock.turn(365 * 24 * 3_600_000)
    refuse(lambda: list(scan), "prof", "log")()  # asked before the block, and not in it

    def all_of_it() -> None:
        cfacl_db.replace_policy(cfacl.Policy.loads(POLICY.replace("2027", "2029")))
        begun = account.scan(batch_size=1)
        next(begun)
        cfacl_db.replace_policy(cfacl.Policy.loads(POLICY.replace("maya", "noor")))
        next(begun)

    assert "the store was asked before" in fails(refuse(all_of_it, reason="removed_principal"))


# --------------------------------------------------------------------------------------------------------------- seen


def test_a_row_shows_these_and_no_others(account: cfacl.Table) -> None:
    assert_only_sees(account.row(KEY), "prof", "log", withheld=WITHHELD)
    assert_only_sees(account.row(KEY), "prof", b"log:at", withheld=WITHHELD)
    assert_only_sees(account.row(KEY, columns=[b"prof:country"]), b"prof:country", withheld=())
    assert_only_sees(account.row(KEY, include_timestamp=True), "prof", "log", withheld=WITHHELD)


def test_so_do_rows_and_scans(account: cfacl.Table) -> None:
    assert_only_sees(account.rows([KEY, KEY + b"2"]), "prof", "log", withheld=WITHHELD)
    assert_only_sees(account.scan(), "prof", "log", withheld=WITHHELD)
    assert_only_sees(account.scan(columns=[b"log"]), b"log:at", withheld=[])


@pytest.mark.parametrize(
    ("seen", "withheld", "said"),
    [
        (["prof"], WITHHELD, "`log` can be seen"),
        (["log"], WITHHELD, "`prof` can be seen"),
        ([b"prof:country", "log"], WITHHELD, "other columns of `prof` can be seen"),
        (["prof", "log", "id"], WITHHELD, "nothing of `id` is there"),
        (["prof", "log", b"log:by"], WITHHELD, "nothing of `log:by` is there"),
        (["prof", "log"], {"id"}, "row 1 withheld `auth`, `id`, and not `id`"),
        (["prof", "log"], {"id", "auth", "key"}, "row 1 withheld `auth`, `id`, and not `auth`, `id`, `key`"),
        (["prof", "log"], set(), "row 1 withheld `auth`, `id`, and not nothing"),
        (
            ["prof", "id"],
            set(),
            "`log` can be seen; nothing of `id` is there; row 1 withheld `auth`, `id`, and not nothing",
        ),
    ],
    ids=["more", "other", "columns", "missing", "missing column", "more withheld", "less", "any withheld", "all"],
)
@pytest.mark.parametrize("answer", ["row", "rows", "scan"])
def test_anything_else_fails(
    account: cfacl.Table, answer: str, seen: list[str | bytes], withheld: set[str], said: str
) -> None:
    answers: dict[str, Callable[[], Any]] = {
        "row": lambda: account.row(KEY),
        "rows": lambda: account.rows([KEY]),
        "scan": account.scan,
    }
    assert fails(lambda: assert_only_sees(answers[answer](), *seen, withheld=withheld)) == said


def test_nothing_shows_nothing(account: cfacl.Table) -> None:
    empty = "the answer is empty, which shows nothing; write cells into all families first"
    answers = [account.row(b"none"), account.rows([b"none"]), account.scan(row_prefix=b"none")]
    for each in answers:
        assert fails(lambda each=each: assert_only_sees(each, "prof", withheld=WITHHELD)).startswith(empty)


def test_what_one_row_has_is_there(account: cfacl.Table, as_principal: AsPrincipal) -> None:
    as_principal("app", purpose="service", table="account").put(b"sparse", {b"log:by": b"canary"})
    assert_only_sees(account.scan(), b"log:by", "log", "prof", withheld=WITHHELD)
    assert fails(lambda: assert_only_sees(account.scan(), b"log:at", "prof", withheld=WITHHELD)) == (
        "other columns of `log` can be seen"
    )


def test_each_row_is_looked_at(account: cfacl.Table) -> None:
    first, second = account.rows([KEY, KEY + b"2"])
    second[1].withheld = frozenset({"id"})
    assert fails(lambda: assert_only_sees([first, second], "prof", "log", withheld=WITHHELD)) == (
        "row 2 withheld `id`, and not `auth`, `id`"
    )


@pytest.mark.parametrize(
    ("seen", "more", "said"),
    [
        ([], {"withheld": WITHHELD}, "say what is seen"),
        (["prof", "log"], {"withheld": "id"}, "`withheld` is a set of families"),
        (["prof:country"], {"withheld": WITHHELD}, "a family is a `str` without a colon"),
        ([b"prof"], {"withheld": WITHHELD}, 'a column is `b"family:qualifier"`'),
    ],
    ids=["nothing", "one family", "column as a str", "family as bytes"],
)
def test_what_could_pass_by_a_slip_is_refused(
    account: cfacl.Table, seen: list[str | bytes], more: dict[str, Any], said: str
) -> None:
    with pytest.raises(TypeError, match=re.escape(said)):
        assert_only_sees(account.row(KEY), *seen, **more)


@pytest.mark.parametrize("answer", ["a dict", "pairs of dicts"])
def test_a_dict_has_lost_what_was_withheld(account: cfacl.Table, answer: str) -> None:
    lost: Any = dict(account.row(KEY))
    with pytest.raises(TypeError, match="a plain dict has lost what was withheld"):
        assert_only_sees(lost if answer == "a dict" else [(KEY, lost)], "prof", "log", withheld=WITHHELD)


@pytest.mark.parametrize(
    "ask",
    [
        lambda account: account.cells(KEY, b"prof:country"),
        lambda account: account.cells(KEY, b"prof:country", include_timestamp=True),
        lambda account: account.counter_get(KEY, b"prof:visits"),
        lambda account: None,
    ],
    ids=["cells", "with timestamps", "a counter", "nothing"],
)
def test_what_is_no_row_is_for_the_other_assertion(account: cfacl.Table, ask: Callable[[cfacl.Table], Any]) -> None:
    with pytest.raises(TypeError, match="there is `assert_tells_nothing_of`"):
        assert_only_sees(ask(account), "prof", withheld=())


# ---------------------------------------------------------------------------------------------------- without fixtures


def test_a_database_is_had_without_fixtures_and_closed_at_the_end() -> None:
    with memory_database(cfacl.Policy.loads(POLICY)) as db:
        with AsPrincipal(db) as as_principal:
            session = as_principal("maya", purpose="support")
            account = as_principal("maya", purpose="support", table="account")
            assert (db.drift(), db.stats()["store"], len(_watched)) == ([], "memory", 1)
            refuse(lambda: account.row(KEY, columns=[b"id"]), "id")()
        with pytest.raises(cfacl.Closed, match="the session is closed"):
            session.allows("read", "account", "prof")
    with pytest.raises(cfacl.Closed, match="the database is closed"):
        db.session("maya", purpose="support")
    assert len(_watched) == 0


def test_a_policy_with_faults_opens_nothing() -> None:
    with pytest.raises(cfacl.PolicyError), memory_database(cfacl.Policy.loads(POLICY.replace('"tickets"', "5"))):
        raise AssertionError
    with pytest.raises(cfacl.RequestError, match="a policy is a `Policy`"), memory_database(5):  # type: ignore[arg-type]  # to see
        raise AssertionError
